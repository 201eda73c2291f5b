"""The door of the page: who may come in, what is served, and what a browser may do with it.

Any site that a person visits can send requests to 127.0.0.1, and any other account of the machine can open a port of it. So
nothing is answered but what comes from the page itself, in a browser that was shown the address which the terminal printed:

* `Host` names this machine and this port (a name that was rebound to 127.0.0.1 does not), and `Origin`, which a browser sends
  with every websocket, is the page's own;
* a cookie says that this browser has used a token, each of which opens the page once.

Solara's own application is not served: its `/_solara/cdn/` fetches from outside what it is asked for and deletes folders, and
`/resourcez` tells of every tab. Here are its page, its websocket, and files that are only read.
"""

import http.cookies
import re
import secrets
from collections.abc import Callable
from hmac import compare_digest
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from solara.server import server as solara_server
from solara.server import settings, starlette
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Door", "Keys", "application", "page_html"]

NAMES: Final = ("127.0.0.1", "localhost")
# what the page asks of the package solara-assets
_ASSETS: Final = re.compile(
    r"requirejs@[\d.]+/require\.js|echarts@[\d.]+/dist/echarts\.min\.js"
    r"|@widgetti/solara-vuetify-app@[\d.]+/dist/[\w.-]+\.(js|css|woff2?|ttf|eot|svg)"
)
_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_OPENING: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/">'
    '<title>transplant-twin</title><p>Opening the page. <a href="/">Go on</a>'
)
_CLOSED: Final = (
    "This page opens with the address that the terminal shows, in the browser in which it was opened first.\n"
    "Each address opens it once; when one has been used, the terminal shows the next.\n"
)


class Keys:
    """Hold the token that opens the page next, and the one that browsers which were let in show from then on.

    Parameters
    ----------
    on_used
        Called with the next token when one has been used.
    """

    def __init__(self, on_used: Callable[[str], None] = lambda _: None) -> None:
        self.token = secrets.token_urlsafe(24)
        self.cookie = secrets.token_urlsafe(24)
        self._on_used = on_used

    def use(self, token: str) -> bool:
        """Return whether a token opens the page; it does so once."""
        if not compare_digest(token.encode(), self.token.encode()):
            return False
        self.token = secrets.token_urlsafe(24)
        self._on_used(self.token)
        return True

    def known(self, cookie: str) -> bool:
        """Return whether a browser was let in."""
        return compare_digest(cookie.encode(), self.cookie.encode())


class Door:
    """Let nobody else in, and say with every answer what a browser may do with it.

    Parameters
    ----------
    inside
        The application behind the door.
    port
        The port on which it is served.
    keys
        Who may come in.
    """

    def __init__(self, inside: ASGIApp, port: int, keys: Keys) -> None:
        self._inside, self._keys = inside, keys
        self._hosts = frozenset(f"{name}:{port}" for name in NAMES)
        self.cookie_name = f"transplant-twin-{port}"  # cookies are shared by all ports of a machine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or one handshake of a websocket."""
        if scope["type"] == "lifespan":
            await self._inside(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["type"] == "websocket":
            if self._same_origin(headers, asked=True) and self._known(headers):
                await self._inside(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": "not from this page"})
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("content-security-policy", _NOTHING)
            await send(message)

        await self._answer(scope, headers)(scope, receive, sealed)

    def _answer(self, scope: Scope, headers: Headers) -> ASGIApp:
        if not self._same_origin(headers, asked=False):
            return PlainTextResponse("Not from this page.\n", 403)
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and scope["method"] == "GET" and self._keys.use(token):
            opening = HTMLResponse(_OPENING, headers={"cache-control": "no-store"})
            opening.set_cookie(self.cookie_name, self._keys.cookie, httponly=True, samesite="strict")
            return opening
        if not self._known(headers) or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return PlainTextResponse(_CLOSED, 403)
        return self._inside

    def _same_origin(self, headers: Headers, *, asked: bool) -> bool:
        """Return whether a request is meant for this page and, where it says from where, comes from it."""
        host, origin = headers.getlist("host"), headers.getlist("origin")
        if len(host) != 1 or host[0].lower() not in self._hosts or len(origin) > 1:
            return False
        return origin == [f"http://{host[0].lower()}"] if origin else not asked

    def _known(self, headers: Headers) -> bool:
        try:
            cookies = http.cookies.SimpleCookie("; ".join(headers.getlist("cookie")))
        except http.cookies.CookieError:
            return False
        shown = cookies.get(self.cookie_name)
        return shown is not None and self._keys.known(shown.value)


class _Assets(StaticFiles):
    """Serve what the page needs of Solara's assets, and nothing else."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file; every address has its version in it."""
        if not _ASSETS.fullmatch(path.replace("\\", "/")):
            return PlainTextResponse("Not found\n", 404)
        response: Response = await super().get_response(path, scope)
        response.headers["cache-control"] = "private, max-age=31536000, immutable"
        return response


async def _page(request: Request) -> Response:
    served: Response = await starlette.root(request)
    if served.status_code != 200:
        return served
    nonce = secrets.token_urlsafe(16)
    answer = HTMLResponse(
        page_html(bytes(served.body).decode(), nonce), headers={"cache-control": "no-store"}
    )
    answer.raw_headers += [pair for pair in served.raw_headers if pair[0] == b"set-cookie"]
    # Vue makes functions of its templates in the browser ('unsafe-eval') and sets styles of elements
    answer.headers["content-security-policy"] = (
        f"{_NOTHING}; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws://{request.headers['host']}"
    )
    return answer


# before Solara's own styles are there, the ground has the colour that it will have: no flash of white in a dark room
_FIRST_PAINT: Final = """<head>
<meta name="color-scheme" content="light dark">
<script>
(function () {
  var kept = "auto";
  try { kept = JSON.parse(localStorage.getItem(":solara:theme.variant")) || "auto"; } catch (damaged) {}
  var dark = kept === "dark" || (kept === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
  document.documentElement.style.background = dark ? "#121212" : "#FFFFFF";
})();
</script>"""
_REPLACED: Final = (
    ("<html>", '<html lang="en">'),
    ("<head>", _FIRST_PAINT),
    # who sees little may enlarge the page with two fingers
    (", maximum-scale=1, user-scalable=no, minimal-ui", ""),
    # the page follows the system until somebody chooses; unset, the page would be light and its charts dark
    (
        "<script>\n        var theme",
        "<script>\n        localStorage.getItem(':solara:theme.variant') "
        "|| localStorage.setItem(':solara:theme.variant', '\"auto\"');\n        var theme",
    ),
    # a bar that moves while the page works has no name and stands in no landmark; what works says so in words
    ("absolute></v-progress-linear>", 'absolute aria-hidden="true"></v-progress-linear>'),
)


def page_html(html: str, nonce: str) -> str:
    """Return Solara's page with its language, room to enlarge, the system's theme, and scripts that the policy lets run."""
    for old, put in _REPLACED:
        if old not in html:
            raise RuntimeError(f"this Solara's page has no {old!r}; see the versions in pyproject.toml")
        html = html.replace(old, put, 1)
    return html.replace("<script", f'<script nonce="{nonce}"')


def application(port: int, keys: Keys) -> ASGIApp:
    """Return what is served: Solara's page and websocket, and files that are only read, behind the door."""
    routes = [
        Route("/", endpoint=_page),
        WebSocketRoute("/jupyter/api/kernels/{kernel_id}/{name}", endpoint=starlette.kernel_connection),
        Route("/_solara/api/close/{kernel_id}", endpoint=starlette.close, methods=["POST"]),
        Mount("/_solara/cdn", app=_Assets(directory=Path(settings.assets.proxy_cache_dir))),
        Mount("/static/assets", app=starlette.StaticAssets()),
        Mount("/jupyter/nbextensions", app=starlette.StaticNbFiles()),
        Mount("/static", app=StaticFiles(directory=solara_server.solara_static)),
    ]
    return Door(Starlette(routes=routes, lifespan=starlette.lifespan), port, keys)

"""Who comes in at the page's door: real requests and handshakes of strangers, and a foreign page in a real browser."""

import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from simulation.browser.door import Keys, page_html

from .conftest import Server

KERNEL = "/jupyter/api/kernels/11111111-2222-3333-4444-555555555555/channels?session_id=66666666"
FILE = "/static/assets/style.css"
FOREIGN_HOSTS = (
    "evil.example", "evil.example:{port}", "127.0.0.1", "localhost", "127.0.0.1:1", "localhost.evil.example:{port}",
    "127.0.0.1:{port}.evil.example", "[::1]:{port}", "2130706433:{port}", "",
)  # fmt: skip
FOREIGN_ORIGINS = (
    "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1", "http://127.0.0.1:1", "null", "file://",
    "http://localhost:{port}", "http://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port}/", "",
)  # fmt: skip


def ask(server: Server, path: str, method: str = "GET", **headers: str | None) -> Any:
    """Send one request with just these headers, None for one that is left out, and return (answer, body)."""
    record = {"host": f"127.0.0.1:{server.port}", "cookie": shown(server), **headers}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in record.items():
        if value is not None:
            connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    body = b"" if answer.status == 101 else answer.read()
    connection.close()
    return answer, body


def shown(server: Server) -> str:
    return f"{server.cookie['name']}={server.cookie['value']}"


def shake(server: Server, **headers: str | None) -> int:
    """Ask for the page's websocket, and return the status: 101 opens it."""
    record: dict[str, str | None] = {
        "origin": f"http://127.0.0.1:{server.port}", "connection": "Upgrade", "upgrade": "websocket",
        "sec_websocket_version": "13", "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ==", **headers,
    }  # fmt: skip
    return int(ask(server, KERNEL, "GET", **record)[0].status)


def test_the_page_and_its_files_are_served_to_the_browser_that_was_let_in(server: Server) -> None:
    for path in ("/", FILE):
        answer, _ = ask(server, path)
        assert answer.status == 200, path
    assert shake(server) == 101


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_foreign_host_gets_nothing(server: Server, host: str) -> None:
    for path in ("/", FILE, "/_solara/cdn/requirejs@2.3.6/require.js"):
        answer, _ = ask(server, path, host=host.format(port=server.port))
        assert answer.status in (400, 403), path


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_a_foreign_origin_gets_nothing(server: Server, origin: str) -> None:
    origin = origin.format(port=server.port)
    answer, body = ask(server, FILE, origin=origin)
    assert answer.status == 403 and b"{" not in body
    assert shake(server, origin=origin) == 403


def test_a_websocket_must_say_its_origin_and_host(server: Server) -> None:
    own = f"http://127.0.0.1:{server.port}"
    for host, origin in ((own[7:], None), (f"evil.example:{server.port}", own), ("localhost:1", own)):
        assert shake(server, host=host, origin=origin) == 403


@pytest.mark.parametrize("cookie", [None, "", "transplant-twin=x", "{name}=", "{name}=wrong", "x={value}"])
def test_without_the_cookie_nothing_is_answered(server: Server, cookie: str | None) -> None:
    shown_cookie = None if cookie is None else cookie.format(**server.cookie)
    for path in ("/", FILE, "/?token=wrong", "/?token="):
        answer, body = ask(server, path, cookie=shown_cookie)
        assert answer.status == 403 and b"terminal" in body, path
    assert shake(server, cookie=shown_cookie) == 403


def test_a_foreign_page_gets_no_picture_and_no_script_either(server: Server) -> None:
    """Such requests have no Origin; a page on another port of this machine even sends the cookie."""
    for site in ("cross-site", "same-site"):
        assert ask(server, FILE, sec_fetch_site=site)[0].status == 403


def test_a_token_opens_the_page_once() -> None:
    messages: list[str] = []
    keys = Keys(messages.append)
    first = keys.token
    assert not keys.use("") and not keys.use(first[:-1]) and keys.token == first
    assert keys.use(first) and not keys.use(first)
    assert messages == [keys.token] and keys.use(messages[0])
    assert keys.known(keys.cookie) and not keys.known("") and not keys.known(first)


def test_the_next_address_is_told_when_one_has_been_used(server: Server) -> None:
    assert server.process.stdout is not None
    text = ""
    while "another browser" not in text:  # `server` has used the first address
        text = server.process.stdout.readline()
    path = text.partition(f":{server.port}")[2].strip()
    assert ask(server, path, cookie=None)[0].getheader("set-cookie") is not None
    again, _ = ask(server, path, cookie=None)
    assert again.status == 403 and again.getheader("set-cookie") is None


@pytest.mark.parametrize("path", ["/resourcez", "/resourcez?verbose", "/readyz", "/jupyter/api/kernels/x", "/static/public/x",
                                  "/static/../pyproject.toml", "/static/%2e%2e/server.py", "/docs", "/x/y"])  # fmt: skip
def test_what_the_page_does_not_need_is_not_there(server: Server, path: str) -> None:
    answer, body = ask(server, path)
    assert answer.status == 404 and b"kernels" not in body


@pytest.mark.parametrize("path", ["vega-lite@5.2.0", "echarts@5.4.0", "echarts@5.4.0/dist", "@widgetti", "requirejs@2.3.6/",
                                  "", ".", "vega-lite@5.2.0/LICENSE", "left-pad@1.3.0/index.js", "left-pad@1.3.0",
                                  "requirejs@2.3.6/../../x", "requirejs@2.3.6/%2e%2e/vega-lite@5.2.0/LICENSE",
                                  "echarts@99.0.0/dist/echarts.min.js"])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_the_assets_are_only_read(server: Server, path: str, method: str) -> None:
    before = _files(server.assets)
    answer, _ = ask(server, f"/_solara/cdn/{path}", method)
    assert answer.status in (404, 405)
    assert _files(server.assets) == before and any("vega-lite" in name for name, _, _ in before)


def _files(folder: Path) -> set[tuple[str, int, int]]:
    results = [(path, path.stat()) for path in folder.rglob("*")]
    return {(str(path), message.st_size, message.st_mtime_ns) for path, message in results}


def test_every_answer_says_what_a_browser_may_do_with_it(server: Server) -> None:
    for path, cookie in (("/", shown(server)), ("/", None), (FILE, shown(server)), ("/no", shown(server))):
        answer, _ = ask(server, path, cookie=cookie)
        policy = answer.getheader("content-security-policy") or ""
        assert answer.getheader("x-content-type-options") == "nosniff"
        assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy and "*" not in policy
    page, body = ask(server, "/")
    policy = page.getheader("content-security-policy") or ""
    scripts = policy.partition("script-src ")[2].partition(";")[0]
    assert "'unsafe-inline'" not in scripts and "http" not in policy.replace("ws://", "")
    assert b'<html lang="en">' in body and b"user-scalable" not in body


def test_a_solara_whose_page_is_another_is_told() -> None:
    with pytest.raises(RuntimeError, match="pyproject"):
        page_html("<html><head></head></html>", "n")


FOREIGN_PAGE = """<!doctype html><title>waiting</title><iframe id="frame"></iframe><script>
(async () => {
  const at = "%s", told = {};
  told.socket = await new Promise((done) => {
    const socket = new WebSocket(at.replace("http", "ws") + "%s");
    socket.onopen = () => done("open"); socket.onerror = () => done("refused");
  });
  told.read = await fetch(at + "/", { credentials: "include" }).then((r) => r.text(), () => "refused");
  told.script = await new Promise((done) => {
    const script = document.createElement("script");
    script.onload = () => done("loaded"); script.onerror = () => done("refused");
    script.src = at + "/_solara/cdn/requirejs@2.3.6/require.js";
    document.head.appendChild(script);
  });
  const frame = document.getElementById("frame");
  await new Promise((done) => { frame.onload = done; frame.src = at + "/"; });
  try { told.frame = frame.contentDocument ? "open" : "refused"; } catch (error) { told.frame = "refused"; }
  const opened = window.open(at + "/");
  await new Promise((done) => setTimeout(done, 3000));
  told.opener = opened === null || opened.closed ? "cut" : "held";
  document.title = JSON.stringify(told);
})();
</script>"""


@pytest.fixture
def foreign(server: Server) -> Iterator[str]:
    """Serve a foreign page on another port of this machine, where the browser holds the page's cookie to be of one site."""
    text = (FOREIGN_PAGE % (server.address.rstrip("/"), KERNEL)).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}/"
    served.shutdown()


def test_a_foreign_page_in_the_same_browser_is_kept_out(chromium: Any, server: Server, foreign: str) -> None:
    before = _files(server.assets)
    context = chromium.new_context()
    context.add_cookies([server.cookie])
    page = context.new_page()
    page.goto(foreign)
    page.wait_for_function("document.title.startsWith('{')", timeout=30_000)
    document = json.loads(page.title())
    context.close()
    assert document == {
        "socket": "refused",
        "read": "refused",
        "script": "refused",
        "frame": "refused",
        "opener": "cut",
    }
    assert _files(server.assets) == before

"""The page as a person meets it: a server of its own, and Debian's Chromium, which tells of every error and request."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(
    (binary for name in ("chromium", "chromium-browser", "google-chrome") if (binary := shutil.which(name))),
    None,
)
PATIENCE = float(os.environ.get("BROWSER_PATIENCE", "1"))  # more, where others use the machine, too
SMALL = """name: Small
follow_up: 120 d
marrow: {rows: 4, columns: 4}
patient: {n_residual_blasts: 1e6 cells, rate_blast_net_growth: 0.1 /day}
start: {when: day, day: day 30}
blinatumomab: {dose: 28 ug/day, on: 28 d, off: 14 d, cycles: 2}
dli: {cd3: [1e6/kg], first: day 8}
"""
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip


@pytest.fixture(scope="session")
def able() -> None:
    """Skip, with the reason, where the page or a browser is missing."""
    if find_spec("playwright") is None:
        pytest.skip("not installed: playwright (pip install -c constraints.txt -e '.[dev]')")
    if CHROMIUM is None:
        pytest.skip("no Chromium here (apt-get install chromium)")


@dataclass
class Server:
    """A server of the page in a process of its own, with what a browser that was let in shows it."""

    address: str
    process: subprocess.Popen[str]
    folder: Path
    cookie: dict[str, str]  # as Playwright wants it
    assets: Path
    lines: tuple[str, ...]  # until the address

    @property
    def port(self) -> int:
        return int(self.address.rstrip("/").rpartition(":")[2])

    def stop(self) -> int:
        """Press Ctrl-C and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20)


def start_server(folder: Path, *words: str) -> Server:
    """Start `view` in a folder and use the address it says."""
    command = [
        sys.executable,
        str(ROOT / "run_sim.py"),
        "view",
        *words,
        "--no-open",
        "--port",
        str(free_port()),
    ]
    assets = _some_assets(folder / "assets")
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "SOLARA_ASSETS_PROXY_CACHE_DIR": str(assets)},
    )
    assert process.stdout is not None
    messages: list[str] = []
    for line in process.stdout:
        messages.append(line)
        if entries := re.search(r"(http://127\.0\.0\.1:\d+/)\?token=\S+", line):
            return Server(entries[1], process, folder, _entered(entries[0]), assets, tuple(messages))
    process.kill()
    pytest.fail(f"view did not start: {''.join(messages)}")


def _some_assets(to: Path) -> Path:
    """Copy what the page needs of solara-assets, and something that it does not: no test may harm what is installed."""
    installed = Path(sys.prefix) / "share" / "solara" / "cdn"
    for name in (
        "requirejs@*",
        "echarts@*/dist/echarts.min.js",
        "@widgetti/solara-vuetify-app@*",
        "vega-lite@*/LICENSE",
    ):
        for path in installed.glob(name):
            target = to / path.relative_to(installed)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                shutil.copytree(path, target, ignore=shutil.ignore_patterns("*.map"))
            else:
                shutil.copy(path, target)
    return to


def _entered(address: str) -> dict[str, str]:
    """Use an address, which opens the page once, and return the cookie that the page is shown for from then on."""
    with urllib.request.urlopen(address) as answer:
        cookies = SimpleCookie(answer.headers["set-cookie"])
    (one,) = cookies.values()
    assert one["httponly"] and one["samesite"] == "strict"
    return {"name": one.key, "value": one.value, "url": address.partition("?")[0]}


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("page")
    (folder / "small.yaml").write_text(SMALL)
    (folder / "results" / "empty").mkdir(parents=True)
    running = start_server(folder, "small.yaml", "--seed", "5")
    yield running
    assert running.stop() == 0


@dataclass
class Heard:
    """What a page said besides what it shows."""

    errors: list[str] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)  # requests to another machine

    def listen(self, page: Any) -> None:
        page.on(
            "console", lambda message: self.errors.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._ask(request.url))
        page.on("websocket", lambda socket: self._ask(socket.url))

    def _ask(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname not in ("127.0.0.1", "localhost"):
            self.abroad.append(url)


@pytest.fixture(scope="session")
def chromium(able: None) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def open_tab(chromium: Any, server: Server) -> Iterator[Callable[[], Any]]:
    """Open tabs on the page; afterwards none of them may have had an error or asked another machine for anything."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(30_000 * PATIENCE)
    context.add_cookies([server.cookie])
    heard = Heard()

    def open_one() -> Any:
        page = context.new_page()
        heard.listen(page)
        page.goto(server.address)
        page.get_by_role("button", name="Play").wait_for()
        page.locator("canvas").first.wait_for()
        return page

    yield open_one
    context.close()
    assert heard.errors == [] and heard.abroad == []


@pytest.fixture
def page(open_tab: Callable[[], Any]) -> Any:
    return open_tab()


def day_of(page: Any) -> float:
    """Return the day that the first badge shows."""
    text = page.locator(".tt-badge").first.inner_text()
    return float(text.partition("Day: ")[2])


def wait_for_day(page: Any, day: float) -> None:
    """Wait until the page shows a day, or a later one."""
    page.wait_for_function(
        "day => parseFloat((document.querySelector('.tt-badge')?.innerText ?? '').split('Day: ')[1]) >= day",
        arg=day,
    )


def wait_for_earlier_day(page: Any, day: float) -> None:
    """Wait until the page shows a day before this one: what a click changes may be drawn piece by piece."""
    page.wait_for_function(
        "day => parseFloat((document.querySelector('.tt-badge')?.innerText ?? '').split('Day: ')[1]) < day",
        arg=day,
    )


def weeks(page: Any, n: int) -> None:
    """Let so many weeks pass."""
    for _ in range(n):
        until = day_of(page) + 7
        page.get_by_role("button", name="One week").click()
        wait_for_day(page, until - 0.01)
    settled(page)


def settled(page: Any) -> None:
    """Wait until the page says the same for a quarter of a second: its parts are drawn one after the other."""
    text = ""
    for _ in range(40):
        before, text = text, page.locator("body").inner_text()
        if text == before:
            return
        page.wait_for_timeout(250)

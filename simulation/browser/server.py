"""Serve the page on this machine only, to who has its address, without a request to any other."""

import os
import socket
import threading
import warnings
import webbrowser
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from simulation.errors import UserError

__all__ = ["Start", "serve", "started"]

HOST = "127.0.0.1"
_FIRST_PORT, _LAST_PORT = 8765, 8864
_SETTINGS = {
    "SOLARA_APP": "simulation.browser.app",
    "SOLARA_MODE": "production",
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
    "SOLARA_ASSETS_PROXY": "True",  # scripts, styles and fonts come from the package solara-assets
    "SOLARA_ASSETS_FONTAWESOME_ENABLED": "False",
    "SOLARA_THEME_VARIANT": "light",  # with "auto" Solara 1.64 serves an empty page; `door.py` makes it follow the system
    "SOLARA_THEME_SHOW_BANNER": "False",
    "SOLARA_THEME_TITLE": "transplant-twin",
    "REACTON_FAST": "1",  # parts in which nothing has changed are not walked through: a third of the work of a frame
    "SOLARA_KERNEL_CULL_TIMEOUT": "5m",  # a tab that went away without saying so
}


@dataclass(frozen=True)
class Start:
    """Say what a tab shows first (without a file, pre-emptive treatment), and below which folders results may be read."""

    file: Path | None = None
    settings: tuple[str, ...] = ()
    seed: int = 0
    patient: int = 0
    results: tuple[Path, ...] = (Path("results"),)
    cohort: str | None = None  # as `Source` has it

    @property
    def rules(self) -> tuple[str, ...]:
        """Return those of the settings that bring rules of one's own; the page names no other."""
        return tuple(one for one in self.settings if one.startswith("plugin."))

    @property
    def others(self) -> tuple[str, ...]:
        """Return the other settings, of the file."""
        return tuple(one for one in self.settings if one not in self.rules)


_start = Start()


def started() -> Start:
    """Return what this process was asked to show first."""
    return _start


def serve(
    port: int | None,
    start: Start,
    *,
    on_ready: Callable[[str], None],
    on_used: Callable[[str], None] = lambda _: None,
    on_stage: Callable[[str], None] = lambda _: None,
    open_browser: bool,
) -> None:
    """Serve until interrupted.

    Parameters
    ----------
    port
        The port; None for the first one that is free.
    start
        What a tab shows first.
    on_ready
        Gets the address once the page answers; it opens the page once.
    on_used
        Gets the next address when one has been used.
    on_stage
        Gets what is being done while the page does not answer yet.
    open_browser
        Whether to open the address, where there is a browser.

    Raises
    ------
    UserError
        Where the port is taken.
    """
    global _start
    _start = start
    os.environ.update(_SETTINGS)
    chosen = _free(port)
    import uvicorn

    from simulation.browser.door import Keys, application
    from simulation.browser.shelf import clear

    warnings.filterwarnings("ignore", message="Cookies with samesite")  # no other site embeds this page

    def address(token: str) -> str:
        return f"http://{HOST}:{chosen}/?token={token}"

    keys = Keys(lambda token: on_used(address(token)))
    config = uvicorn.Config(
        application(chosen, keys),
        host=HOST,
        port=chosen,
        log_level="error",
        access_log=False,
        proxy_headers=False,  # nothing stands between the browser and this machine
        ws_max_size=2**26,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    failed: list[Exception] = []

    def announce() -> None:
        try:
            on_stage("The program is loaded; the simulation is made ready ...")
            _warm_up()  # the kernels are compiled, or read, before the first patient is played
        except Exception as error:
            failed.append(error)  # without an address nobody would ever learn of it: serving ends
            server.should_exit = True
            return
        while not server.started and not server.should_exit:
            threading.Event().wait(0.05)
        if server.started:
            first = address(keys.token)
            on_ready(first)
            if open_browser and _has_browser():
                webbrowser.open(first)

    threading.Thread(target=announce, daemon=True).start()
    with suppress(KeyboardInterrupt):  # Ctrl-C is how the page is ended
        server.run()
    clear()
    if failed:
        raise failed[0]


def _warm_up() -> None:
    from simulation.life import simulate
    from simulation.scenario.load import parse_scenario

    text = "name: Warm-up\nfollow_up: 12 h\nmarrow: {rows: 2, columns: 2}\ngraft: {treg_day: day 0}\n"
    simulate([parse_scenario(text)])


def _free(port: int | None) -> int:
    """Return the port asked for, or the first free one of a hundred."""
    for candidate in (port,) if port is not None else range(_FIRST_PORT, _LAST_PORT + 1):
        with closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, candidate))
            except OSError as refused:
                if port is not None:
                    raise UserError(
                        f"port {port} cannot be used: {refused.strerror}; choose another with --port"
                    ) from None
                continue
            return int(trial.getsockname()[1])
    raise UserError(f"no port from {_FIRST_PORT} to {_LAST_PORT} is free; choose one with --port")


def _has_browser() -> bool:
    """Return whether there is a browser to open: a display, or a system that always has one."""
    if os.name != "posix" or os.uname().sysname == "Darwin":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

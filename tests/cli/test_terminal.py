"""Progress and Ctrl-C in a process, and on a terminal, of their own."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulation.errors import ExitStatus

from .conftest import ROOT, process_environment

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a POSIX terminal")
SLOW_DOOR = Path(__file__).with_name("slow_door.py")
DEADLINE_S = 60.0


class Terminal:
    """The slow program, with stderr on a terminal and stdout in a pipe."""

    def __init__(self, folder: Path, *words: str | Path, deaf: bool = False, **environment: str) -> None:
        self.folder = folder
        self.ours, theirs = os.openpty()
        command = [sys.executable, str(SLOW_DOOR), "deaf" if deaf else "hearing", *map(str, words)]
        changes = {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "120"} | environment
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=process_environment(**changes),
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = b""

    def wait_until_under_way(self) -> None:
        until = time.monotonic() + DEADLINE_S
        while not (self.folder / "under_way").exists():
            assert self.process.poll() is None, self._rest()
            assert time.monotonic() < until
            self.watch(0.02)

    def watch(self, seconds: float) -> None:
        """Read what the terminal shows for a while: left unread, it would make the program wait."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.ours], [], [], left)[0]:
                try:
                    self.seen += os.read(self.ours, 65536)
                except OSError:
                    return

    def press_ctrl_c(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str, str]:
        """Wait for the end and return the status, stdout and what the terminal showed."""
        shown = self._rest()
        out = self.process.stdout.read().decode() if self.process.stdout else ""
        return self.process.wait(DEADLINE_S), out, shown

    def _rest(self) -> str:
        while True:
            try:
                piece = os.read(self.ours, 65536)
            except OSError:  # how a pty says that the other side has closed
                return self.seen.decode()
            if not piece:
                return self.seen.decode()
            self.seen += piece


@pytest.fixture
def terminal(tmp_path: Path, scenario_file: Callable[..., Path]) -> Iterator[Callable[..., Terminal]]:
    file = scenario_file()
    started: list[Terminal] = []

    def start(*words: str | Path, deaf: bool = False, **environment: str) -> Terminal:
        started.append(Terminal(tmp_path, "run", file, "--out", "mine", *words, deaf=deaf, **environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()
        os.close(one.ours)


@contextmanager
def ended_within(seconds: float) -> Iterator[None]:
    before = time.monotonic()
    yield
    assert time.monotonic() - before < seconds


def test_the_live_line_tells_the_state_and_leaves_stdout_alone(terminal: Callable[..., Terminal]) -> None:
    running = terminal("--json")
    running.wait_until_under_way()
    running.press_ctrl_c()
    status, out, shown = running.end()
    assert status == ExitStatus.INTERRUPTED
    for message in ("Patient small", "/400", "blasts 2.0e+09", "MRD 3e-04", "CD3 150/µL", "GvHD 1"):
        assert message in shown
    assert out.startswith("{")
    assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")  # the cursor is back


def test_ctrl_c_says_so_and_keeps_what_is_done(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    running = terminal()
    running.wait_until_under_way()
    with ended_within(20):
        running.press_ctrl_c()
        status, out, shown = running.end()
    assert status == ExitStatus.INTERRUPTED
    assert "Ctrl-C again ends at once" in shown
    assert 20 <= float((tmp_path / "mine" / "summary.json").read_text()) < 400
    assert "Results: mine" in out
    assert "Traceback" not in shown


def test_a_second_ctrl_c_ends_at_once(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    running = terminal(deaf=True)
    running.wait_until_under_way()
    running.press_ctrl_c()
    running.watch(0.3)
    assert running.process.poll() is None  # it does not listen
    with ended_within(5):
        running.press_ctrl_c()
        status, out, shown = running.end()
    assert status == ExitStatus.INTERRUPTED
    assert not out
    assert "Traceback" not in shown
    assert shown.rstrip().endswith("\x1b[?25h")  # the cursor is back
    assert not (tmp_path / "mine" / "summary.json").exists()


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_no_color_is_honoured(terminal: Callable[..., Terminal], environment: dict[str, str]) -> None:
    running = terminal(**environment)
    running.wait_until_under_way()
    running.press_ctrl_c()
    coloured = "\x1b[3" in running.end()[2]
    assert coloured is not bool(environment)


def test_quiet_shows_nothing_on_a_terminal(terminal: Callable[..., Terminal]) -> None:
    running = terminal("--quiet")
    running.wait_until_under_way()
    running.press_ctrl_c()
    status, out, shown = running.end()
    assert (status, out.strip(), shown) == (ExitStatus.INTERRUPTED, "mine", "")

"""How a command is ended from outside: Ctrl-C, SIGTERM, and time that is up."""

import os
import signal
import sys
import time
from pathlib import Path

import click
import pytest

from simulation.cli import app, main
from simulation.cli.interrupt import Interrupt
from simulation.errors import ExitStatus
from tests.calibration.test_fit_files import GOOD

unix = pytest.mark.skipif(sys.platform == "win32", reason="sends a signal")


@unix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_to_stop(number: signal.Signals) -> None:
    heard = []
    before = signal.getsignal(number)
    with Interrupt(lambda: heard.append(number)) as interrupt:
        assert not interrupt.requested()
        os.kill(os.getpid(), number)
        assert interrupt.requested() and heard == [number]
        assert interrupt.status == ExitStatus.INTERRUPTED
    assert signal.getsignal(number) == before


@unix
def test_sigterm_where_nobody_listens_is_told_as_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def waits() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(10)

    monkeypatch.setattr(app.Program, "get_command", lambda *_: waits)
    assert main(["doctor"]) == ExitStatus.INTERRUPTED
    assert capsys.readouterr().err.strip() == "Interrupted."
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_half_a_message_from_a_process_is_no_interrupt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Click takes an EOFError for Ctrl-D at a prompt; here no command asks anything."""

    @click.command()
    def broken() -> None:
        raise EOFError("unexpected EOF")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(app.Program, "get_command", lambda *_: broken)
    assert main(["doctor"]) == ExitStatus.BUG
    assert "unexpected EOF" in capsys.readouterr().err


def test_time_that_is_up_asks_to_stop() -> None:
    with Interrupt(minutes=0.05 / 60) as interrupt:
        assert not interrupt.requested()
        time.sleep(0.1)
        assert interrupt.requested()
        assert interrupt.status == ExitStatus.TIME_UP


def test_a_fit_ends_when_time_is_up_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "fit.yaml"
    file.write_text(GOOD)
    words = ["calibrate", str(file), "--out", str(tmp_path / "out"), "--quiet"]
    assert main([*words, "--max-minutes", "1e-9"]) == ExitStatus.TIME_UP
    assert "0 of 3 evaluations are kept" in capsys.readouterr().err
    assert main(words) == ExitStatus.DONE

"""`view` on the command line."""

import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from simulation.browser import server as serving
from simulation.cli import main
from simulation.errors import ExitStatus, UserError

from .conftest import Server


def test_a_bad_file_is_told_before_anything_is_served(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("name: Bad\nstrat: {when: never}\n")
    assert main(["view", str(file), "--no-open"]) == ExitStatus.USAGE
    assert "did you mean 'start'" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "70000", "x"])
def test_a_port_that_is_none(port: str, capsys: Any) -> None:
    assert main(["view", "--no-open", "--port", port]) == ExitStatus.USAGE
    assert "--port" in capsys.readouterr().err


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UserError, match="cannot be used"):
            serving._free(other.getsockname()[1])


def test_without_a_port_the_first_free_one_is_taken() -> None:
    assert 8765 <= serving._free(None) <= 8864


def test_it_listens_to_this_machine_only() -> None:
    assert serving.HOST == "127.0.0.1"


def test_a_patient_that_cannot_be_simulated_ends_it_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError("a rule is broken")

    monkeypatch.setattr(serving, "_warm_up", fail)
    # in a thread of its own, as no other test's event loop runs there
    with ThreadPoolExecutor(1) as thread, pytest.raises(ZeroDivisionError, match="a rule is broken"):
        thread.submit(
            serving.serve, None, serving.Start(), on_ready=messages.append, open_browser=False
        ).result(timeout=60)
    assert messages == []


def test_it_says_at_once_that_it_starts(server: Server) -> None:
    assert (
        "Starting the page" in server.lines[0]
        and "made ready" in server.lines[1]
        and "token=" in server.lines[2]
    )


def test_a_folder_of_results_that_is_none_is_told(tmp_path: Path, capsys: Any) -> None:
    assert main(["view", "--no-open", "--results", str(tmp_path / "none")]) == ExitStatus.USAGE
    assert "no folder" in capsys.readouterr().err


def test_rules_of_ones_own_need_no_file_and_are_checked(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[serving.Start] = []
    monkeypatch.setattr(serving, "serve", lambda port, start, **_: begun.append(start))
    rule = tmp_path / "my_rule.py"
    rule.write_text('PARAMETERS = {"my_rate": 0.1}\nRULES = []\n')
    assert main(["view", "--no-open", "--plugin", str(rule), "--set", "plugin.my_rate=0.2"]) == 0
    assert begun[0].rules == begun[0].settings and len(begun[0].rules) == 2 and begun[0].others == ()
    assert main(["view", "--no-open", "--plugin", str(tmp_path / "none.py")]) == ExitStatus.USAGE
    assert "none.py" in capsys.readouterr().err
    assert main(["view", "--no-open", "--plugin", str(rule), "--set", "dli=null"]) == ExitStatus.USAGE
    assert "name its file as well" in capsys.readouterr().err


def test_parts_of_the_page_in_which_nothing_changed_are_not_walked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A frame takes Python a third of the time; the name of the setting is reacton's own, and may change with it."""
    from reacton import core

    monkeypatch.setenv("REACTON_FAST", "0")
    usual = core._render_context_class()
    monkeypatch.setenv("REACTON_FAST", serving._SETTINGS["REACTON_FAST"])
    assert core._render_context_class() is not usual

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import simulation
from simulation.cli import app, faults
from simulation.cli.terminal import print_table
from simulation.errors import ExitStatus, MissingExtra, UserError

from .conftest import ROOT, Sim, process_environment

HEAVY = ("mesa", "pandas", "matplotlib", "numba", "scipy", "pyarrow", "networkx")


def modules_loaded_by(*words: str) -> set[str]:
    """Return the top-level modules that a process has loaded after this command."""
    code = (
        "import sys; from simulation.cli import main; status = main(sys.argv[1:]);"
        "print('\\nLOADED', *{name.partition('.')[0] for name in sys.modules}); sys.exit(status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"], ["doctor"], ["schema"]])
def test_looking_around_loads_nothing_heavy(words: list[str]) -> None:
    assert not modules_loaded_by(*words) & set(HEAVY)


def test_import_simulation_loads_nothing_heavy() -> None:
    code = "import sys, simulation; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {*HEAVY, "numpy", "pydantic", "click"}


def test_check_loads_nothing_heavy(scenario_file: Callable[..., Path]) -> None:
    assert not modules_loaded_by("check", str(scenario_file())) & set(HEAVY)


def test_help_answers_at_once(process: Sim) -> None:
    fastest = min(_seconds(process) for _ in range(3))
    assert fastest < 1.0


def _seconds(process: Sim) -> float:
    before = time.perf_counter()
    assert process("--help").status == 0
    return time.perf_counter() - before


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_has_help_with_an_example(sim: Sim, name: str) -> None:
    answer = sim(name, "--help")
    assert answer.status == 0
    assert f"python run_sim.py {name}" in answer.out
    assert not answer.err


def test_the_list_of_commands_says_what_each_does(sim: Sim) -> None:
    answer = sim("--help")
    for name in app.COMMANDS:
        assert f"\n  {name} " in answer.out


def test_no_arguments_show_the_help(sim: Sim) -> None:
    answer = sim()
    assert answer.status == ExitStatus.USAGE
    assert "Commands:" in answer.out + answer.err


def test_version(sim: Sim) -> None:
    answer = sim("--version")
    assert (answer.status, answer.out.split()[-1]) == (0, simulation.__version__)


@pytest.mark.parametrize(
    ("typed", "meant"), [("rum", "run"), ("chek", "check"), ("param", "params"), ("docter", "doctor")]
)
def test_a_mistyped_command_gives_the_nearest(sim: Sim, typed: str, meant: str) -> None:
    answer = sim(typed)
    assert answer.status == ExitStatus.USAGE
    assert f"did you mean '{meant}'" in answer.err
    assert not answer.out


def test_a_command_like_no_other_gives_them_all(sim: Sim) -> None:
    answer = sim("xyzzy")
    assert answer.status == ExitStatus.USAGE
    assert all(name in answer.err for name in app.COMMANDS)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["run", "x.yaml", "--sed", "3"], "--seed"),
        (["run", "x.yaml", "--no-figure"], "--no-figures"),
        (["params", "--gruop", "leukaemia"], "--group"),
    ],
)
def test_a_mistyped_option_gives_the_nearest(sim: Sim, words: list[str], meant: str) -> None:
    answer = sim(*words)
    assert answer.status == ExitStatus.USAGE
    assert meant in answer.err
    assert "Traceback" not in answer.err


def test_a_scenario_file_in_place_of_a_command_is_run(sim: Sim) -> None:
    answer = sim("nowhere.yaml")
    assert answer.status == ExitStatus.USAGE
    assert "nowhere.yaml" in answer.err
    assert "no command" not in answer.err


def test_an_option_before_the_scenario_file_belongs_to_run(sim: Sim) -> None:
    answer = sim("--seed", "3", "nowhere.yaml")
    assert answer.status == ExitStatus.USAGE
    assert "nowhere.yaml" in answer.err


def test_python_dash_m_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simulation", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert simulation.__version__ in done.stdout


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} {ROOT / 'run_sim.py'} schema | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=tmp_path,
        env=process_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "{\n"


@pytest.mark.parametrize(
    "words", ["schema", "params", "--help", f"show {ROOT / 'scenarios' / 'preemptive.yaml'}"]
)
def test_a_reader_that_is_not_there_and_a_closed_stdout_are_no_error(tmp_path: Path, words: str) -> None:
    for end in ("| true", ">&-", ">&- 2>&-"):
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", f"{sys.executable} {ROOT / 'run_sim.py'} {words} {end}"],
            cwd=tmp_path, env=process_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), end


def test_a_mistake_keeps_its_status_where_nobody_listens(tmp_path: Path) -> None:
    command = f"{sys.executable} {ROOT / 'run_sim.py'} check nothing.yaml >&- 2>&-"
    assert (
        subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=process_environment(), check=False
        ).returncode
        == 2
    )


def test_a_backend_for_other_programs_is_no_matter_of_ours(process: Sim) -> None:
    answer = process(
        "run", ROOT / "scenarios" / "no_treatment.yaml", "--days", "2", "--set", "marrow.rows=2", "--set", "marrow.columns=2",
        "--out", "o", "-q", env={"MPLBACKEND": "nonsense"},
    )  # fmt: skip
    assert (answer.status, answer.err) == (ExitStatus.DONE, "")


def test_names_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["[/red] of [bold]", "x"], [["[/b]", "[i]1"]], title="[/title]")
    out = capsys.readouterr().out
    assert all(text in out for text in ("[/red] of [bold]", "[/b]", "[i]1", "[/title]"))


def test_a_terminal_without_our_signs_is_no_bug(process: Sim) -> None:
    answer = process(
        "show", ROOT / "scenarios" / "preemptive.yaml", "--set", "name=µ", env={"PYTHONIOENCODING": "ascii"}
    )
    assert (answer.status, answer.err) == (ExitStatus.DONE, "")
    assert answer.out.startswith("name:")


def raises(error: BaseException) -> int:
    def call() -> None:
        raise error

    return faults.guarded(call)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UserError("wrong", file="a.yaml", line=3), ExitStatus.USAGE),
        (MissingExtra("dask", "cluster"), ExitStatus.MISSING_EXTRA),
        (click.UsageError("wrong"), ExitStatus.USAGE),
        (KeyboardInterrupt(), ExitStatus.INTERRUPTED),
        (PermissionError(13, "Permission denied", "/x"), ExitStatus.USAGE),
        (OSError(28, "No space left on device", "/x"), ExitStatus.FAILED_RUNS),
        (FileNotFoundError(2, "No such file", "/x"), ExitStatus.BUG),
        (ZeroDivisionError("division by zero"), ExitStatus.BUG),
    ],
)
def test_every_ending_has_its_status_and_no_traceback(
    error: BaseException, status: ExitStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raises(error) == status
    captured = capsys.readouterr()
    assert captured.err
    assert not captured.out
    assert "Traceback" not in captured.err


def test_a_bug_leaves_its_traceback_in_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert raises(KeyError("rate_of_nothing")) == ExitStatus.BUG
    message = capsys.readouterr().err
    (file,) = tmp_path.iterdir()
    assert str(file) in message
    assert "bug" in message
    assert "rate_of_nothing" in message
    text = file.read_text()
    assert "Traceback" in text
    assert simulation.__version__ in text


def test_traceback_switch_shows_it(sim: Sim, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("simulation.scenario.json_schema.json_schema", broken)
    answer = sim("--traceback", "schema")
    assert answer.status == ExitStatus.BUG
    assert "Traceback" in answer.err
    assert "broken on purpose" in answer.err


def test_several_mistakes_are_told_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    errors = [UserError("first", file="a.yaml", line=1), UserError("second", file="b.yaml", line=2)]
    assert raises(UserError.several(errors)) == ExitStatus.USAGE
    assert capsys.readouterr().err.splitlines() == ["2 errors:", "a.yaml:1: first", "b.yaml:2: second"]

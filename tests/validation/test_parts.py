"""A validation on a job array is the validation of one machine."""

import json
import re
from pathlib import Path

import pytest

from simulation.cli import main
from simulation.errors import UserError
from simulation.store import Shard
from simulation.validation import run
from simulation.validation.check import Effort, Finding, MeasuredNumber
from simulation.validation.parts import read_parts, write_part
from simulation.validation.run import Result


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for what checks simulate; return the ids of those that were done."""
    asked: list[str] = []

    def one(runs: tuple[tuple[str, Effort], ...]) -> list[Result]:
        ((key, effort),) = runs
        asked.append(key)
        (check,) = (check for check in run.checks() if check.id == key)
        measured = (MeasuredNumber("a number", 0.1 + 0.2, n=effort.patients(4)),)
        result = Finding("pass", measured, "told")
        return [
            Result(f"{key}{part}", check.part, check.claim, check.expected, check.source, result, 0.5)
            for part in "ab"
        ]

    monkeypatch.setattr(run, "do", one)
    return asked


def test_parts_joined_are_the_whole(
    done: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    validate = ["validate", "--quick", "--workers", "1", "--quiet", "--json"]
    assert main([*validate, "--out", str(tmp_path / "once")]) == 0
    once = json.loads(capsys.readouterr().out)
    ids, out = sorted(done), ["--out", str(tmp_path / "parts")]
    assert ids == sorted(check.id for check in run.checks())
    done.clear()
    for part in ("2/3", "3/3", "1/3", "2/3"):
        before = len(done)
        assert main([*validate, *out, "--shard", part]) == 0
    assert sorted(done) == ids and len(done) == before, "what a part has done is not done again"
    done.clear()
    capsys.readouterr()
    assert main([*validate, *out, "--resume"]) == 0
    joined = json.loads(capsys.readouterr().out)
    assert not done and joined["checks"] == once["checks"] and joined["counts"] == once["counts"]
    assert (tmp_path / "parts" / "validation.md").is_file()

    for file in list((tmp_path / "parts").glob("checks-*"))[:1]:
        file.unlink()
    assert main([*validate, *out, "--resume"]) == 0
    assert 0 < len(done) < len(ids), "what is missing is done"
    assert main([*validate, *out, "--resume", "--seed", "2"]) == 5
    assert "of another validation" in capsys.readouterr().err


def test_a_part_says_how_the_same_checks_are_joined(
    done: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [
        "validate",
        "--part",
        "theory",
        "--quick",
        "--seed",
        "2",
        "--workers",
        "1",
        "--out",
        str(tmp_path),
    ]
    monkeypatch.setattr("sys.argv", ["run_sim.py", *words, "--shard", "1/2"])
    assert main([*words, "--shard", "1/2"]) == 0
    assert capsys.readouterr().out.endswith(f"python run_sim.py {' '.join(words)} --resume\n")
    monkeypatch.setattr("sys.argv", ["other_program"])
    assert main([*words, "--shard", "2/2"]) == 0
    (line,) = re.findall(r"run_sim\.py (.*)", capsys.readouterr().out)
    done.clear()
    assert main([*line.split(), "--json"]) == 0
    assert not done, "no check is missing, and no other one is asked for"


def test_a_part_whose_minutes_are_over_is_gone_on_with(
    done: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "validate",
        "--part",
        "theory",
        "--quick",
        "--workers",
        "1",
        "--out",
        str(tmp_path),
        "--shard",
        "1/2",
    ]
    assert main([*words, "--max-minutes", "1e-9"]) == 7
    assert not done and "Part 1 of 2: 0 of " in capsys.readouterr().out
    assert main(words) == 0
    n = len(done)
    assert n > 0 and f"{n} of {n} checks done" in capsys.readouterr().out
    assert main([*words, "--max-minutes", "1e-9"]) == 0 and len(done) == n, "nothing is left to stop"
    assert main([*words[:-2], "--max-minutes", "5"]) == 2
    assert "--max-minutes needs --shard I/N" in capsys.readouterr().err


def test_a_check_that_ended_in_an_error_is_done_again(tmp_path: Path) -> None:
    effort, shard = Effort(1.0, 3), Shard(1, 2)
    well, wrong = (
        Result(finding.status, "facts", "c", "e", "s", finding, 1.5)
        for finding in (Finding("fail"), Finding("error"))
    )
    write_part(tmp_path, shard, effort, {"a": [well], "b": [wrong], "c": [well, wrong]})
    assert read_parts(tmp_path, effort) == {"a": [well]}


@pytest.mark.parametrize(
    "words", [["--shard", "1/2"], ["--resume"], ["--shard", "1/2", "--early", "--out", "x"]]
)
def test_parts_need_a_folder_and_no_experiments(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--quick", *words]) == 2
    assert "--" in capsys.readouterr().err


def test_a_damaged_part_is_told(tmp_path: Path) -> None:
    effort = Effort(1.0, 3)
    nan = Result("A", "facts", "c", "e", "s", Finding("fail", (MeasuredNumber("m", float("nan")),), "n"), 1.5)
    write_part(tmp_path, Shard(1, 2), effort, {"A": [nan]})
    assert str(read_parts(tmp_path, effort)) == str({"A": [nan]})
    (part,) = tmp_path.iterdir()
    part.write_text(part.read_text().replace("1.5", "1.6"))
    with pytest.raises(UserError, match="damaged"):
        read_parts(tmp_path, effort)

"""`forecast` as a person types it: what it writes, what it says, and what it refuses."""

import csv
import json
from pathlib import Path

import pytest

from simulation.cli import main
from simulation.errors import ExitStatus
from simulation.forecast.words import RESEARCH_ONLY

from .conftest import EARLY, UNTREATED

COURSE = "day,mrd,cd3 [/uL]\n14,2e-4,\n21,<3e-1,\n"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A course that many fit, and two strategies."""
    named = {"course.csv": COURSE, "untreated.yaml": UNTREATED, "early.yaml": EARLY}
    for name, text in named.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return [str(tmp_path / name) for name in named]


def _typed(files: list[str], out: Path, *more: str) -> int:
    return main(["forecast", *files, "--cohort", "none", "--out", str(out), "--workers", "0", *more])


def test_every_file_says_that_it_is_for_research(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert _typed(files, out, "--patients", "90") == ExitStatus.DONE
    printed = capsys.readouterr().out
    assert RESEARCH_ONLY in " ".join(printed.split())
    document = json.loads((out / "forecast.json").read_text(encoding="utf-8"))
    assert (
        document["research_only"] == RESEARCH_ONLY
        and document["effective_patients"] >= 20
        and document["today"] == 21
    )
    assert RESEARCH_ONLY in (out / "report.html").read_text(encoding="utf-8")
    for name in ("fan.csv", "patients.csv"):
        with (out / name).open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert rows and all(row["note"] == "research only" for row in rows)
    assert (out / "figures" / "fan.png").read_bytes().startswith(b"\x89PNG")
    for path in (out / "strategies").glob("*.yaml"):
        assert path.read_text(encoding="utf-8").startswith(f"# {RESEARCH_ONLY}")
        assert main(["check", str(path)]) == ExitStatus.DONE
    weights = {row["patient"]: float(row["weight"]) for row in rows}
    assert sum(weights.values()) == pytest.approx(1.0)


def test_too_few_are_told_and_nothing_is_left(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(files[0]).write_text("day,mrd\n14,0.9\n21,<1e-6\n", encoding="utf-8")
    assert _typed(files, tmp_path / "out", "--patients", "6") == ExitStatus.USAGE
    output = " ".join(capsys.readouterr().err.split())
    assert "a forecast needs 20" in output and "course.csv" in output and not (tmp_path / "out").exists()


def test_mistakes_are_told_before_anything_runs(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept.txt").write_text("mine")
    assert _typed(files, tmp_path / "full") == ExitStatus.USAGE
    assert "the folder is not empty" in capsys.readouterr().err
    assert _typed([files[1], files[0]], tmp_path / "out") == ExitStatus.USAGE
    assert "this is a scenario; type" in capsys.readouterr().err
    assert _typed([str(tmp_path / "none.csv"), files[1]], tmp_path / "out") == ExitStatus.USAGE
    assert "there is no such file" in capsys.readouterr().err
    assert _typed([files[0], files[1]], tmp_path / "out", "--days", "10") == ExitStatus.USAGE
    assert "is followed until day 10, and today is day 21" in capsys.readouterr().err

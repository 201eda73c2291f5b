"""`cohort` as a person types it."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.cli import main
from simulation.errors import ExitStatus
from simulation.files.marked_page import marks
from tests.cohort.conftest import ROOT, STANDARD, TEXT

IMPOSSIBLE = """\
far_off:
  what: Growth of another disease
  measure: growth_percent
  statistic: mean
  value: 60
  sd: 2
  n: 50
  origin: independent
  source: nowhere
"""
Text = pytest.CaptureFixture[str]

BEGIN, END = marks("cohort")


def cohort(*words: str | Path | int) -> int:
    return main(["cohort", *map(str, words)])


def test_the_standard_cohort_on_a_page_of_text(capsys: Text) -> None:
    assert cohort(STANDARD, "--patients", 20, "--quiet") == ExitStatus.DONE
    out = capsys.readouterr().out
    for message in (
        "High-risk CD19+ ALL after Treg/Tcon haploidentical transplant: 20 virtual patients, seed 1",
        "donor haploidentical; graft 2e6 Treg/kg on day -4, 1e6 Tcon/kg",
        "rate_blast_net_growth", "Br J Haematol", "CD3 in blood, day 24", "mean 6.9 (SD 7.3), range -1.2 to 27.3, n = 23",
        "published baselines agree",
    ):  # fmt: skip
        assert message in out
    growth = next(line for line in out.splitlines() if line.startswith("rate_blast_net_growth"))
    number = growth.split()[-1]
    assert f"{number} Br J Haematol 1997;98:999: 6.9 +/- 7.3 % a day" in out


def test_nothing_is_written_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Text
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cohort(STANDARD, "--patients", 3, "--draw-only") == ExitStatus.DONE
    assert list(tmp_path.iterdir()) == []


def test_one_json_document(capsys: Text) -> None:
    assert cohort(STANDARD, "--patients", 12, "--seed", 4, "--draw-only", "--json") == ExitStatus.DONE
    document = json.loads(capsys.readouterr().out)
    assert (document["patients"], document["seed"], document["first_weeks"]) == (12, 4, [])
    growth = next(row for row in document["varies"] if row["name"] == "rate_blast_net_growth")
    assert growth["q2_5"] < growth["median"] < growth["q97_5"]
    assert (
        next(one for one in document["published"] if one["id"] == "steady_state")["published"]["value"] == 616
    )


def test_a_baseline_that_cannot_agree_is_told_so(tmp_path: Path, capsys: Text) -> None:
    file = tmp_path / "far.yaml"
    file.write_text(IMPOSSIBLE, encoding="utf-8")
    assert cohort(STANDARD, "--patients", 50, "--draw-only", "--baselines", file, "--json") == ExitStatus.DONE
    (document,) = json.loads(capsys.readouterr().out)["published"]
    assert document["agrees"] is False
    assert document["verdict"].startswith("typical value lower")
    assert cohort(STANDARD, "--patients", 50, "--draw-only", "--baselines", file) == ExitStatus.DONE
    out = capsys.readouterr().out
    assert "0 of 1 published baselines agree" in out
    assert "Not: Growth of another disease (typical value lower" in out


def test_a_folder_with_table_and_figure(tmp_path: Path, capsys: Text) -> None:
    out = tmp_path / "a" / "b"
    assert cohort(STANDARD, "--patients", 15, "--draw-only", "--out", out) == ExitStatus.DONE
    assert {path.name for path in out.iterdir()} == {
        "baseline.csv",
        "baseline.md",
        "baseline.png",
        "provenance.json",
        "ro-crate-metadata.json",
    }
    with (out / "baseline.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["table"] for row in rows} == {"varies", "published"}
    assert (out / "baseline.md").read_text(encoding="utf-8").startswith("# Baseline\n")
    before = (out / "baseline.csv").read_bytes()
    assert cohort(STANDARD, "--patients", 3, "--draw-only", "--out", out) == ExitStatus.USAGE
    assert "the folder is not empty" in capsys.readouterr().err
    assert (out / "baseline.csv").read_bytes() == before


def test_a_page_of_the_documentation_is_renewed(tmp_path: Path, capsys: Text) -> None:
    page = tmp_path / "mine.md"
    page.write_text(f"# Mine\n\n{BEGIN}\n{END}\nthe end\n", encoding="utf-8")
    assert cohort(STANDARD, "--patients", 12, "--draw-only", "--page", page) == ExitStatus.DONE
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Mine\n")
    assert text.endswith("the end\n")
    assert "| rate_blast_net_growth |" in text
    assert (tmp_path / "images" / "mine-baseline.png").is_file()
    page.write_text("no marks", encoding="utf-8")
    assert cohort(STANDARD, "--patients", 12, "--draw-only", "--page", page) == ExitStatus.USAGE
    assert "there is no place for it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  weight:", "  weigth:", "did you mean 'weight'?"),
        ("sd: 10 kg", "sd: 10 days", "weight"),
        ("mean: 70 kg, sd: 10 kg", "mean: 70 kg", "mean and sd"),
        ("name: Made up", "nam: Made up", "did you mean 'name'?"),
    ],
)
def test_a_mistake_in_the_file_is_told_once_with_its_place(
    cohort_file: Callable[..., Path], capsys: Text, old: str, new: str, message: str
) -> None:
    assert old in TEXT
    file = cohort_file(TEXT.replace(old, new))
    assert cohort(file, "--patients", 2) == ExitStatus.USAGE
    captured = capsys.readouterr()
    assert captured.err.count("Error") == 1
    assert message in captured.err
    assert str(file) in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.yaml"], "nowhere.yaml"),
        ([STANDARD, "--patients", "0"], "0 is not in the range"),
        ([STANDARD, "--patients", "many"], "'many' is not a valid integer"),
        ([STANDARD, "--seed", "-1"], "a whole number from 0 on"),
        ([STANDARD, "--baselines", "nowhere.yaml"], "nowhere.yaml"),
        ([STANDARD, "--page", "nowhere.md"], "nowhere.md"),
        ([ROOT / "scenarios" / "preemptive.yaml"], "type python run_sim.py run"),
        ([ROOT / "scenarios" / "trials" / "timing_by_dli.yaml"], "type python run_sim.py compare"),
    ],
)
def test_a_mistake_in_the_command_is_one_message_and_status_2(
    words: list[str | Path], message: str, capsys: Text
) -> None:
    assert cohort(*words) == ExitStatus.USAGE
    err = capsys.readouterr().err
    assert message in err
    assert err.count("Error") == 1


def test_a_cohort_alone_is_taken_by_this_command(capsys: Text) -> None:
    assert main([str(STANDARD), "--nonsense"]) == ExitStatus.USAGE
    assert " cohort --help" in capsys.readouterr().err
    assert main(["run", str(STANDARD)]) == ExitStatus.USAGE
    assert "python run_sim.py cohort " in capsys.readouterr().err


def test_cohorts_that_extend_each_other_in_a_circle_are_told(
    cohort_file: Callable[..., Path], capsys: Text
) -> None:
    file = cohort_file("extends: b.yaml\nname: a\n", "a")
    cohort_file("extends: a.yaml\nname: b\n", "b")
    assert cohort(file) == ExitStatus.USAGE
    assert "circle" in capsys.readouterr().err

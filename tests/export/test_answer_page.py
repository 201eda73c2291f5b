"""The page of an answer says what the numbers beside it say, with the figures it names, and is refused in words."""

import json
import re
from pathlib import Path

import pytest

from simulation.cli import main
from simulation.errors import ExitStatus
from tests.trial.conftest import TRIAL
from tests.trial.test_posterior import SETS


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("answer")
    (root / "sets.csv").write_text(SETS)
    changed = TRIAL.replace("patients: 6\n", "patients: 24\n")
    (root / "trial.yaml").write_text(changed + "parameters: sets.csv\npatients_per_set: 2\n")
    asked = [
        "--workers",
        "0",
        "--no-figures",
        "-q",
        "--out",
        str(root / "out"),
        "--page",
        str(root / "answer.md"),
    ]
    assert main(["compare", str(root / "trial.yaml"), *asked]) == ExitStatus.DONE
    return root / "answer.md"


def test_the_page_says_what_the_numbers_beside_it_say(page: Path) -> None:
    text, numbers = page.read_text(), json.loads(page.with_suffix(".json").read_text())
    assert f"**{numbers['answer']}**" in text
    kept = json.loads((page.parent / "out" / "comparison.json").read_text())
    assert numbers["uncertainty"] == kept["uncertainty"]
    assert (
        "## What the range consists of" in text and "## What decides" in text and "Which datum next" in text
    )
    assert "Other structures" not in text  # none was asked for
    assert numbers["provenance"]["model_sha256"][:12] in text and " compare " in text


def test_its_figures_stand_beside_it(page: Path) -> None:
    pictures = re.findall(r"\]\((\S+\.png)\)", page.read_text())
    assert {"answer_over_time.png", "answer_unknowns.png"} == set(pictures)
    for name in pictures:
        assert page.with_name(name).read_bytes().startswith(b"\x89PNG")


def test_tables_have_as_many_cells_as_their_heads(page: Path) -> None:
    for block in re.findall(r"(?:^\|.*\n)+", page.read_text(), re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1


@pytest.mark.parametrize(("name", "message"), [("page.txt", "Markdown"), ("nowhere/page.md", "folder")])
def test_a_name_that_is_no_page_is_told_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    (tmp_path / "trial.yaml").write_text(TRIAL)
    out = tmp_path / "out"
    asked = ["compare", str(tmp_path / "trial.yaml"), "--out", str(out), "--page", str(tmp_path / name)]
    assert main(asked) == ExitStatus.USAGE
    assert message in capsys.readouterr().err and not out.exists()


def test_a_part_of_a_trial_has_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trial.yaml").write_text(TRIAL)
    asked = ["--out", str(tmp_path / "out"), "--shard", "1/2", "--page", str(tmp_path / "page.md")]
    assert main(["compare", str(tmp_path / "trial.yaml"), *asked]) == ExitStatus.USAGE
    assert "--page is for the whole trial" in capsys.readouterr().err

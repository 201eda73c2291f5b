"""An outcome is declared once: everything that shows outcomes knows it from its own file."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.clinic.outcomes import EVERYONE, OUTCOMES, of_patient

ROOT = Path(__file__).resolve().parents[2]
EXTENDING = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")


def test_denominators_are_shares_and_survival_is_censored_by_a_flag() -> None:
    for declared in OUTCOMES.values():
        if declared.of_whom != EVERYONE:
            assert OUTCOMES[declared.of_whom].kind in ("share", "flag") and OUTCOMES[declared.of_whom].those
        if declared.censored:
            assert OUTCOMES[declared.censored].kind == "flag"
        if declared.kind == "share":
            assert declared.of is not None and not declared.stored


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ({"treatment_start_day": None, "mrd_negative_day": None}, None),
        ({"treatment_start_day": 3.0, "mrd_negative_day": None}, False),
        ({"treatment_start_day": 3.0, "mrd_negative_day": 30.0}, True),
    ],
)
def test_who_is_not_treated_is_left_out_of_responses(
    row: dict[str, float | None], value: bool | None
) -> None:
    assert of_patient("mrd_negative", row) is value


def test_the_example_outcome_shows_everywhere(tmp_path: Path) -> None:
    """One more file in the room is all that a new outcome takes."""
    example = EXTENDING.partition("<!-- example: outcome -->\n```python\n")[2].partition("```")[0]
    assert "class PeakBlasts" in example
    shutil.copytree(
        ROOT / "simulation", tmp_path / "simulation", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "simulation" / "clinic" / "outcomes" / "peak_blasts.py").write_text(example)
    text = "name: Short\nfollow_up: 20 d\ntime_step: 1 d\nmarrow: {rows: 2, columns: 2}\nmarrow_maps: []\n"
    (tmp_path / "short.yaml").write_text(text)
    sweep = "name: S\nscenario: short.yaml\nparameters: {n_residual_blasts: [1000 cells, 1e7 cells]}\n"
    sweep += "design: {kind: grid}\nreplicates: 2\n"
    (tmp_path / "sweep.yaml").write_text(sweep + "outcomes: [peak_blasts, peak_above_a_million]\n")
    arms = (
        "cohort: {name: c, between_patients: none}\npatients: 2\narms: {one: short.yaml, other: short.yaml}\n"
    )
    (tmp_path / "trial.yaml").write_text(
        "name: T\n" + arms + "outcomes: {secondary: [peak_above_a_million]}\n"
    )
    script = """
import sys, json
from simulation.cli import main
from simulation.results.document import results_tables
assert main(["run", "short.yaml", "--out", "run", "--quiet"]) == 0
assert main(["sweep", "sweep.yaml", "--out", "sweep", "--workers", "0", "--quiet"]) == 0
assert main(["analyze", "sweep", "--quiet"]) == 0
assert main(["compare", "trial.yaml", "--out", "trial", "--workers", "0", "--quiet"]) == 0
assert json.load(open("run/summary.json"))["peak_blasts"] > 0
assert "Most blasts at any time" in open("run/report.html").read()
assert "peak_blasts" in open("trial/patients.csv").read().split("\\n")[0]
assert json.load(open("trial/comparison.json"))["arms"]["one"]["shares"]["peak_above_a_million"]["of"] == 2
assert "Over a million blasts" in open("trial/report.html").read()
assert "peak_above_a_million" in open("sweep/analysis/report.html").read()
assert "peak_blasts" in results_tables()["outcomes"]
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr

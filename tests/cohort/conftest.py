"""Small cohorts and baselines."""

from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.cohort.draw import DrawnCohort, draw
from simulation.trial.load import load_cohort_arm

ROOT = Path(__file__).resolve().parents[2]
COHORTS = ROOT / "scenarios" / "cohorts"
STANDARD = COHORTS / "high_risk_all.yaml"
TEXT = """\
name: Made up
between_patients: none
patient:
  weight: {distribution: normal, mean: 70 kg, sd: 10 kg, source: assumption}
  rate_blast_net_growth: {distribution: lognormal, median: 0.07 /day, sigma: 0.3, source: "Someone 2001"}
  n_residual_blasts: {distribution: choice, values: [0 cells, 2e5 cells], weights: [1, 3], source: assumption}
  cl_blinatumomab: {distribution: uniform, low: 2 L/h, high: 3 L/h}
  t_cell_fitness: 1.2
"""


@pytest.fixture
def cohort_file(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str = TEXT, name: str = "made_up") -> Path:
        folder = tmp_path / "cohorts"
        folder.mkdir(exist_ok=True)
        file = folder / f"{name}.yaml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture
def drawn(cohort_file: Callable[..., Path]) -> DrawnCohort:
    cohort, scenario = load_cohort_arm(cohort_file())
    return draw(cohort, scenario, 3, 4000, followed=False)

"""A trial small enough for tests: a tiny marrow, steps of a day, six weeks, and relapses that come in time."""

from pathlib import Path

import pytest

from simulation.pool import HerePool
from simulation.trial.conduct import ConductedTrial, conduct
from simulation.trial.load import load_trial
from simulation.trial.schema import Trial

TRIAL = """\
name: Small trial
question: Is earlier better?
cohort:
  name: small cohort
  between_patients: none
  patient:
    weight: 70 kg
    rate_blast_net_growth: {distribution: uniform, low: 0.2 /day, high: 0.27 /day}
    n_residual_blasts: {distribution: loguniform, low: 1e6 cells, high: 1e7 cells}
    n_cd19_negative_reservoir: {distribution: choice, values: [0 cells, 1000 cells]}
patients: 6
seed: 3
follow_up: 42 d
landmark: 10 d

common:
  time_step: 1 d
  marrow: {rows: 3, columns: 3}
  monitoring:
    mrd: {first: day 4, every: 4 d, delay: 1 d}
    morphology: {first: day 4, every: 4 d}
  definitions: {overt_relapse: 1e-3, complete_remission: 1e-3}

arms:
  none:
    start: {when: never}
  late:
    start: {when: overt_relapse, delay: 1 d}
    blinatumomab: {dose: 28 ug/day, on: 14 d, off: 7 d, cycles: 2}
    dli: {cd3: [1e6/kg], first: day 3}
  early:
    start: {when: mrd, at_least: 1e-5, delay: 1 d}
    blinatumomab: {dose: 28 ug/day, on: 14 d, off: 7 d, cycles: 2}
    dli: {cd3: [1e6/kg], first: day 3}

main_comparison: {arm: early, versus: late}
outcomes: {primary: current_leukaemia_free_days}
subgroups: [rate_blast_net_growth, n_residual_blasts]
"""


@pytest.fixture
def trial_file(tmp_path: Path) -> Path:
    path = tmp_path / "trial.yaml"
    path.write_text(TRIAL)
    return path


@pytest.fixture
def trial(trial_file: Path) -> Trial:
    return load_trial(trial_file)


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> ConductedTrial:
    folder = tmp_path_factory.mktemp("trial")
    (folder / "trial.yaml").write_text(TRIAL)
    with HerePool() as pool:
        return conduct(load_trial(folder / "trial.yaml"), folder / "out", pool)

"""A trial and a sweep of the same patients give the same numbers under the same names, whatever else is recorded."""

from pathlib import Path

import numpy as np
import pytest

from simulation.clinic.outcomes import OUTCOMES
from simulation.pool import HerePool
from simulation.sweep.execute import execute
from simulation.sweep.load import load_sweep
from simulation.sweep.outcomes import numeric, outcome_value
from simulation.sweep.prepare import check_sweep, prepare
from simulation.sweep.table import Table
from simulation.trial.conduct import conduct
from simulation.trial.load import load_trial
from tests.trial.conftest import TRIAL

SWEEP = """\
name: The trial's patients
trial: trial.yaml
parameters: {phi_bm: [0.5]}
design: {kind: grid}
outcomes: [relapse, {cd3_at_20: {column: cd3_per_ul, at: day 20}}]
"""


@pytest.mark.parametrize("trajectory", [False, True])
def test_shares_and_days_of_a_sweep_are_those_of_the_trial(tmp_path: Path, trajectory: bool) -> None:
    text = TRIAL.replace("common:\n", "common:\n  parameters: {phi_bm: 0.5}\n")
    (tmp_path / "trial.yaml").write_text(text)
    sweep_text = SWEEP if trajectory else SWEEP.replace(", {cd3_at_20: {column: cd3_per_ul, at: day 20}}", "")
    (tmp_path / "sweep.yaml").write_text(sweep_text)
    with HerePool() as pool:
        arms = conduct(load_trial(tmp_path / "trial.yaml"), tmp_path / "trial", pool).view.comparison["arms"]
    sweep = load_sweep(tmp_path / "sweep.yaml")
    plan = prepare(sweep, tmp_path / "sweep", check_sweep(sweep), resume=False)
    execute(tmp_path / "sweep", plan, workers=0)
    rows = list(Table(tmp_path / "sweep", plan).rows())
    assert len(rows) == 18 and {row["status"] for row in rows} == {"done"}
    shares = {name: one for name, one in OUTCOMES.items() if one.kind in ("flag", "share")}
    for arm, message in arms.items():
        mine = [row for row in rows if row["arm"] == arm]
        for name in shares:
            values = np.array([outcome_value(numeric(name), row) for row in mine])
            counted = values[np.isfinite(values)]
            assert (counted.sum(), counted.size) == (
                message["shares"][name]["count"],
                message["shares"][name]["of"],
            ), name
        for name in message["rmst"]:
            assert np.mean([row[name] for row in mine]) == pytest.approx(message["rmst"][name]["value"]), name
        if trajectory:
            assert all(row["cd3_at_20"] > 0 for row in mine)
    assert arms["none"]["shares"]["mrd_negative"]["of"] == 0 < arms["none"]["shares"]["relapse"]["count"]

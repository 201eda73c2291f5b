"""Predictive intervals: they hold the truth as often as they say, know the study's error, and sets reach every check."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.calibration.estimate import Statistic
from simulation.calibration.experiments import Simulator
from simulation.calibration.settings import Candidate
from simulation.calibration.targets import load_targets
from simulation.cli import main
from simulation.errors import ExitStatus, OtherScenario, UserError
from simulation.parameters import ParameterTable
from simulation.posterior import ParameterSet, in_force, load_posterior
from simulation.validation import predictive
from simulation.validation.check import Effort
from simulation.validation.patients import FIDELITY, follow, small
from simulation.validation.predictive import KEPT, do, predict, predicted
from simulation.validation.predictive_page import predictive_document, predictive_markdown, write_predictive

TARGETS = load_targets()
POSTERIOR = load_posterior("posterior")
EFFORT = Effort(0.01)


@pytest.mark.parametrize(
    ("between", "least", "most"), [(0.0, 0.92, 0.99), (0.5, 0.92, 0.983), (2.0, 0.92, 0.983)]
)
def test_the_interval_holds_what_was_observed_as_often_as_it_says(
    between: float, least: float, most: float
) -> None:
    """400 made studies, 12 sets, Monte-Carlo error 0.1: three standard errors, 0.033, about 0.95.

    Where sets do not differ the interval is a little too wide, as a variance is never below 0.
    """
    rng, target = np.random.default_rng(5), TARGETS["C8_d7"]
    target = replace(target, tolerance=0.0)
    inside = []
    for _ in range(400):
        sets = rng.normal(0.4, between, 12)
        observed = rng.normal(0.4, between) + rng.normal(0.0, target.se)
        one_target = predicted(
            replace(target, observed=math.exp(observed)), (sets + rng.normal(0, 0.1, 12)).tolist(), [0.1] * 12
        )
        inside.append(one_target.inside)
    assert least <= np.mean(inside) <= most


def test_monte_carlo_error_widens_nothing_that_more_patients_would_not() -> None:
    target = TARGETS["C1"]
    points = [-0.3, 0.1, -0.1, 0.2]
    rough, sharp = predicted(target, points, [0.2] * 4), predicted(target, points, [0.0] * 4)
    assert rough.between < sharp.between and rough.high - rough.low < sharp.high - sharp.low
    assert 0 < sharp.low < sharp.median < sharp.high < 1
    nobody = predicted(target, [math.nan, 0.1], [math.nan, 0.1])
    assert math.isnan(nobody.low) and not nobody.inside


def test_a_set_reaches_what_a_check_simulates_and_nothing_afterwards() -> None:
    """What a check reads of the table is the set's: values, how patients differ, and what the very course becomes."""
    table = ParameterTable.load()
    chosen = ParameterSet(
        {"rate_kill_max": 3.0, "rate_homeostatic_division": 0.3, "n_effectors_half_damage": 1e6},
        {"n_effectors_half_damage": 2.0},
        {"t_cell_fitness": 0.5},
    )
    plan = {"follow_up": "8 d", "start": {"when": "day", "day": "day 1"}}
    before = follow(small("preemptive", plan))
    with in_force(chosen):
        assert ParameterTable.load()["rate_kill_max"].value == 3.0
        spread = ParameterTable.load()["n_effectors_half_damage"].between_patients
        assert spread is not None and (spread.first, spread.second) == pytest.approx((1e6, 2.0), rel=1e-12)
        fitness = ParameterTable.load()["t_cell_fitness"].between_patients
        assert fitness is not None and fitness.weights[-1] == 0.5
        inside = follow(small("preemptive", plan))
    assert ParameterTable.load() is table
    written = follow(
        small(
            "preemptive",
            plan
            | {
                "parameters.rate_kill_max": "3 /day",
                "parameters.n_effectors_half_damage": "1e6 /kg",
                "parameters.rate_homeostatic_division": "0.3 /day",
            },
        )
    )
    assert inside.values == written.values
    course = [life.columns()["tcon_cells"].tolist() for life in (before, inside, written)]
    assert course[1] == course[2] != course[0]


def test_targets_under_a_set_are_those_of_the_fits() -> None:
    chosen = POSTERIOR.set(3)
    (answer,) = do((("T-mrd", 3, chosen, EFFORT),))
    result = Simulator(EFFORT.seed, {"mrd": 2}, FIDELITY, first_patient=3 * 10_000).statistics(
        "mrd", Candidate(chosen.values, chosen.spreads, chosen.shares)
    )
    assert answer["targets"]["C4"] == [result["undetected"].point, result["undetected"].se]


def fake(runs: Any) -> list[dict[str, Any]]:
    """Stand in for the checks: targets as observed but for N18, facts that hold under even sets."""
    messages: list[dict[str, Any]] = []
    for key, k, *_ in runs:
        if key.startswith("T-"):
            rows = {}
            for name, target in TARGETS.items():
                if target.use != "not_used" and target.experiment == key[2:]:
                    at = -target.gap(Statistic(0.0, 0.0, 0.0, 1, target.scale))
                    rows[name] = [at + (9.0 if name == "N18" else 0.01 * k), 0.001]
            messages.append({"targets": rows})
        else:
            measured = [{"name": "x", "unit": "d", "value": float(k)}]
            messages.append({"facts": [{"status": "fail" if k % 2 else "pass", "measured": measured}]})
    return messages


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictive, "do", fake)


@pytest.mark.usefixtures("faked")
def test_the_page_counts_what_lies_inside_and_names_what_does_not(tmp_path: Path) -> None:
    prediction = predict(POSTERIOR, 4, EFFORT, folder=tmp_path)
    inside, of, low, high = prediction.coverage()
    assert of == len([t for t in TARGETS.values() if t.use != "not_used"]) and inside == of - 1
    assert low < inside / of < high
    assert [one.target.id for one in prediction.targets if not one.inside] == ["N18"]
    write_predictive(prediction, POSTERIOR, EFFORT, tmp_path)
    page = (tmp_path / "predictive.md").read_text()
    assert "* **N18** " in page and "| 2 / 0 / 2 |" in page and "x 1.5 (0–3) d" in page
    document = json.loads((tmp_path / "predictive.json").read_text())
    assert document["coverage"]["all"]["inside"] == inside and document["parameter_sets"]["taken"] == 4
    assert (tmp_path / "predictive.png").stat().st_size > 10_000
    assert predictive_document(prediction, POSTERIOR, EFFORT)["complete"]


@pytest.mark.usefixtures("faked")
def test_stopped_work_is_gone_on_with_and_other_work_is_refused(tmp_path: Path) -> None:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    half = predict(POSTERIOR, 3, EFFORT, folder=tmp_path, should_stop=stop)
    assert half.stopped and "Not complete" in predictive_markdown(half, POSTERIOR, EFFORT)
    kept = json.loads((tmp_path / KEPT).read_text())["runs"]
    whole = predict(POSTERIOR, 3, EFFORT, folder=tmp_path, resume=True)
    assert len(kept) > 0 and not whole.stopped
    assert whole == predict(POSTERIOR, 3, EFFORT)
    with pytest.raises(OtherScenario, match="other sets, checks"):
        predict(POSTERIOR, 4, EFFORT, folder=tmp_path, resume=True)
    (tmp_path / KEPT).write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        predict(POSTERIOR, 3, EFFORT, folder=tmp_path, resume=True)


@pytest.mark.usefixtures("faked")
def test_the_command_writes_a_page_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["validate", "--posterior", "--quick", "--sets", "2", "--workers", "1", "--out", str(tmp_path)]
    assert main([*words, "--part", "targets"]) == ExitStatus.DONE
    output = capsys.readouterr()
    assert "not fitted" in output.out and "times a whole validation" in output.err
    assert {p.name for p in tmp_path.iterdir()} == {
        "predictive.md",
        "predictive.json",
        "predictive.png",
        KEPT,
    }
    for wrong in (["--early"], ["--part", "theory"], ["--shard", "1/2"]):
        assert main([*words, *wrong]) == ExitStatus.USAGE
    assert main(["validate", "--sets", "3"]) == ExitStatus.USAGE
    assert "needs --posterior" in capsys.readouterr().err

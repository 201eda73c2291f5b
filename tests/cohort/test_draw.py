"""The persons are those of every trial, and their first weeks those of a whole run."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from simulation.body.virtual_patient import patient_values
from simulation.cohort.draw import COUNTS_PER_UL, DAYS_COUNTED, FOLLOWED_DAYS, draw, early_scenario, follow
from simulation.cohort.measures import MEASURES
from simulation.life import Life
from simulation.trial.load import load_cohort_arm, load_quick_trial, load_trial
from simulation.trial.task import TrialWork
from tests.cohort.conftest import COHORTS, ROOT, STANDARD


def test_patients_are_those_that_compare_treats(tmp_path: Path) -> None:
    trial = load_trial(ROOT / "scenarios" / "trials" / "therapeutic_vs_preemptive.yaml")
    drawn = draw(*load_cohort_arm(STANDARD), trial.seed, 5, followed=False)
    for arm in trial.arms:
        for patient in range(5):
            treated = patient_values(arm.scenario, trial.seed, patient)
            for name, _ in drawn.cohort.varies:
                assert drawn.values[name][patient] == treated[name], (arm.key, name)
    assert len({drawn.values["weight"][patient] for patient in range(5)}) == 5


def test_the_rows_that_compare_stores_hold_the_same_person(cohort_file: Callable[..., Path]) -> None:
    file = cohort_file()
    names = [str(ROOT / "scenarios" / f"{name}.yaml") for name in ("no_treatment", "blinatumomab_only")]
    short = [("marrow.rows", 3, ""), ("marrow.columns", 3, ""), ("marrow_maps", [], "")]
    trial = load_quick_trial(names, [("follow_up", "2 d", ""), ("seed", 9, "")], short, str(file))
    work = TrialWork(trial, Path(), None)  # type: ignore[arg-type]
    drawn = draw(*load_cohort_arm(file), 9, 4, followed=False)
    for row in work.rows(3, 0, tuple(arm.key for arm in trial.arms)):
        assert row["weight"] == drawn.values["weight"][3]
        assert row["cl_blinatumomab"] == drawn.values["cl_blinatumomab"][3]


def test_patients_do_not_depend_on_how_many_there_are_and_seeds_differ() -> None:
    loaded = load_cohort_arm(STANDARD)
    few, many = (draw(*loaded, 1, n, followed=False) for n in (3, 12))
    other = draw(*loaded, 2, 3, followed=False)
    for name, _ in few.cohort.varies:
        assert np.array_equal(few.values[name], many.values[name][:3])
    assert not np.array_equal(few.values["weight"], other.values["weight"])


def test_first_weeks_are_read_from_the_course() -> None:
    """Follow patients who reach the last count before and after the day on which following may end first."""
    _, scenario = load_cohort_arm(STANDARD)
    calm = early_scenario(scenario)
    late = 0
    for patient in range(8):
        result = follow(calm, 1, patient)
        life = Life(calm, 1, patient)
        life.run()
        columns = life.columns()
        assert result["cd3_day_24"] == columns["cd3_per_ul"][24]
        for count in COUNTS_PER_UL:
            day = result[f"day_cd3_{count:g}"]
            at = int(np.flatnonzero(columns["day"] == day)[0])
            assert columns["cd3_per_ul"][at] >= count > columns["cd3_per_ul"][at - 1]
        late += result["day_cd3_100"] > DAYS_COUNTED[-1]
    assert 0 < late < 8


def test_a_count_that_is_not_reached_is_infinite_and_of_the_dead_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, scenario = load_cohort_arm(STANDARD)
    calm = early_scenario(scenario)
    short = calm.model_copy(update={"follow_up": 5.0})
    assert follow(short, 1, 0)["day_cd3_50"] == math.inf
    assert math.isnan(follow(short, 1, 0)["cd3_day_24"])
    finished = property(lambda life: life.day >= 5.0)
    monkeypatch.setattr(Life, "finished", finished)
    assert calm.follow_up == FOLLOWED_DAYS
    assert math.isnan(follow(calm, 1, 0)["day_cd3_50"])


def test_few_t_cells_come_later_in_the_variant_of_that_name() -> None:
    def day(name: str) -> float:
        drawn = draw(*load_cohort_arm(COHORTS / f"{name}.yaml"), 1, 8)
        return float(np.median(MEASURES["cd3_day_34"].of(drawn)))

    assert day("t_cell_lymphopenia") < 0.8 * day("high_risk_all")


def test_a_cohort_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one patient"):
        draw(*load_cohort_arm(STANDARD), 1, 0)

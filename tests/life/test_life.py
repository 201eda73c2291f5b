"""What a life promises: the same bytes, twins alike until their treatments part, and no cell from nowhere."""

import hashlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from simulation import load_scenario
from simulation.biology.order import AFTER_EVENTS, BEFORE_EVENTS
from simulation.life import Life
from simulation.scenario.schema import Scenario

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(p.stem for p in (ROOT / "scenarios").glob("*.yaml"))
# A small marrow and a leukaemia so fast that every shipped treatment comes within two months.
FAST = {
    "marrow.rows": 3,
    "marrow.columns": 3,
    "follow_up": "60 d",
    "patient.n_residual_blasts": "1e7 cells",
    "patient.rate_blast_net_growth": "0.27 /day",
    "patient.p_cd19_loss": "1e-7 /division",
}
STATED = {"stated_relapse": {"disease.on": "day 20"}}  # comes within two months, too


def shipped(name: str, **overrides: object) -> Scenario:
    return load_scenario(ROOT / "scenarios" / f"{name}.yaml", FAST | STATED.get(name, {}) | overrides)


def digest(life: Life) -> str:
    """Return a hash of everything a life leaves behind and of the whole population."""
    sha = hashlib.sha256()
    for name, values in life.columns().items():
        sha.update(name.encode() + values.tobytes())
    sha.update(repr(life.outcomes()).encode())
    sha.update(repr(tuple(life.clinic.events)).encode())
    for layers in life.maps:
        for layer in layers.layers.values():
            sha.update(layer.tobytes())
    sha.update(population(life))
    return sha.hexdigest()


def population(life: Life) -> bytes:
    """Return every cohort and every field of the body as bytes."""
    state = life.body.state
    pop, rows = state.pop, state.pop.rows()
    columns = (pop.cells, pop.code, pop.place, pop.uid, pop.traits)
    fields = (state.places.normal, state.places.normal_b, state.signals.suppression)
    numbers = (
        *state.plasma_pg_ml.values(),
        state.host_apc,
        state.tissue_integrity,
        state.crs_score,
        state.adaptation,
    )
    return (
        b"".join(c[rows].tobytes() for c in columns)
        + b"".join(f.tobytes() for f in fields)
        + repr(numbers).encode()
    )


def finished(scenario: Scenario, seed: int = 0, patient: int = 0) -> Life:
    life = Life(scenario, seed, patient)
    life.run()
    return life


@cache
def usual() -> str:
    """Return the digest of the life that several tests repeat in other ways."""
    return digest(finished(shipped("preemptive"), 3, 5))


@pytest.mark.parametrize("name", ["preemptive", "therapeutic"])
def test_same_seed_same_bytes_and_another_seed_or_patient_differs(name: str) -> None:
    scenario = shipped(name)
    first = digest(finished(scenario, 3, 5))
    assert digest(finished(scenario, 3, 5)) == first
    assert digest(finished(scenario, 4, 5)) != first
    assert digest(finished(scenario, 3, 6)) != first


SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from tests.life.test_life import digest, finished, shipped
print(digest(finished(shipped("preemptive"), 3, 5)))
"""


def test_same_bytes_in_other_processes_whatever_their_hash_seed() -> None:
    here = usual()
    script = SCRIPT.format(root=str(ROOT))
    for hash_seed in ("1", "2"):
        output = subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()[-1]
        assert output == here, (
            "usual causes: iteration over a set, hash() as a key, a generator with a state, time"
        )


def test_a_course_beside_another_has_the_bytes_of_one_alone() -> None:
    scenario = shipped("preemptive")
    alone = digest(finished(scenario, 1, 0))
    one, other = Life(scenario, 1, 0), Life(scenario, 2, 9)
    while not one.finished:
        one.step()
        if not other.finished:
            other.step()
    assert digest(one) == alone


@pytest.mark.parametrize("steps", [1, 17, 65, 100])
def test_a_copy_goes_on_with_the_bytes_of_a_straight_run(steps: int) -> None:
    scenario = shipped("preemptive")
    life = Life(scenario, 3, 5)
    for _ in range(steps):
        life.step()
    before = population(life)
    twin = life.copy()
    twin.run()
    assert population(life) == before, "stepping the copy changed the original"
    life.run()
    assert digest(twin) == digest(life) == usual()


def test_two_arms_are_identical_until_treatment_parts_them() -> None:
    treated = Life(shipped("preemptive"), 3, 5)
    natural = Life(shipped("no_treatment"), 3, 5)
    start = None
    while not natural.finished:
        if treated.clinic.course is None or not treated.clinic.course.begun(treated.day):
            assert population(treated) == population(natural), f"the arms differ already on day {treated.day}"
        elif start is None:
            start = treated.day
        treated.step()
        natural.step()
    assert start is not None
    assert start == treated.outcomes()["treatment_start_day"]
    a, b = treated.columns(), natural.columns()
    before = a["day"] <= start
    assert before.sum() > 20
    for name in a:
        np.testing.assert_array_equal(a[name][before], b[name][before], err_msg=name)
    assert (a["blasts_cells"][~before] < b["blasts_cells"][~before]).all(), "treatment did nothing"


def test_ten_more_cells_per_kg_change_nothing_before_its_day() -> None:
    dli = {"cd3": ["1e5/kg"], "first": "day 15", "every": "42 d"}
    courses = [
        Life(shipped("prophylactic", start={"when": "day", "day": "day 10"}, dli=dli | {"cd3": [dose]}), 3, 5)
        for dose in ("100000/kg", "100010/kg")
    ]
    one, more = courses
    infused = 10.0 + 14.0  # "day 15" of treatment is its 15th day
    while not one.finished:
        if one.day <= infused:
            assert population(one) == population(more), one.day
        one.step()
        more.step()
    assert more.body.state.infused - one.body.state.infused == 700
    assert population(one) != population(more)
    days = one.columns()["day"]
    same = one.columns()["tcon_cells"] == more.columns()["tcon_cells"]
    assert same[days <= infused].all()
    assert same[days > infused].mean() < 0.05  # counts some hundred cells apart meet now and then by chance


@pytest.mark.parametrize("name", SHIPPED)
def test_cells_are_conserved_at_every_step_of_every_shipped_scenario(name: str) -> None:
    life = Life(shipped(name, follow_up="80 d"), 7, 2)
    seen = 0
    while not life.finished:
        life.step()
        state = life.body.state
        assert state.pop.total_cells() == state.infused + state.births - state.deaths, life.day
        assert (state.pop.cells[: state.pop.top] >= 0).all()
        seen += int(state.tally[:, 1:].sum() > 0)
    assert seen > 100  # things did happen
    if life.scenario.start.when != "never":
        assert life.outcomes()["treatment_start_day"] is not None, "nothing was tested"
        if life.scenario.dli is not None:
            assert life.outcomes()["dli_count"]


def test_every_day_of_a_course_is_finite_and_within_bounds() -> None:
    columns = finished(shipped("therapeutic"), 7, 2).columns()
    for name, values in columns.items():
        if name not in ("marrow_et_ratio", "mrd_measured_fraction"):
            assert np.isfinite(values).all(), name
        if name.endswith("_fraction"):
            known = values[~np.isnan(values)]
            assert ((known >= 0.0) & (known <= 1.0)).all(), name
        elif not name.startswith("day"):
            assert (values >= 0.0).all(), name


def test_the_last_day_is_recorded_and_days_are_counted_not_summed() -> None:
    columns = finished(shipped("no_treatment", time_step="1 h")).columns()
    np.testing.assert_allclose(columns["day"], np.arange(0.0, 61.0), rtol=0, atol=1e-9)


def test_a_users_own_rule_acts_and_without_it_the_bytes_are_the_usual_ones() -> None:
    class Nothing:
        name, source = "nothing", "test"

        def act(self, state: object, dt: float) -> None:
            pass

    class Poison(Nothing):
        def act(self, state: object, dt: float) -> None:
            from simulation.biology.channels import Channel

            state.pop.hazard[state.blast_rows, Channel.DIE] += 1.0  # type: ignore[attr-defined]

    scenario = shipped("no_treatment", follow_up="20 d")
    usual = finished(scenario)
    idle = Life(scenario, rules=[Nothing()])
    idle.run()
    assert digest(idle) == digest(usual)
    poisoned = Life(scenario, rules=[Poison()])
    poisoned.run()
    assert poisoned.body.truth().blasts < 1e-3 * usual.body.truth().blasts


def test_the_order_of_the_step_names_every_process_once() -> None:
    names = [p.name for p in (*BEFORE_EVENTS, *AFTER_EVENTS)]
    assert len(names) == len(set(names))
    assert all(p.source.strip() for p in (*BEFORE_EVENTS, *AFTER_EVENTS))

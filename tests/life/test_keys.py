"""Chance events of one life are independent: what one draw gives says nothing of another."""

from typing import Any

import numpy as np
import pytest

from simulation.biology.traits import ALLOREACTIVE, CLASS, TCON
from simulation.body import Body
from simulation.body.virtual_patient import patient_values
from simulation.life import NOTHING, Life, simulate
from simulation.parameters import ParameterTable
from simulation.products.dli import DonorLymphocytes
from simulation.scenario.load import parse_scenario
from tests.keys import each_key_once

TEXT = "name: a test\nfollow_up: 40 d\nmarrow: {rows: 2, columns: 2}\n"
EMPTY: dict[str, Any] = {"graft.tcon": "0/kg", "graft.treg": "0/kg", "patient.n_residual_blasts": "0 cells"}


def _alloreactive(body: Body) -> int:
    pop = body.state.pop
    rows = pop.rows()
    rows = rows[CLASS.of(pop.code[rows]) == TCON]
    return int(pop.cells[rows][ALLOREACTIVE.of(pop.code[rows]) > 0].sum())


@pytest.mark.parametrize("tracked", [1, 14])
def test_two_infusions_of_one_moment_are_two_draws(tracked: int) -> None:
    # 400 seeds: the correlation of independent draws is within 0.2 but for a chance of 6e-5; the same draw gives 1
    scenario = parse_scenario(TEXT, EMPTY | {"resolution.tracked_infusions": tracked})
    counts = []
    for seed in range(400):
        body = Body(scenario, patient_values(scenario, 0, 0), seed, 0)
        body.apply(DonorLymphocytes(1_400_000, 0, 1))
        first = _alloreactive(body)
        body.apply(DonorLymphocytes(1_400_000, 0, 2))
        counts.append((first, _alloreactive(body) - first))
    first, second = np.array(counts, float).T
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.2


def test_a_key_used_twice_is_a_fault() -> None:
    scenario = parse_scenario(TEXT, EMPTY)
    body = Body(scenario, patient_values(scenario, 0, 0), 1, 0)
    body.apply(DonorLymphocytes(1_400_000, 0, 1))
    with each_key_once(), pytest.raises(AssertionError, match="has been used for"):
        for _ in range(2):
            body.apply(DonorLymphocytes(1_400_000, 0, 1))


def test_a_life_with_everything_in_one_step_uses_every_key_once() -> None:
    # the fixture of all tests watches; agents draw in kernels, by what they are and their serial number
    at_once = [
        {"day": "day 30", "give": "dli", "cd3": "1e5/kg"},
        {"day": "day 30", "give": "dli", "cd3": "1e5/kg", "treg_per_tcon": 1},
        {"day": "day 30", "test": "marrow"},
        {"day": "day 30", "test": "marrow"},
    ]
    keys = {
        "orders": at_once,
        "start": {"when": "day", "day": "day 30"},
        "cytoreduction": {"log10_kill": 1, "before": "0 d"},
        "dli": {"cd3": ["1e5/kg"]},
        "monitoring.morphology.first": "day 29",
        "monitoring.blood.first": "day 30",
        "monitoring.blood.blasts_at_least": "1e-6 /uL",
        "follow_up": "32 d",
        "patient.n_residual_blasts": "1e7 cells",
    }
    life = Life(parse_scenario(TEXT, keys), 1)
    while not life.finished:
        life.step()
        pop = life.body.state.pop
        rows = pop.rows()
        agents = set(zip(pop.codes(rows).tolist(), pop.place[rows].tolist(), strict=True))
        assert len(agents) == len(rows)
    assert life.outcomes()["dli_count"] == 3


def test_lives_with_a_common_past_may_draw_the_same() -> None:
    keys = {"start": {"when": "day", "day": "day 35"}, "dli": {"cd3": ["1e5/kg", "1e5/kg"], "every": "2 d"}}
    pair = [parse_scenario(TEXT), parse_scenario(TEXT, keys)]
    assert [one.outcomes()["dli_count"] for one in simulate(pair, seed=3, record=NOTHING)] == [0, 2]


def test_no_two_names_of_streams_are_one() -> None:
    import zlib

    names = [f"patient {name}" for name in ParameterTable.load()]
    names += [
        "events",
        "sanctuary",
        "alloreactive",
        "cytoreduction",
        "seed blasts",
        "seed cd19_negative",
        "seed hla_lost",
    ]
    names += [
        f"clinic {name}" for name in ("aspirate", "mrd", "morphology", "mrd_cd19", "morphology_cd19", "death")
    ]
    assert len({zlib.crc32(name.encode()) for name in names}) == len(names)

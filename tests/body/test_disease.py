"""A stated disease: so many blasts that the marrow shows what was stated, on its day, and every cell is counted."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import solve_ivp

from simulation import UserError
from simulation.biology.antigens import CD19
from simulation.biology.normal_marrow import NormalMarrow
from simulation.biology.places import PlaceKind
from simulation.biology.traits import BLAST, CLASS
from simulation.body import Body
from simulation.body.disease import GROWN_BY, grown_outside, put_in
from simulation.parameters import ParameterTable
from simulation.scenario.disease import Disease

from .patients import patient

ON = 3.0
WITH_T_CELLS = {"graft.tcon": "1e6 cells/kg", "patient.n_cd19_negative_reservoir": "1 cells"}


def on_the_day(stated: dict[str, Any], **overrides: Any) -> Body:
    """Return a patient on day 3, when the disease has just come."""
    body = patient(**{"disease": {"on": f"day {ON:g}"} | stated}, **overrides)
    while body.day < ON:
        assert body.truth().blasts == 0
        body.step()
    return body


def kept(body: Body) -> bool:
    state = body.state
    return bool(state.pop.total_cells() == state.infused + state.births - state.deaths)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("share", [1e-11, 1e-9, 1e-6, 1e-3, 0.05, 0.3, 0.5, 0.8, 0.9, 0.95])
def test_the_marrow_shows_what_is_stated_within_one_cell(share: float, seed: int) -> None:
    # day 3: normal cells fill a part of their room, so that blasts displace them from some share on
    body = on_the_day({"marrow": share}, seed=seed, **WITH_T_CELLS)
    truth = body.truth()
    assert truth.marrow_t_cells > 0
    beyond = truth.marrow_blasts - share * truth.marrow_cells
    assert -1e-3 <= beyond <= 1.0  # 1e-3 cells: the rounding of sums of 1e12
    assert kept(body)
    body.step()
    assert kept(body)


def test_the_share_is_met_where_what_is_displaced_depends_on_where_blasts_fell() -> None:
    # every niche has just the room that an even spread would need: where more fall, they displace, where fewer, they do not
    for seed in range(1, 6):
        body = patient(
            seed=seed, **{"marrow.rows": 4, "marrow.columns": 4}
        ).copy()  # which has drawn no blasts yet
        places = body.state.places
        places.normal[:16] = 0.6 * places.room[:16]
        put_in(body, Disease.model_validate({"on": "day 0", "marrow": 0.4}))
        truth = body.truth()
        displaced = 0.6 * places.room[:16].sum() - places.normal[:16].sum()
        assert displaced > 1e5
        assert -1e-3 <= truth.marrow_blasts - 0.4 * truth.marrow_cells <= 1.0


def test_normal_cells_are_what_the_law_leaves_and_nothing_else_is_set() -> None:
    healthy = on_the_day({"mrd": 1e-11}, **WITH_T_CELLS)
    body = on_the_day({"marrow": 0.8}, **WITH_T_CELLS)
    before, places = healthy.state.places.normal.copy(), body.state.places
    after = places.normal.copy()
    body.state.take_census()
    NormalMarrow().act(body.state, math.inf)  # at rest
    niches = places.marrow
    np.testing.assert_allclose(after[niches], np.minimum(before[niches], places.normal[niches]))
    assert (after[niches] < before[niches]).all()
    assert (after[niches] >= 0.05 * places.room[niches] * (1 - 1e-12)).all(), "fraction_marrow_spared"
    np.testing.assert_array_equal(after[places.n_niches :], before[places.n_niches :])
    np.testing.assert_array_equal(places.normal_b, healthy.state.places.normal_b)
    healthy.state.take_census()
    np.testing.assert_array_equal(body.state.census.t_cells, healthy.state.census.t_cells)


def test_blasts_are_spread_as_residual_ones_are() -> None:
    blasts = on_the_day({"mrd": 1e-5}).truth().niche_blasts
    total = blasts.sum()
    assert np.abs(blasts - total / 4).max() < 5 * (total * 3 / 16) ** 0.5  # binomial
    assert blasts.std() > 0
    places = {int(np.argmax(on_the_day({"mrd": 1e-11}, seed=s).truth().niche_blasts)) for s in range(30)}
    assert places == {0, 1, 2, 3}


def test_blood_and_site_are_in_balance_with_the_marrow() -> None:
    body = on_the_day(
        {"marrow": 0.2, "outside": "1e8 cells"}, **{"patient.n_extramedullary_cells": "1e9 cells"}
    )
    truth, p = body.truth(), body.values
    assert truth.extramedullary_blasts == 10**8
    blood = truth.blasts - truth.marrow_blasts - truth.extramedullary_blasts
    entering = (truth.marrow_blasts + truth.extramedullary_blasts) * p.rate_blast_to_blood
    leaving = blood * (
        p.rate_blast_blood_to_marrow + p.rate_blast_blood_to_extramedullary + p.rate_blast_death
    )
    assert entering == pytest.approx(leaving, rel=1e-6)
    nowhere = on_the_day({"marrow": 0.2}, processes={"blast_spread": "off"}).truth()
    assert nowhere.blasts == nowhere.marrow_blasts


def test_without_a_site_nothing_goes_there() -> None:
    body = on_the_day({"marrow": 0.2}, **{"marrow.extramedullary_site": False})
    truth, p = body.truth(), body.values
    entering = truth.marrow_blasts * p.rate_blast_to_blood
    leaving = (truth.blasts - truth.marrow_blasts) * (p.rate_blast_blood_to_marrow + p.rate_blast_death)
    assert entering == pytest.approx(leaving, rel=1e-6)


def test_reservoirs_come_on_the_day_and_are_part_of_the_share() -> None:
    body = on_the_day({"mrd": 1e-9}, **{"patient.n_cd19_negative_reservoir": "70 cells"})
    truth = body.truth()
    assert truth.lost["cd19"] == 70
    assert 0 <= truth.marrow_blasts - 1e-9 * truth.marrow_cells < 1
    pop = body.state.pop
    rows = pop.rows()
    assert pop.cells[rows][(pop.codes(rows) & CD19.lost.mask) > 0].sum() == 70
    with pytest.raises(UserError, match="70 blasts of the reservoirs alone"):
        on_the_day({"mrd": 1e-11}, **{"patient.n_cd19_negative_reservoir": "70 cells"})


def test_a_patient_whose_marrow_or_site_has_no_room_is_refused() -> None:
    crowded = {"graft.tcon": "1e10 cells/kg"}
    with pytest.raises(UserError, match=r"does not show 96 %"):
        on_the_day({"marrow": 0.96}, **crowded)
    rooms = {"distribution": "choice", "values": ["0 cells", "1e9 cells"]}
    keys = set()
    for number in range(12):
        try:
            plan = {"disease": {"on": "day 3", "marrow": 0.2, "outside": "1e8 cells"}}
            body = patient(number=number, **plan, **{"patient.n_extramedullary_cells": rooms})
        except UserError as error:
            keys.add(error.errors[0].key)
            assert "this patient has no place for blasts" in str(error)
        else:
            assert body.state.places.index(PlaceKind.EXTRAMEDULLARY) >= 0
            keys.add("room")
    assert keys == {"disease.outside", "room"}


@pytest.mark.parametrize(
    ("room", "share"), [(1e10, 0.3), (1e10, 1e-4), (3e7, 0.7), (100.0, 0.05), (1.5, 1e-3)]
)
def test_what_has_grown_outside_is_what_the_means_of_the_laws_give(room: float, share: float) -> None:
    p = {name: ParameterTable.load()[name].value for name in GROWN_BY} | {"n_extramedullary_cells": room}
    capacity = p["factor_blast_capacity"] * p["n_marrow_cells_per_kg"] * p["weight"]
    growth, leave = p["rate_blast_net_growth"], p["rate_blast_to_blood"]
    back, out = p["rate_blast_blood_to_marrow"], p["rate_blast_blood_to_extramedullary"]
    reached = share * p["n_marrow_cells_per_kg"] * p["weight"]

    def laws(_: float, y: npt.NDArray[np.float64]) -> list[float]:
        marrow, blood, site = y.tolist()
        return [
            growth * marrow * (1 - marrow / capacity),
            leave * (marrow + site) - (back + out + p["rate_blast_death"]) * blood,
            out * blood + growth * site * (1 - site / room) - leave * site,
        ]

    taken = math.log((capacity - 1) * reached / (capacity - reached)) / growth  # days from one cell on
    solved = solve_ivp(laws, (0, taken), [1.0, 0.0, 0.0], rtol=1e-8, atol=1e-9, method="LSODA")
    assert solved.y[0, -1] == pytest.approx(reached, rel=1e-4)
    assert grown_outside(p, share) == pytest.approx(
        solved.y[2, -1], rel=0.12
    )  # blood lags behind growth by a day
    assert (
        grown_outside(p | {"rate_blast_to_blood": 0.06, "rate_blast_net_growth": 0.05}, share) > 0.0
    )  # the site itself declines
    assert grown_outside(p | {"rate_blast_blood_to_extramedullary": 1e-12}, share) < 1.0
    for nothing in ("n_extramedullary_cells", "rate_blast_blood_to_extramedullary", "rate_blast_net_growth"):
        assert grown_outside(p | {nothing: 0.0}, share) == 0.0


def test_outside_the_marrow_is_what_is_stated_or_else_what_the_disease_has_left_there() -> None:
    def outside(body: Body) -> int:
        pop, site = body.state.pop, body.state.places.index(PlaceKind.EXTRAMEDULLARY)
        return int(pop.cells[pop.rows()][pop.place[pop.rows()] == site].sum())

    room = {"patient.n_extramedullary_cells": "1e8 cells", "graft.tcon": "0 cells/kg",
            "parameters.rate_blast_blood_to_extramedullary": "1e-3 /day"}  # fmt: skip
    grown = on_the_day({"marrow": 0.3}, **room)
    assert outside(grown) == int(grown_outside(grown.values, 0.3)) > 1e6
    assert outside(on_the_day({"marrow": 0.3, "outside": "5 cells"}, **room)) == 5
    assert outside(on_the_day({"marrow": 0.3, "outside": "0 cells"}, **room)) == 0
    assert outside(on_the_day({"marrow": 0.3}, **room, **{"processes.blast_spread": False})) == 0
    on_the_day(
        {"marrow": 0.3}, **room, **{"marrow.extramedullary_site": False}
    )  # nowhere to be, and no error


def test_on_the_day_of_transplant() -> None:
    plan = {"disease": {"on": "day 0", "mrd": 1e-3}, "graft.treg": "1e6 cells/kg"}
    body = patient(**plan)
    assert (body.day, body.truth().blasts) == (-4.0, 0)
    while body.day < 0.0:
        body.step()
    truth = body.truth()
    assert 0 <= truth.marrow_blasts - 1e-3 * truth.marrow_cells <= 1
    assert kept(body)


def test_a_copy_gets_the_disease_of_its_original() -> None:
    body = patient(**{"disease": {"on": "day 1", "marrow": 0.3}})
    body.step()
    twin = body.copy()
    for one in (body, twin):
        while one.day < 1.0:
            one.step()
    rows = body.state.pop.rows()
    assert (CLASS.of(body.state.pop.codes(rows)) == BLAST).any()
    np.testing.assert_array_equal(body.truth().niche_blasts, twin.truth().niche_blasts)


def test_one_agent_a_cell_is_refused_before_the_first_step() -> None:
    with pytest.raises(UserError, match="each an agent of its own"):
        patient(**{"disease": {"on": "day 3", "marrow": 0.3}, "resolution.cells_per_agent": 1})

"""Traits, antigens, channels and places are declarations: a new one changes no process and no book."""

from itertools import combinations

import numpy as np
import pytest

from simulation.biology.antigens import ANTIGENS, CD19
from simulation.biology.channels import N_CHANNELS, TO_KIND, channels
from simulation.biology.order import Order
from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.biology.traits import (
    ALLOREACTIVE,
    BLAST,
    CLASS,
    CLONE,
    DIVISIONS_LEFT,
    HAEMATOPOIETIC,
    ORIGIN,
    STAGE,
    TAG,
    TCON,
    encode,
    exhaustion_of,
)
from simulation.engine.population import Population
from simulation.engine.rules import DIE, GOTO
from simulation.in_vitro.load import parse_experiment
from simulation.in_vitro.wells import Well
from simulation.parameters import ParameterTable, ParameterValues
from simulation.products.blinatumomab import BLINATUMOMAB
from tests.biology.lab import ANTI_CD22, CD22, Lab
from tests.in_vitro.plates import CYTOTOXICITY

FIELDS = (CLASS, HAEMATOPOIETIC, ALLOREACTIVE, STAGE, DIVISIONS_LEFT, ORIGIN, CLONE, TAG)


def test_no_two_fields_of_the_code_share_a_bit() -> None:
    for one, other in combinations((*FIELDS, *(antigen.lost for antigen in ANTIGENS)), 2):
        assert not one.mask & other.mask, (one.name, other.name)
        assert max(one.mask, other.mask) < 2**63


def test_a_code_says_what_was_put_into_it_and_unknown_traits_are_refused() -> None:
    code = encode(TCON, alloreactive=True, stage=2, origin=7, clone=4000, tag=3, lost=[CD19])
    values = [field.of(code) for field in (CLASS, ALLOREACTIVE, STAGE, DIVISIONS_LEFT, ORIGIN, CLONE, TAG)]
    assert values == [TCON, 1, 2, 0, 7, 4000, 3]
    assert CD19.lost.of(code) == 1
    with pytest.raises(TypeError, match="no trait 'colour'"):
        encode(BLAST, colour=1)


def test_a_third_continuous_trait_is_no_exhaustion() -> None:
    traits = np.array([0.125, 0.25, 0.9])
    assert exhaustion_of(traits[None]).tolist() == [0.375]
    culture = Well(
        parse_experiment(CYTOTOXICITY, {}),
        ParameterValues(ParameterTable.load().values()),
        1,
        0,
        "third trait",
    )
    culture.state.pop = Population(1, 3, culture.state.channels.effect.size)
    culture.add(encode(TCON), 1000, traits)
    assert culture.mean_exhaustion() == 0.375
    culture.state.take_census()
    assert culture.state.census.exhaustion[0] == 375.0


def test_a_new_way_to_die_keeps_the_books() -> None:
    class Radiation:
        name, source = "radiation", "test"

        def act(self, state: State, dt: float) -> None:
            state.pop.hazard[state.blast_rows, N_CHANNELS] += 1.0

    lab, table = Lab(PlaceKind.MARROW, PlaceKind.BLOOD), channels(4)
    table = table._replace(effect=np.append(table.effect, DIE), operand=np.append(table.operand, 0))
    state = State(lab.values, lab.places, table, (BLINATUMOMAB,), 1)
    state.pop.add(encode(BLAST), 0, 10_000)
    state.infused = 10_000
    Order([Radiation()], []).advance(state, 0.5)
    assert 3_000 < state.deaths < 5_000
    assert state.pop.total_cells() == state.infused + state.births - state.deaths


@pytest.mark.parametrize("kind", [kind for kind in PlaceKind if kind is not PlaceKind.WELL])
def test_cells_that_go_to_a_kind_of_place_arrive_in_one(kind: PlaceKind) -> None:
    class Move:
        name, source = "move", "test"

        def act(self, state: State, dt: float) -> None:
            state.pop.hazard[state.t_rows, TO_KIND[kind]] = 50.0

    lab = Lab(PlaceKind.MARROW, PlaceKind.MARROW, *(k for k in PlaceKind if k is not PlaceKind.MARROW))
    assert lab.state.channels.effect[TO_KIND[kind]] == GOTO
    lab.add(encode(TCON), 1e6, place=lab.places.index(PlaceKind.WELL))
    Order([Move()], []).advance(lab.state, 1.0)
    assert lab.take_census().tcon[lab.places.kind == kind].sum() == 1e6


def test_nobody_goes_into_a_culture_well() -> None:
    assert TO_KIND[PlaceKind.WELL] == -1


def test_an_antigen_of_ones_own_is_counted_and_lost_like_the_others() -> None:
    lab = Lab(PlaceKind.WELL, engagers=(BLINATUMOMAB, ANTI_CD22), p_cd19_loss=1e-3)
    lab.places.blast_capacity[:] = 1e12
    lab.add(encode(BLAST), 1e7)
    lab.add(encode(BLAST, lost=[CD22]), 300)
    census = lab.take_census()
    assert (census.blasts_with(CD22)[0], census.blasts_with(CD19)[0]) == (1e7, 1e7 + 300)
    lab.run(5.0, 0.25, "blast_growth", "antigen_loss")
    assert lab.cells(BLAST, mask=CD22.lost.mask, value=CD22.lost.mask) > 1_000

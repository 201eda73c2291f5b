"""Every process can be switched off from YAML, and then has no effect; unknown names are refused."""

import ast
import inspect
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from simulation import UserError
from simulation.biology.antigens import ANTIGENS
from simulation.biology.channels import N_CHANNELS, TO_KIND, Channel
from simulation.biology.drugs import PLAIN_DRUGS
from simulation.biology.exchange import rates_of
from simulation.biology.order import _COUNT, _DRAW, _PARTS, AFTER_EVENTS, BEFORE_EVENTS, Order
from simulation.biology.places import PlaceKind
from simulation.biology.state import Process, State
from simulation.biology.step import step
from simulation.biology.traits import (
    BLAST,
    CLASS,
    DIVISIONS_LEFT,
    EFFECTOR,
    ENGAGED_TCON,
    ENGAGED_TREG,
    ORIGIN,
    ORIGIN_THYMUS,
    TCON,
    TREG,
    encode,
)
from simulation.body import Body
from simulation.engine.events import BEGIN
from simulation.parameters.processes import PROCESS_NAMES
from simulation.products.immunosuppression import Exposure
from simulation.products.pump import Rate
from simulation.scenario.load import parse_scenario
from tests.biology.lab import PROCESSES
from tests.body.patients import patient

T_CELLS = (TCON, TREG, ENGAGED_TCON, ENGAGED_TREG)


def busy_body(*off: str) -> Body:
    """Return a body in which every process has something to do, with some processes switched off."""
    deadly = {"parameters.p_death_cyclophosphamide": 1, "parameters.factor_cyclophosphamide_treg": 1}
    body = patient(
        processes=dict.fromkeys(off, "off"), **deadly, **{"parameters.p_cd19_loss": "1e-6 /division"}
    )
    state = body.state
    state.day = state.start_day = 200.0
    state.p.day_thymus, state.p.n_thymic_output = 100.0, 1e7  # type: ignore[attr-defined]  # by hand, as rules do
    places = state.places
    places.normal_b[:] = 1e6
    places.normal[places.marrow] = 1e10
    for niche in range(places.n_niches):
        state.pop.add(encode(BLAST), niche, 10**9)
        state.pop.add(encode(TCON), niche, 10**8)
        state.pop.add(encode(TREG), niche, 10**7)
        state.pop.add(encode(TCON, alloreactive=True, stage=EFFECTOR), niche, 10**7)
        state.pop.add(encode(TCON, alloreactive=True, haematopoietic=True), niche, 10**7)
    for kind in (PlaceKind.BLOOD, PlaceKind.LYMPHOID, PlaceKind.TISSUE):
        place = places.index(kind)
        state.pop.add(encode(TCON), place, 10**9)
        state.pop.add(encode(TREG), place, 10**8)
        state.pop.add(encode(TCON, alloreactive=True), place, 10**8)
        state.pop.add(encode(TCON, alloreactive=True, stage=EFFECTOR), place, 10**8)
    body.apply(Rate("blinatumomab", 28.0))
    if "blinatumomab_pk" in off:  # the level the others see is then held by hand
        state.mean_plasma_pg_ml["blinatumomab"] = 500.0
    body.apply(Exposure("ciclosporin", 0.5))
    body.apply(Exposure("cyclophosphamide", 1.0))
    return body


def tally(kinds: tuple[int, ...], *columns: int) -> Callable[[State, "Seen"], float]:
    return lambda state, seen: float(seen.events[np.ix_(kinds, columns)].sum())


class Seen:
    """Add up the events of all steps."""

    def __init__(self) -> None:
        self.events = np.zeros((CLASS.largest + 1, N_CHANNELS), np.int64)


def primed_in_the_marrow(state: State) -> float:
    """Return cells of the marrow with programmed divisions left: who is primed in lymphoid tissue goes through them there."""
    rows = state.t_rows
    inside = state.pop.place[rows] < state.places.n_niches
    waiting = DIVISIONS_LEFT.of(state.pop.codes(rows)) > 0
    return float(state.pop.cells[rows][inside & waiting].sum())


def thymic(state: State) -> float:
    """Return the cells that came from the thymus."""
    rows = state.t_rows
    return float(state.pop.cells[rows][ORIGIN.of(state.pop.codes(rows)) == ORIGIN_THYMUS].sum())


# What only this process does: zero without it, and not zero with it.
TRACE: dict[str, Callable[[State, Seen], float]] = {
    "contact": lambda s, _: float(s.signals.busy.sum() + s.signals.synapse_rate.sum()),
    "killing": tally((BLAST,), Channel.KILLED_BY_ENGAGED),
    "gvl": tally((BLAST,), Channel.KILLED_BY_GVL),
    "blast_growth": tally((BLAST,), Channel.DIVIDE, Channel.DIE),
    "antigen_loss": lambda s, _: float(s.variants.probability.sum()),
    "blast_spread": tally(
        (BLAST,), Channel.TO_NEIGHBOUR, TO_KIND[PlaceKind.BLOOD], TO_KIND[PlaceKind.MARROW]
    ),
    "activation": tally(T_CELLS, Channel.ENGAGE, Channel.REVERT, Channel.ACTIVATION_DEATH),
    "exhaustion": lambda s, _: float(s.pop.traits[s.pop.rows()].sum()),
    "cyclophosphamide": lambda s, seen: float(not tally(T_CELLS, Channel.DIVIDE, Channel.PROGRAM)(s, seen)),
    "thymus": lambda s, _: thymic(s),
    "homeostasis": lambda s, _: abs(s.signals.lymphopenia),
    "priming": tally(T_CELLS, Channel.CONTRACT, Channel.PROGRAM),
    "marrow_priming": lambda s, _: primed_in_the_marrow(s),
    "treg": lambda s, _: float(s.signals.suppression.sum()),
    "trafficking": tally(
        T_CELLS, TO_KIND[PlaceKind.MARROW], TO_KIND[PlaceKind.LYMPHOID], TO_KIND[PlaceKind.TISSUE]
    ),
    "margination": lambda s, _: s.marginated,
    "gvhd": lambda s, _: 1.0 - s.worst_integrity,
    "crs": lambda s, _: s.worst_crs_score + s.crs_tolerance,
    "blinatumomab_pk": lambda s, _: s.plasma_pg_ml["blinatumomab"],
    "drug_penetration": lambda s, _: float(s.signals.drug_pg_ml.sum()),
    "immunosuppression": lambda s, _: 1.0 - s.signals.proliferation_factor,
    "host_marrow": lambda s, _: float(0.0 < s.host_marrow < s.p.fraction_host_marrow),
    "normal_marrow": lambda s, _: float(np.abs(s.places.normal[s.places.marrow] / 1e10 - 1.0).sum()),
    "normal_b_cells": lambda s, _: float(np.abs(s.places.normal_b / 1e6 - 1.0).sum()),
}


def trace(name: str, *off: str) -> float:
    body, seen = busy_body(*off), Seen()
    for _ in range(8):
        body.step()
        seen.events += body.state.tally
    return TRACE[name](body.state, seen)


def test_every_process_has_a_switch_and_every_switch_a_process() -> None:
    assert sorted(PROCESS_NAMES) == sorted(PROCESSES) == sorted(TRACE)


@pytest.mark.parametrize("name", PROCESS_NAMES)
def test_a_process_switched_off_leaves_no_trace(name: str) -> None:
    assert trace(name) > 0.0, "this body gives the process nothing to do: the test would prove nothing"
    assert trace(name, name) == 0.0


class Idle:
    """A process of a user's own, which does nothing."""

    name, source = "idle", "nobody"

    def act(self, state: State, dt: float) -> None:
        """Let Python be called."""


def broken_up(processes: Iterable[Process]) -> list[Process]:
    """Return the processes with an idle one after each."""
    return [one for process in processes for one in (process, Idle())]


def every_byte(state: State) -> bytes:
    top = int(state.pop.meta[0])
    tables = [state.pop.cells, state.pop.traits, state.pop.uid, state.pop.columns.code[:top], state.pop.meta]
    fields = [
        state.places.table,
        state.signals.table,
        state.signals.drug_pg_ml,
        state.signals.kill_rate,
        state.census.table,
    ]
    return b"".join(part.tobytes() for part in (*tables, *fields, state.x, state.tally))


@pytest.mark.parametrize("off", ["", *PROCESS_NAMES])
def test_it_makes_no_difference_where_a_compiled_call_ends(off: str) -> None:
    fused, apart = busy_body(*filter(None, [off])), busy_body(*filter(None, [off]))
    apart._order = Order(broken_up(apart.before), broken_up(apart.after))
    for _ in range(6):
        fused.step()
        apart.step()
        assert every_byte(fused.state) == every_byte(apart.state)
    assert fused.state.births + fused.state.deaths > 0


@pytest.mark.parametrize("process", [*BEFORE_EVENTS, *AFTER_EVENTS], ids=lambda process: process.name)
def test_the_compiled_step_does_of_a_process_what_the_process_does(process: Process) -> None:
    bodies = busy_body(), busy_body()
    for body in bodies:
        for _ in range(3):
            body.step()
        body.state.take_census()
    compiled, by_itself = (body.state for body in bodies)
    on = Order((process,), ())._calls[0] if process in BEFORE_EVENTS else Order((), (process,))._calls[0]
    assert isinstance(on, np.ndarray)
    on[_PARTS.index(_COUNT)] = on[_PARTS.index(_DRAW)] = False
    assert on.sum() == 1
    step(BEGIN, np.zeros_like(on), on, compiled.addresses, 0.25)
    process.act(by_itself, 0.25)
    assert every_byte(compiled) == every_byte(by_itself)
    assert compiled.pop.hazards.tobytes() == by_itself.pop.hazards.tobytes()


def test_one_call_does_all_where_nothing_of_a_users_own_comes_in_between() -> None:
    body, idle = busy_body(), Idle()
    assert len(body._order._calls) == 1
    assert len(Order((*BEFORE_EVENTS, idle), AFTER_EVENTS)._calls) == 3
    assert len(Order(BEFORE_EVENTS[::-1], ())._calls) == len(BEFORE_EVENTS)


def test_on_is_the_default_and_may_be_written() -> None:
    plain, written = busy_body(), patient(processes={"gvl": "on"})
    assert [p.name for p in plain.before] == [p.name for p in written.before]
    assert len(plain.before) + len(plain.after) == len(BEFORE_EVENTS) + len(AFTER_EVENTS)


def test_with_everything_off_nothing_ever_happens() -> None:
    body = busy_body(*PROCESS_NAMES)
    body.state.infusion_ug_per_day["blinatumomab"] = 28.0
    cells, codes = body.state.pop.cells.copy(), body.state.pop.code.copy()
    for _ in range(20):
        body.step()
    np.testing.assert_array_equal(body.state.pop.cells, cells)
    np.testing.assert_array_equal(body.state.pop.code, codes)


@pytest.mark.parametrize("name", ["glv", "blast-growth", "Killing", "everything", ""])
def test_an_unknown_process_is_refused_with_the_nearest_name(name: str) -> None:
    with pytest.raises(UserError) as error:
        parse_scenario(f"name: x\nprocesses: {{'{name}': off}}\n")
    if name in ("glv", "blast-growth", "Killing"):
        assert {"glv": "gvl", "blast-growth": "blast_growth", "Killing": "killing"}[name] in str(error.value)


def test_every_process_reads_the_parameters_that_it_declares_and_no_others() -> None:
    """Read from the text of the law: parameters are attributes of `p`; those of engagers, drugs, antigens, places by number."""
    for name, process in PROCESSES.items():
        law = ast.parse(inspect.getsource(type(process).law.py_func))  # type: ignore[attr-defined]
        read = {
            node.attr
            for node in ast.walk(law)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "p"
        }
        if name == "immunosuppression":
            read |= {
                f"factor_{what}_{drug}"
                for what in ("proliferation", "killing", "homeostasis")
                for drug in PLAIN_DRUGS
            }
        if name == "antigen_loss":
            read |= {antigen.p_loss for antigen in ANTIGENS if antigen.p_loss}
        read |= {"blast_spread": {*rates_of("blasts")}, "trafficking": {*rates_of("t_cells")}}.get(
            name, set()
        )
        assert read == set(process.reads), name  # type: ignore[attr-defined]

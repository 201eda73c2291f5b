"""The state that processes read and change: one simulated patient without his clinic."""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cache
from typing import Any, Protocol, Self, cast

import numpy as np
import numpy.typing as npt

from simulation.biology.antigens import ANTIGENS
from simulation.biology.census import COUNTS, Census, count, lost_masks
from simulation.biology.drugs import EFFECTS, EXPOSURES, PLAIN_DRUGS
from simulation.biology.engagers import Engager
from simulation.biology.here import (
    ENGAGER,
    KILLING_FACTOR,
    NUMBERS,
    PARAMETERS,
    SEEN,
    SIGNALS,
    WORK_ROWS,
    Here,
)
from simulation.biology.named import ByName, Number, Parameters
from simulation.biology.places import PlaceKind, Places
from simulation.biology.traits import (
    ALLOREACTIVE,
    BLAST,
    CLASS,
    CLONE,
    ENGAGED_TCON,
    ENGAGED_TREG,
    N_TRAITS,
    TCON,
    TREG,
)
from simulation.engine.compiled import Addresses, addresses, alone
from simulation.engine.keyed_random import base_key
from simulation.engine.population import Columns, Floats, Population
from simulation.engine.rules import Channels, Rules, Variants
from simulation.engine.scratch import Scratch

__all__ = ["CompiledProcess", "Process", "Signals", "State", "Values"]

Rows = npt.NDArray[np.intp]


class Values(Protocol):
    """Give parameters by name in canonical units, also those of a user's rules; may be changed between steps."""

    def __getattr__(self, name: str) -> float: ...


class Signals:
    """Hold what one process tells another within a step; arrays have shape (n_places,)."""

    synapse_rate: Floats  # synapses a free T cell would form here, per day
    busy: Floats  # fraction of time a T cell is engaged here, 0..1
    normal_b_kill_rate: Floats  # hazard of a normal B cell of being killed, per day
    gvl_rate: Floats  # hazard of a blast with the mismatched haplotype of being killed by alloreactive T cells, per day
    suppression: Floats  # Treg suppression felt here, 0..1
    killing_factor: Floats  # immunosuppressants' effect on killing here, 1 = none
    gvl_busy: Floats  # fraction of time an alloreactive effector is engaged with blasts here, 0..1
    proliferation_factor = Number(float)  # immunosuppressants' effect on division on antigen, 1 = none
    homeostatic_factor = Number(float)  # the same on homeostatic division
    lymphopenia = Number(float)  # room below the T-cell set point, 0..1; negative above it

    def __init__(self, n: int, n_engagers: int, numbers: Mapping[str, npt.NDArray[Any]]) -> None:
        self.drug_pg_ml = np.zeros((n_engagers, n))  # engagers seen by cells here, mean over the step
        # hazard, by engager, of a cell with its target of being killed, per day
        self.kill_rate = np.zeros((n_engagers, n))
        signals = np.zeros((len(SIGNALS), n))
        signals[KILLING_FACTOR] = 1.0
        self._use(signals, numbers)

    def _use(self, table: Floats, numbers: Mapping[str, npt.NDArray[Any]]) -> None:
        self.table, self.numbers = table, numbers
        self.__dict__.update(zip(SIGNALS, table, strict=True))

    def copy_for(self, numbers: Mapping[str, npt.NDArray[Any]]) -> "Signals":
        """Return an independent copy, for a copied body with these numbers."""
        twin = copy(self)
        twin.drug_pg_ml, twin.kill_rate = self.drug_pg_ml.copy(), self.kill_rate.copy()
        twin._use(self.table.copy(), numbers)
        return twin


class State:
    """Hold one patient's body between two steps.

    Parameters
    ----------
    p
        Parameters in canonical units, those of a user's rules among them.
    places, channels, engagers
        Where cells are, what may happen to them, and which engagers there are.
    event_key
        Base key of the event stream.
    tracked_clones
        Leukaemic subclones told apart.
    single_cells
        Whether every cell is an agent of its own.
    numbers
        Others of the body's numbers, by name.
    """

    start_day = Number(float)
    day = Number(float)
    step = Number(int)  # since the start day
    weight_kg = Number(float)
    haplotype_mismatch = Number(bool)
    marginated = Number(float)  # share of blood T cells that adhere to vessel walls
    adaptation = Number(float)  # of the vessel walls to the drug, 0..1
    host_apc = Number(float)  # host antigen-presenting cells relative to transplant day
    host_marrow = Number(float)  # share of normal marrow cells that are the host's
    tissue_integrity = Number(float)
    worst_integrity = Number(float)
    crs_score = Number(float)
    crs_tolerance = Number(float)
    worst_crs_score = Number(float)
    deaths = Number(int)  # cells gone so far, for conservation checks
    births = Number(int)
    infused = Number(int)
    event_key = Number(int)

    def __init__(
        self,
        p: Mapping[str, float],
        places: Places,
        channels: Channels,
        engagers: Sequence[Engager],
        event_key: int,
        *,
        tracked_clones: int = 1,
        single_cells: bool = False,
        **numbers: float,
    ) -> None:
        self.p = cast(Values, Parameters(p))
        self.places, self.channels, self.engagers = places, channels, tuple(engagers)
        self.antigens = tuple(dict.fromkeys((*ANTIGENS, *(engager.target for engager in engagers))))
        n_classes = CLASS.largest + 1
        self.pop = Population(places.n, N_TRAITS, channels.effect.size, single_cells=single_cells)
        self._use(np.zeros(1, NUMBERS))
        start = {
            "weight_kg": 70.0,
            "haplotype_mismatch": 1,
            "proliferation_factor": 1.0,
            "homeostatic_factor": 1.0,
            "n_niches": places.n_niches,
        }
        start |= dict.fromkeys(("host_apc", "tissue_integrity", "worst_integrity"), 1.0)
        start |= {kind.name.lower(): places.index(kind) for kind in PlaceKind}
        for name, value in (
            start | numbers | {"event_key": event_key, "thymus_key": base_key(0, 0, "thymus")}
        ).items():
            self.numbers[name][0] = value
        self.signals = Signals(places.n, len(self.engagers), self.numbers)
        self.census = Census(places.n, self.antigens)
        self.variants = Variants(
            lost_masks(self.antigens), np.zeros(len(self.antigens)), BLAST, tracked_clones
        )
        # net growth of each subclone relative to the patient's
        self.clone_growth = np.ones(CLONE.largest + 1)
        self.behaviour = np.arange(n_classes, dtype=np.int64)  # built-in class whose rules a class follows
        # events of the last step by class and channel
        self.tally = np.zeros((n_classes, channels.effect.size), np.int64)
        self._exposure = np.zeros(len(EXPOSURES))
        self._engagers = np.array([self._row(engager) for engager in self.engagers], ENGAGER)
        numbered = list(PARAMETERS.names or ())
        self._factors = np.array(
            [[numbered.index(f"factor_{effect}_{drug}") for effect in EFFECTS] for drug in PLAIN_DRUGS],
            np.int64,
        )
        self._loss = np.array(
            [
                (numbered.index(antigen.p_loss) if antigen.p_loss else -1, antigen.mismatched_only)
                for antigen in self.antigens
            ],
            np.int64,
        )
        self._wire()

    def _row(self, engager: Engager) -> tuple[float | bool, ...]:
        numbered = list(PARAMETERS.names or ())
        own = (engager.clearance, engager.volume, engager.ec50_activation, engager.ec50_killing)
        target = engager.target
        carriers = COUNTS + self.antigens.index(target)
        absorption = numbered.index(engager.absorption) if engager.absorption else -1
        return (
            0.0, 0.0, 0.0, 0.0, *map(numbered.index, own), absorption, carriers, target.lost.mask, target.on_normal_b,
        )  # fmt: skip

    def _use(self, x: npt.NDArray[Any]) -> None:
        self.x = x
        self.numbers = {name: x[name] for name in x.dtype.names or ()}

    def _wire(self) -> None:
        """Show the arrays by name, and to compiled code."""
        self.totals = np.zeros((2, self.census.table.shape[0]))  # see `biology/totals.py`
        self.seen, self.without = np.zeros(1, SEEN), np.zeros(len(self.antigens), np.int64)
        self.niches = np.zeros((2, self.places.n_niches))
        names = [engager.name for engager in self.engagers]
        self.infusion_ug_per_day = ByName(names, self._engagers["infusion"])
        self.plasma_pg_ml = ByName(names, self._engagers["plasma"])
        self.mean_plasma_pg_ml = ByName(names, self._engagers["mean"])  # over the last step
        self.depot_ug = ByName(
            names, self._engagers["depot"]
        )  # under the skin, of what will reach the plasma
        self.exposure = ByName(EXPOSURES, self._exposure)  # to drugs that act on T cells, 1 = the usual one
        record: npt.NDArray[Any] = self.p.__dict__["record"]
        self.here = Here(
            p=record,
            x=self.x,
            values=record.view(np.float64),
            counts=self.census.table,
            signal=self.signals.table,
            place=self.places.table,
            kind=self.places.kind,
            drug=self.signals.drug_pg_ml,
            kill=self.signals.kill_rate,
            engagers=self._engagers,
            exposure=self._exposure,
            factors=self._factors,
            behaviour=self.behaviour,
            lost=self.variants.bit,
            probability=self.variants.probability,
            loss=self._loss,
            clone_growth=self.clone_growth,
            tally=self.tally,
            totals=self.totals,
            seen=self.seen,
            without=self.without,
            niches=self.niches,
            fields_before=np.zeros_like(self.places.table),
            words=self.x.view(np.int64),
            words_before=np.zeros_like(self.x.view(np.int64)),
            work=np.zeros((WORK_ROWS, self.places.n)),
            exchanged=np.zeros((2, len(PlaceKind))),
        )
        rules = Rules.of(self.channels, self.places.destinations, self.variants)
        scratch = Scratch.of(self.places.n, self.channels.effect.size)
        # kept alive for who works by address
        self._fixed = [*self.here, *rules, *scratch.arrays()]
        self._addressed: Columns | None = None

    @property
    def addresses(self) -> Addresses:
        """Return where everything lies that a step works on (`Whole`)."""
        columns, hazards = self.pop.columns, self.pop.hazards
        if self._addressed is not columns:  # the tables have grown
            self._addressed = columns
            self._addresses = addresses([*self._fixed, *columns, hazards])
        return self._addresses

    def make_room(self, dt: float) -> None:
        """See to the room for cells that arrive from outside in a step (one with more comes once in 1e20 steps)."""
        pop, most = self.pop, 0.0
        if pop.single_cells and self.day >= self.p.day_thymus:
            mean = self.p.n_thymic_output * (1.0 + self.p.treg_share_supported) * dt
            most = mean + 10.0 * mean**0.5
        pop.reserve(round(most) + 20)

    def pass_time(self, dt: float) -> None:
        """Let the day pass; days are counted, not summed, as sums of 1/24 drift."""
        numbers = self.numbers  # without the attributes' detour, as in every step
        step = numbers["step"].item() + 1
        numbers["step"][0] = step
        numbers["day"][0] = numbers["start_day"].item() + step * dt

    def take_census(self) -> None:
        """Count all cells anew."""
        alone(count)(self.here, self.pop.columns)

    def rows_of(self, *kinds: int) -> Rows:
        """Return the rows of some classes, ascending; a class of the user's own is what it behaves like."""
        rows = self.pop.rows()
        chosen = _chosen(kinds)[self.behaviour]
        return rows[chosen[CLASS.of(self.pop.codes(rows))]]

    @property
    def blast_rows(self) -> Rows:
        """Return the rows of blasts."""
        return self.rows_of(BLAST)

    @property
    def t_rows(self) -> Rows:
        """Return the rows of all T cells."""
        return self.rows_of(TCON, TREG, ENGAGED_TCON, ENGAGED_TREG)

    @property
    def treg_rows(self) -> Rows:
        """Return the rows of Treg, engaged or not."""
        return self.rows_of(TREG, ENGAGED_TREG)

    @property
    def alloreactive_rows(self) -> Rows:
        """Return the rows of alloreactive Tcon, engaged or not."""
        rows = self.rows_of(TCON, ENGAGED_TCON)
        return rows[ALLOREACTIVE.of(self.pop.codes(rows)) > 0]

    def present(self) -> list[Engager]:
        """Return the engagers that were in plasma in the last step."""
        return [engager for engager in self.engagers if self.mean_plasma_pg_ml[engager.name] > 0.0]

    def copy(self) -> Self:
        """Return an independent copy that goes on with the same bytes."""
        twin = copy(self)
        twin._use(self.x.copy())
        twin.p = cast(Values, cast(Parameters, self.p).copy())
        twin.places, twin.pop, twin.census = self.places.copy(), self.pop.copy(), self.census.copy()
        twin.signals = self.signals.copy_for(twin.numbers)
        twin.variants = self.variants._replace(probability=self.variants.probability.copy())
        for name in ("clone_growth", "behaviour", "tally", "_exposure", "_engagers"):
            setattr(twin, name, getattr(self, name).copy())
        twin._wire()
        return twin

    def contents(self) -> tuple[Columns, dict[str, Any], list[npt.NDArray[Any]]]:
        """Return all numbers, as they are: what `restore` puts into a body that was made in the same way."""
        return self.pop.columns, vars(self.p), self._arrays()

    def restore(
        self, columns: Columns, parameters: Mapping[str, Any], arrays: Sequence[npt.NDArray[Any]]
    ) -> None:
        """Take over the numbers of another body; the arrays stay where compiled code finds them."""
        self.pop._use(columns)
        vars(self.p).update({name: value for name, value in parameters.items() if name != "record"})
        for own, other in zip(self._arrays(), arrays, strict=True):
            own[...] = other

    def _arrays(self) -> list[npt.NDArray[Any]]:
        signals, record = self.signals, vars(self.p)["record"]
        return [
            self.x, record, self.places.table, self.census.table, signals.table, signals.drug_pg_ml, signals.kill_rate,
            self.variants.probability, self.clone_growth, self.behaviour, self.tally, self._exposure, self._engagers,
        ]  # fmt: skip


@cache
def _chosen(kinds: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return by behaviour whether it is one of these; the last entry is for -1, that of none."""
    chosen = np.zeros(CLASS.largest + 2, bool)
    chosen[list(kinds)] = True
    return chosen


class Process(Protocol):
    """One biological process: it reads the state, adds hazards or changes fields; `dt` is in days."""

    name: str
    source: str

    def act(self, state: State, dt: float) -> None:
        """Do this process's part of a step."""
        ...


class CompiledProcess:
    """Be a built-in process: a law in compiled code, which a step calls with the others, or `act` by itself.

    `reads` names the parameters it reads, besides those that engagers name.
    """

    name: str
    source: str
    reads: tuple[str, ...]
    law: Any

    def act(self, state: State, dt: float) -> None:
        """Do this process's part of a step."""
        alone(type(self).law)(state.here, state.pop.columns, state.pop.hazards, dt)

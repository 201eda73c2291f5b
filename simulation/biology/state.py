"""The state that processes read and change: one simulated patient without his clinic."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, fields
from types import SimpleNamespace
from typing import Any, Protocol, Self, cast

import numpy as np

from simulation.biology.antigens import ANTIGENS, Antigen
from simulation.biology.census import Census, lost_masks
from simulation.biology.engagers import Engager
from simulation.biology.places import Places
from simulation.biology.traits import BLAST, CLASS, CLONE, N_TRAITS
from simulation.engine.events import Channels, Variants
from simulation.engine.population import Floats, Ints, Population, Resolution

__all__ = ["Process", "Signals", "State", "Values"]


class Values(Protocol):
    """Give parameters by name in canonical units.

    `simulation.parameters.ParameterValues` is the implementation.
    """

    def __getattr__(self, name: str) -> float: ...


@dataclass(slots=True)
class Signals:
    """Hold what one process tells another within a step; arrays have shape (n_places,)."""

    drug_pg_ml: Floats  # engagers seen by cells here, mean over the step; shape (n_engagers, n_places)
    synapse_rate: Floats  # synapses a free T cell would form here, per day
    busy: Floats  # fraction of time a T cell is engaged here, 0..1
    kill_rate: Floats  # hazard, by engager, of a cell with its target of being killed, per day; (n_engagers, n_places)
    normal_b_kill_rate: Floats  # hazard of a normal B cell of being killed, per day
    gvl_rate: Floats  # hazard of a blast with the mismatched haplotype of being killed by alloreactive T cells, per day
    suppression: Floats  # Treg suppression felt here, 0..1
    killing_factor: Floats  # immunosuppressants' effect on killing here, 1 = none
    proliferation_factor: float = 1.0  # immunosuppressants' effect on T-cell division, 1 = none
    lymphopenia: float = 0.0  # room below the T-cell set point, 0..1; negative above it

    @classmethod
    def quiet(cls, n: int, n_engagers: int) -> Self:
        """Return signals of a body in which nothing happens."""
        zero, each = np.zeros, (n_engagers, n)
        return cls(zero(each), zero(n), zero(n), zero(each), zero(n), zero(n), zero(n), np.ones(n))

    def copy(self) -> "Signals":
        """Return an independent copy."""
        twin = copy(self)
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, np.ndarray):
                setattr(twin, f.name, value.copy())
        return twin


@dataclass(slots=True)
class State:
    """Hold one patient's body between two steps."""

    p: Values
    places: Places
    pop: Population
    signals: Signals
    census: Census
    channels: Channels
    variants: Variants  # loss of each antigen, in the order of `antigens`
    antigens: tuple[Antigen, ...]
    engagers: tuple[Engager, ...]
    clone_growth: Floats  # net growth of each subclone relative to the patient's
    behaviour: Ints  # built-in class whose rules a class follows
    event_key: int  # base key of the event stream
    tally: Ints  # events of the last step by class and channel
    infusion_ug_per_day: dict[str, float]  # of every engager by name
    plasma_pg_ml: dict[str, float]
    mean_plasma_pg_ml: dict[str, float]  # over the last step
    exposure: dict[str, float] = field(default_factory=dict)  # to immunosuppressants, 1 = the usual one
    start_day: float = 0.0
    day: float = 0.0
    step: int = 0  # since the start day
    weight_kg: float = 70.0
    haplotype_mismatch: bool = True
    marginated: float = 0.0  # share of blood T cells that adhere to vessel walls
    adaptation: float = 0.0  # of the vessel walls to the drug, 0..1
    host_apc: float = 1.0  # host antigen-presenting cells relative to transplant day
    tissue_integrity: float = 1.0
    worst_integrity: float = 1.0
    crs_score: float = 0.0
    crs_tolerance: float = 0.0
    worst_crs_score: float = 0.0
    deaths: int = 0  # cells gone so far, for conservation checks
    births: int = 0
    infused: int = 0

    @classmethod
    def empty(
        cls,
        p: Mapping[str, float],
        places: Places,
        channels: Channels,
        resolution: Resolution,
        engagers: Sequence[Engager],
        event_key: int,
        *,
        tracked_clones: int = 1,
        capacity: int = 1024,
        **others: Any,
    ) -> Self:
        """Return a body without cells; `others` are fields that have a default."""
        engagers = tuple(engagers)
        antigens = tuple(dict.fromkeys((*ANTIGENS, *(engager.target for engager in engagers))))
        n_classes, n_channels = CLASS.largest + 1, channels.effect.size
        no_drug = dict.fromkeys([engager.name for engager in engagers], 0.0)
        return cls(
            p=cast(Values, SimpleNamespace(**p)),  # attribute access is what the step does most
            places=places,
            pop=Population(N_TRAITS, n_channels, resolution, capacity),
            signals=Signals.quiet(places.n, len(engagers)),
            census=Census(places.n, antigens),
            channels=channels,
            variants=Variants(lost_masks(antigens), np.zeros(len(antigens)), BLAST, tracked_clones),
            antigens=antigens,
            engagers=engagers,
            clone_growth=np.ones(CLONE.largest + 1),
            behaviour=np.arange(n_classes, dtype=np.int64),
            event_key=event_key,
            tally=np.zeros((n_classes, n_channels), np.int64),
            infusion_ug_per_day=dict(no_drug),
            plasma_pg_ml=dict(no_drug),
            mean_plasma_pg_ml=dict(no_drug),
            **others,
        )

    def take_census(self) -> None:
        """Count all cells anew."""
        self.census.take(self.pop, self.behaviour, self.p.potency_resting, self.p.potency_treg)

    def present(self) -> list[Engager]:
        """Return the engagers that were in plasma in the last step."""
        return [engager for engager in self.engagers if self.mean_plasma_pg_ml[engager.name] > 0.0]

    def copy(self) -> Self:
        """Return an independent copy that goes on with the same bytes."""
        twin = copy(self)
        for f in fields(self):
            value = getattr(self, f.name)
            if hasattr(value, "copy"):
                setattr(twin, f.name, value.copy())
        twin.variants = self.variants._replace(probability=self.variants.probability.copy())
        return twin


class Process(Protocol):
    """One biological process: it reads the state, adds hazards or changes fields; `dt` is in days.

    The built-in ones also say in `reads` which parameters they read, besides those that engagers name.
    """

    name: str
    source: str

    def act(self, state: State, dt: float) -> None:
        """Do this process's part of a step."""
        ...

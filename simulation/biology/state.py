"""The state that processes read and change: one simulated patient without his clinic."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, fields, replace
from typing import Protocol

import numpy as np

from simulation.biology.census import Census
from simulation.biology.places import Places
from simulation.biology.traits import Channel
from simulation.engine.events import Channels, Variants
from simulation.engine.population import Floats, Ints, Population

__all__ = ["Process", "Signals", "State", "Values"]


class Values(Protocol):
    """Give parameters by name in canonical units.

    `simulation.parameters.ParameterValues` is the implementation.
    """

    def __getattr__(self, name: str) -> float: ...


@dataclass(slots=True)
class Signals:
    """Hold what one process tells another within a step; arrays have shape (n_places,)."""

    drug_pg_ml: Floats  # blinatumomab seen by cells here, mean over the step
    synapse_rate: Floats  # synapses a free T cell would form here, per day
    busy: Floats  # fraction of time a T cell is engaged here, 0..1
    kill_rate: Floats  # hazard of a CD19+ cell of being killed by engaged T cells, per day
    gvl_rate: Floats  # hazard of a blast with the mismatched haplotype of being killed by alloreactive T cells, per day
    suppression: Floats  # Treg suppression felt here, 0..1
    killing_factor: Floats  # immunosuppressants' effect on killing here, 1 = none
    proliferation_factor: float = 1.0  # immunosuppressants' effect on T-cell division, 1 = none
    lymphopenia: float = 0.0  # room below the T-cell set point, 0..1; negative above it

    @classmethod
    def quiet(cls, n: int) -> "Signals":
        """Return signals of a body in which nothing happens."""
        zero = np.zeros
        return cls(zero(n), zero(n), zero(n), zero(n), zero(n), zero(n), np.ones(n))

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
    variants: Variants
    clone_growth: Floats  # (4096,) net growth of each subclone relative to the patient's
    behaviour: Ints  # (16,) built-in class whose rules a class follows
    event_key: int  # base key of the event stream
    start_day: float = 0.0
    day: float = 0.0
    step: int = 0  # since the start day
    weight_kg: float = 70.0
    haplotype_mismatch: bool = True
    pump_ug_per_day: float = 0.0
    plasma_pg_ml: float = 0.0
    mean_plasma_pg_ml: float = 0.0  # over the last step
    drug_levels: dict[str, float] = field(default_factory=dict)
    marginated: float = 0.0  # share of blood T cells that adhere to vessel walls
    adaptation: float = 0.0  # of the vessel walls to the drug, 0..1
    host_apc: float = 1.0  # host antigen-presenting cells relative to transplant day
    tissue_integrity: float = 1.0
    worst_integrity: float = 1.0
    crs_score: float = 0.0
    crs_tolerance: float = 0.0
    worst_crs_score: float = 0.0
    tally: Ints = field(
        default_factory=lambda: np.zeros((16, len(Channel)), np.int64)
    )  # events of the last step
    deaths: int = 0  # cells gone so far, for conservation checks
    births: int = 0
    infused: int = 0

    def copy(self) -> "State":
        """Return an independent copy that goes on with the same bytes."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("places", "pop"):
            values[name] = values[name].copy()
        values["signals"] = self.signals.copy()
        values["census"] = self.census.copy()
        values["drug_levels"] = dict(self.drug_levels)
        values["tally"] = self.tally.copy()
        values["clone_growth"] = self.clone_growth.copy()
        values["behaviour"] = self.behaviour.copy()
        values["variants"] = replace(self.variants, probability=self.variants.probability.copy())
        return State(**values)


class Process(Protocol):
    """One biological process: it reads the state, adds hazards or changes fields; `dt` is in days."""

    name: str
    source: str

    def act(self, state: State, dt: float) -> None:
        """Do this process's part of a step."""
        ...


def effective(levels: Mapping[str, float], drug: str) -> float:
    """Return the level of a drug, 0 when it is not given."""
    return levels.get(drug, 0.0)

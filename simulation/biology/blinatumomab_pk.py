"""Pharmacokinetics of blinatumomab and other engagers: one compartment, continuous infusion, solved exactly over each step."""

from math import exp, expm1

from simulation.biology.here import Here
from simulation.biology.places import ACCESS, DRUG_PARTITION
from simulation.biology.state import CompiledProcess
from simulation.engine.compiled import inner, kernel
from simulation.engine.population import Columns, Floats

__all__ = ["BlinatumomabPk", "circulate", "infuse"]


_GONE = 1e-12  # pg/mL: less than one molecule in the body


@kernel()
def infuse(level: float, rate: float, clearance: float, volume: float, dt: float) -> tuple[float, float]:
    """Return the plasma level after a step of constant infusion, and its mean over the step.

    `level` in pg/mL, `rate` in ug/day, `clearance` in L/day, `volume` in L, `dt` in days; ug/L is ng/mL,
    hence the factor 1000.
    """
    k = clearance / volume
    steady = 1000.0 * rate / clearance
    mean = steady + (level - steady) * -expm1(-k * dt) / (k * dt)
    return steady + (level - steady) * exp(-k * dt), mean


@inner()
def circulate(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance plasma and every place by one step."""
    for e in range(here.engagers.size):
        engager = here.engagers[e]
        clearance, volume = here.values[engager.clearance], here.values[engager.volume]
        level, mean = infuse(engager.plasma, engager.infusion, clearance, volume, dt)
        engager.plasma = level if level >= _GONE else 0.0
        engager.mean = mean
        for i in range(here.kind.size):
            here.drug[e, i] = mean * here.place[DRUG_PARTITION, i] * here.place[ACCESS, i]


class BlinatumomabPk(CompiledProcess):
    """Set the level of every engager that cells see: plasma level x partition x perfusion of the place."""

    name = "blinatumomab_pk"
    source = "Clements 2020, doi 10.1007/s40262-019-00823-8 (CL, V); Hosseini 2020 supplement (partition)"
    reads = ()
    law = circulate

"""Pharmacokinetics of blinatumomab and other engagers: one compartment, solved exactly over each step.

What is infused enters at a constant rate, what lies under the skin at a rate in proportion to what is left there.
"""

from math import exp, expm1

from simulation.biology.here import Here
from simulation.biology.state import CompiledProcess
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = ["BlinatumomabPk", "absorb", "circulate", "infuse"]


_GONE = 1e-12  # pg/mL: less than one molecule in the body
_ABSORBED = 1e-12  # ug: some ten molecules


@inner()
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
def absorb(
    depot: float, absorption: float, clearance: float, volume: float, dt: float
) -> tuple[float, float, float]:
    """Return what a depot under the skin adds to the level and to its mean over a step, pg/mL, and what is left of it, ug."""
    k = clearance / volume
    left = depot * exp(-absorption * dt)
    apart = k - absorption
    # where both rates are the same the quotient is its limit
    spread = dt * exp(-k * dt) if abs(apart) * dt < 1e-9 else (exp(-absorption * dt) - exp(-k * dt)) / apart
    level = 1000.0 * depot * absorption / volume * spread
    return level, (1000.0 * (depot - left) - volume * level) / (clearance * dt), left


@inner()
def circulate(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance plasma levels by one step."""
    for e in range(here.engagers.size):
        engager = here.engagers[e]
        clearance, volume = here.values[engager.clearance], here.values[engager.volume]
        level, mean = infuse(engager.plasma, engager.infusion, clearance, volume, dt)
        if engager.depot > 0.0:
            more, mean_of_more, left = absorb(
                engager.depot, here.values[engager.absorption], clearance, volume, dt
            )
            level += more
            mean += mean_of_more
            engager.depot = left if left >= _ABSORBED else 0.0
        engager.plasma = level if level >= _GONE else 0.0
        engager.mean = mean


class BlinatumomabPk(CompiledProcess):
    """Advance the plasma level of every engager, and its mean over the step, which is what cells see of it."""

    name = "blinatumomab_pk"
    source = "Clements 2020, doi 10.1007/s40262-019-00823-8 (CL, V)"
    reads = ()
    law = circulate

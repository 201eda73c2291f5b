"""Pharmacokinetics of blinatumomab and other engagers: one compartment, solved exactly over each step.

What is infused enters at a constant rate, what lies under the skin at a rate in proportion to what is left there.
"""

from math import exp, expm1

from simulation.biology.contact import at_hand, targets_at
from simulation.biology.here import Here
from simulation.biology.places import ACCESS, DRUG_PARTITION, PlaceKind
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
    """Advance plasma and every place by one step."""
    p, count, place = here.p[0], here.counts, here.place
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
        for i in range(here.kind.size):
            here.drug[e, i] = mean * place[DRUG_PARTITION, i] * place[ACCESS, i]
            if mean > 0.0 and here.kind[i] != PlaceKind.BLOOD and here.kind[i] != PlaceKind.WELL:
                share = targets_at(count, place, engager, i) / at_hand(count, place, i)
                here.drug[e, i] /= 1.0 + p.ratio_antigen_sink * share


class BlinatumomabPk(CompiledProcess):
    """Set the level of every engager that cells see: plasma level x partition x perfusion of the place / (1 + sink x T/N).

    Where perfusion delivers drug at a rate q (C_in - C) and cells with the target take it up at k C per cell, the level at
    rest is C_in / (1 + (k/q) x targets): a marrow packed with CD19 holds less of it than one in remission, though plasma
    levels know no burden. Blood is mixed too well for that, and a culture well is stirred.
    """

    name = "blinatumomab_pk"
    source = (
        "Clements 2020, doi 10.1007/s40262-019-00823-8 (CL, V); Hosseini 2020 supplement (partition); "
        "sink: docs/evidence.md#p15"
    )
    reads = ("ratio_antigen_sink",)
    law = circulate

"""Pharmacokinetics of blinatumomab and other engagers: one compartment, continuous infusion, solved exactly over each step."""

from math import exp, expm1

from simulation.biology.state import State

__all__ = ["BlinatumomabPk", "infuse"]

_GONE = 1e-12  # pg/mL: less than one molecule in the body


def infuse(level: float, rate: float, clearance: float, volume: float, dt: float) -> tuple[float, float]:
    """Return the plasma level after a step of constant infusion, and its mean over the step.

    `level` in pg/mL, `rate` in ug/day, `clearance` in L/day, `volume` in L, `dt` in days; ug/L is ng/mL,
    hence the factor 1000.
    """
    k = clearance / volume
    steady = 1000.0 * rate / clearance
    mean = steady + (level - steady) * -expm1(-k * dt) / (k * dt)
    return steady + (level - steady) * exp(-k * dt), mean


class BlinatumomabPk:
    """Set the level of every engager that cells see: plasma level x partition x perfusion of the place."""

    name = "blinatumomab_pk"
    source = "Clements 2020, doi 10.1007/s40262-019-00823-8 (CL, V); Hosseini 2020 supplement (partition)"
    reads = ()

    def act(self, state: State, dt: float) -> None:
        """Advance plasma and every place by one step."""
        p, places = state.p, state.places
        for i, engager in enumerate(state.engagers):
            name = engager.name
            level, mean = infuse(
                state.plasma_pg_ml[name],
                state.infusion_ug_per_day[name],
                getattr(p, engager.clearance),
                getattr(p, engager.volume),
                dt,
            )
            state.plasma_pg_ml[name] = level if level >= _GONE else 0.0
            state.mean_plasma_pg_ml[name] = mean
            state.signals.drug_pg_ml[i] = mean * places.drug_partition * places.access

"""Margination: after the first infusion T cells stick to vessel walls for days and leave the flowing blood."""

from math import ceil, exp

from simulation.biology.contact import occupancy_in_plasma
from simulation.biology.here import Here
from simulation.biology.state import CompiledProcess
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = ["Margination", "adhere", "marginate"]


_PER_DAY = 24  # the exchange takes hours: it is followed hour by hour within a step


@inner()
def adhere(stuck: float, drive: float, fading: float, out: float, back: float, dt: float) -> float:
    """Return the share of blood T cells at vessel walls after a step.

    d(stuck)/dt = out g (1 - stuck) - back stuck, where the drive g falls from `drive` at the rate `fading`. Rates
    per day. Each hour is solved exactly for the drive in its middle.
    """
    n = max(ceil(dt * _PER_DAY - 1e-9), 1)
    h = dt / n
    for i in range(n):
        sticking = out * drive * exp(-fading * h * (i + 0.5))
        total = sticking + back
        if total > 0.0:
            level = sticking / total
            stuck = level + (stuck - level) * exp(-total * h)
    return stuck


@inner()
def marginate(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance adaptation and the adhering share by one step."""
    p, x = here.p[0], here.x[0]
    occupancy = occupancy_in_plasma(here.engagers, here.values)
    gap = x.adaptation - occupancy
    speed = p.rate_adaptation if gap < 0.0 else p.rate_adaptation_loss
    x.marginated = adhere(x.marginated, max(-gap, 0.0), speed, p.rate_adhesion, p.rate_adhesion_release, dt)
    x.adaptation = occupancy + gap * exp(-speed * dt)


class Margination(CompiledProcess):
    """Advance the share of blood T cells that adhere to vessel walls, where no blood count finds them.

    The drive is drug occupancy minus adaptation; adaptation follows the occupancy within a day and fades over
    weeks off drug. Adhering cells stay in the blood's vessels: they are counted out of the blood, not moved.
    """

    name = "margination"
    source = (
        "CD8 in blood relative to day 0, n = 20 (github yuezheli/hosseini-2020); Klinger 2012, Blood 119:6226"
    )
    reads = ("rate_adaptation", "rate_adaptation_loss", "rate_adhesion", "rate_adhesion_release")
    law = marginate

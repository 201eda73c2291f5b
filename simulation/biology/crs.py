"""Cytokine release: a score from new engagement times burden, with tolerance after the first exposure."""

from math import exp, expm1

from simulation.biology.channels import Channel
from simulation.biology.contact import occupancy_in_plasma
from simulation.biology.drugs import DRUGS
from simulation.biology.here import Here
from simulation.biology.state import CompiledProcess
from simulation.biology.traits import TCON, TREG
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = ["CytokineRelease", "crs_grade", "release"]


_STEROID = DRUGS.index("corticosteroid")


def crs_grade(score: float, first: float, step: float) -> int:
    """Return the CRS grade (0-4): grade I from `first` on, each further grade `step` times higher."""
    grade, threshold = 0, first
    while grade < 4 and score >= threshold:
        grade += 1
        threshold *= step
    return grade


@inner()
def release(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance score and tolerance by one step, in which cells were engaged at a constant rate."""
    p, x = here.p[0], here.x[0]
    engaged = here.tally[TCON, Channel.ENGAGE] + here.tally[TREG, Channel.ENGAGE]
    burden = 0.0
    if engaged > 0:
        for e in range(here.engagers.size):
            if here.engagers[e].mean > 0.0:
                blasts = 0.0
                for i in range(x.n_niches):
                    blasts += here.counts[here.engagers[e].carriers, i]
                burden = max(burden, blasts / (p.n_marrow_cells_per_kg * x.weight_kg))
    steroid = 1.0 - here.exposure[_STEROID] * (1.0 - p.factor_crs_corticosteroid)
    occupancy = occupancy_in_plasma(here.engagers, here.values)
    speed = p.rate_crs_tolerance * occupancy + p.rate_crs_tolerance_loss
    tolerance = x.crs_tolerance  # in the middle of the step
    if speed > 0.0:
        level = p.rate_crs_tolerance * occupancy / speed
        tolerance = level + (x.crs_tolerance - level) * exp(-0.5 * speed * dt)
        x.crs_tolerance = level + (x.crs_tolerance - level) * exp(-speed * dt)
    dose = engaged / x.weight_kg / p.n_engaged_crs_unit
    new = dose * (burden + p.crs_floor) * (1.0 - tolerance) * steroid
    gone = -expm1(-dt / p.dur_crs)  # of the score, in a step
    x.crs_score += gone * (new * p.dur_crs / dt - x.crs_score)
    x.worst_crs_score = max(x.worst_crs_score, x.crs_score)


class CytokineRelease(CompiledProcess):
    """Advance the score: newly engaged T cells in the last day, weighed by burden, less tolerance.

    Tolerance grows with exposure and lasts weeks: cytokines are absent at the start of cycle 2 (Klinger
    2012). Corticosteroids lower the score by their cytokine effect.
    """

    name = "crs"
    source = (
        "Klinger 2012, Blood 119:6226; Hosseini 2020; burden x first exposure: Lefevre 2024 (title); "
        "thresholds are assumptions"
    )
    reads = (
        "n_marrow_cells_per_kg", "crs_floor", "factor_crs_corticosteroid", "n_engaged_crs_unit", "dur_crs",
        "rate_crs_tolerance", "rate_crs_tolerance_loss",
    )  # fmt: skip
    law = release

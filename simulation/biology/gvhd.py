"""Acute GvHD: activated alloreactive cells that Treg do not suppress damage host tissue, which regenerates."""

from math import exp

from simulation.biology.census import EFFECTORS
from simulation.biology.here import KILLING_FACTOR, SUPPRESSION, Here
from simulation.biology.state import CompiledProcess
from simulation.engine.compiled import inner
from simulation.engine.population import Columns, Floats

__all__ = ["Gvhd", "damage", "grade_of"]


def grade_of(integrity: float, thresholds: tuple[float, float, float, float]) -> int:
    """Return the aGvHD grade (0-4) of a tissue integrity.

    Thresholds are those of grades I, II, III, IV, falling.
    """
    first, second, third, fourth = thresholds
    return (integrity < first) + (integrity < second) + (integrity < third) + (integrity < fourth)


@inner()
def damage(here: Here, pop: Columns, hazards: Floats, dt: float) -> None:
    """Advance integrity by one step, exactly for constant effectors."""
    p, x = here.p[0], here.x[0]
    tissue = x.tissue
    if tissue < 0:
        return
    free = 1.0 - here.signal[SUPPRESSION, tissue]
    effectors = here.counts[EFFECTORS, tissue] * free * here.signal[KILLING_FACTOR, tissue] / x.weight_kg
    strength = (effectors / p.n_effectors_half_damage) ** p.gvhd_exponent
    harm = p.rate_tissue_damage * strength / (1.0 + strength)
    total = harm + p.rate_tissue_regeneration
    if total > 0.0:
        level = p.rate_tissue_regeneration / total
        x.tissue_integrity = level + (x.tissue_integrity - level) * exp(-total * dt)
    x.worst_integrity = min(x.worst_integrity, x.tissue_integrity)


class Gvhd(CompiledProcess):
    """Advance tissue integrity.

    DI/dt = -k A^n/(A50^n + A^n) I + r (1 - I), A = unsuppressed effectors in host tissue per kg.
    """

    name = "gvhd"
    source = "assumption: hazard (A/A50)^n, n about 2, grade from worst damage; rates are calibrated"
    reads = ("n_effectors_half_damage", "gvhd_exponent", "rate_tissue_damage", "rate_tissue_regeneration")
    law = damage

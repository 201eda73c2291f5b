"""Acute GvHD: activated alloreactive cells that Treg do not suppress damage host tissue, which regenerates."""

from math import exp

from simulation.biology.places import PlaceKind
from simulation.biology.state import State

__all__ = ["Gvhd", "grade_of"]


def grade_of(integrity: float, thresholds: tuple[float, float, float, float]) -> int:
    """Return the aGvHD grade (0-4) of a tissue integrity.

    Thresholds are those of grades I, II, III, IV, falling.
    """
    return sum(integrity < t for t in thresholds)


class Gvhd:
    """Advance tissue integrity.

    DI/dt = -k A^n/(A50^n + A^n) I + r (1 - I), A = unsuppressed effectors in host tissue per kg.
    """

    name = "gvhd"
    source = "assumption: hazard (A/A50)^n, n about 2, grade from worst damage; rates are calibrated"
    reads = ("n_effectors_half_damage", "gvhd_exponent", "rate_tissue_damage", "rate_tissue_regeneration")

    def act(self, state: State, dt: float) -> None:
        """Advance integrity by one step, exactly for constant effectors."""
        p = state.p
        tissue = state.places.index(PlaceKind.TISSUE)
        if tissue < 0:
            return
        free = 1.0 - float(state.signals.suppression[tissue])
        effectors = (
            float(state.census.effectors[tissue])
            * free
            * state.signals.killing_factor[tissue]
            / state.weight_kg
        )
        strength = (effectors / p.n_effectors_half_damage) ** p.gvhd_exponent
        damage = p.rate_tissue_damage * strength / (1.0 + strength)
        total = damage + p.rate_tissue_regeneration
        level = p.rate_tissue_regeneration / total
        state.tissue_integrity = float(level + (state.tissue_integrity - level) * exp(-total * dt))
        state.worst_integrity = min(state.worst_integrity, state.tissue_integrity)

"""Cytokine release: a score from new engagement times burden, with tolerance after the first exposure."""

from math import exp

from simulation.biology.channels import Channel
from simulation.biology.engagers import plasma_occupancy
from simulation.biology.state import State
from simulation.biology.traits import TCON, TREG

__all__ = ["CytokineRelease", "crs_grade"]


def crs_grade(score: float, first: float, step: float) -> int:
    """Return the CRS grade (0-4): grade I from `first` on, each further grade `step` times higher."""
    grade, threshold = 0, first
    while grade < 4 and score >= threshold:
        grade += 1
        threshold *= step
    return grade


class CytokineRelease:
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

    def act(self, state: State, dt: float) -> None:
        """Add what was engaged in the last step and let the score decay."""
        p, census = state.p, state.census
        engaged = int(state.tally[TCON, Channel.ENGAGE] + state.tally[TREG, Channel.ENGAGE])
        marrow = state.places.marrow
        room = p.n_marrow_cells_per_kg * state.weight_kg
        burden = 0.0
        if engaged:
            blasts = [float(census.blasts_with(engager.target)[marrow].sum()) for engager in state.present()]
            burden = max(blasts, default=0.0) / room
        weight = burden + p.crs_floor
        steroid = 1.0 - state.exposure.get("corticosteroid", 0.0) * (1.0 - p.factor_crs_corticosteroid)
        new = (
            engaged / state.weight_kg / p.n_engaged_crs_unit * weight * (1.0 - state.crs_tolerance) * steroid
        )
        state.crs_score = state.crs_score * exp(-dt / p.dur_crs) + new
        state.worst_crs_score = max(state.worst_crs_score, state.crs_score)
        occupancy = plasma_occupancy(state)
        speed = p.rate_crs_tolerance * occupancy + p.rate_crs_tolerance_loss
        level = p.rate_crs_tolerance * occupancy / speed
        state.crs_tolerance = level + (state.crs_tolerance - level) * exp(-speed * dt)

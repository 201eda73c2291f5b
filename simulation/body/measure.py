"""Read the true state: what assays blur, and maps of the marrow."""

import numpy as np

from simulation.biology.antigens import CD19
from simulation.biology.census import BLASTS, CARRIERS, ENGAGED, EXHAUSTION, TCONS, TREGS
from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.biology.totals import FRACTION, IN_NICHE, look
from simulation.clinic.ports import Truth

__all__ = ["marrow_layers", "truth_of"]

_UL_PER_LITRE = 1e6


def blood_volume_ul(state: State) -> float:
    """Return the blood volume, uL."""
    return float(state.p.volume_blood_per_kg * state.weight_kg * _UL_PER_LITRE)


def truth_of(state: State, agvhd_grade: int, crs_grade: int) -> Truth:
    """Return the true state after a fresh look."""
    look(state)
    places = state.places
    blood, site = places.index(PlaceKind.BLOOD), places.index(PlaceKind.EXTRAMEDULLARY)
    body, marrow = state.totals.tolist()
    in_blood = state.census.table[:, blood].tolist()
    marrow_cells, suppression, agents = state.whole.tolist()
    per_ul, numbers = (
        1.0 / blood_volume_ul(state),
        state.numbers,
    )  # without the attributes' detour, as in every step
    flowing = per_ul * (1.0 - numbers["marginated"].item())
    niches = state.niches.copy()
    t_cells, blasts = marrow[TCONS] + marrow[TREGS], body[BLASTS]
    return Truth(
        day=numbers["day"].item(),
        blasts=int(blasts),
        lost={antigen.name: int(blasts - body[CARRIERS + i]) for i, antigen in enumerate(state.antigens)},
        marrow_blasts=int(marrow[BLASTS]),
        marrow_cells=marrow_cells,
        niche_blast_fraction=niches[FRACTION],
        niche_blasts=niches[IN_NICHE],
        niche_access=places.access[places.marrow],
        blood_blasts_per_ul=in_blood[BLASTS] * per_ul,
        cd3_per_ul=(in_blood[TCONS] + in_blood[TREGS]) * flowing,
        treg_per_ul=in_blood[TREGS] * flowing,
        b_cells_per_ul=places.normal_b.item(blood) * per_ul,
        marrow_t_cells=t_cells,
        marrow_engaged=marrow[ENGAGED],
        marrow_treg_share=marrow[TREGS] / t_cells if t_cells else 0.0,
        marrow_suppression=suppression,
        marrow_exhaustion=marrow[EXHAUSTION] / t_cells if t_cells else 0.0,
        marrow_et_ratio=t_cells / marrow[BLASTS] if marrow[BLASTS] else float("inf"),
        agvhd_grade=agvhd_grade,
        crs_grade=crs_grade,
        agents=int(agents),
        extramedullary_blasts=int(state.census.blasts.item(site)) if site >= 0 else 0,
        extramedullary_access=places.access.item(site) if site >= 0 else 1.0,
    )


def marrow_layers(state: State) -> dict[str, np.ndarray]:
    """Return maps of the marrow, each of shape (rows, columns); the census must be fresh."""
    census, places = state.census, state.places
    shape, niches = (places.rows, places.columns), slice(0, places.n_niches)
    t_cells = census.t_cells[niches]
    here = census.blasts[niches] + t_cells + places.normal[niches] + places.normal_b[niches]
    layers = {
        "blasts": census.blasts[niches],
        "blasts_cd19_negative": (census.blasts - census.blasts_with(CD19))[niches],
        "engaged": census.engaged[niches],
        "tcon": census.tcon[niches],
        "treg": census.treg[niches],
        "exhaustion": census.exhaustion[niches] / np.maximum(t_cells, 1.0),
        "normal": places.normal[niches],
        "fraction": census.blasts[niches] / np.maximum(here, 1.0),
        "access": places.access[niches],
    }
    return {name: np.array(values, float).reshape(shape) for name, values in layers.items()}

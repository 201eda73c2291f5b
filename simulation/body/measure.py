"""Read the true state: what assays blur, and maps of the marrow."""

import numpy as np

from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.clinic.ports import Truth

__all__ = ["marrow_layers", "truth_of"]

_UL_PER_LITRE = 1e6


def blood_volume_ul(state: State) -> float:
    """Return the blood volume, uL."""
    return float(state.p.volume_blood_per_kg * state.weight_kg * _UL_PER_LITRE)


def truth_of(state: State, agvhd_grade: int, crs_grade: int) -> Truth:
    """Return the true state from a fresh census."""
    census, places = state.census, state.places
    niches, blood = places.marrow, places.index(PlaceKind.BLOOD)
    site = places.index(PlaceKind.EXTRAMEDULLARY)
    body, marrow = census.sums(), census.sums(niches)
    per_ul = 1.0 / blood_volume_ul(state)
    flowing = per_ul * (1.0 - state.marginated)
    here = census.blasts[niches] + census.t_cells[niches] + places.normal[niches] + places.normal_b[niches]
    return Truth(
        day=state.day,
        blasts=int(body.blasts),
        blasts_cd19_negative=int(body.blasts - body.blasts_cd19),
        blasts_hla_lost=int(body.blasts_hla_lost),
        marrow_blasts=int(marrow.blasts),
        marrow_cells=float(here.sum()),
        niche_blast_fraction=census.blasts[niches] / np.maximum(here, 1.0),
        niche_blasts=census.blasts[niches].copy(),
        niche_access=places.access[niches],
        blood_blasts_per_ul=float(census.blasts[blood]) * per_ul,
        cd3_per_ul=float(census.tcon[blood] + census.treg[blood]) * flowing,
        treg_per_ul=float(census.treg[blood]) * flowing,
        b_cells_per_ul=float(places.normal_b[blood]) * per_ul,
        marrow_t_cells=marrow.t_cells,
        marrow_engaged=marrow.engaged,
        marrow_treg_share=marrow.treg / marrow.t_cells if marrow.t_cells else 0.0,
        marrow_suppression=float(state.signals.suppression[niches].mean()),
        marrow_exhaustion=marrow.exhaustion / marrow.t_cells if marrow.t_cells else 0.0,
        marrow_et_ratio=marrow.t_cells / marrow.blasts if marrow.blasts else float("inf"),
        agvhd_grade=agvhd_grade,
        crs_grade=crs_grade,
        agents=state.pop.n_agents,
        extramedullary_blasts=int(census.blasts[site]) if site >= 0 else 0,
        extramedullary_access=float(places.access[site]) if site >= 0 else 1.0,
    )


def marrow_layers(state: State) -> dict[str, np.ndarray]:
    """Return maps of the marrow, each of shape (rows, columns); the census must be fresh."""
    census, places = state.census, state.places
    shape, niches = (places.rows, places.columns), slice(0, places.n_niches)
    t_cells = census.t_cells[niches]
    here = census.blasts[niches] + t_cells + places.normal[niches] + places.normal_b[niches]
    layers = {
        "blasts": census.blasts[niches],
        "blasts_cd19_negative": census.blasts[niches] - census.blasts_cd19[niches],
        "engaged": census.engaged[niches],
        "tcon": census.tcon[niches],
        "treg": census.treg[niches],
        "exhaustion": census.exhaustion[niches] / np.maximum(t_cells, 1.0),
        "normal": places.normal[niches],
        "fraction": census.blasts[niches] / np.maximum(here, 1.0),
        "access": places.access[niches],
    }
    return {name: np.array(values, float).reshape(shape) for name, values in layers.items()}

"""Build the places of a patient: niches with their perfusion, sanctuaries, blood, lymphoid and host tissue."""

import numpy as np

from simulation.biology.places import PlaceKind, Places
from simulation.biology.state import Values
from simulation.body.keyed import Keyed
from simulation.engine.population import Floats

__all__ = ["build_places"]

_SINGLE = (PlaceKind.BLOOD, PlaceKind.LYMPHOID, PlaceKind.TISSUE)


def niche_access(p: Values, n: int, draw: Keyed) -> Floats:
    """Return the access of T cells and drug to every niche.

    Log-normal with mean 1, low in sanctuaries; shape (n,).
    """
    sigma = float(np.sqrt(np.log1p(p.cv_marrow_perfusion**2)))
    spread = np.array([draw.normal("perfusion", i) for i in range(n)])
    access = np.exp(sigma * spread - 0.5 * sigma * sigma)
    sanctuary = np.array([draw.uniform("sanctuary", i) for i in range(n)]) < p.fraction_sanctuary
    return np.where(sanctuary, p.access_sanctuary * access, access)


def build_places(
    p: Values, rows: int, columns: int, extramedullary: bool, weight_kg: float, draw: Keyed
) -> Places:
    """Return the places of one patient; those without room outside the marrow have no extramedullary site."""
    niches = rows * columns
    outside = extramedullary and p.n_extramedullary_cells >= 1.0
    singles = (*_SINGLE, PlaceKind.EXTRAMEDULLARY) if outside else _SINGLE
    kind = np.array([PlaceKind.MARROW] * niches + list(singles), np.int32)
    n = kind.size
    access = np.ones(n)
    access[:niches] = niche_access(p, niches, draw)
    access[kind == PlaceKind.EXTRAMEDULLARY] = p.access_extramedullary
    room = np.zeros(n)
    room[:niches] = p.n_marrow_cells_per_kg * weight_kg / niches
    partition, normal = np.zeros(n), np.zeros(n)
    for where, amount, share in (
        (PlaceKind.MARROW, 0.0, p.partition_marrow),
        (PlaceKind.BLOOD, p.n_blood_cells, 1.0),
        (PlaceKind.LYMPHOID, p.n_lymphoid_cells, p.partition_lymphoid),
        (PlaceKind.TISSUE, 0.0, p.partition_tissue),
        (PlaceKind.EXTRAMEDULLARY, p.n_extramedullary_cells, p.partition_marrow),
    ):
        partition[kind == where] = share
        if where is not PlaceKind.MARROW:
            room[kind == where] = normal[kind == where] = amount
    normal[:niches] = room[:niches] * p.fraction_marrow_after_conditioning
    capacity = np.zeros(n)
    capacity[:niches] = room[:niches] * p.factor_blast_capacity
    capacity[kind == PlaceKind.EXTRAMEDULLARY] = p.n_extramedullary_cells
    return Places(rows, columns, kind, access, room, capacity, normal, np.zeros(n), partition)

"""Build the places of a patient: niches with their perfusion, sanctuaries, and the others that are declared."""

from collections.abc import Container

import numpy as np

from simulation.biology.places import PlaceKind, Places
from simulation.biology.state import Values
from simulation.body.keyed import Keyed
from simulation.engine.population import Floats

__all__ = ["build_places"]


def niche_access(p: Values, n: int, draw: Keyed) -> Floats:
    """Return the access of T cells and drug to every niche.

    Log-normal with mean 1, low in sanctuaries; shape (n,).
    """
    sigma = float(np.sqrt(np.log1p(p.cv_marrow_perfusion**2)))
    access = np.exp(sigma * draw.normals("perfusion", n) - 0.5 * sigma * sigma)
    sanctuary = draw.uniforms("sanctuary", n) < p.fraction_sanctuary
    return np.where(sanctuary, p.access_sanctuary * access, access)


def build_places(
    p: Values, rows: int, columns: int, weight_kg: float, draw: Keyed, without: Container[PlaceKind] = ()
) -> Places:
    """Return the places of one patient, as `PlaceKind` declares them; optional ones in `without`, or without room, are absent."""
    niches = rows * columns
    rooms = {kind: float(getattr(p, kind.site.cells)) for kind in PlaceKind if kind.site.cells}
    others = [
        kind
        for kind in PlaceKind
        if kind not in (PlaceKind.MARROW, PlaceKind.WELL)
        if not (kind.site.optional and (kind in without or rooms[kind] < 1.0))
    ]
    kind = np.array([PlaceKind.MARROW] * niches + others, np.int32)
    access, drug = np.ones(kind.size), np.ones(kind.size)
    room, normal, capacity = np.zeros((3, kind.size))
    for each in (PlaceKind.MARROW, *others):
        here, site = kind == each, each.site
        room[here] = normal[here] = rooms.get(each, 0.0)
        drug[here] = getattr(p, site.drug) if site.drug else 1.0
        access[here] = getattr(p, site.access) if site.access else 1.0
        capacity[here] = room[here] if site.blasts_grow else 0.0
    access[:niches] = niche_access(p, niches, draw)
    room[:niches] = p.n_marrow_cells_per_kg * weight_kg / niches
    normal[:niches] = room[:niches] * p.fraction_marrow_after_conditioning
    capacity[:niches] = room[:niches] * p.factor_blast_capacity
    return Places(rows, columns, kind, access, room, capacity, normal, np.zeros(kind.size), drug)

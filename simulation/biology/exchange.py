"""Exchange of cells between the blood, which is the hub, and all other places."""

from collections.abc import Iterable

import numpy as np

from simulation.biology.here import PARAMETERS, Here
from simulation.biology.places import ACCESS, ROOM, PlaceKind
from simulation.engine.compiled import inner
from simulation.engine.population import Ints

__all__ = ["BLASTS", "KINDS", "T_CELLS", "exchange", "rates_of"]

KINDS = len(PlaceKind)


def rates_of(cells: str) -> tuple[str, ...]:
    """Return the names of the rates at which `t_cells` or `blasts` leave the blood and come back, as the places declare them."""
    names = (name for kind in PlaceKind for name in getattr(kind.site, cells))
    return tuple(dict.fromkeys(filter(None, names)))


def _numbered(cells: str, by_size: Iterable[bool]) -> Ints:
    """Return these rates' numbers among the parameters, -1 where there is none, and whether they go by size: shape (kinds, 3)."""
    names = list(PARAMETERS.names or ())
    pairs = [[names.index(name) if name else -1 for name in getattr(kind.site, cells)] for kind in PlaceKind]
    return np.array([[*pair, scaled] for pair, scaled in zip(pairs, by_size, strict=True)], np.int64)


T_CELLS = _numbered("t_cells", [kind.site.by_size for kind in PlaceKind])
BLASTS = _numbered("blasts", [False] * len(PlaceKind))


@inner()
def exchange(here: Here, rates: Ints) -> None:
    """Set `here.exchanged`: at which rate cells come from the blood and go back, per day; 0 where there is no such place."""
    room, access, marrow, per_day = here.place[ROOM], here.place[ACCESS], 0.0, here.exchanged
    for way in range(2):
        for kind in range(KINDS):
            per_day[way, kind] = 0.0
    for i in range(here.kind.size):
        kind = here.kind[i]
        if kind == PlaceKind.MARROW:
            marrow += room[i]
        for way in range(2):
            if rates[kind, way] >= 0:
                per_day[way, kind] = here.values[rates[kind, way]]
        if rates[kind, 2]:
            per_day[0, kind] *= access[i] * room[i] / marrow

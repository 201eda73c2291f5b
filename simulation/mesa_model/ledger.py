"""The one place where the Mesa room writes into the engine: rows changed by hand, with the books kept.

A cell put in by hand counts as infused, a cell taken out as dead, so that infused + births - deaths stays the number of cells.
"""

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from simulation.biology.places import PlaceKind, Places
from simulation.biology.state import State
from simulation.biology.traits import TAG
from simulation.body import Body
from simulation.engine.population import Floats, Population

__all__ = ["Ledger", "Place", "Rows", "place_index", "position_of", "whole"]

Rows = npt.NDArray[np.intp]
Place = int | str | tuple[int, int]  # a number, a kind ("blood", PlaceKind.BLOOD), a niche (row, column)

_KINDS = {kind.name.lower(): kind for kind in PlaceKind}


class Ledger:
    """Change single agents of a body between two steps."""

    __slots__ = ("_last_tag", "_moved", "body", "places", "pop", "state")

    def __init__(self, body: Body) -> None:
        self.body = body
        self.state: State = body.state
        self.pop: Population = body.state.pop
        self.places: Places = body.state.places
        tags = TAG.of(self.pop.codes(self.pop.rows()))
        self._last_tag = int(tags.max(initial=0))
        self._moved: dict[int, int] = {}  # unique id of an agent changed by hand -> the row it went on in

    def __getstate__(self) -> tuple[Body, int, dict[int, int]]:
        return self.body, self._last_tag, self._moved

    def __setstate__(self, state: tuple[Body, int, dict[int, int]]) -> None:
        body, last_tag, moved = state
        self.__init__(body)  # type: ignore[misc]
        self._last_tag, self._moved = last_tag, moved

    def now(self, row: int, uid: int) -> int | None:
        """Return the row that an agent last seen in `row` is in now, or None when it is gone."""
        pop = self.pop
        for at in (row, self._moved.get(uid, row)):
            if pop.uid.item(at) == uid and pop.cells.item(at) > 0:
                return at
        return None

    def sweep(self) -> None:
        """Forget where agents went that are gone."""
        self._moved = {uid: row for uid, row in self._moved.items() if self.now(row, uid) is not None}

    def create(self, code: int, place: int, cells: int, traits: Floats) -> int:
        """Put cells in and return the row of their agent; a like agent that is there joins it."""
        cells = self._size(cells)
        if cells == 0:
            raise ValueError("an agent holds at least one cell, got cells=0")
        row = self.pop.add(code, place, cells, traits)
        if self.pop.cells.item(row) > cells:
            self.pop.uid[row] = self.pop.new_uid()
        self.state.infused += cells
        self.changed()
        return row

    def remove(self, row: int) -> None:
        """Take an agent out; its cells count as dead."""
        self.state.deaths += self.pop.cells.item(row)
        self.pop.remove(row)
        self.changed()

    def resize(self, rows: Rows, cells: int) -> None:
        """Let agents hold so many cells each; with 0 they are taken out."""
        cells = self._size(cells)
        if cells == 0:
            for row in rows.tolist():
                self.remove(row)
            return
        more = cells - self.pop.cells[rows]
        self.state.infused += int(more[more > 0].sum())
        self.state.deaths -= int(more[more < 0].sum())
        self.pop.cells[rows] = cells
        self.changed()

    def recode(self, row: int, code: int, place: int) -> int:
        """Give an agent another place or other discrete traits; return its row from now on.

        It keeps its unique id; a like agent that is there already joins it.
        """
        pop = self.pop
        if pop.code_of(row) == code and pop.place.item(row) == place:
            return row
        uid, cells, traits = pop.uid.item(row), pop.cells.item(row), pop.traits[row].copy()
        pop.remove(row)
        again = pop.add(code, place, cells, traits)
        pop.uid[again] = uid
        self._moved[uid] = again
        self.changed()
        return again

    def new_tag(self) -> int:
        """Return a mark that no other agent bears."""
        if self._last_tag == TAG.largest:
            raise ValueError(
                f"at most {TAG.largest} agents can be kept apart from like ones; make the others with kept_apart=False"
            )
        self._last_tag += 1
        return self._last_tag

    def changed(self) -> None:
        """Let the body forget what it knew of itself."""
        self.body.changed()  # computed anew when the clinic or a chart asks

    def _size(self, cells: int) -> int:
        cells = whole(cells, "cells")
        if cells < 0:
            raise ValueError(f"cells must be >= 0, got {cells}")
        if self.pop.single_cells and cells > 1:
            raise ValueError(
                f"an agent holds at most 1 cell here (cells_per_agent), got {cells}; make more agents"
            )
        return cells


def whole(value: Any, name: str) -> int:
    """Return a whole number as `int`; 1e6 is one, 0.5 and text are not."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from None


def place_index(places: Places, place: Place) -> int:
    """Return the number of a place given as number, as kind (`"blood"`), or as niche (row, column).

    Raises
    ------
    ValueError
        Where there is no such place, or several of that kind.
    """
    if isinstance(place, tuple):
        row, column = (whole(part, "a niche's row and column") for part in place)
        if not (0 <= row < places.rows and 0 <= column < places.columns):
            raise ValueError(f"no niche {place}: the marrow has {places.rows} x {places.columns} niches")
        return row * places.columns + column
    if isinstance(place, str):
        if place not in _KINDS:
            raise ValueError(f"no kind of place {place!r}; there are {', '.join(_KINDS)}")
        place = _KINDS[place]
    if isinstance(place, PlaceKind):
        places_there = np.flatnonzero(places.kind == place)
        if places_there.size != 1:
            there = "are several: give a number or (row, column)" if places_there.size else "is none here"
            raise ValueError(f"place {place.name.lower()!r}: there {there}")
        return int(places_there[0])
    index = whole(place, "place")
    if not 0 <= index < places.n:
        raise ValueError(f"no place {index}: there are {places.n}, numbered from 0")
    return index


def position_of(places: Places, place: int) -> tuple[int, int] | None:
    """Return (row, column) of a niche, or None outside the marrow grid."""
    return divmod(place, places.columns) if place < places.n_niches else None

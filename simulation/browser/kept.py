"""What a person has chosen or typed on the pages, the patients apart: each has a name, by which the address keeps it.

What stands there is text that anybody may have written: who uses it says which values there are (`among`, `number`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import solara

__all__ = ["NAMES", "TabChoices", "among", "number"]

# name -> what it is at the beginning; empty: whatever comes first
_RESULTS: Final = ("curves", "order", "page", "a", "b", "outcome", "across", "up", "show", "cell")
NAMES: Final[Mapping[str, str]] = {
    "speed": "10",
    "map": "burden",
    "map.day": "",
    "twins.speed": "10",
    "twins.map": "burden",
    "folder": "",
    **{f"{room}.{name}": "" for room in ("results", "study") for name in _RESULTS},
    "study.report": "",
    "guide": "",
    "guide.step": "0",
    "guide.as": "",
    "guide.search": "",
    "guide.set": "",
}
_LONGEST: Final = 4_000  # of one


class TabChoices:
    """Hold one tab's choices; `kept["guide"]` is the reactive text of one.

    Parameters
    ----------
    parts
        Of the address; what is there under another name is left alone.
    """

    def __init__(self, parts: Mapping[str, str]) -> None:
        self._values: dict[str, Any] = {
            name: solara.reactive(parts.get(name, usual)[:_LONGEST]) for name, usual in NAMES.items()
        }

    def __getitem__(self, name: str) -> "solara.Reactive[str]":
        """Return what is kept under a name."""
        value: solara.Reactive[str] = self._values[name]
        return value

    def room(self, name: str) -> "Room":
        """Return those of `name.` under what follows the point."""
        return Room(self, name)

    def watch(self) -> None:
        """Have the component that calls this drawn with every change."""
        for one in self._values.values():
            one.get()

    def query(self) -> dict[str, str]:
        """Return the parts of the address: what is not as at the beginning."""
        return {name: one.peek() for name, one in self._values.items() if one.peek() != NAMES[name]}

    def names(self) -> Iterable[str]:
        """Return all names."""
        return NAMES


class Room:
    """Hold what is kept of one part of the page."""

    def __init__(self, kept: TabChoices, name: str) -> None:
        self._kept, self._name = kept, name

    def __getitem__(self, name: str) -> "solara.Reactive[str]":
        """Return what is kept under a name."""
        return self._kept[f"{self._name}.{name}"]

    def forget(self) -> None:
        """Begin anew: another folder is shown."""
        for name in self._kept.names():
            if name.startswith(f"{self._name}."):
                self._kept[name].value = NAMES[name]


def among(kept: "solara.Reactive[str]", values: Sequence[str], usual: str | None = None) -> str:
    """Return what is kept where it is one of the values, or else the usual one (by default the first)."""
    return kept.value if kept.value in values else (values[0] if usual is None else usual)


def number(kept: "solara.Reactive[str]", most: int) -> int:
    """Return a whole number from 0 to `most`; 0 for what is none."""
    text = kept.value
    return min(int(text), most) if text.isascii() and text.isdecimal() and len(text) < 10 else 0

"""All outcomes, found in the files of this room; the order is that in which a clinician asks."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from simulation.clinic.outcomes.outcome import EVERYONE, Kind, Outcome, Row, Watcher

__all__ = ["EVERYONE", "OUTCOMES", "of_patient", "selected", "watchers"]

_ROOMS: Final = ("simulation.clinic.outcomes", "simulation.products")  # a product declares its own outcomes
_NO_OUTCOMES: Final = frozenset({"book", "outcome", "table"})


@cache
def watchers() -> tuple[type[Watcher], ...]:
    """Return the watcher classes by the names of their files: so they take note in a fixed order."""
    classes: dict[type[Watcher], None] = {}
    for room in _ROOMS:
        for module in sorted(info.name for info in iter_modules(import_module(room).__path__)):
            if module in _NO_OUTCOMES:
                continue
            for value in vars(import_module(f"{room}.{module}")).values():
                if isinstance(value, type) and issubclass(value, Watcher) and value.outcomes:
                    classes[value] = None
    return tuple(classes)


class _Outcomes(Mapping[str, Outcome]):
    """Name -> outcome; the files are read when it is first asked."""

    def __getitem__(self, name: str) -> Outcome:
        return _declared()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_declared())

    def __len__(self) -> int:
        return len(_declared())


@cache
def _declared() -> Mapping[str, Outcome]:
    ordered = sorted(watchers(), key=lambda watcher: watcher.rank)
    table: dict[str, Outcome] = {}
    for declared in (one for watcher in ordered for one in watcher.outcomes):
        if declared.name in table:
            raise ValueError(f"two outcomes are called {declared.name!r}")
        table[declared.name] = declared
    return table


OUTCOMES: Final[Mapping[str, Outcome]] = _Outcomes()


def selected(*kinds: Kind) -> tuple[Outcome, ...]:
    """Return the outcomes of some kinds, in order."""
    return tuple(one for one in OUTCOMES.values() if one.kind in kinds)


def of_patient(name: str, row: Row) -> Any:
    """Return an outcome of one patient, worked out where it follows from others; None where he does not count.

    A flag is a share of everyone, so that its mean over patients is a share as well.
    """
    declared = OUTCOMES[name]
    if declared.of_whom != EVERYONE and not of_patient(declared.of_whom, row):
        return None
    if declared.of is None or name in row:
        return row.get(name)
    return declared.of(_KnownOutcomes(row))


class _KnownOutcomes(dict[str, Any]):
    """Hold what is known of a patient; what is not known did not happen."""

    def __missing__(self, name: str) -> None:
        return None

"""How far the runs of a store are, told from its files alone; it may be written while it is looked at."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulation.errors import UserError
from simulation.store.design import read_design
from simulation.store.store import DONE, Store, in_use

__all__ = ["MOST_SHOWN", "Survey", "survey"]

MOST_SHOWN: Final = 5  # slowest runs and failures that are told
_TRIES: Final = 5  # a file that is merged while it is read is looked for again


@dataclass(frozen=True, slots=True)
class Survey:
    """Hold the state of some stores: runs done and failed, seconds of computing, and who stands out.

    `slowest` and `failures` are (key, seconds) and (key, reason); a key is a mapping of the columns that name a run.
    """

    done: int
    failed: int
    seconds: float  # of the runs that are done
    slowest: tuple[tuple[dict[str, Any], float], ...]
    failures: tuple[tuple[dict[str, Any], str], ...]
    written_now: tuple[str, ...]  # names of the stores that a program holds open


def survey(places: Sequence[Path]) -> Survey:
    """Return the state of stores of one design, taken together; a run counts once, and done before failed."""
    for attempt in range(_TRIES):
        try:
            return _survey(places)
        except (UserError, FileNotFoundError):
            if attempt == _TRIES - 1 or not any(in_use(place) for place in places):
                raise
    raise AssertionError("unreachable")


def _survey(places: Sequence[Path]) -> Survey:
    done: dict[tuple[Any, ...], float] = {}
    failed: dict[tuple[Any, ...], str] = {}
    keys: list[str] = []
    for place in places:
        design = read_design(place)
        if design is None:  # begun this moment
            continue
        keys = [column.name for column in design.keys]
        for row in Store(place, design).all_rows([*keys, "status", "error", "seconds"]):
            key = tuple(row[name] for name in keys)
            if row["status"] == DONE:
                done[key] = row["seconds"] or 0.0
            else:
                failed[key] = row["error"] or ""
    left = {key: reason for key, reason in failed.items() if key not in done}

    def named(key: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(keys, key, strict=True))

    slowest = heapq.nlargest(MOST_SHOWN, done.items(), key=lambda item: item[1])
    return Survey(
        len(done),
        len(left),
        sum(done.values()),
        tuple((named(key), seconds) for key, seconds in slowest),
        tuple((named(key), reason) for key, reason in sorted(left.items())[:MOST_SHOWN]),
        tuple(place.name for place in places if in_use(place)),
    )

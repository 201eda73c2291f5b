"""Read the runs of a sweep: every run once, memory of one byte per run, whatever the store holds."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from simulation.errors import OtherScenario
from simulation.files.tables import plain
from simulation.store import Design, Store, parts_of
from simulation.store.design import read_digest
from simulation.sweep.plan import Plan
from simulation.sweep.work import DONE, store_design

__all__ = ["RUNS", "Table", "store_folders"]

RUNS: Final = "runs"
_NUMBERS: Final = ("run", "status", "point", "arm", "replicate")


def store_folders(folder: Path) -> list[Path]:
    """Return the stores of a sweep: one, or one per shard of a job array."""
    places = [folder / RUNS, *parts_of(folder / RUNS).values()]
    return [place for place in places if Store.exists(place)]


class Table:
    """Give the runs of a sweep's folder.

    Parameters
    ----------
    folder, plan
        The sweep's folder and what `load_plan` found there.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self.design: Design = store_design(plan)

    def states(self) -> bytearray:
        """Return one byte per run: 0 missing, 1 done, 2 failed."""
        states = bytearray(self.plan.n_runs)
        for row in self._rows(("run", "status")):
            number = row["run"]
            if number < len(states) and states[number] != 1:
                states[number] = 1 if row["status"] == DONE else 2
        return states

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every run that is done once, in no particular order."""
        yield from self._done_once(None)

    def values(self, names: Sequence[str]) -> Iterator[tuple[int, int, int, dict[str, Any]]]:
        """Yield (point, index of the arm, replicate, some columns) of every run that is done, once."""
        kinds = self.design.kinds()
        known = [name for name in names if name in kinds]
        arms = {name: index for index, name in enumerate(self.plan.arm_names)}
        for row in self._done_once(dict.fromkeys((*_NUMBERS, *known))):
            yield row["point"], arms[row["arm"]], row["replicate"], {name: row[name] for name in known}

    def failures(self, most: int = 20) -> list[tuple[int, str]]:
        """Return (run, error) of runs that failed and have not been done since, at most so many."""
        states = self.states()
        errors: dict[int, str] = {}
        for row in self._rows(("run", "status", "error")):
            number = row["run"]
            if row["status"] != DONE and states[number] == 2 and len(errors) < most:
                errors[number] = row["error"]
        return sorted(errors.items())

    def _done_once(self, columns: Iterable[str] | None) -> Iterator[dict[str, Any]]:
        seen = bytearray(self.plan.n_runs)
        for row in self._rows(columns):
            number = row["run"]
            if row["status"] == DONE and number < len(seen) and not seen[number]:
                seen[number] = 1
                yield row

    def _rows(self, columns: Iterable[str] | None) -> Iterator[dict[str, Any]]:
        wanted = None if columns is None else list(columns)
        for place in store_folders(self.folder):
            self._check(place)
            yield from Store(place, self.design).all_rows(wanted)

    def _check(self, place: Path) -> None:
        """Refuse runs that belong to another plan; those of another version of the model may still be looked at."""
        digest = read_digest(place)
        planned = plain(self.plan.identity())
        if digest is not None and {name: digest[1].get(name) for name in planned} != planned:
            raise OtherScenario("holds runs of another sweep than plan.json beside it", file=str(place))

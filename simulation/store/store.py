"""A folder of results that survives kill -9 at any moment, takes more runs later, and stays a handful of files.

    design.json                 what these runs are; its columns, scenarios, seed and model
    rows/runs-000001-*.parquet  segments: the rows of many batches
    rows/batch-*.parquet        one file per batch that has just been finished
    lock                        held by the one program that is writing

The last part of a Parquet file's name is its digest, `design.json` ends with its own: whatever reads a file that is not
what was written says so.

A batch becomes a file in one atomic step. Batches are merged into segments, segments of like size into larger ones. A
crash between writing a segment and removing its parts leaves rows twice; a reader takes each run once, and a run that
was done counts before one that failed.
"""

import json
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from simulation.errors import OtherScenario, UserError
from simulation.files.atomic import write_file
from simulation.store.design import DESIGN_FILE, Design, read_digest
from simulation.store.rows import NAME, ROWS, merge_files, read_rows

__all__ = ["DONE", "Store", "StoreInUse", "in_use"]

_LOCK: Final = "lock"
_JOINED: Final = ".joined-"  # how the name of a part begins whose rows have been moved
_KNOCKS: Final = 3
_KNOCK_S: Final = 0.05
_FAN: Final = 32  # so many files of one size are merged into one
DONE: Final = "done"


class StoreInUse(UserError):  # noqa: N818 - its base says that it is an error
    """Say that another program is writing into the same store."""


class Store:
    """Hold the runs of one design in `folder`; use as a context, which keeps other writers out.

    Raises
    ------
    OtherScenario
        On entering, where the folder holds runs of another design.
    StoreInUse
        On entering, where another program is writing.
    """

    def __init__(self, folder: Path, design: Design) -> None:
        self.folder = folder
        self.design = design
        self.place = folder / ROWS
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        """Make the folder or check that it is the same design's, and lock it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._take_lock()
        try:
            stored = read_digest(self.folder)
            if stored is None:
                write_file(self.folder / DESIGN_FILE, self.design.to_json())
            elif stored[0] != self.design.digest():
                raise OtherScenario(
                    f"holds other runs ({_difference(stored[1], self.design)})", file=str(self.folder)
                )
            self.place.mkdir(exist_ok=True)
            self._tidy()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    @staticmethod
    def exists(folder: Path) -> bool:
        """Return whether a folder holds a store, though it may hold no run yet, or its design was moved away."""
        return any((folder / name).exists() for name in (DESIGN_FILE, ROWS, _LOCK))

    def files(self) -> list[Path]:
        """Return the files that hold rows, the oldest segments first."""
        return [*sorted(self._segments()), *sorted(self._batches())]

    def all_rows(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield every row (or some columns of it) as it stands, twice where it stands twice.

        Memory does not grow with the store.
        """
        stored = read_digest(self.folder)
        for path in self.files():
            yield from read_rows(path, self.design, columns, digest="" if stored is None else stored[0])

    def done(self) -> set[tuple[Any, ...]]:
        """Return the keys of all runs that need not be run again."""
        keys = [column.name for column in self.design.keys]
        rows = self.all_rows([*keys, "status"])
        return {tuple(row[key] for key in keys) for row in rows if row["status"] == DONE}

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every run once, in no particular order; what was done counts before failures."""
        keys = [column.name for column in self.design.keys]
        done, seen = self.done(), set[tuple[Any, ...]]()
        for row in self.all_rows():
            key = tuple(row[name] for name in keys)
            if key not in seen and (row["status"] == DONE or key not in done):
                seen.add(key)
                yield row

    def merge(self, *, everything: bool = False) -> None:
        """Merge batches into a segment where there are many (or any, with `everything`), and segments likewise."""
        batches = sorted(self._batches())
        if len(batches) >= _FAN or (everything and batches):
            self._join(batches)
        segments = self._segments()
        while len(segments) >= _FAN or (everything and len(segments) > _FAN // 4):
            # the smallest ones: a row is copied only so many times as there are sizes
            self._join(sorted(segments, key=lambda path: path.stat().st_size)[:_FAN])
            segments = self._segments()

    def gather(self, parts: Iterable[Path]) -> int:
        """Move the rows of other stores of the same design into this one, and return how many stores that were.

        Memory does not grow with them, and what a crash leaves in both places is read once.

        Raises
        ------
        UserError
            Where a part is of another design, damaged, or being written now.
        """
        moved = 0
        for left in self.folder.parent.glob(f"{_JOINED}{self.folder.name}-*"):  # by a crash
            shutil.rmtree(left, ignore_errors=True)
        for folder in parts:
            joined = folder.with_name(f"{_JOINED}{folder.name}")
            with Store(folder, self.design) as part:
                if files := part.files():
                    merge_files(files, self.design, self.place, self._next_number())
                folder.rename(joined)  # now nobody finds it ...
            # ... and it goes when its lock is closed: on NFS a folder with an open file cannot be removed
            shutil.rmtree(joined, ignore_errors=True)
            moved += 1
        return moved

    def _segments(self) -> list[Path]:
        return list(self.place.glob("runs-*.parquet"))

    def _batches(self) -> list[Path]:
        return [path for path in self.place.glob("*.parquet") if not path.name.startswith("runs-")]

    def _join(self, parts: list[Path]) -> None:
        """Write the rows of several files as one, then remove the files."""
        merge_files(parts, self.design, self.place, self._next_number())
        for part in parts:
            part.unlink(missing_ok=True)

    def _next_number(self) -> int:
        known = (NAME.fullmatch(path.name) for path in self._segments())
        return max((int(name[1]) for name in known if name is not None), default=0) + 1

    def _tidy(self) -> None:
        """Remove what a killed writer left half written; nobody else can be writing now."""
        for place in (self.folder, self.place):
            for path in place.glob(".part-*"):
                path.unlink(missing_ok=True)

    def _take_lock(self) -> None:
        self._lock = (self.folder / _LOCK).open("a", encoding="utf-8")
        try:
            import fcntl
        except (
            ImportError
        ):  # Windows: no lock, but batches have names of their own, so nothing is overwritten
            return
        for knock in range(_KNOCKS):  # who only looks whether the store is in use is gone at once
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if knock < _KNOCKS - 1:
                    time.sleep(_KNOCK_S)
            except OSError:
                return  # a file system without locks: as on Windows
        self._lock.close()
        self._lock = None
        raise StoreInUse("another program is writing into it now", file=str(self.folder))

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()  # the file stays: removing it would let two programs hold two locks
            self._lock = None


def in_use(folder: Path) -> bool:
    """Tell whether a program is writing into the store of a folder, where the system knows."""
    try:
        import fcntl

        with (folder / _LOCK).open("r", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False


def _difference(before: Mapping[str, Any], now: Design) -> str:
    """Name what differs between the design found and the one asked for."""
    asked = json.loads(json.dumps(now.identity, default=str))  # as the file has it: no tuples
    names = [name for name in {**before, **asked} if before.get(name) != asked.get(name)]
    shown = " and other ".join(name.replace("_", " ") for name in names[:3])
    return f"made with other {shown}" if shown else "of another kind"

"""The design on disk: written once, appended to by `expand`, read in chunks; numbers read back as they were."""

import csv
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from simulation.errors import UserError
from simulation.files.atomic import write_lines
from simulation.files.tables import csv_line, csv_lines
from simulation.sweep.designs import Point, Shares
from simulation.sweep.factors import Factor
from simulation.sweep.plan import DESIGN, SHARES

__all__ = ["PointReader", "read_shares", "write_design"]

_KEPT: Final = 20_000  # points of a smaller design are read once and kept


def write_design(
    folder: Path, factors: Sequence[Factor], points: Iterable[tuple[Point, Shares | None]], *, add_to: int = 0
) -> int:
    """Write the points after the first `add_to` ones that are there, and return how many there are then.

    Both files are replaced as wholes, so that a crash leaves the old design or the new one.
    """
    n, drawn = add_to, False
    header = ["point", *(factor.name for factor in factors)]
    shares_path = folder / f".{SHARES}-new"

    def rows(shares_file: IO[str]) -> Iterator[Iterable[object]]:
        nonlocal n, drawn
        for values, shares in points:
            yield n, *values
            if shares is not None:
                drawn = True
                shares_file.write(csv_line((n, *shares)))
            n += 1

    with shares_path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(header, _old(folder / SHARES, add_to)))
        write_lines(folder / DESIGN, csv_lines(header, chain(_old(folder / DESIGN, add_to), rows(file))))
    if drawn:
        with shares_path.open(encoding="utf-8", newline="") as file:
            write_lines(folder / SHARES, file)
    shares_path.unlink(missing_ok=True)
    return n


class PointReader:
    """Give the points of a saved design by number; those of a large one in order, so that memory stays flat."""

    def __init__(self, folder: Path, factors: Sequence[Factor], n_points: int) -> None:
        self._path = folder / DESIGN
        self._factors = tuple(factors)
        self._n = n_points
        self._kept = list(self._read()) if n_points <= _KEPT else None
        self._stream: Iterator[Point] | None = None
        self._next = 0

    def __getitem__(self, number: int) -> Point:
        if self._kept is not None:
            return self._kept[number]
        if self._stream is None or number < self._next - 1:
            self._stream, self._next = self._read(), 0
            self._last: Point = ()
        while self._next <= number:
            self._last = next(self._stream)
            self._next += 1
        return self._last

    def _read(self) -> Iterator[Point]:
        with _undamaged(self._path), self._path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            if header[1:] != [factor.name for factor in self._factors]:
                raise UserError("its columns are not those of the plan", file=str(self._path))
            for fields in islice(rows, self._n):
                yield tuple(
                    float(text) if factor.numeric else text
                    for factor, text in zip(self._factors, fields[1:], strict=True)
                )


def read_shares(folder: Path, n_points: int, k: int) -> npt.NDArray[np.float64]:
    """Return the shares of all points, shape (n_points, k)."""
    shares = np.full((n_points, k), math.nan)
    with _undamaged(folder / SHARES), (folder / SHARES).open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows, None)
        for fields in rows:
            if int(fields[0]) < n_points:
                shares[int(fields[0])] = [float(text) for text in fields[1:]]
    return shares


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    """Say which file of a sweep's folder is gone or cannot be what the program wrote."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except (ValueError, IndexError, csv.Error):
        raise UserError("is damaged", file=str(path)) from None


def _old(path: Path, n: int) -> Iterator[list[str]]:
    """Yield the fields of the first n points as they stand."""
    if n and path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            yield from islice(csv.reader(file), 1, n + 1)

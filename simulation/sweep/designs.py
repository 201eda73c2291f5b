"""Designs: which combinations of values are run. A design is drawn once, saved, and never drawn again.

Points are rows of shares (0..1) of each factor's range, which the factor turns into values; so every design is the
same for a linear range, a logarithmic one, a list of levels and a distribution.
"""

import csv
import io
import itertools
import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.errors import UserError, nearest_name
from simulation.sweep.factors import Factor, Value
from simulation.sweep.sweep_file import (
    CsvDesign,
    Grid,
    LatinHypercube,
    Morris,
    OneAtATime,
    RandomDesign,
    Sobol,
    Zip,
)
from simulation.units import QuantityError, parse_quantity
from simulation.yaml_source import read_text

__all__ = ["Point", "design_points", "design_size", "from_csv", "sobol_shares"]

type Point = tuple[Value, ...]
type Shares = npt.NDArray[np.float64]
type AnyDesign = Grid | Zip | RandomDesign | LatinHypercube | Sobol | Morris | OneAtATime | CsvDesign
_LARGEST_CSV: Final = 200_000_000  # bytes
_CHUNK: Final = 4096


def design_size(design: AnyDesign, factors: Sequence[Factor]) -> int | None:
    """Return how many points a design has; None where only its file knows. Raise `UserError` if it cannot be."""
    k = len(factors)
    if isinstance(design, Grid | Zip):
        for factor in factors:
            if not factor.levels:
                raise UserError(
                    "a grid or zip needs levels: list values, or write n",
                    key=f"parameters.{factor.name}",
                )
        if isinstance(design, Grid):
            return math.prod(factor.n_levels for factor in factors)
        lengths = {factor.name: factor.n_levels for factor in factors}
        if len(set(lengths.values())) > 1:
            lengths_text = ", ".join(f"{name} has {n}" for name, n in lengths.items())
            raise UserError(f"a zip needs lists of one length; {lengths_text}", key="design")
        return next(iter(lengths.values()))
    if isinstance(design, RandomDesign | LatinHypercube):
        return design.points
    if isinstance(design, Sobol):
        if k < 2:
            raise UserError("Sobol indices need at least two parameters", key="design")
        return design.points * ((2 * k + 2) if design.second_order else (k + 2))
    if isinstance(design, Morris):
        return design.trajectories * (k + 1)
    if isinstance(design, OneAtATime):
        return 2 * k + 1
    return None


def design_points(design: AnyDesign, factors: Sequence[Factor]) -> Iterator[tuple[Point, Shares | None]]:
    """Yield each point with its shares (None where a design has none); grids and random designs are streamed."""
    if isinstance(design, Grid):
        for levels in itertools.product(*(factor.levels for factor in factors)):
            yield levels, None
    elif isinstance(design, Zip):
        for levels in zip(*(factor.levels for factor in factors), strict=True):
            yield levels, None
    elif isinstance(design, OneAtATime):
        yield from ((point, None) for point in _one_at_a_time(factors))
    elif isinstance(design, RandomDesign):
        yield from _valued(factors, _random(design, len(factors)))
    elif isinstance(design, LatinHypercube):
        yield from _valued(factors, iter(latin_hypercube(design.points, len(factors), design.seed)))
    elif isinstance(design, Sobol):
        yield from _valued(factors, iter(sobol_shares(design.points, len(factors), design)))
    elif isinstance(design, Morris):
        yield from _valued(
            factors, iter(morris_shares(design, len(factors), design.trajectories, design.seed))
        )
    else:
        raise TypeError(f"{type(design).__name__} is read from its file")


def _valued(factors: Sequence[Factor], rows: Iterator[Shares]) -> Iterator[tuple[Point, Shares]]:
    for row in rows:
        yield tuple(factor.at(float(u)) for factor, u in zip(factors, row, strict=True)), row


def _random(design: RandomDesign, k: int) -> Iterator[Shares]:
    for start in itertools.count(0, _CHUNK):
        # keyed by the chunk, so that more points later leave the first ones as they are
        yield from np.random.default_rng([design.seed, start]).random((_CHUNK, k))


def latin_hypercube(n: int, k: int, seed: int) -> Shares:
    """Return shares of shape (n, k): in every column each of n equal bins is met exactly once."""
    rng = np.random.default_rng([seed, 1])
    bins = np.stack([rng.permutation(n) for _ in range(k)], axis=1)
    return np.asarray((bins + rng.random((n, k))) / n, float)


def sobol_shares(n: int, k: int, design: Sobol) -> Shares:
    """Return Saltelli's design from SALib, shape (n (k + 2), k), or (n (2 k + 2), k) for pairs."""
    sampler = _salib("sobol")
    problem = {"num_vars": k, "names": [f"x{i}" for i in range(k)], "bounds": [[0.0, 1.0]] * k}
    return np.asarray(
        sampler(problem, n, calc_second_order=design.second_order, scramble=True, seed=design.seed), float
    )


def morris_shares(design: Morris, k: int, trajectories: int, seed: int) -> Shares:
    """Return Morris' trajectories from SALib, shape (trajectories (k + 1), k)."""
    sampler = _salib("morris")
    problem = {"num_vars": k, "names": [f"x{i}" for i in range(k)], "bounds": [[0.0, 1.0]] * k}
    return np.asarray(sampler(problem, trajectories, num_levels=design.levels, seed=seed), float)


def _salib(kind: str) -> Callable[..., Any]:
    if kind == "sobol":
        from SALib.sample import sobol

        return sobol.sample  # type: ignore[no-any-return]
    from SALib.sample import morris

    return morris.sample  # type: ignore[no-any-return]


def _one_at_a_time(factors: Sequence[Factor]) -> Iterator[Point]:
    for factor in factors:
        if factor.mode == "set" and factor.base is None:
            raise UserError(
                "the base scenario has no number there to start from", key=f"parameters.{factor.name}"
            )
    base: list[Value] = [_neutral(factor) for factor in factors]
    yield tuple(base)
    for index, factor in enumerate(factors):
        ends = (factor.levels[0], factor.levels[-1]) if factor.levels else (factor.at(0.0), factor.at(1.0))
        for end in ends:
            yield (*base[:index], end, *base[index + 1 :])


def _neutral(factor: Factor) -> Value:
    return {"times": 1.0, "plus": 0.0}.get(factor.mode, factor.base if factor.base is not None else 1.0)


def from_csv(path: Path, shown: str, factors: Sequence[Factor]) -> Iterator[Point]:
    """Yield the points of a person's own CSV file: a header of parameter names, values with units or plain numbers.

    Raises `UserError` with the file's line for a wrong column or value, and for a file without points.
    """
    rows = _csv_rows(path, shown)
    header = [name.strip() for name in next(rows, (0, list[str]()))[1]]
    names = [factor.name for factor in factors]
    for name in header:
        if name not in names:
            near = nearest_name(name, names)
            raise UserError(
                f"the column {name[:60]!r} is no parameter of the sweep", file=shown, line=1, nearest=near
            )
    if missing := [name for name in names if name not in header]:
        raise UserError(f"the column {missing[0]!r} is missing", file=shown, line=1)
    if len(set(header)) < len(header):
        raise UserError("a column is named twice", file=shown, line=1)
    order = [header.index(name) for name in names]
    empty = True
    for line, fields in rows:
        if not any(field.strip() for field in fields):
            continue
        if len(fields) != len(header):
            raise UserError(
                f"got {len(fields)} fields", file=shown, line=line, expected=f"{len(header)} fields"
            )
        empty = False
        yield tuple(
            _field(factor, fields[at].strip(), shown, line) for factor, at in zip(factors, order, strict=True)
        )
    if empty:
        raise UserError("the design is empty: the file has no points", file=shown)


def _csv_rows(path: Path, shown: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, fields) of a person's CSV file; a regular file of text, and nothing larger than a design can be."""
    rows = csv.reader(io.StringIO(read_text(path, shown, _LARGEST_CSV), newline=""))
    while True:
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(f"this is no CSV: {error}", file=shown, line=rows.line_num) from None
        yield rows.line_num, fields


def _field(factor: Factor, text: str, shown: str, line: int) -> Value:
    if not factor.numeric:
        from simulation.yaml_source import parse_yaml, plain

        return json.dumps(plain(parse_yaml(text, f"{shown}:{line}", lines=False)), ensure_ascii=False)
    try:
        if factor.whole or factor.dimension is None:
            value = float(text)
            if value != int(value):
                raise ValueError
        else:
            try:
                value = float(text)  # a bare number is in the canonical unit: other programs write those
            except ValueError:
                value = parse_quantity(text, factor.dimension)
    except QuantityError as error:
        raise UserError(
            error.message,
            file=shown,
            line=line,
            key=factor.name,
            expected=error.expected,
            nearest=error.nearest,
        ) from None
    except (ValueError, OverflowError):
        raise UserError(
            f"got {text[:60]!r}", file=shown, line=line, key=factor.name, expected="a whole number"
        ) from None
    if not math.isfinite(value):
        raise UserError(
            f"got {text[:60]!r}", file=shown, line=line, key=factor.name, expected="a finite number"
        )
    return value

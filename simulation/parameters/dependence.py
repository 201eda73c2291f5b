"""How parameters that vary between patients depend on one another: a Gaussian copula of named pairs.

Each parameter keeps its own distribution. What depends are the numbers that are drawn from it, through their normal
scores: `correlation` is that of the scores (of the logarithms, where both are log-normal), and the rank correlation
(Spearman) is 6 / pi * asin(correlation / 2). A pair that is not written has correlation 0.

Of parameters that depend on one another the first of the parameter table keeps its own number, and each later one gets
what the earlier say of it and the rest from its own (Cholesky). So without a pair everybody is as before, and nobody
changes when parameters that have nothing to do with his are made to vary or to depend.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from simulation.errors import nearest_name
from simulation.parameters.distributions import inside, normal_quantile, normal_share
from simulation.parameters.read_distribution import DistributionError
from simulation.units import QuantityError, format_number, parse_quantity

__all__ = ["DEPENDENCE", "INDEPENDENT", "Dependence", "Pair", "parse_dependence"]

DEPENDENCE: Final = "dependence"  # the key, in a block of parameters and in the table
_NAMES: Final = ("of", "with")
_REQUIRED: Final = (*_NAMES, "correlation")
_KEYS: Final = (*_REQUIRED, "source")
_EXAMPLE: Final = "{of: rate_blast_net_growth, with: n_residual_blasts, correlation: 0.5}"
_SMALLEST_PIVOT: Final = 1e-12  # a smaller one is rounding: the parameter would be fixed by those before it

type _Rows = dict[str, tuple[tuple[str, float], ...]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Hold two parameters and the correlation of their normal scores, between -1 and 1."""

    of: str
    other: str
    correlation: float
    source: str | None = None

    def to_plain(self) -> dict[str, object]:
        """Return the YAML mapping that reads back as exactly this pair."""
        plain: dict[str, object] = {"of": self.of, "with": self.other, "correlation": self.correlation}
        return plain if self.source is None else plain | {"source": self.source}


@dataclass(frozen=True, slots=True)
class Dependence:
    """Hold the pairs as they were written, and their parameters in the order of the table."""

    pairs: tuple[Pair, ...] = ()
    order: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def among(self, names: Collection[str]) -> "Dependence":
        """Return the pairs of which both parameters are in `names`."""
        kept = tuple(pair for pair in self.pairs if pair.of in names and pair.other in names)
        return _of(kept, self.order)

    def partners(self, name: str) -> list[tuple[str, Pair]]:
        """Return the parameters that one depends on, each with its pair."""
        return [
            (pair.other if pair.of == name else pair.of, pair)
            for pair in self.pairs
            if name in (pair.of, pair.other)
        ]

    def numbers(self, own: Callable[[str], float]) -> Callable[[str], float]:
        """Return what gives the number (0..1) of a parameter, from `own`, which gives each its independent one."""
        rows = _factor(self)

        def number(name: str) -> float:
            row = rows.get(name)
            if row is None:
                return own(name)
            return normal_share(
                math.fsum(weight * normal_quantile(inside(own(earlier))) for earlier, weight in row)
            )

        return number

    def to_plain(self) -> list[dict[str, object]]:
        """Return the YAML list that reads back as exactly this."""
        return [pair.to_plain() for pair in self.pairs]


INDEPENDENT: Final = Dependence()


def _of(pairs: tuple[Pair, ...], order: Iterable[str]) -> Dependence:
    named = {name for pair in pairs for name in (pair.of, pair.other)}
    return Dependence(pairs, tuple(name for name in order if name in named))


def parse_dependence(
    data: object, order: Sequence[str], varies: Collection[str], *, sourced: bool = False
) -> Dependence:
    """Return the dependence written as a list of `{of: ..., with: ..., correlation: ..., source: ...}`.

    `order` are all parameters in the order of the table, `varies` those that vary here. With `sourced` each pair needs a
    source. Raises `DistributionError`, whose path leads from the list.
    """
    if data is None:
        return INDEPENDENT
    if not isinstance(data, list | tuple):
        raise DistributionError(f"got {data!r}", (), f"a list of pairs such as {_EXAMPLE}")
    pairs: list[Pair] = []
    for index, item in enumerate(data):
        try:
            pair = _pair(item, order, varies, sourced)
        except DistributionError as error:
            raise DistributionError(
                error.message, (index, *error.path), error.expected, error.nearest
            ) from None
        if any({pair.of, pair.other} == {known.of, known.other} for known in pairs):
            raise DistributionError(f"the pair {pair.of} and {pair.other} is written twice", (index,))
        pairs.append(pair)
    dependence = _of(tuple(pairs), order)
    _factor(dependence)
    return dependence


def _pair(item: object, order: Sequence[str], varies: Collection[str], sourced: bool) -> Pair:
    if not isinstance(item, Mapping):
        raise DistributionError(f"got {item!r}", (), f"a pair such as {_EXAMPLE}")
    for key in item:
        if key not in _KEYS:
            near = nearest_name(str(key), _KEYS)
            raise DistributionError("there is no such key", (key,), f"{', '.join(_KEYS)}", near)
    for key in (*_REQUIRED, *(["source"] if sourced else [])):
        if item.get(key) is None:
            raise DistributionError(f"the key {key!r} is missing", ())
    for key in _NAMES:
        name = item[key]
        if name not in order:
            near = nearest_name(str(name), order)
            raise DistributionError(f"there is no parameter {name!r}", (key,), None, near)
        if name not in varies:
            raise DistributionError(f"{name} does not vary between patients here", (key,), "one that varies")
    if item["of"] == item["with"]:
        raise DistributionError(f"{item['of']} is paired with itself", ("with",), "another parameter")
    source = item.get("source")
    if source is not None and not isinstance(source, str):
        raise DistributionError(f"got {source!r}", ("source",), "text in quotes")
    return Pair(item["of"], item["with"], _correlation(item["correlation"]), source)


def _correlation(written: object) -> float:
    try:
        number = parse_quantity(written, "dimensionless")
    except QuantityError as error:
        raise DistributionError(error.message, ("correlation",), error.expected, error.nearest) from None
    if not -1 < number < 1:
        expected = "a number between -1 and 1, neither of them"
        raise DistributionError(f"got {format_number(number)}", ("correlation",), expected)
    return number


@lru_cache(maxsize=256)
def _factor(dependence: Dependence) -> _Rows:
    """Return, for each parameter that depends on earlier ones, the weights of their scores and of its own (Cholesky).

    Raises `DistributionError`, naming the pairs, where no patients can be as the pairs say.
    """
    order = dependence.order
    written = {frozenset((pair.of, pair.other)): pair.correlation for pair in dependence.pairs}
    lower: list[list[float]] = []
    for name in order:
        row: list[float] = []
        for j, earlier in enumerate(order[: len(lower)]):
            known = math.fsum(row[k] * lower[j][k] for k in range(j))
            row.append((written.get(frozenset((name, earlier)), 0.0) - known) / lower[j][j])
        rest = 1.0 - math.fsum(weight**2 for weight in row)
        if not rest > _SMALLEST_PIVOT:
            raise DistributionError(_contradiction(dependence, order[: len(lower) + 1]), ())
        lower.append([*row, math.sqrt(rest)])
    return {
        name: tuple((earlier, weight) for earlier, weight in zip(order, row, strict=False) if weight)
        for name, row in zip(order, lower, strict=True)
        if any(row[:-1])
    }


def _contradiction(dependence: Dependence, names: Sequence[str]) -> str:
    """Return in words which pairs cannot all be true: those by which the last name hangs together with earlier ones."""
    among = dependence.among(names).pairs
    linked, size = {names[-1]}, 0
    while len(linked) > size:
        size = len(linked)
        linked.update(
            name for pair in among if {pair.of, pair.other} & linked for name in (pair.of, pair.other)
        )
    matrix = ", ".join(
        f"{pair.of} with {pair.other} {format_number(pair.correlation)}"
        for pair in among
        if pair.of in linked
    )
    return (
        f"these correlations contradict one another (a pair that is not written has 0; their matrix is not positive "
        f"definite): {matrix}"
    )

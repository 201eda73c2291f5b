"""Distributions of a parameter between patients, sampled by their inverse cumulative distribution.

One uniform number per parameter gives the patient's value, so a patient is the same whatever else is drawn.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulation.errors import nearest_name
from simulation.units import Dimension, QuantityError, format_number, format_quantity, parse_quantity

__all__ = ["DISTRIBUTIONS", "Distribution", "parse_distribution"]

_Z95: Final = 1.959963984540054  # standard normal quantile of 0.975: low..high hold 95 % of patients

# kind -> the ways of writing it; a median, mean or value left out is the table's value
DISTRIBUTIONS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "fixed": (("value",),),
    "lognormal": (("median", "sigma"), ("median", "cv"), ("low", "high")),
    "normal": (("mean", "sd"), ("low", "high")),
    "uniform": (("low", "high"),),
    "loguniform": (("low", "high"),),
    "beta": (("mean", "sd"),),
    "choice": (("values", "weights"), ("values",)),
}
_WIDEST: Final = (
    3.0  # sigma or CV of a log-normal; beyond, nearly everybody would stand on an end of the table's range
)
_PLAIN: Final = frozenset({"sigma", "cv"})  # written without a unit
_CENTRES: Final = frozenset({"median", "mean", "value"})


@dataclass(frozen=True, slots=True)
class Distribution:
    """Describe how a parameter varies between patients; numbers are in the parameter's canonical unit.

    `first` and `second` are: value, - (fixed); median, sigma (lognormal); mean, sd (normal, beta);
    low, high (uniform, loguniform). `low` and `high` are the table's limits, at which samples are clipped.
    """

    distribution: str
    dimension: Dimension
    first: float = 0.0
    second: float = 0.0
    values: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    source: str | None = None

    def sample(self, u: float) -> float:
        """Return the value below which a share `u` (0..1) of patients lie, clipped to the table's limits."""
        u = min(max(u, 2.0**-53), 1.0 - 2.0**-53)
        return min(max(_INVERSE[self.distribution](self, u), self.low), self.high)

    @property
    def median(self) -> float:
        """Return the median patient's value."""
        return self.sample(0.5)

    def to_plain(self) -> dict[str, object]:
        """Return the YAML mapping that reads back as exactly this distribution."""
        names = {
            "fixed": ("value",),
            "lognormal": ("median", "sigma"),
            "normal": ("mean", "sd"),
            "beta": ("mean", "sd"),
            "uniform": ("low", "high"),
            "loguniform": ("low", "high"),
            "choice": (),
        }[self.distribution]
        told: dict[str, object] = {"distribution": self.distribution}
        for name, number in zip(names, (self.first, self.second), strict=False):
            told[name] = _plain_number(number) if name in _PLAIN else format_quantity(number, self.dimension)
        if self.values:
            told["values"] = [format_quantity(value, self.dimension) for value in self.values]
            told["weights"] = list(self.weights)
        if self.source is not None:
            told["source"] = self.source
        return told


def _plain_number(number: float) -> float | int:
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def _normal_quantile(u: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(u)


def _beta(which: Distribution, u: float) -> float:
    from scipy.special import betaincinv

    spread = which.first * (1 - which.first) / which.second**2 - 1
    return float(betaincinv(which.first * spread, (1 - which.first) * spread, u))


def _choice(which: Distribution, u: float) -> float:
    total, sums = 0.0, []
    for weight in which.weights:
        total += weight
        sums.append(total)
    return which.values[min(bisect_right(sums, u * total), len(sums) - 1)]


_INVERSE: Final[Mapping[str, Callable[[Distribution, float], float]]] = {
    "fixed": lambda which, _u: which.first,
    "lognormal": lambda which, u: which.first * math.exp(which.second * _normal_quantile(u)),
    "normal": lambda which, u: which.first + which.second * _normal_quantile(u),
    "uniform": lambda which, u: which.first + (which.second - which.first) * u,
    "loguniform": lambda which, u: which.first * (which.second / which.first) ** u,
    "beta": _beta,
    "choice": _choice,
}


class DistributionError(ValueError):
    """Say what is wrong with a distribution; `path` leads from the distribution to the place."""

    def __init__(
        self,
        message: str,
        path: tuple[str | int, ...] = (),
        expected: str | None = None,
        nearest: str | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.path = path
        self.expected = expected
        self.nearest = nearest


def parse_distribution(
    data: Mapping[str, object],
    dimension: Dimension,
    default: float,
    low: float = -math.inf,
    high: float = math.inf,
) -> Distribution:
    """Return the distribution written as `{distribution: lognormal, median: ..., sigma: ...}`.

    `default` is the median, mean or value when none is written; `low` and `high` clip the samples. Raises
    `DistributionError`.
    """
    kind = data.get("distribution")
    if kind is None:
        raise DistributionError("got none", ("distribution",), f"one of {', '.join(DISTRIBUTIONS)}")
    if not isinstance(kind, str) or kind not in DISTRIBUTIONS:
        near = nearest_name(str(kind), DISTRIBUTIONS)
        raise DistributionError(
            f"got {kind!r}", ("distribution",), f"one of {', '.join(DISTRIBUTIONS)}", near
        )
    source = data.get("source")
    if source is not None and not isinstance(source, str):
        raise DistributionError(f"got {source!r}", ("source",), "text in quotes")
    written = [key for key in data if key not in {"distribution", "source"}]
    names = _chosen_form(kind, written)
    if kind == "choice":
        values = _list(data["values"], "values", dimension)
        weights = (
            _list(data["weights"], "weights", "dimensionless") if "weights" in data else (1.0,) * len(values)
        )
        if len(weights) != len(values) or min(weights) < 0 or sum(weights) <= 0:
            raise DistributionError(
                f"got {len(weights)}", ("weights",), f"{len(values)} weights, not negative and not all 0"
            )
        return Distribution(
            kind, dimension, values=values, weights=weights, low=low, high=high, source=source
        )
    numbers = {
        name: _number(data[name], name, "dimensionless" if name in _PLAIN else dimension)
        if name in data
        else default
        for name in names
    }
    first, second = _standard_form(kind, numbers)
    return Distribution(kind, dimension, first, second, low=low, high=high, source=source)


def _chosen_form(kind: str, written: Sequence[str]) -> tuple[str, ...]:
    forms = DISTRIBUTIONS[kind]
    for form in forms:
        if set(written) <= set(form) and set(form) - set(written) <= _CENTRES:
            return form
    told = " or ".join(" and ".join(form) for form in forms)
    known = {name for form in forms for name in form}
    for name in written:
        if name not in known:
            raise DistributionError(
                f"{name!r} is not part of a {kind} distribution", (name,), told, nearest_name(name, known)
            )
    raise DistributionError(
        f"got {' and '.join(written) or 'nothing'}", (), f"{told} for a {kind} distribution"
    )


def _number(value: object, name: str, dimension: Dimension) -> float:
    try:
        return parse_quantity(value, dimension)
    except QuantityError as error:
        raise DistributionError(error.message, (name,), error.expected, error.nearest) from None


def _list(value: object, name: str, dimension: Dimension) -> tuple[float, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise DistributionError(f"got {value!r}", (name,), "a list such as [a, b]")
    numbers = []
    for index, item in enumerate(value):
        try:
            numbers.append(parse_quantity(item, dimension))
        except QuantityError as error:
            raise DistributionError(error.message, (name, index), error.expected, error.nearest) from None
    return tuple(numbers)


def _standard_form(kind: str, numbers: Mapping[str, float]) -> tuple[float, float]:
    def positive(*names: str) -> None:
        for name in names:
            if not numbers[name] > 0:
                raise DistributionError(f"got {format_number(numbers[name])}", (name,), "a number above 0")

    if "high" in numbers:
        low, high = numbers["low"], numbers["high"]
        if not low < high:
            raise DistributionError("it is not above low", ("high",))
        if kind in {"lognormal", "loguniform"}:
            positive("low")
        if kind == "lognormal":
            return math.sqrt(low * high), math.log(high / low) / (2 * _Z95)
        if kind == "normal":
            return (low + high) / 2, (high - low) / (2 * _Z95)
        return low, high
    if kind == "lognormal":
        positive(*numbers)
        for name in _PLAIN & set(numbers):
            if numbers[name] > _WIDEST:
                told = f"got {format_number(numbers[name])}; 30 % is written 0.3"
                raise DistributionError(told, (name,), f"a number above 0, at most {_WIDEST:g}")
        spread = numbers["sigma"] if "sigma" in numbers else math.sqrt(math.log1p(numbers["cv"] ** 2))
        return numbers["median"], spread
    if kind in {"normal", "beta"}:
        positive("sd")
        mean, sd = numbers["mean"], numbers["sd"]
        if kind == "beta" and not (0 < mean < 1 and sd**2 < mean * (1 - mean)):
            raise DistributionError(
                f"no beta distribution has mean {format_number(mean)} and sd {format_number(sd)}",
                ("mean",) if not 0 < mean < 1 else ("sd",),
                "a mean between 0 and 1 and an sd below sqrt(mean (1 - mean))",
            )
        return mean, sd
    return numbers["value"], 0.0

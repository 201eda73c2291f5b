"""Distributions of a parameter between patients, sampled by their inverse cumulative distribution.

One uniform number per parameter gives the patient's value, so a patient is the same whatever else is drawn. Of a mixture
that number chooses the part by the cumulated weights, in the order written, and where it lies within the part's share
chooses the value. So the value rises with the number within a part, but from part to part (as from value to value of a
`choice`) only where they are written from low to high.

A `listed` parameter is no distribution: it holds what is known of patient 0, 1, 2 ... one by one, and what the others are
drawn from.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final

from simulation.errors import nearest_name
from simulation.units import Dimension, QuantityError, format_number, format_quantity, parse_quantity

__all__ = [
    "DISTRIBUTIONS",
    "WORDS",
    "Distribution",
    "DistributionError",
    "inside",
    "normal_quantile",
    "normal_share",
    "numbers_of",
    "parse_distribution",
]

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
    "mixture": (("parts",),),
    "listed": (("values", "otherwise"), ("values",)),
}
# every key of a distribution besides `distribution`
WORDS: Final = (
    *dict.fromkeys(name for forms in DISTRIBUTIONS.values() for form in forms for name in form),
    "source",
)
_WIDEST: Final = (
    3.0  # sigma or CV of a log-normal; beyond, nearly everybody would stand on an end of the table's range
)
_WHOLE: Final = frozenset({"mixture", "listed"})  # no part of a mixture
_STEPS: Final = frozenset({"fixed", "choice", "mixture", "listed"})  # of themselves no continuum
_PLAIN: Final = frozenset({"sigma", "cv"})  # written without a unit
_CENTRES: Final = frozenset({"median", "mean", "value"})
_FEWEST_PARTS: Final = 2
_NOT_KNOWN: Final = math.inf  # of a listed patient; equal to itself, as a scenario's values must be


@dataclass(frozen=True, slots=True)
class Distribution:
    """Describe how a parameter varies between patients; numbers are in the parameter's canonical unit.

    `first` and `second` are: value, - (fixed); median, sigma (lognormal); mean, sd (normal, beta);
    low, high (uniform, loguniform). `weights` are those of `values` (choice) or of `parts` (mixture), relative to their
    sum. `low` and `high` are the table's limits, at which samples are clipped. Of `listed` ones `values` are those of patient
    0, 1, 2 ..., infinite where not known, and `parts` is what those are drawn from.
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
    parts: tuple["Distribution", ...] = ()

    def sample(self, u: float) -> float:
        """Return the value of the patient whose number is `u` (0..1), clipped to the table's limits.

        It is the value below which a share `u` of patients lie, but for a choice or a mixture that is not written from low
        to high.
        """
        return min(max(_INVERSE[self.distribution](self, inside(u)), self.low), self.high)

    def of_patient(self, patient: int, u: float) -> float:
        """Return the value of a patient by his number, where it is listed; else that of the patient whose number is `u`.

        Raises `ValueError` for a patient who is not in the list.
        """
        if not self.is_list:
            return self.sample(u)
        if patient >= len(self.values):
            raise ValueError(f"there is no patient {patient}: {len(self.values)} are listed, from 0 on")
        known = self.values[patient]
        return known if math.isfinite(known) else self.parts[0].sample(u)

    def share_up_to(self, value: float) -> float:
        """Return the share of patients (0..1) at or below a value."""
        if value >= self.high:
            return 1.0
        return _CUMULATIVE[self.distribution](self, value) if value >= self.low else 0.0

    @property
    def median(self) -> float:
        """Return the median patient's value: the lowest that more than half of the patients are at or below."""
        if self.distribution == "choice":
            values, weights = zip(*sorted(zip(self.values, self.weights, strict=True)), strict=True)
            return replace(self, values=values, weights=weights).sample(0.5)
        if self.is_list:
            return _of_all(self).median
        if self.distribution == "mixture":
            return _middle_between(sorted(part.median for part in self.parts), self)
        return self.sample(0.5)

    @property
    def is_list(self) -> bool:
        """Return whether patients are listed one by one."""
        return self.distribution == "listed"

    @property
    def varies(self) -> bool:
        """Return whether two patients can differ."""
        return self.continuous or len(self.discrete) > 1

    @property
    def discrete(self) -> frozenset[float]:
        """Return the values of which each is that of a share of patients; none where all are drawn from a continuum."""
        if self.distribution == "fixed":
            return frozenset({self.first})
        if self.is_list:
            return _of_all(self).discrete
        drawn = frozenset(
            value for value, weight in zip(self.values, self.weights, strict=False) if weight > 0
        )
        return drawn.union(*(part.discrete for part in self.parts))

    @property
    def continuous(self) -> bool:
        """Return whether some patients are drawn from a continuum."""
        return any(part.continuous for part in self.parts) or self.distribution not in _STEPS

    def scaled(self, factor: float) -> "Distribution":
        """Return the distribution of `factor` (above 0) times the value; the limits stay. Raises `ValueError` for a beta."""
        if self.distribution == "beta":
            raise ValueError("a beta distribution cannot be multiplied")
        second = self.second if self.distribution == "lognormal" else self.second * factor
        values = tuple(value * factor for value in self.values)
        parts = tuple(part.scaled(factor) for part in self.parts)
        return replace(self, first=self.first * factor, second=second, values=values, parts=parts)

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
            "mixture": (),
            "listed": (),
        }[self.distribution]
        told: dict[str, object] = {"distribution": self.distribution}
        for name, number in zip(names, (self.first, self.second), strict=False):
            told[name] = _plain_number(number) if name in _PLAIN else format_quantity(number, self.dimension)
        if self.is_list:
            told["values"] = [
                format_quantity(value, self.dimension) if math.isfinite(value) else None
                for value in self.values
            ]
            if self.parts:
                told["otherwise"] = self.parts[0].to_plain()
        elif self.values:
            told["values"] = [format_quantity(value, self.dimension) for value in self.values]
            told["weights"] = list(self.weights)
        if self.distribution == "mixture":
            shares = zip(self.weights, self.parts, strict=True)
            told["parts"] = [{"weight": _plain_number(weight)} | part.to_plain() for weight, part in shares]
        if self.source is not None:
            told["source"] = self.source
        return told


def numbers_of(value: float | Distribution) -> tuple[float, ...]:
    """Return the numbers that must lie within a parameter's range."""
    if not isinstance(value, Distribution):
        return (value,)
    if value.distribution == "choice":
        return value.values
    of_parts = tuple(number for part in value.parts for number in numbers_of(part))
    if value.is_list:
        return (*(number for number in value.values if math.isfinite(number)), *of_parts)
    if value.distribution == "mixture":
        return of_parts
    if value.distribution in {"uniform", "loguniform"}:
        return (value.first, value.second)
    return (value.first,)


def _plain_number(number: float) -> float | int:
    return int(number) if number == int(number) and abs(number) < 2**53 else number


def inside(u: float) -> float:
    """Return a number of 0..1 moved off its ends, where a normal has no value."""
    return min(max(u, 2.0**-53), 1.0 - 2.0**-53)


def normal_quantile(u: float) -> float:
    """Return the standard normal score below which a share `u` (0..1, neither end) lies."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(u)


def _beta(which: Distribution, u: float) -> float:
    from scipy.special import betaincinv

    spread = which.first * (1 - which.first) / which.second**2 - 1
    return float(betaincinv(which.first * spread, (1 - which.first) * spread, u))


def _chosen(which: Distribution, u: float) -> tuple[int, float]:
    """Return which of the weighed the number `u` chooses, and how far into it the number reaches, in its weight."""
    sums = list(accumulate(which.weights))
    index = min(bisect_right(sums, u * sums[-1]), len(sums) - 1)
    return index, u * sums[-1] - (sums[index - 1] if index else 0.0)


def _choice(which: Distribution, u: float) -> float:
    return which.values[_chosen(which, u)[0]]


def _mixture(which: Distribution, u: float) -> float:
    index, into = _chosen(which, u)
    return which.parts[index].sample(into / which.weights[index])


_INVERSE: Final[Mapping[str, Callable[[Distribution, float], float]]] = {
    "fixed": lambda which, _u: which.first,
    "lognormal": lambda which, u: which.first * math.exp(which.second * normal_quantile(u)),
    "normal": lambda which, u: which.first + which.second * normal_quantile(u),
    "uniform": lambda which, u: which.first + (which.second - which.first) * u,
    "loguniform": lambda which, u: which.first * (which.second / which.first) ** u,
    "beta": _beta,
    "choice": _choice,
    "mixture": _mixture,
    "listed": lambda which, u: _of_all(which).sample(u),
}


def normal_share(z: float) -> float:
    """Return the share (0..1) below a standard normal score."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def _beta_share(which: Distribution, value: float) -> float:
    from scipy.special import betainc

    spread = which.first * (1 - which.first) / which.second**2 - 1
    at = min(max(value, 0.0), 1.0)
    return float(betainc(which.first * spread, (1 - which.first) * spread, at))


def _log_share(which: Distribution, value: float, share: Callable[[float, float], float]) -> float:
    return share(math.log(value / which.first), which.second) if value > 0 else 0.0


def _even(position: float) -> float:
    return min(max(position, 0.0), 1.0)


def _weighed(which: Distribution, shares: Iterable[float]) -> float:
    """Return the mean of shares by weight."""
    found = sum(weight * share for weight, share in zip(which.weights, shares, strict=True))
    return found / list(accumulate(which.weights))[-1]


_CUMULATIVE: Final[Mapping[str, Callable[[Distribution, float], float]]] = {
    "fixed": lambda which, x: float(x >= which.first),
    "lognormal": lambda which, x: _log_share(which, x, lambda log, sigma: normal_share(log / sigma)),
    "normal": lambda which, x: normal_share((x - which.first) / which.second),
    "uniform": lambda which, x: _even((x - which.first) / (which.second - which.first)),
    "loguniform": lambda which, x: _log_share(
        which, x, lambda log, high: _even(log / math.log(high / which.first))
    ),
    "beta": _beta_share,
    "choice": lambda which, x: _weighed(which, (float(value <= x) for value in which.values)),
    "mixture": lambda which, x: _weighed(which, (part.share_up_to(x) for part in which.parts)),
    "listed": lambda which, x: _of_all(which).share_up_to(x),
}


def _of_all(which: Distribution) -> Distribution:
    """Return how the listed patients differ, whoever is who."""
    known = tuple(sorted(value for value in which.values if math.isfinite(value)))
    choice = replace(which, distribution="choice", values=known, weights=(1.0,) * len(known), parts=())
    unknown = len(which.values) - len(known)
    if not unknown:
        return choice
    if not known:
        return which.parts[0]
    weights = (float(len(known)), float(unknown))
    return replace(which, distribution="mixture", values=(), weights=weights, parts=(choice, which.parts[0]))


def _middle_between(medians: Sequence[float], which: Distribution) -> float:
    """Return the median of a mixture: it lies between those of its parts, `medians`, from low to high."""
    below, above = medians[0], medians[-1]
    if which.share_up_to(below) > 0.5:
        return below
    while below < (middle := below + (above - below) / 2) < above:
        below, above = (below, middle) if which.share_up_to(middle) > 0.5 else (middle, above)
    return above


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
    if kind == "listed":
        listed = _listed(data["values"], dimension)
        rest = data.get("otherwise")
        if rest is None and math.inf in listed:
            raise DistributionError(
                "got none", ("otherwise",), "what patients without a value are drawn from"
            )
        if rest is not None and not isinstance(rest, Mapping):
            raise DistributionError(
                f"got {rest!r}", ("otherwise",), "a distribution such as {distribution: ...}"
            )
        parts = () if rest is None else (_otherwise(rest, dimension, default, low, high),)
        return Distribution(kind, dimension, values=listed, low=low, high=high, source=source, parts=parts)
    if kind == "mixture":
        found = _parts(data["parts"], lambda part: parse_distribution(part, dimension, default, low, high))
        weights, parts = zip(*found, strict=True)
        return Distribution(kind, dimension, weights=weights, low=low, high=high, source=source, parts=parts)
    numbers = {
        name: _number(data[name], name, "dimensionless" if name in _PLAIN else dimension)
        if name in data
        else default
        for name in names
    }
    first, second = _standard_form(kind, numbers)
    return Distribution(kind, dimension, first, second, low=low, high=high, source=source)


def _listed(value: object, dimension: Dimension) -> tuple[float, ...]:
    """Return the values of patients 0, 1, 2 ...; one that is left empty is not known."""
    if not isinstance(value, list | tuple) or not value:
        raise DistributionError(f"got {value!r}", ("values",), "a list such as [60 kg, null, 81 kg]")
    known = [item for item in value if item is not None]
    numbers = iter(_list(known, "values", dimension) if known else ())
    return tuple(_NOT_KNOWN if item is None else next(numbers) for item in value)


def _otherwise(
    data: Mapping[str, object], dimension: Dimension, default: float, low: float, high: float
) -> Distribution:
    if data.get("distribution") == "listed":
        raise DistributionError("a list cannot stand in a list", ("otherwise", "distribution"))
    try:
        return parse_distribution(data, dimension, default, low, high)
    except DistributionError as error:
        path = ("otherwise", *error.path)
        raise DistributionError(error.message, path, error.expected, error.nearest) from None


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


def _parts(
    written: object, read: Callable[[Mapping[str, object]], Distribution]
) -> list[tuple[float, Distribution]]:
    """Return the parts of a mixture, each with its weight; every weight has to be written."""
    if not isinstance(written, list | tuple) or len(written) < _FEWEST_PARTS:
        got = f"{len(written)} of them" if isinstance(written, list | tuple) else repr(written)
        expected = f"a list of at least {_FEWEST_PARTS} parts such as {{weight: 0.85, distribution: ...}}"
        raise DistributionError(f"got {got}", ("parts",), expected)
    found = []
    for index, part in enumerate(written):
        try:
            found.append(_part(part, read))
        except DistributionError as error:
            path = ("parts", index, *error.path)
            raise DistributionError(error.message, path, error.expected, error.nearest) from None
    return found


def _part(part: object, read: Callable[[Mapping[str, object]], Distribution]) -> tuple[float, Distribution]:
    if not isinstance(part, Mapping):
        raise DistributionError(f"got {part!r}", (), "a part such as {weight: 0.85, distribution: ...}")
    if part.get("distribution") in _WHOLE:
        told = f"one of {', '.join(name for name in DISTRIBUTIONS if name not in _WHOLE)}"
        kind = part["distribution"]
        raise DistributionError(f"a part of a mixture cannot be a {kind}", ("distribution",), told)
    if "weight" not in part:
        near = nearest_name("weight", {str(key) for key in part} - {"distribution", *WORDS})
        if near is not None:
            raise DistributionError(f"a part has no key {near!r}", (near,), None, "weight")
        raise DistributionError(
            "the weight of this part is missing", (), "weight: 0.85, its share of patients"
        )
    weight = _number(part["weight"], "weight", "dimensionless")
    if not 0 < weight < math.inf:
        raise DistributionError(f"got {format_number(weight)}", ("weight",), "a number above 0")
    return weight, read({key: value for key, value in part.items() if key != "weight"})


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

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

from simulation.units import Dimension, format_quantity

__all__ = [
    "DISTRIBUTIONS",
    "PLAIN",
    "WORDS",
    "Distribution",
    "inside",
    "normal_quantile",
    "normal_share",
    "numbers_of",
]


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
_STEPS: Final = frozenset({"fixed", "choice", "mixture", "listed"})  # of themselves no continuum
PLAIN: Final = frozenset({"sigma", "cv"})  # written without a unit


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
        plain: dict[str, object] = {"distribution": self.distribution}
        for name, number in zip(names, (self.first, self.second), strict=False):
            plain[name] = _plain_number(number) if name in PLAIN else format_quantity(number, self.dimension)
        if self.is_list:
            plain["values"] = [
                format_quantity(value, self.dimension) if math.isfinite(value) else None
                for value in self.values
            ]
            if self.parts:
                plain["otherwise"] = self.parts[0].to_plain()
        elif self.values:
            plain["values"] = [format_quantity(value, self.dimension) for value in self.values]
            plain["weights"] = list(self.weights)
        if self.distribution == "mixture":
            shares = zip(self.weights, self.parts, strict=True)
            plain["parts"] = [{"weight": _plain_number(weight)} | part.to_plain() for weight, part in shares]
        if self.source is not None:
            plain["source"] = self.source
        return plain


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
    mean = sum(weight * share for weight, share in zip(which.weights, shares, strict=True))
    return mean / list(accumulate(which.weights))[-1]


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

"""Parameters, patients and chance told apart: patients nested in parameter sets, some of them run again.

A patient's number is y = mean + parameters (of his set) + patient + chance. The three variances are estimated by analysis of
variance with unequal groups (Searle, Casella and McCulloch 1992, chapter 3): chance from runs of the same patient under the
same set, patients from those of one set, parameters from the means of sets. Each is unbiased, so it may come out negative
where there is little or nothing; it is left so, and intervals tell how well it is known. Intervals and the answer's range
are from a bootstrap over sets with all of their patients (Davison and Hinkley 1997, section 3.8), both widened for few sets
as a t distribution is wider than a normal (Hesterberg 2015, Am Stat 69:371). A test counts how often they hold the truth.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import ndtr, stdtrit

__all__ = ["Covariance", "NestedEstimate", "Part", "covariances", "nested"]

type Floats = npt.NDArray[np.float64]
_RESAMPLES: Final = 1999
_SEED: Final = 20_261_127  # intervals of the same trial are the same bytes
_FEWEST_SETS: Final = 5
_DRAWS: Final = 8  # of the range, for every resample


@dataclass(frozen=True, slots=True)
class Part:
    """Hold a variance and its 95 % interval, in the square of the outcome's unit; NaN where it cannot be told."""

    variance: float
    low: float
    high: float


_UNKNOWN: Final = Part(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True, slots=True)
class NestedEstimate:
    """Hold what a nested design tells of a mean and of the single patient.

    Parameters
    ----------
    mean
        Over sets and patients.
    low, high
        95 % range of the mean of very many patients under one set, which nobody knows: parameters, patients and chance.
    sampled_low, sampled_high
        95 % interval of `mean` for the sets that were drawn: patients and chance alone.
    above
        Probability that the mean of very many patients is above 0.
    sets, patients, rerun
        How many there were.
    within
        Variance between patients of one set, chance included; between all patients where sets and patients are not told apart.
    parameters, of_patients, chance
        Variances of one run of one patient.
    """

    mean: float
    low: float
    high: float
    sampled_low: float
    sampled_high: float
    above: float
    sets: int
    patients: int
    rerun: int
    within: float
    parameters: Part
    of_patients: Part
    chance: Part

    @property
    def of_mean(self) -> tuple[float, float, float]:
        """Return the variance of the answer by part: parameters, patients, chance; what came out negative counts as 0."""
        parts = (self.parameters, self.of_patients, self.chance)
        shrink = (1 + 1 / max(self.sets, 1), 1 / self.patients, 1 / self.patients)
        variances = [max(part.variance, 0.0) * by for part, by in zip(parts, shrink, strict=True)]
        return variances[0], variances[1], variances[2]

    @property
    def variance_of_mean(self) -> float:
        """Return the variance of the answer, which needs no reruns; NaN where parameters and patients are not told apart."""
        whole = math.fsum(self.of_mean)  # with what came out negative as 0, as in the parts
        return whole if math.isfinite(whole) else self.of_mean[0] + self.within / self.patients


@dataclass(frozen=True, slots=True)
class _Sums:
    """Hold of every set, shape (sets,), what all estimates are made from."""

    n: Floats
    total: Floats
    squares: Floats  # within the set
    chance: Floats  # within patients who were run again
    chance_df: Floats


def nested(
    values: npt.ArrayLike, sets: npt.ArrayLike, reruns: Mapping[int, Sequence[float]] | None = None,
    recombined: Sequence[tuple[npt.ArrayLike, float]] = (),
) -> NestedEstimate:  # fmt: skip
    """Split the variance of `values`, one per patient, shape (n,), who lived under the `sets`, shape (n,).

    `reruns` holds, by the index of a patient, his values when he was run again under the same set. Fewer than five sets, or
    fewer than five with two patients or more, leave parameters and patients together: the parts are then NaN, and the range
    is that of a mean over sets (t). Where patients of fewer than five sets were run again, chance has no interval.
    `recombined` says of sets that were put together from a few draws of several kinds, for each kind: which draw a patient's set
    holds, shape (n,), and as how many draws those count. The range then knows the parameters no better than so few draws do.
    """
    y, labels = np.asarray(values, float), np.asarray(sets)
    if y.ndim != 1 or y.shape != labels.shape or not y.size:
        raise ValueError("a nested design needs one value and one set for each patient")
    sums = _sums(y, labels, reruns or {})
    k = sums.n.size
    rng = np.random.default_rng(_SEED)
    drawn = rng.multinomial(k, np.full(k, 1 / k), size=_RESAMPLES).astype(float)
    estimates, resampled = _estimates(sums, np.ones((1, k))), _estimates(sums, drawn, k / max(k - 1, 1))
    separable = int((sums.n > 1).sum()) >= _FEWEST_SETS
    left = _left_out(sums) if separable else None
    with_chance = int((sums.chance_df > 0).sum()) >= _FEWEST_SETS
    parts = {
        name: _part(
            estimates[name][0], resampled[name], left[name], known=with_chance or name == "parameters"
        )
        if left is not None
        else _UNKNOWN
        for name in ("parameters", "patients", "chance")
    }
    mean = float(estimates["mean"][0])
    if separable:
        within = float(estimates["within"][0])
        good = np.isfinite(resampled["parameters"])  # a resample may hold no set of two patients
        centres, spread = resampled["mean"][good], np.sqrt(np.maximum(resampled["parameters"][good], 0.0))
    else:
        within = float(y.var(ddof=1)) if y.size > 1 else float("nan")
        error = (k / max(k - 1, 1) * ((sums.total - sums.n * mean) ** 2).sum()) ** 0.5 / y.size
        centres, spread = np.full(_RESAMPLES, mean), np.full(_RESAMPLES, error)
    half = 1.959963984540054 * (within / y.size) ** 0.5
    low = high = above = float("nan")
    if k > 1:
        df, widen = _freedom(y, labels, recombined, k, float(np.mean(spread**2)))
        draws = _mixed(centres, spread * widen**0.5, df, rng)
        low, high = (float(limit) for limit in np.quantile(draws, [0.025, 0.975]))
        above = float(((draws > 0) + 0.5 * (draws == 0)).mean())
    return NestedEstimate(
        mean=mean,
        low=low,
        high=high,
        sampled_low=mean - half,
        sampled_high=mean + half,
        above=above,
        sets=k,
        patients=int(y.size),
        within=within,
        rerun=int(sum(1 for one in (reruns or {}).values() if len(one))),
        parameters=parts["parameters"],
        of_patients=parts["patients"],
        chance=parts["chance"],
    )


def _freedom(
    y: Floats,
    labels: npt.NDArray[np.generic],
    recombined: Sequence[tuple[npt.ArrayLike, float]],
    k: int,
    variance: float,
) -> tuple[float, float]:
    """Return the degrees of freedom of the variance of parameters, and by how much few draws make it larger.

    The part of each kind of draw is estimated from the means of sets that hold the same one (analysis of variance); degrees of
    freedom are combined by Satterthwaite's rule, and the mean of n draws lies off by an n-th of their variance.
    """
    _, first, group = np.unique(labels, return_index=True, return_inverse=True)
    means = np.bincount(group, y) / np.bincount(group)
    parts: list[tuple[float, float]] = []
    for places, count in recombined:
        of_sets = np.asarray(places)[first]
        if np.unique(of_sets).size in {1, k} or count <= 1:
            continue
        freedom = float(
            _estimates(_sums(means, of_sets, {}), np.ones((1, np.unique(of_sets).size)))["parameters"][0]
        )
        parts.append((max(freedom, 0.0) if math.isfinite(freedom) else 0.0, count))
    total = sum(part for part, _ in parts)
    if not total > 0 or not variance > 0:
        return k - 1.0, 1.0
    shares = [(min(part / max(total, variance), 1.0), count) for part, count in parts]
    rest = 1.0 - sum(share for share, _ in shares)
    slack = sum(share**2 / (count - 1.0) for share, count in shares) + rest**2 / (k - 1.0)
    few = sum(share * ((1.0 + 1.0 / count) * count / (count - 1.0) - 1.0) for share, count in shares)
    return min(1.0 / slack, k - 1.0), 1.0 + few


def _sums(y: Floats, labels: npt.NDArray[np.generic], reruns: Mapping[int, Sequence[float]]) -> _Sums:
    _, group = np.unique(labels, return_inverse=True)
    n = np.bincount(group).astype(float)
    total = np.bincount(group, y)
    squares = np.bincount(group, (y - (total / n)[group]) ** 2)
    chance, df = np.zeros(n.size), np.zeros(n.size)
    for index, again in reruns.items():
        runs = np.array([y[index], *again], float)
        if runs.size > 1:
            chance[group[index]] += ((runs - runs.mean()) ** 2).sum()
            df[group[index]] += runs.size - 1
    return _Sums(n, total, squares, chance, df)


def _estimates(sums: _Sums, times: Floats, enlarge: float = 1.0) -> dict[str, Floats]:
    """Return the estimates for every row of `times`, which says how often each set is taken, shape (rows, sets).

    `enlarge` makes up for means of a resample that lie nearer to one another than those of the population.
    """
    return _from_totals(times @ _columns(sums), enlarge)


def _left_out(sums: _Sums) -> dict[str, Floats]:
    """Return the estimates with each set left out in turn."""
    columns = _columns(sums)
    return _from_totals(columns.sum(axis=0) - columns, 1.0)


def _columns(sums: _Sums) -> Floats:
    """Return what is added up over sets, shape (sets, columns)."""
    n = sums.n
    return np.stack(
        [np.ones_like(n), n, n**2, sums.total, sums.total**2 / n, sums.squares, sums.chance, sums.chance_df],
        axis=1,
    )


def _from_totals(totals: Floats, enlarge: float) -> dict[str, Floats]:
    groups, count, squared, total, means, squares, runs, runs_df = totals.T
    with np.errstate(all="ignore"):
        mean = total / count
        within = squares / (count - groups)
        size = (count - squared / count) / (groups - 1.0)
        parameters = (enlarge * (means - count * mean**2) / (groups - 1.0) - within) / size
        chance = runs / runs_df
    return {
        "mean": mean,
        "within": within,
        "parameters": parameters,
        "patients": within - chance,
        "chance": chance,
    }


def _part(value: float, resampled: Floats, left: Floats, *, known: bool) -> Part:
    """Return a variance with its BCa interval (Efron 1987), if `known`; `left` are the estimates with each set left out."""
    good = resampled[np.isfinite(resampled)]
    if not known or not np.isfinite(value) or good.size < _RESAMPLES // 2:
        return Part(float(value), float("nan"), float("nan"))
    gap = left[np.isfinite(left)].mean() - left[np.isfinite(left)]
    below = (np.count_nonzero(good < value) + 0.5 * np.count_nonzero(good == value)) / good.size
    bias = stats.norm.ppf(min(max(below, 1 / good.size), 1 - 1 / good.size))
    curve = float((gap**3).sum() / (6 * (gap**2).sum() ** 1.5)) if (gap**2).sum() > 0 else 0.0
    k = left.size
    wide = float(stats.t.ppf(0.975, k - 1)) * (k / (k - 1)) ** 0.5
    z = np.array([-wide, wide]) + bias
    low, high = np.quantile(good, ndtr(bias + z / (1 - curve * z)))
    return Part(float(value), float(low), float(high))


def _mixed(means: Floats, spread: Floats, df: float, rng: np.random.Generator) -> Floats:
    """Return draws of a mixture of t distributions, one per resample, each from all over its own."""
    places = (np.arange(means.size * _DRAWS) + 0.5) / (means.size * _DRAWS)
    scores = rng.permutation(stdtrit(df, places)).reshape(means.size, _DRAWS)
    return np.asarray((means[:, None] + spread[:, None] * scores).ravel(), float)


@dataclass(frozen=True, slots=True)
class Covariance:
    """Hold how two numbers vary together between parameter sets, each a component without what patients and chance add.

    `se` is the error of `covariance` (jackknife over sets); `variance` that of the first number between sets, `within` its
    variance between patients of one set, chance included.
    """

    covariance: float
    se: float
    variance: float
    within: float

    def explained(self, measured: float) -> float:
        """Return the variance of the second number that would go if the first were measured (linear Bayes).

        `measured` is the variance of what would be measured: between sets, and that of the measurement's error. The square of
        an uncertain covariance is too large by its error, which is taken off; nothing is left below 0.
        """
        return max(self.covariance**2 - self.se**2, 0.0) / measured if measured > 0 else 0.0


def covariances(first: npt.ArrayLike, second: npt.ArrayLike, sets: npt.ArrayLike) -> list[Covariance]:
    """Return, for each column of `first`, shape (n, m), how it varies between sets with `second`, shape (n,).

    A column may be the same for all patients of a set, as a parameter is, or differ between them, as an outcome does.
    """
    x, y, labels = np.asarray(first, float), np.asarray(second, float), np.asarray(sets)
    if x.ndim != 2 or y.shape != labels.shape or x.shape[0] != y.size:
        raise ValueError("covariances need one row for each patient")
    _, group = np.unique(labels, return_inverse=True)
    n = np.bincount(group).astype(float)
    x, y = x - x.mean(axis=0), y - y.mean()
    mean_y = np.bincount(group, y) / n
    mean_x = np.stack([np.bincount(group, column) / n for column in x.T], axis=1)
    product, square = ((x * other[:, None] if other.ndim == 1 else x * other) for other in (y, x))
    inside_xy, inside_xx = (
        np.stack([np.bincount(group, column) for column in table.T], axis=1) - n[:, None] * mean_x * with_
        for table, with_ in ((product, mean_y[:, None]), (square, mean_x))
    )

    def kept(of_sets: Floats) -> Floats:
        """Return the total over sets, then that without each in turn."""
        total = of_sets.sum(axis=0, keepdims=True)
        return np.concatenate([total, total - of_sets])

    def component(with_: Floats, inside: Floats) -> tuple[Floats, Floats]:
        each = n[:, None]
        count, groups = kept(each), kept(np.ones_like(each))
        between = kept(each * mean_x * with_) - kept(each * mean_x) * kept(each * with_) / count
        with np.errstate(all="ignore"):
            degrees = kept(each - 1.0)
            within = np.where(degrees > 0, kept(inside) / degrees, 0.0)
            size = (count - kept(each**2) / count) / (groups - 1.0)
            return (between / (groups - 1.0) - within) / size, within

    both, _ = component(np.broadcast_to(mean_y[:, None], mean_x.shape), inside_xy)
    own, within = component(mean_x, inside_xx)
    left, k = both[1:], n.size
    with np.errstate(all="ignore"):  # without one of two sets nothing is known
        se = np.sqrt((k - 1) / k * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    return [
        Covariance(float(both[0, j]), float(se[j]), float(own[0, j]), float(within[0, j]))
        for j in range(x.shape[1])
    ]

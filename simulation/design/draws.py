"""Many trials at once: patients drawn from stored runs, entered, lost and censored; the tests' statistics of each trial.

Arms are drawn independently, so that a trial is unpaired though the runs are twins. All tests are two-sample tests whose
statistic `z` is positive where the first arm does better.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["ENDPOINTS", "Conduct", "StoredPatients", "Tally", "draw_trials"]

type Floats = npt.NDArray[np.float64]
type Bools = npt.NDArray[np.bool_]
type Ints = npt.NDArray[np.int64]

ENDPOINTS: Final = ("log_rank", "restricted_mean", "mean_days", "event_free", "leukaemia_free")
_MOST_NUMBERS: Final = 3_000_000  # of one table in memory
_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class StoredPatients:
    """Hold the stored patients of one arm, arrays of shape (n,).

    `days` run to the event (`happened`) or to the end; `free_days` are those of the primary outcome up to the horizon, `free`
    says who is alive without overt leukaemia on that day.
    """

    days: Floats
    happened: Bools
    free_days: Floats
    free: Bools


@dataclass(frozen=True, slots=True)
class Conduct:
    """Say how a trial is conducted; days, and patients in all."""

    patients: int
    allocation: float
    accrual: float
    follow_up: float
    drop_out: float  # share of patients a year
    horizon: float
    longest: float  # no patient is followed longer than the runs

    @property
    def arms(self) -> tuple[int, int]:
        """Return the patients of the first arm and of the other, at least one each."""
        one = round(self.patients * self.allocation / (1 + self.allocation))
        one = min(max(one, 1), self.patients - 1)
        return one, self.patients - one


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Hold what the trials came to, arrays of shape (trials,): `z` of every endpoint, events of both arms together.

    `free` and `known` count those of the first arm who are free of overt leukaemia at the horizon, and those followed to it.
    """

    z: Mapping[str, Floats]
    events: Ints
    free: Ints
    known: Ints


def draw_trials(
    one: StoredPatients, other: StoredPatients, conduct: Conduct, trials: int, rng: np.random.Generator
) -> Tally:
    """Simulate so many trials, as many at a time as memory holds."""
    grid = np.unique(np.concatenate([one.days[one.happened], other.days[other.happened]]))
    parts = list(_parts(one, other, conduct, trials, grid, rng))
    z = {name: np.concatenate([part.z[name] for part in parts]) for name in ENDPOINTS}
    events, free, known = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("events", "free", "known")
    )
    return Tally(z, events, free, known)


def _parts(
    one: StoredPatients,
    other: StoredPatients,
    conduct: Conduct,
    trials: int,
    grid: Floats,
    rng: np.random.Generator,
) -> Iterator[Tally]:
    size = max(1, _MOST_NUMBERS // max(grid.size + 1, conduct.patients))
    for begin in range(0, trials, size):
        number = min(size, trials - begin)
        first, second = (
            _Group.drawn(arm, conduct, number, n, grid, rng)
            for arm, n in zip((one, other), conduct.arms, strict=True)
        )
        z = {
            "log_rank": _log_rank(first, second),
            "restricted_mean": _ratio(*_restricted(first, second, grid, conduct.horizon)),
            "mean_days": _means(first, second),
            "event_free": _shares(first.event_free, second.event_free, first.followed, second.followed),
            "leukaemia_free": _shares(first.free, second.free, first.followed, second.followed),
        }
        events = (first.events.sum(axis=1) + second.events.sum(axis=1)).astype(np.int64)
        yield Tally(z, events, (first.free & first.followed).sum(axis=1), first.followed.sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Hold one arm of many trials: events and patients at risk at each time of `grid`, (trials, times); the rest (trials, n)."""

    events: Floats
    at_risk: Floats
    followed: Bools  # to the horizon
    event_free: Bools  # at the horizon
    free_days: Floats
    free: Bools

    @classmethod
    def drawn(
        cls,
        arm: StoredPatients,
        conduct: Conduct,
        trials: int,
        n: int,
        grid: Floats,
        rng: np.random.Generator,
    ) -> "_Group":
        who = rng.integers(0, arm.days.size, (trials, n))
        ends = conduct.follow_up + conduct.accrual * rng.random((trials, n))
        np.minimum(ends, conduct.longest, out=ends)
        if conduct.drop_out > 0:
            ends = np.minimum(ends, rng.exponential(-_YEAR / math.log1p(-conduct.drop_out), (trials, n)))
        days, happened = arm.days[who], arm.happened[who]
        seen = happened & (days <= ends)
        # how many times of the grid a patient is at risk at; his event, if seen, is at the last of them
        reach = np.minimum(
            np.searchsorted(grid, arm.days, "right")[who], np.searchsorted(grid, ends, "right")
        )
        row = np.arange(trials)[:, None]
        leaving = np.bincount((row * (grid.size + 1) + reach).ravel(), minlength=trials * (grid.size + 1))
        at_risk = n - np.cumsum(leaving.reshape(trials, -1), axis=1)[:, :-1]
        cell = (row * grid.size + reach - 1)[seen]
        events = np.bincount(cell, minlength=trials * grid.size).reshape(trials, grid.size)
        return cls(
            events.astype(float), at_risk.astype(float), ends >= conduct.horizon,
            ~happened | (days > conduct.horizon), arm.free_days[who], arm.free[who],
        )  # fmt: skip


def _log_rank(one: _Group, other: _Group) -> Floats:
    events, at_risk = one.events + other.events, one.at_risk + other.at_risk
    with np.errstate(all="ignore"):
        share = np.where(at_risk > 0, one.at_risk / at_risk, 0.0)
        tied = np.where(at_risk > 1, (at_risk - events) / (at_risk - 1), 0.0)
    gap = (one.events - events * share).sum(axis=1)
    return _ratio(-gap, (events * share * (1 - share) * tied).sum(axis=1))


def _restricted(one: _Group, other: _Group, grid: Floats, until: float) -> tuple[Floats, Floats]:
    """Return the difference of restricted means by Kaplan-Meier, and its variance by Greenwood's formula."""
    inside = grid < until
    widths = np.diff(np.append(grid[inside], until))
    areas, variances = [], []
    for group in (one, other):
        events, at_risk = group.events[:, inside], group.at_risk[:, inside]
        with np.errstate(all="ignore"):
            survival = np.cumprod(np.where(at_risk > 0, 1 - events / at_risk, 1.0), axis=1)
            pieces = survival * widths
            after = np.cumsum(pieces[:, ::-1], axis=1)[:, ::-1]
            greenwood = np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0.0)
        areas.append(pieces.sum(axis=1))
        variances.append((after**2 * greenwood).sum(axis=1))
    return areas[0] - areas[1], variances[0] + variances[1]


def _means(one: _Group, other: _Group) -> Floats:
    """Return Welch's statistic of the days up to the horizon, among those followed to it."""
    sums = []
    for group in (one, other):
        n = group.followed.sum(axis=1)
        days = np.where(group.followed, group.free_days, 0.0)
        with np.errstate(all="ignore"):
            mean = days.sum(axis=1) / n
            spread = (np.where(group.followed, group.free_days - mean[:, None], 0.0) ** 2).sum(axis=1)
            sums.append((mean, spread / (n - 1) / n))
    (mean, error), (other_mean, other_error) = sums
    return _ratio(mean - other_mean, error + other_error)


def _shares(one: Bools, other: Bools, known: Bools, other_known: Bools) -> Floats:
    """Return the statistic of two shares (pooled variance), among those followed to the horizon."""
    n, m = known.sum(axis=1), other_known.sum(axis=1)
    x, y = (one & known).sum(axis=1), (other & other_known).sum(axis=1)
    with np.errstate(all="ignore"):
        pooled = (x + y) / (n + m)
        return _ratio(x / n - y / m, pooled * (1 - pooled) * (1 / n + 1 / m))


def _ratio(gap: Floats, variance: Floats) -> Floats:
    """Return gap over its standard error; 0 where a trial says nothing."""
    with np.errstate(all="ignore"):
        z = gap / np.sqrt(variance)
    return np.where(np.isfinite(z), z, 0.0)

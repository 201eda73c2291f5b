"""From a finished trial and the plan of a real one to power, and to the patients that it would need.

A test's mean statistic grows with the square root of the patients: power(N) = Phi(theta sqrt(N) - z). `theta` comes from all
simulated trials together, and for the patients needed from trials of about that size; its relative error from the twins (how well
the stored patients know the effect), and, where the runs carry parameter sets, its spread between these; power averaged over that
spread is assurance (O'Hagan 2005).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from simulation.clinic.outcomes import OUTCOMES
from simulation.design.draws import ENDPOINTS, Conduct, StoredPatients, Tally, draw_trials
from simulation.design.effects import Effect, contributions, effect_of
from simulation.errors import UserError
from simulation.results.trial_view import ArmView
from simulation.statistics.proportions import Proportion, wilson
from simulation.trial.finished import FinishedTrial
from simulation.trial.real_trial import RealTrial
from simulation.trial.rows import SET

__all__ = ["HISTORICAL", "Power", "SampleSize", "Study", "study"]

type Floats = npt.NDArray[np.float64]
HISTORICAL: Final = "historical"
_YEAR: Final = 365.25
_A_YEAR: Final = 365.0  # days of follow-up, where nothing is said
_ATTEMPTS: Final = 4  # at a number of patients with the power asked for
_MOST: Final = 20_000  # patients; a trial that needs more is told to need more
_JUST_BEFORE: Final = 1e-6  # days: a state lasts up to, not into, its last day


@dataclass(frozen=True, slots=True)
class Power:
    """Hold the power of one endpoint with so many patients.

    `se` is the Monte-Carlo error of `power`; `low`, `high` what the stored patients leave open (95 %); `wrong` is the share of
    trials that found the other arm better; `assurance` is None where the runs carry no parameter sets.
    """

    endpoint: str
    patients: int
    power: float
    se: float
    low: float
    high: float
    wrong: float
    assurance: float | None
    events: float | None


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Hold how many patients an endpoint needs; None where it needs more than can be told, or the arm does no better.

    `low`, `high`: what the stored patients leave open, `high` None where no number may do. `power` is what trials of that many
    came to, with its Monte-Carlo error.
    """

    endpoint: str
    patients: int | None
    low: int | None
    high: int | None
    power: float | None
    se: float | None
    months: float | None  # from the first patient's entry to the analysis
    assurance: float | None = None  # power averaged over parameter sets, where the runs carry such


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Hold everything that `design` tells."""

    finished: FinishedTrial
    plan: RealTrial
    follow_up: float  # least, days
    horizon: float  # days
    stored: int  # patients in each arm
    sets: int  # parameter sets, 0: none are carried
    powers: tuple[Power, ...]
    needed: tuple[SampleSize, ...]
    shares: Mapping[str, Proportion]  # without overt leukaemia at the horizon, by arm
    known_share: float  # the historical one


def study(finished: FinishedTrial, plan: RealTrial) -> Study:
    """Return power and sample size of the real trial that `plan` describes.

    Raises
    ------
    UserError
        Where the plan asks for more than the runs hold.
    """
    follow_up, horizon = _times(finished, plan)
    arms = [finished.arm(key) for key in finished.main]
    one, other = (_stored(arm, plan.event, finished.primary, horizon) for arm in arms)
    sets = arms[0].number(SET).astype(int) if SET in arms[0].columns else None
    effects = {name: effect_of(contributions(name, one, other, horizon), sets) for name in ENDPOINTS}
    rng = np.random.default_rng(plan.seed)

    def conduct(patients: int) -> Conduct:
        return Conduct(
            patients,
            plan.allocation,
            _accrual(plan, patients),
            follow_up,
            plan.drop_out,
            horizon,
            finished.follow_up,
        )

    tried = {n: draw_trials(one, other, conduct(n), plan.trials, rng) for n in sorted(set(plan.patients))}
    slopes = {name: _slope(name, tried) for name in ENDPOINTS}
    limit = float(stats.norm.ppf(1 - plan.alpha / 2))
    powers = [
        _power(name, n, tally, slopes[name], effects[name], limit)
        for name in ENDPOINTS
        for n, tally in tried.items()
    ]
    needed = []
    for name in ENDPOINTS:
        slope = slopes[name]
        for attempt in range(_ATTEMPTS):
            sizes, there = _sizes(slope, effects[name], limit, plan.power), None
            if sizes[0] is None:
                break
            tally = draw_trials(one, other, conduct(sizes[0]), plan.trials, rng)
            there = _power(name, sizes[0], tally, slope, effects[name], limit)
            within = 2 * math.sqrt(plan.power * (1 - plan.power) / plan.trials)
            if abs(there.power - plan.power) <= within or attempt == _ATTEMPTS - 1:
                break
            slope = _slope_at(there, limit, plan.trials)
        needed.append(_needed(name, sizes, there, plan, follow_up))
    shares = {
        arm.key: wilson(int(kept.free.sum()), arm.n) for arm, kept in zip(arms, (one, other), strict=True)
    }
    known = plan.historical.share
    known = float(other.free.mean()) if known is None else known
    kept = float(
        np.mean([tally.known.sum() / (tally.known.size * conduct(n).arms[0]) for n, tally in tried.items()])
    )
    powers += [_single(n, kept, shares[arms[0].key], known, plan) for n in tried]
    needed.append(_single_needed(kept, shares[arms[0].key], known, plan, follow_up))
    n_sets = 0 if sets is None else int(np.unique(sets).size)
    return Study(
        finished,
        plan,
        follow_up,
        horizon,
        arms[0].n,
        n_sets if n_sets > 1 else 0,
        tuple(powers),
        tuple(needed),
        shares,
        known,
    )


def _times(finished: FinishedTrial, plan: RealTrial) -> tuple[float, float]:
    """Return least follow-up and horizon, days."""
    longest = finished.follow_up

    def refuse(key: str, days: float, most: float, what: str) -> None:
        if days > most:
            raise UserError(f"{days:g} d is longer than {what} ({most:g} d)", key=f"real_trial.{key}")

    follow_up = min(_A_YEAR, longest) if plan.follow_up is None else plan.follow_up
    refuse("follow_up", follow_up, longest, "the runs follow their patients")
    horizon = follow_up if plan.horizon is None else plan.horizon
    refuse("horizon", horizon, follow_up, "the least follow-up")
    return follow_up, horizon


def _accrual(plan: RealTrial, patients: int) -> float:
    return plan.accrual if plan.patients_per_year is None else patients / plan.patients_per_year * _YEAR


def _stored(arm: ArmView, event: str, primary: str, horizon: float) -> StoredPatients:
    happened = ~np.asarray(arm.columns[OUTCOMES[event].censored], bool)
    day = horizon - _JUST_BEFORE
    alive = ~(arm.number("nrm_day") <= day)
    return StoredPatients(
        arm.number(event), happened, arm.days_until(primary, horizon), alive & ~arm.overt_on(day)
    )


def _slope(name: str, tried: Mapping[int, Tally]) -> float:
    """Return the mean statistic over the square root of the patients: least squares through the origin."""
    return float(sum(tally.z[name].mean() * math.sqrt(n) for n, tally in tried.items()) / sum(tried))


def _slope_at(there: Power, limit: float, trials: int) -> float:
    """Return the slope with which a trial of that size has the power that it was found to have."""
    power = min(max(there.power, 0.5 / trials), 1 - 0.5 / trials)
    return (float(stats.norm.ppf(power)) + limit) / math.sqrt(there.patients)


def _power(name: str, n: int, tally: Tally, slope: float, effect: Effect, limit: float) -> Power:
    z = tally.z[name]
    power = float((z > limit).mean())
    root = math.sqrt(n)
    low, high = 0.0, 1.0
    if math.isfinite(effect.relative_se):
        ends = [slope * (1 + sign * 1.96 * effect.relative_se) for sign in (-1, 1)]
        low, high = sorted(float(stats.norm.cdf(theta * root - limit)) for theta in ends)
    assurance = None
    if effect.relative_sd is not None:
        spread = math.sqrt(1 + (effect.relative_sd * slope * root) ** 2)
        assurance = float(stats.norm.cdf((slope * root - limit) / spread))
    return Power(
        name, n, power, math.sqrt(power * (1 - power) / z.size), low, high, float((z < -limit).mean()),
        assurance, float(tally.events.mean()) if name in ("log_rank", "restricted_mean") else None,
    )  # fmt: skip


def _sizes(
    slope: float, effect: Effect, limit: float, power: float
) -> tuple[int | None, int | None, int | None]:
    """Return the patients needed, and those needed for a larger and a smaller effect that the stored patients leave open."""
    wanted = limit + float(stats.norm.ppf(power))

    def size(theta: float) -> int | None:
        if not theta > 0:
            return None
        n = math.ceil((wanted / theta) ** 2)
        return n + n % 2 if n <= _MOST else None

    factor = 1.96 * effect.relative_se
    if not math.isfinite(factor):
        return size(slope), None, None
    return size(slope), size(slope * (1 + factor)), size(slope * (1 - factor))


def _needed(
    name: str,
    sizes: tuple[int | None, int | None, int | None],
    there: Power | None,
    plan: RealTrial,
    follow_up: float,
) -> SampleSize:
    n, low, high = sizes
    if n is None or there is None:
        return SampleSize(name, None, low, None, None, None, None)
    return SampleSize(name, n, low, high, there.power, there.se, _months(plan, n, follow_up), there.assurance)


def _months(plan: RealTrial, patients: int, follow_up: float) -> float:
    return (_accrual(plan, patients) + follow_up) / _YEAR * 12


# ---- one arm against a known rate


def _exact(patients: int, share: float, known: float, alpha: float) -> float:
    """Return the power of the exact one-sided binomial test that `share` is above `known`."""
    least = int(stats.binom.isf(alpha, patients, known)) + 1  # so many or more are significant
    return float(stats.binom.sf(least - 1, patients, share))


def _single(n: int, kept: float, share: Proportion, known: float, plan: RealTrial) -> Power:
    followed = round(n * kept)
    power, low, high = (
        _exact(followed, float(value or 0.0), known, plan.historical.alpha)
        for value in (share.value, share.low, share.high)
    )
    return Power(HISTORICAL, n, power, 0.0, low, high, 0.0, None, None)


def _single_needed(
    kept: float, share: Proportion, known: float, plan: RealTrial, follow_up: float
) -> SampleSize:
    def size(value: Any) -> int | None:
        if value is None or value <= known or kept == 0:
            return None
        # the power of an exact test is a saw: from here on it stays above what is asked for, for a while
        enough = 0
        for n in range(1, 2001):
            enough = enough + 1 if _exact(n, value, known, plan.historical.alpha) >= plan.power else 0
            if enough == 10:
                return math.ceil((n - 9) / kept)
        return None

    n = size(share.value)
    power = (
        None
        if n is None
        else _exact(max(round(n * kept), 1), float(share.value or 0.0), known, plan.historical.alpha)
    )
    months = None if n is None else _months(plan, n, follow_up)
    return SampleSize(
        HISTORICAL, n, size(share.high), size(share.low), power, None if n is None else 0.0, months
    )

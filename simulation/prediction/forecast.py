"""From simulated patients under many parameter sets to what a real trial of so many patients may count.

The share of very many patients under the one set that is true, which nobody knows, is taken to be beta distributed: its mean
is the simulated share (half a patient added to either side), its variance that of the nested analysis of variance over
parameters, patients and chance, and never less than what so many patients leave open. What a trial counts is then
beta-binomial. The model's own error is in neither.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from simulation.clinic.outcomes import EVERYONE, OUTCOMES
from simulation.prediction.registration import Endpoint, Registration
from simulation.results.trial_view import ArmView
from simulation.statistics.nested import nested
from simulation.trial.rows import SET

__all__ = ["Forecast", "forecast"]

_LIMITS: Final = (0.025, 0.5, 0.975)
_LEAST: Final = 0.5  # of a + b: less than a Jeffreys prior holds is no distribution of a share any more


@dataclass(frozen=True, slots=True)
class Forecast:
    """Hold the prediction of one endpoint; None where nobody counted, or the real trial's size is not known.

    `counted` are the simulated patients who count, `yes` those with the endpoint, under `sets` parameter sets. `share` holds
    the 2.5, 50 and 97.5 % quantiles of the share of very many patients, `count` those of the number among `of` real ones;
    `a`, `b` are the beta distribution's.
    """

    endpoint: Endpoint
    counted: int
    yes: int
    sets: int
    a: float | None
    b: float | None
    share: tuple[float, float, float] | None
    of: int | None
    count: tuple[int, int, int] | None


def forecast(arm: ArmView, endpoint: Endpoint, said: Registration) -> Forecast:
    """Return what is predicted of an endpoint from the simulated patients of an arm."""
    values = _values(arm, endpoint)
    known = np.array([value is not None for value in values])
    x = np.array([float(value) for value in values if value is not None])
    sets = arm.number(SET)[known]
    n_sets = int(np.unique(sets).size)
    if x.size == 0:
        return Forecast(endpoint, 0, 0, 0, None, None, None, None, None)
    n, yes = x.size, int(x.sum())
    mean = (yes + 0.5) / (n + 1)
    least = mean * (1 - mean) / (n + 2)
    spread = nested(x, sets).variance_of_mean
    variance = max(spread, least) if np.isfinite(spread) else least
    whole = max(mean * (1 - mean) / variance - 1, _LEAST)
    a, b = mean * whole, (1 - mean) * whole
    low, middle, high = (float(stats.beta.ppf(q, a, b)) for q in _LIMITS)
    of, count = None, None
    if said.enrolment is not None:
        everyone = OUTCOMES[endpoint.outcome].of_whom == EVERYONE
        of = said.enrolment if everyone else round(said.enrolment * n / arm.n)
        first, second, third = (int(stats.betabinom.ppf(q, of, a, b)) for q in _LIMITS)
        count = (first, second, third)
    return Forecast(endpoint, n, yes, n_sets, float(a), float(b), (low, middle, high), of, count)


def _values(arm: ArmView, endpoint: Endpoint) -> list[bool | None]:
    """Return for every patient whether he has the endpoint; None: he does not count."""
    declared = OUTCOMES[endpoint.outcome]
    if endpoint.by is None:
        return arm.outcome(endpoint.outcome)
    days, free = arm.number(endpoint.outcome), np.asarray(arm.columns[declared.censored], bool)
    return [bool(day >= endpoint.by or end) for day, end in zip(days, free, strict=True)]

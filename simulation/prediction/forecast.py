"""From simulated patients under many parameter sets to what a real trial of so many patients may count.

Patients of one parameter set have an endpoint with one probability, and these differ between sets as a beta distribution says:
the patients of a set who have it are beta-binomial (Skellam 1948). Nobody knows the beta distribution's mean and how narrow it
is; both are averaged over by what the simulated patients say of them, on a grid (mean: even; sum of its two parameters: even in
its logarithm from 1 to 1000). So the probability under the one set that is true, which nobody knows, has a distribution, and
what a trial of so many patients counts has one; few patients, or sets that disagree, make both wide. The model's own error is
in neither.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaln, gammaln, logsumexp

from simulation.clinic.outcomes import EVERYONE, OUTCOMES
from simulation.prediction.registration import Endpoint, Registration
from simulation.results.trial_view import ArmView
from simulation.trial.rows import SET

__all__ = ["Forecast", "forecast"]

type Floats = npt.NDArray[np.float64]
_QUANTILES: Final = (0.025, 0.5, 0.975)
_MEANS: Final = (np.arange(50) + 0.5) / 50
_SUMS: Final = np.geomspace(1.0, 1000.0, 13)
_SHARES: Final = np.linspace(0.0, 1.0, 201)


@dataclass(frozen=True, slots=True)
class Forecast:
    """Hold the prediction of one endpoint; None where nobody counted, or the real trial's size is not known.

    `counted` are the simulated patients who count, `yes` those with the endpoint, under `sets` parameter sets. `share` holds
    the 2.5, 50 and 97.5 % quantiles of the share of very many patients, `count` those of the number among `of` real ones.
    """

    endpoint: Endpoint
    counted: int
    yes: int
    sets: int
    share: tuple[float, float, float] | None = None
    of: int | None = None
    count: tuple[int, int, int] | None = None


def forecast(arm: ArmView, endpoint: Endpoint, registration: Registration) -> Forecast:
    """Return what is predicted of an endpoint from the simulated patients of an arm."""
    values = _values(arm, endpoint)
    known = np.array([value is not None for value in values])
    has = np.array([value for value in values if value is not None], bool)
    if has.size == 0:
        return Forecast(endpoint, 0, 0, 0)
    _, which = np.unique(arm.number(SET)[known], return_inverse=True)
    n, yes = np.bincount(which), np.bincount(which, weights=has)
    a, b, weight = _grid(n.astype(float), yes)
    below = np.tensordot(weight, betainc(a[:, None], b[:, None], _SHARES), 1)
    low, middle, high = (float(np.interp(q, below, _SHARES)) for q in _QUANTILES)
    of, count = None, None
    if registration.enrolment is not None:
        everyone = OUTCOMES[endpoint.outcome].of_whom == EVERYONE
        of = registration.enrolment if everyone else round(registration.enrolment * has.size / arm.n)
        counts = np.cumsum(
            np.tensordot(weight, _beta_binomial(of, a[:, None], b[:, None], np.arange(of + 1.0)), 1)
        )
        first, second, third = (min(int(np.searchsorted(counts, q)), of) for q in _QUANTILES)
        count = (first, second, third)
    return Forecast(endpoint, int(has.size), int(has.sum()), n.size, (low, middle, high), of, count)


def _grid(n: Floats, yes: Floats) -> tuple[Floats, Floats, Floats]:
    """Return beta distributions between sets, shape (n_grid,) each, and how well each fits sets of `n` with `yes`."""
    mean, total = (axis.ravel() for axis in np.meshgrid(_MEANS, _SUMS))
    a, b = mean * total, (1 - mean) * total
    fits = (betaln(a[:, None] + yes, b[:, None] + n - yes) - betaln(a, b)[:, None]).sum(axis=1)
    return a, b, np.exp(fits - logsumexp(fits))


def _beta_binomial(n: int, a: Floats, b: Floats, k: Floats) -> Floats:
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(ways + betaln(k + a, n - k + b) - betaln(a, b)), float)


def _values(arm: ArmView, endpoint: Endpoint) -> list[bool | None]:
    """Return for every patient whether he has the endpoint; None: he does not count."""
    declared = OUTCOMES[endpoint.outcome]
    if endpoint.by is None:
        return arm.outcome(endpoint.outcome)
    days, free = arm.number(endpoint.outcome), np.asarray(arm.columns[declared.censored], bool)
    return [bool(day >= endpoint.by or end) for day, end in zip(days, free, strict=True)]

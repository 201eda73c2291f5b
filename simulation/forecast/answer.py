"""What virtual patients say together: weights, the effective number, fans and weighted outcomes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from simulation.clinic.outcomes import OUTCOMES, of_patient, selected
from simulation.errors import UserError
from simulation.forecast.follow import QUANTITIES, FollowedPatient, Question
from simulation.statistics.weighted import (
    effective_number,
    importance_weights,
    weighted_mean,
    weighted_quantiles,
    weighted_share,
)

__all__ = ["FEWEST", "LEVELS", "PRIMARY", "SHARES", "Fan", "Forecast", "Share"]

FEWEST: Final = 20
"""The effective number of patients below which nothing is forecast: 5 % and 95 % would rest on single patients. A choice."""
LEVELS: Final = (0.05, 0.5, 0.95)
PRIMARY: Final = "current_leukaemia_free_days"
SHARES: Final = tuple(one.name for one in selected("flag", "share"))
_MOST_ASKED: Final = 20_000
type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fan:
    """Hold a quantity in an arm: quantiles at `LEVELS` of those alive, shape (3, days), and the share alive, shape (days,)."""

    days: tuple[float, ...]
    levels: Floats
    alive: Floats


@dataclass(frozen=True, slots=True)
class Share:
    """Hold a weighted share with its 95 % interval; NaN where nobody counts."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Forecast:
    """Hold what has been followed so far, in the order of patients' numbers, and answer from it.

    With a measured course patients weigh by their likelihood; without one all weigh the same.
    """

    question: Question
    followed: tuple[FollowedPatient, ...]

    @classmethod
    def of(cls, question: Question, followed: Sequence[FollowedPatient]) -> "Forecast":
        """Return the forecast of patients in whatever order they came; who failed is left out."""
        return cls(
            question, tuple(sorted((one for one in followed if not one.failed), key=lambda one: one.patient))
        )

    @property
    def conditioned(self) -> bool:
        """Return whether there is a measured course."""
        return bool(self.question.series.measured)

    @cached_property
    def weights(self) -> Floats:
        """Return the weights, which sum to 1, or are all 0 where nobody fits at all; who was given up weighs nothing."""
        logs = [
            -np.inf if one.pruned else one.log_likelihood + math.log(one.stands_for) for one in self.followed
        ]
        return importance_weights(logs)

    @property
    def drawn(self) -> float:
        """Return how many patients those followed stand for."""
        return math.fsum(one.stands_for for one in self.followed)

    @cached_property
    def effective(self) -> float:
        """Return the effective number of patients."""
        return effective_number(self.weights)

    @property
    def heaviest(self) -> float:
        """Return the largest weight."""
        return float(self.weights.max(initial=0.0))

    @property
    def enough(self) -> bool:
        """Return whether enough patients fit for a forecast."""
        return self.effective >= FEWEST

    def fan(self, arm: int, what: str, *, prior: bool = False) -> Fan:
        """Return the fan of one of `QUANTITIES` in an arm; with `prior` that of patients who were not chosen."""
        index = QUANTITIES.index(what)
        trajectories = self._trajectories[:, arm, :, index]
        weights = self._not_chosen if prior else self.weights
        levels = np.stack([weighted_quantiles(column, weights, LEVELS) for column in trajectories.T], axis=1)
        total = float(weights.sum())
        alive = (
            (~np.isnan(trajectories) * weights[:, None]).sum(axis=0) / total
            if total
            else np.full(trajectories.shape[1], np.nan)
        )
        return Fan(self.question.days, levels, np.asarray(alive, float))

    def share(self, arm: int, name: str) -> Share:
        """Return the weighted share of an outcome in an arm, of the patients of whom it can be said."""
        values, weights = self._outcome(arm, name)
        return Share(*weighted_share(values, weights))

    def mean(self, arm: int, name: str) -> Share:
        """Return the weighted mean of an outcome in days or another number."""
        values, weights = self._outcome(arm, name)
        return Share(*weighted_mean(values, weights))

    def difference(self, arm: int, other: int, name: str = PRIMARY) -> Share:
        """Return the weighted mean of the difference within patients, arm minus other."""
        return Share(*weighted_mean(*self._differences(arm, other, name)))

    def better(self, arm: int, other: int, name: str = PRIMARY) -> Share:
        """Return the weighted share of patients who do better in an arm than in the other."""
        values, weights = self._differences(arm, other, name)
        sign = -1.0 if OUTCOMES[name].better == "less" else 1.0
        return Share(*weighted_share(sign * values > 0, weights))

    def misfit(self) -> list[tuple[str, float]]:
        """Return each measurement in words with the share of all of whom it is within two errors of the truth."""
        terms = np.array([one.terms for one in self.followed]).reshape(len(self.followed), -1)
        near = (
            np.average((terms > -2.0).astype(float), axis=0, weights=self._not_chosen)
            if len(terms)
            else terms.sum(axis=0)
        )
        labels = [f"{one.what} of day {one.day:g}" for one in self.question.series.measured]
        return list(zip(labels, near.tolist(), strict=True))

    def require(self) -> None:
        """Raise `UserError` where too few patients fit, with what to do."""
        if not self.conditioned or self.enough:
            return
        n, effective = len(self.followed), self.effective
        needed = math.ceil(1.3 * FEWEST * n / max(effective, 1e-9) / 100) * 100
        worst, share = min(self.misfit(), key=lambda one: one[1])
        hint = f"The measurement that fewest come near is {worst} ({share:.0%} of them)."
        if effective < 2 or needed > _MOST_ASKED:
            what = (
                "a measured course that these patients can have: look at units, days and what was given, or choose a cohort "
                "whose patients are more like her (--cohort); a larger `error` in the file is a last resort"
            )
        else:
            what = f"about {needed:,} patients (--patients {needed})"
        raise UserError(
            f"of {n:,} virtual patients effectively {effective:.1f} fit this course, and a forecast needs {FEWEST}. {hint}",
            file=self.question.series.shown, expected=what,
        )  # fmt: skip

    @cached_property
    def _not_chosen(self) -> Floats:
        """Return 1 for who was followed whatever his parameters, so until today; 0 for the others."""
        return np.array([float(one.stands_for == 1.0) for one in self.followed])

    @cached_property
    def _trajectories(self) -> Floats:
        shape = (len(self.followed), len(self.question.arms), len(self.question.days), len(QUANTITIES))
        return np.array([one.trajectories for one in self.followed]).reshape(shape)

    def _outcome(self, arm: int, name: str) -> tuple[Floats, Floats]:
        kept = [
            (float(value), weight)
            for one, weight in zip(self.followed, self.weights, strict=True)
            if one.outcomes and (value := of_patient(name, one.outcomes[arm])) is not None
        ]
        table = np.array(kept).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def _differences(self, arm: int, other: int, name: str) -> tuple[Floats, Floats]:
        kept = []
        for one, weight in zip(self.followed, self.weights, strict=True):
            if one.outcomes:
                a, b = (of_patient(name, one.outcomes[index]) for index in (arm, other))
                if a is not None and b is not None:
                    kept.append((float(a) - float(b), weight))
        table = np.array(kept).reshape(-1, 2)
        return table[:, 0], table[:, 1]

"""What figures and the report of a trial are made from: every arm's patients as columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.clinic.outcomes import OUTCOMES, of_patient
from simulation.products.registry import PRODUCTS

__all__ = ["ArmView", "TrialView", "while_both_followed"]

_ROUNDING: Final = 1e-6  # days: sums of steps are not exact


@dataclass(frozen=True, eq=False)
class ArmView:
    """Hold one arm: columns of shape (n_patients,), the same patients in the same order in every arm.

    Numbers are floats with NaN for what did not happen, text is '' where there is none.
    """

    key: str
    name: str
    columns: Mapping[str, npt.NDArray[Any]]
    mrd_negative: float  # the arm's definition, fraction of marrow cells

    @property
    def n(self) -> int:
        """Return the number of patients."""
        return len(self.columns["patient"])

    @property
    def label(self) -> str:
        """Return a short name for legends."""
        words = " ".join(_WORDS.get(word, word) for word in self.key.split("_"))
        return words[:1].upper() + words[1:]

    def number(self, name: str) -> npt.NDArray[np.float64]:
        """Return a column of numbers."""
        return np.asarray(self.columns[name], float)

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        """Return each patient's stored outcomes, None for what did not happen."""
        stored = [name for name in OUTCOMES if name in self.columns]
        lists = [[_plain(value) for value in self.columns[name].tolist()] for name in stored]
        return [dict(zip(stored, values, strict=True)) for values in zip(*lists, strict=True)]

    def outcome(self, name: str) -> list[Any]:
        """Return any outcome of every patient, None where it did not happen, or who is not in its denominator."""
        return [of_patient(name, row) for row in self._rows]

    @cached_property
    def histories(self) -> list[dict[str, Any]]:
        """Return every patient's treatments and turns, as the workers wrote them down."""
        return [json.loads(text) if text else {} for text in self.text("history")]

    @cached_property
    def left(self) -> npt.NDArray[np.bool_]:
        """Return who left follow-up before its end, alive: where a second transplant ends it."""
        if self.n == 0 or "days_simulated" not in self.columns:
            return np.zeros(self.n, bool)
        ends = self.number("days_simulated")
        early: npt.NDArray[np.bool_] = ends < ends.max() - _ROUNDING
        return early & ~self.happened("nrm_day")

    def days(self, outcome: str, until: float) -> npt.NDArray[np.float64]:
        """Return what is compared of an outcome, one number of every patient: `days_until` where some left early."""
        survival = OUTCOMES[outcome].kind == "survival"
        return self.days_until(outcome, until) if survival and self.left.any() else self.number(outcome)

    def days_until(self, outcome: str, until: float, of: ArmView | None = None) -> npt.NDArray[np.float64]:
        """Return the days of a survival outcome that lie before day `until`, of every patient.

        Where some left early, a day of those still followed counts for them as well: it is divided by the share who are (inverse
        probability of censoring; Robins & Rotnitzky 1992). The mean is then that of the Kaplan-Meier curve. With `of` they are
        the days of other runs of these patients, by the same shares.
        """
        runs = self if of is None else of
        if not self.left.any():
            return runs.followed_days(outcome, until)
        grid, counted = self._clock(outcome)

        def weighed(day: float) -> float:
            return float(np.interp(min(day, until), grid, counted))

        if OUTCOMES[outcome].censored:
            return np.array([weighed(day) for day in runs.number(outcome).tolist()])
        return np.array(
            [
                weighed(last)
                - sum(
                    weighed(min(end, last)) - weighed(max(start, 0.0)) for start, end in overt if start < last
                )
                for overt, last in zip(runs.overt, runs.number("days_simulated").tolist(), strict=True)
            ]
        )

    def followed_days(self, outcome: str, until: float | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the days of a survival outcome, as far as each was followed, before day `until` (one for all, or for each)."""
        if OUTCOMES[outcome].censored:
            return np.minimum(self.number(outcome), until)
        alive = np.fmin(self.number("nrm_day"), until)  # NaN: did not die
        if self.left.any():
            alive = np.fmin(alive, self.number("days_simulated"))
        overt = [
            sum(max(min(end, last) - max(start, 0.0), 0.0) for start, end in stays)
            for stays, last in zip(self.overt, alive.tolist(), strict=True)
        ]
        return np.asarray(alive - overt, float)

    @cached_property
    def overt(self) -> list[list[tuple[float, float]]]:
        """Return every patient's stays in overt leukaemia: from, to, days."""
        return [history.get("overt", []) for history in self.histories]

    def _clock(self, outcome: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return days, and how many days those before each count: a day, over the share of patients still followed then.

        Leaving is the event here, and what ends the outcome takes patients out of those at risk of leaving.
        """
        declared = OUTCOMES[outcome]
        if declared.censored:
            ends, event = self.number(outcome), ~np.asarray(self.columns[declared.censored], bool)
        else:
            ends, event = self.number("days_simulated"), self.happened("nrm_day")
        leaves = ~event & (ends < self.number("days_simulated").max() - _ROUNDING)
        grid, share, followed = [0.0], [], 1.0
        for day in np.unique(ends[leaves]).tolist():
            share.append(followed)
            grid.append(day)
            at_risk = int((ends > day).sum() + (leaves & (ends == day)).sum())
            followed *= 1.0 - int((leaves & (ends == day)).sum()) / at_risk
        share.append(followed)
        grid.append(max(float(ends.max()), grid[-1]))
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.nan_to_num(np.diff(grid) / np.array(share), nan=0.0, posinf=0.0)
        return np.array(grid), np.append(0.0, np.cumsum(steps))

    def overt_on(self, day: float | npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return who has overt leukaemia on a day, one for all or one for each patient."""
        days = np.broadcast_to(np.asarray(day, float), self.n).tolist()
        overt = [
            any(start <= at < end for start, end in history.get("overt", ()))
            for history, at in zip(self.histories, days, strict=True)
        ]
        return np.array(overt, bool)

    def happened(self, name: str) -> npt.NDArray[np.bool_]:
        """Return for whom a day is known."""
        return np.asarray(np.isfinite(self.number(name)))

    def text(self, name: str) -> npt.NDArray[Any]:
        """Return a column of text."""
        return self.columns[name]


@dataclass(frozen=True, slots=True, eq=False)
class TrialView:
    """Hold what is drawn: arms, follow-up in days, the two arms in question, and all numbers of comparison.json."""

    name: str
    arms: tuple[ArmView, ...]
    follow_up: float
    main: tuple[str, str]
    primary: str
    comparison: Mapping[str, Any]
    subgroups: tuple[str, ...] = ()  # parameters by which the main comparison is split

    def arm(self, key: str) -> ArmView:
        """Return an arm by its key."""
        return next(arm for arm in self.arms if arm.key == key)

    @property
    def main_arms(self) -> tuple[ArmView, ArmView]:
        """Return the arm that may be better, and the one it is held against."""
        return self.arm(self.main[0]), self.arm(self.main[1])

    @property
    def twins_differ(self) -> bool:
        """Return whether the two arms in question are another outcome for anybody."""
        one, other = self.main_arms
        return bool((one.number(self.primary) != other.number(self.primary)).any())

    def index(self, key: str) -> int:
        """Return an arm's place, which decides its colour."""
        return [arm.key for arm in self.arms].index(key)


def while_both_followed(
    one: ArmView, other: ArmView, outcome: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return an outcome of twins for showing them one by one: survival is counted while both are followed."""
    if OUTCOMES[outcome].kind != "survival" or not (one.left.any() or other.left.any()):
        return one.number(outcome), other.number(outcome)
    ends = [np.where(arm.left, arm.number("days_simulated"), np.inf) for arm in (one, other)]
    most = max(float(arm.number("days_simulated").max()) for arm in (one, other))
    both = np.minimum(np.minimum(*ends), most)
    return one.followed_days(outcome, both), other.followed_days(outcome, both)


def _plain(value: Any) -> Any:
    return None if value == "" or value != value else value


_WORDS = {
    "preemptive": "pre-emptive",
    **{product.name: product.word for product in PRODUCTS},
    "mrd": "MRD",
    "gvl": "GvL",
    "gvhd": "GvHD",
    "cd19": "CD19",
}

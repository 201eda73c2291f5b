"""What figures and the report of a trial are made from: every arm's patients as columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from simulation.clinic.outcomes import OUTCOMES, of_patient
from simulation.products.registry import PRODUCTS

__all__ = ["ArmView", "TrialView"]


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
    def courses(self) -> list[dict[str, Any]]:
        """Return every patient's treatments and turns, as the workers wrote them down."""
        return [json.loads(text) if text else {} for text in self.text("course")]

    def days_until(self, outcome: str, until: float) -> npt.NDArray[np.float64]:
        """Return the days of a survival outcome that lie before day `until`, of every patient."""
        if OUTCOMES[outcome].censored:
            return np.minimum(self.number(outcome), until)
        alive = np.fmin(self.number("nrm_day"), until)  # NaN: did not die
        overt = [
            sum(max(min(end, last) - max(start, 0.0), 0.0) for start, end in course.get("overt", ()))
            for course, last in zip(self.courses, alive.tolist(), strict=True)
        ]
        return np.asarray(alive - overt, float)

    def overt_on(self, day: float | npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Return who has overt leukaemia on a day, one for all or one for each patient."""
        days = np.broadcast_to(np.asarray(day, float), self.n).tolist()
        found = [
            any(start <= at < end for start, end in course.get("overt", ()))
            for course, at in zip(self.courses, days, strict=True)
        ]
        return np.array(found, bool)

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

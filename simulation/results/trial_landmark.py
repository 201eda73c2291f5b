"""Landmark analysis by MRD response: who responded by a day, and what came after it.

Comparing responders with others from the first dose on would give responders the time that they needed to respond
(immortal time). So time counts from the landmark, a fixed number of days after the first dose, for all who are then alive and
without overt leukaemia; response is what was known by then (Anderson, J Clin Oncol 1983;1:710).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulation.results.trial_view import ArmView

__all__ = ["Landmark", "landmark"]

type Floats = npt.NDArray[np.float64]
type Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Landmark:
    """Hold those who may be judged at the landmark: arrays of shape (n,), days from it on to overt leukaemia or death."""

    responded: Bools  # MRD-negative by the landmark
    days: Floats
    happened: Bools
    treated: int  # of the arm's patients
    out: int  # treated patients who were dead, in overt leukaemia or no longer followed at the landmark

    def group(self, responded: bool) -> tuple[Floats, Bools]:
        """Return days and events of responders, or of the others."""
        chosen = self.responded if responded else ~self.responded
        return self.days[chosen], self.happened[chosen]


def landmark(arm: ArmView, after: float) -> Landmark:
    """Return the patients of an arm at their landmark, `after` days from the first dose."""
    started, response = arm.number("treatment_start_day"), arm.number("mrd_negative_day")
    ends, death = arm.number("days_simulated"), arm.number("nrm_day")
    rows: list[tuple[bool, float, bool]] = []
    treated, overt_then = np.flatnonzero(np.isfinite(started)), arm.overt_on(started + after)
    for index in treated:
        at, end = float(started[index]) + after, float(ends[index])
        if at >= end or overt_then[index]:
            continue
        relapses = [float(start) for start, _ in arm.histories[index].get("overt", ()) if start > at]
        event = min([*relapses, *([float(death[index])] if np.isfinite(death[index]) else [])], default=end)
        rows.append(
            (
                bool(response[index] <= at),
                min(event, end) - at,
                bool(relapses) or bool(np.isfinite(death[index])),
            )
        )
    table = np.array(rows, float).reshape(len(rows), 3)
    return Landmark(
        table[:, 0].astype(bool),
        table[:, 1],
        table[:, 2].astype(bool),
        treated.size,
        treated.size - len(rows),
    )

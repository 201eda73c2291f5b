"""Where a trial's patients went, as a CONSORT diagram counts them; every patient is in every arm."""

from dataclasses import dataclass

import numpy as np

from simulation.results.trial_view import ArmView, TrialView

__all__ = ["Flow", "flow", "left_out"]


@dataclass(frozen=True, slots=True)
class Flow:
    """Count the patients of one arm."""

    allocated: int
    treated: int
    overt_before_treatment: int  # of the treated: overt leukaemia before the first dose
    not_triggered: int  # untreated: what treatment waits for was never seen
    died_before: int  # untreated: died first
    not_given: int  # untreated: decided on, and not begun by the end
    relapsed: int  # at any time
    died: int
    followed: int  # alive at the end of follow-up
    analysed: int
    second_transplant: int = 0  # at any time, by the arm's rule
    left_at_transplant: int = 0  # of these: follow-up ended at it


def flow(arm: ArmView) -> Flow:
    """Return the counts of one arm."""
    treated = arm.happened("treatment_start_day")
    triggered, dead = arm.happened("trigger_day"), arm.happened("nrm_day")
    known = "second_transplant_day" in arm.columns  # not in folders of earlier versions
    again = arm.happened("second_transplant_day") if known else np.zeros(arm.n, bool)
    relapse, start = arm.number("relapse_day"), arm.number("treatment_start_day")
    return Flow(
        allocated=arm.n,
        treated=int(treated.sum()),
        overt_before_treatment=int((treated & (relapse < start)).sum()),
        not_triggered=int((~treated & ~triggered & ~dead).sum()),
        died_before=int((~treated & dead).sum()),
        not_given=int((~treated & triggered & ~dead).sum()),
        relapsed=int(np.isfinite(relapse).sum()),
        died=int(dead.sum()),
        followed=int((~dead & ~arm.left).sum()),
        analysed=arm.n,
        second_transplant=int(again.sum()),
        left_at_transplant=int(arm.left.sum()),
    )


def left_out(view: TrialView) -> int:
    """Return how many patients are in no arm because a run of theirs is missing."""
    return int(view.comparison["patients_left_out"])

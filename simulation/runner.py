"""The one way in: a scenario, a seed and a patient give a `Result`."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from simulation.life import Life, simulate
from simulation.results.result import Result
from simulation.scenario.load import with_follow_up
from simulation.scenario.schema import Scenario

if TYPE_CHECKING:
    from simulation.biology.state import Process

__all__ = ["Progress", "result_of", "run"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Tell how far a run is: the day, and what a clinician would look at first."""

    day: float
    days: float
    blasts: int
    mrd: float  # last reported MRD, fraction; NaN before the first
    blast_fraction: float  # marrow, true
    cd3_per_ul: float
    agvhd_grade: int


def run(
    scenario: Scenario,
    *,
    seed: int = 0,
    patient: int = 0,
    days: float | None = None,
    rules: Sequence["Process"] = (),
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Result:
    """Simulate one patient under one scenario.

    Parameters
    ----------
    scenario
        From `load_scenario`.
    seed, patient
        Keys of every random number; the same pair is the same patient in every scenario.
    days
        Follow-up after transplant, days, instead of the scenario's; `UserError` where it cannot be.
    rules
        A user's own processes, acting in every step (see docs/extending.md).
    on_progress
        Called once per simulated day.
    should_stop
        Asked once per step; when it says yes, the run ends there and its result says `interrupted`.
    """
    if days is not None:
        scenario = with_follow_up(scenario, days)
    started, clock = datetime.now(UTC), time.perf_counter()
    reported = -math.inf

    def on_step(life: Life) -> None:
        nonlocal reported
        if on_progress is not None and life.day >= reported + 1.0:
            reported = life.day
            on_progress(progress_of(life))

    def until(life: Life) -> bool:
        return should_stop is not None and should_stop()

    (life,) = simulate([scenario], seed=seed, patient=patient, rules=rules, on_step=on_step, until=until)
    result = result_of(life, interrupted=not life.finished)
    return replace(
        result,
        provenance={
            "started": started.isoformat(timespec="seconds"),
            "duration_s": round(time.perf_counter() - clock, 3),
        },
    )


def progress_of(life: Life) -> Progress:
    """Return where a life stands."""
    truth = life.body.truth()
    return Progress(
        life.day, life.scenario.follow_up, truth.blasts, life.clinic.last_mrd, truth.marrow_blast_fraction,
        truth.cd3_per_ul, truth.agvhd_grade,
    )  # fmt: skip


def result_of(life: Life, *, interrupted: bool = False) -> Result:
    """Return what a life has left behind so far."""
    outcomes = {"scenario": life.scenario.name, "seed": life.seed, "patient": life.patient}
    return Result(
        scenario=life.scenario,
        seed=life.seed,
        patient=life.patient,
        columns=life.columns(),
        events=tuple(life.clinic.events),
        values=life.values,
        outcomes=outcomes | life.outcomes(),
        maps=tuple(life.maps),
        interrupted=interrupted,
    )

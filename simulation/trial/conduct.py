"""Conduct a trial: run it, read it, and go on with more patients until the answer is as precise as was asked for."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulation.files.atomic import write_file
from simulation.files.tables import json_text
from simulation.pool import Pool
from simulation.results.trial_view import TrialView
from simulation.store import Shard, Store, parts_of
from simulation.trial.analysis import main_half_width, view_of
from simulation.trial.execute import MissingRun, Progress, State, execute, missing, number_of_runs
from simulation.trial.origin import design_of
from simulation.trial.schema import Trial
from simulation.trial.table import TrialTable, read_table

__all__ = ["PLANNED", "STORE", "ConductedTrial", "conduct", "conduct_part", "note_plan"]

STORE: Final = "store"
PLANNED: Final = "planned.json"  # how many runs the store will hold
_MARGIN: Final = 1.1  # a little more than the square-root law asks for, so that one more round usually does
_GROWTH: Final = 4  # at most so many times more patients in one round: early guesses of the spread are poor


@dataclass(frozen=True, slots=True)
class ConductedTrial:
    """Hold a trial as far as it came: `patients` were asked for in the end."""

    patients: int
    state: State
    view: TrialView
    missing: tuple[MissingRun, ...]
    half_width: float  # of the main difference's 95 % interval, days


def conduct(
    trial: Trial, out: Path, pool: Pool, *, on_progress: Callable[[Progress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ConductedTrial:  # fmt: skip
    """Run a trial into `out/store`, adding patients until `precision` is reached, and analyse it."""
    folder, patients = out / STORE, trial.patients
    with Store(folder, design_of(trial)) as store:
        store.gather(parts_of(folder).values())
    while True:
        note_plan(trial, out, patients)
        state = execute(trial, folder, pool, patients, on_progress=on_progress, should_stop=should_stop)
        table = _read(trial, folder, patients)
        half_width = main_half_width(trial, table)
        if state.stopped or state.not_stored is not None:
            break
        more = _wanted(trial, patients, half_width)
        if more <= patients:
            break
        patients = more
    left = tuple(missing(trial, folder, patients, state))
    return ConductedTrial(patients, state, view_of(trial, table), left, half_width)


def conduct_part(
    trial: Trial, out: Path, pool: Pool, shard: Shard, *, on_progress: Callable[[Progress], None] = lambda _: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> tuple[State, tuple[MissingRun, ...]]:  # fmt: skip
    """Run one part of a trial's patients into a store of its own beside `out/store`; `conduct` gathers the parts."""
    whole = out / STORE
    note_plan(trial, out, trial.patients)
    known = Store(whole, design_of(trial)).done()
    part = whole.with_name(shard.named(STORE))
    state = execute(
        trial, part, pool, trial.patients, on_progress=on_progress, should_stop=should_stop, shard=shard, known=known
    )  # fmt: skip
    return state, tuple(missing(trial, part, trial.patients, state, shard, known))


def note_plan(trial: Trial, out: Path, patients: int) -> None:
    """Write how many runs are planned, for `status`; the store itself takes more patients at any time."""
    planned = {"trial": trial.name, "patients": patients, "runs": number_of_runs(trial, patients)}
    write_file(out / PLANNED, json_text(planned))


def _read(trial: Trial, folder: Path, patients: int) -> TrialTable:
    with Store(folder, design_of(trial)) as store:
        return read_table(trial, store, patients)


def _wanted(trial: Trial, patients: int, half_width: float) -> int:
    """Return how many patients should be needed: the half-width falls with the square root of their number."""
    goal = trial.file.precision
    if goal is None or math.isnan(half_width) or half_width <= goal:
        return patients
    needed = math.ceil(patients * _MARGIN * (half_width / goal) ** 2)
    return min(max(needed, patients + 1), _GROWTH * patients, trial.file.most_patients)

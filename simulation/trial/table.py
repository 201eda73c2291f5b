"""A trial's rows as columns per arm, patients in the same order in every arm."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.errors import UserError
from simulation.results.trial_view import ArmView
from simulation.store import Store
from simulation.trial.rows import until_second_transplant
from simulation.trial.schema import IGNORED, Trial

__all__ = ["NOT_DATA", "TrialTable", "arrays_of", "complete_in", "read_table"]

NOT_DATA: Final = frozenset({"status", "error", "arm", "repeat", "seconds"})


@dataclass(frozen=True, slots=True)
class TrialTable:
    """Hold the arms with every patient who has a result in each of them, and the repeats of some.

    `repeats` maps an arm to patient -> repeat -> primary outcome.
    """

    arms: tuple[ArmView, ...]
    incomplete: int  # patients left out because a run of theirs is missing
    repeats: Mapping[str, Mapping[int, Mapping[int, float]]]


def read_table(trial: Trial, store: Store, patients: int) -> TrialTable:
    """Read the first `patients` patients; a patient who misses an arm is left out of all, so that arms stay twins."""
    kinds = {name: kind for name, kind in store.design.kinds().items() if name not in NOT_DATA}
    lists: dict[str, dict[str, list[Any]]] = {arm.key: {name: [] for name in kinds} for arm in trial.arms}
    repeats: dict[str, dict[int, dict[int, float]]] = {arm.key: {} for arm in trial.arms}
    primary = trial.file.outcomes.primary
    again: dict[str, dict[str, list[Any]]] = {arm.key: {name: [] for name in kinds} for arm in trial.arms}
    numbers: dict[str, list[int]] = {
        arm.key: [] for arm in trial.arms
    }  # of the repeats, in the order of `again`
    for row in store.rows():
        if row["status"] != "done" or row["patient"] >= patients:
            continue
        if trial.ends_at_transplant:
            row = until_second_transplant(row)
        repeats[row["arm"]].setdefault(row["patient"], {})[row["repeat"]] = row[primary]
        if row["repeat"] and trial.ends_at_transplant:
            numbers[row["arm"]].append(row["repeat"])
            for name, values in again[row["arm"]].items():
                values.append(row[name])
        if row["repeat"] == 0:
            for name, values in lists[row["arm"]].items():
                values.append(row[name])
    complete = complete_in(lists) & set(range(patients))
    views = tuple(
        ArmView(
            arm.key,
            arm.scenario.name,
            arrays_of(lists[arm.key], kinds, complete),
            arm.scenario.definitions.mrd_negative,
        )
        for arm in trial.arms
    )
    if trial.ends_at_transplant:
        for arm in views:
            _refuse_nobody(arm, trial)
            _weigh(arm, again[arm.key], numbers[arm.key], kinds, repeats[arm.key], trial)
    return TrialTable(views, patients - len(complete), repeats)


def _refuse_nobody(arm: ArmView, trial: Trial) -> None:
    """Raise `UserError` where follow-up of all who live ends early: nobody tells how they would have gone on."""
    ends = arm.number("days_simulated")
    if arm.n and not (ends >= trial.follow_up - 1e-6).any() and not arm.happened("nrm_day").all():
        last = float(ends.max())
        raise UserError(
            f"nobody in arm {arm.key} is followed to day {trial.follow_up:g}: second transplants end follow-up by day {last:g}. "
            "The runs are kept",
            key="outcomes.second_transplant",
            expected=f"more patients, a lower chance of it, or {IGNORED}; then the same command with --resume",
        )


def _weigh(
    arm: ArmView, again: dict[str, list[Any]], numbers: list[int], kinds: Mapping[str, str],
    repeats: dict[int, dict[int, float]], trial: Trial,
) -> None:  # fmt: skip
    """Put what is compared in place of the primary outcome of all runs of patients: days as `ArmView.days` counts them."""
    primary = trial.file.outcomes.primary
    if not arm.left.any():
        return
    for patient, days in zip(
        arm.number("patient").astype(int).tolist(), arm.days(primary, trial.follow_up).tolist(), strict=True
    ):
        repeats[patient][0] = days
    if numbers:
        order = np.argsort(again["patient"], kind="stable")
        runs = ArmView(arm.key, arm.name, arrays_of(again, kinds, set(again["patient"])), arm.mrd_negative)
        days_ = arm.days_until(primary, trial.follow_up, runs)
        for index, days in zip(order.tolist(), days_.tolist(), strict=True):
            repeats[again["patient"][index]][numbers[index]] = days


def complete_in(lists: Mapping[str, Mapping[str, list[Any]]]) -> set[int]:
    """Return the patients who have a row in every arm."""
    return set[int].intersection(*(set(columns["patient"]) for columns in lists.values()))


def arrays_of(
    columns: dict[str, list[Any]], kinds: Mapping[str, str], complete: set[int]
) -> dict[str, npt.NDArray[Any]]:
    """Return columns as arrays, of these patients in their order."""
    order = sorted(range(len(columns["patient"])), key=columns["patient"].__getitem__)
    order = [index for index in order if columns["patient"][index] in complete]
    return {name: _array([values[index] for index in order], kinds[name]) for name, values in columns.items()}


def _array(values: list[Any], kind: str) -> npt.NDArray[Any]:
    if kind == "text":
        return np.array([value or "" for value in values], dtype=object)
    if kind == "bool":
        return np.array([bool(value) for value in values], dtype=bool)
    return np.array([np.nan if value is None else value for value in values], dtype=float)

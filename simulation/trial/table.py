"""A trial's rows as columns per arm, patients in the same order in every arm."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.results.trial_view import ArmView
from simulation.store import Store
from simulation.trial.schema import Trial

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
    for row in store.rows():
        if row["status"] != "done" or row["patient"] >= patients:
            continue
        repeats[row["arm"]].setdefault(row["patient"], {})[row["repeat"]] = row[primary]
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
    return TrialTable(views, patients - len(complete), repeats)


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

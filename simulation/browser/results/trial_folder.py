"""The results of `compare`, read back: the same patients in every arm, and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.browser.catalogue import Source
from simulation.browser.results.damage import reading, record_of, table_of
from simulation.clinic.outcomes import OUTCOMES, selected
from simulation.errors import UserError
from simulation.files.folder import check_files
from simulation.number_words import number_text
from simulation.results.words import share_title
from simulation.scenario.cohort import NONE
from simulation.statistics.survival import SurvivalCurve, kaplan_meier

__all__ = ["CURVES", "TrialFolder", "read_trial"]

_PERCENT: Final = "\N{NO-BREAK SPACE}%"  # a number and its sign stay on one line
_TO: Final = "\N{NON-BREAKING HYPHEN}"
CURVES: Final = {one.name: one for one in selected("survival") if one.censored}


@dataclass(frozen=True, eq=False)
class TrialFolder:
    """Hold a trial: `rows` by arm, each arm's patients in the same order."""

    folder: Path
    comparison: Mapping[str, Any]  # comparison.json
    rows: Mapping[str, list[Mapping[str, str]]]

    @property
    def arms(self) -> list[str]:
        """Return the keys of the arms."""
        return list(self.rows)

    @property
    def main(self) -> tuple[str, str]:
        """Return the arm in question and the one it is held against."""
        comparison = self.comparison["main_comparison"]
        return comparison["arm"], comparison["versus"]

    @property
    def primary(self) -> str:
        """Return the name of the outcome by which the trial is read."""
        return str(self.comparison["primary_outcome"])

    def numbers(self, arm: str, name: str) -> npt.NDArray[np.float64]:
        """Return a column of one arm, NaN where a field is empty, shape (patients,)."""
        return np.array([float(row[name]) if row.get(name) else np.nan for row in self.rows[arm]])

    def curve(self, arm: str, outcome: str) -> SurvivalCurve:
        """Return the Kaplan-Meier curve of one arm."""
        censored = np.array([row[CURVES[outcome].censored] == "true" for row in self.rows[arm]])
        return kaplan_meier(self.numbers(arm, outcome), ~censored)

    def history(self, arm: str, index: int) -> str:
        """Return what happened to one patient of an arm, in words."""
        row = self.rows[arm][index]
        events = []
        if row["treatment_start_day"]:
            events.append(f"treated from day {float(row['treatment_start_day']):.4g}")
        if row["relapse_day"]:
            events.append(f"relapse day {float(row['relapse_day']):.4g}")
        if row["nrm_day"]:
            events.append(f"death day {float(row['nrm_day']):.4g}")
        grade = int(row["agvhd_grade"])
        events.append(f"GvHD grade {('0', 'I', 'II', 'III', 'IV')[grade]}")
        return ", ".join(events)

    def source(self, arm: str) -> Source:
        """Return an arm's scenario, which says itself how its patients differ."""
        return Source(self.folder / "arms" / f"{arm}.yaml", cohort=NONE)

    def table(self) -> list[tuple[str, ...]]:
        """Return what was found in each arm: (label, one text per arm)."""
        arms = [self.comparison["arms"][arm] for arm in self.arms]
        rows = [("Patients", *(str(arm["n"]) for arm in arms))]
        for name in arms[0]["rmst"]:
            means = (number_text(arm["rmst"][name]["value"]) for arm in arms)
            rows.append((f"{OUTCOMES[name].label}, mean days", *means))
        ends = {one.censored for one in CURVES.values()}  # the curves show them
        for name in (name for name in arms[0]["shares"] if name not in ends):
            rows.append((share_title(OUTCOMES[name]), *(_share(arm["shares"].get(name)) for arm in arms)))
        for name in arms[0]["means"]:
            declared = OUTCOMES[name]
            values = (number_text(arm["means"][name]) for arm in arms)
            rows.append((f"{declared.label}, mean ({declared.unit})", *values))
        return rows


def _share(share: Mapping[str, Any] | None) -> str:
    if not share or share.get("value") is None:
        return "\N{EN DASH}"
    low, high, value = (f"{100 * share[name]:.0f}" for name in ("low", "high", "value"))
    interval = f"95{_PERCENT} interval {low}{_TO}{high}{_PERCENT}"
    return f"{value}{_PERCENT} ({share['count']} of {share['of']}; {interval})"


def read_trial(folder: Path) -> TrialFolder:
    """Return the trial in a folder; raise `UserError` where it is not whole."""
    with reading(folder):
        manifest = check_files(folder, ("comparison.json", "patients.csv"))
        record = record_of(folder / "comparison.json")
        rows: dict[str, list[Mapping[str, str]]] = {arm: [] for arm in record["arms"]}
        for row in table_of(folder / "patients.csv"):
            rows[row["arm"]].append(row)
        if not rows or not all(rows.values()):
            raise ValueError("it holds no patients yet")
        trial = TrialFolder(folder, record, rows)
        _all_that_is_shown(trial)
        for arm, digest in manifest["arms"].items():
            if _digest(trial.source(arm)) != digest:
                message = "is not what was written; the same `compare` with --resume writes it again"
                raise UserError(message, file=str(trial.source(arm).path))
    return trial


def _digest(source: Source) -> str:
    """Return the digest of an arm's scenario, or none where the file is a scenario no more."""
    try:
        return source.load().digest()
    except UserError:
        return ""


def _all_that_is_shown(trial: TrialFolder) -> None:
    trial.table()
    int(trial.comparison["seed"])
    arm, other = trial.main
    for key in (arm, other):
        trial.numbers(key, OUTCOMES[trial.primary].name)
    listed = [[int(row["patient"]) for row in trial.rows[key]] for key in (arm, other)]
    if listed[0] != listed[1]:
        raise ValueError("patients.csv: the arms do not hold the same patients")
    for key in trial.arms:
        for name in CURVES:
            trial.curve(key, name)
        for index in range(len(trial.rows[key])):
            trial.history(key, index)

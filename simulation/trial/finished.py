"""A finished trial read back from its folder, whatever version of the model made it: for design and export."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.errors import UserError
from simulation.files.folder import check_files, read_manifest
from simulation.results.trial_view import ArmView
from simulation.shipped import PROGRAM
from simulation.store import Column, Store, read_design
from simulation.trial.conduct import STORE
from simulation.trial.real_trial import RealTrial
from simulation.trial.rows import KEYS, until_second_transplant
from simulation.trial.schema import ENDS_FOLLOW_UP
from simulation.trial.table import NOT_DATA, arrays_of, complete_in
from simulation.yaml_source import parse_yaml, plain

__all__ = ["FinishedTrial", "is_trial_folder", "reopen"]


@dataclass(frozen=True, slots=True, eq=False)
class FinishedTrial:
    """Hold the patients who have a result in every arm; `columns` describe what is in the arms' columns."""

    folder: Path
    name: str
    seed: int
    follow_up: float
    main: tuple[str, str]
    primary: str
    arms: tuple[ArmView, ...]
    columns: tuple[Column, ...]
    scenarios: Mapping[str, Mapping[str, Any]]  # of every arm, as resolved
    real_trial: RealTrial  # as the trial's file plans it
    ends_at_transplant: bool  # follow-up ends at a second transplant
    provenance: Mapping[str, Any]

    def arm(self, key: str) -> ArmView:
        """Return an arm by its key."""
        return next(arm for arm in self.arms if arm.key == key)


def is_trial_folder(folder: Path) -> bool:
    """Return whether a folder looks like one that `compare` has written."""
    return (folder / "comparison.json").is_file() and Store.exists(folder / STORE)


def reopen(folder: Path) -> FinishedTrial:
    """Read a trial's folder.

    Raises
    ------
    UserError
        Where it is no finished trial's folder, or damaged.
    """
    manifest = read_manifest(folder)
    design = read_design(folder / STORE) if folder.is_dir() else None
    if manifest is None or design is None or design.kind != "trial" or not is_trial_folder(folder):
        raise UserError(
            "holds no finished trial",
            file=str(folder),
            expected=f"a folder that `{PROGRAM} compare TRIAL.yaml` wrote",
        )
    check_files(folder, ("comparison.json",))
    try:
        comparison = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
        main = comparison["main_comparison"]
        known = {
            "name": str(comparison["trial"]), "seed": int(comparison["seed"]), "follow_up": float(comparison["follow_up_days"]),
            "main": (str(main["arm"]), str(main["versus"])), "primary": str(comparison["primary_outcome"]),
            "ends_at_transplant": comparison.get("second_transplant") == ENDS_FOLLOW_UP,
            "real_trial": RealTrial.model_validate(comparison.get("real_trial", {})),
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        message = "is damaged; the command that wrote it, with --resume, writes it again"
        raise UserError(message, file=str(folder / "comparison.json")) from None
    kinds = {name: kind for name, kind in design.kinds().items() if name not in NOT_DATA}
    scenarios = {key: plain(parse_yaml(text, f"arm {key}")) for key, text in design.identity["arms"].items()}
    lists: dict[str, dict[str, list[Any]]] = {key: {name: [] for name in kinds} for key in scenarios}
    for row in Store(folder / STORE, design).rows():
        if row["status"] == "done" and row["repeat"] == 0:
            if known["ends_at_transplant"]:
                row = until_second_transplant(row)
            for name, values in lists[row["arm"]].items():
                values.append(row[name])
    complete = complete_in(lists)
    if not complete:
        raise UserError("no patient has a result in every arm yet", file=str(folder))
    arms = tuple(
        ArmView(
            key,
            str(scenario.get("name") or key),
            arrays_of(lists[key], kinds, complete),
            float(scenario["definitions"]["mrd_negative"]),
        )
        for key, scenario in scenarios.items()
    )
    columns = tuple(c for c in design.described if c.name in kinds and c not in KEYS)
    return FinishedTrial(
        folder, arms=arms, columns=columns, scenarios=scenarios, provenance=manifest, **known
    )

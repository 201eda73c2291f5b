"""How far a fit is, told from its folder alone; it may be written while it is looked at."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulation.calibration.abc import IDENTITY, LOG, SCREEN
from simulation.calibration.experiments import CULTURE_DONORS
from simulation.calibration.parts import PART
from simulation.calibration.problem import Problem
from simulation.calibration.settings import load_settings
from simulation.files.atomic import write_file
from simulation.files.tables import json_text
from simulation.store import parts_of
from simulation.store.survey import MOST_SHOWN, Survey

__all__ = ["FitProgress", "fit_progress", "is_fit", "note_fit_plan"]

PLANNED: Final = "planned.json"  # how many candidates the fit will have, and how many patients each


@dataclass(frozen=True, slots=True)
class FitProgress:
    """Hold what is planned (None: not known) and what was evaluated; candidates count, those of the screening among them."""

    name: str
    planned: int | None
    parts: int  # of a job array, that have begun
    of: int  # so many parts there are; 0: no job array
    survey: Survey
    seconds_left: float | None


def is_fit(folder: Path) -> bool:
    """Return whether a folder is a fit's."""
    return (folder / IDENTITY).is_file() or (folder / SCREEN / IDENTITY).is_file()


def note_fit_plan(problem: Problem, folder: Path) -> None:
    """Write down how many candidates there will be, before the first: what is left is then known to `status`."""
    effort = problem.effort
    plan = {
        "fit": problem.name,
        "candidates": effort.design + effort.rounds * effort.particles,
        "patients": _patients(problem),
    }
    if problem.screen is not None:
        screening = problem.screening()
        plan |= {"screening": {"candidates": screening.effort.design, "patients": _patients(screening)}}
    write_file(folder / PLANNED, json_text(plan))


def _patients(problem: Problem) -> int:
    """Return how many patients of all experiments a candidate meets; what a file leaves out is the setting's own number."""
    settings = load_settings()
    return sum(
        problem.patients.get(name, settings[name].patients if name in settings else CULTURE_DONORS)
        for name in problem.experiments
    )


def fit_progress(folder: Path) -> FitProgress:
    """Return how far a fit is; finalists, who come after all candidates, are not counted."""
    plan = _plan(folder)
    screening, own = _seconds(folder / SCREEN), _seconds(folder)
    named = [({"screened candidate": index}, seconds) for index, seconds in screening.items()]
    named += [({"candidate": index}, seconds) for index, seconds in own.items()]
    named.sort(key=lambda one: -one[1])
    survey = Survey(
        done=len(named),
        failed=0,
        seconds=sum(seconds for _, seconds in named),
        slowest=tuple(named[:MOST_SHOWN]),
        failures=(),
        written_now=(),
    )
    shards = [shard for place in (folder / SCREEN, folder) for shard in parts_of(place / PART)]
    return FitProgress(
        str(plan.get("fit", "")),
        _planned(plan),
        len(set(shards)),
        max((shard.of for shard in shards), default=0),
        survey,
        _left(plan, screening, own),
    )


def _plan(folder: Path) -> dict[str, Any]:
    """Return the plan; nothing where none was noted, or not by this program."""
    try:
        plan = json.loads((folder / PLANNED).read_text(encoding="utf-8"))
        counts = [plan, *([plan["screening"]] if "screening" in plan else [])]
        known = all(isinstance(one[key], int) for one in counts for key in ("candidates", "patients"))
        return plan if known else {}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def _planned(plan: dict[str, Any]) -> int | None:
    if not plan:
        return None
    return int(plan["candidates"]) + int(plan.get("screening", {}).get("candidates", 0))


def _left(plan: dict[str, Any], screening: dict[int, float], own: dict[int, float]) -> float | None:
    """Return the seconds that what is left will take, as what is done did; while there is screening only, patient for patient."""
    if not plan or not (screening or own):
        return None
    first = plan.get("screening")
    if own:
        each = sum(own.values()) / len(own)
    elif first is None:
        return None
    else:
        a_patient = sum(screening.values()) / len(screening) / first["patients"]
        each = a_patient * int(plan["patients"])
    left = max(int(plan["candidates"]) - len(own), 0) * each
    if first is not None and screening:
        missing = max(int(first["candidates"]) - len(screening), 0)
        left += missing * sum(screening.values()) / len(screening)
    return float(left)


def _seconds(folder: Path) -> dict[int, float]:
    """Return the seconds of every candidate that a folder's log or its parts hold, by its number."""
    return {int(one["index"]): float(one["seconds"]) for one in _evaluations(folder)}


def _evaluations(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield evaluations; what is half written, or damaged, is not counted: `calibrate` says what to do about it."""
    for part in parts_of(folder / PART).values():
        try:
            yield from json.loads(part.read_text(encoding="utf-8"))["evaluations"]
        except (OSError, ValueError, KeyError, RecursionError):
            continue
    try:
        lines = (folder / LOG).read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            return

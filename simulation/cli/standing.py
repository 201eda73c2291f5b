"""How far a folder is, for the command `status`: the plan beside the stores, and what the stores hold."""

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

import click

from simulation.calibration.progress import fit_progress, is_fit
from simulation.cli.sweeping import in_words
from simulation.cli.terminal import print_json, print_table
from simulation.errors import UserError
from simulation.store import Store, parts_of
from simulation.store.remote import is_url, pull
from simulation.store.survey import Survey, survey
from simulation.sweep.plan import PLAN, load_plan
from simulation.sweep.table import RUNS
from simulation.trial.conduct import PLANNED, STORE

__all__ = ["Standing", "report", "standing_at", "standing_of"]

_PER_H: Final = 3600.0
_FIT: Final = "fit"


@dataclass(frozen=True, slots=True)
class Standing:
    """Hold what a folder is, what is planned in it (None: not known), what it holds, and the computing time that is left."""

    folder: str
    kind: str
    name: str
    planned: int | None
    parts: int  # of a job array, that have begun
    of: int  # so many parts there are; 0: no job array
    survey: Survey
    seconds_left: float | None  # of computing, as what is done took

    @property
    def missing(self) -> int | None:
        """Return how many runs are neither done nor failed."""
        return None if self.planned is None else max(self.planned - self.survey.done - self.survey.failed, 0)

    @property
    def counted(self) -> str:
        """Return what is counted, in the singular."""
        return "candidate" if self.kind == _FIT else "run"


def standing_of(folder: Path) -> Standing:
    """Return how far a folder is; raise `UserError` where it holds neither sweep, trial nor fit."""
    if (folder / PLAN).is_file():
        plan = load_plan(folder)
        return _standing(folder, "sweep", plan.name, plan.n_runs, folder / RUNS)
    if Store.exists(folder / STORE):
        planned = _planned(folder)
        return _standing(folder, "trial", str(planned.get("trial", "")), planned.get("runs"), folder / STORE)
    if is_fit(folder):
        fit = fit_progress(folder)
        return Standing(
            str(folder), _FIT, fit.name, fit.planned, fit.parts, fit.of, fit.survey, fit.seconds_left
        )
    message = "holds nothing of sweep, compare or calibrate, which are what status knows"
    raise UserError(message, file=str(folder))


def standing_at(place: str) -> Standing:
    """Return how far a folder is, or what was pushed to a URL; of the latter, rows and plans are fetched."""
    if not is_url(place):
        if not Path(place).is_dir():
            raise UserError("is no folder", file=place)
        return standing_of(Path(place))
    with tempfile.TemporaryDirectory() as copy:
        pull(place, Path(copy), wanted=_is_standing)
        return replace(standing_of(Path(copy)), folder=place)


def _is_standing(name: str) -> bool:
    """Return whether a file of a folder says how far it is: all of a store's and a plan's, none of figures and tables."""
    inside = PurePosixPath(name)
    return inside.suffix != ".png" and not any(part in {"figures", "analysis"} for part in inside.parts)


def _standing(folder: Path, kind: str, name: str, planned: int | None, store: Path) -> Standing:
    parts = parts_of(store)
    places = [place for place in (store, *parts.values()) if Store.exists(place)]
    held = survey(places)
    left = None
    if planned is not None and held.done:
        left = max(planned - held.done - held.failed, 0) * held.seconds / held.done
    of = max((part.of for part in parts), default=0)
    return Standing(str(folder), kind, name, planned, len(parts), of, held, left)


def _planned(folder: Path) -> dict[str, Any]:
    """Return what a trial noted of its plan; nothing where it has not come so far."""
    try:
        plan = json.loads((folder / PLANNED).read_text(encoding="utf-8"))
        return plan if isinstance(plan, dict) and isinstance(plan.get("runs"), int) else {}
    except (OSError, ValueError, RecursionError):
        return {}


def report(standing: Standing, workers: int, *, as_json: bool) -> None:
    """Print how far it is, with the time left on so many processors."""
    survey, left = standing.survey, standing.seconds_left
    if as_json:
        document = asdict(standing) | {"missing": standing.missing, "workers": workers}
        hours = None if left is None else left / _PER_H
        print_json(
            document
            | {"processor_hours_left": hours, "seconds_left": None if left is None else left / workers}
        )
        return
    planned = "not known" if standing.planned is None else f"{standing.planned:,} {standing.counted}s"
    rows = [
        ["planned", planned],
        ["done", f"{survey.done:,}{_share(survey.done, standing.planned)}"],
        ["failed", f"{survey.failed:,}"],
        ["left", "not known" if standing.missing is None else f"{standing.missing:,}"],
        [
            f"a {standing.counted} takes",
            in_words(survey.seconds / survey.done) if survey.done else "not known yet",
        ],
        ["time left", _left(left, workers)],
    ]
    if standing.kind != _FIT:  # a fit's log is open for a moment a candidate only
        rows.append(["written now", ", ".join(survey.written_now) or "no: nothing is running here"])
    if standing.of:
        rows.append(["parts begun", f"{standing.parts} of {standing.of}"])
    print_table([standing.kind, standing.name or standing.folder], rows)
    if survey.slowest:
        click.echo()
        print_table(["slowest", ""], [[_key(key), in_words(seconds)] for key, seconds in survey.slowest])
    if survey.failures:
        click.echo()
        print_table(["failed", ""], [[_key(key), reason] for key, reason in survey.failures])


def _share(done: int, planned: int | None) -> str:
    return f" ({100 * done / planned:.1f} %)" if planned else ""


def _left(seconds: float | None, workers: int) -> str:
    if seconds is None:
        return "not known yet"
    return f"{in_words(seconds / workers)} on {workers} processors ({seconds / _PER_H:.3g} processor-hours)"


def _key(key: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in key.items() if name != "repeat" or value)

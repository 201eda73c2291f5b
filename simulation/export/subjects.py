"""Whose results a folder holds: one subject per virtual patient and arm, of a trial or of single runs."""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from simulation.clinic.events import EVENT_KINDS, Event
from simulation.clinic.outcomes import OUTCOMES
from simulation.errors import UserError
from simulation.files.folder import check_files, slug
from simulation.products.product import Product
from simulation.products.received import ReceivedTreatment
from simulation.products.registry import PRODUCTS, product, received
from simulation.results.trial_states import STATES, spells_of
from simulation.statistics.multistate import CENSORED
from simulation.trial.finished import FinishedTrial, is_trial_folder, reopen
from simulation.trial.rows import AT_ONCE, DRUGS, OF_PATIENT
from simulation.yaml_source import plain, read_yaml

__all__ = ["Dose", "Source", "Stay", "Subject", "measured", "read_results"]

_READ: Final = ("summary.json", "trajectory.csv", "events.csv", "scenario.resolved.yaml")  # of a run
_BAR: Final = 3  # of a stored interval: from, to, level
_OF_A_PATIENT: Final = (
    "patient",
    "parameters",
)  # of a resolved scenario: what differs between patients of one


@dataclass(frozen=True, slots=True)
class Dose:
    """Hold one thing given: from `start` to `end` (the same day where it was given at once) at `level` in `unit`."""

    product: str
    kind: str  # infusion, injection, cells, drug or chemotherapy
    start: float
    end: float
    level: float
    unit: str


@dataclass(frozen=True, slots=True)
class Stay:
    """Hold one stay in a state of the multi-state view; `then` is empty at the end of follow-up."""

    state: str
    enter: float
    leave: float
    then: str


@dataclass(frozen=True, eq=False)
class Subject:
    """Hold one virtual patient in one arm; days count from transplant.

    `outcomes` are the stored ones, None for what did not happen; `values` are name -> value and unit of what tells him from
    others. `events` and `trajectory` are those of a single run; a trial keeps none.
    """

    arm: str
    twin: int  # number of the patient: twins in other arms have the same
    outcomes: Mapping[str, Any]
    values: Mapping[str, tuple[float, str]]
    doses: tuple[Dose, ...]
    stays: tuple[Stay, ...] = ()
    events: tuple[Event, ...] = ()
    trajectory: Mapping[str, Sequence[float | None]] | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """Hold the subjects of a study: one trial, or single runs; `arms` are key -> name and description."""

    study: str
    kind: str  # trial or runs
    seed: int
    follow_up: float  # planned, days
    arms: Mapping[str, tuple[str, str]]
    subjects: tuple[Subject, ...]
    provenance: Mapping[str, Any]  # the provenance of what was read
    ends_at_transplant: bool = False  # follow-up ends at a second transplant

    def identifier(self, subject: Subject) -> str:
        """Return the subject's name in the study: unique, and the same in every table."""
        return f"{slug(self.study)}-{subject.arm}-{subject.twin:05d}"


def measured(subject: Subject) -> Iterator[tuple[Event, bool]]:
    """Yield what the clinic measured, and whether it is told on the day of its sample (marrow) or of its report (blood)."""
    sampled = {event.what for event in subject.events if event.kind == "test"}
    for event in subject.events:
        if event.kind == ("test" if event.what in sampled else "result"):
            yield event, event.what in sampled


def read_results(folders: Sequence[Path]) -> Source:
    """Read a trial's folder, or one or more folders of single runs (a folder of several runs stands for them all).

    Raises
    ------
    UserError
        Where a folder holds neither, or something is damaged.
    """
    if len(folders) == 1 and is_trial_folder(folders[0]):
        return _trial(reopen(folders[0]))
    for folder in folders:
        if is_trial_folder(folder):
            raise UserError(
                "a trial is exported alone", file=str(folder), expected="this folder and no other"
            )
    runs = [run for folder in folders for run in _run_folders(folder)]
    return _runs(runs)


# ---- a trial


def _trial(finished: FinishedTrial) -> Source:
    subjects = tuple(subject for arm in finished.arms for subject in _of_arm(finished, arm.key))
    arms = {
        key: (str(scenario.get("name") or key), str(scenario.get("description") or ""))
        for key, scenario in finished.scenarios.items()
    }
    return Source(
        finished.name,
        "trial",
        finished.seed,
        finished.follow_up,
        arms,
        subjects,
        finished.provenance,
        finished.ends_at_transplant,
    )


def _of_arm(finished: FinishedTrial, key: str) -> Iterator[Subject]:
    arm, units = finished.arm(key), {column.name: column.unit for column in finished.columns}
    own = {column.name for column in finished.columns if column.meaning == OF_PATIENT}
    stays: dict[int, list[Stay]] = {}
    spells, names = spells_of(arm), list(STATES)
    for index, enter, leave, state, then in zip(
        spells.patient.tolist(), spells.enter.tolist(), spells.leave.tolist(), spells.state.tolist(), spells.then.tolist(),
        strict=True,
    ):  # fmt: skip
        to = "" if then == CENSORED else names[then]
        stays.setdefault(index, []).append(Stay(names[state], enter, leave, to))
    for index in range(arm.n):
        row = {name: _plain(arm.columns[name][index]) for name in arm.columns}
        yield Subject(
            key,
            int(row["patient"]),
            {name: row[name] for name in OUTCOMES if name in row},
            {name: (float(row[name]), units[name]) for name in own if row.get(name) is not None},
            tuple(_given(arm.histories[index])),
            tuple(stays.get(index, ())),
        )


def _given(history: Mapping[str, Any]) -> Iterator[Dose]:
    """Yield what a history says was given; turns and stays in it are no doses."""
    products = {one.name: one for one in PRODUCTS}
    for name, given in history.items():
        one = products.get(name)
        if one is not None and one.kind == "infusion":
            bars = (bar for bar in given if len(bar) == _BAR)  # a longer one is the mean of injections
            yield from (Dose(name, one.kind, start, end, level, one.unit) for start, end, level in bars)
        elif one is not None and one.kind == "cells":
            yield from (_at_once(one, day, level) for day, level in given)
    for name, given in history.get(AT_ONCE, {}).items():
        yield from (_at_once(products[name], day, level) for day, level in given if name in products)
    for name, given in history.get(DRUGS, {}).items():
        unit = products.get(name, products["immunosuppression"]).unit
        yield from (Dose(name, "drug", start, end, level, unit) for start, end, level in given)


def _at_once(product: Product, day: float, level: float) -> Dose:
    kind = "injection" if product.kind == "infusion" else product.kind
    return Dose(product.name, kind, day, day, level, product.unit_at_once or product.unit)


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return None if value == "" or value != value else value


# ---- single runs


def _run_folders(folder: Path) -> list[Path]:
    """Return the folder, or those of the runs in it."""
    folders = [folder] if _is_run(folder) else sorted(path for path in folder.glob("*") if _is_run(path))
    if not folders:
        raise UserError(
            "holds no results of a trial or of runs",
            file=str(folder),
            expected="a folder that `compare` or `run` wrote",
        )
    return folders


def _is_run(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _READ)


def _runs(folders: Sequence[Path]) -> Source:
    subjects, arms, manifest, planned = [], dict[str, tuple[str, str]](), dict[str, Any](), 0.0
    seeds, written = dict[int, Path](), dict[str, tuple[Path, Mapping[str, Any]]]()
    for folder in folders:
        manifest = check_files(folder, _READ)
        try:
            subject, scenario = _run(folder, manifest)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise UserError("is damaged: its files are not those of a run", file=str(folder)) from None
        seeds.setdefault(int(manifest.get("seed") or 0), folder)
        if len(seeds) > 1:
            (seed, before), (other, second) = seeds.items()
            message = f"has seed {other}, and {before} seed {seed}: patient {subject.twin} of each is another person"
            raise UserError(message, file=str(second), expected="runs of one seed; export each seed alone")
        kept = {key: value for key, value in scenario.items() if key not in _OF_A_PATIENT}
        same_name, same = written.setdefault(subject.arm, (folder, kept))
        if kept != same:
            message = f"holds another scenario of the same name as {same_name}: {scenario.get('name') or subject.arm!r}"
            raise UserError(message, file=str(folder), expected="scenarios of different names")
        arms[subject.arm] = (str(scenario.get("name") or subject.arm), str(scenario.get("description") or ""))
        planned = max(planned, _days(scenario.get("follow_up")))
        subjects.append(subject)
    names = [(subject.arm, subject.twin) for subject in subjects]
    if len(set(names)) < len(names):
        raise UserError("two of the folders hold the same scenario and patient", file=str(folders[0]))
    first = next(iter(arms.values()))[0]
    study = first if len(arms) == 1 else f"{first} and {len(arms) - 1} more"
    return Source(study, "runs", int(manifest.get("seed") or 0), planned, arms, tuple(subjects), manifest)


def _run(folder: Path, manifest: Mapping[str, Any]) -> tuple[Subject, Mapping[str, Any]]:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    scenario = plain(read_yaml(folder / "scenario.resolved.yaml"))
    events = tuple(_events(folder / "events.csv"))
    with (folder / "trajectory.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    columns = {name: [_number(row[k]) for row in rows] for k, name in enumerate(header)}
    end = max(float(summary["days_simulated"]), 1.0)
    given = [dose for row in received(events, end) for dose in _doses(row)]
    values = {
        name: (float(one["value"]), str(one["unit"]))
        for name, one in summary.get("patient_values", {}).items()
    }
    outcomes = {name: summary[name] for name in OUTCOMES if name in summary}
    key = slug(str(scenario.get("name") or folder.name)).replace("-", "_")
    return Subject(
        key, int(manifest.get("patient") or 0), outcomes, values, tuple(given), (), events, columns
    ), scenario


def _doses(row: ReceivedTreatment) -> Iterator[Dose]:
    yield from (Dose(row.key, row.kind, b.start, b.end, b.level, row.unit) for b in row.bars if not b.spread)
    if row.marks:
        yield from (_at_once(product(row.key), mark.day, mark.level) for mark in row.marks)


def _events(path: Path) -> Iterator[Event]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] not in EVENT_KINDS:
                raise ValueError(row["kind"])
            yield Event(
                float(row["day"]), row["kind"], row["what"], _number(row["value"]), row["unit"], row["detail"]
            )


def _number(text: str) -> float | None:
    number = float(text) if text else math.nan
    return number if math.isfinite(number) else None


def _days(written: Any) -> float:
    from simulation.units import parse_quantity

    return parse_quantity(written, "time") if written is not None else 0.0

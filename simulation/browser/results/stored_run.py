"""One run read back from its folder, as a frame that the charts of page 1 can draw."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from simulation.body.virtual_patient import patient_values
from simulation.browser.charts import frame_option
from simulation.browser.components.event_log import log_lines
from simulation.browser.palette import LIGHT
from simulation.browser.results.damage import reading, record_of, table_of
from simulation.browser.snapshot import Snapshot, thinned
from simulation.clinic.events import Event
from simulation.files.folder import check_files
from simulation.results.result import Result
from simulation.results.words import outcome_table
from simulation.scenario.load import load_scenario

__all__ = ["stored_run"]

_READ: Final = ("scenario.resolved.yaml", "summary.json", "trajectory.csv", "events.csv")
_EVENT: Final = ("day", "kind", "what", "value", "unit", "detail")


def stored_run(folder: Path) -> Snapshot:
    """Return the run in a folder as it stood at its end; raise `UserError` where the folder is damaged."""
    with reading(folder):
        shot = _shot(folder)
        frame_option(shot, LIGHT)  # all that the page asks of it
        outcome_table(shot.result)
        log_lines(shot)
    return shot


def _shot(folder: Path) -> Snapshot:
    check_files(folder, _READ)
    scenario = load_scenario(folder / "scenario.resolved.yaml")
    outcomes = record_of(folder / "summary.json")
    columns = _columns(folder / "trajectory.csv")
    events = tuple(_event(row) for row in table_of(folder / "events.csv", _EVENT))
    seed, patient = int(outcomes["seed"]), int(outcomes["patient"])
    values = patient_values(scenario, seed, patient)
    result = Result(scenario, seed, patient, columns, events, outcomes)
    last = {name: float(column[-1]) for name, column in columns.items()}
    return Snapshot(
        day=float(columns["day"][-1]),
        finished=True,
        scenario=scenario,
        columns={name: column[thinned(column.size)] for name, column in columns.items()},
        layers={},
        outcomes=outcomes,
        events=events,
        result=result,
        agents=int(last["agents_count"]),
        weight_kg=float(values.weight),
        integrity_grades=tuple(getattr(values, f"integrity_grade_{grade}") for grade in range(1, 5)),
        running=(),
        now=last,
    )


def _columns(path: Path) -> dict[str, np.ndarray]:
    rows = table_of(path)
    if not rows:
        raise ValueError(f"{path.name} has no rows")
    return {name: np.array([float(row[name]) if row[name] else np.nan for row in rows]) for name in rows[0]}


def _event(row: Mapping[str, str]) -> Event:
    day, kind, what, value, unit, detail = (row[name] for name in _EVENT)
    return Event(float(day), kind, what, float(value) if value else None, unit, detail)

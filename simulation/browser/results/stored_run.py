"""One run read back from its folder, as a frame that the charts of page 1 can draw."""

import csv
import json
from pathlib import Path

import numpy as np

from simulation.body.virtual_patient import patient_values
from simulation.browser.snapshot import Snapshot, thinned
from simulation.clinic.events import Event
from simulation.errors import UserError
from simulation.results.result import Result
from simulation.scenario.load import load_scenario

__all__ = ["stored_run"]


def stored_run(folder: Path) -> Snapshot:
    """Return the run in a folder as it stood at its end; raise `UserError` where the folder is damaged."""
    scenario = load_scenario(folder / "scenario.resolved.yaml")
    try:
        outcomes = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        columns = _columns(folder / "trajectory.csv")
        events = tuple(_events(folder / "events.csv"))
        seed, patient = int(outcomes["seed"]), int(outcomes["patient"])
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"is not whole: {error}", file=str(folder)) from None
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
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    if not rows:
        raise ValueError("trajectory.csv has no rows")
    table = [[float(field) if field else np.nan for field in row] for row in rows]
    return {name: np.array([row[index] for row in table]) for index, name in enumerate(header)}


def _events(path: Path) -> list[Event]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Event(
                float(row["day"]),
                row["kind"],
                row["what"],
                float(row["value"]) if row["value"] else None,
                row["unit"],
                row["detail"],
            )
            for row in csv.DictReader(file)
        ]

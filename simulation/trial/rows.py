"""What each run leaves behind: one row per patient and arm, with the columns of the outcome book and of the patient."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from simulation.clinic.outcomes import OUTCOMES
from simulation.clinic.outcomes.acute_gvhd import AcuteGvhd
from simulation.clinic.outcomes.haematological_relapse import RELAPSES
from simulation.clinic.outcomes.second_transplant import SecondTransplantation
from simulation.clinic.outcomes.survival import Survival
from simulation.life import Life
from simulation.parameters.table import ParameterTable
from simulation.products.received import ReceivedTreatment
from simulation.products.registry import received
from simulation.store import Column

if TYPE_CHECKING:
    from simulation.trial.schema import Arm, Trial

__all__ = [
    "AT_ONCE",
    "DRUGS",
    "HISTORY",
    "KEYS",
    "OF_PATIENT",
    "OUTCOME_COLUMNS",
    "SET",
    "SET_COLUMN",
    "UNTIL",
    "columns",
    "covariates",
    "failed_row",
    "row_of",
    "until_second_transplant",
]

KEYS: Final = (
    Column("patient", "int", "", "number of the virtual patient, from 0"),
    Column("repeat", "int", "", "0: the trial itself; 1, 2 ...: the same patient with other chance events"),
    Column("arm", "text", "", "key of the arm"),
)
OF_PATIENT: Final = "of this patient"  # the meaning of a column that tells him from others
SET: Final = "parameter_set"
SET_COLUMN: Final = Column(
    SET, "int", "", "number of the parameter set, from 0; parameter_sets.csv holds them"
)
DRUGS: Final = "drugs"  # of a history: taken by day, by name
AT_ONCE: Final = "at_once"  # of a history: [day, amount] of injections and chemotherapy, by name
_STAYS: Final = ("overt", "severe_agvhd")
_TURNS: Final = ("relapse", "remission")
_BAR: Final = 3  # from, to, level; cells have a day and a number
HISTORY: Final = "history"  # what was given and when, as JSON, for the swimmer plot

UNTIL: Final = "until_second_transplant"  # all outcomes as they stood then, as JSON; empty: there was none

OUTCOME_COLUMNS: Final = tuple(
    Column(one.name, one.column_kind, "day" if one.shown_unit == "days" else one.unit, one.meaning)
    for one in OUTCOMES.values()
    if one.stored
)


def covariates(arms: "Sequence[Arm]") -> tuple[str, ...]:
    """Return the parameters that the arms' patient block names: what a patient is."""
    return tuple(dict.fromkeys(name for arm in arms for name in arm.scenario.patient))


def columns(trial: "Trial") -> tuple[Column, ...]:
    """Return all columns of a trial's rows, besides keys and state."""
    table = ParameterTable.load()
    patient = tuple(Column(name, "float", table[name].unit, OF_PATIENT) for name in covariates(trial.arms))
    drawn = (SET_COLUMN,) if trial.posterior is not None else ()
    meaning = "outcomes up to a second transplant, for a trial that ends follow-up at it"
    again = (Column(UNTIL, "text", "JSON", meaning),) if trial.transplants_again else ()
    return (
        *OUTCOME_COLUMNS,
        Column("parted_day", "float", "day", "day from which no other arm went the same way; empty: never"),
        Column(
            HISTORY,
            "text",
            "JSON",
            "treatments, relapses, remissions, overt leukaemia and severe aGvHD with their days",
        ),
        *again,
        *drawn,
        *patient,
    )


def row_of(life: Life, arm: str, repeat: int, seconds: float, chosen: int | None = None) -> dict[str, Any]:
    """Return the row of one arm of one patient; `chosen` is the number of his parameter set, where he has one."""
    state = {
        "patient": life.patient,
        "repeat": repeat,
        "arm": arm,
        "status": "done",
        "seconds": round(seconds, 3),
    }
    more: dict[str, Any] = {"parted_day": life.parted_day, HISTORY: _history(life)}
    until = life.clinic.book.watcher(SecondTransplantation).until
    if until is not None:
        more[UNTIL] = json.dumps(until, separators=(",", ":"))
    if chosen is not None:
        more[SET] = chosen
    return state | life.outcomes() | more | {name: life.values[name] for name in life.scenario.patient}


def until_second_transplant(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as it would be had nobody looked after a second transplant; the row itself where there was none."""
    if not row.get(UNTIL):
        return row
    outcomes = json.loads(row[UNTIL])
    history = _before(json.loads(row[HISTORY] or "{}"), float(outcomes["days_simulated"]))
    return {**row, **outcomes, HISTORY: json.dumps(history, separators=(",", ":"))}


def _before(history: Mapping[str, Any], day: float) -> dict[str, Any]:
    """Return what of a history lies before a day: stays and infusions that run then end at it."""
    kept: dict[str, Any] = {}
    for name, values in history.items():
        if name in (DRUGS, AT_ONCE):
            kept[name] = _before(values, day)
        elif name in _TURNS:
            kept[name] = [at for at in values if at <= day]
        elif name in _STAYS or all(len(one) >= _BAR for one in values):
            kept[name] = [[one[0], min(one[1], day), *one[2:]] for one in values if one[0] < day]
        else:
            kept[name] = [one for one in values if one[0] < day]
    return {name: values for name, values in kept.items() if values}


def failed_row(patient: int, repeat: int, arm: str, error: str) -> dict[str, Any]:
    """Return the row of a run that failed, with the reason on one line."""
    return {
        "patient": patient,
        "repeat": repeat,
        "arm": arm,
        "status": "failed",
        "error": " ".join(error.split())[:500],
    }


def _history(life: Life) -> str:
    """Return what was given and when: intervals [from, to, level], infusions [day, cells/kg], turns as days, stays [from, to].

    An interval ends with one number more, 1, where it is the mean of what was given at once within it.
    """
    events = tuple(life.clinic.events)
    given = received(events, max(life.day, 1.0))
    turns = [event for event in events if event.kind == "outcome"]
    history = {
        **{row.key: _bars(row) for row in given if row.kind == "infusion"},
        **{row.key: [[i.day, i.level] for i in row.marks] for row in given if row.kind == "cells"},
        DRUGS: {row.key: _bars(row) for row in given if row.kind == "drug"},
        AT_ONCE: {
            row.key: [[i.day, i.level] for i in row.marks]
            for row in given
            if row.marks and row.kind != "cells"
        },
        "overt": life.clinic.book.watcher(Survival).overt,
        "severe_agvhd": life.clinic.book.watcher(AcuteGvhd).severe,
        "relapse": [event.day for event in turns if event.what in RELAPSES],
        "remission": [event.day for event in turns if event.what == "complete_remission"],
    }
    return json.dumps({name: value for name, value in history.items() if value}, separators=(",", ":"))


def _bars(row: ReceivedTreatment) -> list[list[float]]:
    return [[i.start, i.end, i.level, *([1] if i.spread else [])] for i in row.bars]

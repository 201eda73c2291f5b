"""Tidy tables: one observation a row, long, the same for a trial and for single runs; units are in the data dictionary."""

from collections.abc import Iterator
from typing import Any, Final

from simulation.clinic.outcomes import OUTCOMES
from simulation.export.subjects import Source, Subject
from simulation.export.tables import Table, Variable
from simulation.life.trajectory import COLUMNS
from simulation.parameters.table import ParameterTable
from simulation.results.trial_states import STATES

__all__ = ["quantities", "tidy_tables"]

_UNITS: Final = {"_pg_per_ml": "pg/mL", "_per_ul": "/uL", "_fraction": "fraction", "_cells": "cells"}
_WHO: Final = (
    Variable("subject", "name of the virtual patient in this arm"),
    Variable("arm", "key of the arm or scenario"),
    Variable("patient", "number of the virtual patient; the same in every arm", "int"),
)


def tidy_tables(source: Source) -> list[Table]:
    """Return all tables that the source fills; days count from transplant."""
    tables = [
        Table("arms", "what was done", _ARMS, [
            {"arm": key, "name": name, "description": description} for key, (name, description) in source.arms.items()
        ]),
        _long(source, "outcomes", "what came of each patient", _OUTCOMES, _outcomes),
        _long(source, "parameters", "what a patient is, where patients differ", _VALUES, _values),
        _long(source, "doses", "what was given and when", _DOSES, _doses),
        _long(source, "states", "stays in states, in truth", _STAYS, _stays),
        _long(source, "observations", "the trajectory, as recorded", _TRAJECTORY, _history),
        _long(source, "events", "tests, results, triggers, treatments, turns", _EVENTS, _events),
    ]  # fmt: skip
    return [table for table in tables if table.rows]


_ARMS: Final = (
    Variable("arm", "key of the arm or scenario"),
    Variable("name", "its name"),
    Variable("description", "its description"),
)
_OUTCOMES: Final = (
    Variable("outcome", "what is told; the dictionary says what it means", codes="see outcomes[...]"),
    Variable(
        "value", "as a number; yes is 1, no is 0; empty: did not happen", "float", "as the dictionary says"
    ),
    Variable("text", "as a word, where it is one"),
)
_VALUES: Final = (
    Variable("parameter", "name in the parameter table", codes="see parameters[...]"),
    Variable("value", "its value", "float", "as the column unit says"),
    Variable("unit", "unit of the value"),
)
_DOSES: Final = (
    Variable("product", "what was given"),
    Variable("kind", "how it is given", codes="infusion; injection; cells; drug; chemotherapy"),
    Variable("start_day", "from this day on", "float", "day"),
    Variable("end_day", "up to this day; start_day where given at once", "float", "day"),
    Variable("level", "rate, amount or level", "float", "as the column unit says"),
    Variable("unit", "unit of the level"),
)
_STAYS: Final = (
    Variable("state", "the state", codes="; ".join(f"{key}: {title}" for key, title in STATES.items())),
    Variable("enter_day", "after this day", "float", "day"),
    Variable("leave_day", "up to this day", "float", "day"),
    Variable("next_state", "the state after it; empty: end of follow-up"),
)
_TRAJECTORY: Final = (
    Variable("day", "time of the record", "float", "day"),
    Variable(
        "quantity", "what is recorded; the dictionary says what it means", codes="see observations[...]"
    ),
    Variable("value", "its value", "float", "as the column unit says"),
    Variable("unit", "unit of the value"),
)
_EVENTS: Final = (
    Variable("day", "day of the event", "float", "day"),
    Variable("kind", "kind of event", codes="see docs/results.md"),
    Variable("what", "what it is about"),
    Variable("value", "a value, where there is one", "float", "as the column unit says"),
    Variable("unit", "unit of the value"),
    Variable("detail", "in words"),
)


def quantities(tables: list[Table]) -> Iterator[dict[str, str]]:
    """Yield one row of the data dictionary for each outcome, parameter and quantity that stands as a value in a long table."""
    keys = {"outcomes": "outcome", "parameters": "parameter", "observations": "quantity"}
    seen = {
        table.name: {row[keys[table.name]] for row in table.rows} for table in tables if table.name in keys
    }

    def row(table: str, name: str, **fields: str) -> dict[str, str]:
        return {"table": table, "variable": f"{table}[{name}]", "type": "float", **fields}

    for name, one in OUTCOMES.items():
        if name in seen.get("outcomes", ()):
            unit = "day" if one.shown_unit == "days" else one.shown_unit
            codes = "; ".join(f"{key}: {words}" for key, words in one.values.items())
            yield row("outcomes", name, label=one.meaning, type=one.kind, unit=unit, codes=codes)
    table = ParameterTable.load()
    for name in sorted(seen.get("parameters", ())):
        source, unit = "a rule of the user's own", ""
        if name in table:
            source, unit = table[name].source, table[name].unit
        yield row("parameters", name, label=name.replace("_", " "), unit=unit, origin=source)
    for name, column in COLUMNS.items():
        if name in seen.get("observations", ()):
            yield row("observations", name, label=column.meaning, unit=unit_of(name))


def unit_of(quantity: str) -> str:
    """Return the unit of a column of the trajectory, which ends its name; empty where it has none."""
    return next((unit for ending, unit in _UNITS.items() if quantity.endswith(ending)), "")


def _long(source: Source, name: str, label: str, variables: tuple[Variable, ...], rows_of: Any) -> Table:
    rows = [
        {"subject": source.identifier(subject), "arm": subject.arm, "patient": subject.twin, **row}
        for subject in source.subjects
        for row in rows_of(subject)
    ]
    return Table(name, label, (*_WHO, *variables), rows)


def _outcomes(subject: Subject) -> Iterator[dict[str, Any]]:
    for name, value in subject.outcomes.items():
        if isinstance(value, str):
            yield {"outcome": name, "text": value}
        else:
            yield {"outcome": name, "value": None if value is None else float(value)}


def _values(subject: Subject) -> Iterator[dict[str, Any]]:
    for name, (value, unit) in subject.values.items():
        yield {"parameter": name, "value": value, "unit": unit}


def _doses(subject: Subject) -> Iterator[dict[str, Any]]:
    for dose in subject.doses:
        yield {
            "product": dose.product, "kind": dose.kind, "start_day": dose.start, "end_day": dose.end, "level": dose.level,
            "unit": dose.unit,
        }  # fmt: skip


def _stays(subject: Subject) -> Iterator[dict[str, Any]]:
    for stay in subject.stays:
        yield {"state": stay.state, "enter_day": stay.enter, "leave_day": stay.leave, "next_state": stay.then}


def _history(subject: Subject) -> Iterator[dict[str, Any]]:
    trajectory = subject.trajectory or {}
    days = trajectory.get("day", ())
    for name, values in trajectory.items():
        if name == "day":
            continue
        for day, value in zip(days, values, strict=True):
            yield {"day": day, "quantity": name, "value": value, "unit": unit_of(name)}


def _events(subject: Subject) -> Iterator[dict[str, Any]]:
    for event in subject.events:
        yield {
            "day": event.day, "kind": event.kind, "what": event.what, "value": event.value, "unit": event.unit,
            "detail": event.detail,
        }  # fmt: skip

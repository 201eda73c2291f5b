"""Outcomes and events in words, for the terminal and the report."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulation.clinic.outcomes import OUTCOMES
from simulation.number_words import cells_text, day_numbers, grade_text, number_text
from simulation.results import Result, outcome_rows, outcome_table
from simulation.results.words import SHORT, outcome_words, timeline, verdict
from tests.results.conftest import cured, relapsing, unrecorded, untreated


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1e-4, "1e-4"),
        (2.346e-3, "2.35e-3"),
        (0.5, "0.5"),
        (421.2, "421"),
        (123_456, "123,456"),
        (7e11, "7e11"),
        (6.54e11, "6.54e11"),
        (np.float64(3.0), "3"),
        (math.nan, "\N{EN DASH}"),
        (math.inf, "\N{EN DASH}"),
        (None, "\N{EN DASH}"),
        (True, "\N{EN DASH}"),
    ],
)
def test_numbers(value: object, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize(("value", "text"), [(1e5, "1e5"), (2.5e6, "2.5e6"), (1e10, "1e10"), (500.0, "500")])
def test_doses_of_cells(value: float, text: str) -> None:
    assert cells_text(value) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        ([1], "1"),
        ([1, 2], "1 and 2"),
        ([1, 2, 3], "1 to 3"),
        ([1, 2, 3, 4, 8, 10], "1 to 4, 8 and 10"),
        ([3, 4, 9, 10, 11], "3, 4 and 9 to 11"),
        ([1.5, 2.5], "1.5 and 2.5"),
    ],
)
def test_days_in_a_row_are_a_range(days: list[float], text: str) -> None:
    assert day_numbers(days) == text


def test_grades() -> None:
    assert [grade_text(grade) for grade in (0, 2, 4, 9, None)] == ["0", "II", "IV", "IV", "\N{EN DASH}"]


def test_outcomes_of_a_relapse(relapse: Result) -> None:
    table = dict(outcome_table(relapse))
    assert table["Haematological relapse"] == "day 197"
    assert table["CD19 at last relapse"] == "CD19-negative"
    assert table["Acute GvHD, worst grade"] == "II (\N{GREATER-THAN OR EQUAL TO} II from day 254)"
    assert table["Donor lymphocytes (DLI)"] == "2 infusions, 6e5 CD3+/kg"
    assert table["Leukaemia eradicated"] == "no"


def test_a_response_that_did_not_last_and_leukaemia_outside_are_told() -> None:
    row = {
        "mrd_negative_day": 120.0,
        "mrd_relapse_day": 360.0,
        "complete_remission_day": 210.0,
        "extramedullary_relapse_day": 217.0,
        "in_remission_at_end": True,
    }

    def words(name: str, **other: object) -> str:
        return outcome_words(OUTCOMES[name], row | other)

    assert words("mrd_negative_day") == "day 120, positive again on day 360"
    assert words("complete_remission_day") == "day 210, of the marrow only: relapse outside on day 217"
    assert words("in_remission_at_end") == "in the marrow; relapse outside on day 217"
    assert words("mrd_negative_day", mrd_relapse_day=None) == "day 120"
    assert words("complete_remission_day", extramedullary_relapse_day=None) == "day 210"
    assert words("in_remission_at_end", extramedullary_relapse_day=None) == "yes"
    assert words("in_remission_at_end", in_remission_at_end=False) == "no"
    assert {"mrd_relapse_day", "extramedullary_relapse_day"} <= set(SHORT)


def test_outcomes_of_nothing_have_no_numbers() -> None:
    table = dict(outcome_table(unrecorded()))
    assert table["Haematological relapse"] == "\N{EN DASH}"
    assert table["Blinatumomab"] == "none"
    assert not any("nan" in text.lower() or "None" in text for text in table.values())


def test_few_runs_are_columns() -> None:
    header, *rows = outcome_rows([relapsing(name="a"), cured(name="b")])
    assert header == ["", "a", "b"]
    assert ["Leukaemia eradicated", "no", "yes, day 171"] in rows
    assert {len(row) for row in rows} == {3}


def test_many_runs_are_rows() -> None:
    header, *rows = outcome_rows([untreated(name=name) for name in "abcd"])
    assert [row[0] for row in rows] == list("abcd")
    assert {len(row) for row in rows} == {len(header)}
    assert all(isinstance(cell, str) for row in rows for cell in row)


def test_no_runs_are_no_rows() -> None:
    assert outcome_rows([]) == []


def test_timeline_tells_treatment_and_turns_but_not_every_test(relapse: Result) -> None:
    entries = timeline(relapse)
    assert [day for day, *_ in entries] == sorted(day for day, *_ in entries)
    texts = [text for _, _, text in entries]
    assert "DLI 1: 1e5 CD3/kg" in texts
    assert any("28 \N{MICRO SIGN}g/day" in text for text in texts)
    assert not [kind for _, kind, _ in entries if kind == "test"]
    results = [event for event in relapse.events if event.kind == "result"]
    texts_of_results = [kind for _, kind, _ in entries if kind == "result"]
    assert 0 < len(texts_of_results) <= len(results) / 2


def test_timeline_keeps_every_dose(relapse: Result) -> None:
    doses = [
        event for event in relapse.events if event.kind in ("dose", "infusion", "drug", "trigger", "outcome")
    ]
    assert len([1 for _, kind, _ in timeline(relapse) if kind not in ("result", "test")]) == len(doses)


def test_verdict_is_in_order_of_time() -> None:
    assert verdict(cured()).startswith(
        "Treatment started on day 124, then MRD-negative on day 153, then leukaemia eradicated"
    )
    assert "No acute GvHD" in verdict(cured())
    assert verdict(untreated(10.0)).startswith("No relapse and no treatment in 10 days")


def test_tables_are_pandas(relapse: Result) -> None:
    assert list(relapse.trajectory.columns) == list(relapse.columns)
    assert len(relapse.trajectory) == 366
    assert list(relapse.event_table.columns) == ["day", "kind", "what", "value", "unit", "detail"]
    assert len(relapse.event_table) == len(relapse.events)
    assert unrecorded().event_table.empty

"""Outcomes and events as people say them: for the terminal and for the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from simulation.units import cells_text

if TYPE_CHECKING:
    from simulation.clinic.events import Event
    from simulation.results.result import Result

__all__ = ["grade_text", "number_text", "outcome_rows", "outcome_table", "timeline", "verdict"]

NOTHING = "\N{EN DASH}"
_ROMAN = ("0", "I", "II", "III", "IV")
_FAILURES = {
    "escape": "escape (CD19 or HLA lost)",
    "exhausted": "T cells exhausted",
    "too_few_t_cells": "too few T cells",
    "sanctuary": "sanctuary (blasts out of reach)",
    "treg_suppressed": "suppressed by Treg",
}

_TURNS = {
    "treatment_start": "treatment",
    "relapse": "overt relapse",
    "complete_remission": "complete remission",
    "mrd_negative": "MRD-negative",
    "second_relapse": "second relapse",
    "extinct": "the last blast dead",
    "death": "death without relapse",
}

type _Outcomes = Mapping[str, object]


def number_text(value: object, digits: int = 3) -> str:
    """Return a number for reading: plain up to a million, else as 6.5e11."""
    number = _number(value)
    if number is None:
        return NOTHING
    if number and (abs(number) >= 1e6 or abs(number) < 1e-2):
        mantissa, exponent = f"{number:.{digits - 1}e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{number:,.{digits}g}" if abs(number) < 1000 else f"{number:,.0f}"


def grade_text(value: object) -> str:
    """Return a grade of acute GvHD in Roman numerals."""
    number = _number(value)
    return NOTHING if number is None else _ROMAN[min(max(int(number), 0), 4)]


def outcome_table(result: Result) -> list[tuple[str, str]]:
    """Return what came of a run as (outcome, words), in the order in which a clinician asks."""
    return [(label, told(result.outcomes)) for label, told in _OUTCOMES] + (
        [("Interrupted", "yes: the run was stopped before its end")] if result.interrupted else []
    )


def outcome_rows(results: Sequence[Result]) -> list[list[str]]:
    """Return the outcomes of several runs as rows of text, the first row being the header.

    Up to three runs are columns beside all outcomes; of more, each run is a row with the main outcomes only.
    """
    if not results:
        return []
    names = [str(result.scenario.name) for result in results]
    if len(results) <= 3:
        columns = [outcome_table(result) for result in results]
        longest = max(columns, key=len)
        words = [dict(column) for column in columns]
        return [["", *names], *([label, *(one.get(label, NOTHING) for one in words)] for label, _ in longest)]
    rows = [["", *(label for label, _ in _SHORT)]]
    for name, result in zip(names, results, strict=True):
        rows.append([name, *(told(result.outcomes) for _, told in _SHORT)])
    return rows


def verdict(result: Result) -> str:
    """Return the course in one or two sentences."""
    outcomes = result.outcomes
    days = {key: _number(outcomes.get(f"{key}_day")) for key in _TURNS}
    told = [f"{words} on day {days[key]:.4g}" for key, words in _TURNS.items() if days[key] is not None]
    order = [key for key in _TURNS if days[key] is not None]
    told = [told[order.index(key)] for key in sorted(order, key=lambda key: days[key] or 0.0)]
    grade = grade_text(outcomes.get("agvhd_grade"))
    gvhd = "No acute GvHD." if grade in ("0", NOTHING) else f"Acute GvHD of grade {grade} at worst."
    course = ", then ".join(told) if told else f"no relapse and no treatment in {result.end:g} days"
    return f"{course[:1].upper()}{course[1:]}. {gvhd}"


def timeline(result: Result) -> list[tuple[float, str, str]]:
    """Return (day, kind, sentence) of what mattered: every treatment, trigger and turn.

    Of the marrow tests only those are told that moved the patient to another state (not detected, below or
    above the limit of MRD, overt); samples and blood counts are not told. `events.csv` has them all.
    """
    told = []
    states: dict[str, int] = {}
    for event in result.events:
        if event.kind == "test" or (event.kind == "result" and event.what not in ("mrd", "morphology")):
            continue
        if event.kind == "result":
            state = _state(event, result)
            if states.get(event.what) == state:
                continue
            states[event.what] = state
        told.append((event.day, event.kind, _sentence(event)))
    return told


def _state(event: Event, result: Result) -> int:
    definitions = result.scenario.definitions
    value = event.value or 0.0
    return sum((value > 0, value >= definitions.mrd_negative, value >= definitions.overt_relapse))


def _sentence(event: Event) -> str:
    words = (
        event.detail
        or f"{event.what.replace('_', ' ')} {number_text(event.value) if event.value is not None else ''}"
    )
    words = words.replace("ug/", "\N{MICRO SIGN}g/").replace("/uL", "/\N{MICRO SIGN}L").strip()
    return words[:1].upper() + words[1:]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        item = getattr(value, "item", None)
        return _number(item()) if callable(item) else None
    return float(value) if math.isfinite(value) else None


def _day(key: str) -> Callable[[_Outcomes], str]:
    def told(outcomes: _Outcomes) -> str:
        day = _number(outcomes.get(key))
        return NOTHING if day is None else f"day {day:.4g}"

    return told


def _days(key: str) -> Callable[[_Outcomes], str]:
    def told(outcomes: _Outcomes) -> str:
        days = _number(outcomes.get(key))
        return NOTHING if days is None else f"{days:.4g} days"

    return told


def _text(key: str, words: Mapping[str, str] | None = None) -> Callable[[_Outcomes], str]:
    def told(outcomes: _Outcomes) -> str:
        value = outcomes.get(key)
        return NOTHING if value is None else (words or {}).get(str(value), str(value).replace("_", " "))

    return told


def _free(key: str, censored: str) -> Callable[[_Outcomes], str]:
    def told(outcomes: _Outcomes) -> str:
        days = _number(outcomes.get(key))
        if days is None:
            return NOTHING
        return f"{days:.4g} days" + (", to the end" if outcomes.get(censored) is True else "")

    return told


def _relapse(outcomes: _Outcomes) -> str:
    day, found = _number(outcomes.get("relapse_day")), _number(outcomes.get("relapse_diagnosed_day"))
    if day is None:
        return NOTHING
    return f"day {day:.4g}" + (f", diagnosed on day {found:.4g}" if found is not None else "")


def _nadir(outcomes: _Outcomes) -> str:
    value = _number(outcomes.get("mrd_nadir"))
    return "not detected" if value == 0 else number_text(value)


def _extinct(outcomes: _Outcomes) -> str:
    if not outcomes.get("extinct"):
        return "no"
    day = _number(outcomes.get("extinct_day"))
    return "yes" if day is None else f"yes, day {day:.4g}"


def _gvhd(outcomes: _Outcomes) -> str:
    grade = grade_text(outcomes.get("agvhd_grade"))
    days = [
        (name, _number(outcomes.get(key)))
        for name, key in (("II", "agvhd_day"), ("III", "agvhd_grade_3_day"))
    ]
    since = ", ".join(
        f"\N{GREATER-THAN OR EQUAL TO} {name} from day {day:.4g}" for name, day in days if day is not None
    )
    return f"{grade} ({since})" if since else grade


def _grade(key: str) -> Callable[[_Outcomes], str]:
    def told(outcomes: _Outcomes) -> str:
        number = _number(outcomes.get(key))
        return NOTHING if number is None else f"{number:.0f}"

    return told


def _death(outcomes: _Outcomes) -> str:
    day = _number(outcomes.get("death_day"))
    cause = outcomes.get("death_cause")
    if day is None:
        return "no"
    return f"day {day:.4g}" + (f", {str(cause).replace('_', ' ')}" if cause else "")


def _drug(outcomes: _Outcomes) -> str:
    days, amount = _number(outcomes.get("blinatumomab_days")), _number(outcomes.get("blinatumomab_ug"))
    if not days:
        return "none"
    return f"{days:.4g} days" + (f", {amount:,.0f} \N{MICRO SIGN}g" if amount is not None else "")


def _cells(outcomes: _Outcomes) -> str:
    cells, count = _number(outcomes.get("dli_cells_per_kg")), _number(outcomes.get("dli_count"))
    if not cells:
        return "none"
    number = "" if count is None else f"{count:.0f} infusion{'' if count == 1 else 's'}, "
    return f"{number}{cells_text(cells)} CD3+/kg"


def _blasts(outcomes: _Outcomes) -> str:
    text = number_text(outcomes.get("final_blasts"), 2)
    share = _number(outcomes.get("final_marrow_blast_fraction"))
    return text if not share or share < 5e-4 else f"{text} ({100 * share:.2g} % of marrow)"


def _cd3(outcomes: _Outcomes) -> str:
    number = _number(outcomes.get("final_cd3_per_ul"))
    return NOTHING if number is None else f"{number:,.0f} /\N{MICRO SIGN}L"


_OUTCOMES: tuple[tuple[str, Callable[[_Outcomes], str]], ...] = (
    ("Simulated", _days("days_simulated")),
    ("Treatment started", _day("treatment_start_day")),
    ("First overt relapse", _relapse),
    ("Complete remission", _day("complete_remission_day")),
    ("MRD-negative", _day("mrd_negative_day")),
    ("Lowest MRD measured", _nadir),
    ("Second relapse", _day("second_relapse_day")),
    ("CD19 at last relapse", _text("relapse_cd19")),
    ("Mismatched HLA at last relapse", _text("relapse_hla")),
    ("Leukaemia extinct", _extinct),
    ("Cause of failure", _text("cause_of_failure", _FAILURES)),
    ("Acute GvHD, worst grade", _gvhd),
    ("CRS, worst grade", _grade("crs_grade")),
    ("Relapse-free survival", _free("relapse_free_days", "relapse_free_censored")),
    ("GvHD-free, relapse-free", _free("grfs_days", "grfs_censored")),
    ("Non-relapse death", _death),
    ("Blinatumomab", _drug),
    ("Donor lymphocytes (DLI)", _cells),
    ("Blasts at the end", _blasts),
    ("CD3+ in blood at the end", _cd3),
)
_SHORT: tuple[tuple[str, Callable[[_Outcomes], str]], ...] = (
    ("treated", _day("treatment_start_day")),
    ("relapse", _day("relapse_day")),
    ("remission", _day("complete_remission_day")),
    ("2nd relapse", _day("second_relapse_day")),
    ("extinct", _extinct),
    ("aGvHD", lambda outcomes: grade_text(outcomes.get("agvhd_grade"))),
    ("relapse-free", _days("relapse_free_days")),
    ("blasts at end", lambda outcomes: number_text(outcomes.get("final_blasts"), 2)),
)

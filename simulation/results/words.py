"""Outcomes and events as people say them: for the terminal and for the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from simulation.clinic.orders import BY_HAND
from simulation.clinic.outcomes import EVERYONE, OUTCOMES, Outcome
from simulation.clinic.outcomes.outcome import Row
from simulation.number_words import NOTHING, finite, grade_text, number_text

if TYPE_CHECKING:
    from simulation.clinic.events import Event
    from simulation.results.result import Result

__all__ = [
    "SHORT", "in_sentence", "outcome_rows", "outcome_table", "outcome_words", "share_title", "short_title", "survival_words",
    "timeline", "unchanged_tests", "verdict",
]  # fmt: skip

# of more than three runs, each is a row of these
SHORT: Final = (
    "treatment_start_day", "relapse_day", "complete_remission_day", "second_relapse_day", "mrd_relapse_day",
    "extramedullary_relapse_day", "eradicated", "agvhd_grade", "crs_grade",
    "current_leukaemia_free_days", "relapse_free_days", "final_blasts",
)  # fmt: skip


def short_title(declared: Outcome) -> str:
    """Return the title of an outcome for narrow tables."""
    return declared.short or declared.label


def share_title(declared: Outcome) -> str:
    """Return the title of a share, with who counts in it."""
    of_whom = "" if declared.of_whom == EVERYONE else OUTCOMES[declared.of_whom].those
    return f"{declared.label}, {of_whom}" if of_whom else declared.label


def in_sentence(label: str) -> str:
    """Return a label as it stands within a sentence."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def survival_words(name: str) -> str:
    """Return what a survival outcome counts, as it stands within a sentence."""
    return f"days of {in_sentence(OUTCOMES[name].label)}"


def outcome_words(declared: Outcome, row: Row) -> str:
    """Return an outcome of one patient in words."""
    if callable(declared.row):
        return declared.row(row)
    value = row.get(declared.name)
    if declared.kind == "flag":
        return "yes" if value else "no"
    if value is None or value != value:
        return NOTHING
    if declared.kind == "day":
        return f"day {value:.4g}"
    if declared.kind == "survival":
        to_the_end = ", to the end" if row.get(declared.censored) is True else ""
        return f"{value:.4g} days{to_the_end}"
    if declared.kind == "word":
        return declared.values.get(str(value), str(value).replace("_", " "))
    if declared.kind == "amount":
        return f"{value:.4g} {declared.unit}" if declared.unit == "days" else number_text(value)
    return f"{value:.0f}"


def outcome_table(result: Result) -> list[tuple[str, str]]:
    """Return what came of a run as (outcome, words), in the order in which a clinician asks."""
    rows = [
        (declared.label, outcome_words(declared, result.outcomes))
        for declared in OUTCOMES.values()
        if declared.stored and declared.row
    ]
    return rows + ([("Interrupted", "yes: the run was stopped before its end")] if result.interrupted else [])


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
    rows = [["", *(short_title(OUTCOMES[name]) for name in SHORT)]]
    for name, result in zip(names, results, strict=True):
        rows.append([name, *(outcome_words(OUTCOMES[key], result.outcomes) for key in SHORT)])
    return rows


def verdict(result: Result) -> str:
    """Return the life in one or two sentences."""
    outcomes = result.outcomes
    milestones = [
        "treatment_start_day",
        *(name for name, one in OUTCOMES.items() if one.mark and "agvhd" not in name),
    ]
    days = {name: day for name in milestones if (day := finite(outcomes.get(name))) is not None}
    turns = [
        f"{in_sentence(OUTCOMES[name].label)} on day {days[name]:.4g}"
        for name in sorted(days, key=lambda name: days[name])
    ]
    grade = grade_text(outcomes.get("agvhd_grade"))
    gvhd = "No acute GvHD." if grade in ("0", NOTHING) else f"Acute GvHD of grade {grade} at worst."
    turns_text = ", then ".join(turns) if turns else f"no relapse and no treatment in {result.end:g} days"
    return f"{turns_text[:1].upper()}{turns_text[1:]}. {gvhd}"


def timeline(result: Result) -> list[tuple[float, str, str]]:
    """Return (day, kind, sentence) of what mattered: every treatment, trigger and turn.

    Of the marrow tests only those are told that moved the patient to another state (not detected, below or
    above the limit of MRD, overt), and those that were ordered by hand; samples and blood counts are not told. `events.csv` has
    them all.
    """
    return [(event.day, event.kind, _sentence(event)) for event, shown in _sifted(result) if shown]


def unchanged_tests(result: Result) -> list[tuple[float, str]]:
    """Return (day, sentence) of the MRD tests that `timeline` leaves out: they found what the one before had found."""
    return [
        (event.day, _sentence(event)) for event, shown in _sifted(result) if not shown and event.what == "mrd"
    ]


def _sifted(result: Result) -> Iterator[tuple[Event, bool]]:
    """Yield every event that is no sample and no blood count, and whether it is told."""
    states: dict[str, int] = {}
    by_hand = tuple(
        f"aspirate of day {event.day:g}"
        for event in result.events
        if event.kind == "test" and BY_HAND in event.detail
    )
    for event in result.events:
        if event.kind == "test" or (event.kind == "result" and event.what not in ("mrd", "morphology")):
            continue
        shown = True
        if event.kind == "result":
            state = _state(event, result)
            shown = states.get(event.what) != state or event.detail.endswith(by_hand)
            states[event.what] = state
        yield event, shown


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

"""What each run leaves behind: one row per patient and arm, with the columns of the outcome book and of the patient."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from simulation.clinic.outcomes import OUTCOME_KEYS
from simulation.parameters.table import ParameterTable
from simulation.products.registry import received
from simulation.store import Column

if TYPE_CHECKING:
    from simulation.trial.schema import Arm
    from simulation.trial.twins import ArmCourse

__all__ = ["COURSE", "KEYS", "OUTCOMES", "columns", "covariates", "failed_row", "row_of"]

KEYS: Final = (
    Column("patient", "int", "", "number of the virtual patient, from 0"),
    Column("repeat", "int", "", "0: the trial itself; 1, 2 ...: the same patient with other chance events"),
    Column("arm", "text", "", "key of the arm"),
)
COURSE: Final = "course"  # what was given and when, as JSON, for the swimmer plot

_TEXT = ("relapse_cd19", "relapse_hla", "death_cause", "cause_of_failure")
_BOOL = ("extinct", "relapse_free_censored", "grfs_censored")
_INT = ("agvhd_grade", "crs_grade", "dli_count", "agents_final")
_MEANING = {
    "days_simulated": "follow-up; shorter than planned only after death",
    "complete_remission_day": "aspirate that first showed remission after overt relapse",
    "mrd_negative_day": "first MRD-negative aspirate after treatment began",
    "mrd_nadir": "lowest MRD measured after treatment began; 0: not detected",
    "relapse_day": "first day with blasts at or above overt relapse, in truth",
    "relapse_diagnosed_day": "day on which overt relapse was first reported",
    "relapse_cd19": "CD19 of the blasts at the last overt relapse",
    "relapse_hla": "mismatched HLA haplotype of the blasts at the last overt relapse",
    "extinct": "no leukaemic cell left at the end",
    "agvhd_grade": "worst grade of acute GvHD",
    "agvhd_day": "first day of grade 2 or more",
    "agvhd_grade_3_day": "first day of grade 3 or more",
    "relapse_free_days": "to the first of overt relapse and death, else to the end",
    "relapse_free_censored": "true: neither happened",
    "grfs_days": "to the first of aGvHD grade 3-4, overt relapse and death, else to the end",
    "grfs_censored": "true: none happened",
    "death_day": "death without relapse as its cause",
    "cause_of_failure": "why treatment failed; empty: it did not, or none was given",
}
_UNITS = {
    "mrd_nadir": "fraction",
    "blinatumomab_ug": "ug",
    "dli_cells_per_kg": "cells/kg",
    "final_blasts": "cells",
    "final_marrow_blast_fraction": "fraction",
    "final_cd3_per_ul": "/uL",
}

OUTCOMES: Final = (
    *(
        Column(
            name,
            "text" if name in _TEXT else "bool" if name in _BOOL else "int" if name in _INT else "float",
            _UNITS.get(name, "day" if name.endswith(("_day", "_days", "days_simulated")) else ""),
            _MEANING.get(name, name.replace("_", " ")),
        )
        for name in OUTCOME_KEYS
    ),
    Column(
        "leukaemia_free_days", "float", "day", "days alive with marrow blasts below overt relapse, in truth"
    ),
    Column(
        "in_remission_at_end", "bool", "", "alive with marrow blasts below overt relapse at the end, in truth"
    ),
    Column("parted_day", "float", "day", "day from which no other arm went the same way; empty: never"),
)


def covariates(arms: "Sequence[Arm]") -> tuple[str, ...]:
    """Return the parameters that the arms' patient block names: what a patient is."""
    return tuple(dict.fromkeys(name for arm in arms for name in arm.scenario.patient))


def columns(arms: "Sequence[Arm]") -> tuple[Column, ...]:
    """Return all columns of a trial's rows, besides keys and state."""
    table = ParameterTable.load()
    patient = tuple(Column(name, "float", table[name].unit, "of this patient") for name in covariates(arms))
    return (
        *OUTCOMES,
        Column(COURSE, "text", "JSON", "treatments, relapses and remissions with their days"),
        *patient,
    )


def row_of(course: "ArmCourse", patient: int, repeat: int, seconds: float) -> dict[str, Any]:
    """Return the row of one arm of one patient."""
    clinic, body = course.clinic, course.body
    values = {name: course.clinic.values[name] for name in course.scenario.patient}  # type: ignore[index]
    state = {
        "patient": patient,
        "repeat": repeat,
        "arm": course.key,
        "status": "done",
        "seconds": round(seconds, 3),
    }
    more = {
        "leukaemia_free_days": round(course.leukaemia_free_days, 9),
        "in_remission_at_end": course.free and clinic.book.death_day is None,
        "parted_day": course.parted_day,
        COURSE: _course(course),
    }
    return state | clinic.outcomes(body) | more | values


def failed_row(patient: int, repeat: int, arm: str, error: str) -> dict[str, Any]:
    """Return the row of a run that failed, with the reason on one line."""
    return {
        "patient": patient,
        "repeat": repeat,
        "arm": arm,
        "status": "failed",
        "error": " ".join(error.split())[:500],
    }


def _course(course: "ArmCourse") -> str:
    """Return what was given and when: intervals [from, to, level], infusions [day, cells/kg], turns as days."""
    events = tuple(course.clinic.events)
    given = received(events, max(course.clinic.book.death_day or course.body.day, 1.0))
    turns = [event for event in events if event.kind == "outcome"]
    told = {
        **{row.key: [[i.start, i.end, i.level] for i in row.bars] for row in given if row.kind == "infusion"},
        **{row.key: [[i.day, i.level] for i in row.marks] for row in given if row.kind == "cells"},
        "drugs": {
            row.key: [[i.start, i.end, i.level] for i in row.bars] for row in given if row.kind == "drug"
        },
        "overt": course.overt,
        "relapse": [event.day for event in turns if event.what.endswith("relapse")],
        "remission": [event.day for event in turns if event.what == "complete_remission"],
    }
    return json.dumps({name: value for name, value in told.items() if value}, separators=(",", ":"))

"""Tables after CDISC's ADaM (IG 1.1): ADSL, ADTTE, ADRS, ADLB, ADEX. After, not by it: days of a simulation stand for dates.

Every virtual patient is in every arm of a trial, so that a subject is a patient in an arm, and TWINID says whose twin it is.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulation.clinic.outcomes import OUTCOMES, of_patient, selected
from simulation.clinic.outcomes.outcome import Outcome
from simulation.export.subjects import Source, Subject, measured
from simulation.export.tables import Table, Variable, baseline_of

__all__ = ["adam_tables", "code_of", "parameters"]

_ID: Final = (
    Variable("STUDYID", "study identifier", origin="name of the trial or scenario"),
    Variable("USUBJID", "unique subject identifier", origin="study, arm, patient"),
    Variable("TWINID", "number of the virtual patient; the same in every arm", "int", origin="patient"),
    Variable("TRT01P", "planned treatment", origin="key of the arm"),
    Variable("TRT01PN", "planned treatment (number)", "int", origin="place of the arm in the trial"),
)
_PARAM: Final = (
    Variable("PARAMCD", "parameter code", origin="define.csv, rows PARAMCD"),
    Variable("PARAM", "parameter"),
)
_LEFT: Final = "second transplant"
_CENSORED: Final = "0 event; 1 end of follow-up; 2 death, which competes; 3 second transplant, at which the trial ends follow-up"
_YN: Final = "Y yes; N no"
_CODES: Final = {  # eight characters at most; what a product adds of its own gets a code made of its name
    "relapse_free_days": "RFS", "agvhd_free_relapse_free_days": "AGRFS", "relapse_day": "RELAPSE",
    "relapse_diagnosed_day": "RELDIAG", "second_relapse_day": "RELAPSE2", "complete_remission_day": "CR2",
    "mrd_negative_day": "MRDNEG", "mrd_undetected_day": "MRDUND", "mrd_relapse_day": "MRDREL",
    "extramedullary_relapse_day": "EMREL", "eradicated_day": "ERAD", "agvhd_grade_2_day": "AGVHD2",
    "agvhd_grade_3_day": "AGVHD3", "nrm_day": "DEATH", "treatment_start_day": "TRTSTART",
    "second_transplant_day": "SECTX", "trigger_day": "TRIGGER",
}  # fmt: skip
_RESPONSES: Final = {
    "mrd_negative": ("MRDRESP", "mrd_negative_day"), "mrd_undetected": ("MRDCRESP", "mrd_undetected_day"),
    "complete_remission": ("CR", "complete_remission_day"), "eradicated": ("ERADIC", "eradicated_day"),
    "in_remission_at_end": ("REMEND", ""),
}  # fmt: skip
_LONGEST: Final = 8  # characters of a PARAMCD
_LAST: Final = "final_"


def adam_tables(source: Source) -> list[Table]:
    """Return the tables that the source fills; ADLB has the tests of single runs, and what a trial keeps of its patients."""
    tables = [_adsl(source), _adtte(source), _adrs(source), _adlb(source), _adex(source)]
    return [table for table in tables if table.rows]


def _who(source: Source, subject: Subject) -> dict[str, Any]:
    return {
        "STUDYID": source.study, "USUBJID": source.identifier(subject), "TWINID": subject.twin, "TRT01P": subject.arm,
        "TRT01PN": list(source.arms).index(subject.arm) + 1,
    }  # fmt: skip


def _yes(value: object) -> str:
    return "Y" if value else "N"


# ---- one row per subject


def _adsl(source: Source) -> Table:
    baseline = baseline_of(source)
    variables = (
        *_ID,
        Variable("SUBJID", "subject identifier within the study", origin="arm, patient"),
        Variable("ARMDESC", "planned treatment in words", origin="name of the scenario"),
        Variable("ITTFL", "intention-to-treat population", codes=_YN, origin="everybody"),
        Variable("SAFFL", "treated", codes=_YN, origin="treatment_start_day"),
        Variable("TRTSDY", "day of first treatment", "float", "day", origin="treatment_start_day"),
        Variable("DTHFL", "died without relapse as its cause", codes=_YN, origin="nrm_day"),
        Variable("DTHDY", "day of death", "float", "day", origin="nrm_day"),
        Variable("DTHCAUS", "cause of death", origin="nrm_cause"),
        Variable(
            "EOSSTT",
            "end of study status",
            codes="COMPLETED; DISCONTINUED",
            origin="nrm_day, second_transplant_day",
        ),
        Variable("DCSREAS", "reason for discontinuation", codes="DEATH; SECOND TRANSPLANT"),
        Variable("EOSDY", "last day", "float", "day", origin="days_simulated"),
        Variable("SECTXDY", "day of a second transplant", "float", "day", origin="second_transplant_day"),
        *baseline,
    )
    rows = []
    for subject in source.subjects:
        outcomes = subject.outcomes
        dead = outcomes.get("nrm_day") is not None
        own = {v.name: subject.values[v.origin][0] for v in baseline if v.origin in subject.values}
        rows.append(
            _who(source, subject)
            | {
                "SUBJID": f"{subject.arm}-{subject.twin:05d}", "ARMDESC": source.arms[subject.arm][0], "ITTFL": "Y",
                "SAFFL": _yes(outcomes.get("treatment_start_day") is not None), "TRTSDY": outcomes.get("treatment_start_day"),
                "DTHFL": _yes(dead), "DTHDY": outcomes.get("nrm_day"), "DTHCAUS": outcomes.get("nrm_cause"),
                "EOSSTT": "DISCONTINUED" if dead or _left(source, subject) else "COMPLETED",
                "DCSREAS": "DEATH" if dead else _LEFT.upper() if _left(source, subject) else None,
                "EOSDY": outcomes.get("days_simulated"), "SECTXDY": outcomes.get("second_transplant_day"),
            }
            | own
        )  # fmt: skip
    return Table("adsl", "subjects", variables, rows)


# ---- time to event


def _adtte(source: Source) -> Table:
    variables = (
        *_ID,
        *_PARAM,
        Variable("AVAL", "time from transplant (day 0) to the event or to censoring", "float", "day"),
        Variable("AVALU", "unit of AVAL"),
        Variable("CNSR", "censoring", "int", codes=_CENSORED),
        Variable("EVNTDESC", "event, or why there is none"),
        Variable("STARTDY", "day from which time counts", "float", "day", origin="transplant"),
        Variable("SRCVAR", "outcome that it comes from", origin="docs/results.md"),
    )
    rows = [_who(source, subject) | row for subject in source.subjects for row in _times(source, subject)]
    return Table("adtte", "time to event", variables, rows)


def _left(source: Source, subject: Subject) -> bool:
    """Return whether follow-up ended at a second transplant."""
    return source.ends_at_transplant and subject.outcomes.get("second_transplant_day") is not None


def _times(source: Source, subject: Subject) -> Iterator[dict[str, Any]]:
    outcomes, end = subject.outcomes, float(subject.outcomes.get("days_simulated") or 0.0)
    last = (3, _LEFT) if _left(source, subject) else (1, "end of follow-up")
    dead = outcomes.get("nrm_day") is not None
    for one in selected("survival", "day"):
        if one.name not in outcomes or (one.kind == "survival" and not one.censored):
            continue
        if one.kind == "survival":
            days, event = float(outcomes[one.name]), not outcomes[one.censored]
            censored, why = (0, "event") if event else last
        else:
            day = outcomes[one.name]
            event = day is not None
            days = float(day) if event else end
            censored, why = (0, "event") if event else (2, "death") if dead else last
        yield {
            "PARAMCD": code_of(one), "PARAM": one.label, "AVAL": days, "AVALU": "DAYS", "CNSR": censored,
            "EVNTDESC": one.meaning if why == "event" else why, "STARTDY": 0.0, "SRCVAR": one.name,
        }  # fmt: skip


def code_of(declared: Outcome) -> str:
    """Return the code of an outcome, eight characters at most; one that is not listed gets one made of its name alone."""
    return _CODES.get(declared.name) or _code_from(declared.name)


def _code_from(name: str) -> str:
    """Return the letters of a name, or where there are more than eight, the first four and four of its digest."""
    letters = "".join(re.findall("[A-Z0-9]", name.upper()))
    if len(letters) <= _LONGEST and letters[:1].isalpha():
        return letters
    digest = hashlib.sha256(name.encode()).hexdigest()[:4].upper()
    return "".join(re.findall("[A-Z]", letters))[:4] + digest


# ---- response


def _adrs(source: Source) -> Table:
    variables = (
        *_ID,
        *_PARAM,
        Variable("AVAL", "response (number)", "int", codes="1 yes; 0 no"),
        Variable("AVALC", "response", codes=_YN),
        Variable("ADY", "day on which it was first seen", "float", "day"),
        Variable(
            "SRCVAR",
            "outcome that it comes from; who is not in its denominator has no row",
            origin="docs/results.md",
        ),
    )
    rows = [_who(source, subject) | row for subject in source.subjects for row in _responses(subject)]
    return Table("adrs", "response", variables, rows)


def _responses(subject: Subject) -> Iterator[dict[str, Any]]:
    for name, (code, day) in _RESPONSES.items():
        value = of_patient(name, subject.outcomes)
        if value is None:
            continue
        label = f"{OUTCOMES[name].label}: {OUTCOMES[name].meaning}"
        yield {
            "PARAMCD": code, "PARAM": label, "AVAL": int(value), "AVALC": _yes(value),
            "ADY": subject.outcomes.get(day) if day else None, "SRCVAR": name,
        }  # fmt: skip


# ---- laboratory


def _adlb(source: Source) -> Table:
    variables = (
        *_ID,
        *_PARAM,
        Variable("ADY", "day on which the sample was taken; empty: at any time", "float", "day"),
        Variable("AVISIT", "visit", codes="as tested; worst; end of follow-up"),
        Variable("AVAL", "value", "float", "as AVALU says"),
        Variable("AVALU", "unit of AVAL"),
        Variable("ABLFL", "last value before treatment", codes="Y"),
        Variable("SRCVAR", "test or outcome that it comes from"),
    )
    rows = [
        _who(source, subject) | row
        for subject in source.subjects
        for row in (*_tests(subject), *_kept(subject))
    ]
    return Table("adlb", "laboratory", variables, rows)


def _tests(subject: Subject) -> Iterator[dict[str, Any]]:
    """Yield what the clinic measured in a single run: marrow on the day of its sample, blood on the day of its report."""
    start = subject.outcomes.get("treatment_start_day")
    results = [event for event, _ in measured(subject) if event.value is not None]
    last = {e.what: e for e in results if start is None or e.day <= start}
    for event in results:
        yield {
            "PARAMCD": _short(event.what), "PARAM": f"{event.what.replace('_', ' ')} ({event.unit})", "ADY": event.day,
            "AVISIT": "as tested", "AVAL": event.value, "AVALU": event.unit, "SRCVAR": event.what,
            "ABLFL": "Y" if start is not None and last.get(event.what) is event else None,
        }  # fmt: skip


def _kept(subject: Subject) -> Iterator[dict[str, Any]]:
    """Yield what every run keeps: the lowest MRD, and counts at the end."""
    end = subject.outcomes.get("days_simulated")
    for one in selected("amount"):
        at_end = one.name.startswith(_LAST)
        if (at_end or one.name == "mrd_nadir") and subject.outcomes.get(one.name) is not None:
            yield {
                "PARAMCD": _short(one.name), "PARAM": one.label, "ADY": end if at_end else None,
                "AVISIT": "end of follow-up" if at_end else "worst", "AVAL": subject.outcomes[one.name], "AVALU": one.unit,
                "SRCVAR": one.name,
            }  # fmt: skip


_SHORT: Final = {
    "mrd": "MRD", "morphology": "MORPH", "blood_cd3": "CD3", "blood_b_cells": "BCELL", "blood_blasts": "BLAST",
    "mrd_nadir": "MRDNADIR", "final_blasts": "BLASTEND", "final_marrow_blast_fraction": "MARREND",
    "final_extramedullary_blasts": "EMEND", "final_cd3_per_ul": "CD3END",
}  # fmt: skip


def _short(name: str) -> str:
    return _SHORT.get(name) or _code_from(name)


# ---- exposure


def _adex(source: Source) -> Table:
    variables = (
        *_ID,
        Variable("EXTRT", "what was given"),
        Variable("ASTDY", "first day", "float", "day"),
        Variable("AENDY", "last day; ASTDY where given at once", "float", "day"),
        Variable("ADOSE", "rate, amount or level", "float", "as ADOSU says"),
        Variable("ADOSU", "unit of ADOSE"),
    )
    rows = [
        _who(source, subject)
        | {"EXTRT": one.product, "ASTDY": one.start, "AENDY": one.end, "ADOSE": one.level, "ADOSU": one.unit}
        for subject in source.subjects
        for one in subject.doses
    ]
    return Table("adex", "exposure", variables, rows)


def parameters(tables: list[Table]) -> Iterator[Mapping[str, str]]:
    """Yield one row of the define table for each parameter code."""
    for table in tables:
        seen = {row["PARAMCD"]: row for row in table.rows if "PARAMCD" in row}
        for code, row in sorted(seen.items()):
            yield {
                "table": table.name, "variable": f"PARAMCD={code}", "label": str(row["PARAM"]), "type": "value level",
                "unit": str(row.get("AVALU") or ""), "origin": str(row["SRCVAR"]),
            }  # fmt: skip

"""A long data set as NONMEM, nlmixr2 and Monolix take it: doses and observations in order of time, numbers only.

Observations are the plasma level, which the simulation knows without error, and what the tests of the clinic found; both
carry a number (DVID) that says what they are. A value that a test did not find is 0 with CENS 1 and its limit in LLOQ.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

from simulation.errors import UserError
from simulation.export.subjects import Source, Subject, measured
from simulation.export.tables import Table, Variable, baseline_of
from simulation.products.registry import PRODUCTS
from simulation.shipped import PROGRAM

__all__ = ["nonmem_tables"]

_MASS: Final = ("ug", "mg/kg")  # units of what is given at once; others, as of a kill, are no amounts
_INFUSIONS: Final = tuple(one.name for one in PRODUCTS if one.kind == "infusion")
_DOSED: Final = tuple(  # each in a compartment of its own: cells, and drugs given at once
    one
    for kind in ("cells", "chemotherapy")
    for one in PRODUCTS
    if one.kind == kind and (kind == "cells" or (one.unit_at_once or one.unit) in _MASS)
)
_INJECTED: Final = {  # under the skin, from where a drug comes slowly and in part
    one.name: one.engager for one in PRODUCTS if one.engager is not None and one.engager.absorption
}
_DEPOT: Final = "under the skin: "
_GIVEN: Final = (*_INFUSIONS, *(one.name for one in _DOSED), *(_DEPOT + name for name in _INJECTED))
_TESTS: Final = (
    "mrd",
    "morphology",
    "blood_cd3",
    "blood_b_cells",
    "blood_blasts",
)  # the first marrow, then blood
_LEVEL: Final = "_pg_per_ml"
_BELOW: Final = re.compile(r"\(below ([0-9.e+-]+)\)")


def nonmem_tables(source: Source) -> list[Table]:
    """Return the data set, and which number stands for which subject.

    Raises
    ------
    UserError
        Where the results hold no trajectories, as those of a trial.
    """
    if any(subject.trajectory is None for subject in source.subjects):
        raise UserError(
            "a trial keeps no trajectories, which a NONMEM data set is made of; run one patient of an arm, for example "
            f"`{PROGRAM} run RESULTS/arms/ARM.yaml --patient 7`, and export that folder"
        )
    levels = sorted({name for s in source.subjects for name in s.trajectory or () if name.endswith(_LEVEL)})
    codes = {name: k for k, name in enumerate((*levels, *_TESTS), 1)}
    covariates = baseline_of(source)
    rows = [
        row
        for number, subject in enumerate(source.subjects, 1)
        for row in _of(number, subject, levels, codes, covariates)
    ]
    variables = (
        Variable("ID", "number of the subject; subjects.csv says who", "int"),
        Variable("TIME", "time since the subject's first record", "float", "day"),
        Variable("DAY", "day from transplant", "float", "day"),
        Variable(
            "AMT", "amount given, whether it is absorbed or not; 0 in observations", "float", _amounts()
        ),
        Variable(
            "RATE", "rate of an infusion; 0 where given at once, and in observations", "float", "ug/day"
        ),
        Variable("DV", "what was observed; 0 in doses", "float", "as DVID says"),
        Variable("EVID", "kind of record", "int", codes="0 observation; 1 dose"),
        Variable("MDV", "whether DV is missing", "int", codes="0 no; 1 yes"),
        Variable("CMT", "compartment", "int", codes=_compartments(codes)),
        Variable("DVID", "what is observed; 0 in doses", "int", codes=_observed(codes)),
        Variable(
            "CENS",
            "whether a test found less than it can see; then DV is what it reported",
            "int",
            codes="0 no; 1 yes",
        ),
        Variable(
            "LLOQ", "the least that the test can see, where it found less; else 0", "float", "as DVID says"
        ),
        *covariates,
    )
    who = (
        Variable("ID", "number of the subject in nonmem.csv", "int"),
        Variable("USUBJID", "name of the subject in every other export"),
        Variable("ARM", "key of the scenario"),
        Variable("PATIENT", "number of the virtual patient", "int"),
    )
    subjects = [
        {"ID": number, "USUBJID": source.identifier(one), "ARM": one.arm, "PATIENT": one.twin}
        for number, one in enumerate(source.subjects, 1)
    ]
    return [
        Table("nonmem", "doses and observations", variables, rows),
        Table("subjects", "who is who", who, subjects),
    ]


def _compartments(codes: dict[str, int]) -> str:
    doses = [f"{k} dose of {name}" for k, name in enumerate(_GIVEN, 1) if not name.startswith(_DEPOT)]
    doses += [
        f"{_GIVEN.index(_DEPOT + name) + 1} {name} injected under the skin ({one.absorption}, {one.bioavailability})"
        for name, one in _INJECTED.items()
    ]
    return "; ".join([*doses, *(f"{_compartment(name, codes)} {name}" for name in codes)])


def _amounts() -> str:
    """Return the unit of each compartment's doses."""
    units = {**dict.fromkeys((*_INFUSIONS, *_INJECTED), "ug"), **{one.name: one.unit for one in _DOSED}}
    return ", ".join(f"{unit} of {name}" for name, unit in units.items())


def _observed(codes: dict[str, int]) -> str:
    return "; ".join(
        f"{code} {name}{' (exact)' if name.endswith(_LEVEL) else ' (as tested)'}"
        for name, code in codes.items()
    )


def _compartment(name: str, codes: dict[str, int]) -> int:
    """Return the compartment of an observation: a level is seen where its drug is given, everything else in one of its own."""
    drug = name.removesuffix(_LEVEL)
    return _GIVEN.index(drug) + 1 if drug in _INFUSIONS else len(_GIVEN) + codes[name]


def _of(
    number: int, subject: Subject, levels: list[str], codes: dict[str, int], covariates: list[Variable]
) -> Iterator[dict[str, Any]]:
    """Yield the records of one subject by time; of one time, doses come after observations: a level is that before the dose."""
    own = {v.name: subject.values[v.origin][0] if v.origin in subject.values else 0.0 for v in covariates}
    records = [*_observations(subject, levels, codes), *_doses(subject)]
    records.sort(key=lambda record: (record["DAY"], record["EVID"], record["CMT"]))
    blank = {"AMT": 0.0, "RATE": 0.0, "DV": 0.0, "DVID": 0, "CENS": 0, "LLOQ": 0.0}
    first = min((record["DAY"] for record in records), default=0.0)
    for record in records:
        yield {"ID": number, "TIME": record["DAY"] - first, **blank, **record, **own}


def _doses(subject: Subject) -> Iterator[dict[str, Any]]:
    for dose in subject.doses:
        place = _DEPOT + dose.product if dose.kind == "injection" else dose.product
        if place not in _GIVEN:
            continue
        infusion = dose.kind == "infusion"
        yield {
            "DAY": dose.start, "AMT": dose.level * (dose.end - dose.start) if infusion else dose.level,
            "RATE": dose.level if infusion else 0.0, "EVID": 1, "MDV": 1, "CMT": _GIVEN.index(place) + 1,
        }  # fmt: skip


def _observations(subject: Subject, levels: list[str], codes: dict[str, int]) -> Iterator[dict[str, Any]]:
    trajectory = subject.trajectory or {}
    days = trajectory.get("day", ())
    for name in levels:
        for day, value in zip(days, trajectory.get(name, ()), strict=False):
            if day is not None and value is not None:
                yield _observation(day, value, name, codes)
    for event, is_sample in measured(subject):
        if event.what in _TESTS and event.value is not None:
            below = _below(subject, event.what, event.day) if is_sample else None
            yield _observation(event.day, event.value, event.what, codes, below)


def _observation(
    day: float, value: float, name: str, codes: dict[str, int], below: float | None = None
) -> dict[str, Any]:
    return {
        "DAY": day, "DV": value, "EVID": 0, "MDV": 0, "CMT": _compartment(name, codes), "DVID": codes[name],
        "CENS": int(below is not None), "LLOQ": below or 0.0,
    }  # fmt: skip


def _below(subject: Subject, what: str, day: float) -> float | None:
    """Return the limit that the report of a sample says was not reached."""
    report = next(
        (
            e
            for e in subject.events
            if e.kind == "result" and e.what == what and e.detail.endswith(f"aspirate of day {day:g}")
        ),
        None,
    )
    match = _BELOW.search(report.detail) if report is not None else None
    return float(match[1]) if match else None

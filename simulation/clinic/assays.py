"""Assays: the only way in which the clinic learns of the leukaemia.

A marrow aspirate mixes a few pulls, each from one niche (some ten millilitres of marrow), so it sees those places' blasts
and not the average: patchy disease is missed, or overestimated. MRD and morphology then count blasts among a finite
number of that place's cells, an exact binomial draw. The random numbers are keyed by the step of the sample,
so two arms of one patient that are still alike read the same results.

Imaging and lumbar punctures see the place outside the marrow, which no aspirate shows: they find its blasts, from a least
number on, with a stated sensitivity. A scheduled visit may be missed, with all its tests, and one result may take longer than
another: each is a keyed draw of its day.

Blood counts carry no noise of their own: their counting error (a few per cent) is far below their
variation from week to week. aGvHD and CRS are graded at the bedside, at once and without error.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient, Truth
from simulation.clinic.schedule import Agenda, ListedDays, Repeating, is_due
from simulation.clinic.waits import days_waited

if TYPE_CHECKING:
    from simulation.scenario.schema import OutsideTest, Scenario, Visits

__all__ = [
    "OUTSIDE_TESTS",
    "BloodResult",
    "Examination",
    "Laboratory",
    "MarrowResult",
    "OutsideResult",
    "Result",
    "reaches",
]

_LABEL = {"mrd": "MRD", "morphology": "morphology"}
_MARROW_TESTS: Final = ("mrd", "morphology")
OUTSIDE_TESTS: Final = {  # the key of `monitoring`, and how people call it
    "imaging": "imaging",
    "lumbar_puncture": "a lumbar puncture",
}


def reaches(measured: float, level: float) -> bool:
    """Return whether a measured fraction is at or above a level; 100 in 1e6 cells do reach 1e-4."""
    return measured > 0.0 and measured >= level * (1.0 - 1e-12)


class Examination(NamedTuple):
    """Hold what is seen at the bedside: grades 0-4 now."""

    agvhd_grade: int
    crs_grade: int

    @classmethod
    def of(cls, truth: Truth) -> "Examination":
        """Grade aGvHD and CRS; both are clinical diagnoses and known the same day."""
        return cls(truth.agvhd_grade, truth.crs_grade)


@dataclass(frozen=True, slots=True)
class MarrowResult:
    """Hold one reported marrow result."""

    test: str  # "mrd" or "morphology"
    sampled: float  # day of the aspirate
    reported: float  # day on which the clinician has it
    value: float  # measured blast fraction; 0 below the limit of detection
    limit: float  # lowest fraction the test can report
    lost_shares: Mapping[
        str, float
    ]  # by target of a drug: without it among the blasts counted; empty without blasts
    judges_remission: bool  # the scenario calls relapse and remission by this test


@dataclass(frozen=True, slots=True)
class BloodResult:
    """Hold one reported blood count, /uL."""

    sampled: float
    reported: float
    cd3_per_ul: float
    b_cells_per_ul: float
    blasts_per_ul: float
    test: str = "blood"

    def count(self, of: str) -> float:
        """Return one count by its word in scenarios: cd3, b_cells or blasts, /uL."""
        return float(getattr(self, f"{of}_per_ul"))


@dataclass(frozen=True, slots=True)
class OutsideResult:
    """Hold one reported result of a test that sees the place outside the marrow."""

    test: str  # a key of `OUTSIDE_TESTS`
    sampled: float
    reported: float
    positive: bool

    @property
    def word(self) -> str:
        """Return how people call the test."""
        return OUTSIDE_TESTS[self.test]


type Result = MarrowResult | BloodResult | OutsideResult


class Laboratory:
    """Take samples as scheduled and on request, and report them after their delay."""

    def __init__(self, scenario: "Scenario", events: EventLog) -> None:
        monitoring = scenario.monitoring
        self._events = events
        self._mrd = monitoring.mrd
        self._morphology = monitoring.morphology
        self._blood = monitoring.blood
        self._missed = monitoring.missed
        self._outside: dict[str, OutsideTest] = {
            name: test for name in OUTSIDE_TESTS if (test := getattr(monitoring, name)) is not None
        }
        self._schedules = {
            name: _schedule(test)
            for name in (*_MARROW_TESTS, "blood", *OUTSIDE_TESTS)
            if (test := getattr(monitoring, name)) is not None
        }
        self._next = self._next_day()  # on which anything is due
        self._pending: Agenda[Result] = Agenda()
        self._targets = tuple(dict.fromkeys(one.target for one in scenario.products if one.target))
        self._pulls = scenario.monitoring.pulls
        self._places: tuple[int, list[int]] = (
            -1,
            [],
        )  # of the last aspirate: its step, and where it was taken
        self._done: set[str] = set()  # tests done on it

    def _next_day(self) -> float:
        return min((schedule.next_day for schedule in self._schedules.values()), default=math.inf)

    def take_scheduled(self, patient: Patient, step: int) -> None:
        """Take the samples that are due; one aspirate and one blood sample serve every test."""
        now = patient.day
        if not is_due(self._next, now):  # as on most days
            return
        due = [name for name, schedule in self._schedules.items() if schedule.take(now) > 0]
        self._next = self._next_day()
        if self._missed > 0.0 and patient.uniform("visit", step) < self._missed:
            names = ", ".join(name.replace("_", " ") for name in due)
            self._events.add(patient.day, "note", "visit", f"visit missed: no {names}")
            return
        if "blood" in due:
            self._draw_blood(patient, step)
        marrow_tests = [name for name in due if name in _MARROW_TESTS]
        if marrow_tests:
            self._aspirate(patient, step, marrow_tests, "scheduled")
        for name in due:
            if name in self._outside:
                self._look_outside(patient, step, name)

    def aspirate(self, patient: Patient, step: int, why: str) -> None:
        """Aspirate at once for every marrow test of the scenario that was not done in this step."""
        tests = [name for name in _MARROW_TESTS if name in self._schedules]
        if not tests:
            self._events.add(patient.day, "note", "marrow", f"no marrow test in this scenario ({why})")
        missing = [name for name in tests if self._places[0] != step or name not in self._done]
        if missing:
            self._aspirate(patient, step, missing, why)

    def read(self, now: float) -> Iterable[Result]:
        """Return the results reported by `now`, oldest first; each is handed out once."""
        for _, result in self._pending.take(now):
            self._record(now, result)
            yield result

    def prompts_aspirate(self, result: BloodResult) -> bool:
        """Return whether the circulating blasts are so many that the marrow is aspirated at once."""
        return self._blood is not None and reaches(result.blasts_per_ul, self._blood.blasts_at_least)

    def _draw_blood(self, patient: Patient, step: int) -> None:
        if self._blood is None:
            return
        truth = patient.truth()
        reported = _reported(patient, step, "blood", self._blood)
        result = BloodResult(
            patient.day, reported, truth.cd3_per_ul, truth.b_cells_per_ul, truth.blood_blasts_per_ul
        )
        self._pending.add(reported, result)

    def _look_outside(self, patient: Patient, step: int, name: str) -> None:
        """Look at the place outside the marrow; what is there is found or missed by a draw, what is too little is not found."""
        test = self._outside[name]
        there = patient.truth().extramedullary_blasts >= test.detects
        positive = there and patient.uniform(name, step) < test.sensitivity
        result = OutsideResult(name, patient.day, _reported(patient, step, name, test), positive)
        self._pending.add(result.reported, result)
        self._events.add(
            patient.day, "test", name, f"{name.replace('_', ' ')} (scheduled); result on day {result.reported:g}",
            float(positive), "found",
        )  # fmt: skip

    def _aspirate(self, patient: Patient, step: int, tests: Sequence[str], why: str) -> None:
        truth = patient.truth()
        n_places = len(truth.niche_blast_fraction)
        if self._places[0] != step:
            draws = (patient.uniform("aspirate", step, pull) for pull in range(self._pulls))
            self._places, self._done = (step, [min(int(u * n_places), n_places - 1) for u in draws]), set()
        places = self._places[1]
        fraction = min(max(float(truth.niche_blast_fraction[places].mean()), 0.0), 1.0)
        sites = ", ".join(str(place + 1) for place in places)
        self._done.update(tests)
        for test in tests:
            result, seen, cells = self._count(patient, step, test, fraction)
            self._pending.add(result.reported, result)
            self._events.add(
                patient.day,
                "test",
                test,
                f"marrow aspirate ({why}), site {sites} of {n_places}: "
                f"{seen:,} of {cells:,} cells are blasts; result on day {result.reported:g}",
                result.value,
                "fraction",
            )

    def _count(
        self, patient: Patient, step: int, test: str, fraction: float
    ) -> tuple[MarrowResult, int, int]:
        """Count blasts among the cells analysed; return (result, blasts seen, cells analysed)."""
        assay = self._mrd if test == "mrd" else self._morphology
        sensitivity = self._mrd.sensitivity if test == "mrd" and self._mrd is not None else 0.0
        if assay is None:
            raise ValueError(f"the scenario has no {test} test")
        cells = int(assay.cells)
        seen = patient.binomial(test, cells, fraction, step)
        limit = max(sensitivity, 1.0 / cells)
        measured = seen / cells if reaches(seen / cells, limit) else 0.0
        result = MarrowResult(
            test=test,
            sampled=patient.day,
            reported=_reported(patient, step, test, assay),
            value=measured,
            limit=limit,
            lost_shares=self._lost_shares(patient, step, test, seen),
            judges_remission=test == "morphology" or self._morphology is None,
        )
        return result, seen, cells

    def _lost_shares(self, patient: Patient, step: int, test: str, seen: int) -> Mapping[str, float]:
        """Return the share that lacks each drug's target among the blasts seen; antigens are counted cell by cell, too."""
        truth = patient.truth()
        if seen == 0 or truth.blasts == 0:
            return {}
        return {
            target: patient.binomial(
                f"{test}_{target}", seen, min(truth.lost[target] / truth.blasts, 1.0), step
            )
            / seen
            for target in self._targets
        }

    def _record(self, now: float, result: Result) -> None:
        if isinstance(result, OutsideResult):
            words = "leukaemia outside the marrow" if result.positive else "no leukaemia outside the marrow"
            detail = f"{words} in {result.word} of day {result.sampled:g}"
            self._events.add(now, "result", result.test, detail, float(result.positive), "found")
            return
        if isinstance(result, BloodResult):
            for what, value, words in (
                ("blood_cd3", result.cd3_per_ul, "CD3+ T cells"),
                ("blood_b_cells", result.b_cells_per_ul, "CD19+ B cells"),
                ("blood_blasts", result.blasts_per_ul, "circulating blasts"),
            ):
                detail = f"{words} {value:.3g} /uL in blood of day {result.sampled:g}"
                self._events.add(now, "result", what, detail, value, "/uL")
            return
        if result.value > 0.0:
            number = f"{result.value:.1e}" if result.test == "mrd" else f"{result.value:.1%} blasts"
            kept = [
                f"{1.0 - share:.0%} of them {name.upper()}+" for name, share in result.lost_shares.items()
            ]
            antigen = "".join(f", {words}" for words in kept)
        else:
            number, antigen = f"negative (below {result.limit:.0e})", ""
        detail = f"{_LABEL[result.test]} {number}{antigen}; aspirate of day {result.sampled:g}"
        self._events.add(now, "result", result.test, detail, result.value, "fraction")


def _schedule(test: "Visits") -> Repeating | ListedDays:
    """Return the days of a test; a checked scenario has either listed days, or first and every."""
    if test.days is not None:
        return ListedDays(test.days)
    if test.first is None or test.every is None:
        raise ValueError("a test needs either days, or first and every")
    return Repeating(test.first, test.every)


def _reported(patient: Patient, step: int, name: str, test: "Visits") -> float:
    """Return the day on which a sample of this step is reported."""
    return patient.day + days_waited(test.delay, lambda: patient.uniform(f"turnaround {name}", step))

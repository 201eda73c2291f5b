"""Assays: the only way in which the clinic learns of the leukaemia.

A marrow aspirate mixes a few pulls, each from one niche (some millilitres of marrow), so it sees those places' blasts
and not the average: patchy disease is missed, or overestimated. MRD and morphology then count blasts among a finite
number of that place's cells, an exact binomial draw. The random numbers are keyed by the step of the sample,
so two arms of one patient that are still alike read the same results.

Blood counts carry no noise of their own: their counting error (a few per cent) is far below their
variation from week to week. aGvHD and CRS are graded at the bedside, at once and without error.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.clinic.events import EventLog
from simulation.clinic.ports import Patient, Truth
from simulation.clinic.schedule import Agenda, Repeating

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["BloodResult", "Examination", "Laboratory", "MarrowResult", "reaches"]

_LABEL = {"mrd": "MRD", "morphology": "morphology"}


def reaches(measured: float, level: float) -> bool:
    """Return whether a measured fraction is at or above a level; 100 in 1e6 cells do reach 1e-4."""
    return measured > 0.0 and measured >= level * (1.0 - 1e-12)


@dataclass(frozen=True, slots=True)
class Examination:
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
    cd19_negative_share: float | None  # among the blasts counted; None without blasts
    judges_remission: bool  # the scenario calls relapse and remission by this test


@dataclass(frozen=True, slots=True)
class BloodResult:
    """Hold one reported blood count, /uL."""

    sampled: float
    reported: float
    cd3_per_ul: float
    b_cells_per_ul: float
    blasts_per_ul: float


class Laboratory:
    """Take samples as scheduled and on request, and report them after their delay."""

    def __init__(self, scenario: "Scenario", events: EventLog) -> None:
        monitoring = scenario.monitoring
        self._events = events
        self._mrd = monitoring.mrd
        self._morphology = monitoring.morphology
        self._blood = monitoring.blood
        self._schedules = {
            name: Repeating(test.first, test.every)
            for name, test in (("mrd", self._mrd), ("morphology", self._morphology), ("blood", self._blood))
            if test is not None
        }
        self._pending: Agenda[MarrowResult | BloodResult] = Agenda()
        self._pulls = scenario.monitoring.pulls
        self._places: tuple[int, list[int]] = (
            -1,
            [],
        )  # of the last aspirate: its step, and where it was taken
        self._done: set[str] = set()  # tests done on it

    def take_scheduled(self, patient: Patient, step: int) -> None:
        """Take the samples that are due; one aspirate and one blood sample serve every test."""
        now = patient.day
        due = [name for name, schedule in self._schedules.items() if schedule.take(now) > 0]
        if "blood" in due:
            self._draw_blood(patient)
        marrow_tests = [name for name in due if name != "blood"]
        if marrow_tests:
            self._aspirate(patient, step, marrow_tests, "scheduled")

    def aspirate(self, patient: Patient, step: int, why: str) -> None:
        """Aspirate at once for every marrow test of the scenario that was not done in this step."""
        tests = [name for name in ("mrd", "morphology") if name in self._schedules]
        if not tests:
            self._events.add(patient.day, "note", "marrow", f"no marrow test in this scenario ({why})")
        missing = [name for name in tests if self._places[0] != step or name not in self._done]
        if missing:
            self._aspirate(patient, step, missing, why)

    def read(self, now: float) -> Iterable[MarrowResult | BloodResult]:
        """Return the results reported by `now`, oldest first; each is handed out once."""
        for _, result in self._pending.take(now):
            self._record(now, result)
            yield result

    def prompts_aspirate(self, result: BloodResult) -> bool:
        """Return whether the circulating blasts are so many that the marrow is aspirated at once."""
        return self._blood is not None and reaches(result.blasts_per_ul, self._blood.blasts_at_least)

    def _draw_blood(self, patient: Patient) -> None:
        if self._blood is None:
            return
        truth = patient.truth()
        now = patient.day
        result = BloodResult(
            now, now + self._blood.delay, truth.cd3_per_ul, truth.b_cells_per_ul, truth.blood_blasts_per_ul
        )
        self._pending.add(result.reported, result)

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
            reported=patient.day + assay.delay,
            value=measured,
            limit=limit,
            cd19_negative_share=_cd19_negative_share(patient, step, test, seen),
            judges_remission=test == "morphology" or self._morphology is None,
        )
        return result, seen, cells

    def _record(self, now: float, result: MarrowResult | BloodResult) -> None:
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
            share = result.cd19_negative_share
            antigen = "" if share is None else f", {1.0 - share:.0%} of them CD19+"
        else:
            number, antigen = f"negative (below {result.limit:.0e})", ""
        detail = f"{_LABEL[result.test]} {number}{antigen}; aspirate of day {result.sampled:g}"
        self._events.add(now, "result", result.test, detail, result.value, "fraction")


def _cd19_negative_share(patient: Patient, step: int, test: str, seen: int) -> float | None:
    """Return the CD19-negative share among the blasts seen; antigen status is counted cell by cell, too."""
    truth = patient.truth()
    if seen == 0 or truth.blasts == 0:
        return None
    share = min(truth.blasts_cd19_negative / truth.blasts, 1.0)
    return patient.binomial(f"{test}_cd19", seen, share, step) / seen

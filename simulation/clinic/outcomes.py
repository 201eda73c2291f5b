"""Outcomes of one patient, all in days from transplant.

Relapse is dated by the TRUE marrow blast fraction, whatever the clinic looked at and when: otherwise the arm
that is watched more closely would relapse earlier. Responses (complete remission, MRD-negative) are dated by
the aspirate that showed them. See docs/decisions/0003-relapse-definition.md.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulation.clinic.assays import MarrowResult, reaches
from simulation.clinic.events import EventLog
from simulation.clinic.failure import FailureValues, FailureWatch
from simulation.clinic.ports import Truth
from simulation.clinic.schedule import is_due

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["OUTCOME_KEYS", "OutcomeBook", "Relapse"]

OUTCOME_KEYS = (
    "days_simulated",
    "complete_remission_day",
    "mrd_negative_day",
    "mrd_nadir",
    "trigger_day",
    "treatment_start_day",
    "relapse_day",
    "relapse_diagnosed_day",
    "second_relapse_day",
    "relapse_cd19",
    "relapse_hla",
    "extinct",
    "extinct_day",
    "agvhd_grade",
    "agvhd_day",
    "agvhd_grade_3_day",
    "crs_grade",
    "relapse_free_days",
    "relapse_free_censored",
    "grfs_days",
    "grfs_censored",
    "death_day",
    "death_cause",
    "cause_of_failure",
    "blinatumomab_days",
    "blinatumomab_ug",
    "dli_cells_per_kg",
    "dli_count",
    "final_blasts",
    "final_marrow_blast_fraction",
    "final_cd3_per_ul",
    "agents_final",
)

_RELAPSES = ("relapse", "second_relapse", "later_relapse")
_AGVHD_GRADES = ((2, "agvhd_day"), (3, "agvhd_grade_3_day"))


@dataclass(frozen=True, slots=True)
class Relapse:
    """Hold one overt relapse and what its blasts carried when it was reached."""

    day: float  # from transplant
    cd19: str  # positive, negative or mixed
    hla: str  # present, lost or mixed


@dataclass
class OutcomeBook:
    """Follow one patient from transplant; days are days from transplant."""

    scenario: "Scenario"
    values: FailureValues
    events: EventLog
    trigger_day: float | None = None
    treatment_start_day: float | None = None
    relapses: list[Relapse] = field(default_factory=list)
    diagnosed_day: float | None = None
    complete_remission_day: float | None = None
    mrd_negative_day: float | None = None
    mrd_nadir: float | None = None
    extinct_day: float | None = None
    agvhd_grade: int = 0
    agvhd_day: float | None = None
    agvhd_grade_3_day: float | None = None
    crs_grade: int = 0
    death_day: float | None = None
    death_cause: str | None = None
    blinatumomab_days: float = 0.0
    blinatumomab_ug: float = 0.0

    def __post_init__(self) -> None:
        """Start with a patient who has neither relapsed nor been treated."""
        self._in_relapse = False  # true state: an overt relapse is going on
        self._known_relapse: MarrowResult | None = None  # measured: the aspirate that showed it
        self._remission_measured = False  # since the current relapse began
        self._n_restaged = 0  # marrow results since treatment began
        self._failure_cause: str | None = None
        self._failure = FailureWatch(self.values, self.scenario.blinatumomab is not None)

    def replan(self, scenario: "Scenario") -> None:
        """Go on with another plan of treatment; only before treatment, when there is no failure to explain yet."""
        self.scenario = scenario
        self._failure = FailureWatch(self.values, scenario.blinatumomab is not None)

    # ---- the true state

    def observe(self, truth: Truth, pump_rate: float) -> None:
        """Take note of the state at the end of a step; time before transplant does not count."""
        if not is_due(0.0, truth.day):
            return
        self._grade(truth)
        if self.treatment_start_day is not None:
            self._failure.follow(truth, pump_rate > 0.0)
        self._follow_relapse(truth)
        if truth.blasts > 0:
            self.extinct_day = None
        elif self.extinct_day is None:
            self.extinct_day = truth.day
            self.events.add(truth.day, "outcome", "extinction", "no leukaemic cell is left in the body")

    def add_infusion(self, pump_rate: float, days: float) -> None:
        """Count time on blinatumomab and the drug given: ug/day for so many days."""
        if pump_rate > 0.0:
            self.blinatumomab_days += days
            self.blinatumomab_ug += pump_rate * days

    def _grade(self, truth: Truth) -> None:
        for name, grade in (("agvhd_grade", truth.agvhd_grade), ("crs_grade", truth.crs_grade)):
            if grade > getattr(self, name):
                setattr(self, name, grade)
                what, words = ("agvhd", "aGvHD") if name == "agvhd_grade" else ("crs", "CRS")
                self.events.add(truth.day, "outcome", what, f"{words} reaches grade {grade}", grade, "grade")
        for grade, name in _AGVHD_GRADES:
            if truth.agvhd_grade >= grade and getattr(self, name) is None:
                setattr(self, name, truth.day)

    def _follow_relapse(self, truth: Truth) -> None:
        definitions = self.scenario.definitions
        fraction = truth.marrow_blast_fraction
        if self._in_relapse:
            if self._remission_measured and fraction < definitions.complete_remission:
                self._in_relapse = False
        elif reaches(fraction, definitions.overt_relapse):
            self._relapse(truth, truth.day, f"{fraction:.1%} of marrow cells are blasts")

    def _relapse(self, truth: Truth, day: float, words: str) -> None:
        self._in_relapse, self._remission_measured = True, False
        total = max(truth.blasts, 1)
        relapse = Relapse(
            max(day, 0.0),
            self._status(truth.blasts_cd19_negative / total, "positive", "negative"),
            self._status(truth.blasts_hla_lost / total, "present", "lost"),
        )
        self.relapses.append(relapse)
        name = _RELAPSES[min(len(self.relapses), len(_RELAPSES)) - 1]
        detail = f"overt relapse: {words}; CD19 {relapse.cd19}, mismatched HLA {relapse.hla}"
        self.events.add(truth.day, "outcome", name, detail, truth.marrow_blast_fraction, "fraction")
        if self.treatment_start_day is not None:
            self._fail(truth)

    def _status(self, lost_share: float, kept: str, lost: str) -> str:
        threshold = self.values.fraction_cause_escape
        if lost_share > threshold:
            return lost
        return kept if 1.0 - lost_share > threshold else "mixed"

    def _fail(self, truth: Truth) -> None:
        self._failure_cause = self._failure.cause(truth)
        detail = f"treatment failed ({self._failure_cause}): {self._failure.evidence(truth)}"
        self.events.add(truth.day, "outcome", "failure", detail)

    # ---- what was measured and done

    def see(self, result: MarrowResult, now: float) -> None:
        """Take note of a reported marrow result; `now` is the day on which it is read."""
        after_start = self.treatment_start_day is not None and result.sampled > self.treatment_start_day
        if after_start:
            self._n_restaged += 1
        if result.judges_remission:
            self._judge_remission(result, now)
        if result.test == "mrd" and after_start:
            self.mrd_nadir = result.value if self.mrd_nadir is None else min(self.mrd_nadir, result.value)
            level = self.scenario.definitions.mrd_negative
            if self.mrd_negative_day is None and result.limit <= level and not reaches(result.value, level):
                self.mrd_negative_day = result.sampled
                detail = f"MRD-negative (below {level:.0e}) in the aspirate of day {result.sampled:g}"
                self.events.add(now, "outcome", "mrd_negative", detail, result.value, "fraction")

    def _judge_remission(self, result: MarrowResult, now: float) -> None:
        definitions = self.scenario.definitions
        known = self._known_relapse
        if known is None and reaches(result.value, definitions.overt_relapse):
            self._known_relapse = result
            if self.diagnosed_day is None:
                self.diagnosed_day = now
            detail = f"overt relapse diagnosed: {result.value:.1%} blasts, aspirate of day {result.sampled:g}"
            self.events.add(now, "outcome", "relapse_diagnosed", detail, result.value, "fraction")
        elif (
            known is not None
            and result.sampled > known.sampled
            and result.value < definitions.complete_remission
        ):
            self._known_relapse = None
            if not self.relapses:
                return  # the diagnosis was a patch of the marrow that never became overt relapse
            self._remission_measured = True
            self._failure_cause = None  # late, but the treatment did work
            if self.complete_remission_day is None:
                self.complete_remission_day = result.sampled
            detail = (
                f"complete remission: {result.value:.1%} blasts in the aspirate of day {result.sampled:g}"
            )
            self.events.add(now, "outcome", "complete_remission", detail, result.value, "fraction")

    @property
    def relapse_known(self) -> bool:
        """Return whether overt relapse has been diagnosed and no remission measured since."""
        return self._known_relapse is not None

    def triggered(self, now: float, truth: Truth, diagnosis_sampled: float | None) -> None:
        """Note that treatment was triggered; a patient treated FOR overt relapse has relapsed."""
        self.trigger_day = now
        if diagnosis_sampled is not None and not self.relapses:
            self._relapse(truth, diagnosis_sampled, "diagnosed, and treated as such, in a patchy marrow")

    def treatment_began(self, now: float) -> None:
        """Note the first dose, infusion or chemotherapy."""
        self.treatment_start_day = now

    def died(self, day: float, cause: str) -> None:
        """Note death."""
        self.death_day, self.death_cause = day, cause
        self.events.add(day, "death", "death", f"death without relapse as its cause: {cause}")

    # ---- the summary

    def summary(self, truth: Truth, dli_cells_per_kg: float, dli_count: int) -> dict[str, object]:
        """Return the outcomes by the names of `OUTCOME_KEYS`; None where it did not happen."""
        end = truth.day if self.death_day is None else self.death_day
        relapse_day = self.relapses[0].day if self.relapses else None
        relapse_free, relapse_free_censored = _first((relapse_day, self.death_day), end)
        grfs, grfs_censored = _first((relapse_day, self.death_day, self.agvhd_grade_3_day), end)
        return {
            "days_simulated": end,
            "complete_remission_day": self.complete_remission_day,
            "mrd_negative_day": self.mrd_negative_day,
            "mrd_nadir": self.mrd_nadir,
            "trigger_day": self.trigger_day,
            "treatment_start_day": self.treatment_start_day,
            "relapse_day": relapse_day,
            "relapse_diagnosed_day": self.diagnosed_day,
            "second_relapse_day": self.relapses[1].day if len(self.relapses) > 1 else None,
            "relapse_cd19": self.relapses[-1].cd19 if self.relapses else None,
            "relapse_hla": self.relapses[-1].hla if self.relapses else None,
            "extinct": truth.blasts == 0,
            "extinct_day": self.extinct_day,
            "agvhd_grade": self.agvhd_grade,
            "agvhd_day": self.agvhd_day,
            "agvhd_grade_3_day": self.agvhd_grade_3_day,
            "crs_grade": self.crs_grade,
            "relapse_free_days": relapse_free,
            "relapse_free_censored": relapse_free_censored,
            "grfs_days": grfs,
            "grfs_censored": grfs_censored,
            "death_day": self.death_day,
            "death_cause": self.death_cause,
            "cause_of_failure": self._cause_of_failure(truth),
            "blinatumomab_days": self.blinatumomab_days,
            "blinatumomab_ug": self.blinatumomab_ug,
            "dli_cells_per_kg": dli_cells_per_kg,
            "dli_count": dli_count,
            "final_blasts": truth.blasts,
            "final_marrow_blast_fraction": truth.marrow_blast_fraction,
            "final_cd3_per_ul": truth.cd3_per_ul,
            "agents_final": truth.agents,
        }

    def _cause_of_failure(self, truth: Truth) -> str | None:
        """Return why treatment failed: a relapse after it began, no remission, or no MRD response."""
        if self._failure_cause is not None:
            return self._failure_cause
        if self._n_restaged == 0 or truth.blasts == 0:
            return None
        responded = self.complete_remission_day if self.relapses else self.mrd_negative_day
        return self._failure.cause(truth) if responded is None else None


def _first(days: tuple[float | None, ...], end: float) -> tuple[float, bool]:
    """Return (first event's day, False), or (end of follow-up, True) where nothing happened."""
    happened = [day for day in days if day is not None]
    return (min(happened), False) if happened else (end, True)

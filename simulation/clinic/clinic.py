"""The clinic: measures, decides by what was measured, treats, and keeps the books.

A decision reads laboratory results and bedside grades only. The true state reaches two places: the assays,
which blur it, and the outcome book, which decides nothing.
"""

import copy
import math
from functools import partial
from typing import TYPE_CHECKING, Any

from simulation.clinic.assays import BloodResult, Examination, Laboratory, MarrowResult, Result
from simulation.clinic.bedside import Bedside
from simulation.clinic.events import EventLog
from simulation.clinic.failure import FailureValues
from simulation.clinic.orders import BY_HAND, OrderDesk
from simulation.clinic.outcomes.book import OutcomeBook
from simulation.clinic.outcomes.haematological_relapse import HaematologicalRelapse
from simulation.clinic.outcomes.second_transplant import SecondTransplantation
from simulation.clinic.outcomes.treatment import Treatment
from simulation.clinic.ports import Patient
from simulation.clinic.stop_rules import StopRules
from simulation.clinic.treatment_course import TreatmentCourse
from simulation.clinic.triggers import Trigger, make_trigger

if TYPE_CHECKING:
    from simulation.scenario.orders import Order
    from simulation.scenario.schema import Scenario

__all__ = ["Clinic"]

_GRADE_OF_CAUSE = 3  # from this grade on, aGvHD or CRS is the cause of a non-relapse death


class Clinic:
    """Look after one patient by one scenario.

    Call `act` at the start of every step, before the body's step, and `observe` after it. The state is plain
    Python: `copy.deepcopy` branches a course; the copy shares the immutable scenario, values and past events.
    """

    def __init__(self, scenario: "Scenario", values: FailureValues) -> None:
        self.scenario = scenario
        self.values = values
        self.events = EventLog()
        self.finished = False  # follow-up has ended by death
        self.course: TreatmentCourse | None = None
        self.last_mrd: float = (
            math.nan
        )  # last reported MRD, fraction; 0 when negative, NaN before the first result
        self._step = 0
        self._laboratory = Laboratory(scenario, self.events)
        self._newest: dict[str, float] = {}  # the last day of a sample whose result is known, by test
        self._bedside = Bedside()
        self._trigger = make_trigger(scenario.start, scenario.definitions, self._bedside)
        self._again: Trigger | None = None  # watches from the end of a course on, while another is allowed
        self._over_since = math.inf
        self._n_planned = 0  # courses so far
        self._courses_left = 0 if scenario.retreatment is None else scenario.retreatment.courses
        self._stopped: set[str] = set()  # products that are no longer planned, for good
        self._stop_rules = StopRules(scenario, negative_share=values.fraction_cause_escape)
        self.givers = {product.name: product.giver(scenario) for product in scenario.products}
        for name, giver in self.givers.items():
            giver.watch(
                partial(make_trigger, definitions=scenario.definitions, bedside=self._bedside, name=name)
            )
        self._orders = OrderDesk(scenario.orders, self.givers)
        self.book = OutcomeBook(self)

    def act(self, patient: Patient) -> None:
        """Do what is due at the start of the step: sample, read results, decide, stop, treat."""
        if self.finished:
            return
        now, again = patient.day, self.book.watcher(SecondTransplantation)
        if self._step == 0:
            again.meet(patient)
            self.book.observe(patient.truth(), 0.0)
        examination = Examination.of(patient.truth())
        on_drug = any(giver.suppresses(now) for giver in self.givers.values())
        self._bedside.note(now, examination, on_drug)
        ordered = self._orders.take(now)
        self._sample(patient)
        for order in ordered:
            if order.test is not None:
                self._laboratory.aspirate(patient, self._step, BY_HAND)
        self._read_results(patient)
        again.act(patient)
        self._decide(patient)
        self._apply_rules(patient, examination)
        self._orders.carry_out(ordered, self._end, patient, self.events)
        if self.course is not None:
            self.course.act(patient, self.events)
        for giver in self.givers.values():
            giver.act(patient, examination, self.events)
        self._note_beginning()

    def order(self, order: "Order", now: float) -> None:
        """Take an order by hand on day `now`; it is carried out at the start of the next step.

        What follows is what the same order in the scenario would have brought about. Raises ValueError for a day that is over.
        """
        self._orders.add(order, now)

    @property
    def may_replan(self) -> bool:
        """Return whether the plan may still change as if it had been so from the beginning: nothing was triggered or given."""
        treatment = self.book.watcher(Treatment)
        return treatment.trigger_day is None and treatment.start_day is None

    def replan(self, scenario: "Scenario") -> None:
        """Go on with a scenario that differs in what a course gives only; raise ValueError when it is too late."""
        if not self.may_replan:
            raise ValueError("treatment has been triggered or given: the plan can no longer change")
        self.scenario = scenario
        self.book.replanned()

    def observe(self, patient: Patient) -> None:
        """Take note of the state at the end of the step, and of death, which competes with relapse."""
        if self.finished:
            return
        self.book.observe(patient.truth(), patient.time_step)
        hazard = patient.hazard_of_death()
        if hazard > 0.0 and patient.uniform("death", self._step) < -math.expm1(-hazard * patient.time_step):
            self.finished = True
            self.book.died(patient.day, _cause_of_death(Examination.of(patient.truth())))
        self._step += 1

    def outcomes(self, patient: Patient) -> dict[str, object]:
        """Return the outcomes so far by name; None where it did not happen."""
        return self.book.summary(patient.truth())

    def __deepcopy__(self, memo: dict[int, Any]) -> "Clinic":
        """Copy the state; the frozen scenario and values are shared."""
        memo[id(self.scenario)] = self.scenario
        memo[id(self.values)] = self.values
        twin = self.__class__.__new__(self.__class__)
        memo[id(self)] = twin
        for name, value in self.__dict__.items():
            setattr(twin, name, copy.deepcopy(value, memo))
        return twin

    def _sample(self, patient: Patient) -> None:
        self._laboratory.take_scheduled(patient, self._step)
        for why in self.course.restaging(patient.day) if self.course is not None else ():
            self._laboratory.aspirate(patient, self._step, why)

    def _read_results(self, patient: Patient) -> None:
        """Read what was reported; blasts in the blood call for an aspirate, unless relapse is known."""
        now = patient.day
        needs_marrow = ""
        for result in self._laboratory.read(now):
            counts = self._take_in(result, now)
            if counts and isinstance(result, BloodResult) and self._laboratory.prompts_aspirate(result):
                needs_marrow = f"{result.blasts_per_ul:.3g} circulating blasts /uL"
        if needs_marrow and not self.book.watcher(HaematologicalRelapse).known:
            self._laboratory.aspirate(patient, self._step, needs_marrow)
            for result in self._laboratory.read(now):
                self._take_in(result, now)

    def _take_in(self, result: Result, now: float) -> bool:
        """Let a result count; return False where it comes after that of a later sample of the same test, and changes nothing."""
        if result.sampled < self._newest.get(result.test, -math.inf):
            return False
        self._newest[result.test] = result.sampled
        self._trigger.see(result)
        if self._again is not None and result.sampled >= self._over_since:
            self._again.see(result)
        for giver in self.givers.values():
            giver.see(result)
        if isinstance(result, MarrowResult):
            if result.test == "mrd":
                self.last_mrd = result.value
            self._stop_rules.see(result)
            self.book.see(result, now)
        return True

    def _decide(self, patient: Patient) -> None:
        """Plan the course of treatment when the trigger holds for the first time, and further ones if allowed."""
        now = patient.day
        if self.book.watcher(Treatment).trigger_day is not None:
            self._decide_again(patient)
        elif self._trigger.is_met(now):
            self._plan(self._trigger, self.scenario.start.when, patient)
            self.book.triggered(now, patient.truth(), self._trigger.diagnosis_sampled(now))

    def _decide_again(self, patient: Patient) -> None:
        """Plan the treatment once more when the leukaemia has come back after the end of a course."""
        plan = self.scenario.retreatment
        if plan is None or self._courses_left == 0 or self.course is None or not self.course.over:
            return
        if not self._planned():
            return  # what was planned has been stopped for good
        if self._again is None:
            self._over_since = patient.day
            self._again = make_trigger(
                plan.start, self.scenario.definitions, self._bedside, name="retreatment.start"
            )
        elif self._again.is_met(patient.day):
            self._courses_left -= 1
            self._plan(self._again, plan.start.when, patient, " again")
            self._again = None

    def _plan(self, trigger: Trigger, kind: str, patient: Patient, again: str = "") -> None:
        now = patient.day
        self._n_planned += 1
        begin = now + trigger.delay(now, lambda name: patient.uniform(f"delay {name}", self._n_planned))
        self.events.add(now, "trigger", kind, self._announce(trigger, kind, begin, again))
        self.course = TreatmentCourse(self.scenario, begin, patient, self.givers, self._stopped)

    def _planned(self) -> dict[str, str]:
        """Return what a course gives, name -> word, without what was stopped for good."""
        return {
            product.name: product.word
            for product in self.scenario.products
            if product.triggered
            and product.name not in self._stopped
            and product.spec(self.scenario) is not None
        }

    def _end(self, product: str, why: str, patient: Patient) -> bool:
        """End what is planned of a product for good, in this course and those to come; return whether there was anything."""
        planned = self._planned()
        if product not in planned:
            return False
        running = self.course is not None and self.course.stop(product, patient, self.events, why)
        to_come = self.course is None or self._courses_left > 0
        if to_come and not running:
            detail = f"no {planned[product]} in any course of treatment to come: {why}"
            self.events.add(patient.day, "stop", product, detail)
        if running or to_come:
            self._stopped.add(product)
        return running or to_come

    def _announce(self, trigger: Trigger, kind: str, begin: float, again: str) -> str:
        products = " + ".join(self._planned().values()) or "nothing planned"
        return f"{trigger.reason()}: {_KIND.get(kind, 'treatment')} triggered{again}, {products} from day {begin:g}"

    def _apply_rules(self, patient: Patient, examination: Examination) -> None:
        """End what a rule ends: what is planned from the first day of treatment on, what was ordered whenever it runs."""
        stops = self._stop_rules.due(examination)
        if self.course is not None and self.course.begun(patient.day):
            for stop in stops:
                self._end(stop.product, stop.why, patient)
        if stops:
            for giver in self.givers.values():
                giver.heed(stops, patient, self.events)

    def _note_beginning(self) -> None:
        if self.book.watcher(Treatment).start_day is not None:
            return
        given = [giver.first_given for giver in self.givers.values() if giver.first_given is not None]
        if given:
            self.book.treatment_began(min(given))


_KIND = {
    "never": "no treatment",
    "day": "prophylactic treatment",
    "mrd": "pre-emptive treatment",
    "overt_relapse": "therapeutic treatment",
}  # all others are treatment


def _cause_of_death(examination: Examination) -> str:
    """Name what the hazard of non-relapse death came from; aGvHD first, the greater of the two hazards."""
    if examination.agvhd_grade >= _GRADE_OF_CAUSE:
        return "aGvHD"
    return "CRS" if examination.crs_grade >= _GRADE_OF_CAUSE else "other"

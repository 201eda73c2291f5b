"""From a trial and a measured course to what is followed: the past is hers, strategies act from today on."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from simulation.clinic.starts import OnDay
from simulation.errors import UserError
from simulation.forecast.follow import Question
from simulation.forecast.series import Series
from simulation.scenario.load import parse_scenario
from simulation.scenario.schema import Scenario
from simulation.trial.schema import Arm, Trial
from simulation.units import format_number

__all__ = ["from_today", "known_of_patient", "question_of"]


def known_of_patient(series: Series) -> list[tuple[str, Any, str]]:
    """Return what a measured course says of the patient, as changes of every strategy."""
    return [(f"patient.{name}", value, f"{series.shown}: patient") for name, value in series.patient.items()]


def question_of(trial: Trial, series: Series) -> tuple[Question, list[str]]:
    """Return what is followed, and what a person should know of it.

    Raises
    ------
    UserError
        Where a strategy cannot be hers: it acts by hand before today, or is over by then.
    """
    arms, notes = from_today(trial.arms, series)
    question = Question(arms, trial.seed, trial.posterior, trial.file.patients_per_set, series)
    return question, [*trial.notes, *notes]


def from_today(arms: Iterable[Arm], series: Series) -> tuple[tuple[Arm, ...], list[str]]:
    """Return the strategies with her past, waiting until today."""
    waiting, notes = [], []
    for arm in arms:
        scenario = arm.scenario
        if scenario.follow_up <= series.today:
            message = f"is followed until day {scenario.follow_up:g}, and today is day {series.today:g}"
            raise UserError(message, file=f"strategy {arm.key}", expected="a longer follow-up (--days)")
        for order in scenario.orders:
            if order.day < series.today:
                message = f"orders something by hand on day {order.day:g}, before today, day {series.today:g}"
                expected = "what was done until today under `given` of the measured course"
                raise UserError(message, file=f"strategy {arm.key}", key="orders", expected=expected)
        if isinstance(scenario.start, OnDay) and scenario.start.day < series.today:
            notes.append(
                f"{scenario.name}: its day, {scenario.start.day:g}, is over; treatment starts today, on day {series.today:g}."
            )
        waiting.append(replace(arm, scenario=_waiting(scenario, series)))
    return tuple(waiting), notes


def _waiting(scenario: Scenario, series: Series) -> Scenario:
    """Return the scenario with her past: until today nothing is done but what was given.

    Where MRD was measured today, the virtual clinic measures it as well, so that a strategy that asks for it need not wait.
    """
    if not series.measured and not series.given:
        return scenario
    own = [order.model_dump(by_alias=True) for order in scenario.orders]
    tests = (
        [{"day": _day(series.today), "test": "marrow"}]
        if series.mrd_today and scenario.monitoring.mrd is not None
        else []
    )
    first = max(series.today, scenario.start.not_before)
    changes: list[tuple[str, Any, str]] = [("start.not_before", _day(first), f"{series.shown}: today")]
    orders = [*map(dict, series.given), *tests, *own]
    if orders:
        changes.append(("orders", orders, f"{series.shown}: given"))
    return parse_scenario(scenario.to_yaml(str), changes, series.shown)


def _day(day: float) -> str:
    return f"day {format_number(day)}"

"""Contradictions between keys that are each valid alone: what a clinician would object to."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from simulation.blocks.fields import Problem
from simulation.clinic.assays import OUTSIDE_TESTS
from simulation.clinic.starts import (
    AllOf,
    AnyOf,
    Never,
    OnBloodCount,
    OnDay,
    OnExtramedullary,
    OnMrd,
    OnOvertRelapse,
)
from simulation.parameters.distributions import numbers_of
from simulation.parameters.table import ParameterTable
from simulation.scenario.disease import disease_problems
from simulation.scenario.orders import order_problems
from simulation.scenario.schema import Scenario, Visits
from simulation.units import format_number, format_quantity

__all__ = ["contradictions"]

_ROUNDING = 1e-9


def contradictions(scenario: Scenario) -> list[Problem]:
    """Return every contradiction found, in the order of the file's keys."""
    checks = (
        _clock,
        _marrow,
        _parameter_ranges,
        disease_problems,
        _monitoring,
        _start,
        _second_transplant,
        _treatments,
        *(product.problems for product in scenario.products),
        _orders,
    )
    return [problem for check in checks for problem in check(scenario)]


def _clock(s: Scenario) -> Iterator[Problem]:
    if s.time_step > s.follow_up:
        yield Problem("the step is longer than follow_up", ("time_step",), also=(("follow_up",),))
    if s.record_every < s.time_step * (1 - _ROUNDING):
        yield Problem(
            f"recording every {_time(s.record_every)} is finer than the step of {_time(s.time_step)}",
            ("record_every",),
            also=(("time_step",),),
        )
    else:
        yield from _whole_steps(s, s.record_every, ("record_every",))
    yield from _whole_steps(s, s.follow_up, ("follow_up",))
    if s.graft.treg > 0:
        yield from _whole_steps(s, s.graft.treg_day, ("graft", "treg_day"), "day")
    if s.disease is not None:
        yield from _whole_steps(s, s.disease.on, ("disease", "on"), "day")


def _whole_steps(
    s: Scenario, value: float, path: tuple[str | int, ...], dimension: Literal["time", "day"] = "time"
) -> Iterator[Problem]:
    """Refuse a time or day that no step ends on: day 0 and the last day would be missed, and days counted twice."""
    steps = value / s.time_step
    if abs(steps - round(steps)) > 1e-6:
        expected, near = f"a whole number of steps of {_time(s.time_step)}", round(steps) * s.time_step
        if near == round(near, 4):
            expected += f", such as {format_quantity(near, dimension)}"
        yield Problem(f"got {format_quantity(value, dimension)}", path, expected, also=(("time_step",),))


def _marrow(s: Scenario) -> Iterator[Problem]:
    niches = s.marrow.rows * s.marrow.columns
    if niches > 1_000_000:
        yield Problem(
            f"got {s.marrow.rows} x {s.marrow.columns} niches",
            ("marrow", "rows"),
            "rows times columns up to 1e6",
        )


def _parameter_ranges(s: Scenario) -> Iterator[Problem]:
    table = ParameterTable.load()
    for name in sorted(set(s.patient) & set(s.parameters)):
        yield Problem(f"{name} is also given under patient; keep one", ("parameters", name))
    if s.allow_out_of_range:
        return
    for block, values in (("patient", s.patient), ("parameters", s.parameters)):
        for name, value in values.items():
            row = table[name]
            outside = [number for number in numbers_of(value) if not row.low <= number <= row.high]
            if outside:
                yield Problem(
                    f"got {row.written(outside[0])}; to go beyond, write allow_out_of_range: true",
                    (block, name),
                    f"a value in the parameter table's range, {row.allowed}",
                )


def _monitoring(s: Scenario) -> Iterator[Problem]:
    defined = s.definitions
    if defined.complete_remission > defined.overt_relapse:
        yield Problem(
            "complete remission would include marrows in overt relapse",
            ("definitions", "complete_remission"),
            "at most overt_relapse",
            also=(("definitions", "overt_relapse"),),
        )
    for name, test in s.monitoring:
        if isinstance(test, Visits):
            yield from _visits(test, ("monitoring", name))
    for name in OUTSIDE_TESTS:
        if getattr(s.monitoring, name) is not None and not s.marrow.extramedullary_site:
            yield Problem(
                "there is no place outside the marrow: marrow.extramedullary_site is false",
                ("monitoring", name),
                at_key=True,
                also=(("marrow", "extramedullary_site"),),
            )
    mrd = s.monitoring.mrd
    if mrd is None:
        return
    least = format_number(round(1 / mrd.sensitivity))
    if mrd.cells * mrd.sensitivity < 1 - _ROUNDING:
        yield Problem(
            f"{format_number(mrd.cells)} cells cannot show one in {least}",
            ("monitoring", "mrd", "cells"),
            f"at least 1 / sensitivity, {least}",
            also=(("monitoring", "mrd", "sensitivity"),),
        )
    if defined.mrd_negative < mrd.sensitivity:
        yield Problem(
            f"got {format_number(defined.mrd_negative)}, which the MRD assay cannot see",
            ("definitions", "mrd_negative"),
            f"at least its sensitivity, {format_number(mrd.sensitivity)}",
            also=(("monitoring", "mrd", "sensitivity"),),
        )


def _visits(test: Visits, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Yield what is missing of a test's days, or given twice."""
    given = [key for key in ("first", "every") if getattr(test, key) is not None]
    if test.days is None:
        missing = [key for key in ("first", "every") if key not in given]
        yield from (
            Problem("this key is missing; a test has first and every, or days", (*path, key), at_key=True)
            for key in missing
        )
        return
    if given:
        message = f"it takes the place of {' and '.join(given)}; write one or the other"
        yield Problem(message, (*path, "days"), at_key=True)
    if any(after <= before for before, after in pairwise(test.days)):
        yield Problem("got days out of order, or one twice", (*path, "days"), "days in ascending order")


def _start(s: Scenario) -> Iterator[Problem]:
    yield from _trigger(s, s.start, ("start",))
    if s.retreatment is not None:
        again = s.retreatment.start
        if isinstance(again, Never):
            yield Problem(
                "it would never be given again; write retreatment: null", ("retreatment", "start", "when")
            )
        yield from _trigger(s, again, ("retreatment", "start"))
    for product in s.products:
        for path, start in product.starts(s).items():
            if isinstance(start, Never):
                yield Problem(f"it would never begin; write {path[0]}: null", (*path, "when"))
            yield from _trigger(s, start, path)


def _second_transplant(s: Scenario) -> Iterator[Problem]:
    plan, tests = s.second_transplant, s.monitoring
    if plan is None:
        return
    if plan.after == "mrd_response" and tests.mrd is None:
        yield Problem(
            "an MRD response cannot be found: monitoring.mrd is null", ("second_transplant", "after")
        )
    if plan.after == "complete_remission" and tests.morphology is None and tests.mrd is None:
        message = "complete remission cannot be found: monitoring.morphology and monitoring.mrd are null"
        yield Problem(message, ("second_transplant",))


def _trigger(s: Scenario, start: object, path: tuple[str | int, ...]) -> Iterator[Problem]:
    tests = s.monitoring
    if isinstance(start, AnyOf | AllOf):
        for index, inner in enumerate(start.triggers):
            at = (*path, "triggers", index)
            if isinstance(inner, Never):
                yield Problem("never cannot be one of several triggers", (*at, "when"))
            yield from _trigger(s, inner, at)
    elif isinstance(start, OnMrd):
        if tests.mrd is None:
            yield Problem("an MRD trigger needs MRD tests, but monitoring.mrd is null", (*path, "when"))
        elif start.at_least < tests.mrd.sensitivity:
            yield Problem(
                f"got {format_number(start.at_least)}, which the assay cannot see",
                (*path, "at_least"),
                f"at least the sensitivity of monitoring.mrd, {format_number(tests.mrd.sensitivity)}",
            )
    elif isinstance(start, OnOvertRelapse):
        # blasts in the blood only call for an aspirate, which then needs a test of its own
        if tests.morphology is None and tests.mrd is None:
            yield Problem(
                "overt relapse cannot be found: monitoring.morphology and monitoring.mrd are null",
                (*path, "when"),
            )
    elif isinstance(start, OnBloodCount):
        if tests.blood is None:
            yield Problem("a blood count is needed, but monitoring.blood is null", (*path, "when"))
        low, high = start.at_least, start.below
        if low is None and high is None:
            yield Problem("it has no limit", (*path, "of"), "at_least, or below, or both", at_key=True)
        elif low is not None and high is not None and high <= low:
            yield Problem(
                f"got {format_quantity(high, 'blood_count')}", (*path, "below"), "more than at_least"
            )
    elif isinstance(start, OnExtramedullary):
        if all(getattr(tests, name) is None for name in OUTSIDE_TESTS):
            named = " and ".join(f"monitoring.{name}" for name in OUTSIDE_TESTS)
            yield Problem(f"leukaemia outside the marrow cannot be found: {named} are null", (*path, "when"))
    elif isinstance(start, OnDay):
        yield from _day_of_a_step(s, start.day, (*path, "day"))


def _day_of_a_step(s: Scenario, day: float, path: tuple[str | int, ...]) -> Iterator[Problem]:
    """Refuse a day before the first or after the last step: nothing is done then."""
    first, last = s.first_day, s.follow_up - s.time_step
    if not first - _ROUNDING <= day <= last + _ROUNDING:
        words = [format_quantity(one, "day") for one in (first, last)]
        expected = f"{words[0]} (the simulation begins) to {words[1]} (the last step of follow_up begins)"
        yield Problem(
            f"got {format_quantity(day, 'day')}", path, expected, also=(("follow_up",), ("time_step",))
        )


def _treatments(s: Scenario) -> Iterator[Problem]:
    if not isinstance(s.start, Never):
        return
    for key in (*(product.name for product in s.products if product.triggered), "retreatment"):
        if getattr(s, key) is not None:
            yield Problem(
                f"{key} would never be given, because start.when is never; say when it starts, or write null",
                (key,),
            )


def _orders(s: Scenario) -> Iterator[Problem]:
    for index, order in enumerate(s.orders):
        for problem in order_problems(order):
            yield Problem(
                problem.message,
                ("orders", index, *problem.path),
                problem.expected,
                problem.nearest,
                problem.at_key,
            )
        yield from _day_of_a_step(s, order.day, ("orders", index, "day"))
        if order.test is not None and s.monitoring.mrd is None and s.monitoring.morphology is None:
            yield Problem(
                "there is no marrow test: monitoring.mrd and monitoring.morphology are null",
                ("orders", index, "test"),
            )


def _time(days: float) -> str:
    return format_quantity(days, "time")

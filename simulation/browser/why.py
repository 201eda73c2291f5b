"""Why something happened to a patient: which rule or hazard, which cells, which threshold, with the numbers of that day."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.clinic.events import EVENT_KINDS, Event
from simulation.clinic.failure import CAUSES
from simulation.number_words import number_text
from simulation.scenario.schema import Scenario

__all__ = ["why"]

_SAMPLED: Final = re.compile(r"aspirate of day (\d+(?:\.\d+)?)")
type Columns = Mapping[str, npt.NDArray[np.float64]]
type Values = Mapping[str, float]
_CAUSE: Final = {
    "escape": "more than {fraction_cause_escape:.0%} of the blasts that grew back lack CD19, or the mismatched HLA",
    "sanctuary": (
        "more than {fraction_cause_sanctuary:.0%} of the blasts were in places that T cells and drug reach badly "
        "(access below {fraction_cause_poor_access:g})"
    ),
    "treg_suppressed": "Treg took more than {fraction_cause_suppressed:.0%} of the effect of T cells in the marrow",
    "exhausted": "mean exhaustion of the marrow's T cells was above {fraction_cause_exhausted:.0%}",
    "too_few_t_cells": "none of the other thresholds was passed: T cells were too few for the blasts",
}


def why(
    event: Event, scenario: Scenario, values: Values, columns: Columns, outcomes: Mapping[str, object]
) -> str:
    """Return why an event happened; `values` are the patient's parameters, `columns` his trajectory until now."""
    reason = _REASONS.get((event.kind, event.what)) or _REASONS.get((event.kind, ""))
    sampled = _SAMPLED.search(event.detail)  # a report tells of the day of its aspirate
    day = float(sampled[1]) if sampled else event.day
    then = {name: _at(columns, name, day) for name in columns}
    if reason is None:
        return f"Kind of event: {EVENT_KINDS[event.kind]}."
    return reason(_Case(event, scenario, values, then, outcomes))


def _at(columns: Columns, name: str, day: float) -> float:
    """Return a column's last value until a day; NaN before the first."""
    index = int(np.searchsorted(columns["day"], day + 1e-9, side="right")) - 1
    return float(columns[name][index]) if index >= 0 else float("nan")


@dataclass(frozen=True, slots=True)
class _Case:
    """Hold what a reason is told from; `then` are the trajectory's columns on the day of the event or of its sample."""

    event: Event
    scenario: Scenario
    values: Values
    then: Mapping[str, float]
    outcomes: Mapping[str, object]


type _Reason = Callable[[_Case], str]


def _count(cells: float) -> str:
    return number_text(cells, 2) if cells == cells else "an unknown number of"


def _test(case: _Case) -> str:
    test: Any = getattr(case.scenario.monitoring, case.event.what, None)
    truth = case.then.get("marrow_blast_fraction", float("nan"))
    text = (
        f"In truth {number_text(truth, 2)} of the marrow's cells were blasts, averaged over all niches"
        if truth == truth
        else ""
    )
    if test is None or not hasattr(test, "cells"):
        return f"{text}." if text else "A scheduled test."
    least = f", and calls {test.sensitivity:.0e} or more positive" if hasattr(test, "sensitivity") else ""
    return (
        f"{text}; the aspirate mixes {case.scenario.monitoring.pulls} niches drawn at random, so it sees their share, and "
        "the test counts blasts "
        f"among {test.cells:,.0f} cells (a binomial draw){least}. Keys monitoring.{case.event.what}, monitoring.pulls."
    )


def _trigger(case: _Case) -> str:
    return (
        f"The rule of the scenario, key start: treatment {case.scenario.start.words()}. It judges results of tests, not the "
        "truth, which was "
        f"{number_text(case.then.get('marrow_blast_fraction', float('nan')), 2)} blasts in the marrow."
    )


def _relapse(case: _Case) -> str:
    level = case.scenario.definitions.overt_relapse
    text = (
        f"Threshold definitions.overt_relapse: {level:.0%} of the marrow's nucleated cells are blasts "
        f"({_count(case.then['marrow_blasts_cells'])} "
        f"in the marrow). They grow by rate_blast_net_growth, {case.values['rate_blast_net_growth']:.3g} /day here, less "
        "what T cells kill: then "
        f"{_count(case.then['marrow_tcon_cells'])} Tcon in the marrow, {case.then['marrow_et_ratio']:.2g} T cells per blast, "
        f"{case.then['marrow_t_exhaustion_fraction']:.0%} exhausted."
    )
    return text


def _failure(case: _Case) -> str:
    cause = str(case.outcomes.get("cause_of_failure") or "")
    words = CAUSES.get(cause, "")
    if not words:
        return (
            "Told from the state in which control of the leukaemia was lost: the blasts' lowest point since "
            "treatment began."
        )
    thresholds = {name: value for name, value in case.values.items() if name.startswith("fraction_cause_")}
    return (
        f"{words[:1].upper()}{words[1:]}: at the blasts' lowest point since treatment began "
        f"{_CAUSE[cause].format(**thresholds)}. The order in "
        "which causes are tried: escape, sanctuary, Treg or exhaustion, too few T cells."
    )


def _gvhd(case: _Case) -> str:
    grade = int(case.event.value or 0)
    level = case.values.get(f"integrity_grade_{grade}", float("nan"))
    return (
        f"Threshold integrity_grade_{grade}: integrity of host tissue below {level:.2g} (healthy: 1). Hazard: "
        f"{_count(case.then['tissue_effector_cells'])} "
        "activated alloreactive donor T cells in host tissue damage it, half as fast as they can at n_effectors_half_damage, "
        f"{_count(case.values['n_effectors_half_damage'])} per kg; Treg there suppress them, and tissue regenerates."
    )


def _crs(case: _Case) -> str:
    grade = int(case.event.value or 0)
    level = case.values["crs_score_grade_1"] * case.values["crs_score_step"] ** max(grade - 1, 0)
    return (
        f"Threshold: cytokine-release score of {level:.3g} (crs_score_grade_1, each further grade times "
        "crs_score_step). The score rises with "
        f"newly engaged T cells per kg (one unit: n_engaged_crs_unit, {_count(case.values['n_engaged_crs_unit'])}) and with "
        "the burden, less tolerance; "
        f"{_count(case.then['marrow_engaged_cells'])} were engaged in the marrow."
    )


def _negative(case: _Case) -> str:
    return (
        f"Threshold definitions.mrd_negative, {case.scenario.definitions.mrd_negative:.0e}, in an aspirate after treatment "
        f"began. On its day {number_text(case.then['marrow_blast_fraction'], 2)} of the marrow's cells were blasts, in truth; "
        f"its T cells spent {case.then['marrow_t_busy_fraction']:.0%} of their time engaged."
    )


def _remission(case: _Case) -> str:
    return (
        f"Threshold definitions.complete_remission: fewer than {case.scenario.definitions.complete_remission:.0%} blasts "
        "in an aspirate after relapse."
    )


def _given(case: _Case) -> str:
    by_hand = any(
        order.give == case.event.what and abs(order.day - case.event.day) < 1.0
        for order in case.scenario.orders
    )
    whose = (
        "an order by hand"
        if by_hand
        else f"the plan of the scenario, block {case.event.what}, counted from the day on which treatment began"
    )
    return f"Given by {whose}."


def _stop(case: _Case) -> str:
    return "Ended by a rule of the block stop, or by an order by hand; the words of the event say by which."


def _death(case: _Case) -> str:
    grade = int(case.then.get("agvhd_grade", 0.0))
    rates = (
        f"rate_death_agvhd_3 {case.values['rate_death_agvhd_3']:.2g}, rate_death_agvhd_4 {case.values['rate_death_agvhd_4']:.2g} "
        f"and rate_death_crs_4 {case.values['rate_death_crs_4']:.2g} /day"
    )
    return (
        f"Drawn by the hazard of non-relapse death of that day: {rates}, of which those in force count; acute GvHD "
        f"was grade {grade}."
    )


_REASONS: Final[Mapping[tuple[str, str], _Reason]] = {
    ("test", ""): _test,
    ("result", "mrd"): _test,
    ("result", "morphology"): _test,
    ("trigger", ""): _trigger,
    ("outcome", "relapse"): _relapse,
    ("outcome", "second_relapse"): _relapse,
    ("outcome", "failure"): _failure,
    ("outcome", "relapse_diagnosed"): _test,
    ("outcome", "agvhd"): _gvhd,
    ("outcome", "crs"): _crs,
    ("outcome", "mrd_negative"): _negative,
    ("outcome", "mrd_relapse"): _negative,
    ("outcome", "complete_remission"): _remission,
    ("dose", ""): _given,
    ("injection", ""): _given,
    ("infusion", ""): _given,
    ("drug", ""): _given,
    ("stop", ""): _stop,
    ("death", ""): _death,
}

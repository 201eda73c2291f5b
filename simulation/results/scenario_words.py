"""A scenario in words, so that a clinician can check that the run was the one that was meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from simulation.results.words import cells_text, number_text

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["scenario_words"]

_DRUGS = {"ptcy": "post-transplant cyclophosphamide"}
_MICRO = "\N{MICRO SIGN}"


def scenario_words(scenario: Scenario) -> list[tuple[str, str]]:
    """Return (topic, sentences) of everything in a scenario that is a decision about the patient."""
    told = [
        ("Transplant", _transplant(scenario)),
        ("Patient", _patient(scenario)),
        ("Tests", _tests(scenario)),
        ("Treatment starts", _start(scenario)),
        ("Blinatumomab", _blinatumomab(scenario)),
        ("Donor lymphocytes", _dli(scenario)),
        ("Other drugs", _other_drugs(scenario)),
        ("Ordered by hand", _orders(scenario)),
        ("Stop rules", _stop(scenario)),
        ("Definitions", _definitions(scenario)),
        ("Simulation", _simulation(scenario)),
    ]
    return [(topic, text) for topic, text in told if text]


def _days(value: float) -> str:
    return f"{value:g} day" + ("" if value == 1 else "s")


def _dose(dose: Any) -> str:
    return f"{dose.amount:g} {_MICRO}g/{'m\N{SUPERSCRIPT TWO}/' if dose.per_m2 else ''}day"


def _day(value: float) -> str:
    return f"day {value:g}".replace("-", "\N{MINUS SIGN}")


def _percent(value: float) -> str:
    return f"{100 * value:.4g} %" if value >= 0.01 else number_text(value)


def _join(parts: Iterable[str], last: str = "and") -> str:
    items = list(parts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def _transplant(scenario: Scenario) -> str:
    donor = {"haploidentical": "a haploidentical donor", "matched_sibling": "a matched sibling"}[
        scenario.donor.match
    ]
    graft = scenario.graft
    given = [
        f"{cells_text(graft.tcon)} conventional T cells/kg (Tcon) on day 0"
        if graft.tcon
        else "no conventional T cells"
    ]
    given.append(
        f"{cells_text(graft.treg)} regulatory T cells/kg (Treg) on {_day(graft.treg_day)}"
        if graft.treg
        else "no Treg"
    )
    return f"T-cell-depleted graft from {donor}, with {_join(given)}."


def _patient(scenario: Scenario) -> str:
    changed = [_parameter(name, value) for name, value in {**scenario.patient, **scenario.parameters}.items()]
    text = (
        f"Differs from the parameter table in: {', '.join(changed)}."
        if changed
        else "As in the parameter table."
    )
    off = [name for name, on in scenario.processes.items() if not on]
    return text + (f" Switched off: {', '.join(off)}." if off else "")


def _parameter(name: str, value: Any) -> str:
    from simulation.parameters.table import ParameterTable

    written = ParameterTable.load()[name].written
    if isinstance(value, int | float):
        return f"{name} {written(value)}"
    return f"{name} drawn between patients ({value.distribution}, median {written(value.median)})"


def _tests(scenario: Scenario) -> str:
    monitoring = scenario.monitoring
    told = []
    if monitoring.mrd is not None:
        mrd = monitoring.mrd
        limit = max(mrd.sensitivity, 1 / mrd.cells)
        told.append(
            f"MRD in the marrow {_when(mrd)} ({cells_text(mrd.cells)} cells, limit {number_text(limit, 2)})"
        )
    if monitoring.morphology is not None:
        told.append(
            f"microscopy of the marrow {_when(monitoring.morphology)} ({monitoring.morphology.cells:g} cells)"
        )
    if monitoring.blood is not None:
        blood = monitoring.blood
        told.append(
            f"blood {_when(blood)}; from {blood.blasts_at_least:g} blasts/{_MICRO}L on, the marrow is "
            "aspirated at once"
        )
    return _sentence("; ".join(told)) if told else "None."


def _when(test: Any) -> str:
    reported = f", reported after {_days(test.delay)}" if test.delay else ""
    return f"from day {test.first:g}, every {_days(test.every)}{reported}"


def _start(scenario: Scenario) -> str:
    if scenario.start.when == "never":
        return "Never."
    again = scenario.retreatment
    if again is None:
        return _sentence(_trigger(scenario.start))
    times = "once" if again.courses == 1 else f"up to {again.courses} times"
    return _sentence(f"{_trigger(scenario.start)}; the same again, {times}, {_trigger(again.start)}")


def _trigger(start: Any) -> str:
    if start.when == "day":
        text = f"on day {start.day:g}, whatever the marrow shows"
    elif start.when == "mrd":
        tests = "" if start.confirmed_by == 1 else f" in {start.confirmed_by} consecutive tests"
        text = f"when measured MRD is {number_text(start.at_least, 2)} or more{tests}"
    elif start.when == "overt_relapse":
        text = "when overt relapse is found"
    elif start.when == "never":
        text = "never"
    else:
        several = ["(" + _trigger(one) + ")" for one in start.triggers]
        text = _join(several, "or" if start.when == "any_of" else "and")
    if start.not_before:
        text += f", not before day {start.not_before:g}"
    return text + (f", {_days(start.delay)} later" if start.delay else "")


def _blinatumomab(scenario: Scenario) -> str:
    plan = scenario.blinatumomab
    if plan is None:
        return "None."
    cycles = "1 cycle" if plan.cycles == 1 else f"up to {plan.cycles} cycles"
    if plan.pattern is not None:
        parts = (f"{_dose(one.dose)} for {_days(one.duration)}" for one in plan.pattern)
        text = f"{cycles} of {_join(parts, 'then')}"
    elif plan.dose is not None:
        step = plan.step_up
        first = (
            ""
            if step is None
            else f", the first {_days(step.duration)} of the first cycle at {_dose(step.dose)}"
        )
        text = f"{cycles} of {_dose(plan.dose)} for {_days(plan.on or 0)}{first}"
        text += f", then {_days(plan.off)} off" if plan.off else ""
    else:
        return "None."
    return _sentence(text + (f"; from day {plan.first:g} of treatment" if plan.first != 1 else ""))


def _dli(scenario: Scenario) -> str:
    plan = scenario.dli
    if plan is None:
        return "None."
    doses = ", ".join(cells_text(dose) for dose in plan.cd3)
    day = f"day {plan.first.day:g} of " + (
        "treatment" if plan.first.cycle is None else f"cycle {plan.first.cycle}"
    )
    text = f"{doses} CD3+ cells/kg, from {day}" + (
        f", every {_days(plan.every)}" if len(plan.cd3) > 1 else ""
    )
    text += f", with {plan.treg_per_tcon:g} Treg per Tcon" if plan.treg_per_tcon else ""
    return _sentence(text + (", naive cells depleted" if plan.memory_enriched else ""))


def _other_drugs(scenario: Scenario) -> str:
    told = []
    if scenario.cytoreduction is not None:
        kill, before = scenario.cytoreduction.log10_kill, scenario.cytoreduction.before
        told.append(f"chemotherapy {_days(before)} before treatment, killing {kill:g} log10 of the blasts")
    for one in scenario.immunosuppression:
        level = "" if one.level == 1 else f" at {one.level:g} times the usual level"
        told.append(f"{_DRUGS.get(one.drug, one.drug)} from {_day(one.start)} to {_day(one.end)}{level}")
    for rule, disease in ((scenario.agvhd_treatment, "acute GvHD"), (scenario.crs_treatment, "CRS")):
        if rule is not None:
            drug = _DRUGS.get(rule.drug, rule.drug)
            told.append(f"{drug} for {_days(rule.duration)} at {disease} of grade {rule.at_grade} or more")
    return _sentence("; ".join(told)) if told else "None."


def _orders(scenario: Scenario) -> str:
    return _sentence("; ".join(_order(one) for one in scenario.orders)) if scenario.orders else ""


def _order(one: Any) -> str:
    when = f"on {_day(one.day)} "
    if one.give == "dli":
        treg = f" with {one.treg_per_tcon:g} Treg per Tcon" if one.treg_per_tcon else ""
        enriched = ", naive cells depleted" if one.memory_enriched else ""
        return f"{when}{cells_text(one.cd3)} CD3+ cells/kg{treg}{enriched}"
    if one.give == "blinatumomab":
        length = "until stopped" if one.duration is None else f"for {_days(one.duration)}"
        return f"{when}blinatumomab {_dose(one.dose)} {length}"
    if one.stop is not None:
        product = "donor lymphocytes" if one.stop == "dli" else one.stop
        return f"{when}an end to {product}"
    return f"{when}a marrow test"


def _stop(scenario: Scenario) -> str:
    stop = scenario.stop
    told = []
    if stop.agvhd_grade is not None:
        told.append(f"no further donor lymphocytes from acute GvHD of grade {stop.agvhd_grade} on")
    if stop.crs_grade is not None:
        told.append(f"blinatumomab stops at CRS of grade {stop.crs_grade} or more")
    if stop.cd19_negative_relapse:
        told.append("blinatumomab stops at a CD19-negative relapse")
    return _sentence("; ".join(told)) if told else "None."


def _definitions(scenario: Scenario) -> str:
    limits = scenario.definitions
    return (
        f"Overt relapse: {_percent(limits.overt_relapse)} blasts in the marrow or more. Complete remission: "
        f"less than {_percent(limits.complete_remission)}. MRD-negative: below "
        f"{number_text(limits.mrd_negative, 2)}."
    )


def _simulation(scenario: Scenario) -> str:
    marrow = scenario.marrow
    outside = " and one site outside it" if marrow.extramedullary_site else ""
    step = scenario.time_step * 24
    return (
        f"{_days(scenario.follow_up)} in steps of {step:.3g} h; a marrow of {marrow.rows} "
        f"\N{MULTIPLICATION SIGN} {marrow.columns} niches{outside}; up to "
        f"{scenario.resolution.agents_per_stratum} agents per kind of cell and place."
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."

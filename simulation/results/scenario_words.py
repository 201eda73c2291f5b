"""A scenario in words, so that a clinician can check that the run was the one that was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulation.clinic.assays import OUTSIDE_TESTS
from simulation.clinic.waits import wait_words
from simulation.number_words import MICRO, cells_text, number_text
from simulation.parameters.table import Parameter, ParameterTable
from simulation.products.product import days_text, join
from simulation.products.registry import TITLES, product

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["scenario_words"]


def scenario_words(scenario: Scenario) -> list[tuple[str, str]]:
    """Return (topic, sentences) of everything in a scenario that is a decision about the patient."""
    topics = [
        ("Transplant", _transplant(scenario)),
        ("Patient", _patient(scenario)),
        ("Disease", _disease(scenario)),
        ("Tests", _tests(scenario)),
        ("Treatment starts", _start(scenario)),
        *_products(scenario),
        ("Second transplant", _second_transplant(scenario)),
        ("Ordered by hand", _orders(scenario)),
        ("Stop rules", _stop(scenario)),
        ("Rules of one's own", _plugins(scenario)),
        ("Definitions", _definitions(scenario)),
        ("Simulation", _simulation(scenario)),
    ]
    return [(topic, text) for topic, text in topics if text]


def _day(value: float) -> str:
    return f"day {value:g}".replace("-", "\N{MINUS SIGN}")


def _percent(value: float) -> str:
    return f"{100 * value:.4g} %" if value >= 0.01 else number_text(value)


def _transplant(scenario: Scenario) -> str:
    donor = {
        "haploidentical": "a haploidentical donor",
        "matched_sibling": "a matched sibling",
        "matched_unrelated": "a matched unrelated donor",
    }[scenario.donor.match]
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
    kind = "T-cell-replete" if graft.replete else "T-cell-depleted"
    platform = ", cyclophosphamide after transplant" if scenario.ptcy is not None else ""
    return f"{kind} graft from {donor}{platform}, with {join(given)}."


def _patient(scenario: Scenario) -> str:
    table = ParameterTable.load()
    values = {**scenario.parameters, **scenario.patient}
    changed = [_parameter(table[name], value) for name, value in values.items() if value != table[name].value]
    text = (
        f"Differs from the parameter table in: {', '.join(changed)}."
        if changed
        else "As in the parameter table."
    )
    text += "".join(
        f" {pair.of} and {pair.other} depend on one another (correlation {pair.correlation:g})."
        for pair in scenario.patient.dependence.pairs
    )
    off = [name for name, on in scenario.processes.items() if not on]
    return text + (f" Switched off: {', '.join(off)}." if off else "")


def _parameter(row: Parameter, value: Any) -> str:
    if isinstance(value, int | float):
        return f"{row.name} {row.written(value)}"
    return f"{row.name} drawn between patients ({value.distribution}, median {row.written(value.median)})"


def _disease(scenario: Scenario) -> str:
    stated = scenario.disease
    if stated is None:
        return ""
    outside = f", {number_text(stated.outside)} outside it" if stated.outside else ""
    return (
        f"Stated: {_percent(stated.fraction)} blasts in the marrow on {_day(stated.on)}{outside}. "
        "Before that day none: residual blasts (n_residual_blasts) are not put in."
    )


def _tests(scenario: Scenario) -> str:
    monitoring = scenario.monitoring
    sentences = []
    if monitoring.mrd is not None:
        mrd = monitoring.mrd
        limit = max(mrd.sensitivity, 1 / mrd.cells)
        sentences.append(
            f"MRD in the marrow {_when(mrd)} ({cells_text(mrd.cells)} cells, limit {number_text(limit, 2)})"
        )
    if monitoring.morphology is not None:
        sentences.append(
            f"microscopy of the marrow {_when(monitoring.morphology)} ({monitoring.morphology.cells:g} cells)"
        )
    if monitoring.blood is not None:
        blood = monitoring.blood
        sentences.append(
            f"blood {_when(blood)}; from {blood.blasts_at_least:g} blasts/{MICRO}L on, the marrow is "
            "aspirated at once"
        )
    for name, word in OUTSIDE_TESTS.items():
        test = getattr(monitoring, name)
        if test is not None:
            sentences.append(
                f"{word} {_when(test)}, which finds {number_text(test.detects, 2)} blasts or more outside the marrow "
                f"in {_percent(test.sensitivity)} of cases"
            )
    missed = f" {_percent(monitoring.missed)} of scheduled visits are missed." if monitoring.missed else ""
    return _sentence("; ".join(sentences)) + missed if sentences else "None."


def _when(test: Any) -> str:
    reported = f", reported after {wait_words(test.delay)}" if test.delay else ""
    if test.days is not None:
        return (
            f"on {'day' if len(test.days) == 1 else 'days'} {join(f'{day:g}' for day in test.days)}{reported}"
        )
    return f"from day {test.first:g}, every {days_text(test.every)}{reported}"


def _start(scenario: Scenario) -> str:
    if scenario.start.when == "never":
        return "Never."
    again = scenario.retreatment
    if again is None:
        return _sentence(scenario.start.words())
    times = "once" if again.courses == 1 else f"up to {again.courses} times"
    return _sentence(f"{scenario.start.words()}; the same again, {times}, {again.start.words()}")


def _products(scenario: Scenario) -> list[tuple[str, str]]:
    """Return a topic per product; what has none of its own comes last, together."""
    topics: dict[str, list[str]] = {title: [] for title in TITLES}
    for one in scenario.products:
        topics[one.title].extend(one.phrases(scenario))
    return [
        (topic, _sentence("; ".join(phrases)) if phrases else "None.") for topic, phrases in topics.items()
    ]


def _second_transplant(scenario: Scenario) -> str:
    plan = scenario.second_transplant
    return "" if plan is None else _sentence(plan.words())


def _orders(scenario: Scenario) -> str:
    return _sentence("; ".join(_order(one) for one in scenario.orders)) if scenario.orders else ""


def _order(one: Any) -> str:
    when = f"on {_day(one.day)} "
    if one.give is not None:
        return f"{when}{product(one.give).order_words(one)}"
    return (
        f"{when}an end to {product(one.stop).title.lower()}"
        if one.stop is not None
        else f"{when}a marrow test"
    )


def _stop(scenario: Scenario) -> str:
    values = [(rule.words, getattr(scenario.stop, rule.key)) for _, rule in scenario.stop_rules]
    phrases = [words.format(value) for words, value in values if value]
    return _sentence("; ".join(phrases)) if phrases else "None."


def _plugins(scenario: Scenario) -> str:
    texts = []
    for plugin in scenario.plugin:
        values = ", ".join(_parameter(plugin.rows[name], value) for name, value in plugin.values.items())
        texts.append(
            f"{plugin.name} (sha256 {plugin.sha256[:12]}...)" + (f" with {values}" if values else "")
        )
    return f"{'; '.join(texts)}." if texts else ""


def _definitions(scenario: Scenario) -> str:
    limits = scenario.definitions
    return (
        f"Overt relapse: {_percent(limits.overt_relapse)} blasts in the marrow or more. Complete remission: "
        f"less than {_percent(limits.complete_remission)}. MRD-negative: below "
        f"{number_text(limits.mrd_negative, 2)}. Extramedullary relapse: {number_text(limits.extramedullary_relapse, 2)} "
        "blasts outside the marrow or more."
    )


def _simulation(scenario: Scenario) -> str:
    marrow = scenario.marrow
    outside = " and one site outside it" if marrow.extramedullary_site else ""
    step = scenario.time_step * 24
    agent = "every cell" if scenario.resolution.cells_per_agent == 1 else "all like cells of a place"
    return (
        f"{days_text(scenario.follow_up)} in steps of {step:.3g} h; a marrow of {marrow.rows} "
        f"\N{MULTIPLICATION SIGN} {marrow.columns} niches{outside}; "
        f"{agent} an agent."
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."

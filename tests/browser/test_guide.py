"""The guide: every key found and set, files refused, the glossary and the tour whole, and a reason for every event."""

from pathlib import Path

from simulation.browser.form import FIELDS
from simulation.browser.guide import (
    PRESETS,
    TOUR,
    entries,
    field_help,
    glossary,
    preset_sources,
    search,
)
from simulation.browser.why import why
from simulation.number_words import number_text
from simulation.parameters.table import ParameterTable
from simulation.runner import run
from simulation.scenario.load import parse_scenario
from simulation.scenario.reference import key_rows

ROOT = Path(__file__).resolve().parents[2]
TINY = "name: Tiny\nmarrow: {rows: 2, columns: 2}\ntime_step: 1 d\n"


def test_every_key_and_parameter_is_found() -> None:
    names = {one.key for one in entries()}
    assert {row["key"] for row in key_rows()} <= names and set(ParameterTable.load().names) <= names
    result, _ = search("blast growth")
    assert "rate_blast_net_growth" in {one.key for one in result}
    assert all(one.source for one in entries() if one.key in ParameterTable.load())
    nothing, hint = search("rate_blast_net_growht")
    assert nothing == [] and "rate_blast_net_growth" in hint


def test_every_field_of_the_form_has_help_with_its_range() -> None:
    assert [field.key for field in FIELDS if not field_help(field.key)] == []
    assert all("Source:" in field_help(key) for key in ("seed", "patient"))
    assert "Source:" in field_help("patient.rate_blast_net_growth")


def test_the_tour_has_eight_steps_and_presets_load() -> None:
    assert len(TOUR) == 8 and all(step.text and 0 <= step.tab <= 4 for step in TOUR)
    for preset in PRESETS:
        pair = preset_sources(preset)
        assert pair is not None and all(source.load() for source in pair)


def test_the_glossary_is_the_page_of_the_docs() -> None:
    words = {word: meaning for _, rows in glossary() for word, meaning in rows}
    lines = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| word")]
    assert sum(len(entries) for _, entries in glossary()) == len(rows)
    assert "CD19xCD3" in words["blinatumomab"]


def test_every_event_has_a_reason_with_its_threshold() -> None:
    scenario = parse_scenario(
        TINY
        + "follow_up: 80 d\nprocesses: {gvl: off}\npatient: {n_residual_blasts: 1e7 cells, rate_blast_net_growth: 0.25 /day}\n"
        + "start: {when: overt_relapse}\nblinatumomab: {dose: 28 ug/day, on: 28 d, off: 14 d, cycles: 2}\n"
        + "dli: {cd3: [1e6/kg], first: day 8}\n"
    )
    result = run(scenario, seed=1)
    from simulation.body.virtual_patient import patient_values

    values = patient_values(scenario, 1, 0)
    record = {}
    for event in result.events:
        record[event.kind, event.what] = why(event, scenario, values, result.columns, result.outcomes)
    assert all(record.values())
    assert (
        "definitions.overt_relapse: 5%" in record["outcome", "relapse"]
        and "0.25 /day" in record["outcome", "relapse"]
    )
    assert "treatment when overt relapse is found" in record["trigger", "overt_relapse"]
    assert "1,000,000 cells" in record["result", "mrd"] and "block dli" in record["infusion", "dli"]
    report = next(event for event in result.events if (event.kind, event.what) == ("result", "mrd"))
    truth = dict(zip(result.columns["day"], result.columns["marrow_blast_fraction"], strict=True))
    sampled = float(report.detail.rpartition("aspirate of day ")[2])
    text = why(report, scenario, values, result.columns, result.outcomes)
    assert sampled < report.day and f"In truth {number_text(float(truth[sampled]), 2)} of" in text
    graded = why(
        type(result.events[0])(60.0, "outcome", "agvhd", 2, "grade", ""),
        scenario,
        values,
        result.columns,
        result.outcomes,
    )
    assert f"below {values['integrity_grade_2']:.2g}" in graded

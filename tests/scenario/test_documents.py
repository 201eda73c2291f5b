"""The JSON Schema and the guide say what the program does."""

import re
from pathlib import Path
from typing import Any

import pytest

from simulation.parameters.document import parameter_page
from simulation.scenario import parse_scenario
from simulation.scenario.json_schema import json_schema
from simulation.scenario.reference import BEGIN, END, key_rows, key_table, schema_text
from simulation.yaml_source import parse_yaml, plain, read_yaml

jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
GUIDE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
AGAIN = 'python -c "from simulation.scenario.reference import write_documents; write_documents()"'


def errors(data: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(json_schema())
    return ["/".join(map(str, error.absolute_path)) for error in validator.iter_errors(data)]


def test_the_committed_schema_is_the_generated_one() -> None:
    committed = (ROOT / "docs" / "scenario.schema.json").read_text(encoding="utf-8")
    assert committed == schema_text(), f"run {AGAIN}"


def test_the_guide_lists_every_key() -> None:
    listed = GUIDE.partition(BEGIN)[2].partition(END)[0].strip()
    assert listed == key_table(), f"run {AGAIN}"
    keys = [row["key"] for row in key_rows()]
    assert len(keys) == len(set(keys))
    assert {"dli.first", "immunosuppression[].drug", "start.triggers", "blinatumomab.pattern[].for"} <= set(
        keys
    )
    assert [row["key"] for row in key_rows() if not row["meaning"] or not row["write"]] == []


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_schema_accepts_shipped_scenarios_short_and_in_full(path: Path) -> None:
    from simulation.scenario import load_scenario

    assert errors(plain(read_yaml(path))) == []
    assert errors(plain(parse_yaml(load_scenario(path).to_yaml(), "f"))) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("follow_up: 365", "follow_up"),
        ("follow_up: 365 ug", "follow_up"),
        ("folow_up: 365 d", ""),
        ("start: {when: mdr}", "start/when"),
        ("start: {at_lest: 1}", "start"),
        ("start: {triggers: [{when: x}]}", "start/triggers/0/when"),
        ("dli: {cd3: [1e5]}", "dli/cd3/0"),
        ("dli: {first: 15 d}", "dli/first"),
        ("patient: {wieght: 3 kg}", "patient"),
        ("patient: {weight: 3}", "patient/weight"),
        ("patient: {weight: {distribution: norm}}", "patient/weight"),
        (
            "patient: {weight: {distribution: mixture, parts: [{distribution: fixed}, {weight: 1, distribution: fixed}]}}",
            "patient/weight",
        ),
        (
            "patient: {weight: {distribution: mixture, parts: [{weight: 1, distribution: fixed}]}}",
            "patient/weight",
        ),
        ("patient: {dependence: [{of: weight, with: t_cell_fitness, correlation: 1}]}", "patient/dependence"),
        ("patient: {dependence: [{of: weight, with: t_cell_fitness}]}", "patient/dependence"),
        ("processes: {gvl: no}", "processes/gvl"),
        ("immunosuppression: [{drug: x}]", "immunosuppression/0/drug"),
        ("blinatumomab: {cycles: 0}", "blinatumomab/cycles"),
    ],
)
def test_the_schema_marks_what_the_program_refuses(text: str, path: str) -> None:
    result = errors(plain(parse_yaml(f"name: x\n{text}", "f")))
    assert len(result) == 1
    assert path.startswith(result[0]), "in a block that may be null, the block is marked"


def test_every_key_has_a_description_and_every_quantity_a_pattern() -> None:
    schema = json_schema()
    blocks = [schema["properties"], *(block.get("properties", {}) for block in schema["$defs"].values())]
    bare = [key for block in blocks for key, value in block.items() if not value]
    assert bare == []
    assert "title" not in schema["$defs"]["Dli"]
    assert "x-write" not in schema_text()
    assert "x-use" not in schema_text()


@pytest.mark.parametrize(
    "example", re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL), ids=lambda text: text[:30]
)
def test_examples_in_the_guide_work(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "scenarios")
    named = example if "name:" in example else f"name: Example\n{example}"
    scenario = parse_scenario(named)
    assert errors(plain(parse_yaml(named, "f"))) == []
    assert parse_scenario(scenario.to_yaml()) == scenario


def test_the_parameter_page_is_the_table() -> None:
    assert (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8") == parameter_page(), f"run {AGAIN}"

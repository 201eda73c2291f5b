import json

import pytest

from simulation.errors import ExitStatus
from simulation.parameters.table import ParameterTable

from .conftest import Sim

TABLE = ParameterTable.load()
ONE = TABLE[TABLE.names[0]]


def test_the_table_names_every_parameter_once(sim: Sim) -> None:
    answer = sim("params")
    assert answer.status == ExitStatus.DONE
    first_words = [line.split()[0] for line in answer.out.splitlines() if line.strip()]
    assert [word for word in first_words if word in TABLE] == list(TABLE.names)


def test_piped_rows_are_not_cut(sim: Sim) -> None:
    longest = max((TABLE[name] for name in TABLE.names), key=lambda row: len(row.source))
    (line,) = [line for line in sim("params").out.splitlines() if line.startswith(f"{longest.name} ")]
    assert line.endswith(longest.source)


def test_json_has_canonical_numbers(sim: Sim) -> None:
    rows = json.loads(sim("params", "--json").out)
    assert [row["name"] for row in rows] == list(TABLE.names)
    for row in rows:
        assert row["low"] <= row["value"] <= row["high"]
        assert row["value"] == TABLE[row["name"]].value


def test_one_group(sim: Sim) -> None:
    rows = json.loads(sim("params", "--group", ONE.group, "--json").out)
    assert {row["group"] for row in rows} == {ONE.group}
    assert len(rows) == sum(TABLE[name].group == ONE.group for name in TABLE.names)


def test_a_name_tells_everything_about_it(sim: Sim) -> None:
    answer = sim("params", ONE.name)
    assert answer.out.startswith(ONE.name)
    for message in (ONE.written(ONE.value), ONE.kind, ONE.source):
        assert message in answer.out
    assert TABLE.names[1] not in answer.out.split()


def test_a_mistyped_name_gives_the_nearest(sim: Sim) -> None:
    answer = sim("params", ONE.name + "s")
    assert answer.status == ExitStatus.USAGE
    assert f"did you mean '{ONE.name}'" in answer.err
    assert not answer.out


def test_a_mistyped_group_gives_the_nearest(sim: Sim) -> None:
    answer = sim("params", "--group", ONE.group[:-1])
    assert answer.status == ExitStatus.USAGE
    assert f"did you mean '{ONE.group}'" in answer.err


def test_a_name_of_another_group_is_an_error(sim: Sim) -> None:
    other = next(group for group in TABLE.groups if group != ONE.group)
    answer = sim("params", ONE.name, "--group", other)
    assert answer.status == ExitStatus.USAGE
    assert ONE.group in answer.err


def test_markdown_has_a_row_of_seven_cells_for_each(sim: Sim) -> None:
    lines = sim("params", "--markdown").out.splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) == len(TABLE)
    for row in rows:
        assert row.replace("\\|", "").count("|") == 8


def test_json_and_markdown_exclude_each_other(sim: Sim) -> None:
    assert sim("params", "--json", "--markdown").status == ExitStatus.USAGE


@pytest.mark.parametrize("key", ["start", "blinatumomab", "dli", "extends", "parameters"])
def test_the_schema_knows_the_scenarios_keys(sim: Sim, key: str) -> None:
    schema = json.loads(sim("schema").out)
    assert key in schema["properties"]

import copy
import pickle
from pathlib import Path

import pytest

from simulation.errors import UserError
from simulation.parameters import PROCESS_NAMES, ParameterTable, ParameterValues, render_parameter_table
from simulation.units import CANONICAL_UNIT, parse_quantity

TABLE = ParameterTable.load()
ROW = """\
blasts:
  rate_growth:
    value: 0.06 /day
    low: 0.005 /day
    high: 0.3 /day
    kind: measured
    confidence: H
    source: a paper
"""


def read(tmp_path: Path, text: str) -> ParameterTable:
    (tmp_path / "table.yaml").write_text(text)
    return ParameterTable.read(tmp_path / "table.yaml", "table.yaml")


def test_every_packaged_row_is_usable() -> None:
    assert len(TABLE) > 0
    for row in TABLE.rows:
        assert row.low <= row.value <= row.high, row.name
        assert row.unit == CANONICAL_UNIT[row.dimension]
        assert row.source, f"{row.name} has no source"
        for number in (row.value, row.low, row.high):
            assert parse_quantity(row.written(number), row.dimension) == number
        if row.between_patients is not None:
            assert row.low <= row.between_patients.sample(0.5) <= row.high


def test_names_that_scenarios_use_are_in_the_table() -> None:
    names = (
        "rate_blast_net_growth",
        "n_residual_blasts",
        "n_cd19_negative_reservoir",
        "weight",
        "fraction_alloreactive_haploidentical",
        "n_t_cell_set_point_early",
        "cl_blinatumomab",
    )
    assert [name for name in names if name not in TABLE] == []


def test_the_table_is_read_once() -> None:
    assert ParameterTable.load() is TABLE


def test_a_row_is_converted_to_canonical_units(tmp_path: Path) -> None:
    text = (
        ROW.replace("0.06 /day", "0.0025 /h")
        + "    between_patients: {distribution: lognormal, sigma: 0.5}\n"
    )
    row = read(tmp_path, text)["rate_growth"]
    assert (row.value, row.low, row.high, row.unit, row.group) == (0.06, 0.005, 0.3, "/day", "blasts")
    assert row.between_patients is not None
    assert row.between_patients.sample(1.0) == 0.3, "samples are clipped to the row's range"


def test_unknown_names_tell_the_nearest() -> None:
    assert TABLE.nearest("wieght") == "weight"
    with pytest.raises(KeyError, match="did you mean 'weight'"):
        TABLE["wieght"]


def test_values_are_frozen_and_reached_by_name() -> None:
    values = TABLE.parameter_values({"weight": 82.0})
    assert values.weight == values["weight"] == 82.0
    with pytest.raises(AttributeError, match="did you mean 'weight'"):
        _ = values.wieght
    with pytest.raises(AttributeError, match="frozen"):
        values.weight = 70.0
    with pytest.raises(AttributeError, match="frozen"):
        del values.weight
    with pytest.raises(AttributeError, match="did you mean 'weight'"):
        values.replace(wieght=3.0)


def test_values_compare_and_hash_by_content() -> None:
    values = TABLE.parameter_values()
    other = values.replace(weight=71.0)
    assert values == TABLE.parameter_values() == pickle.loads(pickle.dumps(values)) == copy.deepcopy(values)
    assert hash(values) == hash(TABLE.parameter_values())
    assert other != values
    assert values.weight == TABLE["weight"].value, "replace leaves the original alone"
    assert len({values, TABLE.parameter_values(), other}) == 2
    assert dict(values) == TABLE.values()


def test_the_digest_tells_numbers_apart_and_ignores_their_order() -> None:
    a = ParameterValues({"x": 1.0, "y": 2.0})
    assert a.digest() == ParameterValues({"y": 2.0, "x": 1.0}).digest()
    assert a.digest() == ParameterValues({"x": 1, "y": 2}).digest()
    assert a.digest() != ParameterValues({"x": 2.0, "y": 1.0}).digest()
    assert a.digest() != ParameterValues({"x": 1.0, "y": 2.0000000000000004}).digest()


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("low: 0.005 /day", "low: 0.07 /day", 3, "outside its own range 0.07 /day to 0.3 /day"),
        ("low: 0.005 /day", "low: 0.005 kg", 4, "which is a weight"),
        ("value: 0.06 /day", "value: 0.06 /dy", 3, "the unit '/dy'"),
        ("kind: measured", "kind: measurd", 6, "did you mean 'measured'?"),
        ("confidence: H", "confidence: X", 7, "one of H, M, L"),
        ("source: a paper", "sourc: a paper", 8, "did you mean 'source'?"),
        ("    source: a paper\n", "", 2, "the key 'source' is missing"),
        ("source: a paper", "source: null", 8, "expected text"),
        (
            "source: a paper",
            "source: a\n    between_patients: {distribution: uniform, low: 1 kg}",
            9,
            "between_patients",
        ),
        ("source: a paper", "source: a\n    source: b", 9, "written twice, first on line 8"),
        ("source: a paper", "source: a\n    unit: furlong", 9, "blasts.rate_growth.unit"),
        ("  rate_growth:", "  rate growth:", 2, "a name such as"),
        ("source: a paper", "source: a\nother: 5", 9, "a block of parameters"),
    ],
)
def test_a_mistake_in_the_table_names_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        read(tmp_path, ROW.replace(old, new))
    assert caught.value.line == line, str(caught.value)
    assert message in str(caught.value)


def test_a_name_in_two_groups_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"table\.yaml:10: .*'rate_growth' is written twice"):
        read(tmp_path, ROW + ROW.replace("blasts", "others"))


def test_a_range_may_tell_the_unit_of_a_bare_zero(tmp_path: Path) -> None:
    text = ROW.replace("0.06 /day", "0").replace("0.005 /day", "0").replace("0.3 /day", "10 %")
    row = read(tmp_path, text)["rate_growth"]
    assert (row.dimension, row.high) == ("fraction", 0.1)


def test_render_gives_text_with_units() -> None:
    rows = render_parameter_table(TABLE)
    assert [row["name"] for row in rows] == list(TABLE.names)
    weight = next(row for row in rows if row["name"] == "weight")
    assert weight["value"] == TABLE["weight"].written(TABLE["weight"].value)
    assert weight["value"].endswith(" kg")
    group = TABLE.groups[-1]
    assert {row["group"] for row in render_parameter_table(TABLE, group)} == {group}
    with pytest.raises(UserError, match="did you mean"):
        render_parameter_table(TABLE, group + "x")


def test_process_names_are_unique_words() -> None:
    assert len(set(PROCESS_NAMES)) == len(PROCESS_NAMES)
    assert all(name.isidentifier() and name == name.lower() for name in PROCESS_NAMES)


def test_what_is_said_to_be_fitted_stands_on_the_page_of_the_fits() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "calibration.md").read_text(encoding="utf-8")
    fitted = [row for row in ParameterTable.load().rows if "docs/calibration.md" in (row.note or "")]
    assert len(fitted) > 20
    assert [row.name for row in fitted if row.name not in page] == []

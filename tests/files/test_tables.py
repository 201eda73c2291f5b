"""One form of number, truth and nothing, in CSV and in JSON."""

import csv
import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.files.tables import columns_csv, csv_text, field_text, json_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"), (5.0, "5"), (np.int64(5), "5"), (np.float64(5), "5"), (-0.0, "-0"), (0.1 + 0.2, "0.30000000000000004"),
        (1e22, "1e+22"), (1e11, "100000000000"), (True, "true"), (np.bool_(False), "false"), (None, ""), (math.nan, ""),
        (np.float64("nan"), ""), (math.inf, "inf"), (-math.inf, "-inf"), ("5.0", "5.0"), ("", ""),
    ],
)  # fmt: skip
def test_a_value_has_one_text(value: object, text: str) -> None:
    assert field_text(value) == text


@given(st.floats(allow_nan=False))
def test_every_number_reads_back(value: float) -> None:
    assert float(field_text(value)) == value


def test_a_table_reads_back_whatever_its_texts_hold() -> None:
    rows: list[list[object]] = [["a,b", 'say "x"', "two\nlines"], [None, 1.5, True]]
    read = list(csv.reader(io.StringIO(csv_text(["x", "y", "z"], rows))))
    assert read == [["x", "y", "z"], rows[0], ["", "1.5", "true"]]


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        columns_csv({"a": np.arange(3), "b": np.arange(2)})


def test_json_is_strict() -> None:
    data = {
        "a": np.float64("nan"),
        "b": (math.inf, np.int32(2)),
        "c": {"d": np.array([1.0, 2.5])},
        5: np.bool_(True),
    }
    assert json.loads(json_text(data)) == {"a": None, "b": [None, 2], "c": {"d": [1.0, 2.5]}, "5": True}

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.units import (
    DIMENSIONS,
    Dimension,
    QuantityError,
    dimension_of,
    examples,
    format_dose,
    format_number,
    format_quantity,
    parse_dose,
    parse_quantity,
    unit_pattern,
)

numbers = st.floats(min_value=-1e200, max_value=1e200, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("28 d", "time", 28.0),
        ("6 h", "time", 0.25),
        ("6 hr", "time", 0.25),
        ("30 min", "time", 1 / 48),
        ("2 wk", "time", 14.0),
        ("3 mo", "time", 91.3125),
        ("1 y", "time", 365.25),
        ("day 15", "day", 15.0),
        ("Day -4", "day", -4.0),
        ("28 ug/day", "dose_rate", 28.0),
        ("28 µg/d", "dose_rate", 28.0),
        ("28 μg/day", "dose_rate", 28.0),
        ("0.028 mg/day", "dose_rate", 0.028 * 1000),
        ("15 ug/m²/day", "dose_rate_per_area", 15.0),
        ("1e6/kg", "cells_per_kg", 1e6),
        ("1e6 cells/kg", "cells_per_kg", 1e6),
        ("1e6 CD3/kg", "cells_per_kg", 1e6),
        ("1 cell", "cells", 1.0),
        ("2e5 cells", "cells", 2e5),
        ("10 %", "fraction", 0.1),
        ("10%", "fraction", 0.1),
        (0.1, "fraction", 0.1),
        ("1e-4", "fraction", 1e-4),
        ("2.2 /h", "rate", 52.8),
        ("2.2 /hr", "rate", 52.8),
        ("0.1/d", "rate", 0.1),
        ("0.1 per day", "rate", 0.1),
        ("200 contacts/day", "rate", 200.0),
        ("1e-8 /division", "per_division", 1e-8),
        ("2.22 L/h", "clearance", 53.28),
        ("5980 mL", "volume", 5.98),
        ("0.15 ng/mL", "concentration", 150.0),
        ("616 pg/mL", "concentration", 616.0),
        ("0.616 ug/L", "concentration", 616.0),
        ("50 /uL", "blood_count", 50.0),
        ("1.2e7 /mL", "blood_count", 12000.0),
        ("1e9 /L", "blood_count", 1000.0),
        ("50 /mm3", "blood_count", 50.0),
        ("50 cells/mm3", "blood_count", 50.0),
        ("70 kg", "weight", 70.0),
        ("1.8 m2", "area", 1.8),
        (".5", "dimensionless", 0.5),
        ("2 x", "dimensionless", 2.0),
        ("2x", "dimensionless", 2.0),
    ],
)
def test_reads_what_people_write(text: object, dimension: Dimension, value: float) -> None:
    assert parse_quantity(text, dimension) == value


@pytest.mark.parametrize(
    ("dimension", "meaning"),
    [
        (
            "time",
            {"d day days": 1, "h hr hour hours": 1 / 24, "min minute minutes": 1 / 1440, "s": 1 / 86400},
        ),
        ("time", {"wk week weeks": 7, "mo month months": 30.4375, "y year years": 365.25}),
        ("amount", {"ug mcg µg": 1, "ng": 0.001, "mg": 1000}),
        ("amount_per_kg", {"mg/kg": 1, "ug/kg mcg/kg": 0.001, "ng/kg": 1e-6}),
        ("dose_rate", {"ug/day": 1, "ug/h": 24, "mg/wk": 1000 / 7}),
        ("dose_rate_per_area", {"ug/m2/day": 1, "ug/m2/h": 24, "mg/m2/wk": 1000 / 7}),
        ("volume", {"L l": 1, "dL": 0.1, "mL": 0.001, "uL": 1e-6}),
        ("concentration", {"pg/mL": 1, "ng/mL": 1000, "ug/dL": 10_000, "mg/L": 1e6}),
        ("cells_per_day", {"cells/day": 1, "cells/h": 24}),
        ("cells", {"cells cell": 1}),
        ("count", {"cells": 1}),
        ("per_division", {"/division /divisions": 1}),
        ("weight", {"kg": 1, "g": 0.001}),
        ("length", {"cm": 1, "m": 100}),
        ("fraction", {"%": 0.01}),
        ("dimensionless", {"x": 1, "%": 0.01}),
    ],
)
def test_every_spelling_of_a_unit_means_the_same(dimension: Dimension, meaning: dict[str, float]) -> None:
    for spellings, value in meaning.items():
        for unit in spellings.split():
            assert parse_quantity(f"1 {unit}", dimension) == pytest.approx(value, rel=1e-15), unit


@pytest.mark.parametrize(
    ("text", "dimension", "message"),
    [
        ("28 dd", "time", "whose unit 'dd' is not known"),
        ("28 ug/day", "time", "which is a dose rate"),
        ("28", "time", "which has no unit"),
        (28, "time", "which has no unit"),
        ("28 d", "day", "got '28 d'"),
        ("1e-4 grain", "fraction", "whose unit 'grain' is not known"),
        ("1e-4 mg", "fraction", "which is an amount of drug"),
        (True, "fraction", "got true"),
        (None, "time", "got nothing"),
        ([1], "time", "got a list"),
        ({}, "time", "got a block of keys"),
        ("", "fraction", "got ''"),
        ("nan", "fraction", "got 'nan'"),
        ("inf d", "time", "got 'inf d'"),
        (math.nan, "fraction", "got nan"),
        (math.inf, "fraction", "got inf"),
        ("1e999", "fraction", "beyond any number"),
        ("1e300", "fraction", "beyond any number"),
        ("-1e300", "fraction", "beyond any number"),
        (1e300, "fraction", "got 1e+300"),
        (-1e300, "fraction", "got -1e+300"),
        ("1_000", "dimensionless", "is not known"),
        ("0x10", "dimensionless", "is not known"),
        ("1,5 d", "time", "is not known"),
        ("5 d d", "time", "is not known"),
        ("9" * 100 + " d", "time", "..."),
        ("15 ug/m2/day", "dose_rate", "per body surface"),
    ],
)
def test_refuses_anything_else(text: object, dimension: Dimension, message: str) -> None:
    with pytest.raises(QuantityError, match=re.escape(message)) as caught:
        parse_quantity(text, dimension)
    assert caught.value.expected


def test_proposes_the_unit_that_was_meant() -> None:
    with pytest.raises(QuantityError) as caught:
        parse_quantity("2.22 L/hh", "clearance")
    assert caught.value.nearest == "L/h"
    with pytest.raises(QuantityError) as caught:
        parse_quantity("2 weks", "time")
    assert caught.value.nearest == "weeks"


@given(numbers, st.sampled_from(DIMENSIONS))
def test_writing_and_reading_is_exact(value: float, dimension: Dimension) -> None:
    assert parse_quantity(format_quantity(value, dimension), dimension) == value


@given(st.integers(0, 24 * 4000))
def test_hours_are_exact_parts_of_a_day(hours: int) -> None:
    assert parse_quantity(f"{hours} h", "time") * 24 == hours


@given(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6))
def test_reading_keeps_order(a: float, b: float) -> None:
    for unit in ("d", "h", "min", "wk", "mo", "y"):
        low, high = (parse_quantity(f"{number!r} {unit}", "time") for number in sorted((a, b)))
        assert low <= high


@given(numbers)
def test_printed_numbers_are_never_longer_than_python_prints_them(value: float) -> None:
    text = format_number(value)
    assert float(text) == value
    assert len(text) <= len(repr(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0.0, "0"), (-2.0, "-2"), (0.5, "0.5"), (12.25, "12.25"), (1234567.5, "1234567.5")),
        *(
            (10000.0, "10000"),
            (100000.0, "1e5"),
            (120000.0, "120000"),
            (123456.0, "123456"),
            (2.5e7, "2.5e7"),
        ),
        *((0.002, "0.002"), (0.001, "0.001"), (0.0001, "1e-4"), (0.0005, "0.0005"), (1e-5, "1e-5")),
        *((1.5e-7, "1.5e-7"), (1e22, "1e22"), (-1e22, "-1e22")),
    ],
)
def test_numbers_are_printed_as_people_write_them(value: float, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 d"),
        (0.25, "6 h"),
        (-0.5, "-12 h"),
        (1 / 48, "0.5 h"),
        (1.0, "1 d"),
        (1.5, "1.5 d"),
        (28.0, "28 d"),
    ],
)
def test_parts_of_a_day_are_printed_in_hours(value: float, text: str) -> None:
    assert format_quantity(value, "time") == text


@given(st.floats(0, 1e4), st.booleans())
def test_doses_keep_their_kind(amount: float, per_m2: bool) -> None:
    assert parse_dose(format_dose(amount, per_m2)) == (amount, per_m2)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_every_dimension_reads_its_own_examples(dimension: Dimension) -> None:
    pattern = re.compile(unit_pattern(dimension))
    for text in examples(dimension):
        written = format_quantity(parse_quantity(text, dimension), dimension)
        assert pattern.search(text), text
        assert pattern.search(written), written
        if not any(text.strip("0123456789.e-+ ") == bare for bare in ("", "%")):
            assert dimension_of(text) == dimension


def test_patterns_refuse_other_dimensions() -> None:
    assert not re.search(unit_pattern("time"), "28 ug/day")
    assert not re.search(unit_pattern("time"), "28")
    assert not re.search(unit_pattern("clearance"), "2.22 L")
    assert not re.search(unit_pattern("cells_per_kg"), "1e6 cells")


def test_an_unknown_unit_has_no_dimension() -> None:
    with pytest.raises(QuantityError, match="a unit known here"):
        dimension_of("5 parsec")


def test_a_quantity_has_at_most_64_characters() -> None:
    assert parse_quantity("1" + " " * 62 + "d", "time") == 1.0
    assert parse_quantity("day" + " " * 60 + "1", "day") == 1.0
    for text, dimension in (("1" + " " * 63 + "d", "time"), ("day" + " " * 61 + "1", "day")):
        with pytest.raises(QuantityError):
            parse_quantity(text, dimension)  # type: ignore[arg-type]
    with pytest.raises(QuantityError, match=f"got '{'x' * 64}'"):
        parse_quantity("x" * 64, "time")
    with pytest.raises(QuantityError, match=f"got '{'x' * 61}[.]{{3}}'"):
        parse_quantity("x" * 65, "time")


def test_text_of_any_length_is_refused_quickly() -> None:
    with pytest.raises(QuantityError):
        parse_quantity("1" * 1_000_000, "fraction")

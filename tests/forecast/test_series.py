"""A measured course is read strictly: every mistake has its line, its key and what was expected."""

from pathlib import Path

import pytest

from simulation.errors import UserError
from simulation.forecast.series import load_series, parse_series

COURSES = Path(__file__).resolve().parents[2] / "scenarios" / "courses"
YAML = """\
name: Hers
measured:
  - {day: day 28, mrd: <1e-5, cd3: 80 /uL}
  - {day: day 56, mrd: 0.01 %, cd3: 0.19e9 /L, agvhd: 1}
given:
  - {day: day 40, give: dli, cd3: 1e5/kg}
"""
CSV = """\
day,mrd [%],cd3 [/uL],agvhd,given
28,<1e-3,80,,
40,,,,"give: dli, cd3: 1e5/kg"
56,0.01,190,1,
"""


def test_both_forms_say_the_same() -> None:
    one, other = parse_series(YAML, "hers.yaml"), parse_series(CSV, "hers.csv")
    assert [m.value for m in one.measured] == pytest.approx([m.value for m in other.measured])
    assert [(m.day, m.what, m.below) for m in one.measured] == [
        (m.day, m.what, m.below) for m in other.measured
    ]
    assert one.today == other.today == 56
    assert [dict(order) | {"day": ""} for order in one.given] == [
        dict(order) | {"day": ""} for order in other.given
    ]
    assert one.mrd_today


def test_the_shipped_courses_say_the_same() -> None:
    one, other = load_series(COURSES / "mrd_is_back.yaml"), load_series(COURSES / "mrd_is_back.csv")
    plain = [[(m.day, m.what, m.value, m.below) for m in read.measured] for read in (one, other)]
    assert plain[0] == plain[1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mrd: <1e-5", "mrd: 0", "hers.yaml:3: measured.0.mrd: expected a number above 0"),
        ("mrd: <1e-5", "mdr: <1e-5", "(did you mean 'mrd'?)"),
        ("cd3: 80 /uL", "cd3: 80", "which has no unit"),
        ("cd3: 80 /uL", "cd3: 80 kg", "measured.0.cd3"),
        ("agvhd: 1", "agvhd: 5", "a grade from 0 to 4"),
        ("agvhd: 1", "agvhd: <1", "a grade from 0 to 4"),
        ("mrd: 0.01 %", "mrd: 3", "at most 1"),
        ("day: day 28", "day: 28", "measured.0.day: expected a day counted from 0"),
        ("day: day 28", "day: day 56", "stands there twice"),
        ("name: Hers", "today: day 30", "not before the last of the file"),
        ("name: Hers", "error: {mrd: 30}", "error.mrd: expected a number from 0.05 to 2"),
        ("name: Hers", "patients: 3", "did you mean 'patient'?"),
        ("give: dli", "{give: dli", "hers.yaml:6: "),
    ],
)
def test_a_mistake_is_told_where_it_is(old: str, new: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_series(YAML.replace(old, new, 1), "hers.yaml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cd3 [/uL]", "cd3", "which has no unit"),
        ("cd3 [/uL]", "cd4 [/uL]", "(did you mean 'cd3'?)"),
        ("28,<1e-3,80,,", "28,<1e-3,80,", "hers.csv:2: expected 5, as in the header, got 4 fields"),
        ("56,0.01", "day 56,0.01", "hers.csv:4: day: expected days after transplant"),
        ("190", "many", "hers.csv:4: cd3"),
        ("give: dli,", "dli", "hers.csv:3: given: expected orders as in a scenario"),
        ("agvhd", "agvhd [grade]", "this column has no unit"),
    ],
)
def test_a_mistake_in_a_table_too(old: str, new: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_series(CSV.replace(old, new, 1), "hers.csv")
    assert message in str(caught.value)

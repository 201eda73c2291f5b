"""The baseline table: its numbers are those of the distributions, its words those of the file."""

import csv
import io
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulation.cohort import tables
from simulation.cohort.baselines import TOO_FEW, load_baselines
from simulation.cohort.draw import DrawnCohort, draw
from simulation.cohort.figure import figure_of
from simulation.cohort.summary import Row, Summary, concerns, number, summarise
from simulation.files.marked_page import marks, renewed_page
from simulation.results.figures.style import render
from simulation.trial.load import load_cohort_arm
from tests.cohort.conftest import COHORTS, STANDARD, TEXT

BEGIN, END = marks("cohort")

N = 4000


def row(summary: Summary, name: str) -> Row:
    return next(row for row in summary.rows if row.name == name)


@pytest.fixture
def summary(drawn: DrawnCohort) -> Summary:
    return summarise(drawn, load_baselines())


def test_quantiles_are_those_of_the_closed_forms(summary: Summary) -> None:
    """Allow four standard errors of a quantile: false alarm below 1e-3 over all (one fixed seed)."""

    def near(result: float, expected: float, q: float, density: float) -> None:
        assert abs(result - expected) < 4 * math.sqrt(q * (1 - q) / N) / density

    weight = row(summary, "weight")
    near(weight.median, 70.0, 0.5, 0.3989 / 10)
    near(weight.third_quartile, 70 + 6.745, 0.75, 0.3178 / 10)
    near(weight.low, 70 - 19.6, 0.025, 0.05844 / 10)
    growth = row(summary, "rate_blast_net_growth")
    near(math.log(growth.median), math.log(0.07), 0.5, 0.3989 / 0.3)
    near(math.log(growth.first_quartile), math.log(0.07) - 0.6745 * 0.3, 0.25, 0.3178 / 0.3)
    near(math.log(growth.high), math.log(0.07) + 1.96 * 0.3, 0.975, 0.05844 / 0.3)
    clearance = row(summary, "cl_blinatumomab")
    near(clearance.first_quartile, 2.25 * 24, 0.25, 1 / 24)
    near(clearance.high, 2.975 * 24, 0.975, 1 / 24)


def test_few_values_are_told_as_shares(summary: Summary) -> None:
    (none, some) = row(summary, "n_residual_blasts").shares
    assert (none[0], some[0]) == (0.0, 2e5)
    assert none[1] + some[1] == N
    assert abs(none[1] - N / 4) < 4 * math.sqrt(N * 3 / 16)
    assert row(summary, "weight").shares == ()


def test_rows_say_distribution_unit_and_source_and_leave_out_what_does_not_vary(summary: Summary) -> None:
    assert {one.name for one in summary.rows} == {
        "weight", "rate_blast_net_growth", "n_residual_blasts", "cl_blinatumomab",
    }  # fmt: skip
    growth = row(summary, "rate_blast_net_growth")
    assert (growth.distribution, growth.unit, growth.source) == (
        "log-normal, median 0.07, CV 31%",
        "/day",
        "Someone 2001",
    )
    assert row(summary, "weight").distribution == "normal, mean 70, SD 10"
    assert row(summary, "n_residual_blasts").distribution == "one of 0 (25%), 2e5 (75%)"
    assert row(summary, "cl_blinatumomab").distribution == "even between 48 and 72"
    assert (
        "Clements" in row(summary, "cl_blinatumomab").source
    )  # the parameter table's, where the file has none
    assert ("t_cell_fitness", "1.2") in summary.fixed


def test_patients_clipped_at_a_limit_of_the_table_are_told(cohort_file: Callable[..., Path]) -> None:
    text = TEXT.replace("mean: 70 kg, sd: 10 kg", "mean: 140 kg, sd: 10 kg")  # a share of 0.159 beyond 150 kg
    wide = summarise(draw(*load_cohort_arm(cohort_file(text)), 3, N, followed=False), load_baselines())
    words, _, clipped = row(wide, "weight").distribution.partition("; ")
    assert words == "normal, mean 140, SD 10"
    assert clipped in {
        f"{share} % at the parameter's limit".replace(" %", "%") for share in (14, 15, 16, 17, 18)
    }
    assert row(wide, "weight").high == 150.0


def test_without_the_first_weeks_nothing_of_them_is_told_or_compared(summary: Summary) -> None:
    assert summary.early == ()
    assert not [one for one in summary.compared if one.measure.early]
    assert tables.early_table(summary)[1] == []


def test_a_parameter_of_the_other_donor_is_left_out() -> None:
    assert concerns("fraction_alloreactive_sibling", "matched_sibling")
    assert not concerns("fraction_alloreactive_sibling", "haploidentical")
    sibling = summarise(
        draw(*load_cohort_arm(COHORTS / "matched_sibling.yaml"), 1, 20, followed=False), load_baselines()
    )
    names = {one.name for one in sibling.rows}
    assert "fraction_alloreactive_sibling" in names
    assert "fraction_alloreactive_haploidentical" not in names
    assert "alloreactive" not in {one.id for one in sibling.compared}
    assert ("donor", "matched sibling") in sibling.fixed


def test_the_tables_hold_what_the_summary_holds(summary: Summary) -> None:
    lines = list(csv.DictReader(io.StringIO(tables.baseline_csv(summary))))
    assert len(lines) == len(summary.rows) + len(summary.compared)
    growth = next(line for line in lines if line["name"] == "rate_blast_net_growth")
    assert float(growth["median"]) == row(summary, "rate_blast_net_growth").median
    document = json.loads(json.dumps(summary.document(), allow_nan=False))
    assert {one["name"] for one in document["varies"]} == {one.name for one in summary.rows}
    text = tables.markdown(summary, figure="here.png")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == len(summary.rows) + len(summary.compared) + 2
    assert len({line.count(" | ") for line in rows[: len(summary.rows) + 1]}) == 1
    assert "(here.png)" in text


def test_too_few_patients_are_not_told_as_nothing_published(summary: Summary) -> None:
    few = tuple(
        replace(one, verdict=replace(one.verdict, typical="", words=TOO_FEW)) for one in summary.compared
    )
    text = tables.verdict(replace(summary, compared=few))
    assert f"too few to judge by {len(few)} published baselines" in text
    assert tables.verdict(replace(summary, compared=())) == "Nothing published to judge these patients by."


def test_the_sentence_counts_what_agrees_and_names_what_does_not(summary: Summary) -> None:
    sentence = tables.verdict(summary)
    known = [one for one in summary.compared if one.verdict.agrees is not None]
    right = [one for one in known if one.verdict.agrees]
    assert sentence.startswith(f"{len(right)} of {len(known)} published baselines agree")
    for one in known:
        assert (f"{one.baseline.what} (" in sentence) is not one.verdict.agrees


@pytest.mark.parametrize(
    ("value", "message"),
    [(0.07, "0.07"), (2.5e10, "2.5e10"), (37_634, "3.76e4"), (2036.5, "2036"), (0, "0"), (1e-9, "1e-9"),
     (math.inf, "not reached"), (math.nan, "\N{EN DASH}")],
)  # fmt: skip
def test_numbers_for_reading(value: float, message: str) -> None:
    assert number(value) == message


def test_a_page_is_renewed_between_its_marks_only() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert renewed_page(page, "new\n", (BEGIN, END)) == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert renewed_page(f"{END} {BEGIN}", "new", (BEGIN, END)) is None
    assert renewed_page("no marks", "new", (BEGIN, END)) is None


def test_the_figure_shows_every_parameter_and_marks_what_is_published() -> None:
    drawn = draw(*load_cohort_arm(STANDARD), 1, 30, followed=False)
    summary = summarise(drawn, load_baselines())
    figure = figure_of(summary)
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert len(shown) == len(summary.rows) + 1  # drug level at steady state besides
    growth = next(ax for ax in shown if ax.get_title(loc="left") == "Net growth of blasts")
    marks = [np.asarray(line.get_xdata()) for line in growth.lines if line.get_marker() == "D"]
    assert [list(mark) for mark in marks] == [[6.9]]
    assert growth.get_xlabel() == "%/day"
    assert render(figure)["png"] == render(figure_of(summary))["png"]


def test_one_patient_makes_a_figure_too(tmp_path: Path) -> None:
    summary = summarise(draw(*load_cohort_arm(STANDARD), 1, 1, followed=False), load_baselines())
    assert render(figure_of(summary))["png"][:4] == b"\x89PNG"

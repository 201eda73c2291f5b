"""Cohorts with mixtures and with dependence: who they are, what is told of them, and that every command has them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulation.body.virtual_patient import patient_values
from simulation.cli import main
from simulation.cohort import tables
from simulation.cohort.baselines import load_baselines
from simulation.cohort.draw import DrawnCohort, draw
from simulation.cohort.summary import Summary, summarise
from simulation.errors import UserError
from simulation.parameters import ParameterTable
from simulation.parameters.dependence import parse_dependence
from simulation.trial.load import load_cohort_arm, load_quick_trial
from simulation.trial.task import repeated_arm
from tests.cohort.conftest import ROOT, STANDARD

TEXT = """\
name: Made up
between_patients: none
patient:
  weight: {distribution: normal, mean: 70 kg, sd: 10 kg, source: assumption}
  n_residual_blasts:
    distribution: mixture
    source: a series
    parts:
      - {weight: 4, distribution: fixed, value: 0 cells}
      - {weight: 6, distribution: lognormal, median: 2e5 cells, sigma: 0.8, source: another}
  t_cell_fitness: {distribution: lognormal, sigma: 0.3}
  n_cd19_negative_reservoir:
    distribution: mixture
    parts: [{weight: 1, distribution: fixed, value: 0 cells}, {weight: 1, distribution: fixed, value: 10 cells}]
  dependence:
    - {of: n_residual_blasts, with: weight, correlation: 0.5, source: a guess}
"""
SHORT = [("follow_up", "2 d", ""), ("patients", 3, "")]
TINY = [("marrow.rows", 3, ""), ("marrow.columns", 3, ""), ("marrow_maps", [], "")]
NAMES = [str(ROOT / "scenarios" / f"{name}.yaml") for name in ("no_treatment", "blinatumomab_only")]


@pytest.fixture
def drawn(cohort_file: Callable[..., Path]) -> DrawnCohort:
    return draw(*load_cohort_arm(cohort_file(TEXT)), 3, 4000, followed=False)


@pytest.fixture
def summary(drawn: DrawnCohort) -> Summary:
    return summarise(drawn, load_baselines())


def test_the_table_says_mixtures_and_correlations_in_words(summary: Summary) -> None:
    rows = {row.name: row for row in summary.rows}
    blasts, weight = rows["n_residual_blasts"], rows["weight"]
    assert blasts.distribution.startswith("mixture: 40% 0 cells; 60% log-normal, median 2e5, CV 95%")
    assert "limit" not in blasts.distribution, (
        "no blasts are a part of the mixture, not a draw beyond the table's range"
    )
    assert "correlation 0.5 with weight (here 0." in blasts.distribution
    assert "correlation 0.5 with n_residual_blasts (here 0." in weight.distribution
    assert weight.source == "assumption; correlation with n_residual_blasts: a guess"
    assert blasts.source == "a series; another; correlation with weight: a guess"
    assert "correlation" not in rows["t_cell_fitness"].distribution
    assert blasts.shares == ()
    assert [value for value, _ in rows["n_cd19_negative_reservoir"].shares] == [0.0, 10.0]
    assert "correlation 0.5 with weight" in tables.markdown(summary)
    assert any(
        "correlation 0.5" in row["distribution"]
        for row in csv.DictReader(io.StringIO(tables.baseline_csv(summary)))
    )
    assert "correlation 0.5" in json.dumps(summary.document())


def test_every_command_has_the_same_persons(cohort_file: Callable[..., Path], drawn: DrawnCohort) -> None:
    trial = load_quick_trial(NAMES, SHORT, TINY, str(cohort_file(TEXT)))
    assert trial.notes == ()
    for arm in trial.arms:
        for patient in range(5):
            values = patient_values(arm.scenario, 3, patient)
            assert all(values[name] == drawn.values[name][patient] for name, _ in drawn.cohort.varies)
            again = repeated_arm(arm, 3, patient, 1)
            assert patient_values(again.scenario, 99, patient) == values, "a repeat is the same person"


def test_a_variant_that_fixes_a_parameter_needs_no_other_list(cohort_file: Callable[..., Path]) -> None:
    cohort_file(TEXT, "base")
    cohort, _ = load_cohort_arm(cohort_file("extends: base.yaml\nname: v\npatient: {weight: 70 kg}\n"))
    assert not cohort.dependence
    cohort, _ = load_cohort_arm(cohort_file(TEXT), [("patient.weight", "70 kg", "--set")])
    assert not cohort.dependence
    with pytest.raises(
        UserError, match=r"made_up.yaml:16: patient.dependence.0.with: .*weight does not vary"
    ):
        load_cohort_arm(
            cohort_file(
                TEXT.replace("{distribution: normal, mean: 70 kg, sd: 10 kg, source: assumption}", "70 kg")
            )
        )


def test_a_cohort_takes_over_what_the_table_says_of_those_that_vary(
    cohort_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ParameterTable.load()
    messages = [
        {"of": "weight", "with": "t_cell_fitness", "correlation": 0.3, "source": "a paper"},
        {"of": "cl_blinatumomab", "with": "t_cell_fitness", "correlation": 0.2, "source": "a paper"},
    ]
    before = load_cohort_arm(STANDARD)[0]
    monkeypatch.setattr(table, "dependence", parse_dependence(messages, table.names, table.names))

    def correlations(text: str) -> list[float]:
        cohort, _ = load_cohort_arm(cohort_file(f"name: c\n{text}"))
        return [pair.correlation for pair in cohort.dependence.pairs]

    assert correlations("") == [0.3, 0.2]
    assert correlations("patient: {weight: 60 kg}") == [0.2]
    assert correlations("patient: {weight: {distribution: normal, sd: 5 kg}}") == [0.3, 0.2]
    assert correlations("patient: {dependence: null}") == []
    assert correlations("between_patients: none") == []
    after = load_cohort_arm(STANDARD)[0]
    assert (after.varies, len(after.dependence.pairs)) == (before.varies, 2)
    drawn = load_quick_trial(NAMES, SHORT, TINY).arms[0].scenario.patient
    assert [pair.correlation for pair in drawn.dependence.pairs] == [0.3, 0.2]
    fixed = (
        load_quick_trial(NAMES, SHORT, [*TINY, ("parameters.weight", "70 kg", "--set")])
        .arms[0]
        .scenario.patient
    )
    assert [pair.correlation for pair in fixed.dependence.pairs] == [0.2], "who is fixed leaves his pairs"


def test_the_command_takes_such_a_cohort_and_says_what_is_wrong_with_one(
    cohort_file: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cohort", str(cohort_file(TEXT)), "--patients", "40", "--draw-only"]) == 0
    assert main(["check", str(cohort_file(TEXT))]) == 0
    capsys.readouterr()
    assert main(["check", str(cohort_file(TEXT.replace("correlation: 0.5", "correlation: 5")))]) == 2
    assert "made_up.yaml:16: patient.dependence.0.correlation" in capsys.readouterr().err

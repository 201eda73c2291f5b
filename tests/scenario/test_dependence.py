"""Mixtures and dependence in a scenario's block `patient`: read, written, merged, drawn and refused."""

import math
import pickle
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from simulation.body.virtual_patient import patient_values
from simulation.errors import UserError
from simulation.parameters import ParameterTable
from simulation.results.scenario_words import scenario_words
from simulation.scenario import Scenario, load_scenario, parse_scenario, resolve_parameters
from simulation.scenario.named_values import PatientMap

PATIENT = """\
name: x
patient:
  weight: {distribution: normal, mean: 70 kg, sd: 8 kg}
  n_residual_blasts: {distribution: lognormal, median: 1e5 cells, sigma: 0.5}
  rate_blast_net_growth:
    distribution: mixture
    source: "a: paper"
    parts:
      - {weight: 0.85, distribution: lognormal, median: 0.06 /day, sigma: 0.2}
      - {weight: 0.15, distribution: uniform, low: 0.2 /day, high: 0.25 /day}
  t_cell_fitness: {distribution: lognormal, sigma: 0.3}
"""
DEPENDENCE = """\
  dependence:
    - {of: t_cell_fitness, with: n_residual_blasts, correlation: -0.6, source: assumption}
    - {of: rate_blast_net_growth, with: n_residual_blasts, correlation: 0.5}
"""
TEXT = PATIENT + DEPENDENCE


def people(scenario: Scenario, n: int = 300) -> list[dict[str, float]]:
    return [dict(patient_values(scenario, 5, patient)) for patient in range(n)]


def test_what_was_written_reads_back_and_changes_the_digest() -> None:
    scenario = parse_scenario(TEXT)
    again = parse_scenario(scenario.to_yaml())
    assert again == scenario == pickle.loads(pickle.dumps(scenario))
    assert (again.digest(), again.to_yaml()) == (scenario.digest(), scenario.to_yaml())
    alone = parse_scenario(PATIENT)
    assert dict(alone.patient) == dict(scenario.patient)
    assert alone.patient != scenario.patient
    assert scenario.patient != alone.patient
    assert hash(alone.patient) != hash(scenario.patient)
    assert alone.digest() != scenario.digest()
    assert "dependence" not in alone.to_yaml()
    assert set(scenario.patient) == {"weight", "n_residual_blasts", "rate_blast_net_growth", "t_cell_fitness"}
    assert parse_scenario(PATIENT + "  dependence: []\n") == alone


def test_patients_depend_as_written_and_are_else_the_same() -> None:
    """Correlations within four standard errors of 4,000 draws (one fixed seed)."""
    drawn, before = people(parse_scenario(TEXT), 4000), people(parse_scenario(PATIENT), 4000)
    table = ParameterTable.load()
    for name in table:
        alike = [one[name] == other[name] for one, other in zip(drawn, before, strict=True)]
        assert all(alike) == (name not in {"rate_blast_net_growth", "t_cell_fitness"}), name
    blasts, fitness = (
        np.log([person[name] for person in drawn]) for name in ("n_residual_blasts", "t_cell_fitness")
    )
    assert abs(np.corrcoef(blasts, fitness)[0, 1] + 0.6) < 4 * (1 - 0.36) / math.sqrt(4000)
    fast = np.array([person["rate_blast_net_growth"] >= 0.2 for person in drawn])
    assert abs(fast.mean() - 0.15) < 4 * math.sqrt(0.15 * 0.85 / 4000)
    # of the fast, whose numbers lie above 0.85, a score of N(0, 1) has the mean density / share
    expected = 0.5 * NormalDist().pdf(NormalDist().inv_cdf(0.85)) / 0.15 * 0.5
    assert abs((blasts[fast] - math.log(1e5)).mean() - expected) < 4 * 0.5 / math.sqrt(600)


def test_a_patient_stays_the_same_when_something_else_is_made_to_vary_or_to_depend() -> None:
    before = people(parse_scenario(TEXT), 20)
    more = TEXT + "    - {of: cl_blinatumomab, with: weight, correlation: 0.4}\n"
    more = more.replace("patient:\n", "patient:\n  cl_blinatumomab: {distribution: lognormal, cv: 0.3}\n")
    for one, other in zip(before, people(parse_scenario(more), 20), strict=True):
        assert {name for name in one if one[name] != other[name]} == {"cl_blinatumomab"}


def test_without_numbers_every_parameter_has_its_median() -> None:
    values = resolve_parameters(parse_scenario(TEXT))
    assert values.t_cell_fitness == 1.0
    growth = parse_scenario(TEXT).patient["rate_blast_net_growth"]
    assert 0.06 < values.rate_blast_net_growth == growth.median < 0.08  # type: ignore[union-attr]


def test_a_block_tells_its_own_values_apart() -> None:
    patient = parse_scenario(TEXT).patient
    assert patient.fixing({"weight": 70.0}).dependence == patient.dependence
    assert [pair.of for pair in patient.fixing({"t_cell_fitness": 1.0}).dependence.pairs] == [
        "rate_blast_net_growth"
    ]
    assert patient.fixing(patient.drawn(None)) == PatientMap(patient.drawn(None))


def test_reports_say_that_parameters_depend_on_one_another() -> None:
    (texts,) = (text for topic, text in scenario_words(parse_scenario(TEXT)) if topic == "Patient")
    assert "rate_blast_net_growth drawn between patients (mixture, median 0.06" in texts
    assert "t_cell_fitness and n_residual_blasts depend on one another (correlation -0.6)." in texts


def pairs_of(scenario: Scenario) -> list[tuple[str, str, float]]:
    return [(pair.of, pair.other, pair.correlation) for pair in scenario.patient.dependence.pairs]


FITNESS, GROWTH = (
    ("t_cell_fitness", "n_residual_blasts", -0.6),
    ("rate_blast_net_growth", "n_residual_blasts", 0.5),
)


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ("  weight: 60 kg\n", [FITNESS, GROWTH]),
        ("  rate_blast_net_growth: {distribution: lognormal, sigma: 0.3}\n", [FITNESS, GROWTH]),
        ("  rate_blast_net_growth: 0.05 /day\n", [FITNESS]),
        ("  rate_blast_net_growth: {distribution: fixed}\n", [FITNESS]),
        ("  rate_blast_net_growth: null\n", [FITNESS]),
        ("  n_residual_blasts: 1e4 cells\n", []),
        ("  dependence: null\n", []),
        ("  dependence: [{of: weight, with: t_cell_fitness, correlation: 0.1}]\n", [("weight", "t_cell_fitness", 0.1)]),
    ],
)  # fmt: skip
def test_a_file_that_fixes_a_parameter_takes_it_out_of_the_pairs_of_its_base(
    tmp_path: Path, own: str, left: list[Any]
) -> None:
    (tmp_path / "base.yaml").write_text(TEXT)
    (tmp_path / "own.yaml").write_text(f"extends: base.yaml\nname: own\npatient:\n{own}")
    assert pairs_of(load_scenario(tmp_path / "own.yaml")) == left
    name, _, value = own.strip().partition(": ")
    assert pairs_of(parse_scenario(TEXT, {f"patient.{name}": value})) == left, "and so does --set"


@pytest.mark.parametrize(
    "pairs", [[[1]], [{"of": [1], "with": {"a": 1}, "correlation": 0}], [None], 3, "x", {"of": "a"}]
)
def test_what_is_no_pair_is_refused_whatever_a_file_fixes(pairs: Any) -> None:
    with pytest.raises(UserError, match=r"patient\.dependence"):
        parse_scenario(PATIENT, {"patient.dependence": pairs, "patient.weight": "70 kg"})


def test_a_correlation_can_be_set_and_one_that_contradicts_is_refused() -> None:
    result = parse_scenario(TEXT, ["patient.dependence.1.correlation=0.25"])
    assert pairs_of(result) == [FITNESS, (*GROWTH[:2], 0.25)]
    with pytest.raises(UserError, match="contradict one another"):
        parse_scenario(TEXT, ["patient.dependence.1.correlation=0.85"])


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "words", "nearest"),
    [
        ("weight: 0.15,", "", 10, "patient.rate_blast_net_growth.parts.1", "the weight of this part is missing", None),
        ("weight: 0.15", "wieght: 0.15", 10, "patient.rate_blast_net_growth.parts.1.wieght", "no key 'wieght'", "weight"),
        ("0.25 /day}", "0.25 kg}", 10, "patient.rate_blast_net_growth.parts.1.high", "which is a weight", None),
        ("distribution: uniform", "distribution: uniforn", 10, "patient.rate_blast_net_growth.parts.1.distribution",
         "got 'uniforn'", "uniform"),
        ("high: 0.25 /day", "high: 30 /day", 5, "patient.rate_blast_net_growth", "to go beyond", None),
        ("  dependence:", "  dependance:", 12, "patient.dependance", "no such parameter", "dependence"),
        ("of: t_cell_fitness", "of: t_cell_fitnes", 13, "patient.dependence.0.of", "no parameter", "t_cell_fitness"),
        ("of: t_cell_fitness", "of: phi_bm", 13, "patient.dependence.0.of", "phi_bm does not vary", None),
        ("  t_cell_fitness: {distribution: lognormal, sigma: 0.3}", "  t_cell_fitness: 1", 13,
         "patient.dependence.0.of", "does not vary", None),
        ("with: n_residual", "wiht: n_residual", 13, "patient.dependence.0.wiht", "no such key", "with"),
        ("correlation: 0.5", "correlation: 1", 14, "patient.dependence.1.correlation", "got 1", None),
        ("correlation: 0.5", "correlation: 0.9", 12, "patient.dependence",
         "t_cell_fitness with n_residual_blasts -0.6, rate_blast_net_growth with n_residual_blasts 0.9", None),
        ("of: rate_blast_net_growth", "of: t_cell_fitness", 14, "patient.dependence.1", "written twice", None),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, old: str, new: str, line: int, key: str, words: str, nearest: str | None
) -> None:
    assert old in TEXT
    (tmp_path / "my.yaml").write_text(TEXT.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        load_scenario(tmp_path / "my.yaml")
    error = caught.value
    assert (error.line, error.key, error.nearest) == (line, key, nearest), str(error)
    assert words in str(error)
    assert len(error.errors) == 1

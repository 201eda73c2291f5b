"""From a design point to a scenario: values set, multiplied, shifted, and put in proportion."""

from pathlib import Path
from typing import Any

import pytest

from simulation.errors import UserError
from simulation.sweep.arithmetic import ArithmeticFault, plus, times
from simulation.sweep.load import load_sweep
from simulation.sweep.points import point_scenario
from tests.sweep.fake import write


def scenario(folder: Path, spec: str, *values: Any, base: str = "preemptive") -> Any:
    text = f"name: T\nscenario: SCENARIOS/{base}.yaml\nparameters: {{{spec}}}\ndesign: {{kind: grid}}\n"
    sweep = load_sweep(write(folder, text))
    return point_scenario(next(iter(sweep.arms.values())).to_yaml(), sweep.factors, values, "base")


def test_a_multiplier_and_a_shift_say_that_they_are_ones(tmp_path: Path) -> None:
    ratio = "graft.treg: {ratio_to: graft.tcon, values: [2]}"
    spec = f"dli.first: {{plus: [-14 d, 14 d]}}, dli.cd3: {{times: [10]}}, {ratio}, phi_bm: [1]"
    text = f"name: T\nscenario: SCENARIOS/preemptive.yaml\nparameters: {{{spec}}}\ndesign: {{kind: grid}}\n"
    shift, doses, share, plain = load_sweep(write(tmp_path, text)).factors
    assert [shift.level_text(value) for value in shift.levels] == ["-14", "+14"]
    assert shift.title == "dli.first (shift, days)"
    assert (doses.level_text(10.0), doses.title) == ("×10", "dli.cd3 (times the scenario's)")
    assert (share.level_text(2.0), share.title) == ("×2", "graft.treg (times graft.tcon)")
    assert (plain.level_text(1.0), plain.meaning) == ("1", "")
    for factor, words in ((shift, "added to"), (doses, "multiplied by"), (share, "times graft.tcon")):
        assert words in factor.meaning


def test_a_bare_parameter_goes_where_the_base_has_it(tmp_path: Path) -> None:
    result = scenario(tmp_path, "rate_blast_net_growth: [0.1 /day], phi_bm: [1]", 0.1, 1.0)
    assert result.patient["rate_blast_net_growth"] == 0.1
    assert result.parameters["phi_bm"] == 1.0


def test_two_weeks_later_at_ten_times_the_dose_with_twice_the_treg(tmp_path: Path) -> None:
    spec = "dli.first: {plus: [14 d]}, dli.cd3: {times: [10]}, graft.treg: {times: [2]}"
    result = scenario(tmp_path, spec, 14.0, 10.0, 2.0)
    assert (result.dli.first.day, result.dli.first.cycle) == (29.0, 1)
    assert result.dli.cd3 == (1e6, 5e6, 1e7)
    assert result.graft.treg == 4e6


def test_a_ratio_follows_what_another_factor_has_set(tmp_path: Path) -> None:
    spec = "graft.treg: {ratio_to: graft.tcon, values: [0.5]}, graft.tcon: [4e6/kg]"
    result = scenario(tmp_path, spec, 0.5, 4e6)
    assert (result.graft.tcon, result.graft.treg) == (4e6, 2e6)


def test_one_factor_may_have_several_paths(tmp_path: Path) -> None:
    spec = "interval: {paths: [monitoring.mrd.every, monitoring.morphology.every], values: [60 d]}"
    result = scenario(tmp_path, spec, 60.0)
    assert result.monitoring.mrd.every == result.monitoring.morphology.every == 60.0


@pytest.mark.parametrize(
    ("written", "factor", "expected"),
    [
        ("28 ug/day", 0.5, "14 ug/day"),
        (["1e5 cells/kg", "3e5 cells/kg"], 10, ["1e6 cells/kg", "3e6 cells/kg"]),
        (0.1, 3, 0.3),
        ({"distribution": "lognormal", "median": "2e5 cells", "sigma": 1.8}, 10,
         {"distribution": "lognormal", "median": "2e6 cells", "sigma": 1.8}),
        ({"distribution": "mixture", "parts": [{"weight": 0.9, "distribution": "fixed", "value": "2 cells"}]}, 10,
         {"distribution": "mixture", "parts": [{"weight": 0.9, "distribution": "fixed", "value": "20 cells"}]}),
    ],
)  # fmt: skip
def test_multiplying_keeps_the_unit(written: Any, factor: float, expected: Any) -> None:
    assert times(written, factor) == expected


def test_what_cannot_be_multiplied_or_shifted_says_so(tmp_path: Path) -> None:
    for wrong in (True, None, {"when": "never"}, "day 15", "haploidentical"):
        with pytest.raises(ArithmeticFault):
            times(wrong, 2)
    assert plus("day 15 of cycle 1", "14 d") == "day 29 of cycle 1"
    assert plus("6 h", "1 d") == "1.25 d"
    assert plus("7 d to 42 d", "1 d") == "8 d to 43 d"
    assert times("7 d to 42 d", 2) == "14 d to 84 d"
    with pytest.raises(UserError, match="cannot be multiplied"):
        scenario(tmp_path, "cytoreduction: {times: [2]}", 2.0)


PATIENT = """\
set:
  patient:
    n_residual_blasts: {distribution: lognormal, sigma: 1}
    rate_blast_net_growth: {distribution: lognormal, sigma: 0.3}
    t_cell_fitness: {distribution: lognormal, sigma: 0.3}
    dependence:
      - {of: n_residual_blasts, with: t_cell_fitness, correlation: 0.5}
      - {of: n_residual_blasts, with: rate_blast_net_growth, correlation: 0.4}
"""


def points_of(folder: Path, spec: str) -> list[Any]:
    text = f"name: T\nscenario: SCENARIOS/preemptive.yaml\n{PATIENT}parameters: {{{spec}}}\ndesign: {{kind: grid}}\n"
    sweep = load_sweep(write(folder, text))
    (factor,) = sweep.factors
    base = next(iter(sweep.arms.values())).to_yaml()
    return [point_scenario(base, sweep.factors, [level], "base") for level in factor.levels]


def test_a_parameter_that_a_point_sets_leaves_its_pairs(tmp_path: Path) -> None:
    (result,) = points_of(tmp_path, "rate_blast_net_growth: [0.1 /day]")
    assert [pair.other for pair in result.patient.dependence.pairs] == ["t_cell_fitness"]
    (result,) = points_of(tmp_path, "rate_blast_net_growth: {times: [1.5]}")
    assert len(result.patient.dependence.pairs) == 2, "it still varies"


def test_dependence_as_a_whole_may_be_what_a_sweep_compares(tmp_path: Path) -> None:
    pair = "{of: n_residual_blasts, with: t_cell_fitness, correlation: -0.5}"
    without, other = points_of(tmp_path, f"patient.dependence: {{values: [[], [{pair}]]}}")
    assert without.patient.dependence.pairs == ()
    assert [pair.correlation for pair in other.patient.dependence.pairs] == [-0.5]

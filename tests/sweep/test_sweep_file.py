"""What a sweep file may say, and what is told about one that is wrong: before anything runs, with file and line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.cli import main
from simulation.errors import UserError
from simulation.parameters import ParameterTable
from simulation.parameters.dependence import parse_dependence
from simulation.sweep.check import MOST_CHECKED, sample
from simulation.sweep.load import load_sweep
from simulation.sweep.plan import load_plan
from simulation.sweep.prepare import check_sweep
from tests.sweep.fake import SCENARIOS, planned, write

HEAD = "name: T\nscenario: SCENARIOS/preemptive.yaml\n"


def sweep_of(folder: Path, body: str, **options: Any) -> Any:
    return load_sweep(write(folder, HEAD + body), **options)


def factor(folder: Path, spec: str) -> Any:
    return sweep_of(folder, f"parameters: {{{spec}}}\ndesign: {{kind: grid}}\n").factors[0]


def test_of_a_big_design_a_sample_is_tried_that_has_every_end() -> None:
    rng = np.random.default_rng(3)
    points = [
        (float(a), float(b), '"one"' if n else '"first"') for n, (a, b) in enumerate(rng.random((5000, 2)))
    ]
    tried = dict(sample(iter(points), len(points)))
    assert len(tried) < MOST_CHECKED + 8
    assert {0, len(points) - 1} <= set(tried)
    assert all(tried[number] == points[number] for number in tried)
    for index in (0, 1):
        column = [point[index] for point in points]
        assert {column.index(min(column)), column.index(max(column))} <= set(tried)
    assert [number for number, _ in sample(iter(points[:50]), 50)] == list(range(50))


@pytest.mark.parametrize(
    ("spec", "levels", "unit"),
    [
        ("start.at_least: [1e-4, 0.1 %]", (1e-4, 1e-3), ""),
        ("dli.every: [2 wk, 42 d]", (14.0, 42.0), "d"),
        (
            "rate_blast_net_growth: {low: 0.02 /day, high: 0.08 /day, n: 3, scale: log}",
            (0.02, 0.04, 0.08),
            "/day",
        ),
        ("phi_bm: {range: table, n: 3}", (0.0, 1.0, 2.0), ""),
        ("blinatumomab.cycles: [1, 4]", (1.0, 4.0), ""),
        ("blinatumomab.cycles: {low: 1, high: 4, n: 4}", (1.0, 2.0, 3.0, 4.0), ""),
        ("blinatumomab.dose: [9 ug/day, 28 ug/day]", (9.0, 28.0), "ug/day"),
        ("dli.cd3.0: [0/kg, 1e5/kg]", (0.0, 1e5), "cells/kg"),
        ("disease.marrow: [5 %, 30 %]", (0.05, 0.3), ""),
        ("disease.outside: [0 cells, 1e8 cells]", (0.0, 1e8), ""),
        ("donor.match: [haploidentical, matched_sibling]", ('"haploidentical"', '"matched_sibling"'), ""),
        ("dli.cd3: {times: [0.1, 10]}", (0.1, 10.0), ""),
        ("dli.first: {plus: [0 d, 14 d]}", (0.0, 14.0), "days"),
        ("graft.treg: {ratio_to: graft.tcon, values: [0.5, 2]}", (0.5, 2.0), ""),
        ("processes.gvl: [on, off]", ('"on"', '"off"'), ""),
    ],
)
def test_levels_are_read_with_their_units(
    tmp_path: Path, spec: str, levels: tuple[Any, ...], unit: str
) -> None:
    result = factor(tmp_path, spec)
    assert result.levels == pytest.approx(levels) if isinstance(levels[0], float) else result.levels == levels
    assert result.unit == unit


def test_every_parameter_of_the_table_over_its_range(tmp_path: Path) -> None:
    body = (
        "parameters: {phi_bm: [0, 1]}\nevery_parameter: {range: table, groups: [treg], leave_out: [rate_treg_death]}\n"
        "design: {kind: random, points: 4}\n"
    )
    names = [item.name for item in sweep_of(tmp_path, body).factors]
    assert names[0] == "phi_bm" and names.count("phi_bm") == 1
    assert "treg_ratio_half" in names and "rate_treg_death" not in names and "p_cd19_loss" not in names


MIXTURE = (
    "{distribution: mixture, parts: [{weight: 3, distribution: lognormal, median: 0.06 /day, sigma: 0.2},"
    " {weight: 1, distribution: fixed, value: 0.2 /day}]}"
)


@pytest.mark.parametrize("spec", [MIXTURE, f"{{distribution: {MIXTURE}, label: growth}}"])
def test_a_range_may_be_any_distribution_written_flat_or_as_a_block(tmp_path: Path, spec: str) -> None:
    body = f"parameters: {{rate_blast_net_growth: {spec}, phi_bm: {{range: table}}}}\ndesign: {{kind: random, points: 5}}\n"
    out, plan = planned(tmp_path, HEAD + body)
    result = plan.factors[0]
    assert [result.at(u) for u in (0.375, 0.75, 1)] == [pytest.approx(0.06), 0.2, 0.2]
    assert load_plan(out).factors[0] == result


def test_the_cohort_of_a_sweep_depends_as_its_file_and_the_table_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ParameterTable.load()
    messages = [{"of": "cl_blinatumomab", "with": "t_cell_fitness", "correlation": 0.3, "source": "a paper"}]
    monkeypatch.setattr(table, "dependence", parse_dependence(messages, table.names, table.names))

    def pairs(cohort: str, file: str = "") -> list[float]:
        (tmp_path / "cohort.yaml").write_text(f"name: c\n{file}")
        body = f"parameters: {{phi_bm: [0]}}\ndesign: {{kind: grid}}\ncohort: {{size: 3, {cohort}}}\n"
        scenario = next(iter(sweep_of(tmp_path, body).arms.values()))
        return [pair.correlation for pair in scenario.patient.dependence.pairs]

    assert pairs("vary: table") == pairs("vary: [t_cell_fitness, cl_blinatumomab, weight]") == [0.3]
    assert pairs("vary: [t_cell_fitness, weight]") == []
    assert pairs("file: cohort.yaml") == [0.3]
    assert pairs("file: cohort.yaml", "patient: {t_cell_fitness: 1}") == []
    assert pairs("file: cohort.yaml", "between_patients: none") == []
    own = "patient: {dependence: [{of: weight, with: t_cell_fitness, correlation: -0.2}]}"
    assert pairs("file: cohort.yaml", own) == [-0.2]


WRONG = [
    ("parameters: {phi_bm: {distribution: uniform, low: 0, high: 1, n: 3}}\ndesign: {kind: random, points: 3}",
     "phi_bm.n", "not part of a uniform"),
    ("parameters: {phi_bm: {distribution: uniform, low: 0, hihg: 1}}\ndesign: {kind: random, points: 3}",
     "phi_bm.hihg", "did you mean 'high'"),
    ("parameters: {phi_bm: {distribution: {distribution: mixture, parts: [1, 2]}}}\ndesign: {kind: random, points: 3}",
     "phi_bm.distribution.parts.0", "got 1"),
    ("parameters: {patient.dependence: {values: [[{of: weight, with: phi_bm, correlation: 0.1}]]}}\ndesign: {kind: grid}",
     "dependence", "does not vary"),
    ("parameters: {phi_bn: [0]}\ndesign: {kind: grid}", "phi_bn", "did you mean 'phi_bm'"),
    ("parameters: {start.at_lest: [1e-4]}\ndesign: {kind: grid}", "start.at_lest", "did you mean 'start.at_least'"),
    ("parameters: {phi_bm: [0, 3]}\ndesign: {kind: grid}", "phi_bm", "0 to 2"),
    ("parameters: {rate_contacts: [1 /day]}\ndesign: {kind: grid}", "rate_contacts", "parameter table's range"),
    ("parameters: {dli.every: [28]}\ndesign: {kind: grid}", "dli.every", "no unit"),
    ("parameters: {phi_bm: []}\ndesign: {kind: grid}", "phi_bm", "empty"),
    ("parameters: {}\ndesign: {kind: grid}", "parameters", "empty"),
    ("parameters: {phi_bm: [0, 0]}\ndesign: {kind: grid}", "phi_bm", "twice"),
    ("parameters: {phi_bm: {range: table}}\ndesign: {kind: grid}", "phi_bm", "needs levels"),
    ("parameters: {phi_bm: {range: [0, 1], n: 3}}\ndesign: {kind: grid}", "phi_bm.range", "table; or low and high, got a list"),
    ("parameters: {phi_bm: {low: 0}}\ndesign: {kind: grid}", "phi_bm", "'high' is missing"),
    ("parameters: {phi_bm: {low: 1, high: 0, n: 3}}\ndesign: {kind: grid}", "phi_bm", "not above low"),
    ("parameters: {phi_bm: {range: table, scale: log, n: 3}}\ndesign: {kind: grid}", "phi_bm", "above 0"),
    ("parameters: {start.at_least: {range: table, n: 3}}\ndesign: {kind: grid}", "start.at_least", "no row|not a row"),
    ("parameters: {phi_bm: {times: [1], plus: [1]}}\ndesign: {kind: grid}", "phi_bm", "keep one"),
    ("parameters: {seed: [1, 2]}\ndesign: {kind: grid}", "seed", "same patients"),
    ("parameters: {phi_bm: [0], parameters.phi_bm: [1]}\ndesign: {kind: grid}", "phi_bm", "both|same path|given"),
    ("parameters: {phi_bm: [0, 1]}\ndesign: {kind: gird}", "design", "did you mean 'grid'"),
    ("parameters: {phi_bm: [0, 1]}\ndesign: {kind: sobol, points: 100}", "design.points", "power of two"),
    ("parameters: {phi_bm: [0, 1]}\ndesign: {kind: sobol, points: 8}", "design", "at least two"),
    ("parameters: {phi_bm: [0, 1], rate_contacts: [200 /day]}\ndesign: {kind: zip}", "design", "one length"),
    ("parameters: {phi_bm: [0]}\ndesign: {kind: csv, file: none.csv}", "none.csv", "there is no such file"),
    ("parameters: {phi_bm: [0]}\ndesign: {kind: grid}\nreplicates: 2\ncohort: {size: 3}", "replicates", "both given"),
    ("parameters: {phi_bm: [0]}\ndesign: {kind: grid}\ncohort: {size: 3, vary: [phi_bm]}", "cohort", "no spread"),
    ("parameters: {phi_bm: [0]}\ndesign: {kind: grid}\noutcomes: [relapst]", "outcomes", "did you mean 'relapse'"),
    ("parameters: {phi_bm: [0]}\ndesign: {kind: grid}\noutcomes: [relapse_cd19]", "outcomes", "is a word"),
    ("parameters: {phi_bm: [0]}\ndesign: {kind: grid}\noutcomes: [{a: {of: nothing, happened: true}}]", "outcomes", "no outcome"),
    ("parameters: {phi_bm: [0]}\ndesign: {kind: grid}\nanalysis: {pareto: [relapse]}", "pareto", "two outcomes"),
    (
        "parameters: {phi_bm: [0]}\ndesign: {kind: grid}\nanalysis: {thresholds: [{along: phi, outcome: relapse, value: 1}]}",
        "along",
        "phi_bm",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "where", "what"), WRONG)
def test_a_mistake_is_one_message_and_exit_status_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    body: str,
    where: str,
    what: str,
) -> None:
    path = write(tmp_path, HEAD + body + "\n")
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", str(path)]) == 2
    output = capsys.readouterr().err
    assert where in output
    assert any(words in output for words in what.split("|")), output
    assert not (tmp_path / "results").exists()


def test_a_mistake_in_a_cohort_is_told_at_its_line(tmp_path: Path) -> None:
    cohort = tmp_path / "who.yaml"
    cohort.write_text("name: X\ngraft: {treg_day: day -3.9}\n")
    with pytest.raises(UserError, match=r"who\.yaml:2: graft\.treg_day: expected a whole number of steps"):
        sweep_of(
            tmp_path, "parameters: {phi_bm: [0]}\ndesign: {kind: grid}\ncohort: {size: 3, file: who.yaml}\n"
        )


def test_a_contradiction_between_two_parameters_is_found_before_anything_runs(tmp_path: Path) -> None:
    body = "parameters: {start.at_least: [1e-5, 1e-3], monitoring.mrd.sensitivity: [1e-5, 1e-4]}\ndesign: {kind: grid}\n"
    with pytest.raises(UserError, match=r"point 1 .*start\.at_least = 1e-5.*cannot see"):
        check_sweep(sweep_of(tmp_path, body))


def test_seeds_that_contradict_each_other(tmp_path: Path) -> None:
    body = "parameters: {phi_bm: [0]}\ndesign: {kind: grid}\nseed: 1\n"
    assert sweep_of(tmp_path, body, seed=1).seed == 1
    with pytest.raises(UserError, match=r":5: seed: contradictory seeds: the file says 1, --seed says 2"):
        sweep_of(tmp_path, body, seed=2)


def test_a_path_that_only_one_arm_has_names_the_way_out(tmp_path: Path) -> None:
    text = (
        "name: T\narms: {a: SCENARIOS/preemptive.yaml, b: SCENARIOS/therapeutic.yaml}\n"
        "parameters: {start.at_least: [1e-4]}\ndesign: {kind: grid}\n"
    )
    with pytest.raises(UserError, match="in the arm 'b'; name the arms"):
        load_sweep(write(tmp_path, text))
    only = text.replace("[1e-4]", "{values: [1e-4], arms: [a]}")
    assert load_sweep(write(tmp_path, only)).factors[0].arms == ("a",)


@pytest.mark.parametrize("path", sorted((SCENARIOS / "sweeps").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_sweep_that_ships_is_valid(path: Path) -> None:
    assert check_sweep(load_sweep(path)) >= 6


def test_a_drawn_design_can_be_tried_with_fewer_points(tmp_path: Path) -> None:
    body = "parameters: {phi_bm: {range: table}, rate_contacts: {range: table}}\ndesign: "
    for design, n in (
        ("{kind: sobol, points: 512}", 2 * 4),
        ("{kind: morris, trajectories: 20}", 2 * 3),
        ("{kind: random, points: 99}", 2),
    ):
        assert check_sweep(sweep_of(tmp_path, body + design, points=2)) == n
    with pytest.raises(UserError, match="a power of two"):
        sweep_of(tmp_path, body + "{kind: sobol, points: 512}", points=3)
    with pytest.raises(UserError, match="designs that are drawn"):
        sweep_of(tmp_path, "parameters: {phi_bm: [0, 1]}\ndesign: {kind: grid}", points=3)


def test_shipped_sweeps_judge_by_what_the_shipped_trials_judge_by() -> None:
    from simulation.trial.load import load_trial

    primary = {load_trial(path).file.outcomes.primary for path in (SCENARIOS / "trials").glob("*.yaml")}
    for path in (SCENARIOS / "sweeps").glob("global_*.yaml"):
        assert {load_sweep(path).primary.name} == primary


def test_an_empty_block_is_told_with_its_line(tmp_path: Path) -> None:
    for spec in ("{}", "{times: {}}", "{plus: {}}"):
        with pytest.raises(UserError, match=r"sweep.yaml:4: parameters.start.delay.*got an empty block"):
            sweep_of(tmp_path, f"parameters:\n  start.delay: {spec}\ndesign: {{kind: grid}}\n")
    with pytest.raises(UserError, match=r"sweep.yaml:5: outcomes: .*got an empty block"):
        sweep_of(tmp_path, "parameters: {phi_bm: [0, 1]}\ndesign: {kind: grid}\noutcomes: [{}]\n")


def test_a_mistake_in_set_is_told_with_its_line(tmp_path: Path) -> None:
    body = "set: {follow_up: 40 d,\n  marrow: {rows: many}}\nparameters: {phi_bm: [0, 1]}\ndesign: {kind: grid}\n"
    with pytest.raises(UserError, match=r"sweep.yaml:4: set.marrow.rows: .*expected a whole number"):
        sweep_of(tmp_path, body)

"""Simulation-based calibration: uniform ranks where sets are right, and a verdict where they are too wide, narrow or beside."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from simulation.calibration.abc import Fit
from simulation.calibration.fit_file import load_problem
from simulation.calibration.problem import Effort, Problem
from simulation.calibration.self_check import (
    BINS,
    GeneratedSimulator,
    Ranks,
    bounds,
    check_design,
    check_generated,
)
from simulation.calibration.self_check_page import histograms, self_check_markdown
from simulation.cli import main
from simulation.errors import ExitStatus, OtherScenario
from simulation.pool import HerePool

ROOT = Path(__file__).resolve().parents[2]
FITS = ROOT / "scenarios" / "calibration"


def problem(name: str = "gvl", **effort: int) -> Problem:
    small = {"design": 16, "keep": 6, "rounds": 1, "particles": 6} | effort
    return replace(load_problem(FITS / f"{name}.yaml"), effort=Effort(**small))


def ranks(factor: float, shift: float = 0.0, problems: int = 400, sets: int = 20) -> Ranks:
    """Return ranks of truths among sets of a normal posterior whose width is `factor` times what it should be."""
    from simulation.calibration.self_check import _place, _ranks

    rng = np.random.default_rng(3)
    results = []
    for _ in range(problems):
        centre = rng.normal(0, 1, 2)
        truth = centre + rng.normal(0, 1, 2)
        results.append(
            _place(centre + shift + factor * rng.normal(0, 1, (sets, 2)), np.full(sets, 1 / sets), truth, rng)
        )
    whole = problem()
    return _ranks(replace(whole, free=whole.free[:2]), results)


def test_sets_of_the_right_width_have_uniform_ranks_and_others_are_told() -> None:
    """Two parameters of 400 problems: false alarm of the bounds 1 in 20 each, so the seed is fixed."""
    right = ranks(1.0)
    assert [right.verdict(k) for k in range(2)] == ["as it should be"] * 2
    assert right.inside(0, 0.5) == pytest.approx(0.5, abs=0.08) and right.inside(0, 0.9) == pytest.approx(
        0.9, abs=0.05
    )
    assert right.uniform(0) > 0.01
    assert ranks(2.5).verdict(0) == "sets too wide" and ranks(0.4).verdict(0) == "sets too narrow"
    assert (
        ranks(1.0, shift=1.0).verdict(0) == "sets beside the truth"
        and ranks(1.0, shift=1.0).uniform(0) < 1e-6
    )
    value, low, high, p = right.spread()
    assert low < 1 < high and low < value < high and p > 0.05
    assert ranks(0.4).spread()[1] > 1 > ranks(2.5).spread()[2]  # too narrow, too wide
    least, by_chance = right.least()
    assert least == min(right.uniform(0), right.uniform(1)) and by_chance == pytest.approx(
        1 - (1 - least) ** 2
    )
    assert ranks(2.5).widths[:, 0].mean() > 2 * right.widths[:, 0].mean()


def test_bounds_hold_uniform_histograms_in_nineteen_of_twenty() -> None:
    rng = np.random.default_rng(1)
    low, high = bounds(100)
    counts = rng.multinomial(100, np.full(BINS, 1 / BINS), size=4000)
    inside = ((counts >= low) & (counts <= high)).all(axis=1).mean()
    assert 0.94 < inside < 0.99  # a binomial count has steps


def test_the_spread_of_uniform_ranks_is_called_uniform_in_nineteen_of_twenty() -> None:
    """Also where ranks of one problem depend on one another: 500 checks of 60 problems, so 0.03 to 0.07 is three errors wide."""
    from scipy.stats import norm

    rng, wrong = np.random.default_rng(2), 0
    for _ in range(500):
        common = rng.normal(size=(60, 1))
        places = norm.cdf(np.sqrt(0.5) * (common + rng.normal(size=(60, 4))))
        wrong += Ranks(("a",) * 4, places, np.ones(60), np.ones((60, 4))).spread()[3] < 0.05
    assert 0.02 <= wrong / 500 <= 0.08


def test_a_made_statistic_moves_with_its_parameters_only() -> None:
    whole = problem()
    simulator = GeneratedSimulator(whole)
    target = whole.targets[0]
    which, _ = simulator._of[target.name]
    middle = np.full(len(whole.free), 0.5)
    assert simulator._statistic(target, middle).value == pytest.approx(target.observed)
    for k in range(len(whole.free)):
        moved = middle.copy()
        moved[k] = 0.9
        changed = simulator._statistic(target, moved).value != pytest.approx(target.observed)
        assert changed == (k in which)
        candidate = whole.candidate(moved)
        assert whole.point(candidate) == pytest.approx(moved)


def test_fits_of_made_problems_are_repeatable_and_do_not_depend_on_their_number() -> None:
    with HerePool() as pool:
        three, two = (check_generated(problem(), n, pool) for n in (3, 2))
    assert np.array_equal(three.places[:2], two.places) and three.places.shape == (3, 6)
    assert ((three.places > 0) & (three.places < 1)).all() and (three.effective <= 6 + 1e-9).all()


def test_stored_evaluations_are_judged_without_simulating(tmp_path: Path) -> None:
    whole = load_problem(FITS / "gvl.yaml")
    stored = Fit.stored(whole, FITS / "records" / "gvl")
    result = check_design(stored)
    assert result is not None and len(result.places) <= whole.effort.design and len(result.names) == 6
    again = check_design(Fit.stored(whole, FITS / "records" / "gvl"))
    assert again is not None and np.array_equal(result.places, again.places)
    with pytest.raises(OtherScenario, match="other parameters, ranges or targets"):
        Fit.stored(whole, FITS / "records" / "transplant")
    stored.done = stored.done[:4]
    assert check_design(stored) is None


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (FITS / "gvl.yaml").read_text().replace("given: transplant", f"given: {FITS}/transplant")
    effort = "effort: {design: 12, keep: 6, rounds: 0, particles: 12, finalists: 2, confirm: 1}"
    (tmp_path / "gvl.yaml").write_text(text[: text.index("effort:")] + effort)
    out = tmp_path / "out"
    words = [
        "calibrate",
        str(tmp_path / "gvl.yaml"),
        "--self-check",
        "8",
        "--workers",
        "1",
        "--out",
        str(out),
    ]
    assert main([*words, "--stored", str(FITS / "records" / "gvl")]) == ExitStatus.DONE
    assert "histograms lie within their bounds" in capsys.readouterr().out
    assert {one.name for one in out.iterdir()} == {"self_check.md", "self_check.json", "self_check.png"}
    document = json.loads((out / "self_check.json").read_text())
    assert document["made"]["problems"] == 8 and sum(document["made"]["parameters"][0]["counts"]) == 8
    assert (
        document["stored"]["problems"] >= 8
        and "The stored evaluations" in (out / "self_check.md").read_text()
    )
    assert main(["calibrate", str(tmp_path / "gvl.yaml"), "--stored", str(out)]) == ExitStatus.USAGE
    assert main([*words, "--shard", "1/2"]) == ExitStatus.USAGE


def test_the_picture_has_a_histogram_per_parameter() -> None:
    result = ranks(1.0)
    assert len(histograms(result).axes) == 2
    text = self_check_markdown(problem(), result, None, "x.yaml")
    assert "**2 of 2 histograms" in text and "**no other than uniform**" in text
    assert "**sets are too narrow**" in self_check_markdown(problem(), ranks(0.4), None, "x.yaml")

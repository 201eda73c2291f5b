"""Screening: surfaces against functions that are known, the region that is left, and a fit that begins with it."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.calibration.abc import Fit, screening_of
from simulation.calibration.estimate import NOBODY, Statistic, share
from simulation.calibration.fit_file import load_problem
from simulation.calibration.parts import next_fit, next_fit_of_parts, run_part, take_up
from simulation.calibration.problem import Effort, Problem, Screen
from simulation.calibration.region import region_of
from simulation.calibration.surface import surface_of, terms
from simulation.calibration.targets import Target
from simulation.errors import UserError
from simulation.pool import HerePool
from simulation.store import Shard
from tests.calibration.test_abc import a_problem, ask

FREE = 5


@pytest.fixture(autouse=True)
def looked_at_by_fewer_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell the region's end by fewer points than a fit does: these regions are large."""
    monkeypatch.setattr("simulation.calibration.region._LOOKED_AT", 2**15)
    monkeypatch.setattr("simulation.calibration.region._MOST", 2**17)


def spread_points(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((n, FREE))


def bent(points: np.ndarray) -> np.ndarray:
    """A quadratic function with a product in it."""
    x = 2.0 * points - 1.0
    return np.asarray(0.3 + x[:, 0] - 0.5 * x[:, 1] ** 2 + 0.8 * x[:, 2] * x[:, 3], float)


def test_a_quadratic_function_is_found_exactly() -> None:
    points = spread_points(80)
    exact = [Statistic(value, value, 0.1, 5, "linear") for value in bent(points).tolist()]
    surface, elsewhere = surface_of(points, exact), spread_points(50, 2)
    np.testing.assert_allclose(surface.at(terms(elsewhere)), bent(elsewhere), atol=1e-3)


def test_terms_are_uncorrelated_over_the_cube() -> None:
    known = terms(spread_points(200_000))
    moments = known.T @ known / len(known)
    assert np.abs(moments - np.diag(np.diag(moments))).max() < 0.01


def test_a_thousand_handfuls_of_patients_tell_a_share_as_well_as_the_surface_says() -> None:
    rng, points = np.random.default_rng(3), spread_points(1000)
    truth = 1.5 * bent(points) - 1.0
    chance = 1.0 / (1.0 + np.exp(-truth))
    surface = surface_of(points, [share((rng.random(8) < p).tolist()) for p in chance])
    elsewhere = spread_points(2000, 4)
    gap = surface.at(terms(elsewhere)) - (1.5 * bent(elsewhere) - 1.0)
    assert (
        abs(float(gap.mean())) < 0.05
    )  # logits of eight patients, averaged, are off by 0.2 at a share of a tenth
    assert 0.5 < float((gap**2).mean()) / surface.variance < 2.0
    assert math.sqrt(surface.variance) < 0.25  # eight patients alone: 0.7


def test_its_error_falls_with_the_number_of_candidates() -> None:
    def variance(n: int) -> float:
        rng, points = np.random.default_rng(n), spread_points(n)
        return surface_of(
            points, [Statistic(v, v, 1.0, 5, "log") for v in bent(points) + rng.standard_normal(n)]
        ).variance

    assert 2.0 < variance(300) / variance(1200) < 8.0


def test_who_had_nobody_to_measure_is_left_out() -> None:
    points = spread_points(60)
    known = [Statistic(v, v, 0.1, 5, "linear") for v in bent(points).tolist()]
    more = np.vstack([points, spread_points(20, 9)])
    one, other = surface_of(points, known), surface_of(more, [*known, *[NOBODY] * 20])
    np.testing.assert_allclose(one.coefficients, other.coefficients)
    with pytest.raises(ValueError, match="hardly any"):
        surface_of(points, [*known[:2], *[NOBODY] * 58])


TARGET = Target("A", "what", "fit", "s", "overt.x", "linear", 9, 1.0, 0.8, 1.2)


def screened(points: np.ndarray, leave: float, weight: float = 1.0) -> Any:
    kept = [{"A": {"value": v, "point": v, "se": 0.05, "n": 9.0}} for v in bent(points).tolist()]
    return region_of([TARGET], {"A": weight}, points, kept, leave, seed=7)


def test_the_region_is_the_share_of_the_ranges_nearest_to_what_was_observed() -> None:
    region = screened(spread_points(120), 0.1)
    everywhere = spread_points(20_000, 5)
    inside = region.distances(everywhere) <= region.cut
    assert inside.mean() == pytest.approx(0.1, abs=0.01)
    far = np.abs(bent(everywhere) - 1.0)
    assert far[inside].max() < np.quantile(far, 0.11)
    assert region.density(everywhere).mean() == pytest.approx(1.0, abs=0.07)  # it integrates to one


def test_a_design_is_drawn_evenly_from_the_region_and_always_the_same() -> None:
    region = screened(spread_points(120), 0.05)
    points = region.draw(300, 7)
    assert points.shape == (300, FREE)
    assert (region.density(points) > 0).all()
    np.testing.assert_array_equal(points, region.draw(300, 7))
    # evenly: a parameter that bears on nothing keeps its whole range
    counts, _ = np.histogram(points[:, 4], bins=4, range=(0, 1))
    assert counts.min() > 45


def test_what_no_candidate_gives_rules_out_nothing() -> None:
    points = spread_points(50)
    nothing: list[Mapping[str, Mapping[str, Any]]] = [
        {"A": {"value": None, "point": None, "se": None, "n": 0.0}}
    ] * 50
    region = region_of([TARGET], {"A": 1.0}, points, nothing, 0.1, seed=7)
    assert region.share == 1.0


# A fit that begins with a screening ------------------------------------------------------------------------


def a_screened_problem(**changes: object) -> Problem:
    return a_problem(screen=Screen(80, {"overt": 2}, 0.05), **changes)


def run(problem: Problem, folder: Path) -> Fit:
    fit = next_fit(problem, folder)
    while fit.problem is not problem:
        fit.run(HerePool(), work=ask)
        fit = next_fit(problem, folder)
    fit.run(HerePool(), work=ask)
    return fit


def test_a_screened_design_is_nearer_and_the_answer_is_found(tmp_path: Path) -> None:
    plain, fit = Fit(a_problem(), tmp_path / "plain"), run(a_screened_problem(), tmp_path / "screened")
    plain.run(HerePool(), work=ask)
    typical = [float(np.median([e.distance for e in one.done if e.stage == 0])) for one in (plain, fit)]
    assert typical[1] < 0.7 * typical[0]
    candidate = fit.problem.candidate(np.array(min(fit.done, key=lambda e: e.distance).point))
    assert candidate.values["rate_contacts"] * candidate.values["rate_kill_max"] == pytest.approx(
        600, rel=0.1
    )
    points, weights, _ = fit.posterior()
    assert np.isfinite(weights).all() and weights.sum() == pytest.approx(1.0)
    free = points[:, 3]  # bears on nothing: the sets keep its range, whatever the region looks like
    assert free.min() < 0.25 and free.max() > 0.75


def test_each_round_is_drawn_from_less_and_is_nearer(tmp_path: Path) -> None:
    effort = Effort(design=64, keep=16, rounds=2, particles=24, finalists=3, confirm=2)
    fit = run(a_screened_problem(effort=effort), tmp_path)
    regions = [region for stage in range(3) if (region := fit.region(stage)) is not None]
    shares = [region.share for region in regions]
    assert shares[1] / shares[0] == pytest.approx(0.1, rel=0.3)
    assert shares[2] / shares[1] == pytest.approx(0.1, rel=0.3)
    median = [float(np.median([e.distance for e in fit.done if e.stage == stage])) for stage in range(3)]
    assert median[2] < median[1] < median[0]
    # a set where only the design was drawn stands for more ground than one where all stages were
    points = np.array([e.point for e in fit.done])
    density = -np.log(fit.weights_of(points, 2))
    only_design, last = regions[1].density(points) == 0, regions[2].density(points) > 0
    assert only_design.any() and last.any()
    assert density[only_design].max() < density[last].min()


def test_a_round_that_was_stopped_goes_on_with_the_same_candidates(tmp_path: Path) -> None:
    effort = Effort(design=16, keep=6, rounds=2, particles=8, finalists=2, confirm=1)
    problem = a_screened_problem(effort=effort)
    whole = run(problem, tmp_path / "whole")
    broken = next_fit(problem, tmp_path / "broken")
    broken.run(HerePool(), work=ask)
    broken = next_fit(problem, tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        broken.run(HerePool(should_stop=lambda: len(broken.done) >= 19), work=ask)
    again = run(problem, tmp_path / "broken")
    assert [(e.stage, e.point) for e in again.done] == [(e.stage, e.point) for e in whole.done]


def test_every_screened_candidate_meets_patients_of_its_own_and_all_others_the_same() -> None:
    problem = a_screened_problem()
    screening = problem.screening()
    first = [screening.met_by(k).first_patient for k in range(3)]
    assert first[0] >= 1_000_000 and min(np.diff(first)) >= 2
    assert {problem.met_by(k).first_patient for k in range(3)} == {0}


def test_patients_of_a_screened_candidate_are_those_of_its_number(tmp_path: Path) -> None:
    met: list[int] = []

    def note(runs: Any) -> Any:
        met.append(runs[0][0].first_patient)
        return ask(runs)

    problem = a_screened_problem()
    screening_of(problem, tmp_path).run(HerePool(), work=note)
    assert met == [problem.screening().met_by(k).first_patient for k in range(80)]


def test_a_screening_goes_on_where_it_was_stopped_and_comes_first(tmp_path: Path) -> None:
    problem = a_screened_problem()
    broken = next_fit(problem, tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        broken.run(HerePool(should_stop=lambda: len(broken.done) >= 40), work=ask)
    with pytest.raises(ValueError, match="comes first"):
        Fit(problem, tmp_path / "broken")
    again, whole = run(problem, tmp_path / "broken"), run(problem, tmp_path / "whole")
    assert [e.point for e in again.done] == [e.point for e in whole.done]


def test_parts_screen_first_and_give_the_same_fit(tmp_path: Path) -> None:
    problem, folder = a_screened_problem(), tmp_path / "parts"
    whole = run(problem, tmp_path / "whole")
    stages = []
    for _ in range(2 + problem.effort.rounds):
        for index in (1, 2):
            fit = next_fit_of_parts(problem, folder)
            run_part(fit, HerePool(), Shard(index, 2), work=ask)
        stages.append(fit.problem is problem)
    assert stages == [False, *[True] * (1 + problem.effort.rounds)]
    fit = next_fit(problem, folder)
    assert fit.problem is problem and len(fit.done) == fit.total
    assert take_up(fit) == 0
    assert [e.point for e in fit.done] == [e.point for e in whole.done]


def test_another_screening_is_another_fit(tmp_path: Path) -> None:
    problem = a_screened_problem()
    run(problem, tmp_path)
    with pytest.raises(UserError, match="another fit"):
        Fit(replace(problem, screen=Screen(80, {"overt": 2}, 0.04)), tmp_path)


FIT = """
name: t
parameters: {rate_kill_max: {}}
targets: {C1: 1}
screen: {candidates: 100, patients: {overt: 5}, leave: 0.1}
"""  # narrow is left to what it usually is


def test_a_screening_in_a_fit_file(tmp_path: Path) -> None:
    file = tmp_path / "fit.yaml"
    file.write_text(FIT)
    assert load_problem(file).screen == Screen(100, {"overt": 5}, 0.1)


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("candidates: 100", "candidates: -1", r":5: screen\.candidates: expected a whole number"),
        ("candidates: 100, ", "", r":5: screen\.candidates: .*missing"),
        ("overt: 5", "ovrt: 5", r":5: screen\.patients\.ovrt: .*did you mean 'overt'"),
        ("overt: 5", "overt: 0", r":5: screen\.patients\.overt: expected a whole number"),
        ("leave: 0.1", "leave: 2", r":5: screen\.leave: expected"),
        ("leave: 0.1", "leave: 0", r":5: screen\.leave: expected"),
        ("leave: 0.1", "narrow: 0", r":5: screen\.narrow: expected"),
        ("patients: {", "patient: {", r":5: screen\.patient: .*did you mean 'patients'"),
        ("{candidates: 100, patients: {overt: 5}, leave: 0.1}", "100", r":5: screen: expected"),
    ],
)
def test_a_wrong_screening_is_told_with_its_line(
    tmp_path: Path, right: str, wrong: str, message: str
) -> None:
    file = tmp_path / "fit.yaml"
    file.write_text(FIT.replace(right, wrong))
    with pytest.raises(UserError, match=message):
        load_problem(file)

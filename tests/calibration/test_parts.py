"""A fit on a job array finds what a fit on one machine finds."""

from pathlib import Path

import pytest

from simulation.calibration.abc import Fit
from simulation.calibration.parts import run_part, take_up
from simulation.calibration.problem import Effort, Problem
from simulation.errors import OtherScenario, UserError
from simulation.pool import HerePool
from simulation.store import Shard

from .test_abc import a_problem, ask


def a_fit_file() -> Problem:
    return a_problem(effort=Effort(design=16, keep=6, rounds=2, particles=8, finalists=2, confirm=1))


def test_an_array_for_each_stage_keeps_the_candidates_that_one_machine_keeps(tmp_path: Path) -> None:
    alone = Fit(a_fit_file(), tmp_path / "alone")
    alone.run(HerePool(), work=ask)
    place, effort = tmp_path / "array", a_fit_file().effort
    for stage in range(effort.rounds + 1):
        for index in (3, 1, 2):
            number, done, of = run_part(Fit(a_fit_file(), place), HerePool(), Shard(index, 3), work=ask)
            assert number == stage and done <= of == (effort.particles if stage else effort.design)
        assert done == of
    assert run_part(Fit(a_fit_file(), place), HerePool(), Shard(1, 3), work=ask) == (
        2,
        alone.total,
        alone.total,
    )
    fit = Fit(a_fit_file(), place)
    assert fit.done == [] and take_up(fit) == alone.total
    assert [one.point for one in fit.done] == [one.point for one in alone.done]
    for part, wanted in zip(fit.posterior(), alone.posterior(), strict=True):
        assert str(part) == str(wanted)
    assert len(Fit(a_fit_file(), place).done) == alone.total, "the log holds what was taken up"


def test_a_part_that_was_stopped_goes_on_and_one_machine_may_finish(tmp_path: Path) -> None:
    asked = iter(range(100))
    with pytest.raises(KeyboardInterrupt):
        run_part(
            Fit(a_fit_file(), tmp_path), HerePool(should_stop=lambda: next(asked) >= 3), Shard(1, 2), work=ask
        )
    run_part(Fit(a_fit_file(), tmp_path), HerePool(), Shard(2, 2), work=ask)
    fit = Fit(a_fit_file(), tmp_path)
    taken = take_up(fit)
    assert 0 < taken < 16
    fit.run(HerePool(), work=ask)
    assert len(fit.done) == fit.total


def test_parts_of_another_fit_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    run_part(Fit(a_fit_file(), tmp_path), HerePool(), Shard(1, 2), work=ask)
    (part,) = tmp_path.glob("part-*.json")
    for name in ("fit.json", "design.csv"):
        (tmp_path / name).unlink()
    other = Fit(a_problem(seed=2), tmp_path)
    with pytest.raises(OtherScenario, match="another fit"):
        take_up(other)
    part.write_text(part.read_text().replace('"stage": 0', '"stage": 1', 1))
    with pytest.raises(UserError, match="damaged"):
        take_up(other)

"""The sampler on a problem with a known answer: no patient is simulated here."""

import json
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulation.calibration.abc import Fit, evaluate
from simulation.calibration.estimate import Statistic
from simulation.calibration.experiments import Fidelity, Simulator
from simulation.calibration.problem import Effort, FreeDimension, Problem
from simulation.calibration.record import confirm, identifiability, parameter_set, write_record
from simulation.calibration.settings import Candidate
from simulation.calibration.targets import Target
from simulation.errors import OtherScenario, UserError
from simulation.files import seals
from simulation.pool import HerePool, LocalPool

TRUTH = 200.0


class Oracle(Simulator):
    """Answers at once: the product of two parameters is observed, neither of them alone."""

    def statistics(self, experiment: str, candidate: Candidate | None = None) -> dict[str, Statistic]:
        values = (candidate or Candidate()).values
        point = math.log(values["rate_contacts"] * values["rate_kill_max"])
        third = values["partition_marrow"]
        return {
            "product": Statistic(math.exp(point), point, 0.02, 50, "log"),
            "third": Statistic(third, third, 0.01, 50, "linear"),
        }


def ask(runs: tuple[tuple[Problem, tuple[float, ...], float], ...]) -> list[tuple[float, Any, float]]:
    """Evaluate candidates with the oracle, as `do` does with patients."""
    return [(*evaluate(problem, Oracle(), np.array(point), enough), 0.0) for problem, point, enough in runs]


def a_problem(**changes: object) -> Problem:
    product = Target("A", "product", "fit", "s", "overt.product", "log", 9, 600.0, 550.0, 655.0)
    third = Target("B", "third", "fit", "s", "overt.third", "linear", 9, 0.5, 0.45, 0.55)
    problem = Problem(
        "test", "", 1,
        (
            FreeDimension("rate_contacts", 50.0, 500.0, True),
            FreeDimension("rate_kill_max", 2.0, 16.0, True),
            FreeDimension("partition_marrow", 0.05, 1.0, False),
            FreeDimension("treg_engaged_weight", 1.0, 20.0, True),
        ),
        Candidate(), (product, third), {"A": 1.0, "B": 1.0}, {"overt": 4}, Fidelity(), 
        Effort(design=64, keep=16, rounds=8, particles=24, finalists=3, confirm=2),
    )  # fmt: skip
    return replace(problem, **changes)  # type: ignore[arg-type]


def test_it_finds_the_answer_and_says_what_the_data_cannot_tell(tmp_path: Path) -> None:
    fit = Fit(a_problem(), tmp_path)
    fit.run(HerePool(), work=ask)
    best = min(fit.done, key=lambda e: e.distance)
    design = min(e.distance for e in fit.done if e.stage == 0)
    assert best.stage > 0 and best.distance < design
    candidate = fit.problem.candidate(np.array(best.point))
    assert candidate.values["rate_contacts"] * candidate.values["rate_kill_max"] == pytest.approx(
        600, rel=0.1
    )
    assert candidate.values["partition_marrow"] == pytest.approx(0.5, abs=0.05)
    by_name = {one.name: one for one in identifiability(fit, best)}
    assert by_name["partition_marrow"].contraction > 0.6
    assert dict(by_name["rate_contacts"].correlated)["rate_kill_max"] < -0.5  # a ridge
    assert by_name["treg_engaged_weight"].contraction < by_name["partition_marrow"].contraction - 0.2


def test_a_killed_fit_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole, broken = Fit(a_problem(), tmp_path / "whole"), Fit(a_problem(), tmp_path / "broken")
    whole.run(HerePool(), work=ask)
    pool = HerePool(should_stop=lambda: len(broken.done) >= 70)
    with pytest.raises(KeyboardInterrupt):
        broken.run(pool, work=ask)
    log = tmp_path / "broken" / "evaluations.jsonl"
    with log.open("a") as stream:
        stream.write('{"index": 70, "stage": 1, "poi')  # a line cut short by the kill
    resumed = Fit(a_problem(), tmp_path / "broken")
    assert len(resumed.done) == 70
    resumed.run(HerePool(), work=ask)
    assert [e.point for e in resumed.done] == [e.point for e in whole.done]
    assert log.read_bytes() == (tmp_path / "whole" / "evaluations.jsonl").read_bytes()


def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    alone, together = Fit(a_problem(), tmp_path / "alone"), Fit(a_problem(), tmp_path / "together")
    alone.run(HerePool(), work=ask)
    with LocalPool(2) as pool:
        together.run(pool, work=ask)
    logs = [(tmp_path / name / "evaluations.jsonl").read_bytes() for name in ("alone", "together")]
    assert logs[0] == logs[1]


def test_a_folder_of_another_fit_is_not_touched(tmp_path: Path) -> None:
    Fit(a_problem(), tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(OtherScenario):
        Fit(a_problem(seed=2), tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_the_design_is_saved_and_never_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = Fit(a_problem(), tmp_path)
    monkeypatch.setattr("simulation.calibration.abc.qmc.Sobol", None)
    np.testing.assert_array_equal(Fit(a_problem(), tmp_path).design, fit.design)
    assert fit.design.shape == (64, 4)


def test_a_fit_of_another_model_or_version_is_not_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Fit(a_problem(), tmp_path / "new")
    monkeypatch.setattr("simulation.calibration.problem.model_sha256", lambda: "another")
    with pytest.raises(OtherScenario, match="model"):
        Fit(a_problem(), tmp_path / "new")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "fit.json").write_text('{"seed": 1, "free": []}\n')
    with pytest.raises(OtherScenario, match="earlier version"):
        Fit(a_problem(), tmp_path / "old")


def test_every_flipped_bit_of_a_fit_is_told_with_its_file_and_what_to_do(tmp_path: Path) -> None:
    fit = Fit(a_problem(effort=Effort(design=16, keep=6, rounds=1, particles=4)), tmp_path)
    fit.run(HerePool(), work=ask)
    draw = random.Random(7)
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(files) == {"fit.json", "design.csv", "evaluations.jsonl"}
    for name, content in files.items():
        at = [0, 5, len(content) - 5, *(draw.randrange(len(content) - 1) for _ in range(60))]
        for position in at:
            flipped = bytearray(content)
            flipped[position] ^= 1 << draw.randrange(8)
            (tmp_path / name).write_bytes(flipped)
            seals._digest.cache_clear()
            with pytest.raises(UserError, match=r"bring back a copy|delete this line and all") as caught:
                Fit(fit.problem, tmp_path)
            assert str(tmp_path / name) in str(caught.value)
            assert (tmp_path / name).read_bytes() == flipped  # nothing is thrown away without asking
        (tmp_path / name).write_bytes(content)
    seals._digest.cache_clear()
    assert Fit(fit.problem, tmp_path).done == fit.done


def test_a_line_that_is_missing_is_told_and_what_is_told_to_do_mends_it(tmp_path: Path) -> None:
    fit = Fit(a_problem(), tmp_path)
    fit.run(HerePool(), work=ask)
    log = tmp_path / "evaluations.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:40] + lines[41:]))
    with pytest.raises(UserError, match="delete this line") as caught:
        Fit(fit.problem, tmp_path)
    assert caught.value.line == 41
    log.write_bytes(b"".join(lines[:40]))
    again = Fit(fit.problem, tmp_path)
    again.run(HerePool(), work=ask)
    assert log.read_bytes() == b"".join(lines)


def test_hopeless_candidates_are_left_early_and_never_kept(tmp_path: Path) -> None:
    fit = Fit(a_problem(), tmp_path)
    fit.run(HerePool(), work=ask)
    kept = {e.index for e in fit.posterior()[2]}
    assert all(fit.done[i].statistics.keys() == {"A", "B"} for i in kept)
    _, weights, _ = fit.posterior()
    assert weights.sum() == pytest.approx(1.0) and weights.max() < 0.5


def test_the_record_shows_targets_side_by_side_and_a_set_that_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulation.calibration.fit_file import read_parameter_set

    fit = Fit(
        a_problem(effort=Effort(design=16, keep=6, rounds=1, particles=4, finalists=3, confirm=1)), tmp_path
    )
    fit.run(HerePool(), work=ask)
    monkeypatch.setattr("simulation.calibration.record.Simulator", Oracle)
    finalists = confirm(fit, HerePool())
    fitted = write_record(fit, finalists, tmp_path)
    result = read_parameter_set(fitted)
    assert set(result.values) == {"rate_contacts", "rate_kill_max", "partition_marrow", "treg_engaged_weight"}
    assert result.spreads == result.shares == {}
    page = (tmp_path / "record.md").read_text()
    assert "| A | product | 600" in page and "what the data can tell" in page
    data = json.loads((tmp_path / "record.json").read_text(), parse_constant=pytest.fail)
    assert {row["id"] for row in data["targets"]} == {"A", "B"}
    assert [row["candidate"] for row in data["finalists"]] == [one.evaluation.index for one in finalists]
    near = [row["distance"] for row in data["finalists"]]
    assert near == sorted(near) and data["distance"] == near[0] and len(near) == 3
    table = page[page.index("## Finalists") :]
    assert all(
        f"| {one.evaluation.index} | {one.distance**2 * sum(fit.problem.weights.values()):.1f} |" in table
        for one in finalists
    )
    assert "rate_contacts:" in parameter_set(fit.problem, finalists[0])

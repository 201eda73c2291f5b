"""Adding replicates and points: what was run keeps its number, what is new is run with the same patients."""

from pathlib import Path

import numpy as np
import pytest

from simulation.errors import UserError
from simulation.sweep.design_files import PointReader, read_shares
from simulation.sweep.expand import expand
from simulation.sweep.plan import Block, Plan, Run, load_plan
from tests.sweep.fake import planned

HEAD = "name: T\nscenario: SCENARIOS/preemptive.yaml\n"
GRID = HEAD + "parameters: {phi_bm: [0, 1], graft.tcon: [1e6/kg]}\ndesign: {kind: grid}\nreplicates: 2\n"


def drawn(kind: str) -> str:
    return (
        HEAD
        + f"parameters: {{phi_bm: {{range: table}}, rate_contacts: {{range: table}}}}\ndesign: {{{kind}}}\n"
    )


def points(folder: Path, plan: Plan) -> list[tuple[float | str, ...]]:
    reader = PointReader(folder, plan.factors, plan.n_points)
    return [reader[i] for i in range(plan.n_points)]


def test_replicates_come_after_what_is_there(tmp_path: Path) -> None:
    folder, before = planned(tmp_path, GRID)
    after = expand(folder, replicates=3)
    assert (before.n_runs, after.n_runs) == (4, 6)
    runs = list(after.runs())
    assert runs[:4] == list(before.runs())
    assert runs[4:] == [Run(4, 0, 0, 2), Run(5, 1, 0, 2)]
    assert load_plan(folder) == after
    with pytest.raises(UserError, match="has 3 replicates already"):
        expand(folder, replicates=3)


def test_levels_are_added_to_a_grid_with_all_its_patients(tmp_path: Path) -> None:
    folder, before = planned(tmp_path, GRID)
    after = expand(folder, add=["phi_bm=[0.5]", "graft.tcon=[2e6/kg]"])
    assert after.blocks == (Block(0, 2, 0, 2), Block(2, 6, 0, 2))
    result = points(folder, after)
    assert result[:2] == [(0.0, 1e6), (1.0, 1e6)]
    assert set(result) == {(p, t) for p in (0.0, 0.5, 1.0) for t in (1e6, 2e6)}
    assert after.factors[0].levels == (0.0, 0.5, 1.0)
    assert {after.patient(run) for run in after.runs() if run.point == 4} == {0, 1}
    for add, message in (
        ("phi_bm=[1]", "level already"),
        ("phi=[1]", "phi_bm"),
        ("phi_bm=[2 kg]", "plain number"),
    ):
        with pytest.raises(UserError, match=message):
            expand(folder, add=[add])
    with pytest.raises(UserError, match="not valid"):
        expand(folder, add=["phi_bm=[7]"])
    assert load_plan(folder) == after and before.n_points == 2


def test_points_and_then_replicates_make_a_full_layout(tmp_path: Path) -> None:
    folder, _ = planned(tmp_path, drawn("kind: random, points: 3"))
    plan = expand(expanded(folder, points=5), replicates=2)
    cells = {(run.point, run.replicate) for run in plan.runs()}
    assert cells == {(p, r) for p in range(5) for r in range(2)}
    assert [run.number for run in plan.runs()] == list(range(10))


def expanded(folder: Path, points: int) -> Path:
    expand(folder, points=points)
    return folder


@pytest.mark.parametrize(("kind", "more", "n"), [
    ("kind: random, points: 6", 9, 9), ("kind: latin_hypercube, points: 6", 12, 12),
    ("kind: sobol, points: 4", 8, 32), ("kind: morris, trajectories: 3", 5, 15),
])  # fmt: skip
def test_drawn_designs_grow(tmp_path: Path, kind: str, more: int, n: int) -> None:
    folder, before = planned(tmp_path, drawn(kind))
    first = points(folder, before)
    after = expand(folder, points=more)
    assert after.n_points == n
    assert points(folder, after)[: len(first)] == first
    assert len(set(points(folder, after))) > len(set(first))
    assert np.isfinite(read_shares(folder, n, 2)).all()
    with pytest.raises(UserError):
        expand(folder, points=more)


def test_a_library_that_draws_otherwise_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = planned(tmp_path, drawn("kind: sobol, points: 4"))
    real = __import__("simulation.sweep.expand", fromlist=["sobol_shares"]).sobol_shares
    monkeypatch.setattr("simulation.sweep.expand.sobol_shares", lambda *a: real(*a)[::-1])
    with pytest.raises(UserError, match="another Sobol sequence"):
        expand(folder, points=8)


def test_points_of_ones_own(tmp_path: Path) -> None:
    folder, _ = planned(tmp_path, GRID)
    mine = tmp_path / "more.csv"
    mine.write_text("phi_bm,graft.tcon\n0.25,3e6/kg\n", encoding="utf-8")
    assert points(folder, expand(folder, points_from=mine))[2] == (0.25, 3e6)
    other = tmp_path / "other"
    other.mkdir()
    spoilt, _ = planned(other, drawn("kind: morris, trajectories: 3"))
    with pytest.raises(UserError, match="would spoil"):
        expand(spoilt, points_from=mine)


def test_nothing_to_add_and_two_ways_at_once(tmp_path: Path) -> None:
    folder, _ = planned(tmp_path, GRID)
    with pytest.raises(UserError, match="nothing to add"):
        expand(folder)
    with pytest.raises(UserError, match="one way"):
        expand(folder, points=3, add=["phi_bm=[0.5]"])
    with pytest.raises(UserError, match="holds no sweep"):
        expand(tmp_path, replicates=3)

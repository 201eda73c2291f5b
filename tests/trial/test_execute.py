"""Running: the same numbers however it is run, and nothing lost, repeated or doubled whatever goes wrong."""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulation.errors import OtherScenario, UserError
from simulation.files.refusal import NotWritten
from simulation.life import simulate, strategies
from simulation.pool import HerePool, LocalPool, Pool
from simulation.scenario.schema import Scenario
from simulation.store import Shard, Store, StoreInUse, write_shard
from simulation.trial import task
from simulation.trial.conduct import PLANNED, ConductedTrial, conduct, conduct_part
from simulation.trial.execute import execute, missing, runs_of
from simulation.trial.folder import prepare_part
from simulation.trial.origin import design_of
from simulation.trial.schema import Repeats, Trial

PRELOAD = ("simulation.trial.task",)


def run(trial: Trial, out: Path, pool: Pool | None = None) -> ConductedTrial:
    with pool or HerePool() as opened:
        return conduct(trial, out, opened)


def rows_in(trial: Trial, out: Path) -> list[tuple[int, int, str, str]]:
    """Return (patient, repeat, arm, status) of every row as it stands in the files, with doubles."""
    with Store(out / "store", design_of(trial)) as store:
        return sorted((r["patient"], r["repeat"], r["arm"], r["status"]) for r in store.all_rows())


def whole(trial: Trial, patients: int) -> list[tuple[int, int, str, str]]:
    return sorted((p, r, key, "done") for p, r, keys in runs_of(trial, patients) for key in keys)


def fails_in(arm: str, patient: int) -> Callable[..., Any]:
    """Return a `simulate` that fails for a patient in an arm, which it knows by its drug and trigger."""

    def simulated(scenarios: list[Scenario], *, seed: int, patient: int, **more: Any) -> Any:
        if patient == who and any(key_of(one) == arm for one in scenarios):
            raise ZeroDivisionError("no cells\nleft")
        return simulate(scenarios, seed=seed, patient=patient, **more)

    who = patient
    return simulated


def key_of(scenario: Scenario) -> str:
    return {"never": "none", "overt_relapse": "late", "mrd": "early"}[scenario.start.when]


def test_one_two_or_no_workers_give_the_same_bytes(trial: Trial, tmp_path: Path) -> None:
    results = [
        run(trial, tmp_path / name, pool).view.comparison
        for name, pool in (("none", HerePool()), ("two", LocalPool(2, preload=PRELOAD)))
    ]
    assert results[0] == results[1]
    assert results[0]["n_patients"] == 6
    assert rows_in(trial, tmp_path / "two") == whole(trial, 6)


def test_workers_load_neither_mesa_nor_pandas_nor_matplotlib() -> None:
    code = "import sys, simulation.trial.task; print([m for m in ('mesa','pandas','matplotlib') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_the_trial_is_about_something(trial: Trial, tmp_path: Path) -> None:
    arms = run(trial, tmp_path).view.comparison["arms"]
    relapse = {key: arm["shares"]["relapse"]["value"] for key, arm in arms.items()}
    drug = {key: arm["means"]["blinatumomab_days"] for key, arm in arms.items()}
    relapse_free = {key: arm["rmst"]["relapse_free_days"]["value"] for key, arm in arms.items()}
    assert relapse["none"] > 0.5 and relapse["early"] <= relapse["late"]
    assert drug["none"] == 0 < drug["late"]
    assert relapse_free["late"] <= relapse_free["none"]  # salvage cannot prevent the first relapse


def test_a_run_that_raises_costs_its_arm_only(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strategies, "simulate", fails_in("late", 2))
    done = run(trial, tmp_path)
    assert [(one.patient, one.arm) for one in done.missing] == [(2, "late")]
    assert done.missing[0].reason == "ZeroDivisionError: no cells left"
    assert done.view.comparison["n_patients"] == 5
    assert done.view.comparison["patients_left_out"] == 1
    before = rows_in(trial, tmp_path)
    assert before.count((2, 0, "late", "failed")) == 1
    assert (2, 0, "early", "done") in before
    # repaired: only the missing run is run
    monkeypatch.undo()
    again = run(trial, tmp_path)
    assert not again.missing
    assert sorted(set(rows_in(trial, tmp_path)) - set(before)) == [(2, 0, "late", "done")]
    assert [row for row in rows_in(trial, tmp_path) if row[3] == "done"] == whole(trial, 6)
    assert again.view.comparison == run(trial, tmp_path / "fresh").view.comparison


def test_stopped_and_resumed_is_the_same_trial(trial: Trial, tmp_path: Path) -> None:
    stop = False

    def heard(progress: Any) -> None:
        nonlocal stop
        stop = progress.done >= 2

    with HerePool(should_stop=lambda: stop) as pool:
        first = conduct(trial, tmp_path, pool, on_progress=heard, should_stop=lambda: stop)
    assert first.state.stopped
    assert 0 < len(rows_in(trial, tmp_path)) < len(whole(trial, 6))
    assert len(first.missing) == len(whole(trial, 6)) - len(rows_in(trial, tmp_path))
    assert all(one.reason == "" for one in first.missing)
    second = run(trial, tmp_path)
    assert rows_in(trial, tmp_path) == whole(trial, 6)
    assert second.view.comparison == run(trial, tmp_path / "straight").view.comparison


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
def test_a_killed_worker_loses_nothing(trial: Trial, tmp_path: Path) -> None:
    killed = False
    with LocalPool(2, preload=PRELOAD) as pool:

        def kill_one(progress: Any) -> None:
            nonlocal killed
            if progress.done >= 1 and not killed:
                killed = True
                os.kill(pool.processes[0], signal.SIGKILL)

        state = execute(trial, tmp_path / "store", pool, 6, on_progress=kill_one)
    assert killed
    assert pool.deaths == 1
    assert not missing(trial, tmp_path / "store", 6, state)
    assert sorted(set(rows_in(trial, tmp_path))) == whole(trial, 6)


def test_a_full_disk_is_told_and_the_rest_kept(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 0

    def full(*arguments: Any) -> Path:
        nonlocal written
        written += 1
        if written > 2:
            raise NotWritten(OSError(errno.ENOSPC, "No space left on device"), tmp_path)
        return write_shard(*arguments)

    monkeypatch.setattr(task, "write_shard", full)
    done = run(trial, tmp_path)
    assert done.state.not_stored is not None
    assert done.state.not_stored.full
    kept = rows_in(trial, tmp_path)
    assert len(kept) >= 3
    assert len(done.missing) == 18 - len(kept)
    monkeypatch.undo()
    assert not run(trial, tmp_path).missing
    assert rows_in(trial, tmp_path) == whole(trial, 6)


def test_more_patients_leave_the_first_as_they_were(trial: Trial, tmp_path: Path) -> None:
    few = replace(trial, file=trial.file.model_copy(update={"patients": 3}))
    run(few, tmp_path)
    first = rows_in(trial, tmp_path)
    run(trial, tmp_path)
    assert set(first) <= set(rows_in(trial, tmp_path))
    assert rows_in(trial, tmp_path) == whole(trial, 6)


def test_precision_adds_patients_until_it_is_reached(trial: Trial, tmp_path: Path) -> None:
    start = run(trial, tmp_path / "first")
    goal = 0.8 * start.half_width
    wished = replace(trial, file=trial.file.model_copy(update={"precision": goal, "most_patients": 30}))
    done = run(wished, tmp_path / "second")
    assert done.patients > 6
    assert done.half_width <= goal or done.patients == 30
    assert done.view.comparison["n_patients"] == done.patients


def test_repeats_tell_chance_from_patients(trial: Trial, tmp_path: Path) -> None:
    repeats = Repeats(patients=4, times=3)
    repeated = replace(trial, file=trial.file.model_copy(update={"repeats": repeats}))
    done = run(repeated, tmp_path)
    assert len(rows_in(repeated, tmp_path)) == 3 * 6 + 2 * (2 * 4)  # of the arms in question alone
    chance = done.view.comparison["chance"]
    assert chance["difference"]["patients"] == 4
    assert chance["difference"]["repeats"] == 3
    assert chance["early"]["chance_sd"] is not None
    plain = run(trial, tmp_path / "plain").view.comparison
    assert done.view.comparison["pairs"] == plain["pairs"]  # repeats do not enter the comparison itself
    with Store(tmp_path / "store", design_of(repeated)) as store:
        growth = {(r["patient"], r["rate_blast_net_growth"]) for r in store.rows() if r["patient"] < 4}
    assert len(growth) == 4  # the same person each time


def test_parts_of_a_job_array_make_the_same_trial(trial: Trial, tmp_path: Path) -> None:
    once = run(trial, tmp_path / "once").view.comparison
    out = prepare_part(trial, tmp_path / "parts")
    computed = []
    for index in (3, 1, 2):
        assert prepare_part(trial, out) == out
        with HerePool() as pool:
            state, left = conduct_part(trial, out, pool, Shard(index, 3))
            assert not left
            computed.append(state.computed)
            assert conduct_part(trial, out, pool, Shard(index, 3))[0].computed == 0, (
                "a part that is done is done"
            )
    assert sum(computed) == 6 and max(computed) < 6
    assert json.loads((out / PLANNED).read_text())["runs"] == 18
    done = run(trial, out)
    assert done.state.computed == 0 and done.view.comparison == once
    assert [path.name for path in out.glob("store*")] == ["store"], "parts are moved into the whole"
    assert rows_in(trial, out) == whole(trial, 6)
    with HerePool() as pool:  # asked for again, with another number of parts
        assert conduct_part(trial, out, pool, Shard(1, 2))[0].computed == 0


def test_a_part_that_is_still_written_is_not_moved(trial: Trial, tmp_path: Path) -> None:
    out = prepare_part(trial, tmp_path / "parts")
    with HerePool() as pool:
        conduct_part(trial, out, pool, Shard(1, 2))
    (part,) = out.glob("store-*")
    rows = sorted(path.name for path in (part / "rows").iterdir())
    with Store(part, design_of(trial)), pytest.raises(StoreInUse, match="another program is writing"):
        run(trial, out)
    assert sorted(path.name for path in (part / "rows").iterdir()) == rows
    other = replace(trial, file=trial.file.model_copy(update={"seed": trial.seed + 1}))
    with pytest.raises(OtherScenario):
        prepare_part(other, out)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").touch()
    with pytest.raises(UserError, match="holds no trial"):
        prepare_part(trial, tmp_path / "mine")

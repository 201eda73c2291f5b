"""Sweeps without a simulation: a folder as `sweep` leaves it, its rows from a formula."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from simulation.store import Store, write_shard
from simulation.sweep.design_files import PointReader
from simulation.sweep.load import load_sweep
from simulation.sweep.plan import Plan, Run
from simulation.sweep.prepare import check_sweep, prepare
from simulation.sweep.table import RUNS
from simulation.sweep.work import store_design

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
type Formula = Callable[[Mapping[str, Any], str, np.random.Generator], Mapping[str, Any]]


def write(folder: Path, text: str, name: str = "sweep.yaml") -> Path:
    """Write a sweep file whose scenarios are named as SCENARIOS/x.yaml."""
    path = folder / name
    path.write_text(text.replace("SCENARIOS", str(SCENARIOS)), encoding="utf-8")
    return path


def planned(folder: Path, text: str) -> tuple[Path, Plan]:
    """Return the folder of a prepared sweep, nothing of it run."""
    sweep = load_sweep(write(folder, text))
    out = folder / "out"
    return out, prepare(sweep, out, check_sweep(sweep), resume=False)


def filled(
    folder: Path, text: str, formula: Formula, *, leave_out: Callable[[Run], bool] = lambda run: False
) -> tuple[Path, Plan]:
    """Return the folder of a sweep whose rows come from a formula of (point, arm, random numbers of the patient)."""
    out, plan = planned(folder, text)
    fill(out, plan, formula, leave_out=leave_out)
    return out, plan


def fill(
    out: Path, plan: Plan, formula: Formula, *, leave_out: Callable[[Run], bool] = lambda run: False
) -> None:
    """Write a row for every run that is not left out; the same patient draws the same numbers at every point."""
    design = store_design(plan)
    reader = PointReader(out, plan.factors, plan.n_points)
    names = [factor.name for factor in plan.factors]
    rows = []
    for run in plan.runs():
        if leave_out(run):
            continue
        values = dict(zip(names, reader[run.point], strict=True))
        arm = plan.arm_names[run.arm]
        patient = plan.patient(run)
        result = dict(formula(values, arm, np.random.default_rng([7, patient])))
        state = {"status": "done", "error": "", "seconds": 0.1} | result
        rows.append(
            {"run": run.number, "point": run.point, "arm": arm, "replicate": run.replicate, "patient": patient,
             "seed": plan.seed} | values | state
        )  # fmt: skip
    with Store(out / RUNS, design) as store:
        write_shard(out / RUNS, design, rows)
        store.merge(everything=True)

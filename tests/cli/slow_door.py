"""Not a test: the program with a runner that takes its time, for what only a process of its own shows.

Usage: python slow_door.py HEARS run FILE ...    where a runner that is `deaf` never asks whether to stop.
"""

import sys
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from simulation.cli import main
from simulation.results import Result
from simulation.scenario.schema import Scenario

DEAF = sys.argv[1] == "deaf"
N_DAYS = 400


def run(scenario: Scenario, **asked: Any) -> Result:
    days = [0.0]
    for day in range(1, N_DAYS + 1):
        if asked["should_stop"]() and not DEAF:
            break
        time.sleep(0.02)
        days.append(float(day))
        asked["on_progress"](
            SimpleNamespace(day=day, days=N_DAYS, blasts=2e9, mrd=3e-4, cd3_per_ul=150.0, agvhd_grade=1)
        )
        if day == 20:
            Path("under_way").touch()
    outcomes = {"scenario": scenario.name, "days_simulated": days[-1]}
    columns = {"day": np.array(days)}
    return Result(scenario, 0, 0, columns, (), outcomes, interrupted=len(days) <= N_DAYS)


def write_result(result: Result, folder: Path, **options: object) -> Path:
    (folder / "summary.json").write_text(str(result.outcomes["days_simulated"]))
    return folder


module = ModuleType("simulation.runner")
module.run = run  # type: ignore[attr-defined]
sys.modules["simulation.runner"] = module

import simulation.cli.running  # noqa: E402

vars(simulation.cli.running)["write_result"] = write_result
sys.exit(main(sys.argv[2:]))

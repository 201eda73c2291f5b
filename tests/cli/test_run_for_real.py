"""The command `run` with the real model on a small marrow, in processes of its own, as a person has it."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from simulation.errors import ExitStatus

from .conftest import ROOT, Sim, process_environment

SMALL = ("--set", "marrow.rows=4", "--set", "marrow.columns=4", "--days", "40")
TABLES = ("summary.json", "trajectory.csv", "events.csv")
SCENARIO = ROOT / "scenarios" / "preemptive.yaml"


def test_two_scenarios_leave_everything_that_the_readme_names(process: Sim, tmp_path: Path) -> None:
    late = ROOT / "scenarios" / "therapeutic.yaml"
    answer = process("run", late, SCENARIO, *SMALL, "--out", "both", "--seed", 1)
    assert answer.status == ExitStatus.DONE, answer.err
    named = re.findall(
        r"^\| `([a-z.]+)/?` \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert "summary.json" in named
    for run in ("therapeutic", "preemptive"):
        for name in named:
            assert (tmp_path / "both" / run / name).exists(), name
        assert list((tmp_path / "both" / run / "figures").glob("*.png"))
    for name in ("overview.png", "comparison.csv"):
        assert (tmp_path / "both" / name).stat().st_size > 100
    assert answer.out.splitlines()[-1] == "Results: both"


def test_json_has_every_outcome(process: Sim) -> None:
    answer = process("run", SCENARIO, *SMALL, "--json", "--no-figures")
    assert answer.status == ExitStatus.DONE, answer.err
    summary = json.loads(answer.out)
    promised = """
        scenario seed days_simulated complete_remission_day mrd_negative_day mrd_nadir
        treatment_start_day relapse_day second_relapse_day relapse_cd19 relapse_hla eradicated mrd_relapse_day
        agvhd_grade agvhd_grade_2_day crs_grade relapse_free_days cause_of_failure
        current_leukaemia_free_days agvhd_free_relapse_free_days
        blinatumomab_days dli_cells_per_kg final_blasts final_cd3_per_ul final_agents
    """
    assert set(promised.split()) <= set(summary)
    assert summary["days_simulated"] == 40


def test_the_same_bytes_whatever_the_hash_seed(process: Sim, tmp_path: Path) -> None:
    for hash_seed in ("1", "2"):
        words = ("run", SCENARIO, *SMALL, "--out", hash_seed, "--seed", 3, "--no-figures")
        assert process(*words, env={"PYTHONHASHSEED": hash_seed}).status == ExitStatus.DONE
    for name in TABLES:
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("1", "2"))
        assert first == second, f"{name} differs: a set or dict order, a clock or a generator state got in"


def test_the_resolved_scenario_runs_again_to_the_same_bytes(process: Sim, tmp_path: Path) -> None:
    process("run", SCENARIO, *SMALL, "--out", "first", "--no-figures")
    again = process("run", "first/scenario.resolved.yaml", "--out", "again", "--no-figures")
    assert again.status == ExitStatus.DONE, again.err
    for name in (*TABLES, "scenario.resolved.yaml"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_ctrl_c_keeps_the_days_that_are_done(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import time\nfrom pathlib import Path\n\n"
        "class Slow:\n    name, source, days = 'slow', 'a test', 0\n"
        "    def act(self, state, dt):\n        time.sleep(0.05)\n        self.days += dt\n"
        "        if self.days > 12: Path('under_way').touch()\n\n"
        "RULES = [Slow()]\n"
    )
    words = ["run", str(SCENARIO), *SMALL, "--plugin", "slow.py", "--out", "mine", "--no-figures"]
    running = subprocess.Popen(
        [sys.executable, str(ROOT / "run_sim.py"), *words],
        cwd=tmp_path,
        env=process_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 120
    while not (tmp_path / "under_way").exists() and running.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=120)
    assert running.returncode == ExitStatus.INTERRUPTED, err
    assert "Traceback" not in err
    summary = json.loads((tmp_path / "mine" / "summary.json").read_text())
    assert summary["interrupted"] is True
    assert 5 <= summary["days_simulated"] < 40


def test_the_readmes_python_lines(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    entries = re.search(r"<!-- example: python -->\n```python\n(.+?)```", readme, re.DOTALL)
    assert entries
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios")
    done = subprocess.run(
        [sys.executable, "-c", entries[1]],
        cwd=tmp_path,
        env=process_environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "early" / "summary.json").is_file()
    assert (tmp_path / "burden.png").is_file()
    assert len([line for line in entries[1].splitlines() if line]) <= 10

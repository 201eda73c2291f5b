"""The command line as a person types it, in this process (fast) or in one of its own (as it really is)."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
type Sim = Callable[..., "Answer"]


@dataclass(frozen=True)
class Answer:
    status: int
    out: str
    err: str


@pytest.fixture
def sim(capsys: pytest.CaptureFixture[str]) -> Sim:
    """Call the program in this process."""
    from simulation.cli import main

    def call(*words: str | Path) -> Answer:
        capsys.readouterr()
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        return Answer(status, captured.out, captured.err)

    return call


def process_environment(**changes: str) -> dict[str, str]:
    """Return an environment without the settings of whoever runs the tests."""
    left_out = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "NUMBA_CACHE_DIR", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in left_out} | changes


@pytest.fixture
def process(tmp_path: Path) -> Sim:
    """Call `python run_sim.py` in a process of its own, in an empty folder."""

    def call(*words: str | Path, **options: Any) -> Answer:
        command = [sys.executable, str(ROOT / "run_sim.py"), *map(str, words)]
        environment = process_environment(**options.pop("env", {}))
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def scenario_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a small scenario file."""

    def write(name: str = "small", text: str = "") -> Path:
        file = tmp_path / f"{name}.yaml"
        file.write_text(f"name: Patient {name}\nfollow_up: 20 d\nmarrow: {{rows: 3, columns: 3}}\n{text}")
        return file

    return write

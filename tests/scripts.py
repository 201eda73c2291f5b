"""Run lines of Python in a process of their own, from the project's root."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[1]


def printed_by(code: str, **environment: str) -> str:
    """Return what the lines print; fail with what they complain of."""
    env = {**os.environ, "PYTHONPATH": str(_ROOT), **environment}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=_ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

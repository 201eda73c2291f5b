"""What the pools of these tests work on; worker processes import it by name."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any


def double(runs: tuple[Any, ...]) -> list[Any]:
    return [2 * run for run in runs]


def model() -> str:
    """Return the digest of the model installed here, as far as these tests are concerned."""
    return os.environ.get("MODEL_OF_TESTS", "the same")


def slow_double(runs: tuple[Any, ...]) -> list[Any]:
    time.sleep(0.05)
    return [2 * run for run in runs]


def raise_on_three(runs: tuple[Any, ...]) -> list[Any]:
    if 3 in runs:
        raise ValueError("three is too many")
    return list(runs)


def die_on_three(runs: tuple[Any, ...]) -> list[Any]:
    if 3 in runs:
        os.kill(os.getpid(), signal.SIGKILL)
    return list(runs)


def die_once(runs: tuple[Any, ...]) -> list[Any]:
    """Die the first time that a folder's mark is missing; runs are (number, folder)."""
    for number, folder in runs:
        mark = Path(folder) / f"died-{number}"
        if number % 5 == 0 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return [number for number, _ in runs]


def pid(runs: tuple[Any, ...]) -> int:
    time.sleep(0.02)
    return os.getpid()


def settings(runs: tuple[Any, ...]) -> dict[str, Any]:
    heavy = [name for name in ("mesa", "pandas", "matplotlib") if name in sys.modules]
    return {
        "threads": os.environ.get("OPENBLAS_NUM_THREADS"),
        "interrupt": signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
        "heavy": heavy,
    }


def no_pickle(runs: tuple[Any, ...]) -> Any:
    return lambda: runs


def write_pid_and_sleep(runs: tuple[Any, ...]) -> None:
    (folder,) = runs
    (Path(folder) / f"pid-{os.getpid()}").touch()
    time.sleep(60)

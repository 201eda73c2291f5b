"""On what a trial's numbers depend, so that runs of different models are never mixed in one store."""

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import simulation
from simulation.store import Design
from simulation.trial.rows import KEYS, columns
from simulation.trial.schema import Trial

__all__ = ["design_of", "model_sha256"]

_PACKAGE: Final = Path(simulation.__file__).resolve().parent
_MODEL: Final = (
    "engine",
    "biology",
    "body",
    "clinic",
    "parameters",
    "data",
)  # rooms whose code makes the numbers
_FILES: Final = ("course.py", "trial/twins.py", "trial/rows.py")
_LIBRARIES: Final = ("numpy", "numba", "scipy", "pydantic")


@cache
def model_sha256() -> str:
    """Return the digest of the model's own sources and data."""
    files = [
        path
        for room in _MODEL
        for path in sorted((_PACKAGE / room).rglob("*"))
        if path.suffix in {".py", ".yaml"}
    ]
    digest = hashlib.sha256()
    for path in [*files, *(_PACKAGE / name for name in _FILES)]:
        digest.update(path.relative_to(_PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def design_of(trial: Trial) -> Design:
    """Return the design of a trial's store; the number of patients is no part of it, more may be added later."""
    identity: dict[str, Any] = {
        "seed": trial.seed,
        "arms": {arm.key: arm.scenario.to_yaml() for arm in trial.arms},
        "model": model_sha256(),
    }
    about = {
        "trial": trial.name,
        "program": f"transplant-twin {simulation.__version__}",
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
    }
    return Design("trial", KEYS, columns(trial.arms), identity, about)

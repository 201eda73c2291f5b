"""Where a result comes from: program, libraries, scenario, seed, machine; no person's and no host's name."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING

import simulation

if TYPE_CHECKING:
    from simulation.in_vitro.result import ExperimentResult
    from simulation.results.result import Result

__all__ = ["LIBRARIES", "provenance"]

LIBRARIES = [
    "mesa",
    "networkx",
    "numpy",
    "numba",
    "llvmlite",
    "scipy",
    "pandas",
    "matplotlib",
    "pyyaml",
    "pydantic",
    "click",
    "rich",
    "jinja2",
    "pyarrow",
]
_PACKAGE = Path(simulation.__file__).resolve().parent


def provenance(
    result: Result | ExperimentResult, extra: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Return what is needed to repeat a run and to trust that it is the same.

    `extra` is what only the caller knows (started, duration_s ...); it wins over the result's own
    `provenance`, and that over what is found here.
    """
    commit, modified = _commit()
    known: dict[str, object] = {
        "program": "simulation",
        "version": simulation.__version__,
        "commit": commit,
        "modified_since_commit": modified,
        "scenario": result.scenario.name,
        "scenario_sha256": result.scenario.digest(),
        "parameters_sha256": _parameters_sha256(),
        "seed": result.seed,
        "patient": result.patient,
        "interrupted": result.interrupted,
        "started": None,
        "duration_s": None,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu_count": os.cpu_count(),
        "libraries": library_versions(),
    }
    return known | dict(result.provenance) | dict(extra or {})


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = []
    for name in LIBRARIES:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that are installed."""
    return dict(_versions())


@cache
def _parameters_sha256() -> str | None:
    """Return the digest of the packaged parameter table."""
    table = resources.files("simulation") / "data" / "parameters.yaml"
    return hashlib.sha256(table.read_bytes()).hexdigest() if table.is_file() else None


@cache
def _commit() -> tuple[str | None, bool | None]:
    """Return the commit of the program's own checkout and whether files have changed since; None if unknown.

    An installed package may lie inside somebody else's repository: only a checkout with this folder at its
    top counts.
    """
    if not (_PACKAGE.parent / ".git").exists():
        return None, None
    commit = _git("rev-parse", "HEAD")
    status = _git("status", "--porcelain", "--untracked-files=no", "--", _PACKAGE.name)
    return (commit or None), (None if status is None or not commit else bool(status))


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(_PACKAGE.parent), *arguments]
    quiet = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}  # a status must not write to the user's repository
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False, env=quiet)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None

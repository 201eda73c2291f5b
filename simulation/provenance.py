"""Where results come from: program, model, parameters, libraries, machine; no person's and no host's name."""

import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

import simulation

__all__ = ["LIBRARIES", "SHOWING", "commit", "digest_of", "model_sha256", "provenance", "provenance_lines"]

LIBRARIES: Final = (
    "mesa", "networkx", "numpy", "numba", "llvmlite", "scipy", "pandas", "matplotlib", "pyyaml", "pydantic", "click", "rich",
    "jinja2", "pyarrow", "SALib", "distributed",
)  # fmt: skip
_PACKAGE: Final = Path(simulation.__file__).resolve().parent
# Rooms that only show what was simulated. All others are the model's, so that none which makes numbers is left out.
SHOWING: Final = frozenset(
    {
        "analysis",
        "browser",
        "cli",
        "cohort",
        "design",
        "export",
        "forecast",
        "prediction",
        "results",
        "validation",
    }
)
_COPIES: Final = "shipped"  # what a wheel carries for `init`; no run reads it


def provenance(**about: object) -> dict[str, object]:
    """Return what is needed to repeat something and to trust that it is the same.

    `about` is what only the caller knows (scenario, seed, started ...); it stands after the program and
    before the machine, and wins over both.
    """
    head, modified = commit()
    known: dict[str, object] = {
        "program": "transplant-twin",
        "version": simulation.__version__,
        "commit": head,
        "modified_since_commit": modified,
        "model_sha256": model_sha256(),
        "parameters_sha256": _parameters_sha256(),
    }
    machine: dict[str, object] = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpu_count": os.cpu_count(),
        "libraries": dict(_libraries()),
    }
    return known | about | machine | about


def provenance_lines(known: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return a provenance as rows of (name, text) for a report."""
    return [(name.replace("_", " "), _in_words(value)) for name, value in known.items()]


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return "unknown" if value is None else str(value)


@cache
def _libraries() -> tuple[tuple[str, str], ...]:
    versions = []
    for name in LIBRARIES:
        try:
            versions.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(versions)


@cache
def _parameters_sha256() -> str:
    """Return the digest of the parameter table's names and values."""
    from simulation.parameters import ParameterTable

    return ParameterTable.load().parameter_values().digest()


@cache
def model_sha256() -> str:
    """Return the digest of all sources and data that may change a result, so that runs of two models are never mixed."""
    return digest_of(_PACKAGE)


def digest_of(package: Path) -> str:
    """Return the digest of a copy of the package, without what only shows."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package)
        if path.suffix in {".py", ".yaml"} and name.parts[0] not in SHOWING | {_COPIES}:
            digest.update(name.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def commit() -> tuple[str | None, bool | None]:
    """Return the commit of the program's own checkout and whether files have changed since; None if unknown.

    An installed package may lie inside somebody else's repository: only a checkout with this folder at its
    top counts.
    """
    if not (_PACKAGE.parent / ".git").exists():
        return None, None
    head = _git("rev-parse", "HEAD")
    status = _git("status", "--porcelain", "--untracked-files=no", "--", _PACKAGE.name)
    return (head or None), (None if status is None or not head else bool(status))


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(_PACKAGE.parent), *arguments]
    quiet = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}  # a status must not write to the user's repository
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False, env=quiet)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None

"""What `doctor --repair` does: install what is missing, clear kernels of other versions, and see a simulation run."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from simulation.cli.installation import Requirements
from simulation.engine_cache import unused_caches, use_engine_cache
from simulation.shipped import PROJECT

__all__ = ["Step", "repair"]

_ONE_DAY: Final = (
    "from simulation import simulate; from simulation.scenario.load import parse_scenario; "
    "simulate([parse_scenario('{name: A day, follow_up: 1 d}')], seed=0)"
)


@dataclass(frozen=True, slots=True)
class Step:
    """Tell what was looked at, and what came of it."""

    what: str
    message: str
    well: bool

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def repair(lacking: Sequence[Requirements]) -> Iterator[Step]:
    """Put in order what can be; yield each step as it ends. The last one, a simulated day, may compile for a minute."""
    for group in lacking:
        yield _install(group)
    current = use_engine_cache()
    if current is not None:
        yield _clear(unused_caches(current))
    yield _simulate(current)


def _install(group: Requirements) -> Step:
    what = "packages" if group.extra is None else f"extra {group.extra}"
    if find_spec("pip") is None:
        return Step(what, f"no pip is here; type: {group.install_line}", False)
    fault = _fault([sys.executable, "-m", "pip", *group.pip_words, "--quiet"], PROJECT)
    return Step(what, fault or f"installed with: {group.install_line}", not fault)


def _clear(folders: Sequence[Path]) -> Step:
    freed = sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    counts = f"{len(folders)} removed, {freed / 1e6:.0f} MB" if folders else "none that a day has not used"
    return Step("kernels of other versions", counts, True)


def _simulate(cache: Path | None) -> Step:
    """Simulate a day in a process of its own; where that fails, once more with kernels compiled anew."""
    what, fault = "a simulated day", _fault([sys.executable, "-c", _ONE_DAY])
    if fault and cache is not None:
        shutil.rmtree(cache, ignore_errors=True)
        if not _fault([sys.executable, "-c", _ONE_DAY]):
            return Step(what, f"runs, since its damaged kernels were compiled anew ({fault})", True)
    return Step(what, f"fails: {fault}" if fault else "runs", not fault)


def _fault(words: Sequence[str], folder: Path | None = None) -> str:
    """Run a command, in a folder where one is named, and return the last line of its complaint; nothing where it ends well."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    output = (done.stderr or done.stdout).strip().splitlines()
    return output[-1] if output else f"exit status {done.returncode}"

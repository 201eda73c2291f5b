"""What is installed here, compared with what the project asks for."""

import os
import platform
import shlex
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import simulation
from simulation.engine_cache import use_engine_cache
from simulation.provenance import commit
from simulation.shipped import DISTRIBUTION, PROJECT, installable

DEVELOPMENT = ("dev", "docs", "test")  # not something the program itself can do without or with


@dataclass(frozen=True)
class Package:
    """One required package; `state` is `ok`, `missing` or `wrong version`."""

    name: str
    version: str | None
    required: str
    state: str


@dataclass(frozen=True)
class Requirements:
    """The packages of one extra, or of the simulator itself (`extra` is None)."""

    extra: str | None
    packages: tuple[Package, ...]

    @cached_property
    def complete(self) -> bool:
        """Tell whether every package is there in a version that was asked for."""
        return all(package.state == "ok" for package in self.packages)

    @property
    def pip_words(self) -> list[str]:
        """Return what follows `python -m pip` to install what is missing, in the project's folder where there is one."""
        constraints = [] if PROJECT is None else ["-c", "constraints.txt"]
        return ["install", *constraints, *installable(self.extra)]

    @property
    def install_line(self) -> str:
        """Return the command that installs what is missing, as typed in a shell here."""
        there = PROJECT is None or Path.cwd() == PROJECT
        if find_spec("pip") is not None:
            words = [_python() if there else sys.executable, "-m", "pip", *self.pip_words]
        elif PROJECT is None:  # as `uv tool install` leaves it: a tool is installed as a whole, from a clone
            extra = "" if self.extra is None else f"[{self.extra}]"
            return (
                shlex.join(["uv", "tool", "install", "--force", f".{extra}"]) + " (in a clone of the project)"
            )
        else:
            words = ["uv", "pip", *self.pip_words, "--python", sys.executable]
        return ("" if there else f"cd {shlex.quote(str(PROJECT))} && ") + shlex.join(words)


def requirements() -> list[Requirements]:
    """Compare what is installed with what the project's own metadata ask for."""
    core, extras = asked_for()
    groups = [Requirements(None, tuple(_look_up(text) for text in core))]
    for extra, texts in extras.items():
        if extra not in DEVELOPMENT:
            groups.append(Requirements(extra, tuple(_look_up(text) for text in texts)))
    return groups


def machine() -> dict[str, Any]:
    """Return versions, processors, commit and the folder for compiled kernels; None where there is none."""
    cache, (head, modified) = use_engine_cache(), commit()
    return {
        "version": simulation.__version__,
        "commit": f"{head}+changes" if head and modified else head,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "kernel_cache": str(cache) if cache is not None and os.access(cache, os.W_OK) else None,
    }


def asked_for() -> tuple[list[str], dict[str, list[str]]]:
    """Return the requirements of the simulator and of each extra, as text."""
    if PROJECT is not None:
        import tomllib

        text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        return project["dependencies"], project["optional-dependencies"]
    core: list[str] = []
    extras: dict[str, list[str]] = {}
    for text in metadata.requires(DISTRIBUTION) or []:
        requirement, _, marker = text.partition(";")
        if "extra ==" in marker:
            name = marker.split("extra ==")[1].strip(" '\")")
            extras.setdefault(name, []).append(requirement.strip())
        else:
            core.append(requirement.strip())
    return core, extras


def _python() -> str:
    """Return what this Python is called from here."""
    nearby = os.path.relpath(sys.executable)
    return sys.executable if nearby.startswith("..") else nearby


def _look_up(text: str) -> Package:
    """Find the package that a requirement names."""
    name = text
    for sign in "<>=!~[ ;":
        name = name.partition(sign)[0]
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Package(name, None, text[len(name) :], "missing")
    return Package(name, version, text[len(name) :], "ok" if _fits(version, text) else "wrong version")


def _fits(version: str, text: str) -> bool:
    try:
        from packaging.requirements import Requirement
    except ImportError:  # it is itself on the list, as missing
        return True
    return Requirement(text).specifier.contains(version, prereleases=True)

"""Rules of the user's own: the files that a scenario or an experiment names are loaded here, and nowhere else executed.

A file is loaded once per process, by its path and its digest, with what it imports from beside it. Its compiled
functions are cached in a folder named by that digest, so that no edit of a second file leaves old machine code behind.
"""

import copy
import importlib.abc
import importlib.util
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from threading import RLock
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from simulation.biology.order import AFTER_EVENTS, BEFORE_EVENTS
from simulation.biology.state import Process, State
from simulation.errors import UserError
from simulation.scenario.plugins import RULES, Plugin, Sources

__all__ = ["PluginRule", "described", "rules_of"]

_LOADING = RLock()


def rules_of(plugins: Iterable[Plugin]) -> "tuple[PluginRule, ...]":
    """Return the rules of plugins, fresh: what a rule keeps is kept for one patient, or one well.

    Raises
    ------
    UserError
        Where a file fails or is another than the scenario was read with, `RULES` is no list of rules, or two rules
        have one name.
    """
    rules = [
        PluginRule(rule.name, rule.source, _own_copy(rule, plugin.name), plugin.sources)
        for plugin in plugins
        for rule in _loaded(plugin.path, plugin.sha256)
    ]
    owner = {process.name: "the program" for process in (*BEFORE_EVENTS, *AFTER_EVENTS)}
    for rule in rules:
        if rule.name in owner:
            message = f"the rule {rule.name!r} is there already, in {owner[rule.name]}; names are given once"
            raise UserError(message, file=rule.file, key=RULES)
        owner[rule.name] = rule.file
    return tuple(rules)


def _own_copy(rule: Process, file: str) -> Process:
    try:
        return copy.deepcopy(rule)
    except Exception as error:
        message = f"the rule {rule.name!r} cannot be copied, and every patient needs his own ({error})"
        raise UserError(message, file=file, key=RULES) from error


def described(plugins: Sequence[Plugin]) -> list[dict[str, object]]:
    """Return of every plugin that was simulated with: file, digest, rules, parameters."""
    rules = rules_of(plugins)
    return [
        {
            "file": plugin.name,
            "sha256": plugin.sha256,
            "rules": {rule.name: rule.source for rule in rules if rule.file == plugin.name},
            "parameters": plugin.written,
        }
        for plugin in plugins
    ]


@dataclass
class PluginRule:
    """Be a process of the step: let a user's rule act; what goes wrong in it is his mistake, at its line."""

    name: str
    source: str
    rule: Process
    sources: Sources

    @property
    def file(self) -> str:
        """Return the name of the plugin's file."""
        return self.sources.name

    def kept(self) -> Any:
        """Return what the rule keeps, as a pickle would hold it: its class is in a file that no import finds."""
        return self.rule.__getstate__()

    def keep(self, kept: Any) -> None:
        """Let the rule keep what another of its class has kept."""
        if hasattr(self.rule, "__setstate__"):
            self.rule.__setstate__(kept)
            return
        own, slots = kept if isinstance(kept, tuple) else (kept, None)
        for name, value in ((own or {}) | (slots or {})).items():
            object.__setattr__(self.rule, name, value)

    def act(self, state: State, dt: float) -> None:
        """Let the rule act, and check that it has left numbers that can be simulated.

        Raises
        ------
        UserError
            Where the rule raises, ends the program, or leaves hazards or cells that cannot be.
        """
        books = _balance(state)
        try:
            self.rule.act(state, dt)
        except (Exception, SystemExit) as error:
            raise _mistake(error, self.sources) from error
        wrong = _impossible(state, books)
        if wrong:
            raise UserError(
                f"the rule {self.name!r} {wrong}, on day {state.day:g}", file=self.file, key=RULES
            )


def _balance(state: State) -> int:
    """Return cells less those that came and plus those that went: no rule may change it."""
    return state.pop.total_cells() - state.infused - state.births + state.deaths


def _impossible(state: State, books: int) -> str:
    pop = state.pop
    if (pop.cells[: pop.top] < 0).any():
        return "left a negative number of cells"
    if _balance(state) != books:
        return "changed the number of cells; count what it adds in state.infused, and what it takes in state.deaths"
    hazard = pop.hazard[pop.rows()]
    if not np.isfinite(hazard).all():
        return "left a hazard that is no number"
    return "left a negative hazard" if (hazard < 0).any() else ""


def _mistake(error: BaseException, sources: Sources) -> UserError:
    """Return the error as the user's own, at the last of his lines that it passed through."""
    name, line, trace = sources.name, None, error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        known = [own for own in sources.files if file == str(Path(sources.folder, own))]
        if known:
            name, line = known[0], trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SystemExit):
        return UserError("ends the program; a rule may not", file=name, line=line)
    return UserError(f"{type(error).__name__}: {error}", file=name, line=line)


# ---- loading


@cache
def _loaded(path: str, sha256: str) -> tuple[Process, ...]:
    if not Path(path).is_file():
        raise UserError(
            "the file of rules is not there; every machine that simulates must be able to read it", file=path
        )
    sources = Sources.read(path)
    if sources.sha256 != sha256:
        raise UserError("has changed since the scenario was read", file=sources.name)
    with _LOADING, _importing(sources), _own_kernel_cache(sha256):
        try:
            module = _execute(sources)
            return _checked(getattr(module, RULES, None), sources.name)
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            raise _mistake(error, sources) from error


def _execute(sources: Sources) -> ModuleType:
    name = f"transplant_twin_plugin_{Path(sources.name).stem}_{sources.sha256[:12]}"
    spec = _spec(name, sources, sources.name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look the module up by its name
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]  # _spec gives it one
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _checked(rules: Any, file: str) -> tuple[Process, ...]:
    if not isinstance(rules, list | tuple):
        raise UserError(
            f"{RULES} is no list", file=file, key=RULES, expected=f"a line such as {RULES} = [MyRule()]"
        )
    for rule in rules:
        named = isinstance(getattr(rule, "name", None), str) and isinstance(
            getattr(rule, "source", None), str
        )
        if not named or not callable(getattr(rule, "act", None)):
            expected = "objects with a name, a source and a method act(state, dt)"
            raise UserError(f"{rule!r} is no rule", file=file, key=RULES, expected=expected)
    return tuple(rules)


class _Loader(SourceFileLoader):
    """Compile the text that was hashed: neither a byte code of yesterday nor an edit of this second gets in between."""

    def __init__(self, name: str, path: str, content: bytes) -> None:
        super().__init__(name, path)
        self._content = content

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the text."""
        return compile(self._content, self.path, "exec", dont_inherit=True)


def _spec(name: str, sources: Sources, file: str) -> ModuleSpec:
    path = Path(sources.folder, file)
    loader = _Loader(name, str(path), sources.files[file])
    inside = [str(path.parent)] if path.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(
        name, path, loader=loader, submodule_search_locations=inside
    )
    assert spec is not None  # a loader is given
    return spec


class _PluginFinder(importlib.abc.MetaPathFinder):
    """Find the modules that lie beside a plugin, before any other of their name."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.tops = {Path(name).parts[0].removesuffix(".py") for name in list(sources.files)[1:]}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module lies; None where it is none of these."""
        place = fullname.replace(".", "/")
        for file in (f"{place}.py", f"{place}/__init__.py"):
            if file in self._sources.files:
                return _spec(fullname, self._sources, file)
        return None


@contextmanager
def _importing(sources: Sources) -> Iterator[None]:
    """Let a plugin import what lies beside it, without a trace for the next one, which may use the same names."""
    finder = _PluginFinder(sources)

    def taken_out() -> Mapping[str, ModuleType]:
        names = [name for name in sys.modules if name.partition(".")[0] in finder.tops]
        return {name: sys.modules.pop(name) for name in names}

    others = taken_out()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        taken_out()
        sys.modules.update(others)


@contextmanager
def _own_kernel_cache(sha256: str) -> Iterator[None]:
    """Let compiled functions be cached under the digest of all their sources: Numba itself looks at one file only."""
    from numba import config as settings

    config: Any = settings
    usual = config.CACHE_DIR
    if usual:  # else Numba caches beside the sources, or not at all
        config.CACHE_DIR = str(Path(usual) / f"plugin-{sha256[:16]}")
    try:
        yield
    finally:
        config.CACHE_DIR = usual

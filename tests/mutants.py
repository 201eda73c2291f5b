"""Are the tests of a module any good? Small faults are put into it, one at a time, and its own tests must notice each.

python -m tests.mutants                     all modules of the list, some minutes of computing for each
python -m tests.mutants units --most 30     one of them, thirty faults drawn by a seed

A fault is a changed comparison, sign, number, truth value or connective. Each lives in a process of its own, forked from
one that has loaded the libraries and has no second thread. A test that computes without end has noticed, which is told by the
processor's time, so that a busy machine notices nothing by being slow. Tests run quickest first. What survives is told with its
line, and docs/testing.md lists it. The exit status is 1 where fewer than nine of ten were noticed.
"""

import argparse
import ast
import copy
import importlib
import importlib.abc
import importlib.util
import json
import math
import os
import random
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
LEAST_KILLED: Final = 0.9
_PATIENCE_S: Final = 20  # of the processor's time, beyond ten times what the tests take without a fault
_ONE_THREAD: Final = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
MODULES: Final = {  # name -> module, and the tests that concern it
    "units": ("simulation.units", ("tests/test_units.py",)),
    "pump": (
        "simulation.products.pump",
        (
            "tests/products/test_pump.py",
            "tests/clinic/test_orders.py",
            "tests/products/test_injections.py",
            "tests/clinic/test_further_cycles.py",
            "tests/clinic/test_stop_rules.py",
            "tests/clinic/test_treatments.py",
        ),
    ),
    "triggers": ("simulation.clinic.triggers", ("tests/clinic/test_triggers.py", "tests/clinic/test_conditions.py")),
    "statistics": ("simulation.statistics.paired", ("tests/statistics/test_paired.py",)),
    "survival": ("simulation.statistics.survival", ("tests/statistics/test_survival.py",)),
    "outcomes": ("simulation.clinic.outcomes.survival", ("tests/clinic/test_outcomes.py",)),
}  # fmt: skip
_COMPARED: Final[dict[type, type]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_SIGNS: Final[dict[type, type]] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
_NAMES: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """Hold a module with one fault in it."""

    line: int
    message: str
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Yield the module with every fault that there is, one at a time."""
    tree = ast.parse(source)
    for number, node in enumerate(_living(tree)):
        for step in range(_faults(node)):
            changed = copy.deepcopy(tree)
            twin = next(one for place, one in enumerate(_living(changed)) if place == number)
            before = ast.unparse(node)
            _spoil(twin, step)
            yield Mutant(node.lineno, f"{before}  ->  {ast.unparse(twin)}", changed)


def _living(tree: ast.AST) -> Iterator[Any]:
    """Yield the nodes that are executed: no annotations, no words of an error, no texts."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Raise | ast.TypeAlias):
            continue
        if (
            isinstance(child, ast.Assign)
            and isinstance(child.targets[0], ast.Name)
            and child.targets[0].id == "__all__"
        ):
            continue
        if isinstance(tree, ast.AnnAssign | ast.arg) and child is tree.annotation:
            continue
        if isinstance(tree, ast.FunctionDef) and (child is tree.returns or child in tree.decorator_list):
            continue
        if isinstance(tree, ast.ClassDef) and child in tree.decorator_list:
            continue
        if isinstance(child, ast.Compare | ast.BinOp | ast.BoolOp | ast.Constant | ast.Name | ast.UnaryOp):
            yield child
        yield from _living(child)


def _faults(node: Any) -> int:
    """Return how many faults can be put into a node."""
    if isinstance(node, ast.Compare):
        return len(node.ops)
    if isinstance(node, ast.BinOp):
        texts = (node.left, node.right)
        return type(node.op) in _SIGNS and not any(
            isinstance(one, ast.JoinedStr) or (isinstance(one, ast.Constant) and isinstance(one.value, str))
            for one in texts
        )
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bool | int | float)
    if isinstance(node, ast.Name):
        return node.id in _NAMES and isinstance(node.ctx, ast.Load)
    return isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))


def _spoil(node: Any, step: int) -> None:
    if isinstance(node, ast.Compare):
        node.ops[step] = _COMPARED[type(node.ops[step])]()
    elif isinstance(node, ast.BinOp):
        node.op = _SIGNS[type(node.op)]()
    elif isinstance(node, ast.Constant):
        value: Any = node.value
        node.value = not value if isinstance(value, bool) else value + 1
    elif isinstance(node, ast.Name):
        node.id = _NAMES[node.id]
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    else:
        node.operand = ast.UnaryOp(ast.Not(), node.operand)


class _Instead(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Load one module from a tree instead of its file."""

    def __init__(self, name: str, file: str, tree: ast.Module) -> None:
        self.name, self.file, self.tree = name, file, tree

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        if name != self.name:
            return None
        return importlib.util.spec_from_file_location(name, self.file, loader=self)

    def create_module(self, spec: Any) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(ast.fix_missing_locations(self.tree), self.file, "exec"), module.__dict__)


class _QuickestFirst:
    """Run first what took least without a fault, so that most faults are noticed at once; without times, take them."""

    def __init__(self, times: Path) -> None:
        self.times, self.taken = times, dict[str, float]()
        self.known: dict[str, float] = json.loads(times.read_text()) if times.is_file() else {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.known.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.taken[report.nodeid] = self.taken.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        if not self.known:
            self.times.write_text(json.dumps(self.taken))


def noticed(
    name: str, file: str, tree: ast.Module, tests: Sequence[str], most_s: float, times: Path
) -> tuple[bool, float]:
    """Return whether the tests fail, or go on beyond so many seconds, with the module as the tree says; and what they took.

    `times` is the file of what each test takes, written where it is not there yet.
    """
    child = os.fork()
    if child:
        _, status, used = os.wait4(child, 0)
        return os.waitstatus_to_exitcode(status) != 0, used.ru_utime + used.ru_stime
    if most_s < math.inf:
        resource.setrlimit(resource.RLIMIT_CPU, (int(most_s), int(most_s) + 5))
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    sys.meta_path.insert(0, _Instead(name, file, tree))
    words = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-p", "no:randomly", "-W", "ignore"]
    try:
        status = int(pytest.main([*words, *tests], plugins=[_QuickestFirst(times)]))
    except BaseException:
        status = 1
    os._exit(status)


def main(words: Sequence[str] | None = None) -> int:
    """Tell for each module how many faults its tests notice, and which they do not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", choices=[*MODULES, []], default=[])
    parser.add_argument("--most", type=int, default=40, help="faults for each module, drawn by a seed (40)")
    asked = parser.parse_args(words)
    os.chdir(ROOT)
    os.environ.update(_ONE_THREAD)
    for library in ("numpy", "scipy.stats", "pandas", "pydantic", "hypothesis", "numba", "yaml"):
        importlib.import_module(library)
    calm = importlib.import_module("hypothesis")
    phases = (calm.Phase.explicit, calm.Phase.generate)
    calm.settings.register_profile("calm", deadline=None, phases=phases, derandomize=True, database=None)
    calm.settings.load_profile("calm")
    worst, places = 1.0, tempfile.TemporaryDirectory()
    for key in asked.modules or MODULES:
        name, tests = MODULES[key]
        file = ROOT / f"{name.replace('.', '/')}.py"
        source = file.read_text(encoding="utf-8")
        times = Path(places.name) / f"{key}.json"
        failed, taken = noticed(name, str(file), ast.parse(source), tests, math.inf, times)
        if failed:
            print(f"{key}: its tests fail without a fault", flush=True)
            return 2
        all_mutants = list(mutants(source))
        drawn = sorted(random.Random(1).sample(range(len(all_mutants)), min(asked.most, len(all_mutants))))
        most_s = 10 * taken + _PATIENCE_S
        n_survivors = 0
        for one in (all_mutants[place] for place in drawn):
            if not noticed(name, str(file), one.tree, tests, most_s, times)[0]:
                n_survivors += 1
                print(f"  {file.relative_to(ROOT)}:{one.line}: {one.message}", flush=True)
        share = 1 - n_survivors / len(drawn)
        worst = min(worst, share)
        n_noticed = len(drawn) - n_survivors
        print(
            f"{key}: {n_noticed} of {len(drawn)} noticed ({100 * share:.0f} %), of {len(all_mutants)}",
            flush=True,
        )
    return 0 if worst >= LEAST_KILLED else 1


if __name__ == "__main__":
    sys.exit(main())

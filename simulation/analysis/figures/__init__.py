"""The figures of a sweep. A file that defines `of_outcome` or `of_sweep` is found by standing here.

`of_outcome(findings, index, outcome)` yields the figures of one outcome that the design allows, `of_sweep(findings)`
those of all outcomes together.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from simulation.analysis.findings import Findings
from simulation.analysis.words import unchanged
from simulation.results.figures.report_figure import ReportFigure

__all__ = ["figures_of"]


def figures_of(findings: Findings) -> Iterator[ReportFigure[Findings]]:
    """Yield every figure that a sweep deserves: outcome by outcome, then those of all together."""
    modules: list[Any] = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    still = unchanged(findings)
    for index, outcome in enumerate(findings.outcomes):
        if outcome.name not in still:
            for module in modules:
                if hasattr(module, "of_outcome"):
                    yield from module.of_outcome(findings, index, outcome)
    for module in modules:
        if hasattr(module, "of_sweep"):
            yield from module.of_sweep(findings)

"""The assays, one file each: what a file may say, the protocol, findings beside published ones, figures.

An assay is a subclass of `Experiment`; it is found by standing here. What is heavy (wells, drawing) is imported
where it is used, so that a file is checked at once.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import get_args

from simulation.in_vitro.experiment import Experiment

__all__ = ["assays"]


@cache
def assays() -> dict[str, type[Experiment]]:
    """Return the assays by the word that chooses them in a file (key `experiment`)."""
    modules = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    return {
        get_args(kind.model_fields["experiment"].annotation)[0]: kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Experiment) and kind.__module__ == module.__name__
    }

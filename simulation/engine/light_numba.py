"""Let Numba start with what compiled kernels need: what it needs to compile is loaded when it has to.

Numba loads all that it can compile before it takes a compiled kernel from disk, 0.3 s and 20 MB of every run; and SciPy's linear
algebra, only to see whether it is there: 0.12 s and 16 MB of every run that compiles. Where compiled code does linear algebra
(a rule of a user's, say), Numba still loads it, as that code is compiled. This works within Numba, by names that it does not
promise (hence its pin in pyproject.toml).
"""

# mypy: disable-error-code="no-untyped-call, attr-defined, method-assign"
# What follows works within Numba, which has no types.

from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from numba.core.cpu import CPUContext
from numba.core.runtime import rtsys

__all__ = ["load_lightly", "start_without_scipy"]

_load_all: Final = CPUContext.load_additional_registries


def load_lightly(compiled: Any) -> Any:
    """Let a function that Numba keeps on disk be taken from there without what Numba needs to compile; return it."""
    kept = getattr(compiled, "_cache", None)  # none where nothing is compiled
    if kept is None:
        return compiled

    def load(signature: Any, target_context: Any) -> Any:
        rtsys.initialize(target_context)  # counts who uses an array: the way in from Python does so
        with kept._guard_against_spurious_io_errors():
            return kept._load_overload(signature, target_context)

    kept.load_overload = load
    return compiled


def start_without_scipy() -> None:
    """Let the part of Numba that asks for SciPy be loaded while the answer is known already: it is installed."""
    if find_spec("scipy") is not None:  # otherwise Numba is to find that out
        CPUContext.load_additional_registries = _load_without_scipy


def _load_without_scipy(context: Any) -> None:
    linalg = import_module("numba.np.linalg")
    asked = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = asked
    _load_all(context)

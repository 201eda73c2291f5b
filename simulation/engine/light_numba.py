"""Let Numba start with what compiled kernels need: what it needs to compile is loaded when it has to.

Numba loads all that it can compile before it takes a compiled kernel from disk, 0.15 to 0.3 s and 10 MB of every run; and SciPy's
linear algebra, only to see whether it is there: 0.12 s and 16 MB of every run that compiles. Where compiled code does linear
algebra (a rule of a user's, say), Numba still loads it, as that code is compiled. And it files kernels by the place and the date
of their source: a copy of the program would compile all of them again. This works within Numba, by names that it does not promise
(hence its pin in pyproject.toml).
"""

# mypy: disable-error-code="no-untyped-call, attr-defined, method-assign"
# What follows works within Numba, which has no types.

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, UserProvidedCacheLocator
from numba.core.cpu import CPUContext
from numba.core.runtime import rtsys

from simulation.engine_cache import holds_sources_of

__all__ = ["KernelCache", "start_without_scipy"]

_load_all: Final = CPUContext.load_additional_registries


class _ByName(UserProvidedCacheLocator):
    """File a kernel by its module's name, in a folder that bears the digest of its source."""

    def __init__(self, function: Any, file: str) -> None:
        super().__init__(function, file)
        self._cache_path = str(Path(config.CACHE_DIR) / function.__module__)

    @classmethod
    def from_function(cls, function: Any, file: str) -> Any:
        """Return what finds a function's file, None where the folder is not named by its source."""
        ours = holds_sources_of(config.CACHE_DIR, function.__module__)
        return super().from_function(function, file) if ours else None

    def get_source_stamp(self) -> int:
        """Return nothing that tells versions of a source apart: the folder does."""
        return 0


class _Files(CompileResultCacheImpl):
    _locator_classes = [_ByName, *CompileResultCacheImpl._locator_classes]  # noqa: RUF012  # Numba's own list, one longer


class KernelCache(FunctionCache):
    """Keep the compiled forms of a function on disk, and take them from there without what Numba needs to compile."""

    _impl_class = _Files

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled form for a signature, None where there is none."""
        rtsys.initialize(target_context)  # counts who uses an array: the way in from Python does so
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


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

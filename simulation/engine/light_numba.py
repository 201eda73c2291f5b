"""Let Numba start without SciPy's linear algebra, which it loads only to see whether it is there: 0.12 s and 16 MB of every run.

Where compiled code does linear algebra (a rule of a user's, say), Numba still loads it, as that code is compiled. This works
within Numba, by names that it does not promise (hence its pin in pyproject.toml).
"""

from importlib import import_module
from importlib.util import find_spec

from numba.np import linalg

__all__ = ["start_without_scipy"]


def start_without_scipy() -> None:
    """Load the part of Numba that asks for SciPy while the answer is known already: it is installed."""
    if find_spec("scipy") is None:  # then Numba is to find that out
        return
    asked = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = asked

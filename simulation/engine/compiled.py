"""How the program compiles: functions that Python calls, and those that only compiled code calls.

The latter go without what lets Python call them, which takes longer to compile than most of them do.
"""

from functools import partial
from typing import Any, Final

from numba import njit

__all__ = ["inner", "kernel"]

kernel: Final[Any] = partial(njit, cache=True, error_model="numpy")
# Not cached: it is part of the kernels that call it, and Numba would take it for the same function with the way in.
inner: Final[Any] = partial(njit, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)

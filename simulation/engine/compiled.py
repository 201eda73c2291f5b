"""How the program compiles, and where the arrays lie that compiled code works on.

`kernel` compiles functions that Python calls, `inner` those that only compiled code calls: without what lets Python call
them, which takes longer to compile than most of them do, and as parts of the kernels that call them (`engine/parts.py`).
Python must not call them: that ends the process. For Python there is `alone`.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import njit

from simulation.engine.light_numba import KernelCache, start_without_scipy
from simulation.engine.parts import PartCompiler

__all__ = ["Addresses", "addresses", "alone", "inner", "kernel"]

start_without_scipy()

type Addresses = npt.NDArray[np.int64]  # shape (arrays, 4): address, and three lengths


def kernel(function: Any = None) -> Any:
    """Compile a function that Python calls, once for all runs; without a function, return what does so."""
    if function is None:
        return kernel
    compiled: Any = njit(error_model="numpy")(function)
    if compiled is not function:  # which it is where nothing is compiled
        compiled._cache = KernelCache(function)  # type: ignore[no-untyped-call]
    return compiled


# Not cached: it is part of the kernels that call it, and Numba would take it for the same function with the way in. Without
# NRT (counting who uses an array) there is less to compile; so it may neither make nor return arrays.
inner: Final[Any] = partial(
    njit,
    error_model="numpy",
    no_cpython_wrapper=True,
    no_cfunc_wrapper=True,
    pipeline_class=PartCompiler,
    _nrt=False,
)


@cache
def alone(function: Any) -> Callable[..., Any]:
    """Return an inner function that Python may call; compiled when first called."""
    return kernel(getattr(function, "py_func", function))  # without a compiler, it is Python's already


def addresses(arrays: Iterable[npt.NDArray[Any]]) -> Addresses:
    """Return where arrays lie and what shape they have, in their order; `engine/views.py` reads them.

    Raises
    ------
    ValueError
        If one is not contiguous.
    """
    rows = []
    for array in arrays:
        if not array.flags.c_contiguous:
            raise ValueError("compiled code needs contiguous arrays")
        rows.append((array.ctypes.data, *array.shape, *(0,) * (3 - array.ndim)))
    return np.array(rows, np.int64)

"""How the program compiles, and how compiled code gets at arrays.

`kernel` compiles functions that Python calls, `inner` those that only compiled code calls: without what lets Python call
them, which takes longer to compile than most of them do. (Python must not call them: that ends the process.)

A step works on some sixty arrays. Handed over as such, each costs 0.2 us a call, and in compiled code each use of one counts
references, which costs more than the work on a short row. So a step gets one list of addresses and shapes, and makes its
arrays from them; whoever owns the arrays keeps them alive, and the list up to date.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import carray, njit, types  # type: ignore[attr-defined]
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["Addresses", "addresses", "cube", "inner", "kernel", "row", "table"]

type Addresses = npt.NDArray[np.int64]  # shape (arrays, 4): address, and three lengths

kernel: Final[Any] = partial(njit, cache=True, error_model="numpy")
# Not cached: it is part of the kernels that call it, and Numba would take it for the same function with the way in.
inner: Final[Any] = partial(njit, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


def addresses(arrays: Iterable[npt.NDArray[Any]]) -> Addresses:
    """Return where arrays lie and what shape they have, in their order.

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


def _pointer_type(typingctx: Any, address: Any) -> Any:
    """Say how an address becomes a pointer."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], cgutils.voidptr_t)

    return types.voidptr(types.int64), generate


_pointer: Final[Any] = intrinsic(_pointer_type)


@inner(forceinline=True)
def row(at: Addresses, i: int, dtype: Any) -> npt.NDArray[Any]:
    """Return array i of the list, of one dimension."""
    return carray(_pointer(at[i, 0]), (at[i, 1],), dtype)


@inner(forceinline=True)
def table(at: Addresses, i: int, dtype: Any) -> npt.NDArray[Any]:
    """Return array i of the list, of two dimensions."""
    return carray(_pointer(at[i, 0]), (at[i, 1], at[i, 2]), dtype)


@inner(forceinline=True)
def cube(at: Addresses, i: int, dtype: Any) -> npt.NDArray[Any]:
    """Return array i of the list, of three dimensions."""
    return carray(_pointer(at[i, 0]), (at[i, 1], at[i, 2], at[i, 3]), dtype)

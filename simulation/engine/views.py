"""How compiled code sees named tuples of arrays: as one number, whose attributes are the arrays.

A step works on some sixty arrays. Handed over as such, each costs 0.2 us a call; in compiled code each use of one counts
references, and each function that gets them gets seven numbers of each: a call with Columns, Rules and Scratch pushed three
hundred and sixty, and compiling it took as long as the rest of the step. So a step gets one list of addresses and shapes, and
its functions hand on the address of a line of that list. Whoever owns the arrays keeps them alive, and the list up to date.

The functions are the same for named tuples themselves, which is what they get where Python calls them.
"""

from ctypes import c_char
from math import prod
from typing import Any, Final
from zlib import crc32

import numpy as np
from numba import config, types
from numba.core import cgutils
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model
from numba.np.numpy_support import as_dtype

__all__ = ["FLOATS", "FLOATS2", "FLOATS3", "INTS", "INTS2", "INTS32", "INTS32_2", "KEYS", "View"]

INTS, INTS2 = types.int64[::1], types.int64[:, ::1]
INTS32, INTS32_2 = types.int32[::1], types.int32[:, ::1]
FLOATS, FLOATS2, FLOATS3 = types.float64[::1], types.float64[:, ::1], types.float64[:, :, ::1]
KEYS = types.uint64[::1]

_NUMBER: Final = cgutils.intp_t
_WORD: Final = 8  # bytes
_LINE: Final = 4 * _WORD  # of the list of addresses


class _Record(np.void):  # type: ignore[misc]  # it only says that it is final
    """Be a record whose fields are attributes, as in compiled code."""

    def __getattribute__(self, name: str) -> Any:
        names = object.__getattribute__(self, "dtype").names
        return self[name] if name in names else object.__getattribute__(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class View(types.Type):
    """Be the type, in compiled code, of a named tuple of arrays that are found by their addresses.

    Parameters
    ----------
    of
        The class of the named tuple.
    fields
        The types of its fields, in their order: contiguous arrays of at most three dimensions, or views.
    """

    def __init__(self, of: Any, *fields: Any) -> None:
        self._of = of
        self.lines = 0  # of the list of addresses
        self.fields: dict[str, tuple[int, Any]] = {}
        for name, field in zip(of._fields, fields, strict=True):
            self.fields[name] = (self.lines, field)
            self.lines += field.lines if isinstance(field, View) else 1
        # the name is what Numba tells types apart by: like-named tuples of other fields are other types
        layout = ", ".join(f"{name}: {field}" for name, field in zip(of._fields, fields, strict=True))
        super().__init__(f"View[{of.__name__}:{crc32(layout.encode()):08x}]")

    def reader(self) -> Any:
        """Return a function for compiled code that takes a list of addresses for this view; for Python where none is compiled."""
        if config.DISABLE_JIT:  # type: ignore[attr-defined]
            return self._of_lines

        def read(typingctx: Any, at: Any) -> Any:
            def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
                array = context.make_array(signature.args[0])(context, builder, args[0])
                return builder.ptrtoint(array.data, _NUMBER)

            return self(at), generate

        return intrinsic(read)

    def _of_lines(self, lines: Any) -> Any:
        """Return the named tuple of arrays whose addresses and shapes are given, shape (lines, 4)."""
        parts = []
        for line, field in self.fields.values():
            if isinstance(field, View):
                parts.append(field._of_lines(lines[line:]))
                continue
            address, *shape = lines[line, : field.ndim + 1].tolist()
            dtype = np.dtype(as_dtype(field.dtype))
            if dtype.names:
                dtype = np.dtype((_Record, dtype))
            memory = (c_char * (prod(shape) * dtype.itemsize)).from_address(address)
            parts.append(np.ndarray(shape, dtype, memory))
        return self._of(*parts)


@register_model(View)
class _Number(models.PrimitiveModel):
    """A view is the address of its first line."""

    def __init__(self, manager: Any, view: Any) -> None:
        super().__init__(manager, view, _NUMBER)  # type: ignore[no-untyped-call]


@infer_getattr
class _Fields(AttributeTemplate):
    key = View

    def generic_resolve(self, view: Any, name: str) -> Any:  # type: ignore[override]
        """Return the type of a field, None where there is none."""
        return view.fields.get(name, (0, None))[1]


@lower_getattr_generic(View)  # type: ignore[no-untyped-call]
def _field(context: Any, builder: Any, view: Any, at: Any, name: str) -> Any:
    """Make the array whose address, and lengths, stand in a field's line."""
    # here, as it loads half of Numba: only where something is compiled
    from numba.np.arrayobj import populate_array

    line, field = view.fields[name]
    start = builder.add(at, _NUMBER(line * _LINE))
    if isinstance(field, View):
        return start

    def word(i: int) -> Any:
        place = builder.inttoptr(builder.add(start, _NUMBER(i * _WORD)), _NUMBER.as_pointer())
        read = builder.load(place)
        read.set_metadata(
            "invariant.load", builder.module.add_metadata([])
        )  # the list stays as it is during a call
        return read

    array = context.make_array(field)(context, builder)
    size = context.get_abi_sizeof(context.get_data_type(field.dtype))
    shape = [word(1 + i) for i in range(field.ndim)]
    strides = [_NUMBER(size)]
    for n in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], n))
    data = builder.inttoptr(word(0), array.data.type)
    parts = {"data": data, "shape": shape, "strides": strides, "itemsize": _NUMBER(size), "meminfo": None}
    populate_array(array, **parts)  # type: ignore[no-untyped-call]
    return array._getvalue()

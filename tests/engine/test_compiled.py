"""Functions that only compiled code calls, and named tuples that it finds by their addresses."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from numba import njit
from numba.core.errors import TypingError

from simulation.engine import parts
from simulation.engine.compiled import Addresses, addresses, alone, inner
from simulation.engine.views import FLOATS2, INTS, INTS32, View

_SQUARES = np.arange(10.0) ** 2


class Inside(NamedTuple):
    few: npt.NDArray[np.int32]
    grid: npt.NDArray[np.float64]


class Outside(NamedTuple):
    first: npt.NDArray[np.int64]
    inside: Inside
    last: npt.NDArray[np.int64]


_see = View(Outside, INTS, View(Inside, INTS32, FLOATS2), INTS).reader()


@inner()
def _work(seen: Any) -> float:
    """Change one array, and return a number that every field has a part in."""
    total = 0.0
    for i in range(seen.first.size):
        total += seen.first[i]
    for r in range(seen.inside.grid.shape[0]):
        for c in range(seen.inside.grid.shape[1]):
            total += seen.inside.grid[r, c] * seen.inside.few[c]
    seen.last[0] += 1
    return float(total + 1e6 * seen.last.size)


@njit(cache=False)
def _by_address(at: Addresses) -> float:
    return _work(_see(at))  # type: ignore[no-any-return]


@njit(cache=False)
def _by_a_wrong_name(at: Addresses) -> float:
    return _see(at).secnod.size  # type: ignore[no-any-return]


@inner()
def _square(i: int) -> float:
    if i < 0:
        raise ValueError("no square of a negative number here")
    return float(_SQUARES[i])


@inner()
def _sum_of_squares(n: int) -> float:
    total = 0.0
    for i in range(n):
        total += _square(i)
    return float(total + _square(n))


def _arrays() -> Outside:
    grid = np.arange(6.0).reshape(2, 3)
    return Outside(np.array([1, 2]), Inside(np.array([3, 4, 5], np.int32), grid), np.array([0, 0, 0]))


def test_a_function_does_the_same_with_named_tuples_and_with_their_addresses() -> None:
    one, other = _arrays(), _arrays()
    at = addresses([other.first, *other.inside, other.last])
    assert alone(_work)(one) == _by_address(at) == 3 + (0 * 3 + 4 + 10 + 9 + 16 + 25) + 3e6
    assert one.last.tolist() == other.last.tolist() == [1, 0, 0]


def test_an_array_that_is_not_contiguous_has_no_place_in_the_list() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        addresses([np.zeros((4, 4))[:, 1]])


def test_a_field_that_is_not_there_is_refused_by_its_name() -> None:
    with pytest.raises(TypingError, match="secnod"):
        _by_a_wrong_name(addresses([np.zeros(1)]))


def test_a_part_of_a_part_computes_and_raises_as_python_does() -> None:
    compiled = alone(_sum_of_squares)
    assert compiled(4) == 0 + 1 + 4 + 9 + 16
    with pytest.raises(ValueError, match="negative"):
        compiled(-1)


@njit(cache=False)
def _nine() -> float:
    return float(_square(3))


def test_a_part_is_no_machine_code_of_its_own() -> None:
    assert _nine() == 9.0
    assert _square.overloads
    for compiled in _square.overloads.values():
        assert compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name) == 0
        assert "define" in compiled.library.get_llvm_str()


@inner()
def _cube(x: float) -> float:
    return float(x * x * x)


@inner()
def _cube_of_square(x: float) -> float:
    return float(_cube(x * x))


@njit(cache=False)
def _sixth_power(x: float) -> float:
    return float(_cube_of_square(x))


@njit(cache=False)
def _elsewhere(x: float) -> float:
    return x * x * x


def test_what_a_call_means_is_found_out_once_for_all_parts_and_each_time_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def find_out(function: Any, context: Any, args: Any, kws: Any) -> Any:
        asked.append(f"{function.typing_key.__name__} {args}")
        return find(function, context, args, kws)

    find = parts._find_out
    monkeypatch.setattr(parts, "_find_out", find_out)
    monkeypatch.setattr(parts, "_found", {})
    product = "mul (float64, float64)"
    assert _sixth_power(2.0) == 64.0 and asked.count(product) == 1
    assert _elsewhere(2.0) == 8.0 and asked.count(product) > 2

"""Bit fields: what is packed comes out again, compiled or not, and nothing else is touched."""

import numpy as np
import pytest

from simulation.engine.bit_fields import BitField
from simulation.engine.bit_kernels import value_of
from simulation.engine.compiled import alone

LOW, HIGH = BitField(3, 4, "low", "the lower field"), BitField(40, 16, "high", "the upper field")


def test_a_value_put_in_comes_out_and_leaves_the_other_bits_alone() -> None:
    code = HIGH.bits(65_535) | LOW.bits(9) | 1
    assert (LOW.of(code), HIGH.of(code)) == (9, 65_535)
    changed = LOW.put(code, 2)
    assert (LOW.of(changed), HIGH.of(changed), changed & 1) == (2, 65_535, 1)
    assert (LOW.mask, LOW.largest) == (0b1111000, 15)


def test_kernels_and_columns_read_the_same_value() -> None:
    codes = np.random.default_rng(1).integers(0, 2**62, 200)
    for field in (LOW, HIGH):
        read = alone(value_of)
        assert [read(code, (field.shift, field.width)) for code in codes] == field.of(codes).tolist()


@pytest.mark.parametrize("value", [-1, 16])
def test_a_value_that_does_not_fit_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match=r"low must lie in 0\.\.15"):
        LOW.bits(value)

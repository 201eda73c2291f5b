"""Read packed numbers in compiled code; declarations of fields (`bit_fields`) need no compiler."""

from simulation.engine.compiled import inner
from simulation.engine.population import Int

__all__ = ["value_of"]


@inner(forceinline=True)
def value_of(code: Int, field: tuple[int, int]) -> Int:
    """Return a field's value in a code; for kernels, where a plain tuple may stand for the field."""
    return (code >> field[0]) & ((1 << field[1]) - 1)

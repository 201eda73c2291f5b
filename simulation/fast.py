"""The coarse resolution of `--fast`: what it is, and what it moves (measured: docs/performance.md)."""

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["FAST", "FAST_NOTE", "FAST_WORDS", "is_fast"]

_SIDE, _STEP = 6, "1 d"
FAST: Final = (f"marrow.rows={_SIDE}", f"marrow.columns={_SIDE}", f"time_step={_STEP}")
FAST_WORDS: Final = f"{_SIDE} x {_SIDE} niches and steps of a day"
FAST_NOTE: Final = (
    f"--fast: {FAST_WORDS}; T cells at the end are 28 to 72 /uL more than by default "
    "(docs/performance.md). Not for results that others will read."
)


def is_fast(resolved: Mapping[str, Any]) -> bool:
    """Return whether a scenario, as it is written when resolved, is of this resolution."""
    marrow = resolved["marrow"]
    return bool(marrow["rows"] == marrow["columns"] == _SIDE and resolved["time_step"] == _STEP)

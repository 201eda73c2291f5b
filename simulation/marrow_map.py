"""Maps of the marrow, as recorded in a life and drawn in figures."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["MarrowMap"]


@dataclass(frozen=True, slots=True, eq=False)
class MarrowMap:
    """Hold the marrow's niches at one instant; each layer is an array of shape (rows, columns).

    Layers are cells per niche, but `fraction` (blasts among the niche's cells), `exhaustion` (mean, 0..1) and `access`.
    """

    day: float
    rows: int
    columns: int
    layers: Mapping[str, npt.NDArray[np.float64]]

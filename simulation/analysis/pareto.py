"""Trade-offs: the points that no other point beats in both of two outcomes."""

import numpy as np
import numpy.typing as npt

__all__ = ["front"]

type Floats = npt.NDArray[np.float64]


def front(one: Floats, other: Floats) -> npt.NDArray[np.int64]:
    """Return the points on the Pareto front of two outcomes where less is better, ordered by the first.

    A point is off the front where another is at most as large in both and smaller in one; equal points are all on it.
    Points with a missing value are left out.
    """
    known = np.flatnonzero(np.isfinite(one) & np.isfinite(other))
    order = known[np.lexsort((other[known], one[known]))]
    chosen: list[int] = []
    best, best_at = np.inf, np.nan
    for index in order:
        if other[index] < best or (other[index] == best and one[index] == best_at):
            if other[index] < best:
                best, best_at = float(other[index]), float(one[index])
            chosen.append(int(index))
    return np.array(chosen, np.int64)

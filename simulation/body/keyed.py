"""Keyed random numbers for rare draws made in Python (initial state, assays).

The same keys as in the kernels.
"""

from statistics import NormalDist

import numpy as np

from simulation.engine.draws import binomial, scatter
from simulation.engine.keyed_random import base_key, combine, extended, extended_along
from simulation.engine.population import Floats

__all__ = ["Keyed"]

_NORMAL = NormalDist()


class Keyed:
    """Draw by name: the same (seed, patient, stream, ids) always gives the same number."""

    def __init__(self, seed: int, patient: int) -> None:
        self.seed, self.patient = seed, patient
        self._streams: dict[str, int] = {}  # the part of a key that all draws of a stream share

    def key(self, stream: str, *ids: int) -> int:
        """Return the 64-bit key of a draw."""
        start = self._streams.get(stream)
        if start is None:
            start = self._streams[stream] = combine(base_key(self.seed, self.patient, stream))
        return extended(start, *ids)

    def uniform(self, stream: str, *ids: int) -> float:
        """Return a uniform number strictly inside (0, 1)."""
        return ((self.key(stream, *ids) >> 11) + 0.5) * 2.0**-53

    def uniforms(self, stream: str, n: int) -> Floats:
        """Return what `uniform` gives for the ids 0 to n - 1, shape (n,)."""
        bits = extended_along(self.key(stream), n) >> np.uint64(11)
        return (bits.astype(np.float64) + 0.5) * 2.0**-53

    def normal(self, stream: str, *ids: int) -> float:
        """Return a standard normal number."""
        return _NORMAL.inv_cdf(self.uniform(stream, *ids))

    def normals(self, stream: str, n: int) -> Floats:
        """Return what `normal` gives for the ids 0 to n - 1, shape (n,)."""
        return np.array([*map(_NORMAL.inv_cdf, self.uniforms(stream, n).tolist())])

    def binomial(self, stream: str, n: int, p: float, *ids: int) -> int:
        """Return an exact binomial draw."""
        state = np.array([self.key(stream, *ids)], np.uint64)
        return int(binomial(state, n, p))

    def scattered(self, stream: str, cells: int, places: int) -> list[int]:
        """Return how many of `cells` fall into each of so many places, each cell on its own; their sum is `cells`."""
        counts = np.zeros(places, np.int64)
        if cells > 0:
            scatter(np.uint64(base_key(self.seed, self.patient, stream)), cells, counts)
        return counts.tolist()

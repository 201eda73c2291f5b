"""The part of the ranges that a screening leaves, and each round narrows: where a fit's own candidates are drawn.

Thousands of candidates with a few patients each are simulated over wide ranges; a response surface per target tells for every
other point how far it would be from the observations. The part that is farthest, given how well the surfaces are known, is
ruled out (history matching: Vernon, Goldstein and Bower 2010, Bayesian Anal 5:619), and what is left is searched with as many
patients as a fit needs. Before each round the surfaces take up what was simulated since, and leave less. They rule out and
choose nothing: every candidate that is kept has been simulated.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc

from simulation.calibration.estimate import Statistic, transformed
from simulation.calibration.surface import Surface, surface_of, terms
from simulation.calibration.targets import LARGEST_Z, Target

__all__ = ["Region", "region_of", "smallest_share"]

type Floats = npt.NDArray[np.float64]
_BLOCK: Final = 2**14  # points that are looked at together
_LOOKED_AT: Final = 2**19  # points, at least, by which it is told where a share of the ranges ends
_OF_THEM_INSIDE: Final = 64
_MOST: Final = 2**24  # points that are looked at, and among which a design is sought, at most


@dataclass(frozen=True)
class Region:
    """Hold the part of the unit cube in which surfaces are no farther than `cut` from the observations."""

    targets: tuple[Target, ...]
    weights: Mapping[str, float]
    surfaces: Mapping[str, Surface]  # by target; who has none bears on nothing
    free: int
    share: float = 1.0  # of the cube
    cut: float = np.inf

    def distances(self, points: Floats) -> Floats:
        """Return the weighted distances of points from the observations, as far as surfaces know, shape (n_points,)."""
        total = np.zeros(len(points))
        known = [target for target in self.targets if target.id in self.surfaces]
        if not known:
            return total
        coefficients = np.array([self.surfaces[target.id].coefficients for target in known])
        for target, at in zip(known, coefficients @ terms(points).T, strict=True):
            gap = at - transformed(target.observed, target.scale)
            square = gap**2 / (target.se**2 + target.tolerance**2 + self.surfaces[target.id].variance)
            total += self.weights[target.id] * np.minimum(square, LARGEST_Z**2)
        return np.sqrt(total / sum(self.weights.values()))

    def density(self, points: Floats) -> Floats:
        """Return the density of a point drawn evenly from the region, shape (n_points,)."""
        inside = self.distances(points) <= self.cut * (
            1.0 + 1e-9
        )  # on another machine the last digit may differ
        return np.where(inside, 1.0 / self.share, 0.0)

    def draw(self, n: int, seed: int) -> Floats:
        """Return `n` points spread evenly over the region, shape (n, n_free); always the same of a seed."""
        kept: list[Floats] = []
        for points in _sobol(self.free, _MOST, seed):
            kept.append(points[self.distances(points) <= self.cut])
            if sum(map(len, kept)) >= n:
                break
        return np.concatenate(kept)[:n]


def region_of(
    targets: Sequence[Target], weights: Mapping[str, float], points: Floats,
    statistics: Sequence[Mapping[str, Mapping[str, Any]]], leave: float, seed: int,
) -> Region:  # fmt: skip
    """Return the `leave` share of the unit cube that is nearest to the observations.

    Parameters
    ----------
    points
        The screened candidates, shape (n_candidates, n_free).
    statistics
        Of each candidate by target, as its record holds them: value, point, se, n; null is not known.
    """
    surfaces = {}
    for target in targets:
        of_candidates = [_statistic(one.get(target.id), target) for one in statistics]
        try:
            surfaces[target.id] = surface_of(points, of_candidates)
        except ValueError:
            continue  # hardly anybody has it: nothing can be ruled out by it
    whole = Region(tuple(targets), weights, surfaces, points.shape[1])
    looked_at = int(min(max(_LOOKED_AT, _OF_THEM_INSIDE / leave), _MOST))
    far = np.concatenate([whole.distances(some) for some in _sobol(whole.free, looked_at, seed)])
    cut = float(np.quantile(far, leave))
    return Region(whole.targets, weights, surfaces, whole.free, float((far <= cut).mean()), cut)


def smallest_share(n: int) -> float:
    """Return the smallest share of the ranges from which `n` points can be drawn."""
    return 2.0 * n / _MOST


def _sobol(free: int, most: int, seed: int) -> Iterator[Floats]:
    sampler = qmc.Sobol(free, scramble=True, rng=np.random.default_rng(seed))
    for _ in range(0, most, _BLOCK):
        yield sampler.random(_BLOCK)


def _statistic(kept: Mapping[str, Any] | None, target: Target) -> Statistic:
    """Return a statistic as it was; NaN where nothing is known."""
    value, point, se, n = (
        np.nan if kept is None or kept.get(key) is None else float(kept[key])
        for key in ("value", "point", "se", "n")
    )
    return Statistic(value, point, se, 0 if np.isnan(n) else int(n), target.scale)

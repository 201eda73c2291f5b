"""Global sensitivity: Sobol and Morris indices through SALib, rank correlations for random designs, one-at-a-time swings.

SALib answers zeros without a warning when one value is missing, so nothing is computed unless every run is there and
every value is finite; the reason is told instead.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simulation.errors import UserError

__all__ = [
    "NOT_RESOLVED",
    "Indices",
    "RefusedIndices",
    "check_responses",
    "is_share",
    "morris_indices",
    "rank_correlations",
    "sobol_indices",
]

type Floats = npt.NDArray[np.float64]
_RESAMPLES: Final = 1000
_SEED: Final = 20_231_116
NOT_RESOLVED: Final = "not resolved: more samples needed"
# Two choices of this project: half-width above which a share, a correlation or a µ* (of the largest one) says nothing of use,
_WIDEST: Final = 0.2
# and trajectories of Morris' design below which a bootstrap has no width to show.
_TRAJECTORIES: Final = 10

type Bools = npt.NDArray[np.bool_]


class RefusedIndices(UserError):  # noqa: N818 - it names what is wrong
    """Say why indices cannot be computed from what is there."""


@dataclass(frozen=True, eq=False)
class Indices:
    """Hold indices per parameter with half the widths of their 95 % intervals, shape (n_parameters,).

    For `sobol`: `main` S1 and `total` ST. For `morris`: `main` mu (signed), `total` mu* and `spread` sigma.
    For `rank`: `main` the partial rank correlation coefficient. `pairs` are (i, j, S2, half width). `resolved` says for
    which parameters the numbers may be read: a share whose interval is wider than 0.4, or lies above 1 or below 0, may not.
    """

    kind: str
    names: tuple[str, ...]
    main: Floats
    main_half: Floats
    total: Floats
    total_half: Floats
    spread: Floats
    resolved: Bools
    pairs: tuple[tuple[int, int, float, float], ...] = ()


def is_share(value: Floats, half: Floats) -> Bools:
    """Return where an estimate with its half-width can be read as a share of the variance; NaN half-widths cannot."""
    return np.asarray((half <= _WIDEST) & (value - half <= 1.0) & (value + half >= 0.0))


def check_responses(values: Floats, counts: npt.NDArray[np.int64], wanted: int, outcome: str) -> None:
    """Raise `RefusedIndices` unless every point has all its runs and a finite mean, and the means differ."""
    short = int((counts < wanted).sum())
    if short:
        missing = int(np.maximum(wanted - counts, 0).sum())
        raise RefusedIndices(
            f"{missing} of {wanted * counts.size} runs are missing or failed ({short} points are short of some); "
            "indices of an incomplete design would be wrong: finish it with --resume"
        )
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise RefusedIndices(
            f"the outcome {outcome} is not defined at {bad} of {values.size} points (it did not happen in any of their "
            "runs); take an outcome that always has a value"
        )
    if np.ptp(values) == 0:
        raise RefusedIndices(
            f"the outcome {outcome} is the same at every point: there is nothing to share out"
        )


def sobol_indices(names: Sequence[str], values: Floats, *, second_order: bool) -> Indices:
    """Return Sobol indices of values in the order of a saved Saltelli design, shape (n_points,)."""
    from SALib.analyze import sobol

    k = len(names)
    block = 2 * k + 2 if second_order else k + 2
    if values.size % block:
        raise RefusedIndices(
            f"{values.size} points are no Saltelli design of {k} parameters (a multiple of {block})"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        analysis = sobol.analyze(
            _problem(k), values, calc_second_order=second_order, num_resamples=_RESAMPLES, seed=_SEED
        )
    pairs: list[tuple[int, int, float, float]] = []
    if second_order:
        pairs = [
            (i, j, float(analysis["S2"][i, j]), float(analysis["S2_conf"][i, j]))
            for i in range(k)
            for j in range(i + 1, k)
        ]
    return _finite(
        Indices(
            "sobol",
            tuple(names),
            _array(analysis["S1"]),
            _array(analysis["S1_conf"]),
            _array(analysis["ST"]),
            _array(analysis["ST_conf"]),
            np.full(k, np.nan),
            is_share(_array(analysis["S1"]), _array(analysis["S1_conf"]))
            & is_share(_array(analysis["ST"]), _array(analysis["ST_conf"])),
            tuple(pairs),
        )
    )


def morris_indices(names: Sequence[str], shares: Floats, values: Floats, levels: int) -> Indices:
    """Return Morris' indices; `shares` is the saved design, shape (n_points, n_parameters)."""
    from SALib.analyze import morris

    k = len(names)
    if shares.shape != (values.size, k) or values.size % (k + 1):
        raise RefusedIndices(
            f"{values.size} points are no Morris trajectories of {k} parameters (a multiple of {k + 1})"
        )
    if not np.isfinite(shares).all():
        raise RefusedIndices("shares.csv lacks points of the design")
    analysis = morris.analyze(
        _problem(k), shares, values, num_resamples=_RESAMPLES, num_levels=levels, seed=_SEED
    )
    mu_star, half = _array(analysis["mu_star"]), _array(analysis["mu_star_conf"])
    enough = values.size // (k + 1) >= _TRAJECTORIES
    return _finite(
        Indices(
            "morris",
            tuple(names),
            _array(analysis["mu"]),
            np.full(k, np.nan),
            mu_star,
            half,
            _array(analysis["sigma"]),
            np.asarray((half <= _WIDEST * mu_star.max()) & enough),
        )
    )


def rank_correlations(names: Sequence[str], shares: Floats, values: Floats) -> Indices:
    """Return partial rank correlation coefficients with bootstrap intervals, for random and Latin hypercube designs."""
    n, k = shares.shape
    if n < k + 10:
        raise RefusedIndices(f"{n} points are too few for {k} parameters; at least {k + 10}")
    rng = np.random.default_rng(_SEED)
    main = _partial(shares, values)
    draws = np.array([_partial(shares[i], values[i]) for i in (rng.integers(0, n, n) for _ in range(400))])
    low, high = np.nanpercentile(draws, (2.5, 97.5), axis=0)
    nan = np.full(k, np.nan)
    half = (high - low) / 2
    return _finite(
        Indices("rank", tuple(names), main, half, np.abs(main), nan, nan, np.asarray(half <= _WIDEST))
    )


def _partial(shares: Floats, values: Floats) -> Floats:
    from scipy.stats import rankdata

    ranks = np.column_stack([rankdata(shares, axis=0), rankdata(values)])
    correlation = np.corrcoef(ranks, rowvar=False)
    inverse = np.linalg.pinv(correlation)
    scale = np.sqrt(np.abs(np.diag(inverse)))
    return np.asarray(-inverse[:-1, -1] / (scale[:-1] * scale[-1]), float)


def _problem(k: int) -> dict[str, Any]:
    return {"num_vars": k, "names": [f"x{i}" for i in range(k)], "bounds": [[0.0, 1.0]] * k}


def _array(values: Any) -> Floats:
    return np.asarray(np.ma.filled(np.ma.asarray(values, float), np.nan), float)


def _finite(indices: Indices) -> Indices:
    if not (np.isfinite(indices.main).all() and np.isfinite(indices.total).all()):
        raise RefusedIndices(
            "the indices came out as not-a-number; the outcome hardly varies over this design"
        )
    return indices

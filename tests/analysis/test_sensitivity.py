"""Indices against functions whose indices are known, and refusals where SALib would answer zeros."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from simulation.analysis.findings import Ranking
from simulation.analysis.sensitivity import (
    RefusedIndices,
    check_responses,
    is_share,
    morris_indices,
    rank_correlations,
    sobol_indices,
)
from simulation.analysis.words import ranking_sentence
from simulation.sweep.designs import latin_hypercube, morris_shares, sobol_shares
from simulation.sweep.outcomes import numeric
from simulation.sweep.sweep_file import Morris, Sobol

type Floats = npt.NDArray[np.float64]
NAMES = ("x1", "x2", "x3")


def ishigami(shares: Floats) -> Floats:
    x = (2 * shares - 1) * np.pi
    return np.asarray(np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0]))


def linear(shares: Floats) -> Floats:
    return np.asarray(shares @ np.array([4.0, 2.0, 0.0]))


@pytest.mark.parametrize("second_order", [False, True])
def test_sobol_indices_of_the_ishigami_function(second_order: bool) -> None:
    shares = sobol_shares(2048, 3, Sobol(kind="sobol", points=2048, second_order=second_order))
    result = sobol_indices(NAMES, ishigami(shares), second_order=second_order)
    assert result.main == pytest.approx([0.3139, 0.4424, 0.0], abs=0.03)
    assert result.total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.03)
    assert (result.total_half > 0).all() and (result.total_half < 0.1).all()
    if second_order:
        assert {(i, j): value for i, j, value, _ in result.pairs}[0, 2] == pytest.approx(0.2437, abs=0.05)


def test_what_too_few_points_give_is_not_resolved() -> None:
    few, many = (
        sobol_indices(NAMES, ishigami(sobol_shares(n, 3, Sobol(kind="sobol", points=n))), second_order=False)
        for n in (8, 2048)
    )
    assert many.resolved.all()
    assert not few.resolved.any()
    design = Morris(kind="morris", trajectories=4)
    shares = morris_shares(design, 3, 4, seed=1)
    assert not morris_indices(
        NAMES, shares, linear(shares), 4
    ).resolved.any()  # its interval of 0 is no precision
    text = ranking_sentence(Ranking("base", numeric("relapse"), few, float("nan")), {})
    assert "3 of 3 not resolved: more samples needed" in text


@pytest.mark.parametrize(("value", "half", "fine"), [
    (0.5, 0.1, True), (-0.02, 0.05, True), (1.03, 0.1, True), (1.8, 0.19, False), (0.5, 92.0, False), (-0.5, 0.2, False),
    (0.5, float("nan"), False),
])  # fmt: skip
def test_which_numbers_are_shares(value: float, half: float, fine: bool) -> None:
    assert bool(is_share(np.array(value), np.array(half))) is fine


def test_morris_indices_of_a_straight_function() -> None:
    design = Morris(kind="morris", trajectories=10)
    shares = morris_shares(design, 3, 10, seed=1)
    result = morris_indices(NAMES, shares, linear(shares), 4)
    assert result.total == pytest.approx([4, 2, 0], abs=1e-9)
    assert result.spread == pytest.approx([0, 0, 0], abs=1e-9)
    assert result.resolved.all()


def test_rank_correlations_order_the_parameters() -> None:
    shares = latin_hypercube(200, 3, seed=1)
    values = np.exp(linear(shares)) + 0.1 * np.random.default_rng(1).normal(size=200)
    result = rank_correlations(NAMES, shares, values)
    assert result.main[0] > result.main[1] > 0.9 and abs(result.main[2]) < 0.25
    with pytest.raises(RefusedIndices, match="too few"):
        rank_correlations(NAMES, shares[:8], values[:8])


def test_the_order_of_columns_is_kept() -> None:
    """Guard against the trap of swapped columns: only the last parameter matters, and only it is found."""

    def last(shares: Floats) -> Floats:
        return np.asarray(np.exp(2 * shares[:, -1]))

    design = Sobol(kind="sobol", points=256)
    morris = Morris(kind="morris", trajectories=8)
    cases: list[tuple[Floats, Callable[[Floats, Floats], Floats]]] = [
        (sobol_shares(256, 4, design), lambda s, y: sobol_indices("abcd", y, second_order=False).total),
        (morris_shares(morris, 4, 8, 1), lambda s, y: morris_indices("abcd", s, y, 4).total),
        (latin_hypercube(60, 4, 1), lambda s, y: rank_correlations("abcd", s, y).total),
    ]
    for shares, indices in cases:
        assert int(np.argmax(indices(shares, last(shares)))) == 3


def test_what_is_incomplete_or_not_finite_is_refused_with_the_reason() -> None:
    values, counts = np.arange(8.0), np.full(8, 5)
    check_responses(values, counts, 5, "x")
    with pytest.raises(RefusedIndices, match=r"3 of 40 runs are missing or failed \(1 points"):
        check_responses(values, np.array([5] * 7 + [2]), 5, "x")
    with pytest.raises(RefusedIndices, match="not defined at 1 of 8 points"):
        check_responses(np.where(values == 3, np.nan, values), counts, 5, "x")
    with pytest.raises(RefusedIndices, match="the same at every point"):
        check_responses(np.ones(8), counts, 5, "x")
    with pytest.raises(RefusedIndices, match="no Saltelli design"):
        sobol_indices(NAMES, values, second_order=False)
    with pytest.raises(RefusedIndices, match="no Morris trajectories"):
        morris_indices(NAMES, np.zeros((7, 3)), values[:7], 4)

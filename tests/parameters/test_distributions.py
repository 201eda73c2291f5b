import math
import pickle
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.parameters.distributions import Distribution
from simulation.parameters.read_distribution import DistributionError, parse_distribution

WRITTEN: list[dict[str, Any]] = [
    {"distribution": "fixed", "value": "0.05 /day"},
    {"distribution": "lognormal", "median": "0.06 /day", "sigma": 0.6},
    {"distribution": "lognormal", "low": "0.02 /day", "high": "0.25 /day"},
    {"distribution": "lognormal", "cv": 0.9},
    {"distribution": "normal", "mean": "0.06 /day", "sd": "0.01 /day", "source": "a paper"},
    {"distribution": "normal", "low": "0.01 /day", "high": "0.1 /day"},
    {"distribution": "uniform", "low": "0.01 /day", "high": "0.1 /day"},
    {"distribution": "loguniform", "low": "0.01 /day", "high": "0.1 /day"},
    {"distribution": "beta", "mean": "0.06 /day", "sd": "0.03 /day"},
    {"distribution": "choice", "values": ["0.1 /day", "0.2 /day"], "weights": [3, 1]},
    {"distribution": "choice", "values": ["0.1 /day"]},
]
MIXTURES: list[dict[str, Any]] = [
    {"distribution": "mixture", "source": "a paper", "parts": [
        {"weight": 0.85, "distribution": "lognormal", "median": "0.06 /day", "sigma": 0.3},
        {"weight": 0.15, "distribution": "lognormal", "median": "0.006 /day", "sigma": 0.3, "source": "another"}]},
    {"distribution": "mixture", "parts": [
        {"weight": 3, "distribution": "fixed"},
        {"weight": 1, "distribution": "choice", "values": ["0.1 /day", "0.02 /day"], "weights": [1, 2]},
        {"weight": 2, "distribution": "beta", "sd": "0.03 /day"}]},
]  # fmt: skip
unit_interval = st.floats(0, 1)


def read(data: dict[str, Any], low: float = -math.inf, high: float = math.inf) -> Distribution:
    return parse_distribution(data, "rate", 0.06, low, high)


@pytest.mark.parametrize("data", WRITTEN + MIXTURES, ids=lambda data: "-".join(map(str, data.values()))[:40])
def test_writing_reading_and_pickling_give_the_same(data: dict[str, Any]) -> None:
    distribution = read(data, 0.001, 0.3)
    assert parse_distribution(distribution.to_plain(), "rate", 99.0, 0.001, 0.3) == distribution
    assert pickle.loads(pickle.dumps(distribution)) == distribution
    assert distribution.source == data.get("source")


@pytest.mark.parametrize("data", WRITTEN, ids=lambda data: "-".join(map(str, data.values()))[:40])
@settings(deadline=None)  # the first beta imports SciPy
@given(a=unit_interval, b=unit_interval)
def test_samples_rise_with_u_and_stay_in_the_table_range(data: dict[str, Any], a: float, b: float) -> None:
    distribution = read(data, 0.03, 0.15)
    low, high = distribution.sample(min(a, b)), distribution.sample(max(a, b))
    assert 0.03 <= low <= high <= 0.15


def test_low_and_high_hold_95_percent_of_patients() -> None:
    for kind in ("lognormal", "normal"):
        distribution = read({"distribution": kind, "low": "0.02 /day", "high": "0.25 /day"})
        assert distribution.sample(0.025) == pytest.approx(0.02, rel=1e-12)
        assert distribution.sample(0.975) == pytest.approx(0.25, rel=1e-12)


def test_lognormal_cv_is_the_coefficient_of_variation() -> None:
    sigma = read({"distribution": "lognormal", "cv": 0.9}).second
    assert math.sqrt(math.exp(sigma**2) - 1) == pytest.approx(0.9)


def test_a_centre_left_out_is_the_table_value() -> None:
    assert read({"distribution": "lognormal", "sigma": 0.5}).median == pytest.approx(0.06)
    assert read({"distribution": "normal", "sd": "0.01 /day"}).median == pytest.approx(0.06)
    assert read({"distribution": "fixed"}).sample(0.3) == 0.06


def test_normal_quantiles() -> None:
    distribution = read({"distribution": "normal", "mean": "5 /day", "sd": "2 /day"})
    for u in (0.001, 0.3, 0.9):
        assert distribution.sample(u) == pytest.approx(NormalDist(5, 2).inv_cdf(u))


def test_beta_has_the_mean_and_sd_that_were_written() -> None:
    distribution = parse_distribution({"distribution": "beta", "mean": 0.3, "sd": 0.1}, "fraction", 0.5)
    draws = [distribution.sample((i + 0.5) / 2000) for i in range(2000)]
    mean = sum(draws) / 2000
    sd = math.sqrt(sum((draw - mean) ** 2 for draw in draws) / 2000)
    assert mean == pytest.approx(0.3, abs=1e-4)
    assert sd == pytest.approx(0.1, rel=0.01)


def test_choice_follows_the_weights() -> None:
    distribution = read(
        {"distribution": "choice", "values": ["1 /day", "2 /day", "3 /day"], "weights": [1, 0, 3]}
    )
    draws = [distribution.sample((i + 0.5) / 400) for i in range(400)]
    assert (draws.count(1.0), draws.count(2.0), draws.count(3.0)) == (100, 0, 300)


def evenly(distribution: Distribution, n: int) -> list[float]:
    return [distribution.sample((i + 0.5) / n) for i in range(n)]


def parts_of(*parts: tuple[float, str, str]) -> dict[str, Any]:
    texts = [
        {"weight": weight, "distribution": "uniform", "low": low, "high": high} for weight, low, high in parts
    ]
    return {"distribution": "mixture", "parts": texts}


def test_a_mixture_has_the_shares_and_the_quantiles_of_its_parts() -> None:
    resistant = read(MIXTURES[0])
    common, rare = resistant.parts
    for u in (0.001, 0.25, 0.5, 0.9, 0.999):
        assert resistant.sample(0.85 * u) == pytest.approx(common.sample(u), rel=1e-9)
        assert resistant.sample(0.85 + 0.15 * u) == pytest.approx(rare.sample(u), rel=1e-9)
    draws = evenly(read(parts_of((1, "5 /day", "6 /day"), (3, "1 /day", "2 /day"))), 400)
    assert [5 <= draw <= 6 for draw in draws] == [True] * 100 + [False] * 300, "in the order written"
    assert sorted(draws)[0] == pytest.approx(1 + 0.5 / 300)
    assert resistant.sample(0.0) < resistant.sample(0.8499), "the ends are the parts' own, and finite"
    assert math.isfinite(resistant.sample(1.0))


def test_a_mixture_is_clipped_in_every_part() -> None:
    draws = evenly(read(MIXTURES[0], 0.01, 0.08), 1000)
    assert (min(draws), max(draws)) == (0.01, 0.08)
    assert draws.count(0.01) == pytest.approx(
        150 * NormalDist(math.log(0.006), 0.3).cdf(math.log(0.01)), abs=1
    )


def test_a_part_is_read_in_the_parameters_unit_and_rests_on_its_value() -> None:
    data = {"distribution": "mixture", "parts": [
        {"weight": 1, "distribution": "fixed", "value": "0.01 /h"}, {"weight": 1, "distribution": "fixed"}]}  # fmt: skip
    assert evenly(read(data), 2) == [0.24, 0.06]


def test_the_median_of_a_mixture_is_that_of_its_patients() -> None:
    """The value at u = 0.5 is none: of the resistant, who stand last, it would know nothing."""
    low_last = parts_of((0.3, "10 /day", "20 /day"), (0.7, "0 /day", "1 /day"))
    low_first = parts_of((0.7, "0 /day", "1 /day"), (0.3, "10 /day", "20 /day"))
    assert read(low_last).median == pytest.approx(5 / 7, rel=1e-12)
    assert read(low_first).median == pytest.approx(5 / 7, rel=1e-12)
    for data in MIXTURES:
        distribution = read(data)
        draws = sorted(evenly(distribution, 20_000))
        assert draws[9_990] <= distribution.median <= draws[10_010]
    halves = [{"weight": 1, "distribution": "fixed", "value": f"{value} /day"} for value in (3, 1)]
    assert read({"distribution": "mixture", "parts": halves}).median == 3.0, "as of a choice of two"


def test_the_median_of_a_choice_does_not_depend_on_the_order_written() -> None:
    rising = {"distribution": "choice", "values": ["1 /day", "2 /day", "9 /day"], "weights": [2, 2, 1]}
    other = {"distribution": "choice", "values": ["9 /day", "1 /day", "2 /day"], "weights": [1, 2, 2]}
    assert read(rising).median == read(other).median == 2.0
    assert read(other).sample(0.5) == 1.0


@pytest.mark.parametrize("data", WRITTEN + MIXTURES, ids=lambda data: "-".join(map(str, data.values()))[:40])
def test_the_share_up_to_a_value_is_that_of_the_draws(data: dict[str, Any]) -> None:
    distribution = read(data, 0.01, 0.2)
    draws = evenly(distribution, 2000)
    for value in (-1.0, 0.0, 0.01, 0.02, 0.03, 0.06, 0.1, 0.15, 0.2, 7.0):
        below = sum(draw <= value for draw in draws) / 2000
        assert distribution.share_up_to(value) == pytest.approx(below, abs=2 / 2000)


@pytest.mark.parametrize("data", WRITTEN + MIXTURES, ids=lambda data: "-".join(map(str, data.values()))[:40])
def test_a_multiple_is_that_of_every_draw(data: dict[str, Any]) -> None:
    distribution = read(data)
    if "beta" in str(data):
        with pytest.raises(ValueError, match="beta"):
            distribution.scaled(3.0)
    else:
        tripled = [3.0 * draw for draw in evenly(distribution, 50)]
        assert evenly(distribution.scaled(3.0), 50) == pytest.approx(tripled)


def test_what_varies_and_what_has_values_of_its_own() -> None:
    def sampled(data: dict[str, Any]) -> tuple[bool, bool, set[float]]:
        distribution = read(data)
        return distribution.varies, distribution.continuous, set(distribution.discrete)

    fixed = {"distribution": "fixed", "value": "0 /day"}
    assert sampled(fixed) == (False, False, {0.0})
    assert sampled({"distribution": "choice", "values": ["1 /day", "2 /day"], "weights": [1, 0]}) == (
        False,
        False,
        {1.0},
    )
    assert sampled({"distribution": "normal", "sd": "1 /day"}) == (True, True, set())
    assert sampled({"distribution": "mixture", "parts": [{"weight": 1} | fixed] * 2}) == (False, False, {0.0})
    both = [{"weight": 1} | fixed, {"weight": 1, "distribution": "lognormal", "sigma": 1}]
    assert sampled({"distribution": "mixture", "parts": both}) == (True, True, {0.0})


ONE = {"weight": 1, "distribution": "fixed"}


def mixed(*parts: Any, **more: Any) -> dict[str, Any]:
    return {"distribution": "mixture", "parts": list(parts)} | more


@pytest.mark.parametrize(
    ("data", "path", "message", "nearest"),
    [
        ({"distribution": "mixture"}, (), "got nothing", None),
        ({"distribution": "mixture", "part": [ONE, ONE]}, ("part",), "'part' is not part", "parts"),
        (mixed(ONE, ONE, weights=[1, 1]), ("weights",), "'weights' is not part", None),
        ({"distribution": "mixture", "parts": ONE}, ("parts",), "got {", None),
        (mixed(ONE), ("parts",), "got 1 of them", None),
        (mixed(ONE, 3), ("parts", 1), "got 3", None),
        (mixed(ONE, {"distribution": "fixed"}), ("parts", 1), "the weight of this part is missing", None),
        (mixed({"wieght": 1, "distribution": "fixed"}, ONE), ("parts", 0, "wieght"), "no key 'wieght'", "weight"),
        (mixed(ONE, ONE | {"weight": 0}), ("parts", 1, "weight"), "got 0", None),
        (mixed(ONE, ONE | {"weight": -0.1}), ("parts", 1, "weight"), "got -0.1", None),
        (mixed(ONE, ONE | {"weight": "1 /day"}), ("parts", 1, "weight"), "which is a rate", None),
        (mixed(ONE, {"weight": 1} | mixed(ONE, ONE)), ("parts", 1, "distribution"), "cannot be a mixture", None),
        (mixed(ONE, {"weight": 1, "distribution": "lognorm"}), ("parts", 1, "distribution"), "got 'lognorm'", "lognormal"),
        (mixed(ONE, {"weight": 1}), ("parts", 1, "distribution"), "got none", None),
        (mixed(ONE, ONE | {"vlaue": "1 /day"}), ("parts", 1, "vlaue"), "not part of a fixed", "value"),
        (mixed(ONE, ONE | {"value": "1 kg"}), ("parts", 1, "value"), "which is a weight", None),
        (mixed(ONE, {"weight": 1, "distribution": "choice", "values": ["x"]}), ("parts", 1, "values", 0), "got 'x'", None),
        (mixed(ONE, ONE, source=3), ("source",), "got 3", None),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_a_mixture_and_in_which_part(
    data: dict[str, Any], path: tuple[str | int, ...], message: str, nearest: str | None
) -> None:
    with pytest.raises(DistributionError) as caught:
        read(data)
    assert message in caught.value.message
    assert (caught.value.path, caught.value.nearest) == (path, nearest)


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        ({}, ("distribution",), "got none"),
        ({"distribution": "lognorm"}, ("distribution",), "got 'lognorm'"),
        ({"distribution": "lognormal", "medn": "1 /day"}, ("medn",), "'medn' is not part"),
        ({"distribution": "lognormal", "median": "1 /day"}, (), "got median"),
        ({"distribution": "lognormal", "median": "1 kg", "sigma": 1}, ("median",), "which is a weight"),
        ({"distribution": "lognormal", "sigma": "1 /day"}, ("sigma",), "which is a rate"),
        ({"distribution": "lognormal", "sigma": 0}, ("sigma",), "got 0"),
        ({"distribution": "lognormal", "low": "0 /day", "high": "1 /day"}, ("low",), "got 0"),
        ({"distribution": "uniform", "low": "2 /day", "high": "1 /day"}, ("high",), "not above low"),
        ({"distribution": "beta", "mean": "2 /day", "sd": "0.1 /day"}, ("mean",), "no beta"),
        ({"distribution": "beta", "mean": "0.5 /day", "sd": "0.6 /day"}, ("sd",), "no beta"),
        ({"distribution": "choice", "values": []}, ("values",), "got []"),
        ({"distribution": "choice", "values": ["1 /day", "x"]}, ("values", 1), "got 'x'"),
        ({"distribution": "choice", "values": ["1 /day"], "weights": [1, 2]}, ("weights",), "got 2"),
        ({"distribution": "choice", "values": ["1 /day"], "weights": [-1]}, ("weights",), "got 1"),
        ({"distribution": "fixed", "source": 3}, ("source",), "got 3"),
    ],
)
def test_says_what_is_wrong_and_where(
    data: dict[str, Any], path: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(DistributionError) as caught:
        read(data)
    assert message in caught.value.message
    assert caught.value.path == path

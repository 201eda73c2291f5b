import math
import pickle
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.parameters.distributions import Distribution, DistributionError, parse_distribution

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
unit_interval = st.floats(0, 1)


def read(data: dict[str, Any], low: float = -math.inf, high: float = math.inf) -> Distribution:
    return parse_distribution(data, "rate", 0.06, low, high)


@pytest.mark.parametrize("data", WRITTEN, ids=lambda data: "-".join(map(str, data.values()))[:40])
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


@pytest.mark.parametrize(
    ("data", "path", "told"),
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
def test_says_what_is_wrong_and_where(data: dict[str, Any], path: tuple[str | int, ...], told: str) -> None:
    with pytest.raises(DistributionError) as caught:
        read(data)
    assert told in caught.value.message
    assert caught.value.path == path

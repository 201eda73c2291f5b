"""Reference numbers: R's survival, as its own tests and their saved output print them (github.com/therneau/survival).

`tests/doaml.Rout.save` (aml; commit 08139b1) and `tests/book2.R` (data set 1 of Therneau & Grambsch, with the solution in
closed form; commit 16f659c).
"""

import math

import numpy as np
import pytest

from simulation.statistics.hazard import hazard_ratio
from simulation.statistics.survival import log_rank
from tests.statistics.test_survival import MAINTAINED, MP, MP_EVENT, NOT_MAINTAINED, PLACEBO


def test_aml_as_r_prints_it() -> None:
    ratio = hazard_ratio(*NOT_MAINTAINED, *MAINTAINED)
    assert math.log(ratio.value) == pytest.approx(0.9155, abs=5e-5)
    assert ratio.value == pytest.approx(2.4981, abs=5e-5)
    assert ratio.log_se == pytest.approx(0.5119, abs=5e-5)
    assert ratio.p == pytest.approx(0.0737, abs=5e-5)
    assert ratio.events == (11, 7)
    chi_square, p = log_rank(*NOT_MAINTAINED, *MAINTAINED)
    assert (chi_square, p) == pytest.approx((3.40, 0.0653), abs=5e-3)


def test_tied_events_by_efron_equal_the_solution_in_closed_form() -> None:
    beta = math.log(math.cos(math.acos((45 / 23) * math.sqrt(3 / 23)) / 3) * 2 * math.sqrt(23 / 3))
    ratio = hazard_ratio([1, 1, 6], [1, 0, 1], [6, 8, 9], [1, 0, 1])
    assert math.log(ratio.value) == pytest.approx(beta, abs=1e-9)
    assert round(beta, 6) == 1.676857
    r = ratio.value

    def tied(x: float) -> float:
        return x - x * x

    information = tied(r / (r + 1)) + tied(r / (r + 5)) + tied(r / (r + 3))
    assert ratio.log_se == pytest.approx(information**-0.5, rel=1e-9)


def test_turned_round_it_is_the_reciprocal() -> None:
    ratio = hazard_ratio(PLACEBO, [1] * 21, MP, MP_EVENT)
    turned = hazard_ratio(MP, MP_EVENT, PLACEBO, [1] * 21)
    assert turned.value == pytest.approx(1 / ratio.value)
    assert (turned.low, turned.high) == pytest.approx((1 / ratio.high, 1 / ratio.low))


def test_without_ties_the_score_at_one_is_the_log_rank_test() -> None:
    rng = np.random.default_rng(4)
    one, other = rng.exponential(1.0, 400), rng.exponential(1.6, 400)
    ratio = hazard_ratio(one, [1] * 400, other, [1] * 400)
    chi_square, _ = log_rank(one, [1] * 400, other, [1] * 400)
    assert (math.log(ratio.value) / ratio.log_se) ** 2 == pytest.approx(chi_square, rel=0.05)
    assert ratio.low < 1.6 < ratio.high


def test_where_the_likelihood_has_no_maximum_there_are_no_limits() -> None:
    none = hazard_ratio([5, 9, 9], [0, 0, 0], [1, 2, 9], [1, 1, 0])
    assert none.value == 0 and math.isnan(none.low) and math.isnan(none.high)
    every = hazard_ratio([1, 2, 9], [1, 1, 0], [5, 9, 9], [0, 0, 0])
    assert math.isinf(every.value) and math.isnan(every.high)
    assert math.isnan(hazard_ratio([9, 9], [0, 0], [9, 9], [0, 0]).value)
    apart = hazard_ratio([1, 2], [1, 1], [3, 4], [1, 1])  # when the other group fails, the first is gone
    assert math.isinf(apart.value)


def test_what_is_no_flag_is_refused() -> None:
    with pytest.raises(ValueError, match="true or false"):
        hazard_ratio([1, 2], [1, 2], [1], [0])

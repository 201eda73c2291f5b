"""Real patients, and what R and other libraries make of them: frozen numbers, with where each was printed.

`lung.csv` is R's `survival::lung` (Loprinzi 1994, J Clin Oncol 12:601; death is 0 or 1): days, death, sex (1 male), ECOG.
R prints `survfit(Surv(time, status) ~ ph.ecog, lung)` in the saved output of survival's tests (github.com/therneau/survival,
`tests/Examples/survival-Ex.Rout.save`, commit 0457202); `survdiff` by sex: Machine Learning with R Cookbook (2nd ed.), ch. 6.
`OVARIAN` is R's `survival::ovarian` (Edmonson 1979): `tests/ovarian.Rout.save`, commit 08139b1.

Numbers with more digits than R prints are those of lifelines 0.30.3 and scikit-survival 0.28.0, installed for this alone: a
second opinion by the code of others.
"""

import csv
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from simulation.statistics.competing import aalen_johansen
from simulation.statistics.hazard import hazard_ratio
from simulation.statistics.multistate import CENSORED, Spells, occupation
from simulation.statistics.survival import kaplan_meier, log_rank, rmst

with (Path(__file__).parent / "lung.csv").open(encoding="utf-8", newline="") as file:
    LUNG = list(csv.DictReader(file))

# days, death, arm; in order of the R data set
OVARIAN = [
    (59, 1, 1), (115, 1, 1), (156, 1, 1), (421, 0, 2), (431, 1, 1), (448, 0, 1), (464, 1, 2), (475, 1, 2), (477, 0, 1),
    (563, 1, 2), (638, 1, 1), (744, 0, 2), (769, 0, 2), (770, 0, 2), (803, 0, 1), (855, 0, 1), (1040, 0, 1), (1106, 0, 1),
    (1129, 0, 2), (1206, 0, 2), (1227, 0, 2), (268, 1, 1), (329, 1, 1), (353, 1, 2), (365, 1, 2), (377, 0, 2),
]  # fmt: skip
# months, 1 relapse, 2 death in remission, 0 neither: transplanted acute leukaemia, Scrucca 2007, Bone Marrow Transplant 40:381
BMT = [
    (13, 2), (1, 1), (72, 0), (7, 2), (8, 2), (67, 0), (9, 2), (5, 2), (70, 0), (4, 0), (7, 0), (68, 0), (1, 2), (10, 2), (7, 2),
    (3, 1), (4, 1), (4, 1), (3, 1), (3, 1), (22, 2), (8, 1), (2, 2), (0, 2), (0, 1), (35, 0), (35, 0), (4, 2), (14, 2), (26, 2),
    (3, 2), (2, 0), (8, 0), (32, 0), (12, 1),
]  # fmt: skip


def lung(**where: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    chosen = [row for row in LUNG if all(row[name] == value for name, value in where.items())]
    return np.array([float(row["time"]) for row in chosen]), np.array([row["death"] == "1" for row in chosen])


@pytest.mark.parametrize(
    ("ecog", "n", "deaths", "median"), [("0", 63, 37, 394), ("1", 113, 82, 306), ("2", 50, 44, 199), ("3", 1, 1, 118)]
)  # fmt: skip
def test_medians_as_r_prints_them(ecog: str, n: int, deaths: int, median: float) -> None:
    days, died = lung(ecog=ecog)
    assert (days.size, int(died.sum())) == (n, deaths)
    assert kaplan_meier(days, died).quantile()[0] == median


def test_the_log_rank_test_as_r_prints_it() -> None:
    men, women = lung(sex="1"), lung(sex="2")
    assert [int(one) for one in (men[0].size, women[0].size, men[1].sum(), women[1].sum())] == [
        138,
        90,
        112,
        53,
    ]
    chi_square, p = log_rank(*men, *women)
    assert chi_square == pytest.approx(10.3267, abs=5e-5)
    assert p == pytest.approx(0.00131116, abs=5e-9)


def test_the_hazard_ratio_with_its_limits() -> None:
    ratio = hazard_ratio(*lung(sex="2"), *lung(sex="1"))
    assert math.log(ratio.value) == pytest.approx(-0.531022, abs=5e-6)
    assert ratio.log_se == pytest.approx(0.167179, abs=5e-6)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((0.588004, 0.423719, 0.815986), abs=5e-6)
    assert ratio.p == pytest.approx(0.001491, abs=5e-7)


@pytest.mark.parametrize(
    ("sex", "median", "survival", "bands", "areas"),
    [
        ("1", 270, (0.826086956522, 0.336087834639, 0.089284675734),
         ((0.751851722986, 0.879870543129), (0.252729143328, 0.421302168223), (0.042781061107, 0.156931884658)),
         (241.495085192057, 308.695919069730)),
        ("2", 426, (0.922088353413, 0.526463030186, 0.249643330540),
         ((0.843505205595, 0.962077737666), (0.403579823267, 0.635316232824), (0.134408868932, 0.383049672139)),
         (297.465409532037, 428.058454351016)),
    ],
)  # fmt: skip
def test_kaplan_meier_with_log_log_bands_and_its_area(
    sex: str, median: float, survival: tuple[float, ...], bands: tuple[tuple[float, float], ...], areas: tuple[float, float]
) -> None:  # fmt: skip
    days, died = lung(sex=sex)
    curve = kaplan_meier(days, died)
    assert curve.quantile()[0] == median
    assert curve.at([100, 365, 700]) == pytest.approx(survival, abs=1e-11)
    where = np.searchsorted(curve.times, [100, 365, 700], side="right") - 1
    assert curve.low[where] == pytest.approx([low for low, _ in bands], abs=1e-10)
    assert curve.high[where] == pytest.approx([high for _, high in bands], abs=1e-10)
    assert [rmst(days, died, until).value for until in (365, 700)] == pytest.approx(areas, abs=1e-9)


def test_survival_errors_numbers_at_risk_and_cox_of_the_ovarian_trial() -> None:
    days, died, arm = (np.array(column) for column in zip(*OVARIAN, strict=True))
    curve = kaplan_meier(days, died)
    printed = {  # time: at risk, survival; R's summary(survfit(Surv(futime, fustat) ~ 1))
        59: (26, 0.962), 115: (25, 0.923), 156: (24, 0.885), 268: (23, 0.846), 329: (22, 0.808), 353: (21, 0.769),
        365: (20, 0.731), 377: (19, 0.731), 431: (17, 0.688), 464: (15, 0.642), 475: (14, 0.596), 563: (12, 0.546),
        638: (11, 0.497), 1227: (1, 0.497),
    }  # fmt: skip
    for time, (at_risk, survival) in printed.items():
        (where,) = np.flatnonzero(curve.times == time)
        assert (curve.at_risk[where], round(float(curve.survival[where]), 3)) == (at_risk, survival)
    states = occupation(
        Spells.of([(i, 0, t, 0, 1 if d else CENSORED) for i, (t, d, _) in enumerate(OVARIAN)]), 2
    )
    for time, error in ((59, 0.0377), (268, 0.0708), (475, 0.0999), (638, 0.1051)):  # Greenwood's, as printed
        (where,) = np.flatnonzero(states.times == time)
        assert states.se[where, 0] == pytest.approx(error, abs=2e-4)  # the jackknife is near it
    ratio = hazard_ratio(days[arm == 2], died[arm == 2], days[arm == 1], died[arm == 1])
    assert round(math.log(ratio.value), 3) == -0.596
    assert round(ratio.log_se, 3) == 0.587
    assert round(ratio.p, 2) == 0.31


def test_two_causes_after_transplant_and_their_errors() -> None:
    months, causes = zip(*BMT, strict=True)
    relapse, death = (aalen_johansen(months, causes, cause) for cause in (1, 2))
    for incidence, share, error in (
        (relapse, 0.272838987812, 0.0780906878829),
        (death, 0.481269552156, 0.0900167956575),
    ):
        assert incidence.incidence[-1] == pytest.approx(share, abs=1e-11)
        assert incidence.se[-1] == pytest.approx(
            error, abs=1e-11
        )  # the library's `Dinse_Approx`, from its limits
    any_cause = 1 - kaplan_meier(months, np.array(causes) > 0).at([71])[0]
    assert any_cause == pytest.approx(0.754108539968, abs=1e-11)
    rows = [(i, 0, t, 0, c if c else CENSORED) for i, (t, c) in enumerate(BMT) if t > 0]
    state = occupation(Spells.of(rows), 3)
    after = [(t, c) for t, c in BMT if t > 0]
    later = [aalen_johansen([t for t, _ in after], [c for _, c in after], cause) for cause in (1, 2)]
    assert state.at(71)[0][1:] == pytest.approx([one.at(71)[0] for one in later])

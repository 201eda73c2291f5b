"""What is read from one patient's course, and what a study would report about all of them.

A measure has two parts: `row` turns a result into a few numbers, `tell` turns the rows of all arms into
statistics. Thresholds that act on nothing (grades of CRS) are applied in `tell`, so that they can be fitted
without simulating anybody again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulation.calibration.estimate import Statistic, mean, median, ratio_of_medians, share
from simulation.calibration.settings import Setting
from simulation.results import Result

__all__ = ["MEASURES", "Measure", "Row", "Rows"]

Row = dict[str, float]
Rows = Mapping[str, Sequence[Row]]  # arm -> rows
_REMISSION, _MRD = 0.05, 1e-4
_RESTAGED_FROM = 20.0  # days of treatment: nobody is restaged before
_YEAR = 365.25


@dataclass(frozen=True)
class Measure:
    """Hold both parts of a measure; `tell` also gets the parameter values in force."""

    row: Callable[[Setting, Result], Row]
    tell: Callable[[Rows, Mapping[str, float]], dict[str, Statistic]]


def _from_start(setting: Setting, result: Result, name: str) -> tuple[np.ndarray, np.ndarray]:
    return result.column("day") - setting.lead, result.column(name)


def _at(days: np.ndarray, values: np.ndarray, day: float) -> float:
    """Return the value on a day; NaN after the last."""
    return float(np.interp(day, days, values)) if days[-1] >= day - 1e-6 else float("nan")


def _crs(rows: Sequence[Row], p: Mapping[str, float], grade: int = 1) -> Statistic:
    threshold = p["crs_score_grade_1"] * p["crs_score_step"] ** (grade - 1)
    return share([row["crs_score"] >= threshold for row in rows])


# Response to the drug ---------------------------------------------------------------------------------------


def _response_row(setting: Setting, result: Result) -> Row:
    days, fraction = _from_start(setting, result, "marrow_blast_fraction")
    later, first = days >= _RESTAGED_FROM, days >= 0
    cycle_2 = days > 42.0
    score = result.column("crs_score")
    return {
        "fraction": _at(days, fraction, 0.0),
        "nadir": float(fraction[later].min()),
        "crs_score": float(score[first & (days <= 28.0)].max()),
        "crs_score_cycle_2": float(score[cycle_2].max()) if cycle_2.any() else float("nan"),
        "treg_per_tcon": _at(days, result.column("treg_cells") / result.column("tcon_cells"), 0.0),
        "cd3_fold": float(
            result.column("cd3_per_ul")[(days >= 7) & (days <= 21)].max()
            / _at(days, result.column("cd3_per_ul"), 0.0)
        ),
    }


def _response(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    rows = arms["all"]
    responders = [row for row in rows if row["nadir"] < _REMISSION]
    others = [row for row in rows if row["nadir"] >= _REMISSION]
    second = [row["crs_score_cycle_2"] / max(row["crs_score"], 1e-9) for row in rows]
    return {
        "fraction_at_start": median([row["fraction"] for row in rows]),
        "cr": share([row["nadir"] < _REMISSION for row in rows]),
        "mrd_negative_of_cr": share([row["nadir"] < _MRD for row in responders]),
        "mrd_response": share([row["nadir"] < _MRD for row in rows]),
        "crs_any": _crs(rows, p),
        "crs_grade_3": _crs(rows, p, 3),
        "crs_cycle_2": median(second),
        "treg_ratio": ratio_of_medians(
            [row["treg_per_tcon"] for row in others], [row["treg_per_tcon"] for row in responders]
        ),
        "cd3_fold": median([row["cd3_fold"] for row in rows]),
    }


# Lymphocytes in blood ---------------------------------------------------------------------------------------

KINETICS_DAYS: Final = {
    "h1": 1 / 24, "h2": 2 / 24, "h6": 0.25, "h12": 0.5, "d1": 1.0, "d2": 2.0, "d7": 7.0, "d14": 14.0, "d21": 21.0,
    "d28": 28.0,
}  # fmt: skip


def _kinetics_row(setting: Setting, result: Result) -> Row:
    days, cd3 = _from_start(setting, result, "cd3_per_ul")
    before, b_cells = _at(days, cd3, 0.0), result.column("b_cells_per_ul")
    row = {name: _at(days, cd3, day) / before for name, day in KINETICS_DAYS.items()}
    return row | {
        "cd3_before": before,
        "b_before": _at(days, b_cells, 0.0),
        "b_d2": _at(days, b_cells, 2.0),
        "b_d7": float(b_cells[(days >= 2.0) & (days <= 28.0)].max()),
    }


def _kinetics(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    rows = arms["all"]
    found = {name: median([row[name] for row in rows]) for name in (*KINETICS_DAYS, "cd3_before", "b_before")}
    return found | {
        "b_gone": share([row["b_d2"] < 1.0 for row in rows]),
        "b_stay_away": share([row["b_d7"] < 1.0 for row in rows]),
    }


# Graft and DLI ----------------------------------------------------------------------------------------------


def _graft_row(setting: Setting, result: Result) -> Row:
    day = result.outcomes["agvhd_grade_2_day"]
    cd3, days = result.column("cd3_per_ul"), result.column("day")
    return {
        "agvhd": float(str(result.outcomes["agvhd_grade"])),
        "onset": float("nan") if day is None else float(str(day)),
        "cd3_d24": _at(days, cd3, 24.0),
        "cd3_d34": _at(days, cd3, 34.0),
    }


def _graft(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    found = {}
    for arm, rows in arms.items():
        found[f"{arm}.agvhd_2"] = share([row["agvhd"] >= 2 for row in rows])
        found[f"{arm}.agvhd_3"] = share([row["agvhd"] >= 3 for row in rows])
        found[f"{arm}.onset"] = median([row["onset"] for row in rows])
        for name in ("cd3_d24", "cd3_d34"):
            found[f"{arm}.{name}"] = median([row[name] for row in rows])
    return found


def _dli_row(setting: Setting, result: Result) -> Row:
    start = result.outcomes["treatment_start_day"]
    days, grade = result.column("day"), result.column("agvhd_grade")
    if start is None:  # died before
        return {"agvhd": float("nan"), "onset": float("nan")}
    begin = float(str(start))
    after, before = grade[days >= begin], grade[(days < begin) & (days > begin - 30)]
    free = not before.size or before.max() < 1
    hit = after >= 2
    return {
        "agvhd": float(after.max()) if free else float("nan"),  # who has GvHD gets no DLI
        "onset": float(days[days >= begin][hit.argmax()] - begin) if hit.any() and free else float("nan"),
    }


def _dli(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    found = {}
    for arm, rows in arms.items():
        given = [row for row in rows if not np.isnan(row["agvhd"])]
        found[f"{arm}.agvhd_1"] = share([row["agvhd"] >= 1 for row in given])
        found[f"{arm}.agvhd_2"] = share([row["agvhd"] >= 2 for row in given])
        found[f"{arm}.onset"] = median([row["onset"] for row in given])
    return found


# Relapse ----------------------------------------------------------------------------------------------------


def _escape_row(setting: Setting, result: Result) -> Row:
    """Relapse after remission: when, and which share of blasts has lost CD19 then."""
    days, fraction = _from_start(setting, result, "marrow_blast_fraction")
    blasts, lost = result.column("blasts_cells"), result.column("blasts_cd19_negative_cells")
    treated = days >= _RESTAGED_FROM
    low = np.flatnonzero(treated & (fraction < _REMISSION))
    nan = float("nan")
    if not low.size:
        return {"remission": 0.0, "relapse": nan, "cd19_negative": nan, "exhaustion": nan, "extinct": 0.0}
    up = np.flatnonzero((np.arange(days.size) > low[0]) & (fraction >= _REMISSION))
    if not up.size:
        gone = float(blasts[-1] == 0)
        return {"remission": 1.0, "relapse": nan, "cd19_negative": nan, "exhaustion": nan, "extinct": gone}
    at = int(up[0])
    return {
        "remission": 1.0,
        "relapse": float(days[at] - days[low[0]]),
        "cd19_negative": float(lost[at] / max(blasts[at], 1.0)),
        "exhaustion": float(result.column("marrow_t_exhaustion_fraction")[at]),
        "extinct": 0.0,
    }


def _escape(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    rows = arms["all"]
    relapses = [row for row in rows if not np.isnan(row["relapse"])]
    responders = [row for row in rows if row["remission"]]
    negative = [row for row in relapses if row["cd19_negative"] > 0.5]
    positive = [row for row in relapses if row["cd19_negative"] <= 0.5]
    return {
        "cd19_negative": share([row["cd19_negative"] > 0.5 for row in relapses]),
        "relapse_of_cr": share([not np.isnan(row["relapse"]) for row in responders]),
        "remission_days": median([row["relapse"] for row in relapses]),
        "extinct_of_cr": share([row["extinct"] > 0 for row in responders]),
        "exhaustion_cd19_negative": mean([row["exhaustion"] for row in negative]),
        "exhaustion_cd19_positive": mean([row["exhaustion"] for row in positive]),
    }


def _natural_row(setting: Setting, result: Result) -> Row:
    days, fraction = result.column("day"), result.column("marrow_blast_fraction")
    nan = float("nan")
    relapse = result.outcomes["relapse_day"]
    mrd, overt = np.flatnonzero(fraction >= _MRD), np.flatnonzero(fraction >= _REMISSION)
    return {
        "relapse": nan if relapse is None else float(str(relapse)),
        "lead": float(days[overt[0]] - days[mrd[0]]) if overt.size and mrd.size else nan,
        "agvhd": float(str(result.outcomes["agvhd_grade"])),
        "hla_lost": float(result.outcomes["relapse_hla"] == "lost"),
    }


def _natural(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    rows = arms["all"]
    relapses = [row for row in rows if not np.isnan(row["relapse"])]
    return {
        "relapse_2_years": share([row["relapse"] <= 2 * _YEAR for row in rows]),
        "relapse_day": median([row["relapse"] for row in relapses]),
        "lead_time": median([row["lead"] for row in rows]),
        "agvhd_2": share([row["agvhd"] >= 2 for row in rows]),
        "hla_lost": share([row["hla_lost"] > 0 for row in relapses]),
    }


MEASURES: Final[Mapping[str, Measure]] = {
    "response": Measure(_response_row, _response),
    "kinetics": Measure(_kinetics_row, _kinetics),
    "graft": Measure(_graft_row, _graft),
    "dli": Measure(_dli_row, _dli),
    "escape": Measure(_escape_row, _escape),
    "natural": Measure(_natural_row, _natural),
}

"""What is read from one patient's course, and what a study would report about all of them.

A measure has three parts: `row` turns a course into a few numbers, `tell` turns the rows of all arms into
statistics, and `over` says from when on a course has nothing more to tell, so that it ends there. Thresholds that act on
nothing (grades of CRS) are applied in `tell`, so that they can be fitted without simulating anybody again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulation.calibration.estimate import (
    Statistic,
    hazard_ratio,
    log_odds,
    mean,
    median,
    ratio_of_medians,
    share,
    spread,
)
from simulation.calibration.settings import Setting
from simulation.clinic.outcomes.treatment import Treatment
from simulation.life import Life

__all__ = ["MEASURES", "Measure", "Row", "Rows"]

Row = dict[str, float]
Rows = Mapping[str, Sequence[Row]]  # arm -> rows
_REMISSION, _MRD = 0.05, 1e-4
_RESTAGED_FROM = 20.0  # days of treatment: nobody is restaged before
_YEAR = 365.25


@dataclass(frozen=True)
class Measure:
    """Hold the parts of a measure; `statistics` also gets the parameter values in force.

    `columns` are those of the trajectory that it reads.
    """

    columns: tuple[str, ...]
    row: Callable[[Setting, Life], Row]
    statistics: Callable[[Rows, Mapping[str, float]], dict[str, Statistic]]
    over: Callable[[Setting, Life], bool] = lambda setting, life: False


def _from_start(setting: Setting, life: Life) -> tuple[np.ndarray, ...]:
    """Return the columns that the setting's measure reads, in their order, days since the start first."""
    columns = life.columns()
    day, *others = MEASURES[setting.measure].columns
    return columns[day] - setting.lead, *(columns[name] for name in others)


def _at(days: np.ndarray, values: np.ndarray, day: float) -> float:
    """Return the value on a day; NaN after the last."""
    return float(np.interp(day, days, values)) if days[-1] >= day - 1e-6 else float("nan")


def _crs(rows: Sequence[Row], p: Mapping[str, float], grade: int = 1) -> Statistic:
    threshold = p["crs_score_grade_1"] * p["crs_score_step"] ** (grade - 1)
    return share([row["crs_score"] >= threshold for row in rows])


# Response to the drug, and how long it lasts -----------------------------------------------------------------

_WINDOW: Final = {"overt": 84.0, "mrd": 42.0}  # days in which a response counts: 12 weeks; one cycle
_PCR_CELLS: Final = (
    1e5  # in an assay of MRD: "none detectable" is none among them (assumption: 10^-4 to 10^-5)
)
_OVERT_UG_PER_DAY: Final = 28.0  # the dose whose steady-state level, ng/mL, studies of overt disease report
_MONTH = 30.4
_LOOK_EVERY = 14  # days between two looks whether a course has told all


_RESPONSE: Final = (
    "day", "marrow_blast_fraction", "crs_score", "extramedullary_blasts_cells", "blasts_cells",
    "blasts_cd19_negative_cells", "cd3_per_ul", "treg_cells", "tcon_cells",
)  # fmt: skip


def _response_row(setting: Setting, life: Life) -> Row:
    """Read one course: days count from treatment; `event` is infinite where no relapse came in the time followed."""
    days, fraction, score, outside, blasts, lost, cd3, treg, tcon = _from_start(setting, life)
    treated, nan = days >= 0, float("nan")
    window = (days >= _RESTAGED_FROM) & (days <= _WINDOW[setting.name])
    low = np.flatnonzero(window & (fraction < _REMISSION))
    cycle_2, weeks = days > 42.0, (days >= 7) & (days <= 21)
    row = {
        "fraction": _at(days, fraction, 0.0),
        "css": _OVERT_UG_PER_DAY / life.values["cl_blinatumomab"],
        # who dies before he is staged again has not responded
        "nadir": float(fraction[window].min()) if window.any() else 1.0,
        "crs_score": float(score[treated & (days <= 28.0)].max()),
        "crs_score_cycle_2": float(score[cycle_2].max()) if cycle_2.any() else nan,
        "treg_per_tcon": _at(days, treg / tcon, 0.0),
        "cd3_fold": float(cd3[weeks].max() / _at(days, cd3, 0.0)) if weeks.any() else nan,
        "extinct": float(blasts[-1] == 0),
    } | dict.fromkeys(("response", "event", "outside", "isolated", "cd19_negative"), nan)
    if not low.size:
        return row
    # A mass outside counts as relapse when it comes (back), not while it has never gone.
    visible = outside >= life.scenario.definitions.extramedullary_relapse
    gone = np.flatnonzero(treated & ~visible)
    returned = visible & (np.arange(days.size) > gone[0]) if gone.size else np.zeros_like(visible)
    after = np.arange(days.size) > low[0]
    in_marrow, events = fraction >= _REMISSION, np.flatnonzero(after & ((fraction >= _REMISSION) | returned))
    row |= {"response": float(days[low[0]]), "event": np.inf}
    if events.size:
        at = int(events[0])
        row |= {
            "event": float(days[at]),
            "outside": float(visible[at]),
            "isolated": float(visible[at] and not in_marrow[at]),
            "cd19_negative": float(lost[at] / max(blasts[at], 1.0)),
        }
    return row


def _response_over(setting: Setting, life: Life) -> bool:
    """Return whether the course has told all: no response, or relapse, or no blast left."""
    day = life.day - setting.lead
    if day < _WINDOW[setting.name] or day % _LOOK_EVERY >= life.scenario.time_step:
        return False
    row = _response_row(setting, life)
    return bool(np.isnan(row["response"]) or np.isfinite(row["event"]) or row["extinct"])


def _free(rows: Sequence[Row], days: float, since: str = "response") -> Statistic:
    """Return the share of responders without relapse `days` after the response, or after treatment began."""
    begins = [row["response"] if since == "response" else 0.0 for row in rows]
    return share([row["event"] - begin > days for row, begin in zip(rows, begins, strict=True)])


def _undetected(row: Row) -> bool:
    """Return whether an assay would more likely than not find no blast at the lowest burden of the window."""
    return bool(np.exp(-_PCR_CELLS * row["nadir"]) > 0.5)


def _response(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    rows = arms["all"]
    responders = [row for row in rows if row["nadir"] < _REMISSION]
    others = [row for row in rows if row["nadir"] >= _REMISSION]
    relapses = [row for row in responders if np.isfinite(row["event"])]
    undetected = [row for row in responders if _undetected(row)]
    detected = [row for row in responders if not _undetected(row)]
    in_blood = [row["css"] for row in rows]
    of_css, of_blasts = log_odds(
        [row["nadir"] < _REMISSION for row in rows], in_blood, [10.0 * row["fraction"] for row in rows]
    )
    return {
        "fraction_at_start": median([row["fraction"] for row in rows]),
        "css": mean(in_blood),
        "cr": share([row["nadir"] < _REMISSION for row in rows]),
        "or_css": of_css,
        "or_blasts": of_blasts,
        "mrd_negative_of_cr": share([row["nadir"] < _MRD for row in responders]),
        "undetected_of_cr": share([_undetected(row) for row in responders]),
        "mrd_response": share([row["nadir"] < _MRD for row in rows]),
        "undetected": share([_undetected(row) for row in rows]),
        "crs_any": _crs(rows, p),
        "crs_grade_3": _crs(rows, p, 3),
        "crs_cycle_2": median([row["crs_score_cycle_2"] / max(row["crs_score"], 1e-9) for row in rows]),
        "treg_ratio": ratio_of_medians(
            [row["treg_per_tcon"] for row in others], [row["treg_per_tcon"] for row in responders]
        ),
        "cd3_fold": median([row["cd3_fold"] for row in rows]),
        "free_7_months_of_cr": _free(responders, 7 * _MONTH),
        "free_24_months_of_cr": _free(responders, 24 * _MONTH - _WINDOW["overt"]),
        "free_9_months_of_undetected": _free(undetected, 9 * _MONTH),
        "free_2_months_of_detected": _free(detected, 2.3 * _MONTH),
        "free_12_months": _free(responders, 12 * _MONTH, "treatment"),
        "free_19_months": _free(responders, 18.9 * _MONTH, "treatment"),
        "free_36_months": _free(responders, 36 * _MONTH - 1.0, "treatment"),
        "remission_days": median([row["event"] - row["response"] for row in relapses]),
        "outside_of_relapses": share([row["outside"] > 0 for row in relapses]),
        "isolated_of_relapses": share([row["isolated"] > 0 for row in relapses]),
        "cd19_negative": share([row["cd19_negative"] > 0.5 for row in relapses]),
        "extinct_of_cr": share([row["extinct"] > 0 for row in responders]),
    }


# Lymphocytes in blood ---------------------------------------------------------------------------------------

KINETICS_DAYS: Final = {
    "h1": 1 / 24, "h2": 2 / 24, "h6": 0.25, "h12": 0.5, "d1": 1.0, "d2": 2.0, "d7": 7.0, "d14": 14.0, "d21": 21.0,
    "d28": 28.0,
}  # fmt: skip


_KINETICS: Final = ("day", "cd3_per_ul", "b_cells_per_ul")


def _kinetics_row(setting: Setting, life: Life) -> Row:
    days, cd3, b_cells = _from_start(setting, life)
    before = _at(days, cd3, 0.0)
    row = {name: _at(days, cd3, day) / before for name, day in KINETICS_DAYS.items()}
    return row | {
        "cd3_before": before,
        "b_before": _at(days, b_cells, 0.0),
        "b_d2": _at(days, b_cells, 2.0),
        "b_d7": float(b_cells[(days >= 2.0) & (days <= 28.0)].max()),
    }


def _kinetics(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    rows = arms["all"]
    medians = {
        name: median([row[name] for row in rows]) for name in (*KINETICS_DAYS, "cd3_before", "b_before")
    }
    return medians | {
        "b_gone": share([row["b_d2"] < 1.0 for row in rows]),
        "b_stay_away": share([row["b_d7"] < 1.0 for row in rows]),
    }


# Graft and DLI ----------------------------------------------------------------------------------------------


_GRAFT: Final = ("day", "cd3_per_ul")
_RECOVERED: Final = 100.0  # CD3+ cells/uL, about 50 CD4 and 50 CD8


def _graft_row(setting: Setting, life: Life) -> Row:
    outcomes = life.outcomes()
    day = outcomes["agvhd_grade_2_day"]
    days, cd3 = _from_start(setting, life)
    many = np.flatnonzero(cd3 >= _RECOVERED)
    return {
        "agvhd": float(str(outcomes["agvhd_grade"])),
        "recovery": float(days[many[0]]) if many.size else float("nan"),
        "onset": float("nan") if day is None else float(str(day)),
        "cd3_d24": _at(days, cd3, 24.0),
        "cd3_d34": _at(days, cd3, 34.0),
    }


def _graft(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    statistics = {}
    for arm, rows in arms.items():
        statistics[f"{arm}.agvhd_2"] = share([row["agvhd"] >= 2 for row in rows])
        statistics[f"{arm}.agvhd_3"] = share([row["agvhd"] >= 3 for row in rows])
        statistics[f"{arm}.onset"] = median([row["onset"] for row in rows])
        statistics[f"{arm}.recovery_spread"] = spread([row["recovery"] for row in rows])
        for name in ("cd3_d24", "cd3_d34"):
            statistics[f"{arm}.{name}"] = median([row[name] for row in rows])
    return statistics


_DLI: Final = ("day", "agvhd_grade")


def _dli_row(setting: Setting, life: Life) -> Row:
    start = life.outcomes()["treatment_start_day"]
    days, grade = _from_start(setting, life)
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
    statistics = {}
    for arm, rows in arms.items():
        given = [row for row in rows if not np.isnan(row["agvhd"])]
        statistics[f"{arm}.agvhd_1"] = share([row["agvhd"] >= 1 for row in given])
        statistics[f"{arm}.agvhd_2"] = share([row["agvhd"] >= 2 for row in given])
        statistics[f"{arm}.onset"] = median([row["onset"] for row in given])
    return statistics


# Relapse after transplant, with and without graft-versus-leukaemia -------------------------------------------


_NATURAL: Final = ("day", "marrow_blast_fraction", "extramedullary_blasts_cells")


def _natural_row(setting: Setting, life: Life) -> Row:
    days, fraction, outside = _from_start(setting, life)
    outcomes, nan = life.outcomes(), float("nan")
    relapse = outcomes["relapse_day"]
    mrd, overt = np.flatnonzero(fraction >= _MRD), np.flatnonzero(fraction >= _REMISSION)
    seen = np.flatnonzero(outside >= life.scenario.definitions.extramedullary_relapse)
    return {
        "relapse": nan if relapse is None else float(str(relapse)),
        "lead": float(days[overt[0]] - days[mrd[0]]) if overt.size and mrd.size else nan,
        "outside": float(days[seen[0]]) if seen.size else nan,
        "isolated": float(bool(seen.size and fraction[seen[0]] < _REMISSION)),
        "agvhd": float(str(outcomes["agvhd_grade"])),
        "hla_lost": float(outcomes["relapse_hla"] == "lost"),
    }


def _natural_over(setting: Setting, life: Life) -> bool:
    """Return whether the course has told all: overt relapse, or no blast left when GvHD of the graft is over."""
    truth = life.body.truth()
    return truth.marrow_blast_fraction >= _REMISSION or (truth.blasts == 0 and life.day > 200.0)


def _natural(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    rows, without = arms["with_gvl"], arms["without_gvl"]
    relapses = [row for row in rows if not np.isnan(row["relapse"])]
    any_relapse = [row for row in rows if not (np.isnan(row["relapse"]) and np.isnan(row["outside"]))]
    three_years = 3 * _YEAR

    def hit(row: Row) -> bool:
        return bool(row["relapse"] <= three_years)

    return {
        "relapse_2_years": share([row["relapse"] <= 2 * _YEAR for row in rows]),
        "relapse_day": median([row["relapse"] for row in relapses]),
        "lead_time": median([row["lead"] for row in relapses]),
        "agvhd_2": share([row["agvhd"] >= 2 for row in rows]),
        "hla_lost": share([row["hla_lost"] > 0 for row in relapses]),
        "isolated_outside": share([row["isolated"] > 0 for row in any_relapse]),
        "gvl_hazard_ratio": hazard_ratio(list(map(hit, rows)), list(map(hit, without))),
    }


# DLI at molecular relapse ----------------------------------------------------------------------------------------

_RESPONSE_WITHIN: Final = 120.0  # days of the first infusion


_AT_MRD: Final = ("day", "marrow_blast_fraction")


def _at_mrd_row(setting: Setting, life: Life) -> Row:
    """Read the burden on the day that MRD was found, and the lowest in the months after."""
    days, fraction = _from_start(setting, life)
    start = life.outcomes()["treatment_start_day"]
    begin = float("nan") if start is None else float(str(start))
    after = (days >= begin) & (days <= begin + _RESPONSE_WITHIN)
    if not after.any():
        return {"found": 0.0, "negative": float("nan")}
    return {"found": 1.0, "negative": float(fraction[after].min() < _MRD)}


def _at_mrd_over(setting: Setting, life: Life) -> bool:
    """Return whether the months after the first infusion are over."""
    start = life.clinic.book.watcher(Treatment).start_day
    return start is not None and life.day > start + _RESPONSE_WITHIN


def _at_mrd(arms: Rows, p: Mapping[str, float]) -> dict[str, Statistic]:
    treated = {arm: [row for row in rows if row["found"]] for arm, rows in arms.items()}
    return {f"{arm}.response": share([row["negative"] > 0 for row in rows]) for arm, rows in treated.items()}


MEASURES: Final[Mapping[str, Measure]] = {
    "response": Measure(_RESPONSE, _response_row, _response, _response_over),
    "kinetics": Measure(_KINETICS, _kinetics_row, _kinetics),
    "graft": Measure(_GRAFT, _graft_row, _graft),
    "dli": Measure(_DLI, _dli_row, _dli),
    "dli_at_mrd": Measure(_AT_MRD, _at_mrd_row, _at_mrd, _at_mrd_over),
    "natural": Measure(_NATURAL, _natural_row, _natural, _natural_over),
}

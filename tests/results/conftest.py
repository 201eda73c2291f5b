"""Believable results without a simulation: what a run could have left behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from simulation.clinic.events import Event
from simulation.clinic.outcomes import OUTCOMES
from simulation.results.result import MarrowMap, Result
from simulation.scenario.load import load_scenario

MARROW_CELLS = 7.3e11
SCENARIOS = Path(__file__).parents[2] / "scenarios"

COLUMNS = [
    "day",
    "blasts_cells",
    "blasts_cd19_negative_cells",
    "blasts_hla_lost_cells",
    "marrow_blasts_cells",
    "marrow_blast_fraction",
    "blood_blasts_per_ul",
    "tcon_cells",
    "treg_cells",
    "engaged_cells",
    "marrow_tcon_cells",
    "marrow_treg_cells",
    "marrow_engaged_cells",
    "alloreactive_effector_cells",
    "tissue_effector_cells",
    "marrow_t_exhaustion_fraction",
    "marrow_t_busy_fraction",
    "marrow_et_ratio",
    "cd3_per_ul",
    "treg_per_ul",
    "b_cells_per_ul",
    "blinatumomab_pg_per_ml",
    "host_apc_fraction",
    "tissue_integrity_fraction",
    "agvhd_grade",
    "crs_score",
    "agents_count",
    "mrd_measured_fraction",
]

SUMMARY = ("scenario", "seed", "patient", *(name for name, one in OUTCOMES.items() if one.stored))


class StubScenario(SimpleNamespace):
    """A real scenario's attributes, free to be changed, with a digest that is its name's."""

    def to_yaml(self) -> str:
        """Return something that reads like a scenario."""
        return f"name: {self.name!r}\nfollow_up: {self.follow_up!r} d\n"

    def digest(self) -> str:
        """Return a digest that differs between names."""
        return f"digest-of-{self.name}"


@cache
def _real() -> Any:
    return load_scenario(SCENARIOS / "therapeutic.yaml")


def stub_scenario(name: str = "Salvage <b>&", follow_up: float = 365.0) -> Any:
    """Return a scenario that may have any name and follow-up, and whose tests a test may change."""
    real = _real()
    known = {key: getattr(real, key) for key in type(real).model_fields}
    mrd = SimpleNamespace(
        **{key: getattr(real.monitoring.mrd, key) for key in type(real.monitoring.mrd).model_fields}
    )
    monitoring = SimpleNamespace(
        **{key: getattr(real.monitoring, key) for key in type(real.monitoring).model_fields} | {"mrd": mrd}
    )
    changed = {
        "name": name,
        "description": "A made-up patient.",
        "follow_up": follow_up,
        "monitoring": monitoring,
        "products": real.products,
        "stop_rules": real.stop_rules,
    }
    return StubScenario(**(known | changed))


def _columns(days: np.ndarray) -> dict[str, np.ndarray]:
    columns = {name: np.zeros(len(days)) for name in COLUMNS}
    columns["day"] = days
    recovery = 1.0 - np.exp(-days / 60.0)
    columns["tcon_cells"] = 7e7 + 2.5e10 * recovery
    columns["treg_cells"] = 1.4e8 + 1.5e9 * recovery
    columns["cd3_per_ul"] = 1.0 + 420.0 * recovery
    columns["treg_per_ul"] = 2.0 + 25.0 * recovery
    columns["b_cells_per_ul"] = 0.01 + 120.0 / (1.0 + np.exp(-(days - 110.0) / 15.0))
    columns["tissue_integrity_fraction"] = np.ones(len(days))
    columns["marrow_et_ratio"] = np.full(len(days), np.inf)
    columns["mrd_measured_fraction"] = np.full(len(days), np.nan)
    columns["agents_count"] = np.full(len(days), 3_400, dtype=np.int64)
    return columns


def _finish(columns: dict[str, np.ndarray], blasts: np.ndarray) -> None:
    blasts = np.floor(np.minimum(blasts, 7e11))
    columns["blasts_cells"] = blasts
    columns["marrow_blasts_cells"] = np.floor(0.97 * blasts)
    columns["marrow_blast_fraction"] = columns["marrow_blasts_cells"] / (MARROW_CELLS * 0.3 + blasts)
    columns["blood_blasts_per_ul"] = blasts * 3e-9
    with np.errstate(divide="ignore"):
        columns["marrow_et_ratio"] = np.where(blasts > 0, columns["tcon_cells"] * 0.3 / blasts, np.inf)
    for name in ("tcon", "treg", "engaged"):
        columns[f"marrow_{name}_cells"] = (
            columns[f"{name}_cells"] * {"tcon": 0.25, "treg": 0.05, "engaged": 0.7}[name]
        )


def _marrow_tests(columns: dict[str, np.ndarray], rng: np.random.Generator) -> list[Event]:
    events = []
    for day in np.arange(30.0, columns["day"][-1], 30.0):
        at = int(np.searchsorted(columns["day"], day))
        fraction = min(columns["marrow_blast_fraction"][at] * rng.lognormal(0.0, 0.4), 1.0)
        for test, cells, least, delay in (("mrd", 1_000_000, 1e-5, 3.0), ("morphology", 500, 0.002, 1.0)):
            seen = int(rng.binomial(cells, fraction))
            value = seen / cells if seen / cells >= least else 0.0
            events.append(
                Event(day, "test", test, value, "fraction", f"marrow aspirate: {seen:,} of {cells:,}")
            )
            events.append(Event(day + delay, "result", test, value, "fraction", f"{test} {value:.1e}"))
    return events


def _maps(
    rows: int, columns: int, burdens: dict[float, float], rng: np.random.Generator
) -> tuple[MarrowMap, ...]:
    maps = []
    for day, blasts in burdens.items():
        share = rng.lognormal(0.0, 1.5, (rows, columns))
        cells = np.floor(blasts * share / share.sum())
        layers = {
            "blasts": cells,
            "blasts_cd19_negative": np.floor(cells * (1e-6 if day < 250 else 0.9)),
            "engaged": np.zeros((rows, columns)),
            "tcon": np.floor(rng.lognormal(17.0, 0.6, (rows, columns))),
            "treg": np.floor(rng.lognormal(14.0, 0.6, (rows, columns))),
            "exhaustion": rng.random((rows, columns)) * 0.3,
            "normal": np.full((rows, columns), MARROW_CELLS / (rows * columns)),
            "fraction": cells / (MARROW_CELLS / (rows * columns)),
        }
        maps.append(MarrowMap(day, rows, columns, layers))
    return tuple(maps)


def _outcomes(name: str, **known: object) -> dict[str, object]:
    outcomes: dict[str, object] = dict.fromkeys(OUTCOMES)
    return (
        outcomes | {"scenario": name, "seed": 7, "patient": 0, "eradicated": False, "agvhd_grade": 0} | known
    )


def relapsing(grid: tuple[int, int] = (12, 12), name: str = "Salvage <b>&") -> Result:
    """Relapse, treatment from day 200, remission, grade II GvHD, CD19-negative second relapse."""
    rng = np.random.default_rng(1)
    days = np.arange(0.0, 366.0)
    columns = _columns(days)
    growth = 3e5 * np.exp(0.067 * days)
    treated = np.minimum(growth, 5.5e11)
    on = days >= 200
    kill = np.clip(days - 205.0, 0, 45) * 0.42
    positive = np.where(on, treated * np.exp(-kill) * np.exp(np.clip(days - 275, 0, None) * 0.03), treated)
    negative = np.where(on, 3e4 * np.exp(0.125 * (days - 200)), np.where(days > 150, 2e3, 0.0))
    _finish(columns, positive + negative)
    columns["blasts_cd19_negative_cells"] = np.floor(np.minimum(negative, 7e11))
    infusing = ((days >= 200) & (days < 228)) | ((days >= 242) & (days < 270))
    columns["engaged_cells"] = np.where(infusing, 4e9 * np.exp(-np.clip(days - 215, 0, None) / 15.0), 0.0)
    columns["marrow_engaged_cells"] = columns["engaged_cells"] * 0.7
    level = np.where(days < 207, 170.0, 560.0)
    columns["blinatumomab_pg_per_ml"] = np.where(infusing, level, 0.0)
    columns["b_cells_per_ul"] = np.where(days > 201, 0.0, columns["b_cells_per_ul"])
    columns["cd3_per_ul"] = columns["cd3_per_ul"] * np.where((days >= 200) & (days < 204), 0.12, 1.0)
    columns["tissue_integrity_fraction"] = 1.0 - 0.45 * np.exp(-(((days - 262) / 14.0) ** 2))
    columns["agvhd_grade"] = np.select([np.abs(days - 262) < 8, np.abs(days - 262) < 17], [2.0, 1.0], 0.0)
    columns["crs_score"] = np.where(days >= 200, 2.1 * np.exp(-(days - 200) / 2.0), 0.0)
    events = [
        Event(-4.0, "infusion", "graft_treg", 2e6, "cells/kg", "donor Treg 2e6/kg"),
        Event(0.0, "infusion", "graft_tcon", 1e6, "cells/kg", "donor Tcon 1e6/kg with the CD34+ cells"),
        *_marrow_tests(columns, rng),
        Event(
            197.0, "trigger", "overt_relapse", 0.46, "fraction", "overt relapse: 46 % blasts in the marrow"
        ),
        Event(197.0, "outcome", "relapse", 0.46, "fraction", "overt relapse"),
        Event(200.0, "dose", "blinatumomab", 9.0, "ug/day", "cycle 1: pump at 9 ug/day"),
        Event(207.0, "dose", "blinatumomab", 28.0, "ug/day", "cycle 1: pump at 28 ug/day"),
        Event(214.0, "infusion", "dli", 1e5, "cells/kg", "DLI 1: 1e5 CD3/kg"),
        Event(228.0, "dose", "blinatumomab", 0.0, "ug/day", "cycle 1 ends"),
        Event(234.0, "outcome", "complete_remission", None, "", "complete remission"),
        Event(242.0, "dose", "blinatumomab", 28.0, "ug/day", "cycle 2: pump at 28 ug/day"),
        Event(256.0, "infusion", "dli", 5e5, "cells/kg", "DLI 2: 5e5 CD3/kg"),
        Event(258.0, "drug", "corticosteroid", 1.0, "", "corticosteroid for GvHD"),
        Event(270.0, "dose", "blinatumomab", 0.0, "ug/day", "cycle 2 ends"),
        Event(286.0, "drug", "corticosteroid", 0.0, "", "corticosteroid ends"),
        Event(331.0, "outcome", "second_relapse", 0.12, "fraction", "second relapse, CD19-negative"),
    ]
    outcomes = _outcomes(
        name,
        days_simulated=365.0,
        complete_remission_day=234.0,
        mrd_negative_day=243.0,
        mrd_nadir=0.0,
        treatment_start_day=200.0,
        relapse_day=197.0,
        second_relapse_day=331.0,
        relapse_cd19="negative",
        relapse_hla="present",
        agvhd_grade=2,
        agvhd_grade_2_day=254.0,
        crs_grade=2,
        relapse_free_days=197.0,
        agvhd_free_relapse_free_days=197.0,
        cause_of_failure="escape",
        blinatumomab_days=56.0,
        blinatumomab_ug=1435.0,
        dli_cells_per_kg=6e5,
        dli_count=2,
        final_blasts=int(columns["blasts_cells"][-1]),
        final_marrow_blast_fraction=float(columns["marrow_blast_fraction"][-1]),
        final_cd3_per_ul=float(columns["cd3_per_ul"][-1]),
        final_agents=3_400,
    )
    burdens = {float(day): float(columns["blasts_cells"][day]) for day in (0, 60, 120, 180, 240, 300, 360)}
    events.sort(key=lambda event: event.day)
    return Result(
        scenario=stub_scenario(name),
        seed=7,
        patient=0,
        columns=columns,
        events=tuple(events),
        outcomes=outcomes,
        maps=_maps(*grid, burdens, rng),
    )


def cured(name: str = "Pre-emptive blinatumomab + DLI") -> Result:
    """MRD on day 120, treatment, the last blast dead on day 171."""
    rng = np.random.default_rng(2)
    days = np.arange(0.0, 366.0)
    columns = _columns(days)
    blasts = 3e4 * np.exp(0.075 * days)
    blasts = np.where(days < 124, blasts, blasts[124] * np.exp(-0.42 * (days - 124)))
    blasts[days >= 171] = 0.0
    _finish(columns, blasts)
    infusing = ((days >= 124) & (days < 152)) | ((days >= 166) & (days < 194))
    columns["engaged_cells"] = np.where(infusing, 2e8 * np.exp(-(days - 124) / 9.0), 0.0)
    columns["blinatumomab_pg_per_ml"] = np.where(infusing, 540.0 + 20 * np.sin(days), 0.0)
    events = [
        *_marrow_tests(columns, rng),
        Event(123.0, "trigger", "mrd", 4.4e-4, "fraction", "MRD 4e-4 at or above 1e-4"),
        Event(124.0, "dose", "blinatumomab", 28.0, "ug/day", "cycle 1"),
        Event(138.0, "infusion", "dli", 1e5, "cells/kg", "DLI 1"),
        Event(152.0, "dose", "blinatumomab", 0.0, "ug/day", "cycle 1 ends"),
        Event(166.0, "dose", "blinatumomab", 28.0, "ug/day", "cycle 2"),
        Event(171.0, "outcome", "eradicated", None, "", "the last blast is dead"),
        Event(194.0, "dose", "blinatumomab", 0.0, "ug/day", "cycle 2 ends"),
    ]
    outcomes = _outcomes(
        name,
        days_simulated=365.0,
        complete_remission_day=None,
        mrd_negative_day=153.0,
        mrd_nadir=0.0,
        treatment_start_day=124.0,
        eradicated=True,
        eradicated_day=171.0,
        crs_grade=0,
        relapse_free_days=365.0,
        agvhd_free_relapse_free_days=365.0,
        blinatumomab_days=56.0,
        blinatumomab_ug=1568.0,
        dli_cells_per_kg=1e5,
        dli_count=1,
        final_blasts=0,
        final_marrow_blast_fraction=0.0,
        final_cd3_per_ul=421.0,
        final_agents=2_100,
    )
    burdens = {float(day): float(columns["blasts_cells"][day]) for day in (0, 60, 120, 180, 240, 300, 360)}
    events.sort(key=lambda event: event.day)
    return Result(
        scenario=stub_scenario(name),
        seed=7,
        patient=0,
        columns=columns,
        events=tuple(events),
        outcomes=outcomes,
        maps=_maps(12, 12, burdens, rng),
    )


def untreated(days_simulated: float = 365.0, *, blasts: float = 3e5, name: str = "No treatment") -> Result:
    """Growth without treatment; without blasts, an empty trajectory."""
    days = np.arange(0.0, days_simulated + 0.5)
    columns = _columns(days)
    _finish(columns, blasts * np.exp(0.067 * days))
    rng = np.random.default_rng(3)
    relapsed = bool(blasts) and days_simulated > 200
    outcomes = _outcomes(
        name,
        days_simulated=days_simulated,
        relapse_day=183.0 if relapsed else None,
        relapse_free_days=183.0 if relapsed else days_simulated,
        final_blasts=int(columns["blasts_cells"][-1]),
        blinatumomab_days=0.0,
        dli_cells_per_kg=0.0,
    )
    events = tuple(_marrow_tests(columns, rng)) if days_simulated > 30 else ()
    return Result(
        scenario=stub_scenario(name, days_simulated),
        seed=7,
        patient=0,
        columns=columns,
        events=events,
        outcomes=outcomes,
    )


def unrecorded() -> Result:
    """Every column is NaN, nothing is known."""
    columns = {name: np.full(5, np.nan) for name in COLUMNS} | {"day": np.arange(5.0)}
    return Result(
        scenario=stub_scenario("nothing", 4.0),
        seed=0,
        patient=0,
        columns=columns,
        events=(),
        outcomes=_outcomes("nothing"),
    )


EDGE_CASES: dict[str, Callable[[], Result]] = {
    "relapsing": relapsing,
    "cured": cured,
    "untreated": untreated,
    "one day": lambda: untreated(1.0),
    "no blasts": lambda: untreated(blasts=0.0),
    "all NaN": unrecorded,
    "1x1": lambda: relapsing((1, 1)),
    "100x100": lambda: relapsing((100, 100)),
}


@pytest.fixture
def relapse() -> Result:
    """Return a patient who relapses twice."""
    return relapsing()


@pytest.fixture
def cure() -> Result:
    """Return a patient whose leukaemia goes extinct."""
    return cured()


@pytest.fixture
def untreated_result() -> Result:
    """Return a patient without treatment."""
    return untreated()


@pytest.fixture(params=list(EDGE_CASES))
def any_result(request: pytest.FixtureRequest) -> Result:
    """Return each of the results, believable and odd."""
    return EDGE_CASES[request.param]()

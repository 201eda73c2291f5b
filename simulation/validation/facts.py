"""Stylised facts 1-7 (docs/evidence.md): burden, timing, blood, dose, exhaustion, cytokines, Treg."""

from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np

from simulation.calibration.culture import culture_rows
from simulation.calibration.estimate import Statistic, interval
from simulation.calibration.experiments import Simulator
from simulation.calibration.targets import load_targets
from simulation.validation.check import (
    Effort,
    Finding,
    MeasuredNumber,
    check,
    difference,
    mean_of,
    share_of,
    verdict,
)
from simulation.validation.experiments import paired_arms
from simulation.validation.patients import (
    CONTINUOUS,
    FIDELITY,
    SPREAD,
    Response,
    burden_plan,
    respond,
    spread,
)

__all__ = ["CHECKS", "measured"]

_fact = partial(check, "facts")


def measured(name: str, statistic: Statistic) -> MeasuredNumber:
    """Return a statistic of the calibration as a measured number."""
    if not statistic.known:
        return MeasuredNumber(name, float("nan"))
    low, high = interval(statistic)
    return MeasuredNumber(name, statistic.value, low, high, statistic.n)


def _treated(fraction: float, patients: int, days: float = 70.0, **plan: Any) -> list[Response]:
    changes = burden_plan(fraction, days, **plan) | spread(*SPREAD)
    return [respond(changes, k) for k in range(patients)]


@_fact("F1", "Response falls with the burden at start", "monotone, with a threshold", "C1, C4")
def burden(effort: Effort) -> Finding:
    """Fact 1: share with MRD below 1e-4, and with remission, by burden at start, in the same patients."""
    n, burdens = effort.patients(20), (1e-3, 1e-2, 0.2, 0.8)
    groups = [_treated(b, n) for b in burdens]
    shares = [
        share_of(f"MRD < 1e-4 from {b:.1%}", [r.responded for r in g])
        for b, g in zip(burdens, groups, strict=True)
    ]
    fall = difference(
        "fall from 0.1 to 80 %", [r.responded for r in groups[0]], [r.responded for r in groups[-1]]
    )
    steps = np.diff([s.value for s in shares])
    return Finding(verdict(bool((steps <= 0.05 + 1e-9).all() and fall.low > 0)), (*shares, fall))


@_fact("F2", "The same patient treated early goes deeper and stays free longer", "early better", "C4, C5, C1")
def early_against_late(effort: Effort) -> Finding:
    """Fact 2: the same patients treated at MRD and at overt relapse."""
    rows = paired_arms(effort.patients(10), 540.0, spread(*SPREAD))
    both = [r for r in rows if r["preemptive"] and r["therapeutic"]]
    if len(both) < 2:
        return Finding("unclear", note="fewer than two patients were treated in both arms")

    def of(arm: str, what: str) -> list[float]:
        return [float(row[arm][what]) for row in both]

    depth = difference(
        "log10 nadir, early minus late", of("preemptive", "log10_nadir"), of("therapeutic", "log10_nadir")
    )
    early, late = (of(arm, "relapse_free") for arm in ("preemptive", "therapeutic"))
    free = difference("relapse-free days gained", early, late, "d")
    return Finding(
        verdict(depth.value < 0 and free.value > 0, depth.high < 0 and free.low > 0), (depth, free)
    )


def _kinetics(effort: Effort) -> dict[str, Statistic]:
    return Simulator(effort.seed, {"kinetics": effort.patients(8)}, FIDELITY).statistics("kinetics")


@_fact(
    "F3",
    "T cells leave the blood within a day and overshoot by day 7; B cells go",
    "as in patients",
    "Klinger 2012; github yuezheli/hosseini-2020",
)
def blood(effort: Effort) -> Finding:
    """Fact 3: T cells fall within a day and are above baseline by day 7; B cells are gone in two days."""
    kinetics = _kinetics(effort)
    names = ("h12", "d1", "d2", "d7", "b_gone")
    low, back, above = (
        min(kinetics[n].value for n in ("h6", "h12", "d1")),
        kinetics["d2"].value,
        kinetics["d7"].value,
    )
    dips = low < 0.5 and low == min(kinetics[n].value for n in ("h6", "h12", "d1", "d2")) and back > low
    return Finding(
        verdict(dips and above > 1.0 and kinetics["b_gone"].value >= 0.5),
        tuple(
            measured({"b_gone": "B cells gone on day 2"}.get(n, f"T cells {n}"), kinetics[n]) for n in names
        ),
    )


@_fact(
    "F3b",
    "Blood T cells at ten times",
    "at least three quarters of the medians inside",
    "github yuezheli/hosseini-2020",
)
def blood_medians(effort: Effort) -> Finding:
    """Fact 3 in numbers: medians at ten sampling times against the data's limits."""
    kinetics, targets = _kinetics(effort), load_targets()
    inside = {
        t.id: t.agrees(kinetics[t.name])
        for t in targets.values()
        if t.id.startswith("C8_") and t.id != "C8_B"
    }
    missed = ", ".join(key for key, hit in inside.items() if not hit) or "none"
    n = sum(inside.values())
    count = MeasuredNumber(f"of {len(inside)} medians inside", n)
    return Finding(verdict(n >= 0.75 * len(inside)), (count,), f"outside: {missed}")


@_fact("F4", "No hook effect: more drug never kills less", "monotone", "docs/evidence.md#f4")
def dose(effort: Effort) -> Finding:
    """Fact 4: log10 kill in 28 days by dose. What is gained above 28 ug/day is shown, not judged: evidence conflicts."""
    n, doses = effort.patients(6), (1, 9, 28, 112)
    kill = [
        [r.log10_kill_28 for r in _treated(0.05, n, 30.0, blinatumomab=CONTINUOUS | {"dose": f"{d} ug/day"})]
        for d in doses
    ]
    means = [mean_of(f"log10 kill at {d} ug/day", k) for d, k in zip(doses, kill, strict=True)]
    below, above = (
        difference(w, kill[j], kill[i]) for w, i, j in (("gain 9 to 28", 1, 2), ("gain 28 to 112", 2, 3))
    )
    rises = all(a.value <= b.value + 0.02 for a, b in pairwise(means))
    return Finding(verdict(rises), (*means, below, above))


@_fact("F5", "Continuous exposure loses lysis, a break restores it", "falls, and comes back", "Philipp 2022")
def exhaustion(effort: Effort) -> Finding:
    """Fact 5: lysis under continuous drug, and after a week without."""
    rows = culture_rows(effort.patients(6), effort.seed, {})
    lysis = [mean_of(f"lysis {name}", [r[name] for r in rows], "%") for name in rows[0]]
    steady = [np.mean([r[f"continuous_{d}"] for r in rows]) for d in (7, 14, 28)]
    broken = np.mean([r["tfi_14"] for r in rows])
    ordered = steady[0] > steady[1] > steady[2] and broken > steady[1]
    return Finding(verdict(bool(ordered)), tuple(lysis))


@_fact("F6", "CRS rises with the burden at start", "rises", "C6, C7")
def cytokines(effort: Effort) -> Finding:
    """Fact 6: worst CRS score by burden."""
    n = effort.patients(6)
    scores = [
        [np.log10(max(r.worst_crs_score, 1e-6)) for r in _treated(b, n, 30.0)] for b in (1e-3, 0.05, 0.5)
    ]
    rise = difference("log10 score, 50 % against 0.1 %", scores[2], scores[0])
    rises = np.mean(scores[0]) < np.mean(scores[1]) < np.mean(scores[2])
    return Finding(verdict(bool(rises) and rise.low > 0), (rise,))


@_fact(
    "F6b", "The first exposure releases more cytokines than the second cycle", "below half", "Klinger 2012"
)
def cytokines_again(effort: Effort) -> Finding:
    """Fact 6: worst CRS score of the second cycle over that of the first, in overt disease."""
    response = Simulator(effort.seed, {"overt": effort.patients(12)}, FIDELITY).statistics("overt")
    second = measured("score of cycle 2 / cycle 1, overt", response["crs_cycle_2"])
    return Finding(verdict(second.value < 0.5, not second.low < 0.5 < second.high), (second,))


@_fact("F7", "More Treg, less response; their activation by the drug matters", "both above 0", "Duell 2017")
def treg(effort: Effort) -> Finding:
    """Fact 7: log10 kill by Treg share in the same patients, with and without their activation by the drug."""
    n = effort.patients(8)

    def kill(share: float, weight: float | None = None) -> list[float]:
        changes = burden_plan(0.03, 30.0) | spread("cl_blinatumomab", "t_cell_fitness")
        changes["parameters.treg_share_supported"] = share
        if weight is not None:
            changes["parameters.treg_engaged_weight"] = weight
        return [respond(changes, k).log10_kill_28 for k in range(n)]

    low, high, quiet = kill(0.02), kill(0.2), kill(0.2, 1.0)
    cost = difference("log10 kill lost from 2 to 20 % Treg", low, high)
    regained = difference("regained without their activation", quiet, high)
    return Finding(verdict(cost.value > 0 and regained.value > 0, cost.low > 0), (cost, regained))


CHECKS: Final = (
    burden, early_against_late, blood, blood_medians, dose, exhaustion, cytokines, cytokines_again, treg,
)  # fmt: skip

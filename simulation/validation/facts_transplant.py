"""Stylised facts 8-13 and 16 (docs/evidence.md): graft, DLI, relapse, immunosuppression, sampling, trajectories."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any, Final

import numpy as np

from simulation.calibration.experiments import Simulator
from simulation.calibration.settings import Candidate
from simulation.validation.check import (
    REPORT,
    Effort,
    Finding,
    MeasuredNumber,
    check,
    difference,
    mean_of,
    share_of,
    verdict,
)
from simulation.validation.experiments import (
    burden_at_start,
    damage_after,
    had_classic_relapse,
    high_risk_trajectories,
)
from simulation.validation.facts import measured
from simulation.validation.patients import (
    FIDELITY,
    START,
    burden_plan,
    column_at,
    follow,
    respond,
    small,
    spread,
)

__all__ = ["CHECKS", "graft_twins"]

_fact = partial(check, "facts")

_ALLO = ("fraction_alloreactive_haploidentical", "treg_share_supported", "n_t_cell_set_point_early")


@cache
def graft_twins(
    treg: str, tcon: str, phi: float, n: int, days: float = 120.0
) -> tuple[list[bool], list[float]]:
    """Return, per patient, aGvHD of grade II or more and log10 blasts at the end, after such a graft."""
    changes = {
        "graft.treg": f"{treg} cells/kg", "graft.tcon": f"{tcon} cells/kg", "parameters.phi_bm": phi,
        "follow_up": f"{days:g} d", **spread(*_ALLO),
    }  # fmt: skip
    lives = [follow(small("no_treatment", changes), k) for k in range(n)]
    gvhd = [int(str(c.outcomes()["agvhd_grade"])) >= 2 for c in lives]
    return gvhd, [float(np.log10(c.body.truth().blasts + 1)) for c in lives]


@_fact("F8", "Tcon alone bring GvHD to most; Treg keep it rare", "0.6 or more / 0.25 or less", "C12, C12b")
def treg_and_gvhd(effort: Effort) -> Finding:
    """Fact 8: aGvHD without and with Treg, in the same patients."""
    n = effort.patients(12)
    alone = share_of("aGvHD II+ without Treg", graft_twins("0", "1e6", 0.2, n)[0])
    both = share_of("with Treg", graft_twins("2e6", "1e6", 0.2, n)[0])
    return Finding(verdict(alone.value >= 0.6 and both.value <= 0.25), (alone, both))


@_fact(
    "F8b",
    "GvL survives Treg, at any phi_BM, and GvHD stays rare",
    "hazard ratio of relapse up to 0.85",
    "docs/evidence.md#f8",
)
def treg_and_gvl(effort: Effort) -> Finding:
    """Fact 8: hazard of relapse with GvL against without, in the same patients after a graft with Treg, by phi_BM."""
    simulator = Simulator(effort.seed, {"natural": effort.patients(16)}, FIDELITY)
    ratios, gvhd = [], []
    for phi in (0.0, 1.0, 2.0):
        statistics = simulator.statistics("natural", Candidate({"phi_bm": phi}))
        ratios.append(measured(f"hazard ratio, phi_BM {phi:g}", statistics["gvl_hazard_ratio"]))
        gvhd.append(measured(f"aGvHD II+, phi_BM {phi:g}", statistics["agvhd_2"]))
    return Finding(verdict(all(ratio.value <= 0.85 for ratio in ratios)), (*ratios, *gvhd))


@_fact("F9", "GvHD rises with DLI dose, leukaemia control much less", "rises / less", "Bar 2013")
def dli_dose(effort: Effort) -> Finding:
    """Fact 9: aGvHD by DLI dose (matched, as C14) and leukaemia control by dose (haploidentical, MRD)."""
    simulator = Simulator(effort.seed, {"dli": effort.patients(12)}, FIDELITY)
    statistics = simulator.statistics("dli")
    shares = [measured(f"aGvHD after {d}/kg", statistics[f"dose_{d}.agvhd_1"]) for d in ("5e6", "3e7", "2e8")]
    n = effort.patients(4)
    control = [_control(d, n) for d in ("1e5", "1e7")]
    gain = difference("log10 blasts lost more by 100 times the dose", control[0], control[1])
    rises = shares[0].value <= shares[1].value <= shares[2].value and shares[2].value > shares[0].value
    return Finding(verdict(rises and gain.value < 1.5), (*shares, gain))


def _control(dose: str, n: int) -> list[float]:
    changes = burden_plan(1e-3, 100.0) | spread("fraction_alloreactive_haploidentical")
    changes |= {"blinatumomab": None, "dli": {"cd3": [f"{dose}/kg"], "first": "day 15", "every": "42 d"}}
    lives = [follow(small("preemptive", changes), k) for k in range(n)]
    return [float(np.log10(c.body.truth().blasts + 1)) for c in lives]


@_fact("F10", "Blinatumomab does not raise GvHD beyond DLI alone", "ratio 0.7-1.3", REPORT)
def drug_and_gvhd(effort: Effort) -> Finding:
    """Fact 10: tissue damage after the same DLI with and without blinatumomab."""
    n, damage = effort.patients(6), {}
    for drug in (False, True):
        changes = burden_plan(1e-3, 100.0) | spread("fraction_alloreactive_haploidentical")
        changes["dli"] = {"cd3": ["1e7/kg"], "first": "day 15", "every": "42 d"}
        if not drug:
            changes["blinatumomab"] = None
        lives = [follow(small("preemptive", changes), k) for k in range(n)]
        damage[drug] = [damage_after(c, START + 14) for c in lives]
    more = difference("damage with drug minus without", damage[True], damage[False])
    base = mean_of("damage of DLI alone", damage[False])
    return Finding(verdict(more.value <= 0.3 * base.value + 0.01), (base, more))


@_fact("F11", "A minority of relapses is CD19-negative", "0.08-0.35", "Braig 2017; Pillai 2019")
def antigen_loss(effort: Effort) -> Finding:
    """Fact 11: CD19-negative share of relapses after remission of overt disease."""
    statistics = Simulator(effort.seed, {"overt": effort.patients(60)}, FIDELITY).statistics("overt")
    if not statistics["cd19_negative"].known:
        return Finding("unclear", note="nobody relapsed after response")
    negative = measured("CD19-negative share of relapses", statistics["cd19_negative"])
    inside = 0.08 <= negative.value <= 0.35
    return Finding(verdict(inside, inside or negative.high < 0.08 or negative.low > 0.35), (negative,))


def _worst_grade(plan: Mapping[str, Any], patient: int) -> int:
    life = follow(small("no_treatment", plan), patient)
    return int(str(life.outcomes()["agvhd_grade"]))


@_fact(
    "F12",
    "Calcineurin inhibitors lower response and GvHD; steroids cost much only at low E:T",
    "lower / lower; dear > cheap",
    f"{REPORT}; Brandl 2007; Kauer 2020",
)
def immunosuppression(effort: Effort) -> Finding:
    """Fact 12: log10 kill and GvHD with a calcineurin inhibitor; a short steroid at low and high burden."""
    n = effort.patients(5)

    def kill(fraction: float, drug: str | None, days: float = 30.0) -> list[float]:
        given = (
            [{"drug": drug, "from": f"day {START:g}", "to": f"day {START + days:g}", "level": 1}]
            if drug
            else []
        )
        changes = burden_plan(fraction, 30.0, immunosuppression=given) | spread("t_cell_fitness")
        return [respond(changes, k).log10_kill_28 for k in range(n)]

    cni = difference("log10 kill lost with ciclosporin", kill(0.03, None), kill(0.03, "ciclosporin"))
    cheap = difference("with 5 d of steroid, MRD 1e-4", kill(1e-4, None), kill(1e-4, "corticosteroid", 5.0))
    dear = difference("with 5 d of steroid, 5 % blasts", kill(0.05, None), kill(0.05, "corticosteroid", 5.0))
    course = [{"drug": "ciclosporin", "from": "day -1", "to": "day 100", "level": 1}]
    plan = {"graft.treg": "0 cells/kg", "follow_up": "100 d", **spread(*_ALLO)}
    alone, treated = (
        share_of(name, [_worst_grade(plan | change, k) >= 2 for k in range(n)])
        for name, change in (
            ("aGvHD II+ without Treg", {}),
            ("with ciclosporin", {"immunosuppression": course}),
        )
    )
    ordered = cni.value > 0 and dear.value > cheap.value and treated.value < alone.value
    return Finding(verdict(ordered), (cni, cheap, dear, alone, treated))


@_fact(
    "F13",
    "Rare sampling and fast growth use up the pre-emptive advantage",
    "burden at start rises to 5 %",
    "docs/evidence.md#f13",
)
def sampling(effort: Effort) -> Finding:
    """Fact 13: marrow blasts at the start of pre-emptive treatment, by sampling interval and growth."""
    n = effort.patients(6)
    shares = [
        MeasuredNumber(f"blasts at start, every {i:g} d, growth {g}/d", burden_at_start(i, g, n), n=n)
        for g in (0.07, 0.15)
        for i in (14.0, 60.0, 180.0)
    ]
    slow, fast = [m.value for m in shares[:3]], [m.value for m in shares[3:]]
    ordered = slow[0] < slow[2] and fast[0] < fast[1] and fast[1] > slow[1] and max(slow[2], fast[2]) >= 0.05
    return Finding(verdict(bool(ordered)), tuple(shares), "from 5 % on treatment is no longer pre-emptive")


@_fact("F16", "Remission, MRD-negative, no GvHD, then relapse is common", "at least 0.2", REPORT)
def classic(effort: Effort) -> Finding:
    """Fact 16: remission without MRD and GvHD, then relapse, in high-risk patients treated when overt."""
    rows = high_risk_trajectories(effort.patients(24))
    remission = share_of("MRD-negative remission", [r["mrd_negative_day"] is not None for r in rows])
    share = share_of("and no GvHD, then relapse", [had_classic_relapse(r) for r in rows])
    return Finding(verdict(share.value >= 0.2, share.low >= 0.2 or share.value >= 0.2 or share.high < 0.2),
                 (remission, share))  # fmt: skip


@_fact("F17", "A calcineurin inhibitor leaves T-cell recovery alone", "at least half on day 30", "N39, N40")
def recovery_under_drug(effort: Effort) -> Finding:
    """Fact 17: CD3 in blood on day 30 with tacrolimus and without, in the same patients."""
    course = [{"drug": "tacrolimus", "from": "day -1", "to": "day 60", "level": 1}]
    vary = spread("n_t_cell_set_point_early", "rate_homeostatic_division")

    def counts(change: Mapping[str, Any]) -> list[float]:
        plan = {"follow_up": "31 d", **vary, **change}
        lives = [follow(small("no_treatment", plan), k) for k in range(effort.patients(5))]
        return [column_at(one, "cd3_per_ul", [30.0])[0] for one in lives]

    plain, drug = counts({}), counts({"immunosuppression": course})
    ratio = mean_of("CD3 with tacrolimus over without", [a / b for a, b in zip(drug, plain, strict=True)])
    measured_counts = (mean_of("CD3 on day 30 (/uL)", plain), mean_of("with tacrolimus (/uL)", drug), ratio)
    return Finding(verdict(ratio.value >= 0.5, not ratio.low < 0.5 < ratio.high), measured_counts)


@_fact(
    "F18",
    "Remissions last longer after treatment at MRD than at overt relapse",
    "longer",
    "docs/evidence.md#n36",
)
def length_of_remission(effort: Effort) -> Finding:
    """Fact 18: share free of relapse a year after treatment began, of responders, by setting."""
    n = effort.patients(40)
    simulator = Simulator(effort.seed, {"overt": n, "mrd": n}, FIDELITY)
    overt, mrd = (
        measured(f"free at a year, {name}", simulator.statistics(name)["free_12_months"])
        for name in ("overt", "mrd")
    )
    return Finding(
        verdict(mrd.value > overt.value, mrd.low > overt.high or mrd.value < overt.value), (overt, mrd)
    )


CHECKS: Final = (
    treg_and_gvhd, treg_and_gvl, dli_dose, drug_and_gvhd, antigen_loss, immunosuppression, sampling, classic,
    recovery_under_drug, length_of_remission,
)  # fmt: skip

"""The findings of the source paper, S1-S7, each as the shipped scenario that shows it."""

from functools import partial
from typing import Final

import numpy as np

from simulation.in_vitro.assays.mixed_lymphocyte_reaction import alloreactive_ratio
from simulation.in_vitro.load import parse_experiment
from simulation.in_vitro.run import run_experiment
from simulation.validation.arms import twins
from simulation.validation.check import REPORT, Effort, Finding, check, difference, mean_of, share_of, verdict
from simulation.validation.experiments import had_classic_relapse, high_risk_trajectories
from simulation.validation.facts_transplant import graft_twins

__all__ = ["CHECKS"]

_finding = partial(check, "source", source=REPORT)

_MLR: Final = """
experiment: mixed_lymphocyte_reaction
name: Mixed lymphocyte reaction
responders: 20000
match: haploidentical
responders_per_stimulator: "1:1"
cd19_cells: [none, b_cells]
cd19_share: 10 %
drug: [0 ng/mL, 1 ng/mL]
treg: [none, "1:1"]
duration: 6 d
time_step: 2 h
donors: 3
replicates: 1
between_donors: {fraction_alloreactive_haploidentical: {distribution: lognormal, sigma: 0.5}}
"""


@_finding(
    "S1",
    "Blinatumomab alone or with DLI works in a fraction of overt relapses, with little GvHD",
    "remission 0.1-0.9, aGvHD up to 0.4",
)
def salvage(effort: Effort) -> Finding:
    """S1: blinatumomab alone and with DLI at overt relapse."""
    arms = twins(("therapeutic", "blinatumomab_only"), effort.patients(16), effort.seed)
    shares = []
    for name, rows in arms.items():
        treated = [row for row in rows if row.treated]
        shares.append(share_of(f"remission, {name}", [bool(row.complete_remission) for row in treated]))
        shares.append(share_of(f"aGvHD II+, {name}", [row.agvhd_2_4 for row in treated]))
    fraction = 0.1 <= shares[0].value <= 0.9 and 0.05 <= shares[2].value <= 0.9
    return Finding(verdict(fraction and shares[1].value <= 0.4), tuple(shares))


@_finding("S2", "Immunosuppressive prophylaxis lowers efficacy", "fewer responses or leukaemia-free days")
def suppressed(effort: Effort) -> Finding:
    """S2: the same pre-emptive treatment with and without ciclosporin and mycophenolate."""
    arms = twins(("preemptive", "immunosuppressed"), effort.patients(12), effort.seed)
    free, bound = arms["preemptive"], arms["immunosuppressed"]
    both = [(a, b) for a, b in zip(free, bound, strict=True) if a.treated and b.treated]
    shares = (
        share_of("MRD-negative without", [a.mrd_negative for a, _ in both]),
        share_of("MRD-negative under immunosuppression", [b.mrd_negative for _, b in both]),
    )
    days = difference(
        "leukaemia-free days lost",
        [a.current_leukaemia_free_days for a in free],
        [b.current_leukaemia_free_days for b in bound],
        "d",
    )
    return Finding(verdict(shares[1].value < shares[0].value or days.low > 0), (*shares, days))


@_finding(
    "S3",
    "The Treg/Tcon platform lets drug and DLI be combined without immunosuppression",
    "MRD-negative in half or more, aGvHD up to 0.4",
)
def platform(effort: Effort) -> Finding:
    """S3: drug and DLI together after the Treg/Tcon graft, without immunosuppression."""
    rows = twins(("preemptive",), effort.patients(16), effort.seed)["preemptive"]
    treated = [row for row in rows if row.treated]
    response = share_of("MRD-negative after drug + DLI", [row.mrd_negative for row in treated])
    gvhd = share_of("aGvHD II+", [row.agvhd_2_4 for row in treated])
    return Finding(verdict(response.value >= 0.5 and gvhd.value <= 0.4), (response, gvhd))


@_finding("S4", "Haploidentical Tcon bring GvHD; Treg keep it low", "0.6 or more / 0.25 or less")
def haploidentical(effort: Effort) -> Finding:
    """S4: Tcon with and without Treg."""
    n = effort.patients(16)
    alone = share_of("aGvHD II+ without Treg", graft_twins("0", "1e6", 0.2, n, 100.0)[0])
    both = share_of("with Treg", graft_twins("2e6", "1e6", 0.2, n, 100.0)[0])
    return Finding(verdict(alone.value >= 0.6 and both.value <= 0.25, alone.low > both.high), (alone, both))


@_finding("S5", "Remission, MRD-negative, no GvHD, then relapse", "common: 0.2 or more")
def two_patients(effort: Effort) -> Finding:
    """S5: the course of the two patients must be common in the shipped high-risk patient, treated when overt."""
    rows = high_risk_trajectories(effort.patients(16))
    share = share_of("remission, MRD-negative, no GvHD, relapse", [had_classic_relapse(r) for r in rows])
    return Finding(verdict(share.value >= 0.2, share.value >= 0.2 or share.high < 0.2), (share,))


@_finding(
    "S6", "Blinatumomab does not enhance alloreactivity in a mixed lymphocyte reaction", "ratio 0.7-1.3"
)
def mixed_lymphocytes(effort: Effort) -> Finding:
    """S6: share of alloreactive cells with drug relative to without, with and without CD19+ cells in the well."""
    table = run_experiment(parse_experiment(_MLR), seed=effort.seed).tables["wells"]
    ratios = [
        mean_of(
            f"alloreactive share with drug / without, {cells}", alloreactive_ratio(table, cells, 1000.0, 0.0)
        )
        for cells in ("none", "b_cells")
    ]
    return Finding(
        verdict(all(0.7 <= m.value <= 1.3 for m in ratios)), tuple(ratios), "accepted 0.7-1.3 (assumption)"
    )


@_finding("S7", "Pre-emptive use should be considered", "more leukaemia-free days in the same patients")
def early(effort: Effort) -> Finding:
    """S7: pre-emptive against therapeutic and no treatment, days alive without overt leukaemia, same patients."""
    arms = twins(("no_treatment", "therapeutic", "preemptive"), effort.patients(16), effort.seed)
    days = {name: [row.current_leukaemia_free_days for row in rows] for name, rows in arms.items()}
    gained = difference("days gained over therapeutic", days["preemptive"], days["therapeutic"], "d")
    natural = difference("days gained over no treatment", days["preemptive"], days["no_treatment"], "d")
    wins = float(np.mean(np.array(days["preemptive"]) > np.array(days["therapeutic"]) + 7))
    note = f"better by more than a week in {wins:.0%} of patients, of 540 days"
    return Finding(verdict(gained.value > 0, gained.low > 0 or gained.high < 0), (gained, natural), note)


CHECKS: Final = (salvage, suppressed, platform, haploidentical, two_patients, mixed_lymphocytes, early)

"""Verification against theory: closed forms, conservation, convergence, reproducibility.

False alarms: a comparison fails at five standard errors (probability 6e-7); seeds are fixed.
"""

import math
from functools import partial
from typing import Final

import numpy as np

from simulation.biology.antigens import CD19
from simulation.biology.blinatumomab_pk import infuse
from simulation.biology.contact import neighbours_at_hand
from simulation.biology.drug_penetration import DrugPenetration
from simulation.biology.immunosuppression import Immunosuppression
from simulation.biology.killing import Killing
from simulation.biology.totals import look
from simulation.biology.treg import TregSuppression
from simulation.engine.compiled import alone
from simulation.life import Life
from simulation.validation.bench import Cultures
from simulation.validation.check import Effort, Finding, MeasuredNumber, check, verdict
from simulation.validation.patients import TINY, burden_plan, column_at, follow, small

__all__ = ["CHECKS"]

_theory = partial(check, "theory")

_SIGMAS: Final = 5.0
_REPLICATES: Final = 4000


def _compare(name: str, seen: float, wanted: float, se: float, n: int) -> Finding:
    measured = MeasuredNumber(name, seen, seen - 1.96 * se, seen + 1.96 * se, n)
    return Finding(verdict(abs(seen - wanted) < _SIGMAS * se), (measured, MeasuredNumber("theory", wanted)))


@_theory("V1", "Extinction probability of a birth-death line", "(d/b)^n0", "Kendall 1948")
def extinction(effort: Effort) -> Finding:
    """Compare the share of extinct lines with (d/b)^n0."""
    founders, birth, death = 3, 0.4, 0.3
    lines = Cultures(founders, _REPLICATES, effort.seed)
    lines.grow(60.0, 1.0, birth, death)
    wanted = (death / birth) ** founders
    seen = float((lines.cells() == 0).mean())
    return _compare("extinct", seen, wanted, math.sqrt(wanted * (1 - wanted) / _REPLICATES), _REPLICATES)


@_theory("V2", "Extinction over time at the step of 12 h", "Kendall's law", "Kendall 1948")
def extinction_in_time(effort: Effort) -> Finding:
    """Compare the share extinct by day 6 with Kendall's law, at the step of 12 h."""
    founders, birth, death, days = 2, 0.5, 0.3, 6.0
    lines = Cultures(founders, _REPLICATES, effort.seed)
    lines.grow(days, 0.25, birth, death)
    growth = math.exp((birth - death) * days)
    wanted = (death * (growth - 1) / (birth * growth - death)) ** founders
    seen = float((lines.cells() == 0).mean())
    return _compare(
        "extinct by day 6", seen, wanted, math.sqrt(wanted * (1 - wanted) / _REPLICATES), _REPLICATES
    )


@_theory("V3", "Variance of pure birth", "n0 e^bt (e^bt - 1)", "Yule 1925")
def pure_birth(effort: Effort) -> Finding:
    """Compare the variance of a pure birth process with Yule's."""
    founders, birth, days = 5, 0.5, 3.0
    lines = Cultures(founders, _REPLICATES, effort.seed)
    lines.grow(days, 0.25, birth)
    growth = math.exp(birth * days)
    wanted = founders * growth * (growth - 1)
    return _compare(
        "variance", float(lines.cells().var()), wanted, wanted * math.sqrt(5.0 / _REPLICATES), _REPLICATES
    )


@_theory("V4", "Mutants per culture", "P0 of Luria and Delbrueck", "Luria & Delbrueck 1943")
def mutants(effort: Effort) -> Finding:
    """Compare the share of cultures without a mutant with Luria and Delbrueck's P0."""
    founders, birth, days, rate = 100, 0.5, 8.0, 2e-4
    lines = Cultures(founders, _REPLICATES // 2, effort.seed, rate)
    lines.grow(days, 0.25, birth)
    p = math.exp(-birth * days)
    wanted = (p / (1 - (1 - p) * (1 - rate))) ** founders
    n = lines.replicates
    seen = float((lines.cells(mutants_only=True) == 0).mean())
    return _compare("cultures without a mutant", seen, wanted, math.sqrt(wanted * (1 - wanted) / n), n)


@_theory("V5", "Drug level under infusion", "closed form", "one compartment")
def pharmacokinetics(effort: Effort) -> Finding:
    """Compare the level under infusion and after it with the closed form, at uneven steps."""
    rate, clearance, volume, level, worst, day = 28.0, 2.22 * 24, 5.98, 0.0, 0.0, 0.0
    k = clearance / volume
    for dt in (0.01, 0.1, 0.25, 0.5, 1.0):
        level, _ = alone(infuse)(level, rate, clearance, volume, dt)
        day += dt
        exact = 1000 * rate / clearance * -math.expm1(-k * day)
        worst = max(worst, abs(level / exact - 1))
    return Finding(verdict(worst < 1e-9), (MeasuredNumber("largest relative error", worst),))


@_theory("V6", "Growth of untreated leukaemia", "logistic equation", "Verhulst 1838")
def logistic_growth(effort: Effort) -> Finding:
    """Compare a leukaemia left alone with the solution of its logistic equation."""
    plan = burden_plan(0.02, 60.0) | {
        "start": {"when": "never"}, "blinatumomab": None, "graft.tcon": "0 cells/kg", "graft.treg": "0 cells/kg",
        "parameters.rate_blast_to_blood": "0 /day", "parameters.rate_blast_to_neighbour": "0 /day",
    }  # fmt: skip
    life = follow(small("no_treatment", plan, grid=1))
    p, body = life.body.values, life.columns()
    n = body["blasts_cells"]
    capacity = p.n_marrow_cells_per_kg * p.weight * p.factor_blast_capacity
    exact = capacity / (1 + (capacity / n[0] - 1) * np.exp(-p.rate_blast_net_growth * body["day"]))
    worst = float(np.abs(np.log10(n / exact)).max())
    return Finding(verdict(worst < 0.02), (MeasuredNumber("largest error", worst, unit="log10 of cells"),))


@_theory("V7", "Cells are conserved", "births + infused - deaths = cells", "bookkeeping")
def conservation(effort: Effort) -> Finding:
    """Count every cell: births + infused - deaths must be what is there, through treatment and DLI."""
    plan = burden_plan(1e-3, 40.0) | {"dli": {"cd3": ["1e6/kg"], "first": "day 10", "every": "42 d"}}
    state = follow(small("preemptive", plan)).body.state
    there = int(state.pop.cells[state.pop.rows()].sum())
    gap = state.births + state.infused - state.deaths - there
    return Finding(
        verdict(gap == 0),
        (MeasuredNumber("cells unaccounted for", gap), MeasuredNumber("cells there", there)),
    )


@_theory("V8", "Killing saturates and is mass action when rare", "Holling type II", "Holling 1959")
def holling(effort: Effort) -> Finding:
    """Read kills per killer and day, which the laws set for the counts at hand, against d/(1 + d/k_max), d the targets he meets.

    With many encounters, and drug enough in a packed marrow, k_max is near where targets abound.
    """
    per_killer = []
    for fraction in (0.9, 1e-4):
        plan = {
            "blinatumomab.dose": "300 ug/day",
            "parameters.ratio_antigen_sink": 0,
            "parameters.rate_contacts": "350 contacts/day",
        }
        life = Life(small("preemptive", burden_plan(fraction, 5.0) | plan))
        life.run(42.0)
        state, p, niche = life.body.state, life.body.values, 0
        look(state)
        for law in (DrugPenetration(), Immunosuppression(), TregSuppression(), Killing()):
            law.act(state, life.scenario.time_step)
        n, killers = neighbours_at_hand(state)[niche], state.census.killer_power[niche]
        targets = state.census.blasts_with(CD19)[niche] + state.places.normal_b[niche]
        signals = state.signals
        fit = p.t_cell_fitness * (1 - p.treg_effect_on_killing * signals.suppression[niche])
        seen = signals.kill_rate[0, niche] * targets / (killers * fit)
        drug = signals.drug_pg_ml[0, niche]
        demand = p.rate_contacts * p.p_synapse * drug / (p.ec50_killing + drug) * targets / n
        law = demand / (1.0 + demand / p.rate_kill_max)
        per_killer.append((float(seen / p.rate_kill_max), float(seen / demand), float(seen / law)))
    (full, _, abound), (_, rare, few) = per_killer
    exact = max(abs(abound - 1.0), abs(few - 1.0)) < 1e-9
    return Finding(
        verdict(exact and 0.9 < full <= 1.0 and 0.9 < rare <= 1.0 + 1e-9),
        (
            MeasuredNumber("kills per killer / k_max, blasts abound", full),
            MeasuredNumber("kills / mass action, rare", rare),
            MeasuredNumber(
                "kills / Holling's law, farthest", max(abound, few, key=lambda one: abs(one - 1.0))
            ),
        ),
    )


@_theory("V9", "The step does not matter", "converges as the step shrinks", "numerical analysis")
def step_length(effort: Effort) -> Finding:
    """Halve the step twice: log10 blasts 14 days into treatment, mean over patients; later too few blasts are left.

    Hazards are those of a step's middle, as far as its beginning tells (docs/odd.md), so that halving the step quarters the gap.
    The bound is 0.06 log10 at 12 h, the step that ships.
    """
    logs = []
    for step in ("3 h", "6 h", "12 h"):
        plan = burden_plan(1e-2, 16.0) | {"time_step": step, "record_every": "12 h"}
        lives = [follow(small("preemptive", plan, grid=2), k) for k in range(effort.patients(6))]
        logs.append(float(np.mean([np.log10(column_at(c, "blasts_cells", [54.0])[0] + 1) for c in lives])))
    fine, coarse = abs(logs[1] - logs[0]), abs(logs[2] - logs[1])
    differences = (
        MeasuredNumber("12 h against 6 h", coarse, unit="log10"),
        MeasuredNumber("6 h against 3 h", fine, unit="log10"),
    )
    return Finding(verdict(coarse < 0.06 and fine < 0.5 * coarse), differences)


# What tiny patients are compared in: column, day, whether as a power of ten; those in which chance does least.
_OF_TINY: Final = (
    ("tcon_cells", 24.0, True),
    ("blasts_cells", 8.0, True),
    ("marrow_t_exhaustion_fraction", 8.0, False),
)


@_theory(
    "V10",
    "One agent for like cells, or for one cell, is the same",
    "equal",
    "Scheffer 1995, Ecol Model 80:161",
)
def resolution(effort: Effort) -> Finding:
    """Follow tiny patients both ways for 24 days; means apart by chance alone (at most 3.5 standard errors, three times)."""
    n, lives = effort.patients(100), []
    for size, first in (("unlimited", 0), (1, 10_000)):
        tiny = small("preemptive", {**TINY, "resolution.cells_per_agent": size}, grid=0)
        lives.append([follow(tiny, 0, first + seed) for seed in range(n)])
    gaps, alike = [], True
    for name, day, powers in _OF_TINY:
        both = np.array([[column_at(life, name, [day])[0] for life in some] for some in lives])
        cohorts, singles = np.log10(both + 1) if powers else both
        gap = float(cohorts.mean() - singles.mean())
        error = float(np.sqrt((cohorts.var(ddof=1) + singles.var(ddof=1)) / n))
        alike &= abs(gap) < 3.5 * error
        unit = "log10" if powers else ""
        gaps.append(
            MeasuredNumber(f"{name}, day {day:g}", gap, gap - 1.96 * error, gap + 1.96 * error, unit=unit)
        )
    return Finding(verdict(alike), tuple(gaps))


@_theory("V11", "Same seed, same bytes", "identical", "keyed random numbers")
def same_bytes(effort: Effort) -> Finding:
    """Run the same seed twice; run another seed."""
    scenario = small("preemptive", burden_plan(1e-3, 20.0))
    one, same, other = (follow(scenario, 1, seed).columns()["blasts_cells"].tobytes() for seed in (5, 5, 6))
    return Finding(verdict(one == same and one != other), note="trajectories compared byte by byte")


@_theory("V12", "Twins are identical until treatment parts", "identical", "keyed random numbers")
def twins(effort: Effort) -> Finding:
    """Compare two arms of one patient until their treatments part."""
    plan = burden_plan(1e-3, 20.0)
    late = plan | {"start": {"when": "day", "day": "day 50"}}
    one, other = (follow(small("preemptive", p), 3).columns() for p in (plan, late))
    before = one["day"] <= 40.0
    alike = all(np.array_equal(one[name][before], other[name][before], equal_nan=True) for name in one)
    parted = not np.array_equal(one["blasts_cells"], other["blasts_cells"])
    return Finding(verdict(alike and parted), note="identical to the bit until day 40, different afterwards")


CHECKS: Final = (
    extinction, extinction_in_time, pure_birth, mutants, pharmacokinetics, logistic_growth, conservation,
    holling, step_length, resolution, same_bytes, twins,
)  # fmt: skip

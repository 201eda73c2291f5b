"""When early treatment does not win: the same patients treated early and late, under conditions that could turn the answer."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import simulation
from simulation.export.answer_page import deciding
from simulation.files.atomic import write_file
from simulation.number_words import signed
from simulation.parameters import ParameterTable
from simulation.pool import Task, few_workers
from simulation.results.words import survival_words
from simulation.shipped import PROGRAM
from simulation.trial.sure_words import in_short
from simulation.validation.arms import DAYS, Row, twins
from simulation.validation.check import Effort, MeasuredNumber, difference, share_of

__all__ = [
    "CONDITIONS",
    "PAGE",
    "Condition",
    "ConditionResult",
    "compare",
    "write_early",
    "write_what_decides",
]

PAGE: Final = "when_early_does_not_win.md"
_ANSWER: Final = (
    "how_sure"  # the page of the answer under parameter sets, with its numbers and figures beside it
)
_DECIDES: Final = "## What decides, and which datum next"
_RESTS_ON: Final = "## What these conclusions rest on"

_MARGIN: Final = 7.0  # days: smaller differences are ties
_EARLY, _LATE, _FIXED, _NEVER = "preemptive", "therapeutic", "prophylactic", "no_treatment"


@dataclass(frozen=True)
class Condition:
    """Describe what is changed in both arms, and why that could make early treatment useless."""

    name: str
    why: str
    change: Mapping[str, Any] = field(default_factory=dict)
    same_course: bool = True  # both arms get the same course; else each as it ships


def _sampling(days: int, *tests: str) -> dict[str, Any]:
    return {f"monitoring.{test}.{key}": f"{word}{days}{unit}" for test in tests or ("mrd", "morphology")
            for key, word, unit in (("first", "day ", ""), ("every", "", " d"))}  # fmt: skip


def _without(*processes: str) -> dict[str, Any]:
    return {f"processes.{name}": "off" for name in processes}


# Everyone has leukaemia left, so that every patient can tell; the price where many would never relapse is told apart.
_LEFT = {"patient.n_residual_blasts": {"distribution": "lognormal", "median": "2e5 cells", "sigma": 1.8}}
# The shipped arms differ in more than timing, as practice does: by default both get the course of the pre-emptive one.
_SAME = {
    "blinatumomab": {"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 4},
    "dli": {"cd3": ["1e5/kg", "5e5/kg", "1e6/kg"], "first": "day 15 of cycle 1", "every": "42 d"},
}
_YEARS: Final = 3
_MARKS: Final = tuple(365.0 * year for year in range(1, _YEARS + 1))
_NONE = {"parameters.p_cd19_loss": "0 /division", "patient.n_cd19_negative_reservoir": "0 cells"}
CONDITIONS: Final = (
    Condition("Standard patients", "the comparison itself"),
    Condition("Courses as in practice", "step-up and five cycles at overt relapse, four without at MRD", same_course=False),
    Condition("Slow growth (0.03 /day)", "overt relapse comes late anyway, and salvage finds T cells recovered",
              {"patient.rate_blast_net_growth": "0.03 /day"}),
    Condition("Fast growth (0.2 /day)", "the lead time is shorter than the sampling interval",
              {"patient.rate_blast_net_growth": "0.2 /day"}),
    Condition("Marrow for relapse every 90 d, 14 d to treatment", "overt relapse is found late, as often; MRD as before",
              {**_sampling(90, "morphology"), "start.delay": "14 d"}),
    Condition("Blood alone shows overt relapse", "overt relapse is found by circulating blasts; MRD as before",
              _sampling(3000, "morphology")),
    Condition("Marrow sampled every 90 d, MRD too", "pre-emptive is only as early as sampling allows", _sampling(90)),
    Condition("Marrow sampled every 180 d, MRD too", "the same, further", _sampling(180)),
    Condition("T-cell lymphopenia (5e9)", "early treatment comes when T cells are fewest",
              {"patient.n_t_cell_set_point_early": "5e9 cells"}),
    Condition("CD19-negative clone before therapy (100 cells)", "no timing of the drug helps against it",
              {"patient.n_cd19_negative_reservoir": "100 cells"}),
    Condition("Treg-rich (0.2 Treg per Tcon)", "Treg suppress at any burden",
              {"patient.treg_share_supported": 0.2}),
    Condition("Treg kept out of the marrow (phi_BM 0)", "the older view", {"parameters.phi_bm": 0}),
    Condition("No CD19 loss at all", "escape against burden, one end: nothing for early treatment to forestall", _NONE),
    Condition("CD19 loss 1e-8 per division, no reservoir", "escape against burden, other end: every doubling costs",
              {"parameters.p_cd19_loss": "1e-8 /division", "patient.n_cd19_negative_reservoir": "0 cells"}),
    Condition("No place outside the marrow", "sanctuary, one end: what the marrow shows is all there is",
              {"patient.n_extramedullary_cells": "0 cells"}),
    Condition("Dormant nests in everybody (10 cells)", "sanctuary, in between: never emptied, it takes a year to come back",
              {"patient.n_extramedullary_cells": "10 cells"}),
    Condition("Nests outside the marrow in everybody (1e8 cells)", "the same, in between: not found, they seed the marrow",
              {"patient.n_extramedullary_cells": "1e8 cells"}),
    Condition("Place outside the marrow out of reach (access 0.005)", "the same, other end: it seeds whenever the drug stops",
              {"patient.n_extramedullary_cells": "5e9 cells", "patient.access_extramedullary": 0.005}),
    Condition("No graft-versus-leukaemia", "what the donor's cells alone do is taken away", _without("gvl", "marrow_priming")),
    Condition("No clones that see blood cells only", "GvL by clones that Treg and tissue hold back, only",
              {"patient.fraction_haematopoietic": 0}),
    Condition("No host marrow left at transplant", "clones that see blood cells only find no antigen before leukaemia comes back",
              {"parameters.fraction_host_marrow": 0}),
    Condition("No unfit T cells", "nobody is refractory whatever the burden",
              {"patient.t_cell_fitness": {"distribution": "lognormal", "sigma": 0.35}}),
    Condition("Marrow blasts do not tire T cells", "T cells are fresh at overt relapse, too",
              {"parameters.rate_exhaustion_by_blasts": "0 /day"}),
    Condition("No division without antigen", "T cells expand only while they are bound to a target",
              {"parameters.fraction_division_programmed": 0}),
    Condition("Both arms treated again at overt relapse, up to twice", "nobody has to keep the one course for later",
              {"retreatment": {"start": {"when": "overt_relapse"}, "courses": 2}}),
    Condition("Blinatumomab without DLI", "the numerical smallness of DLI: what the cells add", {"dli": None}),
    Condition("Tenfold DLI", "the same, other end", {"dli.cd3": ["1e6/kg", "5e6/kg", "1e7/kg"]}),
)  # fmt: skip


@dataclass(frozen=True)
class ConditionResult:
    """Hold early against late under one condition."""

    condition: Condition
    days: MeasuredNumber  # leukaemia-free days gained by early treatment, all years
    by_year: tuple[MeasuredNumber, ...]  # up to each year
    wins: int
    ties: int
    losses: int
    remission_late: MeasuredNumber
    negative_early: MeasuredNumber
    gvhd: tuple[MeasuredNumber, MeasuredNumber]  # early, late
    drug: tuple[float, float]  # mean days on the drug: early, late

    @property
    def verdict(self) -> str:
        """Return who wins, in words."""
        if self.days.low > 0:
            return "early wins"
        if self.days.high < 0:
            return "**late wins**"
        return "**no difference shown**"


def compare(condition: Condition, patients: int, seed: int) -> ConditionResult:
    """Treat the same patients early and late under one condition."""
    course = _SAME if condition.same_course else {}
    arms = twins((_EARLY, _LATE), patients, seed, {**_LEFT, **course, **condition.change}, _MARKS[-1], _MARKS)
    early, late = arms[_EARLY], arms[_LATE]
    gain = [a.by_day[_MARKS[-1]] - b.by_day[_MARKS[-1]] for a, b in zip(early, late, strict=True)]
    by_year = tuple(
        difference(
            f"days, year {mark / 365:g}", [a.by_day[mark] for a in early], [b.by_day[mark] for b in late]
        )
        for mark in _MARKS
    )
    treated = [row for row in late if row.treated]
    return ConditionResult(
        condition,
        by_year[-1],
        by_year,
        sum(g > _MARGIN for g in gain), sum(abs(g) <= _MARGIN for g in gain), sum(g < -_MARGIN for g in gain),
        share_of("remission", [bool(row.complete_remission) for row in treated]),
        share_of("MRD-negative", [row.mrd_negative for row in early if row.treated]),
        (share_of("aGvHD", [row.agvhd_2_4 for row in early]), share_of("aGvHD", [row.agvhd_2_4 for row in late])),
        (_mean(early), _mean(late)),
    )  # fmt: skip


def _mean(rows: Sequence[Row]) -> float:
    return float(sum(row.blinatumomab_days for row in rows) / len(rows))


def price(patients: int, seed: int) -> list[str]:
    """Return the table of drug and GvHD per relapse avoided where a share of patients would never relapse."""
    arms = twins((_NEVER, _LATE, _EARLY, _FIXED), patients, seed)
    natural = arms[_NEVER]
    never = share_of("never", [not row.relapse for row in natural])
    lines = [
        f"{_share(never)} of these {patients} patients would never relapse within {DAYS:.0f} days (residual blasts "
        "as in the parameter table: none in four of ten).", "",
        "| arm | treated | of those never relapsing treated | relapses | drug days per patient "
        "| drug days per relapse avoided | aGvHD II+ | leukaemia-free days |", "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for name, rows in arms.items():
        avoided = sum(n.relapse for n in natural) - sum(r.relapse for r in rows)
        needless = [r.treated for r, n in zip(rows, natural, strict=True) if not n.relapse]
        drug = sum(r.blinatumomab_days for r in rows)
        per = f"{drug / avoided:.0f}" if avoided > 0 else "none avoided"
        gvhd = share_of("", [r.agvhd_2_4 for r in rows])
        free = sum(r.current_leukaemia_free_days for r in rows) / len(rows)
        lines.append(
            f"| {name} | {sum(r.treated for r in rows)} | {sum(needless)} of {len(needless)} | {sum(r.relapse for r in rows)} "
            f"| {drug / len(rows):.0f} | {per if drug else '-'} | {_share(gvhd)} | {free:.0f} |"
        )
    return lines


def _share(share: MeasuredNumber) -> str:
    return f"{share.value:.2f} ({share.low:.2f}–{share.high:.2f})"


def _days(difference: MeasuredNumber) -> str:
    return f"{difference.value:+.0f} ({difference.low:+.0f} to {difference.high:+.0f})"


_TEXT: Final = """\
# When early does not win

After this page you know under which conditions earlier treatment wins in this model, and under which it does not.

Written by `python run_sim.py validate --early` (version {version}, parameter table `{digest}`, {patients} virtual
patients per condition, all with leukaemia left, seed {seed}); do not edit.

The question of this project is when pre-emptive blinatumomab + DLI (at MRD of 1e-4) beats the same treatment at overt
relapse, and when it does not. A model in which killing saturates with burden and escape grows with burden lets early
treatment win by construction; the result worth having is where it does not. Below, the same virtual patients (with
the parameter table's spread in T cells, drug, leukaemia) are treated both ways under one changed condition at a time
and followed for {years} years after transplant. Both arms get the same course (28 ug/day, four cycles, three DLI), but in
the row that says otherwise; marrow for relapse and for MRD is sampled monthly, but in the rows that say otherwise.

**Leukaemia-free days** are days alive without overt leukaemia (in truth, 5 % of the marrow), so salvage that works
counts for the late arm (relapse-free days are not shown: treatment at relapse cannot prevent the first relapse, so early
wins them by definition). All days count from transplant (no lead-time bias). Brackets: 95 % Monte-Carlo
interval over patients. A win is more than a week. A verdict is of these few patients at the table's one value of every parameter:
of so many conditions about one would have one by chance, and other values that fit the published data may give another
([below](#what-decides-and-which-datum-next)).

"""
_ASSUMPTIONS: Final = f"""\
{_RESTS_ON}

* **Parameters**: those of `simulation/data/parameters.yaml`; what fails against data is in `docs/validation.md`.
  Remissions after overt relapse are the weak point: if the model salvages too many patients, early treatment gains
  too little here, and the reverse.
* **One course of treatment** per patient and arm, but in the row that says otherwise: who relapses after it is not
  treated again, though a clinic would try (`retreatment` in a scenario; scenarios/trials/with_retreatment.yaml). Early
  treatment spends its course early; where leukaemia outlasts any course, it comes back earlier, too, and the days of
  follow-up decide who looks better.
* **A place outside the marrow** that drug and T cells reach badly is an assumption that the share of CD19-negative relapses
  asks for (docs/decisions/0007, 0013, 0014): both ends are shown. In the rows with standard patients {{outside:.0%}} have it.
* **phi_BM** (access of Treg to the marrow) is about 1 in mice (docs/evidence.md#g13); the older view, 0, is shown.
* **Mechanisms** are switched off one at a time without fitting the others again: a row says what a mechanism does here, not
  what a model without it would say.
* **Escape against burden** is contested (Bueno 2022 and Pillai 2019 against "every division counts"): CD19 loss is
  shown absent, at a high rate, and as a clone that is there before therapy whatever the burden.
* **DLI is numerically small**: 1e4-1e6/kg are at most about 1 % of the marrow's T cells. What DLI add is shown by
  leaving them out and by a tenfold dose. GvHD after late DLI follows the dose, but is too rare below 1e8 CD3/kg (C14):
  the price of DLI is underestimated.
* **Monitoring** is monthly unless said otherwise, without missed visits; reports come after 3 days.
* Not in the model: toxicity other than CRS and aGvHD, infections, other salvage, cost, a patient's wish.
"""


def do(runs: tuple[tuple[int, int, int], ...]) -> list[ConditionResult | list[str]]:
    """Do some experiments: each is (number of the condition, patients, seed); the number after the last is the price."""
    return [
        compare(CONDITIONS[i], patients, seed) if i < len(CONDITIONS) else price(patients, seed)
        for i, patients, seed in runs
    ]


def _experiments(
    patients: int, seed: int, workers: int, should_stop: Callable[[], bool]
) -> tuple[list[ConditionResult], list[str]] | None:
    """Return what every condition gave and the table of prices; None when stopped. Raises what an experiment raised."""
    rows: dict[int, ConditionResult] = {}
    costs: list[str] = []
    tasks = (Task(((i, patients, seed),)) for i in reversed(range(len(CONDITIONS) + 1)))
    with few_workers(workers, __name__, should_stop) as pool:
        for given in pool.run(do, tasks):
            part = given.wanted()[0]
            if isinstance(part, ConditionResult):
                rows[given.task.runs[0][0]] = part
            else:
                costs = part
    done = [rows[i] for i in sorted(rows)]
    return (done, costs) if costs and len(done) == len(CONDITIONS) else None


def write_early(
    effort: Effort, page: Path, workers: int = 1, should_stop: Callable[[], bool] = lambda: False
) -> Path | None:
    """Run the experiments and write the page; return None, and write nothing, when it is stopped."""
    patients = effort.patients(24)
    experiments = _experiments(patients, effort.seed, workers, should_stop)
    if experiments is None:
        return None
    rows, costs = experiments
    head = _TEXT.format(
        version=simulation.__version__, digest=ParameterTable.load().parameter_values().digest()[:12],
        patients=patients, seed=effort.seed, years=_YEARS,
    )  # fmt: skip
    lines = [
        "## Early against late, by condition", "",
        "| condition | leukaemia-free days gained in 1 year | in 2 years | in 3 years | wins / ties / losses "
        "| verdict at 3 years "
        "| MRD-negative, early | remission, late | aGvHD II+ early / late | drug days early / late |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    lines += [
        f"| {r.condition.name} | {' | '.join(map(_days, r.by_year))} | {r.wins} / {r.ties} / {r.losses} | {r.verdict} "
        f"| {_share(r.negative_early)} | {_share(r.remission_late)} | {r.gvhd[0].value:.2f} / {r.gvhd[1].value:.2f} "
        f"| {r.drug[0]:.0f} / {r.drug[1]:.0f} |"
        for r in rows
    ]
    lines += ["", "Why each condition could matter:", ""]
    lines += [f"* {r.condition.name}: {r.condition.why}." for r in rows]
    lines += [
        "",
        "## Reading the table",
        "",
        *_conclusions(rows),
        "",
        "## Patients who would never relapse",
        "",
    ]
    lines += costs
    write_file(page, head + "\n".join(lines) + "\n\n" + _ASSUMPTIONS.format(outside=_with_room_outside()))
    write_what_decides(page)
    return page


def write_what_decides(page: Path) -> None:
    """Put what decides, and which datum to get next, into the page, from the answer under parameter sets that lies beside it.

    An earlier such section is replaced; where there is no answer beside it, the page says how to make one.
    """
    answer = page.with_name(f"{_ANSWER}.json")
    if answer.is_file():
        comparison = json.loads(answer.read_text(encoding="utf-8"))
        lines = [
            f"Sets that fit the published data differ, and with them the answer ([how sure is it]({_ANSWER}.md), of other "
            f"patients and arms than above): {_headline(comparison)}", "",
            *deciding(comparison["uncertainty"]), "",
            f"![What moves the answer, and which datum next]({_ANSWER}_unknowns.png)",
        ]  # fmt: skip
    else:
        lines = [
            f"`{PROGRAM} compare scenarios/trials/how_sure.yaml --page {_ANSWER}.md` tells it, run beside this page."
        ]
    before, rest = page.read_text(encoding="utf-8").split(_RESTS_ON)
    before = before.split(_DECIDES)[0]
    write_file(page, "\n".join([before + _DECIDES, "", *lines, "", _RESTS_ON]) + rest)


def _headline(comparison: Mapping[str, Any]) -> str:
    """Return the answer in a sentence: its number, its range and what that consists of."""
    main, sure = comparison["main_comparison"], comparison["uncertainty"]
    low, high = sure["range"]
    return (
        f"{signed(main['value'])} {survival_words(comparison['primary_outcome'])} per patient, 95 % range {signed(low)} to "
        f"{signed(high)}{in_short(sure, main['arm'], main['differing'])}"
    )


def _with_room_outside() -> float:
    """Return the share of patients who have room for blasts outside the marrow."""
    spread = ParameterTable.load()["n_extramedullary_cells"].between_patients
    if spread is None or not spread.parts:
        return 1.0
    return sum(w for w, part in zip(spread.weights, spread.parts, strict=True) if part.median > 0.0) / sum(
        spread.weights
    )


def _conclusions(rows: Sequence[ConditionResult]) -> list[str]:
    """Return what the numbers say, and no more."""
    lines = [
        f"* Standard patients gain {_days(rows[0].days)} leukaemia-free days from early treatment in {_YEARS} years."
    ]
    for words, verdict in (
        ("Early treatment wins", "early wins"),
        ("Late treatment wins", "**late wins**"),
        ("No advantage is shown", "**no difference shown**"),
    ):
        names = "; ".join(f"{r.condition.name} ({_days(r.days)})" for r in rows if r.verdict == verdict)
        if names:
            lines.append(f"* {words}: {names}.")
    return lines

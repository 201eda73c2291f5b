"""What two arms differ in, as a clinician reads it: the answer, the twins, the price."""

from collections.abc import Mapping
from typing import Any, Final

from simulation.clinic.outcomes import OUTCOMES
from simulation.number_words import NOTHING, number_text, signed
from simulation.results.trial_view import TrialView
from simulation.results.words import survival_words
from simulation.statistics.paired import beyond_chance
from simulation.statistics.proportions import LEAST_WHO_DIFFER
from simulation.trial import sure_words

__all__ = [
    "RELAPSE_FREE", "answer", "chance", "findings", "over_time", "pairing", "pairs", "price", "price_note", "verdict",
]  # fmt: skip

RELAPSE_FREE: Final = (
    "Days without a first relapse favour whoever treats before it, by definition: treatment at relapse cannot prevent it. "
    "Current leukaemia-free survival also counts the remissions that it brings back."
)


def answer(view: TrialView) -> str:
    """Return the main comparison in one or two sentences."""
    pair = _pair(view)
    main = pair["differences"][view.primary]
    one, other = (arm.name for arm in view.main_arms)
    low, high = main["interval_paired"]
    sentence = f"{one} against {other}: {signed(main['value'])} {survival_words(view.primary)} per patient"
    sure = view.comparison.get("uncertainty")
    structures = f" {text}" if (text := sure_words.over_structures(view.comparison)) else ""
    if sure is not None and sure["range"][0] is not None:
        return (
            f"{sentence}, 95 % range {_range(sure['range'])}{sure_words.in_short(sure, one, main['differing'])} "
            + (f"{doubt} " if (doubt := sure_words.unseen(sure)) else "")
            + f"{main['win']} patients did better, {main['tie']} the same, {main['loss']} worse.{structures}"
            + (f" {RELAPSE_FREE}" if OUTCOMES[view.primary].censored else "")
        )
    if low is None:
        return f"{sentence}. One patient says what can happen, not how often."
    return (
        f"{sentence} (95 % interval of the mean {_range((low, high))}): {verdict(main)}. "
        f"{main['win']} patients did better, {main['tie']} the same, {main['loss']} worse.{structures}"
        + (f" {RELAPSE_FREE}" if OUTCOMES[view.primary].censored else "")
        + f" {sure_words.POINT}"
    )


def verdict(main: Mapping[str, Any]) -> str:
    """Return what a difference of `comparison.json` says beyond chance at one set of values, as the end of a sentence."""
    low, high = main["interval_paired"]
    sure = beyond_chance(low, high, main["differing"])
    if sure:
        return f"that is {'more' if sure > 0 else 'fewer'}, beyond chance at these parameter values"
    if main["differing"] < LEAST_WHO_DIFFER:
        return sure_words.few_differ(main["differing"])
    return "so these patients do not settle which is better"


def over_time(comparison: Mapping[str, Any]) -> list[str]:
    """Return how the main difference depends on the day up to which it is counted; a warning where that day decides."""
    over_days = comparison["difference_over_time"]
    last = len(over_days["days"]) - 1
    marks = [last // 4, last // 2, last]

    def limits(low: float | None, high: float | None) -> str:
        return " (nobody differs yet)" if low is None else f" ({_range((low, high))})"

    points = ", ".join(
        f"{signed(over_days['value'][k])}{limits(over_days['low'][k], over_days['high'][k])} by day {over_days['days'][k]:.0f}"
        for k in marks
    )
    lines = [f"Over time, in {survival_words(over_days['outcome'])} per patient: {points}."]
    if over_days["follow_up_decides"]:
        later = over_days["if_it_went_on"]
        lines.append(
            f"Warning: the end of follow-up decides. Were its last quarter to repeat itself until day {later['until']:.0f}, the "
            f"difference would be {signed(later['value'])}{limits(*later['interval'])}, and the answer another. Follow longer."
        )
    return lines


def findings(view: TrialView) -> list[str]:
    """Return the secondary findings of the main comparison, one sentence each."""
    pair, arms = _pair(view), view.comparison["arms"]
    one, other = arms[pair["arm"]], arms[pair["versus"]]
    names = [arm.label for arm in view.main_arms]
    lines = []
    for name in ("relapse", "in_remission_at_end", "agvhd_2_4", "eradicated"):
        shares = (_percent(arm["shares"][name]["value"]) for arm in (one, other))
        lines.append(
            f"{OUTCOMES[name].label}: {next(shares)} ({names[0]}) against {next(shares)} ({names[1]})."
        )
    for name in (name for name, declared in OUTCOMES.items() if declared.price):
        more = pair["differences"][name]["value"]
        sign = "\N{MINUS SIGN}" if more < 0 else "+"
        declared = OUTCOMES[name]
        lines.append(f"{declared.label}: {sign}{number_text(abs(more))} {declared.unit} per patient.")
    if view.primary != "relapse_free_days":
        relapse_free = pair["differences"]["relapse_free_days"]
        lines.append(
            f"Relapse-free survival: {signed(relapse_free['value'])} days per patient "
            f"({_range(relapse_free['interval_paired'])}). {RELAPSE_FREE}"
        )
    return lines + over_time(view.comparison)


def pairing(view: TrialView) -> str:
    """Return what pairing gains, in patients."""
    gain = _pair(view)["differences"][view.primary]["precision_gain_from_pairing"]
    if gain is None:
        return ""
    return f"Without twins, {gain:.1f} times as many patients would be needed for an equally precise main difference."


def pairs(view: TrialView) -> list[tuple[str, ...]]:
    """Return one row per pair of arms in the primary outcome."""
    rows: list[tuple[str, ...]] = []
    labels = {arm.key: arm.label for arm in view.arms}
    for pair in view.comparison["pairs"]:
        difference = pair["differences"][view.primary]
        spread = difference["spread_between_patients"]
        rows.append(
            (
                f"{labels[pair['arm']]} \N{MINUS SIGN} {labels[pair['versus']]}",
                signed(difference["value"]),
                _range(difference.get("range_with_parameters", difference["interval_paired"])),
                _range(difference["interval_unpaired"]),
                f"{difference['win']} / {difference['tie']} / {difference['loss']}",
                _range((spread["p5"], spread["p95"])),
            )
        )
    return rows


def chance(view: TrialView) -> str:
    """Return how much of the spread is chance, where patients were repeated."""
    components = view.comparison.get("chance")
    if not components or components["difference"]["chance_share"] is None:
        return ""
    parts = components["difference"]
    return (
        f"Run again with other chance events ({parts['patients']} patients, {parts['repeats']} times each), one patient's "
        f"difference varies with a standard deviation of {parts['chance_sd']:.0f} days; patients truly differ by "
        f"{parts['between_sd']:.0f} days. So {_percent(parts['chance_share'])} of the variance seen between patients is chance."
    )


def price(view: TrialView) -> list[tuple[str, str]]:
    """Return what a relapse avoided costs in the main comparison."""
    pair = _pair(view)

    def per(ratio: Any, digits: int = 1) -> str:
        if ratio["value"] is None:
            return "no relapse is avoided"
        low, high = (None if limit is None else _number(limit, digits) for limit in ratio["interval"])
        limits = f" ({low} to {high or 'infinity'})" if low is not None else ""
        return f"{_number(ratio['value'], digits)}{limits}"

    gain = pair["relapses_avoided_per_patient"]
    low, high = (None if limit is None else 100 * limit for limit in gain["interval"])
    return [
        ("Relapses avoided per 100 patients", f"{100 * gain['value']:.0f} ({_range((low, high))})"),
        ("Patients to manage this way per relapse avoided", per(pair["number_needed_to_treat"])),
        *(
            (f"{title}, more per relapse avoided", per(ratio, digits))
            for (name, ratio) in pair["extra_per_relapse_avoided"].items()
            for title, digits in [_extra(name)]
        ),
    ]


def _extra(name: str) -> tuple[str, int]:
    """Return how a price is worded, and with how many digits."""
    declared = OUTCOMES[name]
    if declared.kind == "share":
        return f"{declared.label} (patients)", 2
    return f"{declared.label} ({declared.unit})", 0


def price_note(view: TrialView) -> str:
    """Say who is in the denominator."""
    one, other = view.main_arms
    return (
        f"{one.label} against {other.label}, over all patients, also those who would never have relapsed. In brackets: "
        "95 % bootstrap intervals over patients; infinity: no such relapse may be avoided at all."
    )


def _pair(view: TrialView) -> Any:
    return view.comparison["pairs"][0]


def _number(value: float, digits: int) -> str:
    """Return a number without a minus before zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _range(limits: Any, digits: int = 0) -> str:
    low, high = limits
    return NOTHING if low is None and high is None else f"{signed(low, digits)} to {signed(high, digits)}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.0f} %"

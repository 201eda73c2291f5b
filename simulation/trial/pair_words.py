"""What two arms differ in, as a clinician reads it: the answer, the twins, the price."""

from typing import Any

from simulation.results.trial_figures.common import TIMES
from simulation.results.trial_view import TrialView
from simulation.results.words import NOTHING

__all__ = ["answer", "chance", "findings", "pairing", "pairs", "price", "price_note", "signed"]


def answer(view: TrialView) -> str:
    """Return the main comparison in one or two sentences."""
    pair = _pair(view)
    main = pair["differences"][view.primary]
    one, other = (arm.name for arm in view.main_arms)
    low, high = main["interval_paired"]
    told = f"{one} against {other}: {signed(main['value'])} {_time_words(view.primary)} per patient"
    if low is None:
        return f"{told}. One patient says what can happen, not how often."
    sure = "more" if low > 0 else "fewer" if high < 0 else None
    verdict = f"that is {sure}, beyond chance" if sure else "so these patients do not settle which is better"
    return (
        f"{told} (95 % interval of the mean {_range((low, high))}): {verdict}. "
        f"{main['win']} patients did better, {main['tie']} the same, {main['loss']} worse."
    )


def findings(view: TrialView) -> list[str]:
    """Return the secondary findings of the main comparison, one sentence each."""
    pair, arms = _pair(view), view.comparison["arms"]
    one, other = arms[pair["arm"]], arms[pair["versus"]]
    names = [arm.label for arm in view.main_arms]
    lines = []
    for key, words in (
        ("relapse_fraction", "Overt relapse"),
        ("in_remission_at_end_fraction", "Alive without overt leukaemia at the end"),
        ("agvhd_2_4_fraction", "Acute GvHD II\N{EN DASH}IV"),
        ("extinct_fraction", "Leukaemia extinct"),
    ):
        lines.append(
            f"{words}: {_percent(one[key])} ({names[0]}) against {_percent(other[key])} ({names[1]})."
        )
    drug = pair["differences"]["blinatumomab_days"]["value"]
    lines.append(f"Blinatumomab: {signed(drug)} days per patient.")
    if view.primary != "relapse_free_days":
        lines.append(
            f"Relapse-free days: {signed(pair['rmst_difference_days'])} per patient "
            f"({_range(pair['rmst_difference_interval_paired'])}). An arm that waits for relapse cannot prevent the first one."
        )
    return lines


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
        found = pair["differences"][view.primary]
        spread = found["spread_between_patients"]
        rows.append(
            (
                f"{labels[pair['arm']]} \N{MINUS SIGN} {labels[pair['versus']]}",
                signed(found["value"]),
                _range(found["interval_paired"]),
                _range(found["interval_unpaired"]),
                f"{found['win']} / {found['tie']} / {found['loss']}",
                _range((spread["p5"], spread["p95"])),
            )
        )
    return rows


def chance(view: TrialView) -> str:
    """Return how much of the spread is chance, where patients were repeated."""
    found = view.comparison.get("chance")
    if not found or found["difference"]["chance_share"] is None:
        return ""
    parts = found["difference"]
    return (
        f"Run again with other chance events ({parts['patients']} patients, {parts['repeats']} times each), one patient's "
        f"difference varies with a standard deviation of {parts['chance_sd']:.0f} days; patients truly differ by "
        f"{parts['between_sd']:.0f} days. So {_percent(parts['chance_share'])} of the variance seen between patients is chance."
    )


def price(view: TrialView) -> list[tuple[str, str]]:
    """Return what a relapse avoided costs in the main comparison."""
    pair = _pair(view)

    def per(name: str, digits: int = 1) -> str:
        found = pair[name]
        if found["value"] is None:
            return "no relapse is avoided"
        low, high = (None if limit is None else _number(limit, digits) for limit in found["interval"])
        limits = f" ({low} to {high or 'infinity'})" if low is not None else ""
        return f"{_number(found['value'], digits)}{limits}"

    gain = pair["relapses_avoided_per_patient"]
    low, high = (None if limit is None else 100 * limit for limit in gain["interval"])
    return [
        ("Relapses avoided per 100 patients", f"{100 * gain['value']:.0f} ({_range((low, high))})"),
        ("Patients to manage this way per relapse avoided", per("number_needed_to_treat")),
        ("Patients more who are treated, per relapse avoided", per("extra_treated_per_relapse_avoided")),
        (
            "Blinatumomab, days more per relapse avoided",
            per("extra_blinatumomab_days_per_relapse_avoided", 0),
        ),
        (
            "Acute GvHD II\N{EN DASH}IV, cases more per relapse avoided",
            per("extra_agvhd_2_4_per_relapse_avoided", 2),
        ),
    ]


def price_note(view: TrialView) -> str:
    """Say who is in the denominator."""
    one, other = view.main_arms
    return (
        f"{one.label} against {other.label}, over all patients, also those who would never have relapsed. In brackets: "
        "95 % bootstrap intervals over patients; infinity: no such relapse may be avoided at all."
    )


def _pair(view: TrialView) -> Any:
    return view.comparison["pairs"][0]


def signed(value: float | None, digits: int = 0) -> str:
    """Return a number with its sign."""
    return (
        NOTHING
        if value is None
        else f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "\N{MINUS SIGN}")
    )


def _number(value: float, digits: int) -> str:
    """Return a number without a minus before zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _range(limits: Any, digits: int = 0) -> str:
    low, high = limits
    return NOTHING if low is None and high is None else f"{signed(low, digits)} to {signed(high, digits)}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.0f} %"


def _time_words(name: str) -> str:
    return TIMES[name]

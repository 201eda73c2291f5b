"""A design's numbers as a trialist reads them."""

from collections.abc import Sequence
from typing import Final

from simulation.clinic.outcomes import OUTCOMES
from simulation.design.draws import ENDPOINTS
from simulation.design.study import HISTORICAL, Power, SampleSize, Study
from simulation.number_words import NOTHING
from simulation.results.words import in_sentence, short_title

__all__ = ["conduct_words", "endpoint_words", "limits", "needed_rows", "power_rows"]

_TESTS: Final = {
    "log_rank": "log-rank test",
    "restricted_mean": "restricted mean",
    "mean_days": "mean days",
    "event_free": "share without an event",
    "leukaemia_free": "share without overt leukaemia",
    HISTORICAL: "one arm against a known share",
}


def endpoint_words(study: Study, name: str, *, short: bool = False) -> str:
    """Return what an endpoint compares."""
    declared = (OUTCOMES[outcome] for outcome in (study.plan.event, study.finished.primary))
    event, primary = (short_title(one) if short else in_sentence(one.label) for one in declared)
    day = f"day {study.horizon:g}"
    of = {
        "log_rank": event,
        "restricted_mean": f"{event} to {day}",
        "mean_days": f"{primary} to {day}",
        "event_free": f"{event} on {day}",
        "leukaemia_free": f"alive on {day}",
        HISTORICAL: f"{'' if short else 'alive without overt leukaemia on '}{day}, {100 * study.known_share:.0f} %",
    }[name]
    return f"{_TESTS[name]}: {of}"


def conduct_words(study: Study) -> list[str]:
    """Return what the real trial is taken to be, one sentence each."""
    plan = study.plan
    one, other = study.finished.main
    entry = (
        f"entered evenly over {plan.accrual / 30.4375:.0f} months"
        if plan.patients_per_year is None
        else f"entered at {plan.patients_per_year:g} a year"
    )
    lines = [
        f"{one} against {other}, each patient in one arm only, {plan.allocation:g} to 1; {entry}, followed for at least "
        f"{study.follow_up:g} days and at most {study.finished.follow_up:g}; {100 * plan.drop_out:g} % a year are lost.",
        f"Two-sided tests at {100 * plan.alpha:g} %; power is the share of trials that find {one} better. One arm against a "
        f"known share: exact binomial test, one-sided at {100 * plan.historical.alpha:g} %.",
        f"{plan.trials} trials of each size, drawn from {study.stored} stored patients of each arm.",
    ]
    if study.sets:
        lines.append(
            f"The runs carry {study.sets} parameter sets: assurance, in brackets, is the power averaged over "
            "these."
        )
    return lines


def needed_rows(study: Study) -> list[list[str]]:
    """Return the table of patients needed; the first row is the header."""
    rows = [["endpoint", "patients in all", "if the effect is larger or smaller", "power there", "months"]]
    for needed in study.needed:
        low, high = (NOTHING if n is None else f"{n}" for n in (needed.low, needed.high))
        text = (
            NOTHING
            if needed.low is None and needed.high is None
            else f"{low} to {high if needed.high else 'no number'}"
        )
        rows.append(
            [
                endpoint_words(study, needed.endpoint),
                "none will do" if needed.patients is None else str(needed.patients),
                text,
                _power(needed),
                NOTHING if needed.months is None else f"{needed.months:.0f}",
            ]
        )
    return rows


def _power(needed: SampleSize) -> str:
    if needed.power is None:
        return NOTHING
    error = f" \N{PLUS-MINUS SIGN} {100 * needed.se:.1f}" if needed.se else ""
    return f"{100 * needed.power:.0f} %{error}{_assured(needed)}"


def _assured(estimate: SampleSize | Power) -> str:
    return "" if estimate.assurance is None else f" ({100 * estimate.assurance:.0f} %)"


def power_rows(study: Study) -> list[list[str]]:
    """Return power by number of patients, one column per endpoint; the first row is the header."""
    names = (*ENDPOINTS, HISTORICAL)
    rows = [["patients", *(_TESTS[name] for name in names)]]
    for n in sorted({power.patients for power in study.powers}):
        here = {power.endpoint: power for power in study.powers if power.patients == n}
        rows.append([str(n), *(_cell(here[name]) for name in names)])
    return rows


def _cell(power: Power) -> str:
    return f"{100 * power.power:.0f} %{_assured(power)}"


def limits(study: Study) -> Sequence[str]:
    """Return what must not be concluded."""
    lines = [
        "Power holds if real patients respond as the simulated ones do; the model's error is not in it"
        + (
            "."
            if study.sets
            else ", nor is what its parameters leave open (the runs carry no parameter sets)."
        ),
        "Monte-Carlo error is that of the simulated trials. 'If the effect is larger or smaller': the 95 % interval of the "
        "effect among so many stored twins.",
        "Means and shares at the horizon are of those followed to it; who is lost is lost whatever his state.",
    ]
    if study.finished.ends_at_transplant:
        lines.append(
            "Follow-up of the runs ends at a second transplant: times to an event are censored there, mean days are weighed for "
            "those who left, and who left counts at the horizon as what he was then."
        )
    if study.plan.patients_per_year is not None:
        lines.append(
            "With patients a year, smaller trials are over sooner and see fewer events; the patients needed follow from all "
            "sizes that were tried together. 'Power there' is of trials of that very size: where it is off, try sizes near it."
        )
    if study.plan.event == "relapse_free_days":
        lines.append(
            "Treatment at relapse cannot prevent the first one: relapse-free survival favours whoever treats before it, by "
            "definition."
        )
    return lines

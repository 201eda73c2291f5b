"""How the patient is, in a line of badges: what a clinician looks at first."""

import math
from typing import Any, Final

from simulation.browser.components.word_list import Item, WordList
from simulation.browser.snapshot import Snapshot
from simulation.clinic.outcomes import OUTCOMES
from simulation.number_words import grade_text, number_text
from simulation.results.words import outcome_words

__all__ = ["Badges", "badge_words"]

_ICONS: Final = {"good": "mdi-check-circle", "bad": "mdi-alert", "drug": "mdi-needle", "plain": ""}


def badge_words(shot: Snapshot) -> list[tuple[str, str, str]]:
    """Return (label, words, kind) of every badge; kind is good, bad, drug or plain."""
    o = shot.outcomes
    share = shot.now["marrow_blast_fraction"]
    badges = [("Day", f"{shot.day:.4g}", "plain"), _disease(shot, share), ("MRD", *_mrd(shot))]
    for key, words in (("relapse_day", "Relapse"), ("second_relapse_day", "Second relapse")):
        if o.get(key) is not None:
            last = o.get("second_relapse_day") is None or key == "second_relapse_day"
            cd19 = f", CD19 {o['relapse_cd19']}" if last and o.get("relapse_cd19") else ""
            badges.append((words, f"day {o[key]:.4g}{cd19}", "bad"))
    if o.get("complete_remission_day") is not None:
        badges.append(("Remission", f"day {o['complete_remission_day']:.4g}", "good"))
    if o.get("mrd_negative_day") is not None:
        badges.append(("MRD-negative", f"day {o['mrd_negative_day']:.4g}", "good"))
    grade = int(shot.now["agvhd_grade"])
    worst = grade_text(o["agvhd_grade"])
    badges.append(("GvHD", f"grade {grade_text(grade)} (worst {worst})", "bad" if grade >= 2 else "plain"))
    if o.get("crs_grade"):
        badges.append(("CRS", f"worst grade {o['crs_grade']}", "bad"))
    badges += [("Pump", words, "drug") for words in shot.running]
    given = [one for one in OUTCOMES.values() if one.price and o.get(one.name)]
    badges += [(one.short[:1].upper() + one.short[1:], outcome_words(one, o), "plain") for one in given]
    if o.get("nrm_day") is not None:
        badges.append(("Death", f"day {o['nrm_day']:.4g}, {o['nrm_cause']}", "bad"))
    elif shot.finished:
        badges.append(("Follow-up", "is over", "plain"))
    return badges


def _disease(shot: Snapshot, share: float) -> tuple[str, str, str]:
    blasts = shot.now["blasts_cells"]
    if shot.day < 0:
        return ("Transplant", f"in {-shot.day:g} days", "plain")
    stated = shot.scenario.disease
    if stated is not None and shot.day < stated.on:
        return ("Leukaemia", f"stated for day {stated.on:g}", "plain")
    if blasts == 0:
        return ("Leukaemia", "eradicated: not a cell left", "good")
    overt = share >= shot.scenario.definitions.overt_relapse
    amount = f"{number_text(blasts)} blasts" + (f", {100 * share:.2g} % of marrow" if share >= 1e-3 else "")
    return ("Leukaemia", amount, "bad" if overt else "plain")


def _mrd(shot: Snapshot) -> tuple[str, str]:
    value = shot.now["mrd_measured_fraction"]
    if math.isnan(value):
        return "not tested yet", "plain"
    if value == 0:
        return "not detected", "good"
    return number_text(value, 2), "bad" if value >= shot.scenario.definitions.mrd_negative else "plain"


def Badges(shot: Snapshot, frame_s: float = 0.0) -> Any:
    """Show the badges; what each means does not rest on its colour alone. The last frame's time is for whoever measures it."""
    items = [
        Item(label, words, f"tt-badge tt-{kind}", _ICONS[kind]) for label, words, kind in badge_words(shot)
    ]
    return WordList(items, "badges", "How the patient is", frame_ms=round(1000 * frame_s))

"""What is on the screen as the query of the page's address: reloading the page, or opening a bookmark, brings it back.

Scenarios are named by the labels of the choices, so that an address opens no file that could not be chosen.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

from simulation.browser.catalogue import Source
from simulation.browser.moment import moment_of, pack, restore_moment, unpack
from simulation.browser.session import PatientSession, natural
from simulation.browser.twins import TwinView
from simulation.errors import UserError

__all__ = [
    "TABS",
    "patient_query",
    "read_query",
    "restore_patient",
    "restore_twins",
    "twins_query",
    "written",
]

TABS: Final = ("patient", "twins", "results", "many", "guide")
_LONGEST: Final = 20_000
_CHANGE: Final = "set."


def written(parts: Mapping[str, str]) -> str:
    """Return a query."""
    return urlencode(parts)


def read_query(search: str | None) -> dict[str, str]:
    """Return the parts of a query; of several of one name the last."""
    return dict(parse_qsl((search or "")[:_LONGEST]))


def patient_query(session: PatientSession, choices: Sequence[Source]) -> dict[str, str] | None:
    """Return what brings a patient back as he is; None where that is too long for an address.

    Where his scenario is none of the choices, it is packed into the address itself.
    """
    with session.lock:
        moment = moment_of(session)
        if session.source not in choices:
            parts = {"saved": pack(moment)}
        else:
            parts = {"scenario": moment.source, "seed": str(moment.seed), "patient": str(moment.patient)}
            parts |= {f"{_CHANGE}{name}": text for name, text in moment.settings.items()}
            if moment.acts:
                parts["acts"] = json.dumps(moment.acts, separators=(",", ":"))
            if session.begun:
                parts["day"] = _number(moment.day)
            if moment.reached > moment.day:
                parts["reached"] = _number(moment.reached)
    return parts if len(written(parts)) <= _LONGEST else None


def restore_patient(session: PatientSession, parts: Mapping[str, str], choices: Sequence[Source]) -> None:
    """Bring a patient back; raise `UserError`, and leave the session as it was made, where the address names none."""
    if "saved" in parts:
        restore_moment(session, unpack(parts["saved"]), choices)
        return
    if "scenario" not in parts:
        return
    seed, patient = (natural(parts.get(name, "0"), name) for name in ("seed", "patient"))
    changes = {name.removeprefix(_CHANGE): text for name, text in parts.items() if name.startswith(_CHANGE)}
    source, day = _source(parts["scenario"], choices), _day(parts.get("day", ""))
    session.restore(
        source, seed, patient, changes, _acts(parts.get("acts", "[]")), day, _day(parts.get("reached", ""))
    )


def twins_query(twins: TwinView, choices: Sequence[Source], day: float) -> dict[str, str] | None:
    """Return what brings the twins back; None where a strategy is none of the choices."""
    if any(source not in choices for source in twins.sources):
        return None
    first, second = (source.label for source in twins.sources)
    parts = {"a": first, "b": second, "twins.seed": str(twins.seed), "twins.patient": str(twins.patient)}
    return parts | ({"twins.day": f"{day:.10g}"} if day > twins.first_day else {})


def restore_twins(twins: TwinView, parts: Mapping[str, str], choices: Sequence[Source]) -> None:
    """Bring the twins back; raise `UserError` where the address names none."""
    if "a" not in parts or "b" not in parts:
        return
    seed, patient = (natural(parts.get(f"twins.{name}", "0"), name) for name in ("seed", "patient"))
    day = _day(parts.get("twins.day", ""))
    twins.open(_source(parts["a"], choices), _source(parts["b"], choices), seed, patient)
    while twins.day < day - 1e-9 and not twins.finished:
        twins.step()
    twins.look()


def _source(label: str, choices: Sequence[Source]) -> Source:
    found = next((source for source in choices if source.label == label), None)
    if found is None:
        raise UserError(f"there is no scenario {label[:80]!r} to choose here")
    return found


def _day(text: str) -> float:
    try:
        day = float(text or "-inf")
    except ValueError:
        raise UserError(f"{text[:40]!r} is no day") from None
    return -math.inf if math.isnan(day) else day


def _number(day: float) -> str:
    return f"{day:.10g}"


def _acts(text: str) -> list[object]:
    try:
        acts = json.loads(text)
    except (ValueError, RecursionError):
        acts = None
    if not isinstance(acts, list):
        raise UserError("what was done to the patient is damaged")
    return acts

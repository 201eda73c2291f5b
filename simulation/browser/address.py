"""What is on the screen as the query of the page's address: reloading the page, or opening a bookmark, brings it back.

Scenarios are named as `references` says, so that an address opens no file that could not be chosen.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

from simulation.browser.catalogue import MOST_LOADED, Choices, Source
from simulation.browser.form import FORM_KEYS
from simulation.browser.kept import NAMES
from simulation.browser.many import KINDS, ForecastRequest
from simulation.browser.mistakes import natural
from simulation.browser.moment import moment_of, pack, restore_moment, unpack
from simulation.browser.own_scenarios import uploaded
from simulation.browser.references import packed_text, refer, referred, unpacked_text
from simulation.browser.session import PatientSession
from simulation.browser.twins import TwinView
from simulation.errors import UserError

__all__ = [
    "LONGEST",
    "TABS",
    "asked_of",
    "asked_query",
    "known_part",
    "loaded_query",
    "patient_query",
    "read_query",
    "restore_loaded",
    "restore_patient",
    "restore_twins",
    "twins_query",
    "written",
]

TABS: Final = ("patient", "twins", "results", "many", "guide")
LONGEST: Final = 20_000
_CHANGE: Final = "set."
_PARTS: Final = (
    "tab", "loaded", "scenario", "saved", "seed", "patient", "acts", "day", "reached",
    "a", "b", "twins.seed", "twins.patient", "twins.day",
    "many.followed", "many.key", "many.values", "many.study", "many.ticket",
)  # fmt: skip
_ASKED: Final = ("seed", "number", "kind", "patient", "course")


def known_part(name: str) -> bool:
    """Return whether a part of an address has a meaning."""
    many = [
        f"{room}.{field}" for room in ("many", "many.followed") for field in ("a", "b", "posterior", *_ASKED)
    ]
    return name in (*_PARTS, *many, *NAMES) or name.removeprefix(_CHANGE) in FORM_KEYS


def written(parts: Mapping[str, str]) -> str:
    """Return a query."""
    return urlencode(parts)


def read_query(search: str | None) -> dict[str, str]:
    """Return the parts of a query; of several of one name the last."""
    return dict(parse_qsl((search or "")[:LONGEST]))


def patient_query(session: PatientSession, choices: Sequence[Source]) -> dict[str, str] | None:
    """Return what brings a patient back as he is; None where that is too long for an address.

    Where his scenario is none of the choices, it is packed into the address itself.
    """
    with session.lock:
        moment = moment_of(session)
        named = refer(session.source, choices)
        if named is None or (session.source.path is None and session.source not in choices):
            parts = {"saved": pack(moment)}
        else:
            parts = {"scenario": named, "seed": str(moment.seed), "patient": str(moment.patient)}
            parts |= {f"{_CHANGE}{name}": text for name, text in moment.settings.items()}
            if moment.acts:
                parts["acts"] = json.dumps(moment.acts, separators=(",", ":"))
            if session.begun:
                parts["day"] = _number(moment.day)
            if moment.reached > moment.day:
                parts["reached"] = _number(moment.reached)
    return parts if len(written(parts)) <= LONGEST else None


def restore_patient(session: PatientSession, parts: Mapping[str, str], choices: Sequence[Source]) -> None:
    """Bring a patient back; raise `UserError`, and leave the session as it was made, where the address names none."""
    if "saved" in parts:
        restore_moment(session, unpack(parts["saved"]), choices)
        return
    if "scenario" not in parts:
        return
    seed, patient = (natural(parts.get(name, "0"), name) for name in ("seed", "patient"))
    changes = {name.removeprefix(_CHANGE): text for name, text in parts.items() if name.startswith(_CHANGE)}
    source, day = referred(parts["scenario"], choices), _day(parts.get("day", ""))
    session.restore(
        source, seed, patient, changes, _acts(parts.get("acts", "[]")), day, _day(parts.get("reached", ""))
    )


def twins_query(twins: TwinView, choices: Sequence[Source], day: float) -> dict[str, str] | None:
    """Return what brings the twins back; None where a strategy needs a file that no choice has."""
    first, second = (refer(source, choices) for source in twins.sources)
    if first is None or second is None:
        return None
    parts = {"a": first, "b": second, "twins.seed": str(twins.seed), "twins.patient": str(twins.patient)}
    return parts | ({"twins.day": f"{day:.10g}"} if day > twins.first_day else {})


def restore_twins(twins: TwinView, parts: Mapping[str, str], choices: Sequence[Source]) -> None:
    """Bring the twins back; raise `UserError` where the address names none."""
    if "a" not in parts or "b" not in parts:
        return
    seed, patient = (natural(parts.get(f"twins.{name}", "0"), name) for name in ("seed", "patient"))
    day = _day(parts.get("twins.day", ""))
    twins.open(referred(parts["a"], choices), referred(parts["b"], choices), seed, patient)
    while twins.day < day - 1e-9 and not twins.finished:
        twins.step()
    twins.look()


def loaded_query(choices: Choices) -> dict[str, str] | None:
    """Return what brings back scenarios that were loaded; None where they are too long for an address."""
    if not choices.loaded:
        return {}
    packed = packed_text(json.dumps([[source.label, source.text] for source in choices.loaded]))
    return {"loaded": packed} if len(packed) <= LONGEST // 2 else None


def restore_loaded(choices: Choices, parts: Mapping[str, str]) -> None:
    """Add the loaded scenarios of an address to the choices; raise `UserError` for what is none."""
    if "loaded" not in parts:
        return
    damaged, cohort = UserError("what was loaded is damaged"), choices[0].cohort if choices else None
    try:
        pairs = json.loads(unpacked_text(parts["loaded"]))
        texts = [(str(name), str(text)) for name, text in pairs]
    except (ValueError, TypeError, RecursionError):
        raise damaged from None
    choices.add([uploaded(text, name, cohort) for name, text in texts[:MOST_LOADED]])


def asked_query(
    asked: ForecastRequest, choices: Sequence[Source], room: str = "many"
) -> dict[str, str] | None:
    """Return what brings back who is followed; None where a strategy needs a file that no choice has."""
    named = [refer(source, choices) for source in asked.sources]
    parts = {f"{room}.{letter}": name for letter, name in zip("ab", named, strict=False) if name is not None}
    if len(parts) < len(named):
        return None
    for name in _ASKED:
        if (text := getattr(asked, name)) != getattr(ForecastRequest, name):
            parts[f"{room}.{name}"] = text
    return parts | ({f"{room}.posterior": "1"} if asked.posterior else {})


def asked_of(
    parts: Mapping[str, str], choices: Sequence[Source], room: str = "many"
) -> ForecastRequest | None:
    """Return who is followed by an address, as typed; None where it names nobody. Raises `UserError`."""
    sources = tuple(
        referred(parts[f"{room}.{letter}"], choices) for letter in "ab" if f"{room}.{letter}" in parts
    )
    if not sources:
        return None
    typed = {name: parts[f"{room}.{name}"] for name in _ASKED if f"{room}.{name}" in parts}
    if typed.get("kind", ForecastRequest.kind) not in KINDS:
        raise UserError(f"there is nobody {typed['kind'][:40]!r} to follow", expected=" or ".join(KINDS))
    return ForecastRequest(sources, posterior=parts.get(f"{room}.posterior") == "1", **typed)


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

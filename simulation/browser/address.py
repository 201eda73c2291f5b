"""What is on the screen as the query of the page's address: reloading the page, or opening a bookmark, brings it back.

Scenarios are named by the labels of the choices, so that an address opens no file that could not be chosen.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

from simulation.browser.catalogue import Source
from simulation.browser.form import FORM_KEYS
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


def patient_query(session: PatientSession, choices: Sequence[Source], day: float) -> dict[str, str] | None:
    """Return what brings a patient back as he is on a day; None where his scenario is none of the choices."""
    if session.source not in choices:
        return None
    form, base = session.form, session.file_form
    parts = {"scenario": session.source.label, "seed": form["seed"], "patient": form["patient"]}
    parts |= {
        f"{_CHANGE}{name}": form[name] for name in FORM_KEYS if name not in parts and form[name] != base[name]
    }
    if session.scenario.orders != session.base.orders:
        orders = [order.model_dump(by_alias=True) for order in session.scenario.orders]
        parts["orders"] = json.dumps(orders, separators=(",", ":"))
    return parts | ({"day": f"{day:.10g}"} if session.begun else {})


def restore_patient(session: PatientSession, parts: Mapping[str, str], choices: Sequence[Source]) -> None:
    """Bring a patient back; raise `UserError`, and leave the session as it was made, where the address names none."""
    if "scenario" not in parts:
        return
    seed, patient = (natural(parts.get(name, "0"), name) for name in ("seed", "patient"))
    changes = {name.removeprefix(_CHANGE): text for name, text in parts.items() if name.startswith(_CHANGE)}
    source, day = _source(parts["scenario"], choices), _day(parts.get("day", ""))
    session.restore(source, seed, patient, changes, _orders(parts.get("orders", "[]")), day)


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
    twins.shots = twins.look()


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


def _orders(text: str) -> list[object]:
    try:
        orders = json.loads(text)
    except (ValueError, RecursionError):
        orders = None
    if not isinstance(orders, list):
        raise UserError("the orders are damaged")
    return orders

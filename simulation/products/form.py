"""The fields by which a person changes what is given: how each reads from a scenario, and what it writes into it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = [
    "AS_WRITTEN",
    "OFF",
    "ON",
    "Form",
    "FormField",
    "ManualAct",
    "as_day",
    "as_number",
    "as_whole",
    "block_changes",
    "switch",
    "with_unit",
]

type Form = Mapping[str, str]

ON: Final = "on"
OFF: Final = "off"
AS_WRITTEN: Final = "as in the file"  # of what the form cannot say


@dataclass(frozen=True)
class FormField:
    """Describe one field: `values` are its choices, or the stops of its slider; `key` is the scenario's.

    `read` gives its text from a scenario, `write` what `--set` says for a text; without them the room that uses the field does.
    """

    name: str
    label: str
    key: str
    kind: Literal["text", "choice", "switch", "slider"] = "text"
    unit: str = ""
    values: tuple[str, ...] = ()
    words: Mapping[str, str] | None = None  # how a choice reads
    needs: Callable[[Form], bool] | None = None  # shown only while this holds
    plan: bool = False  # of the treatment plan: needs no restart before treatment begins
    hint: str = ""
    read: Callable[[Any], str] | None = None
    write: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class ManualAct:
    """Describe giving a product by hand now: one dose, and the words of the buttons; `stop` is empty where there is none."""

    label: str
    suffix: str
    unit: str
    usual: str
    key: str  # of the order
    give: str
    stop: str = ""


def switch(name: str, label: str) -> FormField:
    """Return the field that says whether a product is planned."""

    def read(scenario: Any) -> str:
        return OFF if getattr(scenario, name) is None else ON

    return FormField(name, label, name, "switch", plan=True, read=read)


def block_changes(
    name: str, fields: tuple[FormField, ...], form: Form, base: Form, scenario: Any, treated: bool
) -> dict[str, object]:
    """Return what to change of a product's block: none, the whole where the file has none, else what differs."""
    there = getattr(scenario, name) is not None
    if form[name] == OFF or not treated:
        return {name: None} if there else {}
    parts = [(field, field.write) for field in fields if field.write is not None]
    if not there:
        return {name: {field.key.removeprefix(f"{name}."): write(form[field.name]) for field, write in parts}}
    return {
        field.key: write(form[field.name]) for field, write in parts if form[field.name] != base[field.name]
    }


def with_unit(unit: str) -> Callable[[str], str]:
    """Return what adds the field's own unit to a bare number; what has another unit, or is no quantity, stays."""
    return lambda text: f"{text.strip()} {unit}" if _is_number(text) else text.strip() or "nothing"


def as_day(text: str) -> str:
    """Return a day as a file says it."""
    return f"day {text.strip().removeprefix('day').strip()}"


def as_number(text: str) -> object:
    """Return a number where the text is one."""
    return float(text) if _is_number(text) else text


def as_whole(text: str) -> object:
    """Return a whole number where the text is one."""
    return int(text) if text.strip().isdecimal() else text


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False

"""Outcomes of a run as numbers: those of the table (simulation/clinic/outcomes), and what a sweep file derives from them.

Every outcome that is analysed is a number: a share counts as 0 or 1, a day stays a day, and what did not happen, or who is
not in a share's denominator, is missing (NaN).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from simulation.blocks.fields import show
from simulation.clinic.outcomes import EVERYONE, OUTCOMES, of_patient, selected
from simulation.errors import UserError, nearest_name
from simulation.units import QuantityError, parse_quantity
from simulation.yaml_source import Node, plain

if TYPE_CHECKING:
    import numpy as np

__all__ = ["NumericOutcome", "find_outcome", "numeric", "outcome_value", "read_outcomes"]

type Rule = Literal["value", "happened", "at_least", "by", "is", "minus", "at", "max", "min", "mean"]


@dataclass(frozen=True, slots=True)
class NumericOutcome:
    """Describe an outcome as a number: `rule` is applied to the outcome `of`, or to the trajectory's column `of`.

    `share` tells that it is 0 or 1 for each patient, so that its mean is a share; `of_whom` names who counts in it.
    """

    name: str
    of: str
    rule: Rule = "value"
    argument: float | str = 0.0
    label: str = ""
    unit: str = ""
    share: bool = False
    less_is_better: bool = True
    trajectory: bool = False
    of_whom: str = EVERYONE

    @property
    def title(self) -> str:
        """Return the label with its unit, for an axis."""
        label = self.label or self.name.replace("_", " ")
        return f"{label} ({self.unit})" if self.unit else label


def numeric(name: str) -> NumericOutcome:
    """Return an outcome of the table as a number; raise `KeyError` for a word or an unknown name."""
    declared = OUTCOMES[name]
    if declared.kind == "word":
        raise KeyError(name)
    return NumericOutcome(
        name, name, label=declared.label, unit=declared.shown_unit, share=declared.kind in ("flag", "share"),
        less_is_better=declared.better != "more", of_whom=declared.of_whom,
    )  # fmt: skip


_RULES: Final = ("happened", "at_least", "by", "is", "minus")
_KEYS: Final = ("of", "column", "label", "unit", "better", *_RULES, "of_whom", "at", "take")


def _words() -> tuple[str, ...]:
    return tuple(name for name, one in OUTCOMES.items() if one.kind == "word")


def _stored() -> tuple[str, ...]:
    return tuple(name for name, one in OUTCOMES.items() if one.stored)


def find_outcome(name: str, known: Sequence[NumericOutcome] = ()) -> NumericOutcome:
    """Return an outcome by name; raise `UserError` naming the nearest."""
    for outcome in known:
        if outcome.name == name:
            return outcome
    if name in _words():
        raise UserError(
            f"{name!r} is a word, not a number; ask for a share: {{of: {name}, is: ...}}", key="outcomes"
        )
    if name in OUTCOMES:
        return numeric(name)
    near = nearest_name(name, [*(outcome.name for outcome in known), *OUTCOMES])
    raise UserError(f"there is no outcome {name!r}", key="outcomes", nearest=near)


def read_outcomes(node: Node) -> tuple[NumericOutcome, ...]:
    """Return the outcomes of a sweep file: names, or `{name: {of: ..., at_least: ...}}`."""
    if not isinstance(node.value, list):
        raise node.error("got something else", key="outcomes", expected="a list of outcomes")
    outcomes: list[NumericOutcome] = []
    for item in node.value:
        if isinstance(item.value, dict):
            if not item.value:
                raise item.error(
                    "got an empty block", key="outcomes", expected="a name, or {name: {of: ...}}"
                )
            for name, spec in item.value.items():
                outcomes.append(_derived(name, spec))
        else:
            try:
                outcomes.append(find_outcome(str(item.value)))
            except UserError as error:
                raise item.error(error.message, key="outcomes", nearest=error.nearest) from None
        if [outcome.name for outcome in outcomes].count(outcomes[-1].name) > 1:
            raise item.error(f"the outcome {outcomes[-1].name!r} is listed twice", key="outcomes")
    if not outcomes:
        raise node.error("got none", key="outcomes", expected="at least one outcome")
    return tuple(outcomes)


def outcome_value(
    outcome: NumericOutcome, row: Mapping[str, Any], columns: "Mapping[str, np.ndarray] | None" = None
) -> float:
    """Return the outcome of one run as a float, NaN where it is not defined; `row` holds the raw outcomes."""
    if outcome.trajectory:
        return _of_trajectory(outcome, columns) if columns is not None else math.nan
    if outcome.of_whom != EVERYONE and not of_patient(outcome.of_whom, row):
        return math.nan
    value = of_patient(outcome.of, row)
    if outcome.rule == "happened":
        return 0.0 if value is None else 1.0
    if outcome.rule == "is":
        return float(value == outcome.argument)
    if outcome.rule == "by":
        return 0.0 if value is None else float(float(value) <= float(outcome.argument))
    if value is None:
        return math.nan
    if outcome.rule == "at_least":
        return float(float(value) >= float(outcome.argument))
    if outcome.rule == "minus":
        other = of_patient(str(outcome.argument), row)
        return math.nan if other is None else float(value) - float(other)
    return float(value)


def _of_trajectory(outcome: NumericOutcome, columns: "Mapping[str, np.ndarray]") -> float:
    import numpy as np

    days, values = np.asarray(columns["day"], float), np.asarray(columns[outcome.of], float)
    if outcome.rule == "at":
        index = int(np.searchsorted(days, float(outcome.argument), side="right")) - 1
        return float(values[index]) if index >= 0 and days[-1] >= float(outcome.argument) - 1e-6 else math.nan
    finite = values[np.isfinite(values)]
    return float(getattr(np, outcome.rule)(finite)) if finite.size else math.nan


def _derived(name: str, node: Node) -> NumericOutcome:
    key = f"outcomes.{name}"
    if not isinstance(node.value, dict):
        raise node.error(
            "got something else", key=key, expected="a block such as {of: agvhd_grade, at_least: 3}"
        )
    if not name.isidentifier() or name in OUTCOMES:
        raise node.error(f"{name!r} cannot be the name of a derived outcome", key="outcomes", at_key=True)
    spec = node.value
    for word, child in spec.items():
        if word not in _KEYS:
            near = nearest_name(word, _KEYS)
            raise child.error("there is no such key", key=f"{key}.{word}", nearest=near, at_key=True)
    label = str(spec["label"].value) if "label" in spec else ""
    unit = str(spec["unit"].value) if "unit" in spec else ""
    less = _less_is_better(spec, key)
    if "column" in spec:
        return _trajectory(name, spec, key, (label, unit, less))
    if "of" not in spec:
        raise node.error("the key 'of' or 'column' is missing", key=key, at_key=True)
    of = str(spec["of"].value)
    if of not in _stored():
        raise spec["of"].error(
            f"there is no outcome {of!r}", key=f"{key}.of", nearest=nearest_name(of, _stored())
        )
    rules = [word for word in _RULES if word in spec]
    if len(rules) != 1:
        raise node.error("exactly one of happened, at_least, by, is, minus is needed", key=key, at_key=True)
    outcome = _by_rule(name, of, rules[0], spec[rules[0]], key, (label, unit, less))
    return outcome if "of_whom" not in spec else replace(outcome, of_whom=_whom(spec["of_whom"], key))


def _whom(node: Node, key: str) -> str:
    name = str(node.value)
    shares = [one.name for one in selected("flag", "share")]
    if name not in shares:
        raise node.error(
            f"there is no share of patients {name!r}",
            key=f"{key}.of_whom",
            nearest=nearest_name(name, shares),
        )
    return name


def _by_rule(
    name: str, of: str, rule: str, node: Node, key: str, words: tuple[str, str, bool]
) -> NumericOutcome:
    label, unit, less = words
    value = plain(node)
    share = rule != "minus"
    if rule == "happened":
        if value is not True:
            raise node.error(f"got {show(value)}", key=f"{key}.happened", expected="true")
        return NumericOutcome(name, of, "happened", 0.0, label, unit or "share of patients", True, less)
    if rule == "by":
        return NumericOutcome(
            name, of, "by", _day(node, f"{key}.by"), label, unit or "share of patients", True, less
        )
    if rule == "minus":
        numbers = [name for name in _stored() if name not in _words()]
        if value not in numbers:
            raise node.error(
                f"there is no outcome {show(value)}",
                key=f"{key}.minus",
                nearest=nearest_name(str(value), numbers),
            )
        return NumericOutcome(name, of, "minus", str(value), label, unit or "days", False, less)
    if rule == "is":
        return NumericOutcome(name, of, "is", value if isinstance(value, str) else float(value), label,
                       unit or "share of patients", share, less)  # fmt: skip
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise node.error(f"got {show(value)}", key=f"{key}.at_least", expected="a number")
    return NumericOutcome(name, of, "at_least", float(value), label, unit or "share of patients", share, less)


def _trajectory(
    name: str, spec: Mapping[str, Node], key: str, words: tuple[str, str, bool]
) -> NumericOutcome:
    from simulation.life.trajectory import COLUMNS

    column = str(spec["column"].value)
    if column not in COLUMNS:
        near = nearest_name(column, COLUMNS)
        raise spec["column"].error(
            f"the trajectory has no column {column!r}", key=f"{key}.column", nearest=near
        )
    label, unit, less = words
    if "at" in spec:
        return NumericOutcome(
            name, column, "at", _day(spec["at"], f"{key}.at"), label, unit, False, less, True
        )
    how = spec["take"].value if "take" in spec else None
    if how not in ("max", "min", "mean"):
        raise spec["column"].error("write at: day 100, or take: max, min or mean", key=key)
    return NumericOutcome(name, column, how, 0.0, label, unit, False, less, True)  # type: ignore[arg-type]


def _less_is_better(spec: Mapping[str, Node], key: str) -> bool:
    if "better" not in spec:
        return True
    word = spec["better"].value
    if word not in ("less", "more"):
        raise spec["better"].error(f"got {word!r}", key=f"{key}.better", expected="less or more")
    return word == "less"


def _day(node: Node, key: str) -> float:
    try:
        return parse_quantity(plain(node), "day")
    except QuantityError as error:
        raise node.error(error.message, key=key, expected=error.expected, nearest=error.nearest) from None

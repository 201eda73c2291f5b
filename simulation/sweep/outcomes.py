"""Outcomes of a run as numbers: what a patient's course ended with, and what is derived from it.

Every outcome that is analysed is a number: a share counts as 0 or 1, a day stays a day, and what did not happen is
missing (NaN) unless the outcome says otherwise.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from simulation.clinic.outcomes import OUTCOME_KEYS
from simulation.errors import UserError, nearest_name
from simulation.units import QuantityError, parse_quantity
from simulation.yaml_source import Node, plain

if TYPE_CHECKING:
    import numpy as np

__all__ = ["BUILT_IN", "RAW", "TEXT", "Outcome", "find_outcome", "outcome_value", "read_outcomes"]

type Rule = Literal[
    "value", "happened", "at_least", "by", "is", "minus", "true", "false", "at", "max", "min", "mean"
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Describe an outcome: `rule` is applied to the raw outcome `of`, or to the trajectory's column `of`.

    `share` tells that it is 0 or 1 for each patient, so that its mean is a share of patients.
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

    @property
    def title(self) -> str:
        """Return the label with its unit, for an axis."""
        label = self.label or self.name.replace("_", " ")
        return f"{label} ({self.unit})" if self.unit else label

    def to_json(self) -> str:
        """Return the outcome as text from which it can be rebuilt."""
        return json.dumps(asdict(self))


EXTRA: Final = ("leukaemia_free_days", "in_remission_at_end")  # what the runner of trials adds
TEXT: Final = ("relapse_cd19", "relapse_hla", "death_cause", "cause_of_failure")
FLAGS: Final = ("extinct", "relapse_free_censored", "grfs_censored", "in_remission_at_end")
RAW: Final = (*OUTCOME_KEYS, *EXTRA)
_BETTER_MORE: Final = frozenset({
    "relapse_free_days", "grfs_days", "leukaemia_free_days", "in_remission_at_end", "relapse_free_censored",
    "grfs_censored", "final_cd3_per_ul", "days_simulated", "extinct",
})  # fmt: skip
_UNITS: Final = {"blinatumomab_ug": "µg", "dli_cells_per_kg": "CD3+/kg", "final_cd3_per_ul": "/µL"}
_LABELS: Final = {
    "relapse_free_days": "Relapse-free survival",
    "leukaemia_free_days": "Days alive without overt leukaemia",
    "grfs_days": "GvHD-free, relapse-free survival",
    "agvhd_grade": "Worst grade of aGvHD",
    "crs_grade": "Worst grade of CRS",
    "blinatumomab_days": "Time on blinatumomab",
    "blinatumomab_ug": "Blinatumomab given",
    "dli_cells_per_kg": "DLI given",
    "final_blasts": "Blasts at the end",
}


def _raw(name: str) -> Outcome:
    days = name.endswith(("_day", "_days")) or name == "days_simulated"
    return Outcome(
        name, name, "true" if name in FLAGS else "value", label=_LABELS.get(name, ""),
        unit="days" if days else _UNITS.get(name, ""), share=name in FLAGS, less_is_better=name not in _BETTER_MORE,
    )  # fmt: skip


def _share(
    name: str, of: str, rule: Rule, argument: float | str, label: str, *, less_is_better: bool = True
) -> Outcome:
    return Outcome(name, of, rule, argument, label, "share of patients", True, less_is_better)


BUILT_IN: Final[Mapping[str, Outcome]] = {
    outcome.name: outcome
    for outcome in (
        *(_raw(name) for name in RAW if name not in TEXT),
        _share("relapsed", "relapse_day", "happened", 0.0, "Overt relapse"),
        _share("relapsed_again", "second_relapse_day", "happened", 0.0, "Second relapse"),
        _share(
            "relapse_free",
            "relapse_free_censored",
            "true",
            0.0,
            "Relapse-free to the end",
            less_is_better=False,
        ),
        _share(
            "grfs",
            "grfs_censored",
            "true",
            0.0,
            "GvHD-free and relapse-free to the end",
            less_is_better=False,
        ),
        _share("treated", "treatment_start_day", "happened", 0.0, "Treated"),
        _share(
            "remission", "complete_remission_day", "happened", 0.0, "Complete remission", less_is_better=False
        ),
        _share("mrd_negative", "mrd_negative_day", "happened", 0.0, "MRD-negative", less_is_better=False),
        _share("agvhd_2_4", "agvhd_grade", "at_least", 2.0, "aGvHD of grade II-IV"),
        _share("agvhd_3_4", "agvhd_grade", "at_least", 3.0, "aGvHD of grade III-IV"),
        _share("crs_3_4", "crs_grade", "at_least", 3.0, "CRS of grade 3 or more"),
        _share("died", "death_day", "happened", 0.0, "Non-relapse death"),
        _share("cd19_negative_relapse", "relapse_cd19", "is", "negative", "CD19-negative relapse"),
    )
}
_KEYS: Final = (
    "of",
    "column",
    "label",
    "unit",
    "better",
    *("happened", "at_least", "by", "is", "minus"),
    "at",
    "take",
)


def find_outcome(name: str, known: Sequence[Outcome] = ()) -> Outcome:
    """Return an outcome by name; raise `UserError` naming the nearest."""
    for outcome in known:
        if outcome.name == name:
            return outcome
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name in TEXT:
        raise UserError(
            f"{name!r} is a word, not a number; ask for a share: {{of: {name}, is: ...}}", key="outcomes"
        )
    names = [*(outcome.name for outcome in known), *BUILT_IN]
    near = nearest_name(name, names)
    raise UserError(f"there is no outcome {name!r}", key="outcomes", nearest=near)


def read_outcomes(node: Node) -> tuple[Outcome, ...]:
    """Return the outcomes of a sweep file: names, or `{name: {of: ..., at_least: ...}}`."""
    if not isinstance(node.value, list):
        raise node.error("got something else", key="outcomes", expected="a list of outcomes")
    found: list[Outcome] = []
    for item in node.value:
        if isinstance(item.value, dict):
            for name, spec in item.value.items():
                found.append(_derived(name, spec))
        else:
            try:
                found.append(find_outcome(str(item.value)))
            except UserError as error:
                raise item.error(error.message, key="outcomes", nearest=error.nearest) from None
        if [outcome.name for outcome in found].count(found[-1].name) > 1:
            raise item.error(f"the outcome {found[-1].name!r} is listed twice", key="outcomes")
    if not found:
        raise node.error("got none", key="outcomes", expected="at least one outcome")
    return tuple(found)


def outcome_value(
    outcome: Outcome, row: Mapping[str, Any], columns: "Mapping[str, np.ndarray] | None" = None
) -> float:
    """Return the outcome of one run as a float, NaN where it is not defined; `row` holds the raw outcomes."""
    if outcome.trajectory:
        return _of_trajectory(outcome, columns) if columns is not None else math.nan
    value = row.get(outcome.of)
    if outcome.rule == "happened":
        return 0.0 if value is None else 1.0
    if outcome.rule in ("true", "false"):
        return math.nan if value is None else float(bool(value) is (outcome.rule == "true"))
    if outcome.rule == "is":
        return float(value == outcome.argument)
    if outcome.rule == "by":
        return 0.0 if value is None else float(float(value) <= float(outcome.argument))
    if value is None:
        return math.nan
    if outcome.rule == "at_least":
        return float(float(value) >= float(outcome.argument))
    if outcome.rule == "minus":
        other = row.get(str(outcome.argument))
        return math.nan if other is None else float(value) - float(other)
    return float(value)


def _of_trajectory(outcome: Outcome, columns: "Mapping[str, np.ndarray]") -> float:
    import numpy as np

    days, values = np.asarray(columns["day"], float), np.asarray(columns[outcome.of], float)
    if outcome.rule == "at":
        index = int(np.searchsorted(days, float(outcome.argument), side="right")) - 1
        return float(values[index]) if index >= 0 and days[-1] >= float(outcome.argument) - 1e-6 else math.nan
    finite = values[np.isfinite(values)]
    return float(getattr(np, outcome.rule)(finite)) if finite.size else math.nan


def _derived(name: str, node: Node) -> Outcome:
    key = f"outcomes.{name}"
    if not isinstance(node.value, dict):
        raise node.error(
            "got something else", key=key, expected="a block such as {of: agvhd_grade, at_least: 3}"
        )
    if not name.isidentifier() or name in RAW:
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
    if of not in RAW:
        raise spec["of"].error(f"there is no outcome {of!r}", key=f"{key}.of", nearest=nearest_name(of, RAW))
    rules = [word for word in ("happened", "at_least", "by", "is", "minus") if word in spec]
    if len(rules) != 1:
        raise node.error("exactly one of happened, at_least, by, is, minus is needed", key=key, at_key=True)
    return _of_raw(name, of, rules[0], spec[rules[0]], key, (label, unit, less))


def _of_raw(name: str, of: str, rule: str, node: Node, key: str, words: tuple[str, str, bool]) -> Outcome:
    label, unit, less = words
    value = plain(node)
    share = rule != "minus"
    if rule == "happened":
        if value is not True:
            raise node.error(f"got {value!r}", key=f"{key}.happened", expected="true")
        return Outcome(name, of, "happened", 0.0, label, unit or "share of patients", True, less)
    if rule == "by":
        return Outcome(
            name, of, "by", _day(node, f"{key}.by"), label, unit or "share of patients", True, less
        )
    if rule == "minus":
        if value not in RAW or value in TEXT:
            raise node.error(
                f"there is no outcome {value!r}", key=f"{key}.minus", nearest=nearest_name(str(value), RAW)
            )
        return Outcome(name, of, "minus", str(value), label, unit or "days", False, less)
    if rule == "is":
        return Outcome(name, of, "is", value if isinstance(value, str) else float(value), label,
                       unit or "share of patients", share, less)  # fmt: skip
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise node.error(f"got {value!r}", key=f"{key}.at_least", expected="a number")
    return Outcome(name, of, "at_least", float(value), label, unit or "share of patients", share, less)


def _trajectory(name: str, spec: Mapping[str, Node], key: str, words: tuple[str, str, bool]) -> Outcome:
    from simulation.course import TRAJECTORY_COLUMNS

    column = str(spec["column"].value)
    if column not in TRAJECTORY_COLUMNS:
        near = nearest_name(column, TRAJECTORY_COLUMNS)
        raise spec["column"].error(
            f"the trajectory has no column {column!r}", key=f"{key}.column", nearest=near
        )
    label, unit, less = words
    if "at" in spec:
        return Outcome(name, column, "at", _day(spec["at"], f"{key}.at"), label, unit, False, less, True)
    how = spec["take"].value if "take" in spec else None
    if how not in ("max", "min", "mean"):
        raise spec["column"].error("write at: day 100, or take: max, min or mean", key=key)
    return Outcome(name, column, how, 0.0, label, unit, False, less, True)  # type: ignore[arg-type]


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

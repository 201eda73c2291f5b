"""What a person has done to a patient, one act after the other: each is undone by taking the branch up where it stood before."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulation.errors import UserError

if TYPE_CHECKING:
    from simulation.browser.played_life import PlayedLife
    from simulation.scenario.orders import Order

__all__ = ["MOST_ACTS", "Act", "Past", "read_act"]

MOST_ACTS = 200  # of one patient


@dataclass(frozen=True)
class Act:
    """Hold one act on a day: an order, or a field of the plan with its new value.

    `left` is the day until which the branch that was left had been simulated, where that was a later one; else None.
    """

    day: float
    order: "Order | None" = None
    field: str = ""
    value: str = ""
    left: float | None = None

    def written(self) -> dict[str, Any]:
        """Return the act as plain data, which `read_act` reads."""
        what = (
            {key: value for key, value in self.order.model_dump(by_alias=True).items() if key != "day"}
            if self.order is not None
            else {"plan": self.field, "value": self.value}
        )
        return {"day": self.day, **what, **({} if self.left is None else {"left": self.left})}


@dataclass
class Past:
    """Hold where an act began: the branch that was left, and the form as it was."""

    act: Act
    played: "PlayedLife"
    form: Mapping[str, str]


def read_act(written: object) -> tuple[float, dict[str, object], float | None]:
    """Return (day, what is done, until when the branch that was left had come) of an act as `Act.written` gives it.

    What is done is an order without its day, or `plan` and `value`; whether it can be done is for the patient to say. Raises
    `UserError`.
    """
    if not isinstance(written, Mapping):
        raise UserError("this is none", expected="an act such as {day: 62, test: marrow}")
    what = dict(written)
    day, left = _number(what.pop("day", None), "day"), what.pop("left", None)
    if not what:
        raise UserError("it says nothing to do", expected="an act such as {day: 62, test: marrow}")
    if "plan" in what and (
        set(what) != {"plan", "value"} or not all(isinstance(x, str) for x in what.values())
    ):
        raise UserError("a change of the plan has exactly the keys day, plan and value, the latter two text")
    return day, what, None if left is None else _number(left, "left")


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e6:
        raise UserError(f"got {str(value)[:40]!r}", key=name, expected="a day as a number, such as 62.25")
    return float(value)

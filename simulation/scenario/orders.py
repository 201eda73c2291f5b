"""What is done by hand on a day, besides the plan: a donor lymphocyte infusion, the pump, a marrow test."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from simulation.scenario.fields import Bool, CellsPerKg, Day, Interval, Problem, Quantity
from simulation.scenario.treatments import Block, DoseRate

__all__ = ["Order", "order_problems"]


class Order(Block):
    """Do one thing on one day; it has exactly one of `give`, `stop` and `test`. Absent parts are None."""

    day: Day = Field(description="The day on which it is done, before that day's step.")
    give: Literal["dli", "blinatumomab"] | None = Field(
        None, description="Infuse donor lymphocytes (`cd3`), or start the pump (`dose`, `for`)."
    )
    stop: Literal["blinatumomab", "dli"] | None = Field(
        None,
        description="End it, with all cycles or infusions still planned; a later order may give it again.",
    )
    test: Literal["marrow"] | None = Field(None, description="Aspirate the marrow for every marrow test.")
    cd3: CellsPerKg | None = Field(None, description="CD3+ cells per kg of this infusion.")
    treg_per_tcon: Annotated[float, Quantity("dimensionless", 0, 10)] | None = Field(
        None, description="Donor Treg infused with each Tcon; none unless written."
    )
    memory_enriched: Bool | None = Field(None, description="Naive cells depleted; not unless written.")
    dose: DoseRate | None = Field(None, description="Blinatumomab from this day on.")
    duration: Interval | None = Field(
        None, alias="for", description="How long the pump runs; until an order stops it unless written."
    )

    @model_serializer(mode="wrap")
    def _only_what_is_said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if value is not None}


_ACTS: Final = ("give", "stop", "test")
_DETAILS: Final = {
    "dli": (("cd3",), ("treg_per_tcon", "memory_enriched")),
    "blinatumomab": (("dose",), ("for",)),
    None: ((), ()),
}


def order_problems(order: Order) -> Iterator[Problem]:
    """Yield what is missing in an order, or too much; paths are below the order."""
    acts = [act for act in _ACTS if getattr(order, act) is not None]
    if len(acts) != 1:
        told = f"got {' and '.join(acts)}" if acts else "it says nothing to do"
        yield Problem(told, (), "one of give, stop and test in each order")
        return
    needed, allowed = _DETAILS[order.give]
    written = {
        "cd3": order.cd3, "treg_per_tcon": order.treg_per_tcon, "memory_enriched": order.memory_enriched,
        "dose": order.dose, "for": order.duration,
    }  # fmt: skip
    for key in needed:
        if written[key] is None:
            yield Problem(f"this key is missing; give: {order.give} needs it", (key,), at_key=True)
    for key, value in written.items():
        if value is not None and key not in (*needed, *allowed):
            what = f"{acts[0]}: {getattr(order, acts[0])}"
            yield Problem(f"it means nothing with {what}", (key,), at_key=True)

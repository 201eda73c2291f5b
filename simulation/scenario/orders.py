"""What is done by hand on a day, besides the plan: something given, something stopped, a marrow test."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, SerializerFunctionWrapHandler, create_model, model_serializer

from simulation.blocks.fields import Block, Day, Problem, Word
from simulation.products.registry import BY_HAND, joined, product

__all__ = ["Order", "order_problems"]

_ACTS: Final = ("give", "stop", "test")
_DETAILS: Final = joined(lambda one: one.order_fields)
_Product = Annotated[str, Word(BY_HAND)]


class _Order(Block):
    """Do one thing on one day; it has exactly one of `give`, `stop` and `test`. Absent parts are None."""

    day: Day = Field(
        description="The day on which it is done: at the start of the first step on or after it, before what is planned "
        "for then; from the first to the last step of the simulation."
    )
    give: _Product | None = Field(None, description="Give it, as the other keys say.")
    stop: _Product | None = Field(
        None,
        description="End it, with all cycles or infusions still planned, also of courses to come: a stop before treatment is "
        "triggered holds, too. A later order may give it again.",
    )
    test: Literal["marrow"] | None = Field(None, description="Aspirate the marrow for every marrow test.")

    @model_serializer(mode="wrap")
    def _only_what_is_given(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in write(self).items() if value is not None}


if TYPE_CHECKING:

    class Order(_Order):
        """Have the details of every product, too."""

        def __getattr__(self, name: str) -> Any: ...

else:
    Order = create_model("Order", __base__=_Order, __doc__=_Order.__doc__, **_DETAILS)


def order_problems(order: Order) -> Iterator[Problem]:
    """Yield what is missing in an order, or too much; paths are below the order."""
    acts = [act for act in _ACTS if getattr(order, act) is not None]
    if len(acts) != 1:
        message = f"got {' and '.join(acts)}" if acts else "it says nothing to do"
        yield Problem(message, (), "one of give, stop and test in each order")
        return
    given = product(order.give) if order.give is not None else None
    allowed = {} if given is None else given.order_fields
    for name, (_, field) in _DETAILS.items():
        key, value = field.alias or name, getattr(order, name)
        if value is None and given is not None and name in given.order_needs:
            yield Problem(f"this key is missing; give: {order.give} needs it", (key,), at_key=True)
        if value is not None and name not in allowed:
            what = f"{acts[0]}: {getattr(order, acts[0])}"
            yield Problem(f"it means nothing with {what}", (key,), at_key=True)

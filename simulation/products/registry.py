"""The products of the program: every `PRODUCT` of a module of this package, in the order in which they are given."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Final

from simulation import products as package
from simulation.clinic.events import Event
from simulation.clinic.stop_rules import NegativeRelapseRule
from simulation.products.product import OTHER_DRUGS, Product
from simulation.products.received import ReceivedTreatment

__all__ = ["BY_HAND", "ENGAGERS", "PRODUCTS", "STOP_RULES", "TITLES", "joined", "product", "received"]


def _discovered() -> tuple[Product, ...]:
    modules = [
        import_module(f"{package.__name__}.{entry.name}")
        for entry in iter_modules(package.__path__)
        if entry.name != "registry"
    ]
    products = [module.PRODUCT for module in modules if hasattr(module, "PRODUCT")]
    return tuple(sorted(products, key=lambda one: (one.rank, one.name)))


PRODUCTS: Final = _discovered()
BY_HAND: Final = tuple(one.name for one in PRODUCTS if one.order_fields)  # what an order may give and stop
STOP_RULES: Final = tuple(  # rules on grades first, then those on antigens
    sorted(
        ((one, rule) for one in PRODUCTS for rule in one.stop_rules),
        key=lambda pair: (isinstance(pair[1], NegativeRelapseRule), pair[1].key),
    )
)
TITLES: Final = tuple(  # of the paragraphs of reports; what has none of its own comes last
    dict.fromkeys(one.title for one in sorted(PRODUCTS, key=lambda one: one.title == OTHER_DRUGS))
)
ENGAGERS: Final = tuple(one.engager for one in PRODUCTS if one.engager is not None)
_BY_NAME: Final = {one.name: one for one in PRODUCTS}


def product(name: str) -> Product:
    """Return a product by its name; raise KeyError where there is none."""
    return _BY_NAME[name]


def joined(fields: Callable[[Product], Mapping[str, Any]]) -> dict[str, Any]:
    """Return the fields that all products add to a block, in the order of the products."""
    return {name: field for one in PRODUCTS for name, field in fields(one).items()}


def received(events: Sequence[Event], end: float) -> list[ReceivedTreatment]:
    """Return what a patient followed until day `end` received of all products, in their order."""
    return [row for one in PRODUCTS for row in one.received(events, end)]

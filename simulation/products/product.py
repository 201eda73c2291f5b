"""What a product is: its declaration, one patient's supply of it, its part in a course of treatment, and its effects.

A `Product` is the same for all patients. It says what a scenario may write of it, what contradicts, when it is stopped, and how
it is told and drawn. `Giver` gives it to one patient, whoever asks: the plan, an order by hand, a rule at the bedside.
`Plan` is what one course of treatment holds of it. An effect is what it does to the body.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from simulation.blocks.fields import FrozenMap, Problem
from simulation.clinic.stop_rules import Stop, StopRule
from simulation.number_words import days_text, join

if TYPE_CHECKING:
    from simulation.biology.engagers import Engager
    from simulation.biology.state import State, Values
    from simulation.clinic.assays import Examination, Result
    from simulation.clinic.events import Event, EventLog
    from simulation.clinic.ports import Patient
    from simulation.clinic.triggers import Trigger
    from simulation.products.form import Form, FormField, ManualAct
    from simulation.products.received import Kind, ReceivedTreatment
    from simulation.yaml_source import Node

__all__ = [
    "OTHER_DRUGS",
    "Draws",
    "Giver",
    "Plan",
    "Product",
    "Receiver",
    "days_text",
    "join",
]

OTHER_DRUGS: Final = "Other drugs"  # the topic in reports of all that has none of its own


class Draws(Protocol):
    """Give exact keyed draws."""

    def binomial(self, stream: str, n: int, p: float, *ids: int) -> int:
        """Return how many of `n` have an outcome of probability `p`."""
        ...


class Receiver(Protocol):
    """What an effect may use of a body; `simulation.body.Body` is the implementation."""

    @property
    def state(self) -> "State":
        """Return the state that processes read and change."""
        ...

    @property
    def values(self) -> "Values":
        """Return the patient's parameters, canonical units."""
        ...

    @property
    def draw(self) -> Draws:
        """Return the patient's keyed draws."""
        ...

    def origin(self, infusion: int) -> int:
        """Return the origin that cells of an infusion bear; infusions count from 1."""
        ...

    def infuse(self, code: int, cells: int) -> None:
        """Put cells of one kind into the blood."""
        ...

    def infuse_tcon(
        self, cells: int, infusion: int, alloreactive_factor: float = 1.0, stage: int = 0
    ) -> None:
        """Put donor Tcon of an infusion, by its number, into the blood; an exact draw says how many are alloreactive."""
        ...


class Plan(ABC):
    """Hold what one course of treatment gives of one product."""

    @property
    @abstractmethod
    def over(self) -> bool:
        """Return whether nothing of it is still to be given."""

    @abstractmethod
    def act(self, patient: "Patient", events: "EventLog") -> None:
        """Give what has fallen due."""

    def stop(self, patient: "Patient", events: "EventLog", why: str) -> bool:
        """Stop for good; return whether there was anything to stop."""
        return False

    def restaging(self, now: float) -> str:
        """Return why the marrow is looked at now, once; empty where there is no reason."""
        return ""


class Giver:
    """Give one product to one patient, whoever asks for it; copied with the patient."""

    first_given: float | None = None  # day from transplant, also within a step

    def gave(self, day: float) -> None:
        """Note that something was given: nothing at all (no cells, no rate) is no treatment."""
        if self.first_given is None:
            self.first_given = day

    def plan(
        self, scenario: Any, begin: float, day_1: float, patient: "Patient", others: Mapping[str, Plan]
    ) -> Plan | None:
        """Return the part in a course that begins on `begin`, immunotherapy on `day_1` (days from transplant), or None.

        `others` are the parts of products that are given before it.
        """
        return None

    def obey(self, order: Any, patient: "Patient", events: "EventLog") -> None:
        """Give what an order by hand says."""

    def halt(self) -> bool:
        """End what was ordered by hand and still runs; return whether anything did."""
        return False

    def heed(self, stops: Sequence[Stop], patient: "Patient", events: "EventLog") -> None:
        """End what was ordered by hand and still runs, when a rule that ends treatment holds."""

    def watch(self, trigger: "Callable[[Any], Trigger]") -> None:
        """Begin to watch for what changes it besides the plan; `trigger` makes a trigger of a block of the scenario."""

    def see(self, result: "Result") -> None:
        """Take note of a reported result."""

    def suppresses(self, now: float) -> bool:
        """Return whether an immunosuppressant of it is taken now."""
        return False

    def running(self) -> str:
        """Return what runs now, in words; empty where nothing does."""
        return ""

    def act(self, patient: "Patient", examination: "Examination", events: "EventLog") -> None:
        """Give what the calendar or the bedside calls for, after plan and orders."""


class Product(ABC):
    """Declare one product.

    Attributes
    ----------
    name
        The scenario's key, the subject of events, the word of orders.
    word, title
        How it is called within a sentence, and as a heading.
    rank
        Products of a lower rank are given, listed and drawn first.
    fields, order_fields
        What it adds to a scenario and to an order by hand: name -> (annotation, field).
    order_needs
        Keys that an order must have which gives it.
    stop_rules
        Rules that end it, each with its key of the block `stop`.
    target
        The antigen without which it does nothing, by name; none unless said.
    kind, colour
        How figures draw it: see `simulation.products.received.ReceivedTreatment`.
    unit
        That of the levels of what was given of it.
    unit_at_once
        That of what is given of it at once, where it is another, such as an injection beside an infusion.
    triggered
        Whether it is part of the course of treatment that a trigger starts.
    act_now
        How a person at the screen gives it by hand.
    """

    name: str
    word: str
    title: str
    rank: int
    kind: "Kind"
    unit: str
    unit_at_once: str = ""
    engager: "Engager | None" = None  # what biology knows of it, where it is a T-cell engager
    target: str = ""
    colour: str
    fields: Mapping[str, tuple[Any, Any]]
    order_fields: Mapping[str, tuple[Any, Any]] = FrozenMap()
    order_needs: tuple[str, ...] = ()
    stop_rules: tuple[StopRule, ...] = ()
    triggered = True
    act_now: "ManualAct | None" = None

    def spec(self, scenario: Any) -> Any:
        """Return the block that a scenario has of it; None where it is not given."""
        return getattr(scenario, self.name)

    def unwise(self, order: Any, patient: "Patient") -> str:
        """Return why an order by hand that gives it now would do nothing, or harm only; empty where it may be given."""
        return ""

    def lead(self, scenario: Any) -> float:
        """Return the days from the first day of a course to day 1 of immunotherapy that it takes."""
        return 0.0

    def columns(self) -> "Mapping[str, tuple[str, Callable[[State], float]]]":
        """Return the columns of the trajectory that it adds: name -> (meaning, how it is read from the state)."""
        return {}

    @abstractmethod
    def giver(self, scenario: Any) -> Giver:
        """Return what gives it to one patient."""

    def problems(self, scenario: Any) -> Iterator[Problem]:
        """Yield contradictions between keys that are each valid alone."""
        yield from ()

    def starts(self, scenario: Any) -> Mapping[tuple[str | int, ...], Any]:
        """Return the triggers in its blocks, by their paths."""
        return {}

    def settle(self, merged: dict[str, "Node"], over: Mapping[str, "Node"]) -> None:  # noqa: B027
        """Take out of a block `merged` what the keys that a file lays `over` it take the place of."""

    @abstractmethod
    def phrases(self, scenario: Any) -> list[str]:
        """Return what the scenario plans of it, in words for `title`'s paragraph."""

    def order_words(self, order: Any) -> str:
        """Return what an order by hand gives, in words."""
        return self.word

    @abstractmethod
    def received(self, events: "Sequence[Event]", end: float) -> "list[ReceivedTreatment]":
        """Return what a patient followed until day `end` received, one entry per row of a figure."""

    def form(self) -> "tuple[FormField, ...]":
        """Return the fields by which a person at the screen changes it."""
        return ()

    def form_changes(self, form: "Form", base: "Form", scenario: Any, treated: bool) -> dict[str, object]:
        """Return what `--set` must change to come from the file (`scenario`, whose fields are `base`) to the form."""
        return {}

    def form_match(self, form: dict[str, str], changed: str) -> None:  # noqa: B027
        """Keep together what belongs together, after the field `changed` has changed."""

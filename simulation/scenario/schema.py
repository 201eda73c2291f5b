"""What a scenario may say: the attribute names are the YAML keys, the values are in canonical units."""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model, field_validator, model_validator

from simulation.blocks.fields import (
    YEARS_20,
    Block,
    Bool,
    CellsPerKg,
    Custom,
    DayAfterTransplant,
    Fraction,
    Interval,
    Quantity,
    Text,
    Whole,
    problem,
    problems,
    show,
)
from simulation.clinic.second_transplant import SecondTransplant
from simulation.clinic.starts import Retreatment, Trigger
from simulation.clinic.stop_rules import StopRule
from simulation.clinic.waits import Wait
from simulation.products.product import Product
from simulation.products.registry import PRODUCTS, STOP_RULES, joined
from simulation.scenario.disease import Disease
from simulation.scenario.named_values import ParameterValues, PatientValues, ProcessSwitches
from simulation.scenario.orders import Order
from simulation.scenario.plugins import Plugins, portable

__all__ = [
    "Definitions",
    "Donor",
    "Graft",
    "Marrow",
    "Monitoring",
    "OutsideTest",
    "Resolution",
    "Scenario",
    "Visits",
]


class Marrow(Block):
    """Lay out the grid of niches."""

    rows: Annotated[int, Whole(1, 1_000_000)] = Field(description="Rows of the grid of niches.")
    columns: Annotated[int, Whole(1, 1_000_000)] = Field(description="Columns of the grid of niches.")
    extramedullary_site: Bool = Field(description="One more place where blasts may grow, outside the marrow.")


def _read_agent_size(value: Any) -> int | None:
    if value == "unlimited":
        return None
    if value == 1 and not isinstance(value, bool):
        return 1
    raise problem(f"got {show(value)}", "unlimited, or 1 for one cell per agent")


AgentSize = Annotated[
    int | None,
    Custom(
        _read_agent_size,
        lambda size: "unlimited" if size is None else size,
        lambda: {"enum": ["unlimited", 1]},
    ),
]


class Resolution(Block):
    """Choose what is told apart; results do not depend on it."""

    cells_per_agent: AgentSize = Field(
        description="unlimited, or 1: every agent is one cell (small systems only)."
    )
    tracked_infusions: Annotated[int, Whole(1, 14)] = Field(
        description="DLI told apart by their number up to this one; later ones count as the last."
    )
    tracked_clones: Annotated[int, Whole(1, 64)] = Field(description="Leukaemic subclones told apart.")


class Donor(Block):
    """Say how the donor matches."""

    match: Literal["haploidentical", "matched_sibling", "matched_unrelated"] = Field(
        description="How the donor's HLA matches the patient's."
    )


class Graft(Block):
    """Say what was given at transplant besides CD34+ cells."""

    treg: CellsPerKg = Field(description="Donor Treg.")
    treg_day: Annotated[float, Quantity("day", -30, 0)] = Field(description="Day on which Treg are given.")
    tcon: CellsPerKg = Field(description="Donor Tcon, given on day 0.")

    @property
    def replete(self) -> bool:
        """Return whether it is as collected: depleted grafts have 1e4 to 2e6 Tcon per kg, others 3e7 and more."""
        return self.tcon >= 1e7


class Visits(Block):
    """Say when a test is done: from a first day on in intervals, or on listed days; and how long its result takes."""

    first: DayAfterTransplant | None = Field(None, description="Day of the first test.")
    every: Interval | None = Field(None, description="From one test to the next.")
    days: "Annotated[tuple[DayAfterTransplant, ...], Field(min_length=1, max_length=1000)] | None" = Field(
        None, description="Days of the tests, instead of first and every."
    )
    delay: Wait = Field(description="From sample to result.")


class MrdTest(Visits):
    """Measure residual disease in the marrow by flow cytometry or PCR."""

    cells: Annotated[float, Quantity("count", 1e3, 1e9, whole=True)] = Field(
        description="Cells analysed: the sampling noise."
    )
    sensitivity: Fraction = Field(description="Lowest fraction that is called positive.")


class MorphologyTest(Visits):
    """Look at the marrow under the microscope."""

    cells: Annotated[float, Quantity("count", 20, 1e6, whole=True)] = Field(
        description="Cells counted under the microscope."
    )


class BloodTest(Visits):
    """Count CD3+, B cells and circulating blasts."""

    blasts_at_least: Annotated[float, Quantity("blood_count", 0, 1e6, above_low=True)] = Field(
        description="Circulating blasts that make the clinician aspirate the marrow at once."
    )


class OutsideTest(Visits):
    """Look for leukaemia outside the marrow."""

    detects: Annotated[float, Quantity("count", 1, 1e13)] = Field(
        description="The fewest blasts outside the marrow that it can show."
    )
    sensitivity: Fraction = Field(description="How often it finds so many or more.")


class Monitoring(Block):
    """Say which tests are done; null: no such test."""

    missed: Annotated[float, Quantity("fraction", 0, 1)] = Field(
        0.0, description="How often a scheduled visit is missed, with all tests of its day."
    )
    pulls: Annotated[int, Whole(1, 100)] = Field(description="Niches mixed in one marrow aspirate.")
    mrd: MrdTest | None = Field(description="MRD in a marrow aspirate; null: not tested.")
    morphology: MorphologyTest | None = Field(
        description="The aspirate under the microscope; null: not looked at."
    )
    blood: BloodTest | None = Field(description="Blood counts; null: not tested.")
    imaging: OutsideTest | None = Field(
        None, description="Imaging of the place outside the marrow; null: not done."
    )
    lumbar_puncture: OutsideTest | None = Field(
        None, description="Lumbar puncture, which sees the same place; null: not done."
    )


class Definitions(Block):
    """Define the outcomes."""

    overt_relapse: Fraction = Field(description="Marrow blasts at or above this are overt relapse.")
    complete_remission: Fraction = Field(description="Marrow blasts below this are complete remission.")
    mrd_negative: Fraction = Field(description="MRD below this is negative.")
    extramedullary_relapse: Annotated[float, Quantity("count", 1, 1e13)] = Field(
        description="So many blasts outside the marrow are extramedullary relapse."
    )


class _UntilTreated(Block):
    name: Annotated[str, Text(120, 1, "Pre-emptive blinatumomab + DLI", one_line=True)] = Field(
        description="What figures and reports call it."
    )
    description: Annotated[str, Text(4000)] = Field(
        description="One or more sentences for the reader of the report."
    )
    follow_up: Annotated[float, Quantity("time", 0.25, YEARS_20)] = Field(
        description="Simulated time after transplant (day 0), a whole number of steps."
    )
    time_step: Annotated[float, Quantity("time", 5 / 1440, 1)] = Field(description="Step of the simulation.")
    record_every: Annotated[float, Quantity("time", 5 / 1440, 365)] = Field(
        description="Time between rows of trajectory.csv."
    )
    marrow_maps: Annotated[tuple[DayAfterTransplant, ...], Field(max_length=1000)] = Field(
        description="Days whose marrow maps are kept for the figures."
    )
    marrow: Marrow = Field(description="The grid of marrow niches.")
    resolution: Resolution = Field(description="What is told apart.")
    patient: PatientValues = Field(
        description="Parameters of this patient that differ from the table: a value or a distribution."
    )
    donor: Donor = Field(description="The donor.")
    graft: Graft = Field(description="T cells given with the graft.")
    disease: Disease | None = Field(
        None, description="A leukaemia stated for a day; null: it grows from residual blasts."
    )
    monitoring: Monitoring = Field(description="What the clinic measures, and when.")
    definitions: Definitions = Field(description="What the outcomes mean.")
    start: Trigger = Field(description="When treatment starts.")
    retreatment: Retreatment | None = Field(description="The same treatment again; null: one course only.")
    second_transplant: SecondTransplant | None = Field(
        None,
        description="Who would be transplanted again, and when; what that does is not simulated. null: nobody.",
    )


if TYPE_CHECKING:

    class Stop(Block):
        """Have a key per rule of a product."""

        def __getattr__(self, name: str) -> Any: ...

    class _Treated(_UntilTreated):
        def __getattr__(self, name: str) -> Any: ...

else:
    Stop = create_model(
        "Stop",
        __base__=Block,
        __doc__="End treatment early.",
        **{
            rule.key: (rule.annotation, Field(rule.usual, description=rule.description))
            for _, rule in STOP_RULES
        },
    )
    _Treated = create_model("_Treated", __base__=_UntilTreated, **joined(lambda product: product.fields))


class Scenario(_Treated):
    """Hold everything that one simulated patient's life depends on, besides the seed.

    What each product adds is declared in its file in `simulation.products`.
    """

    stop: Stop = Field(description="Rules that end treatment.")
    orders: Annotated[tuple[Order, ...], Field(max_length=1000)] = Field(
        description="What is done by hand on a day, besides the plan."
    )
    parameters: ParameterValues = Field(
        description="Rows of the parameter table that differ in this scenario."
    )
    processes: ProcessSwitches = Field(description="Processes switched off here, such as {gvl: off}.")
    plugin: Plugins = Field(description="Rules of your own: a Python file and its parameters; null: none.")
    allow_out_of_range: Bool = Field(False, description="Allow parameters outside the table's range.")

    # one thing, not a list of its keys: `mesa.batch_run` takes apart whatever can be gone through
    __iter__ = None  # type: ignore[assignment]

    @property
    def first_day(self) -> float:
        """Return the day on which the simulation begins, from transplant: that of the graft's Treg, else 0."""
        return min(self.graft.treg_day, 0.0) if self.graft.treg > 0 else 0.0

    @property
    def products(self) -> tuple[Product, ...]:
        """Return all products, whether this scenario gives them or not, in the order in which they are given."""
        return PRODUCTS

    @property
    def stop_rules(self) -> tuple[tuple[Product, StopRule], ...]:
        """Return every rule of `stop`, with the product that it ends."""
        return STOP_RULES

    @field_validator("marrow_maps", mode="after")
    @classmethod
    def _in_order(cls, days: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(sorted(set(days)))

    @model_validator(mode="after")
    def _make_sense(self) -> "Scenario":
        from simulation.scenario.checks import contradictions

        contradicting = contradictions(self)
        if contradicting:
            raise problems(contradicting)
        return self

    def to_yaml(self, file_of: Callable[[str], str] = portable) -> str:
        """Return the whole scenario as YAML with units; reading it gives an equal `Scenario`.

        `file_of` gives the name under which the text looks for a plugin's file: unless given that of the copy in a
        results folder, `plugins/my_rules.py` beside the text; `str` leaves it where it is.
        """
        from simulation.scenario.dump import to_yaml

        return to_yaml(self, file_of)

    def digest(self) -> str:
        """Return the sha256 of all on which results depend: of a plugin the content, not its name and place."""
        return hashlib.sha256(self.to_yaml(lambda path: "").encode()).hexdigest()

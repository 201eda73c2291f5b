"""A leukaemia that is stated for a day instead of grown from residual blasts, as trials of relapse need."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field

from simulation.blocks.fields import Block, DayAfterTransplant, Fraction, Problem, Quantity
from simulation.parameters.distributions import Distribution
from simulation.parameters.table import ParameterTable
from simulation.units import format_number, format_quantity

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["EITHER", "Disease", "disease_hints", "disease_problems"]

EITHER: Final = ("marrow", "mrd")  # two words for one number: one of them is written
_ENDS: Final = (1e-12, 1.0 - 1e-12)  # of a distribution, as shares of patients


class Disease(Block):
    """State the leukaemia of a day; until then there is none, and residual blasts are not put in."""

    on: DayAfterTransplant = Field(description="The day on which the disease is there, after transplant.")
    marrow: Fraction | None = Field(
        None, description="Blasts among the marrow's nucleated cells on that day, in truth."
    )
    mrd: Fraction | None = Field(
        None,
        description="The same, as one says it of a burden below overt relapse; takes the place of marrow.",
    )
    outside: Annotated[float, Quantity("count", 0, 1e13, whole=True)] | None = Field(
        None,
        description="Blasts outside the marrow on that day; null: those that such a disease, grown from one cell, leaves.",
    )

    @property
    def fraction(self) -> float:
        """Return the stated blasts among the marrow's nucleated cells, fraction."""
        return self.marrow if self.marrow is not None else self.mrd or 0.0


def disease_problems(s: "Scenario") -> Iterator[Problem]:
    """Yield what cannot be in this scenario, whoever its patient is."""
    stated = s.disease
    if stated is None:
        return
    last = s.follow_up - s.time_step
    if stated.on > last + 1e-9:
        expected = f"day 0 to {format_quantity(last, 'day')} (the last step of follow_up begins)"
        also = (("follow_up",), ("time_step",))
        yield Problem(f"got {format_quantity(stated.on, 'day')}", ("disease", "on"), expected, also=also)
    given = [key for key in EITHER if getattr(stated, key) is not None]
    if len(given) != 1:
        message = "both are written" if given else "neither is written"
        yield Problem(message, ("disease",), "marrow (such as 30 %) or mrd (such as 1e-3)")
    else:
        yield from _in_the_marrow(s, stated.fraction, given[0])
    if stated.outside:
        yield from _outside(s, stated.outside)


def _in_the_marrow(s: "Scenario", fraction: float, key: str) -> Iterator[Problem]:
    """Refuse more than packed blasts can be, and less than a single one."""
    capacity, spared = max(_ends(s, "factor_blast_capacity")), min(_ends(s, "fraction_marrow_spared"))
    most = capacity / (capacity + spared)
    if fraction >= 1.0 or fraction > most:
        yield Problem(
            f"got {100 * fraction:.4g} %, but a packed marrow keeps normal cells (fraction_marrow_spared), "
            "and T cells",
            ("disease", key),
            f"less than {100 * most:.3g} %",
        )
    cells = max(_ends(s, "n_marrow_cells_per_kg")) * max(_ends(s, "weight"))
    if fraction * cells < 1.0:
        message = f"got {format_number(fraction)}, less than one blast among {cells:.2g} marrow cells"
        yield Problem(message, ("disease", key), f"at least {1 / cells:.2g}")


def _outside(s: "Scenario", cells: float) -> Iterator[Problem]:
    path = ("disease", "outside")
    if not s.marrow.extramedullary_site:
        message = "there is no place outside the marrow: marrow.extramedullary_site is false"
        yield Problem(message, path, "0 cells", also=(("marrow", "extramedullary_site"),))
        return
    room = max(_ends(s, "n_extramedullary_cells"))
    if cells > room:
        yield Problem(
            f"got {format_number(cells)} cells, but outside the marrow there is room for {format_number(room)} cells",
            path,
            f"at most n_extramedullary_cells, {format_number(room)} cells",
        )


def _ends(s: "Scenario", name: str) -> tuple[float, ...]:
    """Return a parameter's value, or the ends of its distribution between patients."""
    value = s.patient.get(name, s.parameters.get(name, ParameterTable.load()[name].value))
    return tuple(value.sample(u) for u in _ENDS) if isinstance(value, Distribution) else (value,)


def disease_hints(s: "Scenario") -> list[str]:
    """Return what is allowed but may not be meant: a treatment that begins before the disease is there."""
    if s.disease is None:
        return []
    days, on = _days_of_start(s.start), s.disease.on
    return [
        f"treatment starts on {format_quantity(day, 'day')}, before the disease of {format_quantity(on, 'day')}"
        for day in days
        if day < on
    ]


def _days_of_start(start: object) -> list[float]:
    """Return the fixed days in a trigger that begin treatment by themselves."""
    from simulation.clinic.starts import AnyOf, OnDay
    from simulation.clinic.waits import median_wait

    if isinstance(start, OnDay):
        return [max(start.day, start.not_before) + median_wait(start.delay)]
    if isinstance(start, AnyOf):
        parts = [day for part in start.triggers for day in _days_of_start(part)]
        return [max(day, start.not_before) + median_wait(start.delay) for day in parts]
    return []

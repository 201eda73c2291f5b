"""The declaration of an outcome, and the watcher that works it out; days count from transplant."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from simulation.clinic.assays import MarrowResult
    from simulation.clinic.clinic import Clinic
    from simulation.clinic.ports import Truth

__all__ = ["EVERYONE", "Kind", "Outcome", "Row", "Watcher"]

EVERYONE = "everyone"

type Row = Mapping[str, Any]  # a patient's outcomes by name; None where it did not happen
type Kind = Literal[
    "day",  # on which it happened first; None: it did not
    "survival",  # days until an event, or until the end: see `censored`
    "amount",  # a number with a unit
    "count",  # a whole number
    "grade",  # 0-4
    "flag",  # true or false, of every patient
    "word",  # one of `values`
    "share",  # worked out from the others: true, false, or None for who does not count
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Declare one outcome.

    Parameters
    ----------
    name
        As in summary.json, tables, sweep and trial files.
    label, meaning
        The title of axes and rows; a sentence for docs/results.md and the description of columns.
    unit
        Of an amount; days need none.
    better
        Which way is good for the patient; None: neither, as of a diagnosis.
    censored
        The flag that says that a survival outcome ended with follow-up, not with its event.
    values
        A word's values, each as people say it.
    of
        How it follows from other outcomes; None: the watcher gives it.
    of_whom, those
        The share or flag that says who counts in a share's denominator; how a denominator of these patients is worded.
    short
        A title for narrow tables; the label unless said.
    mark, colour
        What a figure writes at the day on which it happened, and the name of its colour; no mark unless said.
    price
        Whether arms are compared in it as a price of treatment.
    row
        How the table of one patient words it; False: it stands in the row of another.
    """

    name: str
    kind: Kind
    label: str
    meaning: str
    unit: str = ""
    better: Literal["less", "more"] | None = None
    censored: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    of: Callable[[Row], Any] | None = None
    of_whom: str = EVERYONE
    those: str = ""
    short: str = ""
    mark: str = ""
    colour: str = "ink"
    price: bool = False
    row: Callable[[Row], str] | bool = True

    @property
    def stored(self) -> bool:
        """Return whether a run leaves it behind; a share is worked out where it is asked for."""
        return self.kind != "share"

    @property
    def shown_unit(self) -> str:
        """Return the unit for tables and axes."""
        if self.kind in ("day", "survival"):
            return "days"
        return "share of patients" if self.kind in ("flag", "share") else self.unit

    @property
    def column_kind(self) -> str:
        """Return the kind of a column that holds it: float, int, bool or text."""
        return {"count": "int", "grade": "int", "flag": "bool", "word": "text"}.get(self.kind, "float")


class Watcher:
    """Follow one patient for a family of outcomes; a subclass overrides what it needs.

    It may read `self.clinic` (scenario, parameter values, events, products given, the book) and, in `observe`, the truth.
    It decides nothing: no treatment depends on it.
    """

    outcomes: ClassVar[tuple[Outcome, ...]] = ()
    rank: ClassVar[int] = 50  # where its outcomes stand among the others, from the first to the last row

    def __init__(self, clinic: "Clinic") -> None:
        self.clinic = clinic

    def observe(self, truth: "Truth", dt: float) -> None:
        """Take note of the true state at the end of a step of `dt` days; 0 at the very beginning."""

    def see(self, result: "MarrowResult", now: float) -> None:
        """Take note of a marrow result that is reported on day `now`."""

    def triggered(self, now: float, truth: "Truth", diagnosis_sampled: float | None) -> None:
        """Take note of the trigger; `diagnosis_sampled` is the day of the aspirate that showed overt relapse, if that was it."""

    def treatment_began(self, now: float) -> None:
        """Take note of the first dose, infusion or chemotherapy."""

    def replanned(self) -> None:
        """Take note of another plan of treatment (`self.clinic.scenario`), before any was given."""

    def died(self, day: float, cause: str) -> None:
        """Take note of death without relapse as its cause."""

    def values(self, truth: "Truth") -> Row:
        """Return the outcomes that do not follow from others, by name."""
        return {}

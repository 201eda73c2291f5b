"""MRD response and MRD (molecular) relapse, dated by the aspirate that showed them.

MRD-negative (below `definitions.mrd_negative`) and undetected (below what the assay can report) are two outcomes.
"""

from typing import ClassVar

from simulation.clinic.assays import MarrowResult, reaches
from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.outcomes.treatment import Treatment
from simulation.clinic.ports import Truth
from simulation.number_words import NOTHING, number_text

__all__ = ["Mrd"]


def _lowest(row: Row) -> str:
    value = row.get("mrd_nadir")
    return "not detected" if value == 0 else number_text(value)


def _negative_words(row: Row) -> str:
    """Return the day, and until when: MRD that has come back is no lasting response."""
    day, again = row.get("mrd_negative_day"), row.get("mrd_relapse_day")
    if day is None:
        return NOTHING
    return f"day {day:.4g}" + (f", positive again on day {again:.4g}" if again is not None else "")


class Mrd(Watcher):
    """Follow the MRD results of samples taken after treatment began."""

    rank: ClassVar = 30
    outcomes: ClassVar = (
        Outcome(
            name="mrd_negative_day",
            kind="day",
            mark="MRD\N{MINUS SIGN}",
            colour="donor_cells",
            label="MRD-negative",
            meaning="first MRD-negative aspirate after treatment began (MRD response)",
            row=_negative_words,
        ),
        Outcome(
            name="mrd_undetected_day",
            kind="day",
            label="MRD undetected",
            meaning="first aspirate after treatment began in which the assay found no MRD at all",
        ),
        Outcome(
            name="mrd_relapse_day",
            kind="day",
            mark="MRD relapse",
            short="MRD relapse",
            colour="blasts",
            label="MRD relapse",
            meaning="first aspirate after an MRD response that is MRD-positive again (molecular relapse)",
        ),
        Outcome(
            name="mrd_nadir",
            kind="amount",
            label="Lowest MRD measured",
            meaning="lowest MRD measured after treatment began; 0: not detected",
            unit="fraction",
            better="less",
            row=_lowest,
        ),
        Outcome(
            name="mrd_negative",
            kind="share",
            those="of those with an MRD response",
            short="MRD-neg.",
            label="MRD-negative",
            meaning="MRD response after treatment began",
            better="more",
            of=lambda row: row["mrd_negative_day"] is not None,
            of_whom="treated",
        ),
        Outcome(
            name="mrd_undetected",
            kind="share",
            label="MRD undetected",
            meaning="an aspirate without detectable MRD after treatment began",
            better="more",
            of=lambda row: row["mrd_undetected_day"] is not None,
            of_whom="treated",
        ),
        Outcome(
            name="mrd_relapse",
            kind="share",
            label="MRD relapse",
            meaning="MRD-positive again after an MRD response",
            better="less",
            of=lambda row: row["mrd_relapse_day"] is not None,
            of_whom="mrd_negative",
        ),
    )
    nadir: float | None = None
    negative_day: float | None = None
    undetected_day: float | None = None
    relapse_day: float | None = None

    def see(self, result: MarrowResult, now: float) -> None:
        """Take note of an MRD result."""
        began = self.clinic.book.watcher(Treatment).start_day
        if result.test != "mrd" or began is None or result.sampled <= began:
            return
        self.nadir = result.value if self.nadir is None else min(self.nadir, result.value)
        if self.undetected_day is None and result.value == 0.0:
            self.undetected_day = result.sampled
        level = self.clinic.scenario.definitions.mrd_negative
        positive = reaches(result.value, level)
        if self.negative_day is None and result.limit <= level and not positive:
            self.negative_day = result.sampled
            detail = f"MRD-negative (below {level:.0e}) in the aspirate of day {result.sampled:g}"
            self.clinic.events.add(now, "outcome", "mrd_negative", detail, result.value, "fraction")
        elif self.negative_day is not None and positive and self.relapse_day is None:
            self.relapse_day = result.sampled
            detail = f"MRD relapse: MRD {result.value:.1e} in the aspirate of day {result.sampled:g}"
            self.clinic.events.add(now, "outcome", "mrd_relapse", detail, result.value, "fraction")

    def values(self, truth: Truth) -> Row:
        """Return the days and the lowest value."""
        return {
            "mrd_negative_day": self.negative_day,
            "mrd_undetected_day": self.undetected_day,
            "mrd_relapse_day": self.relapse_day,
            "mrd_nadir": self.nadir,
        }

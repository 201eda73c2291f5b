"""Survival: relapse-free, acute GvHD-free and relapse-free, current leukaemia-free; and non-relapse mortality (NRM).

Leukaemia-free survival alone would mean relapse-free. *Current* leukaemia-free survival counts the days alive without
overt leukaemia, also those after a second remission (Craddock, Blood 2000;96:86).
"""

from typing import TYPE_CHECKING, ClassVar, Final

from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Truth
from simulation.clinic.schedule import is_due

if TYPE_CHECKING:
    from simulation.clinic.clinic import Clinic

__all__ = ["Survival"]


def _first(row: Row, *names: str) -> float:
    """Return the day of the first of some events, or of the end of follow-up."""
    return float(min(day for name in (*names, "days_simulated") if (day := row[name]) is not None))


def _none(row: Row, *names: str) -> bool:
    """Return whether none of some events happened."""
    return all(row[name] is None for name in names)


_RELAPSE_FREE: Final = ("relapse_day", "nrm_day")
_NO_CHRONIC: Final = (
    " (chronic GvHD not simulated)"  # wherever such an outcome is told, so that nobody takes it for GRFS
)
_GVHD_FREE: Final = ("relapse_day", "nrm_day", "agvhd_grade_3_day")


def _nrm(row: Row) -> str:
    day, cause = row.get("nrm_day"), row.get("nrm_cause")
    return "no" if day is None else f"day {day:.4g}" + (f", {cause}" if cause else "")


def _at_end(row: Row) -> str:
    """Return whether the marrow is in remission, and that there was a relapse outside it."""
    outside = row.get("extramedullary_relapse_day")
    if not row.get("in_remission_at_end"):
        return "no"
    return "yes" if outside is None else f"in the marrow; relapse outside on day {outside:.4g}"


class Survival(Watcher):
    """Follow who is alive, and alive without overt leukaemia, in truth."""

    rank: ClassVar = 70
    outcomes: ClassVar = (
        Outcome(
            name="days_simulated",
            kind="amount",
            label="Simulated",
            meaning="follow-up; shorter than planned only after death",
            unit="days",
            better="more",
        ),
        Outcome(
            name="current_leukaemia_free_days",
            kind="survival",
            short="CLFS",
            label="Current leukaemia-free survival",
            meaning="days alive with marrow blasts below overt relapse, in truth, also after another remission",
            better="more",
        ),
        Outcome(
            name="in_remission_at_end",
            kind="flag",
            label="Alive without overt leukaemia at the end",
            meaning="alive with marrow blasts below overt relapse at the end, in truth",
            row=_at_end,
            better="more",
        ),
        Outcome(
            name="relapse_free_days",
            kind="survival",
            short="RFS",
            label="Relapse-free survival",
            meaning="days to the first of haematological relapse and death, else to the end",
            better="more",
            censored="relapse_free_at_end",
            of=lambda row: _first(row, *_RELAPSE_FREE),
        ),
        Outcome(
            name="relapse_free_at_end",
            kind="flag",
            label="Relapse-free to the end",
            meaning="neither haematological relapse nor death happened",
            better="more",
            of=lambda row: _none(row, *_RELAPSE_FREE),
            row=False,
        ),
        Outcome(
            name="agvhd_free_relapse_free_days",
            kind="survival",
            label=f"Acute GvHD-free, relapse-free survival{_NO_CHRONIC}",
            short="aGvHD-free RFS",
            meaning="days to the first of acute GvHD grade III-IV, haematological relapse and death, else to the end; "
            "chronic GvHD is not simulated",
            better="more",
            censored="agvhd_free_relapse_free_at_end",
            of=lambda row: _first(row, *_GVHD_FREE),
        ),
        Outcome(
            name="agvhd_free_relapse_free_at_end",
            kind="flag",
            label=f"Acute GvHD-free and relapse-free to the end{_NO_CHRONIC}",
            short="aGvHD-free, relapse-free at the end",
            meaning="neither acute GvHD grade III-IV nor haematological relapse nor death happened; "
            "chronic GvHD is not simulated",
            better="more",
            of=lambda row: _none(row, *_GVHD_FREE),
            row=False,
        ),
        Outcome(
            name="nrm_day",
            kind="day",
            mark="death",
            label="Non-relapse mortality",
            meaning="death without relapse as its cause",
            row=_nrm,
        ),
        Outcome(
            name="nrm_cause",
            kind="word",
            label="Cause of non-relapse death",
            meaning="what the hazard of death came from",
            values={"aGvHD": "acute GvHD", "CRS": "CRS", "other": "other"},
            row=False,
        ),
        Outcome(
            name="nrm",
            kind="share",
            short="NRM",
            label="Non-relapse mortality",
            meaning="death without relapse as its cause",
            better="less",
            of=lambda row: row["nrm_day"] is not None,
        ),
    )

    def __init__(self, clinic: "Clinic") -> None:
        super().__init__(clinic)
        self.nrm_day: float | None = None
        self.nrm_cause: str | None = None
        self.overt: list[tuple[float, float]] = []  # from, to: days with overt leukaemia, in truth
        self._free_days = 0.0
        self._free = True  # of overt leukaemia now

    def observe(self, truth: Truth, dt: float) -> None:
        """Count the step for what the patient was at its beginning."""
        if is_due(0.0, truth.day - dt):
            if self._free:
                self._free_days += dt
            else:
                self.overt[-1] = (self.overt[-1][0], truth.day)
        was_free = self._free
        self._free = truth.marrow_blast_fraction < self.clinic.scenario.definitions.overt_relapse
        if was_free and not self._free:
            self.overt.append((truth.day, truth.day))

    def died(self, day: float, cause: str) -> None:
        """Note death."""
        self.nrm_day, self.nrm_cause = day, cause
        detail = f"death without relapse as its cause: {cause}"
        self.clinic.events.add(day, "death", "death", detail)

    def values(self, truth: Truth) -> Row:
        """Return what does not follow from days of events."""
        return {
            "days_simulated": truth.day if self.nrm_day is None else self.nrm_day,
            "current_leukaemia_free_days": round(self._free_days, 9),
            "in_remission_at_end": self._free and self.nrm_day is None,
            "nrm_day": self.nrm_day,
            "nrm_cause": self.nrm_cause,
        }

"""Blinatumomab given."""

from typing import Any, ClassVar

from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Truth

__all__ = ["BlinatumomabGiven"]


def _words(row: Row) -> str:
    days, amount = row.get("blinatumomab_days"), row.get("blinatumomab_ug")
    if not days:
        return "none"
    return f"{days:.4g} days" + (f", {amount:,.0f} \N{MICRO SIGN}g" if amount is not None else "")


class BlinatumomabGiven(Watcher):
    """Count time on the pump, and the drug given."""

    rank: ClassVar = 80
    before_transplant: ClassVar = True
    outcomes: ClassVar = (
        Outcome(
            name="blinatumomab_days",
            kind="amount",
            price=True,
            short="blinatumomab",
            label="Blinatumomab",
            meaning="time on blinatumomab",
            unit="days",
            better="less",
            row=_words,
        ),
        Outcome(
            name="blinatumomab_ug",
            kind="amount",
            label="Blinatumomab given",
            meaning="blinatumomab given",
            unit="\N{MICRO SIGN}g",
            better="less",
            row=False,
        ),
    )
    days = 0.0
    amount = 0.0

    def observe(self, truth: Truth, dt: float) -> None:
        """Count a step."""
        pump: Any = self.clinic.givers["blinatumomab"]
        rate = pump.rate
        if rate > 0.0:
            self.days += dt
            self.amount += rate * dt

    def values(self, truth: Truth) -> Row:
        """Return days and amount."""
        return {"blinatumomab_days": self.days, "blinatumomab_ug": self.amount}

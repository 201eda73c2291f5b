"""Donor lymphocytes given."""

from typing import Any, ClassVar

from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Truth
from simulation.number_words import cells_text

__all__ = ["DonorLymphocytesGiven"]


def _words(row: Row) -> str:
    cells, count = row.get("dli_cells_per_kg"), row.get("dli_count")
    if not cells:
        return "none"
    number = "" if count is None else f"{count} infusion{'' if count == 1 else 's'}, "
    return f"{number}{cells_text(cells)} CD3+/kg"


class DonorLymphocytesGiven(Watcher):
    """Tell what the clinic infused."""

    rank: ClassVar = 81
    outcomes: ClassVar = (
        Outcome(
            name="dli_cells_per_kg",
            kind="amount",
            price=True,
            short="DLI",
            label="Donor lymphocytes (DLI)",
            meaning="CD3+ cells per kg of all donor lymphocyte infusions together",
            unit="CD3+/kg",
            better="less",
            row=_words,
        ),
        Outcome(
            name="dli_count",
            kind="count",
            label="Donor lymphocyte infusions",
            meaning="number of donor lymphocyte infusions",
            better="less",
            row=False,
        ),
    )

    def values(self, truth: Truth) -> Row:
        """Return cells and number."""
        given: Any = self.clinic.givers["dli"]
        return {"dli_cells_per_kg": given.cells_per_kg, "dli_count": given.n_given}

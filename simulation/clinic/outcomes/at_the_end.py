"""The patient at the end of follow-up, in truth."""

from typing import ClassVar

from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.ports import Truth
from simulation.number_words import NOTHING, finite, number_text

__all__ = ["FinalState"]


def _blasts(row: Row) -> str:
    text = number_text(row.get("final_blasts"), 2)
    share = finite(row.get("final_marrow_blast_fraction"))
    outside = finite(row.get("final_extramedullary_blasts"))
    where = [f"{100 * share:.2g} % of marrow"] if share and share >= 5e-4 else []
    where += [f"{number_text(outside, 2)} outside the marrow"] if outside else []
    return f"{text} ({', '.join(where)})" if where else text


def _cd3(row: Row) -> str:
    number = finite(row.get("final_cd3_per_ul"))
    return NOTHING if number is None else f"{number:,.0f} /\N{MICRO SIGN}L"


class FinalState(Watcher):
    """Read the last state."""

    rank: ClassVar = 90
    outcomes: ClassVar = (
        Outcome(
            name="final_blasts",
            kind="amount",
            short="blasts at end",
            label="Blasts at the end",
            meaning="blasts in the body at the end",
            unit="cells",
            better="less",
            row=_blasts,
        ),
        Outcome(
            name="final_marrow_blast_fraction",
            kind="amount",
            label="Marrow blasts at the end",
            meaning="blasts among the marrow's nucleated cells at the end",
            unit="fraction",
            better="less",
            row=False,
        ),
        Outcome(
            name="final_extramedullary_blasts",
            kind="amount",
            label="Blasts outside the marrow at the end",
            meaning="blasts at a site outside the marrow at the end",
            unit="cells",
            better="less",
            row=False,
        ),
        Outcome(
            name="final_cd3_per_ul",
            kind="amount",
            label="CD3+ in blood at the end",
            meaning="CD3+ T cells in blood at the end",
            unit="/\N{MICRO SIGN}L",
            better="more",
            row=_cd3,
        ),
        Outcome(
            name="final_agents",
            kind="count",
            label="Agents at the end",
            meaning="agents in the simulation at the end",
            row=False,
        ),
    )

    def values(self, truth: Truth) -> Row:
        """Return what is there."""
        return {
            "final_blasts": truth.blasts,
            "final_marrow_blast_fraction": truth.marrow_blast_fraction,
            "final_extramedullary_blasts": truth.extramedullary_blasts,
            "final_cd3_per_ul": truth.cd3_per_ul,
            "final_agents": truth.agents,
        }

"""The columns of the trajectory, each declared once: its name (which ends with the unit), what it means, where it is read.

A new column is one entry of `COLUMNS`; tables, Mesa's data collector, outcomes of sweeps and docs/results.md follow.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from simulation.biology.census import COUNTS, Counts
from simulation.biology.places import PlaceKind
from simulation.biology.totals import BODY, MARROW
from simulation.products.registry import PRODUCTS

if TYPE_CHECKING:
    from simulation.biology.state import State
    from simulation.clinic.clinic import Clinic
    from simulation.clinic.ports import Truth

__all__ = ["COLUMNS", "Column", "Moment", "line"]


@dataclass
class Moment:
    """One instant of a life; census and totals of `state` are fresh, as `truth` was read from them."""

    state: "State"
    truth: "Truth"
    clinic: "Clinic"

    @cached_property
    def body(self) -> Counts[float]:
        """Return the counts of the whole body."""
        return Counts(*self.state.totals[BODY, :COUNTS].tolist())

    @cached_property
    def marrow(self) -> Counts[float]:
        """Return the counts of the marrow."""
        return Counts(*self.state.totals[MARROW, :COUNTS].tolist())

    def busy_cells(self) -> float:
        """Return the T cells of the marrow that are engaged at this moment, by the share of their time."""
        niches = self.state.places.marrow
        return float((self.state.signals.busy[niches] * self.state.census.t_cells[niches]).sum())

    def tissue_effectors(self) -> float:
        """Return activated alloreactive T cells in host tissue."""
        return float(self.state.census.effectors[self.state.places.index(PlaceKind.TISSUE)])


@dataclass(frozen=True, slots=True)
class Column:
    """Declare one column: `value` reads it from a moment."""

    meaning: str
    value: Callable[[Moment], float]


COLUMNS: Final[Mapping[str, Column]] = {
    "day": Column("days after transplant", lambda m: m.state.day),
    "blasts_cells": Column("blasts in the body", lambda m: m.truth.blasts),
    "blasts_cd19_negative_cells": Column("blasts without CD19", lambda m: m.truth.lost["cd19"]),
    "blasts_hla_lost_cells": Column(
        "blasts without the mismatched HLA haplotype", lambda m: m.truth.lost["hla_haplotype"]
    ),
    "marrow_blasts_cells": Column("blasts in the marrow", lambda m: m.truth.marrow_blasts),
    "marrow_blast_fraction": Column(
        "blasts among the marrow's nucleated cells (the truth, not a test)",
        lambda m: m.truth.marrow_blast_fraction,
    ),
    "extramedullary_blasts_cells": Column(
        "blasts at a site outside the marrow, which no aspirate sees", lambda m: m.truth.extramedullary_blasts
    ),
    "blood_blasts_per_ul": Column("circulating blasts", lambda m: m.truth.blood_blasts_per_ul),
    "tcon_cells": Column("conventional donor T cells in the body, engaged or not", lambda m: m.body.tcon),
    "treg_cells": Column("regulatory donor T cells in the body, engaged or not", lambda m: m.body.treg),
    "engaged_cells": Column("T cells engaged by an engager in the body", lambda m: m.body.engaged),
    "marrow_tcon_cells": Column("conventional T cells in the marrow", lambda m: m.marrow.tcon),
    "marrow_treg_cells": Column("regulatory T cells in the marrow", lambda m: m.marrow.treg),
    "marrow_engaged_cells": Column("engaged T cells in the marrow", lambda m: m.truth.marrow_engaged),
    "alloreactive_effector_cells": Column(
        "activated alloreactive T cells in the body", lambda m: m.body.effectors
    ),
    "restricted_effector_cells": Column(
        "those of them that see antigens of blood cells only", lambda m: m.body.restricted_effectors
    ),
    "tissue_effector_cells": Column(
        "activated alloreactive T cells in host tissue", lambda m: m.tissue_effectors()
    ),
    "marrow_t_exhaustion_fraction": Column(
        "mean exhaustion of T cells in the marrow", lambda m: m.truth.marrow_exhaustion
    ),
    "marrow_t_busy_fraction": Column(
        "share of their time that T cells in the marrow spend engaged",
        lambda m: m.busy_cells() / max(m.marrow.t_cells, 1.0),
    ),
    "marrow_et_ratio": Column(
        "T cells per blast in the marrow (E:T ratio)", lambda m: m.truth.marrow_et_ratio
    ),
    "cd3_per_ul": Column("CD3+ T cells in blood", lambda m: m.truth.cd3_per_ul),
    "treg_per_ul": Column("regulatory T cells in blood", lambda m: m.truth.treg_per_ul),
    "b_cells_per_ul": Column("normal B cells in blood", lambda m: m.truth.b_cells_per_ul),
    **{
        name: Column(meaning, lambda m, read=read: read(m.state))  # type: ignore[misc]
        for product in PRODUCTS
        for name, (meaning, read) in product.columns().items()
    },
    "host_apc_fraction": Column(
        "host antigen-presenting cells left, of those before transplant", lambda m: m.state.host_apc
    ),
    "tissue_integrity_fraction": Column(
        "integrity of host tissue, 1 = healthy", lambda m: m.state.tissue_integrity
    ),
    "agvhd_grade": Column("grade of acute GvHD now, 0-4", lambda m: m.truth.agvhd_grade),
    "crs_score": Column("cytokine-release score now, no unit", lambda m: m.state.crs_score),
    "agents_count": Column("agents in the simulation", lambda m: m.truth.agents),
    "mrd_measured_fraction": Column(
        "the last MRD result reported to the clinic", lambda m: m.clinic.last_mrd
    ),
}


_ALL: Final = tuple(COLUMNS.values())


def line(state: "State", truth: "Truth", clinic: "Clinic", columns: Sequence[Column] = _ALL) -> list[float]:
    """Return one row of the trajectory, in the order of `columns`."""
    moment = Moment(state, truth, clinic)
    return [column.value(moment) for column in columns]

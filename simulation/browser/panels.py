"""Which curves each panel of the live charts holds, in which unit, and the levels and bands it is read against."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simulation.browser.snapshot import Snapshot
from simulation.products.product import Product
from simulation.products.registry import PRODUCTS, product
from simulation.results.measurements import measurements

__all__ = ["PANELS", "Curve", "Panel"]

type Columns = Mapping[str, npt.NDArray[np.float64]]
type Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Describe one curve, or points where `points` names their symbol."""

    id: str
    name: str
    unit: str
    colour: str
    values: Callable[[Columns], Values] | None = None
    dash: str = "solid"
    points: str = ""
    measured: Callable[[Snapshot, float], list[list[float | None]]] | None = None
    legend: bool = True


@dataclass(frozen=True)
class Panel:
    """Describe one panel; `low` and `high` are powers of ten on a logarithmic axis (`log`)."""

    title: str
    curves: tuple[Curve, ...]
    low: float
    high: float
    interval: float
    log: bool = True
    levels: Callable[[Snapshot], list[tuple[float, str]]] | None = None
    bands: Callable[[Snapshot], list[tuple[float, float, int]]] | None = None
    infusions: bool = False


def column(name: str, factor: float = 1.0) -> Callable[[Columns], Values]:
    """Return a reader of one column of the trajectory."""
    return lambda columns: columns[name] * factor


def _negative_share(columns: Columns) -> Values:
    """Return the CD19-negative share of the marrow: that of all blasts times blasts in the marrow."""
    lost, all_blasts = columns["blasts_cd19_negative_cells"], columns["blasts_cells"]
    return columns["marrow_blast_fraction"] * lost / np.maximum(all_blasts, 1.0)


def _mrd(shot: Snapshot, low: float) -> list[list[float | None]]:
    return [
        [m.day, float(np.log10(m.value)) if m.value > 0 else low] for m in measurements(shot.result, "mrd")
    ]


def _of(kind: str) -> list[Product]:
    return [one for one in PRODUCTS if one.kind == kind]


def _cells(name: str) -> Callable[[Snapshot, float], list[list[float | None]]]:
    def points(shot: Snapshot, low: float) -> list[list[float | None]]:
        rows = product(name).received(shot.result.events, shot.result.end)
        return [[given.day, low + 0.35] for row in rows for given in row.marks]

    return points


def _mrd_levels(shot: Snapshot) -> list[tuple[float, str]]:
    start, definitions = shot.scenario.start, shot.scenario.definitions
    levels = [(definitions.overt_relapse, f"overt relapse {definitions.overt_relapse:.0%}")]
    if start.when == "mrd":
        return [*levels, (start.at_least, f"treat from MRD {start.at_least:.0e}".replace("e-0", "e-"))]
    return [
        *levels,
        (definitions.mrd_negative, f"MRD-negative below {definitions.mrd_negative:.0e}".replace("e-0", "e-")),
    ]


def _grades(shot: Snapshot) -> list[tuple[float, float, int]]:
    edges = [100.0 * edge for edge in shot.integrity_grades] + [0.0]
    return [(edges[i], edges[i + 1], i + 1) for i in range(4)]


PANELS: Final = (
    Panel(
        "Leukaemia (share of marrow cells)",
        (
            Curve("blasts", "blasts", "of marrow cells", "blasts", column("marrow_blast_fraction")),
            Curve("negative", "CD19-negative", "of marrow cells", "cd19_negative", _negative_share, "dashed"),
            Curve("mrd", "MRD test", "measured", "mrd", points="diamond", measured=_mrd),
        ),
        -12, 0, 3, levels=_mrd_levels,
    ),
    Panel(
        "T cells in the body (cells)",
        (
            Curve("tcon", "Tcon", "cells", "tcon", column("tcon_cells")),
            Curve("treg", "Treg", "cells", "treg", column("treg_cells"), "dashed"),
            Curve("engaged", "engaged", "cells", "engaged", column("engaged_cells")),
            Curve("effectors", "alloreactive effectors", "cells", "effectors", column("alloreactive_effector_cells"), "dotted"),
        ),
        3, 12, 3,
    ),
    Panel(
        "Blood (cells per µL)",
        (
            Curve("cd3", "CD3+ T cells", "/µL", "cd3", column("cd3_per_ul")),
            Curve("b_cells", "CD19+ B cells", "/µL", "b_cells", column("b_cells_per_ul"), "dashed"),
            *(Curve(one.name, one.word, "", one.colour, points="triangle", measured=_cells(one.name)) for one in _of("cells")),
        ),
        -1, 4, 1,
    ),
    Panel(
        f"{' and '.join(one.title for one in _of('infusion'))} (pg/mL in plasma)",
        tuple(
            Curve(one.name, one.word, "pg/mL", one.colour, column(f"{one.name}_pg_per_ml"), legend=len(_of("infusion")) > 1)
            for one in _of("infusion")
        ),
        0, 4, 1, infusions=True,
    ),
    Panel(
        "Tissue intact (%), acute GvHD grades",
        (Curve("tissue", "host tissue", "%", "tissue", column("tissue_integrity_fraction", 100.0), legend=False),),
        0, 100, 25, log=False, bands=_grades,
    ),
)  # fmt: skip

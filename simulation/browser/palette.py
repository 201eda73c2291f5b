"""Colours of the page, light and dark: those of the figures (Okabe & Ito 2008), brighter where the ground is dark."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["ARMS", "DARK", "LIGHT", "Palette", "palette", "rgb"]


@dataclass(frozen=True)
class Palette:
    """Hold the colours of one theme; `cells` by what they stand for."""

    dark: bool
    ink: str
    quiet: str
    faint: str
    ground: str
    empty: str  # a niche without a single cell of the layer
    cells: Mapping[str, str]
    bands: tuple[str, ...]  # acute GvHD grades I-IV

    def of(self, name: str) -> str:
        """Return the colour of a name; what is a colour itself stays."""
        return self.cells.get(name, name)


LIGHT: Final = Palette(
    dark=False,
    ink="#222222",
    quiet="#5F5F5F",
    faint="#DDDDDD",
    ground="#FFFFFF",
    empty="#EFEFEF",
    cells={
        "blasts": "#D55E00",
        "cd19_negative": "#882255",
        "engaged": "#0072B2",
        "engager": "#0072B2",
        "tcon": "#009E73",
        "treg": "#C98A00",
        "effectors": "#5A4A42",
        "cd3": "#007A59",
        "b_cells": "#7E4FA3",
        "normal": "#8C8C8C",
        "tissue": "#5A4A42",
        "exhaustion": "#6A3D9A",
        "donor_cells": "#007A59",
        "mrd": "#111111",
    },
    bands=("#FFF3D6", "#FFE0A8", "#FFC38A", "#F79B7B"),
)
DARK: Final = Palette(
    dark=True,
    ink="#ECECEC",
    quiet="#A9A9A9",
    faint="#444444",
    ground="#1E1E1E",
    empty="#2B2B2B",
    cells={
        "blasts": "#FF8A3D",
        "cd19_negative": "#E573A8",
        "engaged": "#56B4E9",
        "engager": "#56B4E9",
        "tcon": "#2FD0A0",
        "treg": "#F0C04C",
        "effectors": "#D9B8A6",
        "cd3": "#2FD0A0",
        "b_cells": "#C39BE0",
        "normal": "#9A9A9A",
        "tissue": "#E0C9BC",
        "exhaustion": "#C9A6F0",
        "donor_cells": "#2FD0A0",
        "mrd": "#FFFFFF",
    },
    bands=("#3A3320", "#4D3F1C", "#5E3B1F", "#6E2F22"),
)
# Twins and arms: told apart by colour AND by dashes.
ARMS: Final = (
    ("#D55E00", "#FF8A3D", "solid"),
    ("#0072B2", "#56B4E9", "dashed"),
    ("#009E73", "#2FD0A0", "dotted"),
    ("#CC79A7", "#E8A8CC", [8, 3, 2, 3]),
    ("#7E4FA3", "#C39BE0", [3, 3]),
    ("#C98A00", "#F0C04C", [10, 4]),
)


def palette(dark: bool) -> Palette:
    """Return the colours of a theme."""
    return DARK if dark else LIGHT


def rgb(colour: str) -> tuple[int, int, int]:
    """Return (red, green, blue), 0-255, of `#RRGGBB`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

"""In which formats figures are written: the endings of their files."""

from typing import Final

__all__ = ["FORMATS", "NO_FIGURES", "ONE_FORMAT", "Formats"]

type Formats = tuple[str, ...]  # none: no figures are drawn
FORMATS: Final[Formats] = ("png", "svg", "pdf")
ONE_FORMAT: Final[Formats] = ("png",)
NO_FIGURES: Final[Formats] = ()

"""What a figure declares of itself, and how figures become files and panels of a report; matplotlib is not loaded here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

    from simulation.figure_formats import Formats
    from simulation.files.folder import Content
    from simulation.results.report.page import Panel

__all__ = ["ReportFigure", "figures_in", "not_drawn", "render_all"]


@dataclass(frozen=True, slots=True)
class ReportFigure[S]:
    """Declare a figure of a subject, such as a run or a trial.

    Parameters
    ----------
    name
        Of its files.
    title
        Above it in the report.
    caption
        What it shows; a function where that depends on the subject.
    draw
        Draws it, with matplotlib.
    order
        Its place among the others, lowest first.
    section
        The part of the report that shows it, where a report has several.
    applies
        Whether the subject has anything to show.
    draw_on
        Draws its main panel on given axes, in a notebook.
    """

    name: str
    title: str
    caption: str | Callable[[S], str]
    draw: Callable[[S], Drawn]
    order: int = 0
    section: str = ""
    applies: Callable[[S], bool] = lambda subject: True
    draw_on: Callable[..., Drawn] | None = None

    def caption_of(self, subject: S) -> str:
        """Return what the figure shows of this subject."""
        return self.caption if isinstance(self.caption, str) else self.caption(subject)


@cache
def figures_in(package: str) -> tuple[ReportFigure[Any], ...]:
    """Return the figures that the modules of a package declare as `FIGURE`, in their order."""
    place = import_module(package)
    modules = (import_module(f"{package}.{info.name}") for info in iter_modules(place.__path__))
    figures = [module.FIGURE for module in modules if hasattr(module, "FIGURE")]
    return tuple(sorted(figures, key=lambda figure: figure.order))


def not_drawn[S](figures: Iterable[ReportFigure[S]], subject: S) -> list[str]:
    """Return the titles of the figures in which there would be nothing to see."""
    return [figure.title for figure in figures if not figure.applies(subject)]


def render_all[S](
    figures: Iterable[ReportFigure[S]],
    subject: S,
    files: dict[str, Content],
    formats: Formats,
    *,
    folder: str = "figures/",
) -> list[Panel]:
    """Draw the figures that apply, one after the other, into `files`; return the panels of a report.

    Without `formats` nothing is drawn.
    """
    if not formats:
        return []
    from simulation.results.figures.style import paper, render
    from simulation.results.report.page import figure_panel

    # a page shows no PDF
    shown = formats if set(formats) & {"png", "svg"} else (*formats, "png")
    panels = []
    for figure in figures:
        if figure.applies(subject):
            with paper():
                rendered = render(figure.draw(subject), shown)
            files |= {f"{folder}{figure.name}.{ending}": rendered[ending] for ending in formats}
            panels.append(figure_panel(figure.name, figure.title, figure.caption_of(subject), rendered))
    return panels

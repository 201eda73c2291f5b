"""One self-contained HTML page from a template: figures inline, no script, nothing fetched from anywhere."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

__all__ = ["DISCLAIMER", "Panel", "figure_panel", "inline_svg", "render_page"]

DISCLAIMER = (
    "This is a computer simulation for research. It is not validated for any single patient and must not "
    "be used for clinical decisions."
)
_LARGEST_SVG = 400_000  # bytes; above, the PNG is the smaller and the faster picture
_ID = re.compile(r'\bid="([^"]+)"')
_RANGE = re.compile(r"(?<=\d)\N{EN DASH}(?=[\d.])")
_SIGN = re.compile(r"(?<=\d) (?=%)")
_REFERENCE = re.compile(r'(xlink:href="#|href="#|url\(#)([^")]+)')


@dataclass(frozen=True, slots=True)
class Panel:
    """Hold a figure ready for the page: `picture` is markup that is already safe."""

    name: str
    title: str
    caption: str
    picture: Markup


def render_page(template: str, **values: object) -> str:
    """Return the page of a template in this folder; an undefined name is an error, and text is escaped."""
    style = (resources.files(__package__) / "style.css").read_text(encoding="utf-8")
    return _environment().get_template(template).render(style=Markup(style), disclaimer=DISCLAIMER, **values)


def figure_panel(name: str, title: str, caption: str, drawn: Mapping[str, bytes]) -> Panel:
    """Return a figure in the page, by format: as SVG where there is one that is not huge, else as PNG."""
    svg, png = drawn.get("svg"), drawn.get("png")
    if svg is not None and (png is None or len(svg) <= _LARGEST_SVG):
        return Panel(name, title, caption, inline_svg(svg.decode(), name))
    data = base64.b64encode(drawn["png"]).decode()
    return Panel(
        name, title, caption, Markup('<img src="data:image/png;base64,{}" alt="{}">').format(data, title)
    )


def inline_svg(svg: str, prefix: str) -> Markup:
    """Return the drawing for use inside HTML: no XML header, and names that are its own on the page."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    # HTML knows both namespaces by itself
    body = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", body)
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    body = _ID.sub(rf'id="{prefix}-\1"', body)
    body = _REFERENCE.sub(rf"\1{prefix}-\2", body)
    return Markup(body)  # our own drawing; every text in it is an outline


def whole(text: object) -> str:
    """Return the text of a cell in which no line ends within a range such as 8–48 or before a percent sign."""
    return _SIGN.sub("\N{NO-BREAK SPACE}", _RANGE.sub("\N{WORD JOINER}\N{EN DASH}\N{WORD JOINER}", str(text)))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["whole"] = whole
    return environment


def _template(name: str) -> str | None:
    path = resources.files(__package__) / name
    return path.read_text(encoding="utf-8") if path.is_file() else None

"""A table as a picture (SVG), for slides and papers: lines are broken as on the page, and what is marked stands out."""

from collections.abc import Sequence
from html import escape
from textwrap import wrap
from typing import Final

from simulation.browser.palette import Palette

__all__ = ["table_svg"]

_SIZE: Final = 12.0  # px of the letters
_LINE: Final = 16.0
_GAP: Final = 14.0  # between columns
_MARGIN: Final = 10.0
_BOLD: Final = 1.13  # times as wide
_WIDEST: Final = 46  # letters of a column
_NARROW, _WIDE = frozenset("iIl.,:;'|!()[]-/ jtfr"), frozenset("mwMW@%\N{EN DASH}\N{EM DASH}")


def table_svg(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    colours: Palette,
    marked: Sequence[bool] = (),
    title: str = "",
) -> str:
    """Return the picture; a marked row has a ground of its own and a sign, as on the page."""
    shown = [list(row) for row in rows]
    for row, differs in zip(shown, marked, strict=False):
        row[0] = f"\N{NOT EQUAL TO} {row[0]}" if differs else row[0]
    cells = [[_broken(str(text)) for text in one] for one in (header, *shown)]
    n = max(len(row) for row in cells)
    bold = [True, *marked, *(False for _ in rows[len(marked) :])]
    widths = [_widest(cells, bold, column) for column in range(n)]
    lefts = [_MARGIN + sum(widths[:column]) + _GAP * column for column in range(n)]
    width = sum(widths) + _GAP * (n - 1) + 2 * _MARGIN
    y, parts = _MARGIN, []
    if title:
        lines = wrap(title, max(int(width / (_SIZE * 0.56)), 20))
        parts += [_text(_MARGIN, y + _LINE * index, line, "600") for index, line in enumerate(lines)]
        y += _LINE * len(lines) + 4.0
    for number, cells_of in enumerate(cells):
        high = _LINE * max(len(cell) for cell in cells_of) + 4.0
        strong = bold[number]
        if number and strong:
            parts.append(
                f'<rect x="{_MARGIN - 4:g}" y="{y:g}" width="{width - 2 * _MARGIN + 8:g}" height="{high:g}" '
                f'fill="#D55E00" fill-opacity="0.16"/>'
            )
        for column, cell in enumerate(cells_of):
            weight = "600" if strong else "400"
            parts += [
                _text(lefts[column], y + _LINE * index, line, weight) for index, line in enumerate(cell)
            ]
        y += high
        parts.append(
            f'<line x1="{_MARGIN - 4:g}" x2="{width - _MARGIN + 4:g}" y1="{y:g}" y2="{y:g}" stroke="{colours.faint}"/>'
        )
    height = y + _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:g} {height:g}">'
        f'<rect width="100%" height="100%" fill="{colours.ground}"/>'
        f'<g font-family="Arial, Helvetica, sans-serif" font-size="{_SIZE:g}" fill="{colours.ink}">{"".join(parts)}</g></svg>'
    )


def _text(x: float, y: float, line: str, weight: str) -> str:
    return f'<text x="{x:g}" y="{y + _SIZE + 1:g}" font-weight="{weight}">{escape(line)}</text>'


def _broken(text: str) -> list[str]:
    return wrap(text, _WIDEST) or [""]


def _widest(cells: Sequence[Sequence[Sequence[str]]], bold: Sequence[bool], column: int) -> float:
    """Return about how wide a column is, px; a little more than any usual font needs."""
    return max(
        (
            _width(line) * (_BOLD if strong else 1.0)
            for row, strong in zip(cells, bold, strict=True)
            for line in (row[column] if column < len(row) else ())
        ),
        default=0.0,
    )


def _width(line: str) -> float:
    units = sum(0.36 if sign in _NARROW else 0.98 if sign in _WIDE else 0.65 for sign in line)
    return units * _SIZE

"""Reports in a browser: no table leaves its box on a narrow page, and no word or number is broken inside a cell."""

from pathlib import Path
from typing import Any

import pytest

from simulation.results.report.page import render_page

WIDTHS = (360, 800)
# every word of a cell, with the number of lines on which it is drawn
BROKEN = """() => {
  const broken = [];
  for (const cell of document.querySelectorAll("td, th")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode()); )
      for (const word of node.data.matchAll(/[^\\s-]+/g)) {
        const range = document.createRange();
        range.setStart(node, word.index);
        range.setEnd(node, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) broken.push(word[0]);
      }
  }
  return broken;
}"""
ROWS = [
    ["Acute GvHD-free, relapse-free survival, median", "53440/000", "3 of 14 = 21 % (8\N{EN DASH}48)", "none", "not reached"],
    ["Haemophagocytic lymphohistiocytosis", "day 210, of the marrow only", "1.6e6 CD3+/kg", "none", "-21 to +70"],
]  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS)
def test_cells_are_whole_and_tables_stay_in_their_box(chromium: Any, tmp_path: Path, width: int) -> None:
    arms = [
        "Therapeutic blinatumomab + DLI",
        "Pre-emptive blinatumomab + DLI",
        "Prophylactic",
        "No treatment",
    ]
    page_file = tmp_path / "report.html"
    page_file.write_text(_page(arms), encoding="utf-8")
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.goto(page_file.as_uri())
    broken = page.evaluate(BROKEN)
    sizes = page.evaluate(
        "() => [document.documentElement, document.querySelector('.scroll')].flatMap(e => [e.scrollWidth, e.clientWidth])"
    )
    page.close()
    assert broken == []
    assert sizes[0] <= sizes[1]
    if width == WIDTHS[0]:
        assert sizes[2] > sizes[3]  # it scrolls inside its box: there was something to keep whole


def _page(arms: list[str]) -> str:
    return render_page(
        "joint.html.j2", names=arms, seed=1, patient=0, interrupted=False, runs=[(arms[0], "a", "Relapse.")], figures=[],
        header=["", *arms], rows=ROWS,
    )  # fmt: skip

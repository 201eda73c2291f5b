"""A measured course: typed as a table or as YAML, or loaded from a file in the browser; the page gets its text, never a path."""

from collections.abc import Mapping
from typing import Final

import solara

from simulation.browser.components.mistake import Mistake
from simulation.browser.components.open_file import OpenFile
from simulation.browser.many_view import ManyView

__all__ = ["EXAMPLE", "CourseInput"]

EXAMPLE: Final = "day,mrd,cd3 [/uL],agvhd,given\n28,,80,0,\n56,1e-4,190,,\n"
_HINT: Final = (
    "One row per day after transplant; <1e-4 is none found, limit of detection 1e-4. Virtual patients are then weighted by "
    "how well they fit (docs/forecast.md). For research only: no basis for a decision about a patient."
)


@solara.component
def CourseInput(view: ManyView) -> None:
    """Show the text, a way to load and to clear it, and what is wrong with it."""
    view.changed.get()
    refused = solara.use_reactive("")

    def opened(file: Mapping[str, str]) -> None:
        if "error" in file:
            refused.value = f"{file.get('name', 'the file')}: {file['error']}"
            return
        refused.value = ""
        view.put(course=str(file.get("text", "")))

    with solara.v.Html(tag="section", class_="tt-card"):
        solara.v.Html(tag="h2", children=["A patient's measured course"])
        solara.v.Html(tag="div", class_="tt-hint", children=[_HINT])
        solara.v.Textarea(
            label="Measured course (CSV or YAML)", v_model=view.asked.course, rows=5, dense=True, outlined=True,
            hide_details=True, class_="tt-course", on_v_model=lambda text: view.put(course=text or ""),
        )  # fmt: skip
        Mistake(view.errors.get("course") or refused.value)
        with solara.Div(classes=["tt-bar"]):
            solara.Button("Example", text=True, on_click=lambda: view.put(course=EXAMPLE))
            solara.Button(
                "Clear", text=True, on_click=lambda: view.put(course=""), disabled=not view.asked.course
            )
        OpenFile(label="Load from a file (CSV or YAML)", accept=".csv,.yaml,.yml", on_opened=opened)

"""Save, share or open the whole page: a link, a file, and the sign in the header that shows both."""

from collections.abc import Mapping

import solara

from simulation.browser.address import written
from simulation.browser.components.copy_text import CopyText
from simulation.browser.components.mistake import Mistake
from simulation.browser.components.open_file import OpenFile, text_of
from simulation.browser.components.save_buttons import SaveButtons
from simulation.browser.page_file import PAGE_ENDING, read_page, write_page
from simulation.errors import UserError

__all__ = ["KeepPage"]

_HINT = (
    "Patients, twins, many patients, results and what was chosen on every page. Who was followed is followed again; "
    "the link holds for this machine while view runs on the same port."
)


@solara.component
def KeepPage(parts: Mapping[str, str], go_to: "solara.Reactive[str]") -> None:
    """Show the sign, and what it opens; `go_to` takes the address of a page that was opened."""
    is_open = solara.use_reactive(False)
    mistake = solara.use_reactive("")

    def opened(file: Mapping[str, str]) -> None:
        try:
            name, text = text_of(file)
            go_to.value = f"?{written(read_page(text, name))}"
            mistake.value = ""
        except UserError as error:
            mistake.value = str(error)

    with solara.Div(classes=["tt-keep"]):
        solara.Button(
            icon_name="mdi-share-variant", icon=True, small=True, on_click=lambda: is_open.set(not is_open.value),
            attributes={
                "aria-label": "Save or share the whole page", "title": "Save or share the whole page",
                "aria-expanded": "true" if is_open.value else "false",
            },
        )  # fmt: skip
        if is_open.value:
            with solara.v.Html(
                tag="section", class_="tt-card tt-keep-panel", attributes={"aria-label": "The whole page"}
            ):
                solara.v.Html(tag="h2", children=["Save or share the whole page"])
                solara.v.Html(tag="div", class_="tt-hint", children=[_HINT])
                SaveButtons(
                    "page", "the page", {"Save this page": lambda: write_page(parts)}, ending=PAGE_ENDING
                )
                OpenFile(f"Open a saved page (*{PAGE_ENDING})", ".yaml,.yml", opened)
                Mistake(mistake.value)
                CopyText(title="Link to this page", text=f"?{written(parts)}", lines=3, link=True)

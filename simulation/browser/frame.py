"""The frame of the page: a header, Mesa's SolaraViz with pages of our own in it, and the controls of the page that is open.

SolaraViz hands the model to its components. Three of its parts do not fit and have no seam in Mesa 3.5: its controller lets a
fast model starve the drawing (ours is `player.py`), its view puts components on movable cards under tabs named "Page 0", and its
bar has buttons without a name. So what it puts into bar and sidebar ends here, and its view is exchanged for named tabs.

In the document the controls come after the pages, and the sign of the colours between, so that Play is the second stop of the
Tab key; on a wide screen the controls stand at the left, on a narrow one below, the sign always in the header.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import solara
from mesa.visualization import SolaraViz, solara_viz
from solara.components.applayout import appbar_portal, apptitle_portal, sidebar_portal

from simulation import __version__
from simulation.browser.components.tabs import Tabs
from simulation.browser.components.theme_button import ThemeButton

__all__ = ["NOT_FOR_PATIENTS", "Frame", "Page"]

NOT_FOR_PATIENTS: Final = "Simulated patients: for research and teaching, not for decisions about patients."
_ASIDE: Final = {"id": "tt-aside", "tabindex": "-1", "aria-label": "Act now, patient and plan"}
_PART: Final = "ComponentsView"
if not hasattr(solara_viz, _PART):
    raise ImportError(f"this Mesa has no solara_viz.{_PART}; install mesa>=3.5.1,<3.6")


@solara.component
def NamedTabs(components: Sequence[tuple["Page", int]], model: Any) -> None:
    """Show one component at a time under a tab with its name; take the place of Mesa's `ComponentsView`."""
    chosen = components[0][0].chosen
    with solara.Div(classes=["tt-pages"]):
        Tabs([page.title for page, _ in components], chosen.value, chosen.set)
        page = components[chosen.value][0]
        panel = {"id": "tt-panel", "role": "tabpanel", "aria-label": page.title}
        with solara.v.Html(tag="div", class_="tt-panel", attributes=panel):
            solara.Div(children=[page(model)], classes=["tt-panel-in"]).key(page.title)


solara_viz.ComponentsView = NamedTabs


class Page:
    """A component of SolaraViz with a title for its tab; `chosen` is the index of the tab that is open."""

    def __init__(self, title: str, make: Callable[[Any], Any], chosen: Any) -> None:
        self.title, self._make, self.chosen = title, make, chosen

    def __call__(self, model: Any) -> Any:
        """Return the component's element for a model."""
        return self._make(model)


@solara.component
def Frame(model: Any, pages: Sequence[Page], name: str, controls: Callable[[], Any] | None) -> None:
    """Show header, pages, and `controls` beside them where there are any."""
    sidebar_portal.use_portal()  # what SolaraViz puts into these three ends here
    appbar_portal.use_portal()
    apptitle_portal.use_portal()
    with solara.v.Html(tag="div", class_="tt-shell" if controls else "tt-shell tt-alone"):
        with solara.v.Html(tag="header", class_="tt-header"):
            solara.v.Html(tag="h1", children=[name])
            solara.v.Html(
                tag="p", class_="tt-warning", children=[f"{NOT_FOR_PATIENTS} Version {__version__}"]
            )
        with solara.v.Html(tag="main", class_="tt-main"):
            SolaraViz(model, components=[(page, index) for index, page in enumerate(pages)], name=name)
        with solara.v.Html(tag="nav", class_="tt-settings", attributes={"aria-label": "Colours"}):
            ThemeButton()
        if controls:
            with solara.v.Html(tag="aside", class_="tt-aside", attributes=_ASIDE):
                controls()

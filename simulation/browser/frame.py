"""Mesa's SolaraViz with pages of our own in it.

SolaraViz brings the bar with title and theme, and hands the model to its components. Two of its parts do not fit and have
no seam in Mesa 3.5: its controller lets a fast model starve the drawing (ours is `player.py`), and its view puts components
on movable cards under tabs named "Page 0". So its sidebar is taken off here, and its view is exchanged for named tabs.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import solara
from mesa.visualization import SolaraViz, solara_viz
from solara.components.applayout import sidebar_portal

__all__ = ["Frame", "Page"]

_PART: Final = "ComponentsView"
if not hasattr(solara_viz, _PART):
    raise ImportError(f"this Mesa has no solara_viz.{_PART}; install mesa>=3.5.1,<3.6")


@solara.component
def NamedTabs(components: Sequence[tuple["Page", int]], model: Any) -> None:
    """Show one component at a time under a tab with its name; take the place of Mesa's `ComponentsView`."""
    chosen = components[0][0].chosen
    with solara.lab.Tabs(value=chosen, lazy=True):
        for component, _ in components:
            with solara.lab.Tab(component.title):
                component(model)


solara_viz.ComponentsView = NamedTabs


class Page:
    """A component of SolaraViz with a title for its tab; `chosen` is the index of the tab that is open."""

    def __init__(self, title: str, make: Callable[[Any], Any], chosen: Any) -> None:
        self.title, self._make, self.chosen = title, make, chosen

    def __call__(self, model: Any) -> Any:
        """Return the component's element for a model."""
        return self._make(model)


@solara.component
def Frame(model: Any, pages: Sequence[Page], name: str) -> None:
    """Show SolaraViz without its own sidebar."""
    sidebar_portal.use_portal()  # what SolaraViz puts into the sidebar ends here
    with solara.Div():
        SolaraViz(model, components=[(page, index) for index, page in enumerate(pages)], name=name)

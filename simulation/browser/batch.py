"""All that changes with a frame is rendered at once: each part of the page by itself would walk through the whole page again."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from reacton import core

__all__ = ["Batch"]


class Batch:
    """Hold the rendering of one tab; `with batch.together():` renders once, at its end, whatever is set within."""

    def __init__(self) -> None:
        self._rendering: Any = None

    def use(self) -> None:
        """Take note, within a component, of the rendering that it belongs to."""
        self._rendering = core.get_render_context(required=False)

    def together(self) -> AbstractContextManager[Any]:
        """Return what several changes are made in; before a component has called `use` it does nothing."""
        return nullcontext() if self._rendering is None else self._rendering

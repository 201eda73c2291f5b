"""A list to choose from: the browser's own, which keyboards, screen readers and phones know."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import solara

__all__ = ["Choice"]


@solara.component_vue("choice.vue")
def _Choice(
    label: str, values: str, index: int, event_picked: Callable[[int], None] = lambda _: None
) -> None:
    """Be drawn by `choice.vue`."""


def Choice(
    label: str,
    values: Sequence[str],
    value: "str | solara.Reactive[str]",
    on_value: Callable[[str], Any] = lambda _: None,
) -> Any:
    """Show the values with one chosen; a reactive `value` is set, and `on_value` hears of it."""
    listed = list(values)
    shown = value if isinstance(value, str) else value.value

    def pick(index: int) -> None:
        if not isinstance(value, str):
            value.value = listed[index]
        on_value(listed[index])

    index = listed.index(shown) if shown in listed else -1
    return _Choice(label=label, values=json.dumps(listed), index=index, event_picked=pick)

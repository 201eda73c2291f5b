"""The slider of time: every day simulated is a drag, a click or an arrow key away, and the days to come a run."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import solara

__all__ = ["TimeSlider"]


@solara.component_vue("time_slider.vue")
def _TimeSlider(
    first: float,
    end: float,
    reached: float,
    day: float,
    step: float,
    marks: str = "[]",
    label: str = "Day",
    words: str = "",
    everywhere: bool = False,
    event_moved: Callable[[float], None] = lambda _: None,
    event_settled: Callable[[float], None] = lambda _: None,
    event_pressed: Callable[[str], None] = lambda _: None,
) -> None:
    """Be drawn by `time_slider.vue`."""


def TimeSlider(
    first: float,
    end: float,
    reached: float,
    day: float,
    step: float,
    on_move: Callable[[float], None],
    on_settle: Callable[[float], None] | None = None,
    on_key: Callable[[str], None] | None = None,
    marks: Sequence[float] = (),
    **more: Any,
) -> Any:
    """Show days from `first` to `end`, simulated until `reached`; `marks` are days on which something happened.

    `on_move` hears of days while the handle is dragged, never more than the page draws, `on_settle` where it is let go. With
    `on_key` the keys of time are heard on the whole page: it gets `play`, `next`, `last`.
    """
    return _TimeSlider(
        first=first, end=end, reached=reached, day=day, step=step, marks=json.dumps([round(mark, 2) for mark in marks]),
        everywhere=on_key is not None, event_moved=on_move, event_settled=on_settle or on_move,
        event_pressed=on_key or (lambda _: None), **more,
    )  # fmt: skip

"""Play, pause, step, one week, reset, speed; what the last change did; an error that stopped playing."""

import math
from collections.abc import Callable

import solara

from simulation.browser.asking import Asking, Question
from simulation.browser.components.choice import Choice
from simulation.browser.components.mistake import Mistake
from simulation.browser.player import SPEEDS
from simulation.browser.twins import TwinView
from simulation.browser.view import PatientView

__all__ = ["PlayBar", "Told", "Transport"]


def speed_words(speed: float) -> str:
    """Return a speed in words."""
    return "fastest" if math.isinf(speed) else f"{speed:g} day{'s' * (speed != 1)}/s"


@solara.component
def Transport(view: PatientView | TwinView, step_words: str, on_reset: Callable[[], None]) -> None:
    """Show the buttons that make time pass; `view` has a `player`, `changed` and `finished`."""
    view.changed.get()
    player = view.player
    playing, over = player.playing, view.finished

    def set_speed(words: str) -> None:
        player.speed = next(speed for speed in SPEEDS if speed_words(speed) == words)
        view.tell()

    icon = "mdi-pause" if playing else "mdi-play"
    with solara.Div(classes=["tt-bar"]):
        solara.Button(
            "Pause" if playing else "Play", icon_name=icon, color="primary", disabled=over and not playing,
            on_click=player.pause if playing else player.play, classes=["tt-play"],
        )  # fmt: skip
        solara.Button(
            f"Step ({step_words})",
            outlined=True,
            disabled=playing or over,
            on_click=lambda: player.advance(0),
        )
        solara.Button(
            "One week", outlined=True, disabled=playing or over, on_click=lambda: player.advance(7.0)
        )
        solara.Button("Reset", icon_name="mdi-restart", outlined=True, on_click=on_reset)
        with solara.Div(classes=["tt-speed"]):
            Choice("Speed", [speed_words(s) for s in SPEEDS], speed_words(player.speed), on_value=set_speed)


@solara.component
def PlayBar(view: PatientView, on_copy: Callable[[], None]) -> None:
    """Show the transport of one patient, what the last change did, and an error if there is one."""
    view.changed.get()
    session, player = view.session, view.player

    def reset() -> None:
        session.restart()
        if session.question is not None:
            player.pause()
        view.refresh()

    # one root whatever is told: another root would make the buttons anew, and a click under way would be lost
    with solara.Div():
        with solara.Div(classes=["tt-bar"]):
            Transport(view, f"{session.scenario.time_step * 24:g} h", reset)
            solara.Button(
                "Copy as YAML / command", icon_name="mdi-content-copy", outlined=True, on_click=on_copy
            )
        with solara.Div(
            classes=["tt-told"]
        ):  # its line is kept free: the page does not jump when something is told
            Told(session, session.question, view.player.error, session.note, view.refresh)


@solara.component
def Told(
    asking: Asking, question: Question | None, error: str, note: str, refresh: Callable[[], None]
) -> None:
    """Ask before what is on the screen is discarded, or show what stopped the player, or what the last change did."""

    def answer(yes: bool) -> None:
        asking.answer(yes)
        refresh()

    with solara.Div():
        if question is not None:
            with solara.v.Html(tag="div", class_="tt-asked", attributes={"role": "alert"}):
                solara.v.Html(tag="span", children=[question.words])
                solara.Button(
                    "Keep this patient", color="primary", small=True, on_click=lambda: answer(False)
                )
                solara.Button("Begin again", outlined=True, small=True, on_click=lambda: answer(True))
        elif error:
            Mistake(f"Stopped: {error}")
        elif note:
            solara.v.Html(tag="div", class_="tt-note", children=[note], attributes={"role": "status"})

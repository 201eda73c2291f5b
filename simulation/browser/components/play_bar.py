"""Play, pause, step, reset, speed, the ways through time; what the last change did; an error that stopped playing."""

import math
from collections.abc import Callable

import solara

from simulation.browser.asking import DiscardGuard, Question
from simulation.browser.components.choice import Choice
from simulation.browser.components.go_field import GoField
from simulation.browser.components.mistake import Mistake
from simulation.browser.components.present_button import PresentButton
from simulation.browser.components.time_slider import TimeSlider
from simulation.browser.played_life import EPS
from simulation.browser.player import SPEEDS
from simulation.browser.session import PatientSession
from simulation.browser.twins import TwinView
from simulation.browser.view import PatientView

__all__ = ["Notice", "PlayBar", "Timeline", "Transport"]


def speed_words(speed: float) -> str:
    """Return a speed in words."""
    return "fastest" if math.isinf(speed) else f"{speed:g} day{'s' * (speed != 1)}/s"


@solara.component
def Transport(view: PatientView | TwinView, step_words: str, on_reset: Callable[[], None]) -> None:
    """Show the buttons that make time pass; `view` has a `player`, `changed`, `finished` and the ways through time."""
    view.changed.get()
    player = view.player
    playing, over = player.playing, view.finished

    def set_speed(words: str) -> None:
        player.speed = next(speed for speed in SPEEDS if speed_words(speed) == words)
        view.kept["twins.speed" if isinstance(view, TwinView) else "speed"].value = f"{player.speed:g}"
        view.notify()

    icon = "mdi-pause" if playing else "mdi-play"
    with solara.Div(classes=["tt-bar"]):
        solara.Button(
            "Pause" if playing else "Play", icon_name=icon, color="primary", disabled=over and not playing,
            on_click=player.pause if playing else player.play, classes=["tt-play"],
            attributes={"title": "Space bar"},
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
        _IconButton("mdi-restart", "Reset", on_reset, disabled=False)
        with solara.Div(classes=["tt-speed"]):
            Choice("Speed", [speed_words(s) for s in SPEEDS], speed_words(player.speed), on_value=set_speed)
        _Jumps(view)


@solara.component
def _Jumps(view: PatientView | TwinView) -> None:
    """Show the ways to another day: an event, the end, a day that is typed."""
    view.changed.get()
    mistake = solara.use_reactive("")

    def go(text: str) -> None:
        mistake.value = ""
        if not text.strip():
            return
        try:
            day = float(text.strip().removeprefix("day "))
        except ValueError:
            day = math.nan
        if view.first_day <= day <= view.end:
            view.go_to(day)
        else:
            mistake.value = f"A day from {view.first_day:g} to {view.end:g}"

    over = view.finished
    with solara.Div(classes=["tt-bar"]):
        _IconButton("mdi-skip-previous", "Event before", view.to_last_event, view.day <= view.first_day)
        _IconButton("mdi-skip-next", "Next event", view.to_next_event, over)
        _IconButton("mdi-fast-forward", "To the end", lambda: view.go_to(view.end), over)
        GoField(label="Go to day", mistake=mistake.value, event_gone=go)


def _IconButton(icon: str, words: str, act: Callable[[], None], disabled: bool) -> None:
    solara.Button(
        icon_name=icon, outlined=True, disabled=disabled, on_click=act, classes=["tt-icon"],
        attributes={"aria-label": words, "title": words},
    )  # fmt: skip


@solara.component
def Timeline(view: PatientView | TwinView, label: str = "Day on the screen") -> None:
    """Show the slider of time, and how far it has been simulated."""
    view.frame.get()
    view.changed.get()
    player = view.player

    def move(day: float) -> None:
        if not player.playing or abs(day - view.day) > EPS:
            view.go_to(float(day))

    def key(name: str) -> None:
        if name == "play":
            (player.pause if player.playing else player.play)()
        elif name == "next":
            view.to_next_event()
        else:
            view.to_last_event()

    TimeSlider(
        view.first_day, view.end, view.reached, view.day, view.time_step, on_move=move, on_key=key,
        marks=view.event_days(), label=label, words=_how_far(view),
    )  # fmt: skip


def _how_far(view: PatientView | TwinView) -> str:
    if view.reached >= view.end - EPS or view.day < view.reached - EPS:
        return f"day {view.day:.4g} of {view.reached:.4g}"
    return f"day {view.day:.4g}, follow-up to {view.end:.5g}"


@solara.component
def PlayBar(view: PatientView, on_save: Callable[[], None]) -> None:
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
                "Save", icon_name="mdi-content-save", outlined=True, on_click=on_save,
                attributes={"aria-label": "Save, share, copy", "title": "Save, share, copy"},
            )  # fmt: skip
            PresentButton()
            solara.v.Html(
                tag="a",
                class_="tt-to-controls",
                attributes={"href": "#tt-aside"},
                children=["To the controls"],
            )  # where they are below, which on a phone is far
        Timeline(view)
        with solara.Div(
            classes=["tt-notice"]
        ):  # its line is kept free: the page does not jump when something is told
            Notice(
                session,
                session.question,
                view.player.error,
                session.note or _other_branch(session),
                view.refresh,
            )


def _other_branch(session: PatientSession) -> str:
    """Say that the patient has left his first branch; nothing where he has not."""
    forked = session.forked
    if forked is None:
        return ""
    return f"Another branch since day {forked.act.day:.4g}; dotted in the charts: the original one, without what was done since."


@solara.component
def Notice(
    asking: DiscardGuard, question: Question | None, error: str, note: str, refresh: Callable[[], None]
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

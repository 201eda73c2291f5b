"""Page 1: one patient, from transplant on."""

import json

import solara

from simulation.browser.catalogue import Source
from simulation.browser.charts import HEIGHT, base_option, frame_option
from simulation.browser.components.act_now import ActNow
from simulation.browser.components.badges import Badges
from simulation.browser.components.chart import Chart
from simulation.browser.components.copy_text import CopyText
from simulation.browser.components.event_log import EventLog, log_lines
from simulation.browser.components.marrow_panel import MarrowPanel
from simulation.browser.components.parameters import Parameters
from simulation.browser.components.play_bar import PlayBar
from simulation.browser.palette import Palette, palette
from simulation.browser.reproduce import command, scenario_file
from simulation.browser.view import PatientView

__all__ = ["PatientControls", "PatientPage"]


@solara.component
def PatientControls(view: PatientView, choices: list[Source]) -> None:
    """Show what stands in the sidebar."""
    with solara.Div(classes=["tt-side"]):
        ActNow(view)
        Parameters(view, choices)


@solara.component
def PatientPage(view: PatientView) -> None:
    """Show play bar, badges, map, charts and log."""
    colours = palette(bool(solara.lab.use_dark_effective()))
    copying = solara.use_reactive(False)
    solara.use_effect(lambda: view.player.pause, [])  # when another page is opened, or the tab is closed
    with solara.Div(classes=["tt-page"]):
        PlayBar(view, lambda: copying.set(not copying.value))
        if copying.value:
            _Copy(view)
        _Badges(view)
        with solara.Div(classes=["tt-columns"]):
            with solara.Div(classes=["tt-left"]):
                MarrowPanel(view, colours)
                _Log(view)
            with solara.Div(classes=["tt-right"]):
                _Charts(view, colours)


@solara.component
def _Badges(view: PatientView) -> None:
    view.frame.get()
    Badges(view.shot, frame_s=view.player.frame_s)


@solara.component
def _Log(view: PatientView) -> None:
    view.frame.get()
    EventLog(log_lines(view.shot), view.shot.day)


@solara.component
def _Charts(view: PatientView, colours: Palette) -> None:
    view.frame.get()
    option = solara.use_memo(lambda: json.dumps(base_option(colours)), [colours.dark])
    shot = view.shot
    Chart(
        option=option, frame=frame_option(shot, colours), height=HEIGHT, event_drawn=lambda _: view.player.drawn(),
        label=f"Charts until day {shot.day:.4g}: leukaemia, T cells, blood, drug level, tissue and GvHD grades",
    )  # fmt: skip


@solara.component
def _Copy(view: PatientView) -> None:
    view.changed.get()
    view.frame.get()
    if view.player.playing:
        solara.v.Html(tag="div", class_="tt-note", children=["Pause to copy what is on the screen."])
        return
    with solara.Div(classes=["tt-card"]):
        CopyText(title="Command", text=command(view.session), lines=3)
        CopyText(title="YAML", text=scenario_file(view.session), lines=8)

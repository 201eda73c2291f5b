"""Page 1: one patient, from transplant on."""

import json

import solara

from simulation.browser.catalogue import Source
from simulation.browser.charts import HEIGHT, base_option, frame_option
from simulation.browser.components.act_now import ManualAct
from simulation.browser.components.badges import Badges
from simulation.browser.components.chart import Chart
from simulation.browser.components.event_log import EventLog, log_lines
from simulation.browser.components.marrow_panel import MarrowPanel
from simulation.browser.components.parameters import Parameters
from simulation.browser.components.play_bar import PlayBar
from simulation.browser.components.save_panel import SavePanel
from simulation.browser.exports import columns_csv
from simulation.browser.palette import Palette, palette
from simulation.browser.view import PatientView

__all__ = ["PatientControls", "PatientPage"]


@solara.component
def PatientControls(view: PatientView, choices: list[Source]) -> None:
    """Show what stands in the sidebar."""
    with solara.Div(classes=["tt-side"]):
        ManualAct(view)
        Parameters(view, choices)


@solara.component
def PatientPage(view: PatientView, choices: list[Source]) -> None:
    """Show play bar, badges, map, charts and log."""
    colours = palette(bool(solara.lab.use_dark_effective()))
    view.batch.use()
    saving = solara.use_reactive(False)
    solara.use_effect(lambda: view.player.pause, [])  # when another page is opened, or the tab is closed
    with solara.Div(classes=["tt-page"]):
        PlayBar(view, lambda: saving.set(not saving.value))
        if saving.value:
            SavePanel(view, choices)
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
    shot, whole, other, session = view.shot, view.whole, view.other, view.session
    forked = None if session.forked is None else session.forked.act.day

    def drawn() -> str:  # the whole life: going back and forth in it moves a line and draws nothing anew
        return json.dumps(frame_option(whole, colours, other, forked), separators=(",", ":"))

    frame = solara.use_memo(drawn, [whole, other, colours.dark])
    beside = f", with the original branch from day {forked:.4g} on" if forked is not None else ""
    Chart(
        option=option, frame=frame, height=HEIGHT, event_drawn=lambda _: view.player.drawn(),
        label=f"Charts until day {whole.day:.4g}: leukaemia, T cells, blood, drug level, tissue and GvHD grades{beside}",
        name=f"{whole.scenario.name} patient {whole.patient} seed {whole.seed}",
        csv=lambda: columns_csv(whole.result.columns),
        cursor=None if session.at_present else shot.day, on_day=lambda day: view.go_to(min(float(day), view.reached)),
    )  # fmt: skip

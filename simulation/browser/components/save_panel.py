"""What keeps a patient: a file that the page opens again, a link, a command, a scenario file, and his numbers."""

from collections.abc import Mapping

import solara

from simulation.browser.address import patient_query, written
from simulation.browser.catalogue import Source
from simulation.browser.components.copy_text import CopyText
from simulation.browser.components.event_log import log_lines
from simulation.browser.components.mistake import Mistake
from simulation.browser.components.open_file import OpenFile, text_of
from simulation.browser.components.save_buttons import SaveButtons
from simulation.browser.components.tables import SaveTable
from simulation.browser.exports import columns_csv, file_name
from simulation.browser.moment import ENDING, moment_of, read_moment, restore_moment, write_moment
from simulation.browser.reproduce import command, scenario_file, with_version
from simulation.browser.session import PatientSession
from simulation.browser.view import PatientView
from simulation.errors import UserError
from simulation.results.words import outcome_table

__all__ = ["SavePanel"]


@solara.component
def SavePanel(view: PatientView, choices: list[Source]) -> None:
    """Show the panel; while the patient is played there is nothing that would hold still."""
    view.changed.get()
    view.frame.get()
    if view.player.playing:
        solara.v.Html(tag="div", class_="tt-note", children=["Pause to save or copy what is on the screen."])
        return
    session, shot = view.session, view.shot
    name = file_name(
        f"{shot.scenario.name} patient {shot.patient} seed {shot.seed} day {shot.day:.4g}", ""
    ).rstrip(".")
    with solara.Div(classes=["tt-card", "tt-save-panel"]):
        with solara.Div(classes=["tt-bar"]):
            SaveButtons(
                name, "the patient", {"Save this patient": lambda: write_moment(moment_of(session))}, ending=ENDING
            )  # fmt: skip
            SaveButtons(
                name,
                "the trajectory",
                {"Trajectory (CSV)": lambda: columns_csv(view.whole.result.columns)},
                ending=".csv",
            )
        with solara.Div(classes=["tt-bar"]):
            solara.v.Html(tag="span", class_="tt-note", children=["Event log:"])
            SaveTable(["when", "what"], log_lines(shot), f"{name} events")
            solara.v.Html(tag="span", class_="tt-note", children=["Outcomes:"])
            SaveTable(["outcome", "value"], outcome_table(shot.result), f"{name} outcomes")
        _Open(view, choices)
        query = patient_query(session, choices)
        if query is not None:
            CopyText(title="Link", text=f"?{written(query)}", lines=2, link=True)
        CopyText(title="Command", text=with_version(command(session)), lines=3)
        CopyText(title="YAML", text=scenario_file(session), lines=8)


@solara.component
def _Open(view: PatientView, choices: list[Source]) -> None:
    mistake = solara.use_reactive("")

    def opened(file: Mapping[str, str]) -> None:
        try:
            shown, text = text_of(file)
            moment = read_moment(text, shown)
            trial = PatientSession(
                view.session.source
            )  # a file that cannot be followed leaves the patient as he is
            restore_moment(trial, moment, choices)
        except UserError as error:
            mistake.value = str(error) if error.file else f"{shown}: {error}"
            return
        mistake.value = ""

        def act() -> None:
            restore_moment(view.session, moment, choices)
            view.session.note = (
                f"{shown} is opened: the patient of {moment.source} on day {view.session.day:.4g}."
            )

        view.session.ask(shown, act)
        view.refresh()

    OpenFile(label=f"Open a saved patient (*{ENDING})", accept=".yaml,.yml,.json", on_opened=opened)
    Mistake(mistake.value)

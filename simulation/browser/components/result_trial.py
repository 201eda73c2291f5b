"""A stored comparison: survival curves, what was found, and its patients, each of whom can be watched as twins."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.chart import Chart
from simulation.browser.components.choice import Choice
from simulation.browser.components.copy_text import CopyText
from simulation.browser.components.mistake import Mistake, use_stored
from simulation.browser.components.tables import TextTable
from simulation.browser.kept import Room, among, number
from simulation.browser.palette import Palette
from simulation.browser.results.repeat import trial_again
from simulation.browser.results.result_charts import survival_option
from simulation.browser.results.trial_folder import CURVES, TrialFolder, read_trial
from simulation.errors import UserError
from simulation.results.words import survival_words

__all__ = ["StoredTrial"]

_PAGE = 50
_ORDERS = ("the largest gain first", "the largest loss first", "by number")


@solara.component
def StoredTrial(
    folder: Path, colours: Palette, watch_twins: Callable[[Source, Source, int, int], None], kept: Room
) -> None:
    """Show the trial."""
    trial = use_stored(read_trial, folder)
    outcome = among(kept["curves"], list(CURVES))
    if trial is None:
        return
    names = {declared.label: name for name, declared in CURVES.items()}
    with solara.Div(classes=["tt-twin-columns", "tt-stored"]):
        with solara.Div(classes=["tt-left"]):
            Choice(
                "Curves",
                list(names),
                CURVES[outcome].label,
                on_value=lambda words: kept["curves"].set(names[words]),
            )
            option = survival_option(trial, outcome, colours)
            label = f"Survival curves: {CURVES[outcome].label}"
            Chart(option=option, frame={}, height=380, label=label, name=f"{folder.name} {outcome}")
        with solara.Div(classes=["tt-right"]):
            TextTable(["", *trial.arms], [list(row) for row in trial.table()], label="Outcomes of all arms")
            CopyText(title="Command for the same patients in these arms", text=trial_again(trial), lines=2)
    _Patients(trial, watch_twins, kept)


@solara.component
def _Patients(
    trial: TrialFolder, watch_twins: Callable[[Source, Source, int, int], None], kept: Room
) -> None:
    arm, other = trial.main
    days = {key: trial.numbers(key, trial.primary) for key in (arm, other)}
    gain = days[arm] - days[other]
    ranks = {_ORDERS[0]: np.argsort(-gain, kind="stable"), _ORDERS[1]: np.argsort(gain, kind="stable")}
    order, pages = among(kept["order"], _ORDERS), -(-gain.size // _PAGE)
    page = number(kept["page"], pages - 1)
    chosen = ranks.get(order, np.arange(gain.size))
    shown = chosen[page * _PAGE : (page + 1) * _PAGE]

    def turn(to: int) -> None:
        kept["page"].value = str(to)

    def put_in_order(words: str) -> None:
        kept["order"].value = words
        turn(0)

    rows = [
        [
            trial.rows[arm][i]["patient"],
            f"{gain[i]:+.4g} days",
            *(trial.history(key, int(i)) for key in (arm, other)),
        ]
        for i in shown
    ]

    mistake = solara.use_reactive("")

    def watch(index: int) -> None:
        patient = int(trial.rows[arm][shown[index]]["patient"])
        try:
            watch_twins(trial.source(arm), trial.source(other), int(trial.comparison["seed"]), patient)
            mistake.value = ""
        except UserError as error:
            mistake.value = str(error)

    with solara.Div(classes=["tt-bar"]):
        solara.v.Html(
            tag="h2",
            class_="tt-group",
            children=[f"Patients: {survival_words(trial.primary)} with {arm}, less those with {other}"],
        )
        with solara.Div(classes=["tt-pick"]):
            Choice("Order", list(_ORDERS), order, on_value=put_in_order)
        if pages > 1:
            solara.Button("Earlier", text=True, disabled=page == 0, on_click=lambda: turn(page - 1))
            solara.Text(f"{page + 1} of {pages}")
            solara.Button(
                "Further",
                text=True,
                disabled=page + 1 >= pages,
                on_click=lambda: turn(page + 1),
            )
    Mistake(mistake.value)
    TextTable(
        ["Patient", "Gain", arm, other],
        rows,
        on_row=watch,
        button="Watch as twins",
        label="Patients of the comparison",
    )

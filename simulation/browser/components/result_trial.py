"""A stored comparison: survival curves, what was found, and its patients, each of whom can be watched as twins."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.chart import Chart
from simulation.browser.components.choice import Choice
from simulation.browser.components.mistake import Mistake, use_stored
from simulation.browser.components.tables import TextTable
from simulation.browser.palette import Palette
from simulation.browser.results.result_charts import survival_option
from simulation.browser.results.trial_folder import CURVES, TrialFolder, read_trial
from simulation.errors import UserError
from simulation.results.words import survival_words

__all__ = ["StoredTrial"]

_PAGE = 50
_ORDERS = ("the largest gain first", "the largest loss first", "by number")


@solara.component
def StoredTrial(
    folder: Path, colours: Palette, watch_twins: Callable[[Source, Source, int, int], None]
) -> None:
    """Show the trial."""
    trial = use_stored(read_trial, folder)
    outcome = solara.use_reactive(next(iter(CURVES)))
    if trial is None:
        return
    names = {declared.label: name for name, declared in CURVES.items()}
    with solara.Div(classes=["tt-twin-columns"]):
        with solara.Div(classes=["tt-left"]):
            Choice(
                "Curves",
                list(names),
                CURVES[outcome.value].label,
                on_value=lambda words: outcome.set(names[words]),
            )
            option = survival_option(trial, outcome.value, colours)
            Chart(
                option=option, frame={}, height=380, label=f"Survival curves: {CURVES[outcome.value].label}"
            )
        with solara.Div(classes=["tt-right"]):
            TextTable(["", *trial.arms], [list(row) for row in trial.table()])
    _Patients(trial, watch_twins)


@solara.component
def _Patients(trial: TrialFolder, watch_twins: Callable[[Source, Source, int, int], None]) -> None:
    order = solara.use_reactive(_ORDERS[0])
    page = solara.use_reactive(0)
    arm, other = trial.main
    days = {key: trial.numbers(key, trial.primary) for key in (arm, other)}
    gain = days[arm] - days[other]
    ranks = {_ORDERS[0]: np.argsort(-gain, kind="stable"), _ORDERS[1]: np.argsort(gain, kind="stable")}
    chosen = ranks.get(order.value, np.arange(gain.size))
    shown = chosen[page.value * _PAGE : (page.value + 1) * _PAGE]
    rows = [
        [
            trial.rows[arm][i]["patient"],
            f"{gain[i]:+.4g} days",
            *(trial.course(key, int(i)) for key in (arm, other)),
        ]
        for i in shown
    ]

    mistake = solara.use_reactive("")

    def watch(index: int) -> None:
        patient = int(trial.rows[arm][shown[index]]["patient"])
        try:
            watch_twins(trial.source(arm), trial.source(other), int(trial.found["seed"]), patient)
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
            Choice("Order", list(_ORDERS), order, on_value=lambda _: page.set(0))
        pages = -(-gain.size // _PAGE)
        if pages > 1:
            solara.Button(
                "Earlier", text=True, disabled=page.value == 0, on_click=lambda: page.set(page.value - 1)
            )
            solara.Text(f"{page.value + 1} of {pages}")
            solara.Button(
                "Further",
                text=True,
                disabled=page.value + 1 >= pages,
                on_click=lambda: page.set(page.value + 1),
            )
    Mistake(mistake.value)
    TextTable(
        ["Patient", "Gain", arm, other],
        rows,
        on_row=watch,
        button="Watch as twins",
        label="Patients of the comparison",
    )

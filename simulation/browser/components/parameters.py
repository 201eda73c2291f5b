"""The form that describes the patient and the plan; a mistake is told beside its field and changes nothing."""

from collections.abc import Callable

import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.choice import Choice
from simulation.browser.components.mistake import Mistake
from simulation.browser.form import FIELDS, GROUPS, shown
from simulation.browser.guide import entry_help, field_help, rule_entries
from simulation.browser.mistakes import mistake_text
from simulation.browser.own_scenarios import changed
from simulation.browser.view import PatientView
from simulation.errors import UserError
from simulation.products.form import AS_WRITTEN
from simulation.products.form import FormField as Field

__all__ = ["Description", "Parameters"]

RESTARTS = "↺"


@solara.component
def Parameters(view: PatientView, choices: list[Source]) -> None:
    """Show the scenario's choice and all fields, group by group."""
    view.changed.get()
    session = view.session
    problem = solara.use_reactive("")
    known = list(choices) if session.source in choices else [session.source, *choices]
    labels = [source.label for source in known]

    def take(label: str) -> None:
        try:
            session.open(known[labels.index(label)])
            problem.value = ""
        except UserError as error:
            problem.value = str(error)
        _settle()

    def change(name: str, value: str) -> None:
        session.change(name, value)
        _settle()

    def _settle() -> None:
        if session.question is not None:
            view.player.pause()  # nothing goes on while a person is asked
        view.refresh()

    with solara.v.Html(tag="section", class_="tt-card"):
        solara.v.Html(tag="h2", children=["Patient and plan"])
        hint = f"{RESTARTS} restarts the patient at transplant; the rest takes effect at once."
        solara.v.Html(tag="div", class_="tt-hint", children=[hint])
        if session.whose:
            solara.v.Html(tag="div", class_="tt-hint", children=[session.whose])
        Choice(f"Scenario {RESTARTS}", labels, session.source.label, on_value=take)
        Mistake(problem.value)
        Description(session.scenario.description)
        for title, names in GROUPS:
            solara.v.Html(tag="h3", class_="tt-group", children=[title])
            for field in FIELDS:
                if field.name in names and shown(field, session.form):
                    FormField(view, field, change).key(field.name)
        if session.scenario.plugin:
            _Rules(view, _settle)


@solara.component
def Description(text: str) -> None:
    """Show what a scenario is, in its file's words."""
    with solara.Div():
        if text:
            solara.v.Html(tag="div", class_="tt-hint tt-description", children=[text])


@solara.component
def _Rules(view: PatientView, settle: Callable[[], None]) -> None:
    """Show the parameters of rules of one's own: their files are those that `view` was started with."""
    view.changed.get()
    session = view.session
    mistakes = solara.use_reactive({})

    def put(name: str, value: str) -> None:
        try:
            session.open(changed(session.source, (f"plugin.{name}", value)))
            mistakes.value = {}
        except UserError as error:
            mistakes.value = {name: mistake_text(error, "")}
        settle()

    with solara.Div():
        solara.v.Html(tag="h3", class_="tt-group", children=["Rules of one's own"])
        for plugin in session.scenario.plugin:
            solara.v.Html(tag="div", class_="tt-hint", children=[plugin.name])
            for entry in rule_entries([plugin]):
                name = entry.key.removeprefix("plugin.")
                with solara.Div(classes=["tt-field", f"tt-rule-{name}"]).key(name):
                    solara.InputText(
                        f"{name.replace('_', ' ')} {RESTARTS}",
                        entry.default,
                        on_value=lambda text, name=name: put(name, text or ""),
                        error=mistakes.value.get(name, False),
                        dense=True,
                    )
                    _Help(name.replace("_", " "), entry_help(entry))


@solara.component
def _Help(label: str, words: str) -> None:
    head = solara.v.Html(tag="summary", children=["?"], attributes={"aria-label": f"Help: {label}"})
    body = solara.v.Html(tag="div", class_="tt-hint", children=[words])
    solara.v.Html(tag="details", class_="tt-hint", children=[head, body])


@solara.component
def FormField(view: PatientView, field: Field, change: Callable[[str, str], None]) -> None:
    """Show one field with its unit, whether it restarts the patient, and what is wrong with it."""
    view.changed.get()
    session = view.session
    value = session.typed.get(field.name, session.form[field.name])
    mistake = session.errors.get(field.name)
    label = f"{field.label} {RESTARTS}" if session.restarts(field.plan) else field.label

    def put(new: str | None) -> None:
        change(field.name, (new or "").strip())

    words = field_help(field.key)
    with solara.Div(classes=["tt-field", f"tt-field-{field.name}"]):
        if field.kind == "text":
            solara.InputText(
                label,
                value,
                on_value=put,
                suffix=field.unit,
                error=mistake or False,
                message=field.hint or None,
                dense=True,
            )
        elif field.kind == "choice":
            named = {
                one: (field.words or {}).get(one, one)
                for one in field.values
                if one != AS_WRITTEN or one == value
            }
            Choice(
                label, list(named.values()), named.get(value, value),
                on_value=lambda new: put(next(one for one, shown in named.items() if shown == new)),
            )  # fmt: skip
            Mistake(mistake)
        elif field.kind == "switch":
            solara.Switch(
                label=label,
                value=value == "on",
                on_value=lambda on: put("on" if on else "off"),
            )
            Mistake(mistake)
        else:
            _Slider(field, label, value, put)
            Mistake(mistake)
        if words:
            _Help(field.label, words)


def _Slider(field: Field, label: str, value: str, put: Callable[[str], None]) -> None:
    stops = sorted({*field.values, value}, key=float)
    shown_label = [f"{label}: {value} {field.unit}"]
    solara.v.Html(tag="div", class_="tt-slider-label", children=shown_label, attributes={"title": field.hint})
    solara.v.Slider(
        v_model=stops.index(value), on_v_model=lambda index: put(stops[int(index)]), min=0, max=len(stops) - 1, step=1,
        ticks=True, dense=True, hide_details=True, attributes={"aria-label": label},
    )  # fmt: skip

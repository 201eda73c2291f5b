"""Acts by hand on the day on the screen: give DLI, start or stop blinatumomab, take a marrow test."""

from typing import Any

import solara

from simulation.browser.view import PatientView

__all__ = ["ActNow"]


@solara.component
def ActNow(view: PatientView) -> None:
    """Show the buttons and the doses they use; an act is carried out with the next step."""
    view.changed.get()
    dose = solara.use_reactive("1e6")
    rate = solara.use_reactive("28")
    session = view.session
    over = session.finished

    def act(field: str, **what: Any) -> None:
        session.order(field, **what)
        view.refresh()

    def typed(field: str) -> None:
        session.forget_mistake(field)  # it was about what stood there before
        view.tell()

    def give() -> None:
        act("now_dli", give="dli", cd3=_with(dose.value, "cells/kg"))

    def start() -> None:
        act("now_rate", give="blinatumomab", dose=_with(rate.value, "ug/day"))

    def stop() -> None:
        act("now_rate", stop="blinatumomab")

    with solara.Card("Act now", margin=0, classes=["tt-card"]):
        solara.v.Html(
            tag="div", class_="tt-hint", children=["Carried out with the next step; nothing is restarted."]
        )
        with solara.Div(classes=["tt-act"]):
            solara.InputText(
                "Dose now", dose, suffix="CD3+/kg", error=session.errors.get("now_dli", False), dense=True,
                on_value=lambda _: typed("now_dli"),
            )  # fmt: skip
            solara.Button("Give DLI", color="primary", small=True, disabled=over, on_click=give)
        with solara.Div(classes=["tt-act"]):
            solara.InputText(
                "Rate now", rate, suffix="µg/day", error=session.errors.get("now_rate", False), dense=True,
                on_value=lambda _: typed("now_rate"),
            )  # fmt: skip
            with solara.Div(classes=["tt-two"]):
                solara.Button(
                    "Start blinatumomab", color="primary", small=True, disabled=over, on_click=start
                )
                solara.Button("Stop blinatumomab", outlined=True, small=True, disabled=over, on_click=stop)
        solara.Button(
            "Take MRD test",
            outlined=True,
            small=True,
            disabled=over,
            on_click=lambda: act("now_test", test="marrow"),
        )
        if "now_test" in session.errors:
            solara.v.Html(tag="div", class_="tt-mistake", children=[session.errors["now_test"]])


def _with(text: str, unit: str) -> str:
    try:
        float(text)
    except ValueError:
        return text.strip() or "nothing"
    return f"{text.strip()} {unit}"

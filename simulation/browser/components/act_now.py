"""Acts by hand on the day on the screen: give a product, stop it, take a marrow test."""

from typing import Any

import solara

from simulation.browser.view import PatientView
from simulation.products.form import ActNow as Words
from simulation.products.form import with_unit
from simulation.products.registry import PRODUCTS

__all__ = ["ActNow"]


@solara.component
def ActNow(view: PatientView) -> None:
    """Show the buttons and the doses they use; an act is carried out with the next step."""
    view.changed.get()
    session = view.session

    def test() -> None:
        session.order("now_test", test="marrow")
        view.refresh()

    with solara.Card("Act now", margin=0, classes=["tt-card"]):
        solara.v.Html(
            tag="div", class_="tt-hint", children=["Carried out with the next step; nothing is restarted."]
        )
        for product in reversed(PRODUCTS):
            if product.act_now is not None:
                _Product(view, product.name, product.act_now).key(product.name)
        solara.Button("Take MRD test", outlined=True, small=True, disabled=session.finished, on_click=test)
        if "now_test" in session.errors:
            solara.v.Html(tag="div", class_="tt-mistake", children=[session.errors["now_test"]])


@solara.component
def _Product(view: PatientView, name: str, words: Words) -> None:
    """Show the dose of one product and its buttons."""
    view.changed.get()
    dose = solara.use_reactive(words.usual)
    session, field = view.session, f"now_{name}"

    def act(**what: Any) -> None:
        session.order(field, **what)
        view.refresh()

    def typed(_: str) -> None:
        session.forget_mistake(field)  # it was about what stood there before
        view.tell()

    def give() -> None:
        act(give=name, **{words.key: with_unit(words.unit)(dose.value)})

    with solara.Div(classes=["tt-act"]):
        solara.InputText(
            words.label,
            dose,
            suffix=words.suffix,
            error=session.errors.get(field, False),
            dense=True,
            on_value=typed,
        )
        with solara.Div(classes=["tt-two"] if words.stop else []):
            solara.Button(words.give, color="primary", small=True, disabled=session.finished, on_click=give)
            if words.stop:
                solara.Button(
                    words.stop,
                    outlined=True,
                    small=True,
                    disabled=session.finished,
                    on_click=lambda: act(stop=name),
                )

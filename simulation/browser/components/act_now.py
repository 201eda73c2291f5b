"""Acts by hand on the day on the screen: give a product, stop it, take a marrow test; take an act back."""

from typing import Any

import solara

from simulation.browser.components.event_log import order_words
from simulation.browser.components.mistake import Mistake
from simulation.browser.view import PatientView
from simulation.products.form import ManualAct as Words
from simulation.products.form import with_unit
from simulation.products.registry import PRODUCTS

__all__ = ["ManualAct"]


@solara.component
def ManualAct(view: PatientView) -> None:
    """Show the buttons and the doses they use; an act is carried out with the next step."""
    view.changed.get()
    session = view.session

    def test() -> None:
        session.order("now_test", test="marrow")
        view.refresh()

    with solara.v.Html(tag="section", class_="tt-card"):
        solara.v.Html(tag="h2", children=["Act now"])
        solara.v.Html(
            tag="div", class_="tt-hint", children=["Carried out with the next step; nothing is restarted."]
        )
        for product in reversed(PRODUCTS):
            if product.act_now is not None:
                _Product(view, product.name, product.act_now).key(product.name)
        solara.Button("Take MRD test", outlined=True, small=True, disabled=session.finished, on_click=test)
        Mistake(session.errors.get("now_test"))
        _Waiting(view)


@solara.component
def _Waiting(view: PatientView) -> None:
    """Show what is ordered and not done yet, each with a button that takes it back, and the last act's undoing."""
    view.changed.get()
    session = view.session

    def cancel(index: int) -> None:
        session.cancel(index)
        view.refresh()

    def undo() -> None:
        view.player.pause()
        session.undo()
        view.refresh()

    with solara.Div(classes=["tt-waiting"]):
        for index, order in enumerate(session.pending):
            with solara.Div(classes=["tt-pending"]).key(f"{index} of {len(session.pending)}"):
                words = order_words(order)
                solara.v.Html(tag="span", children=[f"Waits for the next step: {words}"])
                solara.Button(
                    "Cancel", outlined=True, x_small=True, on_click=lambda index=index: cancel(index),
                    attributes={"aria-label": f"Cancel: {words}"},
                )  # fmt: skip
        if session.undo_day is not None:
            solara.Button(
                f"Undo the last act (back to day {session.undo_day:.4g})",
                text=True,
                small=True,
                on_click=undo,
            )


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
        view.notify()

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

"""Page 2: the same patient under two strategies, side by side and in step."""

import json
from typing import Final

import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.chart import Chart
from simulation.browser.components.choice import Choice
from simulation.browser.components.marrow_map import MarrowMap
from simulation.browser.components.marrow_panel import Legend
from simulation.browser.components.mistake import Mistake
from simulation.browser.components.play_bar import Told, Transport
from simulation.browser.components.tables import TextTable
from simulation.browser.marrow import LAYERS, paint
from simulation.browser.palette import ARMS, Palette, palette
from simulation.browser.twin_charts import HEIGHT, twin_frame, twin_option
from simulation.browser.twins import TwinView, difference
from simulation.products.registry import PRODUCTS
from simulation.scenario.schema import Scenario

__all__ = ["TwinsPage"]


@solara.component
def TwinsPage(view: TwinView, choices: list[Source]) -> None:
    """Show both twins."""
    colours = palette(bool(solara.lab.use_dark_effective()))
    solara.use_effect(lambda: view.player.pause, [])  # when another page is opened
    with solara.Div(classes=["tt-page"]):
        _Controls(view, choices)
        with solara.Div(classes=["tt-twin-columns"]):
            with solara.Div(classes=["tt-left"]):
                _Parting(view)
                _Maps(view, colours)
                _Difference(view)
            with solara.Div(classes=["tt-right"]):
                _Charts(view, colours)


@solara.component
def _Controls(view: TwinView, choices: list[Source]) -> None:
    view.changed.get()
    known = list(choices) + [source for source in view.sources if source not in choices]

    def reset() -> None:
        view.restart()
        view.refresh()

    with solara.Div():
        with solara.Div(classes=["tt-bar", "tt-twin-bar"]):
            for which, who in enumerate("AB"):
                with solara.Div(classes=["tt-pick"]):
                    _Strategy(view, which, f"Strategy {who} ↺", known)
                    Mistake(view.errors.get(f"strategy_{which}"))
            for name, label in (("seed", "Seed ↺"), ("patient", "Patient number ↺")):
                with solara.Div(classes=["tt-number", f"tt-twin-{name}"]):
                    solara.InputText(
                        label, view.typed.get(name, str(getattr(view, name))), dense=True, error=view.errors.get(name, False),
                        on_value=lambda text, name=name: view.choose_key(name, text or ""),
                    )  # fmt: skip
            Transport(view, f"{view.time_step * 24:g} h", reset)
        Told(view, view.question, view.player.error, view.whose, view.refresh)


def _Strategy(view: TwinView, which: int, label: str, known: list[Source]) -> None:
    labels = [source.label for source in known]

    def choose(chosen: str) -> None:
        view.choose(which, known[labels.index(chosen)])

    Choice(label, labels, view.sources[which].label, on_value=choose)


@solara.component
def _Maps(view: TwinView, colours: Palette) -> None:
    view.frame.get()
    layer = view.layer.value
    Choice(
        "Map of the marrow", list(LAYERS.values()), LAYERS[layer],
        on_value=lambda words: view.layer.set(next(key for key, name in LAYERS.items() if name == words)),
    )  # fmt: skip
    images = [paint(shot.layers, layer, colours) for shot in view.shots]
    with solara.Div(classes=["tt-two-maps"]):
        for who, shot, image, source in zip("AB", view.shots, images, view.sources, strict=True):
            with solara.Div():
                _Name(who, source.label, colours)
                MarrowMap(
                    url=image.url, rows=image.rows, columns=image.columns, tip=f"Day {shot.day:.4g}", still=True,
                    label=f"Twin {who}: map of the marrow, {image.title}, day {shot.day:.4g}",
                )  # fmt: skip
        Legend(images[0])


@solara.component
def _Name(who: str, label: str, colours: Palette) -> None:
    light, dark, dash = ARMS["AB".index(who)]
    style = f"border-top: 3px {dash if dash == 'dashed' else 'solid'} {dark if colours.dark else light}"
    solara.v.Html(tag="div", class_="tt-twin-name", style_=style, children=[f"{who}: {label}"])


@solara.component
def _Parting(view: TwinView) -> None:
    view.frame.get()
    solara.v.Html(
        tag="div", class_="tt-status", children=[parting_words(view)], attributes={"role": "status"}
    )


@solara.component
def _Difference(view: TwinView) -> None:
    view.frame.get()
    rows = difference(view.shots)
    header = ["", *(f"{who}: {source.label}" for who, source in zip("AB", view.sources, strict=True))]
    TextTable(header, [row[:3] for row in rows], [row[3] for row in rows], label="Outcomes of both twins")


def parting_words(view: TwinView) -> str:
    """Say whether the twins are still alike."""
    parted = view.parted_day
    if parted is None and view.waiting:
        return f"Day {view.day:.4g}. Not comparable yet: one twin begins on a later day and is waited for."
    if parted is None:
        return f"Day {view.day:.4g}. Identical so far, to the last cell."
    if parted < 0 or parted == view.first_day:
        return f"Day {view.day:.4g}. Different from the start: {what_differs(*view.scenarios)}."
    return f"Day {view.day:.4g}. Identical until day {parted:.4g} (vertical line); what differs since is marked ≠."


def what_differs(first: Scenario, second: Scenario) -> str:
    """Say in what two scenarios differ from the first day on."""
    one, other = first.model_dump(), second.model_dump()
    keys = {key for key in one if one[key] != other[key]} - _NAMES
    drugs = [product.word for product in PRODUCTS if product.name in keys]
    told = [f"what is given ({', '.join(drugs)})"] if drugs else []
    rest = keys - {product.name for product in PRODUCTS}
    told += [words for words, of in _PARTS if rest & of]
    if rest - set().union(*(of for _, of in _PARTS)):
        told.append("the settings of the scenario")
    return f"the scenarios differ in {' and in '.join(told)}" if told else "chance, or a rule of one's own"


_NAMES: Final = {"name", "description"}
_PARTS: Final = (
    ("the patient himself", {"patient", "parameters", "processes", "marrow"}),
    ("the transplant", {"donor", "graft"}),
    ("when treatment starts and ends", {"start", "retreatment", "stop"}),
    ("what is measured", {"monitoring", "definitions"}),
    ("rules of one's own", {"plugin"}),
)


@solara.component
def _Charts(view: TwinView, colours: Palette) -> None:
    view.frame.get()
    option = solara.use_memo(lambda: json.dumps(twin_option(colours)), [colours.dark])
    Chart(
        option=option, frame=twin_frame(view.shots, view.parted_day, colours), height=HEIGHT,
        event_drawn=lambda _: view.player.drawn(),
        label=f"Charts of both twins until day {view.day:.4g}: leukaemia, T cells in blood, drug level, tissue",
    )  # fmt: skip

"""Page 2: the same patient under two strategies, side by side and in step."""

import json
from collections.abc import Callable
from typing import Final

import solara

from simulation.browser.catalogue import Source
from simulation.browser.components.chart import Chart
from simulation.browser.components.choice import Choice
from simulation.browser.components.copy_text import CopyText
from simulation.browser.components.marrow_map import MarrowMap
from simulation.browser.components.marrow_panel import Legend
from simulation.browser.components.mistake import Mistake
from simulation.browser.components.play_bar import Notice, Timeline, Transport
from simulation.browser.components.present_button import PresentButton
from simulation.browser.components.save_buttons import SaveButtons
from simulation.browser.components.tables import TextTable
from simulation.browser.exports import layers_csv, twins_csv
from simulation.browser.kept import among
from simulation.browser.marrow import LAYERS, MapImage, map_svg, paint
from simulation.browser.palette import ARMS, Palette, palette
from simulation.browser.reproduce import command_of, with_version
from simulation.browser.snapshot import Snapshot
from simulation.browser.twin_charts import HEIGHT, twin_frame, twin_option
from simulation.browser.twins import TwinView, difference
from simulation.products.registry import PRODUCTS
from simulation.scenario.schema import Scenario

__all__ = ["TwinsPage"]


@solara.component
def TwinsPage(view: TwinView, choices: list[Source]) -> None:
    """Show both twins."""
    colours = palette(bool(solara.lab.use_dark_effective()))
    view.batch.use()
    copying = solara.use_reactive(False)
    solara.use_effect(lambda: view.player.pause, [])  # when another page is opened
    with solara.Div(classes=["tt-page"]):
        _Controls(view, choices, lambda: copying.set(not copying.value))
        if copying.value:
            _Copy(view)
        with solara.Div(classes=["tt-twin-columns"]):
            with solara.Div(classes=["tt-left"]):
                _Parting(view)
                _Maps(view, colours)
                _Difference(view)
            with solara.Div(classes=["tt-right"]):
                _Charts(view, colours)


@solara.component
def _Controls(view: TwinView, choices: list[Source], on_copy: Callable[[], None]) -> None:
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
            solara.Button("Copy commands", icon_name="mdi-content-copy", outlined=True, on_click=on_copy)
            PresentButton()
        Timeline(view)
        Notice(view, view.question, view.player.error, view.whose, view.refresh)


def _Strategy(view: TwinView, which: int, label: str, known: list[Source]) -> None:
    labels = [source.label for source in known]

    def choose(chosen: str) -> None:
        view.choose(which, known[labels.index(chosen)])

    Choice(label, labels, view.sources[which].label, on_value=choose)


@solara.component
def _Maps(view: TwinView, colours: Palette) -> None:
    view.frame.get()
    layer = among(view.layer, list(LAYERS))
    images = [paint(shot.layers, layer, colours) for shot in view.shots]
    with solara.Div(classes=["tt-map-head"]):
        Choice(
            "Map of the marrow", list(LAYERS.values()), LAYERS[layer],
            on_value=lambda words: view.layer.set(next(key for key, name in LAYERS.items() if name == words)),
        )  # fmt: skip
        for who, shot, image in zip("AB", view.shots, images, strict=True):
            solara.v.Html(tag="span", class_="tt-note", children=[f"{who}:"])
            _SaveMap(who, layer, shot, image, colours)
    with solara.Div(classes=["tt-two-maps"]):
        for who, shot, image, source in zip("AB", view.shots, images, view.sources, strict=True):
            with solara.Div():
                _Name(who, source.label, colours)
                MarrowMap(
                    url=image.url, rows=image.rows, columns=image.columns, tip=f"Day {shot.day:.4g}", still=True,
                    label=f"Twin {who}: map of the marrow, {image.title}, day {shot.day:.4g}",
                )  # fmt: skip
        Legend(images[0])


def _SaveMap(who: str, layer: str, shot: Snapshot, image: MapImage, colours: Palette) -> None:
    def picture() -> str:
        return map_svg(image, shot.day, colours)

    SaveButtons(
        f"twin {who} marrow {layer} day {shot.day:.4g}", f"the map of twin {who}",
        {"PNG": picture, "SVG": picture, "CSV": lambda: layers_csv(shot.layers, shot.day)},
    )  # fmt: skip


@solara.component
def _Copy(view: TwinView) -> None:
    view.changed.get()
    view.frame.get()
    with solara.Div(classes=["tt-card"]):
        for who, source, scenario in zip("AB", view.sources, view.scenarios, strict=True):
            text = with_version(command_of(source, scenario, view.seed, view.patient, view.day))
            CopyText(title=f"Command of twin {who}", text=text, lines=2)


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
    differences = [f"what is given ({', '.join(drugs)})"] if drugs else []
    rest = keys - {product.name for product in PRODUCTS}
    differences += [words for words, of in _PARTS if rest & of]
    if rest - set().union(*(of for _, of in _PARTS)):
        differences.append("the settings of the scenario")
    return (
        f"the scenarios differ in {' and in '.join(differences)}"
        if differences
        else "chance, or a rule of one's own"
    )


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

    def drawn() -> str:
        return json.dumps(twin_frame(view.wholes, view.parted_day, colours), separators=(",", ":"))

    frame = solara.use_memo(drawn, [*view.wholes, view.parted_day, colours.dark])
    Chart(
        option=option, frame=frame, height=HEIGHT,
        event_drawn=lambda _: view.player.drawn(), cursor=None if view.at_present else view.day,
        on_day=lambda day: view.go_to(min(float(day), view.reached)),
        name=f"twins patient {view.patient} seed {view.seed}",
        csv=lambda: twins_csv([whole.result.columns for whole in view.wholes]),
        label=f"Charts of both twins until day {view.day:.4g}: leukaemia, T cells in blood, drug level, tissue",
    )  # fmt: skip

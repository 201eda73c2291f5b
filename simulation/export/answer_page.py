"""A trial's answer as a page of its own: what the range consists of, what decides, which datum next, other structures.

`compare FILE --page PAGE.md` writes it, with a JSON file of the same numbers and the figures beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import simulation
from simulation.errors import UserError
from simulation.files.atomic import write_file
from simulation.files.tables import json_text
from simulation.parameters.table import ParameterTable
from simulation.provenance import provenance
from simulation.results.figures.report_figure import figures_in
from simulation.results.figures.style import paper, render
from simulation.results.trial_view import TrialView
from simulation.shipped import PROGRAM
from simulation.trial import pair_words, sure_words

__all__ = ["check_page", "deciding", "write_answer_page"]

_FIGURES: Final = ("over_time", "unknowns", "structures")
_PARTS: Final = ("uncertainty", "structures", "difference_over_time")
_SMOOTHING: Final = """\
A set counts by how near its simulated studies come to the observations. By the likelihood of the observations alone one set would
often be nearly all of a fit, because no candidate meets all of them; so the nearest candidates are kept, weighed by how they were
proposed, and weights are tempered until half of the sets count. That is wider than the likelihood says, on purpose: the distance
that is left is the model's error, not noise.

Weights are not smoothed. Regression adjustment (Beaumont 2002, Genetics 162:2025) would move every set to where its simulated
studies would meet the observations. Where even the nearest candidate lies more than a standard error away on average (the last
column), that is no interpolation but a guess beyond all candidates, and adjusted sets of a model that is wrong settle in the
wrong place with too narrow a range (Frazier 2020, J R Stat Soc B 82:421), as nearest candidates do not."""


def check_page(page: Path) -> None:
    """Raise `UserError` for a name that cannot be a page's, before anything is run."""
    if page.suffix != ".md":
        raise UserError(
            "is no Markdown file", file=str(page), key="--page", expected="a name such as how_sure.md"
        )
    if not page.parent.is_dir():
        raise UserError(
            "its folder is not there", file=str(page), key="--page", expected="a folder that exists"
        )


def write_answer_page(view: TrialView, about: Mapping[str, Any], page: Path) -> list[Path]:
    """Write page, numbers and figures; return the files. `about` holds trial, file, question, seed and patients.

    A trial without parameter sets has a page, too: that its answer is a point is told there.
    """
    pictures: dict[str, bytes] = {}
    captions: dict[str, tuple[str, str]] = {}
    for figure in figures_in("simulation.results.trial_figures"):
        if figure.name in _FIGURES and figure.applies(view):
            with paper():
                pictures[figure.name] = render(figure.draw(view))["png"]
            captions[figure.name] = figure.title, figure.caption_of(view)
    names = {name: f"{page.stem}_{name}.png" for name in pictures}
    answers = {key: view.comparison[key] for key in _PARTS if view.comparison.get(key) is not None}
    main = view.comparison["pairs"][0]
    numbers = {
        "provenance": provenance(**about),
        "answer": pair_words.answer(view),
        "primary_outcome": view.primary,
        "main_comparison": {
            "arm": main["arm"],
            "versus": main["versus"],
            **main["differences"][view.primary],
        },
        **answers,
    }
    written: dict[Path, str | bytes] = {page.with_suffix(".json"): json_text(numbers)}
    written |= {page.with_name(names[name]): picture for name, picture in pictures.items()}
    written[page] = _page(view, about, page, names, captions)
    for file, content in written.items():
        write_file(file, content)
    return list(written)


def _page(
    view: TrialView,
    about: Mapping[str, Any],
    page: Path,
    names: Mapping[str, str],
    captions: Mapping[str, tuple[str, str]],
) -> str:
    """Return the page as Markdown."""
    sure, structures = (view.comparison.get(key) for key in ("uncertainty", "structures"))
    table = ParameterTable.load().parameter_values().digest()
    origin = provenance(**about)
    lines = [
        f"# {about['trial']}", "",
        "After this page you know how sure the answer to a trial's question is, what would change it, and which measurement to "
        "get next.", "",
        f"Written by `{PROGRAM} compare {about['file']} --page {page}` (version {simulation.__version__}, model "
        f"`{str(origin['model_sha256'])[:12]}`, parameter table `{table[:12]}`, {about['patients']} virtual patients in every "
        f"arm, seed {about['seed']}); do not edit.", "",
        *((str(about["question"]), "") if about["question"] else ()),
        f"**{pair_words.answer(view)}**", "",
        *_bullets(pair_words.over_time(view.comparison)), "",
        *_picture("over_time", names, captions),
    ]  # fmt: skip
    if sure is not None:
        lines += ["## What the range consists of", "", *_parts(sure), ""]
        if sure["parameters"]:
            lines += ["## What decides", "", *deciding(sure), "", *_picture("unknowns", names, captions)]
    if structures:
        lines += [
            "## Other structures of the model",
            "",
            *_structures(structures),
            "",
            *_picture("structures", names, captions),
        ]
    if sure is not None and sure["fits"]:
        lines += ["## How much the parameter sets know", "", *_fits(sure["fits"]), "", _SMOOTHING, ""]
    return "\n".join(lines).rstrip() + "\n"


def deciding(sure: Mapping[str, Any]) -> list[str]:
    """Return what `uncertainty` of `comparison.json` says of parameters that decide and of data to get, as two tables."""
    lines = _table(
        ("parameter", "from, to", "the difference then changes by, days", "share of what parameters do"),
        ([_named(name, key), *cells] for name, key, *cells in sure_words.parameters(sure)),
    )
    lines += ["", sure_words.parameters_note(sure), "", "**Which datum next**", ""]
    data = sure_words.data(sure)
    if data:
        lines += [
            *_table(("measurement", "where", "patients", "half the range, days", "stands out"), data),
            "",
        ]
    return [*lines, sure_words.data_note(sure)]


def _named(name: str, key: str) -> str:
    """Return a parameter's name with its key, once where they are the same words."""
    return f"`{key}`" if name == key.replace("_", " ") else f"{name} `{key}`"


def _parts(sure: Mapping[str, Any]) -> list[str]:
    head = (
        "part",
        "standard deviation in one patient, days",
        "95 % interval",
        "share of the variance of the answer",
    )
    return [
        *_table(head, sure_words.parts(sure)), "",
        f"{sure['patients']} patients under {sure['sets']} parameter sets of {sure['sets_in_file']}; "
        f"{sure['patients_run_again']} were run again, same person and set, other chance events. More patients make the shares "
        "of patients and chance smaller; that of parameters they only make better known.",
    ]  # fmt: skip


def _structures(study: Mapping[str, Any]) -> list[str]:
    head = (
        "structure", "distance from the data (at the same sets, than as shipped)", "misses more",
        "sets that count (by likelihood alone)", "difference, days",
    )  # fmt: skip
    rows = [
        [f"**{name}**{f': {why}' if why else ''}", *cells]
        for name, why, *cells in sure_words.structures(study)
    ]
    return [*_table(head, rows), "", sure_words.structures_note(study)]


def _fits(fits: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return how many sets each fit left, how many count, and how near they come."""
    rows = [
        (
            str(fit["name"]), str(fit["sets"]), f"{fit['effective_sets']:.1f}",
            *((f"{fit['effective_by_likelihood']:.1f}", f"{fit['distances'][0]:.2f} to {fit['distances'][1]:.2f}")
              if "distances" in fit else ("-", "-")),
        )
        for fit in fits
    ]  # fmt: skip
    return _table(
        ("fit", "sets", "that count", "by likelihood alone", "distance from the data, standard errors"), rows
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return lines + [f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows]


def _picture(name: str, names: Mapping[str, str], captions: Mapping[str, tuple[str, str]]) -> list[str]:
    if name not in names:
        return []
    title, caption = captions[name]
    return [f"![{title}]({names[name]})", "", f"*{caption}*", ""]


def _bullets(lines: Iterable[str]) -> list[str]:
    return [f"* {line}" for line in lines]

"""What helps to understand: a tour of the question, presets, the glossary, and every key and parameter, searched and set.

What a person types or loads here becomes values of a scenario; keys that name files are refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from simulation.browser.catalogue import Source
from simulation.errors import UserError, nearest_name
from simulation.parameters.table import ParameterTable
from simulation.shipped import SCENARIOS, SHIPPED
from simulation.yaml_source import as_mapping, parse_yaml

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = [
    "PRESETS", "TOUR", "Entry", "Preset", "Step", "changed", "entries", "field_help", "glossary", "preset_sources", "search",
    "uploaded",
]  # fmt: skip

_FILES: Final = ("extends", "plugin")  # keys that name files of this machine
_LARGEST: Final = 200_000  # characters of a scenario


@dataclass(frozen=True)
class Entry:
    """Hold a key of a scenario or a parameter: what may be written, what stands there by default, what it means, whence it is."""

    key: str
    write: str
    default: str
    meaning: str
    source: str = ""


@dataclass(frozen=True)
class Step:
    """Hold a step of the tour; `tab` is the page that it is about, by its place."""

    title: str
    text: str
    tab: int


@dataclass(frozen=True)
class Preset:
    """Hold a question with the scenarios that answer it; `second` is empty for one patient."""

    question: str
    first: str
    second: str
    look: str


TOUR: Final = (
    Step(
        "The patient",
        "High-risk ALL after a transplant from a half-matched donor, with Treg and Tcon. Press Play on One "
        "patient: T cells come back within weeks, and what is left of the leukaemia grows unseen.",
        0,
    ),
    Step(
        "What is seen",
        "The clinic knows only its tests. The diamonds are MRD tests; the line is the truth. An aspirate "
        "mixes a few places of the marrow, so it may miss what is there.",
        0,
    ),
    Step(
        "Two strategies",
        "Treat when MRD reappears (pre-emptive), or wait for overt relapse (therapeutic)? On Twins the same "
        "patient lives through both, with the same chance events.",
        1,
    ),
    Step(
        "The day they part",
        "Until treatment starts the twins are identical to the last cell. The vertical line is the day on "
        "which they part; what differs from then on is marked.",
        1,
    ),
    Step(
        "Blinatumomab and T cells",
        "The drug joins T cells to blasts that carry CD19. It needs T cells that are not exhausted, and few "
        "blasts release few cytokines. Donor lymphocytes bring more T cells, and the risk of GvHD.",
        0,
    ),
    Step(
        "One patient is no answer",
        "On Many patients hundreds live through both strategies. The shade holds nine in ten of them; press "
        "Start and see it settle.",
        3,
    ),
    Step(
        "How sure is it",
        "Switch Parameter sets too on: other values of what nobody knows fit the published data as well, and "
        "the lighter shade is theirs. A small trial writes a report with all of it.",
        3,
    ),
    Step(
        "Where early does not win",
        "Slow leukaemia, few T cells, CD19 lost before treatment: the presets below ask there. The answer is "
        "that of a model; docs/credibility.md says what may be believed.",
        4,
    ),
)
PRESETS: Final = (
    Preset(
        "Does treating at MRD beat waiting for relapse?",
        "preemptive",
        "therapeutic",
        "current leukaemia-free days",
    ),
    Preset(
        "Is a fixed day as good as watching MRD?",
        "prophylactic",
        "preemptive",
        "days on drug for what is gained",
    ),
    Preset("What do donor lymphocytes add?", "preemptive", "blinatumomab_only", "T cells, exhaustion, GvHD"),
    Preset("What do lymphocytes do alone?", "dli_only", "no_treatment", "GvL against GvHD"),
    Preset("What if relapse comes again?", "preemptive_again", "therapeutic_again", "second remissions"),
    Preset("What do Treg in the graft do?", "no_treatment", "tcon_without_treg", "GvHD, and T-cell recovery"),
)


@cache
def entries() -> tuple[Entry, ...]:
    """Return every key of a scenario and every parameter; generated from the schema and the parameter table."""
    from simulation.scenario.reference import key_rows

    keys = [
        Entry(row["key"], row["write"].replace("`", ""), row["default"].strip("`"), row["meaning"])
        for row in key_rows()
    ]
    rows = [
        Entry(
            row.name,
            row.allowed,
            row.written(row.value),
            row.note or row.name.replace("_", " "),
            f"{row.kind}: {row.source}",
        )
        for row in ParameterTable.load().rows
    ]
    return (*keys, *rows)


def search(text: str, most: int = 40) -> tuple[list[Entry], str]:
    """Return the entries in which every word occurs, those with the first in their name before others, and a hint."""
    words = text.lower().split()
    if not words:
        return list(entries()[:most]), f"{len(entries())} keys and parameters; type a word to search"
    found = [
        one
        for one in entries()
        if all(word in f"{one.key} {one.meaning} {one.source}".lower() for word in words)
    ]
    found.sort(key=lambda one: words[0] not in one.key.lower())
    if not found:
        near = nearest_name(text.strip(), [one.key for one in entries()])
        return [], f"nothing found{f'; did you mean {near}?' if near else ''}"
    return found[:most], f"{len(found)} found" + (f", {most} shown" if len(found) > most else "")


def path_of(scenario: "Scenario", key: str) -> str:
    """Return the dotted path of a key, or of a parameter: where the scenario has it, else among its parameters."""
    if key not in ParameterTable.load():
        return key
    return (
        f"patient.{key}" if key in scenario.patient or key not in scenario.parameters else f"parameters.{key}"
    )


def changed(source: Source, key: str, value: str) -> Source:
    """Return the strategy with one key set as `--set` would; raise `UserError` for a mistake and for keys that name files."""
    key = key.strip()
    if key.partition(".")[0] in _FILES or key.partition("[")[0] in _FILES:
        raise UserError(
            "names a file, which the page does not open",
            key=key,
            expected="another key; use --set or --plugin with view",
        )
    if not value.strip():
        raise UserError("got nothing", key=key, expected="a value as in a file, with its unit")
    path = path_of(source.load(), key)
    kept = tuple(one for one in source.settings if not one.startswith(f"{path}="))
    title = source.label if source.label.endswith(", changed") else f"{source.label}, changed"
    made = replace(source, settings=(*kept, f"{path}={value.strip()}"), title=title)
    try:
        made.load(patient=1)
        made.load()
    except UserError as error:  # where it was typed, not how it is passed on
        raise UserError(error.message, key=key, expected=error.expected, nearest=error.nearest) from None
    return made


def uploaded(text: str, name: str, cohort: str | None = None) -> Source:
    """Return a scenario from the text of a file; raise `UserError`, also for one that names other files."""
    if len(text) > _LARGEST:
        raise UserError(f"is longer than {_LARGEST:,} characters", file=name)
    root = as_mapping(parse_yaml(text, name))
    keys = root.value if isinstance(root.value, dict) else {}
    for key in _FILES:
        if key in keys and keys[key].value not in (None, []):
            raise keys[key].error(
                "names a file, which the page does not open",
                key=key,
                expected="a whole scenario, as `show FILE` prints it",
                at_key=True,
            )
    source = Source(None, text=text, title=name[:60], cohort=cohort)
    source.load()
    return source


def field_help(key: str) -> str:
    """Return range, default, meaning and source of what a field of the form writes."""
    key = re.sub(r"\.\d+(?=\.|$)", "[]", key)  # any entry of a list
    bare = key.removeprefix("patient.").removeprefix("parameters.")
    one = _by_key().get(key) or _by_key().get(bare)
    if one is None:
        return ""
    parts = [one.meaning.rstrip(".") + "."] if one.meaning else []
    parts += [f"Write {one.write}."] if one.write else []
    parts += [f"Usual: {one.default}."] if one.default else []
    parts += [f"Source: {one.source}."] if one.source else []
    return " ".join(parts)


@cache
def _by_key() -> dict[str, Entry]:
    return {one.key: one for one in entries()}


@cache
def glossary() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return the sections of docs/glossary.md: their titles, and words with their meanings."""
    path = SHIPPED / "docs" / "glossary.md"
    if not path.is_file():
        return ()
    sections: list[tuple[str, list[tuple[str, str]]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            sections.append((line[3:].strip(), []))
        elif line.startswith("|") and sections:
            cells = [cell.strip().replace("*", "").replace("`", "") for cell in line.strip("|").split("|")]
            if len(cells) == 2 and cells[0] not in ("word", "") and not set(cells[0]) <= {"-"}:
                sections[-1][1].append((cells[0], cells[1]))
    return tuple((title, tuple(rows)) for title, rows in sections)


def preset_sources(preset: Preset, cohort: str | None = None) -> tuple[Source, Source] | None:
    """Return the strategies of a preset; None where they are not installed."""
    found = list(_shipped(preset, cohort))
    return (found[0], found[1]) if len(found) == 2 else None


def _shipped(preset: Preset, cohort: str | None) -> Iterator[Source]:
    from simulation.browser.catalogue import short

    for name in (preset.first, preset.second):
        path = SCENARIOS / f"{name}.yaml"
        if path.is_file():
            yield Source(short(path), cohort=cohort)

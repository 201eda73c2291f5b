"""What helps to understand: a tour of the question, presets, the glossary, and every key and parameter, searched."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from simulation.browser.catalogue import Source
from simulation.errors import nearest_name
from simulation.parameters.table import ParameterTable
from simulation.shipped import SCENARIOS, SHIPPED

if TYPE_CHECKING:
    from simulation.scenario.plugins import Plugin

__all__ = [
    "PRESETS", "TOUR", "Entry", "Preset", "Step", "entries", "entry_help", "field_help", "glossary", "preset_sources",
    "rule_entries", "search",
]  # fmt: skip


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


_OF_THE_PAGE: Final = {
    "seed": "Write a whole number from 0 on. The same seed gives the same chance events, to the last cell. Usual: 0. "
    "Source: the choice of whoever asks.",
    "patient": "Write a whole number from 0 on. 0 is the file's own, typical patient; each other number is another person of the "
    "cohort, the same as in run and compare. Usual: 0. Source: drawn from the cohort's distributions.",
}
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


def rule_entries(plugins: "Iterable[Plugin]") -> list[Entry]:
    """Return the parameters of rules of one's own, with the values that they have now."""
    return [
        Entry(
            f"plugin.{row.name}",
            row.allowed,
            str(plugin.written[row.name]),
            row.note or f"A parameter of the rules in {plugin.name}.",
            f"{plugin.name}: {row.source}".removesuffix(": "),
        )
        for plugin in plugins
        for row in plugin.rows.values()
    ]


def search(text: str, most: int = 40, more: Sequence[Entry] = ()) -> tuple[list[Entry], str]:
    """Return the entries, and those of `more`, in which every word occurs, and a hint; the first word in a name goes before."""
    words, known = text.lower().split(), [*more, *entries()]
    if not words:
        return known[:most], f"{len(known)} keys and parameters; type a word to search"
    matches = [
        one for one in known if all(word in f"{one.key} {one.meaning} {one.source}".lower() for word in words)
    ]
    matches.sort(key=lambda one: words[0] not in one.key.lower())
    if not matches:
        near = nearest_name(text.strip(), [one.key for one in known])
        return [], f"nothing found{f'; did you mean {near}?' if near else ''}"
    return matches[:most], f"{len(matches)} found" + (f", {most} shown" if len(matches) > most else "")


def field_help(key: str) -> str:
    """Return range, default, meaning and source of what a field of the form writes."""
    if key in _OF_THE_PAGE:
        return _OF_THE_PAGE[key]
    key = re.sub(r"\.\d+(?=\.|$)", "[]", key)  # any entry of a list
    bare = key.removeprefix("patient.").removeprefix("parameters.")
    one = _by_key().get(key) or _by_key().get(bare)
    return "" if one is None else entry_help(one)


def entry_help(one: Entry) -> str:
    """Return range, default, meaning and source of a key or parameter, in sentences."""
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
    sources = list(_shipped(preset, cohort))
    return (sources[0], sources[1]) if len(sources) == 2 else None


def _shipped(preset: Preset, cohort: str | None) -> Iterator[Source]:
    from simulation.browser.catalogue import short

    for name in (preset.first, preset.second):
        path = SCENARIOS / f"{name}.yaml"
        if path.is_file():
            yield Source(short(path), cohort=cohort)

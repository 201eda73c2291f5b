"""A patient as he is on the screen, all that was done to him included: as a file to save and open, and packed for an address.

The file holds the whole scenario, so that it needs nothing beside it. It is read strictly, and as what a stranger may have
written: it opens no other file, and loads no rule.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulation import __version__
from simulation.browser.acts import MOST_ACTS
from simulation.browser.catalogue import Source
from simulation.browser.references import packed_text, unpacked_text
from simulation.browser.session import PatientSession
from simulation.errors import UserError, nearest_name
from simulation.scenario.cohort import NONE
from simulation.scenario.dump import scalar, yaml_lines
from simulation.yaml_source import MAX_BYTES, Node, as_mapping, parse_yaml, plain

__all__ = ["ENDING", "Moment", "moment_of", "pack", "read_moment", "restore_moment", "unpack", "write_moment"]

ENDING: Final = ".patient.yaml"
_VERSION: Final = 1
_KEYS: Final = (
    "saved_patient",
    "source",
    "seed",
    "patient",
    "settings",
    "acts",
    "day",
    "reached",
    "scenario",
)
_NEEDED: Final = ("saved_patient", "seed", "patient", "scenario")
_FOREIGN: Final = ("plugin", "extends")  # what would read another file


@dataclass(frozen=True)
class Moment:
    """Hold what brings a patient back.

    `source` is the name of the scenario in the list of choices, `scenario` all its keys, `settings` the fields of the form that
    were changed at the beginning, `acts` what was done after it (`simulation.browser.acts`); `day` is the day on the screen,
    `reached` the last one simulated.
    """

    source: str
    seed: int
    patient: int
    scenario: Mapping[str, Any]
    settings: Mapping[str, str]
    acts: Sequence[object]
    day: float
    reached: float


def moment_of(session: PatientSession) -> Moment:
    """Return a patient as he is."""
    with session.lock:
        form = session.past[0].form if session.past else session.form
        base = session.file_form
        return Moment(
            source=session.source.label,
            seed=int(form["seed"]),
            patient=int(form["patient"]),
            scenario=_keys_of(session.source, int(form["patient"])),
            settings={
                name: text
                for name, text in form.items()
                if name not in ("seed", "patient") and text != base[name]
            },
            acts=[past.act.written() for past in session.past],
            day=session.day,
            reached=session.reached,
        )


def write_moment(moment: Moment) -> str:
    """Return the file."""
    return "\n".join(_lines(moment)) + "\n"


def _lines(moment: Moment) -> Iterator[str]:
    yield f"# One patient as he was on the page of transplant-twin {__version__}; Open on the page brings him back."
    yield f"saved_patient: {_VERSION}"
    yield f"source: {scalar(moment.source)}"
    yield f"seed: {moment.seed}"
    yield f"patient: {moment.patient}"
    if moment.settings:
        yield "settings:"
        yield from (
            f"  {name}: {json.dumps(text, ensure_ascii=False)}" for name, text in moment.settings.items()
        )
    if moment.acts:
        yield "acts:"
        yield from (f"  - {json.dumps(act, ensure_ascii=False)}" for act in moment.acts)
    yield f"day: {moment.day!r}"
    yield f"reached: {moment.reached!r}"
    yield "scenario:"
    yield from yaml_lines(moment.scenario, 2)


def read_moment(text: str, shown: str) -> Moment:
    """Return what a file holds; raise `UserError`, which names line, key, and what was expected."""
    if len(text.encode()) > MAX_BYTES:
        raise UserError(f"the file is larger than {MAX_BYTES:,} bytes; nothing here needs that", file=shown)
    root = as_mapping(parse_yaml(text, shown))
    entries: dict[str, Node] = root.value if isinstance(root.value, dict) else {}
    for key, node in entries.items():
        if key not in _KEYS:
            near = nearest_name(key, _KEYS)
            raise node.error("there is no such key", key=key, nearest=near, at_key=True)
    for key in _NEEDED:
        if key not in entries:
            what = "a patient saved on the page" if key == "saved_patient" else f"the key {key}"
            raise UserError("this key is missing", file=shown, key=key, expected=what)
    if entries["saved_patient"].value != _VERSION:
        raise entries["saved_patient"].error(
            f"got {str(entries['saved_patient'].value)[:20]}",
            key="saved_patient",
            expected=f"{_VERSION}, this page's format",
        )
    scenario = _block(entries["scenario"], "scenario")
    settings = _block(entries["settings"], "settings") if "settings" in entries else {}
    number = next((name for name, value in settings.items() if not isinstance(value, str)), None)
    if number is not None:
        message = f"got {str(settings[number])[:40]}"
        raise entries["settings"].error(message, key=f"settings.{number}", expected="text in quotes")
    acts = plain(entries["acts"]) if "acts" in entries else []
    if not isinstance(acts, list) or len(acts) > MOST_ACTS:
        raise entries["acts"].error(
            "this is none", key="acts", expected=f"a list of at most {MOST_ACTS} acts"
        )
    source = entries["source"].value if "source" in entries else "Opened patient"
    day, reached = (_day(entries, key) for key in ("day", "reached"))
    return Moment(
        str(source)[:120], _natural(entries["seed"], "seed"), _natural(entries["patient"], "patient"), scenario,
        settings, acts, day, max(day, reached),
    )  # fmt: skip


def restore_moment(session: PatientSession, moment: Moment, choices: Sequence[Source]) -> None:
    """Bring a patient back; raise `UserError`, and leave the session to its owner, where he cannot be."""
    session.restore(
        _source(moment, choices),
        moment.seed,
        moment.patient,
        moment.settings,
        moment.acts,
        moment.day,
        moment.reached,
    )


def _source(moment: Moment, choices: Sequence[Source]) -> Source:
    """Return the choice that the scenario is from where that is the same, or else the scenario itself."""
    wanted = _comparable(moment.scenario)
    for source in choices:
        if source.label == moment.source and _comparable(_keys_of(source, moment.patient)) == wanted:
            return source
    foreign = [key for key in _FOREIGN if moment.scenario.get(key)]
    if foreign:
        raise UserError(
            "it names another file, which a saved patient does not open; start view with the scenario that has it, and open "
            "the patient there", key=f"scenario.{foreign[0]}"
        )  # fmt: skip
    text = "\n".join(yaml_lines(moment.scenario)) + "\n"
    return Source(None, text=text, title=f"{moment.source} (opened)", cohort=NONE)


def _keys_of(source: Source, patient: int) -> dict[str, Any]:
    """Return all keys of one patient's scenario as a file has them."""
    keys = plain(parse_yaml(source.load(patient=patient).to_yaml(), source.label, lines=False))
    return dict(keys)


def _comparable(scenario: Mapping[str, Any]) -> str:
    return json.dumps(scenario, sort_keys=True)


def pack(moment: Moment) -> str:
    """Return a moment as text for an address."""
    return packed_text(write_moment(moment))


def unpack(packed: str) -> Moment:
    """Return the moment of an address; raise `UserError` for what is none."""
    return read_moment(unpacked_text(packed), "the address")


def _block(node: Node, key: str) -> dict[str, Any]:
    if not isinstance(node.value, dict):
        raise node.error("this is none", key=key, expected="a block of keys and values")
    return dict(plain(node))


def _natural(node: Node, key: str) -> int:
    value = node.value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise node.error(f"got {str(value)[:40]}", key=key, expected="a whole number from 0 on")
    return value


def _day(entries: Mapping[str, Node], key: str) -> float:
    if key not in entries:
        return float("-inf")
    value = entries[key].value
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise entries[key].error(
            f"got {str(value)[:40]}", key=key, expected="a day as a number, such as 62.25"
        )
    return float(value)

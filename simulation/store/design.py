"""What a store holds: the design of its runs, their columns, and the program that made them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulation.errors import OtherScenario, UserError
from simulation.files.seals import SEAL, sealed_json, unsealed

__all__ = ["DESIGN_FILE", "FORMAT", "Column", "Design", "read_design", "read_digest"]

FORMAT: Final = 3  # 1 held its rows as CSV, 2 had no digests of its files
_EARLIER: Final = (1, 2)
DESIGN_FILE: Final = "design.json"


@dataclass(frozen=True, slots=True)
class Column:
    """Describe one column: `kind` is int, float, bool or text; null is a missing value."""

    name: str
    kind: str
    unit: str = ""
    meaning: str = ""


STATE: Final = (  # of every run, after the keys
    Column("status", "text", "", "done or failed"),
    Column("error", "text", "", "why the run failed; null where it did not"),
    Column("seconds", "float", "s", "computing time; runs that shared a past share its cost"),
)


@dataclass(frozen=True)
class Design:
    """Describe all runs of a store.

    Parameters
    ----------
    kind
        Such as `trial` or `sweep`.
    keys
        The columns that name a run; together they are unique.
    columns
        What each run leaves behind, besides the keys and its state.
    identity
        Everything on which the results depend: scenarios, seed, model. Another identity is another design.
    about
        What is worth knowing but changes nothing: when it was made, versions of libraries.
    """

    kind: str
    keys: tuple[Column, ...]
    columns: tuple[Column, ...]
    identity: Mapping[str, Any]
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def described(self) -> tuple[Column, ...]:
        """Return all columns in the order of the files."""
        return (*self.keys, *STATE, *self.columns)

    @property
    def header(self) -> tuple[str, ...]:
        """Return the names of all columns in the order of the files."""
        return tuple(column.name for column in self.described)

    def kinds(self) -> dict[str, str]:
        """Return the kind of every column."""
        return {column.name: column.kind for column in self.described}

    def digest(self) -> str:
        """Return the sha256 of everything on which the results depend."""
        identity = json.dumps([FORMAT, self.kind, self.header, self.identity], sort_keys=True, default=str)
        return hashlib.sha256(identity.encode()).hexdigest()

    def to_json(self) -> str:
        """Return the text of `design.json`."""
        described = [
            {"name": c.name, "kind": c.kind, "unit": c.unit, "meaning": c.meaning, "key": c in self.keys}
            for c in self.described
        ]
        whole = {
            "format": FORMAT, "kind": self.kind, "digest": self.digest(), "columns": described,
            "identity": dict(self.identity), "about": dict(self.about),
        }  # fmt: skip
        return sealed_json(whole)


def read_design(folder: Path) -> Design | None:
    """Return the design of the store in a folder as it was written; None where there is none. Raises as `read_digest`."""
    stored = _read(folder)
    if stored is None:
        return None
    columns = {
        column["name"]: Column(column["name"], column["kind"], column["unit"], column["meaning"])
        for column in stored["columns"]
    }
    keys = tuple(columns.pop(column["name"]) for column in stored["columns"] if column["key"])
    state = {column.name for column in STATE}
    others = tuple(column for name, column in columns.items() if name not in state)
    return Design(stored["kind"], keys, others, stored["identity"], stored["about"])


def read_digest(folder: Path) -> tuple[str, Mapping[str, Any]] | None:
    """Return the digest and the identity of the store in a folder; None where there is none.

    Raises
    ------
    OtherScenario
        Where an earlier version of the program wrote it.
    UserError
        Where the file is not, to the last bit, what was written.
    """
    stored = _read(folder)
    return None if stored is None else (str(stored["digest"]), dict(stored["identity"]))


def _read(folder: Path) -> dict[str, Any] | None:
    """Return what the design of the store in a folder says, undamaged; None where there is none."""
    path = folder / DESIGN_FILE
    try:
        text = path.read_bytes().decode()
        known = json.loads(text)
        if known["format"] in _EARLIER and SEAL not in known:
            raise OtherScenario("holds runs of an earlier version of the program", file=str(folder))
        return unsealed(text)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        message = "is damaged; move it away and run the same command with --resume, which writes it again"
        raise UserError(message, file=str(path)) from None

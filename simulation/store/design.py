"""What a store holds: the design of its runs, their columns, and the program that made them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from simulation.errors import OtherScenario, UserError
from simulation.files.tables import json_text

__all__ = ["DESIGN_FILE", "FORMAT", "Column", "Design"]

FORMAT: Final = 2  # 1 held its rows as CSV
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
        told = json.dumps([FORMAT, self.kind, self.header, self.identity], sort_keys=True, default=str)
        return hashlib.sha256(told.encode()).hexdigest()

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
        return json_text(whole)


def read_digest(folder: Path) -> tuple[str, Mapping[str, Any]] | None:
    """Return the digest and the identity of the store in a folder; None where there is none."""
    try:
        found = json.loads((folder / DESIGN_FILE).read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise OtherScenario("holds runs of an earlier version of the program", file=str(folder))
        return str(found["digest"]), dict(found["identity"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{DESIGN_FILE} is not one of this program", file=str(folder)) from None

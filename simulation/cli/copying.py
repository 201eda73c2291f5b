"""Copies of what comes with the program, and what is said of copies to and from an object store."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from simulation.cli.terminal import print_json
from simulation.errors import UserError
from simulation.files.atomic import write_file
from simulation.shipped import CONTENTS, SHIPPED, as_typed

if TYPE_CHECKING:
    from simulation.store.remote import CopyCount

__all__ = ["copy_shipped", "report_copied", "shipped_files"]

_MOST_SHOWN: Final = 3
_TEXTS: Final = (".json", ".md", ".py", ".txt", ".yaml")  # which may tell what to type


def shipped_files(shipped: Path = SHIPPED) -> Iterator[Path]:
    """Yield the shipped files, relative to `shipped`, in order; raise `UserError` where an installation lacks them."""
    for name in CONTENTS:
        if not (shipped / name).is_dir():
            message = "this installation lacks its scenarios; install the program again"
            raise UserError(message, file=str(shipped / name))
        for path in sorted((shipped / name).rglob("*")):
            inside = path.relative_to(shipped)
            if path.is_file() and not any(part.startswith((".", "__")) for part in inside.parts):
                yield inside


def copy_shipped(folder: Path, *, overwrite: bool) -> tuple[int, int]:
    """Copy the shipped files into a folder; return how many were written and how many were there as they are.

    Raises
    ------
    UserError
        Where files of the same names say something else and `overwrite` is not given; then nothing is written.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError("is a file; choose a folder", file=str(folder))
    contents = {name: _content(name) for name in shipped_files()}
    there = {name: (folder / name).read_bytes() for name in contents if (folder / name).is_file()}
    other = [name for name, content in there.items() if content != contents[name]]
    if other and not overwrite:
        shown = ", ".join(map(str, other[:_MOST_SHOWN])) + (", ..." if len(other) > _MOST_SHOWN else "")
        message = f"holds {len(other)} of these files with other content ({shown})"
        raise UserError(f"{message}; choose another folder, or --overwrite", file=str(folder))
    new = [name for name in contents if there.get(name) != contents[name]]
    for name in new:
        write_file(folder / name, contents[name])
    return len(new), len(contents) - len(new)


def _content(name: Path) -> bytes:
    content = (SHIPPED / name).read_bytes()
    return as_typed(content.decode()).encode() if name.suffix in _TEXTS else content


def report_copied(copied: "CopyCount", place: str, *, as_json: bool, quiet: bool) -> None:
    """Say what `push` or `pull` has copied to a place."""
    if as_json:
        print_json({"place": place, **asdict(copied)})
    elif quiet:
        click.echo(place)
    else:
        there = f", {copied.same:,} were there" if copied.same else ""
        click.echo(f"{copied.files:,} files ({copied.bytes / 1e6:.3g} MB) copied to {place}{there}.")

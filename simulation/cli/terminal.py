"""What the terminal shows: a live line on stderr while a run goes on, tables on stdout when it is done."""

import math
import shlex
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from simulation.shipped import PROGRAM

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bar

    from simulation.runner import Progress

WIDTH_WHEN_PIPED = 1000  # a pipe has no width: one row stays one line, for grep and awk

GAP = 2  # columns between those of a table
WIDTH_OF_BAR = 16
WIDTH_FOR_BAR = 110  # on a narrower terminal the numbers need the room
WIDTH_OF_STATE = 66  # the state in words at its longest, and the spinner


def console(*, stderr: bool = False) -> "Console":
    """Return a console for one of the two streams; `NO_COLOR` and a dumb terminal are honoured."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else WIDTH_WHEN_PIPED
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    title: str | None = None,
    right: Sequence[int] = (),
) -> None:
    """Print a table to stdout; columns whose index is in `right` are aligned right.

    Words and numbers stay whole: cells wrap between them. Where even that is too wide for the terminal, the table is turned
    round, and where that does not help, each row is a block of lines, its first cell above the others.
    """
    from rich.table import Table
    from rich.text import Text

    screen = console()
    widths = _widths(list(zip(headers, *rows, strict=True)), screen.width)
    if widths is None and _widths(
        [headers, *rows], screen.width
    ):  # a few rows of many columns: turned round they fit
        headers, *rows = zip(headers, *rows, strict=True)
        right = range(1, len(headers)) if right else ()
        widths = _widths(list(zip(headers, *rows, strict=True)), screen.width)
    if widths is None:
        _print_blocks(headers, rows, title, screen.width)
        return
    # names are a person's: [/red] in one is no markup
    table = Table(
        title=None if title is None else Text(title),
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for index, header in enumerate(headers):
        table.add_column(Text(header), justify="right" if index in right else "left", width=widths[index])
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    with screen.capture() as captured:
        screen.print(table)
    # Padding to the full width is of no use to a pipe.
    text = "\n".join(line.rstrip() for line in captured.get().splitlines())
    sys.stdout.write(text + "\n")


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return the width of every column of a table that fits; None where the longest words of all do not."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in columns]
    least = [
        max((cell_len(word) for cell in column for word in cell.split()), default=0) for column in columns
    ]
    room -= GAP * (len(columns) - 1)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        # the one that is farthest above what it needs: long prose wraps, numbers stay on one line
        spare = [width - floor for width, floor in zip(widths, least, strict=True)]
        widths[spare.index(max(spare))] -= 1
    return widths


def _print_blocks(
    headers: Sequence[str], rows: Sequence[Sequence[str]], title: str | None, room: int
) -> None:
    """Print each row as lines `header  value`, wrapped between words."""
    margin = max(map(len, headers[1:]), default=0) + 4
    lines = [] if title is None else [title]
    for first, *others in rows:
        lines += _wrapped(f"{headers[0]} {first}".strip(), room, " " * 4)
        for header, cell in zip(headers[1:], others, strict=True):
            if cell:
                lines += _wrapped(f"  {header:<{margin - 2}}{cell}", max(room, margin + 20), " " * margin)
    sys.stdout.write("\n".join(lines) + "\n")


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def print_prose(lines: Iterable[str], *, indent: str = "", err: bool = False) -> None:
    """Print sentences to stdout (`err`: stderr) on lines as wide as the terminal; those after the first begin with `indent`."""
    width = console(stderr=err).width
    for line in lines:
        click.echo("\n".join(_wrapped(line, width, indent)), err=err)


class StatusLine:
    """Show on one live line how something goes. Silent with `quiet`, and where stderr is no terminal."""

    first_state = ""

    def __init__(self, *, quiet: bool = False) -> None:
        self._bar: Bar | None = None
        self._quiet = quiet

    def _columns(self, screen: "Console") -> Sequence[Any]:
        """Return rich's columns of the line; the last one shows the state."""
        raise NotImplementedError

    def _title(self, screen: "Console") -> str:
        """Return what the line begins with."""
        return ""

    def __enter__(self) -> Self:
        if self._quiet or not sys.stderr.isatty():
            return self
        from rich.progress import Progress

        screen = console(stderr=True)
        self._bar = Progress(*self._columns(screen), console=screen, transient=True)
        self._task = self._bar.add_task(self._title(screen), total=None, state=self.first_state)
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _update(self, **fields: Any) -> None:
        if self._bar is not None:
            self._bar.update(self._task, **fields)

    def show(self, state: str) -> None:
        """Put other words in place of the state."""
        self._update(state=state)

    def message(self, message: str) -> None:
        """Write a line above the live one."""
        if self._bar is not None:
            self._bar.console.print(message, markup=False)
        elif not self._quiet:
            sys.stderr.write(message + "\n")


def resume_line(out: Path, command: str, *otherwise: str) -> str:
    """Return the line that completes in `out` what a command has begun: its words as they were typed, with --resume for --shard.

    `otherwise` are its words where it was called by another program and nothing was typed.
    """
    typed = sys.argv[1:]
    words = _without_shard(typed[typed.index(command) :] if command in typed else [command, *otherwise])
    if "--resume" not in words:
        words += ["--resume"]
    if not any(word == "--out" or word.startswith("--out=") for word in words):
        words += ["--out", str(out)]
    return shlex.join([*PROGRAM.split(), *words])


def _without_shard(words: Sequence[str]) -> list[str]:
    """Return the words of a command without --shard I/N."""
    kept = iter(words)
    return [word for word in kept if not (word.startswith("--shard") and ("=" in word or next(kept, "")))]


def print_json(document: object) -> None:
    """Print one strict JSON document to stdout."""
    from simulation.files.tables import json_text

    click.echo(json_text(document), nl=False)


class LiveLine(StatusLine):
    """Show how one run goes: day, blasts, MRD, CD3+ cells and GvHD. `name` is the scenario's."""

    first_state = "getting ready"

    def __init__(self, name: str, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self.name = name

    def _columns(self, screen: "Console") -> Sequence[Any]:
        from rich.progress import BarColumn, SpinnerColumn, TextColumn

        bar = [BarColumn(bar_width=WIDTH_OF_BAR)] if screen.width >= WIDTH_FOR_BAR else []
        return (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            *bar,
            TextColumn("{task.fields[state]}", markup=False),
        )

    def _title(self, screen: "Console") -> str:
        left = screen.width - WIDTH_OF_STATE - (WIDTH_OF_BAR + 1) * (screen.width >= WIDTH_FOR_BAR)
        return self.name if len(self.name) <= left else self.name[: max(left - 1, 0)] + "…"

    def update(self, progress: "Progress") -> None:
        """Take what the runner reports after a step."""
        if self._bar is not None:
            self._update(completed=progress.day, total=progress.days, state=state_in_words(progress))


class CountLine(StatusLine):
    """Show how many of something are done, and when the rest will be; `title` says of what."""

    first_state = "starting workers"

    def __init__(self, title: str, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self.title = title

    def _columns(self, screen: "Console") -> Sequence[Any]:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            SpinnerColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        return (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[state]}", markup=False),
        )

    def _title(self, screen: "Console") -> str:
        return self.title[:40]

    def count(self, done: int, wanted: int, failed: int = 0) -> None:
        """Take how many are done, failures among them."""
        self._update(completed=done, total=wanted, state=f"{failed} failed" if failed else "")


def state_in_words(progress: "Progress") -> str:
    """Return the patient's state on one line: day, blasts, last MRD, CD3+ cells and GvHD grade."""
    mrd = "-" if math.isnan(progress.mrd) else f"{progress.mrd:.0e}"
    return (
        f"day {progress.day:.0f}/{progress.days:.0f}  blasts {count_in_words(progress.blasts)}  MRD {mrd}"
        f"  CD3 {progress.cd3_per_ul:.0f}/µL  GvHD {int(progress.agvhd_grade)}"
    )


def count_in_words(count: float) -> str:
    """Return a number of cells: all its digits while it is small, a power of ten when it is large."""
    return f"{count:.0f}" if count < 100_000 else f"{count:.1e}"

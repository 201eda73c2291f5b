"""Files that are whole or absent, whatever happens while they are written."""

import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from simulation.files.refusal import refusals

__all__ = ["append_line", "write_binary", "write_file", "write_lines"]


def write_file(path: Path, content: str | bytes) -> None:
    """Write a whole file; its folder is made where there is none.

    It is written to a temporary file in the same folder, flushed to the disk, then renamed over `path`.

    Raises
    ------
    NotWritten
        Where the system refuses; then nothing is left.
    """
    write_lines(path, (content,))


def write_lines(path: Path, lines: Iterable[str | bytes]) -> None:
    """Write a file piece by piece, so that it may be larger than memory; as `write_file` else."""

    def fill(file: IO[bytes]) -> None:
        for line in lines:
            file.write(line.encode() if isinstance(line, str) else line)

    write_binary(path, fill)


def write_binary(path: Path, fill: Callable[[IO[bytes]], None]) -> None:
    """Let `fill` write a file that is not text; as `write_file` else."""
    with refusals(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_umask())  # mkstemp's files are for their owner's eyes only
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
        _sync(path.parent)


def append_line(path: Path, line: str) -> None:
    """Add a line to a log, on the disk before this returns; a reader must bear half a line at its end."""
    with refusals(path), path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can do that for folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

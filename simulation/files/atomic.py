"""Files that are whole or absent, whatever happens while they are written."""

import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from simulation.files.refusal import refusals
from simulation.files.seals import file_digest

__all__ = ["append_line", "write_binary", "write_file", "write_lines", "write_named"]


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
    _write(path, fill, lambda _: path)


def write_named(folder: Path, fill: Callable[[IO[bytes]], None], name: Callable[[str], str]) -> Path:
    """Let `fill` write a file whose name is made from its sha256, and return it; as `write_file` else.

    So the file and the proof that it is undamaged come to be in one step.
    """
    return _write(folder / "a new file", fill, lambda part: folder / name(file_digest(part)[0]))


def _write(named: Path, fill: Callable[[IO[bytes]], None], target: Callable[[Path], Path]) -> Path:
    """Write a file whose path may depend on what was written; `told` is what messages call it."""
    with refusals(named):
        named.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=named.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o666 & ~_umask())  # mkstemp's files are for their owner's eyes only
            path = target(Path(name))
            os.replace(name, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(name)
            raise
        _sync(path.parent)
        return path


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

"""Files that are whole or absent, whatever happens while they are written."""

import os
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

__all__ = ["sync_folder", "write_binary", "write_lines", "write_text"]


def write_text(path: Path, text: str) -> None:
    """Write a whole file: temporary file in the same folder, flushed to the disk, then renamed over `path`."""
    write_lines(path, (text,))


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a file piece by piece, so that it may be larger than memory; on any error nothing is left."""

    def fill(file: IO[bytes]) -> None:
        for line in lines:
            file.write(line.encode())

    write_binary(path, fill)


def write_binary(path: Path, fill: Callable[[IO[bytes]], None]) -> None:
    """Let `fill` write a file that is not text; as `write_lines` else."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
        sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can do that for folders."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""Digests of what was written, so that a reader notices every changed bit instead of taking it for another result."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final

from simulation.errors import UserError
from simulation.files.tables import json_text, plain

__all__ = [
    "DIGITS",
    "SEAL",
    "file_digest",
    "sealed_json",
    "sealed_line",
    "stream_digest",
    "unsealed",
    "unsealed_line",
]

DIGITS: Final = 32  # of a digest in a file's name: 128 bits
SEAL: Final = "sha256"
_PIECE: Final = 1 << 20  # bytes


def sealed_json(data: Mapping[str, Any]) -> str:
    """Return strict JSON whose last key is the digest of all before it."""
    return json_text({**data, SEAL: hashlib.sha256(json_text(data).encode()).hexdigest()})


def unsealed(text: str) -> dict[str, Any]:
    """Return what `sealed_json` was given.

    Raises
    ------
    ValueError
        Where the text is not what was written, in any byte.
    """
    content = json.loads(text)
    if not isinstance(content, dict):
        raise ValueError("not an object")
    data = {key: value for key, value in content.items() if key != SEAL}
    if sealed_json(data) != text:
        raise ValueError("its digest is another")
    return data


def sealed_line(data: Mapping[str, Any], before: str) -> str:
    """Return a line of a log as strict JSON, whose last key is the digest of it and of `before`, the line before it."""
    text = _line(data)
    return _line({**data, SEAL: hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()})


def unsealed_line(line: str, before: str) -> dict[str, Any]:
    """Return what `sealed_line` was given.

    Raises
    ------
    ValueError
        Where this line, or one before it, is not what was written.
    """
    content = json.loads(line)
    if not isinstance(content, dict):
        raise ValueError("not an object")
    content.pop(SEAL, None)
    if sealed_line(content, before) != line:
        raise ValueError("its digest is another")
    return content


def _line(data: Mapping[str, Any]) -> str:
    return json.dumps(plain(data), ensure_ascii=False, allow_nan=False)


def stream_digest(file: IO[bytes], size: int | None = None) -> tuple[str, int]:
    """Return the sha256 of the first `size` bytes from here on (all, without `size`), and how many there were."""
    digest, seen = hashlib.sha256(), 0
    while piece := file.read(_PIECE if size is None else min(_PIECE, size - seen)):
        digest.update(piece)
        seen += len(piece)
    return digest.hexdigest(), seen


def file_digest(path: Path, size: int | None = None) -> tuple[str, int]:
    """Return the sha256 of a file's first `size` bytes, and how many there were; computed once while it stays as it is."""
    with _readable(path):
        known = path.stat()
        return _digest(path, size, known.st_size, known.st_mtime_ns, known.st_ctime_ns)


@lru_cache(maxsize=4096)
def _digest(path: Path, size: int | None, *state: int) -> tuple[str, int]:
    with path.open("rb") as file:
        return stream_digest(file, size)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", file=str(path)) from None

"""A folder of results: claimed before anything runs, written as a whole or not at all, described by one manifest.

Everything is first written to a hidden folder inside the target (same disk), each file flushed to the disk;
then the files are moved to their names, the manifest last. So a folder with `provenance.json` is complete,
and a full disk or a missing permission leaves nothing behind. The manifest names the files, so that what an
earlier writing left and this one has not replaced is known and removed.
"""

import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Final

from simulation.errors import UserError
from simulation.files.atomic import write_binary, write_file, write_lines
from simulation.files.crate import CRATE, crate_text
from simulation.files.refusal import refusals
from simulation.files.seals import SEAL, file_digest, sealed_json, unsealed

__all__ = [
    "MANIFEST",
    "RESULTS",
    "Content",
    "check_files",
    "new_folder",
    "read_manifest",
    "release_folder",
    "slug",
    "write_folder",
]

MANIFEST: Final = "provenance.json"
RESULTS: Final = Path("results")  # where results go for which no folder was named
_AGAIN: Final = "write it again: `run` with --overwrite, `compare` with --resume"
type Content = str | bytes | Iterable[str] | Callable[[IO[bytes]], None]


def slug(name: str, otherwise: str = "unnamed") -> str:
    """Return a name as a folder's name: plain lower-case letters, digits and hyphens."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only).strip("-")[:80].strip("-") or otherwise


def new_folder(root: Path, name: str) -> Path:
    """Make and return a new folder `root/name`, with -2, -3 ... where that name is taken."""
    with refusals(root, "nothing was written"):
        root.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            folder = root / (name if number == 1 else f"{name}-{number}")
            try:
                folder.mkdir()  # this is the claim: two commands at once get two folders
                return folder
            except FileExistsError:
                number += 1


def release_folder(folder: Path) -> None:
    """Remove a folder again if nothing was written to it."""
    with suppress(OSError):
        folder.rmdir()


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a folder; None where there is none.

    Raises
    ------
    UserError
        Where it is not, to the last bit, what was written.
    """
    path = folder / MANIFEST
    try:
        text = path.read_bytes().decode()
        manifest = json.loads(text)
        return unsealed(text) if SEAL in manifest else _of_earlier_version(manifest)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
    except (ValueError, TypeError, RecursionError):
        raise UserError("is damaged; move it away, or what is beside it", file=str(path)) from None


def _of_earlier_version(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest that names its files without their digests."""
    files = manifest["files"] if isinstance(manifest, dict) and "files" in manifest else None
    if not isinstance(files, list) or not all(isinstance(name, str) and "\0" not in name for name in files):
        raise ValueError("not a manifest")
    return manifest


def check_files(folder: Path, names: Iterable[str]) -> dict[str, Any]:
    """Return the manifest of a folder, these of whose files are, to the last bit, what was written.

    Raises
    ------
    UserError
        For the first that is not, with what to do.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise UserError(f"is not whole: {MANIFEST} is missing; {_AGAIN}", file=str(folder))
    digests = manifest["files"]
    if not isinstance(digests, dict):
        message = f"holds results of an earlier version of the program, without digests; {_AGAIN}"
        raise UserError(message, file=str(folder))
    for name in names:
        if file_digest(folder / name)[0] != digests.get(name):
            message = f"is not what was written (damaged or changed); bring back a copy of it, or {_AGAIN}"
            raise UserError(message, file=str(folder / name))
    return manifest


def write_folder(
    folder: Path, contents: Callable[[], Mapping[str, Content]], provenance: Mapping[str, object]
) -> None:
    """Write all files that `contents` returns by name, and the manifest: `provenance`, and the names with digests.

    Raises
    ------
    NotWritten
        Where the system refuses. Then, and on any other error or interrupt, no new file is left.
    """
    fresh = [path for path in (folder, *folder.parents) if not path.exists()]
    moved: list[Path] = []
    stage: Path | None = None
    try:
        with refusals(folder, "nothing was written"):
            folder.mkdir(parents=True, exist_ok=True)
            stage = Path(tempfile.mkdtemp(dir=folder, prefix=".writing-"))
            files = contents()
            for name, content in files.items():
                _write(stage / name, content)
            write_file(stage / CRATE, _crate(folder, stage, list(files), provenance))
            names = [*files, CRATE]
            digests = {name: file_digest(stage / name)[0] for name in names}
            write_file(stage / MANIFEST, sealed_json({**provenance, "files": digests}))
            before = set[str]()
            with suppress(UserError):  # damaged: what it named stays
                before = set((read_manifest(folder) or {"files": ()})["files"])
            # while files of two runs are in the folder, it is not a complete one
            (folder / MANIFEST).unlink(missing_ok=True)
            for name in (*names, MANIFEST):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(stage / name, folder / name)
                moved.append(folder / name)
            _remove(folder, before - set(names))
    except BaseException:  # an interrupt, too, must leave no half of a folder
        if stage is not None:
            shutil.rmtree(stage, ignore_errors=True)
        for path in moved:
            path.unlink(missing_ok=True)
        for path in (*dict.fromkeys(path.parent for path in moved), *fresh):
            release_folder(path)
        raise
    shutil.rmtree(stage, ignore_errors=True)


def _crate(folder: Path, stage: Path, files: list[str], provenance: Mapping[str, object]) -> str:
    """Return the RO-Crate metadata of the folder: the files that are now written, and what other folders are in it."""
    own = {Path(name).parts[0] for name in files}
    others = sorted(
        path.name
        for path in folder.iterdir()
        if path.is_dir() and path.name[0] != "." and path.name not in own
    )
    return crate_text(provenance, {name: (stage / name).stat().st_size for name in files}, others)


def _write(path: Path, content: Content) -> None:
    if isinstance(content, str | bytes):
        write_file(path, content)
    elif callable(content):
        write_binary(path, content)
    else:
        write_lines(path, content)


def _remove(folder: Path, names: Iterable[str]) -> None:
    """Remove files that an earlier manifest names; a name that leads out of the folder is none of ours."""
    for path in (folder / name for name in names):
        if path.resolve().is_relative_to(folder.resolve()):
            path.unlink(missing_ok=True)
            release_folder(path.parent)

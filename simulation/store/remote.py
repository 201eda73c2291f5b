"""Results on an object store (S3 and the like): copied there and back, and checked on both ways; nothing works on them there.

An object store has no locks and no renaming, on which the folders of results rely while they are written to. What is finished
is another matter: files of rows are named by their digests, so that copies of many jobs come together as a set, in any
order and as often as one likes.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import IO, Final

from simulation.errors import ExitStatus, MissingExtra, OtherScenario, UserError
from simulation.files.atomic import write_binary
from simulation.files.folder import MANIFEST, check_files, read_manifest
from simulation.files.refusal import refusals
from simulation.files.seals import file_digest
from simulation.store.design import DESIGN_FILE, read_digest
from simulation.store.rows import NAME

__all__ = ["CopyCount", "OutOfReach", "is_url", "pull", "push"]

_LOCK: Final = "lock"
_MOST_SHOWN: Final = 3
type Wanted = Callable[[str], bool]


class OutOfReach(UserError):  # noqa: N818 - its base says that it is an error
    """Say that the store of a URL cannot be reached, or does not take or give a file; what is done stays done."""

    exit_status = ExitStatus.FAILED_RUNS


@dataclass(frozen=True, slots=True)
class CopyCount:
    """Count what a copy came to: files copied now, their bytes, and files that were there already."""

    files: int
    bytes: int
    same: int


def is_url(text: str) -> bool:
    """Return whether a word is a URL such as `s3://bucket/study` rather than a path."""
    return "://" in text


def push(folder: Path, url: str) -> CopyCount:
    """Copy a folder of results to a URL, files that are not there yet or say something else; nothing there is removed.

    Several jobs may push folders of the same runs to one URL: each brings the rows of its own part.

    Raises
    ------
    OtherScenario
        Where the URL holds runs of another design; then nothing is copied.
    UserError
        Where the folder holds no results, or a file in it is not what was written.
    OutOfReach
        Where the store does not take them; the same command goes on.
    MissingExtra
        Where fsspec is not installed.
    """
    if not folder.is_dir():
        raise UserError("is no folder", file=str(folder))
    names = sorted(_names(folder), key=_rank)
    if not any(PurePosixPath(name).name in (DESIGN_FILE, MANIFEST) for name in names):
        raise UserError(
            "holds no results: neither runs of a trial or sweep, nor a finished folder", file=str(folder)
        )
    _check(folder, names)
    there = _RemoteFolder(url)
    known, files, size = there.sizes(), 0, 0
    _same_designs(folder, there, [name for name in names if name in known])
    for name in names:
        path = folder / name
        if name in known and (_settled(name) or _equal(path, known[name], there, name)):
            continue
        there.put(path, name)
        files, size = files + 1, size + path.stat().st_size
    return CopyCount(files, size, len(names) - files)


def pull(url: str, folder: Path, *, overwrite: bool = False, wanted: Wanted = lambda name: True) -> CopyCount:
    """Copy what a URL holds into a folder, which may hold some of it already; `wanted` chooses by the name below the URL.

    Raises
    ------
    OtherScenario
        Where the folder holds runs of another design.
    UserError
        Where the URL holds nothing, a file that came is not what was written, or files of the folder say something else
        and `overwrite` is not given; then the folder is as it was.
    OutOfReach
        Where the store does not give them; the same command goes on.
    MissingExtra
        Where fsspec is not installed.
    """
    there = _RemoteFolder(url)
    sizes = {name: size for name, size in there.sizes().items() if _ours(name) and wanted(name)}
    if not any(PurePosixPath(name).name in (DESIGN_FILE, MANIFEST) for name in sizes):
        raise UserError("holds no results", file=url)
    if folder.exists() and not folder.is_dir():
        raise UserError("is a file; choose a folder", file=str(folder))
    names = sorted(sizes, key=_rank)
    _same_designs(folder, there, [name for name in names if (folder / name).is_file()])
    here = {name for name in names if (folder / name).is_file()}
    same = {name for name in here if _settled(name) or _equal(folder / name, sizes[name], there, name)}
    if (other := sorted(here - same)) and not overwrite:
        shown = ", ".join(other[:_MOST_SHOWN]) + (", ..." if len(other) > _MOST_SHOWN else "")
        message = f"{len(other)} files say something else than those of {url} ({shown}); --overwrite takes the latter"
        raise UserError(message, file=str(folder))
    new = [name for name in names if name not in same]
    with refusals(folder, "what came before is kept"):
        for name in new:
            there.get(name, folder / name)
    _check(folder, names, where=url)
    return CopyCount(len(new), sum(sizes[name] for name in new), len(same))


def _names(folder: Path) -> Iterator[str]:
    """Yield the files of a folder of results that are worth a copy, with `/` on every system."""
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and _ours(name):
            yield name


def _ours(name: str) -> bool:
    """Return whether a name below a folder or URL is one that a folder of results may have: no lock, nothing half written."""
    parts = PurePosixPath(name).parts
    outside = name.startswith("/") or "\\" in name  # a store takes any name; none may lead out of the folder
    return not outside and not any(part.startswith(".") for part in parts) and parts[-1] != _LOCK


def _settled(name: str) -> bool:
    """Return whether a file of that name can only say one thing: rows are named by their digest, a design's was compared."""
    file = PurePosixPath(name)
    return NAME.fullmatch(file.name) is not None or file.name == DESIGN_FILE


def _rank(name: str) -> tuple[int, str]:
    """Return the order of copying: what tells that a folder is whole comes last."""
    return PurePosixPath(name).name == MANIFEST, name


def _check(folder: Path, names: list[str], where: str = "") -> None:
    """Raise where a file is not what was written, as far as names, seals and manifests know."""
    message = f"came damaged from {where}; remove it and pull again" if where else "is damaged"
    for name in names:
        path, known = folder / name, NAME.fullmatch(PurePosixPath(name).name)
        if known is not None and not file_digest(path)[0].startswith(known[2]):
            raise UserError(f"is not what was written: it {message}", file=str(path))
        if path.name == DESIGN_FILE:
            read_digest(path.parent)
        if path.name == MANIFEST:
            listed = (read_manifest(path.parent) or {}).get("files")
            if isinstance(listed, dict):  # an earlier version named its files without digests
                check_files(path.parent, listed)


def _same_designs(folder: Path, there: "_RemoteFolder", both: list[str]) -> None:
    """Raise where a design of the folder is not the one that the URL holds under the same name."""
    for name in both:
        if PurePosixPath(name).name != DESIGN_FILE:
            continue
        ours = read_digest((folder / name).parent)
        with tempfile.TemporaryDirectory() as place:
            there.get(name, Path(place) / DESIGN_FILE)
            theirs = read_digest(Path(place))
        if ours is not None and theirs is not None and ours[0] != theirs[0]:
            raise OtherScenario(f"holds other runs than {there.url}/{name}", file=str(folder))


def _equal(path: Path, size: int, there: "_RemoteFolder", name: str) -> bool:
    return path.stat().st_size == size and path.read_bytes() == there.read(name)


class _RemoteFolder:
    """What lies below a URL, by names relative to it. Whatever the store's own library raises becomes `OutOfReach`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        if not is_url(url):
            raise UserError(
                "is no URL", file=url, expected="one such as s3://bucket/study, gs://..., file:///..."
            )
        if find_spec("fsspec") is None:
            raise MissingExtra("fsspec", "cluster")
        from fsspec.core import url_to_fs

        try:
            self._fs, self._root = url_to_fs(self.url)
        except (ImportError, ValueError) as error:  # names what to install, or that it knows no such protocol
            raise UserError(f"cannot be used: {error}", file=url) from None
        except Exception as error:
            raise self._unreached(error) from None
        self._root = self._root.rstrip("/")

    def sizes(self) -> dict[str, int]:
        """Return the size in bytes of every file, by its name."""
        try:
            self._fs.invalidate_cache()
            files = self._fs.find(self._root, detail=True)
        except FileNotFoundError:
            return {}
        except Exception as error:
            raise self._unreached(error) from None
        start = len(self._root) + 1
        return {path[start:]: int(about["size"] or 0) for path, about in files.items() if len(path) > start}

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        try:
            return bytes(self._fs.cat_file(f"{self._root}/{name}"))
        except Exception as error:
            raise self._unreached(error, name) from None

    def put(self, path: Path, name: str) -> None:
        """Copy a file there."""
        target = f"{self._root}/{name}"
        try:
            self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._fs.put_file(str(path), target)
        except Exception as error:
            raise self._unreached(error, name) from None

    def get(self, name: str, path: Path) -> None:
        """Copy a file here, whole or not at all."""

        def fill(file: IO[bytes]) -> None:
            try:
                with self._fs.open(f"{self._root}/{name}", "rb") as there:
                    shutil.copyfileobj(there, file, 1 << 20)
            except Exception as error:
                raise self._unreached(error, name) from None

        write_binary(path, fill)

    def _unreached(self, error: Exception, name: str = "") -> UserError:
        place = f"{self.url}/{name}" if name else self.url
        text = str(error).strip().splitlines()[0] if str(error).strip() else ""
        reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
        return OutOfReach(
            f"cannot be reached ({reason}); what was copied is kept, the same command goes on", file=place
        )

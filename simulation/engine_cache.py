"""Where Numba keeps the compiled kernels.

Numba renews a cached kernel when the kernel's own file changes, but not when a helper that was inlined from
another file does: it would go on serving the old one. So the cache folder is named by a hash of every source
file that holds kernels, and of the parameters' names, which kernels find by their place in a record. It lies in the
folder that NUMBA_CACHE_DIR names, else in the user's own cache, so that a read-only installation works.
"""

import os
import re
import sys
import time
from collections.abc import Iterator, MutableMapping
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

KERNEL_ROOMS = ("engine", "biology")
_PACKAGE = Path(__file__).resolve().parent
_FOLDER = re.compile(r"kernels-[0-9a-f]{16}")
_PARAMETER = re.compile(rb"^  (\w+):", re.MULTILINE)
_DAY_S = 86_400.0
_DUR_KEPT_S = 30 * _DAY_S


def use_engine_cache(environ: MutableMapping[str, str] = os.environ) -> Path | None:
    """Point ``NUMBA_CACHE_DIR`` to a folder that belongs to exactly these kernels.

    It lies in the folder that the variable names, if that can be written. Returns the folder in use, or None where none
    can be written (Numba then compiles anew, or caches beside the sources).
    """
    name = f"kernels-{kernel_digest()}"
    for root in _roots(environ):
        folder = root / name
        if _make_ours(folder):
            environ["NUMBA_CACHE_DIR"] = str(folder)
            if environ is os.environ and "numba" in sys.modules:  # imported before us: tell it as well
                sys.modules["numba"].config.CACHE_DIR = str(folder)
            return folder
    return None


def holds_sources_of(folder: str, module: str) -> bool:
    """Return whether a folder for kernels is named by the digest of a module's source and of all that its kernels call."""
    package, _, room = module.rpartition(".")[0].partition(".")
    return (
        _FOLDER.fullmatch(Path(folder).name) is not None and package == _PACKAGE.name and room in KERNEL_ROOMS
    )


def unused_caches(current: Path, longer_than_s: float = _DAY_S) -> list[Path]:
    """Return the folders beside the current one with kernels of other versions that no run has used for so long."""
    now = time.time()
    return sorted(
        folder
        for folder in current.parent.iterdir()
        if folder != current and _FOLDER.fullmatch(folder.name) and not folder.is_symlink()
        if now - folder.stat().st_mtime > longer_than_s
    )


def kernel_digest(package: Path = _PACKAGE) -> str:
    """Hash the kernels' sources, the names of the parameters, Python's version and Numba's."""
    digest = sha256(sys.version.encode())
    numba = find_spec("numba")
    version_file = Path(numba.origin).with_name("_version.py") if numba and numba.origin else None
    sources = [file for room in KERNEL_ROOMS for file in sorted((package / room).rglob("*.py"))]
    for file in ([version_file] if version_file else []) + sources:
        digest.update(file.name.encode() + b"\0")
        try:
            digest.update(file.read_bytes() + b"\0")
        except OSError:  # an editor's dangling link, a file just removed: it holds no kernel
            continue
    table = package / "data" / "parameters.yaml"
    if table.is_file():
        digest.update(b"\0".join(_PARAMETER.findall(table.read_bytes())))
    return digest.hexdigest()[:16]


def _roots(environ: MutableMapping[str, str]) -> Iterator[Path]:
    """Places to try, best first."""
    chosen = environ.get("NUMBA_CACHE_DIR")
    if chosen:  # ours may be inherited from a parent process
        yield Path(chosen).parent if _FOLDER.fullmatch(Path(chosen).name) else Path(chosen)
    cache_home = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(cache_home):  # the XDG rules say to ignore a relative one
        yield Path(cache_home) / "transplant-twin"
    home = os.path.expanduser("~")
    if os.path.isabs(home):
        yield Path(home) / ".cache" / "transplant-twin"
    import tempfile

    user = os.getuid() if hasattr(os, "getuid") else "user"
    yield Path(tempfile.gettempdir()) / f"transplant-twin-{user}"


def _make_ours(folder: Path) -> bool:
    """Make sure that the folder exists, is writable and is nobody else's."""
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            _remove_old(folder)
        state = folder.stat()
        if time.time() - state.st_mtime > _DAY_S:
            os.utime(folder)  # still in use
    except OSError:
        return False
    # Numba unpickles what it finds there: another user's folder in a shared place must not be trusted.
    foreign = hasattr(os, "getuid") and (state.st_uid != os.getuid() or bool(state.st_mode & 0o022))
    return not foreign and os.access(folder, os.W_OK | os.X_OK)


def _remove_old(newest: Path) -> None:
    """Remove our folders that no run has used for a month."""
    import shutil

    for folder in unused_caches(newest, _DUR_KEPT_S):
        shutil.rmtree(folder, ignore_errors=True)

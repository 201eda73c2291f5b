"""A folder that several programs make ready: one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulation.files.refusal import refusals

__all__ = ["alone"]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let programs that begin in the same folder, such as the jobs of an array, go through one after the other.

    The folder is made where there is none; a hidden file in it is the lock, which ends with its holder.
    """
    with refusals(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".preparing").open("a", encoding="utf-8") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        except (ImportError, OSError):  # no such locks here; files are still replaced as wholes
            pass
        yield

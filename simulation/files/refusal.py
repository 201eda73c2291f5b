"""What the system refuses to write (no room, no permission): one message, one exit status, wherever it happens."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from simulation.errors import ExitStatus, UserError

__all__ = ["NotWritten", "is_refusal", "refusals"]

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_PLACE: Final = frozenset({errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG})
_BROKEN: Final = frozenset({errno.EIO})


class NotWritten(UserError):  # noqa: N818 - its base says that it is an error
    """Say that the system did not take a file.

    A person mends a wrong place by other arguments (exit status 2); a full or broken disk leaves runs that
    could not be stored (4). `reason` is the cause alone, `full` whether there is no room.
    """

    reason: str
    full: bool

    def __init__(
        self, error: "OSError | NotWritten", place: Path | str | None, consequence: str = ""
    ) -> None:
        if isinstance(error, NotWritten):
            self.reason, self.full, self.exit_status = error.reason, error.full, error.exit_status
        else:
            self.full = error.errno in _FULL
            self.exit_status = ExitStatus.FAILED_RUNS if error.errno in _FULL | _BROKEN else ExitStatus.USAGE
            self.reason = (
                "the disk is full" if self.full
                else "permission denied" if error.errno in _DENIED
                else f"cannot be written to ({error.strerror or error})"
            )  # fmt: skip
        super().__init__(
            "; ".join(filter(None, (self.reason, consequence))), file=None if place is None else str(place)
        )


def is_refusal(error: BaseException) -> bool:
    """Return whether nothing is wrong with the program: the machine refuses."""
    return isinstance(error, OSError) and error.errno in _FULL | _DENIED | _NO_PLACE | _BROKEN


@contextmanager
def refusals(place: Path | str, consequence: str = "") -> Iterator[None]:
    """Turn a refusal into a sentence for the person who can do something about it, with what it means for him."""
    try:
        yield
    except NotWritten as error:
        if not consequence:
            raise
        raise NotWritten(error, place, consequence) from error
    except OSError as error:
        raise NotWritten(error, place, consequence) from error

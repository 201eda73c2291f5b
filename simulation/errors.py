"""A person's mistake, told once and clearly, and the exit statuses of the command line."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from enum import IntEnum

from simulation.shipped import PROGRAM

__all__ = ["ExitStatus", "MissingExtra", "OtherScenario", "UserError", "nearest_name", "reason_of"]


class ExitStatus(IntEnum):
    """Name what the process's exit status means."""

    DONE = 0
    BUG = 1
    USAGE = 2
    FAILED_RUNS = 4
    OTHER_SCENARIO = 5
    MISSING_EXTRA = 6
    TIME_UP = 7
    INTERRUPTED = 130


def nearest_name(name: str, valid: Iterable[str], cutoff: float = 0.55) -> str | None:
    """Return the valid name most like `name`, or None when nothing is like it."""
    choices = {choice.lower(): choice for choice in valid}
    nearest = get_close_matches(name.lower(), choices, n=1, cutoff=cutoff)
    return choices[nearest[0]] if nearest else None


class UserError(Exception):
    """Tell a person what to correct: where it stands, what was expected and the nearest valid name.

    `file` is the file as the person named it, or the `--set path=value` it came from; `key` is the dotted
    path. When several mistakes are told at once, `errors` holds each and the rest is that of the first.
    """

    exit_status: ExitStatus = ExitStatus.USAGE
    most: int = 5  # so many of several mistakes are told

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        key: str | None = None,
        expected: str | None = None,
        nearest: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.key = key
        self.expected = expected
        self.nearest = nearest
        self._parts: tuple[UserError, ...] = ()

    @property
    def errors(self) -> tuple["UserError", ...]:
        """Return each of several mistakes; for one mistake, itself."""
        return self._parts or (self,)

    @classmethod
    def several(cls, errors: Sequence["UserError"], most: int = 5) -> "UserError":
        """Join mistakes into one error, one line each, at most `most` of them told."""
        if len(errors) == 1:
            return errors[0]
        first = errors[0]
        joined = cls(
            first.message,
            file=first.file,
            line=first.line,
            column=first.column,
            key=first.key,
            expected=first.expected,
            nearest=first.nearest,
        )
        joined._parts = tuple(part for error in errors for part in error.errors)
        joined.most = most
        return joined

    def __str__(self) -> str:
        if self._parts:
            lines = [str(error) for error in self._parts[: self.most]]
            left = len(self._parts) - len(lines)
            return "\n".join(lines + ([f"... and {left} more"] if left else []))
        where = ""
        if self.file is not None:
            where = f"{self.file}:{self.line}: " if self.line is not None else f"{self.file}: "
        if self.key and not (self.line is None and self.file and self.key in self.file):
            where += f"{self.key}: "
        expected = f"expected {self.expected}, " if self.expected else ""
        nearest = f" (did you mean {self.nearest!r}?)" if self.nearest else ""
        return f"{where}{expected}{self.message}{nearest}"

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword arguments do not pickle by themselves, and workers send theirs home.
        return (_restore, (type(self), self.message, dict(self.__dict__)))


def _restore(kind: type[UserError], message: str, state: dict[str, object]) -> UserError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class OtherScenario(UserError):  # noqa: N818 - its base says that it is an error
    """Say that a folder holds results of another scenario, trial, sweep or fit; they are never mixed."""

    exit_status = ExitStatus.OTHER_SCENARIO


def reason_of(error: BaseException) -> str:
    """Return on one line why a run failed: a person's mistake in its own words, anything else with its kind."""
    words = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    return " ".join(words.split())[:500]


class MissingExtra(UserError):  # noqa: N818 - it names what is wrong
    """Say that an optional part is not installed, and what tells the line that installs it here."""

    exit_status = ExitStatus.MISSING_EXTRA

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} is not installed here; `{PROGRAM} doctor --extra {extra}` says how to install it"
        )
        self.extra = extra

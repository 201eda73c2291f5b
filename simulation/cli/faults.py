"""What a person sees when something goes wrong: one message on stderr, and an exit status for scripts."""

import os
import sys
from collections.abc import Callable
from typing import Any

import click

from simulation.errors import ExitStatus, UserError
from simulation.files.refusal import NotWritten, is_refusal
from simulation.shipped import PROGRAM


def guarded(call: Callable[[], Any], *, show_traceback: bool = False) -> int:
    """Call, report whatever is raised, and return the exit status."""
    try:
        status = call()
        sys.stdout.flush()  # a reader that has gone away is noticed here, not when Python shuts down
    except BrokenPipeError:
        return _reader_gone()
    except (KeyboardInterrupt, click.Abort) as error:
        if isinstance(error.__cause__, EOFError):  # click takes it for Ctrl-D at a prompt; there is none here
            return _bug(error.__cause__, show_traceback)
        _print("Interrupted.")
        return ExitStatus.INTERRUPTED
    except click.ClickException as error:
        return _usage(error)
    except UserError as error:
        if show_traceback:
            _print_traceback()
        report(error)
        return error.exit_status
    except Exception as error:
        return _refused(error) or _bug(error, show_traceback)
    return status if isinstance(status, int) else ExitStatus.DONE


def report(error: UserError) -> None:
    """Write a person's mistake, or several of them one a line, to stderr."""
    _print(f"Error: {error}" if len(error.errors) == 1 else f"{len(error.errors)} errors:\n{error}")


def _print(message: str) -> None:
    """Write to stderr; that it is closed must not hide the exit status."""
    try:
        click.echo(message, err=True)
    except OSError:
        return


def _usage(error: click.ClickException) -> int:
    """Report a mistyped command line: click names the nearest valid option itself."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        _print(error.format_message())
        return ExitStatus.USAGE
    message = error.format_message().strip()
    _print(f"Error: {message}")
    if context is not None:
        _print(f"Try '{context.command_path} --help'.")
    return ExitStatus.USAGE


def _refused(error: Exception) -> int:
    """Report what the machine refused, or return 0 where the error is of another kind."""
    if not isinstance(error, OSError) or not is_refusal(error):
        return 0
    refused = NotWritten(error, error.filename)
    report(refused)
    return refused.exit_status


def _bug(error: Exception, show_traceback: bool) -> int:
    """Report an error that no person caused; the traceback goes to a file, not into his face."""
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    if show_traceback:
        _print_traceback()
        where = ""
    else:
        where = f"\nThe traceback is in {_traceback_file()}; please report it with the command you typed."
    _print(f"This is a bug in the program, not a mistake of yours: {reason}{where}")
    return ExitStatus.BUG


def _print_traceback() -> None:
    import traceback

    _print(traceback.format_exc().rstrip())


def _traceback_file() -> str:
    import platform
    import tempfile
    import traceback

    import simulation

    versions = f"transplant-twin {simulation.__version__}, Python {platform.python_version()}"
    text = f"{versions}, {platform.platform()}\n{sys.argv}\n\n{traceback.format_exc()}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="transplant-twin-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
    except OSError:
        return f"no file (none could be written; repeat with: {PROGRAM} --traceback COMMAND ...)"
    return file.name


def _reader_gone() -> int:
    """End quietly: whoever read our output (`| head`) has seen enough."""
    # What is still buffered would raise again when Python shuts down.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return ExitStatus.DONE

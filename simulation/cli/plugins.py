"""Rules of the user's own, from a Python file named on the command line."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from simulation.errors import UserError, nearest_name

RULES = "RULES"


def load_rules(path: Path) -> tuple[Any, ...]:
    """Run a Python file and return the processes in its `RULES`.

    Raises
    ------
    UserError
        Where there is no such file, it fails, or `RULES` is no list of objects with `name` and `act`.
    """
    if not path.is_file():
        raise UserError("no such file", file=str(path), expected="a Python file with rules")
    name = f"transplant_twin_plugin_{path.stem}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError("its name does not end in .py", file=str(path), expected="a Python file with rules")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look the module up by its name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise UserError(
            f"{type(error).__name__}: {error}", file=str(path), line=_line_in(path, error)
        ) from error
    return _checked(getattr(module, RULES, None), path, dir(module))


def _checked(rules: object, path: Path, names: list[str]) -> tuple[Any, ...]:
    if not isinstance(rules, list | tuple):
        raise UserError(
            f"the file defines no list {RULES}",
            file=str(path),
            expected=f"a line such as {RULES} = [MyRule()]",
            nearest=nearest_name(RULES, names, cutoff=0.7),
        )
    for rule in rules:
        if not isinstance(getattr(rule, "name", None), str) or not callable(getattr(rule, "act", None)):
            raise UserError(
                f"{rule!r} is no rule",
                file=str(path),
                key=RULES,
                expected="objects with a name and a method act(state, dt)",
            )
    return tuple(rules)


def _line_in(path: Path, error: BaseException) -> int | None:
    """Return the last line of that file that the error passed through."""
    if isinstance(error, SyntaxError):
        return error.lineno
    line, trace = None, error.__traceback__
    while trace is not None:
        if Path(trace.tb_frame.f_code.co_filename) == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line

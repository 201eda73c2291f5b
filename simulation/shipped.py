"""What comes with the program, and how it is called: in the project's folder and in an installation alike.

In the project's folder scenarios, examples and docs lie beside the package, and the program is `python run_sim.py`; a wheel
carries them inside the package, and the program is `transplant-twin`.
"""

from pathlib import Path
from typing import Final

__all__ = [
    "CONTENTS",
    "DISTRIBUTION",
    "PROGRAM",
    "PROJECT",
    "SCENARIOS",
    "SHIPPED",
    "as_typed",
    "installable",
]

DISTRIBUTION: Final = "transplant-twin"
_PACKAGE: Final = Path(__file__).resolve().parent
_IN_PROJECT: Final = "python run_sim.py"

PROJECT: Final = _PACKAGE.parent if (_PACKAGE.parent / "run_sim.py").is_file() else None
PROGRAM: Final = DISTRIBUTION if PROJECT is None else _IN_PROJECT
SHIPPED: Final = _PACKAGE / "shipped" if PROJECT is None else PROJECT
CONTENTS: Final = ("scenarios", "examples", "docs")  # pyproject.toml puts the same into wheels
SCENARIOS: Final = SHIPPED / CONTENTS[0]


def as_typed(text: str) -> str:
    """Return a text whose command lines are those of the project's folder with what must be typed here."""
    return text.replace(_IN_PROJECT, PROGRAM)


def installable(extra: str | None = None) -> list[str]:
    """Return what pip is to install, word by word: the program, or with one of its extras; a clone from its folder."""
    options = "" if extra is None else f"[{extra}]"
    return [f"{DISTRIBUTION}{options}"] if PROJECT is None else ["-e", f".{options}"]

"""The page of the public names, docs/api.md, from their signatures and docstrings.

python -c "from docs_api import write_api; write_api()"
"""

import enum
import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any, Final

__all__ = ["PUBLIC", "api_page", "write_api"]

PAGE: Final = Path(__file__).resolve().parent / "docs" / "api.md"
PUBLIC: Final = {  # module -> what it is for; its `__all__` is what is public
    "simulation": "Load a scenario, run it, look at the result.",
    "simulation.mesa_model": "The patient as a Mesa model, and his cells as agents.",
    "simulation.in_vitro": "Assays in the dish.",
    "simulation.posterior": "Parameter sets that fit the published data.",
}
_HEAD: Final = """\
# From Python

After this page you know every public name of the program, what it takes with which types, and what it gives. What is not here
may change with any version. The page is made from the code (`python -c "from docs_api import write_api; write_api()"`), and a
test holds it to that.

Types are checked in your own code too: the package carries its annotations (`py.typed`). A person's mistake is a `UserError`
everywhere; whatever else is raised is a bug. Examples: [examples.md](examples.md); Mesa, rules, treatments and assays of your
own: [extending.md](extending.md).
"""
_LONG: Final = 100
_PLACE: Final = re.compile(
    r"\b(?:simulation|numpy|pandas|matplotlib|collections|pathlib|mesa|typing|random)(?:\.\w+)*\.(?=\w)"
)

_NAMELESS: Final = re.compile(
    r"<\w[^<>]*(?:<\w+>[^<>]*)?>"
)  # a default that is a function, or made anew for each


def write_api() -> None:
    """Write docs/api.md."""
    PAGE.write_text(api_page(), encoding="utf-8")


def api_page() -> str:
    """Return the page: every public name of every public module."""
    parts = [_HEAD]
    for name, use in PUBLIC.items():
        module = import_module(name)
        parts.append(f"## {name}\n\n{use}\n")
        for public in sorted(module.__all__, key=lambda one: (not one.islower(), one)):
            if not public.startswith("__"):
                parts.append(_entry(public, getattr(module, public)))
    return "\n".join(parts)


def _entry(name: str, thing: Any) -> str:
    """Return the section of one name."""
    if inspect.isclass(thing):
        return _class(name, thing)
    if callable(thing):
        return f"### {name}\n\n{_code(name, thing)}\n\n{_text(thing)}\n"
    return f"### {name}\n\nA constant, `{type(thing).__name__}`.\n"


def _class(name: str, thing: type) -> str:
    # a scenario is made by `load_scenario`, with units; its keys are on a page of their own
    head = "" if hasattr(thing, "model_fields") else f"{_code(name, thing)}\n\n"
    lines = [f"### {name}\n\n{head}{_text(thing)}\n"]
    if not issubclass(thing, enum.Enum):
        rows = [row for one, member in _members(thing) if (row := _row(one, member))]
        if rows:
            lines.append("| member | what |\n|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(lines)


def _members(thing: type) -> list[tuple[str, Any]]:
    """Return the public members that the class and its bases in this program define, in the order of their names."""
    record: dict[str, Any] = {}
    for base in reversed(thing.__mro__):
        if base.__module__.startswith("simulation."):
            record |= {name: member for name, member in vars(base).items() if not name.startswith("_")}
    return sorted(record.items())


def _row(name: str, member: Any) -> str:
    """Return the row of a member that says something of itself."""
    kind = member.func if type(member).__name__ == "cached_property" else member
    plain = kind.fget if isinstance(kind, property) else getattr(kind, "__func__", kind)
    text = inspect.cleandoc(getattr(plain, "__doc__", None) or "").split("\n\n")[0].replace("\n", " ")
    if not inspect.isfunction(plain) or not text:
        return ""
    returned = plain.__annotations__.get("return")
    if isinstance(member, property) or kind is not member:
        line = f"{name}: {_type(returned)}" if returned is not None else name
    else:
        line = f"{name}{_signature(plain)}"
    return "| `{}` | {} |".format(*(cell.replace("|", "\\|") for cell in (line, text)))


def _signature(thing: Any) -> str:
    """Return the signature with types as short as they are read; without `self`."""
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return "(...)"
    kept = [one for one in signature.parameters.values() if one.name not in {"self", "cls"}]
    return _NAMELESS.sub("...", _type(str(signature.replace(parameters=kept))))


def _type(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return _PLACE.sub("", re.sub(r"(^|: |-> )'([^']+)'", r"\1\2", text).replace("NoneType", "None"))


def _code(name: str, thing: Any) -> str:
    text = f"{name}{_signature(thing)}"
    if len(text) > _LONG:
        text = re.sub(r", (?=\*?\w+:|\*,|\*\*)", ",\n    ", text)
    return f"```python\n{text}\n```"


def _text(thing: Any) -> str:
    """Return a docstring as Markdown: sections of NumPy's style become bold words, their entries items."""
    text = inspect.cleandoc(thing.__doc__ or "")
    text = re.sub(r"^(\w[\w ]*)\n-{3,}$", r"**\1**\n", text, flags=re.MULTILINE)
    return re.sub(r"^(\*{0,2}\w[^\n]*)\n((?: {4}\S[^\n]*(?:\n|$))+)", _item, text, flags=re.MULTILINE)


def _item(entry: re.Match[str]) -> str:
    meaning = " ".join(line.strip() for line in entry[2].splitlines())
    return f"- `{entry[1]}`: {meaning}\n"

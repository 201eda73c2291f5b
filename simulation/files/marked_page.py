"""Parts of a Markdown page that a command renews: what stands between two marks, comments that readers do not see."""

from pathlib import Path

from simulation.errors import UserError
from simulation.files.atomic import write_file

__all__ = ["marks", "page_with_place", "renew_page", "renewed_page"]

type Marks = tuple[str, str]


def marks(kind: str, name: str = "") -> Marks:
    """Return the two marks of a place; `name` tells places of one kind apart."""
    what = f"{kind} {name}" if name else kind
    return f"<!-- {what}: begin -->", f"<!-- {what}: end -->"


def renewed_page(page: str, text: str, between: Marks) -> str | None:
    """Return a page with what stands between its two marks replaced; None where it has not got them in this order."""
    head, begin, rest = page.partition(between[0])
    _, end, tail = rest.partition(between[1])
    return f"{head}{begin}\n{text}{end}{tail}" if begin and end else None


def page_with_place(path: Path, *places: Marks) -> str:
    """Return a page's text; raise `UserError` where it cannot be read, or has none of these places."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UserError("cannot be read", file=str(path), expected="a Markdown page") from None
    if all(renewed_page(text, "", place) is None for place in places):
        expected = ", or ".join(f"{begin} and {end}" for begin, end in places)
        raise UserError("there is no place for it", file=str(path), expected=f"the lines {expected}")
    return text


def renew_page(path: Path, place: Marks, text: str) -> None:
    """Put a text between the marks of a page, which is read again: others may have renewed their places meanwhile."""
    write_file(path, renewed_page(page_with_place(path, place), text, place) or text)

"""A person's mistake in the page's words: beside a field nobody should read the keys of a file."""

import re
from typing import Final

from simulation.blocks.fields import show
from simulation.browser.form import label_of_key
from simulation.errors import UserError

__all__ = ["mistake_text", "natural"]

_KEY: Final = re.compile(r"'[^']*'|\"[^\"]*\"|(?P<key>\b[a-z]+\d*(?:[_.][a-z]+\d*)+\b)")
_DIGITS: Final = 19  # of the largest seed


def mistake_text(error: UserError, name: str) -> str:
    """Return a mistake as a message beside a field: what was expected and what was found."""
    for one in error.errors:
        if not one.key or label_of_key(one.key) == label_of_key(name):
            break
    else:
        one = error.errors[0]
    elsewhere = one.key and label_of_key(one.key) != label_of_key(name) and not one.key.startswith("orders")
    where = f"{label_of_key(one.key)}: " if elsewhere and one.key else ""
    expected = f"expected {one.expected}, " if one.expected else ""
    nearest = f" (did you mean {one.nearest!r}?)" if one.nearest else ""
    text = f"{where}{_in_words(expected)}{_in_words(one.message)}{nearest}"
    return text[:1].upper() + text[1:]


def _in_words(text: str) -> str:
    """Return a message with the page's words for keys of files; what is quoted was typed, and stays."""
    return _KEY.sub(lambda match: label_of_key(match[0]).lower() if match["key"] else match[0], text)


def natural(text: str, name: str) -> int:
    """Return a seed or a patient's number; raise `UserError` for what is none."""
    digits = text.strip()
    if digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS and int(digits) < 2**63:
        return int(digits)
    raise UserError(f"got {show(text)}", key=name, expected="a whole number from 0 on")

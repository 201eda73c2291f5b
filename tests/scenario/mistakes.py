"""A good file, mistakes to put into it, and how each has to be told."""

from pathlib import Path

import pytest

from simulation.errors import ExitStatus, UserError
from simulation.scenario import load_scenario

GOOD = """\
name: Test
follow_up: 365 d
start:
  when: mrd
  at_least: 1e-4
blinatumomab:
  dose: 28 ug/day
  on: 28 d
  off: 14 d
  cycles: 4
dli:
  cd3: [1e5/kg, 5e5/kg]
  first: day 15 of cycle 1
  every: 42 d
immunosuppression:
  - drug: ciclosporin
    from: day 60
    to: day 100
patient:
  weight: 70 kg
"""

# what is replaced, by what, line, key, words in the message, nearest
type Mistake = tuple[str, str, int, str | None, str, str | None]
SEVERAL = {"start.when is never", "the place of dose, on, off"}  # one mistake with two consequences


def each_of(mistakes: list[Mistake]) -> pytest.MarkDecorator:
    """Return what runs a test once for each mistake."""
    texts = [mistake for mistake in mistakes if mistake[4]]
    return pytest.mark.parametrize(
        "mistake", texts, ids=[f"{mistake[3]}-{mistake[1].strip()[:30]}" for mistake in texts]
    )


def error_of(path: Path, text: str) -> UserError:
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_scenario(path)
    return caught.value


def check_message_and_place(path: Path, mistake: Mistake) -> None:
    """Check that a mistake in the good file is told once, with file, line, key, words and the nearest valid name."""
    old, new, line, key, words, nearest = mistake
    assert old in GOOD
    error = error_of(path, GOOD.replace(old, new, 1))
    first = error.errors[0]
    assert (first.file, first.line) == (str(path), line), str(error)
    assert len(error.errors) == 1 or words in SEVERAL, str(error)
    assert (first.key, first.nearest) == (key, nearest), str(error)
    assert words in str(first)
    assert str(first).startswith(f"{path}:{line}: ")
    assert "\n" not in str(first)
    assert error.exit_status == ExitStatus.USAGE

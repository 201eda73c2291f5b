"""Rules of a user's own, as small as they can be and seen in every result."""

from pathlib import Path

RULES = """\
from dataclasses import dataclass

from simulation.biology.channels import Channel

PARAMETERS = {
    "my_rate": {"value": "0.5 /day", "low": "0 /day", "high": "2 /day", "source": "a test"},
}


@dataclass(frozen=True)
class Poison:
    name: str = "poison"
    source: str = "a test"

    def act(self, state, dt):
        state.pop.hazard[state.blast_rows, Channel.DIE] += state.p.my_rate


RULES = [Poison()]
"""
# everything of the body is reached by a rule's `act`; the line of this body is 8
ACTING = """\
class Mine:
    name = "mine"
    source = "a test"
    kept = 0

    def act(self, state, dt):
        if state.day >= {day}:
            {body}


RULES = [Mine()]
"""


def write_rules(path: Path, text: str = RULES) -> Path:
    path.write_text(text)
    return path


def acting(body: str, day: float = 2) -> str:
    return ACTING.format(body=body, day=day)

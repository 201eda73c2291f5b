"""A question before what is on the screen begins again at transplant, and its answer."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["DiscardGuard", "Question"]


@dataclass(frozen=True)
class Question:
    """Ask before what is on the screen is discarded; `act` does what was asked for."""

    words: str
    act: Callable[[], None]


class DiscardGuard:
    """Hold what a person may lose by one click: it is asked about first. `who` begins again."""

    who = "the patient begins"

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.errors: dict[str, str] = {}  # field -> message
        self.typed: dict[str, str] = {}  # what was typed into fields with a mistake, or waits for an answer
        self.question: Question | None = None

    @property
    def at_stake(self) -> str:
        """Return in words what would be lost; nothing is at stake at the beginning."""
        raise NotImplementedError

    def ask(self, what: str, act: Callable[[], None]) -> None:
        """Ask whether to begin again at transplant; where nothing would be lost, do it at once."""
        with self.lock:
            self.withdraw()
            stake = self.at_stake
            if not stake:
                act()
                return
            words = f"{what}: {self.who} again at transplant. {stake} will be lost."
            self.question = Question(words, act)

    def answer(self, yes: bool) -> None:
        """Do what was asked for, or leave everything as it is."""
        with self.lock:
            question = self.question
            self.withdraw()
            if question is not None and yes:
                question.act()

    def withdraw(self) -> None:
        """Take the question back, and what was typed to bring it about."""
        if self.question is not None:
            self.question = None
            self.typed = {name: text for name, text in self.typed.items() if name in self.errors}

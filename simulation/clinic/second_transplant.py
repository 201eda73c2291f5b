"""Who gets a second transplant, and when: a rule that a file declares, of an event that is not simulated itself."""

from typing import Annotated, Final

from pydantic import Field

from simulation.blocks.fields import Block, Fraction, Word
from simulation.clinic.waits import Wait, wait_words

__all__ = ["RESPONSES", "SecondTransplant"]

RESPONSES: Final = {  # what makes a patient fit for it: the word in the file, and how people say it
    "complete_remission": "in complete remission after overt relapse",
    "mrd_response": "MRD-negative after treatment began",
}


class SecondTransplant(Block):
    """Note that some responders would be transplanted again; nothing is done to the body."""

    chance: Fraction = Field(description="Share of patients who would get it once they have responded.")
    wait: Wait = Field(description="From the result that shows the response to the transplant.")
    after: Annotated[str, Word(tuple(RESPONSES))] = Field(
        "complete_remission", description="The response that it follows."
    )

    def words(self) -> str:
        """Return who gets it and when, in words."""
        return (
            f"{100 * self.chance:.3g} % of patients, once {RESPONSES[self.after]}, {wait_words(self.wait)} after that result "
            "unless overt relapse is found before; what it does is not simulated"
        )

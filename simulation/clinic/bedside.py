"""What the clinic remembers of the bedside: when there was acute GvHD last, and when immunosuppressants were taken last."""

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from simulation.clinic.assays import Examination

__all__ = ["Bedside"]

_GRADES: Final = 4


class Bedside:
    """Remember days from transplant; minus infinity where there was none yet."""

    def __init__(self) -> None:
        self.day_of_drug = -math.inf  # the last day on which an immunosuppressant was taken
        self._days_of_gvhd = [-math.inf] * (_GRADES + 1)

    def note(self, now: float, examination: "Examination", on_drug: bool) -> None:
        """Take note of a day."""
        for grade in range(1, examination.agvhd_grade + 1):
            self._days_of_gvhd[grade] = now
        if on_drug:
            self.day_of_drug = now

    def day_of_gvhd(self, grade: int) -> float:
        """Return the last day of acute GvHD of a grade (1-4) or more."""
        return self._days_of_gvhd[grade]

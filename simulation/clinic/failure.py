"""Why a treatment failed, told from the state in which control of the leukaemia was lost.

Control is lost at the blasts' lowest point since treatment began: there growth has caught up with killing.
Where the blasts never fell below their number at the start, the last moment on the drug (without a drug, the
present) stands in. The order: escape (the blasts that grew back lack the antigen) explains failure whatever
the T cells did; then sanctuary (most blasts were where T cells and drug come badly: niches of poor access, or a site
outside the marrow); then the T cells themselves,
suppressed or exhausted, whichever passes its threshold by more; and if neither, they were too few.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from simulation.clinic.ports import Truth

__all__ = ["CAUSES", "Control", "FailureValues", "FailureWatch"]


_HAPLOTYPE: Final = "hla_haplotype"
CAUSES: Final = {
    "escape": "escape (target or HLA lost)",
    "exhausted": "T cells exhausted",
    "too_few_t_cells": "too few T cells",
    "sanctuary": "sanctuary (blasts out of reach)",
    "treg_suppressed": "suppressed by Treg",
}


class FailureValues(Protocol):
    """Name the rows of the parameter table that define causes of failure; all are fractions."""

    @property
    def fraction_cause_escape(self) -> float:
        """Return the antigen-lost share of blasts above which relapse is called escape."""
        ...

    @property
    def fraction_cause_sanctuary(self) -> float:
        """Return the share of blasts in poorly reached places above which the cause is sanctuary."""
        ...

    @property
    def fraction_cause_poor_access(self) -> float:
        """Return the access below which a place counts as poorly reached."""
        ...

    @property
    def fraction_cause_suppressed(self) -> float:
        """Return the mean suppression above which the cause is Treg."""
        ...

    @property
    def fraction_cause_exhausted(self) -> float:
        """Return the mean exhaustion above which the cause is exhaustion."""
        ...


@dataclass(frozen=True, slots=True)
class Control:
    """Hold what decides between growth and killing at one moment; shares and means are fractions."""

    day: float
    blasts: int
    sanctuary_share: float
    suppression: float
    exhaustion: float
    et_ratio: float

    @classmethod
    def of(cls, truth: Truth, poor_access: float) -> "Control":
        """Summarise a state; without blasts in marrow or another site no share of them is anywhere."""
        settled = float(truth.niche_blasts.sum()) + truth.extramedullary_blasts
        hidden = float(truth.niche_blasts[truth.niche_access < poor_access].sum())
        if truth.extramedullary_access < poor_access:
            hidden += truth.extramedullary_blasts
        return cls(
            day=truth.day,
            blasts=truth.blasts,
            sanctuary_share=hidden / settled if settled > 0.0 else 0.0,
            suppression=truth.marrow_suppression,
            exhaustion=truth.marrow_exhaustion,
            et_ratio=truth.marrow_et_ratio,
        )


class FailureWatch:
    """Follow a treated patient; `targets` are those of the drugs planned, or given so far.

    Escape is loss of the target, with several drugs of each; without any drug it is loss of the mismatched haplotype.
    """

    def __init__(self, values: FailureValues, targets: Iterable[str]) -> None:
        self._values = values
        self._targets = frozenset(targets)
        self._start: Truth | None = None
        self._nadir: Truth | None = None
        self._on_drug: Truth | None = None

    def follow(self, truth: Truth, on_drug: Collection[str]) -> None:
        """Take note of one state from the start of treatment on; `on_drug` are the targets of the drugs that run."""
        self._targets = self._targets.union(on_drug)  # it may be ordered by hand
        is_nadir = self._nadir is None or truth.blasts <= self._nadir.blasts
        if not (is_nadir or on_drug):
            return
        if self._start is None:
            self._start = truth
        if is_nadir:
            self._nadir = truth
        if on_drug:
            self._on_drug = truth

    def lost_control(self, truth: Truth) -> Control:
        """Return the state in which control was lost; `truth` is the present."""
        start, nadir = self._start, self._nadir
        if start is not None and nadir is not None and nadir.blasts < start.blasts:
            lost = nadir
        else:
            lost = truth if self._on_drug is None else self._on_drug
        return Control.of(lost, self._values.fraction_cause_poor_access)

    def cause(self, truth: Truth) -> str:
        """Return escape, sanctuary, treg_suppressed, exhausted or too_few_t_cells."""
        values = self._values
        lost = min(truth.lost[antigen] for antigen in self._targets or {_HAPLOTYPE})
        if truth.blasts > 0 and lost / truth.blasts > values.fraction_cause_escape:
            return "escape"
        state = self.lost_control(truth)
        if state.sanctuary_share > values.fraction_cause_sanctuary:
            return "sanctuary"
        suppressed = state.suppression - values.fraction_cause_suppressed
        exhausted = state.exhaustion - values.fraction_cause_exhausted
        if max(suppressed, exhausted) > 0.0:
            return "treg_suppressed" if suppressed > exhausted else "exhausted"
        return "too_few_t_cells"

    def evidence(self, truth: Truth) -> str:
        """Return the numbers behind the cause, in words."""
        state = self.lost_control(truth)
        return (
            f"control lost on day {state.day:g} with {state.blasts:.2e} blasts: "
            f"T cells per blast {state.et_ratio:.3g}, exhaustion {state.exhaustion:.0%}, "
            f"Treg suppression {state.suppression:.0%}, "
            f"{state.sanctuary_share:.0%} of blasts where drug and T cells come badly"
        )

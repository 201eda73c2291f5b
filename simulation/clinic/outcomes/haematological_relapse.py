"""Haematological (morphological) relapse, remission, and why treatment failed.

Relapse is dated by the TRUE marrow blast fraction, whatever the clinic looked at and when: otherwise the arm
that is watched more closely would relapse earlier. Remission is dated by the aspirate that showed it.
See docs/decisions/0003-relapse-definition.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from simulation.clinic.assays import MarrowResult, reaches
from simulation.clinic.failure import CAUSES, FailureWatch
from simulation.clinic.outcomes.mrd import Mrd
from simulation.clinic.outcomes.outcome import Outcome, Row, Watcher
from simulation.clinic.outcomes.treatment import Treatment
from simulation.clinic.ports import Truth
from simulation.number_words import NOTHING

if TYPE_CHECKING:
    from simulation.clinic.clinic import Clinic

__all__ = ["RELAPSES", "HaematologicalRelapse", "Relapse", "at_relapse", "negative_relapse"]

RELAPSES: Final = ("relapse", "second_relapse", "later_relapse")  # what the events call them
_HLA: Final = {"present": "present", "lost": "lost", "mixed": "mixed"}
_OF_ANTIGEN: Final = {"present": "positive", "lost": "negative", "mixed": "mixed"}


@dataclass(frozen=True, slots=True)
class Relapse:
    """One overt relapse and what its blasts carried when it was reached."""

    day: float  # from transplant
    antigens: Mapping[str, str]  # by name: present, lost or mixed

    def of_antigen(self, name: str) -> str:
        """Return positive, negative or mixed."""
        return _OF_ANTIGEN[self.antigens[name]]


def at_relapse(antigen: str) -> Outcome:
    """Declare whether the blasts of the last relapse have an antigen."""
    word = antigen.upper()
    return Outcome(
        name=f"relapse_{antigen}",
        kind="word",
        label=f"{word} at last relapse",
        meaning=f"{word} of the blasts at the last overt relapse",
        values={"positive": f"{word}-positive", "negative": f"{word}-negative", "mixed": "mixed"},
    )


def negative_relapse(antigen: str) -> Outcome:
    """Declare the share of relapses without an antigen."""
    word = antigen.upper()
    return Outcome(
        name=f"{antigen}_negative_relapse",
        kind="share",
        label=f"{word}-negative at last relapse",
        meaning=f"the blasts of the last overt relapse have lost {word}",
        better="less",
        of=lambda row: row[f"relapse_{antigen}"] == "negative",
        of_whom="relapse",
    )


def _relapse_words(row: Row) -> str:
    day, diagnosed = row.get("relapse_day"), row.get("relapse_diagnosed_day")
    if day is None:
        return NOTHING
    return f"day {day:.4g}" + (f", diagnosed on day {diagnosed:.4g}" if diagnosed is not None else "")


def _remission_words(row: Row) -> str:
    """Return the day, and where the remission was not: aspirates see the marrow only."""
    day, outside = row.get("complete_remission_day"), row.get("extramedullary_relapse_day")
    if day is None:
        return NOTHING
    return f"day {day:.4g}" + (
        f", of the marrow only: relapse outside on day {outside:.4g}" if outside is not None else ""
    )


class HaematologicalRelapse(Watcher):
    """Follow overt relapse in truth, remission as measured, and what explains a failure of treatment."""

    rank: ClassVar = 20
    outcomes: ClassVar = (
        Outcome(
            name="relapse_day",
            kind="day",
            mark="relapse",
            colour="blasts",
            short="relapse",
            label="Haematological relapse",
            meaning="first day with marrow blasts at or above overt relapse, in truth",
            row=_relapse_words,
        ),
        Outcome(
            name="relapse_diagnosed_day",
            kind="day",
            label="Haematological relapse diagnosed",
            meaning="day on which overt relapse was first reported",
            row=False,
        ),
        Outcome(
            name="complete_remission_day",
            kind="day",
            mark="remission",
            colour="donor_cells",
            short="CR",
            label="Complete remission",
            meaning="aspirate that first showed remission after overt relapse; it sees the marrow only",
            row=_remission_words,
        ),
        Outcome(
            name="second_relapse_day",
            kind="day",
            mark="2nd relapse",
            colour="blasts",
            short="2nd relapse",
            label="Second haematological relapse",
            meaning="first day with overt relapse after a measured remission, in truth",
        ),
        at_relapse("cd19"),
        Outcome(
            name="relapse_hla",
            kind="word",
            label="Mismatched HLA at last relapse",
            meaning="mismatched HLA haplotype of the blasts at the last overt relapse",
            values=_HLA,
        ),
        Outcome(
            name="cause_of_failure",
            kind="word",
            label="Cause of failure",
            meaning="why treatment failed; empty: it did not, or none was given",
            values=CAUSES,
        ),
        Outcome(
            name="relapse",
            kind="share",
            those="of those with relapse",
            short="relapse",
            label="Haematological relapse",
            meaning="overt relapse in the marrow, in truth",
            better="less",
            of=lambda row: row["relapse_day"] is not None,
        ),
        Outcome(
            name="complete_remission",
            kind="share",
            those="of those in remission",
            short="CR",
            label="Complete remission",
            meaning="remission measured after overt relapse",
            better="more",
            of=lambda row: row["complete_remission_day"] is not None,
            of_whom="relapse",
        ),
        Outcome(
            name="second_relapse",
            kind="share",
            short="2nd relapse",
            label="Second haematological relapse",
            meaning="overt relapse again after a measured remission",
            better="less",
            of=lambda row: row["second_relapse_day"] is not None,
            of_whom="complete_remission",
        ),
        negative_relapse("cd19"),
    )

    def __init__(self, clinic: "Clinic") -> None:
        super().__init__(clinic)
        self.relapses: list[Relapse] = []
        self.diagnosed_day: float | None = None
        self.complete_remission_day: float | None = None
        self._in_relapse = False  # true state: an overt relapse is going on
        self._known: MarrowResult | None = None  # measured: the aspirate that showed it
        self._remission_measured = False  # since the current relapse began
        self._n_restaged = 0  # marrow results since treatment began
        self._failure_cause: str | None = None
        self.replanned()

    @property
    def known(self) -> bool:
        """Return whether overt relapse has been diagnosed and no remission measured since."""
        return self._known is not None

    def replanned(self) -> None:
        """Begin to explain failures anew: there is none yet."""
        scenario = self.clinic.scenario
        # the products that need an antigen, with it
        self._targeted = {one.name: one.target for one in scenario.products if one.target}
        planned = {one.target for one in scenario.products if one.target and one.spec(scenario) is not None}
        self._failure = FailureWatch(self.clinic.values, planned)

    # ---- the true state

    def observe(self, truth: Truth, dt: float) -> None:
        """Follow relapse, and what may explain the next failure."""
        if self._treated_since is not None:
            givers = self.clinic.givers
            on_drug = {target for name, target in self._targeted.items() if givers[name].running()}
            self._failure.follow(truth, on_drug)
        definitions = self.clinic.scenario.definitions
        fraction = truth.marrow_blast_fraction
        if self._in_relapse:
            if self._remission_measured and fraction < definitions.complete_remission:
                self._in_relapse = False
        elif reaches(fraction, definitions.overt_relapse):
            self._relapse(truth, truth.day, f"{fraction:.1%} of marrow cells are blasts")

    @property
    def _treated_since(self) -> float | None:
        return self.clinic.book.watcher(Treatment).start_day

    def _relapse(self, truth: Truth, day: float, words: str) -> None:
        self._in_relapse, self._remission_measured = True, False
        shares = {name: lost / max(truth.blasts, 1) for name, lost in truth.lost.items()}
        relapse = Relapse(max(day, 0.0), {name: self._status(share) for name, share in shares.items()})
        self.relapses.append(relapse)
        name = RELAPSES[min(len(self.relapses), len(RELAPSES)) - 1]
        targets = dict.fromkeys(self._targeted.values())
        counts = "".join(f"{name.upper()} {relapse.of_antigen(name)}, " for name in targets)
        detail = f"overt relapse: {words}; {counts}mismatched HLA {relapse.antigens['hla_haplotype']}"
        self.clinic.events.add(truth.day, "outcome", name, detail, truth.marrow_blast_fraction, "fraction")
        if self._treated_since is not None:
            self._failure_cause = self._failure.cause(truth)
            detail = f"treatment failed ({self._failure_cause}): {self._failure.evidence(truth)}"
            self.clinic.events.add(truth.day, "outcome", "failure", detail)

    def _status(self, lost_share: float) -> str:
        threshold = self.clinic.values.fraction_cause_escape
        if lost_share > threshold:
            return "lost"
        return "present" if 1.0 - lost_share > threshold else "mixed"

    def triggered(self, now: float, truth: Truth, diagnosis_sampled: float | None) -> None:
        """Note a relapse that treatment was triggered by: who is treated FOR overt relapse has relapsed."""
        if diagnosis_sampled is not None and not self.relapses:
            self._relapse(truth, diagnosis_sampled, "diagnosed, and treated as such, in a patchy marrow")

    # ---- what was measured

    def see(self, result: MarrowResult, now: float) -> None:
        """Note a diagnosis of relapse, and a remission after it."""
        began = self._treated_since
        if began is not None and result.sampled > began:
            self._n_restaged += 1
        if not result.judges_remission:
            return
        definitions = self.clinic.scenario.definitions
        known = self._known
        if known is None and reaches(result.value, definitions.overt_relapse):
            self._known = result
            if self.diagnosed_day is None:
                self.diagnosed_day = now
            detail = f"overt relapse diagnosed: {result.value:.1%} blasts, aspirate of day {result.sampled:g}"
            self.clinic.events.add(now, "outcome", "relapse_diagnosed", detail, result.value, "fraction")
        elif (
            known is not None
            and result.sampled > known.sampled
            and result.value < definitions.complete_remission
        ):
            self._known = None
            if not self.relapses:
                return  # the diagnosis was a patch of the marrow that never became overt relapse
            self._remission_measured = True
            self._failure_cause = None  # late, but the treatment did work
            if self.complete_remission_day is None:
                self.complete_remission_day = result.sampled
            detail = (
                f"complete remission: {result.value:.1%} blasts in the aspirate of day {result.sampled:g}"
            )
            self.clinic.events.add(now, "outcome", "complete_remission", detail, result.value, "fraction")

    def values(self, truth: Truth) -> Row:
        """Return relapses, remission and the cause of failure."""
        first, last = (self.relapses[0], self.relapses[-1]) if self.relapses else (None, None)
        return {
            "relapse_day": first and first.day,
            "relapse_diagnosed_day": self.diagnosed_day,
            "complete_remission_day": self.complete_remission_day,
            "second_relapse_day": self.relapses[1].day if len(self.relapses) > 1 else None,
            "relapse_cd19": last and last.of_antigen("cd19"),
            "relapse_hla": last and last.antigens["hla_haplotype"],
            "cause_of_failure": self._cause_of_failure(truth),
        }

    def _cause_of_failure(self, truth: Truth) -> str | None:
        """Return why treatment failed: a relapse after it began, no remission, or no MRD response."""
        if self._failure_cause is not None:
            return self._failure_cause
        if self._n_restaged == 0 or truth.blasts == 0:
            return None
        responded = (
            self.complete_remission_day if self.relapses else self.clinic.book.watcher(Mrd).negative_day
        )
        return self._failure.cause(truth) if responded is None else None

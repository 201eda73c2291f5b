"""What ties a tab's many patients to what the browser shows: the fields as typed, what is followed, and the study."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import solara

from simulation.browser.catalogue import Source
from simulation.browser.many import Asked, ManyPatients
from simulation.browser.session import told
from simulation.browser.study import Study, planned
from simulation.clinic.outcomes import of_patient
from simulation.errors import UserError
from simulation.forecast import Forecast
from simulation.forecast.answer import PRIMARY

__all__ = ["NO_SECOND", "ManyView", "patient_rows"]

NO_SECOND: Final = "(none)"
_FIELDS: Final = ("seed", "number", "patient", "course", "key", "values")
_SHOWN: Final = 20


class ManyView:
    """Hold one tab's view; components read `frame` to be drawn when more patients are there, `changed` with every act."""

    def __init__(self, first: Source, second: Source | None, results: Sequence[Path]) -> None:
        self.frame: Any = solara.reactive(0)
        self.changed: Any = solara.reactive(0)
        self.asked = Asked(tuple(filter(None, (first, second))))
        self.key, self.values = "", ""
        self.errors: dict[str, str] = {}
        self.many = ManyPatients(self._more)
        self.study = Study(results[0] if results else Path("results"), self._tell)

    def _more(self) -> None:
        self.frame.value += 1

    def _tell(self) -> None:
        self.changed.value += 1

    def put(self, **what: Any) -> None:
        """Take what was typed or chosen."""
        for name in ("key", "values"):
            if name in what:
                setattr(self, name, what.pop(name))
                self.errors.pop(name, None)
        for name in what:
            self.errors.pop(name, None)
        self.asked = replace(self.asked, **what)
        self._tell()

    def choose(self, which: int, source: Source | None) -> None:
        """Take strategy A or B; B may be none."""
        sources = list(self.asked.sources)
        if source is None:
            sources = sources[:1]
        elif which < len(sources):
            sources[which] = source
        else:
            sources.append(source)
        self.put(sources=tuple(sources))

    def start(self) -> None:
        """Follow many patients."""
        self.errors.clear()
        self.many.start(self.asked)
        if self.many.mistake is not None:
            self._mistaken(self.many.mistake, "course" if self.asked.course.strip() else "start")
        self._tell()

    def stop(self) -> None:
        """Stop following."""
        self.many.stop()

    def start_study(self, *, sweep: bool) -> None:
        """Start a trial of both strategies, or a sweep of one or both."""
        self.errors.clear()
        key, values = (self.key, self.values) if sweep else ("", "")
        try:
            if sweep and not key.strip():
                raise UserError(
                    "got nothing",
                    key="key",
                    expected="what is varied, such as dli.cd3 or rate_blast_net_growth",
                )
            what = planned(
                self.asked.sources,
                self.asked.seed,
                self.asked.number,
                posterior=self.asked.posterior,
                key=key,
                values=values,
            )
            self.study.start(what)
        except UserError as error:
            self._mistaken(error, "study")
        self._tell()

    def close(self) -> None:
        """Stop everything: the tab has gone away."""
        self.many.stop()
        self.study.stop()

    def _mistaken(self, error: UserError, otherwise: str) -> None:
        field = error.key if error.key in _FIELDS else otherwise
        self.errors[field or otherwise] = (
            str(error) if field in ("course", "study") else told(error, field or otherwise)
        )


def patient_rows(forecast: Forecast) -> tuple[list[int], list[list[str]]]:
    """Return the numbers of patients who can be watched and a row of text for each: the heaviest first, else by number.

    Number 0 is left out: on the first page it is a file's own, typical patient, here one of the cohort.
    """
    pairs = [
        (one, weight)
        for one, weight in zip(forecast.followed, forecast.weights, strict=True)
        if one.outcomes and one.patient > 0
    ]
    if forecast.conditioned:
        pairs.sort(key=lambda pair: -pair[1])
    rows = []
    for one, weight in pairs[:_SHOWN]:
        row = [f"{one.patient}", f"{weight:.1%}" if forecast.conditioned else ""]
        for outcome in one.outcomes:
            row.append(_course(outcome))
        if len(one.outcomes) > 1:
            gain = of_patient(PRIMARY, one.outcomes[1]) - of_patient(PRIMARY, one.outcomes[0])
            row.append(f"{gain:+.0f}")
        rows.append(row)
    return [one.patient for one, _ in pairs[:_SHOWN]], rows


def _course(outcome: dict[str, Any]) -> str:
    told = []
    for name, words in (
        ("treatment_start_day", "treated day"), ("relapse_day", "relapse day"), ("mrd_negative_day", "MRD-negative day"),
        ("nrm_day", "died day"),
    ):  # fmt: skip
        if outcome.get(name) is not None:
            told.append(f"{words} {outcome[name]:.0f}")
    return ", ".join(told) or "no treatment, no relapse"

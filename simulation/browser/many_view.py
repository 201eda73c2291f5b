"""What ties a tab's many patients to what the browser shows: the fields as typed, what is followed, and the study."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import solara

from simulation.browser.address import asked_of, asked_query
from simulation.browser.catalogue import Source
from simulation.browser.many import ForecastRequest
from simulation.browser.mistakes import mistake_text
from simulation.browser.results.folders import open_folder
from simulation.browser.shelf import TabWork, leave, take
from simulation.browser.study import planned
from simulation.clinic.outcomes import of_patient
from simulation.errors import UserError
from simulation.forecast import Forecast
from simulation.forecast.answer import PRIMARY

__all__ = ["NO_SECOND", "ManyView", "in_this_tab", "patient_rows"]

NO_SECOND: Final = "(none)"
_FIELDS: Final = ("seed", "number", "patient", "course", "key", "values")
_SHOWN: Final = 20


class ManyView:
    """Hold one tab's view; components read `frame` to be drawn when more patients are there, `changed` with every act."""

    def __init__(
        self, first: Source, second: Source | None, results: Sequence[Path], ticket: str = ""
    ) -> None:
        self.frame: Any = solara.reactive(0)
        self.changed: Any = solara.reactive(0)
        self.asked = ForecastRequest(tuple(filter(None, (first, second))))
        self.key, self.values = "", ""
        self.errors: dict[str, str] = {}
        self._roots = results
        working = take(ticket)
        self._work = TabWork.new(results) if working is None else working
        self.many, self.study = self._work.many, self._work.study
        self.many.on_change, self.study.on_change = in_this_tab(self._more), in_this_tab(self.notify)
        self.taken_up = working is not None

    def _more(self) -> None:
        self.frame.value += 1

    def notify(self) -> None:
        """Have everything drawn that is not drawn as patients come."""
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
        self.notify()

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
        self.notify()

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
        self.notify()

    def close(self) -> None:
        """Leave the work for the tab to take up again: it is loaded anew, or has gone away for good."""
        leave(self._work)

    # In the address --------------------------------------------------------------------------------------

    def query(self, choices: Sequence[Source]) -> dict[str, str] | None:
        """Return what brings all of this back; None where a strategy needs a file that no choice has."""
        parts, followed = asked_query(self.asked, choices), self.many.followed_as
        if parts is None:
            return None
        parts |= {f"many.{name}": text for name in ("key", "values") if (text := getattr(self, name))}
        if followed == self.asked:
            parts["many.followed"] = "1"
        elif followed is not None:
            of_those = asked_query(followed, choices, "many.followed")
            if of_those is None:
                return None
            parts |= of_those
        if self.study.folder is not None:
            parts["many.study"] = str(self.study.folder)
        if followed is not None or self.study.running:
            parts["many.ticket"] = self._work.ticket
        return parts

    def restore(self, parts: Mapping[str, str], choices: Sequence[Source]) -> None:
        """Bring back what an address says; who was followed is followed again. Raises `UserError`."""
        asked = asked_of(parts, choices)
        self.key, self.values = parts.get("many.key", ""), parts.get("many.values", "")
        if asked is not None:
            self.asked = asked
        if self.taken_up:
            return
        if parts.get("many.study"):
            folder, kind = open_folder(parts["many.study"], self._roots)
            if kind not in ("trial", "sweep"):
                raise UserError(f"{folder} holds no trial or sweep")
            self.study.folder, self.study.state = folder, "done"
        followed = self.asked if parts.get("many.followed") else asked_of(parts, choices, "many.followed")
        if followed is not None:
            self.many.start(followed)

    def _mistaken(self, error: UserError, otherwise: str) -> None:
        field = error.key if error.key in _FIELDS else otherwise
        self.errors[field or otherwise] = (
            str(error) if field in ("course", "study") else mistake_text(error, field or otherwise)
        )


def in_this_tab(act: Callable[[], None]) -> Callable[[], None]:
    """Return what does the act for this tab of the browser, in whatever thread: one may outlive the tab that began it."""
    from solara.server import kernel_context

    if not kernel_context.has_current_context():
        return act  # in a test, or a notebook
    tab = kernel_context.get_current_context()

    def done() -> None:
        if not tab.closed_event.is_set():
            with tab:
                act()

    return done


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
    parts = []
    for name, words in (
        ("treatment_start_day", "treated day"), ("relapse_day", "relapse day"), ("mrd_negative_day", "MRD-negative day"),
        ("nrm_day", "died day"),
    ):  # fmt: skip
        if outcome.get(name) is not None:
            parts.append(f"{words} {outcome[name]:.0f}")
    return ", ".join(parts) or "no treatment, no relapse"

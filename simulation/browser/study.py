"""A small trial or sweep started from the page: worked off in the background into a folder of results that this program names.

What a person types becomes values of a file, never a name of one: strategies are among those the page offers, and the folder lies
where the page may read results.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from simulation.browser.catalogue import Source
from simulation.browser.many import MOST, named, processes
from simulation.browser.mistakes import natural
from simulation.errors import UserError, reason_of
from simulation.figure_formats import ONE_FORMAT, Formats
from simulation.files.atomic import write_file
from simulation.files.folder import new_folder, slug
from simulation.files.tables import json_text
from simulation.pool import LocalPool, Pool
from simulation.posterior.posterior import SHIPPED, TABLE
from simulation.scenario.schema import Scenario
from simulation.yaml_source import parse_yaml, plain

__all__ = ["Study", "StudyPlan", "planned", "swept_values"]

_PRELOAD: Final = ("simulation.trial.task",)
_MOST_VALUES: Final = 12
_MOST_RUNS: Final = 20_000
type State = Literal["idle", "running", "done", "stopped", "failed"]
type MakePool = Callable[[int, Callable[[], bool]], Pool]


@dataclass(frozen=True)
class StudyPlan:
    """Hold a trial of strategies (`key` empty) or a sweep of them along one key; all checked."""

    scenarios: dict[str, Scenario]
    seed: int
    patients: int
    posterior: bool = False
    key: str = ""
    values: tuple[object, ...] = ()

    @property
    def name(self) -> str:
        """Return what the folder and the report are called."""
        names = " against ".join(scenario.name for scenario in self.scenarios.values())
        return f"{names} along {self.key}"[:120] if self.key else names[:120]


def planned(
    sources: tuple[Source, ...],
    seed: str,
    number: str,
    *,
    posterior: bool = False,
    key: str = "",
    values: str = "",
) -> StudyPlan:
    """Read what was typed; raise `UserError` with the field in `key` for what is wrong."""
    patients = natural(number, "number")
    if not 2 <= patients <= MOST:
        raise UserError(f"got {patients}", key="number", expected=f"2 to {MOST:,} patients")
    scenarios = {
        name: named(source.load(patient=1), source) for name, source in zip(("a", "b"), sources, strict=False)
    }
    if not key.strip() and not values.strip():
        if len(scenarios) < 2:
            raise UserError("got one strategy", key="strategies", expected="two strategies for a trial")
        return StudyPlan(scenarios, natural(seed, "seed"), patients, posterior)
    if not key.strip():
        raise UserError(
            "got no key", key="key", expected="what is varied, such as dli.cd3 or rate_blast_net_growth"
        )
    levels = swept_values(values)
    if len(levels) * patients * len(scenarios) > _MOST_RUNS:
        message = f"got {len(levels) * patients * len(scenarios):,} runs"
        raise UserError(
            message,
            key="number",
            expected=f"at most {_MOST_RUNS:,} from the page; the command sweep takes more",
        )
    return StudyPlan(scenarios, natural(seed, "seed"), patients, posterior, key.strip(), levels)


def swept_values(text: str) -> tuple[object, ...]:
    """Return values parted by semicolons or commas, as a file would hold them; raise `UserError` for fewer than two."""
    mark = ";" if ";" in text else ","
    parts = [part.strip() for part in text.split(mark) if part.strip()]
    if not 2 <= len(parts) <= _MOST_VALUES:
        raise UserError(
            f"got {len(parts)} values",
            key="values",
            expected=f"2 to {_MOST_VALUES}, such as 0.04 /day, 0.08 /day",
        )
    numbers = []
    for part in parts:
        value = plain(parse_yaml(part, "values", lines=False))
        if isinstance(value, dict | list):
            raise UserError(f"got {part!r}", key="values", expected="plain values with their units")
        numbers.append(value)
    return tuple(numbers)


class Study:
    """Work one study off in the background; `on_change` is told of progress, from a thread of its own."""

    def __init__(
        self, root: Path, on_change: Callable[[], None] = lambda: None,
        pool: MakePool = lambda width, stop: LocalPool(width, preload=_PRELOAD, should_stop=stop),
        formats: Formats = ONE_FORMAT,
    ) -> None:  # fmt: skip
        self.root, self.formats = root, formats
        self.state: State = "idle"
        self.done = self.wanted = self.failed = 0
        self.folder: Path | None = None
        self.mistake: UserError | None = None
        self.stage = ""
        self.on_change, self._pool = on_change, pool
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Return whether it is worked on."""
        return self.state == "running"

    def start(self, what: StudyPlan) -> None:
        """Begin; one study at a time. Raises `UserError` where one is running, or the plan cannot be."""
        if self.running:
            raise UserError("a study is running; stop it, or wait for its end", key="start")
        prepared = _Sweep(what) if what.key else _Trial(what)
        prepared.check()
        self.state, self.mistake, self.folder = "running", None, None
        self.done = self.wanted = self.failed = 0
        self.stage = "starting workers"
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._work, args=(prepared, self._stop), daemon=True, name="study"
        )
        self.on_change()
        self._thread.start()

    def stop(self, *, wait: bool = False) -> None:
        """Finish what is in hand, write the report of that, and end."""
        self._stop.set()
        if wait and self._thread is not None:
            self._thread.join(30.0)

    def status(self) -> str:
        """Say how far it is."""
        if self.state == "idle":
            return ""
        words = {"running": "Running", "done": "Done", "stopped": "Stopped", "failed": "Ended by a mistake"}[
            self.state
        ]
        failed = f", {self.failed} failed" if self.failed else ""
        of = f": {self.done:,} of {self.wanted:,}{failed}" if self.wanted else ""
        stage = f" ({self.stage})" if self.running and self.stage else ""
        return f"{words}{of}{stage}."

    def on_progress(self, done: int, wanted: int, failed: int) -> None:
        """Take note of progress."""
        self.done, self.wanted, self.failed, self.stage = done, wanted, failed, ""
        self.on_change()

    def writing(self) -> None:
        """Take note that the report is written."""
        self.stage = "writing tables, figures and the report"
        self.on_change()

    def _work(self, prepared: "_Trial | _Sweep", stop: threading.Event) -> None:
        try:
            folder = new_folder(self.root, f"page-{slug(prepared.what.name, 'study')}"[:80])
            whole = prepared.run(folder, self, self._pool, stop.is_set)
            self.folder, self.state = folder, "done" if whole else "stopped"
        except UserError as error:
            self.mistake, self.state = error, "failed"
        except Exception as error:  # the page says what happened, whatever it was
            self.mistake, self.state = UserError(reason_of(error)), "failed"
        self.on_change()


class _Trial:
    """Be a trial of the strategies."""

    def __init__(self, what: StudyPlan) -> None:
        self.what = what
        self._trial: Any = None

    def check(self) -> None:
        from simulation.trial.load import trial_of_scenarios

        what = self.what
        changes = [
            ("name", _quoted(what.name), "the page"), ("patients", what.patients, "the page"), ("seed", what.seed, "the page"),
            ("parameters", SHIPPED if what.posterior else TABLE, "the page"),
        ]  # fmt: skip
        self._trial = trial_of_scenarios(what.scenarios, changes)

    def run(self, folder: Path, study: Study, pool: MakePool, should_stop: Callable[[], bool]) -> bool:
        from simulation.trial.conduct import conduct
        from simulation.trial.folder import prepare, write_arms
        from simulation.trial.write import write_outputs

        out = prepare(self._trial, folder, resume=False)
        trial = write_arms(self._trial, out)
        with pool(processes(), should_stop) as opened:
            done = conduct(
                trial,
                out,
                opened,
                on_progress=lambda at: study.on_progress(at.done, at.wanted, at.failed),
                should_stop=should_stop,
            )
        if done.state.not_stored is not None:
            raise done.state.not_stored
        study.writing()
        write_outputs(trial, done, out, formats=study.formats)
        return not done.state.stopped


class _Sweep:
    """Be a sweep of the strategies along one key."""

    def __init__(self, what: StudyPlan) -> None:
        self.what = what

    def check(self) -> None:
        """Read the plan as a file, in a folder that is thrown away: what is wrong is told before anything is written."""
        import tempfile

        from simulation.sweep.prepare import check_sweep

        with tempfile.TemporaryDirectory() as folder:
            check_sweep(self._loaded(Path(folder)))

    def run(self, folder: Path, study: Study, pool: MakePool, should_stop: Callable[[], bool]) -> bool:
        from simulation.analysis.findings import find
        from simulation.analysis.write import write_analysis
        from simulation.sweep.execute import execute
        from simulation.sweep.prepare import check_sweep, prepare

        sweep = self._loaded(folder / ".asked")
        plan = prepare(sweep, folder, check_sweep(sweep), resume=False)
        done = execute(
            folder, plan, workers=processes(), should_stop=should_stop,
            on_progress=lambda at: study.on_progress(at.before + at.done + at.failed, at.planned, at.failed),
        )  # fmt: skip
        study.writing()
        write_analysis(find(folder), folder / "analysis", formats=study.formats)
        return not done.missing

    def _loaded(self, place: Path) -> Any:
        from simulation.sweep.load import load_sweep

        what, arms = self.what, {}
        for name, scenario in what.scenarios.items():
            write_file(place / f"{name}.yaml", scenario.to_yaml(str))
            arms[name] = f"{name}.yaml"
        document = {
            "name": what.name, "arms": arms, "parameters": {what.key: {"values": list(what.values)}}, "design": {"kind": "grid"},
            "cohort": {"size": what.patients}, "seed": what.seed,
            "outcomes": ["current_leukaemia_free_days", "relapse", "agvhd_2_4", "eradicated"],
        } | ({"parameter_sets": SHIPPED} if what.posterior else {})  # fmt: skip
        write_file(place / "sweep.yaml", json_text(document))  # JSON is YAML
        try:
            return load_sweep(str(place / "sweep.yaml"))
        except UserError as error:
            where = {f"parameters.{what.key}": "key"}.get(error.key or "", error.key or "key")
            field = "values" if where.startswith("parameters.") else where
            raise UserError(
                error.message, key=field, expected=error.expected, nearest=error.nearest
            ) from None


def _quoted(text: str) -> str:
    return json.dumps(text)  # a name may look like a number, or hold a colon

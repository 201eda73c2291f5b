"""The scenario files a person can choose from: the one on the command line, those beside it, and those shipped."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from simulation.errors import UserError
from simulation.scenario.cohort import cohort_of, patients_of
from simulation.scenario.load import load_scenario, parse_scenario
from simulation.scenario.schema import Scenario
from simulation.shipped import SCENARIOS

__all__ = [
    "MOST_LOADED",
    "Choices",
    "Source",
    "default_source",
    "other_start",
    "short",
    "sources",
    "with_rules",
]

MOST_LOADED = 30
_DEFAULT_TEXT = "name: Default patient\n"


@dataclass(frozen=True)
class Source:
    """Name where a scenario comes from: a file, or `text` (None: the defaults alone), and what `--set` changed in it.

    `cohort` says whose patients they are, as `run --cohort` does; None is what `run` does without.
    """

    path: Path | None
    settings: tuple[str, ...] = ()
    text: str = _DEFAULT_TEXT
    title: str = ""
    cohort: str | None = None

    @property
    def label(self) -> str:
        """Return a short name for a list of choices."""
        if self.title:
            return self.title
        return "Default patient" if self.path is None else self.path.stem.replace("_", " ").capitalize()

    def load(self, changes: dict[str, object] | None = None, patient: int = 0) -> Scenario:
        """Load the scenario of one patient with further changes; raise `UserError`."""
        pairs: list[str | tuple[str, object]] = [*self.settings, *(changes or {}).items()]
        cohort = cohort_of(patient, self.cohort)
        if self.path is None:
            return parse_scenario(self.text, pairs, self.label, patients_of(cohort))
        return load_scenario(self.path, pairs, cohort)


def with_rules(source: Source, rules: Sequence[str]) -> Source:
    """Return a scenario with rules of one's own added: what --plugin, and --set of their parameters, say of a scenario."""
    if not rules:
        return source
    names = ", ".join(plugin.name for plugin in replace(source, settings=tuple(rules)).load().plugin)
    return replace(source, settings=(*rules, *source.settings), title=f"{source.label} with {names}")


class Choices(list[Source]):
    """Hold what can be chosen on one tab's pages; what a person loads there is added at the end.

    Parameters
    ----------
    given
        Those that the program offers.
    on_change
        Called when there are others.
    """

    def __init__(self, given: Sequence[Source], on_change: Callable[[], None] = lambda: None) -> None:
        super().__init__(given)
        self.on_change = on_change
        self.loaded: list[Source] = []

    def add(self, loaded: Sequence[Source]) -> None:
        """Add scenarios that were loaded; one of the same name takes the place of the one before."""
        names = {source.label for source in loaded}
        given = [source for source in self if source not in self.loaded]
        self.loaded = [*(source for source in self.loaded if source.label not in names), *loaded][
            -MOST_LOADED:
        ]
        self[:] = [*given, *self.loaded]
        self.on_change()


def sources(first: Source | None = None, rules: Sequence[str] = ()) -> list[Source]:
    """Return the choices, the one that was asked for first; a file that is no scenario is left out.

    Each is there a second time with `rules`, which nothing but the command line can name.
    """
    alone = _alone(first)
    ruled = [with_rules(source, rules) for source in alone] if rules else []
    return [*ruled[:1], *alone, *ruled[1:]]


def _alone(first: Source | None) -> list[Source]:
    sources: dict[Path | None, Source] = {}
    if first is not None:
        sources[_real(first.path)] = first
    beside = first.path.parent if first is not None and first.path is not None else SCENARIOS
    cohort = None if first is None else first.cohort
    for folder in dict.fromkeys((beside, SCENARIOS)):
        for source in _in(folder, cohort):
            sources.setdefault(_real(source.path), source)
    return list(sources.values()) or [Source(None, cohort=cohort)]


def default_source(cohort: str | None = None) -> Source:
    """Return what is shown when nothing was asked for: pre-emptive treatment, the project's own question."""
    shipped = SCENARIOS / "preemptive.yaml"
    return Source(short(shipped) if shipped.is_file() else None, cohort=cohort)


def other_start(source: Source) -> Source | None:
    """Return the same scenario with treatment at overt relapse (or, if that is its own, at MRD); None where none is given."""
    scenario = source.load()
    if scenario.start.when == "never":
        return None
    start = ("{when: mrd, at_least: 1e-4}", "at MRD 1e-4") if scenario.start.when == "overt_relapse" else (
        "{when: overt_relapse}", "at overt relapse"
    )  # fmt: skip
    other = replace(
        source, settings=(*source.settings, f"start={start[0]}"), title=f"{source.label}, {start[1]}"
    )
    try:
        other.load()
    except UserError:  # for example where nobody looks for what would trigger it
        return None
    return other


def _in(folder: Path, cohort: str | None) -> Iterator[Source]:
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        source = Source(short(path), cohort=cohort)
        try:
            source.load()
        except UserError:
            continue
        yield source


def short(path: Path) -> Path:
    """Return the path as one would type it from here."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def _real(path: Path | None) -> Path | None:
    return None if path is None else path.resolve()

"""Arguments that several commands share."""

import json
import math
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

from simulation.errors import UserError
from simulation.fast import FAST, FAST_NOTE, FAST_WORDS
from simulation.figure_formats import FORMATS, NO_FIGURES, ONE_FORMAT

if TYPE_CHECKING:
    from simulation.in_vitro.experiment import Experiment
    from simulation.scenario.schema import Scenario
    from simulation.store import Shard

LARGEST = 2**63 - 1  # seeds and patients are keys of 64-bit random numbers
_MOST_PARTS = 100_000


def natural(ctx: click.Context, param: click.Parameter, number: int) -> int:
    """Check a whole number from 0 on; unlike click's own range this does not fill the help with 19 digits."""
    if not 0 <= number <= LARGEST:
        raise click.BadParameter(f"expected a whole number from 0 on, got {number}", ctx, param)
    return number


WHICH_PATIENT = "Which virtual patient: each number is another person; 0: the file's own, typical one."
USUAL_COHORT = "none for patient 0, else standard"

type Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def scenario_files() -> Decorator:
    """Add the argument FILE..., one scenario file or more."""
    return click.argument("files", nargs=-1, required=True, metavar="FILE...")


def settings() -> Decorator:
    """Add the options --plugin FILE.py, --fast and --set PATH=VALUE: what they change in a scenario."""

    def add_blocks(ctx: click.Context, param: click.Parameter, files: tuple[str, ...]) -> None:
        from simulation.scenario.merge import ANOTHER_PLUGIN

        ctx.meta["plugins"] = [f"{ANOTHER_PLUGIN}={{file: {json.dumps(file)}}}" for file in files]

    def after_plugins(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
        return (*ctx.meta["plugins"], *ctx.meta["fast"], *texts)

    def coarsen(ctx: click.Context, param: click.Parameter, fast: bool) -> None:
        ctx.meta["fast"] = FAST if fast else ()

        def report() -> None:
            if fast and not ctx.params.get("quiet"):
                click.echo(f"Note: {FAST_NOTE}", err=True)

        ctx.call_on_close(report)  # at the end, where it is read

    fast = click.option(
        "--fast",
        is_flag=True,
        is_eager=True,  # so that --set has the last word
        expose_value=False,
        callback=coarsen,
        help=f"Explore: {FAST_WORDS}, twice as fast, with a known bias (docs/performance.md).",
    )
    plugin = click.option(
        "--plugin",
        multiple=True,
        metavar="FILE.py",
        is_eager=True,  # so that --set may change its parameters
        expose_value=False,
        callback=add_blocks,
        help="Add rules of your own: a Python file that defines RULES (docs/extending.md). May be repeated.",
    )
    changes = click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="PATH=VALUE",
        callback=after_plugins,
        help="Change one value of the scenario, for example dli.every='28 d'. May be repeated.",
    )
    return lambda command: plugin(fast(changes(command)))


def seed() -> Decorator:
    """Add the option --seed N."""
    return _whole("--seed", "Seed of all chance events.")


def patient(help_text: str) -> Decorator:
    """Add the option --patient N."""
    return _whole("--patient", help_text)


def cohort(default: str) -> Decorator:
    """Add the option --cohort FILE."""
    return click.option(
        "--cohort",
        metavar="FILE",
        help="Whose patients: a cohort file, `standard` (as the parameter table varies them) or `none` (the file's own "
        f"patient). Default: {default}.",
    )


def _whole(name: str, help_text: str) -> Decorator:
    return click.option(
        name, type=int, callback=natural, default=0, metavar="N", show_default=True, help=help_text
    )


def parameter_sets() -> Decorator:
    """Add the options --posterior and --parameters FILE; the command gets `parameters`, None where neither is given."""

    def shipped(ctx: click.Context, param: click.Parameter, flag: bool) -> None:
        ctx.meta["posterior"] = flag

    def chosen(ctx: click.Context, param: click.Parameter, which: str | None) -> str | None:
        if not ctx.meta["posterior"]:
            return which
        if which is not None:
            raise click.UsageError("--posterior and --parameters exclude each other", ctx)
        return "posterior"

    flag = click.option(
        "--posterior",
        is_flag=True,
        is_eager=True,  # known when --parameters is read
        expose_value=False,
        callback=shipped,
        help="Give each few patients a parameter set of their own, of those that fit the published data.",
    )
    which = click.option(
        "--parameters",
        metavar="FILE.csv",
        callback=chosen,
        help="The same with the parameter sets of a file; `table`: the parameter table's one value of each, the default.",
    )
    return lambda command: flag(which(command))


def max_minutes() -> Decorator:
    """Add the option --max-minutes M."""

    def finite(ctx: click.Context, param: click.Parameter, minutes: float | None) -> float | None:
        if minutes is not None and not 0 < minutes < math.inf:
            raise click.BadParameter(f"expected minutes above 0, got {minutes}", ctx, param)
        return minutes

    return click.option(
        "--max-minutes",
        type=float,
        callback=finite,
        metavar="M",
        help="Begin nothing new after M minutes; what is done is kept and can be gone on with (exit status 7).",
    )


def shard(help_text: str) -> Decorator:
    """Add the option --shard I/N; the command gets a `Shard`, the whole where none is named."""

    def read(ctx: click.Context, param: click.Parameter, text: str | None) -> "Shard":
        from simulation.store import WHOLE, Shard

        if text is None:
            return WHOLE
        first, mark, second = text.partition("/")
        numbers = mark and first.isdecimal() and second.isdecimal()
        if not numbers or not 1 <= int(first) <= int(second) <= _MOST_PARTS:
            raise click.BadParameter(f"expected I/N such as 3/100, got {text!r}", ctx, param)
        return Shard(int(first), int(second))

    return click.option("--shard", metavar="I/N", callback=read, help=help_text)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def figures() -> Decorator:
    """Add the options --format F, which may be repeated, and --no-figures; the command gets `formats`, none for no figures."""

    def draw_none(ctx: click.Context, param: click.Parameter, none: bool) -> None:
        ctx.meta["no_figures"] = none

    def chosen(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
        if not ctx.meta["no_figures"]:
            return tuple(dict.fromkeys(names)) or ONE_FORMAT
        if names:
            raise click.UsageError("--format and --no-figures exclude each other", ctx)
        return NO_FIGURES

    none = click.option(
        "--no-figures",
        is_flag=True,
        is_eager=True,  # known when --format is read
        expose_value=False,
        callback=draw_none,
        help="Draw no figures; the report is written without them.",
    )
    some = click.option(
        "--format",
        "formats",
        multiple=True,
        type=click.Choice(FORMATS, case_sensitive=False),
        callback=chosen,
        help=f"Format of the figures, {ONE_FORMAT[0]} unless another is named. May be repeated.",
    )
    return lambda command: some(none(command))


def as_json(what: str) -> Decorator:
    """Add the flag --json."""
    return click.option(
        "--json", "as_json", is_flag=True, help=f"Print {what} as one JSON document on stdout."
    )


def load_one(file: str, overrides: tuple[str, ...], cohort: str | None = None) -> "Scenario | Experiment":
    """Load a scenario, or an experiment in wells (a file with the key `experiment`)."""
    from simulation.in_vitro.load import is_experiment, load_experiment
    from simulation.scenario.load import load_scenario

    return load_experiment(file, overrides) if is_experiment(file) else load_scenario(file, overrides, cohort)


def load_all(
    files: tuple[str, ...], overrides: tuple[str, ...], cohort: str | None = None
) -> "list[Scenario | Experiment]":
    """Load every file before anything runs, so that a mistake in the last costs no time.

    Raises
    ------
    UserError
        Naming every file that is not valid, not only the first.
    """
    scenarios: list[Scenario | Experiment] = []
    errors: list[UserError] = []
    for file in files:
        try:
            scenarios.append(load_one(file, overrides, cohort))
        except UserError as error:
            shown = {str(known) for known in errors}  # a wrong --set is wrong for every file: once is enough
            errors.extend(new for new in error.errors if str(new) not in shown)
    if errors:
        raise UserError.several(errors)
    return scenarios


def report_whose(
    scenarios: "Iterable[Scenario]", patient: int, cohort: str | None, *, quiet: bool = False
) -> None:
    """Say once on stderr where a patient is from whom no --cohort places."""
    from simulation.scenario.cohort import standard_words

    words = next(filter(None, (standard_words(one, patient, cohort) for one in scenarios)), "")
    if words and not quiet:
        click.echo(f"{words}; --cohort none is the file's own patient.", err=True)


def load_scenarios(
    files: tuple[str, ...], overrides: tuple[str, ...], cohort: str | None = None
) -> "list[Scenario]":
    """Load every scenario; the caller has seen to it that none is an experiment."""
    from simulation.scenario.schema import Scenario

    return [loaded for loaded in load_all(files, overrides, cohort) if isinstance(loaded, Scenario)]

"""The program's door: finds the command, runs it, and turns whatever happens into an exit status."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

import simulation
from simulation.cli import faults
from simulation.cli.interrupt import terminated_as_interrupted
from simulation.errors import nearest_name
from simulation.shipped import as_typed

# Loaded when asked for. To add a command, write its module and name it here.
COMMANDS = {
    "run": "simulation.cli.commands.run:run",
    "compare": "simulation.cli.commands.compare:compare",
    "forecast": "simulation.cli.commands.forecast:forecast",
    "design": "simulation.cli.commands.design:design",
    "predict": "simulation.cli.commands.predict:predict",
    "export": "simulation.cli.commands.export:export",
    "cohort": "simulation.cli.commands.cohort:cohort",
    "match": "simulation.cli.commands.match:match",
    "sweep": "simulation.cli.commands.sweep:sweep",
    "expand": "simulation.cli.commands.expand:expand",
    "status": "simulation.cli.commands.status:status",
    "push": "simulation.cli.commands.push:push",
    "pull": "simulation.cli.commands.pull:pull",
    "analyze": "simulation.cli.commands.analyze:analyze",
    "calibrate": "simulation.cli.commands.calibrate:calibrate",
    "posterior": "simulation.cli.commands.posterior:posterior",
    "validate": "simulation.cli.commands.validate:validate",
    "check": "simulation.cli.commands.check:check",
    "show": "simulation.cli.commands.show:show",
    "params": "simulation.cli.commands.params:params",
    "schema": "simulation.cli.commands.schema:schema",
    "view": "simulation.cli.commands.view:view",
    "doctor": "simulation.cli.commands.doctor:doctor",
    "init": "simulation.cli.commands.init:init",
}
SCENARIO_ENDINGS = (".yaml", ".yml")

HELP = """Simulate leukaemia, T cells and treatment after a stem-cell transplant.

\b
One patient:       python run_sim.py run scenarios/preemptive.yaml
The same twin,
treated later:     python run_sim.py run scenarios/preemptive.yaml scenarios/therapeutic.yaml
What may change:   python run_sim.py params

Research software: not for decisions about patients.
"""


class Program(click.Group):
    """The group of commands; a file in a command's place means the command that takes such a file."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command, or return None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        command.epilog = as_typed(command.epilog or "")
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take `--seed 3 FILE.yaml` as `run --seed 3 FILE.yaml`: the option is no option of the program."""
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0].startswith("-") and args[0] not in own and any(map(_is_scenario, args)):
            args = [_command_for(args), *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with; name the nearest one where there is none."""
        name = args[0]
        if name not in COMMANDS:
            if not _is_scenario(name):
                raise click.UsageError(f"no command {name!r}{_nearest_command(name)}", ctx)
            args = [_command_for(args), *args]
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run without click's own exits, so that every ending passes through `faults`."""
        streams = sys.stdout, sys.stderr
        try:
            return super().main(*args, **{"standalone_mode": False} | kwargs)
        except SystemExit:
            if sys.stdout is streams[0]:
                raise
            sys.stdout, sys.stderr = streams  # click wraps them and leaves when the reader has gone away
            raise BrokenPipeError from None


def _is_scenario(word: str) -> bool:
    return word.lower().endswith(SCENARIO_ENDINGS)


def _command_for(words: Sequence[str]) -> str:
    """Return the command for the first file among the words; `run` where it is none or cannot be read."""
    from simulation.cli.kinds import kind_of
    from simulation.errors import UserError

    try:
        return kind_of(next(filter(_is_scenario, words))).command or "run"
    except UserError:
        return "run"  # which tells what is wrong with the file


def _nearest_command(name: str) -> str:
    near = nearest_name(name, COMMANDS)
    return f" (did you mean {near!r}?)" if near else f"; there are {', '.join(COMMANDS)}"


@click.group(
    cls=Program,
    help=as_typed(HELP),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(simulation.__version__, prog_name="transplant-twin")
@click.option("--traceback", is_flag=True, help="Show the full traceback of an error, for finding bugs.")
@click.pass_context
def program(ctx: click.Context, traceback: bool) -> None:
    """Keep what concerns every command."""
    ctx.obj = {"traceback": traceback}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with these arguments (by default the process's own) and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    show_traceback = "--traceback" in arguments[:1]
    os.environ["MPLBACKEND"] = (
        "agg"  # figures go to files; what a person's other programs draw on is of no concern
    )
    gc.set_threshold(
        100_000, 50
    )  # a run makes little garbage: by default a tenth of its time is spent looking for some
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us: nobody listens
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for as long as the program runs
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # an old terminal shows `?` for µ; that must not end a run
    with terminated_as_interrupted():
        return faults.guarded(_call(arguments), show_traceback=show_traceback)


def _call(arguments: list[str]) -> Callable[[], Any]:
    return lambda: program.main(arguments)

"""`doctor`: say what this installation consists of and what it lacks."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from simulation.cli import options
from simulation.cli.terminal import print_json, print_table
from simulation.errors import ExitStatus

if TYPE_CHECKING:
    from simulation.cli.installation import Requirements

EXAMPLES = """\b
Examples:
  python run_sim.py doctor
  python run_sim.py doctor --extra cluster
"""


WHERE_NONE = {
    "commit": "not a git clone",
    "processors": "unknown",
    "kernel_cache": "NOT WRITABLE: set NUMBA_CACHE_DIR to a folder of yours, or every run compiles anew",
}


@click.command(epilog=EXAMPLES, short_help="Show versions and what is missing here.")
@click.option(
    "--extra", "needed", multiple=True, metavar="NAME", help="Fail also when this extra is missing."
)
@options.as_json("the findings")
def doctor(needed: tuple[str, ...], as_json: bool) -> int:
    """Show versions and what is missing here, each with the line that installs it.

    The exit status is 0 when everything the simulator needs is there, else 6.
    """
    from simulation.cli.installation import machine, requirements

    groups = requirements()
    extras = [group.extra for group in groups if group.extra is not None]
    for name in needed:
        if name not in extras:
            raise click.BadParameter(
                f"no extra {name!r}; there are {', '.join(extras)}", param_hint="--extra"
            )
    facts = machine()
    missing = [g for g in groups if not g.complete and (g.extra is None or g.extra in needed)]
    status = ExitStatus.MISSING_EXTRA if missing or facts["kernel_cache"] is None else ExitStatus.DONE
    if as_json:
        print_json({"ok": status == 0, **facts, "packages": [asdict(g) for g in groups]})
    else:
        _print(facts, groups)
    return status


def _print(facts: dict[str, Any], groups: "list[Requirements]") -> None:
    rows = [
        [name.replace("_", " "), str(WHERE_NONE[name] if fact is None else fact)]
        for name, fact in facts.items()
    ]
    print_table(["this machine", ""], rows)
    for group in groups:
        title = "needed" if group.extra is None else f"extra: {group.extra}"
        rows = [[p.name, p.version or "-", p.required, p.state] for p in group.packages]
        click.echo()
        print_table([title, "installed", "asked for", ""], rows)
        if not group.complete:
            click.echo(f"  to install: {group.pip_line}")

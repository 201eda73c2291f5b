"""`doctor`: say what this installation consists of and what it lacks."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from simulation.cli import options
from simulation.cli.terminal import print_json, print_table
from simulation.errors import ExitStatus

if TYPE_CHECKING:
    from simulation.cli.installation import Requirements
    from simulation.cli.repairing import Step

EXAMPLES = """\b
Examples:
  python run_sim.py doctor
  python run_sim.py doctor --extra cluster
  python run_sim.py doctor --repair
  python run_sim.py doctor --sbom > sbom.cdx.json
"""


WHERE_NONE = {
    "commit": "not a git clone",
    "processors": "unknown",
    "kernel_cache": "NOT WRITABLE: set NUMBA_CACHE_DIR to a folder of yours, or every run compiles anew",
}


@click.command(epilog=EXAMPLES, short_help="Show versions and what is missing here; repair it.")
@click.option(
    "--extra", "needed", multiple=True, metavar="NAME", help="Fail also when this extra is missing."
)
@click.option(
    "--repair",
    "repairs",
    is_flag=True,
    help="Install what is missing, clear kernels of other versions, and simulate a day (a minute at most).",
)
@click.option("--sbom", is_flag=True, help="Print only which packages are here, with licences, as CycloneDX.")
@options.as_json("the findings")
def doctor(needed: tuple[str, ...], repairs: bool, sbom: bool, as_json: bool) -> int:
    """Show versions and what is missing here, each with the line that installs it.

    The exit status is 0 when everything the simulator needs is there, else 6.
    """
    if sbom:
        from simulation.cli.bill_of_materials import bill

        print_json(bill())
        return ExitStatus.DONE
    from simulation.cli.installation import machine, requirements

    groups = requirements()
    extras = [group.extra for group in groups if group.extra is not None]
    for name in needed:
        if name not in extras:
            raise click.BadParameter(
                f"no extra {name!r}; there are {', '.join(extras)}", param_hint="--extra"
            )
    missing = [g for g in groups if not g.complete and (g.extra is None or g.extra in needed)]
    steps = _repair(missing, quiet=as_json) if repairs else []
    if repairs and missing:
        groups = requirements()
        missing = [g for g in groups if not g.complete and (g.extra is None or g.extra in needed)]
    facts = machine()
    well = not missing and facts["kernel_cache"] is not None and all(step.well for step in steps)
    status = ExitStatus.DONE if well else ExitStatus.MISSING_EXTRA
    if as_json:
        print_json(
            {
                "ok": status == 0,
                **facts,
                "packages": [asdict(g) for g in groups],
                "repairs": [s.plain() for s in steps],
            }
        )
    else:
        _print(facts, groups)
    return status


def _repair(missing: "list[Requirements]", *, quiet: bool) -> "list[Step]":
    """Repair, telling each step as it ends."""
    from simulation.cli.repairing import repair

    steps = []
    for step in repair(missing):
        steps.append(step)
        if not quiet:
            click.echo(f"{step.what}: {step.message}")
    if not quiet:
        click.echo()
    return steps


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
            click.echo(f"  to install: {group.install_line}")

"""The command `cohort` at work: patients drawn with a line of progress, tables on stdout, files where asked for."""

from dataclasses import dataclass
from pathlib import Path

import click

from simulation.cli.terminal import CountLine, print_json, print_prose, print_table
from simulation.cohort import tables
from simulation.cohort.baselines import PACKAGED_BASELINES, load_baselines
from simulation.cohort.draw import draw
from simulation.cohort.summary import Summary, summarise
from simulation.files.atomic import write_file
from simulation.files.folder import Content, write_folder
from simulation.files.marked_page import marks, page_with_place, renewed_page
from simulation.provenance import provenance
from simulation.scenario.load import override_pairs
from simulation.trial.load import load_cohort_arm


@dataclass(frozen=True)
class Request:
    """What the person asked for."""

    file: str
    patients: int
    seed: int
    followed: bool
    baselines: Path | None
    settings: tuple[str, ...]
    as_json: bool
    out: Path | None
    page: Path | None
    quiet: bool


def describe_cohort(request: Request) -> None:
    """Draw the patients, print their tables and write what was asked for."""
    cohort, scenario = load_cohort_arm(request.file, list(override_pairs(request.settings)))
    baselines = load_baselines(request.baselines or PACKAGED_BASELINES)
    own = marks("cohort", Path(request.file).stem)
    page = None if request.page is None else page_with_place(request.page, own, marks("cohort"))
    with CountLine("patients", quiet=request.quiet) as line:
        line.show("drawing")
        drawn = draw(
            cohort, scenario, request.seed, request.patients, followed=request.followed,
            on_progress=lambda done: line.count(done, request.patients, 0),
        )  # fmt: skip
    summary = summarise(drawn, baselines)
    if request.out is not None:
        _write(summary, request.out)
    if request.page is not None and page is not None:
        _renew(summary, request.page, page, own)
    if request.as_json:
        print_json(summary.document())
    else:
        _report(summary, request.out)


def _report(summary: Summary, out: Path | None) -> None:
    print_prose([tables.heading(summary)])
    print_prose(["For all: " + "; ".join(f"{name} {value}" for name, value in summary.fixed)])
    click.echo()
    sources: dict[str, int] = {}
    for title, (header, rows) in (
        ("What varies between patients", tables.varies_table(summary)),
        ("The first weeks, simulated without treatment", tables.early_table(summary)),
        ("Beside published series", tables.published_table(summary)),
    ):
        if rows:
            print_table(header, _with_numbers(header, rows, sources), title=title)
            click.echo()
    click.echo("Sources")
    print_prose((f"[{number}] {source}" for source, number in sources.items()), indent="     ")
    click.echo()
    print_prose([tables.verdict(summary)])
    if out is not None:
        click.echo(f"\nResults: {out}")


def _with_numbers(header: list[str], rows: list[list[str]], sources: dict[str, int]) -> list[list[str]]:
    """Return rows with each source as a number, for a terminal has no room for it; new ones are added to `sources`."""
    if header[-1] != "source":
        return rows
    return [[*row, f"[{sources.setdefault(source, len(sources) + 1)}]"] for *row, source in rows]


def _write(summary: Summary, out: Path) -> None:
    from simulation.cohort.figure import figure_of
    from simulation.results.figures.style import render

    files: dict[str, Content] = {
        "baseline.csv": tables.baseline_csv(summary),
        "baseline.md": f"# Baseline\n\n{tables.markdown(summary, figure='baseline.png')}",
        "baseline.png": render(figure_of(summary))["png"],
    }
    drawn = summary.drawn
    about = provenance(cohort=drawn.cohort.name, seed=drawn.seed, patients=drawn.patients)
    write_folder(out, lambda: files, about)


def _renew(summary: Summary, path: Path, text: str, own: tuple[str, str]) -> None:
    """Write the tables where the page has a place of this cohort's own, in brief; else in whole, with the figure."""
    renewed = renewed_page(text, tables.brief(summary), own)
    if renewed is not None:
        write_file(path, renewed)
        return
    from simulation.cohort.figure import figure_of
    from simulation.results.figures.style import render

    picture = path.parent / "images" / f"{path.stem}-baseline.png"
    write_file(picture, render(figure_of(summary))["png"])
    table = tables.markdown(summary, figure=f"images/{picture.name}")
    write_file(path, renewed_page(text, table, marks("cohort")) or text)

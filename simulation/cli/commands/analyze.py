"""`analyze`: response tables, thresholds, sensitivity indices, figures and a report of a sweep."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulation.cli import options
from simulation.errors import UserError

if TYPE_CHECKING:
    from simulation.analysis.findings import Findings, Question

EXAMPLES = """\b
Examples:
  python run_sim.py analyze results/timing
  python run_sim.py analyze results/timing --outcome relapsed --outcome agvhd_2_4 --pareto relapsed,agvhd_2_4
  python run_sim.py analyze results/timing --threshold start.at_least --better early --than late
  python run_sim.py analyze results/dose --threshold dli.cd3.0 --outcome relapsed --reaches 0.2
"""


@click.command(epilog=EXAMPLES, short_help="Tables, thresholds, indices, figures and report of a sweep.")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--outcome", "outcomes", multiple=True, metavar="NAME", help="Look at this outcome. May be repeated."
)
@click.option(
    "--threshold", metavar="PATH", help="From where along this parameter is --better better than --than?"
)
@click.option("--better", metavar="ARM", help="The arm that should win.")
@click.option("--than", metavar="ARM", help="The arm it is held against.")
@click.option(
    "--reaches", type=float, metavar="VALUE", help="Instead of two arms: where the mean is this good."
)
@click.option("--pareto", metavar="ONE,OTHER", help="Two outcomes that are traded against each other.")
@click.option(
    "--indices", is_flag=True, help="Fail (exit status 2) where sensitivity indices cannot be computed."
)
@options.figures()
@options.as_json("the answers")
@click.option("-q", "--quiet", is_flag=True, help="Print only where the report is.")
def analyze(
    folder: Path, outcomes: tuple[str, ...], threshold: str | None, better: str | None, than: str | None,
    reaches: float | None, pareto: str | None, indices: bool, formats: tuple[str, ...], as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Say what the sweep in DIR found, as far as it is done; everything is written to DIR/analysis.

    The runs are read and never changed: analyze as often and in as many ways as you like.
    """
    from simulation.analysis.findings import find
    from simulation.analysis.write import write_analysis

    questions = _questions(threshold, better, than, reaches, outcomes, folder)
    traded = tuple(name.strip() for name in pareto.split(",")) if pareto else ()
    findings = find(folder, outcomes, questions, traded)
    if indices:
        _insist(findings)
    place = folder / "analysis"
    write_analysis(findings, place, formats=formats)
    _report(findings, place, as_json=as_json, quiet=quiet)


def _questions(
    along: str | None,
    better: str | None,
    than: str | None,
    reaches: float | None,
    outcomes: tuple[str, ...],
    folder: Path,
) -> "list[Question]":
    from simulation.analysis.findings import Question
    from simulation.sweep.plan import load_plan

    if along is None:
        if better or than or reaches is not None:
            raise click.UsageError("--better, --than and --reaches belong to --threshold PATH")
        return []
    if (better is None) != (than is None) or (reaches is None) == (better is None):
        raise click.UsageError("--threshold needs either --better and --than, or --reaches")
    names = outcomes or (load_plan(folder).outcomes[0].name,)
    return [Question(along, name, better, than, reaches) for name in names]


def _insist(findings: "Findings") -> None:
    if not findings.rankings:
        kind = findings.plan.design.get("kind")
        raise UserError(
            f"a design of kind {kind} gives no sensitivity indices; use sobol, morris, latin_hypercube or random",
            file=str(findings.folder),
        )
    for ranking in findings.rankings:
        if ranking.refused:
            raise UserError(
                f"no indices of {ranking.outcome.name}: {ranking.refused}", file=str(findings.folder)
            )


def _report(findings: "Findings", place: Path, *, as_json: bool, quiet: bool) -> None:
    from simulation.analysis.words import answer_sentence, headline, ranking_sentence

    labels = {factor.name: factor.label or factor.name for factor in findings.plan.factors}
    answers = [answer_sentence(findings, answer) for answer in findings.answers]
    rankings = [ranking_sentence(ranking, labels) for ranking in findings.rankings]
    report = place / "report.html"
    if as_json:
        from simulation.cli.terminal import print_json

        document: dict[str, Any] = {
            "report": str(report), "runs": findings.plan.n_runs, "missing": findings.missing,
            "failed": findings.n_failed, "answers": answers, "rankings": rankings, "notes": findings.notes,
            "indices": [_index(ranking) for ranking in findings.rankings],
            "pareto": {arm: points.tolist() for arm, points in findings.pareto.items()},
        }  # fmt: skip
        print_json(document)
        return
    if not quiet:
        click.echo(headline(findings))
        if findings.missing or findings.n_failed:
            click.echo(
                f"{findings.missing:,} runs are missing, {findings.n_failed:,} failed; this rests on the others."
            )
        for sentence in (*answers, *rankings, *findings.notes):
            click.echo(f"- {sentence}")
    click.echo(f"Report: {report}" if not quiet else str(report))


def _index(ranking: Any) -> dict[str, Any]:
    indices = ranking.indices
    keys = {"arm": ranking.arm, "outcome": ranking.outcome.name, "noise_share": ranking.noise_share}
    if indices is None:
        return keys | {"refused": ranking.refused}
    return keys | {
        "kind": indices.kind, "parameters": list(indices.names), "main": indices.main, "main_half95": indices.main_half,
        "total": indices.total, "total_half95": indices.total_half, "sigma": indices.spread,
    }  # fmt: skip

"""From a checked sweep to a folder with its plan and its design, new or found again."""

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from simulation.errors import OtherScenario, UserError
from simulation.files.alone import alone
from simulation.files.folder import RESULTS, slug
from simulation.files.refusal import refusals
from simulation.files.tables import plain
from simulation.provenance import provenance
from simulation.sweep.check import check_points, sample
from simulation.sweep.design_files import write_design
from simulation.sweep.designs import Point, Shares, design_points, design_size, from_csv
from simulation.sweep.factors import Factor
from simulation.sweep.load import Sweep, csv_path
from simulation.sweep.plan import PLAN, Block, Plan, load_plan
from simulation.sweep.sweep_file import MOST_RUNS

__all__ = ["check_sweep", "default_folder", "plan_of", "points_of", "prepare"]

_BEGUN = ".begun"  # of a folder whose plan is not written yet


def default_folder(sweep: Sweep) -> Path:
    """Return the folder of a sweep for which none was named: always the same, so that --resume finds it."""
    return RESULTS / f"sweep-{slug(sweep.name)}"


def points_of(sweep: Sweep) -> Iterator[tuple[Point, Shares | None]]:
    """Yield the points of the sweep's design; drawn designs are drawn here, and only here."""
    if sweep.file.design.kind == "csv":
        path, shown = csv_path(sweep)
        return ((point, None) for point in from_csv(path, shown, sweep.factors))
    return design_points(sweep.file.design, sweep.factors)


def check_sweep(sweep: Sweep) -> int:
    """Return the number of points after trying them (see `check`); raise `UserError` for whatever is wrong."""
    try:
        n = design_size(sweep.file.design, sweep.factors)
    except UserError as error:
        raise UserError(
            error.message, file=sweep.path, key=error.key, expected=error.expected, nearest=error.nearest
        ) from None
    if n is None:
        n = sum(1 for _ in points_of(sweep))
    runs = n * len(sweep.arms) * sweep.replicates
    if runs > MOST_RUNS:
        raise UserError(
            f"the sweep would have {runs:,} runs ({n:,} points)", file=sweep.path, key="design",
            expected=f"at most {MOST_RUNS:,}",
        )  # fmt: skip
    points = (point for point, _ in itertools.islice(points_of(sweep), n))
    check_points(sweep, sample(points, n))
    return n


def plan_of(sweep: Sweep, n_points: int) -> Plan:
    """Return the plan of a sweep whose design has so many points."""
    file = sweep.file
    return Plan(
        name=sweep.name, description=file.description,
        arms={arm: scenario.to_yaml(str) for arm, scenario in sweep.arms.items()}, factors=sweep.factors,
        outcomes=sweep.outcomes, design=file.design.model_dump(), seed=sweep.seed,
        random_numbers=file.random_numbers, blocks=(Block(0, n_points, 0, sweep.replicates),),
        analysis=plain(file.analysis.model_dump()), about=provenance(asked=_digest(sweep), file=sweep.path),
        posterior=sweep.posterior, per_set=0 if sweep.posterior is None else sweep.per_set,
    )  # fmt: skip


def prepare(sweep: Sweep, folder: Path, n_points: int, *, resume: bool) -> Plan:
    """Make the folder with plan and design, or with `resume` take up what is there; return the plan.

    Raises `OtherScenario` where the folder holds another sweep, `UserError` where it holds anything else.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError("is a file; a sweep needs a folder", file=str(folder))
    with alone(folder):
        if (folder / PLAN).exists():
            if not resume:
                raise UserError(
                    "holds a sweep already; --resume goes on with it, --out chooses another folder",
                    file=str(folder),
                )
            plan = load_plan(folder)
            if plan.about.get("asked") != _digest(sweep):
                difference = _difference(plan, sweep)
                raise OtherScenario(
                    f"holds another sweep ({difference}); choose another folder, or add runs with expand",
                    file=str(folder),
                )
            return plan
        begun = folder / _BEGUN
        if not begun.exists() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise UserError("is not empty and holds no sweep; choose another folder", file=str(folder))
        with refusals(folder):
            begun.touch()  # what a killed or refused beginning leaves is ours, and is begun again
            plan = plan_of(sweep, n_points)
            points: Iterable[tuple[Point, Shares | None]] = itertools.islice(points_of(sweep), n_points)
            write_design(folder, sweep.factors, points)
            plan.save(folder)  # last: a folder with a plan has its design
            begun.unlink()
        return load_plan(folder)  # which runs its own copies of plugins


def _digest(sweep: Sweep) -> str:
    content = {
        "arms": {arm: scenario.digest() for arm, scenario in sweep.arms.items()},
        "factors": [_asked(factor) for factor in sweep.factors],
        "outcomes": [asdict(outcome) for outcome in sweep.outcomes],
        "design": sweep.file.design.model_dump(),
        "seed": sweep.seed,
        "replicates": sweep.replicates,
        "random_numbers": sweep.file.random_numbers,
        **({} if sweep.posterior is None else {"sets": [sweep.posterior.digest(), sweep.per_set]}),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _asked(factor: Factor) -> str:
    values = (factor.levels, factor.low, factor.high, factor.scale, factor.distribution, factor.arms)
    return repr((factor.name, factor.paths, factor.mode, factor.reference, *values))


def _difference(plan: Plan, sweep: Sweep) -> str:
    now = plan_of(sweep, plan.n_points)
    before, after = plan.identity(), now.identity()
    keys = dict.fromkeys((*before, *after))
    names = [name for name in keys if json.dumps(before.get(name)) != json.dumps(after.get(name))]
    if names:
        return "made with other " + " and ".join(name.replace("_", " ") for name in names[:3])
    if dict(plan.design) != dict(now.design):
        return "made with another design"
    return "made with other values or another number of replicates"

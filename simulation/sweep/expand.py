"""Add runs to a sweep that is there: more replicates, more points; what was run keeps its number and its row."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from simulation.errors import UserError, nearest_name
from simulation.scenario.load import parse_scenario
from simulation.sweep.design_files import read_shares, write_design
from simulation.sweep.designs import (
    Point,
    Shares,
    design_points,
    from_csv,
    latin_hypercube,
    morris_shares,
    sobol_shares,
)
from simulation.sweep.factors import Factor
from simulation.sweep.plan import Block, Plan, load_plan
from simulation.sweep.points import point_scenario
from simulation.sweep.read_factors import values_at
from simulation.sweep.sweep_file import (
    DesignBlock,
    LatinHypercube,
    Morris,
    RandomDesign,
    Sobol,
)
from simulation.sweep.targets import find_target
from simulation.yaml_source import parse_yaml

__all__ = ["expand"]


def expand(
    folder: Path,
    *,
    replicates: int | None = None,
    points: int | None = None,
    add: Sequence[str] = (),
    points_from: Path | None = None,
    write: bool = True,
) -> Plan:
    """Return the plan with more runs, and save it unless `write` is false.

    Parameters
    ----------
    replicates
        So many replicates of every point in all.
    points
        So many points of a random, Latin hypercube or Sobol design (there: the base sample), or trajectories of a
        Morris design, in all.
    add
        Levels for a grid: `path=[values]`.
    points_from
        A CSV file of points to add, for any design that is no Sobol or Morris design.

    Raises
    ------
    UserError
        Where the design cannot be extended in this way, or a new point is not valid.
    """
    plan = load_plan(folder)
    asked = [points is not None, bool(add), points_from is not None]
    if sum(asked) > 1:
        raise UserError("add points in one way at a time: --points, --add or --points-from")
    if not any(asked) and replicates is None:
        raise UserError("nothing to add; name --replicates, --points, --add or --points-from")
    if any(asked):
        new: list[tuple[Point, Shares | None]]
        if add:
            plan, new = _more_levels(plan, add)
        elif points_from is not None:
            _not_structured(plan)
            new = [(point, None) for point in from_csv(points_from, str(points_from), plan.factors)]
        else:
            plan, new = _more_drawn(plan, folder, points or 0)
        _check(plan, [point for point, _ in new])
        first = plan.n_points
        if write:
            write_design(folder, plan.factors, new, add_to=first)
        plan = plan.extended(Block(first, first + len(new), 0, plan.n_replicates))
    if replicates is not None:
        if replicates <= plan.n_replicates:
            raise UserError(f"the sweep has {plan.n_replicates} replicates already", key="--replicates")
        plan = plan.extended(Block(0, plan.n_points, plan.n_replicates, replicates))
    if write:
        plan.save(folder)
    return plan


def _more_levels(plan: Plan, add: Sequence[str]) -> tuple[Plan, list[tuple[Point, Shares | None]]]:
    if plan.design["kind"] != "grid":
        raise UserError(f"--add extends a grid; this is a design of kind {plan.design['kind']}", key="--add")
    base = parse_scenario(next(iter(plan.arms.values())))
    factors = list(plan.factors)
    names = [factor.name for factor in factors]
    for text in add:
        name, mark, values = text.partition("=")
        if name not in names or not mark:
            near = nearest_name(name, names)
            raise UserError(f"{name!r} is no parameter of this sweep", key="--add", nearest=near)
        index = names.index(name)
        factor = factors[index]
        node = parse_yaml(values, f"--add {text}", lines=False)
        nodes = node.value if isinstance(node.value, list) else [node]
        fresh = values_at(factor, _target(factor, base), nodes, name)
        for value in fresh:
            if value in factor.levels:
                raise UserError(
                    f"{factor.level_text(value)} is a level already", key=name, file=f"--add {text}"
                )
        levels = (*factor.levels, *fresh)
        if factor.numeric:
            levels = tuple(sorted(levels))
        factors[index] = replace(factor, levels=levels)
    grid: Any = TypeAdapter(DesignBlock).validate_python({"kind": "grid"})
    old = set(_grid(plan.factors, grid))
    new: list[tuple[Point, Shares | None]] = [
        (point, None) for point in _grid(factors, grid) if point not in old
    ]
    return replace(plan, factors=tuple(factors)), new


def _grid(factors: Sequence[Factor], grid: Any) -> Iterable[Point]:
    return (point for point, _ in design_points(grid, factors))


def _target(factor: Factor, base: Any) -> Any:
    from simulation.sweep.targets import Target

    if factor.mode != "set":
        return Target(factor.name, "quantity", factor.dimension)
    return find_target(factor.paths[0], base)


def _more_drawn(plan: Plan, folder: Path, wanted: int) -> tuple[Plan, list[tuple[Point, Shares | None]]]:
    design: Any = TypeAdapter(DesignBlock).validate_python(dict(plan.design))
    k, have = len(plan.factors), plan.n_points
    if isinstance(design, Sobol):
        shares = _more_sobol(design, folder, k, have, wanted)
        update = {"points": wanted}
    elif isinstance(design, Morris):
        shares = _more_morris(design, k, have, wanted)
        update = {"trajectories": wanted}
    elif isinstance(design, RandomDesign | LatinHypercube):
        if wanted <= have:
            raise UserError(f"the design has {have} points already", key="--points")
        if isinstance(design, LatinHypercube):  # another hypercube of its own beside the first
            shares = latin_hypercube(wanted - have, k, design.seed + have)
        else:
            pairs = design_points(design, plan.factors)
            drawn = [shares for _, (_, shares) in zip(range(wanted), pairs, strict=False)]
            shares = np.asarray(drawn[have:], float)
        update = {"points": wanted}
    else:
        raise UserError(
            f"--points extends a design that is drawn; this is one of kind {design.kind}: use --add or --points-from"
        )
    new: list[tuple[Point, Shares | None]] = [
        (tuple(f.at(float(u)) for f, u in zip(plan.factors, row, strict=True)), row) for row in shares
    ]
    return replace(plan, design={**plan.design, **update}), new


def _more_sobol(design: Sobol, folder: Path, k: int, have: int, wanted: int) -> Shares:
    if wanted <= design.points or wanted & (wanted - 1):
        raise UserError(
            f"got {wanted}", key="--points", expected=f"a power of two above the {design.points} of now"
        )
    shares = sobol_shares(wanted, k, design)
    saved = read_shares(folder, have, k)
    if not np.allclose(shares[:have], saved, rtol=0, atol=1e-12):
        raise UserError(
            "the SALib or SciPy installed here draws another Sobol sequence than the one this design began with; "
            "use the versions in plan.json, or add replicates instead"
        )
    return shares[have:]


def _more_morris(design: Morris, k: int, have: int, wanted: int) -> Shares:
    if wanted <= design.trajectories:
        raise UserError(f"the design has {design.trajectories} trajectories already", key="--points")
    return morris_shares(design, k, wanted - design.trajectories, design.seed + have)


def _not_structured(plan: Plan) -> None:
    if plan.design["kind"] in ("sobol", "morris"):
        raise UserError(
            f"points of your own would spoil a {plan.design['kind']} design; use --points",
            key="--points-from",
        )


def _check(plan: Plan, points: Sequence[Point]) -> None:
    if not points:
        raise UserError("nothing to add: these points are all there")
    for point in points[:: max(1, len(points) // 500)]:
        for arm, base in plan.arms.items():
            try:
                point_scenario(base, plan.factors, point, arm)
            except UserError as error:
                raise UserError(f"a new point is not valid: {error}") from None

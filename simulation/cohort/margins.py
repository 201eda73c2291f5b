"""Virtual patients weighed so that together they meet clinical margins: shares of remission, response, relapse, recovery.

The patients are those of a trial that has been run, whose arms show what each of them would do. Of all weights that meet every
margin at once, those closest to equal ones in relative entropy are taken (entropy balancing: Hainmueller 2012, Polit Anal
20:25), which is what accept-reject does on average. The effective number (Kish) says how many equally weighed patients would
know as much: what the runs are far from costs patients, and what they cannot meet is refused.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError
from scipy.optimize import linprog, minimize
from scipy.special import logsumexp

from simulation.blocks.fields import YEARS_20, Block, OneOf, Quantity, Text, Whole
from simulation.clinic.outcomes import OUTCOMES, selected
from simulation.errors import UserError, nearest_name
from simulation.files.tables import csv_text
from simulation.parameters.table import ParameterTable
from simulation.scenario.messages import user_error
from simulation.trial.finished import FinishedTrial
from simulation.trial.rows import OF_PATIENT
from simulation.yaml_source import plain, read_yaml

__all__ = ["Margin", "Margins", "MatchedWeights", "load_margins", "match", "patients_csv"]

type Floats = npt.NDArray[np.float64]
_SHARES: Final = tuple(one.name for one in selected("flag", "share"))
_EVENTS: Final = tuple(one.name for one in selected("survival") if one.censored)
_AMOUNTS: Final = tuple(one.name for one in selected("amount"))
_CLOSE: Final = 1e-6  # how well a margin is met
_FEWEST: Final = 10.0  # effective patients; fewer are no cohort


class Margin(Block):
    """State a share of patients that is known of real ones, and the arm in which it is seen."""

    what: Annotated[str, Text(200, 1, "remission of overt relapse, TOWER", one_line=True)] = Field(
        description="What is known, with its source."
    )
    arm: Annotated[str, Text(40, 1, "therapeutic", one_line=True)] = Field(
        description="Key of the trial's arm that shows it."
    )
    outcome: Annotated[str, OneOf((*_SHARES, *_EVENTS, *_AMOUNTS))] = Field(
        description="A share; a survival outcome with `by`; an amount with `at_least`."
    )
    by: Annotated[float, Quantity("time", 0.25, YEARS_20)] | None = Field(
        None, description="Of a survival outcome: the share without its event by this day."
    )
    at_least: Annotated[float, Quantity("dimensionless", 0, 1e15)] | None = Field(
        None, description="Of an amount: the share with so much or more, in the outcome's unit."
    )
    share: Annotated[float, Quantity("fraction", 0, 1)] = Field(description="The share of real patients.")


class Margins(Block):
    """Hold the keys of a file of margins."""

    name: Annotated[str, Text(120, 1, "As in TOWER and BLAST", one_line=True)] = Field(
        description="What the cohort is called."
    )
    margins: Annotated[tuple[Margin, ...], Field(min_length=1, max_length=20)] = Field(
        description="The margins, all met at once."
    )
    patients: Annotated[int, Whole(1, 1_000_000)] | None = Field(
        None, description="Rows of the list of patients; null: the effective number."
    )
    seed: Annotated[int, Whole(0, 2**63 - 1)] = Field(1, description="Seed of who is accepted.")


@dataclass(frozen=True, slots=True, eq=False)
class MatchedWeights:
    """Hold the weights of a trial's patients, shape (n,), which add up to 1; shares by margin before and after."""

    margins: Margins
    weights: Floats
    before: tuple[float, ...]
    after: tuple[float, ...]

    @property
    def effective(self) -> float:
        """Return the effective number of patients."""
        return float(1.0 / (self.weights**2).sum())

    def accepted(self) -> npt.NDArray[np.int64]:
        """Return the places of the accepted patients, by systematic draws from the weights; a patient may come twice."""
        n = max(int(self.effective), 1) if self.margins.patients is None else self.margins.patients
        at = (np.random.default_rng(self.margins.seed).uniform() + np.arange(n)) / n
        return np.asarray(
            np.minimum(np.searchsorted(np.cumsum(self.weights), at), self.weights.size - 1), np.int64
        )


def load_margins(path: str | os.PathLike[str]) -> Margins:
    """Read a file of margins; raise `UserError` naming file, line, key, what was expected and the nearest name."""
    shown = os.fspath(path)
    root = read_yaml(path, shown)
    try:
        checked = Margins.model_validate(plain(root))
    except ValidationError as error:
        raise user_error(error, root, Margins) from None
    for index, one in enumerate(checked.margins):
        at = f"margins.{index + 1}"
        for key, kinds, noun in (
            ("by", _EVENTS, "a survival outcome"), ("at_least", _AMOUNTS, "an amount"),
        ):  # fmt: skip
            if (getattr(one, key) is not None) != (one.outcome in kinds):
                needs = "needs" if one.outcome in kinds else "takes no"
                raise UserError(
                    f"{one.outcome} {needs} `{key}`, which is that of {noun}", file=shown, key=f"{at}.{key}"
                )
    return checked


def match(finished: FinishedTrial, margins: Margins, shown: str) -> MatchedWeights:
    """Weigh the patients of a finished trial so that all margins are met.

    Raises
    ------
    UserError
        Where no weights meet them, or hardly any patients would be left; `shown` is the file of margins.
    """
    columns = [
        _column(finished, one, shown, f"margins.{index + 1}") for index, one in enumerate(margins.margins)
    ]
    gaps = np.array(
        [
            np.where(known, x - one.share, 0.0)
            for (x, known), one in zip(columns, margins.margins, strict=True)
        ]
    )
    for gap, (x, known), one in zip(gaps, columns, margins.margins, strict=True):
        if not gap.min() < 0 < gap.max() and np.abs(gap).max() > _CLOSE:
            has = int(x[known].sum())
            raise UserError(
                f"{one.what}: cannot be met, {has} of {int(known.sum())} simulated patients in arm {one.arm} have it",
                file=shown, expected=f"a share other than {one.share:g}, or runs of patients some of whom have it and some not",
            )  # fmt: skip
    far = _out_of_reach(gaps)
    weights = _balanced(gaps) if far.max() <= _CLOSE else np.full(gaps.shape[1], math.nan)
    away = np.maximum(
        far, np.nan_to_num(np.abs(gaps @ weights), nan=math.inf) if far.max() <= _CLOSE else 0.0
    )
    if away.max() > _CLOSE:
        worst = margins.margins[int(away.argmax())]
        raise UserError(
            f"no weights meet all margins together: {worst.what} stays away from {worst.share:g}",
            file=shown, expected="margins that agree with one another, or runs of more and other patients",
        )  # fmt: skip
    after = [_share(weights, *column) for column in columns]
    equal = np.full(weights.size, 1.0 / weights.size)
    matched = MatchedWeights(
        margins, weights, tuple(_share(equal, *column) for column in columns), tuple(after)
    )
    if matched.effective < _FEWEST:
        raise UserError(
            f"the margins are met by {matched.effective:.1f} effective patients of {weights.size}: too few for a cohort",
            file=shown, expected=f"runs of more patients, or of such as are nearer to the margins ({_FEWEST:g} at least)",
        )  # fmt: skip
    return matched


def patients_csv(finished: FinishedTrial, matched: MatchedWeights) -> str:
    """Return the accepted patients as a list that is a cohort: `id`, then every parameter that varied, with its unit."""
    arm, table = finished.arms[0], ParameterTable.load()
    own = [column.name for column in finished.columns if column.meaning == OF_PATIENT]
    header = [
        "id",
        *(
            f"{name} [{unit}]" if (unit := table[name].unit) not in ("", "1", "dimensionless") else name
            for name in own
        ),
    ]
    seen: dict[int, int] = {}
    rows: list[list[Any]] = []
    for place in matched.accepted().tolist():
        seen[place] = seen.get(place, 0) + 1
        again = "" if seen[place] == 1 else f"-{seen[place]}"
        who = f"{int(arm.number('patient')[place])}{again}"
        rows.append([who, *(float(arm.number(name)[place]) for name in own)])
    return csv_text(header, rows)


def _column(
    finished: FinishedTrial, one: Margin, shown: str, at: str
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return for every patient whether he has it (1 or 0), and whether he counts."""
    keys = [arm.key for arm in finished.arms]
    if one.arm not in keys:
        raise UserError(
            f"the trial has no arm {one.arm!r}", file=shown, key=f"{at}.arm",
            expected=f"one of {', '.join(keys)}", nearest=nearest_name(one.arm, keys),
        )  # fmt: skip
    arm = finished.arm(one.arm)
    if one.by is not None:
        if one.by > finished.follow_up:
            message = f"day {one.by:g} is after the end of the runs"
            raise UserError(message, file=shown, key=f"{at}.by", expected=f"at most {finished.follow_up:g} d")
        free = np.asarray(arm.columns[OUTCOMES[one.outcome].censored], bool)
        return ((arm.number(one.outcome) >= one.by) | free).astype(float), np.ones(arm.n, bool)
    if one.at_least is not None:
        amount = arm.number(one.outcome)
        return (amount >= one.at_least).astype(float), np.isfinite(amount)
    values = arm.outcome(one.outcome)
    return np.array([float(bool(v)) for v in values]), np.array([v is not None for v in values])


def _share(weights: Floats, x: Floats, known: npt.NDArray[np.bool_]) -> float:
    whole = float(weights[known].sum())
    return float(weights[known] @ x[known]) / whole if whole > 0 else math.nan


def _out_of_reach(gaps: Floats) -> Floats:
    """Return by how much each margin must be missed, shape (margins,): 0 where weights, of whatever kind, meet them all."""
    m, n = gaps.shape
    missed = np.concatenate([np.zeros(n), np.ones(2 * m)])
    both = np.vstack(
        [np.hstack([gaps, np.eye(m), -np.eye(m)]), np.concatenate([np.ones(n), np.zeros(2 * m)])]
    )
    solution = linprog(missed, A_eq=both, b_eq=np.append(np.zeros(m), 1.0), method="highs")
    slack: Floats = np.asarray(solution.x, float)[n:]  # there is always a solution: each margin may be missed
    return np.asarray(slack[:m] + slack[m:], float)


def _balanced(gaps: Floats) -> Floats:
    """Return the weights nearest to equal ones under which every row of `gaps`, shape (margins, n), has mean 0."""

    def weights(at: Floats) -> Floats:
        tilt = at @ gaps
        w = np.exp(tilt - tilt.max())
        return np.asarray(w / w.sum(), float)

    def dual(at: Floats) -> float:
        return float(logsumexp(at @ gaps))

    def slope(at: Floats) -> Floats:
        return np.asarray(gaps @ weights(at), float)

    def bend(at: Floats) -> Floats:
        w = weights(at)
        mean = gaps @ w
        return np.asarray((gaps * w) @ gaps.T - np.outer(mean, mean), float)

    solution = minimize(
        dual, np.zeros(len(gaps)), jac=slope, hess=bend, method="trust-exact", options={"gtol": _CLOSE / 10}
    )
    return weights(np.asarray(solution.x, float))


def table_rows(matched: MatchedWeights) -> Sequence[list[str]]:
    """Return one row per margin: what, its share, before, after."""
    return [
        [one.what, f"{100 * one.share:.1f} %", f"{100 * before:.1f} %", f"{100 * after:.1f} %"]
        for one, before, after in zip(matched.margins.margins, matched.before, matched.after, strict=True)
    ]

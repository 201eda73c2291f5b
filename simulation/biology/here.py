"""What compiled processes see of a body: arrays, and records whose fields have names."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simulation.biology.places import PlaceKind
from simulation.engine.compiled import Addresses, inner, row, table
from simulation.engine.population import Columns, Floats, Ints, Ints32
from simulation.engine.rules import N_RULES
from simulation.engine.scratch import N_SCRATCH
from simulation.parameters import ParameterTable

__all__ = ["ENGAGER", "NUMBERS", "PARAMETERS", "SIGNALS", "Here", "here_at"]

# Rows of `Signals.table`.
SIGNALS = (
    "synapse_rate",
    "busy",
    "normal_b_kill_rate",
    "gvl_rate",
    "suppression",
    "killing_factor",
    "gvl_busy",
)
SYNAPSE_RATE, BUSY, NORMAL_B_KILL_RATE, GVL_RATE, SUPPRESSION, KILLING_FACTOR, GVL_BUSY = range(len(SIGNALS))

# The numbers of a body that change from step to step, and the numbers of its places.
_FLOATS: Final = (
    "start_day", "day", "weight_kg", "marginated", "adaptation", "host_apc", "host_marrow", "tissue_integrity", "worst_integrity",
    "crs_score", "crs_tolerance", "worst_crs_score", "proliferation_factor", "homeostatic_factor", "lymphopenia",
)  # fmt: skip
_INTS: Final = ("step", "deaths", "births", "infused", "haplotype_mismatch", "n_niches")
_PLACES: Final = tuple(kind.name.lower() for kind in PlaceKind)
NUMBERS: Final = np.dtype(
    [(name, np.float64) for name in _FLOATS]
    + [(name, np.int64) for name in (*_INTS, *_PLACES)]
    + [("event_key", np.uint64), ("thymus_key", np.uint64)]
)
PARAMETERS: Final = np.dtype([(name, np.float64) for name in ParameterTable.load().values()])
# An engager: its numbers, those of its parameters, the census row of the carriers of its target, and the bit by which it is lost.
_OF_ENGAGER: Final = (
    "clearance", "volume", "ec50_activation", "ec50_killing", "absorption", "carriers", "lost",
)  # fmt: skip
ENGAGER: Final = np.dtype(
    [(name, np.float64) for name in ("infusion", "plasma", "mean", "depot")]
    + [(name, np.int64) for name in _OF_ENGAGER]
    + [("on_normal_b", np.bool_)]
)


class Here(NamedTuple):
    """Hold what compiled processes see of a body, in arrays; `p` and `x` have shape (1,).

    `values` shows the parameters `p` by number; an engager's parameters, and those of the plain drugs (`factors`: division and
    killing by drug), are such numbers.
    """

    p: npt.NDArray[Any]
    x: npt.NDArray[Any]
    values: Floats
    counts: Floats
    signal: Floats
    place: Floats
    kind: Ints32
    drug: Floats
    kill: Floats
    engagers: npt.NDArray[Any]
    exposure: Floats
    factors: Ints
    behaviour: Ints
    lost: Ints
    probability: Floats
    loss: Ints
    clone_growth: Floats
    tally: Ints
    totals: Floats
    whole: Floats
    niches: Floats


# Where each part begins in `State.addresses`.
RULES: Final = len(Here._fields)
SCRATCH: Final = RULES + N_RULES
COLUMNS: Final = SCRATCH + N_SCRATCH
HAZARDS: Final = COLUMNS + len(Columns._fields)


@inner(forceinline=True)
def here_at(at: Addresses, i: int) -> Here:
    """Return what compiled processes see; its addresses begin at number i."""
    return Here(
        row(at, i, PARAMETERS), row(at, i + 1, NUMBERS), row(at, i + 2, np.float64), table(at, i + 3, np.float64),
        table(at, i + 4, np.float64), table(at, i + 5, np.float64), row(at, i + 6, np.int32), table(at, i + 7, np.float64),
        table(at, i + 8, np.float64), row(at, i + 9, ENGAGER), row(at, i + 10, np.float64), table(at, i + 11, np.int64),
        row(at, i + 12, np.int64), row(at, i + 13, np.int64), row(at, i + 14, np.float64), table(at, i + 15, np.int64),
        row(at, i + 16, np.float64), table(at, i + 17, np.int64), table(at, i + 18, np.float64), row(at, i + 19, np.float64),
        table(at, i + 20, np.float64),
    )  # fmt: skip

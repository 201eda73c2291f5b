"""What compiled processes see of a body: arrays, and records whose fields have names."""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.np.numpy_support import from_dtype

from simulation.biology.places import PlaceKind
from simulation.engine.population import COLUMNS, Columns, Floats, Ints, Ints32
from simulation.engine.rules import RULES, Rules
from simulation.engine.scratch import SCRATCH, Scratch
from simulation.engine.views import FLOATS, FLOATS2, FLOATS3, INTS, INTS2, INTS32, View
from simulation.parameters import ParameterTable

__all__ = ["ENGAGER", "NUMBERS", "PARAMETERS", "SEEN", "SIGNALS", "WORK_ROWS", "Here", "Whole", "whole"]

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
    "tissue_integrity_before", "host_marrow_before",
)  # fmt: skip
_INTS: Final = ("step", "deaths", "births", "infused", "haplotype_mismatch", "n_niches")
_PLACES: Final = tuple(kind.name.lower() for kind in PlaceKind)
NUMBERS: Final = np.dtype(
    [(name, np.float64) for name in _FLOATS]
    + [(name, np.int64) for name in (*_INTS, *_PLACES)]
    + [("event_key", np.uint64), ("thymus_key", np.uint64)]
)
# What is seen of a body by looking at all of it (`totals.py`).
_COUNTED: Final = ("blasts", "marrow_blasts", "extramedullary_blasts", "agents")
_MEASURED: Final = (
    "marrow_cells", "blood_blasts_per_ul", "cd3_per_ul", "treg_per_ul", "b_cells_per_ul", "marrow_t_cells", "marrow_engaged",
    "marrow_treg_share", "marrow_suppression", "marrow_exhaustion", "marrow_et_ratio",
)  # fmt: skip
SEEN: Final = np.dtype([(name, np.int64) for name in _COUNTED] + [(name, np.float64) for name in _MEASURED])
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

WORK_ROWS: Final = 15


class Here(NamedTuple):
    """Hold what compiled processes see of a body, in arrays; `p` and `x` have shape (1,).

    `values` shows the parameters `p` by number; an engager's parameters, and those of the plain drugs (`factors`: division and
    killing by drug), are such numbers. `words` shows `x` as words, `words_before` is where they wait while a step looks ahead.
    `work` (WORK_ROWS, n_places) and `exchanged` (2, kinds: `exchange.py`) are where a law notes what it needs until it ends, as
    what only compiled code calls allocates nothing.
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
    seen: npt.NDArray[Any]
    without: Ints
    niches: Floats
    fields_before: Floats
    words: Ints
    words_before: Ints
    work: Floats
    exchanged: Floats


class Whole(NamedTuple):
    """Hold all that a step works on, in the order of `State.addresses`."""

    here: Here
    rules: Rules
    scratch: Scratch
    pop: Columns
    hazards: Floats


_RECORDS = [from_dtype(dtype)[::1] for dtype in (PARAMETERS, NUMBERS, ENGAGER, SEEN)]
HERE: Final = View(
    Here, *_RECORDS[:2], FLOATS, *[FLOATS2] * 3, INTS32, *[FLOATS2] * 2, _RECORDS[2], FLOATS, INTS2, INTS, INTS, FLOATS,
    INTS2, FLOATS, INTS2, FLOATS2, _RECORDS[3], INTS, FLOATS2, FLOATS2, INTS, INTS, FLOATS2,
    FLOATS2,
)  # fmt: skip
whole: Final = View(Whole, HERE, RULES, SCRATCH, COLUMNS, FLOATS3).reader()  # sees it in compiled code

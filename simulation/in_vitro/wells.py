"""A well: one place of kind WELL in a small body of its own, with the patient's rules."""

from math import exp, log1p, sqrt
from typing import Final

import numpy as np

from simulation.biology.channels import Channel, channels
from simulation.biology.engagers import Engager
from simulation.biology.order import BEFORE_EVENTS, Order, switched_on
from simulation.biology.places import PlaceKind, Places
from simulation.biology.state import Process, State
from simulation.biology.traits import (
    ALLOREACTIVE,
    ENGAGED_TCON,
    ENGAGED_TREG,
    TCON,
    TREG,
    exhaustion_of,
)
from simulation.body.keyed import Keyed
from simulation.engine.keyed_random import base_key
from simulation.in_vitro.experiment import Experiment
from simulation.in_vitro.medium import DivisionDye, Medium, Stimulators, dye_channels, generation_of
from simulation.parameters import ParameterValues
from simulation.plugins import rules_of
from simulation.products.blinatumomab import BLINATUMOMAB

__all__ = ["ABSENT", "TCON_CLASSES", "T_CELLS", "Well", "pipetted"]

# A well has no circulation, no host tissue and no marrow.
ABSENT: Final = frozenset(
    {
        "blinatumomab_pk",
        "drug_penetration",
        "homeostasis",
        "thymus",
        "blast_spread",
        "trafficking",
        "margination",
    }
)
# ... and no APC of host tissue that would stay or come back.
_NOT_HERE: Final = {"fraction_host_apc_persistent": 0.0}
TCON_CLASSES: Final = (TCON, ENGAGED_TCON)
T_CELLS: Final = (TCON, TREG, ENGAGED_TCON, ENGAGED_TREG)
_IN_WELLS: Final = tuple(process for process in BEFORE_EVENTS if process.name not in ABSENT)
_AFTER: Final = (Stimulators(),)


def _place() -> Places:
    """Return one well: empty, of full access, from which no cell can leave."""
    one, none = np.ones(1), np.zeros(1)
    kind = np.array([PlaceKind.WELL], np.int32)
    return Places(0, 0, kind, one.copy(), none.copy(), none.copy(), none.copy(), none.copy(), one)


def pipetted(draw: Keyed, what: str, cells: float, cv: float, *ids: int) -> int:
    """Return the cells that a pipette really delivers: log-normal with this CV, and chance (Poisson) on top."""
    if cells <= 0:
        return 0
    spread = sqrt(log1p(cv * cv + 1.0 / cells))
    return round(cells * exp(spread * draw.normal(f"pipette {what}", *ids) - 0.5 * spread * spread))


class Well:
    """Hold one well and run it.

    Parameters
    ----------
    experiment
        Its resolution, switches, rules of one's own and step.
    values
        The donor's parameters, canonical units.
    seed, donor, label
        Keys of every random number: a well is the same whatever else is on the plate.
    drug_pg_ml
        Engager in the medium.
    targets_divide
        Whether blasts divide here; their room is then `capacity`.
    dye
        Whether T cells carry a dye that counts their divisions.
    haplotype_mismatch
        Whether blasts and T cells differ in an HLA haplotype.
    engager
        The drug of the medium.
    """

    def __init__(
        self,
        experiment: Experiment,
        values: ParameterValues,
        seed: int,
        donor: int,
        label: str,
        *,
        drug_pg_ml: float = 0.0,
        targets_divide: bool = False,
        dye: bool = False,
        haplotype_mismatch: bool = True,
        engager: Engager = BLINATUMOMAB,
    ) -> None:
        self.dt = experiment.time_step
        self.draw = Keyed(seed, donor)
        self.label = label
        places = _place()
        if targets_divide:
            places.blast_capacity[:] = experiment.well_capacity
        divisions = round(values.n_priming_divisions)
        table = dye_channels(divisions) if dye else channels(divisions)
        r = experiment.resolution
        self.state = State(
            dict(values) | _NOT_HERE,
            places,
            table,
            (engager,),
            base_key(seed, donor, f"well {label}"),
            single_cells=r.cells_per_agent == 1,
            haplotype_mismatch=haplotype_mismatch,
            host_apc=0.0,
        )
        self.set_drug(drug_pg_ml)
        common = switched_on(_IN_WELLS, experiment.processes)
        rules = rules_of(experiment.plugin)
        last: tuple[Process, ...] = (DivisionDye(),) if dye else ()
        self._order = Order((Medium(experiment.well_capacity), *common, *rules, *last), _AFTER)
        self._times_taken = 0
        self.kills = 0
        self.tcon_births = 0
        self.t_cell_days = 0.0

    @property
    def day(self) -> float:
        """Return days since the well was set up."""
        return self.state.day

    def set_drug(self, pg_ml: float) -> None:
        """Replace the medium by one with this much drug."""
        for engager in self.state.engagers:
            self.state.mean_plasma_pg_ml[engager.name] = pg_ml

    def add(self, code: int, cells: int, traits: np.ndarray | None = None) -> None:
        """Put cells in."""
        self.state.pop.add(code, 0, cells, traits)

    def run(self, days: float) -> None:
        """Advance by `days`, a whole number of steps."""
        for _ in range(round(days / self.dt)):
            self._order.advance(self.state, self.dt)
            self.kills += int(self.state.tally[:, Channel.KILLED_BY_ENGAGED].sum())
            self.tcon_births += int(self.state.tally[TCON_CLASSES, Channel.DIVIDE].sum())
            self.t_cell_days += float(self.state.census.t_cells[0]) * self.dt

    def count(self, *classes: int) -> int:
        """Return the living cells of these classes."""
        rows = self._rows(*classes)
        return int(self.state.pop.cells[rows].sum())

    def mean_exhaustion(self) -> float:
        """Return the mean exhaustion of Tcon, 0..1; 0 where there are none."""
        pop, rows = self.state.pop, self._rows(*TCON_CLASSES)
        cells = pop.cells[rows]
        total = cells.sum()
        return float((exhaustion_of(pop.traits[rows]) * cells).sum() / total) if total else 0.0

    def take(self, share: float, *classes: int) -> list[tuple[int, int, np.ndarray]]:
        """Take out a random share of the cells of these classes: (code, cells, traits) of each agent."""
        taken, pop = [], self.state.pop
        self._times_taken += 1
        for row in self._rows(*classes):
            cells = int(pop.cells[row])
            here = self.draw.binomial(
                f"take {self.label}", cells, min(share, 1.0), self._times_taken, int(pop.uid[row])
            )
            if not here:
                continue
            taken.append((pop.code_of(int(row)), here, pop.traits[row].copy()))
            if here == cells:
                pop.remove(int(row))
            else:
                pop.cells[row] = cells - here
        return taken

    def generations(self, most: int = 8) -> np.ndarray:
        """Return Tcon by number of divisions, shape (most + 1,); the last holds those with more."""
        pop, rows = self.state.pop, self._rows(*TCON_CLASSES)
        divisions = np.minimum(generation_of(pop.codes(rows)), most)
        return np.bincount(divisions, weights=pop.cells[rows], minlength=most + 1)

    def alloreactive(self) -> int:
        """Return living alloreactive Tcon."""
        pop, rows = self.state.pop, self._rows(*TCON_CLASSES)
        return int(pop.cells[rows][ALLOREACTIVE.of(pop.codes(rows)) > 0].sum())

    def _rows(self, *classes: int) -> np.ndarray:
        return self.state.rows_of(*classes)

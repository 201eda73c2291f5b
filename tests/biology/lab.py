"""A bench for one process at a time: a few places, a few agents, chosen parameters, and only the processes named."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from simulation.biology.antigens import Antigen
from simulation.biology.census import Census
from simulation.biology.channels import channels
from simulation.biology.engagers import Engager
from simulation.biology.order import AFTER_EVENTS, BEFORE_EVENTS, Order
from simulation.biology.places import PlaceKind, Places
from simulation.biology.state import Process, State
from simulation.biology.traits import BLAST, CLASS
from simulation.engine.bit_fields import BitField
from simulation.engine.keyed_random import base_key
from simulation.parameters import ParameterTable
from simulation.products.blinatumomab import BLINATUMOMAB

PROCESSES: dict[str, Process] = {p.name: p for p in (*BEFORE_EVENTS, *AFTER_EVENTS)}
# A process must follow its law at any parameters; these are the bench's own, so that calibration does not move
# the tests of single processes. Whatever is not here comes from the table.
BENCH = {
    "cl_blinatumomab": 2.22 * 24.0,
    "volume_blinatumomab": 5.98,
    "ratio_antigen_sink": 0.0,
    "ec50_activation": 100.0,
    "ec50_killing": 150.0,
    "rate_contacts": 200.0,
    "p_synapse": 0.8,
    "p_recognition_gvl": 0.8,
    "rate_kill_max": 3.0,
    "potency_resting": 0.24,
    "potency_treg": 0.1,
    "t_cell_fitness": 1.0,
    "treg_effect_on_killing": 0.5,
    "treg_engaged_weight": 4.0,
    "treg_ratio_half": 0.25,
    "treg_share_supported": 0.06,
    "treg_division_share": 0.3,
    "rate_treg_death": 0.1,
    "rate_treg_expansion": 0.1,
    "rate_blast_net_growth": 0.06,
    "rate_blast_death": 0.04,
    "rate_blast_to_neighbour": 0.02,
    "rate_blast_to_blood": 0.002,
    "rate_blast_blood_to_marrow": 1.0,
    "rate_blast_blood_to_extramedullary": 0.01,
    "rate_activation_max": 9.8,
    "rate_division_engaged": 0.35,
    "fraction_division_programmed": 0.0,
    "fold_expansion_max": 4.0,
    "rate_activation_death": 0.1,
    "rate_reversion": 0.5,
    "rate_exhaustion": 0.29,
    "rate_exhaustion_recovery": 0.4,
    "rate_exhaustion_terminal": 0.01,
    "rate_exhaustion_by_blasts": 0.0,
    "n_t_cell_set_point_early": 2.5e10,
    "n_t_cell_set_point_late": 2.5e11,
    "dur_t_cell_recovery": 700.0,
    "rate_homeostatic_division": 0.25,
    "rate_t_cell_turnover": 0.005,
    "rate_blood_to_marrow": 0.25,
    "rate_blood_to_lymphoid": 0.7,
    "rate_blood_to_tissue": 0.05,
    "rate_marrow_to_blood": 0.02,
    "rate_lymphoid_to_blood": 0.022,
    "rate_tissue_to_blood": 0.03,
    "effector_homing": 3.0,
    "phi_bm": 0.2,
    "rate_t_cell_to_neighbour": 0.0,
    "rate_adhesion": 20.0,
    "rate_adhesion_release": 1.2,
    "rate_adaptation": 1.0,
    "rate_adaptation_loss": 0.05,
    "rate_priming": 0.3,
    "n_priming_divisions": 4.0,
    "rate_program_division": 1.2,
    "rate_effector_division": 0.3,
    "rate_contraction": 0.23,
    "fraction_memory": 0.07,
    "rate_apc_decay": 0.05,
    "rate_apc_tolerisation": 0.3,
    "rate_apc_damage": 0.02,
    "fraction_host_apc_persistent": 0.0,
    "rate_peripheral_deletion": 0.0,
    "factor_recall": 0.5,
    "fraction_half_marrow_priming": 1e-3,
    "rate_haematopoietic_division": 0.8,
    "factor_recall_haematopoietic": 0.2,
    "factor_deletion_haematopoietic": 1.0,
    "rate_effector_egress": 0.066,
    "n_effectors_half_damage": 3e6,
    "gvhd_exponent": 2.0,
    "rate_tissue_damage": 0.25,
    "rate_tissue_regeneration": 0.1,
    "n_engaged_crs_unit": 3e6,
    "crs_floor": 0.02,
    "dur_crs": 1.0,
    "rate_crs_tolerance": 0.2,
    "rate_crs_tolerance_loss": 0.01,
    "factor_crs_corticosteroid": 0.4,
    "factor_killing_corticosteroid_low_et": 0.4,
    "factor_killing_corticosteroid_high_et": 1.0,
    "et_ratio_half_steroid": 0.1,
    "p_death_cyclophosphamide": 0.9,
    "factor_cyclophosphamide_treg": 0.2,
    "rate_marrow_recovery": 0.08,
    "fraction_marrow_spared": 0.05,
    "fraction_b_marrow": 0.05,
    "fraction_b_periphery": 0.04,
    "fraction_b_lymphoid": 0.04,
    "rate_b_cell_regeneration": 0.05,
    "day_b_cell_return": 30.0,
    "dur_b_cell_recovery": 120.0,
} | {
    f"factor_{what}_{drug}": value
    for drug, killing in (("ciclosporin", 0.55), ("tacrolimus", 0.55), ("mycophenolate", 0.95))
    for what, value in (("proliferation", 0.2), ("killing", killing))
}
# An engager with a target of its own, made of nothing but declarations; normal B cells do not carry the target here.
CD22 = Antigen("cd22", BitField(46, 1, "cd22_lost", "Whether CD22 is lost."), p_loss="p_cd19_loss")
ANTI_CD22 = Engager(
    "anti_cd22", CD22, "cl_blinatumomab", "volume_blinatumomab", "ec50_activation", "ec50_killing"
)
_BEFORE = {p.name for p in BEFORE_EVENTS}


def make_places(
    kinds: Sequence[PlaceKind], rows: int = 0, columns: int = 0, access: Sequence[float] = ()
) -> Places:
    """Return places that hold nothing, by default of full access; marrow niches must come first, `rows` x `columns` of them."""
    kind = np.array(kinds, np.int32)
    n, niches = kind.size, int((kind == PlaceKind.MARROW).sum())
    if niches and not rows:
        rows, columns = 1, niches
    assert rows * columns == niches
    zero = np.zeros
    return Places(
        rows,
        columns,
        kind,
        np.array(access or [1.0] * n),
        np.full(n, 1e12),
        zero(n),
        zero(n),
        zero(n),
        np.ones(n),
    )


class Lab:
    """One body made by hand; `run` steps it with the named processes only."""

    def __init__(
        self,
        *kinds: PlaceKind,
        rows: Any = 0,  # Any: callers unpack dictionaries of parameters
        columns: Any = 0,
        access: Any = (),
        seed: Any = 1,
        engagers: Any = (BLINATUMOMAB,),
        **parameters: float,
    ) -> None:
        table = ParameterTable.load().values()
        unknown = (set(parameters) | set(BENCH)) - set(table)
        assert not unknown, unknown
        self.values = table | BENCH | parameters
        self.places = make_places(kinds, rows, columns, access)
        self.state = State(
            self.values,
            self.places,
            channels(round(self.values["n_priming_divisions"])),
            engagers,
            base_key(seed, 0, "events"),
            tracked_clones=4,
        )
        self.p: Any = self.state.p  # what is changed here holds

    def add(self, code: int, cells: float, place: int = 0, exhaustion: float = 0.0) -> None:
        self.state.pop.add(code, place, round(cells), np.array([exhaustion, 0.0]))
        self.state.infused += round(cells)

    def run(self, days: float, dt: float, *names: str) -> None:
        before = [PROCESSES[n] for n in PROCESSES if n in names and n in _BEFORE]
        after = [PROCESSES[n] for n in PROCESSES if n in names and n not in _BEFORE]
        assert len(before) + len(after) == len(names), names
        order = Order(before, after)
        for _ in range(round(days / dt)):
            order.advance(self.state, dt)

    def act(self, *names: str, dt: float = 0.25) -> None:
        """Let processes act on a fresh census without drawing events."""
        state = self.state
        state.pop.clear_hazards()
        self.take_census()
        for name in names:
            PROCESSES[name].act(state, dt)

    def take_census(self) -> Census:
        self.state.take_census()
        return self.state.census

    def cells(self, kind: int | None = None, place: int | None = None, mask: int = 0, value: int = 0) -> int:
        """Return cells of a class (None: all) in a place (None: all) whose code has `value` under `mask`."""
        pop = self.state.pop
        rows = pop.rows()
        code, where, n = pop.codes(rows), pop.place[rows], pop.cells[rows]
        keep = np.ones(rows.size, bool)
        if kind is not None:
            keep &= CLASS.of(code) == kind
        if place is not None:
            keep &= where == place
        keep &= (code & mask) == value
        return int(n[keep].sum())

    def trait(self, column: int) -> npt.NDArray[np.float64]:
        """Return the mean of a continuous trait over all T cells."""
        pop = self.state.pop
        rows = pop.rows()
        rows = rows[CLASS.of(pop.codes(rows)) != BLAST]
        return np.average(pop.traits[rows, column], weights=pop.cells[rows])  # type: ignore[no-any-return]

    def drug(self, pg_ml: float, engager: Engager = BLINATUMOMAB) -> None:
        """Hold the level of an engager in every place."""
        state = self.state
        state.signals.drug_pg_ml[state.engagers.index(engager)] = pg_ml
        state.plasma_pg_ml[engager.name] = state.mean_plasma_pg_ml[engager.name] = pg_ml

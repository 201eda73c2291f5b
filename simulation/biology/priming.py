"""Priming: host antigen-presenting cells turn alloreactive Tcon into effectors, later memory."""

from math import exp, expm1

from numba import njit

from simulation.biology.channels import Channel
from simulation.biology.places import PlaceKind
from simulation.biology.state import State
from simulation.biology.traits import DIVISIONS_LEFT, EFFECTOR, MEMORY, STAGE
from simulation.engine.bit_kernels import value_of
from simulation.engine.population import Floats, Ints, Ints32

__all__ = ["Priming"]


class Priming:
    """Add priming, programmed and antigen-driven division, and contraction of alloreactive Tcon.

    Priming happens in lymphoid tissue, in proportion to host antigen-presenting cells (APC). APC decay after
    transplant to a persistent share, are tolerised where Treg suppress, and come up again with tissue damage.
    Where they are few, resting and memory alloreactive cells of the tissues meet host antigen without help and
    are deleted (peripheral tolerance). An effector runs through its divisions where it was primed; then it homes
    (trafficking) and divides on the antigen of host tissue. Effectors contract, a part to memory, which host APC
    recall poorly. So cells of the graft become tolerant with time and those of a later infusion are not yet
    (docs/decisions/0009). Treg suppress priming and every division. In a culture well the stimulators are the APC
    and the antigen that effectors meet.
    """

    name = "priming"
    source = (
        "alloreactive share: Suchin 2001 (recalled); division and contraction: mouse GvHD transfers "
        "(recalled); APC kinetics and deletion: assumption"
    )
    reads = (
        "rate_apc_decay", "rate_apc_tolerisation", "rate_apc_damage", "fraction_host_apc_persistent", "rate_priming",
        "rate_program_division", "rate_effector_division", "rate_contraction", "fraction_memory",
        "rate_peripheral_deletion", "factor_recall",
    )  # fmt: skip

    def act(self, state: State, dt: float) -> None:
        """Advance host APC and add the hazards of alloreactive Tcon."""
        p, pop, signals = state.p, state.pop, state.signals
        where = max(state.places.index(PlaceKind.LYMPHOID), state.places.index(PlaceKind.WELL))
        if where < 0:  # a body has lymphoid tissue, a culture a well
            return
        loss = p.rate_apc_decay + p.rate_apc_tolerisation * float(signals.suppression[where])
        gain = p.rate_apc_damage * (1.0 - state.tissue_integrity)
        level = (gain + loss * p.fraction_host_apc_persistent) / (gain + loss)
        before = state.host_apc
        state.host_apc = level + (before - level) * exp(-(gain + loss) * dt)
        span = (gain + loss) * dt
        apc = level + (before - level) * -expm1(-span) / span  # mean over the step
        _add(
            state.census.alloreactive_rows, pop.code, pop.place, pop.hazard, state.places.kind, signals.suppression,
            p.rate_priming * apc, p.rate_program_division * signals.proliferation_factor,
            p.rate_effector_division * signals.proliferation_factor, apc, p.rate_contraction, p.fraction_memory,
            p.rate_peripheral_deletion * (1.0 - apc), p.factor_recall,
        )  # fmt: skip


@njit(cache=True, error_model="numpy")
def _add(
    rows: Ints32, codes: Ints, places: Ints32, hazard: Floats, kinds: Ints32, suppression: Floats, priming: float,
    program: float, expansion: float, stimulators: float, contraction: float, memory: float, deletion: float, recall: float,
) -> None:  # fmt: skip
    for row in rows:
        code, place = codes[row], places[row]
        free = 1.0 - suppression[place]
        stage = value_of(code, STAGE)
        if stage != EFFECTOR:
            if kinds[place] == PlaceKind.LYMPHOID or kinds[place] == PlaceKind.WELL:
                if stage == MEMORY:
                    hazard[row, Channel.RECALL] += priming * recall * free
                else:
                    hazard[row, Channel.PRIME] += priming * free
            if kinds[place] != PlaceKind.BLOOD and kinds[place] != PlaceKind.WELL:
                hazard[row, Channel.DIE] += deletion
        elif value_of(code, DIVISIONS_LEFT):
            hazard[row, Channel.PROGRAM] += program * free
        else:
            if kinds[place] == PlaceKind.TISSUE:
                hazard[row, Channel.DIVIDE] += expansion * free
            elif kinds[place] == PlaceKind.WELL:
                hazard[row, Channel.DIVIDE] += expansion * stimulators * free
            hazard[row, Channel.DIE] += contraction * (1.0 - memory)
            hazard[row, Channel.CONTRACT] += contraction * memory

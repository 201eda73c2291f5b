"""T-cell engagers: antibodies that bridge T cells to cells with an antigen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.biology.antigens import Antigen

if TYPE_CHECKING:
    from simulation.biology.state import State
    from simulation.engine.population import Floats

__all__ = ["Engager", "targets"]


@dataclass(frozen=True, slots=True)
class Engager:
    """Declare a T-cell engager: its target, and the names of its parameters.

    Parameters
    ----------
    name
        Its name, by which the state holds its infusion rate and plasma levels.
    target
        The antigen on the other side of the synapse.
    clearance, volume
        Parameters of its plasma compartment, L/day and L.
    ec50_activation, ec50_killing
        Parameters: level of half-maximal synapse formation and of half-maximal killing, pg/mL.
    absorption, bioavailability
        Parameters of injection under the skin: rate per day, and share that reaches the plasma; empty where it is not injected.
    """

    name: str
    target: Antigen
    clearance: str
    volume: str
    ec50_activation: str
    ec50_killing: str
    absorption: str = ""
    bioavailability: str = ""


def targets(state: "State", engager: Engager) -> "Floats":
    """Return the cells that carry the engager's target, shape (n_places,)."""
    blasts = state.census.blasts_with(engager.target)
    return blasts + state.places.normal_b if engager.target.on_normal_b else blasts

from simulation.mesa_model import CellAgent, TransplantModel
from simulation.mesa_model.columns import Column


def books_balance(model: TransplantModel) -> bool:
    """Tell whether every cell that came is there or has died."""
    state = model.state
    return state.infused + state.births - state.deaths == state.pop.total_cells()


def attributes(cls: type[CellAgent]) -> list[str]:
    """Return the names of all columns of a class."""
    return sorted(
        {name for base in cls.__mro__ for name, own in vars(base).items() if isinstance(own, Column)}
    )

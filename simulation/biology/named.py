"""Show by name what compiled code holds in records and arrays."""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from simulation.biology.here import PARAMETERS
from simulation.engine.population import Floats

__all__ = ["ByName", "Number", "Parameters"]


class Number[T: (float, int, bool)]:
    """Show one of the body's numbers as an attribute."""

    def __init__(self, kind: type[T]) -> None:
        self.kind: type[T] = kind

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, of: type) -> T:
        return self.kind(owner.numbers[self.name].item())

    def __set__(self, owner: Any, value: float) -> None:
        owner.numbers[self.name][0] = value


class ByName(MutableMapping[str, float]):
    """Show the numbers of an array by the names of what they belong to."""

    def __init__(self, names: Sequence[str], numbers: Floats) -> None:
        self._at = {name: i for i, name in enumerate(names)}
        self._numbers = numbers

    def __getitem__(self, name: str) -> float:
        return float(self._numbers[self._at[name]])

    def __setitem__(self, name: str, value: float) -> None:
        self._numbers[self._at[name]] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"{name} cannot be taken away; set it to 0")

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)


class Parameters:
    """Show parameters as attributes: those of the table live in a record that compiled code reads."""

    def __init__(self, values: Mapping[str, float]) -> None:
        record = np.zeros(1, PARAMETERS)
        names = record.dtype.names or ()
        for name in names:
            record[name] = values[name]
        self.__dict__.update(
            {"record": record} | {name: values[name] for name in values if name not in names}
        )

    def __getattr__(self, name: str) -> float:
        try:
            return float(self.__dict__["record"][name].item())
        except (KeyError, ValueError):
            raise AttributeError(f"no parameter {name!r}") from None

    def __setattr__(self, name: str, value: float) -> None:
        if name in self.__dict__["record"].dtype.names:
            self.__dict__["record"][name] = value
        else:
            super().__setattr__(name, value)

    def copy(self) -> "Parameters":
        """Return an independent copy."""
        twin = Parameters.__new__(Parameters)
        twin.__dict__.update(self.__dict__ | {"record": self.__dict__["record"].copy()})
        return twin

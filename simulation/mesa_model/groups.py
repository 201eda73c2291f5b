"""Agents grouped by what they have in common."""

from collections.abc import Callable, Hashable
from typing import Any

from mesa.agentset import GroupBy

__all__ = ["AgentGroups"]


class AgentGroups(GroupBy):
    """Hold sets, or lists, of agents by what they have in common."""

    def agg(self, attr_name: str, func: Callable[..., Any]) -> dict[Hashable, Any]:
        """Return a function of an attribute's values, by group."""
        return {value: func(_attributes(group, attr_name)) for value, group in self.groups.items()}


def _attributes(group: Any, name: str) -> list[Any]:
    if isinstance(group, list):
        return [getattr(agent, name) for agent in group]
    return list(group.get(name))

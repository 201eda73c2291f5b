"""Patients that differ: a cohort file, or the parameter table's distributions, put into the base scenarios."""

import os
from typing import TYPE_CHECKING, Any

from simulation.errors import nearest_name
from simulation.parameters.dependence import DEPENDENCE
from simulation.parameters.table import ParameterTable
from simulation.scenario.cohort import patients_of
from simulation.scenario.load import parse_scenario
from simulation.sweep.sweep_file import Cohort
from simulation.yaml_source import Node

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["with_cohort"]


def with_cohort(scenario: "Scenario", cohort: Cohort, node: Node, shown: str) -> "Scenario":
    """Return the scenario with the cohort's patients in place of its one; raise `UserError` for a wrong cohort."""
    if cohort.file is not None:
        where = os.path.normpath(os.path.join(os.path.dirname(shown), cohort.file))
        patients = patients_of(where)
        drawn = parse_scenario(scenario.to_yaml(str), (), scenario.name, patients)
        listed = drawn.patient.listed
        if listed is not None and cohort.size > listed:
            expected = f"at most {listed}, as so many are listed"
            raise node.error(f"got {cohort.size}", key="cohort.size", expected=expected)
        return drawn
    return parse_scenario(scenario.to_yaml(str), _of_table(scenario, cohort, node), scenario.name)


def _of_table(scenario: "Scenario", cohort: Cohort, node: Node) -> dict[str, Any]:
    """Return distributions of the table: for all that the scenario does not fix, or for the names that are given."""
    table = ParameterTable.load()
    if cohort.vary is None or cohort.vary == "table":
        fixed = {*scenario.patient, *scenario.parameters}
        names = [row.name for row in table.rows if row.between_patients is not None and row.name not in fixed]
    else:
        names = list(cohort.vary)
    overrides: dict[str, Any] = {}
    for name in names:
        spread = table[name].between_patients if name in table else None
        if spread is None:
            varying = [row.name for row in table.rows if row.between_patients is not None]
            raise node.error(
                f"the table knows no spread between patients for {name!r}",
                key="cohort.vary",
                nearest=nearest_name(name, varying),
            )
        overrides[f"patient.{name}"] = spread.to_plain()
    pairs = table.dependence.among({*names, *scenario.patient.varying})
    if (
        pairs and not scenario.patient.dependence
    ):  # as in a cohort file: what it says replaces what the table says
        overrides[f"patient.{DEPENDENCE}"] = pairs.to_plain()
    return overrides

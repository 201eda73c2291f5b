"""From whom patients are drawn: a cohort file, or the standard cohort, laid on the tree of a scenario."""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError

from simulation.blocks.fields import Block, Text
from simulation.parameters.table import ParameterTable
from simulation.scenario.merge import extended, merge, node_from
from simulation.scenario.patient_list import ENDING, read_patient_list
from simulation.yaml_source import Node, plain, read_yaml

if TYPE_CHECKING:
    from simulation.scenario.schema import Scenario

__all__ = ["NONE", "STANDARD", "CohortFile", "Patients", "cohort_of", "patients_of", "standard_words"]

NONE: Final = "none"  # the patient of the scenario file
STANDARD: Final = "standard"
_TABLE: Final = "the parameter table"
_TRANSPLANT: Final = ("donor", "graft", "immunosuppression", "ptcy")


class CohortFile(Block):
    """Hold the keys of a cohort file; `patient` and what belongs to the transplant are checked with each scenario."""

    name: Annotated[str, Text(120, 1, "High-risk ALL", one_line=True)] = Field(
        description="What reports call it."
    )
    description: Annotated[str, Text(4000)] = Field("", description="Who these patients are.")
    between_patients: Literal["table", "none"] = Field(
        "table", description="table: what is not written under patient varies as the parameter table says."
    )
    patient: Any = Field(
        None, description="Parameters that differ between patients: distributions or values."
    )
    donor: Any = Field(None, description="As in a scenario.")
    graft: Any = Field(None, description="As in a scenario.")
    immunosuppression: Any = Field(
        None, description="The platform's prophylaxis, as in a scenario; takes the place of the files' own."
    )
    ptcy: Any = Field(None, description="Cyclophosphamide after transplant, as in a scenario.")


@dataclass(frozen=True, slots=True)
class Patients:
    """Hold whom a cohort treats: the block `patient`, and what it says of donor, graft and prophylaxis.

    Those of a file take the place of the scenario's patient. The standard cohort varies as the parameter table says, but for
    what the scenario's own file writes under `patient`, and what is changed under `parameters`.
    """

    name: str
    description: str
    patient: Node
    transplant: Node
    standard: bool = False

    @classmethod
    def read(cls, node: Node, path: Path, shown: str) -> Self:
        """Read the tree of a cohort file; raise `UserError` where it is wrong."""
        from simulation.scenario.messages import user_error

        tree = extended(node, path, shown)
        keys = _entries(tree)
        try:
            file = CohortFile.model_validate(plain(tree))
        except ValidationError as error:
            raise user_error(error, tree, CohortFile) from None
        patient = keys.get("patient", Node(None, shown))
        if patient.value is None:
            patient = Node({}, shown)
        if not isinstance(patient.value, dict):
            expected = "a block of keys such as rate_blast_net_growth: 0.07 /day"
            raise patient.error("got something else", key="patient", expected=expected)
        if file.between_patients == "table":
            patient = merge(_table_node(), patient, ("patient",))
        transplant = Node({key: keys[key] for key in _TRANSPLANT if key in keys}, shown)
        return cls(file.name, file.description, patient, transplant)

    @classmethod
    def listed(cls, path: "str | os.PathLike[str]") -> Self:
        """Read a CSV file of patients; what it does not say of them varies as the parameter table says."""
        n, values = read_patient_list(path)
        shown = os.fspath(path)
        patient = merge(_table_node(), node_from(values, shown), ("patient",))
        words = f"The {n} patients of {Path(path).name}, by its rows; what it does not say is drawn as the parameter table says."
        return cls(Path(path).stem, words, patient, Node({}, shown))

    @classmethod
    def usual(cls) -> Self:
        """Return the standard cohort: whatever varies between patients in the parameter table."""
        words = "Drawn as the parameter table says; what the scenario files themselves write under patient is the same for all."
        return cls("the standard cohort", words, _table_node(), Node({}, _TABLE), standard=True)

    def treat(self, tree: Node, own: Node, settings: Iterable[str] = ()) -> Node:
        """Return a scenario's tree with these patients; `own` is that of its file alone, `settings` the keys set afterwards."""
        keys = _entries(merge(tree, self.transplant))
        if not self.standard:
            return Node(keys | {"patient": self.patient}, tree.file, tree.line, tree.column)
        file = _entries(own).get("patient", Node(None, tree.file))
        if file.value is not None and not isinstance(file.value, dict):
            return tree  # a mistake, which is told when the scenario is checked
        written = {name: node for name, node in _entries(file).items() if node.value is not None}
        fixed = {*_entries(keys.get("parameters")), *(key.removeprefix("parameters.") for key in settings)}
        drawn = _table_node([row.name for row in ParameterTable.load().rows if row.name not in fixed])
        patient = merge(drawn, replace(file, value=written), ("patient",))
        return Node(keys | {"patient": patient}, tree.file, tree.line, tree.column)


def patients_of(cohort: "str | os.PathLike[str] | None") -> Patients | None:
    """Return whom `cohort` names: `standard`, a cohort file, or nobody (`none`, None: the scenario's own patient)."""
    if cohort is None or cohort == NONE:
        return None
    if cohort == STANDARD:
        return Patients.usual()
    shown = os.fspath(cohort)
    if shown.endswith(ENDING):
        return Patients.listed(cohort)
    return Patients.read(read_yaml(cohort, shown), Path(cohort), shown)


def cohort_of(patient: int, named: str | None) -> str:
    """Return whose a patient is where nobody need be named: 0 is the file's own, each other number one of the standard cohort."""
    return named or (STANDARD if patient else NONE)


def standard_words(scenario: "Scenario", patient: int, named: str | None) -> str:
    """Return who a patient is whom nobody has placed in a cohort; empty where that needs no words."""
    from simulation.scenario.resolve import varies

    if named is not None or not patient or not varies(scenario):
        return ""
    return f"Patient {patient} is one of the standard cohort, but for what the file itself writes under `patient`"


def _entries(node: Node | None) -> dict[str, Node]:
    """Return the entries of a block, none where there is no block."""
    return dict(node.value) if node is not None and isinstance(node.value, dict) else {}


def _table_node(names: Collection[str] | None = None) -> Node:
    return node_from(ParameterTable.load().between_patients(names), _TABLE)

"""The blocks of a scenario whose keys are names: patient, parameters, processes."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from simulation.blocks.fields import BARE, Custom, FrozenMap, Problem, parse_bare, problem, problems, show
from simulation.errors import nearest_name
from simulation.parameters.dependence import DEPENDENCE, INDEPENDENT, Dependence, parse_dependence
from simulation.parameters.distributions import DISTRIBUTIONS, WORDS, Distribution
from simulation.parameters.processes import PROCESS_NAMES
from simulation.parameters.read_distribution import DistributionError, parse_distribution
from simulation.parameters.table import Parameter, ParameterTable
from simulation.units import QuantityError, format_quantity, parse_quantity

__all__ = [
    "FaultError",
    "ParameterValues",
    "PatientMap",
    "PatientValues",
    "ProcessSwitches",
    "distribution_json_schema",
    "read_value",
    "write_value",
]


class PatientMap(FrozenMap[float | Distribution]):
    """Hold name -> value or distribution, and how those that vary depend on one another."""

    __slots__ = ("dependence",)

    def __init__(
        self, items: Mapping[str, float | Distribution] | None = None, dependence: Dependence = INDEPENDENT
    ) -> None:
        super().__init__(items)
        self.dependence = dependence

    def __eq__(self, other: object) -> bool:
        known = other.dependence if isinstance(other, PatientMap) else INDEPENDENT
        return super().__eq__(other) and self.dependence == known

    def __hash__(self) -> int:
        return hash((super().__hash__(), self.dependence))

    def __repr__(self) -> str:
        return f"PatientMap({self._items!r}, {self.dependence!r})"

    @property
    def varying(self) -> set[str]:
        """Return the names of those that vary between patients."""
        return _varying(self)

    @property
    def listed(self) -> int | None:
        """Return how many patients are listed one by one; None where none are."""
        lists = (one for one in self.values() if isinstance(one, Distribution) and one.is_list)
        return min((len(one.values) for one in lists), default=None)

    def drawn(self, uniform: Callable[[str], float] | None, patient: int = 0) -> dict[str, float]:
        """Return the values of one patient; see `resolve_parameters`."""
        return drawn(self, None if uniform is None else self.dependence.numbers(uniform), patient)

    def fixing(self, values: Mapping[str, float]) -> "PatientMap":
        """Return the block with some values given, which leave their pairs."""
        items = {**self, **values}
        return PatientMap(items, self.dependence.among(_varying(items)))


def drawn(
    values: Mapping[str, float | Distribution], uniform: Callable[[str], float] | None, patient: int = 0
) -> dict[str, float]:
    """Return values with each distribution sampled at the number of its name, or at its median; listed ones by the patient's."""
    return {
        name: value
        if not isinstance(value, Distribution)
        else value.median
        if uniform is None
        else value.of_patient(patient, uniform(name))
        for name, value in values.items()
    }


def _varying(values: Mapping[str, float | Distribution]) -> set[str]:
    return {name for name, value in values.items() if isinstance(value, Distribution) and value.varies}


class FaultError(Exception):
    """Carry what is wrong with one entry of a block of names."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _read_each(value: Any, read: Callable[[str, Any], Any], example: str) -> FrozenMap[Any]:
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        raise problem(f"got {show(value)}", f"a block of keys such as {example}")
    wrong_ones: list[Problem] = []
    items: dict[str, Any] = {}
    for name, written in value.items():
        try:
            items[str(name)] = read(str(name), written)
        except FaultError as wrong:
            wrong_ones.append(wrong.problem)
    if wrong_ones:
        raise problems(wrong_ones)
    return FrozenMap(dict(sorted(items.items())))


def _row(name: str, *also: str) -> Parameter:
    table = ParameterTable.load()
    if name not in table:
        near = nearest_name(name, [*table.names, *also])
        raise FaultError(Problem("there is no such parameter", (name,), None, near, at_key=True))
    return table[name]


def _value(row: Parameter, written: Any) -> float:
    try:
        return parse_quantity(written, row.dimension)
    except QuantityError as error:
        raise FaultError(Problem(error.message, (row.name,), error.expected, error.nearest)) from None


def read_value(row: Parameter, written: Any) -> float | Distribution:
    """Return a parameter's value in canonical units, or its distribution; raise `FaultError`."""
    if not isinstance(written, Mapping):
        return _value(row, written)
    try:
        return parse_distribution(written, row.dimension, row.value, row.low, row.high)
    except DistributionError as error:
        raise FaultError(
            Problem(error.message, (row.name, *error.path), error.expected, error.nearest)
        ) from None


def _switch(name: str, written: Any) -> bool:
    if name not in PROCESS_NAMES:
        near = nearest_name(name, PROCESS_NAMES)
        message = "" if near else f"; the processes are {', '.join(PROCESS_NAMES)}"
        raise FaultError(Problem(f"there is no such process{message}", (name,), None, near, at_key=True))
    meaning = {True: True, False: False, "on": True, "off": False}
    if not isinstance(written, bool | str) or written not in meaning:
        raise FaultError(Problem(f"got {show(written)}", (name,), "on or off"))
    return meaning[written]


def read_patient(value: Any) -> PatientMap:
    """Return parameter name -> value in canonical units, or a distribution; and what depends on what."""
    written = (
        {key: one for key, one in value.items() if key != DEPENDENCE} if isinstance(value, Mapping) else value
    )
    items = _read_each(written, lambda name, one: read_value(_row(name, DEPENDENCE), one), "{weight: 70 kg}")
    pairs = value.get(DEPENDENCE) if isinstance(value, Mapping) else None
    try:
        return PatientMap(items, parse_dependence(pairs, ParameterTable.load().names, _varying(items)))
    except DistributionError as error:
        raise problem(error.message, error.expected, error.nearest, (DEPENDENCE, *error.path)) from None


def read_parameters(value: Any) -> FrozenMap[float]:
    """Return parameter name -> value in canonical units."""
    if isinstance(value, str):  # as a trial file may say
        expected = (
            "values such as {rate_blast_death: 0.05 /day}; sets of parameters are for patients, not for a treatment: "
            "--posterior, `parameters: posterior` in a trial file, `parameter_sets` in a sweep file"
        )
        raise problem(f"got {show(value)}", expected)
    return _read_each(
        value, lambda name, written: _value(_row(name), written), "{rate_blast_death: 0.05 /day}"
    )


def read_processes(value: Any) -> FrozenMap[bool]:
    """Return process name -> whether it acts."""
    return _read_each(value, _switch, "{gvl: off}")


def write_value(row: Parameter, value: float | Distribution) -> Any:
    """Return a parameter's value as the YAML file would say it."""
    if isinstance(value, Distribution):
        return value.to_plain()
    text = format_quantity(value, row.dimension)
    return parse_bare(text) if row.dimension in BARE else text


def write_values(values: Mapping[str, float | Distribution]) -> dict[str, Any]:
    """Return the block as the YAML file would say it."""
    table = ParameterTable.load()
    written = {name: write_value(table[name], value) for name, value in values.items()}
    if isinstance(values, PatientMap) and values.dependence:
        written[DEPENDENCE] = values.dependence.to_plain()
    return written


def write_processes(values: Mapping[str, bool]) -> dict[str, Any]:
    """Return the block as the YAML file would say it."""
    return {name: "on" if value else "off" for name, value in values.items()}


def _each_row(with_distributions: bool) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for row in ParameterTable.load().rows:
        described = f"{row.allowed}; default {row.written(row.value)} ({row.kind}). {row.source}"
        kinds: list[dict[str, Any]] = [{"x-use": row.dimension}, {"type": "null"}]
        if with_distributions:
            kinds.insert(1, {"x-use": "Distribution"})
        properties[row.name] = {
            "description": described,
            "anyOf": kinds,
            "examples": [row.written(row.value)],
        }
    return {"type": "object", "properties": properties, "additionalProperties": False}


def patient_schema() -> dict[str, Any]:
    """Return the JSON Schema of `patient:`."""
    schema = _each_row(with_distributions=True)
    schema["properties"][DEPENDENCE] = dependence_json_schema()
    return schema


def parameters_schema() -> dict[str, Any]:
    """Return the JSON Schema of `parameters:`."""
    return _each_row(with_distributions=False)


def processes_schema() -> dict[str, Any]:
    """Return the JSON Schema of `processes:`."""
    switch = {"enum": ["on", "off", True, False, None]}
    return {
        "type": "object",
        "properties": {name: switch for name in PROCESS_NAMES},
        "additionalProperties": False,
    }


def distribution_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a distribution between patients."""
    names = sorted(set(WORDS) - {"values", "weights", "parts", "otherwise", "source"})
    number = {
        "type": ["string", "number"],
        "description": "A number with its unit; sigma, cv and weights have none.",
    }
    properties: dict[str, Any] = {"distribution": {"enum": list(DISTRIBUTIONS)}, "source": {"type": "string"}}
    properties |= dict.fromkeys(names, number)
    known = {"type": ["string", "number", "null"], "description": "null: not known, of a listed patient."}
    properties["values"] = {"type": "array", "items": known}
    properties["weights"] = {"type": "array", "items": number}
    part = {
        "type": "object",
        "properties": {"weight": number}
        | properties
        | {"distribution": {"enum": [kind for kind in DISTRIBUTIONS if kind not in ("mixture", "listed")]}},
        "required": ["weight", "distribution"],
        "additionalProperties": False,
    }
    properties["parts"] = {
        "type": "array",
        "items": part,
        "minItems": 2,
        "description": "Of a mixture: other distributions, each with its weight.",
    }
    properties["otherwise"] = {
        "type": "object",
        "description": "Of listed patients: the distribution of those without a value.",
        "properties": properties
        | {"distribution": {"enum": [kind for kind in DISTRIBUTIONS if kind != "listed"]}},
        "required": ["distribution"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "description": "How the parameter varies between patients.",
        "properties": properties,
        "required": ["distribution"],
        "additionalProperties": False,
        "examples": [{"distribution": "lognormal", "low": "0.02 /day", "high": "0.25 /day"}],
    }


def dependence_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the pairs of parameters that depend on one another."""
    name = {"type": "string", "description": "A parameter that varies between these patients."}
    correlation = {
        "type": "number",
        "exclusiveMinimum": -1,
        "exclusiveMaximum": 1,
        "description": "Of the normal scores: of the logarithms, where both are log-normal.",
    }
    pair = {
        "type": "object",
        "properties": {"of": name, "with": name, "correlation": correlation, "source": {"type": "string"}},
        "required": ["of", "with", "correlation"],
        "additionalProperties": False,
    }
    return {
        "description": "Which parameters depend on one another between patients; a pair not written has correlation 0.",
        "anyOf": [{"type": "array", "items": pair}, {"type": "null"}],
    }


PatientValues = Annotated[PatientMap, Custom(read_patient, write_values, patient_schema)]
ParameterValues = Annotated[FrozenMap[float], Custom(read_parameters, write_values, parameters_schema)]
ProcessSwitches = Annotated[FrozenMap[bool], Custom(read_processes, write_processes, processes_schema)]

"""The fields by which a person changes a scenario: how each reads from it, and what it writes into it."""

import math
from typing import TYPE_CHECKING, Final

from simulation.blocks.fields import show
from simulation.errors import UserError
from simulation.products.form import AS_WRITTEN, Form, FormField, as_day, as_number, with_unit
from simulation.products.registry import PRODUCTS
from simulation.units import format_number

if TYPE_CHECKING:
    from simulation.parameters import ParameterValues
    from simulation.scenario.schema import Scenario

__all__ = ["FIELDS", "FORM_KEYS", "GROUPS", "field_of_key", "label_of_key", "overrides", "read_form", "shown"]

_SIMPLE: Final = ("never", "day", "mrd", "overt_relapse")
_PRODUCTS: Final = {product: product.form() for product in PRODUCTS}
FIELDS: Final = (
    FormField("seed", "Seed", "seed"),
    FormField("patient", "Patient number", "patient"),
    FormField(
        "start", "Treatment starts", "start.when", "choice",
        values=(*_SIMPLE, AS_WRITTEN),
        words={"day": "on a fixed day", "mrd": "when MRD is measured", "overt_relapse": "at overt relapse"},
    ),
    FormField("start_day", "Start day", "start.day", unit="day after transplant", needs=lambda form: form["start"] == "day"),
    FormField("start_mrd", "MRD at or above", "start.at_least", unit="fraction", needs=lambda form: form["start"] == "mrd"),
    FormField("donor", "Donor", "donor.match", "choice", values=("haploidentical", "matched_sibling", "matched_unrelated"),
          words={"matched_sibling": "matched sibling", "matched_unrelated": "matched unrelated"}),
    FormField("treg_ratio", "Treg in the graft", "graft.treg", unit="Treg per Tcon"),
    FormField("growth", "Growth of the blasts", "patient.rate_blast_net_growth", "slider", unit="/day",
          values=("0.015", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07", "0.08", "0.1", "0.12", "0.15", "0.2", "0.27")),
    FormField("recovery", "T-cell recovery, set point", "patient.n_t_cell_set_point_early", "slider", unit="cells",
          values=("5e9", "7e9", "1e10", "1.5e10", "2e10", "2.5e10", "3e10", "4e10", "6e10", "8e10", "1e11"),
          hint="T cells the body sustains in the first months."),
    FormField("mrd_every", "MRD test every", "monitoring.mrd.every", unit="days"),
    *(field for fields in _PRODUCTS.values() for field in fields),
)  # fmt: skip
GROUPS: Final = (
    ("Patient", ("seed", "patient", "growth", "recovery", "donor", "treg_ratio")),
    ("When to treat", ("start", "start_day", "start_mrd", "mrd_every")),
    *(
        (product.title, tuple(field.name for field in fields))
        for product, fields in _PRODUCTS.items()
        if fields
    ),
)
_BY_NAME: Final = {field.name: field for field in FIELDS}
FORM_KEYS: Final = tuple(_BY_NAME)


def shown(field: FormField, form: Form) -> bool:
    """Return whether a field has a meaning with the other fields as they are."""
    return field.needs is None or field.needs(form)


def field_of_key(key: str) -> str | None:
    """Return the field that writes a scenario's key, or the nearest above it."""
    best = [field for field in FIELDS if key == field.key or key.startswith(f"{field.key}.")]
    return max(best, key=lambda field: len(field.key)).name if best else None


def label_of_key(key: str) -> str:
    """Return what the page calls a scenario's key, or the name of a field; a key without a field is told in words."""
    field = _BY_NAME.get(key) or _BY_NAME.get(field_of_key(key) or "")
    return field.label if field else key.replace("_", " ").replace(".", ", ")


def read_form(scenario: "Scenario", values: "ParameterValues", seed: int, patient: int) -> dict[str, str]:
    """Return the fields as a scenario and its patient fill them; what is off shows the usual treatment."""
    start, mrd = scenario.start, scenario.monitoring.mrd
    number = format_number
    return {
        "seed": str(seed),
        "patient": str(patient),
        "start": start.when if start.when in _SIMPLE else AS_WRITTEN,
        "start_day": number(start.day) if start.when == "day" else "60",
        "start_mrd": number(start.at_least) if start.when == "mrd" else "1e-4",
        "donor": scenario.donor.match,
        "treg_ratio": number(scenario.graft.treg / (scenario.graft.tcon or 1.0)),
        "growth": number(values.rate_blast_net_growth),
        "recovery": number(values.n_t_cell_set_point_early),
        "mrd_every": number(mrd.every) if mrd is not None and mrd.every is not None else "",
        **{field.name: field.read(scenario) for field in FIELDS if field.read is not None},
    }


def overrides(form: Form, base: Form, scenario: "Scenario") -> dict[str, object]:
    """Return what `--set` must change to come from the file (`scenario`, whose fields are `base`) to the form."""
    changed = {name for name in FORM_KEYS if form[name] != base[name]}
    sets: dict[str, object] = {}
    _start(form, changed, sets)
    for product in PRODUCTS:
        sets |= product.form_changes(form, base, scenario, treated=form["start"] != "never")
    if "donor" in changed:
        sets["donor.match"] = form["donor"]
    if "treg_ratio" in changed:
        sets["graft.treg"] = _times(form["treg_ratio"], scenario.graft.tcon)
    if "growth" in changed:
        sets["patient.rate_blast_net_growth"] = f"{form['growth']} /day"
    if "recovery" in changed:
        sets["patient.n_t_cell_set_point_early"] = f"{form['recovery']} cells"
    if "mrd_every" in changed:
        sets["monitoring.mrd.every"] = with_unit("d")(form["mrd_every"])
    return sets


def _start(form: Form, changed: set[str], sets: dict[str, object]) -> None:
    when = form["start"]
    if "start" in changed and when != AS_WRITTEN:
        sets["start.when"] = when
        if when == "day":
            sets["start.day"] = as_day(form["start_day"])
        if when == "mrd":
            sets["start.at_least"] = form["start_mrd"]
        return
    if "start_day" in changed and when == "day":
        sets["start.day"] = as_day(form["start_day"])
    if "start_mrd" in changed and when == "mrd":
        sets["start.at_least"] = form["start_mrd"]


def _times(text: str, cells: float) -> str:
    """Return so many times the cells; raise `UserError` for what is no share of them."""
    number = as_number(text)
    if not isinstance(number, float) or number < 0 or not math.isfinite(number * cells):
        raise UserError(
            f"got {show(text)}", key="graft.treg", expected="Treg per Tcon, a number from 0 on such as 0.5"
        )
    return f"{format_number(number * cells)} cells/kg"

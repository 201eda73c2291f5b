"""The fields by which a person changes a scenario: how each reads from it, and what it writes into it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from simulation.units import format_number

if TYPE_CHECKING:
    from simulation.parameters import ParameterValues
    from simulation.scenario.schema import Scenario

__all__ = ["FIELDS", "FORM_KEYS", "GROUPS", "Field", "Form", "field_of_key", "overrides", "read_form"]

type Form = Mapping[str, str]


@dataclass(frozen=True)
class Field:
    """Describe one field: `values` are its choices, or the stops of its slider; `key` is the scenario's."""

    name: str
    label: str
    key: str
    kind: Literal["text", "choice", "switch", "slider"] = "text"
    unit: str = ""
    values: tuple[str, ...] = ()
    words: Mapping[str, str] | None = None  # how a choice reads
    needs: tuple[str, str] | None = None  # shown only while another field has this value
    plan: bool = False  # of the treatment plan: needs no restart before treatment begins
    hint: str = ""


_ON: Final = "on"
_OFF: Final = "off"
_DRUGS: Final = (
    "none",
    "ciclosporin",
    "tacrolimus",
    "mycophenolate",
    "corticosteroid",
    "ptcy",
    "as in the file",
)

FIELDS: Final = (
    Field("seed", "Seed", "seed"),
    Field("patient", "Patient number", "patient"),
    Field(
        "start", "Treatment starts", "start.when", "choice",
        values=("never", "day", "mrd", "overt_relapse", "as in the file"),
        words={"day": "on a fixed day", "mrd": "when MRD is measured", "overt_relapse": "at overt relapse"},
    ),
    Field("start_day", "Start day", "start.day", unit="day after transplant", needs=("start", "day")),
    Field("start_mrd", "MRD at or above", "start.at_least", unit="fraction", needs=("start", "mrd")),
    Field("blin", "Blinatumomab", "blinatumomab", "switch", plan=True),
    Field("blin_dose", "Dose", "blinatumomab.dose", unit="µg/day", needs=("blin", _ON), plan=True,
          hint="Also 15 ug/m2/day."),
    Field("blin_cycles", "Cycles", "blinatumomab.cycles", "slider", unit="cycles",
          values=tuple(str(n) for n in range(1, 13)), needs=("blin", _ON), plan=True),
    Field("blin_on", "Infusion in each cycle", "blinatumomab.on", unit="days", needs=("blin", _ON), plan=True),
    Field("blin_off", "Rest after it", "blinatumomab.off", unit="days", needs=("blin", _ON), plan=True),
    Field("dli", "Donor lymphocytes (DLI)", "dli", "switch", plan=True),
    Field("dli_cd3", "Dose of each infusion", "dli.cd3", unit="CD3+/kg", needs=("dli", _ON), plan=True,
          hint="One per infusion, with commas."),
    Field("dli_number", "Number of infusions", "dli.cd3", "slider", unit="infusions",
          values=tuple(str(n) for n in range(1, 11)), needs=("dli", _ON), plan=True),
    Field("dli_first", "First infusion on day", "dli.first", unit="of treatment", needs=("dli", _ON), plan=True,
          hint="Such as 1, or 15 of cycle 1."),
    Field("dli_every", "Interval", "dli.every", unit="days", needs=("dli", _ON), plan=True),
    Field("dli_treg", "Treg given with each Tcon", "dli.treg_per_tcon", unit="Treg per Tcon", needs=("dli", _ON), plan=True),
    Field("donor", "Donor", "donor.match", "choice", values=("haploidentical", "matched_sibling"),
          words={"matched_sibling": "matched sibling"}),
    Field("treg_ratio", "Treg in the graft", "graft.treg", unit="Treg per Tcon"),
    Field("growth", "Growth of the blasts", "patient.rate_blast_net_growth", "slider", unit="/day",
          values=("0.015", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07", "0.08", "0.1", "0.12", "0.15", "0.2", "0.27")),
    Field("recovery", "T-cell recovery, set point", "patient.n_t_cell_set_point_early", "slider", unit="cells",
          values=("5e9", "7e9", "1e10", "1.5e10", "2e10", "2.5e10", "3e10", "4e10", "6e10", "8e10", "1e11"),
          hint="T cells the body sustains in the first months."),
    Field("mrd_every", "MRD test every", "monitoring.mrd.every", unit="days"),
    Field("immuno", "Immunosuppression", "immunosuppression", "choice", values=_DRUGS,
          words={"ptcy": "cyclophosphamide after transplant"}),
    Field("immuno_from", "From day", "immunosuppression.0.from", unit="after transplant", needs=("immuno", "drug")),
    Field("immuno_to", "To day", "immunosuppression.0.to", unit="after transplant", needs=("immuno", "drug")),
)  # fmt: skip
GROUPS: Final = (
    ("Patient", ("seed", "patient", "growth", "recovery", "donor", "treg_ratio")),
    ("When to treat", ("start", "start_day", "start_mrd", "mrd_every")),
    ("Blinatumomab", ("blin", "blin_dose", "blin_cycles", "blin_on", "blin_off")),
    ("Donor lymphocytes", ("dli", "dli_cd3", "dli_number", "dli_first", "dli_every", "dli_treg")),
    ("Other drugs", ("immuno", "immuno_from", "immuno_to")),
)
_BY_NAME: Final = {field.name: field for field in FIELDS}
FORM_KEYS: Final = tuple(_BY_NAME)


def shown(field: Field, form: Form) -> bool:
    """Return whether a field has a meaning with the other fields as they are."""
    if field.needs is None:
        return True
    name, value = field.needs
    if value == "drug":
        return form[name] not in ("none", "as in the file")
    return form[name] == value


def field_of_key(key: str) -> str | None:
    """Return the field that writes a scenario's key, or the nearest above it."""
    best = [field for field in FIELDS if key == field.key or key.startswith(f"{field.key}.")]
    return max(best, key=lambda field: len(field.key)).name if best else None


def read_form(scenario: "Scenario", values: "ParameterValues", seed: int, patient: int) -> dict[str, str]:
    """Return the fields as a scenario and its patient fill them; what is off shows the usual treatment."""
    start, blin, dli, mrd = scenario.start, scenario.blinatumomab, scenario.dli, scenario.monitoring.mrd
    drugs, ratio = scenario.immunosuppression, scenario.graft.treg / (scenario.graft.tcon or 1.0)
    simple = start.when in ("never", "day", "mrd", "overt_relapse")
    doses = dli.cd3 if dli is not None else (1e5, 5e5, 1e6)
    duty = blin if blin is not None and blin.pattern is None else None
    number = format_number
    return {
        "seed": str(seed),
        "patient": str(patient),
        "start": start.when if simple else "as in the file",
        "start_day": number(start.day) if start.when == "day" else "60",
        "start_mrd": number(start.at_least) if start.when == "mrd" else "1e-4",
        "blin": _ON if blin is not None else _OFF,
        "blin_dose": _dose(duty.dose) if duty is not None else "28",
        "blin_cycles": str(blin.cycles if blin is not None else 4),
        "blin_on": number(duty.on) if duty is not None and duty.on is not None else "28",
        "blin_off": number(duty.off) if duty is not None and duty.off is not None else "14",
        "dli": _ON if dli is not None else _OFF,
        "dli_cd3": ", ".join(number(dose) for dose in doses),
        "dli_number": str(len(doses)),
        "dli_first": _first(scenario),
        "dli_every": number(dli.every) if dli is not None else "42",
        "dli_treg": number(dli.treg_per_tcon) if dli is not None else "0",
        "donor": scenario.donor.match,
        "treg_ratio": number(ratio),
        "growth": number(values.rate_blast_net_growth),
        "recovery": number(values.n_t_cell_set_point_early),
        "mrd_every": number(mrd.every) if mrd is not None else "",
        "immuno": "none" if not drugs else drugs[0].drug if len(drugs) == 1 else "as in the file",
        "immuno_from": number(drugs[0].start) if len(drugs) == 1 else "-1",
        "immuno_to": number(drugs[0].end) if len(drugs) == 1 else "100",
    }


def overrides(form: Form, base: Form, scenario: "Scenario") -> dict[str, object]:
    """Return what `--set` must change to come from the file (`scenario`, whose fields are `base`) to the form."""
    changed = {name for name in FORM_KEYS if form[name] != base[name]}
    sets: dict[str, object] = {}
    _start(form, changed, sets)
    treated = form["start"] != "never"
    _treatment(
        "blinatumomab",
        _blinatumomab(form),
        ("dose", "cycles", "on", "off"),
        "blin",
        form,
        base,
        scenario,
        treated,
        sets,
    )
    _treatment(
        "dli", _dli(form), ("cd3", "first", "every", "treg_per_tcon"), "dli", form, base, scenario, treated, sets,
        {"first": "dli_first", "cd3": "dli_cd3", "every": "dli_every", "treg_per_tcon": "dli_treg"},
    )  # fmt: skip
    if (
        "," in form["dli_cd3"]
        and "dli.cd3" in sets
        and scenario.dli is not None
        and len(scenario.dli.cd3) == 1
    ):
        sets.setdefault(
            "dli.every", _with(form["dli_every"], "d")
        )  # several infusions need the interval between them
    if not treated and scenario.cytoreduction is not None:
        sets["cytoreduction"] = None
    if "donor" in changed:
        sets["donor.match"] = form["donor"]
    if "treg_ratio" in changed:
        sets["graft.treg"] = _times(form["treg_ratio"], scenario.graft.tcon)
    if "growth" in changed:
        sets["patient.rate_blast_net_growth"] = f"{form['growth']} /day"
    if "recovery" in changed:
        sets["patient.n_t_cell_set_point_early"] = f"{form['recovery']} cells"
    if "mrd_every" in changed:
        sets["monitoring.mrd.every"] = _with(form["mrd_every"], "d")
    if changed & {"immuno", "immuno_from", "immuno_to"} and form["immuno"] != "as in the file":
        sets["immunosuppression"] = _immunosuppression(form)
    return sets


def _start(form: Form, changed: set[str], sets: dict[str, object]) -> None:
    when = form["start"]
    if "start" in changed and when != "as in the file":
        sets["start.when"] = when
        if when == "day":
            sets["start.day"] = _day(form["start_day"])
        if when == "mrd":
            sets["start.at_least"] = form["start_mrd"]
        return
    if "start_day" in changed and when == "day":
        sets["start.day"] = _day(form["start_day"])
    if "start_mrd" in changed and when == "mrd":
        sets["start.at_least"] = form["start_mrd"]


def _treatment(
    key: str,
    block: dict[str, object],
    parts: tuple[str, ...],
    switch: str,
    form: Form,
    base: Form,
    scenario: "Scenario",
    treated: bool,
    sets: dict[str, object],
    names: Mapping[str, str] | None = None,
) -> None:
    """Write one treatment: none, the whole block where the file has none, else what differs."""
    there = getattr(scenario, key) is not None
    if form[switch] == _OFF or not treated:
        if there:
            sets[key] = None
        return
    if not there:
        sets[key] = block
        return
    field = names or {part: f"{switch}_{part}" for part in parts}
    for part in parts:
        if form[field[part]] != base[field[part]]:
            sets[f"{key}.{part}"] = block[part]


def _blinatumomab(form: Form) -> dict[str, object]:
    return {
        "dose": _with(form["blin_dose"], "ug/day"),
        "cycles": _whole(form["blin_cycles"]),
        "on": _with(form["blin_on"], "d"),
        "off": _with(form["blin_off"], "d"),
    }


def _dli(form: Form) -> dict[str, object]:
    return {
        "cd3": [_with(dose.strip(), "cells/kg") for dose in form["dli_cd3"].split(",")],
        "first": _day(form["dli_first"]),
        "every": _with(form["dli_every"], "d"),
        "treg_per_tcon": _plain(form["dli_treg"]),
    }


def _immunosuppression(form: Form) -> list[object]:
    if form["immuno"] == "none":
        return []
    return [
        {"drug": form["immuno"], "from": _day(form["immuno_from"]), "to": _day(form["immuno_to"]), "level": 1}
    ]


def _first(scenario: "Scenario") -> str:
    dli = scenario.dli
    if dli is None:
        return "15" if scenario.blinatumomab is not None else "1"
    cycle = f" of cycle {dli.first.cycle}" if dli.first.cycle else ""
    return f"{format_number(dli.first.day)}{cycle}"


def _dose(dose: object) -> str:
    amount, per_m2 = getattr(dose, "amount", 28.0), getattr(dose, "per_m2", False)
    return f"{format_number(amount)} ug/m2/day" if per_m2 else format_number(amount)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _with(text: str, unit: str) -> str:
    """Add the field's own unit to a bare number; what has another unit, or is no quantity, stays."""
    return f"{text.strip()} {unit}" if _is_number(text) else text.strip() or "nothing"


def _day(text: str) -> str:
    bare = text.strip().removeprefix("day").strip()
    return f"day {bare}"


def _plain(text: str) -> object:
    return float(text) if _is_number(text) else text


def _whole(text: str) -> object:
    return int(text) if text.strip().isdecimal() else text


def _times(text: str, cells: float) -> str:
    return f"{format_number(float(text) * cells)} cells/kg" if _is_number(text) else f"{text} per Tcon"

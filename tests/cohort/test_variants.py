"""The cohorts that ship: each loads, has a source for everything, and differs from the standard only where it says."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from simulation.cli.kinds import kind_of
from simulation.parameters.table import ParameterTable
from simulation.trial.load import load_cohort_arm
from tests.cohort.conftest import COHORTS, STANDARD

VARIANTS = sorted(path for path in COHORTS.glob("*.yaml") if path != STANDARD)
CHANGED = {
    "standard_risk_all": {"patient.rate_blast_net_growth", "patient.n_residual_blasts"},
    "fast_growing_all": {"patient.rate_blast_net_growth"},
    "t_cell_lymphopenia": {"patient.n_t_cell_set_point_early"},
    "treg_rich_recovery": {"graft.treg", "patient.treg_share_supported"},
    "cd19_negative_reservoir": {"patient.n_cd19_negative_reservoir"},
    "matched_sibling": {"donor.match"},
    "matched_unrelated": {"donor.match", "graft.treg", "graft.treg_day", "graft.tcon", "immunosuppression"},
    "ptcy_haploidentical": {
        "graft.treg",
        "graft.treg_day",
        "graft.tcon",
        "immunosuppression",
        "ptcy.dose",
        "ptcy.days",
    },
    "sibling_cni": {"donor.match", "graft.treg", "graft.treg_day", "graft.tcon", "immunosuppression"},
}


def flat(tree: dict[str, Any], path: str = "", depth: int = 2) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and depth > 1:
            record |= flat(value, f"{path}{key}.", depth - 1)
        else:
            record[f"{path}{key}"] = value
    return record


def resolved(file: Path) -> dict[str, Any]:
    return flat(yaml.safe_load(load_cohort_arm(file)[1].to_yaml()))


def test_every_variant_is_known_to_this_test() -> None:
    assert {path.stem for path in VARIANTS} == set(CHANGED)


@pytest.mark.parametrize("file", VARIANTS, ids=lambda path: path.stem)
def test_a_variant_differs_only_where_it_says(file: Path) -> None:
    standard, variant = resolved(STANDARD), resolved(file)
    differing = {key for key in standard.keys() | variant.keys() if standard.get(key) != variant.get(key)}
    assert differing - {"name", "description"} == CHANGED[file.stem]
    assert kind_of(file).name == "cohort"
    assert load_cohort_arm(file)[0].name != load_cohort_arm(STANDARD)[0].name


def test_what_extends_a_cohort_is_one_wherever_it_stands(tmp_path: Path) -> None:
    mine, patient = tmp_path / "mine.yaml", tmp_path / "patient.yaml"
    mine.write_text(
        f"extends: {STANDARD.parent}/ptcy_haploidentical.yaml\nname: mine\nptcy: {{dose: 40 mg/kg}}\n"
    )
    patient.write_text(f"extends: {STANDARD.parents[1]}/preemptive.yaml\nname: a patient\n")
    assert kind_of(mine).name == "cohort"
    assert kind_of(patient).name == "scenario"


@pytest.mark.parametrize("file", [STANDARD, *VARIANTS], ids=lambda path: path.stem)
def test_every_distribution_written_in_a_file_has_its_source(file: Path) -> None:
    written = yaml.safe_load(file.read_text(encoding="utf-8"))
    for name, value in written.get("patient", {}).items():
        if isinstance(value, dict):
            assert value.get("source"), name


@pytest.mark.parametrize("file", [STANDARD, *VARIANTS], ids=lambda path: path.stem)
def test_the_median_patient_and_most_others_lie_within_the_parameters_limits(file: Path) -> None:
    table = ParameterTable.load()
    for name, which in load_cohort_arm(file)[0].varies:
        assert table[name].low < which.median < table[name].high or which.distribution == "choice", name
        assert all(table[name].low <= value <= table[name].high for value in which.values), name


@pytest.mark.parametrize(
    ("variant", "name", "sign"),
    [
        ("standard_risk_all", "rate_blast_net_growth", -1),
        ("fast_growing_all", "rate_blast_net_growth", 1),
        ("t_cell_lymphopenia", "n_t_cell_set_point_early", -1),
        ("treg_rich_recovery", "treg_share_supported", 1),
    ],
)
def test_a_variant_goes_the_way_its_name_says(variant: str, name: str, sign: int) -> None:
    standard = dict(load_cohort_arm(STANDARD)[0].varies)[name].median
    assert (
        sign * (dict(load_cohort_arm(COHORTS / f"{variant}.yaml")[0].varies)[name].median / standard - 1)
        > 0.3
    )

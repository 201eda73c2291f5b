"""Experiment files are as strict as scenarios, run by the same commands, and give the same bytes again."""

import json
import shlex
from pathlib import Path

import pytest

from simulation.cli import main
from simulation.errors import UserError
from simulation.files.crate import CRATE
from simulation.in_vitro.load import is_experiment, load_experiment, parse_experiment
from simulation.in_vitro.plate import Plate
from simulation.in_vitro.run import run_experiment
from simulation.in_vitro.words import finding_rows
from simulation.parameters import ParameterTable

from .plates import COCULTURE, CYTOTOXICITY, MLR, SUPPRESSION, run

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "scenarios" / "in_vitro").glob("*.yaml"))
TINY = SUPPRESSION.replace("20000", "2000").replace("replicates: 2", "replicates: 1")


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_experiments_are_valid_and_round_trip(file: Path) -> None:
    assert is_experiment(file)
    experiment = load_experiment(file)
    assert parse_experiment(experiment.to_yaml()) == experiment


@pytest.mark.parametrize("text", [CYTOTOXICITY, COCULTURE, MLR, SUPPRESSION])
def test_resolved_text_is_the_same_experiment(text: str) -> None:
    experiment = parse_experiment(text)
    assert parse_experiment(experiment.to_yaml()) == experiment
    assert parse_experiment(experiment.to_yaml()).digest() == experiment.digest()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("experiment: cytotoxicity", "experiment: cytotoxcity"), "did you mean 'cytotoxicity'?"),
        (("targets: 5000", "target: 5000"), "did you mean 'targets'?"),
        (("10 ng/mL", "10 ng"), "expected a concentration"),
        (('"1:10"', '"1-10"'), "a ratio of cells such as 1:4"),
        (("4 h, 24 h", "4 h, 7 min"), "a whole number of steps of 0.5 h"),
        (("donors: 1", "donors: 0"), "a whole number from 1"),
        (("donors: 1", "parameters: {rate_kill_max: 50 /day}"), "to go beyond, write allow_out_of_range"),
        (("donors: 1", "parameters: {rate_kill_mx: 5 /day}"), "did you mean 'rate_kill_max'?"),
        (("donors: 1", "processes: {exhaustoin: off}"), "did you mean 'exhaustion'?"),
        (("donors: 1", "between_donors: {t_cell_fitness: {distribution: lognorm}}"), "lognormal"),
        (
            ("donors: 1", "between_donors: {dependence: [{of: phi_bm, with: weight, correlation: 0}]}"),
            "between_donors.dependence.0.of",
        ),
        (("donors: 1", "resolution: {cells_per_agent: 2}"), "1 for one cell per agent"),
        (("targets: 5000", "targets: 500000\nresolution: {cells_per_agent: 1}"), "one agent per cell"),
        (("replicates: 2", "replicates: 200\ndonors: 150"), "written twice"),
        (("donors: 1\nreplicates: 2", "replicates: 200\ndonors: 150"), "wells, of at most 20,000"),
        (("times: [4 h, 24 h]", "times: 4 h"), "a list"),
    ],
)
def test_a_mistake_is_told_with_what_was_expected(change: tuple[str, str], message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_experiment(CYTOTOXICITY.replace(*change), name="x.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("x.yaml:")


def test_a_mistake_ends_with_status_2_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(CYTOTOXICITY.replace("times: [4 h, 24 h]", "times: [4 min]"))
    for command in ("check", "run", "show"):
        assert main([command, str(file)]) == 2
        captured = capsys.readouterr()
        assert len(captured.err.strip().splitlines()) == 1
        assert "times" in captured.err


def test_experiments_and_patients_are_not_mixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(TINY)
    assert main(["run", str(file), str(ROOT / "scenarios" / "base.yaml")]) == 2
    assert "run them in two commands" in capsys.readouterr().err
    assert main(["run", str(file), "--days", "3"]) == 2
    assert "--days is for patients only" in capsys.readouterr().err


def test_extends_and_set_work_as_for_scenarios(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(TINY)
    file = tmp_path / "more.yaml"
    file.write_text("extends: base.yaml\nname: More\nparameters: {treg_ratio_half: 0.04}\n")
    experiment = load_experiment(file, ["donors=3"])
    assert (experiment.name, experiment.donors, experiment.parameters["treg_ratio_half"]) == ("More", 3, 0.04)


def test_a_notebook_shows_the_findings_and_no_arrays(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(TINY)
    result = run_experiment(load_experiment(tmp_path / "x.yaml"), seed=4)
    assert len(repr(result)) < 200
    html = result._repr_html_()
    header, rows = finding_rows(result)
    assert html.count("<tr>") == 1 + len(rows)
    assert all(f"<th>{title}</th>" in html for title in header)


def test_the_resolved_file_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(TINY)
    first, again = tmp_path / "first", tmp_path / "again"
    assert main(["run", str(file), "--seed", "4", "--out", str(first), "-q"]) == 0
    resolved = first / "experiment.resolved.yaml"
    assert main(["run", str(resolved), "--seed", "4", "--out", str(again), "--json"]) == 0
    document = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert document["experiment"] == "suppression_assay"
    names = {str(path.relative_to(first)) for path in first.rglob("*") if path.is_file()}
    assert {"summary.json", "wells.csv", "report.html", "provenance.json", "figures/suppression.png"} <= names
    for name in names - {"provenance.json", "report.html", CRATE}:  # those tell the time
        assert (first / name).read_bytes() == (again / name).read_bytes(), name
    assert main(["run", str(file), "--seed", "4", "--out", str(first)]) == 2  # never overwritten silently


def test_another_seed_is_another_plate() -> None:
    one, other = run(TINY, seed=1), run(TINY, seed=2)
    assert one.summary != other.summary
    assert repr(one.summary) == repr(run(TINY, seed=1).summary)  # one donor has no SD, and NaN is not NaN


@pytest.mark.slow
@pytest.mark.parametrize("text", [CYTOTOXICITY, COCULTURE, MLR], ids=["cytotoxicity", "coculture", "mlr"])
def test_every_kind_writes_its_folder(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    assert main(["run", str(file), "--out", str(tmp_path / "out"), "-q"]) == 0
    assert len(list((tmp_path / "out" / "figures").glob("*.png"))) >= 2


def test_the_example_of_the_guide_runs(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "in_vitro.md").read_text(encoding="utf-8")
    text = guide.split("```yaml\n", 1)[1].split("```", 1)[0]
    file = tmp_path / "my_assay.yaml"
    file.write_text(text)
    words = shlex.split("run FILE --set donors=1 --set replicates=1 --no-figures -q")
    assert (
        main([str(file) if word == "FILE" else word for word in words] + ["--out", str(tmp_path / "out")])
        == 0
    )
    assert (tmp_path / "out" / "wells.csv").is_file()


def test_donors_may_be_of_two_kinds_and_depend_on_what_else_they_are() -> None:
    """The first of the table, fitness, is as without dependence; who is fitter has the more alloreactive cells here."""
    between = """
between_donors:
  t_cell_fitness: {distribution: mixture, parts: [
    {weight: 3, distribution: fixed, value: 1}, {weight: 1, distribution: uniform, low: 2, high: 3}]}
  fraction_alloreactive_haploidentical: {distribution: lognormal, sigma: 0.5}
"""
    pair = (
        "  dependence: [{of: t_cell_fitness, with: fraction_alloreactive_haploidentical, correlation: 0.9}]\n"
    )

    def donors(text: str) -> list[tuple[float, float]]:
        experiment = parse_experiment(text.replace("donors: 1", "donors: 200"))
        assert parse_experiment(experiment.to_yaml()) == experiment
        values = [donor.values for donor in Plate(experiment, 1, lambda done: None).donors()]
        return [(one.t_cell_fitness, one.fraction_alloreactive_haploidentical) for one in values]

    before, after = donors(TINY + between), donors(TINY + between + pair)
    assert [fitness for fitness, _ in after] == [fitness for fitness, _ in before]
    fit = sum(fitness > 1 for fitness, _ in after)
    assert abs(fit - 50) < 4 * (200 * 0.25 * 0.75) ** 0.5
    middle = ParameterTable.load()["fraction_alloreactive_haploidentical"].value
    many = [
        sum(share > middle for fitness, share in people if fitness > 1) / fit for people in (before, after)
    ]
    assert many[0] < 0.7
    assert many[1] > 0.9

"""A product is one file, a place one declaration, and rows of the parameter table: those of the page, in a copy of all."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
SCENARIO = """
name: Two engagers
follow_up: 40 d
time_step: 12 h
marrow: {rows: 2, columns: 2}
marrow_maps: []
patient: {n_residual_blasts: 1e7 cells}
parameters: {rate_kill_max: 16 kills/day, potency_resting: 0.5}   # few T cells are there so early: whatever was fitted, they kill
start: {when: day, day: day 10}
anti_cd22: {dose: 28 ug/day, on: 14 d, off: 7 d, cycles: 1}
orders: [{day: day 30, give: anti_cd22, dose: 9 ug/day, for: 2 d}]
"""
SWEEP = """
name: Doses of it
scenario: two.yaml
parameters: {anti_cd22.dose: [0 ug/day, 28 ug/day]}
design: {kind: grid}
replicates: 1
outcomes: [anti_cd22_days, final_blasts]
"""
SCRIPT = """
import csv, json
from pathlib import Path
from simulation.cli import main
from simulation.sweep.plan import load_plan
from simulation.sweep.table import Table
assert main(["check", "two.yaml", "sweep.yaml"]) == 0
assert main(["run", "two.yaml", "--out", "run", "--quiet", "--format", "svg"]) == 0
summary = json.load(open("run/summary.json"))
assert summary["anti_cd22_days"] == 16.0 and summary["anti_cd22_ug"] == 14 * 28 + 2 * 9, summary
assert summary["blinatumomab_days"] == 0
levels = [float(row["anti_cd22_pg_per_ml"]) for row in csv.DictReader(open("run/trajectory.csv"))]
assert max(levels) > 100
lost = [float(row["blasts_cd22_negative_cells"]) for row in csv.DictReader(open("run/trajectory.csv"))]
assert 0 <= min(lost) <= max(lost) < 1e6
doses = [row for row in csv.DictReader(open("run/events.csv")) if row["what"] == "anti_cd22"]
assert [row["kind"] for row in doses] == ["dose", "dose", "dose", "dose"]
assert "anti_cd22" in open("run/figures/drug.svg").read()
assert "anti_cd22" in open("run/report.html").read() and "anti_cd22:" in open("run/scenario.resolved.yaml").read()
assert main(["sweep", "sweep.yaml", "--out", "sweep", "--workers", "0", "--quiet"]) == 0
rows = list(Table(Path("sweep"), load_plan(Path("sweep"))).rows())
none, some = (row["final_blasts"] for row in sorted(rows, key=lambda row: row["point"]))
assert some < 0.95 * none, "it kills"
tiny = ["--patients", "3", "--days", "80", "--workers", "0", "--quiet", "--format", "svg"]
sets = ["marrow.rows=2", "marrow.columns=2", "time_step=12 h", "start.at_least=1e-5", "monitoring.mrd.every=10 d"]
tiny += [word for each in sets for word in ("--set", each)]
assert main(["compare", "examples/anti_cd22/trial.yaml", "--out", "trial", *tiny]) == 0
told = json.load(open("trial/comparison.json"))
assert list(told["arms"]) == ["anti_cd22", "blinatumomab_dli"]
one, other = (arm["means"] for arm in told["arms"].values())
assert one["anti_cd22_days"] > 0 == one["blinatumomab_days"] and other["anti_cd22_days"] == 0 < other["blinatumomab_days"]
assert "cd22_negative_relapse" in told["arms"]["anti_cd22"]["shares"]
"""


# What the clinic does when blasts lose the new target, on a patient who is told what to have.
ESCAPE = """
import sys
sys.path.insert(1, sys.argv[1])
from tests.clinic.fake_patient import FakePatient, follow, make_clinic

class Loses(FakePatient):
    def truth(self):
        seen = super().truth()
        return seen._replace(lost={**seen.lost, "cd22": seen.blasts})

drug = {"dose": "28 ug/day", "on": "28 d", "off": "14 d", "cycles": 4}
for rule in (True, False):
    day_60 = {"when": "day", "day": "day 60"}
    clinic = make_clinic(**{"start": day_60, "anti_cd22": drug, "stop.cd22_negative_relapse": rule})
    row = follow(clinic, Loses(0.3), 200.0)
    assert row["relapse_cd22"] == "negative" and row["relapse_cd19"] == "positive", row
    assert row["anti_cd22_days"] == (0.0 if rule else 98.0), row
    stops = [(event.what, event.detail) for event in clinic.events if event.kind == "stop"]
    assert [what for what, _ in stops] == (["anti_cd22"] if rule else []), stops
    assert all("CD22-negative relapse" in why for _, why in stops), stops
    told = [event.detail for event in clinic.events if event.what == "morphology" and event.kind == "result"]
    assert all("0% of them CD22+, 100% of them CD19+" in words for words in told) and told
assert row["cause_of_failure"] == "escape", row
"""

SPLEEN = """
name: A spleen
follow_up: 40 d
time_step: 12 h
marrow: {rows: 2, columns: 2}
marrow_maps: []
disease: {on: day 10, marrow: 30 %}
start: {when: day, day: day 10}
blinatumomab: {dose: 28 ug/day, on: 28 d, off: 14 d, cycles: 1}
"""
IN_THE_SPLEEN = """
from simulation.biology.places import PlaceKind
from simulation.mesa_model import DonorTcon, EngagedTCell, LeukemicBlast, TransplantModel

model = TransplantModel("spleen.yaml", seed=1)
model.run_until(14)
state = model.body.state
spleen = state.places.index(PlaceKind.SPLEEN)
blasts = model.agents.select(agent_type=LeukemicBlast)
there = blasts.column("cells")[blasts.column("place_kind") == "spleen"].sum()
assert 0 < there == state.census.blasts[spleen], there
assert state.census.engaged[spleen] > 0 and state.signals.drug_pg_ml[:, spleen].max() > 0
assert state.pop.total_cells() == state.infused + state.births - state.deaths
before = DonorTcon(model, place="spleen", cells=1_000_000)
assert before.place_kind == "spleen"
model.run_for(5)
assert state.places.n == 4 + len(PlaceKind) - 2
"""


def example(name: str) -> str:
    entries = re.search(rf"<!-- example: {name} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert entries
    return entries[1]


def test_the_page_shows_the_files_of_the_example() -> None:
    for name, file in (("product", "anti_cd22.py"), ("product rows", "rows.yaml")):
        assert example(name) == (ROOT / "examples" / "anti_cd22" / file).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the program with both, compiled once."""
    folder = tmp_path_factory.mktemp("copy")
    runpy.run_path(str(ROOT / "examples" / "another_engager.py"))["copy_with_it"](folder)
    for file, before, name in (
        ("biology/places.py", "    WELL = ", "place"),
        ("data/parameters.yaml", "  rate_blood_to_marrow:\n", "place rows"),
    ):
        path = folder / "simulation" / file
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1
        path.write_text(text.replace(before, example(name) + before), encoding="utf-8")
    return folder


def runs(folder: Path, script: str) -> None:
    words = [sys.executable, "-c", script, str(ROOT)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_product_of_the_page_works_everywhere(copied: Path) -> None:
    (copied / "two.yaml").write_text(SCENARIO)
    (copied / "sweep.yaml").write_text(SWEEP)
    for script in (ESCAPE, SCRIPT):
        runs(copied, script)


def test_the_place_of_the_page_is_one_to_cells_and_drug(copied: Path) -> None:
    (copied / "spleen.yaml").write_text(SPLEEN)
    runs(copied, IN_THE_SPLEEN)

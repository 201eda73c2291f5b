"""The digest of the model: by it workers are refused and stores of another model are not mixed up with ours."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.provenance import SHOWING, digest_of, model_sha256

PACKAGE = Path(__file__).parents[1] / "simulation"
# what processes do that compute: runs of a trial, of a sweep, evaluations and confirmations of a fit, wells
WORK = ("trial.task", "sweep.work", "calibration.abc", "calibration.record", "in_vitro.run", "life")
# assays declare their figures: that module, and what its room loads with it
FIGURES = {
    "results",
    "results.folder",
    "results.result",
    "results.words",
    "results.figures",
    "results.figures.report_figure",
}
LOADED = """
import importlib, json, sys
from pathlib import Path
for name in sys.argv[1:]:
    importlib.import_module("simulation." + name)
from simulation import load_scenario
from simulation.life import simulate
small = {"follow_up": "1 d", "marrow.rows": 2, "marrow.columns": 2}
simulate([load_scenario("scenarios/preemptive.yaml", small)], seed=0, patient=0)
print(json.dumps([name.removeprefix("simulation.") for name in sys.modules if name.startswith("simulation.")]))
"""


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ignore = shutil.ignore_patterns("__pycache__")
    return shutil.copytree(PACKAGE, tmp_path_factory.mktemp("copy") / "simulation", ignore=ignore)


@pytest.mark.parametrize(
    "file",
    [
        "units.py", "yaml_source.py", "plugins.py", "scenario/merge.py", "sweep/points.py", "sweep/outcomes.py",
        "sweep/factors.py", "trial/task.py", "trial/rows.py", "calibration/measures.py", "in_vitro/wells.py",
        "statistics/proportions.py", "data/defaults.yaml", "data/parameters.yaml", "a_new_room/law.py", "a_new_module.py",
    ],
)  # fmt: skip
def test_a_change_of_what_may_change_a_result_is_another_model(copied: Path, file: str) -> None:
    path = copied / file
    before = path.read_bytes() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_bytes((before or b"") + b"\n# changed\n")
    assert digest_of(copied) != model_sha256()
    path.unlink() if before is None else path.write_bytes(before)
    assert digest_of(copied) == model_sha256()


def test_a_change_of_what_only_shows_is_the_same_model(copied: Path) -> None:
    assert all((PACKAGE / room).is_dir() for room in SHOWING)
    for room in SHOWING:
        (copied / room / "__init__.py").write_text("# changed\n")
    assert digest_of(copied) == model_sha256()


def test_nothing_that_computes_loads_a_room_that_only_shows() -> None:
    """What a worker loads is in the digest; declarations of figures, which assays name, compute nothing."""
    words = [sys.executable, "-c", LOADED, *WORK]
    done = subprocess.run(words, capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    loaded = json.loads(done.stdout)
    assert "life" in loaded and "scenario.merge" in loaded
    assert {name for name in loaded if name.split(".")[0] in SHOWING} <= FIGURES

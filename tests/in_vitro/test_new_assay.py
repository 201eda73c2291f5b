"""The assay of docs/extending.md, one file, is checked, run and reported by the command line like the shipped ones."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.cli import main
from simulation.errors import ExitStatus
from simulation.in_vitro import assays

ROOT = Path(__file__).resolve().parents[2]
FILE = """
experiment: killing_kinetics
name: Kinetics
et_ratio: "1:10"
drug: 10 ng/mL
times: [1 h, 4 h, 12 h]
donors: 2
replicates: 1
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return an experiment file, with the page's assay standing among the others."""
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    entries = re.search(
        r"^```python\n# file: (killing_kinetics\.py)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE
    )
    assert entries is not None
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / entries[1]).write_text(entries[2], encoding="utf-8")
    monkeypatch.setattr(assays, "__path__", [*assays.__path__, str(tmp_path / "mine")])
    assays.assays.cache_clear()
    (tmp_path / "kinetics.yaml").write_text(FILE, encoding="utf-8")
    yield tmp_path / "kinetics.yaml"
    assays.assays.cache_clear()
    sys.modules.pop("simulation.in_vitro.assays.killing_kinetics", None)


def test_one_file_is_a_whole_assay(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["check", str(file)]) == ExitStatus.DONE
    assert main(["run", str(file), "--out", str(out), "-q"]) == ExitStatus.DONE
    with (out / "wells.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 6
    summary = json.loads((out / "summary.json").read_text())
    alive = [one["live_percent"] for one in summary["kinetics"]]
    assert alive[0] > alive[1] > alive[2] >= 0  # targets are killed
    assert (out / "figures" / "kinetics.png").stat().st_size > 5000
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "targets alive, %" in page and "Mean of all wells." in page
    assert main(["run", str(out / "experiment.resolved.yaml"), "--out", str(tmp_path / "again"), "-q"]) == 0
    assert (tmp_path / "again" / "wells.csv").read_bytes() == (out / "wells.csv").read_bytes()


def test_its_mistakes_are_told_like_those_of_others(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FILE.replace("drug: 10 ng/mL", "drug: 10 ng"), encoding="utf-8")
    assert main(["check", str(file)]) == ExitStatus.USAGE
    assert "kinetics.yaml:5: drug: expected a concentration" in capsys.readouterr().err
    file.write_text(FILE.replace("killing_kinetics", "killing_kinetic"), encoding="utf-8")
    assert main(["check", str(file)]) == ExitStatus.USAGE
    assert "did you mean 'killing_kinetics'?" in capsys.readouterr().err


def test_reading_an_experiment_loads_no_kernels_and_no_figures() -> None:
    code = (
        "import sys; from simulation.in_vitro import load_experiment; load_experiment(sys.argv[1]);"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    shipped = str(ROOT / "scenarios" / "in_vitro" / "cytotoxicity.yaml")
    done = subprocess.run(
        [sys.executable, "-c", code, shipped], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & {"numba", "matplotlib", "pandas", "mesa"}


def test_the_page_names_every_assay() -> None:
    page = (ROOT / "docs" / "in_vitro.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)[1:] == list(assays.assays())

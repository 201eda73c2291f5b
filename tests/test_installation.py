"""The program is built from its own files, installed elsewhere, and works with no source tree, from any folder."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from simulation import shipped
from simulation.cli.bill_of_materials import bill, licence_page
from simulation.cli.copying import shipped_files
from simulation.cli.installation import Requirements
from simulation.cli.repairing import Step, repair
from simulation.provenance import model_sha256

from .cli.conftest import Sim, sim  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def copied_by_the_container() -> list[str]:
    """Return which of the project's files and folders the container file takes."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", CONTAINERFILE, re.MULTILINE)
    return [word.rstrip("/") for line in lines for word in line.split()[:-1]]


def installed(place: Path) -> dict[str, str]:
    """Build a wheel from what the container copies, install it into `place/lib`; return the environment that uses it."""
    source = place / "source"
    source.mkdir()
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in copied_by_the_container():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", str(place), str(source)], check=True)
    (wheel,) = place.glob("*.whl")
    # the libraries are those of the environment that runs the tests
    subprocess.run([*pip, "install", "--no-deps", "--target", str(place / "lib"), str(wheel)], check=True)
    shutil.rmtree(source)
    left_out = ("NUMBA_CACHE_DIR", "NO_COLOR", "COLUMNS")
    known = {name: value for name, value in os.environ.items() if name not in left_out}
    return known | {"PYTHONPATH": str(place / "lib"), "XDG_CACHE_HOME": str(place / "cache")}


@pytest.mark.slow
def test_the_wheel_works_with_no_source_tree_from_any_folder(tmp_path: Path) -> None:
    environment, study = installed(tmp_path), tmp_path / "study"
    study.mkdir()

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(tmp_path / "lib" / "bin" / "transplant-twin"), *words]
        return subprocess.run(
            command, cwd=study, env=environment, capture_output=True, text=True, check=False
        )

    assert json.loads(typed("doctor", "--json").stdout)["commit"] is None, "not the source tree's own package"
    digest = "from simulation.provenance import model_sha256; print(model_sha256())"
    result = subprocess.run(
        [sys.executable, "-c", digest], cwd=study, env=environment, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == model_sha256(), "the same model, so that folders are completed by either"
    assert "Next: transplant-twin run" in typed("init", ".").stdout
    names = {path.relative_to(study).as_posix() for path in study.rglob("*") if path.is_file()}
    assert names == {path.as_posix() for path in shipped_files()}
    assert not [
        name for name in names if name.endswith(".md") and "run_sim.py run" in (study / name).read_text()
    ]
    for page in ("run", "sweep", "init"):
        assert f"transplant-twin {page}" in typed(page, "--help").stdout
    assert (
        typed(
            "check", *(name for name in sorted(names) if re.fullmatch(r"scenarios/\w+\.yaml", name))
        ).returncode
        == 0
    )
    done = typed("run", "scenarios/preemptive.yaml", "--days", "2", "--quiet", "--out", "two_days")
    assert (done.returncode, done.stdout, done.stderr) == (0, "two_days\n", "")
    assert (study / "two_days" / "report.html").is_file()

    for kernel in (tmp_path / "cache").rglob("*.nbi"):  # a disk that filled up, a copy that broke off
        kernel.write_bytes(b"damaged")
    assert typed("run", "scenarios/preemptive.yaml", "--days", "2", "--out", "again").returncode != 0
    repaired = typed("doctor", "--repair")
    assert repaired.returncode == 0 and "compiled anew" in repaired.stdout
    assert typed("run", "scenarios/preemptive.yaml", "--days", "2", "--out", "again").returncode == 0


def test_the_container_takes_all_that_the_build_reads_and_ends_as_an_ordinary_user() -> None:
    copied = copied_by_the_container()
    assert all((ROOT / name).exists() for name in copied)
    build = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        *build["packages"],
        *build["force-include"],
        PROJECT["project"]["readme"],
        *PROJECT["project"]["license-files"],
    }
    assert needed | {"pyproject.toml", "build_backend.py", "constraints.txt"} <= set(copied)
    last_stage = CONTAINERFILE.rpartition("\nFROM ")[2]
    (user,) = re.findall(r"^USER (\d+)$", last_stage, re.MULTILINE)
    assert int(user) > 0
    assert last_stage.index("USER") < last_stage.index("ENTRYPOINT")


def test_a_wheel_carries_what_init_copies() -> None:
    carried = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert carried == {name: f"simulation/shipped/{name}" for name in shipped.CONTENTS}
    sources = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {f"/{name}" for name in (*carried, "simulation", "build_backend.py")} <= set(sources)


def test_an_older_python_is_told_which_one_is_needed() -> None:
    code = "import sys; sys.version_info = (3, 11, 2); sys.version = '3.11.2 (main)'; import build_backend"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "transplant-twin needs Python 3.12 or newer; this is 3.11.2.\n"
    assert PROJECT["project"]["requires-python"] == ">=3.12"
    started = code.replace("import build_backend", "import run_sim")
    done = subprocess.run(
        [sys.executable, "-c", started], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2  # a mistake of the caller, not a fault
    assert done.stderr == "This program needs Python 3.12 or newer; this is 3.11.2.\n"


def test_an_installation_is_told_what_to_type_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shipped.as_typed("python run_sim.py run x.yaml") == "python run_sim.py run x.yaml"
    assert shipped.installable("cluster") == ["-e", ".[cluster]"]
    monkeypatch.setattr(shipped, "PROJECT", None)
    monkeypatch.setattr(shipped, "PROGRAM", "transplant-twin")
    assert shipped.as_typed("python run_sim.py run x.yaml") == "transplant-twin run x.yaml"
    assert shipped.installable("cluster") == ["transplant-twin[cluster]"]


def test_init_copies_once_and_overwrites_nothing_unasked(sim: Sim, tmp_path: Path) -> None:  # noqa: F811
    folder = tmp_path / "study"
    assert sim("init", folder, "--quiet").out == f"{folder}\n"
    files = list(shipped_files())
    assert Path("scenarios/preemptive.yaml") in files and Path("examples/early_or_late.py") in files
    assert all((folder / name).read_bytes() == (ROOT / name).read_bytes() for name in files)
    assert sim("check", folder / "scenarios" / "preemptive.yaml").status == 0

    mine = folder / "scenarios" / "preemptive.yaml"
    mine.write_text("name: Mine\n")
    (folder / "scenarios" / "base.yaml").unlink()
    refused = sim("init", folder)
    assert refused.status == 2 and "1 of these files" in refused.err and "preemptive.yaml" in refused.err
    assert mine.read_text() == "name: Mine\n" and not (folder / "scenarios" / "base.yaml").exists()
    assert (
        f"2 files copied to {folder}, {len(files) - 2} were there" in sim("init", folder, "--overwrite").out
    )

    assert sim("init", mine).status == 2


def test_what_init_copies_tells_what_to_type_in_an_installation(
    sim: Sim,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(shipped, "PROGRAM", "transplant-twin")
    assert sim("init", tmp_path / "study", "--quiet").status == 0
    copies = [path for path in (tmp_path / "study").rglob("*") if path.is_file()]
    assert any(b"transplant-twin run" in path.read_bytes() for path in copies)
    assert [path for path in copies if b"python run_sim.py" in path.read_bytes()] == []


def test_repair_tells_each_step_and_fails_where_the_day_does(
    sim: Sim,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from simulation.cli import repairing

    faults = iter(["EOFError: Ran out of input", "", "ImportError: no", "ImportError: no", ""])
    monkeypatch.setattr(repairing, "_fault", lambda words: next(faults))
    monkeypatch.setattr(shutil, "rmtree", lambda *args, **kinds: None)
    texts = [list(repair(()))[-1] for _ in range(3)]
    assert [step.well for step in texts] == [True, False, True]
    assert "compiled anew (EOFError" in texts[0].message and texts[1].message == "fails: ImportError: no"
    monkeypatch.setattr(
        repairing, "repair", lambda lacking: iter([Step("a simulated day", "fails: no", False)])
    )
    answer = sim("doctor", "--repair")
    assert answer.status == 6 and "a simulated day: fails: no" in answer.out


def test_repair_installs_in_the_projects_folder_whatever_the_paths_and_says_what_to_type_without_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulation.cli import installation, repairing

    python, done = str(tmp_path / "my folder" / "python"), []

    def noted(words: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        done.append((words, how["cwd"]))
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", python)
    monkeypatch.setattr(subprocess, "run", noted)
    lacking = Requirements("cluster", ())
    step = next(repair([lacking]))
    words = ["-m", "pip", "install", "-c", "constraints.txt", "-e", ".[cluster]"]
    assert step.well and done == [([python, *words, "--quiet"], ROOT)]
    assert step.message.endswith(f"cd {ROOT} && {shlex.join([python, *words])}")

    for module in (installation, repairing):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert "uv pip install" in next(repair([lacking])).message
    monkeypatch.setattr(installation, "PROJECT", None)
    step = next(repair([lacking]))
    assert not step.well and "uv tool install --force '.[cluster]'" in step.message and len(done) == 1


def test_the_licence_page_lists_what_the_constraints_pin() -> None:
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| \[?([a-z0-9-]+)(?:\]\(\S+\))? \| (\d\S*) \|", page, re.MULTILINE))
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pinned = {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, version in (line.split("==") for line in lines)
    }
    assert {name: pinned.get(name) for name in listed} == listed, "renew it: write_licence_page() says how"
    here = dict(re.findall(r"^\| \[?([a-z0-9-]+)(?:\]\(\S+\))? \| (\d\S*) \|", licence_page(), re.MULTILINE))
    assert {name for name in here if name in pinned} <= set(listed)
    assert "not stated" not in page


def test_the_bill_of_materials_names_every_package_once() -> None:
    document = bill()
    names = [part["name"] for part in document["components"]]
    assert names == sorted(set(names)) and {"numpy", "llvmlite", "pydantic-core"} <= set(names)
    known = {part["bom-ref"] for part in document["components"]} | {
        document["metadata"]["component"]["bom-ref"]
    }
    assert all({line["ref"], *line["dependsOn"]} <= known for line in document["dependencies"])


def test_the_bill_of_materials_says_what_the_program_itself_asks_for_and_licences_as_spdx() -> None:
    document = bill()
    own = document["metadata"]["component"]["bom-ref"]
    (direct,) = (line["dependsOn"] for line in document["dependencies"] if line["ref"] == own)
    here = {part["name"] for part in document["components"]}
    names = {re.split(r"[<>=]", text)[0].lower() for text in PROJECT["project"]["dependencies"]}
    assert names <= here
    extra = {
        re.split(r"[<>=]", text)[0].lower() for text in PROJECT["project"]["optional-dependencies"]["cluster"]
    }
    names |= extra & here  # of an extra, what is installed
    assert {re.split(r"[/@]", purl)[1] for purl in direct} == names, "also those that other packages need too"
    by_name = {part["name"]: part["licenses"] for part in document["components"]}
    assert by_name["packaging"] == [{"expression": "Apache-2.0 OR BSD-2-Clause"}]
    for (choice,) in by_name.values():
        assert set(choice) in ({"expression"}, {"license"})
        assert choice.get("license", {"name": ""})["name"] not in {"MIT", "BSD-3-Clause", "Apache-2.0"}

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulation import engine_cache
from simulation.engine_cache import kernel_digest, use_engine_cache

PACKAGE = Path(engine_cache.__file__).parent


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path / "cache")}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    copy = tmp_path / "simulation"
    for room in engine_cache.KERNEL_ROOMS:
        shutil.copytree(PACKAGE / room, copy / room)
    return copy


def test_the_folder_is_made_in_the_users_cache(environ: dict[str, str]) -> None:
    folder = use_engine_cache(environ)
    assert folder is not None
    assert folder.is_dir()
    assert folder.is_relative_to(environ["XDG_CACHE_HOME"])
    assert environ["NUMBA_CACHE_DIR"] == str(folder)
    assert use_engine_cache(environ) == folder


def test_in_a_folder_that_the_user_chose_other_kernels_have_other_folders(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ["NUMBA_CACHE_DIR"] = str(tmp_path / "mine")
    first = use_engine_cache(environ)
    assert first is not None
    assert first.parent == tmp_path / "mine"
    assert use_engine_cache(environ) == first
    monkeypatch.setattr(engine_cache, "kernel_digest", lambda: "0123456789abcdef")
    edited = use_engine_cache(environ)
    assert edited == tmp_path / "mine" / "kernels-0123456789abcdef"
    assert not (tmp_path / "cache").exists()


def test_a_folder_inherited_from_a_parent_process_is_looked_at_anew(environ: dict[str, str]) -> None:
    environ["NUMBA_CACHE_DIR"] = str(Path(environ["XDG_CACHE_HOME"]) / "kernels-0123456789abcdef")
    folder = use_engine_cache(environ)
    assert folder is not None
    assert folder.parent == Path(environ["XDG_CACHE_HOME"])
    assert folder.name != "kernels-0123456789abcdef"


@pytest.mark.parametrize("room", engine_cache.KERNEL_ROOMS)
def test_an_edit_in_any_kernel_file_changes_the_digest(package: Path, room: str) -> None:
    before = kernel_digest(package)
    assert before == kernel_digest(package)
    for file in sorted((package / room).rglob("*.py")):
        text = file.read_text()
        file.write_text(text + "# edited\n")
        assert kernel_digest(package) != before
        file.write_text(text)
    assert kernel_digest(package) == before


def test_a_parameter_more_changes_the_digest_and_another_value_does_not(package: Path) -> None:
    table = package / "data" / "parameters.yaml"
    table.parent.mkdir()
    shutil.copy(PACKAGE / "data" / "parameters.yaml", table)
    before, text = kernel_digest(package), table.read_text()
    table.write_text(text.replace("value: 70 kg", "value: 71 kg"))
    assert kernel_digest(package) == before
    table.write_text(text + "  one_more:\n    value: 1\n")
    assert kernel_digest(package) != before


def test_every_file_with_kernels_is_in_a_room_that_is_hashed() -> None:
    with_kernels = {
        file.relative_to(PACKAGE).parts[0]
        for file in PACKAGE.rglob("*.py")
        if re.search(r"import njit|engine\.compiled import .*\b(kernel|inner)\b", file.read_text())
    }
    assert with_kernels <= set(engine_cache.KERNEL_ROOMS)


def test_where_the_cache_cannot_be_written_another_place_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")  # a file where a folder is needed: refused to root as well
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(os.path, "expanduser", lambda path: str(tmp_path / "file"))
    environ = {"XDG_CACHE_HOME": str(tmp_path / "file")}
    folder = use_engine_cache(environ)
    assert folder is not None
    assert folder.parent.parent == tmp_path


def test_where_nothing_can_be_written_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    monkeypatch.setattr(os.path, "expanduser", lambda path: str(tmp_path / "file"))
    environ: dict[str, str] = {}
    assert use_engine_cache(environ) is None
    assert not environ


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs POSIX permissions")
def test_a_folder_that_others_may_write_is_not_trusted(environ: dict[str, str]) -> None:
    folder = use_engine_cache(environ)
    assert folder is not None
    folder.chmod(0o777)
    del environ["NUMBA_CACHE_DIR"]
    assert use_engine_cache(environ) != folder


def test_only_our_old_folders_are_removed(environ: dict[str, str]) -> None:
    root = Path(environ["XDG_CACHE_HOME"]) / "transplant-twin"
    names = {"kernels-00000000000000aa": 40, "kernels-00000000000000bb": 3, "somebody-elses": 40}
    for name, days in names.items():
        (root / name).mkdir(parents=True)
        then = time.time() - days * 86_400
        os.utime(root / name, (then, then))
    folder = use_engine_cache(environ)
    assert folder is not None
    assert {path.name for path in root.iterdir()} == {
        "kernels-00000000000000bb",
        "somebody-elses",
        folder.name,
    }


def test_numba_uses_it(environ: dict[str, str]) -> None:
    code = "import simulation, os, numba; print(numba.config.CACHE_DIR); print(os.environ['NUMBA_CACHE_DIR'])"
    clean = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PACKAGE.parent,
        env=clean | environ,
        capture_output=True,
        text=True,
        check=True,
    )
    used, named = done.stdout.split()
    assert used == named
    assert used.startswith(environ["XDG_CACHE_HOME"])


def test_a_copy_of_the_program_takes_the_kernels_that_are_there(
    environ: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(PACKAGE, tmp_path / "simulation", ignore=shutil.ignore_patterns("__pycache__"))
    code = "from simulation.engine.population import Population, _find, _add; import simulation\n"
    code += "Population(3, 2, 1).add(5, 1, 7)\n"
    code += (
        "print(simulation.__file__, *(sum(kernel.stats.cache_misses.values()) for kernel in (_find, _add)))"
    )
    clean = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    printed = []
    for place in (PACKAGE.parent, tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=place,
            env=clean | environ | {"PYTHONPATH": str(place)},
            capture_output=True,
            text=True,
            check=True,
        )
        printed.append(done.stdout.split())
    assert printed == [
        [str(PACKAGE / "__init__.py"), "1", "1"],
        [str(tmp_path / "simulation" / "__init__.py"), "0", "0"],
    ]

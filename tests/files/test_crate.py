"""RO-Crate metadata: the structure that the specification 1.1 asks for (researchobject.org/ro-crate/specification/1.1)."""

import json
import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

from simulation.files.crate import CRATE, crate_text
from simulation.files.folder import Content, write_folder

ABOUT = {
    "program": "transplant-twin",
    "version": "1.2.3",
    "commit": "abc",
    "trial": "Early & late",
    "seed": 1,
}


def checked(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the entities of a folder's crate by their @id, after checking what every crate must be."""
    return check(json.loads((folder / CRATE).read_text()), folder)


def check(crate: Any, folder: Path | None) -> dict[str, dict[str, Any]]:
    assert set(crate) == {"@context", "@graph"}
    assert crate["@context"] == "https://w3id.org/ro/crate/1.1/context"
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    assert len(entities) == len(crate["@graph"]), "an @id stands once"
    assert all("@type" in entity for entity in crate["@graph"])
    descriptor = entities["ro-crate-metadata.json"]  # the metadata descriptor must describe the root
    assert descriptor["@type"] == "CreativeWork"
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = entities["./"]
    assert root["@type"] == "Dataset"
    assert root["name"] and root["description"]
    date.fromisoformat(root["datePublished"])  # must be ISO 8601, to the day at least
    assert entities[root["license"]["@id"]]["description"]
    parts = root["hasPart"] if isinstance(root["hasPart"], list) else [root["hasPart"]]
    lists = [value for entity in crate["@graph"] for value in entity.values() if isinstance(value, list)]
    assert all(len(one) != 1 for one in lists), "what is one stands alone, not in a list"
    for name, entity in entities.items():
        if name not in ("./", "ro-crate-metadata.json") and entity["@type"] in ("File", "Dataset"):
            assert {"@id": name} in parts, "every data entity must be linked from the root"
            assert re.fullmatch(r"[A-Za-z0-9_.~!$&'()*+,;=:@%/-]+", name), (
                "an @id of a file is a relative URI"
            )
            assert not name.startswith("/")
            if folder is not None:
                assert (folder / entity["name"]).exists()
    for part in parts:
        assert part["@id"] in entities
    for entity in crate["@graph"]:  # what is referred to within the crate is there
        for value in entity.values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and not one["@id"].startswith("https://"):
                    assert one["@id"] in entities
    return entities


def test_a_folder_has_its_crate(tmp_path: Path) -> None:
    (tmp_path / "out" / "store").mkdir(parents=True)
    files: dict[str, Content] = {"a b.csv": "x\n1\n", "figures/one.png": b"\x89PNG", "deep/note.txt": "?"}
    write_folder(tmp_path / "out", lambda: files, ABOUT)
    entities = checked(tmp_path / "out")
    assert entities["./"]["name"] == "Early & late"
    assert entities["a%20b.csv"]["encodingFormat"] == "text/csv"
    assert entities["a%20b.csv"]["contentSize"] == "4"
    assert entities["figures/one.png"]["encodingFormat"] == "image/png"
    assert "encodingFormat" not in entities["deep/note.txt"]
    assert entities["store/"]["@type"] == "Dataset"
    assert "figures/" not in entities  # its files are listed one by one
    run = entities[entities["./"]["mentions"]["@id"]]
    assert run["@type"] == "CreateAction"
    datetime.fromisoformat(run["endTime"])
    program = entities[run["instrument"]["@id"]]
    assert (program["softwareVersion"], program["identifier"]) == ("1.2.3", "abc")


def test_what_is_not_replaced_is_gone_from_the_crate_too(tmp_path: Path) -> None:
    write_folder(tmp_path, lambda: {"a.csv": "x\n", "b.csv": "x\n"}, ABOUT)
    write_folder(tmp_path, lambda: {"a.csv": "x\n"}, ABOUT)
    assert "b.csv" not in checked(tmp_path)
    manifest = json.loads((tmp_path / "provenance.json").read_text())
    assert set(manifest["files"]) == {"a.csv", CRATE}


def test_without_a_name_or_a_size_it_is_a_crate_too() -> None:
    entities = check(json.loads(crate_text({}, {"x": None})), None)
    assert "contentSize" not in entities["x"]

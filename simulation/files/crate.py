"""RO-Crate metadata (1.1): what a folder of results is, which program made it and what its files are, for other machines.

The folder itself stays as it is; `ro-crate-metadata.json` is one more file in it. Where results come from in full is told by
the manifest beside it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from simulation.files.tables import json_text

__all__ = ["CRATE", "crate_text"]

CRATE: Final = "ro-crate-metadata.json"
_PROFILE: Final = "https://w3id.org/ro/crate/1.1"
_TITLES: Final = (
    "trial",
    "scenario",
    "experiment",
    "sweep",
    "fit",
    "cohort",
    "export",
)  # of what is told, the first
_FORMATS: Final = {
    ".csv": "text/csv", ".json": "application/json", ".yaml": "application/yaml", ".html": "text/html", ".png": "image/png",
    ".svg": "image/svg+xml", ".pdf": "application/pdf", ".parquet": "application/vnd.apache.parquet", ".py": "text/x-python",
    ".md": "text/markdown",
}  # fmt: skip
_DESCRIPTION: Final = (
    "Results of a simulation by transplant-twin; not observed, and not for decisions about patients."
)
_LICENCE: Final = "Whoever ran the program decides under which licence these results are passed on."


def crate_text(
    provenance: Mapping[str, object], files: Mapping[str, int | None], folders: Iterable[str] = ()
) -> str:
    """Return the metadata of a folder with such files (path and size in bytes, where known) and other folders in it."""
    title = next((str(provenance[name]) for name in _TITLES if provenance.get(name)), "results")
    now = datetime.now(UTC)
    parts = [_file(name, size) for name, size in files.items()]
    parts += [{"@id": f"{quote(name)}/", "@type": "Dataset", "name": name} for name in folders]
    program = str(provenance.get("program") or "transplant-twin")
    software: dict[str, Any] = {
        "@id": f"#{program}", "@type": "SoftwareApplication", "name": program,
        "softwareVersion": str(provenance.get("version") or "unknown"),
    }  # fmt: skip
    if provenance.get("commit"):
        software["identifier"] = str(provenance["commit"])
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": _DESCRIPTION,
        "datePublished": now.date().isoformat(),
        "license": {"@id": "#licence"},
        "hasPart": _one_or_all([{"@id": part["@id"]} for part in parts]),
        "mentions": {"@id": "#run"},
    }
    graph = [
        {
            "@id": CRATE,
            "@type": "CreativeWork",
            "conformsTo": {"@id": _PROFILE},
            "about": {"@id": "./"},
        },
        root,
        *parts,
        software,
        {
            "@id": "#run",
            "@type": "CreateAction",
            "name": title,
            "instrument": {"@id": software["@id"]},
            "result": {"@id": "./"},
            "endTime": now.isoformat(timespec="seconds"),
        },
        {"@id": "#licence", "@type": "CreativeWork", "name": "Not stated", "description": _LICENCE},
    ]
    return json_text({"@context": f"{_PROFILE}/context", "@graph": graph})


def _one_or_all(values: list[dict[str, str]]) -> Any:
    return values[0] if len(values) == 1 else values  # as RO-Crate writes JSON-LD: no list of one


def _file(name: str, size: int | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"@id": quote(name), "@type": "File", "name": name}
    if (known := _FORMATS.get(Path(name).suffix)) is not None:
        entry["encodingFormat"] = known
    if size is not None:
        entry["contentSize"] = str(size)
    return entry

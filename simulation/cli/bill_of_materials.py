"""Which packages this installation is made of, with their licences: a CycloneDX document, and the page docs/licences.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import simulation
from simulation.cli.installation import DEVELOPMENT, asked_for
from simulation.files.atomic import write_file
from simulation.shipped import DISTRIBUTION

__all__ = ["Part", "bill", "licence_page", "parts", "write_licence_page"]

_LICENCE: Final = "Apache-2.0"
_UNKNOWN: Final = "not stated"
_FAMILIES: Final = {  # what packages without an SPDX expression write, as one
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
_LONGEST: Final = 60  # longer texts are licences themselves, not names


@dataclass(frozen=True, slots=True)
class Part:
    """Hold one installed package; `asked_by` names the extra that needs it, empty for the program itself."""

    name: str
    version: str
    licence: str
    home: str
    asked_by: str
    needs: tuple[str, ...]


def parts() -> list[Part]:
    """Return the packages that the program and its extras (not those of developers) stand on, as installed here."""
    core, extras = asked_for()
    groups = {"": core, **{name: texts for name, texts in extras.items() if name not in DEVELOPMENT}}
    known_parts: dict[str, Part] = {}
    seen: set[tuple[str, str]] = set()
    for asked_by, texts in groups.items():
        left = list(_wanted(texts, ""))
        while left:
            name, extra = left.pop()
            if (name, extra) in seen or (distribution := _installed(name)) is None:
                continue
            seen.add((name, extra))
            wanted = list(_wanted(distribution.requires or [], extra))
            left += wanted
            needs = {need for need, _ in wanted if need != name}
            known = known_parts.get(name) or _part(name, distribution, asked_by)
            known_parts[name] = replace(known, needs=tuple(sorted({*known.needs, *needs})))
    return sorted(known_parts.values(), key=lambda part: part.name)


def bill() -> dict[str, Any]:
    """Return the bill of materials as a CycloneDX 1.6 document."""
    whole = parts()
    known = {part.name: _purl(part) for part in whole}
    own = f"pkg:pypi/{DISTRIBUTION}@{simulation.__version__}"
    core, extras = asked_for()
    texts = [*core, *(text for name, some in extras.items() if name not in DEVELOPMENT for text in some)]
    direct = sorted({known[name] for name, _ in _wanted(texts, "") if name in known})
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {
            "type": "application", "bom-ref": own, "name": DISTRIBUTION, "version": simulation.__version__, "purl": own,
            "licenses": [_choice(_LICENCE)],
        }},
        "components": [
            {
                "type": "library", "bom-ref": _purl(part), "name": part.name, "version": part.version, "purl": _purl(part),
                "licenses": [_choice(part.licence)], "scope": "optional" if part.asked_by else "required",
            }
            for part in whole
        ],
        "dependencies": [
            {"ref": own, "dependsOn": direct},
            *({"ref": _purl(p), "dependsOn": [known[n] for n in p.needs if n in known]} for p in whole),
        ],
    }  # fmt: skip


def licence_page() -> str:
    """Return the text of docs/licences.md."""
    rows = []
    for part in parts():
        name = f"[{part.name}]({part.home})" if part.home else part.name
        rows.append(f"| {name} | {part.version} | {part.licence} | {part.asked_by or 'the program'} |")
    return _PAGE + "\n".join(rows) + "\n"


def write_licence_page(page: str | Path = "docs/licences.md") -> None:
    """Write the page anew, from the packages that are installed here."""
    write_file(Path(page), licence_page())


_PAGE: Final = """\
# Licences and materials

Here you find what you accept when you install the program: its own licence, and that of every package which it brings.

transplant-twin is under [Apache-2.0](https://www.apache.org/licenses/LICENSE-2.0). It contains no code of others. Below are the
packages that `pip install -c constraints.txt` brings on Linux, direct and indirect ones, as they describe themselves.
What developers use besides is not distributed and not listed. The same as a CycloneDX document, for what is installed where
you are: `python run_sim.py doctor --sbom`.

| package | version | licence | needed by |
|---|---|---|---|
"""


def _installed(name: str) -> metadata.Distribution | None:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _part(name: str, distribution: metadata.Distribution, asked_by: str) -> Part:
    return Part(name, distribution.version, _licence(distribution), _home(distribution), asked_by, ())


def _wanted(texts: list[str], extra: str) -> Iterator[tuple[str, str]]:
    """Yield what holds here of some requirements: normal names, each also with every extra that is asked for."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    for text in texts:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            for part in ("", *sorted(requirement.extras)):
                yield canonicalize_name(requirement.name), part


def _licence(distribution: metadata.Distribution) -> str:
    about = distribution.metadata
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    named = [
        line.rpartition(" :: ")[2]
        for line in about.get_all("Classifier", [])
        if line.startswith("License :: ")
    ]
    named = [_FAMILIES.get(name, name) for name in named if name != "OSI Approved"]
    if named:
        return " or ".join(dict.fromkeys(named))
    text = " ".join(str(about.get("License", "")).split())
    if not 0 < len(text) <= _LONGEST:
        text = _first_line(distribution)
    return _FAMILIES.get(text, text) if 0 < len(text) <= _LONGEST else _UNKNOWN


def _first_line(distribution: metadata.Distribution) -> str:
    """Return how the licence's own text begins; empty where none is there."""
    for file in distribution.files or ():
        if file.name.lower().startswith(("licen", "copying")) and (text := file.read_text().strip()):
            return text.splitlines()[0].strip()
    return ""


def _choice(licence: str) -> dict[str, Any]:
    """Return a licence as CycloneDX has it: an SPDX expression where it is one, else a name."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return {"expression": canonicalize_license_expression(licence)}
    except InvalidLicenseExpression:
        return {"license": {"name": licence}}


def _home(distribution: metadata.Distribution) -> str:
    """Return a package's home page, or the first address that it names; empty where it names none."""
    links = [str(line).partition(", ")[::2] for line in distribution.metadata.get_all("Project-URL", [])]
    named = {re.sub(r"[^a-z]", "", label.lower()): url for label, url in links}
    home = distribution.metadata.get("Home-page", "")
    for label in ("homepage", "source", "sourcecode", "repository", "github"):
        if label in named:
            return named[label]
    return str(home) if str(home).startswith("http") else next((url for _, url in links), "")


def _purl(part: Part) -> str:
    return f"pkg:pypi/{part.name}@{part.version}"

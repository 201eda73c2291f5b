"""Sources can be looked up: docs/evidence.md has every entry cited, and a number names a paper or says that it has none."""

import re
import subprocess
from pathlib import Path

from simulation.biology.order import AFTER_EVENTS, BEFORE_EVENTS
from simulation.calibration.targets import load_targets
from simulation.cohort.baselines import load_baselines
from simulation.parameters import ParameterTable
from simulation.validation.run import checks

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
ANCHORS = re.findall(r'<a id="(\w+)"></a>(\w+) \|', PAGE)
ENTRIES = {shown for _, shown in ANCHORS}
TEXT = {".py", ".yaml", ".md", ".json", ".toml", ".j2", ".vue", ".css"}
CITATION = re.compile(r"\b(1[89]|20)\d\d\b|\bassumption\b|\bcalibrated\b|evidence\.md#")
ENTRY = re.compile(r"\b[CDEFGKLNPS]\d{1,2}b?\b(?![+/:%])")


def project_files() -> list[Path]:
    """Return the project's text files, those that git does not ignore; without git, those of its folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        files = [ROOT / name for name in listed.stdout.splitlines()]
    else:
        rooms = ("simulation", "tests", "docs", "scenarios", "examples", "benchmarks")
        files = [*ROOT.glob("*.*"), *(path for room in rooms for path in (ROOT / room).rglob("*"))]
    return [path for path in files if path.suffix in TEXT and path.is_file()]


def test_no_file_cites_a_collection_that_a_reader_does_not_have() -> None:
    away = re.compile(r"\b(EVIDEN" + r"CE|MOD" + r"EL)(\.md)?,?\s+(section\s+|fact\s+)?(\d|[A-Z]\d)")
    lines = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in project_files()
        for hit in away.finditer(path.read_text(encoding="utf-8"))
    ]
    assert lines == []


def test_every_entry_has_an_anchor_of_its_own_name() -> None:
    assert len(ANCHORS) > 150
    assert [pair for pair in ANCHORS if pair[0] != pair[1].lower()] == []
    assert len(ENTRIES) == len(ANCHORS)
    rows = re.findall(r"^\| (?!id |---|<a )(.+?) \|", PAGE, re.MULTILINE)
    assert rows == [], "a row without an anchor"


def test_every_anchor_cited_exists() -> None:
    known = {name for name, _ in ANCHORS}
    cited = {
        (str(path.relative_to(ROOT)), name)
        for path in project_files()
        for name in re.findall(r"evidence\.md#(\w+)", path.read_text(encoding="utf-8"))
    }
    assert len(cited) > 10
    assert sorted(pair for pair in cited if pair[1] not in known) == []


def test_every_entry_named_on_the_page_is_there() -> None:
    prose = re.sub(r"\]\([^)]*\)|<a[^>]*></a>", "", PAGE)
    assert sorted(set(ENTRY.findall(prose)) - ENTRIES) == []


SOURCES = {
    **{f"parameter {row.name}": row.source for row in ParameterTable.load().rows},
    **{f"target {target.id}": target.source for target in load_targets().values()},
    **{f"baseline {name}": one.source for name, one in load_baselines().items()},
    **{f"process {process.name}": process.source for process in (*BEFORE_EVENTS, *AFTER_EVENTS)},
}


def test_every_source_names_a_paper_by_its_year_or_says_that_there_is_none() -> None:
    assert len(SOURCES) > 150
    assert [name for name, source in SOURCES.items() if not CITATION.search(source)] == []


def test_what_is_called_measured_names_who_measured_it() -> None:
    rows = [row for row in ParameterTable.load().rows if row.kind == "measured"]
    assert len(rows) > 10
    assert [row.name for row in rows if not re.search(r"\b(19|20)\d\d\b", row.source)] == []


def test_targets_checks_and_findings_are_entries_of_their_own_name() -> None:
    named = {target.id.partition("_")[0] for target in load_targets().values()}
    named |= {check.id.removesuffix("b") for check in checks(("facts", "source"))}
    assert sorted(named - ENTRIES) == []


def test_what_an_entry_is_used_for_exists() -> None:
    known = {name.partition(" ")[2] for name in SOURCES} | {"overt_relapse"}
    used = set(re.findall(r"`([a-z0-9]+(?:_[a-z0-9]+)+)`", PAGE))
    assert len(used) > 60
    assert sorted(used - known) == []

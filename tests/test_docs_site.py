"""The site has every page, loads nothing from elsewhere, and can be built; programs find the pages too."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SITE = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
GENERATED = {"index.md", "changelog.md"}  # of README and CHANGELOG, by docs_site.py


def named(nav: Any) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    for part in nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ():
        yield from named(part)


def test_every_page_is_in_the_navigation_and_in_llms_txt() -> None:
    pages = {path.name for path in DOCS.glob("*.md")}
    assert set(named(SITE["nav"])) == pages | GENERATED  # notebooks and decisions are added by docs_site.py
    listed = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): \S", (DOCS / "llms.txt").read_text(), re.MULTILINE)
    assert len(listed) == len(set(listed)) and pages <= set(listed)
    assert all((DOCS / name).is_file() for name in listed)


def test_every_page_opens_with_what_its_reader_can_do_after_it() -> None:
    for path in DOCS.glob("*.md"):
        _, first, *_ = path.read_text(encoding="utf-8").split("\n\n")
        assert re.match(r"(After this page|Here) you \w+", first), f"{path.name}: {first[:60]}"


def test_the_site_takes_nothing_from_elsewhere() -> None:
    assert SITE["theme"]["font"] is False and SITE["strict"] is True
    assert not {"extra_javascript", "extra_css", "extra"} & set(SITE)
    assert [plugin for plugin in SITE["plugins"] if plugin != "search"] == []


@pytest.mark.slow
def test_the_site_is_built_and_opens_from_the_disk(tmp_path: Path) -> None:
    """Links that lead nowhere are errors (`strict`); what a page loads lies in the site.

    Notebooks are shown as they are to a writer, without outputs: test_notebooks.py runs them.
    """
    commands = pytest.importorskip("mkdocs.commands.build", reason="extra `docs`")
    config = pytest.importorskip("mkdocs.config").load_config(
        str(ROOT / "mkdocs.yml"), site_dir=str(tmp_path)
    )
    config.plugins.on_startup(command="serve", dirty=False)
    commands.build(config)
    for notebook in (ROOT / "examples" / "notebooks").glob("*.ipynb"):
        assert (tmp_path / "notebooks" / f"{notebook.stem}.html").is_file()
        assert (tmp_path / "files" / "examples" / "notebooks" / notebook.name).is_file()
    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 30
    loads = re.compile(
        r"<(?:script|img|iframe|link rel=\"(?:stylesheet|icon|pre\w+)\")[^>]*?(?:src|href)=\"([^\"]+)\""
    )
    for page in pages:
        text = page.read_text(encoding="utf-8")
        outside = [one for one in loads.findall(text) if re.match(r"(https?:)?//", one)]
        assert not outside, f"{page.name} loads {outside}"
    assert (tmp_path / "llms.txt").is_file() and (tmp_path / "commands.json").is_file()

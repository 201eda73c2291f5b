"""Hooks of mkdocs: README and CHANGELOG become pages, notebooks are run into pages, and files that pages link to come along."""

import re
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

from docs_notebooks import NOTEBOOKS, executed, pages_of, read

ROOT: Final = Path(__file__).resolve().parent
PAGES: Final = {"README.md": "index.md", "CHANGELOG.md": "changelog.md"}
_LINK: Final = re.compile(r"(?<=\]\()((?:\.\./)*)([^)#:\s]+)(?=[)#])")
_WRITING: Final = {"serve": False}  # a writer who looks at a page must not wait for notebooks to run


def on_startup(command: str, dirty: bool) -> None:
    """Note whether the site is built, or served to whoever writes it: then notebooks are shown without outputs."""
    _WRITING["serve"] = command == "serve"


def on_config(config: Any) -> Any:
    """Put every notebook and every decision into the navigation, decisions by their number."""
    notebooks = [f"notebooks/{path.stem}.md" for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    decisions = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
    config["nav"][1:1] = [{"Notebooks": notebooks}]
    config["nav"].append({"Decisions": [f"decisions/{name}" for name in decisions]})
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages from outside docs/, notebooks among them, and every file outside it that a page links to."""
    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = read(path) if _WRITING["serve"] else executed(read(path), NOTEBOOKS)
        for name, content in pages_of(path.stem, notebook).items():
            files.append(File.generated(config, f"notebooks/{name}", content=content))
        _bring(files, config, path)
    sources = [ROOT / source for source in PAGES] + sorted((ROOT / "docs").rglob("*.md"))
    for page in sources:
        for above, target in _LINK.findall(page.read_text(encoding="utf-8")):
            path = (page.parent / (above + target)).resolve()
            if path.is_file() and not path.is_relative_to(ROOT / "docs") and path.name not in PAGES:
                _bring(files, config, path)
    return files


def _bring(files: Files, config: Any, path: Path) -> None:
    """Add a file of the project to the site, once."""
    name = f"files/{path.relative_to(ROOT).as_posix()}"
    if files.get_file_from_path(name) is None:
        files.append(File.generated(config, name, abs_src_path=str(path)))


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Let links find what lies elsewhere in the site than in the project."""
    outside = {page_name: ROOT / source for source, page_name in PAGES.items()}
    name = page.file.src_uri
    if name.startswith("notebooks/"):  # made here, with the site's own links
        return markdown
    own = ROOT / name.removeprefix("files/") if name.startswith("files/") else ROOT / "docs" / name
    source = outside.get(name, own)
    up = "../" * page.file.src_uri.count("/")

    def moved(link: re.Match[str]) -> str:
        path = (source.parent / (link[1] + link[2])).resolve()
        inside = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
        if inside in PAGES:
            return up + PAGES[inside]
        if path.is_dir() and path.is_relative_to(ROOT / "docs"):
            return up + min(file.relative_to(ROOT / "docs").as_posix() for file in path.glob("*.md"))
        if inside.startswith("docs/"):
            return up + inside.removeprefix("docs/")
        return f"{up}files/{inside}" if path.is_file() else link[0]

    return _LINK.sub(moved, markdown)

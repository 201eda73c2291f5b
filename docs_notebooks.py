"""Notebooks of examples/notebooks as pages: run by Jupyter's own kernel when the site is built, with what came of each cell.

The files hold no outputs. A stored output would be a simulated number that the next change of the model makes untrue, and
each new one would be megabytes of pictures in the project's history.
"""

import base64
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import nbformat

__all__ = ["NOTEBOOKS", "executed", "pages_of", "read"]

NOTEBOOKS: Final = Path(__file__).resolve().parent / "examples" / "notebooks"
_START_S: Final = 120
_PATIENCE_S: Final = 600  # for one cell, on a machine that does other work besides
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_UNWANTED: Final = re.compile(r"<style.*?</style>\s*", re.DOTALL)  # the site has its own


def read(path: Path) -> Any:
    """Return a notebook, checked against the format."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    return notebook


def executed(notebook: Any, folder: Path) -> Any:
    """Run every cell in one kernel that works in `folder`, and put what came of it into the cells.

    The notebook's metadata then say in `seconds` how much computing that took.

    Raises
    ------
    RuntimeError
        Where a cell fails, with its traceback.
    """
    from jupyter_client.manager import KernelManager

    before = os.times()
    manager = KernelManager()
    inline = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}  # whatever a caller draws with
    manager.start_kernel(
        cwd=str(folder), env={**os.environ, **inline}, stderr=subprocess.DEVNULL
    )  # where it warns that it listens on loopback
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=_START_S)
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            cell.outputs = []

            def note(message: Mapping[str, Any], outputs: list[Any] = cell.outputs) -> None:
                if message["msg_type"] in {"stream", "display_data", "execute_result", "error"}:
                    outputs.append(nbformat.v4.output_from_msg(message))  # type: ignore[no-untyped-call]

            reply = client.execute_interactive(
                cell.source, timeout=_PATIENCE_S, output_hook=note, allow_stdin=False
            )
            content = reply["content"]
            if content["status"] != "ok":
                text = _COLOURS.sub("", "\n".join(content.get("traceback", ())))
                raise RuntimeError(f"cell {number} fails:\n{cell.source}\n{text}")
            cell.execution_count = content["execution_count"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    now = os.times()
    notebook.metadata["seconds"] = (
        now.children_user + now.children_system - before.children_user - before.children_system
    )
    return notebook


def pages_of(name: str, notebook: Any) -> dict[str, str | bytes]:
    """Return the page of a notebook as Markdown, and its pictures, by their names in the site's folder `notebooks`."""
    files: dict[str, str | bytes] = {}
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(_fenced(cell.source, "python"))
        for output in _joined(cell.get("outputs", ())):
            kinds = output.get("data", {})
            if output.output_type == "stream":
                parts.append(_fenced(output.text.rstrip("\n"), "text"))
            elif "image/png" in kinds:
                picture = f"{name}-{len(files) + 1}.png"
                files[picture] = base64.b64decode(kinds["image/png"])
                parts.append(f"![Made by the cell above]({picture})")
            elif "text/html" in kinds:
                parts.append(f"<div>\n{_UNWANTED.sub('', kinds['text/html'])}\n</div>")
            elif "text/markdown" in kinds:
                parts.append(kinds["text/markdown"])
            else:
                parts.append(_fenced(kinds["text/plain"], "text"))
    text = f"*This page is [{name}.ipynb](../files/examples/notebooks/{name}.ipynb), run when the site was built.*"
    return {**files, f"{name}.md": "\n\n".join([*parts, text]) + "\n"}


def _joined(outputs: Any) -> list[Any]:
    """Return outputs with what was printed in pieces in one; live lines of progress are no output."""
    results: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and output.name == "stderr":
            continue
        if output.output_type == "stream" and results and results[-1].output_type == "stream":
            results[-1].text += output.text
        else:
            results.append(output)
    return results


def _fenced(text: str, language: str) -> str:
    """Return text as a block of code, whatever fences it holds."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"

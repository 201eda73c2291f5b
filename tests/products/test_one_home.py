"""What the program knows of a product stands in its file: no other module names it in code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from simulation.products.registry import BY_HAND, PRODUCTS, TITLES

PACKAGE = Path(__file__).parents[2] / "simulation"
NAMED = re.compile(r"blinatumomab|(?<![a-z])dli(?![a-z])", re.IGNORECASE)
EXCEPTIONS = {
    "biology/blinatumomab_pk.py",  # the process, by its name in scenarios and table
    "biology/order.py",
    "parameters/processes.py",
    "biology/traits.py",  # cells remember the infusion they came with
    "browser/marrow.py",
    "browser/app.py",  # the title of the page
    "browser/guide.py",  # shipped scenarios by their names, and a heading of the tour
    "browser/many_view.py",  # an example of a key
    "browser/pages/guide.py",
    "browser/study.py",
    "calibration/measures.py",  # an experiment of a fit
    "calibration/structures.py",
    "cohort/measures.py",  # its pharmacokinetics between patients, by the parameter's name
    "forecast/series.py",  # examples of an order
    "posterior/structures.py",  # which observations know of a mechanism
    "prediction/registration.py",  # an example of a title
    "results/trial_figures/common.py",
    "scenario/schema.py",  # an example of a name; what resolution tells apart
}
ROOMS = {
    "cli",  # examples in the help of commands
    "in_vitro",  # assays with the drug of their experiment
    "results/in_vitro",
    "validation",  # experiments that give it
}


def strings_and_names(tree: ast.Module) -> Iterator[str]:
    """Yield what stands in code; docstrings are no code."""
    homes = (ast.Module, ast.ClassDef, ast.FunctionDef)
    documented = [node.body[0] for node in ast.walk(tree) if isinstance(node, homes) and node.body]
    docstrings = {id(one.value) for one in documented if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docstrings:
                yield text
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.arg(arg=text) | ast.alias(name=text):
                yield text
            case ast.keyword(arg=str(text)) | ast.FunctionDef(name=text) | ast.ClassDef(name=text):
                yield text


def test_no_other_module_names_blinatumomab_or_dli() -> None:
    named = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if any(NAMED.search(text) for text in strings_and_names(ast.parse(file.read_text(encoding="utf-8"))))
    }
    outside = {
        name for name in named if not name.startswith(tuple(f"{room}/" for room in (*ROOMS, "products")))
    }
    assert outside == EXCEPTIONS


def test_products_stand_in_the_order_in_which_they_are_given() -> None:
    names = ["cytoreduction", "blinatumomab", "inotuzumab", "tki", "dli", "immunosuppression", "ptcy"]
    assert [one.name for one in PRODUCTS] == names
    assert BY_HAND == ("blinatumomab", "dli")
    assert TITLES == ("Blinatumomab", "Donor lymphocytes", "Other drugs")

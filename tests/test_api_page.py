"""The page of the public names says what the code says, and every name says what it is."""

import inspect
from importlib import import_module

import pytest

from docs_api import PAGE, PUBLIC, api_page


def test_the_page_is_as_the_code_is() -> None:
    text = "renew it: python -c 'from docs_api import write_api; write_api()'"
    page = PAGE.read_text(encoding="utf-8")
    assert page == api_page(), text
    assert " at 0x" not in page, "an address in memory is another in each process"


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_typed_and_explained(module: str) -> None:
    home = import_module(module)
    page = PAGE.read_text(encoding="utf-8").split(f"## {module}\n")[1]
    for name in home.__all__:
        if name.startswith("__"):
            continue
        thing = getattr(home, name)
        assert f"### {name}\n" in page
        if callable(thing):
            assert thing.__doc__ and "self" not in thing.__doc__.split()[:2]
        if inspect.isfunction(thing):
            assert "return" in thing.__annotations__
            assert set(inspect.signature(thing).parameters) <= set(thing.__annotations__)

"""No test is left out of both passes, and none skips unheard."""

import pytest

pytest_plugins = ["pytester"]
TESTS = """
import os
import pytest

def test_always(): pass
def test_needs_more():
    if "MORE" not in os.environ:
        pytest.skip("more")
@pytest.mark.xfail(strict=True)
def test_wrong_as_known(): assert False
@pytest.mark.parametrize("kind", ["a", "b"] if "MORE" in os.environ else ["a"])
def test_kinds(kind): pass
"""
MODULE = "import pytest\npytest.importorskip('no_such_library')\ndef test_inside(): pass\n"


@pytest.fixture
def here(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_some=TESTS)
    return pytester


def run(here: pytest.Pytester, *words: str) -> tuple[int, str]:
    done = here.runpytest_inprocess("-p", "tests.passes", "-p", "no:cacheprovider", "-v", *words)
    return int(done.ret), done.stdout.str() + done.stderr.str()


@pytest.mark.parametrize("processes", [(), ("-p", "xdist.plugin", "-n", "1")], ids=["here", "elsewhere"])
def test_the_second_pass_runs_what_the_first_did_not_and_nothing_twice(
    here: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, processes: tuple[str, ...]
) -> None:
    status, result = run(here, "--note-passed", "noted", *processes)
    assert status == 0 and "2 passed, 1 skipped, 1 xfailed" in result
    monkeypatch.setenv("MORE", "yes")
    status, result = run(here, "--no-skips", "--not-again", "noted", *processes)
    assert status == 0 and "2 passed" in result
    assert "test_needs_more" in result and "test_kinds[b]" in result
    assert "test_always" not in result and "test_wrong_as_known" not in result


def test_what_skips_in_both_passes_is_a_fault(here: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(here, "--note-passed", "noted")[0] == 0
    status, result = run(here, "--no-skips", "--not-again", "noted")
    assert status == 1 and "skipped, which --no-skips forbids: more" in result
    monkeypatch.setenv("MORE", "yes")
    here.makepyfile(test_whole_file=MODULE)
    status, result = run(here, "--no-skips", "--not-again", "noted")
    assert status == 2 and "skipped, which --no-skips forbids: " in result and "no_such_library" in result
    assert run(here, "test_whole_file.py")[0] == 5, "without --no-skips it skips, and no test is left"


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_notes_that_are_not_there_are_a_mistake(here: pytest.Pytester, content: str | None) -> None:
    if content is not None:
        (here.path / "noted").write_text(content)
    status, result = run(here, "--not-again", "noted")
    assert status == 4 and "--note-passed writes it" in result

"""Who sees little, uses no mouse, or has another screen: axe-core's rules, the order of the Tab key, contrast, layouts."""

import io
from collections import Counter
from typing import Any

import pytest

from simulation import __version__

from .conftest import PATIENCE, Server, weeks

TABS = ("One patient", "Twins", "Results", "Many patients", "Guide")
SIZES = [
    (1920, 1080),
    (1280, 800),
    (1024, 768),
    (640, 400),
    (390, 844),
]  # 640x400: 1280x800 enlarged to 200 %


def open_page(chromium: Any, server: Server, **how: Any) -> Any:
    context = chromium.new_context(**how)
    context.set_default_timeout(30_000 * PATIENCE)
    context.add_cookies([server.cookie])
    page = context.new_page()
    page.goto(server.address)
    page.get_by_role("button", name="Play").wait_for()
    page.locator("canvas").first.wait_for()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(chromium: Any, server: Server, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page(chromium, server, viewport={"width": 1280, "height": 3000}, color_scheme=scheme)
    weeks(page, 5)
    page.get_by_role("button", name="Give DLI").click()
    page.get_by_role("button", name="Cancel").wait_for()
    for seed in ("x", "7"):  # with a mistake, and with a question
        page.locator(".tt-field-seed input").fill(seed)
        page.locator(".tt-field-seed input").press("Enter")
        page.get_by_text("Expected a whole number" if seed == "x" else "will be lost").wait_for()
        assert _violations(axe, page) == {}
    for tab in TABS[1:]:
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(1000)
        assert _violations(axe, page) == {}, tab
    page.context.close()


def _violations(axe: Any, page: Any) -> dict[str, list[str]]:
    violations = axe.run(page).response["violations"]
    return {one["id"]: [node["html"][:200] for node in one["nodes"]] for one in violations}


def test_what_the_page_is_stands_on_it(page: Any) -> None:
    assert page.locator("h1").count() == 1 and page.locator("html").get_attribute("lang") == "en"
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        text = page.locator("header").inner_text()
        assert "not for decisions about patients" in text and __version__ in text
    viewport = page.locator("meta[name=viewport]").get_attribute("content")
    assert "user-scalable" not in viewport and "maximum-scale" not in viewport


@pytest.mark.parametrize("width", [1280, 390])
def test_play_is_the_second_stop_of_the_tab_key(chromium: Any, server: Server, width: int) -> None:
    page = open_page(chromium, server, viewport={"width": width, "height": 800})
    stops = []
    for _ in range(2):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.innerText.trim()"))
    page.context.close()
    assert stops == ["One patient", "Play"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_paint_has_the_colours_of_the_system(chromium: Any, server: Server, scheme: str) -> None:
    """Before a script of the page's own has run, and while it is loaded: nobody sits in a dark room before a white flash."""
    context = chromium.new_context(color_scheme=scheme, viewport={"width": 400, "height": 300})
    context.add_cookies([server.cookie])
    page = context.new_page()
    page.route("**/*.js", lambda route: route.abort())
    page.goto(server.address, wait_until="commit")
    page.wait_for_function("() => document.body !== null")
    bare = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    context.close()
    page = open_page(chromium, server, color_scheme=scheme)
    full = page.evaluate("getComputedStyle(document.querySelector('.v-application')).backgroundColor")
    page.context.close()
    for colour in (bare, full):
        brightness = sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(",")[:3]) / 3
        assert brightness < 60 if scheme == "dark" else brightness > 200, (bare, full)


def test_tabs_by_arrow_keys(page: Any) -> None:
    page.get_by_role("tab", name="One patient").focus()
    for key, name in (
        ("ArrowRight", "Twins"),
        ("End", "Guide"),
        ("ArrowRight", "One patient"),
        ("ArrowLeft", "Guide"),
    ):
        page.keyboard.press(key)
        page.locator("[role=tab][aria-selected=true]").get_by_text(name).wait_for()
        assert page.evaluate("document.activeElement.innerText.trim()") == name


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_are_read_on_the_first_visit(chromium: Any, server: Server, scheme: str) -> None:
    page = open_page(chromium, server, viewport={"width": 1280, "height": 800}, color_scheme=scheme)
    weeks(page, 1)
    page.wait_for_timeout(500)
    ground, ink = _ground_and_ink(page.locator(".tt-chart").first.screenshot())
    page.context.close()
    assert (ground > 0.5) == (scheme == "light")
    assert (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05) > 7


def test_charts_follow_the_system_while_the_page_is_open(chromium: Any, server: Server) -> None:
    page = open_page(chromium, server, viewport={"width": 1280, "height": 800}, color_scheme="light")
    weeks(page, 1)
    page.emulate_media(color_scheme="dark")
    for _ in range(25):
        page.wait_for_timeout(400)
        ground, ink = _ground_and_ink(page.locator(".tt-chart").first.screenshot())
        if ground < 0.1 and ink > 0.5:
            break
    page.context.close()
    assert ground < 0.1 and ink > 0.5


def _ground_and_ink(picture: bytes) -> tuple[float, float]:
    """Return the luminance of the commonest colour, and of the one farthest from it, among the grey ones (WCAG 2)."""
    from PIL import Image

    image = Image.open(io.BytesIO(picture)).convert("RGB").crop((0, 0, 220, 24))  # a title
    counts = Counter(image.get_flattened_data() if hasattr(image, "get_flattened_data") else image.getdata())
    ground = _luminance(counts.most_common(1)[0][0])
    return ground, max((_luminance(colour) for colour in counts), key=lambda one: abs(one - ground))


def _luminance(colour: tuple[int, int, int]) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_nothing_hides_or_overlaps(chromium: Any, server: Server, width: int, height: int) -> None:
    page = open_page(chromium, server, viewport={"width": width, "height": height})
    weeks(page, 5)
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(700)
        assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth + 1"), tab
        assert page.evaluate(_OVERLAPS) == [], tab
    if width >= 1200:  # as high as the window, neither shorter nor cut off
        page.get_by_role("tab", name="One patient").click()
        page.wait_for_timeout(700)
        bottom = page.locator(".tt-chart").first.evaluate("part => part.getBoundingClientRect().bottom")
        assert 0.95 * height <= bottom <= height
    page.context.close()


# parts of the page that stand beside or below each other; what a scrolled box hides of one does not count
_OVERLAPS = """() => {
  const kinds = ["header", "tabs", "bar", "badges-box", "map", "log-box", "chart", "aside"].map((kind) => ".tt-" + kind);
  const parts = [...document.querySelectorAll(kinds.join(","))];
  const boxes = parts.map((part) => part.getBoundingClientRect());
  const found = [];
  parts.forEach((one, i) => parts.forEach((other, j) => {
    if (i >= j || one.contains(other) || other.contains(one)) return;
    const across = Math.min(boxes[i].right, boxes[j].right) - Math.max(boxes[i].left, boxes[j].left);
    const down = Math.min(boxes[i].bottom, boxes[j].bottom) - Math.max(boxes[i].top, boxes[j].top);
    const hidden = document.querySelector(".tt-main").scrollTop > 0;
    if (across > 2 && down > 2 && !hidden) found.push(one.className + " | " + other.className);
  }));
  return found;
}"""

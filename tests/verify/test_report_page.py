"""The HTML report as Chromium shows it: geometry, taps and keys, dark mode, paper, a phone, nothing from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rewriter.verify.model import Verification
from rewriter.verify.report import html
from rewriter.verify.report.numbers import size

from . import report_samples as samples

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PAGES: dict[str, Callable[[], str]] = {
    "flask": lambda: html.render([samples.flask()]),
    "failing": lambda: html.render([samples.failing()]),
    "many": lambda: html.render([samples.many_layers()]),
    "hostile": lambda: html.render([samples.hostile()], comparisons={samples.HOSTILE[1]: samples.choices()}),
    "several": lambda: html.render(
        [samples.flask(), samples.node(), samples.original()], comparisons={"shop/Dockerfile": samples.choices()}
    ),
}
PHONE, DESKTOP = 360, 1200


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: no page is looked at")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: no page is looked at")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=[*ARGUMENTS])
        yield browser
        browser.close()


Opened = Callable[..., "Page"]


@pytest.fixture
def said() -> list[str]:
    """What the browser complains about; a test that provokes that takes it away."""
    return []


@pytest.fixture
def opened(browser: Browser, tmp_path: Path, said: list[str]) -> Iterator[Opened]:
    """Opens a page; behind the test nothing may have been complained about or asked for."""
    asked: list[str] = []

    def open_(text: str, width: int = DESKTOP, **options: Any) -> Page:
        path = tmp_path / "report.html"
        path.write_text(text, "utf-8")
        page = browser.new_context(viewport={"width": width, "height": 800}, **options).new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: said.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_
    for context in browser.contexts:
        context.close()
    assert said == []
    assert {url for url in asked if not url.startswith("data:")} == {(tmp_path / "report.html").as_uri()}


def widths(bar: Locator) -> list[float]:
    return [
        float(width) for width in bar.locator("li").evaluate_all("all => all.map(e => e.getBoundingClientRect().width)")
    ]


def bars(page: Page, chart: str) -> list[Locator]:
    return page.locator(f"section:has(> #{chart}-1) .bar").all()


def readout(page: Page, chart: str = "layers") -> str:
    return " ".join(page.locator(f"section:has(> #{chart}-1) .readout").inner_text().split())


def place_of(bar: Locator, at: int) -> tuple[float, float]:
    bar.scroll_into_view_if_needed()
    box = bar.locator("li").nth(at).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def sides(found: Verification) -> tuple[list[int], list[int]]:
    assert found.before is not None
    assert found.after is not None
    before, after = ([layer.size for layer in side.image.layers] for side in (found.before, found.after))
    return before, after


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("sample", [samples.flask, samples.many_layers])
def test_layers_are_drawn_to_one_scale(opened: Opened, sample: Callable[[], Verification], width: int) -> None:
    found = sample()
    page = opened(html.render([found]), width)
    shown = bars(page, "layers")
    box = shown[0].bounding_box()
    assert box is not None
    scale = box["width"] / max(map(sum, sides(found)))
    for bar, layers in zip(shown, sides(found), strict=True):
        assert widths(bar) == pytest.approx([layer * scale for layer in layers], abs=1)
        assert sum(widths(bar)) == pytest.approx(sum(layers) * scale, abs=1)


def test_rebuilds_are_drawn_to_one_scale_and_by_what_became_of_each_step(opened: Opened) -> None:
    page = opened(PAGES["flask"]())
    before, after = bars(page, "rebuild")
    # What was reused is as wide as it was in the cold build.
    seconds = ([0.1, 0.1, 0.2, 14.2, 6.1, 0.4], [0.1, 2.4, 0.1, 5.9, 0.1, 4.8, 0.3, 0.5, 0.1, 0.1])
    box = before.bounding_box()
    assert box is not None
    for bar, expected in zip((before, after), seconds, strict=True):
        assert widths(bar) == pytest.approx([n * box["width"] / sum(seconds[0]) for n in expected], abs=1)
    assert (before.locator(".reused").count(), after.locator(".reused").count()) == (2, 8)
    # Not by the colour alone: what was reused is striped, and both are said.
    assert "gradient" in str(after.locator(".reused").first.evaluate("e => getComputedStyle(e).backgroundImage"))
    assert "repeated" in str(before.locator(".repeated").first.get_attribute("aria-label"))
    assert "reused" in str(after.locator(".reused").first.get_attribute("aria-label"))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [PHONE, 660, DESKTOP])
def test_nothing_is_wider_than_the_window(opened: Opened, name: str, width: int) -> None:
    page = opened(PAGES[name](), width)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1] == width
    # Nor is anything cut off within.
    assert (
        page.evaluate("""
        [...document.querySelectorAll("main *")]
          .filter((e) => !e.closest("thead, .readout-step, .label, pre"))
          .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
          .map((e) => e.outerHTML.slice(0, 100))
    """)
        == []
    )


def test_the_largest_layer_is_told_at_first(opened: Opened) -> None:
    assert readout(opened(PAGES["flask"]()))[2:].startswith("587 MB 57 % of the image before, layer 4 of 12")


def test_a_pointer_tells_the_layer_below_it_and_a_click_keeps_it(opened: Opened) -> None:
    page = opened(PAGES["flask"]())
    before, after = bars(page, "layers")
    page.mouse.move(*place_of(before, 10))
    assert "98 MB 10 % of the image before, layer 11 of 12" in readout(page)
    assert "RUN pip install -r requirements.txt" in readout(page)
    page.mouse.move(*place_of(after, 7))
    assert "46 MB 26 % of the image after, layer 8 of 16" in readout(page)
    page.mouse.move(5, 5)
    assert "before, layer 4 of 12" in readout(page)
    page.mouse.click(*place_of(before, 10))
    page.mouse.move(5, 5)
    assert "before, layer 11 of 12" in readout(page)


def test_a_tap_tells_the_layer(opened: Opened) -> None:
    page = opened(PAGES["flask"](), PHONE, has_touch=True, is_mobile=True)
    (_, after) = bars(page, "layers")
    page.touchscreen.tap(*place_of(after, 7))
    assert "46 MB 26 % of the image after, layer 8 of 16" in readout(page)
    assert "COPY --from=build /opt/venv/ /opt/venv/" in readout(page)


def test_tiny_layers_are_reached_by_pointer_and_by_buttons(opened: Opened) -> None:
    page = opened(PAGES["flask"](), PHONE)
    (before, _) = bars(page, "layers")
    assert widths(before)[6] < 0.1
    page.mouse.move(*place_of(before, 6))
    told = readout(page)
    assert "layer 7 of 12" in told or "layer 8 of 12" in told  # both are nothing wide, and at one place
    page.mouse.move(5, 5)
    further = page.locator(".chart").first.get_by_role("button", name="layer behind this one")
    for number in range(5, 9):
        further.click()
        page.mouse.move(5, 5)
        assert f"before, layer {number} of 12" in readout(page)
    page.locator(".chart").first.get_by_role("button", name="layer before this one").click()
    assert "36 B <1 % of the image before, layer 7 of 12" in readout(page)


def test_every_layer_is_reached_by_keys(opened: Opened) -> None:
    page = opened(PAGES["many"]())
    page.locator(".chart").first.locator("[tabindex='0'].part").focus()
    page.keyboard.press("Home")
    for number in range(1, 61):
        assert f"before, layer {number} of 60" in readout(page)
        assert f"layer {number} of 60" in str(page.evaluate("document.activeElement.getAttribute('aria-label')"))
        page.keyboard.press("ArrowRight")
    assert "after, layer 1 of 16" in readout(page)
    page.keyboard.press("ArrowLeft")
    assert "before, layer 60 of 60" in readout(page)
    page.keyboard.press("End")
    assert "after, layer 16 of 16" in readout(page)
    outline = page.evaluate("getComputedStyle(document.activeElement).outline")
    assert "solid" in outline
    assert "3px" in outline
    # One stop for each chart.
    assert page.locator(".chart").first.locator(".part[tabindex='0']").count() == 1


def test_a_long_step_is_told_in_its_own_room(opened: Opened) -> None:
    page = opened(PAGES["many"](), PHONE)
    heights = set()
    for _ in range(3):
        page.locator(".chart").first.get_by_role("button", name="layer behind this one").click()
        box = page.locator(".readout").first.bounding_box()
        assert box is not None
        heights.add(box["height"])
    assert len(heights) == 1  # what stands below does not jump


CONTRAST = """
(() => {
  const parse = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ratio = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const { rgb, a } = parse(getComputedStyle(e).backgroundColor);
      if (a === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || e.closest("script") || !e.checkVisibility()) continue;
    const found = ratio(parse(getComputedStyle(e).color).rgb, ground(e));
    if (found < 4.5) poor.push([walk.currentNode.data.trim().slice(0, 40), found]);
  }
  for (const e of document.querySelectorAll(".part:not(.reused), .swatch:not(.reused), .meter > span")) {
    const found = ratio(parse(getComputedStyle(e).backgroundColor).rgb, ground(e.parentElement));
    if (found < 3) poor.push([e.className, found]);
  }
  return poor;
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["failing", "several"])
def test_text_and_bars_stand_out(opened: Opened, name: str, scheme: str) -> None:
    page = opened(PAGES[name](), color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate(CONTRAST) == []


def ground(page: Page, selector: str = "article") -> str:
    return str(page.locator(selector).first.evaluate("e => getComputedStyle(e).backgroundColor"))


def test_dark_mode_changes_the_colours(opened: Opened) -> None:
    page = opened(PAGES["flask"](), color_scheme="light")
    light = [ground(page, selector) for selector in ("body", "article", ".part", ".readout")]
    page.emulate_media(color_scheme="dark")
    dark = [ground(page, selector) for selector in ("body", "article", ".part", ".readout")]
    assert not {*light} & {*dark}


def test_paper_shows_all_in_light_colours(opened: Opened) -> None:
    from playwright.sync_api import expect

    page = opened(PAGES["flask"](), color_scheme="light")
    part = ground(page, ".part")
    hidden = "[...document.querySelectorAll('details > :not(summary)')].filter(e => !e.checkVisibility()).length"
    shut = page.locator("details:not([open])").count()
    assert shut > 0
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(hidden) == 0
    assert ground(page, ".part") == part
    assert page.locator(".part").first.evaluate("e => getComputedStyle(e).printColorAdjust") == "exact"
    assert page.locator(".readout:visible").count() == 0
    assert page.locator(".parts tr").count() == page.locator(".part").count() + 4  # and a head in each table
    page.emulate_media(media="screen")
    expect(page.locator("details:not([open])")).to_have_count(shut)  # the browser tells the page a moment later


def test_paper_shows_all_without_javascript(opened: Opened) -> None:
    page = opened(PAGES["flask"](), java_script_enabled=False)
    page.emulate_media(media="print")
    heights = page.locator(".parts").evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert len(heights) == 4
    assert min(heights) > 100


def test_a_printed_page_is_not_cut_at_its_side(opened: Opened) -> None:
    page = opened(PAGES["many"](), 680)  # A4 without its margins
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_bars_and_titles_are_there_without_javascript(opened: Opened) -> None:
    found = samples.flask()
    page = opened(html.render([found]), java_script_enabled=False)
    for bar, layers in zip(bars(page, "layers"), sides(found), strict=True):
        assert max(widths(bar)) > 30
        titles = bar.locator(".part").evaluate_all("all => all.map(e => e.title)")
        assert [size(layer) in title for layer, title in zip(layers, titles, strict=True)] == [True] * len(layers)
    assert page.locator(".readout:visible").count() == 0
    page.get_by_text("All layers as a table").click()
    assert page.get_by_role("cell", name="RUN pip install -r requirements.txt").first.is_visible()


def test_hostile_words_are_only_words(opened: Opened, said: list[str]) -> None:
    page = opened(PAGES["hostile"]())
    text = page.locator("body").inner_text()
    assert "<script>alert(1)</script>" in text
    assert "{{ 7 * 7 }} {% raw %} ${HOME} %s" in text
    assert page.locator("img, a, iframe, main script, main style").count() == 0
    # The policy holds even where something came through.
    blocked = page.evaluate("""new Promise((done) => {
        document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective), { once: true });
        document.body.insertAdjacentHTML("beforeend", "<p onclick='alert(1)'>");
    })""")
    assert blocked == "script-src-attr"
    assert len(said) == 1
    said.clear()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_can_be_found_through_without_seeing_it(opened: Opened, name: str) -> None:
    page = opened(PAGES[name]())
    assert page.locator("h1").count() == 1
    assert page.get_by_role("main").count() == 1
    assert page.evaluate("document.documentElement.lang") == "en"
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(e => Number(e.tagName[1]))")
    assert [one for one, other in pairwise(levels) if other - one > 1] == []
    assert page.locator("th:not([scope])").count() == 0
    ids = page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
    assert len(ids) == len({*ids})
    assert page.locator("button").evaluate_all("all => all.filter(e => !e.ariaLabel).length") == 0
    named = page.locator("[aria-labelledby]").evaluate_all("all => all.map(e => e.getAttribute('aria-labelledby'))")
    assert {*named} <= {*ids}


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_tables_stay_tables_on_a_phone(opened: Opened, width: int) -> None:
    page = opened(PAGES["several"](), width)
    assert page.get_by_role("columnheader", name="before").count() > 0
    slim = page.get_by_role("row").filter(has_text="python:3.12-slim").last
    assert slim.get_by_role("cell").first.inner_text() == "176 MB"
    assert slim.get_by_role("rowheader").count() == 1


def test_the_contrast_that_is_too_low_is_seen(opened: Opened) -> None:
    """What the other test asks finds such a text."""
    page = opened(PAGES["flask"]().replace("--dim: #59616b", "--dim: #a0a6ad"), bypass_csp=True)
    assert page.evaluate(CONTRAST) != []

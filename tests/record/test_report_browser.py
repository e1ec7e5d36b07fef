"""The report in a headless browser: nothing leaves the screen, is cut off, overlaps or is small; it prints whole."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from cinemyo import tables
from cinemyo.config import Params
from cinemyo.layout import Layout
from cinemyo.record.report.page import build
from docs import screenshots
from tests.record import browsing
from tests.record.pictures import png
from tests.tiny_study import build as build_study

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(screenshots.chromium() is None, reason="no Chromium on this machine: apt install chromium"),
]

SCREENS = {"desktop": (1440, 900), "tablet": (768, 1024), "telephone": (390, 844)}
A4_PX = 703
"""Width of an A4 page less its margins, in pixels of 1/96 inch."""
SMALLEST_PX = 11


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report with a table of many columns and a figure wider than a telephone."""
    base = tmp_path_factory.mktemp("report")
    params, layout = build_study(base)
    widened(layout)
    tables.write_bytes(layout.figures / "accuracy.png", png(900, 300))
    study = params.study.model_copy(update={"intended_use": "Research alone, and nothing that touches a patient."})
    return written(params.model_copy(update={"study": study}), layout=layout)


def widened(layout: Layout) -> None:
    """Gives the table of arms twenty columns of intervals."""
    path = layout.tables / "arms.csv"
    frame = tables.read_text(path)
    for index in range(18):
        name = f"figure_{index}"
        frame[name], frame[f"{name}_low"], frame[f"{name}_high"] = "0.5", "0.25", "0.75"
    tables.write_bytes(path, frame.to_csv(index=False).encode())


def written(params: Params, *, layout: Layout) -> str:
    """The address of the report, once it is written."""
    tables.write_bytes(layout.report, build(params, layout=layout).page)
    return layout.report.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with screenshots.browser() as opened:
        yield opened


@pytest.fixture(scope="module", params=SCREENS)
def screen(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """The page with everything unfolded."""
    width, height = SCREENS[request.param]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address)
    browsing.unfold(page)
    yield page
    page.close()


def test_nothing_leaves_the_screen(screen: Page) -> None:
    assert browsing.outside(screen) == []
    assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_no_text_is_cut_off(screen: Page) -> None:
    assert browsing.cut(screen) == []


def test_nothing_lies_on_its_neighbour(screen: Page) -> None:
    assert browsing.overlaps(screen) == []


def test_no_letters_are_too_small(screen: Page) -> None:
    assert browsing.smallest(screen) >= SMALLEST_PX


def test_a_wide_table_scrolls_in_its_box(screen: Page) -> None:
    box = screen.locator("#table-arms .scroll").first
    assert box.evaluate("one => one.scrollWidth > one.clientWidth")


@pytest.fixture(scope="module")
def desktop(browser: Browser, address: str) -> Iterator[Page]:
    # without motion: a click shows its section at once
    page = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page.goto(address)
    yield page
    page.close()


def test_every_link_of_the_contents_leads_to_its_section(desktop: Page) -> None:
    links = desktop.locator("nav a")
    for index in range(links.count()):
        slug = str(links.nth(index).get_attribute("href"))
        links.nth(index).click()
        assert desktop.evaluate("location.hash") == slug
        assert desktop.locator(slug).count() == 1


def test_a_click_shows_the_section(desktop: Page) -> None:
    desktop.evaluate("scrollTo(0, 0)")
    desktop.locator("nav a[href='#leakage']").click()
    assert abs(desktop.locator("#leakage").evaluate("one => one.getBoundingClientRect().top")) < 60


def test_the_contents_stay_in_sight(desktop: Page) -> None:
    desktop.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert desktop.locator("nav").evaluate("one => one.getBoundingClientRect().top >= 0")


def test_the_first_screen_has_disease_and_price(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address)
    for text in ("HCM", "DCM", "Missed disease: called normal", "The price of leakage"):
        place = page.locator("#first").get_by_role("heading", name=text, exact=True).bounding_box()
        assert place is not None
        assert place["y"] + place["height"] < 900
    page.close()


def test_it_asks_for_nothing_and_complains_of_nothing(browser: Browser, address: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(address)
    page.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []


def test_a_printed_page_holds_its_tables(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": A4_PX, "height": 990})
    page.goto(address)
    page.emulate_media(media="print")
    found = browsing.outside(page, boxes=".wide"), browsing.cut(page), browsing.overlaps(page)
    page.close()
    assert found == ([], [], [])


@pytest.fixture(scope="module")
def printed(browser: Browser, address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report as PDF, printed with everything folded."""
    path = tmp_path_factory.mktemp("printed") / "report.pdf"
    page = browser.new_page()
    page.goto(address)
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    page.close()
    return path


def test_it_prints_on_pages(printed: Path) -> None:
    content = printed.read_bytes()
    assert content.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) >= 5


def test_a_wide_table_is_printed_across(printed: Path) -> None:
    sizes = {
        tuple(map(float, box)) for box in re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed.read_bytes())
    }
    assert {width > height for width, height in sizes} == {True, False}


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext on this machine: apt install poppler-utils")
def test_the_print_has_every_section_and_what_was_folded(printed: Path, browser: Browser, address: str) -> None:
    done = subprocess.run(["pdftotext", str(printed), "-"], capture_output=True, text=True, check=True, timeout=60)
    text = " ".join(done.stdout.split())
    page = browser.new_page()
    page.goto(address)
    titles = [re.sub(r"\s*synthetic$", "", title) for title in page.locator("section > h2").all_inner_texts()]
    page.close()
    assert [title for title in titles if title.strip() not in text] == []
    assert "The other arms: 10 rows" in text
    assert text.count("view_systole") > 10
    assert text.count("SYNTHETIC") > 10

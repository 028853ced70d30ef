"""The page of a run in a real browser: Debian's chromium, driven by selenium."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gallery_support import Page, entry, many

from faceedit.gallery import withheld, write_gallery
from faceedit.report import Entry
from faceedit.runner import write_all
from faceedit.testing import painted_photo

pytest.importorskip("selenium", reason="selenium drives the browser: pip install selenium")
from selenium import webdriver
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="a real browser is needed: apt-get install chromium chromium-driver"
)
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1300,900",
)  # fmt: skip
HOSTILE = ["<img src=x onerror=document.title='run'>.jpg", "100 % #1?.jpg", "a\nb.jpg", "\u202egpj.txt.jpg", "\"'&.jpg"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: webdriver.Chrome) -> Iterator[Page]:
    browser.get_log("performance")  # type: ignore[no-untyped-call]  # what earlier pages loaded
    yield Page(browser)
    assert not [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"]  # type: ignore[no-untyped-call]


@pytest.fixture
def evening(tmp_path: Path, page: Page) -> Page:
    """A run of six photos: three done, one skipped, one withheld, one failed."""
    out = tmp_path / "out"
    glasses = {"kind": "glasses", "face": 0, "confidence": 0.9, "box": [120, 90, 200, 120]}
    entries = [
        entry(out, "anna.jpg"),
        entry(out, "bob.jpg", findings=[glasses], notes=["16 bits became 8"]),
        entry(out, "team/josé.jpg", painted_photo(240, 320, faces=2)),
        Entry("photos/cat.jpg", "skipped", notes=["no face was found"]),
        Entry("photos/dan.jpg", "review", error="photos/dan.jpg: only doubtful faces; look", action="look"),
        Entry("photos/eve.jpg", "failed", error="photos/eve.jpg: is damaged"),
    ]
    page.load(write_gallery(out, entries, redacts=False, title="Evening"))
    return page


def test_every_photo_has_a_card_with_what_became_of_it(evening: Page) -> None:
    assert evening.shown() == ["anna.jpg", "bob.jpg", "josé.jpg", "cat.jpg", "dan.jpg", "eve.jpg"]
    states = "[...document.querySelectorAll('.card .state')].map((state) => state.textContent)"
    assert evening.run(states) == ["Done", "Done", "Done", "Skipped", "Review", "Failed"]
    whys = "[...document.querySelectorAll('.why')].map((why) => why.textContent)"
    assert evening.run(whys) == ["No face was found", "Only doubtful faces", "Is damaged"]


def test_nothing_is_loaded_but_the_runs_own_files(evening: Page) -> None:
    evening.run("document.querySelector('.open').click()")
    evening.until("document.getElementById('before').src.endsWith('/photos/anna.jpg')")
    addresses = evening.requests()
    assert len(addresses) > 5
    assert {address.partition(":")[0] for address in addresses} <= {"file", "data", "about"}


def test_the_status_filter_works_with_arrow_keys(evening: Page) -> None:
    evening.run("document.querySelector('#chips input').focus()")
    evening.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert evening.shown() == ["cat.jpg"]
    evening.press(Keys.ARROW_RIGHT)
    assert evening.shown() == ["dan.jpg"]
    assert evening.run("document.getElementById('found').textContent") == "1 shown"


def test_a_link_can_lead_to_what_wants_review(evening: Page) -> None:
    evening.load(Path(evening.run("decodeURI(location.pathname)")), "#review")
    assert evening.shown() == ["dan.jpg"]


@pytest.mark.parametrize(
    ("text", "names"),
    [("BOB", ["bob.jpg"]), ("jose", ["josé.jpg"]), ("glasses", ["bob.jpg"]), ("damaged", ["eve.jpg"]),
     ("doubtful dan", ["dan.jpg"]), ("16 bits", ["bob.jpg"]), ("nobody", [])],
)  # fmt: skip
def test_search_finds_names_findings_notes_and_errors(evening: Page, text: str, names: list[str]) -> None:
    evening.type(text)
    assert evening.shown() == names
    assert evening.run("document.getElementById('empty').hidden") is bool(names)


def test_escape_clears_the_search_and_the_arrow_goes_on_to_the_photos(evening: Page) -> None:
    evening.type("eve")
    evening.press(Keys.ESCAPE)
    assert len(evening.shown()) == 6
    evening.press("eve", Keys.ARROW_DOWN)
    assert evening.focused().startswith("eve.jpg, Failed")


def test_all_photos_can_be_reached_by_keys_alone(evening: Page) -> None:
    evening.run("document.querySelector('.open').focus()")
    seen = [evening.focused()]
    for key in (Keys.ARROW_RIGHT, Keys.END, Keys.ARROW_LEFT, Keys.HOME, Keys.ARROW_DOWN, Keys.ARROW_UP):
        evening.press(key)
        seen.append(evening.focused())
    names = [label.partition(",")[0] for label in seen]
    assert names[:5] == ["anna.jpg", "bob.jpg", "eve.jpg", "dan.jpg", "anna.jpg"]
    assert names[5] != names[6] == "anna.jpg"
    evening.press(Keys.TAB)
    assert evening.focused() == "Open anna.jpg"


def test_the_focused_photo_is_marked(evening: Page) -> None:
    evening.run("document.querySelector('.open').focus()")
    evening.press(Keys.ARROW_RIGHT)
    shadows = [
        evening.run(f"getComputedStyle(document.querySelectorAll('.card')[{index}]).boxShadow") for index in (0, 1)
    ]
    assert "inset" not in shadows[0]
    assert "inset" in shadows[1]


def test_enter_opens_a_photo_arrows_turn_the_page_and_escape_comes_back(evening: Page) -> None:
    evening.run("document.querySelector('.open').focus()")
    evening.press(Keys.ENTER)
    assert evening.heading() == "anna.jpg"
    evening.press(Keys.ARROW_RIGHT, Keys.PAGE_DOWN)
    assert evening.heading() == "josé.jpg"
    evening.press(Keys.ESCAPE)
    assert not evening.run("document.getElementById('box').open")
    evening.until("(document.activeElement.ariaLabel || '').startsWith('josé.jpg')")


def test_the_slider_moves_between_before_and_after(evening: Page) -> None:
    evening.run("document.querySelector('.open').click()")
    clip = "getComputedStyle(document.getElementById('before')).clipPath"
    assert evening.run(clip) == "inset(0px 50% 0px 0px)"
    evening.run("document.getElementById('slider').focus()")
    evening.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert evening.run(clip) == "inset(0px 48% 0px 0px)"
    assert evening.run("document.getElementById('slider').getAttribute('aria-valuetext')") == "52 % before"
    evening.press(Keys.PAGE_DOWN)
    assert (evening.heading(), evening.focused()) == ("bob.jpg", "Before and after")


def test_the_slider_can_be_dragged(evening: Page) -> None:
    evening.run("document.querySelector('.open').click()")
    slider = evening.driver.find_element(By.ID, "slider")
    width = slider.size["width"]
    ActionChains(evening.driver).move_to_element(slider).click_and_hold().move_by_offset(
        width // 4, 0
    ).release().perform()
    assert 73 <= int(evening.run("document.getElementById('slider').value")) <= 77


def test_boxes_lie_over_the_faces_and_can_be_switched_off(evening: Page) -> None:
    evening.run("document.querySelectorAll('.open')[1].click()")
    boxes = "[...document.querySelectorAll('.face')].filter((each) => !each.hidden)"
    assert evening.run(f"{boxes}.map((each) => each.textContent)") == ["0", "glasses"]
    assert evening.run(f"{boxes}.map((each) => each.style.left)")[1] == "37.5%"
    evening.press("b")
    assert evening.run(f"{boxes}.length") == 0


def test_the_mask_can_be_laid_over_the_photo(evening: Page) -> None:
    evening.run("document.querySelector('.open').click()")
    hidden = "document.getElementById('overlay').hidden"
    assert evening.run(hidden)
    evening.press("m")
    assert not evening.run(hidden)
    assert evening.run("document.querySelectorAll('.legend li').length") == 18


def test_the_files_themselves_replace_their_thumbnails(evening: Page) -> None:
    evening.run("document.querySelector('.open').click()")
    evening.until("document.getElementById('after').src.endsWith('/out/anna.jpg')")
    evening.until("document.getElementById('before').src.endsWith('/photos/anna.jpg')")


def test_a_photo_without_a_picture_says_why(evening: Page) -> None:
    evening.run("document.querySelectorAll('.open')[4].click()")
    assert evening.run("document.getElementById('stage').textContent") == "Only doubtful faces"
    assert "What to do" in evening.run("document.getElementById('panel').textContent")
    assert evening.run("document.querySelectorAll('#stage img').length") == 0


def test_a_redacting_run_shows_its_outputs_and_no_way_to_the_originals(tmp_path: Path, page: Page) -> None:
    out = tmp_path / "out"
    entries = [entry(out, "anna.jpg", redacts=True), Entry("photos/b.jpg", "review", error="no face was found")]
    page.load(write_gallery(out, entries, redacts=True, title="Publish"))
    page.run("document.querySelector('.open').click()")
    page.until("document.getElementById('after').src.endsWith('/out/anna.jpg')")
    assert page.run("document.querySelectorAll('#slider, #before, #overlay').length") == 0
    addresses = "[...document.querySelectorAll('img, a')].map((each) => each.src || each.href)"
    assert not [address for address in page.run(addresses) if "/photos/" in address or "before" in address]


def test_a_withheld_photo_is_shown_with_its_reason_where_that_was_asked_for(tmp_path: Path, page: Page) -> None:
    photo = painted_photo(60, 80)
    write_all({}, withheld(Path("photos/b.jpg"), photo, tmp_path))
    entries = [Entry("photos/b.jpg", "review", error="no face was found")]
    page.load(write_gallery(tmp_path, entries, redacts=True, title="Publish", originals=True))
    page.run("document.querySelector('.open').click()")
    page.until("document.getElementById('after').naturalWidth === 80")
    assert page.run("document.getElementById('after').alt") == "The photo that was withheld"
    assert "No face was found" in page.run("document.getElementById('panel').textContent")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_runs_nothing_and_its_picture_opens(name: str, tmp_path: Path, page: Page) -> None:
    made = entry(tmp_path / "out", name, notes=["<script>document.title='run'</script>"])
    page.load(write_gallery(tmp_path / "out", [made], redacts=False, title=name))
    page.run("document.querySelector('.open').click()")
    page.until("/out\\/[^/]+$/.test(document.getElementById('after').src)")
    page.until("document.getElementById('after').naturalWidth === 320")
    assert page.run("document.title") != "run"
    assert page.run("document.querySelectorAll('main script, dialog script, bdi *').length") == 0


def test_no_script_runs_but_the_pages_own(evening: Page) -> None:
    evening.run("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
    assert evening.run("window.ran") is None
    evening.driver.get_log("browser")  # says that it was refused


def test_light_and_dark_follow_the_system(evening: Page) -> None:
    shades = []
    for scheme in ("light", "dark"):
        feature = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        evening.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", feature)
        color = evening.run("getComputedStyle(document.documentElement).backgroundColor")
        shades.append(sum(int(level) for level in color.strip("rgb()").split(",")))
    evening.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    light, dark = shades
    assert light > 600
    assert dark < 150


def test_everything_that_can_be_pressed_has_a_name(evening: Page) -> None:
    evening.run("document.querySelector('.open').click()")
    unnamed = "[...document.querySelectorAll('button, a, input')].filter((each) => !(each.textContent.trim() || "
    unnamed += "each.ariaLabel || (each.labels && each.labels.length))).length"
    assert evening.run(unnamed) == 0


def test_a_thousand_photos_are_there_at_once(tmp_path: Path, page: Page, record_property: Any) -> None:
    page.load(write_gallery(tmp_path / "out", many(tmp_path / "out", 1000), redacts=False, title="Many"))
    paint = page.run("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    pictures = page.run("[...document.images].filter((image) => image.complete && image.naturalWidth).length")
    page.run("(document.getElementById('search').value = '99', window.from = performance.now(), sift(), 0)")
    search = page.run("(document.body.offsetHeight, performance.now() - window.from)")
    figures = {"first_render_ms": paint, "pictures_loaded": pictures, "search_ms": search}
    record_property("figures", figures)
    print(figures)
    assert page.run("document.querySelectorAll('.card').length") == 1000
    assert len(page.shown()) == 19
    assert 0 < pictures < 200

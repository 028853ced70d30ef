"""Entries as a run makes them, with their files written, and one tab of a real browser to look at their page."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from faceedit.gallery import FOLDER, thumbnails
from faceedit.gallery.thumbnails import key
from faceedit.photo import Photo
from faceedit.report import Entry, faces_json
from faceedit.testing import painted_photo


class Page:
    """One browser tab, and the few things that tests do with it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def load(self, path: Path, fragment: str = "") -> None:
        self.driver.get("about:blank")
        self.driver.get(path.absolute().as_uri() + fragment)
        self.until("document.documentElement.dataset.ready === 'yes'")

    def run(self, script: str) -> Any:
        return self.driver.execute_script(f"return {script}")

    def until(self, condition: str) -> None:
        end = time.monotonic() + 10
        while not self.run(condition):
            assert time.monotonic() < end, f"never: {condition}"
            time.sleep(0.02)

    def press(self, *keys: str) -> None:
        chains = pytest.importorskip("selenium.webdriver")
        chains.ActionChains(self.driver).send_keys(*keys).perform()

    def type(self, text: str) -> None:
        self.press("/", text)

    def shown(self) -> list[str]:
        """Names on the cards that are to be seen."""
        return self.run("[...document.querySelectorAll('.card:not([hidden]) .name')].map((name) => name.textContent)")

    def focused(self) -> str:
        return self.run("document.activeElement.getAttribute('aria-label') || document.activeElement.id")

    def requests(self) -> list[str]:
        """The addresses of all that was loaded since the log was last read."""
        lines = [json.loads(line["message"])["message"] for line in self.driver.get_log("performance")]
        return [line["params"]["request"]["url"] for line in lines if line["method"] == "Network.requestWillBeSent"]

    def heading(self) -> str:
        return self.run("document.getElementById('what').textContent")


def entry(out: Path, name: str, photo: Photo | None = None, *, redacts: bool = False, **more: Any) -> Entry:
    """A photo that was done: its output is the photo inverted; its input lies in `photos` beside the output folder."""
    photo = photo or painted_photo(240, 320)
    after = photo.replaced(pixels=255 - photo.pixels)
    target, source = out / name, out.parent / "photos" / name
    for path, picture in ((target, after), (source, photo)):
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.picture().save(path, "JPEG")
    for path, content in thumbnails(target, photo, after, out, redacts=redacts).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Entry(str(source), "done", [str(target)], faces=faces_json(photo.faces), **more)


def many(out: Path, number: int) -> list[Entry]:
    """Many photos that are all alike, each with pictures of its own."""
    first = entry(out, "0.jpg")
    pictures = {path.name: path.read_bytes() for path in (out / FOLDER).iterdir()}
    entries = [replace(first, photo="photos/0.jpg")]  # not the folder of the test, which holds a number too
    for index in range(1, number):
        target = out / f"{index}.jpg"
        for name, content in pictures.items():
            (out / FOLDER / name.replace(key(out / "0.jpg", out), key(target, out))).write_bytes(content)
        entries.append(replace(first, photo=f"photos/{index}.jpg", outputs=[str(target)]))
    return entries

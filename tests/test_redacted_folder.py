"""No file of a redacting run depends on what was covered: whatever else the recipe does, whatever is written beside.

Each built-in effect stands before and after the redaction, in several outputs, with extras and thumbnails. Two photos
that differ only below the cover must give the same folder, byte for byte, or the same refusal.
"""

import tempfile
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from redaction_support import HEIGHT, WIDTH, finder, told, write_photo
from test_redaction_gates import pair

from faceedit.errors import PhotoError, RecipeError
from faceedit.gallery import thumbnails, write_gallery
from faceedit.recipe import parse_recipe
from faceedit.registry import Registry
from faceedit.report import Entry, write_review
from faceedit.runner import Input, Processor, plan
from faceedit.testing import painted_photo

REGISTRY = Registry.installed()
EFFECTS = sorted(name for name in REGISTRY.effects if not REGISTRY.effect(name).blind)
OUTPUTS = """
outputs:
  web: {max_side: 97, format: jpeg, quality: 70}
  print: {format: png}
  extras: {what: extras}
"""


def recipe(steps: str, outputs: str = OUTPUTS):
    return parse_recipe(f"faceedit: 1\nsteps: [{steps}]\noutput: {{format: same}}\n{outputs}", REGISTRY)


def folder(place: Path, pixels: np.ndarray, rules) -> dict[str, bytes | str]:
    """All that a run leaves of one photo, by name; of its entry what does not name the input's hash."""
    place.mkdir()
    source, out = write_photo(place / "in.png", pixels), place / "out"
    (job,) = plan([Input(source)], out, rules.written, rules.name, redacts=True)
    small = partial(thumbnails, out=out, redacts=True)
    process = Processor(rules, REGISTRY, finder(), look=told(), small=small)
    try:
        entry = process(job)
    except PhotoError as error:
        out.mkdir(exist_ok=True)
        entry = Entry.of_error(source, error, redacts=True)
    write_gallery(out, [entry], redacts=True, title="Publish")
    write_review(out / "review.json", [entry])
    about = asdict(entry)
    about["audit"].pop("input_sha256", None)
    files = {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    said = str(about).replace(str(place), "")
    return {name: content.replace(str(place).encode(), b"") for name, content in files.items()} | {"": said}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The folders of two photos that differ below the cover, after one recipe; no temporary file is left."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))

    def folders(steps: str, outputs: str = OUTPUTS) -> list[dict[str, bytes | str]]:
        rules = recipe(steps, outputs)
        found = [folder(tmp_path / str(index), each, rules) for index, each in enumerate(pair(5, HEIGHT, WIDTH))]
        assert not list((tmp_path / "temporary").iterdir())
        return found

    return folders


@pytest.mark.parametrize("effect", EFFECTS)
def test_no_effect_carries_covered_pixels_into_any_file(folders, effect: str) -> None:
    one, other = folders(f"{{effect: {effect}}}, {{effect: redact}}, {{effect: {effect}}}")
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []


@pytest.mark.parametrize("effect", ["background_blur", "background_replace", "blur", "masks", "sticker"])
def test_what_is_compared_are_files_with_the_photo_in_them(folders, effect: str) -> None:
    (one, _) = folders(f"{{effect: {effect}}}, {{effect: redact}}")
    assert {"web/in.jpg", "print/in.png"} <= one.keys()


def test_a_leak_would_be_seen(folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """The promise that this file tests, broken on purpose: steps see the photo as it was."""
    from faceedit import engine  # noqa: PLC0415

    monkeypatch.setattr(engine, "_blindfold", lambda *_: None)
    monkeypatch.setattr(engine, "_redact", lambda work, _: np.zeros(work.pixels.shape[:2], bool))
    one, other = folders("{effect: masks}, {effect: redact}")
    assert one != other


@pytest.mark.parametrize("kind", ["psd", "ora"])
def test_layers_hold_the_photo_as_it_was_and_are_refused(kind: str) -> None:
    for outputs in (f"outputs: {{a: {{format: {kind}}}}}", f"outputs: {{a: {{}}, b: {{format: {kind}}}}}"):
        with pytest.raises(RecipeError, match="would hold the photo as it was"):
            recipe("{effect: redact}", outputs)


@pytest.mark.parametrize("kind", ["psd", "ora"])
def test_layers_asked_for_in_python_are_not_written(tmp_path: Path, kind: str) -> None:
    rules = recipe("{effect: redact}", "")
    rules = replace(rules, output=replace(rules.output, format=kind))
    found = folder(tmp_path / "a", painted_photo(HEIGHT, WIDTH).pixels, rules)
    layers = [content for name, content in found.items() if name.endswith(kind)]
    assert all(content.startswith(b"\x89PNG") for content in layers)

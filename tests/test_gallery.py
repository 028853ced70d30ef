import io
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from engine_support import cover, edited, step
from PIL import Image

from faceedit.gallery import FOLDER, PAGE, thumbnails, write_gallery
from faceedit.gallery.page import visible
from faceedit.labels import COLORS, ID
from faceedit.photo import Photo
from faceedit.report import Entry, faces_json, findings_json
from faceedit.testing import painted_photo

HOSTILE = [
    "</script><script>document.title='run'</script>.jpg",
    "<img src=x onerror=document.title=1>.jpg",
    "\"quotes\" and 'more' & <b>.jpg",
    "100 % sure #1 ?.jpg",
    "line\nfeed.jpg",
    "\u202egpj.txt\u202c.jpg",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467.jpg",
    "javascript:alert(1).jpg",
    "{{title}}.jpg",
]


def page_data(page: Path) -> dict[str, Any]:
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert match
    return json.loads(match[1])


def save(made: dict[Path, bytes]) -> None:
    for path, content in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def done(out: Path, name: str, before: Photo | None, after: Photo, *, redacts: bool = False, **more: Any) -> Entry:
    """An entry as a run makes it, its output and thumbnails written."""
    target = out / name
    target.parent.mkdir(parents=True, exist_ok=True)
    after.picture().save(target, "JPEG")
    save(thumbnails(target, before, after, out, redacts=redacts, **more))
    return Entry(f"photos/{name}", "done", [str(target)], faces=faces_json(after.faces))


def inverted(photo: Photo) -> Photo:
    return photo.replaced(pixels=np.iinfo(photo.pixels.dtype).max - photo.pixels)


def kinds(out: Path) -> list[str]:
    return sorted(path.name.split(".", 1)[1] for path in (out / FOLDER).iterdir())


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_photo_has_a_picture_before_one_after_and_an_overlay(tmp_path: Path) -> None:
    photo = painted_photo(600, 900)
    done(tmp_path, "a.jpg", photo, inverted(photo))
    assert kinds(tmp_path) == ["after.jpg", "before.jpg", "overlay.png"]


def test_a_photo_that_was_not_changed_has_no_picture_before(tmp_path: Path) -> None:
    photo = painted_photo()
    done(tmp_path, "a.jpg", photo, photo)
    assert kinds(tmp_path) == ["after.jpg", "overlay.png"]


@pytest.mark.parametrize(
    ("shape", "expected"), [((3000, 4000), (480, 360)), ((2, 5000), (480, 1)), ((90, 60), (60, 90)), ((1, 1), (1, 1))]
)
def test_thumbnails_are_at_most_480_pixels_a_side_and_never_enlarged(
    shape: tuple[int, int], expected: tuple[int, int], tmp_path: Path
) -> None:
    photo = Photo(np.zeros((*shape, 3), np.uint8))
    (content,) = thumbnails(tmp_path / "a.jpg", None, photo, tmp_path, redacts=False).values()
    assert opened(content).size == expected


def test_a_16_bit_photo_looks_as_it_does_with_8(tmp_path: Path) -> None:
    shallow, deep = painted_photo(depth=8), painted_photo(depth=16)
    one, other = (
        np.asarray(opened(next(iter(thumbnails(tmp_path / "a", None, photo, tmp_path, redacts=False).values()))))
        for photo in (shallow, deep)
    )
    assert np.abs(one.astype(int) - other).mean() < 1


def test_what_is_transparent_is_not_seen_in_a_thumbnail(tmp_path: Path) -> None:
    photo = painted_photo()
    hidden = photo.replaced(alpha=np.zeros((photo.height, photo.width), np.uint8))
    (content,) = thumbnails(tmp_path / "a.png", None, hidden, tmp_path, redacts=True).values()
    assert np.ptp(np.asarray(opened(content))) == 0


def test_thumbnails_hold_nothing_beside_their_pixels(tmp_path: Path) -> None:
    photo = painted_photo()
    made = thumbnails(tmp_path / "a.jpg", photo, inverted(photo), tmp_path, redacts=False)
    assert {key for content in made.values() for key in opened(content).info} <= {
        "jfif", "jfif_version", "jfif_unit", "jfif_density"
    }  # fmt: skip


@pytest.mark.parametrize("tilt", [0.0, 30.0])
def test_the_overlay_shows_each_part_in_its_color_and_nothing_elsewhere(tilt: float, tmp_path: Path) -> None:
    photo = painted_photo(400, 800, faces=2, tilt=tilt)
    made = thumbnails(tmp_path / "a.jpg", photo, photo, tmp_path, redacts=False)
    overlay = np.asarray(opened(next(content for path, content in made.items() if "overlay" in path.name)))
    x, y = photo.faces[0].map.center("nose") or (0, 0)
    share = overlay.shape[1] / photo.width
    *color, opacity = (int(level) for level in overlay[int(y * share), int(x * share)])
    assert np.abs(np.subtract(color, COLORS[ID["nose"]])).max() <= 12
    assert opacity > 240
    assert overlay[0, 0, 3] < 10


def test_a_redacting_recipe_gives_one_picture_and_does_not_look_at_the_photo_before(tmp_path: Path) -> None:
    photo = painted_photo()
    made = thumbnails(tmp_path / "a.jpg", photo, inverted(photo), tmp_path, redacts=True)
    assert made == thumbnails(tmp_path / "a.jpg", None, inverted(photo), tmp_path, redacts=True)
    assert len(made) == 1


def test_a_redacting_recipe_shows_the_photo_before_where_previews_are_asked_for(tmp_path: Path) -> None:
    photo = painted_photo()
    entry = done(tmp_path, "a.jpg", photo, inverted(photo), redacts=True, originals=True)
    data = page_data(write_gallery(tmp_path, [entry], redacts=True, title="t", originals=True))
    assert {"before", "after", "overlay"} <= data["photos"][0].keys()
    assert "Keep them to yourself" in data["notice"]


def test_no_pixel_of_a_redacted_face_reaches_the_page_or_its_files(tmp_path: Path) -> None:
    """Two photos that differ under the cover alone give the same page and the same files, byte for byte."""
    seen = []
    for name, hide in (("one", False), ("other", True)):
        photo = painted_photo(512, 768)
        mask = edited(photo, step(cover)).covered
        assert mask is not None
        if hide:
            pixels = photo.pixels.copy()
            pixels[mask.mask] = np.random.default_rng(7).integers(0, 256, (int(mask.mask.sum()), 3), np.uint8)
            photo = photo.replaced(pixels=pixels)
        out = tmp_path / name
        entry = done(out, "a.jpg", photo, edited(photo, step(cover)).photo, redacts=True)
        write_gallery(out, [entry], redacts=True, title="Publish")
        seen.append({path.relative_to(out): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()})
    assert seen[0] == seen[1]
    assert len(seen[0]) == 3


def test_pictures_of_an_older_run_are_gone_after_a_redacting_run(tmp_path: Path) -> None:
    photo = painted_photo()
    ordinary = [done(tmp_path, name, photo, inverted(photo)) for name in ("a.jpg", "b.jpg")]
    write_gallery(tmp_path, ordinary, redacts=False, title="Evening")
    entries = [
        done(tmp_path, "a.jpg", photo, inverted(photo), redacts=True),
        Entry("photos/b.jpg", "review", error="photos/b.jpg: no face was found; look"),
    ]
    page = write_gallery(tmp_path, entries, redacts=True, title="Publish")
    assert kinds(tmp_path) == ["redacted.jpg"]
    assert [sorted({"before", "overlay", "original"} & each.keys()) for each in page_data(page)["photos"]] == [[], []]


def test_a_picture_made_by_an_ordinary_run_is_never_taken_for_a_redacted_one(tmp_path: Path) -> None:
    photo = painted_photo()
    entry = done(tmp_path, "a.jpg", photo, inverted(photo), redacts=False)
    page = write_gallery(tmp_path, [entry], redacts=True, title="Publish")
    assert "after" not in page_data(page)["photos"][0]


def test_a_photo_for_review_has_its_path_and_reason_but_no_picture(tmp_path: Path) -> None:
    error, action = "photos/team/b.jpg: no face was found; look at it yourself", "look at it yourself"
    entry = Entry("photos/team/b.jpg", "review", error=error, action=action)
    (shown,) = page_data(write_gallery(tmp_path, [entry], redacts=True, title="t"))["photos"]
    assert shown == {
        "name": "b.jpg", "folder": "photos/team", "status": "review", "reason": "no face was found", "action": action
    }  # fmt: skip


def test_files_that_are_not_thumbnails_are_left_alone(tmp_path: Path) -> None:
    photo = painted_photo()
    entry = done(tmp_path, f"{FOLDER}/mine.jpg", photo, inverted(photo), redacts=True)
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"x")
    (tmp_path / FOLDER / f"{'0' * 20}-1x1.before.jpg").symlink_to(outside)
    write_gallery(tmp_path, [entry], redacts=True, title="t")
    assert (tmp_path / FOLDER / "mine.jpg").exists()
    assert outside.exists()


def test_of_a_photo_that_changed_its_size_only_the_newest_pictures_stay(tmp_path: Path) -> None:
    old, new = painted_photo(100, 100), painted_photo(100, 200)
    done(tmp_path, "a.jpg", old, inverted(old))
    for path in (tmp_path / FOLDER).iterdir():
        os.utime(path, (1, 1))
    other = done(tmp_path, "b.jpg", old, inverted(old))
    entry = done(tmp_path, "a.jpg", new, inverted(new))
    (shown,) = page_data(write_gallery(tmp_path, [entry], redacts=False, title="t"))["photos"]
    assert shown["size"] == [200, 100]
    assert len(list((tmp_path / FOLDER).iterdir())) == 6
    assert Path(other.outputs[0]).exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text_and_its_link_leads_to_the_file(name: str, tmp_path: Path) -> None:
    photo = painted_photo()
    entry = done(tmp_path, f"sub/{name}", photo, inverted(photo))
    page = write_gallery(tmp_path, [entry], redacts=False, title=name)
    (shown,) = page_data(page)["photos"]
    assert shown["name"].isprintable() or "\u200d" in shown["name"]
    assert (tmp_path / unquote(shown["output"])).samefile(entry.outputs[0])
    assert re.fullmatch(r"sub/[\w.%~/-]+", shown["output"], re.ASCII)
    assert page.read_text().count("</script>") == 2


def test_bytes_that_are_no_text_can_be_shown_and_linked(tmp_path: Path) -> None:
    entry = Entry("photos/\udcff.jpg", "done", [str(tmp_path / "\udcff.jpg")])
    (shown,) = page_data(write_gallery(tmp_path, [entry], redacts=False, title="\udcff"))["photos"]
    assert (shown["name"], shown["output"]) == ("[byte FF].jpg", "%FF.jpg")


def test_what_cannot_be_seen_is_spelt_out() -> None:
    assert visible("a\nb\u202ec\u200dd\u00a0e") == "a␊b[U+202E]c\u200dd\u00a0e"


def test_the_title_is_escaped(tmp_path: Path) -> None:
    assert (
        "<title>&lt;b&gt; {{data}}</title>"
        in write_gallery(tmp_path, [], redacts=False, title="<b> {{data}}").read_text()
    )


def test_the_page_names_no_address_but_its_own_files(tmp_path: Path) -> None:
    photo = painted_photo()
    page = write_gallery(tmp_path, [done(tmp_path, "a.jpg", photo, inverted(photo))], redacts=False, title="t")
    assert not re.search(r"https?:|@import|url\(", page.read_text())


def test_the_same_entries_give_the_same_bytes_whatever_time_they_took(tmp_path: Path) -> None:
    photo = painted_photo()
    entry = done(tmp_path, "a.jpg", photo, inverted(photo))
    first = write_gallery(tmp_path, [entry], redacts=False, title="t").read_bytes()
    assert write_gallery(tmp_path, [entry.timed(9.5)], redacts=False, title="t").read_bytes() == first
    assert (tmp_path / PAGE).read_bytes() == first


def test_what_could_not_be_told_is_not_shown_as_seen(tmp_path: Path) -> None:
    finding = {"kind": "earring_right", "face": 0, "confidence": 0.0, "box": None}
    finding["details"] = {"share": 0.0, "unknown": True, "reason": "the right ear is hidden"}
    entry = Entry("a.jpg", "done", findings=[finding])
    (shown,) = page_data(write_gallery(tmp_path, [entry], redacts=False, title="t"))["photos"]
    assert shown["findings"] == [
        {"kind": "earring right", "face": 0, "confidence": 0.0, "details": "the right ear is hidden", "unknown": True}
    ]


def test_the_audit_says_which_faces_are_covered_and_what_was_checked(tmp_path: Path) -> None:
    photo = painted_photo(faces=2)
    boxes = [face.box.as_list() for face in photo.faces]
    audit = {"covered": boxes[:1], "left": boxes[1:], "checks": [{"check": "container", "result": "clean"}]}
    entry = Entry("a.jpg", "done", faces=faces_json(photo.faces), findings=findings_json([]), audit=audit)
    (shown,) = page_data(write_gallery(tmp_path, [entry], redacts=True, title="t"))["photos"]
    assert [face["state"] for face in shown["faces"]] == ["covered", "left"]
    assert shown["checks"] == ["container: clean"]


def test_steps_with_nothing_to_do_stand_apart_from_what_was_found(tmp_path):
    findings = [
        {"kind": "nothing_to_do", "face": None, "details": {"step": "lips"}},
        {"kind": "nothing_to_do", "face": 1, "confidence": 1.0, "details": {"step": "gild", "missing": "ear_r"}},
        {"kind": "nothing_to_do", "face": None, "details": {"step": "dye", "when": "not hat"}},
    ]
    entry = Entry("a.jpg", "done", findings=findings)
    (shown,) = page_data(write_gallery(tmp_path, [entry], redacts=False, title="t"))["photos"]
    assert shown["findings"] == [
        {"kind": "lips", "details": "no face that it is for", "idle": True},
        {"kind": "gild", "face": 1, "details": "no ear_r", "idle": True},
        {"kind": "dye", "details": 'no face for which "not hat" is sure', "idle": True},
    ]


def test_outputs_in_other_folders_are_called_by_them(tmp_path):
    entry = Entry("a.jpg", "done", [str(tmp_path / place) for place in ("web/a.jpg", "web/a.cut.png", "print/a.jpg")])
    (shown,) = page_data(write_gallery(tmp_path, [entry], redacts=False, title="t"))["photos"]
    assert [each["name"] for each in shown["extras"]] == ["a.cut.png", "print/a.jpg"]

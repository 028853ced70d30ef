"""Where outputs go: every clash is found before any work, and no input is ever in the way."""

import os
from pathlib import Path

import pytest

from faceedit.errors import RecipeError, UsageError
from faceedit.recipe import Output
from faceedit.runner import Input, Job, discover, plan


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def planned(out: Path, *places: object, **output: object) -> list[Job]:
    return plan(discover([str(place) for place in places]), out, [Output(**output)], "Evening")  # type: ignore[arg-type]


def targets(out: Path, *places: object, **output: object) -> list[str]:
    return [job.target.relative_to(out).as_posix() for job in planned(out, *places, **output)]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_the_tree_is_mirrored(tmp_path: Path, out: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg", "trip/deep/b.PNG")
    assert targets(out, photos) == ["a.jpg", "trip/deep/b.PNG"]
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "output", "expected"),
    [
        ("a.JPG", {}, "a.JPG"),
        ("a.jpeg", {"format": "jpeg"}, "a.jpg"),
        ("a.png", {"format": "webp"}, "a.webp"),
        ("a.gif", {}, "a.gif"),
        ("a.heic", {}, "a.heic"),
        ("a", {}, "a.png"),
        ("a.raw", {"format": "tiff"}, "a.tif"),
        ("a.b.jpg", {}, "a.b.jpg"),
        ("a.jpg", {"name": "{recipe}/{folder}-{stem}-{index:03}.{ext}"}, "Evening/photos-a-001.jpg"),
        ("{stem}.jpg", {}, "{stem}.jpg"),
    ],
)
def test_the_name_follows_the_recipe(tmp_path: Path, out: Path, name: str, output: dict, expected: str) -> None:
    photos = touched(tmp_path / "photos", name)
    assert targets(out, photos / name, **output) == [expected]


@pytest.mark.parametrize(("name", "expected"), [("a.gif", "a.gif"), ("a.BMP", "a.png"), ("a.jpg", "a.jpg")])
def test_redacted_photos_leave_formats_that_can_hold_anything(
    tmp_path: Path, out: Path, name: str, expected: str
) -> None:
    (job,) = plan([Input(tmp_path / name)], out, [Output()], "", redacts=True)
    assert job.target == out / expected


def test_where_a_suffix_must_change_photos_that_differ_by_it_keep_it(tmp_path: Path, out: Path) -> None:
    inputs = [Input(tmp_path / name) for name in ("a.tga", "a.png", "a.bmp")]
    jobs = plan(inputs, out, [Output()], "", redacts=True)
    assert [job.target.name for job in jobs] == ["a.tga.png", "a.png", "a.bmp.png"]


def test_the_date_is_that_of_the_file(tmp_path: Path, out: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg")
    os.utime(photos / "a.jpg", (86400 * 365, 86400 * 365))
    assert targets(out, photos, name="{date}/{stem}.{ext}") == ["1971-01-01/a.jpg"]


def test_a_file_that_is_not_there_has_no_date_and_stops_nothing(tmp_path: Path, out: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg")
    (photos / "gone.jpg").symlink_to(photos / "nowhere.jpg")
    names = targets(out, photos, name="{date}-{stem}.{ext}")
    assert len(names) == 2
    assert names[1].endswith("-gone.jpg")


def test_the_folder_of_a_photo_named_by_itself_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photos = touched(tmp_path / "photos", "a.jpg", "sub/b.jpg")
    monkeypatch.chdir(photos)
    assert targets(tmp_path / "out", "a.jpg", name="{folder}/{stem}.{ext}") == ["photos/a.jpg"]
    monkeypatch.chdir(photos / "sub")
    assert targets(tmp_path / "out", "../a.jpg", name="{folder}/{stem}.{ext}") == ["photos/a.jpg"]


def test_inputs_that_differ_by_suffix_keep_it_in_extras(tmp_path: Path, out: Path) -> None:
    jobs = planned(out, touched(tmp_path / "photos", "a.jpg", "a.png", "b.jpg"))
    names = [job.beside("labels").relative_to(out).as_posix() for job in jobs]
    assert names == ["a.jpg.labels.png", "a.png.labels.png", "b.labels.png"]


def test_extras_never_have_the_name_of_another_photos_output(tmp_path: Path, out: Path) -> None:
    names = ("a.jpg", "a.cutout-0.png", "a.jpg.cutout-0.png", "b.jpg", "b.c.jpg", "sub/a.jpg")
    jobs = planned(out, touched(tmp_path / "photos", *names))
    outputs = {job.target for job in jobs}
    extras = {job.input.path.name: job.beside("cutout-0") for job in jobs if job.input.folder == Path()}
    assert outputs.isdisjoint(extras.values())
    assert len(set(extras.values())) == 5
    assert (extras["b.jpg"].name, jobs[-1].beside("x").name) == ("b.cutout-0.png", "a.x.png")


@pytest.mark.parametrize(
    ("names", "output"),
    [
        (("a.jpg", "a.jpeg"), {"format": "jpeg"}),
        (("A.jpg", "a.jpg"), {}),
        (("a\u0308.jpg", "\u00e4.jpg"), {}),  # one letter, composed and not
        (("a.jpg", "sub/b.jpg"), {"name": "all.{ext}"}),
        (("straße.jpg", "strasse.jpg"), {}),
    ],
)
def test_two_outputs_of_one_name_are_refused(tmp_path: Path, out: Path, names: tuple, output: dict) -> None:
    inputs = [Input(tmp_path / name) for name in names]
    said = r"would both become .*; rename one, or change output: name in the recipe"
    with pytest.raises(UsageError, match=said) as caught:
        plan(inputs, out, [Output(**output)], "")
    assert ("as many systems take" in str(caught.value)) == (not output)
    assert not out.exists()


def test_a_folder_that_cannot_be_read_has_no_output_that_could_clash(tmp_path: Path, out: Path) -> None:
    barred = Input(tmp_path / "deep", problem="cannot be listed")
    jobs = plan([Input(tmp_path / "deep.png"), barred], out, [Output()], "")
    assert jobs[0].target == out / "deep.png"


def test_maps_of_photos_that_differ_by_suffix_do_not_clash(tmp_path: Path, out: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg", "a.png", "a.gif")
    jobs = plan(discover([str(photos)]), out, [Output()], "", maps=("labels", "overlay"))
    names = sorted(job.beside("labels").name for job in jobs)
    assert names == ["a.gif.labels.png", "a.jpg.labels.png", "a.png.labels.png"]


def test_a_map_that_would_replace_an_input_is_refused(tmp_path: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg", "a.labels.png")
    inputs = discover([str(photos / "a.jpg"), str(photos / "a.labels.png")])
    with pytest.raises(UsageError, match=r'a\.labels\.png" is an input and would be replaced'):
        plan(inputs, photos, [Output()], "", maps=("labels",))


def test_the_output_folder_may_be_neither_the_input_folder_nor_within_it(tmp_path: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg", "sub/b.jpg")
    (tmp_path / "link").symlink_to(photos)
    for place in (photos, photos / "out", photos / "sub", photos / "x" / ".." / "sub", tmp_path / "link" / "new"):
        with pytest.raises(UsageError, match="lies in the input folder"):
            planned(place, photos)


def test_the_output_folder_may_be_around_or_beside_the_input_folder(tmp_path: Path) -> None:
    photos = touched(tmp_path / "all" / "photos", "a.jpg")
    assert targets(tmp_path / "all", photos) == ["a.jpg"]
    assert targets(tmp_path / "all" / "photos2", photos) == ["a.jpg"]


def test_a_photo_named_by_itself_does_not_make_its_folder_an_input(tmp_path: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg")
    assert targets(photos / "out", photos / "a.jpg") == ["a.jpg"]


def test_an_input_is_never_the_target(tmp_path: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg")
    (tmp_path / "link").symlink_to(photos)
    for place in (photos, tmp_path / "link", photos / "x" / ".."):
        with pytest.raises(UsageError, match="is an input and would be replaced"):
            planned(place, photos / "a.jpg")


def test_an_input_that_is_the_target_of_another_is_seen_through_links(tmp_path: Path, out: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg")
    out.mkdir()
    (out / "a.jpg").symlink_to(photos / "a.jpg")
    with pytest.raises(UsageError, match="is an input and would be replaced"):
        planned(out, photos)


def test_a_loop_of_links_stops_no_plan(tmp_path: Path, out: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg")
    (photos / "loop.jpg").symlink_to("loop.jpg")
    assert targets(out, photos / "a.jpg", photos / "loop.jpg") == ["a.jpg", "loop.jpg"]


def test_an_output_that_is_a_file_is_refused(tmp_path: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg")
    with pytest.raises(UsageError, match="is a file; name a folder"):
        planned(touched(tmp_path, "out") / "out", photos)


def test_a_name_cannot_lead_out_of_the_output_folder(tmp_path: Path, out: Path) -> None:
    photos = touched(tmp_path / "photos", "a.jpg")
    with pytest.raises(RecipeError, match="leaves the output folder"):
        plan(discover([str(photos)]), out, [Output(name="{recipe}/../../{stem}.{ext}")], "x")

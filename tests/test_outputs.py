"""Several outputs of each photo in one run: web, print, cut-outs; each checked, planned, written and verified."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from redaction_support import finder, processor, registry, told, write_photo
from test_runner import PAINTED, cut, dye, find

from faceedit import images
from faceedit.errors import RecipeError, UsageError, Withheld
from faceedit.images import fitted
from faceedit.photo import Photo
from faceedit.recipe import Output, Recipe, parse_recipe
from faceedit.registry import Registry
from faceedit.runner import Input, Job, Processor, plan
from faceedit.testing import painted_photo
from faceedit.verify import verify_file

PLUGINS = Registry.of(dye, cut)


def recipe(outputs: str, steps: str = "{effect: dye}", plugins: Registry = PLUGINS) -> Recipe:
    return parse_recipe(f"faceedit: 1\nname: Test\nsteps: [{steps}]\n{outputs}\n", plugins)


def jobs_for(path: Path, out: Path, rules: Recipe) -> list[Job]:
    return plan([Input(path)], out, rules.written, rules.name, redacts=rules.redacts)


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


# What a recipe says


def test_each_output_is_like_the_common_one_where_it_says_nothing() -> None:
    rules = recipe("output: {quality: 80, metadata: safe}\noutputs: {web: {max_side: 2048}, print: {quality: 98}}")
    web, prints = rules.written
    assert (web.folder, web.quality, web.metadata, web.max_side) == ("web", 80, "safe", 2048)
    assert (prints.folder, prints.quality, prints.metadata, prints.max_side) == ("print", 98, "safe", None)


def test_without_outputs_there_is_the_one_output() -> None:
    assert recipe("output: {max_side: 640}").written == (Output(max_side=640, no_faces="copy"),)


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ("{web: {}, print: {}}", ["all", "photo"]),
        ("{web: {}, cut: {what: extras}}", ["photo", "extras"]),
        ("{web: {what: photo}, print: {}}", ["photo", "all"]),
        ("{web: {what: photo}}", ["photo"]),
    ],
)
def test_extras_go_to_the_output_that_takes_them_else_to_the_first(outputs: str, expected: list[str]) -> None:
    assert [output.what for output in recipe(f"outputs: {outputs}").written] == expected


def test_a_shown_recipe_says_the_same_again() -> None:
    rules = recipe("output: {metadata: safe}\noutputs: {web: {max_side: 64}, cut: {what: extras}}")
    shown = rules.resolved
    again = parse_recipe(str(shown).replace("'", '"'), PLUGINS)
    assert again.resolved == shown
    assert again.written == rules.written


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ("outputs: {web: {max_side: 3}}", '"max_side" must be a whole number from 16 to 65535, not 3'),
        ("outputs: {web: {sise: 3}}", 'no key "sise" in the output "web"'),
        ("outputs: {web: {no_faces: skip}}", '"no_faces" holds for all outputs; write it under "output"'),
        ("outputs: {web: {name: '../{stem}'}}", "leaves the output folder"),
        ("outputs: {web: {folder: ../web}}", 'the folder "../web" leaves the output folder'),
        ("outputs: {web: {folder: /web}}", 'the folder "/web" leaves the output folder'),
        ("outputs: {web: {folder: 'a:b'}}", '":" cannot stand in the folder "a:b"'),
        ("outputs: {'../web': {}}", 'an output cannot be called "../web"'),
        ("outputs: {web: {what: extras, format: png}}", '"format" is for photos, and this output has none'),
        ("outputs: {web: {what: picture}}", '"what" must be all, photo or extras, not "picture"'),
    ],
)
def test_mistakes_in_outputs_are_named_at_their_place(outputs: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe(outputs)
    assert str(caught.value).startswith("recipe.yaml:4:")
    assert message in str(caught.value)


def test_all_mistakes_of_all_outputs_are_found_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        recipe("outputs:\n  web: {qualty: 3}\n  print: {format: jpg}\n  cut: {folder: ..}")
    assert [line.split(":")[1] for line in str(caught.value).splitlines() if ".yaml:" in line] == ["5", "6", "7"]


def test_a_recipe_that_redacts_writes_no_output_with_metadata() -> None:
    with pytest.raises(RecipeError, match="a recipe that redacts writes no metadata"):
        recipe("outputs: {web: {metadata: safe}}", "{effect: redact}", registry())
    rules = recipe("outputs: {web: {}, print: {}}", "{effect: redact}", registry())
    assert {output.metadata for output in rules.written} == {"none"}


# Where they go


def test_each_output_has_its_folder_with_the_tree_in_it(tmp_path: Path) -> None:
    rules = recipe("outputs: {web: {format: jpeg}, print: {folder: ., format: tiff}}")
    photo = Input(tmp_path / "in" / "trip" / "a.png", Path("trip"))
    (job,) = plan([photo], tmp_path / "out", rules.written, "Test")
    assert [path.relative_to(tmp_path / "out").as_posix() for path in job.targets] == ["web/trip/a.jpg", "trip/a.tif"]


def test_two_outputs_of_one_name_are_refused_before_any_work(tmp_path: Path) -> None:
    rules = recipe("outputs: {web: {folder: x}, print: {folder: X}}")
    with pytest.raises(UsageError, match=r"two outputs of the recipe write .a\.png. to .*X/a\.png"):
        jobs_for(Path("a.png"), tmp_path, rules)


def test_an_output_of_one_photo_may_not_be_that_of_another(tmp_path: Path) -> None:
    rules = recipe('outputs: {web: {name: "all.{ext}"}}')
    with pytest.raises(UsageError, match="would both become"):
        plan([Input(Path("a.png")), Input(Path("b.png"))], tmp_path, rules.written, "Test")


@pytest.mark.parametrize("name", ["report.json", "REPORT.html", ".faceedit-journal.jsonl"])
def test_the_names_of_the_reports_are_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="keeps for itself"):
        plan([Input(Path("a.png"))], tmp_path, [Output(name=name)], "Test")


# What is written


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "face.png"
    path.parent.mkdir()
    images.write(PAINTED, path)
    return path


def done(photo: Path, out: Path, rules: Recipe) -> Any:
    (job,) = jobs_for(photo, out, rules)
    return Processor(rules, PLUGINS, find)(job)


def test_every_output_is_written_at_its_size_and_in_its_format(photo: Path, tmp_path: Path) -> None:
    outputs = "outputs: {web: {max_side: 50, format: jpeg}, print: {format: tiff}, cuts: {what: extras}}"
    entry = done(photo, tmp_path / "out", recipe(outputs, "{effect: dye}, {effect: cut}"))
    found = names(tmp_path / "out")
    assert found == ["cuts/face.cut-0.png", "cuts/face.flat-0.png", "print/face.tif", "web/face.jpg"]
    assert [Path(path).name for path in entry.outputs[:2]] == ["face.jpg", "face.tif"]
    with Image.open(tmp_path / "out" / "web" / "face.jpg") as web:
        assert (web.format, web.size) == ("JPEG", (50, 40))
    assert images.read(tmp_path / "out" / "print" / "face.tif").pixels.shape == PAINTED.pixels.shape


def test_a_photo_that_is_small_enough_is_copied_byte_for_byte_where_no_step_changes_it(
    photo: Path, tmp_path: Path
) -> None:
    done(photo, tmp_path / "out", recipe("output: {max_side: 5000}", "{effect: dye, strength: 0}"))
    assert (tmp_path / "out" / "face.png").read_bytes() == photo.read_bytes()


def test_only_extras_are_written_where_the_output_says_so(photo: Path, tmp_path: Path) -> None:
    entry = done(photo, tmp_path / "out", recipe("output: {what: extras}", "{effect: cut}"))
    assert names(tmp_path / "out") == ["face.cut-0.png", "face.flat-0.png"]
    assert len(entry.outputs) == 2


# Redaction


def redacted(tmp_path: Path, outputs: str, look: Any = None, steps: str = "{effect: redact}", **settings: Any) -> Any:
    source = write_photo(tmp_path / "in.png", **settings)
    rules = recipe(outputs, steps, registry())
    (job,) = jobs_for(source, tmp_path / "out", rules)
    return Processor(rules, registry(), finder(), look=look or told())(job)


def test_every_output_of_a_redacting_recipe_is_redacted(tmp_path: Path) -> None:
    entry = redacted(tmp_path, "outputs: {web: {max_side: 100, format: jpeg}, print: {format: png}}")
    assert len(entry.outputs) == len(entry.audit["outputs"]) == 2
    box = painted_photo(160, 208).faces[0].box
    assert not images.read(tmp_path / "out" / "print" / "in.png").pixels[box.slices].any()
    web = images.read(tmp_path / "out" / "web" / "in.jpg").pixels
    assert web.shape == (77, 100, 3)
    small = web[box.top * 77 // 160 : box.bottom * 77 // 160, box.left * 100 // 208 : box.right * 100 // 208]
    assert small.max() <= 2
    assert verify_file(tmp_path / "out" / "web" / "in.jpg", told()).passed


def test_smaller_outputs_do_not_depend_on_what_is_covered(tmp_path: Path) -> None:
    contents = set()
    box = painted_photo(160, 208).faces[0].box
    for seed in (1, 2):
        place = tmp_path / str(seed)
        place.mkdir()
        pixels = painted_photo(160, 208).pixels.copy()
        pixels[box.slices] = np.random.default_rng(seed).integers(0, 256, (box.height, box.width, 3))
        redacted(place, "outputs: {web: {max_side: 120, format: jpeg}, small: {max_side: 33}}", pixels=pixels)
        contents.add(tuple((place / "out" / name).read_bytes() for name in names(place / "out")))
    assert len(contents) == 1


def test_a_face_that_only_shows_in_the_smaller_output_is_covered_in_both(tmp_path: Path) -> None:
    from faceedit.detection import Detection  # noqa: PLC0415
    from faceedit.geometry import Box  # noqa: PLC0415

    look = told([], [Detection(Box(1, 1, 9, 11), 0.9)])  # first the large output is looked at, then the small one
    entry = redacted(tmp_path, "outputs: {print: {}, web: {max_side: 104}}", look)
    assert entry.audit["rounds"] == 2
    assert [2, 2, 18, 22] in entry.audit["covered"]
    assert not images.read(tmp_path / "out" / "print" / "in.png").pixels[2:22, 2:18].any()
    assert not images.read(tmp_path / "out" / "web" / "in.png").pixels[1:11, 1:9].any()


def test_cut_outs_alone_are_judged_with_the_photo_that_they_come_from(tmp_path: Path) -> None:
    from faceedit.detection import Detection  # noqa: PLC0415
    from faceedit.geometry import Box  # noqa: PLC0415

    boxes = [[Detection(Box(2, 2 + 40 * step, 20, 22 + 40 * step), 0.9)] for step in range(3)]
    with pytest.raises(Withheld, match="a second look still sees a face"):
        redacted(tmp_path, "output: {what: extras}", told(*boxes), "{effect: redact}, {effect: ghost}")
    assert names(tmp_path) == ["in.png"]


def test_one_output_that_is_refused_withholds_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from faceedit.verify import output  # noqa: PLC0415

    real = output.check
    seen: list[bytes] = []

    def check(content: bytes) -> Any:
        seen.append(content)
        found = real(content)
        return found if len(seen) < 2 else type(found)(found.format, ("a stowaway",), found.notes)

    monkeypatch.setattr(output, "check", check)
    with pytest.raises(Withheld, match="a stowaway"):
        redacted(tmp_path, "outputs: {print: {}, web: {max_side: 104}}")
    assert names(tmp_path) == ["in.png"]


# Sizes


@pytest.mark.parametrize("depth", [8, 16])
def test_a_smaller_photo_keeps_depth_and_mean_light(depth: Any) -> None:
    from faceedit.color import to_linear  # noqa: PLC0415

    photo = painted_photo(300, 400, depth=depth)
    small = fitted(photo, 100)
    assert (small.width, small.height, small.pixels.dtype, small.faces) == (100, 75, photo.pixels.dtype, ())
    light = [
        to_linear(each.pixels.astype(np.float32) / np.iinfo(each.pixels.dtype).max).mean() for each in (photo, small)
    ]
    assert light[1] == pytest.approx(light[0], rel=0.01)


def test_stripes_of_black_and_white_become_the_grey_of_half_the_light() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, ::2] = 255
    assert abs(int(fitted(Photo(pixels), 16).pixels[8, 8, 0]) - 188) <= 2  # sRGB of half the light is 188


def test_what_is_transparent_does_not_bleed_into_the_rest() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :32] = (200, 40, 40)
    pixels[:, 32:] = (0, 255, 0)
    alpha = np.zeros((64, 64), np.uint8)
    alpha[:, :32] = 255
    small = fitted(Photo(pixels, alpha), 16)
    assert small.alpha is not None
    seen = small.pixels[small.alpha > 0]
    assert np.abs(seen.astype(int) - (200, 40, 40)).max() <= 2
    assert not small.pixels[small.alpha == 0].any()


def test_no_photo_becomes_larger() -> None:
    photo = painted_photo(60, 80)
    assert fitted(photo, 80) is photo
    assert fitted(photo, None) is photo
    assert fitted(Photo(np.zeros((1, 3000, 3), np.uint8)), 30).pixels.shape == (1, 30, 3)


def test_the_simple_processor_helper_still_takes_one_output(tmp_path: Path) -> None:
    entry = processor(told(), output="max_side: 52")(
        Job.single(Input(write_photo(tmp_path / "a.png")), tmp_path / "b.png", "b", Output(max_side=52))
    )
    assert images.read(entry.outputs[0]).pixels.shape == (40, 52, 3)

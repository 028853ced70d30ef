"""Photos from and to a store that speaks S3: as with folders, byte for byte, and nothing half-written or told."""

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from cli_support import Run
from faces_support import Oracle, Skins
from store_support import SECRET, Bucket, bucket, forget, server, tell  # noqa: F401 - fixtures

from faceedit import images, models, stores
from faceedit.detection import Search
from faceedit.errors import SetupError, UsageError
from faceedit.faces import FaceFinder
from faceedit.runner import records, redaction
from faceedit.stores import StorePath, located
from faceedit.verify import Verdict

DYE = "faceedit: 1\nname: Dye\nsteps: [{effect: lipstick}]\n"
HIDE = "faceedit: 1\nname: Hide\nsteps: [{effect: redact}]\n"


@pytest.fixture
def dye(tmp_path: Path) -> Path:
    (tmp_path / "dye.yaml").write_text(DYE)
    return tmp_path / "dye.yaml"


@pytest.fixture
def hide(tmp_path: Path) -> Path:
    (tmp_path / "hide.yaml").write_text(HIDE)
    return tmp_path / "hide.yaml"


@pytest.fixture
def stored(bucket: Bucket, photos: Path) -> Bucket:  # noqa: F811 - the fixture
    """A bucket with photos below "in", and the same in the folder `photos`."""
    (photos / "trip").mkdir()
    shutil.copy(photos / "face.png", photos / "trip" / "other.png")
    for path in photos.rglob("*.png"):
        bucket.put(f"in/{path.relative_to(photos).as_posix()}", path)
    return bucket


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all objects as they are put."""
    names: list[str] = []
    write = StorePath.write_bytes
    monkeypatch.setattr(StorePath, "write_bytes", lambda path, data: (names.append(path.name), write(path, data))[1])
    return names


def report(text: str, *places: tuple[object, str]) -> Any:
    for place, name in places:
        text = text.replace(str(place), name)
    return [entry | {"seconds": 0} for entry in json.loads(text)["photos"]]


# Addresses


def test_an_address_is_a_path() -> None:
    path = located("s3://pictures/in") / "trip" / Path("a.jpg")
    assert isinstance(path, StorePath)
    assert str(path) == f"{path}" == "s3://pictures/in/trip/a.jpg"
    assert (path.name, path.suffix, str(path.parent)) == ("a.jpg", ".jpg", "s3://pictures/in/trip")
    assert str(path.relative_to(located("s3://pictures/in"))) == str(Path("trip/a.jpg"))
    assert pickle.loads(pickle.dumps(path)) == path  # noqa: S301 - our own
    assert [str(each) for each in path.parents][-1] == "s3://pictures"


def test_the_operating_system_refuses_an_address() -> None:
    with pytest.raises(OSError, match="lies in a store"):
        os.stat(located("s3://pictures/in"))  # noqa: PTH116 - the thing under test


@pytest.mark.parametrize("address", ["s3://", "s3:///in", f"s3://key:{SECRET}@pictures/in", "s3://pictures/../x"])
def test_what_is_no_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(UsageError, match="write s3://bucket/folder") as refused:
        located(address)
    assert SECRET not in str(refused.value)


def test_a_store_whose_library_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(stores.LIBRARIES, "gs", ("no_such_library", "faceedit[gs]", ""))
    stores._filesystem.cache_clear()
    with pytest.raises(SetupError, match=r"gs:// needs no_such_library; pip install faceedit\[gs\]"):
        located("gs://pictures/in").exists()


def test_an_object_is_put_read_and_deleted(bucket: Bucket) -> None:  # noqa: F811
    path = located("s3://pictures/in/a.jpg")
    assert not path.exists()
    path.write_bytes(b"picture")
    assert (path.read_bytes(), path.stat().st_size, path.is_file(), path.parent.is_dir()) == (b"picture", 7, True, True)
    assert bucket.client.head_object(Bucket="pictures", Key="in/a.jpg")["ContentType"] == "image/jpeg"
    before = path.fingerprint()  # type: ignore[attr-defined]  # an address
    path.write_bytes(b"another")
    assert path.fingerprint() != before  # type: ignore[attr-defined]
    path.unlink()
    assert bucket.keys() == []


# Runs


@pytest.mark.parametrize("recipe", ["dye", "hide"])
def test_a_run_from_store_to_store_gives_what_a_run_on_folders_gives(
    *, run: Run, photos: Path, tmp_path: Path, stored: Bucket, recipe: str, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(recipe)
    assert run("apply", path, photos, "-o", tmp_path / "out")[0] == 0
    code, said, _ = run("apply", path, "s3://pictures/in", "-o", "s3://pictures/out")
    assert code == 0
    assert "report: s3://pictures/out/report.json" in said
    names = ["face.png", "trip/other.png"]
    assert {name: stored.get(f"out/{name}") for name in names} == {
        name: (tmp_path / "out" / name).read_bytes() for name in names
    }
    assert stored.shown("out/") == sorted(
        f"out/{each}" for each in [*names, "report.html", "report.json", *(["review.json"] if recipe == "hide" else [])]
    )
    here = report((tmp_path / "out" / "report.json").read_text(), (tmp_path / "out", "OUT"), (photos, "IN"))
    there = stored.get("out/report.json").decode()
    assert report(there, ("s3://pictures/out", "OUT"), ("s3://pictures/in", "IN")) == here


@pytest.mark.long
def test_two_processes_do_as_one_with_a_store(run: Run, dye: Path, stored: Bucket) -> None:
    # The processes have models of their own, which see no face in a drawing: the photos are copied.
    assert run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out", "--jobs", "2")[0] == 0
    assert stored.get("out/face.png")[:4] == b"\x89PNG"


def test_photos_go_from_a_store_to_a_folder_and_back(
    run: Run, photos: Path, dye: Path, stored: Bucket, tmp_path: Path
) -> None:
    assert run("apply", dye, "s3://pictures/in/face.png", "-o", tmp_path / "out")[0] == 0
    assert run("apply", dye, photos / "face.png", "-o", "s3://pictures/back")[0] == 0
    assert stored.get("back/face.png") == (tmp_path / "out" / "face.png").read_bytes()


def test_a_second_run_does_nothing_twice_and_what_was_touched_anew(
    run: Run, dye: Path, stored: Bucket, put: list[str]
) -> None:
    command = ("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    run(*command)
    first = report(stored.get("out/report.json").decode())
    put.clear()
    run(*command)
    assert [name for name in put if name.endswith(".png")] == []
    assert report(stored.get("out/report.json").decode()) == first
    stored.put("out/face.png", b"touched by somebody")
    run(*command)
    assert [name for name in put if name.endswith(".png") and "overlay" not in name] == ["face.png"]
    assert stored.get("out/face.png")[:4] == b"\x89PNG"


def test_a_run_killed_between_a_photo_and_its_line_goes_on(
    run: Run, dye: Path, stored: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("faceedit.runner.journal.Journal.end", killed)
        run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    assert "out/face.png" in stored.keys()  # noqa: SIM118 - a method
    assert run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")[0] == 0
    assert len(stored.json("out/report.json")["photos"]) == 2


def test_an_object_that_faceedit_did_not_make_stays(run: Run, dye: Path, stored: Bucket) -> None:
    stored.put("out/trip/other.png", b"mine")
    code, _, told = run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    assert code == 2
    assert '"s3://pictures/out/trip/other.png" is there already and was not made by faceedit' in told
    assert stored.keys("out/") == ["out/trip/other.png"]
    assert stored.get("out/trip/other.png") == b"mine"


@pytest.mark.parametrize(("exists", "status"), [("skip", ["skipped", "skipped"]), ("unique", ["done", "done"])])
def test_exists_is_as_with_folders(run: Run, dye: Path, stored: Bucket, exists: str, status: list[str]) -> None:
    run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    assert run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out", "--exists", exists)[0] == 0
    assert [each["status"] for each in stored.json("out/report.json")["photos"]] == status
    assert ("out/face-1.png" in stored.keys()) == (exists == "unique")  # noqa: SIM118


# Redaction


def test_nothing_is_put_before_it_is_verified(
    run: Run, hide: Path, stored: Bucket, put: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redaction, "verified", lambda *_: Verdict(problems=("a trace",)))
    code, _, told = run("apply", hide, "s3://pictures/in", "-o", "s3://pictures/out")
    assert code == 4
    assert "the finished file was refused: a trace" in told
    assert "report.json" in put
    assert not {"face.png", "other.png"} & {*put}
    assert stored.json("out/review.json")["photos"][0]["photo"] == "s3://pictures/in/face.png"


def test_an_older_output_goes_where_the_photo_may_not_be_shown_any_more(
    run: Run, hide: Path, stored: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("apply", hide, "s3://pictures/in", "-o", "s3://pictures/out")
    assert "out/face.png" in stored.keys()  # noqa: SIM118
    monkeypatch.setattr(redaction, "verified", lambda *_: Verdict(problems=("a trace",)))
    run("apply", hide, "s3://pictures/in", "-o", "s3://pictures/out", "--exists", "overwrite")
    assert "out/face.png" not in stored.keys()  # noqa: SIM118


# What goes wrong


def test_no_secret_is_written_or_said(run: Run, dye: Path, stored: Bucket) -> None:
    stored.put("in/broken.png", b"no picture")
    _, said, told = run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    assert SECRET not in said + told
    assert SECRET.encode() not in stored.all()


def test_broken_and_strange_objects_cost_themselves(run: Run, dye: Path, stored: Bucket, tmp_path: Path) -> None:
    face = stored.get("in/face.png")
    for key in ("in/broken.png", "in/empty.png"):
        stored.put(key, b"no picture"[: 10 * ("broken" in key)])
    for key in ("in//double.png", "in/../../up.png", "in/.hidden.png"):
        stored.put(key, face)
    code, _, told = run("apply", dye, "s3://pictures/in", "-o", tmp_path / "deep" / "out")
    assert code == 1
    assert "failed: s3://pictures/in/broken.png: is no picture" in told
    assert "failed: s3://pictures/in/empty.png: is empty" in told
    assert "failed: s3://pictures/in/%2Fdouble.png: is no name of a file; copy it" in told
    made = [path.relative_to(tmp_path / "deep").as_posix() for path in (tmp_path / "deep").rglob("*.png")]
    assert sorted(name for name in made if "/." not in name) == ["out/face.png", "out/trip/other.png"]


def test_an_object_that_is_too_large_is_not_fetched(
    run: Run, dye: Path, stored: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.put("in/large.png", b"x" * 100_000)
    limits = images.Limits
    monkeypatch.setattr(images, "Limits", lambda **given: limits(megabytes=0.09, **given))
    fetched: list[str] = []
    read = StorePath.read_bytes
    monkeypatch.setattr(StorePath, "read_bytes", lambda path: (fetched.append(path.name), read(path))[1])
    _, _, told = run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    assert "s3://pictures/in/large.png: is larger than 0.09 MB" in told
    assert "large.png" not in fetched


@pytest.mark.parametrize(
    ("photos_at", "out_at", "expected"),
    [
        ("s3://missing/in", "s3://pictures/out", 'there is nothing at "s3://missing/in"'),
        ("s3://pictures/nothing", "s3://pictures/out", 'there is nothing at "s3://pictures/nothing"'),
        ("s3://pictures/in", "s3://missing/out", 'there is no bucket for "s3://missing/out"'),
        ("s3://pictures/in", "s3://pictures/in/out", "lies in the input folder"),
        ("s3://pictures/in", "s3://pictures/in", "lies in the input folder"),
    ],
)
def test_a_wrong_place_is_one_line_before_any_work(
    *, run: Run, dye: Path, stored: Bucket, photos_at: str, out_at: str, expected: str
) -> None:
    before = stored.keys()
    code, _, told = run("apply", dye, photos_at, "-o", out_at)
    assert code == 2
    assert expected in told
    assert told.count("\n") == 1
    assert stored.keys() == before


def test_a_bucket_without_permission_is_one_line(run: Run, dye: Path, stored: Bucket, server: str) -> None:  # noqa: F811
    before = stored.keys()
    tell(server, "reset-auth", b"0")  # from now on the key is not known
    try:
        code, _, told = run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    finally:
        tell(server, "reset-auth", b"inf")
    assert code == 2
    assert '"s3://pictures/in" cannot be looked at: ' in told
    assert told.count("\n") == 1
    assert SECRET not in told
    assert stored.keys() == before


@pytest.mark.usefixtures("stored")
def test_rights_lost_in_the_middle_stop_the_run(run: Run, dye: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: StorePath, _data: bytes) -> int:
        raise PermissionError(13, "the store does not allow it", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(records.StoreRecords, "add", stripped(records.StoreRecords.add, patch, refused))
        code, _, told = run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    assert code == 2
    assert '"s3://pictures/out" cannot be written to: the store does not allow it' in told
    assert run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")[0] == 0


def stripped(add: Any, patch: pytest.MonkeyPatch, refused: Any) -> Any:
    """`add`, after which nothing can be put any more from the first photo on."""

    def adding(self: Any, line: Any) -> None:
        if "target" in line:
            patch.setattr(StorePath, "write_bytes", refused)
        add(self, line)

    return adding


@pytest.mark.usefixtures("stored")
def test_a_store_that_cannot_be_reached_is_one_line(run: Run, dye: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(stores, "_PATIENCE", {"connect_timeout": 1, "retries": {"max_attempts": 0}})
    forget()
    code, _, told = run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    monkeypatch.undo()
    forget()
    assert code == 2
    assert "cannot be looked at: the store cannot be reached" in told
    assert told.count("\n") == 1


def test_videos_from_or_to_a_store_are_refused_each_in_a_line(
    run: Run, dye: Path, stored: Bucket, photos: Path
) -> None:
    stored.put("in/clip.mp4", b"no matter what")
    code, _, told = run("apply", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    assert code == 1
    assert "failed: s3://pictures/in/clip.mp4: is a video, and lies in a store; copy it to a folder" in told
    (photos / "clip.mp4").write_bytes(b"no matter what")
    code, _, told = run("apply", dye, photos / "clip.mp4", "-o", "s3://pictures/clips")
    assert code == 1
    assert "clip.mp4: videos are read and written on this machine only; copy it here first" in told
    assert stored.shown("clips/") == ["clips/report.html", "clips/report.json"]


# Other commands


def test_segment_and_inspect_and_plan_know_stores(run: Run, dye: Path, stored: Bucket) -> None:
    assert run("segment", "s3://pictures/in", "-o", "s3://pictures/maps")[0] == 0
    assert "maps/trip/other.labels.png" in stored.keys()  # noqa: SIM118
    _, said, _ = run("inspect", "s3://pictures/in", "--json")
    assert json.loads(said.splitlines()[0])["photo"] == "s3://pictures/in/face.png"
    _, said, _ = run("plan", dye, "s3://pictures/in", "-o", "s3://pictures/out")
    assert "s3://pictures/in/face.png -> s3://pictures/out/face.png" in said
    assert stored.keys("out/") == []


@pytest.mark.usefixtures("stored")
def test_verify_reads_from_a_store_and_believes_the_report_there(
    run: Run, hide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "face_finder", lambda *_, **__: FaceFinder(Oracle(), Skins(), Search()))
    assert run("apply", hide, "s3://pictures/in", "-o", "s3://pictures/out")[0] == 0
    code, said, told = run("verify", "s3://pictures/out")
    assert (code, "2 photo(s): 0 with something in them" in said) == (0, True), told


def test_a_name_decides_with_stores_as_with_files(run: Run, stored: Bucket, tmp_path: Path) -> None:
    recipe = tmp_path / "named.yaml"
    recipe.write_text('faceedit: 1\nsteps: [{effect: lipstick, when: name == "face.*"}]\n')
    run("apply", recipe, "s3://pictures/in", "-o", "s3://pictures/out")
    changed = [stored.get(f"out/{name}") != stored.get(f"in/{name}") for name in ("face.png", "trip/other.png")]
    assert changed == [True, False]

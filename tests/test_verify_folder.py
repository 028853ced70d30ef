"""`faceedit verify` answers for all that lies in a folder: what it cannot look into is named, and is no success."""

import hashlib
import json
from pathlib import Path

import pytest
from cli_support import Run, run
from redaction_support import scene, told

from faceedit import images
from faceedit.cli import verify
from faceedit.detection import Detection
from faceedit.gallery import FOLDER
from faceedit.geometry import Box
from faceedit.photo import Photo

__all__ = ["run"]


@pytest.fixture
def public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one clean photo."""
    monkeypatch.setattr(verify, "_look", lambda *_: told())
    (tmp_path / "public").mkdir()
    clean = images.encode(Photo(scene(0)), images.WriteOptions("png", metadata="none"))
    (tmp_path / "public" / "0001.png").write_bytes(clean)
    return tmp_path / "public"


def test_a_folder_with_reports_beside_its_photos_is_clean(run: Run, public: Path) -> None:
    (public / FOLDER).mkdir()
    for name in ("report.json", "report.html", "review.json", ".faceedit-journal.jsonl", f"{FOLDER}/a.redacted.jpg"):
        (public / name).write_bytes(b'{"photos": []}')
    code, said, errors = run("verify", public)
    assert (code, said) == (0, "1 photo(s): 0 with something in them, 0 unreadable, 0 other file(s)\n")
    assert "nobody looked" not in errors


@pytest.mark.parametrize("name", ["notes.pdf", "0001.png.bak", ".hidden.jpg", "0001.xmp", f"{FOLDER}/a.before.jpg"])
def test_a_file_that_nobody_looked_into_is_named(run: Run, public: Path, name: str) -> None:
    path = public / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"who knows")
    code, _, errors = run("verify", public)
    assert (code, f"{path}: by its name or place it is no photo" in errors) == (1, True)
    code, said, _ = run("verify", public, "--json")
    assert code == 1
    assert {"photo": str(path), "passed": False}.items() <= json.loads(said.splitlines()[-1]).items()


def test_a_link_to_another_folder_is_named(run: Run, public: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (public / "more").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    code, _, errors = run("verify", public)
    assert (code, f"{public / 'more'}: is a link out of the folder" in errors) == (1, True)


def test_a_face_that_a_report_says_was_left_is_told(run: Run, public: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box(2, 2, 26, 30)
    monkeypatch.setattr(verify, "_look", lambda *_: lambda _pixels: [Detection(box, 0.9)])
    assert run("verify", public)[0] == 4
    digest = hashlib.sha256((public / "0001.png").read_bytes()).hexdigest()
    audit = {"outputs": [{"sha256": digest}], "left": [box.as_list()]}
    (public / "report.json").write_text(json.dumps({"photos": [{"audit": audit}]}))
    code, said, _ = run("verify", public)
    assert (code, "note: 1 face left on purpose, says report.json" in said) == (0, True)


def test_a_photo_named_by_itself_stands_for_itself(run: Run, public: Path) -> None:
    (public / "notes.pdf").write_bytes(b"who knows")
    assert run("verify", public / "0001.png")[0] == 0

"""Bytes onto the disk: whole or not at all."""

import errno
import os
import stat
from pathlib import Path

import pytest

from faceedit import images
from faceedit.errors import PhotoError, UnreadablePhoto


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_file_holds_the_bytes_and_nothing_else_is_left(tmp_path: Path) -> None:
    images.write_atomic(tmp_path / "a.jpg", b"new")
    assert (tmp_path / "a.jpg").read_bytes() == b"new"
    assert names(tmp_path) == ["a.jpg"]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"old")
    images.write_atomic(tmp_path / "a.jpg", b"new")
    assert (tmp_path / "a.jpg").read_bytes() == b"new"


def test_the_umask_decides_who_may_read(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        images.write_atomic(tmp_path / "a.jpg", b"new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.jpg").stat().st_mode) == 0o640


@pytest.mark.parametrize("name", ["x" * 251 + ".jpg", "ä" * 125 + ".jpg", "\udcff" * 251 + ".jpg"])
def test_names_as_long_as_the_file_system_allows_work(tmp_path: Path, name: str) -> None:
    images.write_atomic(tmp_path / name, b"new")
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_is_one_plain_line_and_leaves_the_old_file(tmp_path: Path, monkeypatch, step: str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os if step == "fsync" else Path, step, full)
    with pytest.raises(PhotoError, match=r"a\.jpg: cannot be written: No space left on device; make room"):
        images.write_atomic(tmp_path / "a.jpg", b"new")
    assert names(tmp_path) == ["a.jpg"]
    assert (tmp_path / "a.jpg").read_bytes() == b"old"


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        images.write_atomic(tmp_path / "a.jpg", b"new")
    assert names(tmp_path) == []


def test_the_bytes_are_on_the_disk_before_the_name_is(tmp_path: Path, monkeypatch) -> None:
    steps = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (steps.append("fsync"), fsync(fd)))
    monkeypatch.setattr(Path, "replace", lambda path, to: (steps.append("rename"), replace(path, to)))
    images.write_atomic(tmp_path / "a.jpg", b"new")
    assert steps == ["fsync", "rename", "fsync"]


def test_a_missing_folder_is_a_photo_error(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="make the folder first"):
        images.write_atomic(tmp_path / "none" / "a.jpg", b"new")


def test_leftovers_of_killed_runs_are_removed_and_nothing_else(tmp_path: Path) -> None:
    left = tmp_path / "deep" / ".a.jpg.0123456789abcdef.faceedit-tmp"
    other = [tmp_path / "a.jpg", tmp_path / ".a.faceedit-tmp", tmp_path / "deep" / "a.0123456789abcdef.faceedit-tmp"]
    left.parent.mkdir()
    for path in [left, *other]:
        path.write_bytes(b"")
    (tmp_path / ".link.0123456789abcdef.faceedit-tmp").symlink_to(tmp_path / "a.jpg")
    assert images.remove_leftovers(tmp_path) == [left]
    assert all(path.exists() for path in other)


def test_what_a_killed_write_leaves_is_recognized(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(Path, "replace", lambda *_: None)
    monkeypatch.setattr(Path, "unlink", lambda *_: None)
    images.write_atomic(tmp_path / "a.jpg", b"new")
    monkeypatch.undo()
    assert len(images.remove_leftovers(tmp_path)) == 1
    assert names(tmp_path) == []


def test_paths_that_are_no_readable_files_are_refused_by_name(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for path, reason in (
        (tmp_path, "is no file"),
        (tmp_path / "pipe.jpg", "is no file"),
        (tmp_path / "x", "not exist"),
    ):
        with pytest.raises(UnreadablePhoto, match=reason) as caught:
            images.read(path)
        assert caught.value.message.startswith(f"{path}: ")


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(bytes(2000))
    with pytest.raises(UnreadablePhoto, match=r"larger than 0\.001 MB"):
        images.read(tmp_path / "a.jpg", limits=images.Limits(megabytes=0.001))

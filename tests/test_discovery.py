"""Which photos a command line means: trees, several inputs, patterns, links, and what cannot be read."""

import os
from pathlib import Path

import pytest

from faceedit.errors import UsageError
from faceedit.runner import Input, discover


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `photos` with photos at three depths and files that are none, in the current folder."""
    for name in ("b.jpg", "a.PNG", "trip/c.webp", "trip/deep/d.tiff", "notes.txt", "trip/.hidden.jpg", ".cache/e.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"


def found(*arguments: object) -> list[tuple[str, str]]:
    return [(each.path.name, each.folder.as_posix()) for each in discover([str(each) for each in arguments])]


def test_a_single_folder_keeps_its_tree_and_hidden_files_are_passed_over(tree: Path) -> None:
    assert found(tree) == [("a.PNG", "."), ("b.jpg", "."), ("c.webp", "trip"), ("d.tiff", "trip/deep")]


def test_with_several_inputs_each_folder_keeps_its_name_as_root(tree: Path) -> None:
    assert found(tree / "trip", tree / "b.jpg") == [("c.webp", "trip"), ("d.tiff", "trip/deep"), ("b.jpg", ".")]


def test_the_current_folder_has_a_name_too(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "trip")
    assert found(".", "../b.jpg") == [("c.webp", "trip"), ("d.tiff", "trip/deep"), ("b.jpg", ".")]
    assert found(".") == [("c.webp", "."), ("d.tiff", "deep")]


def test_a_photo_named_by_itself_has_no_input_folder(tree: Path) -> None:
    assert discover([str(tree / "b.jpg")]) == [Input(tree / "b.jpg")]
    assert discover([str(tree)])[0].root == tree


def test_a_file_is_taken_by_name_whatever_its_suffix(tree: Path) -> None:
    assert found(tree / "notes.txt", tree / ".cache" / "e.jpg") == [("notes.txt", "."), ("e.jpg", ".")]


@pytest.mark.usefixtures("tree")
def test_a_pattern_names_photos_only() -> None:
    assert found("photos/*") == [("a.PNG", "."), ("b.jpg", ".")]
    assert found("photos/**/*.tif*") == [("d.tiff", ".")]
    assert found("photos/**/[cd].*") == [("c.webp", "."), ("d.tiff", ".")]


def test_a_name_with_brackets_is_a_name_before_it_is_a_pattern(tree: Path) -> None:
    (tree / "b[1].jpg").write_bytes(b"x")
    (tree / "b1.jpg").write_bytes(b"x")
    assert found("photos/b[1].jpg") == [("b[1].jpg", ".")]


def test_a_photo_named_twice_is_done_once(tree: Path) -> None:
    assert found(tree / "b.jpg", "photos/b.jpg", "photos/*.jpg") == [("b.jpg", ".")]
    assert len(found(tree, tree / "trip")) == 4


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("nowhere.jpg", 'there is no file or folder "nowhere.jpg"; check the path'),
        ("photos/*.gif", 'no photo matches "photos/*.gif"'),
        ("photos/*.txt", 'no photo matches "photos/*.txt"'),
        ("photos/.cache/empty", 'no photos in "photos/.cache/empty"; looked for .apng, '),
    ],
)
def test_an_argument_that_names_nothing_is_refused(tree: Path, argument: str, message: str) -> None:
    (tree / ".cache" / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        discover([argument])
    assert message in str(caught.value)


def test_no_argument_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="no photos named"):
        discover([])


def test_links_within_the_folder_are_followed_to_files_and_not_to_folders(tree: Path) -> None:
    (tree / "z.jpg").symlink_to(tree / "trip" / "c.webp")
    (tree / "other").symlink_to(tree / "trip")
    names = found(tree)
    assert len(names) == 4  # z.jpg and trip/c.webp are one photo
    assert ("c.webp", "other") not in names


def test_links_out_of_the_folder_are_named_and_not_followed(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(b"x")
    (tree / "link.jpg").symlink_to(outside / "secret.jpg")
    (tree / "trip" / "more").symlink_to(outside)
    inputs = discover([str(tree)])
    problems = [f"{tree}/link.jpg: is a link out of the folder", f"{tree}/trip/more: is a link out of the folder"]
    assert [each.problem for each in inputs] == [""] * 4 + problems
    inputs = discover([str(tree), str(outside)])  # what they lead to may be named as well
    assert [each.path.name for each in inputs if not each.problem][4:] == ["secret.jpg"]
    assert [each.problem for each in inputs if each.problem] == []


def test_loops_of_links_do_not_stop_the_search(tree: Path) -> None:
    (tree / "one.jpg").symlink_to(tree / "two.jpg")
    (tree / "two.jpg").symlink_to(tree / "one.jpg")
    (tree / "trip" / "again").symlink_to(tree)
    names = [name for name, _ in found(tree) if name not in ("one.jpg", "two.jpg")]
    assert names == ["a.PNG", "b.jpg", "c.webp", "d.tiff"]


def test_a_loop_named_by_itself_is_a_photo_that_will_fail(tree: Path) -> None:
    (tree / "one.jpg").symlink_to("one.jpg")
    assert found(tree / "one.jpg") == [("one.jpg", ".")]


def test_a_folder_that_is_a_link_is_an_input_like_any_other(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "album").symlink_to(tree)
    assert found(tmp_path / "album") == found(tree)


def test_a_folder_that_cannot_be_listed_becomes_a_line_of_its_own(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("deep"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    inputs = discover([str(tree)])
    assert [each.path.name for each in inputs] == ["a.PNG", "b.jpg", "c.webp", "deep"]
    assert inputs[-1].problem == f"{tree}/trip/deep: cannot be listed: Permission denied"


def test_strange_names_are_found(tree: Path) -> None:
    for name in ("ü 写真.jpg", "new\nline.jpg", "-o.jpg", os.fsdecode(b"bad\xff.jpg")):
        (tree / name).write_bytes(b"x")
    assert len(found(tree)) == 8

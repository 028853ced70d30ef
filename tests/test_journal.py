"""The journal of an output folder: what is ours, what is done, and what a kill leaves."""

import pytest

from faceedit.errors import PhotoError, UsageError
from faceedit.report import Entry
from faceedit.runner import Journal
from faceedit.runner.journal import JOURNAL


def written(out, name, content=b"picture"):
    path = out / name
    path.write_bytes(content)
    return path


def test_a_file_that_faceedit_did_not_make_is_refused(tmp_path):
    mine = written(tmp_path, "holiday.jpg")
    with pytest.raises(UsageError, match=r'holiday.jpg" is there already'):
        Journal(tmp_path).refuse_strangers([mine])
    with pytest.raises(PhotoError, match="not made by faceedit"):
        Journal(tmp_path).begin([mine])


def test_a_file_begun_before_a_kill_is_ours_afterwards(tmp_path):
    path = tmp_path / "a.jpg"
    Journal(tmp_path).begin([path])
    path.write_bytes(b"half a run")
    Journal(tmp_path).refuse_strangers([path])


def test_a_finished_photo_is_known_with_its_entry(tmp_path):
    path = written(tmp_path, "a.jpg")
    entry = Entry("in/a.jpg", "done", outputs=[str(path)], notes=["fine"])
    Journal(tmp_path).end(path, "key", entry)
    assert Journal(tmp_path).finished(path, "key") == entry


@pytest.mark.parametrize("change", ["key", "content", "gone"])
def test_a_photo_is_done_again_where_anything_differs(tmp_path, change):
    path = written(tmp_path, "a.jpg")
    Journal(tmp_path).end(path, "key", Entry("in/a.jpg", "done", outputs=[str(path)]))
    if change == "content":
        path.write_bytes(b"touched by hand")
    elif change == "gone":
        path.unlink()
    assert Journal(tmp_path).finished(path, "other" if change == "key" else "key") is None


def test_a_line_torn_by_a_kill_is_passed_over(tmp_path):
    path = written(tmp_path, "a.jpg")
    journal = Journal(tmp_path)
    journal.begin([path.with_name("b.jpg")])
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('{"target": "a.jpg", "ke')
    assert Journal(tmp_path).finished(path, "key") is None


def test_a_photo_of_which_only_extras_were_written_claims_no_name(tmp_path):
    extra = written(tmp_path, "a.cut.png")
    extra.unlink()
    journal = Journal(tmp_path)
    journal.begin([extra])
    written(tmp_path, "a.cut.png")
    journal.end(tmp_path / "a.jpg", "key", Entry("in/a.jpg", "done", outputs=[str(extra)]))
    mine = written(tmp_path, "a.jpg")
    assert Journal(tmp_path).strangers([mine, extra]) == [mine]


def test_a_line_torn_by_a_kill_does_not_swallow_the_next_one(tmp_path):
    path = written(tmp_path, "a.jpg")
    (tmp_path / JOURNAL).write_text('{"begin": ["x')
    path.unlink()
    Journal(tmp_path).begin([path])
    path.write_bytes(b"half a run")
    Journal(tmp_path).refuse_strangers([path])


def test_retracting_deletes_what_an_earlier_run_made_and_nothing_else(tmp_path):
    path, other = written(tmp_path, "a.jpg"), written(tmp_path, "b.jpg")
    journal = Journal(tmp_path)
    journal.end(path, "key", Entry("in/a.jpg", "done", outputs=[str(path)]))
    journal.retract(path, [path])
    journal.retract(other, [other])
    assert not path.exists()
    assert other.exists()


def test_retracting_deletes_what_a_killed_run_had_begun(tmp_path):
    first, second = tmp_path / "a.jpg", tmp_path / "small" / "a.jpg"
    Journal(tmp_path).begin([first, second])
    (tmp_path / "small").mkdir()
    for name in ("a.jpg", "small/a.jpg"):
        written(tmp_path, name)
    Journal(tmp_path).retract(first, [first, second])
    assert not first.exists()
    assert not second.exists()


def test_names_with_emoji_newlines_and_undecodable_bytes_are_kept(tmp_path):
    for name in ("ä 🎈.jpg", "two\nlines.jpg", b"\xff.jpg".decode("utf-8", "surrogateescape")):
        path = written(tmp_path, name)
        Journal(tmp_path).end(path, "key", Entry(name, "done", outputs=[str(path)]))
        assert Journal(tmp_path).finished(path, "key") == Entry(name, "done", outputs=[str(path)])


def test_what_a_run_wrote_without_redacting_is_told_until_it_is_written_again(tmp_path):
    photo, extra = tmp_path / "a.jpg", tmp_path / "a.cut.png"
    Journal(tmp_path).begin([photo, extra])
    written(tmp_path, "a.jpg")
    written(tmp_path, "a.cut.png")
    with pytest.raises(UsageError, match=r"a\.cut\.png. was written by a run that did not redact"):
        Journal(tmp_path).refuse_bare([photo])
    Journal(tmp_path).refuse_bare([photo, extra])
    extra.unlink()
    Journal(tmp_path).refuse_bare([photo])
    Journal(tmp_path).begin([photo], redacts=True)
    Journal(tmp_path).refuse_bare([])

"""Commands for authors of plugins: one-file plugins, new, check, --try; and what a broken or clashing plugin costs."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli_support import Run
from PIL import Image
from plugin_support import Install

from faceedit.cli import plugins
from faceedit.runner import Showing, Task

GLEAM = '''
import numpy as np
import faceedit

@faceedit.effect(on="skin")
def gleam(region, *, amount: float = 0.5):
    """Brighten the skin."""
    return region.pixels + np.float32(amount) * (1 - region.pixels)

@faceedit.hookimpl
def faceedit_effects():
    return [gleam]
'''
RECIPE = "faceedit: 1\nname: Gleam\nsteps:\n  - effect: gleam\n"


@pytest.fixture
def gleam(photos: Path) -> Path:
    """A one-file plugin, beside it a recipe r.yaml."""
    (photos.parent / "r.yaml").write_text(RECIPE)
    file = photos.parent / "gleam.py"
    file.write_text(GLEAM)
    return file


def test_a_plugin_of_one_file_runs_without_packaging_and_is_in_the_report(run: Run, photos: Path, gleam: Path) -> None:
    assert run("apply", "r.yaml", photos, "-o", "out", "-q", "--plugin", gleam) == (0, "", "")
    assert Path("out/face.png").read_bytes() != (photos / "face.png").read_bytes()
    used = {each["distribution"]: each for each in json.loads(Path("out/report.json").read_text())["plugins"]}
    digest = hashlib.sha256(gleam.read_bytes()).hexdigest()
    assert used["gleam.py"] == {"distribution": "gleam.py", "version": digest[:12], "sha256": digest}


def test_a_changed_file_does_the_photos_again(run: Run, photos: Path, gleam: Path) -> None:
    seen = []
    for text in (GLEAM, GLEAM, GLEAM.replace("0.5", "0.9")):
        gleam.write_text(text)
        assert run("apply", "r.yaml", photos, "-o", "out", "-q", "--plugin", gleam)[0] == 0
        seen.append(Path("out/face.png").stat().st_mtime_ns)
    assert seen[0] == seen[1] < seen[2]


@pytest.mark.long
def test_a_plugin_of_one_file_reaches_worker_processes(gleam: Path, tmp_path: Path) -> None:
    samples = Path(__file__).parent.parent / "samples" / "photos"
    command = [sys.executable, "-m", "faceedit", "apply", "r.yaml", samples, "-o", "out", "--jobs", "2", "-q"]
    done = subprocess.run([*command, "--plugin", gleam.name], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out/portrait.jpg").read_bytes() != (samples / "portrait.jpg").read_bytes()


@pytest.mark.parametrize("command", [("recipe", "check", "r.yaml"), ("recipe", "show", "r.yaml"), ("effects", "gleam")])
def test_other_commands_know_the_file_too(run: Run, gleam: Path, command: tuple[str, ...]) -> None:
    assert run(*command)[0] == 2
    code, out, err = run(*command, "--plugin", gleam)
    assert (code, err) == (0, "")
    assert "gleam" in out or "fine" in out


@pytest.mark.parametrize("command", ["segment", "verify"])
def test_commands_that_look_take_a_models_and_a_detectors_file(run: Run, photos: Path, command: str) -> None:
    file = photos.parent / "finder.py"
    file.write_text("import faceedit\n@faceedit.hookimpl\ndef faceedit_detectors():\n    return {'mine': 1 / 0}\n")
    out = ["-o", "out"] if command == "segment" else []
    code, _, err = run(command, photos, *out, "--plugin", file)
    assert (code, "finder.py" in err, "ZeroDivisionError" in err) == (3, True, True)
    assert run(command, photos, *out, "--no-plugins", "--only-plugin", "x")[0] == 2


def test_the_schema_and_the_list_know_the_file(run: Run, gleam: Path) -> None:
    assert "Brighten the skin." in run("recipe", "schema", "--plugin", gleam)[1]
    assert "gleam " in run("effects", "--plugin", gleam)[1]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def", "SyntaxError"),
        ("1 / 0", "it cannot be imported: ZeroDivisionError"),
        ("x = 1", "it implements no hook; put @faceedit.hookimpl"),
        (None, "cannot be read: No such file or directory; name a Python file"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(run: Run, gleam: Path, source: str | None, said: str) -> None:
    gleam.unlink() if source is None else gleam.write_text(source)
    code, out, err = run("effects", "--plugin", gleam)
    assert (code, out) == (3, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_installed_plugins_can_be_left_out(run: Run, environment: Install, photos: Path) -> None:
    environment("faceedit-gleam", GLEAM)
    (photos.parent / "r.yaml").write_text(RECIPE)
    assert run("recipe", "check", "r.yaml")[0] == 0
    assert run("recipe", "check", "r.yaml", "--only-plugin", "faceedit-gleam")[0] == 0
    code, _, err = run("recipe", "check", "r.yaml", "--no-plugins")
    assert (code, 'no effect "gleam"' in err) == (2, True)
    assert run("recipe", "check", "r.yaml", "--no-plugins", "--only-plugin", "x")[0] == 2


def test_a_clash_is_mentioned_and_an_unrelated_command_goes_on(run: Run, environment: Install, photos: Path) -> None:
    environment("faceedit-gleam", GLEAM, "1.0", "one", "two")
    (photos.parent / "r.yaml").write_text(RECIPE.replace("gleam", "smooth"))
    code, _, err = run("apply", "r.yaml", photos, "-o", "out", "-q")
    said = 'effect "gleam" is offered by both plugins "one" and "two" of "faceedit-gleam 1.0"'
    assert (code, err) == (0, f"faceedit: {said}, and cannot be used\n")
    code, _, err = run("effects", "gleam")
    assert (code, err.splitlines()[1]) == (3, f"faceedit: {said}; tell its authors; --no-plugins leaves it out")
    assert f"CLASH: {said}" in run("plugins", "list")[1]


def test_the_list_as_json_says_status_and_hooks_without_running_the_plugin(run: Run, environment: Install) -> None:
    environment("faceedit-gleam", GLEAM)
    environment("faceedit-bad", "1 / 0", "0.3", "bad")
    rows = {row["distribution"]: row for row in json.loads(run("plugins", "list", "--json")[1])}
    row = rows["faceedit-gleam"]
    assert (row["version"], row["status"], row["hooks"], row["effects"], row["api"]) == (
        "1.0",
        "works",
        ["faceedit_effects"],
        ["gleam"],
        1,
    )
    assert (rows["faceedit-bad"]["status"], "ZeroDivisionError" in rows["faceedit-bad"]["error"]) == ("broken", True)
    assert "faceedit_gleam" not in sys.modules


# check


def test_a_good_plugin_is_fine_by_file_and_by_name(run: Run, environment: Install, gleam: Path) -> None:
    text = GLEAM.replace("amount: float = 0.5", "").replace(", *, ", "").replace("amount", "0.5")
    gleam.write_text(text)
    assert run("plugins", "check", gleam) == (0, f"{gleam}: fine (gleam)\n", "")
    environment("faceedit-gleam", text)
    assert run("plugins", "check", "faceedit-gleam")[:2] == (0, "faceedit-gleam: fine (gleam)\n")


def test_all_plugins_of_a_distribution_are_checked_by_its_name_or_folder(run: Run, environment: Install) -> None:
    environment("faceedit-gleam", GLEAM, "1.0", "one", "two")
    Path("gleam").mkdir()
    Path("gleam/pyproject.toml").write_text('[project]\nname = "faceedit-gleam"\n')
    for name in ("faceedit-gleam", "gleam"):
        code, out, _ = run("plugins", "check", name)
        assert (code, out.count('option "amount" is not described')) == (3, 2)
    code, _, err = run("plugins", "check", ".")
    assert (code, err) == (2, 'faceedit: "." has no pyproject.toml with a name; name a Python file\n')


def test_a_broken_rule_is_told_with_what_to_change(run: Run, gleam: Path) -> None:
    gleam.write_text(GLEAM.replace("return region", "return 255 * region"))
    code, out, _ = run("plugins", "check", gleam)
    assert code == 3
    assert 'effect "gleam": its pixels run from ' in out
    assert "end with np.clip(pixels, 0, 1)" in out


def test_what_is_no_plugin_cannot_be_checked(run: Run) -> None:
    code, _, err = run("plugins", "check", "redakt")
    assert (code, err) == (2, 'faceedit: no file and no plugin "redakt"; did you mean "redact"?\n')


# --try


def test_an_effect_is_drawn_before_and_after_over_its_options(run: Run, photos: Path, gleam: Path) -> None:
    gleam.write_text(GLEAM.replace("amount: float", "amount: \"__import__('typing').Annotated[float, 1]\""))
    code, out, err = run("effects", "gleam", "--plugin", gleam, "--try", photos / "face.png", "-o", "s.png")
    assert (code, out, err) == (0, "s.png: gleam, before and after\n", "")
    with Image.open("s.png") as sheet:
        assert sheet.size == (3 * 248 + 8, 2 * 268 + 8)
        before, after = (sheet.crop((left, 28, left + 240, 268)).convert("L").resize((1, 1)) for left in (8, 256))
        assert after.getpixel((0, 0)) > before.getpixel((0, 0)) + 3  # type: ignore[operator]


def test_drawing_replaces_a_sheet_and_no_other_picture(run: Run, photos: Path, gleam: Path) -> None:
    photo = photos / "face.png"
    before = photo.read_bytes()
    command = ("effects", "gleam", "--plugin", gleam, "--try", photo, "-o")
    code, _, err = run(*command, photo)
    assert (code, "is there already and was not made by faceedit" in err, photo.read_bytes()) == (2, True, before)
    for name in ("s.png", "s.jpg", "s.png", "s.jpg"):
        assert run(*command, name)[0] == 0
    Path("s.png").write_text("notes")
    assert (run(*command, "s.png")[0], Path("s.png").read_text()) == (2, "notes")


def test_watching_draws_again_when_the_file_changes(
    run: Run, photos: Path, gleam: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = iter([GLEAM.replace("0.5", "0.9"), "1 / 0", GLEAM])
    drawn = []

    def wait(files: list[Path]) -> None:
        drawn.append(Path("s.png").read_bytes())
        assert gleam in files
        try:
            gleam.write_text(next(texts))
        except StopIteration:
            raise SystemExit(0) from None

    monkeypatch.setattr(plugins, "wait_for_change", wait)
    _, _, err = run("effects", "gleam", "--plugin", gleam, "--try", photos / "face.png", "-o", "s.png", "--watch")
    assert "ZeroDivisionError" in err
    assert drawn[0] != drawn[1] == drawn[2] != drawn[3] == drawn[0]


def test_a_change_of_a_file_ends_the_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.py"
    file.touch()
    looks = []

    def sleep(_seconds: float) -> None:
        looks.append(1)
        if len(looks) == 3:
            os.utime(file, (1, 1))

    monkeypatch.setattr("time.sleep", sleep)
    plugins.wait_for_change([file])
    assert len(looks) == 3


@pytest.mark.parametrize("arguments", [("--try", "x.jpg"), ("gleam", "--watch")])
def test_trying_needs_an_effect_and_a_photo(run: Run, arguments: tuple[str, ...]) -> None:
    code, _, err = run("effects", *arguments)
    assert (code, "faceedit effects NAME --try photo.jpg" in err) == (2, True)


def test_a_photo_without_a_face_is_refused(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "empty.png")
    code, _, err = run("effects", "smooth", "--try", "empty.png")
    assert (code, err) == (2, 'faceedit: no face was found in "empty.png"; try it on another photo\n')


# Faults

FAULTS = {
    "raises": ("1 / 0", "ZeroDivisionError: division by zero"),
    "exits": ("raise SystemExit(0)", "failed: SystemExit: 0"),
    "hangs": ("while True: pass", "failed: no answer within 0 seconds"),
    "shape": ("return region.pixels[1:]", "gave pixels of float32"),
    "dtype": ("return (region.pixels * 255).astype('uint8')", "gave pixels of uint8"),
    "nan": ("return region.pixels * np.float32('nan')", "gave NaN or infinity"),
    "writes": ("region.pixels[:] = 0", "assignment destination is read-only"),
}


@pytest.mark.parametrize("redacts", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_the_photo_and_names_plugin_and_version(
    run: Run, photos: Path, gleam: Path, monkeypatch: pytest.MonkeyPatch, *, fault: str, redacts: bool
) -> None:
    if fault == "hangs":
        monkeypatch.setattr("faceedit.guard.SECONDS", 0.4)
        monkeypatch.setattr("faceedit.guard.SECONDS_PER_MEGAPIXEL", 0.0)
    code, said = FAULTS[fault]
    gleam.write_text(GLEAM.replace("return region.pixels + np.float32(amount) * (1 - region.pixels)", code))
    if redacts:
        Path("r.yaml").write_text(RECIPE + "  - effect: redact\n    faces: all except largest\n    when: faces > 9\n")
    Image.new("RGB", (64, 64)).save(photos / "plain.png")
    status, _, _ = run("apply", "r.yaml", photos, "-o", "out", "-q", "--plugin", gleam)
    entries = {Path(entry["photo"]).name: entry for entry in json.loads(Path("out/report.json").read_text())["photos"]}
    assert entries["face.png"]["status"] == ("review" if redacts else "failed")
    assert (status, Path("out/face.png").exists()) == (4 if redacts else 1, False)
    digest = hashlib.sha256(gleam.read_bytes()).hexdigest()[:12]
    assert f'effect "gleam" of gleam.py {digest} ' in entries["face.png"]["error"]
    assert said in entries["face.png"]["error"]
    assert redacts or entries["plain.png"]["status"] == "done"


DEATHS = {"exits": "os._exit(0)", "crashes": "ctypes.string_at(0)", "is killed": "os.kill(os.getpid(), 9)"}


@pytest.mark.long
@pytest.mark.parametrize("death", DEATHS)
def test_a_plugin_that_ends_its_process_costs_the_photo(gleam: Path, tmp_path: Path, death: str) -> None:
    lines = f"    if region.width_px < 150:\n        import ctypes, os; {DEATHS[death]}\n    return region"
    gleam.write_text(GLEAM.replace("    return region", lines))
    samples = Path(__file__).parent.parent / "samples" / "photos"  # a small face in group.jpg
    command = [sys.executable, "-m", "faceedit", "apply", "r.yaml", samples, "-o", "out", "-q", "--plugin", gleam.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    entries = json.loads((tmp_path / "out/report.json").read_text())["photos"]
    found = {Path(entry["photo"]).name: entry for entry in entries}
    assert (done.returncode, found["portrait.jpg"]["status"], found["group.jpg"]["status"]) == (1, "done", "failed")
    assert "its process died; it ran out of memory, or a plugin ended it: gleam.py" in found["group.jpg"]["error"]


def test_plugins_of_others_that_do_photos_are_known_before(environment: Install, tmp_path: Path) -> None:
    environment("faceedit-gleam", GLEAM)
    (tmp_path / "r.yaml").write_text(RECIPE)
    (tmp_path / "own.yaml").write_text(RECIPE.replace("effect: gleam", "effect: smooth"))
    tasks = [Task(tmp_path / name, tmp_path / "out") for name in ("r.yaml", "own.yaml")]
    assert [task.others for task in tasks] == [("faceedit-gleam 1.0",), ()]
    hook = "@faceedit.hookimpl\ndef faceedit_embedders():\n    return {'mine': object}\n"
    environment("faceedit-mine", f"import faceedit\n\n{hook}")
    (tmp_path / "own.yaml").write_text("faceedit: 1\nsteps: [{effect: redact, keep: people}]\n")
    tasks = [Task(tmp_path / "own.yaml", tmp_path / "out", showing=Showing(embedder=name)) for name in ("mine", "none")]
    assert [task.others for task in tasks] == [("faceedit-mine 1.0",), ()]


def test_nothing_that_is_left_behind_keeps_the_command(tmp_path: Path) -> None:
    code = """
import os, sys, threading, time
from faceedit import __main__ as command
command.PATIENCE = 0.2
threading.Thread(target=time.sleep, args=(600,)).start()
sys.argv = ["faceedit", "--version"]
try:
    command.main()
finally:
    print(os.environ["PYTHONSAFEPATH"], flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.splitlines()[1:], done.stderr) == (0, ["1"], "")


def test_what_a_plugin_prints_does_not_spoil_the_output(run: Run, photos: Path, gleam: Path) -> None:
    gleam.write_text(GLEAM.replace("    return region", "    print('working')\n    return region"))
    code, out, err = run("apply", "r.yaml", photos, "-o", "out", "--json", "--plugin", gleam)
    assert (code, json.loads(out)["status"], "working" in err) == (0, "done", True)


@pytest.mark.parametrize("command", [("--help",), ("apply", "--help"), ("plugins", "--help")])
def test_help_asks_for_no_plugin(run: Run, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    def asked(**_what: object) -> None:
        raise AssertionError("plugins were looked for")

    monkeypatch.setattr("importlib.metadata.entry_points", asked)
    assert run(*command)[0] == 0

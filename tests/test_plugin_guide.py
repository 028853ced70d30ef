"""plugins/README.md cannot go stale: its listings run, its reference is made from docstrings; the samples work."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from reference import README, hooks, written

import faceedit
from faceedit import hookspecs
from faceedit.engine import Edited
from faceedit.registry import PluginFile, Registry, Selection, offers_of
from faceedit.testing import painted_photo, run_recipe

ROOT = Path(__file__).parent.parent
SAMPLES = sorted((ROOT / "samples" / "plugins").rglob("*.py"))
# Plugins as they were written for version 1 of the interface: never edited again, they run for ever.
FROZEN = sorted((ROOT / "tests" / "frozen" / "api1").glob("*.py"))
EXAMPLES = [path for path in SAMPLES if path.parent.name == "plugins"]
LISTINGS = re.findall(r"```python\n(.*?)```", README.read_text().partition("## What you can rely on")[0], re.DOTALL)


def module(path: Path) -> Registry:
    """The registry of one file alone."""
    return Registry([PluginFile.read(path).plugin()])


def conforms(path: Path) -> None:
    from faceedit.testing.contract import problems  # noqa: PLC0415 - as `plugins check` does it

    plugin = PluginFile.read(path).plugin()
    assert [str(problem) for problem in problems(plugin.load)] == []


@pytest.mark.parametrize("step", [0, 1, 2])
def test_each_step_of_the_tutorial_is_a_whole_plugin(step: int, tmp_path: Path) -> None:
    file = tmp_path / "freckles.py"
    file.write_text(LISTINGS[step])
    conforms(file)


def test_the_effect_in_the_readme_is_a_whole_plugin(tmp_path: Path) -> None:
    (listing,) = (
        each
        for each in re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        if "hookimpl" in each
    )
    file = tmp_path / "whiten.py"
    file.write_text(listing)
    conforms(file)


def test_the_tutorials_test_passes(tmp_path: Path) -> None:
    assert len(LISTINGS) == 4
    (tmp_path / "freckles.py").write_text(LISTINGS[2])
    (tmp_path / "test_freckles.py").write_text(LISTINGS[3])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "2 passed" in done.stdout, done.stdout


def test_the_reference_is_what_the_docstrings_say() -> None:
    text = README.read_text()
    assert written(text) == text, "run: python tests/reference.py"


def test_every_hook_has_an_example_that_offers_something() -> None:
    for hook in hooks():
        assert "Example:" in (hook.__doc__ or "")
        assert f"def {hook.__name__}" in (hook.__doc__ or "")
    assert hookspecs.API_VERSION == 1


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.long] if path in FROZEN else [], id=str(path.relative_to(ROOT)))
        for path in [*SAMPLES, *FROZEN]
        if "test" not in path.stem and "onnx" not in path.stem
    ],
)
def test_a_sample_keeps_the_contract_and_so_does_its_frozen_copy(path: Path) -> None:
    conforms(path)


def test_there_is_a_frozen_copy_of_every_sample() -> None:
    assert {path.stem for path in FROZEN} >= {path.stem for path in EXAMPLES}


def test_samples_are_short() -> None:
    """Lines of logic: what is neither blank nor comment nor docstring nor import."""
    counts = []
    for path in EXAMPLES:
        tree = ast.parse(path.read_text())
        lines = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)}
        imports = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)}
        docs = {
            node.lineno
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        counts.append(len(lines - imports - docs))
    assert statistics.median(counts) <= 15, counts


@pytest.fixture(params=[ROOT / "samples" / "plugins", ROOT / "tests" / "frozen" / "api1"], ids=["sample", "frozen"])
def ran(request: pytest.FixtureRequest) -> Callable[..., Edited]:
    """A function that runs one sample's effect on a painted face."""

    def run(name: str, photo: faceedit.Photo, **options: object) -> Edited:
        offers = PluginFile.read(request.param / f"{name}.py").plugin().load()
        return run_recipe([{"effect": name, **options}], photo, *offers.effects, *offers.inspectors)

    return run


def test_warmth_makes_skin_redder_than_blue_and_as_light_as_before(ran: Callable[..., Edited]) -> None:
    photo = painted_photo()
    after = ran("warmth", photo, amount=1.0).photo.pixels.astype(int)
    skin = photo.faces[0].mask("skin") > 0.99
    change = (after - photo.pixels)[skin].mean(0)
    assert change[0] > change[2] + 5
    assert abs(change @ (0.3, 0.6, 0.1)) < 4


@pytest.mark.parametrize("tilt", [0.0, 30.0])
def test_stars_lie_on_both_cheeks(ran: Callable[..., Edited], tilt: float) -> None:
    photo = painted_photo(400, 400, tilt=tilt)
    after = ran("stars", photo, color="#00ff00").photo.pixels
    green = (after[..., 1] > 200) & (after[..., 0] < 90)
    rows, columns = np.nonzero(green)
    nose = photo.faces[0].map.center("nose")
    assert nose is not None
    turned = (columns - nose[0]) * np.cos(np.radians(tilt)) + (rows - nose[1]) * np.sin(np.radians(tilt))
    assert 0.5 < (turned > 0).sum() / max((turned < 0).sum(), 1) < 2
    assert not green[photo.faces[0].mask("eyes | nose | lips") > 0.9].any()


def test_closed_eyes_are_found_and_open_or_hidden_ones_are_not() -> None:
    for folder in (ROOT / "samples" / "plugins", ROOT / "tests" / "frozen" / "api1"):
        (look,) = PluginFile.read(folder / "closed_eyes.py").plugin().load().inspectors
        open_, closed = painted_photo(accessories=()), painted_photo(accessories=(), hidden=("l_eye", "r_eye"))
        glasses = painted_photo(accessories=("eye_g",), hidden=("l_eye", "r_eye"))
        found = [[finding.kind for finding in look(photo)] for photo in (open_, closed, glasses)]
        assert found == [[], ["eyes_closed"], []]


def test_the_palette_holds_the_colours_of_the_face_and_leaves_the_photo(ran: Callable[..., Edited]) -> None:
    photo = painted_photo(colors={"hair": (200, 30, 30)})
    edited = ran("palette", photo, side=8)
    assert np.array_equal(edited.photo.pixels, photo.pixels)
    picture = np.asarray(edited.extras["palette-0"])
    assert picture.shape == (8, 48, 3)
    assert np.abs(picture[0, 12].astype(int) - (200, 30, 30)).max() < 40


def test_the_onnx_sample_labels_with_a_model_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    from faceedit.testing.contract import problems  # noqa: PLC0415 - as above

    (tmp_path / "parser.onnx").write_bytes(tiny_model())
    monkeypatch.setenv("FACE_PARSER", str(tmp_path / "parser.onnx"))
    for path in [path for path in [*SAMPLES, *FROZEN] if "onnx" in path.stem]:
        plugin = PluginFile.read(path).plugin()
        assert [str(problem) for problem in problems(plugin.load)] == []
        segmenter = plugin.load().segmenters["onnx-parser"]("cpu")
        red = np.zeros((1, 32, 32, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
        assert segmenter.logits(red).argmax(1)[0].min() == 1  # skin where it is red


def test_the_onnx_sample_without_a_model_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.delenv("FACE_PARSER", raising=False)
    plugin = PluginFile.read(ROOT / "samples" / "plugins" / "onnx_parser.py").plugin()
    with pytest.raises(faceedit.errors.ModelError, match=r"names no file; FACE_PARSER=parser\.onnx"):
        plugin.load().segmenters["onnx-parser"]("cpu")


def test_samples_run_together_with_the_installed_plugins() -> None:
    registry = Registry.installed(Selection(files=tuple(PluginFile.read(path) for path in EXAMPLES)))
    assert registry.clashes == []
    assert {"warmth", "stars", "palette", "redact"} <= {*registry.effects}
    assert "eyes_closed" in registry.kinds
    assert "onnx-parser" in registry.segmenters


def tiny_model() -> bytes:
    """An ONNX model of one 1 x 1 convolution, (1, 3, 32, 32) to (1, 19, 32, 32): the more red, the more skin.

    Written as protobuf by hand, so that tests need no exporter. Source: onnx.proto of ONNX.
    """

    def field(number: int, value: bytes | int | str) -> bytes:
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        content = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(content)) + content

    def varint(value: int) -> bytes:
        return bytes([value & 127 | 128]) + varint(value >> 7) if value > 127 else bytes([value])

    def shaped(name: str, *shape: int) -> bytes:
        dims = b"".join(field(1, field(1, side)) for side in shape)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))

    weights = np.zeros((19, 3, 1, 1), np.float32)
    weights[1, 0] = 1
    tensor = (
        b"".join(field(1, side) for side in weights.shape) + field(2, 1) + field(8, "w") + field(9, weights.tobytes())
    )
    node = field(1, "x") + field(1, "w") + field(2, "y") + field(4, "Conv")
    graph = field(1, node) + field(2, "g") + field(5, tensor)
    graph += field(11, shaped("x", 1, 3, 32, 32)) + field(12, shaped("y", 1, 19, 32, 32))
    return field(1, 8) + field(7, graph) + field(8, field(2, 13))


def test_offers_can_be_had_of_any_module() -> None:
    import faceedit_redact  # noqa: PLC0415 - any plugin does

    assert "redact" in offers_of(faceedit_redact).options

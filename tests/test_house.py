"""The house as DESIGN.md draws it: the order of the modules, their sizes, and what importing them costs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "faceedit"
# Each module (or folder of modules) imports only from those above it.
ROOMS = """
    errors settings guard labels geometry grids winners photo color matte stores images web extras backdrop segmentation
    detection detectors faces identity region hookspecs registry recipe coverage calls layers engine verify models
    overlay labelled evaluation presence training report gallery video runner cluster api testing pytest_plugin
    scaffold cli
"""
ORDER = ROOMS.split()
PRODUCT = sorted(path for folder in ("faceedit", "plugins", "samples") for path in (ROOT / folder).rglob("*.py"))
# Heavy modules that `--help`, shell completion and `import faceedit` do without.
HEAVY = ("torch", "numpy", "pydantic", "ruamel", "PIL", "scipy", "skimage", "transformers", "huggingface_hub", "rich")


def modules() -> list[Path]:
    """The package's files but its two doors, `__init__` and `__main__`."""
    doors = (PACKAGE / "__init__.py", PACKAGE / "__main__.py")
    return [path for path in PRODUCT if path.is_relative_to(PACKAGE) and path not in doors]


def room(path: Path) -> str:
    """The module or folder of modules directly in the package that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """The rooms that a file imports from, at its top or within functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [f"{node.module}.{each.name}" for each in node.names]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        else:
            continue
        yield from (str(name).split(".")[1] for name in names if str(name).startswith("faceedit."))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_from_those_above_it(path: Path) -> None:
    own = room(path)
    above = {*ORDER[: ORDER.index(own)], own, "__version__"}
    assert set(imported(path)) <= above


def test_every_module_has_its_place_in_the_order() -> None:
    assert {room(path) for path in modules()} <= set(ORDER)


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_300_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_body_is_longer_than_40_lines(path: Path) -> None:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, functions)]
    # From the docstring on: a command's signature is the list of its options, one a line.
    lengths = {node.name: (node.end_lineno or 0) - node.body[0].lineno + 1 for node in nodes}
    assert {name: length for name, length in lengths.items() if length > 40} == {}


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_broad_handlers_stand_at_a_boundary_and_say_why(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    nodes = [node for node in ast.walk(ast.parse("\n".join(lines))) if isinstance(node, ast.ExceptHandler)]
    broad = [lines[node.lineno - 1] for node in nodes if node.type is None or "Exception" in _names(node.type)]
    assert [line.strip() for line in broad if "#" not in line] == []


def _names(node: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def imported_by(code: str) -> set[str]:
    """The heavy modules that are loaded once `code` has run in a new process."""
    show = f"import sys; print(*(name for name in {HEAVY} if name in sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{show}"], check=True, capture_output=True, text=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("code", ["import faceedit", "import faceedit.cli", "import faceedit.labels, faceedit.errors"])
def test_importing_the_front_doors_loads_nothing_heavy(code: str) -> None:
    assert imported_by(code) <= {"rich"}  # which typer brings


@pytest.mark.parametrize("command", ["apply", "models train", "recipe check"])
def test_help_loads_nothing_heavy(command: str) -> None:
    run = f"import sys, faceedit.cli\nsys.argv = 'faceedit {command} --help'.split()"
    code = f"{run}\ntry: faceedit.cli.main()\nexcept SystemExit: ..."
    assert imported_by(code) <= {"rich", "pydantic"}  # which typer brings


def test_writing_an_effect_needs_no_torch() -> None:
    code = "import faceedit\nfaceedit.effect, faceedit.Region, faceedit.hookimpl, faceedit.Finding, faceedit.inspector"
    assert imported_by(code).isdisjoint({"torch", "transformers", "huggingface_hub", "ruamel"})


def test_every_public_name_can_be_had_and_a_wrong_one_is_named() -> None:
    import faceedit  # noqa: PLC0415 - the thing under test

    assert list(faceedit.__all__) == sorted(faceedit.__all__)
    assert all(getattr(faceedit, name) is not None for name in faceedit.__all__)
    with pytest.raises(AttributeError, match="module 'faceedit' has no attribute 'efect'"):
        faceedit.efect  # noqa: B018 - asking is the test

"""Recipes to begin with: those of `samples/recipes`, at hand wherever faceedit is installed."""

from pathlib import Path

from faceedit.errors import UsageError
from faceedit.labels import suggestion

_PACKAGE = Path(__file__).parent.parent
# In a wheel they lie within the package, in a checkout where people look for them.
_PLACES = (_PACKAGE / "presets", _PACKAGE.parent / "samples" / "recipes")


def presets() -> dict[str, Path]:
    """The files of all presets by name."""
    folder = next((place for place in _PLACES if place.is_dir()), _PLACES[0])
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def preset(name: str) -> str:
    """The text of a preset.

    Raises:
        UsageError: there is none of this name.
    """
    known = presets()
    if name not in known:
        raise UsageError(f'no preset "{name}"', suggestion(name, known))
    return known[name].read_text(encoding="utf-8")


def about(path: Path) -> str:
    """What a preset's comment at its top says, on one line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return " ".join(line.lstrip("# ") for line in lines if line.startswith("#")).partition(". ")[0].rstrip(".")

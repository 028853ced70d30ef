"""The settings file: the default model, and on shared machines which plugins may be used."""

import json
import os
from pathlib import Path
from typing import Any

from faceedit.errors import SetupError


def path() -> Path:
    """The user's settings file, written by `faceedit models use`."""
    base = os.environ.get("XDG_CONFIG_HOME") or os.environ.get("APPDATA")
    return (Path(base) if base else Path.home() / ".config") / "faceedit" / "settings.json"


def read() -> dict[str, Any]:
    """What the file says, empty where there is none.

    Raises:
        SetupError: it cannot be read as a JSON object.
    """
    return _read(path())


def write(key: str, value: Any) -> Path:
    """Set one key, leave the others, and return the file.

    Raises:
        SetupError: the file cannot be read or written.
    """
    place = path()
    content = read() | {key: value}
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SetupError(f"{place} cannot be written: {error.strerror}", "name the model with --model") from error
    return place


def allowed_plugins() -> tuple[str, ...] | None:
    """The distributions that the key `plugins` allows, None where nothing is said and all may be used.

    The machine's own file (`faceedit/settings.json` in a folder of XDG_CONFIG_DIRS) counts before the user's.

    Raises:
        SetupError: the key holds something else than a list of names.
    """
    folders = (os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)
    for place in [*(Path(folder, "faceedit", "settings.json") for folder in folders), path()]:
        names = _read(place).get("plugins")
        if names is None:
            continue
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise SetupError(f'"plugins" in {place} is no list of distributions', 'write "plugins": ["faceedit-glow"]')
        return tuple(names)
    return None


def _read(place: Path) -> dict[str, Any]:
    if not place.is_file():
        return {}
    try:
        content = json.loads(place.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise SetupError(f"the settings in {place} cannot be read", "mend or delete the file") from error
    if not isinstance(content, dict):
        raise SetupError(f"the settings in {place} are no JSON object", "mend or delete the file")
    return content

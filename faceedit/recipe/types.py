"""What a recipe is once it has been read and found good: frozen values, nothing of YAML left."""

import hashlib
import json
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal

from faceedit.errors import RecipeError
from faceedit.labels import suggestion
from faceedit.recipe.faces import ALL, Faces
from faceedit.recipe.when import When
from faceedit.region import Effect

FIELDS = ("stem", "ext", "folder", "recipe", "index", "date")
HINT = 'write for example "{stem}.{ext}" or "web/{stem}-{index:03}.{ext}"'
_UNSAFE = re.compile(r'[\\:*?"<>|\x00-\x1f\x7f]')  # Windows cannot write these
_DIGITS = re.compile(r"0[1-9]")


@dataclass(frozen=True)
class Step:
    """One effect with its checked options. `on`, `grow` and `feather` are None where the effect's own count.

    `resolved` is the step as a recipe would say it, with all options.
    """

    effect: Effect
    options: Mapping[str, Any] = field(default_factory=dict)
    on: str | None = None
    faces: Faces = ALL
    when: When | None = None
    grow: float | None = None
    feather: float | None = None
    strength: float = 1.0
    name: str = ""
    line: int = 0
    path: str = ""
    resolved: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def expression(self) -> str:
        """The part expression that the step works on."""
        return self.effect.parts(self.options, self.on)


@dataclass(frozen=True)
class Output:
    """How finished photos are written. `name` is a template below the output folder."""

    name: str = "{stem}.{ext}"
    format: Literal["same", "jpeg", "png", "tiff", "webp"] = "same"
    quality: Literal["same"] | int = "same"
    metadata: Literal["keep", "safe", "none"] = "keep"
    no_faces: Literal["copy", "skip", "review"] = "copy"

    def filename(self, **fields: str | int) -> PurePosixPath:
        """The template filled in: a relative path below the output folder.

        Raises:
            RecipeError: the filled-in path would leave the folder.
        """
        filled = re.sub("/+", "/", self.name.format_map(fields)).lstrip("/")
        if ".." in filled.split("/"):
            raise RecipeError(f'"{filled}" leaves the output folder', "write a name such as {stem}.{ext}")
        return PurePosixPath(filled)


@dataclass(frozen=True)
class Recipe:
    """A checked recipe. `digest` is the sha256 of everything in it that decides what is written."""

    name: str
    model: str | None
    steps: tuple[Step, ...]
    output: Output = Output()
    path: str = ""

    @property
    def redacts(self) -> bool:
        """Whether a step redacts, so that everything written must be safe to publish."""
        return any(step.effect.blind for step in self.steps)

    @property
    def resolved(self) -> dict[str, Any]:
        """The recipe with variables, includes and defaults filled in, ready for JSON or YAML."""
        head: dict[str, Any] = {"faceedit": 1, "name": self.name} | ({"model": self.model} if self.model else {})
        return head | {"steps": [dict(step.resolved) for step in self.steps], "output": vars(self.output).copy()}

    @property
    def digest(self) -> str:
        """The sha256 of `resolved`: the same for recipes that do the same."""
        return hashlib.sha256(json.dumps(self.resolved, sort_keys=True).encode()).hexdigest()


def check_template(template: str) -> None:
    """Whether an output name stays in the output folder on every system, and uses only fields that there are.

    Raises:
        RecipeError: it does not; says what is allowed.
    """
    try:
        pieces = list(string.Formatter().parse(template))
    except ValueError as error:
        raise RecipeError(f'braces do not match in the output name "{template}"', HINT) from error
    for literal, name, form, conversion in pieces:
        if bad := _UNSAFE.search(literal):
            raise RecipeError(f'"{bad[0]}" cannot stand in the output name "{template}"', HINT)
        if name is None:
            continue
        if name not in FIELDS:
            raise RecipeError(f'no field "{{{name}}}" for the output name', suggestion(name, FIELDS))
        if conversion or (form and not (name == "index" and _DIGITS.fullmatch(form))):
            raise RecipeError(f'the output name "{template}" formats {{{name}}}', "only {index:03} is allowed")
    if template.startswith("/") or {"", ".", ".."} & set(template.split("/")):
        raise RecipeError(f'the output name "{template}" leaves the output folder', HINT)

"""What a recipe is once it has been read and found good: frozen values, nothing of YAML left."""

import hashlib
import json
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any, Literal

from faceedit.errors import RecipeError
from faceedit.labels import parse_parts, suggestion
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

    `keep` is a folder of people whose faces a redacting step leaves, empty where it leaves nobody's.
    `resolved` is the step as a recipe would say it, with all options; `files` are the sha256 of files that they name.
    """

    effect: Effect
    options: Mapping[str, Any] = field(default_factory=dict)
    on: str | None = None
    faces: Faces = ALL
    keep: str = ""
    when: When | None = None
    grow: float | None = None
    feather: float | None = None
    strength: float = 1.0
    name: str = ""
    line: int = 0
    path: str = ""
    resolved: Mapping[str, Any] = field(default_factory=dict, repr=False)
    files: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def expression(self) -> str:
        """The part expression that the step works on."""
        return self.effect.parts(self.options, self.on)


@dataclass(frozen=True)
class Output:
    """How finished photos are written. `name` is a template below `folder`, which lies in the output folder.

    `max_side` is the longer side's most, in pixels. `what` says whether the photo, the extras that effects make beside
    it, or both are written. `keep_space` writes photos in their own color space, `lossless` leaves untouched blocks of
    a JPEG as they are, where faceedit[lossless] is installed. `no_faces` None means `copy`, but `review` where a step
    redacts.
    """

    name: str = "{stem}.{ext}"
    format: Literal["same", "jpeg", "png", "tiff", "webp", "psd", "ora"] = "same"
    quality: Literal["same"] | int = "same"
    max_side: int | None = None
    metadata: Literal["keep", "safe", "none"] = "keep"
    what: Literal["all", "photo", "extras"] = "all"
    keep_space: bool = False
    lossless: Literal["auto", "off"] = "auto"
    no_faces: Literal["copy", "skip", "review"] | None = None
    folder: str = ""

    @property
    def photo(self) -> bool:
        """Whether the photo itself is written."""
        return self.what != "extras"

    @property
    def extras(self) -> bool:
        """Whether what effects make beside the photo is written."""
        return self.what != "photo"

    @property
    def layered(self) -> bool:
        """Whether the photo is written as a document of layers."""
        return self.photo and self.format in ("psd", "ora")

    def resolved(self, *but: str) -> dict[str, Any]:
        """What a recipe would say, without what does not apply and `but` these keys."""
        but += () if self.photo else ("format", "quality", "max_side", "keep_space", "lossless")
        return {key: value for key, value in vars(self).items() if key not in but and value is not None}

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
    """A checked recipe. `digest` is the sha256 of everything in it that decides what is written.

    `output` holds for all photos; `outputs`, by name, are what each photo becomes, empty where `output` is all.
    `sources` are the files that it was read from, and those that its steps name.
    """

    name: str
    model: str | None
    steps: tuple[Step, ...]
    output: Output = Output()
    path: str = ""
    outputs: Mapping[str, Output] = field(default_factory=dict)
    sources: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def written(self) -> tuple[Output, ...]:
        """What each photo becomes, one or several."""
        return tuple(self.outputs.values()) or (self.output,)

    @property
    def redacts(self) -> bool:
        """Whether a step redacts, so that everything written must be safe to publish."""
        return any(step.effect.blind for step in self.steps)

    @property
    def no_faces(self) -> Literal["copy", "skip", "review"]:
        """What happens to a photo in which no face is found."""
        return self.output.no_faces or ("review" if self.redacts else "copy")

    @property
    def bodies(self) -> bool:
        """Whether a step works on bodies or on what lies behind, so that people are followed beyond their heads."""
        return any({"cloth", "background"} & parse_parts(step.expression) for step in self.steps)

    def with_no_faces(self, policy: Literal["copy", "skip", "review"]) -> "Recipe":
        """The same recipe with another policy for photos without faces."""
        return replace(self, output=replace(self.output, no_faces=policy))

    @property
    def resolved(self) -> dict[str, Any]:
        """The recipe with variables, includes and defaults filled in, ready for JSON or YAML."""
        head: dict[str, Any] = {"faceedit": 1, "name": self.name} | ({"model": self.model} if self.model else {})
        steps = [dict(step.resolved) for step in self.steps]
        body: dict[str, Any] = {"steps": steps, "output": self.output.resolved("folder") | {"no_faces": self.no_faces}}
        if self.outputs:
            body["outputs"] = {name: output.resolved("no_faces") for name, output in self.outputs.items()}
        return head | body

    @property
    def digest(self) -> str:
        """The sha256 of `resolved` and of what lies in the files that steps name."""
        files = [dict(step.files) for step in self.steps]
        said = self.resolved | ({"files": files} if any(files) else {})
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


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


def check_folder(folder: str) -> None:
    """Whether an output's folder lies in the output folder on every system.

    Raises:
        RecipeError: it does not; says what is allowed.
    """
    hint = 'write for example "web" or "for print/large"; "." is the output folder itself'
    if bad := _UNSAFE.search(folder.replace("{", "?").replace("}", "?")):
        raise RecipeError(f'"{folder[bad.start()]}" cannot stand in the folder "{folder}"', hint)
    if folder != "." and {"", ".", ".."} & set(folder.split("/")):
        raise RecipeError(f'the folder "{folder}" leaves the output folder', hint)

"""The pydantic models of a recipe: the very same check it and describe it to editors as JSON Schema."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model

from faceedit.region import Effect
from faceedit.registry import Registry

_SHARE: dict[str, JsonValue] = {"unit": "share of the face's width"}
_KEEP = "A folder of people who stay visible, a subfolder of photos for each; needs faceedit[identity]."
_Index = Annotated[int, Field(ge=0)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, validate_default=True, allow_inf_nan=False)


class WrittenModel(_Closed):
    """How photos are written, be there one output or several."""

    name: str = Field(
        "{stem}.{ext}", max_length=200, description="The file's name; also {folder} {recipe} {index} {date}."
    )
    format: Literal["same", "jpeg", "png", "tiff", "webp", "psd", "ora"] = Field(
        "same", description="The file format; psd (with faceedit[layers]) and ora hold the photo and a layer a step."
    )
    quality: Literal["same"] | Annotated[int, Field(ge=1, le=100)] = Field(
        "same", description="How finely JPEG and WebP are written; same keeps the input's."
    )
    max_side: Annotated[int, Field(ge=16, le=65535)] | None = Field(
        None,
        description="The longer side's most pixels; larger photos are made smaller, none larger.",
    )
    metadata: Literal["keep", "safe", "none"] = Field(
        "keep", description="safe drops place, thumbnails and serial numbers. A recipe that redacts writes none."
    )
    keep_space: bool = Field(
        False, description="Write photos in their own color space, such as Display P3, and not in sRGB."
    )
    lossless: Literal["auto", "off"] = Field(
        "auto", description="auto leaves the blocks of a JPEG that nothing touched as they are (faceedit[lossless])."
    )
    what: Literal["all", "photo", "extras"] = Field(
        "all", description="The photo, the extras that effects make beside it (such as cut-outs), or all of it."
    )


class OutputModel(WrittenModel):
    """How finished photos are written; where there are several outputs, what holds for all of them."""

    no_faces: Literal["copy", "skip", "review"] = Field(
        "copy", description="What happens to a photo without a face; review as soon as a step redacts."
    )


class NamedOutputModel(WrittenModel):
    """One of several outputs; what it does not say is as in `output`."""

    folder: str = Field(
        "", max_length=200, description='The folder in the output folder; by default the output\'s name. "." is none.'
    )


class IncludeModel(_Closed):
    """The steps of another recipe."""

    include: str = Field(min_length=1, max_length=500, description="The other recipe's file, relative to this one.")
    vars: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="Values for the other recipe's variables."
    )


class RecipeModel(_Closed):
    """A recipe. Its steps and output are groups of keys here, and have models of their own."""

    faceedit: Literal[1] = Field(description="The version of the recipe format.")
    name: str = Field("", max_length=200, description="What the recipe is for.")
    model: str = Field("", max_length=500, description="lite, segformer-b5, owner/name on the hub, or ./folder.")
    vars: dict[str, str | int | float | bool | None] = Field(
        default_factory=dict,
        description="Values that steps use as ${name}; an empty one must be given when it is used.",
    )
    steps: list[dict[str, Any]] = Field(min_length=1, description="The effects, in the order they are applied.")
    output: dict[str, Any] = Field(default_factory=dict, description="How finished photos are written.")
    outputs: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Several outputs of each photo, by name, such as web and print."
    )


class StepModel(_Closed):
    """What every step may say."""

    faces: str | _Index | list[_Index] = Field(
        "all", description="Which faces: all, largest, 0, [0, 2], min 5%, left, right, all except largest."
    )
    when: str = Field("", description='Only if this holds, such as "glasses and not hat" or "faces > 1".')
    name: str = Field("", max_length=200, description="What reports call the step.")
    grow: float


def step_model(effect: Effect, registry: Registry) -> type[StepModel]:
    """The model of a step with this effect: the effect's own options and what every step may say.

    A step that redacts can neither be softened nor weakened nor made smaller.
    """
    grow = Field(
        effect.grow,
        ge=0 if effect.blind else -1,
        le=1,
        description="How far the edge is moved outwards.",
        json_schema_extra=_SHARE,
    )
    fields: dict[str, Any] = {
        "effect": (Literal[effect.name], Field(description=effect.doc)),
        "on": (
            str,
            Field("" if "{" in effect.on else effect.on, description="Which parts, such as skin - eyes | lips."),
        ),
        "grow": (float, grow),
    }
    if not effect.blind:
        feather = Field(effect.feather, ge=0, le=1, description="How soft the edge is.", json_schema_extra=_SHARE)
        strength = Field(1.0, ge=0, le=1, description="How much of the effect shows.")
        fields |= {"feather": (float, feather), "strength": (float, strength)}
    else:
        fields["keep"] = (str, Field("", max_length=500, description=_KEEP))
    bases: tuple[type[Any], ...] = (StepModel, registry.options(effect))
    return create_model(f"{effect.name}_step", __base__=bases, __doc__=effect.doc, __module__=__name__, **fields)

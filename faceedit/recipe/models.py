"""The pydantic models of a recipe: the very same check it and describe it to editors as JSON Schema."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, create_model

from faceedit.region import Effect
from faceedit.registry import Registry

_SHARE: dict[str, JsonValue] = {"unit": "share of the face's width"}
_Index = Annotated[int, Field(ge=0)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, validate_default=True, allow_inf_nan=False)


class OutputModel(_Closed):
    """How finished photos are written."""

    name: str = Field(
        "{stem}.{ext}", max_length=200, description="The file's name; also {folder} {recipe} {index} {date}."
    )
    format: Literal["same", "jpeg", "png", "tiff", "webp"] = Field("same", description="The file format.")
    quality: Literal["same"] | Annotated[int, Field(ge=1, le=100)] = Field(
        "same", description="How finely JPEG and WebP are written; same keeps the input's."
    )
    metadata: Literal["keep", "safe", "none"] = Field(
        "keep", description="safe drops place, thumbnails and serial numbers. A recipe that redacts writes none."
    )
    no_faces: Literal["copy", "skip", "review"] = Field(
        "copy", description="What happens to a photo without a face; review as soon as a step redacts."
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
    bases: tuple[type[Any], ...] = (StepModel, registry.options(effect))
    return create_model(f"{effect.name}_step", __base__=bases, __doc__=effect.doc, __module__=__name__, **fields)

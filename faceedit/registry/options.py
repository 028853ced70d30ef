"""Checking effects, and the pydantic models made from their signatures."""

import inspect
import re
import string
import warnings
from typing import TYPE_CHECKING, Any

from faceedit.errors import PluginLoadError
from faceedit.labels import parse_parts
from faceedit.region import Effect

if TYPE_CHECKING:
    from pydantic import BaseModel

# Keys of a recipe's step that are not the effect's options.
RESERVED = ("effect", "on", "faces", "when", "grow", "feather", "strength", "name", "keep")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def checked_options(effect: Effect) -> "type[BaseModel]":
    """The pydantic model of an effect's options, once the effect is found to keep the contract.

    Raises:
        PluginLoadError: the effect breaks the contract; says where and how to mend it.
    """
    check_name("effect", effect.name)
    if not effect.doc:
        raise PluginLoadError(f'effect "{effect.name}" has no docstring', "say in one what it does to a photo")
    if not inspect.signature(effect.function).parameters:
        raise PluginLoadError(f'effect "{effect.name}" takes no region', "write the function as (region, *, options)")
    for option in _options(effect):
        _check_option(effect, option)
    _check_on(effect)
    model = _options_model(effect)
    _check_defaults(effect, model)
    return model


def check_name(what: str, name: str) -> None:
    """Raises PluginLoadError unless the name can stand in a recipe."""
    if not _NAME.fullmatch(name):
        raise PluginLoadError(f'{what} "{name}"', "names are lower-case letters, digits and _, a letter first")


def _options(effect: Effect) -> list[inspect.Parameter]:
    """All parameters but the first, which is the region."""
    return list(inspect.signature(effect.function).parameters.values())[1:]


def _check_option(effect: Effect, option: inspect.Parameter) -> None:
    where = f'option "{option.name}" of effect "{effect.name}"'
    if option.kind is not option.KEYWORD_ONLY:
        raise PluginLoadError(
            f"{where} is not keyword-only", "write the function as (region, *, option: type = default)"
        )
    check_name("option", option.name)
    if option.name in RESERVED:
        raise PluginLoadError(f"{where} has a name that every step of a recipe uses", "call it something else")
    if option.annotation is option.empty:
        raise PluginLoadError(f"{where} has no type", f"write for example {option.name}: float = 0.5")


def _check_on(effect: Effect) -> None:
    """`on` must be a part expression, also with each `{option}` in it replaced by the option's default."""
    options = {option.name: option.default for option in _options(effect)}
    values = {}
    for _, name, form, conversion in string.Formatter().parse(effect.on):
        if name is None:
            continue
        if name not in options or form or conversion:
            raise PluginLoadError(
                f'effect "{effect.name}" works on "{effect.on}"', "in braces only an option may stand"
            )
        values[name] = "face" if options[name] is inspect.Parameter.empty else options[name]
    parse_parts(effect.parts(values))


def _options_model(effect: Effect) -> "type[BaseModel]":
    from pydantic import BaseModel, ConfigDict, create_model  # noqa: PLC0415 - late: `--help` does without pydantic
    from pydantic.errors import PydanticUserError  # noqa: PLC0415 - likewise

    class Options(BaseModel):
        model_config = ConfigDict(
            extra="forbid", strict=True, validate_default=True, allow_inf_nan=False, protected_namespaces=()
        )

    home = effect.function.__module__  # where names in the annotations are looked up
    fields: dict[str, Any] = {
        option.name: (option.annotation, ... if option.default is option.empty else option.default)
        for option in _options(effect)
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an option that hides one of pydantic's own names
            model = create_model(effect.name, __base__=Options, __doc__=effect.doc, __module__=home, **fields)
            model.model_rebuild()
            model.model_json_schema()  # editors and error messages need it
    except (PydanticUserError, NameError, TypeError, Warning) as error:
        raise PluginLoadError(f'options of effect "{effect.name}": {" ".join(str(error).split())}') from error
    return model


def _check_defaults(effect: Effect, model: "type[BaseModel]") -> None:
    from pydantic import ValidationError  # noqa: PLC0415 - late, as above

    try:
        model.model_validate({})
    except ValidationError as error:
        for each in error.errors():
            if each["type"] != "missing":
                where = f'option "{each["loc"][0]}" of effect "{effect.name}"'
                raise PluginLoadError(f"the default of {where} does not fit its type: {each['msg']}") from error

"""`output` and `outputs` of a recipe: from their nodes to checked `Output`s, or to problems with places."""

import re
from dataclasses import replace
from typing import Any

from faceedit.recipe.document import Node
from faceedit.recipe.messages import validated
from faceedit.recipe.models import NamedOutputModel, OutputModel
from faceedit.recipe.problems import Problem
from faceedit.recipe.steps import parsed
from faceedit.recipe.types import Output, check_folder, check_template

MAX_OUTPUTS = 50
_NAME = re.compile(r"[\w][\w .-]{0,59}(?<![ .])")


def read_output(root: Node, problems: list[Problem], *, redacts: bool) -> Output | None:
    """How the recipe's photos are written: without metadata, and never a photo without faces, once it redacts."""
    node = root.fields.get("output")
    if node is None or not isinstance(node.value, dict):  # then the recipe's model says so
        node = Node({}, root.place)
    _check_words(node, problems, redacts=redacts)
    model = validated(OutputModel, node, '"output"', problems)
    if model is None:
        return None
    settings = model.model_dump()
    if redacts:
        settings |= {"metadata": "none"} | ({} if "no_faces" in node.fields else {"no_faces": "review"})
    output = Output(**settings)
    if output.what == "extras" and "outputs" not in root.fields:
        _check_extras(output, node, problems)
    return output


def read_outputs(root: Node, common: Output, problems: list[Problem], *, redacts: bool) -> dict[str, Output]:
    """The recipe's several outputs by name, each like `common` where it says nothing; none where it has but one.

    Where no output says that it takes the extras, the first does.
    """
    named = root.fields.get("outputs")
    if named is None:
        return {}
    if len(named.fields) > MAX_OUTPUTS:
        problems.append(named.place.problem(f"more than {MAX_OUTPUTS} outputs"))
        return {}
    output = root.fields.get("output", named)
    common = common if "what" in output.fields else replace(common, what="photo")
    read = {name: _named(name, node, common, problems, redacts=redacts) for name, node in named.fields.items()}
    found = {name: output for name, output in read.items() if output}
    if not any(output.extras for output in found.values()):
        first = next((name for name in found if "what" not in named.fields[name].fields), None)
        found |= {first: replace(found[first], what="all")} if first else {}
    return found


def _named(name: str, node: Node, common: Output, problems: list[Problem], *, redacts: bool) -> Output | None:
    if not _NAME.fullmatch(name):
        hint = "letters, digits, spaces, dots, _ and - are allowed, and it must begin with a letter or digit"
        problems.append((node.key or node.place).problem(f'an output cannot be called "{name}"', hint))
        return None
    if not isinstance(node.value, dict):  # the recipe's model says so
        return None
    if "no_faces" in node.fields:
        place = node.fields["no_faces"].key or node.place
        problems.append(place.problem('"no_faces" holds for all outputs', 'write it under "output"'))
        return None
    _check_words(node, problems, redacts=redacts)
    parsed(node, "folder", lambda text: check_folder(str(text)), problems)
    model = validated(NamedOutputModel, node, f'the output "{name}"', problems)
    if model is None:
        return None
    said: dict[str, Any] = model.model_dump(include=model.model_fields_set)
    output = replace(common, **({"folder": name} | said))
    if redacts:
        output = replace(output, metadata="none")
    _check_extras(output, node, problems)
    return output


def _check_words(node: Node, problems: list[Problem], *, redacts: bool) -> None:
    given = node.fields
    if redacts and "metadata" in given and given["metadata"].text in ("keep", "safe"):
        message = "a recipe that redacts writes no metadata"
        problems.append(given["metadata"].place.problem(message, "write none, or delete the line"))
    if redacts and "keep_space" in given and given["keep_space"].value is True:
        message = "a recipe that redacts writes sRGB"
        problems.append(given["keep_space"].place.problem(message, "write false, or delete the line"))
    if "format" in given and given["format"].text in ("psd", "ora"):
        if redacts:
            message = "a layered document would hold the photo as it was, and a step redacts"
            problems.append(given["format"].place.problem(message, "use png, or another recipe"))
        if "max_side" in given:
            message = "layered documents are as large as the photo"
            problems.append((given["max_side"].key or node.place).problem(message, "delete the line"))
    if isinstance(given.get("name", node).value, str):
        parsed(node, "name", check_template, problems)


def _check_extras(output: Output, node: Node, problems: list[Problem]) -> None:
    """Extras are what effects make of them: a cut-out's format and size are options of its step."""
    for key in ("format", "quality", "max_side", "keep_space", "lossless") if not output.photo else ():
        if key in node.fields:
            place = node.fields[key].key or node.place
            problems.append(place.problem(f'"{key}" is for photos, and this output has none', "delete the line"))

"""Recipes of older format versions made into those of today: only what must change is touched, comments stay."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from faceedit.recipe.document import Node, read_document
from faceedit.recipe.problems import InvalidRecipe, Place

NEWEST = 1


@dataclass(frozen=True)
class Edit:
    """Text put in place of `old`, which stands at a place of the recipe; `about` says it in words."""

    place: Place
    old: str
    new: str
    about: str


Upgrade = Callable[[Node], Iterable[Edit]]


def _nothing(_root: Node) -> Iterable[Edit]:
    """From a recipe that says no version to version 1: the number alone."""
    return ()


# By the version that they start from. One that renames an option gives an `Edit` at each place where it stands.
UPGRADES: Mapping[int, Upgrade] = {0: _nothing}


def upgraded(text: str, path: str) -> tuple[str, list[str]]:
    """The recipe's text in the newest format version, and what was changed, in words.

    Raises:
        InvalidRecipe: it is no recipe, or one for a newer faceedit.
    """
    done: list[str] = []
    while (version := _version(root := read_document(text, path))) < NEWEST:
        edits = [*UPGRADES[version](root), _numbered(root, version + 1)]
        text = _edited(text, edits)
        done += [edit.about for edit in edits]
    return text, done


def _version(root: Node) -> int:
    node = root.fields.get("faceedit")
    if node is None:
        if "steps" in root.fields:
            return 0
        raise InvalidRecipe([root.place.problem("this is no recipe", 'a recipe has "steps:"')])
    if type(node.value) is not int or node.value < 0:
        raise InvalidRecipe([node.place.problem(f'"{node.text}" is no format version', f"write {NEWEST}")])
    if node.value > NEWEST:
        hint = "install a newer one: pip install -U faceedit"
        raise InvalidRecipe([node.place.problem(f"version {node.value} is for a newer faceedit", hint)])
    return node.value


def _numbered(root: Node, version: int) -> Edit:
    if "faceedit" in root.fields:
        node = root.fields["faceedit"]
        return Edit(node.place, node.text, str(version), f"faceedit: {node.text} became {version}")
    keys = [node.key for node in root.fields.values() if node.key]
    first = min(keys, key=lambda place: (place.line, place.column))
    return Edit(first, "", f"faceedit: {version}\n", f'"faceedit: {version}" put at the top')


def _edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made, the last first, so that places stay what they are."""
    lines = text.splitlines(keepends=True)
    for edit in sorted(edits, key=lambda edit: (edit.place.line, edit.place.column), reverse=True):
        line, start = lines[edit.place.line - 1], edit.place.column - 1
        lines[edit.place.line - 1] = line[:start] + edit.new + line[start + len(edit.old) :]
    return "".join(lines)

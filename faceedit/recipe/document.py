"""YAML text to a tree of nodes that know their places. YAML 1.2, plain values only, with limits.

ruamel.yaml reads the text into events; what the values are is decided here, so nothing can be made of a recipe
but text, numbers, true, false, empty, lists and mappings.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLStreamError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from faceedit.recipe.problems import InvalidRecipe, Place, Problem, Source

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 20
MAX_VALUES = 10_000
MAX_DIGITS = 18

Scalar = str | int | float | bool | None

_BREAK = re.compile(r"\r\n|\r|\n")
# What YAML calls printable, without the rare line breaks that editors do not show as such.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_TAB = re.compile(r"^ *\t[ \t]*[^\s#]", re.MULTILINE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_COLOR_IN_BRACKETS = re.compile(r"[{\[].*[:,\[]\s*#[0-9a-fA-F]{3,6}\b")
# YAML 1.2, core schema. Source: yaml.org/spec/1.2.2, section 10.3.2.
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True)
class Node:
    """A value and where it stands. `text` is a scalar as written; `variable` names where it came from, if from one."""

    value: "Scalar | list[Node] | dict[str, Node]"
    place: Place
    key: Place | None = None
    text: str = ""
    variable: str = ""

    @property
    def items(self) -> "list[Node]":
        """The nodes of a list, else none."""
        return self.value if isinstance(self.value, list) else []

    @property
    def fields(self) -> "dict[str, Node]":
        """The nodes of a mapping by key, else none."""
        return self.value if isinstance(self.value, dict) else {}

    def plain(self) -> Any:
        """The value without places: str, int, float, bool, None, list, dict."""
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        return self.value


def read_document(text: str, path: str, chain: tuple[str, ...] = ()) -> Node:
    """The tree of a recipe's text.

    Raises:
        InvalidRecipe: it is no YAML, or uses what recipes do not need.
    """
    text = text.removeprefix("\ufeff")
    source = Source(path, tuple(_BREAK.split(text[: MAX_CHARACTERS + 1])), chain)
    _check_characters(text, source)
    builder = _Builder(text, source)
    root = builder.root()
    if builder.problems:
        raise InvalidRecipe(builder.problems)
    return root


def plain_scalar(text: str) -> Scalar:
    """What an unquoted value means in YAML 1.2."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text[0] in "tT"
    if _INT.fullmatch(text):
        return int(text) if len(text) <= MAX_DIGITS else float(text)
    if _BASED.fullmatch(text) and len(text) <= MAX_DIGITS:
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        word = text.lower()
        return float(word.replace(".", "") if word.endswith((".inf", ".nan")) else word)
    return text


def _check_characters(text: str, source: Source) -> None:
    """Raise for what an editor would not show: the YAML reader's own words for these help nobody."""
    if len(text) > MAX_CHARACTERS:
        problem = Place(source, 1, 1).problem(f"the recipe is longer than {MAX_CHARACTERS} characters")
        raise InvalidRecipe([problem])
    problems = []
    if found := _FORBIDDEN.search(text):
        name = unicodedata.name(found[0], "a control character")
        message = f"character U+{ord(found[0]):04X} ({name.lower()}) is not allowed"
        problems.append(_at(text, found.start(), source).problem(message, "delete it and save the file as UTF-8 text"))
    if found := _TAB.search(text):
        tab = text.index("\t", found.start())
        problems.append(_at(text, tab, source).problem("a tab in the indentation", "use spaces"))
    if problems:
        raise InvalidRecipe(problems)


def _at(text: str, offset: int, source: Source) -> Place:
    before = _BREAK.split(text[:offset])
    return Place(source, len(before), len(before[-1]) + 1)


# What ruamel says (and whether it means where the bracket or quote began), and what a photographer can do about it.
_WORDS = (
    (
        "mapping values are not allowed",
        False,
        'a ":" does not fit here',
        "is a quote missing, or the indentation wrong?",
    ),
    ("found character '%'", False, 'a value cannot begin with "%"', "put it in quotes"),
    ("found character '@'", False, 'a value cannot begin with "@"', "put it in quotes"),
    ("found character '`'", False, 'a value cannot begin with "`"', "put it in quotes"),
    ("found character '\\t'", False, "a tab stands here", "use spaces"),
    ("expected <block end>", False, "this line does not fit those above", "check the indentation and the dashes"),
    ("could not find expected ':'", False, 'a ":" is missing', 'write "key: value"'),
    ("found unexpected end of stream", True, "this quote or bracket is never closed", "close it"),
    ("expected ',' or", True, "this bracket is not closed, or a comma is missing in it", "close it"),
    ("expected the node content", False, "a value is missing here", "check the brackets and commas"),
)


class _Builder:
    """Makes nodes of ruamel's events, one pass, counting as it goes."""

    def __init__(self, text: str, source: Source) -> None:
        self.source = source
        self.events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        self.anchors: dict[str, Node] = {}
        self.problems: list[Problem] = []
        self.count = 0

    def root(self) -> Node:
        start = Place(self.source, 1, 1)
        event = self.next()
        while not isinstance(event, NodeEvent):
            if event is None:
                self.stop(start, "the recipe is empty", 'begin with "faceedit: 1"')
            if isinstance(event, DocumentStartEvent) and event.version not in (None, (1, 2)):
                self.stop(self.place(event), "recipes are YAML 1.2", "delete the %YAML line")
            event = self.next()
        root = self.node(event, 0)
        while (event := self.next()) is not None:
            if isinstance(event, DocumentStartEvent):
                self.stop(self.place(event), "a second document begins here", "a recipe is one; delete the ---")
        return root

    def next(self) -> Any:
        """The next event, None at the end."""
        try:
            return next(self.events, None)
        except MarkedYAMLError as error:
            self.stop(*self.explained(error))
        except (YAMLError, YAMLStreamError, ValueError, OverflowError) as error:
            self.stop(Place(self.source, 1, 1), f"not readable as YAML: {error}".splitlines()[0])

    def explained(self, error: MarkedYAMLError) -> tuple[Place, str, str]:
        """A YAML error as place, message and hint."""
        said = f"{error.problem or ''} {error.context or ''}".strip()
        unknown = ("", False, f"not readable as YAML: {said}", "check quotes, brackets and indentation")
        _, opened, message, hint = next((words for words in _WORDS if words[0] in said), unknown)
        if any(map(_COLOR_IN_BRACKETS.search, self.source.lines)):
            hint = f"{hint}; a bare # begins a comment, so put colors in quotes"
        mark = (opened and error.context_mark) or error.problem_mark or error.context_mark
        return self.clipped(mark.line, mark.column) if mark else Place(self.source, 1, 1), message, hint

    def clipped(self, line: int, column: int) -> Place:
        """A place of ruamel's, which may lie on the empty line after the last: then behind the last text."""
        lines = self.source.lines
        if line < len(lines) and (lines[line].strip() or line == 0):
            return Place(self.source, line + 1, column + 1)
        line = min(line, len(lines) - 1)
        while line and not lines[line].strip():
            line -= 1
        return Place(self.source, line + 1, len(lines[line].rstrip()) + 1)

    def place(self, event: Any) -> Place:
        return Place(self.source, event.start_mark.line + 1, event.start_mark.column + 1)

    def stop(self, place: Place, message: str, hint: str = "") -> NoReturn:
        raise InvalidRecipe([*self.problems, place.problem(message, hint)])

    def node(self, event: Any, depth: int) -> Node:
        place = self.place(event)
        self.count += 1
        if self.count > MAX_VALUES:
            self.stop(place, f"more than {MAX_VALUES} values in one recipe")
        if depth > MAX_DEPTH:
            self.stop(place, f"more than {MAX_DEPTH} levels within each other")
        if isinstance(event, AliasEvent):
            return self.alias(event, place)
        if event.tag is not None:
            tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
            self.stop(place, f'tags such as "{tag}" are not allowed', "write the plain value")
        node = self.content(event, place, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def content(self, event: Any, place: Place, depth: int) -> Node:
        if isinstance(event, ScalarEvent):
            return self.scalar(event, place)
        if isinstance(event, SequenceStartEvent):
            return Node(self.sequence(depth), place)
        return Node(self.mapping(depth), place)

    def alias(self, event: AliasEvent, place: Place) -> Node:
        target = self.anchors.get(event.anchor)
        if target is None:
            self.stop(place, f'nothing above is marked "&{event.anchor}"')
        self.count += _size(target)
        if self.count > MAX_VALUES:
            self.stop(place, f"more than {MAX_VALUES} values in one recipe")
        return target

    def scalar(self, event: ScalarEvent, place: Place) -> Node:
        text: str = event.value
        if found := _SURROGATE.search(text) or _FORBIDDEN.search(text):
            self.problems.append(place.problem(f"the text holds the character U+{ord(found[0]):04X}", "delete it"))
        return Node(plain_scalar(text) if event.style is None else text, place, text=text)

    def sequence(self, depth: int) -> list[Node]:
        nodes = []
        while not isinstance(event := self.next(), CollectionEndEvent):
            nodes.append(self.node(event, depth + 1))
        return nodes

    def mapping(self, depth: int) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        while not isinstance(event := self.next(), CollectionEndEvent):
            key = self.place(event)
            if not isinstance(event, ScalarEvent):
                self.stop(key, "a key must be a word", 'write "key: value"')
            name = str(self.node(event, depth + 1).text)
            value = self.node(self.next(), depth + 1)
            if name in nodes:
                line = (nodes[name].key or key).line
                self.problems.append(key.problem(f'"{name}" stands twice', f"it is already in line {line}"))
            empty = value.value is None and not value.text  # ruamel's mark for nothing is that of what follows
            nodes[name] = Node(value.value, key if empty else value.place, key, value.text)
        return nodes


def _size(node: Node) -> int:
    return 1 + sum(map(_size, node.items)) + sum(map(_size, node.fields.values()))

"""Conditions of steps: `glasses and not (hat or sunglasses)`, `faces > 1`, `width >= 1000`, `name == "*.png"`.

A condition is true, false, or cannot be decided (None): the logic has three values, so that what is unknown is
never taken for a no.
"""

import fnmatch
import operator
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from faceedit.errors import RecipeError
from faceedit.photo import Face, Finding, Photo

MAX_LENGTH = 1000
MAX_DEPTH = 50
HINT = 'write for example "glasses and not hat" or "faces > 1"'
SHAPES = ("portrait", "landscape", "square")
SIZES = ("faces", "width", "height")

_TOKEN = re.compile(r'\s*([A-Za-z_]\w*|\d+(?:\.\d+)?|"[^"]*"|\'[^\']*\'|[<>=!]=|[<>()])')
Compare = Callable[[float, float], bool]
_COMPARE: dict[str, Compare] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Scene:
    """What a condition looks at: the photo, what was found in it, and the face in question (None: the whole photo).

    `unsure` are kinds of findings that could not be looked for.
    """

    photo: Photo
    findings: Sequence[Finding]
    face: Face | None = None
    unsure: Collection[str] = ()


Test = Callable[[Scene], bool | None]


@dataclass(frozen=True)
class When:
    """A condition. Make one with `When.parse`; `str` gives the text of a recipe back."""

    text: str
    kinds: frozenset[str]
    test: Test = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: object) -> "When":
        """The condition that a recipe's value of `when` means; whether its kinds exist is for the caller to check.

        Raises:
            RecipeError: the text cannot be read.
        """
        if not isinstance(text, str):
            raise RecipeError(f"a condition is text, not {text}", HINT)
        if len(text) > MAX_LENGTH:
            raise RecipeError(f"a condition of {len(text)} characters", f"at most {MAX_LENGTH} are read")
        parser = _Parser(text)
        test = parser.parse()
        return cls(text, frozenset(parser.kinds), test)

    def holds(
        self, photo: Photo, findings: Sequence[Finding], face: Face | None = None, unsure: Collection[str] = ()
    ) -> bool | None:
        """Whether it is so: True, False, or None where that cannot be decided.

        Of the findings, those of `face` and of the whole photo count; without a face, all do.
        `unsure` are kinds of findings that could not be looked for.
        """
        return self.test(Scene(photo, findings, face, unsure))

    def __str__(self) -> str:
        return self.text


class _Parser:
    """Recursive descent: `or` binds loosest, then `and`, then `not`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.kinds: set[str] = set()
        self.depth = 0
        self.tokens: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if found is None:
                raise self.error(f'"{text[position:].strip()[0]}" has no meaning')
            self.tokens.append(found[1])
            position = found.end()

    def parse(self) -> Test:
        test = self.either()
        if self.tokens:
            raise self.error(f'"{self.tokens[0]}" comes unexpected')
        return test

    def either(self) -> Test:
        tests = [self.both()]
        while self.took("or"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda scene: _any([test(scene) for test in tests])

    def both(self) -> Test:
        tests = [self.single()]
        while self.took("and"):
            tests.append(self.single())
        return tests[0] if len(tests) == 1 else lambda scene: _not(_any([_not(test(scene)) for test in tests]))

    def single(self) -> Test:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} levels")
        if self.took("not"):
            inner = self.single()
            test: Test = lambda scene: _not(inner(scene))  # noqa: E731 - a def would not be shorter or clearer
        elif self.took("("):
            test = self.either()
            if not self.took(")"):
                raise self.error('a ")" is missing')
        else:
            test = self.word()
        self.depth -= 1
        return test

    def word(self) -> Test:
        word = self.tokens.pop(0) if self.tokens else ""
        if word in SIZES:
            return self.size(word)
        if word == "name":
            return self.name()
        if word in SHAPES:
            return lambda scene: _shape(scene.photo) == word
        if not word.isidentifier() or word in ("and", "or"):
            raise self.error(f'a word is missing before "{word}"' if word else "a word is missing at the end")
        self.kinds.add(word)
        return lambda scene: _found(word, scene)

    def size(self, word: str) -> Test:
        compare, value = self.comparison(word, _COMPARE, f"{word} >= 2")
        if not value[0].isdigit():
            raise self.error(f'"{value}" is no number')
        number = float(value)
        return lambda scene: compare(len(scene.photo.faces) if word == "faces" else getattr(scene.photo, word), number)

    def name(self) -> Test:
        equality = {sign: _COMPARE[sign] for sign in ("==", "!=")}
        compare, value = self.comparison("name", equality, 'name == "*.png"')
        if value[0] not in "\"'":
            raise self.error(f'"{value}" is no text in quotes')
        return lambda scene: _named(scene.photo, value[1:-1], compare)

    def comparison(self, word: str, signs: dict[str, Compare], example: str) -> tuple[Compare, str]:
        sign, value = [*self.tokens[:2], "", ""][:2]
        if sign not in signs or not value:
            raise RecipeError(f'"{word}" stands alone in the condition "{self.text}"', f"write {example}")
        del self.tokens[:2]
        return signs[sign], value

    def took(self, token: str) -> bool:
        """Whether the next token is this one, which is then used up."""
        if self.tokens[:1] != [token]:
            return False
        self.tokens.pop(0)
        return True

    def error(self, what: str) -> RecipeError:
        return RecipeError(f'{what} in the condition "{self.text}"', HINT)


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _any(answers: Sequence[bool | None]) -> bool | None:
    if True in answers:
        return True
    return None if None in answers else False


def _found(kind: str, scene: Scene) -> bool | None:
    answers: list[bool | None] = [None] if kind in scene.unsure else []
    for finding in scene.findings:
        if scene.face is None or finding.face in (None, scene.face.index):
            if finding.kind == kind:
                answers.append(None if finding.details.get("unknown") else True)
            elif finding.kind == "unknown" and _may_mean(finding, kind):
                answers.append(None)
    return _any(answers)


def is_unknown(finding: Finding) -> bool:
    """Whether a finding says that something could not be judged, as an earring below the hair.

    Either its kind is "unknown" and its details name the kind that is meant (none named: all are), or its details
    say `unknown: True` of its own kind.
    """
    return finding.kind == "unknown" or bool(finding.details.get("unknown"))


def _may_mean(unknown: Finding, kind: str) -> bool:
    named = [value for value in unknown.details.values() if isinstance(value, str)]
    return kind in named or not named


def _shape(photo: Photo) -> str:
    if photo.width == photo.height:
        return "square"
    return "landscape" if photo.width > photo.height else "portrait"


def _named(photo: Photo, pattern: str, compare: Compare) -> bool | None:
    if photo.source.path is None:
        return None
    return compare(fnmatch.fnmatchcase(photo.source.path.name.lower(), pattern.lower()), True)

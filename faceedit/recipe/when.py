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
from faceedit.recipe.possible import Facts, Test, Words, can_hold

MAX_LENGTH = 1000
MAX_DEPTH = 50
HINT = 'write for example "glasses and not hat" or "faces > 1"'
SHAPES = ("portrait", "landscape", "square")
SIZES = ("faces", "width", "height")

# What people write who know other languages.
_SIGNS = {"=": "write == to compare", "&": "write and", "|": "write or", "!": "write not", ",": "write and, or or"}
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

    def found(self, kind: str) -> bool | None:
        """Whether something of a kind was found."""
        answers: list[bool | None] = [None] if kind in self.unsure else []
        for finding in self.findings:
            if self.face is None or finding.face in (None, self.face.index):
                if finding.kind == kind:
                    answers.append(None if finding.details.get("unknown") else True)
                elif finding.kind == "unknown" and _may_mean(finding, kind):
                    answers.append(None)
        return _any(answers)

    def size(self, word: str) -> int:
        """How many faces there are, or the width or height in pixels."""
        return len(self.photo.faces) if word == "faces" else int(getattr(self.photo, word))

    def named(self, pattern: str) -> bool | None:
        """Whether the photo's file is named so."""
        path = self.photo.source.path
        return None if path is None else fnmatch.fnmatchcase(path.name.lower(), pattern)


@dataclass(frozen=True)
class When:
    """A condition. Make one with `When.parse`; `str` gives the text of a recipe back."""

    text: str
    words: Words = field(compare=False, repr=False)
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
        return cls(text, parser.words, test)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of findings that it names."""
        return frozenset(self.words.kinds)

    def possible(self, faces: int = 0) -> bool:
        """Whether it can hold at all, for some photo with at least so many faces."""
        return can_hold(self.test, self.words, faces)

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
        self.words = Words()
        self.depth = 0
        self.tokens: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if found is None:
                sign = text[position:].strip()[0]
                raise self.error(f'"{sign}" has no meaning', _SIGNS.get(sign, HINT))
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
        return tests[0] if len(tests) == 1 else lambda facts: _any([test(facts) for test in tests])

    def both(self) -> Test:
        tests = [self.single()]
        while self.took("and"):
            tests.append(self.single())
        return tests[0] if len(tests) == 1 else lambda facts: _not(_any([_not(test(facts)) for test in tests]))

    def single(self) -> Test:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} levels")
        if self.took("not"):
            inner = self.single()
            test: Test = lambda facts: _not(inner(facts))  # noqa: E731 - a def would not be shorter or clearer
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
            return lambda facts: _shape(facts) == word
        if not word.isidentifier() or word in ("and", "or"):
            raise self.error(f'a word is missing before "{word}"' if word else "a word is missing at the end")
        self.words.kinds.add(word)
        return lambda facts: facts.found(word)

    def size(self, word: str) -> Test:
        compare, value = self.comparison(word, _COMPARE, f"{word} >= 2")
        if not value[0].isdigit():
            raise self.error(f'"{value}" is no number')
        number = float(value)
        self.words.numbers.add(number)
        return lambda facts: compare(facts.size(word), number)

    def name(self) -> Test:
        equality = {sign: _COMPARE[sign] for sign in ("==", "!=")}
        compare, value = self.comparison("name", equality, 'name == "*.png"')
        if value[0] not in "\"'":
            raise self.error(f'"{value}" is no text in quotes')
        pattern, same = value[1:-1].lower(), compare(True, True)
        self.words.patterns.add(pattern)
        return lambda facts: facts.named(pattern) if same else _not(facts.named(pattern))

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

    def error(self, what: str, hint: str = HINT) -> RecipeError:
        return RecipeError(f'{what} in the condition "{self.text}"', hint)


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _any(answers: Sequence[bool | None]) -> bool | None:
    if True in answers:
        return True
    return None if None in answers else False


def is_unknown(finding: Finding) -> bool:
    """Whether a finding says that something could not be judged, as an earring below the hair.

    Either its kind is "unknown" and its details name the kind that is meant (none named: all are), or its details
    say `unknown: True` of its own kind.
    """
    return finding.kind == "unknown" or bool(finding.details.get("unknown"))


def _may_mean(unknown: Finding, kind: str) -> bool:
    named = [value for value in unknown.details.values() if isinstance(value, str)]
    return kind in named or not named


def _shape(facts: Facts) -> str:
    width, height = facts.size("width"), facts.size("height")
    if width == height:
        return "square"
    return "landscape" if width > height else "portrait"

"""The 19 CelebAMask-HQ parts, their groups and pieces, and part expressions such as `skin - eyes | lips`.

An expression is set algebra over parts; what it means as a mask is decided in `photo`, and in `region` for pieces.
"""

import difflib
import re
from collections.abc import Iterable, Iterator

from faceedit.errors import UnknownPart

# Canonical order: the position is the class id. Source: jonathandinu/face-parsing, config.json.
PARTS = (
    "background",
    "skin",
    "nose",
    "eye_g",
    "l_eye",
    "r_eye",
    "l_brow",
    "r_brow",
    "l_ear",
    "r_ear",
    "mouth",
    "u_lip",
    "l_lip",
    "hair",
    "hat",
    "ear_r",
    "neck_l",
    "neck",
    "cloth",
)

ID = {name: index for index, name in enumerate(PARTS)}

_FACE = ("skin", "nose", "l_eye", "r_eye", "l_brow", "r_brow", "u_lip", "l_lip", "mouth", "eye_g")

GROUPS: dict[str, tuple[str, ...]] = {
    "eyes": ("l_eye", "r_eye"),
    "brows": ("l_brow", "r_brow"),
    "ears": ("l_ear", "r_ear"),
    "lips": ("u_lip", "l_lip"),
    "face": _FACE,
    "head": (*_FACE, "l_ear", "r_ear", "hair", "hat", "ear_r"),
    "accessories": ("eye_g", "hat", "ear_r", "neck_l"),
    "person": PARTS[1:],
}

# What no model labels but the photo's pixels tell: a piece, and the parts that it lies in.
PIECES: dict[str, tuple[str, ...]] = {
    "teeth": ("mouth",),
    "iris": ("l_eye", "r_eye"),
    "sclera": ("l_eye", "r_eye"),
    "cheeks": ("skin",),
    "beard": ("skin",),
}
# What is left of a part beside its pieces.
REST = "rest"

# Plain words for reports and legends.
TITLES = {
    "eye_g": "glasses",
    "l_eye": "left eye",
    "r_eye": "right eye",
    "l_brow": "left brow",
    "r_brow": "right brow",
    "l_ear": "left ear",
    "r_ear": "right ear",
    "u_lip": "upper lip",
    "l_lip": "lower lip",
    "ear_r": "earring",
    "neck_l": "necklace",
}

# One color a class for overlays, RGB. Neighbouring parts differ strongly in hue or lightness.
COLORS = (
    (0, 0, 0),
    (239, 178, 138),
    (222, 120, 90),
    (0, 200, 220),
    (60, 90, 230),
    (90, 150, 255),
    (120, 70, 30),
    (170, 110, 50),
    (230, 90, 170),
    (250, 150, 200),
    (120, 20, 60),
    (220, 30, 60),
    (250, 80, 100),
    (110, 60, 160),
    (40, 160, 70),
    (255, 215, 0),
    (200, 230, 40),
    (180, 140, 110),
    (130, 140, 150),
)

MAX_LENGTH = 1000
MAX_DEPTH = 50
_TOKEN = re.compile(r"\s*(?:([A-Za-z_][A-Za-z_0-9]*)|([|&()\-]))")


def parse_parts(expression: str) -> frozenset[str]:
    """The set of parts that an expression names.

    `&` binds tightest, then `|` and `-` from left to right; parentheses are allowed. Of a part that is named only in
    pieces, the pieces stand for it: `mouth - teeth` is {"mouth:rest"}.

    Raises:
        UnknownPart: a name is unknown, or the expression cannot be read.
    """
    if len(expression) > MAX_LENGTH:
        raise UnknownPart(f"part expression of {len(expression)} characters", f"at most {MAX_LENGTH} are read")
    tokens = list(_tokens(expression))
    return _joined(_Parser(expression, tokens).parse())


def split(part: str) -> frozenset[str]:
    """The pieces of a part, as {"mouth:teeth", "mouth:rest"}; the part itself where it has none."""
    pieces = [piece for piece, homes in PIECES.items() if part in homes]
    return frozenset(f"{part}:{piece}" for piece in [*pieces, REST]) if pieces else frozenset([part])


def homes(parts: Iterable[str]) -> frozenset[str]:
    """The parts, each whole, that parts and pieces lie in."""
    return frozenset(name.partition(":")[0] for name in parts)


def demand_whole(parts: frozenset[str]) -> None:
    """Refuse pieces of parts, where there are no pixels to tell them apart.

    Raises:
        UnknownPart: a piece is among the parts.
    """
    pieces = sorted({name.partition(":")[2] for name in parts - ID.keys()})
    if pieces:
        raise UnknownPart(f'"{pieces[0]}" is no part of the map', "pixels tell it: an effect's region.mask has it")


def _joined(names: frozenset[str]) -> frozenset[str]:
    """The same set with a part's name in place of all of its pieces."""
    whole = {part for part in homes(names) if split(part) <= names}
    return frozenset(whole | {name for name in names if name.partition(":")[0] not in whole})


def _tokens(expression: str) -> Iterator[str]:
    position = 0
    text = expression.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            bad = text[position:].lstrip()[0]
            raise UnknownPart(f'"{bad}" in part expression "{expression}"', "allowed are part names, | & - and ( )")
        yield match.group(1) or match.group(2)
        position = match.end()


class _Parser:
    """Recursive descent over the tokens of one expression."""

    def __init__(self, expression: str, tokens: list[str]) -> None:
        self.expression = expression
        self.tokens = tokens
        self.depth = 0

    def parse(self) -> frozenset[str]:
        parts = self.union()
        if self.tokens:
            raise self.error(f'unexpected "{self.tokens[0]}"')
        return parts

    def union(self) -> frozenset[str]:
        left = self.intersection()
        while self.tokens and self.tokens[0] in "|-":
            operator = self.tokens.pop(0)
            right = self.intersection()
            left = left | right if operator == "|" else left - right
        return left

    def intersection(self) -> frozenset[str]:
        left = self.atom()
        while self.tokens and self.tokens[0] == "&":
            self.tokens.pop(0)
            left = left & self.atom()
        return left

    def atom(self) -> frozenset[str]:
        if not self.tokens:
            raise self.error("a part is missing at the end")
        token = self.tokens.pop(0)
        if token == "(":
            return self.group()
        if token in "|&-)":
            raise self.error(f'a part is missing before "{token}"')
        return self.named(token)

    def group(self) -> frozenset[str]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} parentheses within each other")
        inner = self.union()
        if not self.tokens or self.tokens.pop(0) != ")":
            raise self.error('a ")" is missing')
        self.depth -= 1
        return inner

    def named(self, name: str) -> frozenset[str]:
        if name in PIECES:
            return frozenset(f"{part}:{name}" for part in PIECES[name])
        if name in ID or name in GROUPS:
            return frozenset().union(*(split(part) for part in GROUPS.get(name, (name,))))
        raise UnknownPart(f'unknown part "{name}"', suggestion(name, [*PARTS, *PIECES, *GROUPS]))

    def error(self, what: str) -> UnknownPart:
        return UnknownPart(f'{what} in part expression "{self.expression}"', 'write for example "skin - eyes | lips"')


def suggestion(name: str, known: Iterable[str]) -> str:
    """A hint that names what was probably meant, else all that is known."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f'did you mean "{close[0]}"?' if close else "known: " + ", ".join(names)

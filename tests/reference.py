"""The reference in plugins/README.md, made from docstrings: `python tests/reference.py` writes it, a test compares."""

import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import faceedit
from faceedit import hookspecs, testing
from faceedit.labels import GROUPS, PARTS, PIECES, parse_parts

README = Path(__file__).parent.parent / "plugins" / "README.md"
BEGIN, END = "<!-- made by tests/reference.py -->\n", "<!-- end -->\n"
VALUES = (faceedit.Result, faceedit.Finding, faceedit.Photo, faceedit.Face, faceedit.Box)


def hooks() -> list[Callable[..., object]]:
    """The hook specifications in their order."""
    return [each for name, each in vars(hookspecs).items() if name.startswith("faceedit_")]


def reference() -> str:
    """All of it."""
    return "\n".join(
        [
            *("## Reference", "", "### Hooks", ""),
            *(line for hook in hooks() for line in _hook(hook)),
            *("### Decorators", ""),
            *(line for each in (faceedit.effect, faceedit.inspector) for line in _decorator(each)),
            *("### Region", "", _paragraphs(faceedit.Region), "", "| of a region | what it is |", "|---|---|"),
            *_members(faceedit.Region),
            *("", "### Other values", ""),
            *(f"- `faceedit.{each.__name__}`: {_first(each)}" for each in VALUES),
            *("", "### For tests: `faceedit.testing`", ""),
            *(line for name in testing.__all__ for line in _tool(getattr(testing, name))),
            *("", "### Part expressions", "", _paragraphs(parse_parts), ""),
            f"Parts: `{' '.join(PARTS)}`; `l_` is the person's own left.",
            *("", "| group | its parts |", "|---|---|"),
            *(f"| `{name}` | {' '.join(parts)} |" for name, parts in GROUPS.items()),
            *("", "| piece, told by the pixels | lies in |", "|---|---|"),
            *(f"| `{name}` | {' '.join(parts)} |" for name, parts in PIECES.items()),
            "",
        ]
    )


def _hook(hook: Callable[..., object]) -> Iterator[str]:
    text, _, example = (inspect.getdoc(hook) or "").partition("Example:")
    yield f"#### `{hook.__name__}{inspect.signature(hook).replace(return_annotation=inspect.Signature.empty)}`"
    yield ""
    yield text.strip()
    yield from ("", "```python", textwrap.dedent(example).strip(), "```", "")


def _decorator(function: Callable[..., object]) -> Iterator[str]:
    options = ", ".join(str(each).split(":")[0] for each in inspect.signature(function).parameters.values())
    yield f"#### `@faceedit.{function.__name__}({options})`"
    yield from ("", _paragraphs(function), "")


def _tool(thing: object) -> Iterator[str]:
    if inspect.isfunction(thing):
        yield f"- `{thing.__name__}({', '.join(inspect.signature(thing).parameters)})`: {_first(thing)}"


def _paragraphs(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\nRaises:")[0].strip()


def _first(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def _members(kind: type) -> Iterator[str]:
    for name, member in vars(kind).items():
        if name.startswith("_") or not inspect.getdoc(member) or not hasattr(member, "__doc__"):
            continue
        if inspect.isfunction(member):
            named = [each.name for each in inspect.signature(member).parameters.values()][1:]
            yield f"| `{name}({', '.join(named)})` | {_first(member)} |"
        elif isinstance(member, property | cached_property):
            yield f"| `{name}` | {_first(member)} |"


def written(text: str) -> str:
    """A README with the reference put in between its marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{reference()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")

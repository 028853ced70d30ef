"""A recipe can take in the steps of another, with its variables; errors show the whole way there."""

import pytest
from recipe_examples import lipstick, redact, registry, shape

from faceedit.recipe import InvalidRecipe, load_recipe

LIPS = "  - effect: lipstick\n    color: '#a3123b'\n"
REDACT = "  - effect: redact\n"
VARS = "vars: {lip: '#a3123b'}\n"


@pytest.fixture
def folder(tmp_path):
    """Writes recipes of the given steps into one folder."""

    def write(name, steps, head=""):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"faceedit: 1\n{head}steps:\n{steps}")
        return path

    return write


def test_an_included_recipe_gives_its_steps_in_place(folder):
    folder("parts/lips.yaml", "  - effect: lipstick\n    color: ${lip}\n", VARS)
    path = folder("all.yaml", "  - effect: shape\n  - include: parts/lips.yaml\n    vars: {lip: 000000}\n" + REDACT)
    with pytest.raises(InvalidRecipe, match=r'"color" \(from the variable "lip"\)'):
        load_recipe(path, registry())
    path = folder("all.yaml", "  - effect: shape\n  - include: parts/lips.yaml\n    vars: {lip: '#000'}\n" + REDACT)
    found = load_recipe(path, registry())
    assert [each.effect for each in found.steps] == [shape, lipstick, redact]
    assert found.steps[1].options["color"] == "#000000"
    assert found.steps[1].path.endswith("lips.yaml")


def test_an_included_step_that_redacts_makes_the_recipe_redact(folder):
    folder("publish.yaml", REDACT, "output: {metadata: none}\n")
    found = load_recipe(folder("all.yaml", LIPS + "  - include: publish.yaml\n"), registry())
    assert found.redacts
    assert found.output.metadata == "none"


def test_a_problem_in_an_included_recipe_shows_the_chain(folder):
    inner = folder("inner.yaml", "  - effect: lipstik\n")
    middle = folder("middle.yaml", "  - include: inner.yaml\n")
    outer = folder("outer.yaml", "  - effect: shape\n  - include: middle.yaml\n")
    with pytest.raises(InvalidRecipe) as error:
        load_recipe(outer, registry())
    assert str(error.value).splitlines() == [
        f'{inner}:3:13: no effect "lipstik"; did you mean "lipstick"?',
        "    - effect: lipstik",
        "              ^",
        f"  included from {middle}:3:14",
        f"  included from {outer}:4:14",
    ]


def test_recipes_that_include_each_other_are_refused(folder):
    folder("one.yaml", "  - include: two.yaml\n")
    two = folder("two.yaml", "  - include: one.yaml\n")
    with pytest.raises(InvalidRecipe, match=r'one.yaml:3:14: "two.yaml" includes itself'):
        load_recipe(two, registry())


def test_an_include_that_doubles_at_each_level_ends(folder):
    for level in range(12):
        folder(f"{level}.yaml", f"  - include: {level + 1}.yaml\n" * 2)
    with pytest.raises(InvalidRecipe, match="more than 100 includes"):
        load_recipe(folder("12.yaml", LIPS).with_name("0.yaml"), registry())


@pytest.mark.parametrize(
    ("include", "said"),
    [
        ("missing.yaml", "cannot be read: No such file"),
        ("/etc/passwd", '"/etc/passwd" is no recipe; write a path relative to this file that ends in .yaml'),
        ("notes.txt", '"notes.txt" is no recipe'),
        ("loop.yaml", "cannot be read"),
        ("bytes.yaml", "no UTF-8 text"),
        ("broken.yaml", "this bracket is not closed"),
    ],
)
def test_an_include_that_cannot_be_read_says_so(folder, tmp_path, include, said):
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"faceedit: \xff")
    (tmp_path / "broken.yaml").write_text("a: [1")
    with pytest.raises(InvalidRecipe) as error:
        load_recipe(folder("all.yaml", f"  - include: {include}\n"), registry())
    assert said in str(error.value)


def test_an_include_gets_only_variables_that_the_other_recipe_has(folder):
    folder("lips.yaml", LIPS, VARS)
    path = folder("all.yaml", "  - include: lips.yaml\n    vars: {lips: '#000'}\n")
    with pytest.raises(InvalidRecipe, match=r'all.yaml:4:12: the recipe has no variable "lips"; did you mean "lip"'):
        load_recipe(path, registry())

"""A good recipe becomes steps and output settings; variables, includes and redaction are worked in."""

import pytest
from recipe_examples import lipstick, only_problem, problems, recipe, registry, shape, step

from faceedit.errors import RecipeError
from faceedit.recipe import Faces, InvalidRecipe, Output, Step, load_recipe, parse_recipe

LIPS = "  - effect: lipstick\n    color: '#a3123b'\n"
REDACT = "  - effect: redact\n"


def test_a_step_says_what_to_do_to_whom_when_and_where():
    found = step(
        "effect: lipstick\ncolor: '#A3123B'\non: lips - l_lip\nfaces: largest\nwhen: not glasses\n"
        "grow: -0.1\nfeather: 0.2\nstrength: 0.5\nname: red lips"
    )
    assert found.effect is lipstick
    assert found.options == {"color": "#a3123b", "finish": "satin", "amount": 0.5}
    assert (found.on, found.grow, found.feather, found.strength) == ("lips - l_lip", -0.1, 0.2, 0.5)
    assert (str(found.faces), str(found.when)) == ("0", "not glasses")
    assert (found.name, found.line, found.path) == ("red lips", 3, "look.yaml")


def test_a_step_that_says_nothing_takes_what_the_effect_has():
    found = step("effect: shape")
    assert found == Step(shape, found.options, name="shape", line=3, path="look.yaml", resolved=found.resolved)
    assert found.expression == "skin"
    assert found.options["points"] == (1, 2)


def test_lists_and_choices_become_what_the_effect_declares():
    found = step("effect: shape\npoints: [3, 4]\nsize: 2.5\ntone: '#fff'\nmirrored: true")
    assert found.options == {
        "points": (3, 4), "label": "", "mirrored": True, "size": 2.5, "count": 3, "tone": "#ffffff",
    }  # fmt: skip


def test_an_option_may_name_the_parts():
    assert step("effect: redact\nscope: person").expression == "person"


def test_the_head_of_a_recipe_is_read():
    found = recipe(LIPS, "name: Evening\nmodel: owner/parser\n")
    assert (found.name, found.model, found.path) == ("Evening", "owner/parser", "look.yaml")


def test_a_recipe_without_a_name_is_called_like_its_file():
    assert recipe(LIPS).name == "look"


def test_a_model_folder_is_relative_to_the_recipe(tmp_path):
    path = tmp_path / "look.yaml"
    path.write_text(f"faceedit: 1\nmodel: ./parser\nsteps:\n{LIPS}")
    assert load_recipe(path, registry()).model == str(tmp_path / "parser")


def test_output_has_defaults():
    assert recipe(LIPS).output == Output(no_faces="copy")


def test_output_is_read():
    text = "output:\n  name: web/{stem}-{index:03}.{ext}\n  format: jpeg\n  quality: 80\n  metadata: safe\n"
    text += "  no_faces: skip\n"
    expected = Output("web/{stem}-{index:03}.{ext}", "jpeg", 80, metadata="safe", no_faces="skip")
    assert recipe(LIPS, text).output == expected


def test_a_recipe_that_redacts_writes_no_metadata_and_holds_faceless_photos_back():
    found = recipe(LIPS + REDACT)
    assert found.redacts
    assert (found.output.metadata, found.output.no_faces) == ("none", "review")


def test_a_recipe_that_redacts_may_copy_faceless_photos_if_it_says_so():
    assert recipe(REDACT, "output: {no_faces: copy}\n").output.no_faces == "copy"


def test_a_recipe_without_a_blind_step_does_not_redact():
    assert not recipe(LIPS).redacts


def test_output_names_are_filled_in():
    output = Output("{folder}/{recipe}/{stem}-{index:03}.{ext}")
    assert str(output.filename(folder="a", recipe="b", stem="c d", index=7, ext="png")) == "a/b/c d-007.png"
    assert str(output.filename(folder="", recipe="b", stem="c", index=7, ext="png")) == "b/c-007.png"


@pytest.mark.parametrize(("template", "stem"), [("{stem}/x", ".."), ("{stem}", "../x"), ("a/{stem}/b", "..")])
def test_an_output_name_cannot_be_filled_in_so_that_it_leaves_the_folder(template, stem):
    with pytest.raises(RecipeError, match="leaves the output folder"):
        Output(template).filename(stem=stem)


def test_an_output_name_never_becomes_an_absolute_path():
    assert str(Output("{stem}").filename(stem="/etc/passwd")) == "etc/passwd"


VARS = "vars: {lip: '#a3123b', much: 0.3, on: lips, digits: '000000'}\n"


def test_variables_stand_for_text_and_numbers():
    found = recipe(
        "  - effect: lipstick\n    color: ${lip}\n    amount: ${ much }\n    on: ${on} - l_lip\n", VARS
    ).steps[0]
    assert (found.options["color"], found.options["amount"], found.on) == ("#a3123b", 0.3, "lips - l_lip")


@pytest.mark.parametrize(
    ("given", "color", "amount"),
    [
        ({"lip": "#00ff00", "much": "0.7"}, "#00ff00", 0.7),
        ({"lip": "#0f0", "much": 1}, "#00ff00", 1),
        ({}, "#a3123b", 0.3),
    ],
)
def test_variables_can_be_given(given, color, amount):
    found = recipe("  - effect: lipstick\n    color: ${lip}\n    amount: ${much}\n", VARS, given).steps[0]
    assert (found.options["color"], found.options["amount"]) == (color, amount)


def test_text_given_for_a_variable_that_is_text_stays_text():
    found = recipe("  - effect: shape\n    label: ${digits}\n", VARS, {"digits": "007"}).steps[0]
    assert found.options["label"] == "007"


def test_a_doubled_dollar_is_no_variable():
    assert step("effect: shape\nlabel: a $${lip}").options["label"] == "a ${lip}"


def test_a_variable_without_a_value_must_be_given():
    text = "faceedit: 1\nvars:\n  lip:\nsteps:\n  - effect: lipstick\n    color: ${lip}\n"
    assert parse_recipe(text, registry(), "look.yaml", {"lip": "#fff"}).steps[0].options["color"] == "#ffffff"
    assert str(problems(text)[0]).startswith(
        'look.yaml:3:3: the variable "lip" has no value; give it one here, with --var'
    )


def test_a_variable_that_the_recipe_lacks_is_refused():
    with pytest.raises(InvalidRecipe, match=r'no variable "lpi"; did you mean "lip"'):
        recipe(LIPS, VARS, {"lpi": "#fff"})


def test_a_recipe_that_does_the_same_has_the_same_digest():
    one = recipe("  - effect: lipstick\n    color: ${lip} # red\n", VARS)
    two = recipe("- {effect: lipstick, amount: 0.5, color: '#A3123B'}\n")
    other = recipe("- {effect: lipstick, amount: 0.6, color: '#A3123B'}\n")
    assert one.digest == two.digest != other.digest


def test_a_resolved_recipe_says_everything_and_reads_as_the_same():
    found = recipe("  - effect: lipstick\n    color: ${lip}\n    when: hat\n", VARS + "name: Red\n")
    assert found.resolved["steps"] == [
        {
            "effect": "lipstick",
            "on": "lips",
            "color": "#a3123b",
            "finish": "satin",
            "amount": 0.5,
            "faces": "all",
            "when": "hat",
            "grow": 0.0,
            "feather": 0.02,
            "strength": 1.0,
        }
    ]
    assert parse_recipe(str(found.resolved), registry(), "look.yaml").digest == found.digest


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file"),
        (b"faceedit: 1\nname: \xff", ":2:7: the file is no UTF-8 text"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", ":1:1: the file is no text; the recipe comes first, then the photos"),
        (b"#" * 10_000_000, "larger than 1000000 bytes"),
    ],
)
def test_a_file_that_cannot_be_a_recipe_is_refused(tmp_path, content, said):
    path = tmp_path / "look.yaml"
    if content:
        path.write_bytes(content)
    with pytest.raises(RecipeError, match=said):
        load_recipe(path, registry())


def test_faces_are_all_unless_the_step_says_otherwise():
    assert step("effect: shape").faces == Faces()


def test_too_many_steps_are_refused():
    assert "more than 1000 steps" in only_problem("faceedit: 1\nsteps:\n" + "- {effect: redact}\n" * 1001)

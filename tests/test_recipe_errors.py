"""Every problem of a recipe is told at once, with place, source line, caret, and what to do about it."""

import pickle

import pytest
from recipe_examples import only_problem, problems, registry, wrong_step

from faceedit.errors import RecipeError
from faceedit.recipe import InvalidRecipe, Problem, parse_recipe

BAD = """faceedit: 1
nme: Evening
steps:
  - effect: lipstick
    colour: "#a3123b"
    amount: 3
    on: lipps
  - effect: redakt
output:
  quality: 0
"""


def test_all_problems_come_at_once_in_the_order_of_the_text():
    assert [str(each).splitlines()[0] for each in problems(BAD)] == [
        'look.yaml:2:1: no key "nme" in the recipe; did you mean "name"?',
        'look.yaml:5:5: no option "colour" in effect "lipstick"; did you mean "color"?',
        'look.yaml:6:13: "amount" must be a number from 0 to 1, not 3; How much.',
        'look.yaml:7:9: unknown part "lipps"; did you mean "lips"?',
        'look.yaml:8:13: no effect "redakt"; did you mean "redact"?',
        'look.yaml:10:12: "quality" must be same or a whole number from 1 to 100, not 0',
    ]


def test_the_line_stands_below_with_a_caret():
    assert str(problems(BAD)[1]).splitlines()[1:] == ['      colour: "#a3123b"', "      ^"]


def test_the_error_prints_as_all_its_problems():
    with pytest.raises(InvalidRecipe) as error:
        parse_recipe(BAD, registry(), "look.yaml")
    assert str(error.value) == "\n".join(map(str, error.value.problems))
    assert isinstance(error.value, RecipeError)
    assert error.value.exit_code == 2
    assert pickle.loads(pickle.dumps(error.value)).problems == error.value.problems  # noqa: S301 - our own


def test_nothing_of_pydantic_shows():
    with pytest.raises(InvalidRecipe) as error:
        parse_recipe(BAD, registry(), "look.yaml")
    for word in ("Input should", "pydantic", "validation error", "http"):
        assert word not in str(error.value)


def test_a_long_line_is_cut_around_the_caret():
    line = "  - {effect: shape, label: " + "x" * 500 + ", cuont: 3}"
    shown = str(problems(f"faceedit: 1\nsteps:\n{line}\n")[0]).splitlines()
    assert len(shown[1]) <= 102
    assert shown[1][len(shown[2]) - 1 :].startswith("cuont")


def test_the_caret_stands_right_below_wide_letters():
    problem = Problem("a.yaml", 1, 6, "what", source_line="日本:e\N{COMBINING ACUTE ACCENT}1")
    assert str(problem).splitlines()[2] == "        ^"


def test_control_characters_are_not_printed():
    problem = Problem("a.yaml", 1, 1, "what \x1b[31m", source_line="a\x1b[2Jb\u202e")
    assert "\x1b" not in str(problem)
    assert "\u202e" not in str(problem)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("effect: lipstick", '3:5: "color" is missing in effect "lipstick"; it must be a color such as "#a3123b"'),
        ("effect: lipstick\ncolor: #a3123b",
         '4:5: "color" is empty; a bare # begins a comment; put the color in quotes: "#a3123b"'),
        ("effect: lipstick\ncolor:", '4:5: "color" is empty; it must be a color such as "#a3123b"'),
        ("effect: lipstick\ncolor: 000000", '; put it in quotes: "000000"'),
        ("effect: lipstick\ncolor: red", "4:12: \"color\": 'red' is no color"),
        ("effect: lipstick\ncolor: '#000'\namount: 35%",
         '"amount" must be a number from 0 to 1, not "35%"; write 0.35'),
        ("effect: lipstick\ncolor: '#000'\namount: 0,5",
         '5:13: "amount" must be a number from 0 to 1, not "0,5"; write 0.5'),
        ("effect: lipstick\ncolor: '#000'\namount: '0.5'", 'not "0.5"; write it without quotes'),
        ("effect: lipstick\ncolor: '#000'\namount: .nan", '"amount" must be a number from 0 to 1, not .nan'),
        ("effect: lipstick\ncolor: '#000'\namount: [1]", '"amount" must be a number from 0 to 1, not a list of 1'),
        ("effect: lipstick\ncolor: '#000'\nfinish: mate",
         '"finish" must be matte, satin or gloss, not "mate"; did you mean "matte"?'),
        ("effect: lipstick\ncolor: '#000'\nfinish: 3", '"finish" must be matte, satin or gloss, not 3'),
        ("effect: shape\nmirrored: yes", '4:15: "mirrored" must be true or false, not "yes"; write true'),
        ("effect: shape\nmirrored: Off", 'not "Off"; write false'),
        ("effect: shape\nlabel: 2024", '"label" must be text, not 2024; put it in quotes: "2024"'),
        ("effect: shape\nlabel: true", 'not true; put it in quotes: "true"'),
        ("effect: shape\npoints: [1, x]",
         '4:17: "x" does not fit in "points", which must be a list of 2 whole numbers'),
        ("effect: shape\npoints: [1]", '"points" must be a list of 2 whole numbers, not a list of 1'),
        ("effect: shape\nsize: 0", '"size" must be a number above 0 (degrees) or auto, not 0'),
        ("effect: shape\nsize: outo", 'not "outo"; did you mean "auto"?'),
        ("effect: shape\ncount: 10", '"count" must be a whole number up to 9, not 10'),
        ("effect: shape\ncount: 1.5", "not 1.5"),
        ("effect: shape\ncount: 123456789012345678901234567890", "not 123456789012345678901234567890"),
        ("effect: shape\ngrow: 2", "\"grow\" must be a number from -1 to 1 (share of the face's width), not 2"),
        ("effect: shape\nstrength: 1.5", '"strength" must be a number from 0 to 1, not 1.5'),
        ("effect: shape\nfaces: largst", '4:12: no faces are called "largst"; did you mean "largest"?'),
        ("effect: shape\nfaces: []", "an empty list of faces can never match"),
        ("effect: shape\nfaces: largest except 0", 'faces "largest except 0" can never match'),
        ("effect: shape\nfaces: 1.5", "no numbers of faces"),
        ("effect: shape\nfaces:", '4:5: "faces" is empty'),
        ("effect: shape\nwhen: glases", '4:11: nothing reports "glases"; did you mean "glasses"?'),
        ("effect: shape\nwhen: glasses and", "a word is missing at the end"),
        ("effect: shape\nwhen: true", "a condition is text"),
        ("effect: shape\nwhen: faces > 3 and faces < 2",
         '4:11: no photo is such that "faces > 3 and faces < 2"; is "or" meant in place of "and"?'),
        ("effect: shape\nwhen: faces == 1\nfaces: 2",
         '4:11: the step needs a photo with 3 faces or more, and no such photo fulfils "faces == 1"'),
        ("effect: shape\nwhen: faces == 0", 'needs a photo with a face, and no such photo fulfils "faces == 0"'),
        ("effect: shape\nwhen: name = 'a*'", '"=" has no meaning in the condition "name = \'a*\'"; write =='),
        ("effect: shape\non: skin & nose", '"skin & nose" selects no part at all'),
        ("effect: shape\non: no", 'unknown part "no"'),
        ("effect: shape\non: [skin]", '"on" must be text, not a list of 1'),
        ("effect: shape\n\N{CYRILLIC SMALL LETTER O}n: skin",
         "is U+043E (cyrillic small letter o); type the word anew"),
        ("effect: shape\neffect: shape", '4:5: "effect" stands twice; it is already in line 3'),
        ("effect: [shape]", '"effect" must be a name, not a list of 1; faceedit effects lists what there is'),
        ("effect:", '3:5: "effect" is empty; faceedit effects lists what there is'),
        ("on: skin", '3:5: a step without an "effect"; write "effect:" and a name'),
        ("on: skin\nefect: shape", '4:5: a step without an "effect"; did you mean "effect"?'),
        ("inclode: a.yaml", '3:5: a step without an "effect"; did you mean "include"?'),
        ("shape", '3:5: a step is a group of keys, not "shape"; write "- effect: shape"'),
        ("effect: redact\nstrength: 1", 'a step that redacts takes no "strength"'),
        ("effect: redact\nfeather: 0.1", '4:5: a step that redacts takes no "feather"; a redaction is always full'),
        ("effect: redact\ngrow: -0.1", '"grow" must be a number from 0 to 1'),
        ("effect: redact\non: nose", "4:9: a step that redacts must cover the whole face"),
        ("effect: redact\nscope: nose", '"scope" must be face, head or person, not "nose"'),
        ("effect: shape\nlabel: ${x}", '4:12: no variable "x"'),
        ("include: 3", '"include" must be text of 1 to 500 letters, not 3'),
        ("include: a.yaml\nfaces: all", 'no key "faces" in this include'),
    ],
)  # fmt: skip
def test_a_wrong_step_says_what_is_allowed(step, said):
    assert said in wrong_step(step)


def test_a_wrong_option_does_not_hide_that_the_parts_are_wrong():
    found = problems("faceedit: 1\nsteps:\n  - effect: redact\n    feather: 0.1\n    on: nose\n")
    assert [each.line for each in found] == [4, 5]


def test_a_value_that_is_wrong_in_two_ways_is_told_once():
    assert "these are no numbers of faces" in wrong_step("effect: shape\nfaces: [0, -1]")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps: [{effect: shape}]", '1:1: "faceedit" is missing in the recipe; begin with "faceedit: 1"'),
        ("faceedit: 2\nsteps: [{effect: shape}]", '1:11: "faceedit" must be 1, not 2'),
        ("faceedit: '1'\nsteps: [{effect: shape}]", '"faceedit" must be 1, not "1"'),
        ("faceedit: 1", '1:1: "steps" is missing in the recipe'),
        ("faceedit: 1\nsteps: []", '2:8: "steps" must be a list of 1 or more groups of keys, not an empty list'),
        ("faceedit: 1\nsteps:", '2:1: "steps" is empty'),
        ("faceedit: 1\nsteps: shape", '2:8: "steps" must be a list'),
        ("faceedit: 1\nname: 2024\nsteps: [{effect: shape}]", 'put it in quotes: "2024"'),
        ("faceedit: 1\nvars: [a]\nsteps: [{effect: shape}]", '"vars" must be names with values, not a list of 1'),
        ("faceedit: 1\nvars: {a: [1]}\nsteps: [{effect: shape}]", 'a list of 1 does not fit in "vars"'),
        ("faceedit: 1\nsteps: [{effect: shape}]\noutput: png", '3:9: "output" must be names with values, not "png"'),
        ("faceedit: 1\nsteps: [{effect: shape}]\noutput: {nmae: x}",
         '3:10: no key "nmae" in "output"; did you mean "name"?'),
        ("faceedit: 1\nsteps: [{effect: shape}]\noutput: {format: jpg}", 'not "jpg"; did you mean "jpeg"?'),
        ("faceedit: 1\nsteps: [{effect: shape}]\noutput: {name: }", '3:10: "name" is empty'),
        ("faceedit: 1\nsteps: [{effect: redact}]\noutput: {metadata: keep}",
         "3:20: a recipe that redacts writes no metadata"),
        ("faceedit: 1\nsteps: [{effect: redact}]\noutput: {metadata: safe}", "writes no metadata; write none"),
        ("[1]", "1:1: the recipe must be a group of keys, not a list"),
    ],
)  # fmt: skip
def test_a_wrong_recipe_says_what_is_allowed(text, said):
    assert said in only_problem(text)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../{stem}.{ext}", "leaves the output folder"),
        ("/web/{stem}", "leaves the output folder"),
        ("a//{stem}", "leaves the output folder"),
        ("{stem}/..", "leaves the output folder"),
        ("C:{stem}", '":" cannot stand'),
        ("a\\{stem}", '"\\" cannot stand'),
        ("{stm}", 'no field "{stm}" for the output name; did you mean "stem"?'),
        ("{}", 'no field "{}"'),
        ("{stem.__class__}", "no field"),
        ("{stem!r}", "only {index:03} is allowed"),
        ("{stem:99999999}", "only {index:03} is allowed"),
        ("{index:0999999}", "only {index:03} is allowed"),
        ("{stem", "braces do not match"),
        ("", "leaves the output folder"),
    ],
)
def test_an_output_name_stays_in_the_folder_and_uses_known_fields(name, said):
    assert said in only_problem(f"faceedit: 1\nsteps: [{{effect: shape}}]\noutput:\n  name: '{name}'\n")


def test_a_value_from_a_variable_names_the_variable():
    text = "faceedit: 1\nvars: {much: 3}\nsteps:\n  - effect: lipstick\n    color: '#000'\n    amount: ${much}\n"
    assert 'look.yaml:6:13: "amount" must be a number from 0 to 1, not 3 (from the variable "much")' in only_problem(
        text
    )


def test_a_bare_color_in_a_variable_gets_the_hint():
    text = "faceedit: 1\nvars:\n  lip: #a3123b\nsteps:\n  - effect: shape\n"
    assert 'put the color in quotes: "#a3123b"' in only_problem(text)


def test_a_wrong_part_in_an_option_is_shown_at_the_option():
    assert 'look.yaml:4:12: unknown part "heda"; did you mean "head"?' in wrong_step("effect: cover\nparts: heda")


def test_variables_cannot_blow_a_text_up():
    text = f"faceedit: 1\nvars: {{a: {'x' * 900}}}\nsteps:\n  - effect: shape\n    label: ${{a}}${{a}}\n"
    assert "longer than 1000 letters" in only_problem(text)

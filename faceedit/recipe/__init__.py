"""Recipes: YAML in, a checked `Recipe` out, or all its problems with line, column and a caret.

`document` reads YAML, `variables` fills in, `models` are the pydantic models, `messages` and `describe` say what
they find wrong, `faces` and `when` are the two small languages, `possible` says whether a condition can hold at all,
`types` the result, `steps`, `outputs` and `reading` put it together. `schema` describes recipes to editors and people,
`presets` and `drafts` help to begin one, `upgrade` brings old ones up to date.
"""

from faceedit.recipe.faces import Faces
from faceedit.recipe.problems import InvalidRecipe, Problem
from faceedit.recipe.reading import load_recipe, parse_recipe, read_recipe_text
from faceedit.recipe.schema import Option, effect_options, example_step, recipe_schema
from faceedit.recipe.steps import condition
from faceedit.recipe.types import Output, Recipe, Step
from faceedit.recipe.upgrade import upgraded
from faceedit.recipe.when import When, is_unknown

__all__ = [
    "Faces",
    "InvalidRecipe",
    "Option",
    "Output",
    "Problem",
    "Recipe",
    "Step",
    "When",
    "condition",
    "effect_options",
    "example_step",
    "is_unknown",
    "load_recipe",
    "parse_recipe",
    "read_recipe_text",
    "recipe_schema",
    "upgraded",
]

"""For plugin authors' tests, and for our own: painted faces, effects run as the host runs them, and the contract.

`painted` makes photos, `checks` runs effects and recipes on them, `sheet` shows an effect before and after. `contract`
is the conformance suite behind `faceedit plugins check` and the fixture `check_plugin`: `answers` has the rules on a
single answer of an effect, `compared` those on several, `effects` the cases; `others` has those for the other kinds.
"""

from faceedit.testing.checks import applied, assert_blind, assert_only_inside_mask, region_of, run_recipe
from faceedit.testing.painted import ACCESSORIES, Tone, painted_photo
from faceedit.testing.sheet import contact_sheet

__all__ = [
    "ACCESSORIES",
    "Tone",
    "applied",
    "assert_blind",
    "assert_only_inside_mask",
    "contact_sheet",
    "painted_photo",
    "region_of",
    "run_recipe",
]

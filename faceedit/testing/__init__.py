"""For plugin authors' tests, and for our own: painted faces, effects run as the host runs them, and the contract.

`painted` makes photos, `checks` runs effects and recipes on them, `contract` is the conformance suite behind
`faceedit plugins check` and the pytest fixture `check_plugin`, `sheet` shows an effect before and after.
"""

from faceedit.testing.checks import applied, assert_blind, assert_only_inside_mask, region_of, run_recipe
from faceedit.testing.painted import ACCESSORIES, Tone, painted_photo

__all__ = [
    "ACCESSORIES",
    "Tone",
    "applied",
    "assert_blind",
    "assert_only_inside_mask",
    "painted_photo",
    "region_of",
    "run_recipe",
]

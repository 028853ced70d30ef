"""What plugins write and what they are handed.

`window` is the region and its way back into the photo, `pieces` what only pixels tell within a part, `effects` what
makes an effect of a function.
"""

from faceedit.region.effects import Effect, EffectFunction, Inspector, effect, inspector
from faceedit.region.window import Float, Region, Result, as_float, lay_back

__all__ = [
    "Effect",
    "EffectFunction",
    "Float",
    "Inspector",
    "Region",
    "Result",
    "as_float",
    "effect",
    "inspector",
    "lay_back",
]

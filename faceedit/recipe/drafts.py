"""A new recipe, written out with comments for somebody who never saw one."""

import json
from collections.abc import Sequence

from faceedit.recipe.schema import example_step
from faceedit.registry import Registry

_HEAD = """\
# Check it with: faceedit recipe check FILE. An editor completes it after: faceedit recipe schema > recipe.schema.json
# yaml-language-server: $schema=./recipe.schema.json
faceedit: 1
name: {name}
steps:
"""
_STEP_END = """\
    faces: {faces:<19}# all, largest, 0, [0, 2], min 5%, left, right, all except largest
"""
_OUTPUT = """\
output:
  name: "{stem}.{ext}"        # also {folder} {recipe} {index} {date}
  format: same                # same, jpeg, png, tiff or webp
  quality: same               # same keeps the input's; or a number from 1 to 100
"""
_ORDINARY = """\
  metadata: keep              # keep, safe (no place, thumbnail, serial numbers) or none
  no_faces: copy              # copy, skip or review: what becomes of a photo without a face
"""
_REDACTING = """\
  metadata: none              # a recipe that redacts writes none
  no_faces: review            # a photo without a face is withheld, for you to look at
"""


def draft(name: str, effects: Sequence[str], faces: str, registry: Registry) -> str:
    """The text of a recipe with these effects, each on these faces.

    Raises:
        UnknownEffect: there is no such effect.
    """
    steps = []
    for each in effects:
        lines = example_step(registry.effect(each), registry).splitlines()
        steps += ["".join(f"  {line}\n" for line in lines), _STEP_END.format(faces=faces)]
    redacts = any(registry.effect(each).blind for each in effects)
    head = _HEAD.format(name=json.dumps(name, ensure_ascii=False))
    return head + "".join(steps) + _OUTPUT + (_REDACTING if redacts else _ORDINARY)

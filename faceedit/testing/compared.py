"""Rules for effects that only several answers tell: each check yields (what happened, what to change)."""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from faceedit.photo import Photo
from faceedit.region import Effect, Region, Result
from faceedit.testing.answers import Broken, Stopped, given
from faceedit.testing.checks import region_of
from faceedit.testing.painted import painted_photo

Options = Mapping[str, Any]
# CPU time may grow this much faster than the number of pixels; times shorter than the floor are taken for it.
STEEPEST, FLOOR = 3.0, 0.002
# The share of its mask that an effect changes may differ this much between a face and one 4 times as wide.
SIZES = 3.0
# By how much a mask is grown, in shares of the face's width, so that its edge lies within.
WIDER = 0.1
# A result of more colours than this, all of them of 8 bits, has lost the photo's other bits.
FEW = 64
# Unlike any that an effect would choose.
SEED = 20_777
# Files and threads that may be open after an effect was called CALLS times.
CALLS, LEFT = 12, 6


def compared(effect: Effect, options: Options) -> Broken:
    """The rules that an effect breaks from one call to another; what a single call tells is told elsewhere."""
    for rule in (
        _the_same_again,
        _chance,
        _whoever_it_is,
        _blind,
        _mixes_itself,
        _every_size,
        _every_bit,
        _leaves_nothing,
        _time,
    ):
        try:
            yield from rule(effect, options)
        except Stopped:
            return


def _answer(effect: Effect, photo: Photo, options: Options) -> tuple[Region, Result]:
    region = region_of(photo, effect, **options)
    return region, given(effect, region, options)


def _the_same_again(effect: Effect, options: Options) -> Broken:
    """The same photo gives the same result, also after another photo, and in whatever order."""
    _, first = _answer(effect, painted_photo(), options)
    _answer(effect, painted_photo(tone="dark", tilt=10), options)
    _, second = _answer(effect, painted_photo(), options)
    if not _equal(first, second):
        change = "use np.random.default_rng(0) made anew in each call, and keep nothing between calls"
        yield "it gives another result for the same photo the second time", change


def _equal(one: Result, other: Result) -> bool:
    return _look_equal(one, other) and {*one.extras} == {*other.extras} and [*one.findings] == [*other.findings]


def _look_equal(one: Result, other: Result) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("pixels", "alpha"))


def _chance(effect: Effect, options: Options) -> Broken:
    """Nothing that all of the process shares decides."""
    kept = np.random.get_state(), random.getstate()  # noqa: NPY002 - whether it is used is the question
    try:
        np.random.seed(SEED)  # noqa: NPY002 - likewise
        random.seed(SEED)
        before = _shared_chance()
        _answer(effect, painted_photo(), options)
        after = _shared_chance()
    finally:
        np.random.set_state(kept[0])  # noqa: NPY002 - likewise
        random.setstate(kept[1])
    if after != before:
        change = "use np.random.default_rng(0) made anew in each call: others draw from the process's chance, too"
        yield "it uses or seeds the chance that the whole process shares", change


def _shared_chance() -> str:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 - likewise
    return repr((name, np.asarray(keys).tobytes(), rest, random.getstate()))


def _whoever_it_is(effect: Effect, options: Options) -> Broken:
    """A face looks the same whatever its number, which is its place by size among those in the photo."""
    region = region_of(painted_photo(), effect, **options)
    other = replace(region, faces=tuple(replace(face, index=3 + face.index) for face in region.faces), _masks={})
    if not _look_equal(given(effect, region, options), given(effect, other, options)):
        yield (
            "it gives another result when the face has another number",
            "a face's number depends on who else is in the photo: make an option of it, or use `faces` in the recipe",
        )


def _blind(effect: Effect, options: Options) -> Broken:
    """What a blind effect gives does not depend on what it is to hide."""
    if not effect.blind:
        return
    region = region_of(painted_photo(), effect, **options)
    noise = np.random.default_rng(0).random(region.pixels.shape, np.float32)
    one, other = (given(effect, replace(region, pixels=each), options) for each in (region.pixels, noise))
    if one.pixels is None or other.pixels is None or not np.array_equal(one.pixels, other.pixels):
        yield (
            "it is blind, but what it gives depends on the pixels",
            "make the fill of its options and region.box alone",
        )


def _mixes_itself(effect: Effect, options: Options) -> Broken:
    """The host alone lays the result through the mask: an effect that does so too crosses soft edges twice."""
    region, result = _answer(effect, painted_photo(), options)
    wider = replace(region, grow=region.grow + WIDER, _masks={})
    edge = (region.selected > 0.2) & (region.selected < 0.8) & (wider.selected > 0.98)
    whole = given(effect, wider, options)
    if effect.blind or result.pixels is None or whole.pixels is None or not edge.any():
        return
    change, full = ((each - region.pixels)[edge] for each in (result.pixels, whole.pixels))
    size = float(np.abs(full).mean())
    if size > 2 / 255 and np.abs(change - region.selected[edge][:, None] * full).mean() < 0.1 * size:
        yield (
            "it lays its result through the mask itself, so that soft edges are crossed twice",
            "return the full effect everywhere: the host lays it back through region.selected",
        )


def _every_size(effect: Effect, options: Options) -> Broken:
    """A face and one 4 times as wide are changed in the same share of the mask."""
    small, large = (_changed_share(*_answer(effect, painted_photo(side, side), options)) for side in (160, 640))
    if effect.blind or not small or not large:
        return
    if not 1 / SIZES <= small / large <= SIZES:
        yield (
            f"on a face 4 times as wide it changes {large / small:.2g} times the share of it",
            "lengths are shares of the face's width: size * region.width_px, not a number of pixels",
        )


def _changed_share(region: Region, result: Result) -> float:
    inside = region.selected > 0.5
    if result.pixels is None or not inside.any():
        return 0.0
    return float((np.abs(result.pixels - region.pixels).max(-1)[inside] > 2 / 255).mean())


def _every_bit(effect: Effect, options: Options) -> Broken:
    """A photo of 16 bits does not lose half of them."""
    region, result = _answer(effect, painted_photo(depth=16), options)
    if result.pixels is None or effect.blind:
        return
    changed = (np.abs(result.pixels - region.pixels).max(-1) > 2 / 255) & (region.selected > 0.5)
    levels = np.unique(result.pixels[changed]) * 255
    if len(levels) > FEW and np.abs(levels - np.rint(levels)).max() < 1e-3:
        yield (
            "what it gives for a photo of 16 bits has 8",
            "work on region.pixels as they are, float32: uint8 loses bits, and wraps around where sums are too large",
        )


def _leaves_nothing(effect: Effect, options: Options) -> Broken:
    """After many calls no more files and threads are open than before."""
    region = region_of(painted_photo(64, 64), effect, **options)
    given(effect, region, options)  # what is loaded once may stay
    files, threads = _open_files(), threading.active_count()
    for _ in range(CALLS):
        given(effect, region, options)
    for what, more in (("files", _open_files() - files), ("threads", threading.active_count() - threads)):
        if more > LEFT:
            yield f"after {CALLS} calls {more} {what} are left open", "close what it opens, as in `with open(...)`"


def _open_files() -> int:
    listed = Path("/proc/self/fd")  # where there is none, nothing is told
    return len([*listed.iterdir()]) if listed.is_dir() else 0


def _time(effect: Effect, options: Options) -> Broken:
    """CPU time grows with the number of pixels, not faster."""
    # Regions of their own, since they remember masks; a hitch in a short time would hide the growth.
    *small, large = (region_of(painted_photo(side, side), effect, **options) for side in (192, 192, 192, 768))
    few = min(_seconds(effect, region, options) for region in small)
    many = _seconds(effect, large, options)
    growth = large.pixels.size / small[0].pixels.size
    if many > STEEPEST * growth * max(few, FLOOR):
        message = f"{growth:.0f} times the pixels take {many / max(few, FLOOR):.0f} times as long"
        yield message, "work on whole arrays: no loops over pixels, no filter whose cost grows with its radius"


def _seconds(effect: Effect, region: Region, options: Options) -> float:
    start = time.process_time()
    given(effect, region, options)
    return time.process_time() - start

"""An effect to look at: one photo before and after, over the values of each option, as one labelled picture."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from faceedit.engine import Edited, edit
from faceedit.errors import PhotoError, UsageError
from faceedit.extras import File, as_photo
from faceedit.geometry import Box
from faceedit.matte import bounds
from faceedit.photo import Photo, eight_bit
from faceedit.recipe import Output, Recipe, Step
from faceedit.region import Effect, Region, as_float
from faceedit.registry import Registry
from faceedit.testing.options import changes, defaults

TILE, GAP, LINE = 240, 8, 20
# Squares behind what is transparent.
SQUARE = 12
# What a sheet says of itself, in EXIF's tag for software, so that drawing again may replace it and no other picture.
SOFTWARE, SHEET = 0x0131, "faceedit effects --try"


def contact_sheet(name: str, registry: Registry, photo: Photo) -> Image.Image:
    """The largest face before, with the effect's defaults, and with each option at several values, a row an option.

    Raises:
        UnknownEffect: no plugin offers the effect.
        UsageError: the photo has no face.
        EffectError: the effect fails with its defaults.
    """
    effect = registry.effect(name)
    model = registry.options(effect)
    base = defaults(model)
    view = _view(effect, base, photo)
    rows = [[("before", _tile(Edited(photo), photo, view)), ("defaults", _shown(name, base, photo, registry, view))]]
    for option, values in changes(model).items():
        tiles = []
        for value, options in values:
            try:
                tiles.append((f"{option}: {_word(value)}", _shown(name, options, photo, registry, view)))
            except PhotoError as error:
                tiles.append((f"{option}: {_word(value)}", _failed(error)))
        rows.append(tiles)
    return _arranged(rows)


def _word(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _view(effect: Effect, options: Mapping[str, Any], photo: Photo) -> Box:
    """What is shown of the photo: a square around the parts of the largest face that the effect works on."""
    if effect.scope == "photo" or not photo.faces:
        return photo.box
    face = photo.faces[0]
    region = Region(as_float(photo.pixels[face.window.slices]), face.window, face.box, (face,))
    rows, columns = bounds(region.mask(effect.parts(options)) > 0.5)
    if not rows.stop:
        return face.window
    half = max(rows.stop - rows.start, columns.stop - columns.start) // 2 + round(0.15 * face.width_px)
    x, y = face.window.left + (columns.start + columns.stop) // 2, face.window.top + (rows.start + rows.stop) // 2
    return Box(x - half, y - half, x + half, y + half).intersection(photo.box)


def _shown(name: str, options: Mapping[str, Any], photo: Photo, registry: Registry, view: Box) -> Image.Image:
    step = Step(registry.effect(name), options, name=name)
    edited = edit(photo, Recipe(name, None, (step,), Output(no_faces="copy")), registry)
    return _tile(edited, photo, view)


def _tile(edited: Edited, photo: Photo, view: Box) -> Image.Image:
    """The face after an edit; where the photo is as before, the first picture beside it."""
    same = edited.photo.alpha is None and np.array_equal(edited.photo.pixels, photo.pixels)
    extras = [extra for extra in edited.extras.values() if not isinstance(extra, File)]
    if same and extras:
        shown, area = as_photo(extras[0]), (slice(None), slice(None))
    else:
        shown, area = edited.photo, view.slices
    picture = Image.fromarray(_on_squares(shown)[area])
    picture.thumbnail((TILE, TILE), Image.Resampling.LANCZOS)
    if max(picture.size) < TILE:
        scale = TILE / max(picture.size)
        picture = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.Resampling.LANCZOS)
    return picture


def _on_squares(photo: Photo) -> NDArray[np.uint8]:
    pixels = eight_bit(photo.pixels)
    if photo.alpha is None:
        return pixels
    rows, columns = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    squares = np.where((rows // SQUARE + columns // SQUARE) % 2, 200, 240)[..., None]
    opacity = (photo.alpha / np.iinfo(photo.alpha.dtype).max)[..., None]
    return np.rint(pixels * opacity + squares * (1 - opacity)).astype(np.uint8)


def _failed(error: PhotoError) -> Image.Image:
    tile = Image.new("RGB", (TILE, TILE), "#f4d6d6")
    words, line = str(error).split(), ""
    lines = []
    for word in words:
        if len(line) + len(word) > 34:
            lines.append(line)
            line = ""
        line += f"{word} "
    ImageDraw.Draw(tile).multiline_text((6, 6), "\n".join([*lines, line]), "black", _font(12))
    return tile


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _arranged(rows: list[list[tuple[str, Image.Image]]]) -> Image.Image:
    columns = max(map(len, rows))
    across = columns * (TILE + GAP) + GAP
    down = sum(_height(row) for row in rows) + GAP
    sheet = Image.new("RGB", (across, down), "white")
    draw = ImageDraw.Draw(sheet)
    for left, top, label, tile in _placed(rows):
        draw.text((left, top + 2), label, "black", _font(14))
        sheet.paste(tile, (left, top + LINE))
    return sheet


def _height(row: list[tuple[str, Image.Image]]) -> int:
    return max(tile.height for _, tile in row) + LINE + GAP


def _placed(rows: list[list[tuple[str, Image.Image]]]) -> Iterator[tuple[int, int, str, Image.Image]]:
    top = GAP
    for row in rows:
        for column, (label, tile) in enumerate(row):
            yield GAP + column * (TILE + GAP), top, label, tile
        top += _height(row)


def demand_own(output: Path) -> None:
    """Leave a picture that is there already alone, unless it is a sheet drawn before.

    Raises:
        UsageError: it is none.
    """
    try:
        with Image.open(output) as picture:
            own = picture.getexif().get(SOFTWARE) == SHEET
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        own = False
    if not own:
        raise UsageError(f'"{output}" is there already and was not made by faceedit', "write -o and another name")


def save(sheet: Image.Image, output: Path) -> None:
    """Write a sheet, in the format that its name says.

    Raises:
        UsageError: it cannot be written.
    """
    exif = sheet.getexif()
    exif[SOFTWARE] = SHEET
    try:
        sheet.save(output, exif=exif)
    except (OSError, ValueError) as error:
        raise UsageError(f'"{output}" cannot be written: {error}', "write -o sheet.png") from error

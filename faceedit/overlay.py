"""The picture of the labels: colors over the photo, and a legend with the names found."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from faceedit.labels import COLORS, ID, PARTS, TITLES
from faceedit.photo import Labels, Photo, eight_bit

OPACITY = 0.55


def overlay(photo: Photo, labels: Labels) -> Image.Image:
    """Labels (H, W) uint8 as colors over the photo, its faces numbered, with a legend below."""
    pixels = eight_bit(photo.pixels)
    colors = np.array(COLORS, np.float32)[labels]
    weight = np.where(labels != ID["background"], OPACITY, 0)[..., None].astype(np.float32)
    picture = Image.fromarray(np.rint(pixels * (1 - weight) + colors * weight).astype(np.uint8))
    _number_faces(picture, photo)
    return _with_legend(picture, [PARTS[index] for index in np.unique(labels) if index])


def _number_faces(picture: Image.Image, photo: Photo) -> None:
    draw = ImageDraw.Draw(picture)
    for face in photo.faces:
        line = max(1, face.width_px // 80)
        left, top, right, bottom = face.box.as_list()
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=(255, 255, 255), width=line)
        font = ImageFont.load_default(max(10, face.width_px // 8))
        draw.text(
            (left + 2 * line, top + line), str(face.index), fill="white", font=font, stroke_width=1, stroke_fill="black"
        )


def _with_legend(picture: Image.Image, names: list[str]) -> Image.Image:
    size = max(12, min(picture.width, 2400) // 40)
    font = ImageFont.load_default(size)
    places, x, y = [], size, size // 2
    for name in names or ["no face found"]:
        title = f"{name} ({TITLES[name]})" if name in TITLES else name
        width = int(font.getlength(title)) + 3 * size
        if x + width > picture.width and x > size:
            x, y = size, y + round(1.6 * size)
        places.append((x, y, name, title))
        x += width
    sheet = Image.new("RGB", (picture.width, picture.height + y + 2 * size), (24, 24, 24))
    sheet.paste(picture)
    draw = ImageDraw.Draw(sheet)
    for x, y, name, title in places:
        top = picture.height + y
        draw.rectangle((x, top, x + size, top + size), fill=COLORS[ID[name]] if name in ID else None)
        draw.text((x + 1.4 * size, top - size * 0.15), title, fill="white", font=font)
    return sheet

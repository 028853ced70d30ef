"""Makes pictures.jpg, the sample portrait after several recipes, for the first page of README."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import faceedit
from faceedit.overlay import overlay

HERE = Path(__file__).parent
SIDE, GAP, LINE = 300, 8, 24
CROP = (0, 0, 800, 800)
RECIPES = ("natural", "evening", "red-carpet", "vivid-hair", "selective-color", "publish")


def main() -> None:
    """Write pictures.jpg beside this file."""
    portrait = HERE / "photos" / "portrait.jpg"
    photo = faceedit.open(portrait)
    tiles = [("the photo", photo.picture()), ("its labels", overlay(photo, photo.labels()))]
    tiles += [(name, faceedit.apply(HERE / "recipes" / f"{name}.yaml", photo).picture()) for name in RECIPES]
    columns = len(tiles) // 2
    sheet = Image.new("RGB", (columns * (SIDE + GAP) - GAP, 2 * (SIDE + LINE)), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (label, picture) in enumerate(tiles):
        left, top = index % columns * (SIDE + GAP), index // columns * (SIDE + LINE)
        draw.text((left, top + 3), label, "black", ImageFont.load_default(15))
        sheet.paste(head(picture), (left, top + LINE))
    sheet.save(HERE / "pictures.jpg", quality=82)


def head(picture: Image.Image) -> Image.Image:
    """The head in a picture of the portrait's size."""
    return picture.convert("RGB").crop(CROP).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()

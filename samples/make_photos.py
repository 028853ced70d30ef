"""Makes the sample photos from two pictures that scikit-image ships.

astronaut: Eileen Collins, NASA, public domain. chelsea: a cat, Stéfan van der Walt, CC0.
"""

import sys
from pathlib import Path

from PIL import Image, ImageFilter, ImageOps
from skimage import data

QUALITY = 92


def main(folder: Path) -> None:
    """Write photos/portrait.jpg, photos/team/group.jpg and faceless/cat.jpg below `folder`."""
    astronaut = Image.fromarray(data.astronaut())
    for place, picture in (
        (folder / "photos" / "portrait.jpg", portrait(astronaut)),
        (folder / "photos" / "team" / "group.jpg", group(astronaut)),
        (folder / "faceless" / "cat.jpg", Image.fromarray(data.chelsea())),
    ):
        place.parent.mkdir(parents=True, exist_ok=True)
        picture.save(place, quality=QUALITY)


def portrait(astronaut: Image.Image) -> Image.Image:
    """Her head and shoulders."""
    return astronaut.resize((800, 1000), Image.Resampling.LANCZOS, box=(97, 0, 353, 320))


def group(astronaut: Image.Image) -> Image.Image:
    """The astronaut seven times, at several sizes and tilts, some mirrored, before a studio background."""
    sheet = ImageOps.colorize(Image.linear_gradient("L").resize((1600, 1000)), "#ddd6d0", "#b3aaa6")
    bust = astronaut.crop((110, 0, 350, 300))
    oval = Image.new("L", bust.size, 0)
    oval.paste(255, (24, 14, 216, 286))
    soft = oval.filter(ImageFilter.GaussianBlur(12))
    for left, top, height, tilt, mirrored in (
        (40, 60, 460, 0, False),
        (420, 40, 380, 20, False),
        (760, 90, 420, -30, True),
        (1140, 40, 300, 8, False),
        (1300, 420, 200, -12, True),
        (240, 560, 340, 45, False),
        (800, 560, 120, 0, False),
    ):
        one = bust.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else bust
        size = (round(height * bust.width / bust.height), height)
        one, alpha = (
            layer.resize(size, Image.Resampling.LANCZOS).rotate(tilt, Image.Resampling.BICUBIC, expand=True)
            for layer in (one, soft)
        )
        sheet.paste(one, (left, top), alpha)
    return sheet


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)

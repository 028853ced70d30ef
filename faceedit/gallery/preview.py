"""A photo before and after a recipe, as one small picture."""

from PIL import Image

from faceedit.photo import Photo

SIDE, GAP = 1024, 8
# A face that is narrower than this share of the photo is shown large, too.
SMALL = 0.4
# What is shown of the photo then, in boxes of the face.
AROUND = 1.8


def preview(before: Photo, after: Photo) -> Image.Image:
    """Before and after beside each other; below them the largest face, where it is small in the photo."""
    rows = [[_fitted(photo.picture()) for photo in (before, after)]]
    if before.faces and before.faces[0].width_px < SMALL * max(before.width, before.height):
        head = before.faces[0].box.scaled(AROUND).clipped(before.height, before.width)
        box = (head.left, head.top, head.right, head.bottom)
        same = (after.width, after.height) == (before.width, before.height)
        rows += [[_fitted(photo.picture().crop(box)) for photo in (before, after)]] if same else []
    width = max(sum(picture.width + GAP for picture in row) for row in rows) - GAP
    heights = [max(picture.height for picture in row) for row in rows]
    sheet = Image.new("RGB", (width, sum(heights) + GAP * (len(rows) - 1)), "white")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        left = 0
        for picture in row:
            sheet.paste(picture, (left, top), picture if picture.mode == "RGBA" else None)
            left += picture.width + GAP
        top += height + GAP
    return sheet


def _fitted(picture: Image.Image) -> Image.Image:
    scale = min(1.0, SIDE / max(picture.size))
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    return picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)

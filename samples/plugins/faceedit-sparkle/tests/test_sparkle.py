from faceedit_sparkle import sparkle

from faceedit.region import Region, as_float
from faceedit.testing import painted_photo


def test_sparkle_brightens_some_pixels_and_darkens_none():
    photo = painted_photo()
    face = photo.faces[0]
    region = Region(as_float(photo.pixels[face.window.slices]), face.window, face.box, (face,))
    result = sparkle(region, amount=1.0, size=0.02)
    assert (result >= region.pixels).all()
    assert 0.01 < (result > region.pixels).any(-1).mean() < 0.2

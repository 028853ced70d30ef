"""Metadata by policy: what is kept is brought up to date, what is unsafe goes."""

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from images_support import exif_block, opened, saved, scene
from PIL import ExifTags, Image, IptcImagePlugin, PngImagePlugin

from faceedit import images
from faceedit.images import exif, xmp
from faceedit.images.metadata import payload
from faceedit.images.upright import orientation
from faceedit.photo import Photo, Source

JPEG = images.FORMATS["jpeg"]
FORMATS = ["jpeg", "png", "tiff", "webp", "avif", *(["heif"] if importlib.util.find_spec("pillow_heif") else [])]
THUMBNAIL = saved(scene(16, 16), "JPEG", comment=b"old pixels")
XMP = b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:g="http://ns.google.com/photos/1.0/camera/" tiff:Orientation="6"
 xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" g:MotionPhoto="1" tiff:ImageWidth="999">
<dc:title>A title</dc:title><xmp:Thumbnails>old pixels</xmp:Thumbnails>
<mwg-rs:Regions><mwg-rs:Name>Jane Doe</mwg-rs:Name></mwg-rs:Regions>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


def photo_with(**source: object) -> Photo:
    return Photo(scene(), source=Source(**source))


def kept(photo: Photo, kind: str, **options: object) -> Image.Image:
    return opened(images.encode(photo, images.WriteOptions(format=kind, **options)))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("order", "<>")
def test_keep_brings_exif_up_to_date_and_keeps_the_rest(kind: str, order: str) -> None:
    found = kept(photo_with(exif=exif_block(order, note=b"a maker note", owner=b"Jane\0")), kind).getexif()
    inner = found.get_ifd(ExifTags.IFD.Exif)
    assert (found.get(0x0112, 1), found[0x0131], found[0x0110], found[0x010E]) == (1, "faceedit", "Pixie", "Jane")
    assert (inner[0xA001], inner[0xA002], inner[0xA431], inner[0x927C]) == (1, 64, "Jane", b"a maker note")
    assert (inner[0x829A], found.get_ifd(ExifTags.IFD.GPSInfo)[2]) == (1 / 250, (52, 31, 7))


@pytest.mark.parametrize("order", "<>")
def test_a_maker_note_stays_at_its_offset(order: str) -> None:
    block = exif_block(order, note=b"a maker note", owner=b"Jane\0")
    written = payload(photo_with(exif=block), "keep", JPEG).exif
    assert written.index(b"a maker note") == block.index(b"a maker note")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("policy", ["keep", "safe"])
def test_the_old_thumbnail_is_gone(kind: str, policy: str) -> None:
    photo = photo_with(exif=exif_block(thumbnail=THUMBNAIL))
    written = images.encode(photo, images.WriteOptions(format=kind, metadata=policy))
    assert b"old pixels" not in written
    assert not opened(written).getexif().get_ifd(ExifTags.IFD.IFD1)


def test_a_maker_note_with_a_preview_is_dropped_and_noted() -> None:
    photo = photo_with(exif=exif_block(note=b"note" + THUMBNAIL))
    assert b"old pixels" not in images.encode(photo, images.WriteOptions(format="jpeg"))
    assert "maker note was left out" in images.notes(photo, images.WriteOptions(format="jpeg"))[0]


def test_iptc_with_a_preview_is_dropped_and_noted() -> None:
    photo = photo_with(iptc=b"\x1c\x02\xca" + THUMBNAIL)
    assert b"old pixels" not in images.encode(photo, images.WriteOptions(format="jpeg"))
    assert "IPTC was left out" in images.notes(photo, images.WriteOptions(format="jpeg"))[0]


@pytest.mark.parametrize("kind", FORMATS)
def test_safe_keeps_the_exposure_and_no_place_name_or_number(kind: str) -> None:
    photo = photo_with(exif=exif_block(note=b"a maker note", owner=b"Jane Doe\0"), xmp=XMP, iptc=b"Jane Doe")
    written = images.encode(photo, images.WriteOptions(format=kind, metadata="safe"))
    found = opened(written).getexif()
    assert b"Jane" not in written
    assert b"a maker note" not in written
    assert not found.get_ifd(ExifTags.IFD.GPSInfo)
    assert (found[0x0110], found[0x8298], found.get_ifd(ExifTags.IFD.Exif)[0x829A]) == ("Pixie", "me!", 1 / 250)


@pytest.mark.parametrize("kind", FORMATS)
def test_xmp_is_kept_up_to_date_without_old_pictures(kind: str) -> None:
    found = kept(photo_with(xmp=XMP), kind).info["xmp"]
    assert b"A title" in found
    assert b'tiff:Orientation="1"' in found
    assert b'tiff:ImageWidth="64"' in found
    assert b"old pixels" not in found
    assert b"MotionPhoto" not in found
    assert b"Jane Doe" in found


def test_face_regions_go_where_they_are_not_wanted() -> None:
    found = kept(photo_with(xmp=XMP), "jpeg", people=False).info["xmp"]
    assert b"Jane Doe" not in found
    assert b"A title" in found


@pytest.mark.parametrize("packet", [b"<a", b"\xff\xfe<", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a>" * 50_000])
def test_xmp_that_cannot_be_read_safely_is_left_out_with_a_note(packet: bytes) -> None:
    photo = photo_with(xmp=packet)
    assert "xmp" not in kept(photo, "jpeg").info
    assert images.notes(photo, images.WriteOptions(format="jpeg")) == ["XMP was left out: it is damaged"]


def test_xmp_nested_too_deep_is_left_out() -> None:
    assert xmp.updated(b"<a>" * 50_000 + b"</a>" * 50_000, 1, 1) == b""


@pytest.mark.parametrize("kind", ["jpeg", "tiff"])
def test_iptc_is_kept_where_the_format_has_it(kind: str) -> None:
    iptc = b"\x1c\x02\x78\x00\x07A title"
    again = images.read(images.encode(photo_with(iptc=iptc), images.WriteOptions(format=kind)))
    assert again.source.iptc == iptc
    assert IptcImagePlugin.getiptcinfo(kept(photo_with(iptc=iptc), kind)) == {(2, 120): b"A title"}


@pytest.mark.parametrize(("kind", "left_out"), [("png", ["IPTC"]), ("bmp", ["EXIF", "XMP", "IPTC"]), ("jpeg", [])])
def test_what_a_format_cannot_hold_is_noted(kind: str, left_out: list[str]) -> None:
    photo = photo_with(exif=exif_block(), xmp=XMP, iptc=b"\x1c\x02\x78\x00\x01A")
    found = images.notes(photo, images.WriteOptions(format=kind))
    assert found == [f"{name} was left out: {kind} holds none" for name in left_out]


@pytest.mark.parametrize("name", ["exif", "xmp", "iptc"])
def test_a_block_too_large_for_a_jpeg_is_left_out_with_a_note(name: str) -> None:
    large = {
        "exif": exif_block(note=bytes(65000), owner=b"x" * 600),
        "xmp": XMP.replace(b"A title", b"x" * 70000),
        "iptc": bytes(70000),
    }
    photo = photo_with(**{name: large[name]})
    assert opened(images.encode(photo, images.WriteOptions(format="jpeg"))).size == (64, 40)
    assert "too large" in images.notes(photo, images.WriteOptions(format="jpeg"))[0]


@pytest.mark.parametrize("kind", ["jpeg", "png", "tiff"])
def test_resolution_is_kept_and_not_under_none(kind: str) -> None:
    found = kept(photo_with(dpi=(300.0, 300.0)), kind).info["dpi"]
    assert np.allclose([float(value) for value in found], 300, atol=0.1)
    assert kept(photo_with(dpi=(300.0, 300.0)), kind, metadata="none").info.get("dpi", (1, 1)) in [(1, 1), (72, 72)]


def test_tiff_metadata_reach_a_jpeg() -> None:
    block = exif_block(owner=b"Jane\0")
    content = images.encode(photo_with(exif=block, xmp=XMP), images.WriteOptions(format="tiff"))
    found = kept(images.read(content), "jpeg")
    assert found.getexif()[0x0110] == "Pixie"
    assert 0x0111 not in found.getexif()
    assert b"A title" in found.info["xmp"]


def test_reading_and_writing_exif_again_changes_nothing_more() -> None:
    once = payload(photo_with(exif=exif_block(note=b"note", owner=b"Jane\0")), "keep", JPEG).exif
    assert payload(photo_with(exif=once), "keep", JPEG).exif == once


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300).map(lambda tail: b"II*\0\x08\0\0\0" + tail))
def test_any_bytes_make_an_exif_block_that_can_be_written(block: bytes) -> None:
    for policy in ("keep", "safe"):
        written = payload(photo_with(exif=block), policy, JPEG).exif
        assert exif.parse(written).directories.keys() <= {0, exif.EXIF_IFD, exif.GPS_IFD, exif.INTEROP_IFD}
    assert 1 <= orientation(block) <= 8


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_exif_block_costs_only_itself(data: st.DataObject) -> None:
    block = bytearray(exif_block(thumbnail=THUMBNAIL, note=b"note", owner=b"Jane\0"))
    for _ in range(data.draw(st.integers(1, 8))):
        block[data.draw(st.integers(0, 200))] = data.draw(st.integers(0, 255))
    written = images.encode(photo_with(exif=bytes(block)), images.WriteOptions(format="jpeg"))
    assert opened(written).size == (64, 40)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_as_xmp_cost_only_themselves(packet: bytes) -> None:
    assert isinstance(xmp.updated(packet, 1, 1), bytes)


@pytest.mark.parametrize("kind", ["jpeg", "gif", "png"])
def test_a_comment_is_kept_and_not_under_safe(kind: str) -> None:
    content = saved(scene(), "JPEG", comment="caf\u00e9, by the lake".encode())
    for policy, there in (("keep", True), ("safe", False), ("none", False)):
        written = images.encode(images.read(content), images.WriteOptions(kind, metadata=policy))
        assert (b"by the lake" in written) == there
        found = images.read(written).source.texts
        assert found == ((("Comment", "caf\u00e9, by the lake"),) if there else ())


def test_named_texts_of_a_png_are_kept_and_noted_where_they_cannot() -> None:
    about = PngImagePlugin.PngInfo()
    texts = {"Title": "A \u00e4", "Comment": "c", "Software": "other", "Raw profile type x": "4d4d"}
    for name, text in texts.items():
        about.add_itxt(name, text)
    photo = images.read(saved(scene(), "PNG", pnginfo=about))
    again = images.read(images.encode(photo, images.WriteOptions("png")))
    assert dict(again.source.texts) == {"Title": "A \u00e4", "Comment": "c", "Software": "faceedit"}
    assert images.notes(photo, images.WriteOptions("png")) == []
    assert images.notes(photo, images.WriteOptions("webp")) == [
        "named texts were left out: webp holds none, or none so long"
    ]
    assert opened(images.encode(photo, images.WriteOptions("jpeg"))).info["comment"] == b"c"


def test_a_comment_with_a_preview_is_no_comment() -> None:
    assert images.read(saved(scene(), "JPEG", comment=b"x" + THUMBNAIL)).source.texts == ()


def test_where_the_subject_was_is_not_said_of_a_turned_photo() -> None:
    block = exif.parse(exif_block())
    area = block.with_value(exif.EXIF_IFD, exif.SUBJECT_AREA, block.numbers(exif.SHORT, 3, 4))
    written = exif.parse(payload(photo_with(exif=exif.serialize(area)), "keep", JPEG).exif)
    assert exif.SUBJECT_AREA not in written.directories[exif.EXIF_IFD]
    upright = area.with_value(0, exif.ORIENTATION, block.numbers(exif.SHORT, 1))
    written = exif.parse(payload(photo_with(exif=exif.serialize(upright)), "keep", JPEG).exif)
    assert exif.SUBJECT_AREA in written.directories[exif.EXIF_IFD]

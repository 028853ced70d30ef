"""XMP packets brought up to date with changed pixels: XML in, XML out, prefixes kept.

What describes pixels that are no longer there goes: thumbnails, depth maps, gain maps, motion photos, and face regions
where they are not wanted. A packet that cannot be read safely is left out whole.
"""

from collections.abc import Iterator, Mapping
from xml.dom import minidom
from xml.parsers.expat import ExpatError

_LARGEST = 1 << 22
_XMP, _TIFF, _EXIF = "http://ns.adobe.com/xap/1.0/", "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/exif/1.0/"
_PHOTOSHOP, _NOTE = "http://ns.adobe.com/photoshop/1.0/", "http://ns.adobe.com/xmp/note/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"

_STALE = {(_XMP, "Thumbnails"), (_NOTE, "HasExtendedXMP"), (_PHOTOSHOP, "DocumentAncestors")}
_STALE_NAMESPACES = (
    "http://ns.google.com/photos/1.0/",  # motion photos, depth maps, embedded originals
    "http://ns.adobe.com/hdr-gain-map/",
    "http://ns.apple.com/HDRGainMap/",
    "http://ns.apple.com/pixeldatainfo/",
)
_PEOPLE = {(_IPTC, "PersonInImage"), (_IPTC, "PersonInImageWDetails"), (_IPTC, "ImageRegion")}
_PEOPLE_NAMESPACES = (
    "http://www.metadataworkinggroup.com/schemas/regions/",
    "http://ns.microsoft.com/photo/1.2/",
    "http://ns.acdsee.com/regions/",
    "http://ns.apple.com/faceinfo/",
)


def names_faces(packet: bytes) -> bool:
    """Whether a packet may say where faces are, and whose."""
    places = [name.encode() for name in _PEOPLE_NAMESPACES]
    return any(name in packet for name in [*places, b"PersonInImage", b"ImageRegion"])


def updated(packet: bytes, width: int, height: int, *, people: bool = True, srgb: bool = True) -> bytes:
    """The packet for an upright picture of this size, without face regions if not `people`; b"" if unusable.

    What it says of the color space is changed to sRGB if `srgb`.
    """
    if not packet or len(packet) > _LARGEST or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        return b""
    facts = {
        (_TIFF, "Orientation"): "1",
        (_TIFF, "ImageWidth"): str(width),
        (_TIFF, "ImageLength"): str(height),
        (_EXIF, "PixelXDimension"): str(width),
        (_EXIF, "PixelYDimension"): str(height),
    }
    if srgb:
        facts |= {(_EXIF, "ColorSpace"): "1", (_PHOTOSHOP, "ICCProfile"): "sRGB IEC61966-2.1"}
    try:
        document = minidom.parseString(packet.strip(b"\0 \t\r\n"))  # noqa: S318  entities are refused above
        for element in list(_elements(document)):
            _update(element, facts, people)
        return "".join(node.toxml() for node in document.childNodes).encode()
    except (ExpatError, RecursionError, ValueError, LookupError):
        return b""


def _elements(document: minidom.Document) -> Iterator[minidom.Element]:
    waiting: list[minidom.Node] = list(document.childNodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, minidom.Element):
            yield node
            waiting += node.childNodes


def _update(element: minidom.Element, facts: Mapping[tuple[str, str], str], people: bool) -> None:
    """One element and its attributes: a property may be written as either."""
    for attribute in list(element.attributes.values()):
        name = (attribute.namespaceURI or "", attribute.localName)
        if _unwanted(name, people):
            element.removeAttributeNode(attribute)
        elif name in facts:
            attribute.value = facts[name]
    name = (element.namespaceURI or "", element.localName)
    if _unwanted(name, people) and element.parentNode is not None:
        element.parentNode.removeChild(element)
    elif name in facts and element.firstChild is not None:
        element.firstChild.nodeValue = facts[name]


def _unwanted(name: tuple[str, str], people: bool) -> bool:
    if name in _STALE or name[0].startswith(_STALE_NAMESPACES):
        return True
    return not people and (name in _PEOPLE or name[0].startswith(_PEOPLE_NAMESPACES))

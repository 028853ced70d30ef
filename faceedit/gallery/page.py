"""The page itself: what a run's entries say, as data for the script of `page.html`.

Names and messages are somebody else's: they are spelt out where they cannot be seen, and never become markup.
"""

import base64
import hashlib
import html
import json
import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from faceedit.gallery.thumbnails import FOLDER, Thumbnails
from faceedit.images import write_atomic
from faceedit.labels import COLORS, ID, PARTS, TITLES
from faceedit.report import Entry
from faceedit.stores import StorePath, located

PAGE = "report.html"
# What every browser shows; other outputs are seen as thumbnails and opened by their link.
SHOWABLE = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"})

# Joiners belong to emoji and to several scripts.
_JOINERS = "\u200c\u200d"


def write_gallery(
    out: Path,
    entries: Sequence[Entry],
    *,
    redacts: bool,
    title: str,
    originals: bool = False,
    left_over: Sequence[str] = (),
) -> Path:
    """Write the page of a run into its output folder and return its path; the same entries give the same bytes.

    Thumbnails of older runs that the page must not show are deleted; nothing else in `.report-files` is touched.

    Raises:
        PhotoError: it cannot be written.
    """
    seen = Thumbnails.within(out)
    photos = [
        _photo(entry, out, seen.of(entry, out, redacts=redacts, originals=originals), redacts=redacts)
        for entry in entries
    ]
    seen.remove_stale(redacts=redacts)
    content = {
        "redacts": redacts,
        "originals": redacts and originals,
        "notice": " ".join(filter(None, [_notice(redacts, originals), _remains(left_over)])),
        "legend": [(TITLES.get(part, part), f"rgb{COLORS[ID[part]]}") for part in PARTS[1:]],
        "photos": photos,
    }
    path = out / PAGE
    write_atomic(path, _filled(title, content).encode())
    return path


def _notice(redacts: bool, originals: bool) -> str:
    if not redacts:
        return ""
    if originals:
        return f"This page and {FOLDER} show the originals, as was asked for. Keep them to yourself."
    return "Pictures on this page are made from the outputs alone. A photo that was withheld has none."


def _remains(left_over: Sequence[str]) -> str:
    if not left_over:
        return ""
    return f"Files of earlier runs are still in this folder: {len(left_over):,}, such as {visible(left_over[0])}."


def _photo(entry: Entry, out: Path, pictures: dict[str, Any], *, redacts: bool) -> dict[str, Any]:
    """One photo as the page's script reads it; what is empty is left out."""
    path = PurePath(entry.photo)
    reason = entry.error.removeprefix(f"{entry.photo}: ").removesuffix(f"; {entry.action}")
    about: dict[str, Any] = {
        "name": visible(path.name or entry.photo),
        "folder": "" if path.parent == PurePath() else visible(str(path.parent)),
        "status": entry.status,
        "reason": visible(reason),
        "action": visible(entry.action),
        "faces": [_face(face, entry.audit) for face in entry.faces],
        "findings": [_finding(finding) for finding in entry.findings],
        "notes": [visible(note) for note in entry.notes],
        "checks": [visible(f"{each['check']}: {each['result']}") for each in entry.audit.get("checks", ())],
        **pictures,
    }
    if entry.outputs:
        first, *others = entry.outputs
        about["output"] = _link(first, out)
        about["showable"] = PurePath(first).suffix.lower() in SHOWABLE
        about["extras"] = [{"name": visible(_below(each, first)), "url": _link(each, out)} for each in others]
    if not redacts and "before" in pictures and path.suffix.lower() in SHOWABLE:
        about["original"] = _link(entry.photo, out)
    return {key: value for key, value in about.items() if value not in ("", [], None, False)}


def _below(path: str, first: str) -> str:
    """What a further output is called: its name, and its folder where that is not the first one's."""
    folder, own = PurePath(first).parent, PurePath(path)
    return own.name if own.parent == folder else PurePath(os.path.relpath(own, folder.parent)).as_posix()


def _face(face: Mapping[str, Any], audit: Mapping[str, Any]) -> dict[str, Any]:
    state = next((name for name in ("covered", "left") if face["box"] in audit.get(name, ())), None)
    return {"box": face["box"], "score": face["score"]} | ({"state": state} if state else {})


def _finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    details = dict(finding.get("details", {}))
    if finding["kind"] == "nothing_to_do":
        return _idle(finding.get("face"), details)
    unknown = bool(details.pop("unknown", False))
    if unknown and "reason" in details:
        details = {"reason": details["reason"]}
    about = {
        "kind": visible(str(finding["kind"]).replace("_", " ")),
        "face": finding.get("face"),
        "confidence": finding.get("confidence", 1),
        "box": finding.get("box"),
        "details": visible(", ".join(_detail(key, value) for key, value in details.items())[:200]),
        "unknown": unknown,
    }
    return {key: value for key, value in about.items() if value not in ("", None) and value is not False}


def _idle(face: int | None, details: Mapping[str, Any]) -> dict[str, Any]:
    """A step that found nothing to work on."""
    missing = f"no {details['missing']}" if details.get("missing") else "no face that it is for"
    if details.get("when"):
        missing = f'no face for which "{details["when"]}" is sure'
    about = {"kind": visible(str(details.get("step", "a step"))), "face": face, "details": visible(missing[:200])}
    return {key: value for key, value in about.items() if value is not None} | {"idle": True}


def _detail(key: str, value: object) -> str:
    if key == "reason":
        return str(value)
    return f"{key} {value:.2g}" if isinstance(value, float) else f"{key} {value}"


def visible(text: str) -> str:
    """Text in which every character is seen: controls, marks of direction and stray bytes are spelt out."""
    return text if text.isprintable() else "".join(map(_spelt, text))


def _spelt(letter: str) -> str:
    code = ord(letter)
    if letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) == "Zs":
        return letter
    if code < 0x20:
        return chr(0x2400 + code)  # the control pictures, such as the one for a line feed
    if 0xDC80 <= code <= 0xDCFF:
        return f"[byte {code - 0xDC00:02X}]"
    return f"[U+{code:04X}]"


def _link(path: str, out: Path) -> str:
    """A relative URL from the page to a file, empty where there is none (another drive, another store)."""
    place = located(path)
    if (isinstance(place, StorePath) or isinstance(out, StorePath)) and not place.is_relative_to(out):
        return ""
    try:
        relative = os.path.relpath(path, str(out))
    except ValueError:
        return ""
    return quote(os.fsencode(PurePath(relative).as_posix()))


def _filled(title: str, content: Mapping[str, Any]) -> str:
    """The template with its title, its data and the hashes that let its own style and script, and no other, run."""
    template = files("faceedit.gallery").joinpath("page.html").read_text(encoding="utf-8")
    # "<" and ">" would let a file's name end the script element.
    text = json.dumps(content, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    values = {
        "title": html.escape(visible(title)),
        "data": text,
        "style_hash": _hash(template, "style"),
        "script_hash": _hash(template, "script"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match.group(1)], template)


def _hash(template: str, element: str) -> str:
    _, _, rest = template.partition(f"<{element}>")
    digest = hashlib.sha256(rest.partition(f"</{element}>")[0].encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"

"""One video from its file to its outputs: looked at, edited and written, and where the recipe redacts looked at again.

All of it frame by frame: what is kept of a frame that has passed is where its faces were, some dozen bytes each.
"""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from faceedit import images
from faceedit.detection import Detection
from faceedit.errors import PhotoError, UnreadablePhoto, Withheld
from faceedit.faces import FaceFinder
from faceedit.images.files import settle, shown, temporary
from faceedit.images.isolated import shared
from faceedit.photo import Photo
from faceedit.recipe import Output, Recipe
from faceedit.registry import Registry
from faceedit.report import Entry, findings_json
from faceedit.verify import SecondLook, bare
from faceedit.video import VIDEO_SUFFIXES, encoding
from faceedit.video.checking import Checker, Doubt, Promises, moments
from faceedit.video.container import Reader
from faceedit.video.frames import resized, timecode
from faceedit.video.looking import Looker, Seen
from faceedit.video.rendering import Renderer, sure
from faceedit.video.telling import Tell, Telling, say_nothing

# How often a video is edited: once, and again for each time that the second look finds a face.
ROUNDS = 3
# Seconds that joining pictures and sound may take.
JOINING = 3600

Target = tuple[Path, Output]
Known = dict[int, list[tuple[Detection, float]]]


@dataclass(frozen=True)
class Made:
    """What became of one video: its entry, and a frame of it before and after."""

    entry: Entry
    before: Photo | None = None
    after: Photo | None = None


@dataclass
class _Outcome:
    """What one round of editing gave."""

    promises: Promises
    renderer: Renderer
    notes: list[str]
    before: Photo | None = None
    after: Photo | None = None
    findings: dict[tuple[str, int | None], dict[str, Any]] = field(default_factory=dict)

    def note(self, sentence: str) -> None:
        """Remember a sentence for the report, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(frozen=True)
class VideoEditor:
    """Applies one recipe to videos: `find` is the segmentation service, `limits` what is refused.

    A recipe that redacts needs a second `look`. `begin` is told which files are about to be written, and may refuse.
    `tell` hears how far it is.
    """

    recipe: Recipe
    registry: Registry
    find: FaceFinder
    limits: images.Limits = field(default_factory=images.Limits)
    look: SecondLook | None = None
    begin: Callable[[Iterable[Path]], None] = lambda _paths: None
    tell: Tell = say_nothing

    def __call__(self, source: Path, targets: Sequence[Target], *, faceless: bool = False) -> Made:
        """Edit one video, write its outputs, and say what happened; `faceless` says that it shows nobody for sure.

        Raises:
            PhotoError: the video cannot be read, edited or written; nothing of it was written.
            Withheld: redaction cannot be promised.
        """
        _check_targets(source, targets)
        reader = Reader(source, self.limits)
        info = reader.info
        telling = Telling(source.name, info.frames, 3 if self.recipe.redacts else 2, self.tell)
        seen = self._seen(reader, telling)
        policy = "copy" if faceless else self.recipe.no_faces
        if not sure(seen) and policy != "copy":
            if policy == "skip" and not (self.recipe.redacts and seen.tracks):
                return Made(Entry(str(source), "skipped", notes=["no face was found"]))
            what = "only doubtful faces were found" if seen.tracks else "no face was found"
            raise Withheld(
                f"{shown(source)}: {what}",
                "look at it yourself; no_faces: copy in the recipe lets all such videos pass",
            )
        with contextlib.ExitStack() as stack:
            for path, _ in targets:
                path.parent.mkdir(parents=True, exist_ok=True)
            places = [stack.enter_context(temporary(path)) for path, _ in targets]
            outcome, rounds = self._rounds(reader, seen, targets, places, telling)
            self.begin([path for path, _ in targets])
            for place, (path, _) in zip(places, targets, strict=True):
                settle(place, path)
        return self._made(source, reader, [path for path, _ in targets], outcome, rounds)

    def _seen(self, reader: Reader, telling: Telling, again: Known | None = None) -> Seen:
        telling.begin("looking" if again is None else "following")
        looker = Looker(
            self.find, self.recipe, self.registry, reader.info.layout, _rate(reader), reader.info.time_base, again
        )
        for frame in reader:
            looker(frame)
            telling.step()
        return looker.finish()

    def _rounds(
        self, reader: Reader, seen: Seen, targets: Sequence[Target], places: Sequence[Path], telling: Telling
    ) -> tuple[_Outcome, int]:
        """The outputs in their temporary places; where the recipe redacts, until nothing is found in them.

        Raises:
            Withheld: a second look finds a face again and again.
        """
        doubts: list[Doubt] = []
        for rounds in range(1, ROUNDS + 1):
            outcome = self._written(reader, seen, targets, places, telling)
            if not self.recipe.redacts or self.look is None:
                return outcome, rounds
            doubts = self._doubts(reader, seen, zip(places, targets, strict=True), outcome, telling)
            if not doubts:
                return outcome, rounds
            known = seen.detections()
            for doubt in doubts:
                known.setdefault(doubt.frame, []).append((doubt.face, float("nan")))
            seen = self._seen(reader, telling, known)
        raise Withheld(
            f"{shown(reader.path)}: a second look still sees a face at {moments(doubts)}",
            "look at these moments yourself",
        )

    def _written(
        self, reader: Reader, found: Seen, targets: Sequence[Target], places: Sequence[Path], telling: Telling
    ) -> _Outcome:
        """Edit and write all frames, join them with the sound."""
        info = reader.info
        renderer = Renderer(self.recipe, self.registry, self.find, info.layout, _rate(reader), found)
        outcome = _Outcome(Promises(), renderer, list(info.notes))
        telling.begin("editing")
        with contextlib.ExitStack() as between:
            silent = [between.enter_context(temporary(place)) for place in places]
            with contextlib.ExitStack() as stack:
                encoders = [
                    stack.enter_context(_encoder(place, reader, *target))
                    for place, target in zip(silent, targets, strict=True)
                ]
                for index, frame in enumerate(reader):
                    self._frame(index, frame, reader, encoders, outcome)
                    telling.step()
            for pictures, place, (path, output) in zip(silent, places, targets, strict=True):
                seen, heard, joined = (str(each.absolute()) for each in (pictures, reader.path, place))
                call = partial(encoding.join, seen, heard, joined, path.suffix, output.metadata)
                outcome.notes += shared.call(shown(reader.path), replace(self.limits, seconds=JOINING), call)
        return outcome

    def _frame(
        self, index: int, frame: Any, reader: Reader, encoders: Sequence[encoding.Encoder], outcome: _Outcome
    ) -> None:
        layout = reader.info.layout
        planes, edited, before = outcome.renderer(index, frame)
        for encoder in encoders:
            encoder.write(replace(frame, planes=resized(planes, layout, encoder.layout)))
        if self.recipe.redacts:
            outcome.promises.add(edited.covered, [face.box for face in edited.left], (layout.height, layout.width))
        if outcome.after is None and (edited.photo.faces or index == 0):
            outcome.before, outcome.after = before, bare(edited.photo)
        if edited.extras:
            outcome.note("what effects make beside the photo is not made of videos")
        if edited.photo.alpha is not None:
            outcome.note("transparent parts stayed as they were: the video holds no transparency")
        for finding in findings_json(edited.findings):
            outcome.findings.setdefault((finding["kind"], finding["face"]), finding)

    def _doubts(
        self, reader: Reader, seen: Seen, made: Iterable[tuple[Path, Target]], outcome: _Outcome, telling: Telling
    ) -> list[Doubt]:
        if self.look is None:
            return []
        layout, found = reader.info.layout, []
        for place, _ in made:
            telling.begin("checking")
            checker = Checker(self.look, seen.shots, _rate(reader), telling.step)
            found += checker(Reader(place, self.limits), outcome.promises, (layout.height, layout.width))
        return found

    def _made(self, source: Path, reader: Reader, written: list[Path], outcome: _Outcome, rounds: int) -> Made:
        info = reader.info
        notes = list(dict.fromkeys(outcome.notes))
        if self.recipe.redacts:
            notes += ["the sound is the source's own"] if info.sound else []
            notes += [_KEEP] if any(step.keep for step in self.recipe.steps) else []
        entry = Entry(
            str(source),
            "done",
            outputs=[str(path) for path in written],
            faces=_faces(outcome.renderer),
            findings=[] if self.recipe.redacts else list(outcome.findings.values()),
            notes=notes,
            video=_about(reader, outcome.renderer) | ({"rounds": rounds} if self.recipe.redacts else {}),
        )
        return Made(entry, outcome.before, outcome.after)


_KEEP = "people of keep are not recognised in videos: everybody was hidden"


def _rate(reader: Reader) -> float:
    return float(reader.info.rate)


def _check_targets(source: Path, targets: Sequence[Target]) -> None:
    """Whether videos can be written so.

    Raises:
        PhotoError: an output is for photos only.
    """
    if not targets:
        raise PhotoError(f"{shown(source)}: the recipe writes only extras, which videos have none of", "use photos")
    for path, output in targets:
        if output.layered:
            raise PhotoError(f"{shown(source)}: {output.format} holds one photo, no video", "use another recipe")
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            known = ", ".join(sorted(VIDEO_SUFFIXES))
            raise UnreadablePhoto(f'{shown(source)}: "{path.name}" is no name of a video', f"use {known}, or {{ext}}")


def _encoder(place: Path, reader: Reader, path: Path, output: Output) -> encoding.Encoder:
    layout = encoding.encodable(reader.info, path.suffix, output.max_side)
    return encoding.Encoder(place, reader.info, layout, path.suffix, output.quality)


def _faces(renderer: Renderer) -> list[dict[str, Any]]:
    """The people of a video as reports name faces: the box is where they are first seen."""
    tracks = renderer.seen.tracks
    found = []
    for person in renderer.people.people:
        number, first, _ = person.pieces[0]
        track = tracks[number]
        row = track.table[first - track.start]
        box = [round(float(row[0] - row[2] / 2)), round(float(row[1] - row[3] / 2))]
        box += [round(float(row[0] + row[2] / 2)), round(float(row[1] + row[3] / 2))]
        found.append({"index": person.index, "box": box, "score": round(track.score, 3)})
    return found


def _about(reader: Reader, renderer: Renderer) -> dict[str, Any]:
    """What the report says of a video, beside what it says of a photo."""
    info, seen = reader.info, renderer.seen
    rate = float(info.rate)
    return {
        "width": info.layout.width,
        "height": info.layout.height,
        "frames": seen.frames,
        "seconds": round(info.duration or seen.frames / rate, 3),
        "fps": round(rate, 3),
        "shots": len(seen.shots),
        "tracks": [
            {"face": person.index, "from": timecode(seen.times[first]), "to": timecode(seen.times[last - 1])}
            for person in renderer.people.people
            for _, first, last in person.pieces
        ],
    }

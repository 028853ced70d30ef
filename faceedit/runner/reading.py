"""The pictures of a job: a photo, or the frames or pages of an animation or a document."""

from dataclasses import replace

from faceedit import images
from faceedit.errors import UnreadablePhoto
from faceedit.photo import Photo
from faceedit.runner.discovery import Input
from faceedit.runner.targets import Job
from faceedit.stores import StorePath

# Files of these formats may hold more than one picture that a person would see.
MOVING = ("gif", "webp", "png", "tiff", "avif", "heif")


def read_still(job: Job, limits: images.Limits) -> Photo:
    """The photo of a job.

    Raises:
        UnreadablePhoto: it cannot be read, or has several pictures.
    """
    photo = _first(job.input.at_hand(limits), limits)
    if _is_several(photo):
        count = photo.source.frames
        message = f"{job.input.path}: has {count} frames or pages, which apply edits and this command does not take"
        raise UnreadablePhoto(message, "save the one you want as a picture of its own")
    return photo


def read_frames(job: Job, limits: images.Limits) -> images.Frames:
    """All pictures of a job: a photo, or the frames or pages of its file.

    Raises:
        UnreadablePhoto: it cannot be read, or holds several pictures in a way that faceedit does not write.
    """
    source = job.input.at_hand(limits)
    photo = _first(source, limits)
    if not _is_several(photo):
        return images.Frames((photo,))
    kind, count = photo.source.format, photo.source.frames
    if not images.FORMATS[kind].several:
        message = f"{job.input.path}: has {count} pictures, and several in one {kind.upper()} file are not edited"
        raise UnreadablePhoto(message, "export it as GIF, PNG or WebP, or save the picture you want")
    frames = images.frames_isolated(source.file, limits=limits)
    return replace(frames, photos=tuple(_named(each, source) for each in frames.photos))


def _first(source: Input, limits: images.Limits) -> Photo:
    if source.problem:
        raise UnreadablePhoto(source.problem, source.hint)
    try:
        return _named(images.read_isolated(source.file, limits=limits), source)
    except UnreadablePhoto as error:
        raise UnreadablePhoto(error.message.replace("picture:", f"{source.path}:", 1), error.hint) from error


def _named(photo: Photo, source: Input) -> Photo:
    if isinstance(source.path, StorePath):  # other photos without a file have no name of their own
        return photo.replaced(source=replace(photo.source, path=source.path))
    return photo


def _is_several(photo: Photo) -> bool:
    return photo.source.frames > 1 and photo.source.format in MOVING

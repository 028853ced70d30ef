"""All that a process needs to do photos: small, the same in every worker, made into models and plugins there."""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

from faceedit import __version__, images, models
from faceedit.detection import THOROUGH, Search
from faceedit.errors import PhotoError, UnreadablePhoto
from faceedit.faces import FaceFinder
from faceedit.gallery import thumbnails, withheld
from faceedit.identity import People
from faceedit.photo import Model, Photo
from faceedit.recipe import Recipe, load_recipe
from faceedit.registry import Registry, Selection
from faceedit.report import Entry
from faceedit.runner.decisions import Decisions
from faceedit.runner.journal import Journal
from faceedit.runner.process import Processor, write_all
from faceedit.runner.reading import read_still
from faceedit.runner.records import Records
from faceedit.runner.redaction import Wishes
from faceedit.runner.targets import Job
from faceedit.segmentation.folder import Folder as ModelFolder
from faceedit.segmentation.served import Address
from faceedit.verify import SecondLook
from faceedit.video import is_video

Exists = Literal["changed", "skip", "overwrite", "unique", "fail"]


@dataclass(frozen=True)
class Engine:
    """Which model and detector, on which device, with how many CPU threads (0: as many as torch likes).

    `backend` runs the model; `allow_remote` lets a recipe that redacts show photos to a model on another machine.
    With a `service` the model is that of another process.
    """

    model: str = ""
    device: str = "auto"
    detector: str = "auto"
    threads: int = 0
    backend: models.Engine = "torch"
    allow_remote: bool = False
    service: Address | None = None


@dataclass(frozen=True)
class Showing:
    """What a recipe that redacts may show and tell beside its photos: nothing, unless it is asked for.

    `names` of the people that were kept, `originals` on the page, `neutral_names` instead of the photos' own.
    `embedder` tells people apart.
    """

    names: bool = False
    originals: bool = False
    neutral_names: bool = False
    embedder: str = "sface"


@dataclass(frozen=True)
class Task:
    """One recipe, one engine, one output folder. `exists` says what happens where an output is there already.

    `changed`: done again where photo, recipe, model or plugins differ; `skip`: left as it is; `overwrite`: done again;
    `unique`: written under a new name; `fail`: the run is refused. A file that faceedit did not make is never replaced.
    """

    recipe: Path
    out: Path
    variables: tuple[tuple[str, str], ...] = ()
    engine: Engine = Engine()
    limits: images.Limits = field(default_factory=images.Limits)
    exists: Exists = "changed"
    plugins: Selection = field(default_factory=Selection)
    showing: Showing = Showing()

    @cached_property
    def registry(self) -> Registry:
        """The plugins that the task may use."""
        return Registry.installed(self.plugins)

    @cached_property
    def loaded(self) -> Recipe:
        """The recipe.

        Raises:
            RecipeError: it cannot be used.
        """
        return load_recipe(self.recipe, self.registry, dict(self.variables))

    @cached_property
    def find(self) -> FaceFinder:
        """The segmentation service; a recipe that redacts looks harder.

        Raises:
            ModelError: the model is not on this machine, or unfit.
        """
        search = THOROUGH if self.loaded.redacts else Search()
        return replace(finder(self.engine, self.registry, search, self.loaded.model), bodies=self.loaded.bodies)

    @cached_property
    def people(self) -> dict[str, People]:
        """Those whose faces the recipe's steps keep, by their folders.

        Raises:
            UsageError: a folder cannot be used.
            SetupError: the embedder is not there.
        """
        folders = [step.keep for step in self.loaded.steps if step.keep]
        return models.people(folders, self.registry, self.find, self.limits, self.showing.embedder) if folders else {}

    @property
    def others(self) -> tuple[str, ...]:
        """The installed plugins and plugin files of others whose code does the photos, as "name version"."""
        registry, engine, recipe = self.registry, self.engine, self.loaded
        named = [
            (registry.segmenters, engine.model or recipe.model or models.default()),
            (registry.detectors, engine.detector),
            (registry.embedders, self.showing.embedder if any(step.keep for step in recipe.steps) else ""),
        ]
        kinds = {kind for step in recipe.steps if step.when for kind in step.when.kinds}
        used = [registry.owner(step.effect.name) for step in recipe.steps]
        used += [registry.inspectors.owner(name) for name in registry.asked(kinds)]
        used += [known.owner(name) for known, name in named if name in known]
        return tuple(sorted({str(plugin) for plugin in used if plugin.distribution and not plugin.own}))

    @property
    def shares_a_card(self) -> bool:
        """Whether the model works on a graphics card, which several processes then share.

        Raises:
            SetupError: the device is not there.
        """
        name = self.engine.model or self.loaded.model or models.default()
        own = name in self.registry.segmenters or models.is_remote(name)
        return not own and self.engine.backend != "openvino" and models.on_a_card(self.engine.device)

    @property
    def model(self) -> Model:
        """Which model labels the faces; it is loaded only where that alone can tell.

        Raises:
            ModelError: the model is not on this machine, or unfit.
        """
        name = self.engine.model or self.loaded.model or models.default()
        if "find" in vars(self) or name in self.registry.segmenters or models.is_remote(name):
            return self.find.segmenter.model
        return ModelFolder.read(models.find(name), name).model

    def worker(self) -> "Worker":
        """What does the photos in this process."""
        return Worker(self)


def finder(engine: Engine, registry: Registry, search: Search, model: str | None = None) -> FaceFinder:
    """The segmentation service of an engine; `model` counts where the engine names none.

    Raises:
        ModelError: the model is not on this machine, or unfit.
        SetupError: the device or the detector is not there.
        UsageError: a recipe that redacts would show photos to another machine.
    """
    name = engine.model or model or models.default()
    models.refuse_remote(name, redacts=search == THOROUGH, allowed=engine.allow_remote)
    return models.face_finder(
        name,
        registry,
        device=engine.device,
        detector=engine.detector,
        search=search,
        engine=engine.backend,
        threads=engine.threads,
        service=engine.service,
    )


def _thumbnails(
    target: Path, before: Photo | None, after: Photo, *, out: Path, redacts: bool, originals: bool
) -> Mapping[Path, bytes]:
    return thumbnails(target, before, after, out, redacts=redacts, originals=originals)


class Worker:
    """Does one photo after another, and keeps the journal, whose lines lie in `records` or in the output folder."""

    def __init__(self, task: Task, records: Records | None = None) -> None:
        self.task = task
        self.tell: Callable[[str], None] | None = None  # hears how far a video is
        self.journal = Journal(task.out, records)
        look = SecondLook(task.find.detector, task.find.segmenter) if task.loaded.redacts else None
        small = partial(_thumbnails, out=task.out, redacts=task.loaded.redacts, originals=task.showing.originals)
        begin = partial(self.journal.begin, redacts=task.loaded.redacts)
        wishes = Wishes(task.people, Decisions.read(task.out), task.showing.names, task.showing.originals)
        self._process = Processor(
            task.loaded, task.registry, task.find, task.limits, look, begin, small, wishes, self._tell
        )
        self._circumstances = self._stated()

    def __call__(self, job: Job) -> Entry:
        """The photo's entry; from the journal if it was done before in the same way.

        Raises:
            PhotoError: the photo cannot be read, edited or written; nothing of it was written.
        """
        if job.input.problem:  # no photo, whose older output would have to go
            raise UnreadablePhoto(job.input.problem, job.input.hint)
        job = replace(job, input=job.input.at_hand(self.task.limits))
        key = self._key(job)
        if self.task.exists == "changed" and key and (entry := self.journal.finished(job.target, key)):
            return entry
        begin = time.perf_counter()
        try:
            entry = self._process(job)
        except Exception:  # whatever it was: a redacting run leaves no older output of this photo behind
            if self.task.loaded.redacts:
                self.journal.retract(job.target, job.targets)
                self._show_withheld(job)
            raise
        self.journal.end(job.target, key, entry.timed(time.perf_counter() - begin))
        return entry

    def _tell(self, text: str) -> None:
        if self.tell:
            self.tell(text)

    def _show_withheld(self, job: Job) -> None:
        """Lay a small picture of a photo that was withheld beside the page, if that was asked for."""
        if self.task.showing.originals and not is_video(job.input.path):
            with contextlib.suppress(PhotoError):  # it cannot be read, or not be written: the page does without
                photo = read_still(job, self.task.limits)
                write_all({}, withheld(job.input.path, photo, self.task.out))

    def _stated(self) -> str:
        """All that a result depends on but the photo: recipe, model, versions of faceedit and the plugins."""
        plugins = sorted({str(plugin) for plugin in self.task.registry.plugins})
        sha256 = self.task.find.segmenter.model.sha256
        people = [self.task.people[step.keep].digest for step in self.task.loaded.steps if step.keep]
        showing = [self.task.showing.names, self.task.showing.originals]
        about = [self.task.loaded.digest, sha256, self.task.engine.detector, people, showing]
        return json.dumps([__version__, plugins, about])

    def _key(self, job: Job) -> str:
        try:
            large = job.input.content is None and job.input.path.stat().st_size > self.task.limits.megabytes * 1e6
            if large and not is_video(job.input.path):
                return ""  # it is refused unread
            content = job.input.sha256
        except OSError:
            return ""
        decision = self._process.wishes.decisions.known.get(content)
        return hashlib.sha256(f"{self._circumstances} {content} {decision}".encode()).hexdigest()

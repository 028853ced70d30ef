"""One model for several processes: who asks at one time is answered together, each with his own."""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from faceedit import models
from faceedit.errors import PhotoError
from faceedit.labels import PARTS
from faceedit.photo import Model
from faceedit.runner import Crew, Engine, Folder, Task, discover
from faceedit.segmentation.segformer import SegFormer
from faceedit.segmentation.served import Address, Served, Service, Together

PORTRAIT = Path(__file__).parent.parent / "samples" / "photos" / "portrait.jpg"


class Slow:
    """A card that works on its first call until it may go on, and answers each crop with its first sample."""

    model = Model("slow", "1" * 64)
    size = 4
    notes: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.batches: list[int] = []

    def logits(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches.append(len(crops))
        self.begun.set()
        assert self.go_on.wait(10)
        if (crops == 66).any():
            self.notes = ("saw 66",)
        if (crops == 255).any():
            raise PhotoError("white is too much", "darken it")
        if (crops == 13).any():
            raise RuntimeError("CUDA error")
        return np.zeros((len(crops), len(PARTS), 1, 1), np.float32) + crops[:, 0, 0, 0, None, None, None]


def crops(*values: int) -> NDArray[np.uint8]:
    return np.stack([np.full((4, 4, 3), value, np.uint8) for value in values])


def asked(ask: Together, card: Slow, *each: NDArray[np.uint8]) -> list[object]:
    """What each of several threads is answered that ask while the card is busy with something else."""
    with ThreadPoolExecutor(len(each) + 1) as pool:
        first = pool.submit(ask.logits, crops(0))
        assert card.begun.wait(10)
        rest = [pool.submit(ask.logits, one) for one in each]
        while ask._waiting.qsize() < len(each):
            pass
        card.go_on.set()
        first.result(10)
        return [one.exception(10) or one.result()[:, 0, 0, 0].tolist() for one in rest]


def test_what_comes_while_the_card_is_busy_is_shown_to_it_together() -> None:
    card = Slow()
    together = Together(card)
    assert asked(together, card, crops(1, 2), crops(3), crops(4, 5, 6)) == [[1, 2], [3], [4, 5, 6]]
    assert card.batches == [1, 6]
    together.close()


def test_crops_that_fail_fail_alone() -> None:
    card = Slow()
    together = Together(card)
    good, bad, also_good = asked(together, card, crops(1), crops(255), crops(3))
    assert (good, also_good) == ([1], [3])
    assert isinstance(bad, PhotoError)
    assert card.batches == [1, 3, 1, 1, 1]
    together.close()


@pytest.fixture
def service() -> Iterator[Service]:
    card = Slow()
    card.go_on.set()
    service = Service(card)
    yield service
    service.close()


def test_another_process_is_answered_as_by_the_segmenter_itself(service: Service) -> None:
    served = Served(service.address)
    assert (served.model, served.size) == (Slow.model, 4)
    assert served.logits(crops(7, 8))[:, 0, 0, 0].tolist() == [7, 8]
    assert served.notes == ()
    served.logits(crops(66))
    assert served.notes == ("saw 66",)


def test_errors_arrive_there_too_and_end_nothing(service: Service) -> None:
    served = Served(service.address)
    with pytest.raises(PhotoError, match="white is too much") as told:
        served.logits(crops(255))
    assert told.value.hint == "darken it"
    with pytest.raises(PhotoError, match=r"the model failed.*CUDA error"):
        served.logits(crops(13))
    assert served.logits(crops(9))[0, 0, 0, 0] == 9


def test_whoever_has_no_key_is_not_answered_and_those_who_have_are(service: Service) -> None:
    with pytest.raises((AuthenticationError, EOFError)):
        Client(service.address.place, authkey=b"another")
    assert Served(service.address).logits(crops(9))[0, 0, 0, 0] == 9
    assert service.address.key.hex() not in repr(Engine(service=service.address))


def test_a_closed_service_answers_nobody(service: Service) -> None:
    service.close()
    with pytest.raises((OSError, EOFError)):
        Served(Address(service.address.place, service.address.key)).logits(crops(1))


def test_a_card_is_looked_for_only_where_there_may_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("faceedit.segmentation.chosen_device", lambda name: asked.append(name) or "cuda", raising=False)
    monkeypatch.setattr(models.sys, "platform", "linux")
    monkeypatch.setattr(models.shutil, "which", lambda _: None)
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert not models.on_a_card("cpu")
    assert not models.on_a_card("auto")
    assert asked == []  # it costs an import of torch
    monkeypatch.setattr(models.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
    assert models.on_a_card("auto")
    assert models.on_a_card("cuda:1")
    assert asked == ["auto", "cuda:1"]


def test_processes_that_share_a_card_leave_the_model_in_this_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    own = SegFormer.logits

    def seen(self: SegFormer, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        batches.append(len(crops))
        return own(self, crops)

    monkeypatch.setattr(models, "on_a_card", lambda _device: True)
    monkeypatch.setattr(SegFormer, "logits", seen)
    (tmp_path / "in").mkdir()
    for name in "ab":
        shutil.copy(PORTRAIT, tmp_path / "in" / f"{name}.jpg")
    (tmp_path / "r.yaml").write_text("faceedit: 1\nsteps: [{effect: blur}]\n")
    task = Task(tmp_path / "r.yaml", tmp_path / "out", engine=Engine("lite", "cpu", threads=1))
    folder = Folder(task, discover([str(tmp_path / "in")]))
    with Crew(task, 2) as crew:
        (tmp_path / "out").mkdir()
        entries = list(crew.do(folder.planned[0]))
    assert [entry.status for entry in entries] == ["done", "done"]
    assert [len(entry.faces) for entry in entries] == [1, 1]
    assert sum(batches) >= 2

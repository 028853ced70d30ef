"""One model for several processes: on a graphics card, which is quickest when it sees the crops of several photos.

The processes read, look for faces, edit and write, so that the card does not wait for any of that. The model lies in
the process that began them; crops that come while it is busy are shown to it together.
"""

import contextlib
import secrets
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faceedit.errors import FaceEditError, PhotoError, reason
from faceedit.photo import Model
from faceedit.segmentation.crops import Segmenter

Crops = NDArray[np.uint8]  # (n, size, size, 3)
Logits = NDArray[np.float32]  # (n, 19, h, w)
Asked = tuple[Crops, "Future[Logits]"]


class Together:
    """Calls of several threads at a segmenter, which answers all that wait at one time in one call."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._waiting: SimpleQueue[Asked | None] = SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def logits(self, crops: Crops) -> Logits:
        """What the segmenter answers about these crops; what it raises is raised here."""
        answer: Future[Logits] = Future()
        self._waiting.put((crops, answer))
        return answer.result()

    def close(self) -> None:
        """Answer nothing any more."""
        self._waiting.put(None)

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            asked = [first]
            while not self._waiting.empty() and (another := self._waiting.get()) is not None:
                asked.append(another)
            self._answer(asked)

    def _answer(self, asked: Sequence[Asked]) -> None:
        try:
            logits = self._segmenter.logits(np.concatenate([crops for crops, _ in asked]))
        except Exception as error:  # whatever it is, it belongs to those who asked
            if len(asked) == 1:
                asked[0][1].set_exception(error)
                return
            for each in asked:  # one photo's trouble is not that of the others
                self._answer([each])
            return
        ends = np.cumsum([len(crops) for crops, _ in asked])
        for (_, answer), own in zip(asked, np.split(logits, ends[:-1]), strict=True):
            answer.set_result(own)


@dataclass(frozen=True)
class Address:
    """Where a `Service` is, and the key without which it answers nobody."""

    place: Any
    key: bytes = field(repr=False)


class Service:
    """A segmenter that other processes on this machine may ask, until it is closed."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter, self._together = segmenter, Together(segmenter)
        key = secrets.token_bytes(32)
        self._listener = Listener(authkey=key)
        self.address = Address(self._listener.address, key)
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let nobody ask any more."""
        self._closed = True
        with contextlib.suppress(OSError):
            Client(self.address.place, authkey=self.address.key).close()  # wakes the thread that waits for others
        self._together.close()

    def _accept(self) -> None:
        with self._listener:
            while not self._closed:
                with contextlib.suppress(AuthenticationError, OSError):
                    connection = self._listener.accept()
                    threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: "Connection[Any, Any]") -> None:
        with connection, contextlib.suppress(EOFError, OSError):  # those who asked are gone
            connection.send((self._segmenter.model, self._segmenter.size))
            while True:
                answer = self._answered(connection.recv())
                connection.send((answer, getattr(self._segmenter, "notes", ())))

    def _answered(self, crops: Crops) -> Logits | FaceEditError:
        try:
            return self._together.logits(crops)
        except FaceEditError as error:
            return type(error)(error.message, error.hint)
        except Exception as error:  # the boundary: another process cannot be shown a traceback
            return PhotoError(f"the model failed: {reason(error)}", "please report this")


class Served:
    """The segmenter of a `Service`, as another process has it."""

    model: Model
    size: int

    def __init__(self, address: Address) -> None:
        self._connection = Client(address.place, authkey=address.key)
        self.model, self.size = self._connection.recv()
        self.notes: tuple[str, ...] = ()

    def logits(self, crops: Crops) -> Logits:
        """Logits (n, 19, h, w) float32 for crops (n, size, size, 3) uint8.

        Raises:
            FaceEditError: what the segmenter raised there.
        """
        self._connection.send(crops)
        answer, self.notes = self._connection.recv()
        if isinstance(answer, FaceEditError):
            raise answer
        logits: Logits = answer
        return logits

"""Decoding in a process of its own: a file that crashes a decoder, hangs it or eats memory costs itself alone.

The process is begun with the first photo and kept for all that follow; it ends with its standard input, so also when
this process is killed. Calls and answers are pickles; pixels follow their answer as they lie in memory.
"""

import contextlib
import faulthandler
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import numpy as np

from faceedit.errors import FaceEditError, PhotoError, UnreadablePhoto, reason
from faceedit.images.decode import Samples
from faceedit.images.files import shown
from faceedit.images.frames import Frames, read_frames
from faceedit.images.header import AGAIN
from faceedit.images.read import Limits, native, read
from faceedit.photo import Photo

if sys.platform != "win32":
    import resource

Answer = TypeVar("Answer")

_SERVE = "import sys; sys.path[:] = sys.argv[1:]; from faceedit.images.isolated import serve; serve()"
_PIPE = 1 << 20  # bytes; the usual 64 KiB make twice as many turns
_GIB = 1 << 30
_ENDING = 5.0  # seconds that a process may take to end after its last word
_KILLED = 9  # SIGKILL, which Windows has no name for
_TOO_LATE = 1  # the exit status of a process that faulthandler ends
_USUAL = Limits()


class Isolated:
    """Another process that calls functions, within limits in time and memory (`Limits.seconds`, `Limits.gigabytes`).

    `program` is what that process runs; it must call `serve`.
    """

    def __init__(self, program: str = _SERVE) -> None:
        self._program = program
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def call(self, name: str, limits: Limits, function: Callable[[], Answer]) -> Answer:
        """What a function, or a `partial` of one, answers about a photo, which errors call `name`.

        Raises:
            UnreadablePhoto: it took too long, too much memory, or ended the process.
            PhotoError: it raised anything but a FaceEditError, which is raised here as it was there.
        """
        start = time.monotonic()
        with self._lock:
            process = self._begun()
            try:
                answer = _asked(process, (name, limits, pickle.dumps(function, protocol=5)))
            except (EOFError, OSError, pickle.UnpicklingError) as error:
                status = _ended(process)
                _end(process)
                hung = status == _TOO_LATE and time.monotonic() - start >= limits.seconds
                raise _lost(name, status, limits.seconds if hung else None) from error
            except BaseException:  # interrupted in the middle of an answer
                _end(process)
                raise
        if isinstance(answer, FaceEditError):
            raise answer
        return cast("Answer", answer)

    def _begun(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(  # noqa: S603  this interpreter, this package
                [sys.executable, "-c", self._program, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # what native decoders print there is said once, in the photo's own line
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                pipesize=_PIPE,
            )
            weakref.finalize(self, _end, self._process)
        return self._process


def _asked(process: "subprocess.Popen[bytes]", question: object) -> Any:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    pickle.dump(question, process.stdin, protocol=5)
    process.stdin.flush()
    content, sizes = pickle.load(process.stdout)  # noqa: S301  from our own process
    return pickle.loads(content, buffers=list(_received(process.stdout, sizes)))  # noqa: S301  likewise


def _received(pipe: Any, sizes: list[int]) -> Iterator[memoryview]:
    for size in sizes:
        buffer = np.empty(size, np.uint8).data
        if pipe.readinto(buffer) < size:
            raise EOFError
        yield buffer.toreadonly()


def _ended(process: "subprocess.Popen[bytes]") -> int | None:
    """How the process ended by itself; None where it runs on, but gives no answer."""
    try:
        return process.wait(_ENDING)
    except subprocess.TimeoutExpired:
        return None


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    with contextlib.suppress(OSError), process:  # closes the pipes and waits
        pass


def _lost(name: str, status: int | None, seconds: float | None) -> UnreadablePhoto:
    """The error for a photo on which the process ended."""
    if seconds is not None:
        return UnreadablePhoto(f"{name}: was not decoded within {seconds:g} s", "export it anew, as TIFF or JPEG")
    if status is None:
        return UnreadablePhoto(f"{name}: its decoder gave no answer that can be understood", AGAIN)
    if status == -_KILLED:
        return UnreadablePhoto(
            f"{name}: its decoder was killed by the system or somebody else (SIGKILL)",
            "mostly memory ran out: use fewer --jobs or less --max-memory, then run it again",
        )
    known = {each.value: each.name for each in signal.Signals}
    how = known.get(-status, f"exit status {status}")
    return UnreadablePhoto(f"{name}: crashed its decoder ({how})", AGAIN)


shared = Isolated()
"""The one that all commands of this process use."""


def read_isolated(source: Path | str | bytes, *, limits: Limits = _USUAL, process: Isolated = shared) -> Photo:
    """The picture in a file or in memory as `read` gives it, decoded in another process.

    Raises:
        UnreadablePhoto: as `read` does, and where decoding took too long, too much memory, or ended the process.
    """
    name = "picture" if isinstance(source, bytes) else shown(source)
    return process.call(name, limits, partial(read, source, limits=limits))


def frames_isolated(source: Path | str | bytes, *, limits: Limits = _USUAL) -> Frames:
    """All pictures in a file or in memory as `read_frames` gives them, decoded in another process.

    Raises:
        UnreadablePhoto: as `read_frames` does, and where decoding took too long, too much memory, or ended the process.
    """
    name = "picture" if isinstance(source, bytes) else shown(source)
    return shared.call(name, limits, partial(read_frames, source, limits))


def native_isolated(content: bytes, *, limits: Limits = _USUAL) -> Samples:
    """The samples of a file that could be read, in its own color space, decoded in another process.

    Raises:
        UnreadablePhoto: decoding took too long, too much memory, or ended the process.
    """
    return shared.call("picture", limits, partial(native, content, limits))


def serve() -> None:
    """Answer the calls on standard input until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a decoder prints is no answer
    with answers, Path(os.devnull).open("w") as nowhere:
        while True:
            try:
                name, limits, function = pickle.load(sys.stdin.buffer)  # noqa: S301  from our own process
            except EOFError:
                return
            _limit_memory(limits.gigabytes)
            # Needs no help of the interpreter, so it also ends decoders that never return to it.
            faulthandler.dump_traceback_later(limits.seconds, exit=True, file=nowhere)
            answer = _answer(name, limits, function)
            faulthandler.cancel_dump_traceback_later()
            _send(answers, answer)
            del answer  # a photo need not lie here until the next one comes


def _limit_memory(gigabytes: float) -> None:
    if sys.platform != "win32":
        most = resource.getrlimit(resource.RLIMIT_AS)[1]
        wanted = int((gigabytes + _own_gigabytes()) * _GIB)
        resource.setrlimit(resource.RLIMIT_AS, (wanted if most < 0 else min(wanted, most), most))


def _own_gigabytes() -> float:
    """Address space that this process takes before it decodes anything."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):  # not on Linux
        return 1.0
    return pages * os.sysconf("SC_PAGE_SIZE") / _GIB


def _answer(name: str, limits: Limits, function: bytes) -> object:
    try:
        return pickle.loads(function)()  # noqa: S301  from our own process; what it imports may fail, too
    except FaceEditError as error:
        return type(error)(error.message, error.hint)  # without the frames that hold half a picture
    except MemoryError:
        return UnreadablePhoto(
            f"{name}: needs more than {limits.gigabytes:g} GB to be decoded", "allow more with --max-memory"
        )
    except Exception as error:  # the boundary: what the asking process gets instead of silence
        return PhotoError(f"{name}: unexpected {reason(error)}", "please report this")


def _send(pipe: BinaryIO, answer: object) -> None:
    buffers: list[pickle.PickleBuffer] = []
    content = pickle.dumps(answer, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    pickle.dump((content, [view.nbytes for view in views]), pipe, protocol=5)
    for view in views:
        pipe.write(view)
    pipe.flush()

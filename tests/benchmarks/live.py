"""How many frames of 720p a second does a Stream do? Two faces that move, redacted.

    python -m tests.benchmarks.live ../shared/data [RECIPE] [FRAMES]

Prints the processor time of one `process` call, and with the thread beside it of a frame in all; the frames a second by
that, where the calls have a core of their own; and, since a busy machine makes all of it slower, how many looks of the
detector at 480 px the same time would be enough for.
"""

import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

import faceedit
from tests.clips_support import Actor, Photos, Scene, frames

RATE = 15


def main() -> None:
    """Print the figures."""
    data = Path(sys.argv[1])
    recipe = sys.argv[2] if len(sys.argv) > 2 else "samples/recipes/publish.yaml"
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 30
    photos = Photos(data)
    actors = [
        Actor(photos.portrait(), lambda t: (170 + 50 * np.sin(5 * t), 170, 90, 4 * np.sin(9 * t))),
        Actor(photos.portrait(), lambda t: (450, 190 + 9 * np.sin(8 * t), 80, 0)),
    ]
    shown = [
        np.asarray(Image.fromarray(pixels).resize((1280, 720)))
        for pixels, _ in frames([Scene(photos.ground(), actors, count)])
    ]
    calls, begin = [], 0.0
    with faceedit.Stream(recipe, seconds=10) as stream:
        for index, frame in enumerate(shown):
            if index == 2:  # by then all is loaded, and the first thorough look is done
                begin = time.process_time()
            before = time.thread_time()
            stream.process(frame, index / RATE)
            calls.append(time.thread_time() - before)
            if index % 10 == 0:
                stream.wait(60)
        whole = time.process_time() - begin
        small = np.asarray(Image.fromarray(shown[0]).resize((480, 270)))
        looks = []
        for _ in range(9):
            before = time.thread_time()
            stream.find.detector.detect(small)
            looks.append(time.thread_time() - before)
    call, look = float(np.median(calls[2:])), float(np.median(looks))
    print(f"{call * 1000:.0f} ms of processor time a call (median), {whole / (count - 2) * 1000:.0f} ms a frame in all")
    print(f"{1 / call:.0f} frames a second where calls have a core of their own; a call takes {call / look:.1f} looks")


if __name__ == "__main__":
    main()

"""Does a long video take more memory than a short one? `python -m tests.benchmarks.length [SECONDS ...]`, 30 and 120.

Clips of 320 x 176 pixels with a painted face that goes to and fro, and a sound track, redacted by `faceedit apply` with
a model that costs little. Prints the peak memory of all its processes together, and the processor time of a frame.
"""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from cluster_support import ENVIRONMENT, PLUGIN  # noqa: E402 - beside the tests
from video_support import RATE, painted, write_video  # noqa: E402 - likewise

from tests.benchmarks.measure import child  # noqa: E402 - likewise


def main() -> None:
    """Print the table, a line as soon as it is known."""
    os.environ.update(ENVIRONMENT)
    there = painted(2 * RATE)
    around = [*there, *there[::-1]]
    print("| seconds | frames | peak MB of all processes | CPU ms a frame |\n|--:|--:|--:|--:|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "painted.py").write_text(PLUGIN)
        (place / "recipe.yaml").write_text("faceedit: 1\nsteps: [{effect: redact}]\n")
        for seconds in [int(word) for word in sys.argv[1:]] or [30, 120]:
            frames = [around[index % len(around)] for index in range(seconds * RATE)]
            name = f"{seconds}.mp4"
            write_video(place / name, frames, codec="libx264", pix_fmt="yuv420p", sound="aac")
            command = [sys.executable, "-m", "faceedit", "apply", place / "recipe.yaml", place / name]
            command += ["-o", place / "out", "--plugin", place / "painted.py", "--model", "painted"]
            cost = child([*command, "--detector", "painted", "--threads", "1"])()
            print(
                f"| {seconds} | {len(frames)} | {cost.sum_mb:.0f} | {cost.cpu / len(frames) * 1000:.0f} |", flush=True
            )


if __name__ == "__main__":
    main()

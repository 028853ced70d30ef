"""Many photos through one recipe: which ones, where to, one by one, and what to remember."""

from faceedit.runner.decisions import Decisions, decide, marks_of, read_boxes
from faceedit.runner.discovery import Input, discover
from faceedit.runner.folder import Folder
from faceedit.runner.journal import Journal
from faceedit.runner.process import MAPS, Processor, segmented, write_all
from faceedit.runner.reading import read_frames, read_still
from faceedit.runner.run import make_output_folder, run
from faceedit.runner.stopping import Stopping
from faceedit.runner.targets import Job, Place, check_apart, plan
from faceedit.runner.task import Engine, Showing, Task, finder
from faceedit.runner.watching import watch
from faceedit.runner.workers import Crew

__all__ = [
    "MAPS",
    "Crew",
    "Decisions",
    "Engine",
    "Folder",
    "Input",
    "Job",
    "Journal",
    "Place",
    "Processor",
    "Showing",
    "Stopping",
    "Task",
    "check_apart",
    "decide",
    "discover",
    "finder",
    "make_output_folder",
    "marks_of",
    "plan",
    "read_boxes",
    "read_frames",
    "read_still",
    "run",
    "segmented",
    "watch",
    "write_all",
]

"""Many photos through one recipe: which ones, where to, one by one, and what to remember."""

from faceedit.runner.discovery import Input, discover
from faceedit.runner.folder import Folder
from faceedit.runner.journal import Journal
from faceedit.runner.process import MAPS, Processor, read_still, segmented, write_all
from faceedit.runner.run import make_output_folder, run
from faceedit.runner.targets import Job, check_apart, plan
from faceedit.runner.task import Engine, Task, finder

__all__ = [
    "MAPS",
    "Engine",
    "Folder",
    "Input",
    "Job",
    "Journal",
    "Processor",
    "Task",
    "check_apart",
    "discover",
    "finder",
    "make_output_folder",
    "plan",
    "read_still",
    "run",
    "segmented",
    "write_all",
]

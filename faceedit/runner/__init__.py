"""Many photos through one recipe: which ones, where to, one by one, and what to remember."""

from faceedit.runner.discovery import Input, discover
from faceedit.runner.folder import Folder
from faceedit.runner.journal import Journal
from faceedit.runner.process import Processor, read_still, segmented, write_all
from faceedit.runner.run import make_output_folder, run
from faceedit.runner.targets import Job, check_apart, plan

__all__ = [
    "Folder",
    "Input",
    "Job",
    "Journal",
    "Processor",
    "check_apart",
    "discover",
    "make_output_folder",
    "plan",
    "read_still",
    "run",
    "segmented",
    "write_all",
]

"""The process that lists plugins for the index: entry points in, one line of JSON each out."""

import json
import os
import sys
from dataclasses import asdict
from functools import partial
from importlib import metadata

from faceedit.registry.loading import entry_point_offers, listed
from faceedit.registry.plugin import Plugin


def main() -> None:
    """List the entry points named on standard input. What plugins print is lost."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for name, value, group in json.loads(sys.stdin.readline()):
        point = metadata.EntryPoint(name, value, group)
        listing = listed(Plugin(name, load=partial(entry_point_offers, point)))
        print(json.dumps(asdict(listing)), file=out, flush=True)
    out.flush()
    os._exit(0)  # threads and exit handlers of plugins hold nothing up

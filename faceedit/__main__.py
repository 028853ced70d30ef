"""`faceedit` and `python -m faceedit`: the command line in a process of its own."""

import os
import threading

from faceedit import cli

# Seconds that threads and exit handlers, perhaps left behind by plugins, may take to end.
PATIENCE = 20.0


def main() -> None:
    """Run the command line and leave."""
    # The processes that this one starts take no file of the current folder, perhaps one of photos, for a module.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    try:
        cli.main()
    except SystemExit as stopped:
        _leave_soon(stopped.code)
        raise


def _leave_soon(status: object) -> None:
    """See to it that the process ends, whatever holds it up."""
    end = threading.Timer(PATIENCE, os._exit, [status if isinstance(status, int) else int(status is not None)])
    end.daemon = True
    end.start()


if __name__ == "__main__":
    main()

"""One recipe over photos on several machines, by Ray Data: the same files, journal and reports as on one.

`kit` is what a machine needs to begin, `desk` what all of them share, `hand` does photos on one of them, `crew` hands
photos out and collects what became of them.
"""

from faceedit.cluster.crew import RayCrew

__all__ = ["RayCrew"]

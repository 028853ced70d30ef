"""What many installed plugins cost: `python -m tests.benchmarks.plugins [--count 50] [--runs 9]` prints it in pairs.

Compare CPU seconds: they hardly depend on what else the machine does.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measure import child, paired, show

MODULE = '''import faceedit

@faceedit.effect()
def effect_{number}(region):
    """Do {number}."""
    return region.pixels

@faceedit.hookimpl
def faceedit_effects():
    return [effect_{number}]
'''


def install(site: Path, count: int) -> None:
    """Put distributions with one plugin each into a folder, as an installer would."""
    for number in range(count):
        module = f"faceedit_many_{number}"
        (site / f"{module}.py").write_text(MODULE.format(number=number))
        info = site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[faceedit]\nmany_{number} = {module}\n")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.plugins", description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sites = {"no plugins": Path(folder, "none"), f"{options.count} plugins": Path(folder, "many")}
        os.environ["XDG_CACHE_HOME"] = folder
        for site in sites.values():
            site.mkdir()
        install(sites[f"{options.count} plugins"], options.count)
        for command in (["--help"], ["apply", "--help"], ["effects"]):
            run = f"sys.argv = {['faceedit', *command]}; from faceedit.cli import main; main()"
            contenders = {
                name: child([sys.executable, "-c", f"import sys; sys.path.insert(1, {str(site)!r}); {run}"])
                for name, site in sites.items()
            }
            show(f"faceedit {' '.join(command)}", paired(contenders, options.runs))


if __name__ == "__main__":
    main()

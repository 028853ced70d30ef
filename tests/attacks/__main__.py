"""What redaction and the cosmetic effects withstand, as a table.

python -m tests.attacks [FOLDER OF PHOTOS]
"""

import sys
from pathlib import Path

from tests.attacks import keep_list, reidentify, residue


def main() -> None:
    """Print all figures."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    print("photos whose person is named right (closed set):")
    for row in reidentify.table(data):
        shares = "  ".join(f"{name} {value:4.0%}" for name, value in row.items() if isinstance(value, float))
        matched = f"  pairs matched {row['matched']}" if "matched" in row else ""
        print(f"  {row['effect']:10} {row['by']:7} {shares}{matched}", flush=True)
    print(f"  chance             {reidentify.chance(data):.0%} (always naming the person with most photos)")
    print("faces told from ten by what JPEG leaves outside the cover, q50 to q98, 4:4:4, 4:2:2, 4:2:0:")
    for name, (told, photos) in residue.table().items():
        print(f"  {name:16} {told} of {photos}", flush=True)
    print("keep-list, default threshold:")
    for line in keep_list.lines(data):
        print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()

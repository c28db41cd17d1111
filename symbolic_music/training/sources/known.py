"""The pieces of the corpus that the shipped weights learned from, by repository, commit and path.

`pieces.csv.xz` holds the columns of that corpus's manifest that do not come out of the file itself. Its SHA-256 is that
of the original where the corpus has the original as it is. Written anew by

    python -m symbolic_music.training.sources.known MANIFEST.csv
"""

from __future__ import annotations

import argparse
import csv
import io
import lzma
from functools import cache
from pathlib import Path

from symbolic_music.training.sources.convert import unsupported
from symbolic_music.training.sources.manifest import Row
from symbolic_music.training.sources.registry import sources

FILE = Path(__file__).parent / "pieces.csv.xz"
STATED = (
    "path", "source", "title", "composer", "year", "genre", "style", "key", "tempo_bpm", "time_signature", "licence",
    "attribution", "upstream_commit", "upstream_path", "sha256",
)  # fmt: skip
#: Sources of which the corpus has the files as they are.
_ORIGINALS = frozenset({"groove"})


@cache
def known() -> dict[str, dict[tuple[str, str], Row]]:
    """The known pieces of each source, by commit and path in its repository.

    Examples
    --------
    >>> piece = known()["goudimel"]["2ed82af88555be1dd0c61991a2c978358786157a", "Pseaumes/001/Goudimel_001_modern.mxl"]
    >>> piece["title"], piece["licence"]
    ('Psalm 1 (Genevan Psalter)', 'CC0-1.0')
    """
    found: dict[str, dict[tuple[str, str], Row]] = {}
    with lzma.open(FILE, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["source"], {})[row["upstream_commit"], row["upstream_path"]] = row
    return found


def packed(rows: list[Row]) -> bytes:
    """The rows of sources that can be converted, as `pieces.csv.xz` holds them."""
    out = io.StringIO()
    table = csv.DictWriter(out, STATED, extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    for row in rows:
        if row["source"] in sources() and not unsupported(sources()[row["source"]].formats):
            table.writerow(row if row["source"] in _ORIGINALS else {**row, "sha256": ""})
    return lzma.compress(out.getvalue().encode(), preset=9 | lzma.PRESET_EXTREME)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write the list of known pieces.")
    parser.add_argument("manifest", type=Path, help="the manifest.csv of a corpus")
    with parser.parse_args().manifest.open(newline="", encoding="utf-8") as lines:
        FILE.write_bytes(packed(list(csv.DictReader(lines))))
    print(f"{FILE}: {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

"""How often each key profile finds the key that the source states.

    python docs/benchmarks/keys.py CORPUS --pieces 500

CORPUS is a folder with a manifest; taken are pieces of the Polish scores, the lieder and the lead sheets.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections import Counter
from pathlib import Path

import symbolic_music as sm
from symbolic_music.files.read_midi import load
from symbolic_music.theory.keys import key
from symbolic_music.training.analysis import PROFILES, find_key


def main() -> None:
    """Count and print the result as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pieces", type=int, default=500)
    args = parser.parse_args()
    with (args.corpus / "manifest.csv").open(encoding="utf-8") as file:
        rows = [r for r in csv.DictReader(file) if r["source"] in ("polish", "openewld", "lieder")]
    rows = [r for r in rows if r["key"].endswith(("major", "minor"))]
    random.Random(1).shuffle(rows)
    right, total = Counter[str](), 0
    for row in rows:
        if total == args.pieces:
            break
        try:
            score = load(args.corpus / row["path"])
        except sm.FileError:
            continue
        total += 1
        stated = key(row["key"])
        for name in PROFILES:
            found = find_key(score, name)
            right[name] += found is not None and (found.root, found.mode) == (stated.root, stated.mode)
    result = {"pieces": total} | {name: round(100 * right[name] / total, 1) for name in PROFILES}
    print(json.dumps(result))
    (Path(__file__).parent / "keys.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

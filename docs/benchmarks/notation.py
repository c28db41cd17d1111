"""Pieces of every kind as MusicXML: the share of notes that music21 and MuseScore read as they were written.

    python docs/benchmarks/notation.py arranged random corpus
    python docs/benchmarks/notation.py FOLDER            MIDI files, in folders of its own, too
    python docs/benchmarks/notation.py FOLDER --every 5  the first of each five

A note is the same where pitch, onset and length are, a drum stroke where drum and onset are: tests/printed.py. The
files are held against the schema of MusicXML 4. What was measured before of other kinds stays in notation.json.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
from tqdm import tqdm

from symbolic_music.errors import FileError
from symbolic_music.files.musicxml import musicxml_bytes
from symbolic_music.files.read_midi import load
from symbolic_music.score import Score
from symbolic_music.training.arranger import arrange, arrangeable, sheet

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
import printed

ROOT = Path(__file__).parents[2]
RANDOM = 60
#: Files that MuseScore converts at once.
BATCH = 10


def scores(kind: str, every: int) -> Iterator[tuple[str, Score]]:
    """The pieces of a kind, or of a folder, with their names."""
    if kind == "arranged":
        for i, style in enumerate(list(arrangeable())[::every]):
            yield style, arrange(sheet(style), rng=np.random.default_rng(i)).score
    elif kind == "random":
        yield from ((f"random {seed}", printed.wild(seed)) for seed in range(0, RANDOM, every))
    else:
        folder = ROOT / "tests/data/corpus/midi" if kind == "corpus" else Path(kind)
        for path in sorted(folder.rglob("*.mid"))[::every]:
            with suppress(FileError):  # a meter that there is not
                yield path.stem, load(path)


def same(read: list[printed.Notes], want: list[printed.Notes]) -> int:
    """Notes that are as they were written, less those that are new."""
    if len(read) != len(want):
        return 0
    return sum((w & f).total() - (f - w).total() for w, f in zip(want, read, strict=True))


def measured(pieces: list[tuple[str, Score]]) -> dict[str, float | list[str]]:
    """What comes back."""
    schema = printed.schema()
    total = {"pieces": 0, "notes": 0, "music21": 0, "MuseScore": 0, "valid": 0}
    seconds, wrong = 0.0, []
    for first in tqdm(range(0, len(pieces), BATCH)):
        with tempfile.TemporaryDirectory() as name:
            files = []
            for i, (title, score) in enumerate(pieces[first : first + BATCH]):
                began = time.process_time()
                content = musicxml_bytes(score, title=title, symbols=True)
                seconds += time.process_time() - began
                files.append(Path(name, f"{i}.musicxml"))
                files[-1].write_bytes(content)
            again = printed.musescore(files) if printed.MUSESCORE else []
            for i, (title, score) in enumerate(pieces[first : first + BATCH]):
                want = printed.wanted(score)
                total["pieces"] += 1
                total["notes"] += (count := sum(w.total() for w in want))
                total["valid"] += schema is not None and schema.is_valid(str(files[i]))
                for reader, found in (("music21", files), ("MuseScore", again)):
                    right = same(printed.notes(printed.parsed(found[i].read_bytes())), want) if found else 0
                    total[reader] += right
                    if right != count:
                        wrong.append(f"{title}: {reader}")
    return {**total, "seconds a 1,000 notes": round(1000 * seconds / max(total["notes"], 1), 3), "wrong": wrong}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="+", metavar="arranged|random|corpus|FOLDER")
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    out = Path(__file__).with_suffix(".json")
    results = json.loads(out.read_text()) if out.exists() else {}
    for kind in options.kinds:
        name = kind if kind in ("arranged", "random", "corpus") else Path(kind).name
        results[name] = measured(list(scores(kind, options.every)))
        out.write_text(json.dumps(results, indent=1) + "\n")
    print("| pieces of | pieces | notes | music21 | MuseScore | valid | s a 1,000 notes |\n|---|" + "---:|" * 6)
    for name, row in results.items():
        notes, pieces = row["notes"] or 1, row["pieces"] or 1
        shares = f"{row['music21'] / notes:.2%} | {row['MuseScore'] / notes:.2%} | {row['valid'] / pieces:.2%}"
        print(f"| {name} | {row['pieces']:,} | {row['notes']:,} | {shares} | {row['seconds a 1,000 notes']} |")
    for name, row in results.items():
        print(*(f"{name}: {text}" for text in row["wrong"]), sep="\n", end="")


if __name__ == "__main__":
    main()

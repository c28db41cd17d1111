"""Pieces a second that become shards, in one process and with workers beside it; the same bytes each time.

    python docs/benchmarks/scale.py CORPUS --pieces 1500 --rounds 3

Every so many pieces of the corpus are taken, in rounds that alternate between the numbers of workers. Times include the
start of the processes, which is also measured alone. Figures are medians over the rounds; `at_best` is of the fastest
round, where other programs took least, and `load_before` how many of them wanted the cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from symbolic_music.training.corpus import build
from symbolic_music.training.sources import manifest
from symbolic_music.training.sources.scale import CHUNK, mapped


def part(corpus: Path, pieces: int, folder: Path) -> int:
    """A corpus folder with some pieces of another; how many."""
    rows = manifest.read(corpus)
    rows = rows[:: max(len(rows) // pieces, 1)][:pieces]
    for top in {row["path"].split("/")[0] for row in rows}:
        (folder / top).symlink_to((corpus / top).resolve())
    manifest.write(folder, rows)
    return len(rows)


def timed(corpus: Path, workers: int) -> tuple[float, str]:
    """Seconds of one build, and the hash of all that it wrote."""
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        build(corpus, Path(out), workers=workers)
        seconds = time.perf_counter() - start
        written = b"".join(path.read_bytes() for path in sorted(Path(out).iterdir()))
    return seconds, hashlib.sha256(written).hexdigest()


def started(workers: int) -> float:
    """Seconds until the first answer of new processes."""
    start = time.perf_counter()
    list(mapped(abs, [1], workers=workers))
    return time.perf_counter() - start


def main() -> None:
    """Run the rounds and print the result as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pieces", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    seconds: dict[int, list[float]] = {workers: [] for workers in args.workers}
    hashes, load = set(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        pieces = part(args.corpus, args.pieces, Path(folder))
        for number in range(args.rounds + 1):
            for workers in args.workers:
                took, written = timed(Path(folder), workers)
                hashes.add(written)
                if number:  # the first warms up
                    seconds[workers].append(took)
                print(f"round {number}, {workers} workers: {took:.1f} s", flush=True)
        start_up = {
            workers: statistics.median(started(workers) for _ in range(args.rounds))
            for workers in args.workers
            if workers
        }
    middle = {workers: statistics.median(took) for workers, took in seconds.items()}
    result = {
        "pieces": pieces,
        "rounds": args.rounds,
        "cores": os.cpu_count(),
        "load_before": round(load, 1),
        "chunk": CHUNK,
        "pieces_per_second": {str(workers): round(pieces / took, 1) for workers, took in middle.items()},
        "at_best": {str(workers): round(pieces / min(took), 1) for workers, took in seconds.items()},
        "times_the_first": {str(w): round(middle[args.workers[0]] / middle[w], 2) for w in args.workers[1:]},
        "start_up_seconds": {str(workers): round(took, 2) for workers, took in start_up.items()},
        "the_same_bytes": len(hashes) == 1,
    }
    print(json.dumps(result, indent=1))
    (Path(__file__).parent / "scale.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

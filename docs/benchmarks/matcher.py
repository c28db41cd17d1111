"""The matcher: its masks against a slow one's, and what it costs.

    python docs/benchmarks/matcher.py data --states 100000 --workers 2
    python docs/benchmarks/matcher.py data --cost

`--states`: random briefs of 2 to 8 bars with up to 8 random rules, random rows. At sampled places the mask of the plain
events is compared with that of tests/slow.py, or that of merged ids (2,000 and 8,000 of them, learned from the training
rows in `data`) with the definition: every event is allowed, one after the other. Any difference is printed.
`--cost`: the time to compile 300 random briefs of 2 to 64 bars, 1 to 8 parts and 1 to 8 rules, and the time a mask
takes along random rows, in processor time of one thread. Results go to matcher.json.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from symbolic_music.brief import Brief
from symbolic_music.errors import BriefError
from symbolic_music.rules import compiled, rule
from symbolic_music.rules.merged import MergedMatcher
from symbolic_music.tokens.merges import Merges
from symbolic_music.tokens.vocabulary import vocabulary

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from slow import Slow
from storms import PLAYED, random_brief, random_rules
from test_matcher import by_definition, chosen, differences, storm

SIZES = (2000, 8000)
#: Every so many ids of a row the merged mask is compared with its definition, the plain one with the slow matcher's.
MERGED, PLAIN = 2, 12
V = vocabulary()


def merges_of(data: Path, rows: int = 2000) -> dict[int, Merges]:
    """Merges learned from training rows, by the number of ids."""
    from symbolic_music.training.dataset import Rows, Shards
    from symbolic_music.training.merges import learned

    sample, rng = Rows(Shards(data, "train"), 1024), np.random.default_rng(0)
    corpus = [sample.row(rng) for _ in range(rows)]
    return {size: learned(corpus, size) for size in SIZES}


def compared(task: tuple[int, dict[int, Merges]]) -> tuple[Counter[str], list[str]]:
    """The places of one random row that were compared, by kind, and what differed."""
    seed, every = task
    places, wrong = Counter[str](), list[str]()
    found = storm(seed)
    if found is None:
        return Counter({"refused": 1}), wrong
    (matcher, rules, plan), rng = found, np.random.default_rng(seed)
    size = SIZES[seed % len(SIZES)]
    slow, merges = Slow(matcher.limits, V, plan=plan), every[size]
    merged, row = MergedMatcher(matcher, merges.events), list[int]()
    places["briefs"] += 1
    for step in range(1500):
        if merged.done:
            break
        mask = merged.allowed()
        if not mask.any():
            wrong.append(f"{seed}: no id after {len(row)} events, {rules}")
            break
        said = []
        if step % MERGED == seed % MERGED:
            ids = np.flatnonzero(mask != by_definition(matcher, merges.events))
            said = [" ".join(V.tokens[e] for e in merges.events[i]) for i in ids[:4]]
            places[f"merged {size}"] += 1
        if step % PLAIN == seed % PLAIN:
            try:
                said += [differences(matcher.allowed(), slow.allowed(row))]
                places["plain"] += 1
            except TimeoutError:
                places["not decided"] += 1
        wrong += [f"{seed}: {line}: after {len(row)} events, {rules}" for line in said if line]
        token = chosen(rng, mask, merges.kind)
        row += merges.events[token]
        merged.accept(token)
    return places, wrong


def states(merges: dict[int, Merges], most: int, workers: int, first: int) -> dict[str, Any]:
    began, places, wrong = time.monotonic(), Counter[str](), list[str]()
    with Pool(workers) as pool, tqdm(total=most, disable=None) as bar:
        for one, differ in pool.imap_unordered(compared, ((seed, merges) for seed in count(first))):
            places += one
            wrong += differ
            for line in differ:
                print(line, flush=True)
            done = sum(n for name, n in places.items() if name not in ("briefs", "refused", "not decided"))
            bar.update(done - bar.n)
            if done >= most:
                break
        pool.terminate()
    return {
        **dict(sorted(places.items())),
        "differences": len(wrong),
        "minutes": round((time.monotonic() - began) / 60, 1),
    }


def wide_brief(rng: np.random.Generator) -> Brief:
    """A brief of 2 to 64 bars and 1 to 8 parts."""
    brief = random_brief(rng, (2, 64))
    names = rng.choice(PLAYED, int(rng.integers(1, 9)), replace=False).tolist()
    return Brief(
        instruments=names, bars=brief.bars, meter=brief.meter, tempo=brief.tempo, key=brief.key, only=brief.only
    )


def spread(times: list[float], unit: float) -> dict[str, float]:
    middle, high = np.percentile(np.array(times) * unit, [50, 99])
    return {"median": round(float(middle), 1), "99th percentile": round(float(high), 1)}


def timed(matcher: Any, rng: np.random.Generator, kind: Any, most: int) -> Iterator[float]:
    """The time of each mask along a random row, in seconds."""
    for _ in range(most):
        if matcher.done:
            return
        began = time.thread_time()
        mask = matcher.allowed()
        yield time.thread_time() - began
        matcher.accept(chosen(rng, mask, kind))


def drawn(seed: int) -> tuple[Brief, list[Any], np.random.Generator]:
    """A random brief and rules for it."""
    rng = np.random.default_rng(seed)
    brief = wide_brief(rng)
    return brief, [rule(text) for text in random_rules(rng, brief, int(rng.integers(1, 9)))], rng


def compile_cost(briefs: int = 300) -> dict[str, Any]:
    """The time to compile, and to refuse; once more with Python's collector off.

    Now and then the collector looks through all that is in memory, most of it music21's, and a compilation pays for it.
    """
    found = timed_compiling(briefs)
    gc.disable()
    alone = timed_compiling(briefs)["compile, ms"]
    gc.enable()
    return found | {"compile, collector off, ms": alone}


def timed_compiling(briefs: int) -> dict[str, Any]:
    compiling, refusing = list[float](), list[float]()
    for seed in tqdm(range(briefs), disable=None):
        brief, rules, _ = drawn(seed)
        began = time.thread_time()
        try:
            compiled(brief, rules)
            compiling.append(time.thread_time() - began)
        except BriefError:
            refusing.append(time.thread_time() - began)
    return {
        "compile, ms": {"briefs": len(compiling), **spread(compiling, 1e3)},
        "refuse, ms": {"briefs": len(refusing), **spread(refusing, 1e3)},
    }


def mask_cost(merges: dict[int, Merges], briefs: int = 300, masks: int = 400) -> dict[str, Any]:
    """The time of a mask, by the size of the vocabulary."""
    gc.freeze()  # the merges are the benchmark's, not to be looked through while something else is timed
    taken: dict[str, list[float]] = {str(size): [] for size in (len(V), *SIZES)}
    for seed in tqdm(range(0, briefs, 5), disable=None):
        brief, rules, rng = drawn(seed)
        try:
            taken[str(len(V))] += timed(compiled(brief, rules), rng, V.kind, masks)
            for size, found in merges.items():
                merged = MergedMatcher(compiled(brief, rules), found.events)
                taken[str(size)] += timed(merged, rng, found.kind, masks)
        except BriefError:
            continue
    return {
        "a mask, microseconds": {ids: {"masks": len(t), **spread(t, 1e6)} for ids, t in taken.items()},
        "longest id": {str(size): max(map(len, found.events)) for size, found in merges.items()},
    }


def main() -> None:
    """Run and keep the result as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--states", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cost", action="store_true")
    args = parser.parse_args()
    out = Path(__file__).with_suffix(".json")
    result = json.loads(out.read_text()) if out.exists() else {}
    compiling = compile_cost() if args.cost else {}  # first, while nothing large is in memory
    merges = merges_of(args.data)
    if args.states:
        result["states"] = states(merges, args.states, args.workers, args.first)
    if args.cost:
        result["cost"] = compiling | mask_cost(merges)
    out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()

"""Random combinations of rules × uniform, adversarial and shipped writer: the share of them that written files keep.

    python docs/benchmarks/storm.py --combinations 1000
    python docs/benchmarks/storm.py --small 500

The files are judged by tests/independent.py, which shares no code with the rules. With `--small` the rules of small
pieces are refused, or not, as trying all pieces says (tests/brute.py).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from tqdm import tqdm

import symbolic_music as sm
from symbolic_music.errors import BriefError, ConflictError
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.rules import compiled, limits, rule
from symbolic_music.tokens import layout
from symbolic_music.tokens.vocabulary import vocabulary

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from brute import agrees, possible
from independent import broken, parse, read
from storms import random_brief, random_rules, small
from test_rules import CORNERS, Prefers

SIZE = len(vocabulary())
BARS = (2, 8)
CANDIDATES = 12
WRITERS = ("uniform", "adversarial", "shipped")


class DeadEndError(Exception):
    """No id is allowed."""


@contextmanager
def watched() -> Iterator[None]:
    """An empty mask is a dead end, whoever draws from it."""
    draw = sm.Sampling.draw

    def checked(self: Any, logits: Any, allowed: Any, *more: Any) -> int:
        if not allowed.any():
            raise DeadEndError
        return draw(self, logits, allowed, *more)

    sm.Sampling.draw = checked  # type: ignore[method-assign]
    try:
        yield
    finally:
        sm.Sampling.draw = draw  # type: ignore[method-assign]


@cache
def shipped() -> sm.Composer:
    return sm.Composer()


def narrowest(brief: sm.Brief, rules: Any, rng: np.random.Generator) -> bytes:
    """A piece that always goes where the fewest ids are allowed next, of a few candidates."""
    matcher, full, ids = compiled(brief, rules), brief.filled(), list[int]()
    while not matcher.done:
        allowed = np.flatnonzero(matcher.allowed())
        if not len(allowed):
            raise DeadEndError
        best, fewest = int(allowed[0]), SIZE + 1
        if len(allowed) > 1:
            for token in rng.choice(allowed, min(CANDIDATES, len(allowed)), replace=False).tolist():
                matcher.accept(token)
                left = SIZE if matcher.done else int(np.count_nonzero(matcher.allowed()))
                matcher.rollback(1)
                if not left:
                    raise DeadEndError
                if left < fewest:
                    best, fewest = token, left
        matcher.accept(best)
        ids.append(best)
    return midi_bytes(replace(layout.read(ids), tempo=full.tempo, key=full.home))


def writer(name: str, seed: int) -> tuple[str, Callable[[sm.Brief, Any], bytes]]:
    """What is tried, by name, and a function that writes a file."""
    rng = np.random.default_rng(seed)
    if name == "shipped":
        return name, lambda brief, rules: shipped().compose(brief, seed=seed, rules=rules).midi
    if name == "uniform":
        engine: Any = sm.UniformEngine(SIZE)
        sampling = sm.Sampling(top_p=1.0)
    else:
        corners = ["stubborn", "narrowest", *CORNERS]
        name, sampling = corners[seed % len(corners)], sm.Sampling(temperature=0)
        if name == "narrowest":
            return name, lambda brief, rules: narrowest(brief, rules, rng)
        engine = sm.AdversarialEngine(SIZE, rng)
        if name in CORNERS:
            kinds, highest = CORNERS[name]
            engine = Prefers(*kinds, highest=highest)
    composer = sm.Composer(engine, sampling=sampling)
    return name, lambda brief, rules: composer.compose(brief, seed=seed, rules=rules).midi


def classes(texts: Any) -> str:
    """The classes of some rules, as one word."""
    return " ".join(sorted({w.name for text in texts for w in parse(text)}))


def drawn(seed: int) -> tuple[sm.Brief, list[str], list[Any], dict[str, Any]]:
    """A brief and rules that are not refused, drawn again until there are some, and what was refused."""
    rng = np.random.default_rng([2026, seed])
    found: dict[str, Any] = {"refused": [], "meaningless": [], "seconds": 0.0}
    while True:
        brief = random_brief(rng, BARS)
        texts = random_rules(rng, brief, int(rng.integers(1, 9)))
        start = time.monotonic()
        try:
            rules = [rule(text) for text in texts]
            limits(brief, rules)
        except ConflictError as error:
            named = error.rules or re.findall(r": (.*) clash", str(error))
            found["refused"].append([len(texts), " + ".join(sorted(re.sub(r"\W.*", "", n) for n in named))])
            continue
        except BriefError as error:
            found["meaningless"].append(f"{error} {texts}")
            continue
        found["seconds"] = time.monotonic() - start
        return brief, texts, rules, found


def combination(seed: int) -> dict[str, Any]:
    """What one combination comes to, with every writer."""
    brief, texts, rules, found = drawn(seed)
    found |= {"seed": seed, "rules": len(texts), "classes": classes(texts), "writers": {}}
    for name in WRITERS:
        kind, write = writer(name, seed)
        start, result = time.monotonic(), {"kind": kind, "broken": [], "error": "", "notes": 0}
        try:
            with watched():
                midi = write(brief, rules)
            result["broken"] = broken(midi, texts, brief)
            result["notes"] = len(read(midi, brief)[0].notes)
        except DeadEndError:
            result["error"] = "dead end"
        except Exception as error:  # noqa: BLE001  # whatever it is, it is counted
            result["error"] = f"{type(error).__name__}: {error}"[:300]
        result["seconds"] = time.monotonic() - start
        if result["broken"] or result["error"]:
            parts = [part.name for part in brief.filled().parts]
            result |= {"texts": texts, "parts": parts, "bars": brief.bars, "meter": str(brief.meter)}
        found["writers"][name] = result
    return found


def instance(seed: int) -> dict[str, Any]:
    """Whether trying all agrees with the compiler in a small piece."""
    brief, texts = small(np.random.default_rng([2026, seed]))
    result = {"seed": seed, "possible": possible(brief, texts), "wrong": "", "texts": texts}
    try:
        result["wrong"] = agrees(brief, texts)
    except Exception as error:  # noqa: BLE001
        result["wrong"] = f"{type(error).__name__}: {error}"
    return result | {"parts": [p.name for p in brief.parts], "bars": brief.bars, "meter": str(brief.meter)}


def run(task: Callable[[int], dict[str, Any]], count: int, workers: int, first: int) -> list[dict[str, Any]]:
    seeds = range(first, first + count)
    if workers < 2:
        return [task(seed) for seed in tqdm(seeds, disable=None)]
    with get_context("spawn").Pool(workers) as pool:
        return list(tqdm(pool.imap_unordered(task, seeds, chunksize=4), total=count, disable=None))


def summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    refused = [one for row in found for one in row["refused"]]
    meaningless = [one for row in found for one in row["meaningless"]]
    times = np.array([row["seconds"] for row in found])
    result: dict[str, Any] = {
        "combinations": len(found),
        "refused": len(refused),
        "refused_percent": round(100 * len(refused) / (len(found) + len(refused)), 1),
        "accepted_by_rules": dict(sorted(Counter(row["rules"] for row in found).items())),
        "refused_by_rules": dict(sorted(Counter(count for count, _ in refused).items())),
        "refusals_name": dict(Counter(named for _, named in refused).most_common(40)),
        "meaningless": meaningless[:20],
        "classes": dict(Counter(c for row in found for c in row["classes"].split()).most_common()),
        "compile_ms": {"mean": round(1000 * times.mean(), 1), "most": round(1000 * times.max(), 1)},
    }
    for name in WRITERS:
        rows = [row["writers"][name] | {"seed": row["seed"]} for row in found]
        wrong = [row for row in rows if row["broken"] or row["error"]]
        result[name] = {
            "kept_percent": round(100 * (len(rows) - len(wrong)) / len(rows), 2),
            "broken": sum(bool(row["broken"]) for row in rows),
            "dead_ends": sum(row["error"] == "dead end" for row in rows),
            "exceptions": dict(Counter(row["error"] for row in rows if row["error"] not in ("", "dead end"))),
            "broken_rules": dict(Counter(re.split(r"\W", w)[0] for row in rows for w in row["broken"]).most_common()),
            "kinds": dict(Counter(row["kind"] for row in rows)),
            "notes": sum(row["notes"] for row in rows),
            "seconds": round(sum(row["seconds"] for row in rows), 1),
            "first_wrong": sorted(wrong, key=lambda row: row["seed"])[:20],
        }
        for row in result[name]["first_wrong"]:
            row["broken"] = row["broken"][:5]
    return result


def main() -> None:
    """Run, print the result, and keep it beside this script."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--combinations", type=int, default=0)
    parser.add_argument("--small", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    args = parser.parse_args()
    path, result = Path(__file__).parent / "storm.json", dict[str, Any]()
    if path.is_file():
        result = json.loads(path.read_text())
    if args.small:
        rows = run(instance, args.small, args.workers, args.first)
        wrong = sorted((row for row in rows if row["wrong"]), key=lambda row: row["seed"])
        result["small"] = {
            "instances": len(rows),
            "possible": sum(row["possible"] for row in rows),
            "agree_percent": round(100 * (len(rows) - len(wrong)) / len(rows), 2),
            "wrong": wrong[:40],
        }
        print(json.dumps(result["small"], indent=1))
    if args.combinations:
        result["storm"] = summary(run(combination, args.combinations, args.workers, args.first))
        print(json.dumps(result["storm"], indent=1))
    path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

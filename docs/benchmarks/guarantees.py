"""Random briefs × uniform, adversarial and shipped writer: the share of limits kept in the written files.

    python docs/benchmarks/guarantees.py --briefs 200

The files are read by pretty_midi, mido and symusic; see `breaks` in tests/test_rules.py, which this calls.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
from tqdm import tqdm

import symbolic_music as sm
from symbolic_music.composer import Composer
from symbolic_music.theory.meters import METERS
from symbolic_music.tokens.vocabulary import vocabulary

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from test_rules import PLAYED, breaks


def random_brief(rng: np.random.Generator) -> sm.Brief:
    """3 to 9 pitch classes, 1 to 6 instruments, 4 to 16 bars, any meter."""
    while True:
        names = rng.choice(PLAYED, rng.integers(1, 7)).tolist()
        if max(Counter(names).values()) <= 4:
            break
    return sm.Brief(
        only=rng.choice(12, rng.integers(3, 10), replace=False).tolist(),
        instruments=names,
        bars=int(rng.integers(4, 17)),
        meter=METERS[rng.integers(len(METERS))],
        tempo=round(float(rng.uniform(40, 240)), 1),
    )


def main() -> None:
    """Run and print the result as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--briefs", type=int, default=200)
    args = parser.parse_args()
    size, result = len(vocabulary()), {}
    writers = {
        "uniform": lambda seed: Composer(sm.UniformEngine(size), sampling=sm.Sampling(top_p=1.0)),
        "adversarial": lambda seed: Composer(sm.AdversarialEngine(size, np.random.default_rng(seed))),
    }
    shipped = Composer()
    writers["shipped"] = lambda seed: shipped
    for name, writer in writers.items():
        rng, kept, notes, start = np.random.default_rng(2026), 0, 0, time.monotonic()
        failures, errors = Counter[str](), Counter[str]()
        for seed in tqdm(range(args.briefs), desc=name, disable=None):
            brief = random_brief(rng)
            try:
                piece = writer(seed).compose(brief, seed=seed)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is counted
                errors[f"{type(error).__name__}: {error}"] += 1
                continue
            broken = breaks(piece)
            kept += not broken and piece.report.ok
            notes += len(piece.score.notes)
            failures.update(broken)
        result[name] = {
            "briefs": args.briefs,
            "kept_percent": 100 * kept / args.briefs,
            "broken": dict(failures),
            "exceptions": dict(errors),
            "notes": notes,
            "seconds": round(time.monotonic() - start, 1),
        }
        print(json.dumps({name: result[name]}), flush=True)
    (Path(__file__).parent / "guarantees.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

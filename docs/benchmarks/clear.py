"""Whether the tune is clear of what goes with it, and the bass of the chords, in arranged pieces of every style.

    python docs/benchmarks/clear.py --pieces 4

For every style: the share of the tune's notes at which comping, a pad, a riff or a second line sounds as high or
higher; the share of its longer notes on a beat that stand a half tone, or that and octaves, from a sounding note of
those; the share of changes of chord at which a bass that strikes there strikes the root.
"""

from __future__ import annotations

import argparse
import json
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.meters import TICKS
from symbolic_music.training.arranger import Arrangement, arrange, arrangeable


def covered(made: Arrangement) -> tuple[list[bool], list[bool]]:
    """For notes of the tune over something: whether that is as high; for longer ones on a beat: whether it clashes."""
    notes = made.score.notes
    role = np.array(made.roles)[notes["part"]]
    under = notes[np.isin(role, ("comping", "pad", "riff", "counter"))]
    high, clash = [], []
    for note in notes[role == "melody"]:
        start = note["start"]
        heard = under[(under["start"] <= start) & (under["start"] + under["duration"] > start)]["pitch"].astype(int)
        if len(heard):
            high.append(bool(heard.max() >= note["pitch"]))
            if start % TICKS == 0 and note["duration"] >= TICKS // 2:
                clash.append(bool((np.abs(heard - int(note["pitch"])) % 12 == 1).any()))
    return high, clash


def rooted(made: Arrangement) -> list[bool]:
    """For changes of chord at which the bass strikes: whether it strikes the root."""
    score = made.score
    assert score.chords is not None
    role = np.array(made.roles)[score.notes["part"]]
    bass = score.notes[role == "bass"]
    chords, half = score.chords.ravel(), score.meters[0].ticks // 2
    found = []
    for k in range(1, len(chords)):
        struck = bass[bass["start"] == k * half]
        if min(chords[k - 1 : k + 1]) >= 0 and chords[k] != chords[k - 1] and len(struck):
            found.append(bool(struck["pitch"][0] % 12 == CHORDS[chords[k]].root))
    return found


def main() -> None:
    """Arrange, count, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pieces", type=int, default=4)
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).with_suffix(".json"))
    args = parser.parse_args()
    rows = {}
    for style in tqdm(arrangeable(), disable=None):
        made = [arrange(style, rng=np.random.default_rng([seed, 9])) for seed in range(args.pieces)]
        high, clash = (list(chain(*lists)) for lists in zip(*map(covered, made), strict=True))
        counts = {"tune covered": high, "half tones": clash, "bass on the root": list(chain(*map(rooted, made)))}
        rows[style] = {name: round(float(np.mean(of)), 3) for name, of in counts.items() if of}
    names = ("tune covered", "half tones", "bass on the root")
    rows["mean"] = {n: round(float(np.mean([r[n] for r in rows.values() if n in r])), 3) for n in names}
    for style, row in rows.items():
        print(f"{style:<16}" + "".join(f"{n}: {row.get(n, float('nan')):<8}" for n in names))
    args.out.write_text(json.dumps({"pieces": args.pieces, "styles": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()

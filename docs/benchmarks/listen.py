"""Listening by numbers: composed pieces beside real ones of the same genre.

    python docs/benchmarks/listen.py data --genres folk rock jazz waltz chamber piano --pieces 8

`data` is what training.corpus wrote; the real music is its test split, the last 16 bars of each piece.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

import symbolic_music as sm
from symbolic_music.composer import Composer
from symbolic_music.score import Score
from symbolic_music.theory.meters import TICKS
from symbolic_music.tokens.layout import read
from symbolic_music.training.analysis import density, find_key, pitched
from symbolic_music.training.dataset import Shards


def per_part(measure: Callable[[np.ndarray], float]) -> Callable[[Score], float]:
    """The mean of a measure over the melodic parts."""

    def mean(score: Score) -> float:
        notes = pitched(score)
        found = [measure(notes[notes["part"] == p]) for p in np.unique(notes["part"])]
        return float(np.mean(found)) if found else float("nan")

    return mean


def repetition(score: Score) -> float:
    """The share of bars that sound the same onsets and pitch classes as an earlier bar in some part."""
    bar = np.searchsorted(score.bar_starts, score.notes["start"], side="right") - 1
    inside = score.notes["start"] - score.bar_starts[bar]
    seen: set[tuple[int, bytes]] = set()
    again, total = 0, 0
    for part in range(len(score.parts)):
        for b in range(score.bars):
            mine = (bar == b) & (score.notes["part"] == part)
            if mine.any():
                shape = (part, np.stack([inside[mine], score.notes["pitch"][mine] % 12]).tobytes())
                again, total = again + (shape in seen), total + 1
                seen.add(shape)
    return again / max(total, 1)


def leaps(notes: np.ndarray) -> float:
    """The mean interval from one onset's top note to the next, in semitones."""
    _, first = np.unique(notes["start"][::-1], return_index=True)
    top = notes["pitch"][::-1][first]
    return float(np.abs(np.diff(top)).mean()) if len(top) > 1 else 0.0


def standing(notes: np.ndarray) -> float:
    """The share of steps from one onset's top note to the next that stay on the same pitch."""
    _, first = np.unique(notes["start"][::-1], return_index=True)
    top = notes["pitch"][::-1][first]
    return float((np.diff(top) == 0).mean()) if len(top) > 1 else 0.0


def on_beat(score: Score) -> float:
    """The share of onsets on a quarter."""
    return float((score.notes["start"] % TICKS == 0).mean())


def ends_home(score: Score) -> float:
    """Whether the lowest note sounding last is the tonic of the key that the notes suggest."""
    key, notes = find_key(score), pitched(score)
    last = (
        notes[notes["start"] + notes["duration"] == (notes["start"] + notes["duration"]).max()] if len(notes) else notes
    )
    return float(key is not None and len(last) > 0 and int(last["pitch"].min()) % 12 == key.root)


MEASURES: dict[str, Callable[[Score], float]] = {
    "notes per quarter": density,
    "polyphony per part": per_part(lambda n: float(n["duration"].sum() / max(np.ptp(n["start"]) + TICKS, 1))),
    "range per part": per_part(lambda n: float(np.ptp(n["pitch"]))),
    "leaps": per_part(leaps),
    "pitch stands still": per_part(standing),
    "pitch classes": lambda s: float(len(np.unique(pitched(s)["pitch"] % 12))),
    "onsets on a quarter": on_beat,
    "bars repeated": repetition,
    "velocity spread": lambda s: float(s.notes["velocity"].std()),
    "ends on the tonic": ends_home,
}


def table(scores: list[Score]) -> dict[str, float]:
    """The mean of every measure."""
    return {name: round(float(np.nanmean([measure(s) for s in scores])), 2) for name, measure in MEASURES.items()}


def main() -> None:
    """Compose, compare, print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--genres", nargs="+", default=["folk", "rock", "jazz", "waltz", "chamber", "piano", "game"])
    parser.add_argument("--pieces", type=int, default=8)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--top-p", type=float, default=0.98)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "listen.json")
    args = parser.parse_args()
    composer = Composer(sampling=sm.Sampling(args.temperature, args.top_p))
    test, result = Shards(args.data, "test"), {}
    for genre in tqdm(args.genres, disable=None):
        real = []
        for piece in [p for p in test.pieces if p.genre == genre][:40]:
            score = read(test.ids(piece))
            cut = score.cut(max(0, score.bars - 16), score.bars)
            if len(cut.notes) > 8:
                real.append(cut)
        made = composer.batch([sm.Brief(genre=genre, bars=16)] * args.pieces, seeds=range(args.pieces))
        result[genre] = {"composed": table([p.score for p in made])} | ({"real": table(real)} if real else {})
    args.out.write_text(json.dumps(result, indent=1) + "\n")
    for genre, rows in result.items():
        print(f"\n{genre:<22}" + "".join(f"{name:>12}" for name in rows))
        for name in MEASURES:
            print(f"  {name:<20}" + "".join(f"{row[name]:>12}" for row in rows.values()))


if __name__ == "__main__":
    main()

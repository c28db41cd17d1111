"""How near drum parts are to performances of their style, by where each voice of the kit is struck.

    python docs/benchmarks/groove.py CORPUS --arranged 20

CORPUS holds the Groove MIDI Dataset as `groove`. Ours are so many arranged pieces of every style, or with --pieces
DIR the MIDI files in a folder for each style (rock/1.mid). For each style, in 4/4 and the feel that most of its
performances have, the distances
(`symbolic_music.training.groove_takes.distance`, 0 to 1) from its performances to

- ours: all our pieces taken together, the figure to read;
- halves: one random half of the performances to the other, the floor;
- others: the performances of each other style taken together, on average and at the nearest, the ceiling;

and, since one piece is always narrower than a style, to each single piece of ours and to each single performance
from the rest.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from symbolic_music.files.read_midi import load
from symbolic_music.score import Score, swung
from symbolic_music.theory.genres import genre
from symbolic_music.theory.meters import Meter, meter
from symbolic_music.training.arranger import arrange, arrangeable
from symbolic_music.training.groove import is_swung, names
from symbolic_music.training.groove_takes import Take, distance, onsets, profile, takes

FOUR = meter("4/4")
SPLITS = 50


def drum_notes(score: Score, bar: Meter = FOUR) -> np.ndarray:
    """The notes of the drum parts in the bars of one meter, as if those bars followed each other."""
    drums = np.array([p.is_drums for p in score.parts], bool)
    notes = score.notes[drums[score.notes["part"]]].copy()
    number = np.searchsorted(score.bar_starts, notes["start"], side="right") - 1
    fits = np.array([m == bar for m in score.meters])
    notes["start"] += ((np.cumsum(fits) - 1) * bar.ticks - score.bar_starts[:-1])[number]
    return notes[fits[number]]


def far(profiles: list[np.ndarray], whole: np.ndarray) -> float:
    """The mean distance of profiles from one."""
    return float(np.mean([distance(p, whole) for p in profiles]))


def halves(group: list[Take], rng: np.random.Generator) -> float:
    """The mean distance of one random half of performances to the other."""
    found = []
    for _ in range(SPLITS):
        order = rng.permutation(len(group))
        parts = (order[: len(group) // 2], order[len(group) // 2 :])
        found.append(distance(*(onsets([group[i] for i in part]) for part in parts)))
    return float(np.mean(found))


def compared(found: list[Take], pieces: dict[str, list[Score]]) -> dict[str, dict[str, Any]]:
    """A row for each style: our pieces and the yardsticks."""
    four = [t for t in found if t.meter == "4/4" and not t.fill and len(t.slot) >= 40]
    rng, rows = np.random.default_rng(0), {}
    for style in sorted({t.style for t in four}):
        bars = Counter({s: sum(t.bars for t in four if t.style == style and t.swung == s) for s in (False, True)})
        swung = bars.most_common(1)[0][0]
        same = [t for t in four if t.swung == swung]
        mine = [t for t in same if t.style == style]
        whole = onsets(mine)
        others = [distance(onsets([t for t in same if t.style == s]), whole) for s in {t.style for t in same} - {style}]
        row: dict[str, Any] = {"feel": "swung" if swung else "straight", "performances": len(mine), "bars": bars[swung]}
        if len(mine) > 1:
            row["halves"] = halves(mine, rng)
            row["a performance"] = float(
                np.mean([distance(onsets([t]), onsets([u for u in mine if u is not t])) for t in mine])
            )
        row |= {"others": float(np.mean(others)), "nearest other": min(others)}
        ours = [notes for score in pieces.get(style, []) if len(notes := drum_notes(score))]
        profiles = [profile(n, swung=swung) for n in ours if is_swung(n) == swung]
        profiles = [p for p in profiles if p.any()]
        row |= {"pieces": len(ours), "in this feel": len(profiles)}
        if profiles:
            row |= {"ours": distance(sum(profiles), whole), "a piece": far(profiles, whole)}
        rows[style] = {k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}
    return rows


def played(score: Score) -> Score:
    """The score with the swing of its style in its notes, as the performances have it."""
    style = genre(score.genre)
    late = swung(score.notes, score.meters, style.feel, style.swing)
    if late is None:
        return score
    notes = score.notes.copy()
    notes["start"] += np.rint(late[0]).astype(np.int32)
    return replace(score, notes=notes)


def main() -> None:
    """Compare, print a table, write it as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pieces", type=Path)
    parser.add_argument("--arranged", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "groove.json")
    args = parser.parse_args()
    pieces: dict[str, list[Score]] = {}
    for path in sorted(args.pieces.glob("*/*.mid")) if args.pieces else []:
        pieces.setdefault(path.parent.name, []).append(load(path))
    if args.arranged:
        for style in set(names()) & set(arrangeable()):
            made = (arrange(style, rng=np.random.default_rng([seed, 3])) for seed in range(args.arranged))
            pieces[style] = [played(piece.score) for piece in made]
    rows = compared(takes(args.corpus / "groove"), pieces)
    args.out.write_text(json.dumps(rows, indent=1) + "\n")
    columns = ("ours", "halves", "others", "nearest other", "a piece", "a performance", "pieces", "performances")
    print(f"{'style':<16}{'feel':<10}" + "".join(f"{c:>15}" for c in columns))
    for style, row in rows.items():
        print(f"{style:<16}{row['feel']:<10}" + "".join(f"{row.get(c, '-'):>15}" for c in columns))


if __name__ == "__main__":
    main()

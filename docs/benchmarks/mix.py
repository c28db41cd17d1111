"""The training mix: notes per genre and per instrument family, in the corpus as it is and in the rows that are drawn.

    python docs/benchmarks/mix.py data --rows 4000 --picture docs/pictures/mix.png

`data` is what `symbolic-music corpus build` wrote. "Before" counts the notes of all real training pieces, "after"
the notes of rows drawn as in training.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

from symbolic_music.tokens.layout import read
from symbolic_music.training.dataset import Mix, Rows, Shards

FAMILIES = (
    "piano", "mallets", "organ", "guitar", "bass", "strings", "ensemble, voices", "brass", "reed", "flute",
    "synth lead", "synth pad", "effects", "world", "percussion", "sound effects",
)  # fmt: skip


def family(program: int) -> str:
    """The General MIDI family of a program."""
    return "drums" if program < 0 else FAMILIES[program // 8]


def before(shards: Shards) -> tuple[Counter[str], Counter[str]]:
    """Notes by genre and by family over all real pieces."""
    genres, families = Counter[str](), Counter[str]()
    for piece in tqdm([p for p in shards.pieces if p.source != "arranger"], disable=None):
        score = read(shards.ids(piece))
        genres[piece.genre] += len(score.notes)
        counts = np.bincount(score.notes["part"], minlength=len(score.parts))
        for part, count in zip(score.parts, counts.tolist(), strict=True):
            families[family(part.program)] += count
    return genres, families


def after(
    shards: Shards, mix: Mix, count: int, rng: np.random.Generator
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Notes by genre, by genre of arranged pieces alone, and by family, over rows drawn as in training."""
    rows = Rows(shards, 1024, mix)
    genres, arranged, families = Counter[str](), Counter[str](), Counter[str]()
    weights = shards.weights(mix)
    for piece, weight in zip(shards.pieces, weights, strict=True):
        genres[piece.genre] += weight
        if piece.source == "arranger":
            arranged[piece.genre] += weight
    for _ in tqdm(range(count), disable=None):
        score, *_ = rows.excerpt(rng)
        counts = np.bincount(score.notes["part"], minlength=len(score.parts))
        for part, notes in zip(score.parts, counts.tolist(), strict=True):
            families[family(part.program)] += notes
    return genres, arranged, families


def share(counts: Counter[str]) -> dict[str, float]:
    """Shares of a hundred, the largest first."""
    total = sum(counts.values())
    return {name: round(100 * n / total, 2) for name, n in counts.most_common()}


def draw(
    old: dict[str, float], new: dict[str, float], made: dict[str, float], families: list[dict[str, float]], path: Path
) -> None:
    """Two pairs of bar charts."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 9.5), dpi=80, gridspec_kw={"width_ratios": [3, 2]})
    names = sorted(new, key=lambda g: new[g])
    at = np.arange(len(names))
    left.barh(at + 0.2, [old.get(n, 0) for n in names], 0.38, color="0.7", label="before: the real corpus")
    real = [new[n] - made.get(n, 0) for n in names]
    left.barh(at - 0.2, real, 0.38, color="tab:blue", label="after: real")
    left.barh(at - 0.2, [made.get(n, 0) for n in names], 0.38, left=real, color="tab:orange", label="after: arranged")
    left.set(yticks=at, yticklabels=names, xlabel="% of what is drawn (before: of the notes)", xlim=(0, 16))
    left.tick_params(labelsize=7)
    left.legend(fontsize=8, loc="lower right")
    names = sorted(families[1], key=lambda f: families[1][f])
    at = np.arange(len(names))
    right.barh(at + 0.2, [families[0].get(n, 0) for n in names], 0.38, color="0.7", label="before")
    right.barh(at - 0.2, [families[1][n] for n in names], 0.38, color="tab:blue", label="after")
    right.set(yticks=at, yticklabels=names, xlabel="% of the notes")
    right.tick_params(labelsize=8)
    right.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, pil_kwargs={"optimize": True})


def main() -> None:
    """Count, print, draw."""
    mpl.use("Agg")
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).with_suffix(".json"))
    args = parser.parse_args()
    if not (args.data / "pieces.csv").is_file():
        parser.error(f"{args.data} holds no shards: make them with symbolic-music corpus build")
    shards, rng = Shards(args.data, "train"), np.random.default_rng(0)
    real, old = before(shards)
    drawn, made, new = after(shards, Mix(), args.rows, rng)
    notes, ids, pieces = Counter[str](), Counter[str](), Counter[str]()
    for p in shards.pieces:
        key = f"{p.genre}|{'arranged' if p.source == 'arranger' else 'real'}"
        notes[key] += p.notes
        ids[key] += p.ids
        pieces[key] += 1
    total = sum(drawn.values())
    print("| genre | real pieces | real notes | arranged pieces | arranged notes | before % | after % | of it real % |")
    print("|---|---|---|---|---|---|---|---|")
    rows = {}
    everything = sum(real.values())
    for genre, weight in drawn.most_common():
        one, two = f"{genre}|real", f"{genre}|arranged"
        rows[genre] = {
            "real pieces": pieces[one], "real notes": notes[one], "real ids": ids[one],
            "arranged pieces": pieces[two], "arranged notes": notes[two], "arranged ids": ids[two],
            "before": round(100 * real[genre] / everything, 2), "after": round(100 * weight / total, 2),
            "after, real": round(100 * (weight - made[genre]) / weight, 1) if weight else 0,
        }  # fmt: skip
        r = rows[genre]
        print(
            f"| {genre} | {r['real pieces']} | {r['real notes']:,} | {r['arranged pieces']} | {r['arranged notes']:,} "
            f"| {r['before']} | {r['after']} | {r['after, real']} |"
        )
    out = {"genres": rows, "families before": share(old), "families after": share(new)}
    args.out.write_text(json.dumps(out, indent=1) + "\n")
    if args.picture:
        shares = {g: 100 * n / total for g, n in drawn.items()}
        arranged = {g: 100 * n / total for g, n in made.items()}
        draw(
            {g: 100 * n / everything for g, n in real.items()}, shares, arranged, [share(old), share(new)], args.picture
        )


if __name__ == "__main__":
    main()

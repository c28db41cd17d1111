"""Piano rolls of a few pieces, as pictures for the docs.

python docs/benchmarks/rolls.py -o docs/pictures
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

import symbolic_music as sm
from symbolic_music.score import Score
from symbolic_music.theory.meters import TICKS

PROMPTS = {
    "folk": ("a folk song that only uses A, B, C#, F# and G", 0),
    "rock": ("a rock song in E minor with overdriven guitar, bass and drums, 12 bars", 1),
    "waltz": ("a waltz in G major for violin, cello and piano, 16 bars", 2),
}


def draw(score: Score, title: str, path: Path) -> None:
    """A picture of a score: a colour a part, a line a bar."""
    figure, axes = plt.subplots(figsize=(11, 4.2), dpi=110)
    colours = plt.get_cmap("tab10").colors
    for i, part in enumerate(score.parts):
        mine = score.notes[score.notes["part"] == i]
        left, width = mine["start"] / TICKS, np.maximum(mine["duration"] / TICKS - 0.04, 0.08)
        axes.barh(mine["pitch"], width, left=left, height=0.85, color=colours[i % 10], alpha=0.85, label=part.name)
    for edge in score.bar_starts / TICKS:
        axes.axvline(edge, color="0.85", lw=0.6, zorder=0)
    axes.set(xlabel="quarter notes", ylabel="pitch", title=title, xlim=(0, score.bar_starts[-1] / TICKS))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Compose the pieces and draw them."""
    mpl.use("Agg")
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/pictures"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name, (words, seed) in PROMPTS.items():
        piece = sm.compose(words, seed=seed)
        draw(piece.score, f"“{words}”", args.out / f"{name}.png")
        print(name, piece)


if __name__ == "__main__":
    main()

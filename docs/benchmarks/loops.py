"""Seams of loops: how a loop's end goes over into its beginning, beside how it moves elsewhere.

python docs/benchmarks/loops.py [--pieces 20] [--seeds 6]

The bound: neither the step from the last sample to the first, nor the bend there (the second difference), is larger
than the largest in the loop itself. As a check that the music goes on, the loop is compared with the second
time round of the piece played twice in a row (a test). Then pieces of four prompts are composed with an ending and as
loops: how loud their last two bars are beside the first half, by velocity.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import soundfile

import symbolic_music as sm
from symbolic_music import audio
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.training.arranger import arrange, arrangeable, sheet

PROMPTS = (
    "dark synthwave for a game level in A minor, 110 bpm, 32 bars",
    "synthwave in A minor, 110 bpm, 16 bars",
    "game music, 16 bars",
    "a calm ambient piece, 16 bars",
)
OUT = Path(__file__).with_suffix(".json")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pieces", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=6)
    args = parser.parse_args()
    rng, rows = np.random.default_rng(3), []
    styles = sorted(arrangeable())
    for i in range(args.pieces):
        style = styles[i * len(styles) // args.pieces]
        score = arrange(sheet(style), rng=rng).score.cut(4, 8)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "loop.wav"
            audio.render(midi_bytes(score), path, loop=True, finish=style, depth=32)
            samples, rate = soundfile.read(path)
        steps, bends = np.abs(np.diff(samples, axis=0)), np.abs(np.diff(samples, 2, axis=0))
        seam = np.concatenate([samples[-2:], samples[:2]])
        row = {
            "style": style,
            "frames off": len(samples) - round(score.seconds * rate),
            "step": float(np.abs(seam[2] - seam[1]).max()),
            "largest step": float(steps.max()),
            "bend": float(np.abs(np.diff(seam, 2, axis=0)).max()),
            "largest bend": float(bends.max()),
        }
        row["ok"] = row["step"] <= row["largest step"] and row["bend"] <= row["largest bend"]
        rows.append(row)
        print({k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}, flush=True)
    print(f"{sum(bool(row['ok']) for row in rows)} of {len(rows)} within the bound")
    endings = {
        name: [ending(words, seed, loop) for words in PROMPTS for seed in range(1, args.seeds + 1)]
        for name, loop in (("with an ending", False), ("as loops", True))
    }
    for name, found in endings.items():
        faint = sum(value < 0.7 for value in found)
        print(f"{name}: mean {np.mean(found):.2f}, under 0.7 {faint} of {len(found)}")
    OUT.write_text(json.dumps({"seams": rows, "endings": endings}, indent=0) + "\n")


def ending(words: str, seed: int, loop: bool) -> float:
    """The mean velocity of a piece's last two bars beside that of its first half."""
    score = sm.compose(words, seed=seed, loop=loop).score
    notes, edges = score.notes, score.bar_starts
    first = notes["velocity"][notes["start"] < edges[score.bars // 2]]
    last = notes["velocity"][notes["start"] >= edges[-3]]
    return round(float(last.mean() / first.mean()), 3) if len(last) and len(first) else 0.0


if __name__ == "__main__":
    main()

"""Every style arranged: are the pieces valid, how fast are they made, how do they look.

    python docs/benchmarks/styles.py --pieces 20 [--pictures docs/pictures/styles]

Each piece is written as a MIDI file and read back by mido and pretty_midi. Counted are pieces in which every note is
in its instrument's range, none hangs or is cut by the end of the file, the bars are those of the plan, and the
end is the one planned: the tonic chord on the last bar, or a fade.
"""

from __future__ import annotations

import argparse
import io
import json
import time
import warnings
from collections import Counter
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import mido
import numpy as np
import pretty_midi
from tqdm import tqdm

from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.instruments import DRUMS, of_program
from symbolic_music.theory.meters import TICKS
from symbolic_music.training.arranger import Arrangement, arrange, arrangeable

COLOURS = {
    "melody": "tab:red", "counter": "tab:pink", "riff": "tab:orange", "comping": "tab:green", "pad": "tab:cyan",
    "bass": "tab:blue", "drums": "0.35",
}  # fmt: skip


def valid(made: Arrangement) -> dict[str, bool]:
    """What holds in the written file."""
    data = midi_bytes(made.score, offsets=made.offsets)
    file = mido.MidiFile(file=io.BytesIO(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        heard = pretty_midi.PrettyMIDI(io.BytesIO(data))
    open_notes: Counter[tuple[int, int, int]] = Counter()
    length = 0
    for number, track in enumerate(file.tracks):
        now = 0
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                open_notes[number, message.channel, message.note] += 1
            elif message.type in ("note_on", "note_off"):
                open_notes[number, message.channel, message.note] -= 1
        length = max(length, now)
    meter = made.score.meters[0]
    bars = length / file.ticks_per_beat / meter.quarters
    ranges = all(
        of_program(DRUMS if part.is_drum else part.program).low <= note.pitch
        <= of_program(DRUMS if part.is_drum else part.program).high
        for part in heard.instruments
        for note in part.notes
    )  # fmt: skip
    return {
        "in range": ranges,
        "none hangs": not any(open_notes.values()),
        "exact bars": bars == made.score.bars == len(made.score.sections),
        "ends as written": ends(made),
        "exact tempo": bool(abs(heard.get_tempo_changes()[1][0] - (made.score.tempo or 0)) < 0.01),
    }


def ends(made: Arrangement) -> bool:
    """Whether the last bar holds the tonic chord, struck once, or the piece fades: its last bars are its softest."""
    score = made.score
    assert score.chords is not None and score.key is not None
    drums = np.array([p.is_drums for p in score.parts])
    last = score.notes[score.notes["start"] >= score.bar_starts[-2]]
    chord = CHORDS[score.chords[-1, 0]]
    pitches = last[~drums[last["part"]]]["pitch"] % 12
    # a voicing may put a ninth or a sixth on top
    inside = np.isin(pitches, [*chord.pitch_classes, (chord.root + 2) % 12, (chord.root + 9) % 12]).all()
    once = set(last["start"].tolist()) == {int(score.bar_starts[-2])}
    closed = once and chord.root == score.key.root and bool(inside)
    faded = len(last) > 0 and last["velocity"].mean() < 0.7 * score.notes["velocity"].mean()
    return closed or bool(faded)


def draw(made: Arrangement, path: Path, bars: int = 16) -> None:
    """The first bars, a colour a role."""
    score = made.score.cut(0, min(bars, made.score.bars))
    figure, axes = plt.subplots(figsize=(9, 2.6), dpi=90)
    for role, colour in COLOURS.items():
        mine = score.notes[np.isin(score.notes["part"], [i for i, r in enumerate(made.roles) if r == role])]
        if len(mine):
            left, width = mine["start"] / TICKS, np.maximum(mine["duration"] / TICKS - 0.05, 0.1)
            axes.barh(mine["pitch"], width, left=left, height=0.9, color=colour, label=role)
    for bar, edge in enumerate(score.bar_starts / TICKS):
        axes.axvline(edge, color="0.85", lw=0.6, zorder=0)
        if bar < score.bars and (bar == 0 or score.sections[bar] != score.sections[bar - 1]):
            axes.text(edge, axes.get_ylim()[1], f" {score.sections[bar]}", fontsize=7, va="top")
    axes.set_title(f"{score.genre}: {score.key}, {score.meters[0]}, {score.tempo:g} BPM", fontsize=9)
    axes.set(xlim=(0, score.bar_starts[-1] / TICKS))
    axes.tick_params(labelsize=7)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=7)
    figure.tight_layout()
    figure.savefig(path, pil_kwargs={"optimize": True})
    plt.close(figure)


def main() -> None:
    """Arrange, check, time, draw."""
    mpl.use("Agg")
    parser = argparse.ArgumentParser()
    parser.add_argument("--pieces", type=int, default=20)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).with_suffix(".json"))
    args = parser.parse_args()
    rows, spent, made_all = {}, 0.0, 0
    for style in tqdm(arrangeable(), disable=None):
        began = time.perf_counter()
        made = [arrange(style, rng=np.random.default_rng([seed, 3])) for seed in range(args.pieces)]
        spent, made_all = spent + time.perf_counter() - began, made_all + len(made)
        held = [valid(m) for m in made]
        beats = [float(m.score.bar_starts[-1]) / TICKS for m in made]
        rows[style] = {
            **{name: sum(h[name] for h in held) for name in held[0]},
            "bars": round(float(np.mean([m.score.bars for m in made])), 1),
            "seconds": round(float(np.mean([m.score.seconds for m in made])), 1),
            "parts": round(float(np.mean([len(m.score.parts) for m in made])), 1),
            "notes a quarter": round(
                float(np.mean([len(m.score.notes) / b for m, b in zip(made, beats, strict=True)])), 2
            ),
            "tempo": round(float(np.mean([m.score.tempo or 0 for m in made])), 1),
            "velocity": round(float(np.mean([m.score.notes["velocity"].mean() for m in made])), 1),
        }
        if args.pictures:
            args.pictures.mkdir(parents=True, exist_ok=True)
            draw(made[0], args.pictures / f"{style}.png")
    columns = list(next(iter(rows.values())))
    print("| style | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for style, row in rows.items():
        print(f"| {style} | " + " | ".join(str(v) for v in row.values()) + " |")
    speed = round(made_all / spent * 3600)
    print(f"\n{made_all} pieces, {speed:,} an hour")
    args.out.write_text(json.dumps({"pieces": args.pieces, "an hour": speed, "styles": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()

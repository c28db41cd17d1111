"""Loudness and true peak of rendered files, measured by ffmpeg's ebur128 as a second opinion.

python docs/benchmarks/loudness.py [--pieces 60] [--fonts timgm6mb fluidr3mono musescore-small] [--jobs 2]

Pieces are arranged and composed ones of many genres, each with its finish; each is rendered with each font to each
format, for one of the targets in turn. Then silence, a click, and an hour of music.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import mido
import numpy as np

import symbolic_music as sm
from symbolic_music import audio
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.theory import genres
from symbolic_music.training.arranger import arrange, arrangeable, sheet

FORMATS = (".wav", ".flac", ".ogg", ".mp3")
TARGETS = ("spotify", "apple", "broadcast", "youtube")
OUT = Path(__file__).with_suffix(".json")


def by_ffmpeg(path: Path) -> tuple[float, float]:
    """Integrated loudness (three decimals) and true peak (one decimal) of a file, as ffmpeg decodes and measures it."""
    chain = "ebur128=peak=true:metadata=1,ametadata=mode=print:key=lavfi.r128.I:file=-"
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af", chain, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loudness = re.findall(r"lavfi.r128.I=(-?[\d.]+|-inf|nan)", done.stdout)
    peak = re.search(r"Peak:\s+(-?[\d.]+|-inf)", done.stderr.split("Summary:")[-1])
    assert peak
    return float(loudness[-1]) if loudness else -np.inf, float(peak[1])


def pieces(count: int) -> Iterator[tuple[str, str, bytes]]:
    """Name, genre and MIDI: half composed, half arranged, of as many genres as there are."""
    rng = np.random.default_rng(6)
    names = [name for name in genres.names() if name != "drums"]
    styles = sorted(arrangeable())
    for i in range(count):
        if i % 2:
            made = arrange(sheet(styles[i % len(styles)]), rng=rng)
            score = made.score.cut(0, min(16, made.score.bars))
            yield f"arranged {styles[i % len(styles)]}", styles[i % len(styles)], midi_bytes(score)
        else:
            genre = names[i % len(names)]
            yield f"composed {genre}", genre, sm.compose(genre=genre, bars=8, seed=i).midi


def one(job: tuple[int, str, str, bytes, str, str]) -> dict[str, Any]:
    """Render one and measure it."""
    number, name, genre, midi, font, ending = job
    place = TARGETS[number % len(TARGETS)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"song{ending}"
        ours = audio.render(midi, path, soundfont=font, finish=genre, loudness=place)
        loudness, peak = by_ffmpeg(path)
    wanted = audio.TARGETS[place]
    assert wanted is not None
    own = [round(ours.integrated - wanted, 3), round(ours.true_peak, 2)]
    off = round(loudness - wanted, 3)
    return {"piece": name, "font": font, "format": ending, "target": wanted, "off": off, "peak": peak, "ours": own}


def right(row: dict[str, Any]) -> bool:
    return abs(row["off"]) <= 0.1 and row["peak"] <= -1.0


def edges() -> dict[str, Any]:
    """Silence, one click, and an hour, each as WAV and MP3."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        silence = BytesIO()
        mido.MidiFile(tracks=[mido.MidiTrack([mido.MetaMessage("end_of_track", time=4800)])]).save(file=silence)
        click = BytesIO()
        stroke = [
            mido.Message("note_on", channel=9, note=37, velocity=127),
            mido.Message("note_off", channel=9, note=37, time=10),
        ]
        mido.MidiFile(tracks=[mido.MidiTrack(stroke)]).save(file=click)
        made = sm.compose(genre="rock", bars=16, seed=1)
        long = made.score
        hour = mido.MidiFile(file=BytesIO(made.midi))
        times = round(3600 / long.seconds)
        for track in hour.tracks:
            body = [m for m in track if m.type != "end_of_track"]
            rest = sum(m.time for m in track) - sum(m.time for m in body)
            track[:] = [
                m.copy(time=m.time + (rest if i and j == 0 else 0)) for i in range(times) for j, m in enumerate(body)
            ]
        whole = BytesIO()
        hour.save(file=whole)
        for name, data in (("silence", silence), ("click", click), ("an hour", whole)):
            for ending in (".wav", ".mp3"):
                path = Path(folder) / f"edge{ending}"
                began = time.perf_counter()
                ours = audio.render(data.getvalue(), path, finish="rock")
                took = time.perf_counter() - began
                loudness, peak = by_ffmpeg(path)
                found[f"{name} {ending}"] = {
                    "LUFS": loudness,
                    "dBTP": peak,
                    "ours": str(ours),
                    "seconds": round(took, 1),
                }
                print(name, ending, found[f"{name} {ending}"], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pieces", type=int, default=60)
    parser.add_argument("--fonts", nargs="+", default=["timgm6mb", "fluidr3mono", "musescore-small"])
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    made = list(pieces(args.pieces))
    jobs = [(i, *piece, font, ending) for (i, piece), font, ending in product(enumerate(made), args.fonts, FORMATS)]
    with ProcessPoolExecutor(args.jobs) as pool:
        rows = list(pool.map(one, jobs, chunksize=4))
    wrong = [row for row in rows if not right(row)]
    for row in wrong:
        print("wrong", row)
    print(f"{len(rows) - len(wrong)} of {len(rows)} within 0.1 LU and at or under -1.0 dBTP")
    for ending in FORMATS:
        mine = [row for row in rows if row["format"] == ending]
        off, peak = max(abs(row["off"]) for row in mine), max(row["peak"] for row in mine)
        print(f"{ending:<6} farthest {off:.3f} LU, highest {peak:.1f} dBTP")
    result = {"files": len(rows), "right": len(rows) - len(wrong), "wrong": wrong, "edges": edges(), "rows": rows}
    OUT.write_text(json.dumps(result, indent=0) + "\n")


if __name__ == "__main__":
    main()

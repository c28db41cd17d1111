"""Speed and memory of rendering, mastered, against the command line of FluidSynth in one interleaved run.

python docs/benchmarks/rendering.py [--rounds 5]

A round renders each piece of about three minutes with `fluidsynth -F` to a 16-bit WAV, with `audio.render` in a process
that has it imported, and with the command `symbolic-music render` from a cold start. Seconds of music a second of work;
the median over the rounds. Then the highest memory of a process that renders three and sixty minutes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

import mido
import numpy as np

from symbolic_music import audio
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.training.arranger import arrange, sheet

OUT = Path(__file__).with_suffix(".json")
PEAK = """
import resource, sys
from symbolic_music import audio
audio.render(sys.argv[1], sys.argv[2], soundfont=sys.argv[3], finish="band")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def piece(style: str, seconds: float) -> bytes:
    """An arranged piece, repeated until it lasts so long."""
    made = arrange(sheet(style), rng=np.random.default_rng(1))
    file = mido.MidiFile(file=BytesIO(midi_bytes(made.score, offsets=made.offsets)))
    times = max(1, round(seconds / made.score.seconds))
    for track in file.tracks:
        body = [m for m in track if m.type != "end_of_track"]
        rest = sum(m.time for m in track) - sum(m.time for m in body)
        track[:] = [
            m.copy(time=m.time + (rest if i and not j else 0)) for i in range(times) for j, m in enumerate(body)
        ]
    data = BytesIO()
    file.save(file=data)
    return data.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--styles", nargs="+", default=["metal", "swing", "chamber"])
    parser.add_argument("--fonts", nargs="+", default=["timgm6mb", "fluidr3mono", "musescore-small"])
    args = parser.parse_args()
    result: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for style in args.styles:
            path = folder / f"{style}.mid"
            path.write_bytes(piece(style, 180))
            for font in args.fonts:
                took: dict[str, list[float]] = {"fluidsynth": [], "render": [], "command": []}
                for _ in range(args.rounds):
                    took["fluidsynth"].append(by_fluidsynth(path, audio.find(font), folder / "theirs.wav"))
                    began = time.perf_counter()
                    audio.render(path, folder / "ours.wav", soundfont=font, finish="band")
                    took["render"].append(time.perf_counter() - began)
                    began = time.perf_counter()
                    command = [sys.executable, "-m", "symbolic_music", "render", str(path), "-o", str(folder / "c.wav")]
                    subprocess.run([*command, "--soundfont", font, "--finish", "band"], check=True, capture_output=True)
                    took["command"].append(time.perf_counter() - began)
                theirs = statistics.median(took["fluidsynth"])
                ratios = {
                    name: statistics.median(a / b for a, b in zip(took["fluidsynth"], took[name], strict=True))
                    for name in ("render", "command")
                }
                seconds = mido.MidiFile(path).length
                row = {"seconds": seconds, "fluidsynth": seconds / theirs} | ratios
                result[f"{style}, {font}"] = {name: round(value, 2) for name, value in row.items()}
                print(f"{style}, {font}", result[f"{style}, {font}"], flush=True)
        for minutes in (3, 60):
            path = folder / "long.mid"
            path.write_bytes(piece("metal", 60 * minutes))
            command = [sys.executable, "-c", PEAK, str(path), str(folder / "long.flac"), "timgm6mb"]
            began = time.perf_counter()
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            row = {"peak MB": float(done.stdout), "seconds": round(time.perf_counter() - began, 1)}
            result[f"{minutes} minutes"] = row
            print(f"{minutes} minutes", row, flush=True)
    OUT.write_text(json.dumps(result, indent=1) + "\n")


def by_fluidsynth(path: Path, font: Path, out: Path) -> float:
    """Seconds that the command line takes for a 16-bit WAV."""
    began = time.perf_counter()
    command = ["fluidsynth", "-niq", "-F", str(out), "-T", "wav", "-O", "s16", "-r", "44100", str(font), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()

"""Pieces of every kind, written as MIDI and read by other people's libraries and programs: the share read right.

    python docs/benchmarks/readers.py --cache readers

What is compared is in tests/readers.py and tests/programs.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pickle
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from tqdm import tqdm

import symbolic_music as sm
from symbolic_music.errors import FileError
from symbolic_music.files.channels import listing
from symbolic_music.files.export import Export
from symbolic_music.files.read_midi import load
from symbolic_music.files.write_midi import midi_bytes, stems
from symbolic_music.score import Score
from symbolic_music.theory import genres
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import METERS
from symbolic_music.training.arranger import arrange, arrangeable, sheet

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
import programs
import readers
from readers import Content

ROOT = Path(__file__).parents[2]
BARS = 16


@dataclass(frozen=True, eq=False)
class Written:
    """A piece as it was written: `straight` where each note stands where the score has it."""

    name: str
    kind: str
    data: bytes
    score: Score
    export: Export
    straight: bool = True


def written(name: str, kind: str, score: Score, export: Export | None = None, offsets: Any = None) -> Written:
    export = export or Export()
    data = midi_bytes(score, title=name, receipt=json.dumps({"made by": name}), offsets=offsets, export=export)
    return Written(name, kind, data, score, export, offsets is None and export.swing is None and not export.humanise)


def want(piece: Written) -> Content:
    """What a reader has to find: from the score; where notes are played early or late, their times are mido's."""
    content = readers.expected(piece.score, piece.export)
    tracks = content.tracks
    if not piece.straight:
        pairs = list(zip(tracks, (t.notes for t in readers.read_mido(piece.data).tracks), strict=True))
        for track, notes in pairs:
            assert Counter(n[2] for n in notes) == Counter(n[2] for n in track.notes), piece.name
        tracks = tuple(replace(track, notes=notes) for track, notes in pairs)
    return replace(content, tracks=tracks)


def composed(count: int, cache: Path) -> Iterator[Written]:
    """By the shipped model, under briefs of every kind; what it composed once is kept."""
    rng = np.random.default_rng(1)
    names = sorted(genres.table())
    for i in range(count):
        brief: dict[str, Any] = {"genre": names[i % len(names)], "bars": int(rng.integers(8, 13)), "seed": i}
        if i % 5 == 1:
            brief |= {"meter": str(METERS[int(rng.integers(len(METERS)))])}
        if i % 5 == 2:
            brief |= {"instruments": ["piano", "violin", "cello", "flute", "drums"][: 1 + i % 4]}
        if i % 3 == 0:
            brief |= {"key": str(Key.of(int(rng.integers(12)), ("major", "minor")[i % 2]))}
        if i % 7 == 3:
            brief |= {"tempo": float(rng.integers(40, 240))}
        kept = cache / f"composed-{i}.pickle"
        if not kept.exists():
            try:
                piece = sm.compose(**brief)
            except sm.ConflictError:
                piece = sm.compose(**{k: v for k, v in brief.items() if k in ("genre", "bars", "seed")})
            kept.write_bytes(pickle.dumps((piece.score, piece.offsets)))
        score, offsets = pickle.loads(kept.read_bytes())
        yield written(f"composed-{i}", "composed", score, offsets=offsets)


def arranged() -> Iterator[Written]:
    """In each style once: every other one as it is played, the others as they are notated."""
    for i, style in enumerate(arrangeable()):
        made = arrange(sheet(style), rng=np.random.default_rng(i))
        score = made.score.cut(0, min(BARS, made.score.bars))
        early = made.score.notes["start"] < score.bar_starts[-1]
        yield written(f"arranged-{style}", "arranged", score, offsets=made.offsets[:, early] if i % 2 else None)


def real() -> Iterator[Written]:
    """Composers' pieces, read and written again."""
    paths = [*sorted((ROOT / "tests/data/corpus/midi").glob("*.mid"))]
    paths += sorted((ROOT / "runs/evaluation/real").rglob("*.mid"))[::12]
    for path in paths:
        with suppress(FileError):  # a meter that there is not
            score = load(path)
            yield written(f"real-{path.stem[:40]}", "real", score.cut(0, min(BARS, score.bars)))


def random(count: int) -> Iterator[Written]:
    for i in range(count):
        yield written(f"random-{i}", "random", readers.random_score(np.random.default_rng(i), i))


EXPORTS = (
    Export(type=0), Export(type=0, resolution=960), Export(resolution=24), Export(resolution=96),
    Export(resolution=960), Export(resolution=9600), Export(swing=2 / 3), Export(swing=0.55, humanise=0.3),
    Export(humanise=0.5, seed=3), Export(humanise=1.0, seed=4, resolution=960), Export(chords="text"),
    Export(chords="lyrics"), Export(kit="brush"), Export(kit="tr-808"),
    Export(kit="orchestra", copyright="© 2026 Ünknown"),
)  # fmt: skip


def exported() -> Iterator[Written]:
    """With each option of the export, and the stems of one piece."""
    for i, export in enumerate(EXPORTS):
        made = arrange(sheet(("swing", "rock", "waltz", "bossa-nova")[i % 4]), rng=np.random.default_rng(100 + i))
        yield written(f"export-{i}", "export", made.score.cut(0, 8), export)
    score = arrange(sheet("gospel"), rng=np.random.default_rng(99)).score.cut(0, 8)
    for i, (index, (name, data)) in enumerate(zip(sounding(score), stems(score, title="stem"), strict=True)):
        alone = replace(score, notes=score.notes[score.notes["part"] == index])
        yield Written(f"stem-{i}-{name}", "stem", data, alone, Export())


def sounding(score: Score) -> list[int]:
    """The parts that have notes, from the top of the score."""
    return [i for i in listing(score.parts) if (score.notes["part"] == i).any()]


def pieces(count: int, cache: Path) -> list[Written]:
    """Pieces of every kind; fewer of each where fewer are asked."""
    share = count / 200
    made = [*arranged()][:: max(1, round(1 / share))]
    made += [*composed(round(60 * share), cache), *islice(real(), round(30 * share)), *exported()]
    return [*made, *random(max(0, count - len(made)))]


LIBRARIES: dict[str, Callable[[bytes], Content]] = {
    "mido": readers.read_mido,
    "symusic": readers.read_symusic,
    "pretty_midi": readers.read_pretty_midi,
    "music21": readers.read_music21,
}


def checked(piece: Written, path: Path) -> dict[str, dict[str, str]]:
    """What each reader gets wrong, "" where nothing."""
    content = want(piece)
    found = {}
    for name, read in LIBRARIES.items():
        found[name] = _tried(lambda: readers.compare(read(piece.data), content))  # noqa: B023  # called at once
    if programs.MIDI2ABC:
        found["midi2abc"] = _tried(lambda: programs.check_midi2abc(path, content))
    if programs.TIMIDITY:
        found["timidity"] = _tried(lambda: programs.check_timidity(path, content))
    if programs.MUSESCORE:
        found["MuseScore"] = _tried(lambda: programs.check_musescore(path, content))
        found["MuseScore by itself"] = _tried(
            lambda: programs.check_musescore(path.with_name("own") / path.name, content)
        )
    return found


def _tried(check: Callable[[], dict[str, str]]) -> dict[str, str]:
    try:
        return {"reads": ""} | check()
    except Exception as error:  # noqa: BLE001  # whatever a reader raises is a failure of it
        return {"reads": f"{type(error).__name__}: {error}"[:200]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pieces", type=int, default=200)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "symbolic-music-readers"))
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("readers.json"))
    args = parser.parse_args()
    own = args.cache / "own"  # what MuseScore makes of them by its own settings
    own.mkdir(parents=True, exist_ok=True)
    made = pieces(args.pieces, args.cache)
    paths = []
    for piece in made:
        path = args.cache / f"{hashlib.sha1(piece.data).hexdigest()[:16]}.mid"
        path.write_bytes(piece.data)
        (own / path.name).write_bytes(piece.data)
        paths.append(path)
    if programs.MUSESCORE:
        for at in range(0, len(paths), 20):
            programs.musescore(paths[at : at + 20])
            programs.musescore([own / path.name for path in paths[at : at + 20]], {})
    counts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))
    failures = []
    for piece, path in zip(tqdm(made, disable=None), paths, strict=True):
        for reader, found in checked(piece, path).items():
            for check, wrong in found.items():
                counts[reader][check][0] += not wrong
                counts[reader][check][1] += 1
                if wrong and check != programs.GUESS:
                    failures.append(f"{reader}, {check}: {piece.name}: {wrong}")
    print("| reader | check | right | of | share |\n|---|---|---|---|---|")
    for reader, checks in counts.items():
        for check, (right, total) in checks.items():
            print(f"| {reader} | {check} | {right} | {total} | {right / total:.1%} |")
    print("\n".join(failures))
    result = {
        "pieces": Counter(piece.kind for piece in made),
        "notes": sum(len(t.notes) for p in made for t in want(p).tracks),
        "taken for performances": [piece.name for piece in made if programs.played(want(piece))],
        "right": {reader: {c: f"{r}/{n}" for c, (r, n) in checks.items()} for reader, checks in counts.items()},
        "failures": failures,
    }
    args.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

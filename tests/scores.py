"""Scores for the tests of files: any that may be written, and a small song."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from io import BytesIO
from typing import Any

import mido
import numpy as np
import symusic
from hypothesis import settings
from hypothesis import strategies as st

from symbolic_music.files.export import CHORDS, RESOLUTION, Export
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.keys import Key
from symbolic_music.theory.kit import KITS
from symbolic_music.theory.meters import METERS, TICKS, Meter

Rows = list[tuple[int, int, int, int]]
SCALE = RESOLUTION // TICKS
KEYS = [Key.of(root, mode) for root in range(12) for mode in ("major", "minor")]
QUIET = settings(max_examples=30, deadline=None, derandomize=True)
SLOW = settings(QUIET, max_examples=12)


@st.composite
def scores(draw: Any, notes: int = 80, parts: int = 15, changes: bool = False) -> Score:
    """Scores with any meters, some parts and drums, and notes that overlap, repeat and reach over the end.

    With `changes` the tempo and the key change, too, and there are chords.
    """
    meters = tuple(
        m
        for m, n in draw(st.lists(st.tuples(st.sampled_from(METERS), st.integers(1, 3)), min_size=1, max_size=3))
        for _ in range(n)
    )
    programs = draw(
        st.lists(st.tuples(st.integers(0, 127), st.integers(1, 4)), min_size=1, max_size=parts, unique=True)
    )
    players = tuple(sorted(Part(*p) for p in programs))
    if draw(st.booleans()):
        players = (Part(-1), *([Part(-1, 2)] if changes else []), *players)
    end = sum(m.ticks for m in meters)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(0, notes))
    rows = np.zeros(count, NOTE)
    step = draw(st.sampled_from((1, 2, 3, 6, 12)))
    rows["start"] = rng.integers(0, end // step, count) * step
    rows["duration"] = rng.integers(0, 120 // step, count) * step
    rows["pitch"] = rng.integers(48, draw(st.sampled_from((50, 60, 84))), count)
    rows["velocity"] = rng.integers(1, 128, count)
    rows["part"] = rng.integers(0, len(players), count)
    changing: dict[str, Any] = {}
    if changes:
        bars = st.integers(1, len(meters))
        changing["tempos"] = tuple(draw(st.lists(st.tuples(st.integers(1, end), st.floats(4, 1000)), max_size=4)))
        changing["keys"] = tuple(draw(st.lists(st.tuples(bars, st.sampled_from(KEYS)), max_size=3)))
        changing["chords"] = rng.integers(-2, 20, (len(meters), 2)).astype(np.int16)
    return Score(
        players,
        meters,
        sort_notes(rows),
        tempo=draw(st.floats(20, 320) | st.just(120.0)),
        key=draw(st.none() | st.sampled_from(KEYS)),
        sections=tuple(draw(st.sampled_from(("", "A", "B"))) for _ in meters),
        **changing,
    )


EXPORTS = st.builds(
    Export,
    resolution=st.sampled_from((24, 96, 480, 960, 9600)),
    chords=st.sampled_from(CHORDS),
    swing=st.none() | st.floats(0.5, 0.75),
    humanise=st.just(0.0) | st.floats(0, 1),
    seed=st.integers(0, 99),
    kit=st.sampled_from(("", *KITS)),
    copyright=st.sampled_from(("", "© 2026 小曲")),
)


MANY = scores(parts=40, changes=True)


def suited(export: Export, score: Score) -> Export:
    """Without swing where no bar can."""
    return export if any(meter.unit == 4 for meter in score.meters) else replace(export, swing=None)


def heard(data: bytes) -> tuple[Any, list[tuple[str, int | None, Rows]]]:
    """A file as mido reads it; name, program and notes (start, duration, pitch, velocity) of each track but the first.

    Every note that starts must end, on its own channel and port, after it starts and before its pitch starts again.
    """
    file = mido.MidiFile(file=BytesIO(data), charset="utf-8")
    on: dict[tuple[int, int, int], tuple[int, int, int]] = {}
    rows: dict[int, Rows] = defaultdict(list)
    programs: dict[int, int] = {}
    ports: Counter[int] = Counter()
    events = []
    for index, track in enumerate(file.tracks):
        now = 0
        for message in track:
            now += message.time
            events.append((now, message.type == "note_on", index, message))
    for now, _, index, message in sorted(events, key=lambda event: event[:2]):
        if message.type == "midi_port":
            ports[index] = message.port
        elif message.type == "program_change":
            assert now == 0
            programs.setdefault(index, message.program)
        elif message.type == "note_on":
            place = (ports[index], message.channel, message.note)
            assert message.velocity > 0 and place not in on
            on[place] = (now, message.velocity, index)
        elif message.type == "note_off":
            start, velocity, owner = on.pop((ports[index], message.channel, message.note))
            assert owner == index and now > start
            rows[index].append((start, now - start, message.note, velocity))
    assert not on
    return file, [(t.name, programs.get(i), sorted(rows[i])) for i, t in enumerate(file.tracks[1:], 1)]


def at(track: Any, kind: str) -> list[tuple[int, Any]]:
    """The messages of a kind in a track, with their ticks."""
    ticks = np.cumsum([m.time for m in track]).tolist()
    return [(tick, m) for tick, m in zip(ticks, track, strict=True) if m.type == kind]


def read_symusic(data: bytes) -> Any:
    return symusic.Score.from_midi(data)


def song(**changes: Any) -> Score:
    """Two bars of flute and drums."""
    rows = [(0, 24, 62, 90, 1), (24, 24, 66, 90, 1), (0, 6, 36, 100, 0), (24, 6, 38, 100, 0), (96, 96, 69, 80, 1)]
    score = Score((Part(-1), Part(73)), (Meter(4, 4),) * 2, sort_notes(np.array(rows, NOTE)), 97.0, Key("D"))
    return replace(score, **changes)


def meter_changes(score: Score) -> list[tuple[int, int, int]]:
    edges, meters = score.bar_starts.tolist(), score.meters
    return [(edges[i] * SCALE, m.beats, m.unit) for i, m in enumerate(meters) if i == 0 or m != meters[i - 1]]

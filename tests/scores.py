"""Scores for the tests of files: any that may be written, and a small song."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from symbolic_music.files.write_midi import RESOLUTION
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import METERS, TICKS, Meter

SCALE = RESOLUTION // TICKS
KEYS = [Key.of(root, mode) for root in range(12) for mode in ("major", "minor")]
QUIET = settings(max_examples=30, deadline=None, derandomize=True)
SLOW = settings(QUIET, max_examples=12)


@st.composite
def scores(draw: Any, notes: int = 80) -> Score:
    """Scores with any meters, 1 to 16 parts, and notes that overlap, repeat and reach over the end."""
    meters = tuple(
        m
        for m, n in draw(st.lists(st.tuples(st.sampled_from(METERS), st.integers(1, 3)), min_size=1, max_size=3))
        for _ in range(n)
    )
    programs = draw(st.lists(st.tuples(st.integers(0, 127), st.integers(1, 4)), min_size=1, max_size=15, unique=True))
    parts = tuple(sorted(Part(*p) for p in programs))
    if draw(st.booleans()):
        parts = (Part(-1), *parts)
    end = sum(m.ticks for m in meters)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(0, notes))
    rows = np.zeros(count, NOTE)
    step = draw(st.sampled_from((1, 2, 3, 6, 12)))
    rows["start"] = rng.integers(0, end // step, count) * step
    rows["duration"] = rng.integers(0, 120 // step, count) * step
    rows["pitch"] = rng.integers(48, draw(st.sampled_from((50, 60, 84))), count)
    rows["velocity"] = rng.integers(1, 128, count)
    rows["part"] = rng.integers(0, len(parts), count)
    return Score(
        parts,
        meters,
        sort_notes(rows),
        tempo=draw(st.floats(20, 320) | st.just(120.0)),
        key=draw(st.none() | st.sampled_from(KEYS)),
        sections=tuple(draw(st.sampled_from(("", "A", "B"))) for _ in meters),
    )


def song(**changes: Any) -> Score:
    """Two bars of flute and drums."""
    rows = [(0, 24, 62, 90, 1), (24, 24, 66, 90, 1), (0, 6, 36, 100, 0), (24, 6, 38, 100, 0), (96, 96, 69, 80, 1)]
    score = Score((Part(-1), Part(73)), (Meter(4, 4),) * 2, sort_notes(np.array(rows, NOTE)), 97.0, Key("D"))
    return replace(score, **changes)


def meter_changes(score: Score) -> list[tuple[int, int, int]]:
    edges, meters = score.bar_starts.tolist(), score.meters
    return [(edges[i] * SCALE, m.beats, m.unit) for i, m in enumerate(meters) if i == 0 or m != meters[i - 1]]

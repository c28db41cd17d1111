"""The layout: a score, and a hole in it, as one row of ids and back.

    BOS controls [Future bar … Present] bar … EOS
    bar  := Bar TimeSig [Left] [Section] [Chord Chord] notes [Free notes]
    note := [Position] [Program [Chair]] Pitch Velocity Duration
    drum := [Position] [Program] PitchDrum Velocity

Within a bar (and again after `Free`) notes go by position, then part, then
pitch; `Position` and `Program` are written when they change. MidiTok's REMI
decodes the stream once our own tokens are taken out. Everything is NumPy over
whole arrays; writing 1,000 notes takes under a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.genres import names
from symbolic_music.theory.instruments import CHAIRS, DRUMS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import METERS, POSITIONS, TICKS, Meter
from symbolic_music.tokens.vocabulary import (
    BARS,
    DENSITIES,
    DYNAMICS,
    LEFT,
    SECTIONS,
    TEMPOS,
    Kind,
    Vocabulary,
    nearest_index,
    vocabulary,
)  # fmt: skip

#: Bars after the hole that a row of ids holds at most.
FUTURE = 8
#: The longest note, in positions.
LONGEST = 12 * POSITIONS
#: Ticks a drum note lasts in a file: its length has no meaning.
DRUM_TICKS = TICKS // 4


@dataclass(frozen=True)
class Hole:
    """What is to be written: the bars from `start` up to, not with, `stop`, for some parts (None: all).

    >>> Hole(4, 8).covers(5, 0)
    True
    """

    start: int
    stop: int
    parts: frozenset[int] | None = None

    def covers(self, bar: int, part: int) -> bool:
        """Whether this bar of this part is to be written."""
        return self.start <= bar < self.stop and (self.parts is None or part in self.parts)


@dataclass(frozen=True)
class Tables:
    """From values to ids, as arrays."""

    pitch: NDArray[np.int32]
    drum: NDArray[np.int32]
    velocity: NDArray[np.int32]
    duration: NDArray[np.int32]
    position: NDArray[np.int32]
    program: NDArray[np.int32]
    chair: NDArray[np.int32]
    meter: NDArray[np.int32]


@cache
def tables() -> Tables:
    """The tables of the shipped vocabulary: velocities and durations go to their nearest token."""
    v = vocabulary()
    velocities, durations = v.ids(Kind.VELOCITY), v.ids(Kind.DURATION)

    def nearest(ids: NDArray[np.int64], size: int) -> NDArray[np.int32]:
        distance = np.abs(v.value[ids].astype(np.int32)[:, None] - np.arange(size))
        return np.asarray(ids[distance.argmin(0)], np.int32)

    return Tables(
        pitch=v.lookup(Kind.PITCH, 128),
        drum=v.lookup(Kind.PITCHDRUM, 128),
        velocity=nearest(velocities, 128),
        duration=nearest(durations, LONGEST + 1),
        position=v.lookup(Kind.POSITION, LONGEST),
        program=v.lookup(Kind.PROGRAM, 129, offset=1),
        chair=v.lookup(Kind.CHAIR, CHAIRS + 1),
        meter=v.lookup(Kind.TIMESIG, len(METERS)),
    )


def control_ids(
    *,
    genre: str = "",
    live: bool | None = None,
    key: Key | None = None,
    tempo: float | None = None,
    meter: Meter | None = None,
    bars: int | None = None,
    density: float | None = None,
    velocity: float | None = None,
    has: Iterable[int] = (),
    uses: Sequence[Part] = (),
) -> list[int]:
    """BOS and the controls, in the order of the token language; what is None or empty is left out.

    Parameters
    ----------
    density : float
        Notes a quarter note, over all parts.
    velocity : float
        Mean velocity, 1 to 127.
    has : iterable of int
        Pitch classes.

    Examples
    --------
    >>> v = vocabulary()
    >>> [v.tokens[i] for i in control_ids(genre="jazz", tempo=132, uses=[Part(0), Part(-1)])]
    ['BOS_None', 'Genre_jazz', 'Tempo_131', 'Uses_-1', 'Uses_0']
    """
    v, t = vocabulary(), tables()
    ids = [v.id(Kind.BOS)]
    if genre:
        ids.append(v.id(Kind.GENRE, names().index(genre)))
    if live is not None:
        ids.append(v.id(Kind.FEEL, int(live)))
    if key is not None:
        ids.append(v.id(Kind.KEY, key.root * 2 + (key.mode == "minor")))
    if tempo is not None:
        ids.append(v.id(Kind.TEMPO, TEMPOS[nearest_index(tempo, TEMPOS)]))
    if meter is not None:
        ids.append(int(t.meter[METERS.index(meter)]))
    if bars is not None:
        ids.append(v.id(Kind.BARS, BARS[nearest_index(bars, BARS)]))
    if density is not None:
        ids.append(v.id(Kind.DENSITY, sum(d <= density for d in DENSITIES) - 1))
    if velocity is not None:
        ids.append(v.id(Kind.DYNAMICS, sum(d <= velocity for d in DYNAMICS.values()) - 1))
    ids += [v.id(Kind.HAS, c) for c in sorted(has)]
    for part in sorted(uses):
        ids.append(v.id(Kind.USES, part.program))
        if part.chair > 1:
            ids.append(v.id(Kind.CHAIR, part.chair))
    return ids


def bar_header(v: Vocabulary, meter: Meter, left: int | None, section: str, chords: Sequence[int]) -> list[int]:
    """The ids that open a bar: Bar TimeSig [Left] [Section] [Chord …]."""
    ids = [v.id(Kind.BAR), v.id(Kind.TIMESIG, METERS.index(meter))]
    if left is not None and left <= LEFT:
        ids.append(v.id(Kind.LEFT, left))
    if section in SECTIONS:  # a label of somebody else's file is only a label
        ids.append(v.id(Kind.SECTION, SECTIONS.index(section)))
    return ids + [v.id(Kind.CHORD, int(c)) for c in chords if c >= -1]


def write(score: Score, controls: Sequence[int], *, hole: Hole | None = None, ends: bool = True) -> NDArray[np.int32]:
    """A score, and the hole in it if there is one, as ids.

    Parameters
    ----------
    score : Score
        Notes on the grid, parts in order of program and chair.
    controls : sequence of int
        From `control_ids`.
    hole : Hole, optional
        What is to be written. Bars after it go before the rest, behind `Future`.
    ends : bool
        Whether the last bar is the end of the piece.

    Returns
    -------
    array of int32, shape [tokens]
        Ends with EOS when the piece ends here or the hole has a future.
    """
    v, t = vocabulary(), tables()
    stop = score.bars if hole is None else hole.stop
    edges, notes = score.bar_starts, score.notes
    bar = np.searchsorted(edges, notes["start"], side="right") - 1
    step = np.array([m.step for m in score.meters])[bar] if len(notes) else np.zeros(0, int)
    position = (notes["start"] - edges[bar]) // step
    programs = np.array([p.program for p in score.parts], np.int64)
    chairs = np.array([p.chair for p in score.parts], np.int64)
    free = np.zeros(len(notes), bool)
    if hole is not None and hole.parts is not None:
        free = (bar >= hole.start) & (bar < hole.stop) & np.isin(notes["part"], list(hole.parts))
    order = np.lexsort((notes["pitch"], notes["part"], position, free, bar))
    notes, bar, step, position, free = notes[order], bar[order], step[order], position[order], free[order]
    group = bar * 2 + free
    first = np.diff(group, prepend=-1) != 0
    part = notes["part"].astype(np.int64)
    moved = first | (np.diff(position, prepend=-1) != 0)
    switched = first | (np.diff(part, prepend=-1) != 0)
    drums = programs[part] == DRUMS
    length = np.clip((notes["duration"] + step // 2) // np.maximum(step, 1), 1, LONGEST)

    rows = np.full((len(notes), 6), -1, np.int32)
    rows[:, 0] = np.where(moved, t.position[position], -1)
    rows[:, 1] = np.where(switched, t.program[programs[part] + 1], -1)
    rows[:, 2] = np.where(switched, t.chair[chairs[part]], -1)
    rows[:, 3] = np.where(drums, t.drum[notes["pitch"]], t.pitch[notes["pitch"]])
    rows[:, 4] = t.velocity[notes["velocity"]]
    rows[:, 5] = np.where(drums, -1, t.duration[length])

    cuts = np.searchsorted(group, np.arange(2 * score.bars + 1))

    def bars(first_bar: int, last_bar: int) -> list[NDArray[np.int32]]:
        pieces = []
        for b in range(first_bar, last_bar):
            left = score.bars - b if ends else None
            chords = () if score.chords is None else score.chords[b]
            section = score.sections[b] if score.sections else ""
            pieces.append(np.array(bar_header(v, score.meters[b], left, section, chords), np.int32))
            given, to_write = rows[cuts[2 * b] : cuts[2 * b + 1]], rows[cuts[2 * b + 1] : cuts[2 * b + 2]]
            pieces.append(given[given >= 0])
            if hole is not None and hole.parts is not None and hole.start <= b < hole.stop:
                pieces.append(np.array([v.id(Kind.FREE)], np.int32))
                pieces.append(to_write[to_write >= 0])
        return pieces

    ids = [np.array(controls, np.int32)]
    after = min(score.bars, stop + FUTURE)
    if after > stop:
        ids.append(np.array([v.id(Kind.FUTURE)], np.int32))
        ids += bars(stop, after)
        ids.append(np.array([v.id(Kind.PRESENT)], np.int32))
    ids += bars(0, stop)
    if ends or stop < score.bars:
        ids.append(np.array([v.id(Kind.EOS)], np.int32))
    return np.concatenate(ids)


def _fill(mark: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For every place, the index of the last marked place up to it."""
    return np.maximum.accumulate(np.where(mark, np.arange(len(mark)), 0))


def read(ids: NDArray[Any] | Sequence[int]) -> Score:
    """Ids as a score: the inverse of `write`.

    Bars behind `Future` come after the others. What the controls say of tempo,
    key, genre and feel is taken over; programs that sound make the parts.
    """
    v = vocabulary()
    row = np.append(np.asarray(ids, np.int64), [v.id(Kind.PAD)] * 2)
    kind, value = v.kind[row], v.value[row].astype(np.int64)

    is_bar = kind == Kind.BAR
    bar_at = np.flatnonzero(is_bar)
    present = np.flatnonzero(kind == Kind.PRESENT)
    ahead = int(np.searchsorted(bar_at, present[0])) if len(present) else 0
    order = np.roll(np.arange(len(bar_at)), -ahead)  # the stream's bar at each place of the score
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    meters = tuple(METERS[value[bar_at[i] + 1]] for i in order)

    pitch = (kind == Kind.PITCH) | (kind == Kind.PITCHDRUM)
    at = np.flatnonzero(pitch)
    bar = place[np.cumsum(is_bar)[at] - 1] if len(at) else np.zeros(0, np.int64)
    edges = np.concatenate([[0], np.cumsum([m.ticks for m in meters], dtype=np.int64)])
    step = np.array([m.step for m in meters], np.int64)
    program_at = _fill(kind == Kind.PROGRAM)[at]
    chair = np.where(kind[program_at + 1] == Kind.CHAIR, value[program_at + 1], 1)
    program = value[program_at]
    voices = program * (CHAIRS + 1) + chair
    found, part = np.unique(voices, return_inverse=True)

    notes = np.zeros(len(at), NOTE)
    notes["start"] = edges[bar] + value[_fill(kind == Kind.POSITION)[at]] * step[bar] if len(at) else 0
    notes["pitch"], notes["velocity"], notes["part"] = value[at], value[at + 1], part
    notes["duration"] = np.where(program == DRUMS, DRUM_TICKS, value[at + 2] * step[bar]) if len(at) else 0

    chords = np.full((len(bar_at), 2), -2, np.int16)
    sections = [""] * len(bar_at)
    which = np.cumsum(is_bar) - 1
    for i in np.flatnonzero((kind == Kind.CHORD) | (kind == Kind.SECTION)):
        b = place[which[i]]
        if kind[i] == Kind.SECTION:
            sections[b] = SECTIONS[value[i]]
        else:
            chords[b, int(kind[i - 1] == Kind.CHORD)] = value[i]

    def control(wanted: Kind) -> int | None:
        hits = np.flatnonzero(kind[: bar_at[0] if len(bar_at) else None] == wanted)
        return int(value[hits[0]]) if len(hits) else None

    key, tempo, genre, feel = (control(k) for k in (Kind.KEY, Kind.TEMPO, Kind.GENRE, Kind.FEEL))
    return Score(
        parts=tuple(Part(int(f) // (CHAIRS + 1), int(f) % (CHAIRS + 1)) for f in found),
        meters=meters,
        notes=sort_notes(notes),
        tempo=tempo,
        key=None if key is None else Key.of(key // 2, "minor" if key % 2 else "major"),
        genre="" if genre is None else names()[genre],
        chords=chords if (chords > -2).any() else None,
        sections=tuple(sections) if any(sections) else (),
        live=None if feel is None else bool(feel),
    )

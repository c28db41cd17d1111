"""What a MIDI file holds, as other libraries read it: nothing here looks at how the file was made.

Notes are pretty_midi's reading and mido's (which hears a note that never ends, too); instruments, tempo, meters and the
end are mido's (which sees all tracks, where pretty_midi sees the first).
"""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pretty_midi

from symbolic_music.errors import BriefError, FileError
from symbolic_music.files.limits import MOST_NOTES, readable_midi, usable_tempo
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.instruments import DRUMS
from symbolic_music.theory.meters import EQUAL, SIGNATURES, TICKS, Meter

_DRUM_CHANNEL = 9
#: The ticks that pretty_midi can read, and the resolution to which longer files are brought for it.
_MOST, _COARSE = 10**7, 480


@dataclass(frozen=True)
class Heard:
    """What the readers find."""

    tempos: tuple[float, ...]  # quarter notes a minute, in order
    meters: tuple[tuple[int, int], ...]  # in order
    bars: int  # a bar that is begun counts
    filled: bool  # whether the file ends where a bar does
    bar_seconds: float  # the length of the last bar
    seconds: float
    programs: Counter[int]  # tracks with notes, -1 for drums
    pitch_classes: frozenset[int]
    weights: tuple[float, ...]  # how long each pitch class sounds
    rest: int  # the most bars running in which one part starts no note
    score: Score  # all notes, as pretty_midi hears them, in the file's bars and sections


def hear(midi: bytes | str | Path) -> Heard:
    """What a MIDI file holds.

    Raises
    ------
    FileError
        If it cannot be read, is too large, damaged, or has an absurd tempo; the message says how.
    """
    name = "the MIDI data" if isinstance(midi, bytes) else str(midi)
    midi = readable_midi(midi)
    try:
        with warnings.catch_warnings():
            # pretty_midi warns of tempos outside the first track; mido reads those here
            warnings.simplefilter("ignore")
            file = mido.MidiFile(file=BytesIO(midi))
            if file.type == 2 or not 0 < file.ticks_per_beat < 0x8000:
                raise FileError(f"{name} has independent tracks or film time", hint="use a type 0 or 1 file in ticks")
            frame = _framed(file)
            count = sum(message.type == "note_on" and message.velocity > 0 for *_, message in frame.timeline)
            if count > MOST_NOTES:
                raise FileError(f"{name} holds {count:,} notes", hint=f"up to {MOST_NOTES:,} work")
            for start, _, tempo in _spans(frame.tempos, frame.end):
                usable_tempo(tempo, frame.bar(start) + 1)
            sound = pretty_midi.PrettyMIDI(BytesIO(midi if frame.end < _MOST else _coarser(file)))
    except FileError:
        raise
    except BriefError as error:
        raise FileError(f"{name}: {error.what}", hint=error.hint) from error
    except EOFError as error:
        raise FileError(f"{name} is cut short", hint="a track is shorter than it says, or missing") from error
    except Exception as error:
        raise FileError(f"{name} is damaged", hint=str(error) or type(error).__name__) from error
    return _measure(file, sound, frame)


def _timeline(file: Any) -> list[tuple[int, int, Any]]:
    """(tick, track, message) in order of time."""
    found = []
    for index, track in enumerate(file.tracks):
        now = 0
        for message in track:
            now += message.time
            found.append((now, index, message))
    return sorted(found, key=lambda event: event[0])


def _heard(timeline: list[tuple[int, int, Any]]) -> tuple[Counter[int], set[int], dict[tuple[int, int], list[int]]]:
    """Programs as in `Heard`, pitch classes, and the onsets of each part (a channel of a track): all that starts."""
    in_force: dict[tuple[int, int], int] = {}
    shared: dict[tuple[int, int], int] = {}  # by port and channel, for the tracks that set none themselves
    ports: Counter[int] = Counter()
    players, pitch_classes = set(), set()
    onsets: dict[tuple[int, int], list[int]] = {}
    for now, track, message in timeline:
        if message.type == "midi_port":
            ports[track] = message.port
        elif message.type == "program_change":
            in_force[track, message.channel] = shared[ports[track], message.channel] = message.program
            onsets.setdefault((track, message.channel), [])
        elif message.type == "note_on" and message.velocity:
            part = (track, message.channel)
            onsets.setdefault(part, []).append(now)
            if message.channel == _DRUM_CHANNEL:
                players.add((0, _DRUM_CHANNEL, DRUMS))
            else:
                players.add((*part, in_force.get(part, shared.get((ports[track], message.channel), 0))))
                pitch_classes.add(message.note % 12)
    return Counter(program for *_, program in players), pitch_classes, onsets


@dataclass(frozen=True)
class _Frame:
    """Time in a file: its messages, tempos and meters by tick, and its bars."""

    timeline: list[tuple[int, int, Any]]
    tempos: dict[int, int]
    meters: dict[int, tuple[int, int]]
    end: int
    grid: list[tuple[int, int, int]]  # for each meter: its first tick, its first bar, the length of its bars
    bars: int
    rest: int  # ticks of the last bar, if it is not full

    def bar(self, tick: int) -> int:
        start, first, length = self.grid[bisect_right(self.grid, tick, key=lambda entry: entry[0]) - 1]
        return first + (tick - start) // length


def _framed(file: Any) -> _Frame:
    timeline = _timeline(file)
    tempos, meters, end = {0: 500_000}, {0: (4, 4)}, timeline[-1][0] if timeline else 0
    for now, _, message in timeline:
        if message.type == "set_tempo":
            tempos[now] = message.tempo
        elif message.type == "time_signature":
            meters[now] = (message.numerator, message.denominator)
    bars, rest, grid = 0, 0, []
    for start, stop, (beats, unit) in _spans(meters, end):
        length = max(1, file.ticks_per_beat * 4 * beats // unit)
        grid.append((start, bars, length))
        whole, rest = divmod(stop - start, length)
        bars += whole + (rest > 0)
    return _Frame(timeline, tempos, meters, end, grid, bars, rest)


def _coarser(file: Any) -> bytes:
    """A file in 480 ticks a quarter note."""
    coarse = mido.MidiFile(type=file.type, ticks_per_beat=_COARSE)
    for track in file.tracks:
        now, before, moved = 0, 0, mido.MidiTrack()
        for message in track:
            now += message.time
            tick = round(now * _COARSE / file.ticks_per_beat)
            moved.append(message.copy(time=tick - before))
            before = tick
        coarse.tracks.append(moved)
    out = BytesIO()
    coarse.save(file=out)
    return out.getvalue()


def _measure(file: Any, sound: Any, frame: _Frame) -> Heard:
    tempos, meters, end = frame.tempos, frame.meters, frame.end
    bars, bar = frame.bars, frame.bar
    seconds = sum((stop - start) * tempo for start, stop, tempo in _spans(tempos, end)) / file.ticks_per_beat / 1e6
    weights = [0.0] * 12
    for instrument in sound.instruments:
        for note in () if instrument.is_drum else instrument.notes:
            weights[note.pitch % 12] += note.end - note.start
    programs, pitch_classes, onsets = _heard(frame.timeline)
    return Heard(
        tempos=tuple(60e6 / t for t in dict.fromkeys(tempo for _, _, tempo in _spans(tempos, end))),
        meters=tuple(dict.fromkeys(meter for _, _, meter in _spans(meters, end))),
        bars=bars,
        filled=frame.rest == 0,
        bar_seconds=frame.grid[-1][2] * tempos[max(tempos)] / file.ticks_per_beat / 1e6,
        seconds=seconds,
        programs=programs,
        pitch_classes=frozenset(pitch_classes.union(pc for pc, weight in enumerate(weights) if weight)),
        weights=tuple(weights),
        rest=max((_longest_rest({bar(tick) for tick in ticks}, bars) for ticks in onsets.values()), default=bars),
        score=_score(sound, frame),
    )


def _score(sound: Any, frame: _Frame) -> Score:
    """The notes by part, as rules look at them."""
    scale, bars, bar = TICKS / sound.resolution, frame.bars, frame.bar
    seen: Counter[int] = Counter()
    players: list[tuple[Part, Any]] = []
    for instrument in (i for i in sound.instruments if i.notes):
        program = DRUMS if instrument.is_drum else instrument.program
        seen[program] += 1
        players.append((Part(program, seen[program]), instrument))
    players.sort(key=lambda player: player[0])
    notes = [
        (round(start * scale), max(1, round(end * scale) - round(start * scale)), note.pitch, note.velocity, part)
        for part, (_, instrument) in enumerate(players)
        for note in instrument.notes
        for start, end in [(sound.time_to_tick(note.start), sound.time_to_tick(note.end))]
    ]
    sections = [""] * bars
    for tick, _, message in frame.timeline:
        if message.type == "marker" and bar(tick) < bars:
            sections[bar(tick) :] = [message.text] * (bars - bar(tick))
    signatures = [Meter()] * bars
    for start, first, _ in frame.grid:
        beats, unit = EQUAL.get(frame.meters[start], frame.meters[start])
        signatures[first:] = [Meter(beats, unit)] * (bars - first) if (beats, unit) in SIGNATURES else []
    return Score(
        parts=tuple(part for part, _ in players),
        meters=tuple(signatures),
        notes=sort_notes(np.array(notes, NOTE)),
        sections=tuple(sections),
    )


def _longest_rest(played: set[int], bars: int) -> int:
    """The most bars running, out of so many, that are not among those played.

    >>> _longest_rest({0, 1, 4}, 6), _longest_rest(set(), 6)
    (2, 6)
    """
    return max(after - before - 1 for before, after in pairwise([-1, *sorted(played - {bars}), bars]))


def _spans(changes: dict[int, Any], end: int) -> list[tuple[int, int, Any]]:
    """(start, stop, value) of what holds from tick to tick."""
    starts = [tick for tick in sorted(changes) if tick < end or tick == 0]
    return [(a, b, changes[a]) for a, b in zip(starts, [*starts[1:], end], strict=True)]

"""What was asked of a piece against what its MIDI file holds, read back by other libraries.

Notes are pretty_midi's reading and mido's (which hears a note
that never ends, too); instruments, tempo, meters and the end are mido's (which sees all
tracks, where pretty_midi sees the first); the key is music21's analysis.
Nothing here looks at how the file was made.
"""

from __future__ import annotations

import textwrap
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import mido
import pretty_midi

from symbolic_music.brief import Brief
from symbolic_music.errors import BriefError, FileError
from symbolic_music.files.read_midi import KEYBOARDS
from symbolic_music.files.spelling import analysed_key
from symbolic_music.theory.instruments import DRUMS, of_program
from symbolic_music.theory.meters import EQUAL
from symbolic_music.theory.pitch import spell

GUARANTEED, LEARNED, DEFAULT = "guaranteed", "learned", "default"
_MARKS = {True: "✓", False: "✗", None: "·"}
_HEADERS = ("", "wish", "asked", "in the file", "promise")
_CELL = 35
_DRUM_CHANNEL = 9


@dataclass(frozen=True)
class Row:
    """One wish.

    Attributes
    ----------
    wish : str
        Its name.
    asked, realised : str
        In words.
    promise : str
        "guaranteed", "learned" (the model tends to it), or "default" (not asked, filled in).
    kept : bool or None
        None where the file cannot tell.
    """

    wish: str
    asked: str
    realised: str
    promise: str
    kept: bool | None


@dataclass(frozen=True)
class Report:
    """All wishes of a brief, each with what the file holds. As text, a table of at most 100 columns.

    >>> print(Report((Row("tempo", "90 BPM", "90 BPM", "guaranteed", True),)))
       wish   asked   in the file  promise
    ✓  tempo  90 BPM  90 BPM       guaranteed
    """

    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """Whether every guaranteed wish is kept."""
        return all(row.kept for row in self.rows if row.promise == GUARANTEED)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {"ok": self.ok, "rows": [asdict(row) for row in self.rows]}

    def __str__(self) -> str:
        cells = [_HEADERS, *((_MARKS[r.kept], r.wish, r.asked, r.realised, r.promise) for r in self.rows)]
        wrapped = [[textwrap.wrap(cell, _CELL) or [""] for cell in row] for row in cells]
        widths = [max(len(line) for row in wrapped for line in row[i]) for i in range(len(_HEADERS))]
        lines = []
        for row in wrapped:
            for i in range(max(map(len, row))):
                parts = (cell[i] if i < len(cell) else "" for cell in row)
                lines.append("  ".join(p.ljust(w) for p, w in zip(parts, widths, strict=True)).rstrip())
        return "\n".join(lines)


@dataclass(frozen=True)
class _File:
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


def _read(midi: bytes | str | Path) -> _File:
    name = "the MIDI data"
    if not isinstance(midi, bytes):
        name = str(midi)
        try:
            midi = Path(midi).read_bytes()
        except OSError as error:
            raise FileError(f"{name} cannot be read", hint=error.strerror or "") from error
    if midi[:4] != b"MThd":
        raise FileError(f"{name} is {'not a MIDI file' if midi else 'empty'}", hint="a MIDI file begins with MThd")
    try:
        with warnings.catch_warnings():
            # pretty_midi warns of tempos outside the first track; mido reads those here
            warnings.simplefilter("ignore")
            file = mido.MidiFile(file=BytesIO(midi))
            if file.type == 2 or not 0 < file.ticks_per_beat < 0x8000:
                raise FileError(f"{name} has independent tracks or film time", hint="use a type 0 or 1 file in ticks")
            sound = pretty_midi.PrettyMIDI(BytesIO(midi))
    except FileError:
        raise
    except EOFError as error:
        raise FileError(f"{name} is cut short", hint="a track is shorter than it says, or missing") from error
    except Exception as error:
        raise FileError(f"{name} is damaged", hint=str(error) or type(error).__name__) from error
    return _measure(file, sound)


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
    """Programs as in `_File`, pitch classes, and the onsets of each part (a channel of a track): all that starts."""
    in_force: dict[tuple[int, int], int] = {}  # (-1, channel) is for the tracks that set none themselves
    players, pitch_classes = set(), set()
    onsets: dict[tuple[int, int], list[int]] = {}
    for now, track, message in timeline:
        if message.type == "program_change":
            in_force[track, message.channel] = in_force[-1, message.channel] = message.program
            onsets.setdefault((track, message.channel), [])
        elif message.type == "note_on" and message.velocity:
            part = (track, message.channel)
            onsets.setdefault(part, []).append(now)
            if message.channel == _DRUM_CHANNEL:
                players.add((0, _DRUM_CHANNEL, DRUMS))
            else:
                players.add((*part, in_force.get(part, in_force.get((-1, message.channel), 0))))
                pitch_classes.add(message.note % 12)
    return Counter(program for *_, program in players), pitch_classes, onsets


def _measure(file: Any, sound: Any) -> _File:
    timeline = _timeline(file)
    tempos, meters, end = {0: 500_000}, {0: (4, 4)}, timeline[-1][0] if timeline else 0
    for now, _, message in timeline:
        if message.type == "set_tempo":
            tempos[now] = message.tempo
        elif message.type == "time_signature":
            meters[now] = (message.numerator, message.denominator)
    bars, rest, length = 0, 0, 1
    grid: list[tuple[int, int, int]] = []  # for each meter: its first tick, its first bar, the length of its bars
    for start, stop, (beats, unit) in _spans(meters, end):
        length = max(1, file.ticks_per_beat * 4 * beats // unit)
        grid.append((start, bars, length))
        whole, rest = divmod(stop - start, length)
        bars += whole + (rest > 0)

    def bar(tick: int) -> int:
        start, first, length = grid[bisect_right(grid, tick, key=lambda entry: entry[0]) - 1]
        return first + (tick - start) // length

    seconds = sum((stop - start) * tempo for start, stop, tempo in _spans(tempos, end)) / file.ticks_per_beat / 1e6
    weights = [0.0] * 12
    for instrument in sound.instruments:
        for note in () if instrument.is_drum else instrument.notes:
            weights[note.pitch % 12] += note.end - note.start
    programs, pitch_classes, onsets = _heard(timeline)
    last_tempo = tempos[max(tempos)]
    return _File(
        tempos=tuple(60e6 / t for t in dict.fromkeys(tempo for _, _, tempo in _spans(tempos, end))),
        meters=tuple(dict.fromkeys(meter for _, _, meter in _spans(meters, end))),
        bars=bars,
        filled=rest == 0,
        bar_seconds=length * last_tempo / file.ticks_per_beat / 1e6,
        seconds=seconds,
        programs=programs,
        pitch_classes=frozenset(pitch_classes.union(pc for pc, weight in enumerate(weights) if weight)),
        weights=tuple(weights),
        rest=max((_longest_rest({bar(tick) for tick in ticks}, bars) for ticks in onsets.values()), default=bars),
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


def _names(programs: Counter[int]) -> str:
    names = [(of_program(p).name, n) for p, n in sorted(programs.items()) if n > 0]
    return ", ".join(name if n == 1 else f"{name} x{n}" for name, n in names) or "none"


def _notes(wish: str, asked: str, allowed: frozenset[int], file: _File) -> Row:
    outside = file.pitch_classes - allowed
    realised = spell(file.pitch_classes) or "no notes"
    if outside:
        realised += f"; outside: {spell(outside)}"
    return Row(wish, asked, realised, GUARANTEED, not outside)


def _instruments(brief: Brief, file: _File, promise: str) -> Row:
    asked = Counter(part.program for part in brief.parts)
    realised = _names(file.programs)
    missing, extra = asked - file.programs, file.programs - asked
    for program in KEYBOARDS & asked.keys():
        extra.pop(program, None)  # the hands of a player, a track each
    for word, difference in (("missing", missing), ("not asked", extra)):
        if difference:
            realised += f"; {word}: {_names(difference)}"
    return Row("instruments", _names(asked), realised, promise, not missing and not extra)


def _decimal(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _tempo(tempo: float, file: _File, promise: str) -> Row:
    # a tempo is stored as whole microseconds a quarter note
    kept = all(abs(60e6 / found - 60e6 / tempo) <= 1 for found in file.tempos)
    realised = ", ".join(dict.fromkeys(_decimal(tempo if kept else found) for found in file.tempos))
    return Row("tempo", f"{_decimal(tempo)} BPM", f"{realised} BPM", promise, kept)


def _unknown(words: str) -> tuple[str, ...]:
    """Those of the words that are not understood."""
    from symbolic_music.prompt import read

    try:
        return read(words).unknown
    except BriefError:
        return ()


def _rows(brief: Brief, file: _File, defaults: bool) -> Iterable[Row]:
    full = brief.filled() if defaults else brief

    def wanted(asked: object) -> str | None:
        """The promise of a wish, None where it was not asked and defaults are left out."""
        return GUARANTEED if asked else DEFAULT if defaults else None

    if brief.only is not None:
        yield _notes("notes", f"only {spell(brief.only)}", brief.only, file)
    if brief.scale is not None:
        yield _notes("scale", str(brief.scale), brief.scale.pitch_classes, file)
    if brief.key is not None:
        yield _notes("key", str(brief.key), brief.key.pitch_classes, file)
        found = analysed_key(file.weights)
        kept = found and (found[0].root, found[0].mode) == (brief.key.root, brief.key.mode)
        realised = f"{found[0]} (fits {found[1]:.2f} of 1)" if found else "no notes"
        if found and kept:
            realised = realised.replace(str(found[0]), str(brief.key))
        yield Row("tonic", str(brief.key), realised, LEARNED, kept)
    if promise := wanted(brief.parts):
        yield _instruments(full, file, promise)
    if (promise := wanted(brief.meter)) and full.meter is not None:
        asked = (full.meter.beats, full.meter.unit)
        signatures = ", ".join(f"{beats}/{unit}" for beats, unit in file.meters)
        kept = all(EQUAL.get(found, found) == asked for found in file.meters)
        yield Row("meter", str(full.meter), signatures, promise, kept)
    if brief.seconds is not None:
        # the nearest whole number of bars, at least one
        near = abs(file.seconds - brief.seconds) <= file.bar_seconds / 2 + 0.001
        kept = near or (file.bars == 1 and brief.seconds < file.seconds)
        yield Row("seconds", f"{brief.seconds:g} s", f"{file.seconds:.1f} s", GUARANTEED, kept)
    elif promise := wanted(brief.bars):
        realised = f"{file.bars}" if file.filled else f"{file.bars}, the last one not filled"
        # a file of this library's fills its last bar; another's may end with its last note
        kept = file.bars == full.bars and (file.filled or not defaults)
        yield Row("bars", str(full.bars), realised, promise, kept)
    if (promise := wanted(brief.tempo)) and full.tempo is not None:
        yield _tempo(full.tempo, file, promise)
    if defaults:
        realised = f"{file.rest} bar{'' if file.rest == 1 else 's'} running"
        yield Row("rests", "at most 1 bar running", realised, DEFAULT, file.rest <= 1)
    if brief.genre is not None:
        yield Row("genre", str(brief.genre), "not measured", LEARNED, None)
    if brief.moods:
        yield Row("moods", ", ".join(brief.moods), "not measured", LEARNED, None)
    if brief.text and (unknown := _unknown(brief.text)):
        yield Row("words", ", ".join(unknown), "not understood", LEARNED, None)


def report(brief: Brief, midi: bytes | str | Path, *, defaults: bool = True) -> Report:
    """What a brief asks against what a MIDI file holds.

    Parameters
    ----------
    brief : Brief
        As it was asked; what it leaves open is taken from `Brief.filled`.
    midi : bytes or path
        A MIDI file, this library's or any other's of type 0 or 1.
    defaults : bool
        Whether what was not asked but filled in has rows too, as for this library's own files:
        the last bar is filled then, and no part rests for more than one bar running.

    Returns
    -------
    Report
        Tempo is compared within MIDI's microseconds, seconds within half a
        bar. The file ends with its last track; a bar that is begun counts.
        Several tracks of one keyboard or harp may be one player's.

    Raises
    ------
    BriefError
        If `defaults` make the seconds asked too many bars.
    FileError
        If the file cannot be read or is damaged; the message says how.

    Examples
    --------
    >>> from symbolic_music.files.write_midi import midi_bytes
    >>> from symbolic_music.score import NOTE, Part, Score
    >>> from symbolic_music.theory.meters import Meter
    >>> import numpy as np
    >>> score = Score((Part(0),), (Meter(4, 4),), np.array([(0, 96, 61, 90, 0)], NOTE), tempo=90)
    >>> print(report(Brief(only="C E G", tempo=90), midi_bytes(score), defaults=False))
       wish   asked       in the file      promise
    ✗  notes  only C E G  C#; outside: C#  guaranteed
    ✓  tempo  90 BPM      90 BPM           guaranteed
    """
    return Report(tuple(_rows(brief, _read(midi), defaults)))


def check(midi: bytes | str | Path, brief: Brief, *, defaults: bool = False) -> Report:
    """`report` for any MIDI file: only what was asked, unless `defaults`."""
    return report(brief, midi, defaults=defaults)

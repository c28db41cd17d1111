"""A score: parts, meters and notes as arrays. What the token layout reads and writes, and files hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from symbolic_music.theory.genres import swung as played
from symbolic_music.theory.instruments import DRUMS, of_program
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import TICKS, Meter

T = TypeVar("T")
#: Quarter notes a minute where a score states none, MIDI's own default.
DEFAULT_TEMPO = 120.0
#: What a tick may be off that is rounded in a file of 480 a quarter note, and again when it is read.
_NEAREST = 0.5 + 0.5 * TICKS / 480 + 0.001
#: One note: `start` and `duration` in ticks (24 a quarter note), `part` an index into the score's parts.
NOTE = np.dtype([("start", "i4"), ("duration", "i4"), ("pitch", "i2"), ("velocity", "i2"), ("part", "i2")])


@dataclass(frozen=True, order=True)
class Part:
    """One track: a program, and a chair where several parts share it.

    >>> Part(40, 2).name
    'violin 2'
    """

    program: int
    chair: int = 1

    @property
    def name(self) -> str:
        """The name of the track."""
        base = of_program(self.program).name
        return base if self.chair == 1 else f"{base} {self.chair}"

    @property
    def is_drums(self) -> bool:
        """Whether this is the drum kit."""
        return self.program == DRUMS


@dataclass(frozen=True, eq=False)
class Score:
    """Notes of several parts over a row of bars.

    Parameters
    ----------
    parts : tuple of Part
    meters : tuple of Meter
        The meter of each bar; their number is the number of bars.
    notes : array of `NOTE`, shape [n]
        Sorted by start, part and pitch.
    tempo : float or None
        Quarter notes a minute at the start, None where it is not known.
    key : Key or None
        At the start.
    genre : str
    chords : array of int, shape [bars, 2]
        Index into `theory.chords.CHORDS` for each half bar; -1 no chord, -2 not known.
    sections : tuple of str
        A label for each bar, "" for none.
    live : bool or None
        Whether velocities come from a player, None where it is not known.
    names : tuple of str
        What the parts are called, "" for the name of the instrument.
    tempos : tuple of (int, float)
        Where the tempo changes after the start: the tick, and the quarter notes a minute from there on.
    keys : tuple of (int, Key)
        Where the key changes after the start: the bar, from 0, and the key from there on.
    """

    parts: tuple[Part, ...]
    meters: tuple[Meter, ...]
    notes: NDArray[Any]
    tempo: float | None = None
    key: Key | None = None
    genre: str = ""
    chords: NDArray[np.int16] | None = None
    sections: tuple[str, ...] = ()
    live: bool | None = None
    names: tuple[str, ...] = ()
    tempos: tuple[tuple[int, float], ...] = ()
    keys: tuple[tuple[int, Key], ...] = ()

    @property
    def bars(self) -> int:
        """The number of bars."""
        return len(self.meters)

    @property
    def bar_starts(self) -> NDArray[np.int64]:
        """The tick at which each bar starts, and the end of the last, shape [bars + 1]."""
        return np.concatenate([[0], np.cumsum([m.ticks for m in self.meters], dtype=np.int64)])

    @property
    def tempo_map(self) -> tuple[tuple[int, float], ...]:
        """Each tempo by the tick it holds from, the first from 0: 120 quarter notes a minute where none is stated.

        >>> Score((), (Meter(),) * 2, np.zeros(0, NOTE), tempos=((96, 60.0), (500, 90.0))).tempo_map
        ((0, 120.0), (96, 60.0))
        """
        first = DEFAULT_TEMPO if self.tempo is None else self.tempo
        return _in_force(((0, first), *self.tempos), int(self.bar_starts[-1]))

    @property
    def key_map(self) -> tuple[tuple[int, Key], ...]:
        """Each key by the bar it holds from; what comes before the first is in none that is known."""
        first = () if self.key is None else ((0, self.key),)
        return _in_force((*first, *self.keys), self.bars)

    @property
    def main_tempo(self) -> float | None:
        """The tempo in force for the most ticks, None where none is stated.

        >>> Score((), (Meter(),) * 4, np.zeros(0, NOTE), 90.0, tempos=((24, 60.0), (300, 90.0))).main_tempo
        60.0
        """
        if self.tempo is None and not self.tempos:
            return None
        lengths: dict[float, int] = {}
        for (start, tempo), stop in self._tempo_spans:
            lengths[tempo] = lengths.get(tempo, 0) + stop - start
        return max(lengths, key=lambda tempo: lengths[tempo])

    @property
    def _tempo_spans(self) -> list[tuple[tuple[int, float], int]]:
        changes = self.tempo_map
        return list(zip(changes, [tick for tick, _ in changes[1:]] + [int(self.bar_starts[-1])], strict=True))

    @property
    def seconds(self) -> float:
        """The length at the score's tempos, 120 where none is stated.

        >>> Score((), (Meter(),) * 2, np.zeros(0, NOTE), 60.0, tempos=((96, 120.0),)).seconds
        6.0
        """
        return sum((stop - start) / TICKS * 60 / tempo for (start, tempo), stop in self._tempo_spans)

    def cut(self, start: int, stop: int) -> Score:
        """The bars from `start` up to, not with, `stop`, from 0; notes that reach over the end are shortened.

        >>> score = Score((), (Meter(),) * 4, np.zeros(0, NOTE), 60.0, tempos=((96, 120.0), (288, 90.0)))
        >>> later = score.cut(2, 4)
        >>> later.tempo, later.tempos
        (120.0, ((96, 90.0),))
        """
        edges = self.bar_starts
        stated = self.tempo is not None or any(tick <= edges[start] for tick, _ in self.tempos)
        tempo, tempos = _from(self.tempo_map, int(edges[start]), int(edges[stop]))
        key, keys = _from(self.key_map, start, stop)
        keep = (self.notes["start"] >= edges[start]) & (self.notes["start"] < edges[stop])
        notes = self.notes[keep].copy()
        notes["start"] -= edges[start]
        notes["duration"] = np.minimum(notes["duration"], edges[stop] - edges[start] - notes["start"])
        return replace(
            self,
            meters=self.meters[start:stop],
            notes=notes,
            chords=None if self.chords is None else self.chords[start:stop],
            sections=self.sections[start:stop],
            tempo=tempo if stated else None,
            tempos=tempos,
            key=key,
            keys=keys,
        )


def _in_force(changes: Iterable[tuple[int, T]], end: int) -> tuple[tuple[int, T], ...]:
    """Changes in order and before the end; the last of a place counts, and only what differs from what went before."""
    found: list[tuple[int, T]] = []
    for place, value in sorted(dict(changes).items()):
        if place < max(end, 1) and (not found or found[-1][1] != value):
            found.append((place, value))
    return tuple(found)


def _from(changes: tuple[tuple[int, T], ...], start: int, stop: int) -> tuple[T | None, tuple[tuple[int, T], ...]]:
    """What is in force at a place, and what changes from there up to another, counted from the first."""
    first = next((value for place, value in reversed(changes) if place <= start), None)
    return first, tuple((place - start, value) for place, value in changes if start < place < stop)


def sort_notes(notes: NDArray[Any]) -> NDArray[Any]:
    """Notes in the order of a score: start, part, pitch."""
    return notes[np.lexsort((notes["pitch"], notes["part"], notes["start"]))]


def swung(
    notes: NDArray[Any], meters: tuple[Meter, ...], feel: str, share: float, offsets: NDArray[Any] | float = 0.0
) -> NDArray[np.float32] | None:
    """How notes that are written straight are played with a swing: in bars that are counted in quarter notes.

    Parameters
    ----------
    notes : array of `NOTE`, shape [notes]
    meters : tuple of Meter
        Of each bar; notes after the last are in bars like it.
    feel, share
        As those of a `Genre`: "swing eighths", and the share of a pair that the first takes.
    offsets : array of float, shape [notes] or [2, notes], or float
        What is returned for the bars that do not swing.

    Returns
    -------
    array of float32, shape [2, notes], or None
        The ticks by which each note begins and ends late; only what lies on halves, quarters or eighths of a beat
        moves. None where nothing swings.

    Examples
    --------
    >>> notes = np.array([(0, 12, 60, 80, 0), (12, 12, 62, 80, 0), (36, 12, 64, 80, 0)], NOTE)
    >>> swung(notes, (Meter(1, 4), Meter(3, 8)), "swing eighths", 2 / 3).round().tolist()
    [[0.0, 4.0, 0.0], [4.0, 0.0, 0.0]]
    """
    if feel == "straight" or not any(meter.unit == 4 for meter in meters):
        return None
    late = np.array([played(tick, feel, share) - tick for tick in range(TICKS)], np.float32)
    place, swings = _places(np.stack([notes["start"], notes["start"] + notes["duration"]]), meters)
    return np.where(swings, late[place], np.float32(offsets))


def straight(notes: NDArray[Any], meters: tuple[Meter, ...], feel: str, share: float) -> NDArray[Any]:
    """The notes as they were written, where they are played as by `swung`, to the nearest tick.

    It finds all that `swung` moves. What is written where that is played, such as a triplet, is taken for it, unless
    it then came before a note of its part and pitch that is played before it.

    Examples
    --------
    >>> notes = np.array([(0, 16, 60, 80, 0), (16, 8, 62, 80, 0)], NOTE)
    >>> straight(notes, (Meter(),), "swing eighths", 2 / 3)[["start", "duration"]].tolist()
    [(0, 12), (12, 12)]
    """
    if feel == "straight" or not any(meter.unit == 4 for meter in meters):
        return notes
    far = np.abs(np.arange(TICKS)[:, None] - [played(tick, feel, share) for tick in range(TICKS)])
    written = np.maximum(far, _NEAREST).argmin(1)
    edges = np.stack([notes["start"], notes["start"] + notes["duration"]])
    place, swings = _places(edges, meters)
    start, end = edges + np.where(swings, written[place] - place, 0)
    line = notes["part"].astype(int) * 128 + notes["pitch"]
    order = np.lexsort((edges[0], line))
    after = (np.diff(line[order]) == 0) & (np.diff(edges[0][order]) > 0)
    crossed = order[1:][after & (np.diff(start[order]) <= 0)]
    start[crossed] = edges[0][crossed]
    notes = notes.copy()
    notes["start"] = start
    notes["duration"] = np.maximum(np.where(end > start, end, edges[1]) - start, 1)
    return sort_notes(notes)


def _places(ticks: NDArray[Any], meters: tuple[Meter, ...]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """How far ticks lie in their quarter notes, and whether their bars are counted in such."""
    edges = np.cumsum([0, *(meter.ticks for meter in meters)])
    bar = np.clip(np.searchsorted(edges, ticks, side="right") - 1, 0, len(meters) - 1)
    return (ticks - edges[bar]) % TICKS, np.array([meter.unit == 4 for meter in meters])[bar]

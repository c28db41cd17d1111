"""A score: parts, meters and notes as arrays. What the token layout reads and writes, and files hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.theory.genres import Genre
from symbolic_music.theory.instruments import DRUMS, of_program
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import TICKS, Meter

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
        Quarter notes a minute, None where it is not known.
    key : Key or None
    genre : str
    chords : array of int, shape [bars, 2]
        Index into `theory.chords.CHORDS` for each half bar; -1 no chord, -2 not known.
    sections : tuple of str
        A label for each bar, "" for none.
    live : bool or None
        Whether velocities come from a player, None where it is not known.
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

    @property
    def bars(self) -> int:
        """The number of bars."""
        return len(self.meters)

    @property
    def bar_starts(self) -> NDArray[np.int64]:
        """The tick at which each bar starts, and the end of the last, shape [bars + 1]."""
        return np.concatenate([[0], np.cumsum([m.ticks for m in self.meters], dtype=np.int64)])

    @property
    def seconds(self) -> float:
        """The length at the score's tempo, 120 where none is stated."""
        return float(self.bar_starts[-1]) / TICKS * 60 / (self.tempo or 120)

    def cut(self, start: int, stop: int) -> Score:
        """The bars from `start` up to, not with, `stop`, from 0; notes that reach over the end are shortened."""
        edges = self.bar_starts
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
        )


def sort_notes(notes: NDArray[Any]) -> NDArray[Any]:
    """Notes in the order of a score: start, part, pitch."""
    return notes[np.lexsort((notes["pitch"], notes["part"], notes["start"]))]


def swung(notes: NDArray[Any], meters: tuple[Meter, ...], genre: Genre) -> NDArray[np.float32] | None:
    """How a genre that swings plays notes that are written straight.

    Returns
    -------
    array of float32, shape [2, notes], or None
        The ticks by which each note begins and ends late; only what lies on halves, quarters or eighths of a beat
        moves. None where nothing swings.

    Examples
    --------
    >>> from symbolic_music.theory.genres import genre
    >>> notes = np.array([(0, 12, 60, 80, 0), (12, 12, 62, 80, 0)], NOTE)
    >>> swung(notes, (Meter(),), genre("gospel")).round().tolist()
    [[0.0, 4.0], [4.0, 0.0]]
    """
    if genre.feel == "straight" or any(meter.unit != 4 for meter in meters):
        return None
    edges = np.stack([notes["start"], notes["start"] + notes["duration"]])
    late = np.array([genre.swung(tick) - tick for tick in range(TICKS)], np.float32)
    return np.asarray(late[edges % TICKS])

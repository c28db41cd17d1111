"""The chart that all players read: bars, sections, chords, key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from symbolic_music.theory.chords import QUALITIES, Chord
from symbolic_music.theory.keys import scales
from symbolic_music.theory.meters import Meter


class Note(NamedTuple):
    """A note before it is performed: start and duration in ticks, pitch, loudness (1 as usual)."""

    start: float
    duration: float
    pitch: int
    level: float = 1.0


@dataclass(frozen=True)
class Span:
    """A section in its place: its kind, first bar, bars, loudness, players."""

    kind: str
    start: int
    bars: int
    level: float
    players: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """What is played over.

    Attributes
    ----------
    meter : Meter
    tonic : int
        A pitch class.
    mode : str
        The name of a scale.
    spans : tuple of Span
    chords : tuple of Chord or None
        One a beat, over all bars; None for no chord.
    """

    meter: Meter
    tonic: int
    mode: str
    spans: tuple[Span, ...]
    chords: tuple[Chord | None, ...]

    @property
    def bars(self) -> int:
        """The number of bars."""
        return len(self.chords) // self.meter.beats

    @cached_property
    def bar(self) -> int:
        """Ticks in a bar."""
        return self.meter.ticks

    @cached_property
    def beat(self) -> int:
        """Ticks in a beat."""
        return self.meter.ticks // self.meter.beats

    @cached_property
    def pulse(self) -> int:
        """Ticks of what feet tap: a beat, or three in 6/8, 9/8 and 12/8."""
        return self.beat * 3 if self.meter.unit == 8 and self.meter.beats % 3 == 0 else self.beat

    def chord(self, tick: float) -> Chord | None:
        """The chord at a tick, the last one past the end."""
        return self.chords[min(int(tick // self.beat), len(self.chords) - 1)]

    def change(self, tick: float) -> float:
        """The tick of the next change of chord, the end of the piece if there is none."""
        now = self.chord(tick)
        for i in range(int(tick // self.beat) + 1, len(self.chords)):
            if self.chords[i] != now:
                return float(i * self.beat)
        return float(len(self.chords) * self.beat)

    def split(self, start: float, end: float) -> list[tuple[float, float]]:
        """A length of time parted where the chord changes."""
        edges = [start]
        while (following := self.change(edges[-1])) < end - self.beat / 4:
            edges.append(following)
        return list(zip(edges, [*edges[1:], end], strict=True))

    def scale(self, tick: float, name: str = "") -> frozenset[int]:
        """Pitch classes of the mode, or of another scale on the tonic, bent to the chord of the moment.

        A chord tone from outside takes the place of its neighbour: over E major in A minor G# does for G.
        """
        own = {(self.tonic + s) % 12 for s in scales()[name or self.mode]}
        chord = self.chord(tick)
        if chord is None or name:
            return frozenset(own)
        for tone in chord.pitch_classes - own:
            own -= {(tone + 1) % 12, (tone - 1) % 12} - chord.pitch_classes
            own.add(tone)
        return frozenset(own)


def interval(chord: Chord, degree: int, scale: frozenset[int]) -> int:
    """Semitones from the root of a chord to one of its degrees, 1 to 13; the scale gives what the chord does not.

    >>> [interval(Chord(2, "min7"), d, frozenset({0, 2, 4, 5, 7, 9, 11})) for d in (1, 3, 5, 7, 2, 8, 10)]
    [0, 3, 7, 10, 2, 12, 15]
    """
    octave, simple = divmod(degree - 1, 7)
    usual = (0, 2, 4, 5, 7, 9, 11)[simple]
    near = {0: (0,), 2: (3, 4), 4: (7, 6, 8), 6: (10, 11, 9)}.get(simple, ())
    for step in near:
        if step in QUALITIES[chord.quality]:
            return step + 12 * octave
    for step in (usual, usual + 1 if simple == 3 else usual - 1):  # over F in C a fourth is B, not A
        if (chord.root + step) % 12 in scale:
            return step + 12 * octave
    return usual + 12 * octave


def nearest_pitch(classes: frozenset[int], target: float, low: int, high: int) -> int:
    """The pitch of some classes that is nearest to a target, within bounds.

    >>> nearest_pitch(frozenset({0, 4, 7}), 62, 48, 72)
    60
    """
    fits = [p for p in range(low, high + 1) if p % 12 in classes]
    return min(fits or range(low, high + 1), key=lambda p: (abs(p - target), p))

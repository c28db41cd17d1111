"""Bass lines and riffs: degrees of a pattern as pitches that lead on."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from symbolic_music.theory.chords import Chord
from symbolic_music.theory.keys import scales
from symbolic_music.training.arranger.chart import Chart, Note, interval, nearest_pitch
from symbolic_music.training.arranger.patterns import Pattern, Step
from symbolic_music.training.arranger.sheets import Player

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_WORD = re.compile(r"([b#]?)(\d+)([,']?)")
_LOUD = (0.74, 1.0, 1.15)
#: Words that lead to the next root.
_LEADING = ("a", "w")


def placed(pattern: Pattern, first: int, bars: int, bar: int) -> list[Step]:
    """The steps of a pattern that is repeated over some bars, in ticks of the piece."""
    found = []
    for again in range(0, bars, pattern.bars):
        offset = (first + again) * bar
        end = (first + bars) * bar
        for step in pattern.steps:
            start = offset + step.start
            if start < end:
                found.append(Step(start, min(step.duration, end - start), step.word, step.level))
    return found


class Strike(NamedTuple):
    """A step over one chord."""

    start: float
    end: float
    word: str
    level: int
    chord: Chord


class Line:
    """Plays patterns of degrees one after the other, going on from where it is.

    Parameters
    ----------
    chart : Chart
    player : Player
    rng : Generator
    """

    def __init__(self, chart: Chart, player: Player, low: int, high: int, rng: np.random.Generator) -> None:
        self.chart, self.player, self.rng = chart, player, rng
        self.low, self.high = low, high
        self.home = low + min(7, (high - low) // 3)
        self.last = float(self.home)
        self._held: tuple[Chord | None, int] = None, self.home
        self._before: Chord | None = None

    def root(self, chord: Chord) -> int:
        """The root of a chord where the line is at home: low, but near the last one; it stays while the chord does."""
        if chord == self._held[0]:
            return self._held[1]
        return nearest_pitch(frozenset({chord.root}), 0.4 * self._held[1] + 0.6 * self.home, self.low, self.high)

    def play(self, pattern: Pattern, first: int, bars: int) -> list[Note]:
        """The notes of a pattern over some bars."""
        found = []
        strikes = self._strikes(pattern, first, bars)
        for i, strike in enumerate(strikes):
            if strike.word in _LEADING:
                after = next((k for k, s in enumerate(strikes[i:]) if s.word not in _LEADING), len(strikes) - i)
                ahead = strikes[i + after].start if i + after < len(strikes) else (first + bars) * self.chart.bar
                pitch = self._led(strike, ahead, after - 1)
            else:
                pitch = self._pitch(strike, pattern.of)
            self.last = pitch
            found.append(Note(strike.start, strike.end - strike.start, pitch, _LOUD[strike.level]))
        return found

    def _strikes(self, pattern: Pattern, first: int, bars: int) -> list[Strike]:
        """What is struck: the steps, and the root where the chord changes under a held note or, for a bass, at all."""
        found: list[Strike] = []
        for step in placed(pattern, first, bars, self.chart.bar):
            whole = step.start, step.start + step.duration
            for start, end in [whole] if pattern.of == "key" else self.chart.split(*whole):
                chord = self.chart.chord(start)
                if chord is None:
                    continue
                moved = self._before not in (None, chord) and pattern.of == "chord" and self.player.role == "bass"
                self._before = chord
                word = "1" if moved or start > step.start else step.word
                found.append(Strike(start, end, word, step.level, chord))
        return found

    def _led(self, strike: Strike, ahead: float, left: int) -> int:
        """An approach note or a step of a walk, so many before the next root."""
        scale = self.chart.scale(strike.start)
        goal = self.root(self.chart.chord(ahead) or strike.chord)
        return self._approach(goal, scale) if strike.word == "a" else self._walk(goal, left, strike.chord, scale)

    def _pitch(self, strike: Strike, of: str) -> int:
        """The pitch of a degree."""
        word, chord = strike.word, strike.chord
        match = _WORD.fullmatch(word)
        assert match is not None  # the sheet was checked
        sign, degree, octave = match[1], int(match[2]), {",": -12, "'": 12, "": 0}[match[3]]
        octaves, simple = divmod(degree - 1, 7)
        above = _MAJOR[simple] + 12 * octaves
        if of == "key":
            root = nearest_pitch(frozenset({self.chart.tonic}), self.home, self.low, self.high)
            own = scales()[self.chart.mode]
            if not sign and len(own) == 7:
                above = own[simple] + 12 * octaves
        else:
            root = self.root(chord)
            self._held = chord, root
            if not sign:
                above = interval(chord, degree, self.chart.scale(strike.start))
        pitch = root + above + {"b": -1, "#": 1, "": 0}[sign] + octave
        while pitch > self.high:
            pitch -= 12
        while pitch < self.low:
            pitch += 12
        return pitch

    def _approach(self, goal: int, scale: frozenset[int]) -> int:
        steps = [s for s in (-1, 1, -2, 2) if abs(s) == 1 or (goal + s) % 12 in scale]
        fits = [goal + s for s in steps if self.low <= goal + s <= self.high]
        weights = np.array([1 / (1 + abs(p - self.last)) for p in fits])
        return int(self.rng.choice(fits, p=weights / weights.sum()))

    def _walk(self, goal: int, left: int, chord: Chord, scale: frozenset[int]) -> int:
        ideal = self.last + (goal - self.last) / (left + 2)
        fits = [
            p
            for p in range(max(self.low, int(self.last) - 7), min(self.high, int(self.last) + 7) + 1)
            if p % 12 in scale and p not in (self.last, goal if left == 0 else -1)
        ]
        if not fits:
            return int(self.last)
        cost = [
            abs(p - ideal) - 1.2 * (p % 12 in chord.pitch_classes) + self.rng.normal(0, 1.2) + 0.25 * abs(p - self.last)
            for p in fits
        ]
        return fits[int(np.argmin(cost))]

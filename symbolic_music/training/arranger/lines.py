"""Bass lines and riffs: degrees of a pattern as pitches that lead on."""

from __future__ import annotations

import re

import numpy as np

from symbolic_music.theory.chords import Chord
from symbolic_music.theory.keys import scales
from symbolic_music.training.arranger.chart import Chart, Note, interval, nearest_pitch
from symbolic_music.training.arranger.patterns import Pattern, Step
from symbolic_music.training.arranger.sheets import Player

_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_WORD = re.compile(r"([b#]?)(\d+)([,']?)")
_LOUD = (0.74, 1.0, 1.15)


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

    def root(self, chord: Chord) -> int:
        """The root of a chord where the line is at home: low, but near the last one; it stays while the chord does."""
        if chord == self._held[0]:
            return self._held[1]
        return nearest_pitch(frozenset({chord.root}), 0.4 * self._held[1] + 0.6 * self.home, self.low, self.high)

    def play(self, pattern: Pattern, first: int, bars: int) -> list[Note]:
        """The notes of a pattern over some bars."""
        found = []
        steps = placed(pattern, first, bars, self.chart.bar)
        for i, step in enumerate(steps):
            following = steps[i + 1].start if i + 1 < len(steps) else (first + bars) * self.chart.bar
            ahead = next((s.start for s in steps[i + 1 :] if s.word not in "aw"), following)
            for start, end in self.chart.split(step.start, step.start + step.duration):
                chord = self.chart.chord(start)
                if chord is None:
                    continue
                word = step.word if start == step.start or pattern.of == "key" else "1"
                left = sum(s.word in ("w", "a") and start < s.start < ahead for s in steps)
                pitch = self._pitch(word, start, ahead, chord, pattern.of, left)
                self.last = pitch
                found.append(Note(start, end - start, pitch, _LOUD[step.level]))
        return found

    def _pitch(self, word: str, tick: float, ahead: float, chord: Chord, of: str, left: int) -> int:
        scale = self.chart.scale(tick)
        if word in ("a", "w"):
            following = self.chart.chord(ahead) or chord
            goal = self.root(following)
            return self._approach(goal, scale) if word == "a" else self._walk(goal, left, chord, scale)
        match = _WORD.fullmatch(word)
        assert match is not None  # the sheet was checked
        sign, degree, octave = match[1], int(match[2]), {",": -12, "'": 12, "": 0}[match[3]]
        if of == "key":
            root = nearest_pitch(frozenset({self.chart.tonic}), self.home, self.low, self.high)
            own = scales()[self.chart.mode]
            steps = _MAJOR if sign or len(own) != 7 else own
            above = steps[(degree - 1) % 7] + 12 * ((degree - 1) // 7)
        else:
            root = self.root(chord)
            self._held = chord, root
            above = interval(chord, degree, scale) if not sign else _MAJOR[(degree - 1) % 7] + 12 * ((degree - 1) // 7)
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

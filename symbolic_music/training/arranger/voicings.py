"""Chords as notes: voicings that lead from one to the next with little movement.

Voice leading by least total displacement, after D. Tymoczko, "The Geometry of
Musical Chords", *Science* 313, 2006.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from symbolic_music.theory.chords import QUALITIES, Chord
from symbolic_music.training.arranger.chart import Chart, Note, interval, nearest_pitch
from symbolic_music.training.arranger.lines import placed
from symbolic_music.training.arranger.patterns import Pattern

_LOUD = (0.76, 1.0, 1.14)


def _degrees(chord: Chord, scale: frozenset[int]) -> tuple[int, int, int, bool]:
    """Third (or what stands for it), fifth and seventh above the root, and whether the chord has the last itself."""
    third, fifth, seventh = (interval(chord, d, scale) for d in (3, 5, 7))
    if chord.quality in ("sus2", "sus4"):
        third = QUALITIES[chord.quality][1]
    return third, fifth, seventh, len(QUALITIES[chord.quality]) == 4


def _tones(chord: Chord, voicing: str, scale: frozenset[int], rng: np.random.Generator) -> list[int]:
    """Pitch classes of a voicing, in the order in which it stacks them."""
    third, fifth, seventh, has7 = _degrees(chord, scale)
    match voicing:
        case "shell":
            steps = [0, third, seventh] if has7 else [0, third, fifth]
        case "rootless":
            ninth = [2] if third == 4 and (chord.root + 2) % 12 in scale else []
            steps = [third, fifth, seventh, *ninth] if has7 else [third, fifth, 12]
        case "triad":
            steps = [third, fifth, seventh] if has7 and rng.random() < 0.5 else [0, third, fifth]
        case "quartal":
            start = third if chord.quality in ("maj", "maj7", "maj6") else 0
            steps = [start, start + 5, start + 10]
            if any((chord.root + s) % 12 not in scale for s in steps):
                steps = list(QUALITIES[chord.quality])
        case _:
            steps = list(QUALITIES[chord.quality])
    return list(dict.fromkeys((chord.root + s) % 12 for s in steps))


def _stack(classes: list[int], bottom: int) -> list[int]:
    """Pitches upwards from a bottom, each the next of its class."""
    found: list[int] = []
    at = bottom
    for pc in classes:
        at += (pc - at) % 12
        found.append(at)
        at += 1
    return found


class Voices:
    """A player of chords, going on from the last one.

    Parameters
    ----------
    chart : Chart
    low, high : int
        The player's range.
    rng : Generator
    """

    def __init__(self, chart: Chart, low: int, high: int, rng: np.random.Generator) -> None:
        self.chart, self.low, self.high, self.rng = chart, low, high, rng
        self.last: list[int] = []
        self.power = 2 if rng.random() < 0.5 else 3
        self._bass: tuple[Chord | None, int] = None, 0
        self._known: dict[tuple[Chord, str, float], list[int]] = {}

    def voiced(self, chord: Chord, voicing: str, tick: float, centre: float) -> list[int]:
        """A chord as pitches, lowest first."""
        at = (chord, voicing, centre)
        if at not in self._known:
            self._known[at] = self._voice(chord, voicing, tick, centre)
        self.last = self._known[at]
        return self.last

    def _voice(self, chord: Chord, voicing: str, tick: float, centre: float) -> list[int]:
        scale = self.chart.scale(tick)
        if voicing in ("power", "guitar", "octave"):
            root = nearest_pitch(frozenset({chord.root}), self.low + 5, self.low, self.high)
            third, fifth, seventh, has7 = _degrees(chord, scale)
            steps = {
                "power": [0, fifth, 12][: self.power],
                "octave": [0, 12],
                "guitar": [0, fifth, seventh if has7 else 12, third + 12, fifth + 12],
            }
            return [root + s for s in steps[voicing] if root + s <= self.high]
        classes = _tones(chord, voicing, scale, self.rng)
        best: list[int] = []
        cost = float("inf")
        for turn in range(len(classes)):
            turned = classes if voicing == "shell" else classes[turn:] + classes[:turn]
            for octave in range(self.low // 12, self.high // 12 + 1):
                pitches = _stack(turned, 12 * octave + turned[0])
                if voicing == "open" and len(pitches) > 2:
                    pitches = sorted([*pitches[:-2], pitches[-2] - 12, pitches[-1]])
                if pitches[0] < self.low or pitches[-1] > self.high:
                    continue
                crowd = sum(b - a < 3 for a, b in pairwise(pitches)) * 0.5
                muddy = sum(b - a < 5 and a < 48 for a, b in pairwise(pitches)) * 4
                here = (
                    0.35 * abs(float(np.mean(pitches)) - centre) * len(pitches)
                    + crowd
                    + muddy
                    + _moved(self.last, pitches)
                )
                if here < cost:
                    best, cost = pitches, here
        if best:
            return best
        fits = [p for p in range(self.low, self.high + 1) if p % 12 in chord.pitch_classes]  # too little room for more
        return sorted(sorted(fits, key=lambda p: abs(p - centre))[: len(classes)])

    def play(self, pattern: Pattern, first: int, bars: int) -> list[Note]:
        """The notes of a pattern over some bars."""
        found: list[Note] = []
        steps = placed(pattern, first, bars, self.chart.bar)
        striding = any(s.word in "bc" for s in pattern.steps)
        centre = self.low + (self.high - self.low) * (0.68 if striding else 0.5)
        for step in steps:
            for start, end in self.chart.split(step.start, step.start + step.duration):
                chord = self.chart.chord(start)
                if chord is None:
                    continue
                pitches = self.voiced(chord, pattern.voicing, start, centre)
                if step.word == "b":
                    times = self._bass[1] if chord == self._bass[0] else 0
                    self._bass = chord, times + 1
                    fifth = interval(chord, 5, self.chart.scale(start)) if times % 2 else 0
                    pitches = [self.low + (chord.root + fifth - self.low) % 12]
                elif step.word.isdigit():
                    octave, one = divmod(int(step.word) - 1, len(pitches))
                    octave = min(octave, (self.high - pitches[one]) // 12)
                    pitches = [pitches[one] + 12 * octave]
                found += [Note(start, end - start, p, _LOUD[step.level]) for p in pitches]
        return found


def _moved(old: list[int], new: list[int]) -> float:
    """How far the voices go: every new note from its nearest old one, the top voice once more."""
    if not old:
        return 0.0
    return sum(min(abs(a - b) for b in old) for a in new) + 0.6 * abs(old[-1] - new[-1])

"""A melody by rule: motifs that come back, a contour, chord tones where the ear leans, breaths, a close.

The plan is the classical one: two-bar ideas, repeated, varied and answered in
phrases of four and eight bars (W. E. Caplin, *Classical Form*, 1998, on the
sentence and the period); after a leap the line turns and fills it (L. B. Meyer,
*Explaining Music*, 1973, on gap and fill).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from symbolic_music.theory.meters import TICKS
from symbolic_music.training.arranger.chart import Chart, Note, Span, nearest_pitch
from symbolic_music.training.arranger.lines import placed
from symbolic_music.training.arranger.patterns import Pattern, Step
from symbolic_music.training.arranger.sheets import Melody

#: Orders of ideas over eight bars, two bars each; "c" closes.
_PLANS = ("aaba", "abac", "aabc", "abab", "aaab", "abcb", "aabb")
_SHAPES = ("arch", "down", "up", "wave", "level")
_LOUD = (0.86, 1.0, 1.1)


@dataclass(frozen=True)
class Idea:
    """Two bars of melody: its rhythm, and for every note its height above the first, in steps of the scale."""

    rhythm: tuple[Step, ...]
    contour: tuple[int, ...]


def _contour(count: int, leaps: float, rng: np.random.Generator) -> tuple[int, ...]:
    shape = rng.choice(_SHAPES)
    found = [0]
    owed = 0
    for i in range(1, count):
        at = i / max(count - 1, 1)
        lean = {"arch": 1 if at < 0.55 else -1, "down": -1, "up": 1, "wave": 1 if int(at * 4) % 2 == 0 else -1}.get(
            shape, 0
        )
        if owed:
            move, owed = owed, 0
        elif rng.random() < leaps:
            move = int(rng.choice([2, 3, 4], p=[0.5, 0.3, 0.2])) * (1 if rng.random() < 0.5 + 0.3 * lean else -1)
            owed = -int(np.sign(move))
        elif rng.random() < 0.16:
            move = 0
        else:
            move = 1 if rng.random() < 0.5 + 0.28 * lean else -1
        found.append(found[-1] + move)
    return tuple(found)


def _index(ladder: list[int], pitch: float) -> int:
    """The place of the note of a scale that is nearest to a pitch."""
    return min(range(len(ladder)), key=lambda k: abs(ladder[k] - pitch))


class Singer:
    """Writes the melodies of a piece, each section kind's once.

    Parameters
    ----------
    chart : Chart
    low, high : int
        The player's range.
    melody : Melody
        The style's way.
    rng : Generator
    """

    def __init__(self, chart: Chart, low: int, high: int, melody: Melody, rng: np.random.Generator) -> None:
        self.chart, self.melody, self.rng = chart, melody, rng
        span = min(high - low, 19)
        room = max(high - low - span, 0)  # the upper half, clear of the accompaniment
        self.low = low + int(rng.integers(room // 2, room + 1))
        self.high = self.low + span
        self.home = (self.low + self.high) / 2 - 1
        self.scale = melody.scale if rng.random() < 0.7 else ""
        self.colour = melody.colour * float(rng.choice([0.0, 1.0, 1.5]))
        self._ideas: dict[str, tuple[str, dict[str, Idea]]] = {}

    def _idea(self, patterns: list[Pattern], close: bool) -> Idea:
        bar = self.chart.bar
        weights = np.array([p.weight for p in patterns])
        one, two = (patterns[i] for i in self.rng.choice(len(patterns), 2, p=weights / weights.sum()))
        steps = placed(one, 0, one.bars, bar)
        if one.bars == 1:
            steps += placed(one if self.rng.random() < 0.55 else two, 1, 1, bar)
        if close:  # the second bar comes to rest
            steps = [s for s in steps if s.start <= bar * 1.01] or steps[:1]
            last = steps[-1]
            steps[-1] = Step(last.start, max(last.duration, bar * 1.75 - last.start), last.word, 1)
        return Idea(tuple(steps), _contour(len(steps), self.melody.leaps, self.rng))

    def _plan(self, kind: str, patterns: list[Pattern], fresh: bool) -> tuple[str, dict[str, Idea]]:
        if fresh or kind not in self._ideas:
            order = str(self.rng.choice(_PLANS))
            self._ideas[kind] = order, {name: self._idea(patterns, name == "c") for name in "abc"}
        return self._ideas[kind]

    def play(self, span: Span, patterns: list[Pattern]) -> list[Note]:
        """The melody of one section."""
        order, ideas = self._plan(span.kind, patterns, fresh=span.kind == "solo")
        lift = {"chorus": 4.0, "B": 2.0, "bridge": 2.0, "solo": 3.0, "intro": 0.0}.get(span.kind, 0.0)
        bar = self.chart.bar
        found: list[Note] = []
        anchors: dict[str, float] = {}
        for unit in range(0, span.bars, 2):
            left = span.bars - unit
            name = order[(unit // 2) % len(order)] if left > 2 else "c"
            idea = ideas[name]
            if left > 2 and name != "c" and (unit // 2) % 2 and self.rng.random() < self.melody.rests:
                half = tuple(s for s in idea.rhythm if s.start < bar)
                idea = Idea(half, idea.contour[: len(half)])
            anchor = anchors.setdefault(name, self.home + lift + float(self.rng.integers(-3, 4)))
            offset = (span.start + unit) * bar
            last_bar = (span.start + span.bars) * bar
            found += self._sung(idea, anchor, offset, last_bar, found[-1].pitch if found else None, left <= 2)
        return found

    def _ladder(self, tick: float) -> list[int]:
        classes = self.chart.scale(tick, self.scale)
        return [p for p in range(self.low, self.high + 1) if p % 12 in classes]

    def _sung(
        self, idea: Idea, anchor: float, offset: float, end: float, last: int | None, closing: bool
    ) -> list[Note]:
        """An idea over the chords where it stands, from an anchor pitch."""
        found: list[Note] = []
        same = 0
        rhythm = [s for s in idea.rhythm if offset + s.start < end]
        for i, (step, height) in enumerate(zip(rhythm, idea.contour, strict=False)):
            start = offset + step.start
            duration = min(step.duration, end - start)
            ladder = self._ladder(start)
            before = found[-1].pitch if found else last
            place = _index(ladder, anchor) + height
            if found:  # mostly from where the line is, partly from where the idea was
                place = round(0.65 * (_index(ladder, found[-1].pitch) + height - idea.contour[i - 1]) + 0.35 * place)
            target = ladder[int(np.clip(place, 0, len(ladder) - 1))]
            chord = self.chart.chord(start)
            pulse = self.chart.pulse
            strong = start % pulse < 1 and duration >= pulse / 2
            final = i == len(rhythm) - 1
            if chord is not None and (strong or final or duration >= pulse * 1.5 or i == 0):
                tones = chord.pitch_classes & {p % 12 for p in ladder} or chord.pitch_classes
                for later, _ in self.chart.split(start, start + duration):  # a long note fits what comes under it
                    tones = tones & getattr(self.chart.chord(later), "pitch_classes", tones) or tones
                if closing and final:
                    tones = frozenset({self.chart.tonic}) & tones or tones
                else:  # not a half tone over another note of the chord, as the root is over a major seventh
                    tones = frozenset(t for t in tones if (t - 1) % 12 not in chord.pitch_classes) or tones
                near = target if before is None else (3 * target + before) / 4
                target = nearest_pitch(tones, near, self.low, self.high)
            if before is not None:
                if abs(target - before) > 12:
                    target += 12 if target < before else -12
                same = same + 1 if target == before else 0
                if same >= 2 and not final:
                    others = [p for p in ladder if 0 < abs(p - target) <= 4]
                    target, same = (int(self.rng.choice(others)) if others else target), 0
            found.append(Note(start, duration, int(target), _LOUD[step.level]))
        return self._coloured(found)

    def _coloured(self, notes: list[Note]) -> list[Note]:
        """Some short weak notes become chromatic neighbours of the next one."""
        found = list(notes)
        for i in range(len(notes) - 1):
            weak = notes[i].start % self.chart.pulse > 1 and notes[i].duration <= self.chart.pulse / 2
            step = notes[i].pitch - notes[i + 1].pitch
            if weak and 0 < abs(step) <= 2 and self.rng.random() < self.colour:
                found[i] = notes[i]._replace(pitch=notes[i + 1].pitch + (1 if step > 0 else -1))
        return found

    def varied(self, notes: list[Note], amount: float = 0.1) -> list[Note]:
        """A melody when it comes back: a few notes left out, split with a neighbour, or moved by a step."""
        found: list[Note] = []
        for note in notes:
            chance = self.rng.random() / amount
            if chance > 1 or note.start % self.chart.bar < 1:
                found.append(note)
            elif chance > 0.7:
                continue
            elif chance > 0.35 and note.duration >= self.chart.beat / 2:
                half = note.duration / 2
                ladder = [p for p in self._ladder(note.start) if p != note.pitch]
                neighbour = min(ladder, key=lambda p: abs(p - note.pitch - 0.5), default=note.pitch)
                found += [note._replace(duration=half), Note(note.start + half, half, neighbour, note.level * 0.94)]
            else:
                ladder = [p for p in self._ladder(note.start) if 0 < abs(p - note.pitch) <= 2]
                found.append(note._replace(pitch=int(self.rng.choice(ladder))) if ladder else note)
        return found


def counter(manner: str, tune: list[Note], chart: Chart, span: Span, low: int, high: int) -> list[Note]:
    """A second line against a melody.

    Parameters
    ----------
    manner : str
        "thirds": a third or a sixth below; "guide": long notes on thirds and sevenths of the chords;
        "answer": short runs of eighths where the melody rests.
    """
    first, end = span.start * chart.bar, (span.start + span.bars) * chart.bar
    if manner == "thirds":
        found = []
        for note in tune:
            classes = chart.scale(note.start)
            chord = chart.chord(note.start)
            ladder = [p for p in range(max(low, note.pitch - 9), min(high, note.pitch - 3) + 1) if p % 12 in classes]
            fits = [p for p in ladder if chord and p % 12 in chord.pitch_classes and note.duration >= chart.beat]
            if ladder:
                found.append(note._replace(pitch=max(fits or ladder), level=note.level * 0.85))
        return found
    if manner == "guide":
        found, last = [], (low + high) / 2
        for start, stop in chart.split(first, end):
            chord = chart.chord(start)
            if chord is None:
                continue
            tones = sorted(chord.pitch_classes - {chord.root, (chord.root + 7) % 12}) or [chord.root]
            last = nearest_pitch(frozenset(tones), last, low, high)
            found.append(Note(start, stop - start, int(last), 0.85))
        return found
    found, answers, eighth = [], 0, TICKS // 2
    edges = [first, *(n.start + n.duration for n in tune)], [*(n.start for n in tune), end]
    for begin, stop in zip(*edges, strict=True):
        if stop - begin < chart.pulse * 1.5:
            continue
        start = -(-begin // eighth) * eighth
        chord = chart.chord(start)
        classes = chart.scale(start)
        if chord is None:
            continue
        pitch = nearest_pitch(chord.pitch_classes, (low + high) / 2, low, high)
        answers += 1
        steps = range(1, 5) if answers % 2 else range(-1, -5, -1)  # up, then down
        while start < stop - eighth and start < begin + 3 * chart.pulse:
            found.append(Note(start, eighth, pitch, 0.9))
            pitch = next((p for s in steps if low <= (p := pitch + s) <= high and p % 12 in classes), pitch)
            start += eighth
    return found

"""A part as it is written: staves of bars, each of them voices of notes and rests that are spelled, tied and beamed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.files import drum_staff
from symbolic_music.files.read_midi import KEYBOARDS
from symbolic_music.files.rhythm import Value, beams, groups, written
from symbolic_music.files.spelling import chord_spelling, key_of, spelled, spelling
from symbolic_music.files.staves import Note, clefs, hands, steadiest, voices
from symbolic_music.score import Part, Score
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import TICKS

#: Keyboards that are written on two staves whatever they play.
_TWO_STAVES = KEYBOARDS - {14, 15, 22}
#: Marks of loudness and the velocities they stand for.
LOUDNESS = {"pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112}
#: What a new mark must save in bars times velocity: about four bars that are half a step off.
_NEW_MARK = 40.0
_SHARPS = "FCGDAEB"
_LINES = "CDEFGAB"
#: The middle line of each clef, in steps from C0.
_MIDDLE = {
    "treble": 34, "bass": 22, "alto": 28, "tenor": 26, "treble 8vb": 27, "treble 8va": 41, "bass 8vb": 15,
}  # fmt: skip
#: The highest place of a rest, in steps from C0: none needs an octave above 9.
_HIGHEST = 62


@dataclass
class Head:
    """One note of a chord, or of none.

    Attributes
    ----------
    pitch : int
    step, alter, octave
        How the pitch is spelled; where a drum stands on the staff.
    velocity : int
    tied_from, tied_to : bool
        Whether it goes on from the note before, and on into the next.
    accidental : int or None
        The alteration that is printed.
    cautionary : bool
        Whether that only reminds.
    """

    pitch: int
    step: str
    alter: int
    octave: int
    velocity: int
    tied_from: bool
    tied_to: bool
    accidental: int | None = None
    cautionary: bool = False

    @property
    def ties(self) -> list[str]:
        """The ends of ties it holds, as MusicXML names them."""
        return ["stop"] * self.tied_from + ["start"] * self.tied_to


@dataclass
class Written:
    """A note or chord, or a rest where there are no heads.

    Attributes
    ----------
    value : Value or None
        None for a rest of a whole bar.
    heads : list of Head
        From the lowest.
    beams : tuple of str
        See `rhythm.beams`.
    hidden : bool
        Whether a rest is not printed.
    height : (str, int) or None
        The step and octave of a rest that makes room for other voices.
    """

    value: Value | None
    heads: list[Head]
    beams: tuple[str, ...] = ()
    hidden: bool = False
    height: tuple[str, int] | None = None


@dataclass
class Staff:
    """The bars of one staff: by voice, from 0, what it holds; and each bar's clef."""

    bars: list[dict[int, list[Written]]]
    clefs: list[str]


class Notation:
    """How the parts of a score are written.

    Parameters
    ----------
    score : Score
    notes : array of `NOTE`
        Its notes, none longer than it can sound.

    Attributes
    ----------
    edges : list of int
        Where the bars begin, and the end.
    keys : list of Key or None
        The key of each bar; where the score states none, that of music21's analysis.
    layouts : list of tuple of int
        The groups of beats in each bar.
    """

    def __init__(self, score: Score, notes: NDArray[Any]) -> None:
        self.score, self.notes = score, notes
        self.edges: list[int] = score.bar_starts.tolist()
        stated = dict(score.key_map)
        self.keys: list[Key | None] = []
        for bar in range(score.bars):
            self.keys.append(stated.get(bar) or (self.keys[-1] if bar else key_of(score)))
        bar_of = np.searchsorted(self.edges, notes["start"], side="right") - 1
        inside = notes["start"] - np.array(self.edges)[bar_of]
        self.layouts = []
        for meter in score.meters:
            asked = [meter == other for other in score.meters] if (meter.beats, meter.unit) == (7, 8) else []
            onsets = inside[np.array(asked)[bar_of]].tolist() if asked and len(notes) else []
            self.layouts.append(groups(meter, onsets))
        self._names = [self._named(bar) for bar in range(score.bars)]

    def _named(self, bar: int) -> tuple[tuple[str, ...], ...]:
        """The names of the pitch classes in each half of a bar."""
        halves = []
        known = self.score.chords is not None and bar < len(self.score.chords)
        for half in (0, 1):
            names = list(spelling(self.keys[bar]))
            index = int(self.score.chords[bar][half]) if known else -1  # type: ignore[index]
            if index >= 0:
                for pitch_class, name in chord_spelling(CHORDS[index], self.keys[bar]).items():
                    names[pitch_class] = name
            halves.append(tuple(names))
        return tuple(halves)

    def _bar(self, tick: int) -> int:
        return bisect_right(self.edges, tick) - 1

    def staves(self, index: int) -> list[Staff]:
        """The staves of a part: two for a keyboard, one for others."""
        part, own = self.score.parts[index], self.notes[self.notes["part"] == index]
        rows = own.tolist()
        velocity = {(start, pitch): loud for start, _, pitch, loud, _ in rows}
        if part.is_drums:
            hits = [(start, pitch) for start, _, pitch, _, _ in rows]
            limbs = [[hit for hit in hits if (hit[1] in drum_staff.FEET) is feet] for feet in (False, True)]
            lines = [drum_staff.strokes(limb, self._beats()) for limb in limbs]
            return [Staff(self._bars(lines, velocity, drums=True), ["percussion"] * self.score.bars)]
        notes: list[Note] = [(start, start + ticks, pitch) for start, ticks, pitch, _, _ in rows]
        if part.program not in _TWO_STAVES:
            return [self._staff(notes, velocity, part, "")]
        right = hands(notes).tolist()
        return [
            self._staff([n for n, r in zip(notes, right, strict=True) if r is (hand == "right")], velocity, part, hand)
            for hand in ("right", "left")
        ]

    def _staff(self, notes: list[Note], velocity: dict[tuple[int, int], int], part: Part, hand: str) -> Staff:
        bars: list[list[int]] = [[] for _ in self.score.meters]
        for start, end, pitch in notes:
            for bar in range(self._bar(start), self._bar(end - 1) + 1):
                bars[bar].append(pitch)
        staff = Staff(self._bars(voices(notes), velocity), clefs(bars, part.program, hand))
        for written_bar, clef in zip(staff.bars, staff.clefs, strict=True):
            _place_rests(written_bar, clef)
        return staff

    def _beats(self) -> list[int]:
        found = [self.edges[-1]]
        for edge, layout in zip(self.edges, self.layouts, strict=False):
            compound = 3 * TICKS // 2
            steps = [
                step for group in layout for step in ([group] if group == compound else [TICKS] * (group // TICKS))
            ]
            found += (edge + np.cumsum([0, *steps[:-1]])).tolist()
        return found

    def _bars(
        self, lines: Sequence[list[Note]], velocity: dict[tuple[int, int], int], *, drums: bool = False
    ) -> list[dict[int, list[Written]]]:
        bars: list[dict[int, list[Written]]] = [{} for _ in self.score.meters]
        for voice, line in enumerate(lines):
            held: dict[int, list[Note]] = {}
            for note in line:
                for bar in range(self._bar(note[0]), self._bar(note[1] - 1) + 1):
                    held.setdefault(bar, []).append(note)
            for bar, notes in held.items():
                bars[bar][voice] = self._line(bar, notes, velocity, drums=drums, hidden=voice > 0)
        before: dict[tuple[str, int], int] = {}
        for bar, found in enumerate(bars):
            if 0 not in found and found:
                _promote(found)
            found.setdefault(0, [Written(None, [])])
            _show_rests(found)
            if not drums:
                before = _accidentals(found, self.keys[bar], before)
        return [dict(sorted(found.items())) for found in bars]

    def _line(
        self, bar: int, notes: list[Note], velocity: dict[tuple[int, int], int], *, drums: bool, hidden: bool
    ) -> list[Written]:
        """One voice of a bar."""
        low, high = self.edges[bar], self.edges[bar + 1]
        bounds = sorted({low, high, *(max(n[0], low) for n in notes), *(min(n[1], high) for n in notes)})
        events = [[n for n in notes if n[0] <= start and end <= n[1]] for start, end in pairwise(bounds)]
        lengths = written(tuple(b - low for b in bounds), tuple(not event for event in events), self.layouts[bar])
        found: list[Written] = []
        for values, event in zip(lengths, events, strict=True):
            for place, value in enumerate(values):
                begin = low + value.start
                sounding = [] if drums and place else event
                heads = [self._head(n, velocity[n[0], n[2]], begin, begin + value.ticks, drums) for n in sounding]
                found.append(
                    Written(
                        value,
                        sorted(heads, key=lambda head: head.pitch),
                        hidden=hidden and not heads and not value.tuplet,
                    )
                )
        flat = [value for values in lengths for value in values]
        for item, beam in zip(found, beams(flat, [not i.heads for i in found], self.layouts[bar]), strict=True):
            item.beams = beam
        return found

    def _head(self, note: Note, velocity: int, begin: int, end: int, drums: bool) -> Head:
        start, stop, pitch = note
        if drums:
            step, octave, _ = drum_staff.place(pitch)
            return Head(pitch, step, 0, octave, velocity, False, False)
        bar = self._bar(start)
        half = int(2 * (start - self.edges[bar]) >= self.score.meters[bar].ticks)
        step, alter, octave = spelled(pitch, self._names[bar][half][pitch % 12])
        return Head(pitch, step, alter, octave, velocity, start < begin, end < stop)

    def loudness(self, index: int) -> list[tuple[int, str]]:
        """The marks of loudness of a part, as (tick, mark): where it begins, and where it changes for a while."""
        own = self.notes[self.notes["part"] == index]
        if not len(own):
            return []
        bar_of = np.searchsorted(self.edges, own["start"], side="right") - 1
        count = np.bincount(bar_of, minlength=self.score.bars)
        mean = np.bincount(bar_of, own["velocity"], self.score.bars) / np.maximum(count, 1)
        away = np.abs(mean[:, None] - np.array(list(LOUDNESS.values()))) * (count > 0)[:, None]
        levels = steadiest(away, _NEW_MARK)
        found: list[tuple[int, str]] = []
        for start, bar in zip(own["start"].tolist(), bar_of.tolist(), strict=True):
            mark = list(LOUDNESS)[levels[bar]]
            if not found or found[-1][1] != mark:
                found.append((start, mark))
        return found


def signature_alters(key: Key | None) -> dict[str, int]:
    """The steps that a key's signature alters.

    >>> signature_alters(Key("D")), signature_alters(Key("F"))
    ({'F': 1, 'C': 1}, {'B': -1})
    """
    fifths = 0 if key is None else key.fifths
    return dict.fromkeys(_SHARPS[:fifths], 1) if fifths > 0 else dict.fromkeys(_SHARPS[7 + fifths :], -1)


def _promote(bar: dict[int, list[Written]]) -> None:
    """Make the next voice the first where that is silent, unless a tie leads into or out of the bar."""
    voice = next(v for v in (2, 1, 3) if v in bar)
    line = bar[voice]
    if not any(head.tied_from for head in line[0].heads) and not any(head.tied_to for head in line[-1].heads):
        bar[0] = bar.pop(voice)
        for item in bar[0]:
            item.hidden = False


def _show_rests(bar: dict[int, list[Written]]) -> None:
    """Show the rests of a voice that enters where nothing else does that is seen, so that a reader can count."""
    for line in bar.values():
        others = [item for other in bar.values() if other is not line for item in other if not item.hidden]
        seen = {item.value.start for item in others if item.value}
        waiting: list[Written] = []
        for item in line:
            if not item.heads:
                waiting.append(item)
                continue
            for rest in waiting if item.value and item.value.start not in seen else ():
                rest.hidden = False
            waiting = []


def _place_rests(bar: dict[int, list[Written]], clef: str) -> None:
    """Put the rests of voices whose stems go up above what sounds in others, and those of the other voices below."""
    heads = [
        (voice, item.value.start, item.value.start + item.value.ticks, _LINES.index(head.step) + 7 * head.octave)
        for voice, line in bar.items()
        for item in line
        if item.value
        for head in item.heads
    ]
    middle = _MIDDLE[clef]
    for voice, line in bar.items():
        sign, inner = -1 if voice % 2 else 1, voice > 1
        for item in line:
            if item.value and not item.heads and not item.hidden:
                start, end = item.value.start, item.value.start + item.value.ticks
                others = [sign * h for v, low, high, h in heads if v != voice and low < end and start < high]
                place = max([*others, *([sign * middle + 2] if inner else [])], default=-_HIGHEST) + 3
                if place > sign * middle + 2:
                    height = min(max(sign * place, 0), _HIGHEST)
                    item.height = _LINES[height % 7], height // 7


def _accidentals(
    bar: dict[int, list[Written]], key: Key | None, before: dict[tuple[str, int], int]
) -> dict[tuple[str, int], int]:
    """Set what is printed in one bar of a staff; `before` and the result are alterations in force at the bar's end."""
    home = signature_alters(key)
    force: dict[tuple[str, int], int] = {}
    items = sorted(
        (item for line in bar.values() for item in line if item.value is not None),
        key=lambda item: item.value.start if item.value else 0,
    )
    for item in items:
        for head in item.heads:
            line = (head.step, head.octave)
            if head.tied_from:
                continue
            usual = home.get(head.step, 0)
            if head.alter != force.get(line, usual):
                head.accidental = head.alter
            elif line not in force and before.get(line, usual) != head.alter:
                head.accidental, head.cautionary = head.alter, True
            force[line] = head.alter
    return force

"""Lead sheets: a melody with chord symbols, read from MusicXML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from symbolic_music.errors import FileError, StyleError, SymbolicMusicError
from symbolic_music.theory.chords import QUALITIES, Chord
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import TICKS, Meter, meter
from symbolic_music.training.arranger.chart import Note
from symbolic_music.training.arranger.sheets import Sheet

#: music21's chord kinds that are spelled unlike our qualities; the ninths and thirteenths keep their sevenths.
_KINDS = {
    "major": "maj", "minor": "min", "diminished": "dim", "augmented": "aug", "suspended-second": "sus2",
    "suspended-fourth": "sus4", "dominant-seventh": "7", "major-seventh": "maj7", "minor-seventh": "min7",
    "minor-major-seventh": "minmaj7", "half-diminished-seventh": "hdim7", "half-diminished": "hdim7",
    "diminished-seventh": "dim7", "major-sixth": "maj6", "minor-sixth": "min6", "augmented-seventh": "aug",
    "power": "maj", "suspended-fourth-seventh": "sus4",
}  # fmt: skip


@dataclass(frozen=True)
class Lead:
    """A tune: notes in ticks from the first bar, and a chord for each beat of each bar.

    `first` is the first whole bar: 1 where the tune begins with an upbeat (2 where a long one takes two bars), else 0.
    """

    title: str
    meter: Meter
    key: Key
    notes: tuple[Note, ...]
    chords: tuple[tuple[Chord | None, ...], ...]
    first: int = 0

    def fits(self, wanted: Meter) -> bool:
        """Whether `in_meter` has a way."""
        return wanted == self.meter or {self.meter, wanted} == {Meter(2, 4), Meter(4, 4)}

    def in_meter(self, wanted: Meter) -> Lead:
        """The tune in another meter that parts its bars alike: two bars of 2/4 as one of 4/4, or the other way.

        Raises
        ------
        StyleError
            If there is no such way.
        """
        if not self.fits(wanted):
            raise StyleError(
                f"{self.title}: a tune in {self.meter} for a style in {wanted}",
                hint="choose a style in the tune's meter",
            )
        if wanted == self.meter:
            return self
        beats, notes, first = tuple(c for bar in self.chords for c in bar), self.notes, self.first
        shorter = min(self.meter.ticks, wanted.ticks)
        moved = 0
        if first and wanted.beats == 4:  # the upbeat moves into the second half of its bar
            beats, moved = beats[:2] + beats, shorter
        elif first and notes[0].start >= shorter:  # it is in the second of its two bars
            beats, moved = beats[2:], -shorter
        elif first:
            first = 2
        notes = tuple(n._replace(start=n.start + moved) for n in notes)
        beats += beats[-1:] * (-len(beats) % wanted.beats)
        bars = tuple(beats[i : i + wanted.beats] for i in range(0, len(beats), wanted.beats))
        return replace(self, meter=wanted, chords=bars, notes=notes, first=first)

    def moved(self, semitones: int) -> Lead:
        """The tune in another key, by at most six semitones."""
        steps = (semitones + 6) % 12 - 6
        if not steps:
            return self
        chords = tuple(
            tuple(None if c is None else Chord((c.root + steps) % 12, c.quality) for c in bar) for bar in self.chords
        )
        notes = tuple(n._replace(pitch=n.pitch + steps) for n in self.notes)
        return replace(self, key=Key.of((self.key.root + steps) % 12, self.key.mode), notes=notes, chords=chords)

    def form(self, sheet: Sheet, usual: Sequence[tuple[str, int]]) -> tuple[list[tuple[str, int]], dict[int, int]]:
        """A form around the tune: an intro, the tune, perhaps a solo over it, the tune again.

        Returns
        -------
        plan : list of (kind, bars)
        themes : dict of int to int
            For the sections over the tune's chords, by their place in the plan: the bar of the tune they begin at.
        """
        singers = {p.name for p in sheet.band if p.role == "melody"}
        kinds = [k for k, s in sheet.sections.items() if singers.intersection(s.players)]
        if not kinds:
            raise StyleError(f"{sheet.genre} has no part for a tune", hint="choose a style with a melody")
        first = next((k for k in ("A", "verse") if k in kinds), kinds[0])
        second = next((k for k in ("B", "chorus") if k in kinds), first)
        bars = len(self.chords) - self.first
        blocks = [min(8, bars - at) for at in range(0, bars, 8)]
        if len(blocks) > 1 and blocks[-1] < 4:
            blocks[-2:] = [sum(blocks[-2:])]
        labels = [first] * len(blocks)
        if len(blocks) == 4:
            labels[2] = second
            if second == "chorus":
                labels[3] = second
        elif len(blocks) > 2:
            labels[len(blocks) // 2 :] = [second] * (len(blocks) - len(blocks) // 2)
        theme = list(zip(labels, blocks, strict=True))
        plan: list[tuple[str, int]] = [(k, b) for k, b in usual[:1] if k == "intro"]
        themes: dict[int, int] = {}
        again = ["tune"] + (["solo", "tune"] if bars <= 40 and "solo" in kinds else ["tune"] if bars <= 24 else [])
        for what in again:
            at = self.first
            for kind, length in theme:
                themes[len(plan)] = at
                plan.append(("solo" if what == "solo" else kind, length))
                at += length
        return plan, themes


def read_lead(path: Path) -> Lead:
    """A lead sheet from MusicXML (.musicxml, .xml, .mxl).

    Raises
    ------
    FileError
        If the file cannot be read.
    StyleError
        If it has no notes, no chords, or a meter that is not known or changes.
    """
    import music21

    if not path.is_file():
        raise FileError(f"{path}: no such file", hint="a lead sheet is a MusicXML file")
    try:
        part: Any = next(iter(music21.converter.parse(path).getElementsByClass("Part")))
        if any(part.recurse().getElementsByClass("RepeatMark")):
            part = part.expandRepeats()
    except music21.repeat.ExpanderException:
        pass
    except Exception as error:  # noqa: BLE001  # music21 raises many kinds
        raise FileError(f"{path}: not MusicXML ({type(error).__name__})", hint="export it again as MusicXML") from None
    measures = list(part.getElementsByClass("Measure"))
    signatures = [m.timeSignature.ratioString for m in measures if m.timeSignature]
    try:
        meters = {meter(s) for s in signatures} or {Meter()}
    except SymbolicMusicError as error:
        raise StyleError(f"{path}: {error.what}", hint=error.hint) from None
    if not measures or len(meters) > 1:
        what = f"it changes its meter ({', '.join(dict.fromkeys(signatures))})" if measures else "it has no bars"
        raise StyleError(f"{path}: {what}", hint="one meter throughout")
    bar = meters.pop()
    notes, symbols = _read(measures, bar)
    if not notes:
        raise StyleError(f"{path}: no notes", hint="the first part is read as the melody")
    if not symbols:
        raise StyleError(
            f"{path}: a lead sheet without chords", hint="write chord symbols above the melody, such as Am7"
        )
    first = int(len(measures) > 1 and float(measures[0].duration.quarterLength) < bar.quarters)
    return Lead(path.stem, bar, _key(part, notes), tuple(notes), _beats(symbols, len(measures), bar), first)


def _read(measures: list[Any], bar: Meter) -> tuple[list[Note], list[tuple[float, Chord | None]]]:
    """Notes and chord symbols in ticks, every measure a whole bar; a short first one leans on its end."""
    notes: list[Note] = []
    symbols: list[tuple[float, Chord | None]] = []
    tied = False
    for number, measure in enumerate(measures):
        short = bar.quarters - float(measure.duration.quarterLength)
        lean = short if number == 0 and short > 0 else 0.0
        at = number * bar.ticks
        for item in measure.flatten().getElementsByClass(("Note", "Chord", "ChordSymbol", "NoChord")):
            start = at + (float(item.offset) + lean) * TICKS
            if "ChordSymbol" in item.classes:
                symbols.append((start, _chord(item)))
            elif start < at + bar.ticks and not item.duration.isGrace:
                pitch = max(item.pitches).midi
                length = min(float(item.quarterLength) * TICKS, at + bar.ticks - start)
                if tied and notes and notes[-1].pitch == pitch and item.tie and item.tie.type in ("stop", "continue"):
                    notes[-1] = notes[-1]._replace(duration=start + length - notes[-1].start)
                elif not notes or start > notes[-1].start:
                    notes.append(Note(round(start), length, pitch))
                tied = bool(item.tie and item.tie.type in ("start", "continue"))
    return notes, symbols


def _chord(symbol: Any) -> Chord | None:
    if symbol.chordKind == "none" or "NoChord" in symbol.classes:
        return None
    root = symbol.root().pitchClass
    kind = symbol.chordKind
    if kind in _KINDS:
        return Chord(root, _KINDS[kind])
    steps = {(p.pitchClass - root) % 12 for p in symbol.pitches}
    return Chord(
        root,
        max(
            QUALITIES,
            key=lambda q: (len(steps & set(QUALITIES[q])) - len(set(QUALITIES[q]) - steps), -len(QUALITIES[q])),
        ),
    )


def _beats(symbols: list[tuple[float, Chord | None]], count: int, bar: Meter) -> tuple[tuple[Chord | None, ...], ...]:
    beat = bar.ticks // bar.beats
    found: list[Chord | None] = []
    at, now = 0, symbols[0][1] if symbols[0][0] < bar.ticks * 2 else None
    for i in range(count * bar.beats):
        while at < len(symbols) and symbols[at][0] < (i + 0.5) * beat:
            now, at = symbols[at][1], at + 1
        found.append(now)
    return tuple(tuple(found[i : i + bar.beats]) for i in range(0, len(found), bar.beats))


def _key(part: Any, notes: list[Note]) -> Key:
    """The signature's key, major or minor by the last note."""
    found = next(iter(part.recurse().getElementsByClass("KeySignature")), None)
    major = 7 * (getattr(found, "sharps", 0) or 0) % 12
    minor = (major + 9) % 12
    return Key.of(minor, "minor") if notes[-1].pitch % 12 == minor else Key.of(major, "major")

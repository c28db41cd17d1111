"""A score as MusicXML, through music21: measures, spelling, voices, ties and a drum staff."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from symbolic_music.files.paths import checked, replacing
from symbolic_music.files.spelling import key_of, music21_package, note_name, spelling
from symbolic_music.files.write_midi import changes, listing, playable, readable, section_starts, track_names
from symbolic_music.score import Score
from symbolic_music.theory.chords import CHORDS, Chord
from symbolic_music.theory.meters import TICKS

#: The endings of a MusicXML file.
SUFFIXES = (".musicxml", ".xml")
#: Voices on one staff, as many as notation programs read.
VOICES = 4
_BEAT = TICKS
#: Lengths in ticks that are one written note, with dots or in a triplet.
_WRITTEN = (144, 96, 84, 72, 64, 48, 42, 36, 32, 24, 21, 18, 16, 12, 9, 8, 6, 4, 3, 2, 1)
#: Where the General MIDI drums stand on the staff and their note heads; others stand on E5 with a cross.
_DRUM_STAFF = {
    35: ("E4", "normal"), 36: ("F4", "normal"), 37: ("C5", "x"), 38: ("C5", "normal"), 39: ("C5", "x"),
    40: ("C5", "normal"), 41: ("G4", "normal"), 42: ("G5", "x"), 43: ("A4", "normal"), 44: ("D4", "x"),
    45: ("B4", "normal"), 46: ("G5", "circle-x"), 47: ("C5", "normal"), 48: ("D5", "normal"), 49: ("A5", "x"),
    50: ("E5", "normal"), 51: ("F5", "x"), 52: ("B5", "x"), 53: ("F5", "diamond"), 54: ("B4", "triangle"),
    55: ("B5", "x"), 56: ("E5", "triangle"), 57: ("A5", "x"), 59: ("F5", "x"),
}  # fmt: skip
#: Names of the General MIDI drums from 35 on.
_DRUM_NAMES = (
    "acoustic bass drum", "bass drum", "side stick", "acoustic snare", "hand clap", "electric snare",
    "low floor tom", "closed hi-hat", "high floor tom", "pedal hi-hat", "low tom", "open hi-hat", "low-mid tom",
    "high-mid tom", "crash cymbal 1", "high tom", "ride cymbal 1", "china cymbal", "ride bell", "tambourine",
    "splash cymbal", "cowbell", "crash cymbal 2", "vibraslap", "ride cymbal 2", "high bongo", "low bongo",
    "muted high conga", "open high conga", "low conga", "high timbale", "low timbale", "high agogo", "low agogo",
    "cabasa", "maracas", "short whistle", "long whistle", "short guiro", "long guiro", "claves", "high wood block",
    "low wood block", "muted cuica", "open cuica", "muted triangle", "open triangle",
)  # fmt: skip


#: Our qualities as music21 names kinds of chords.
_KINDS = {
    "maj": "major", "min": "minor", "dim": "diminished", "aug": "augmented", "sus2": "suspended-second",
    "sus4": "suspended-fourth", "7": "dominant-seventh", "maj7": "major-seventh", "min7": "minor-seventh",
    "minmaj7": "minor-major-seventh", "hdim7": "half-diminished-seventh", "dim7": "diminished-seventh",
    "maj6": "major-sixth", "min6": "minor-sixth",
}  # fmt: skip


def _quarters(ticks: int) -> Any:
    """Ticks as a music21 offset or length."""
    return music21_package().common.opFrac(Fraction(ticks, TICKS))


@dataclass
class _Chord:
    """Notes that start and end together, in ticks."""

    voice: int
    start: int
    end: int
    pitches: list[int]


def _voices(notes: Iterable[tuple[int, int, int]]) -> list[_Chord]:
    """(start, end, pitch) as chords in voices 0 to 3 that never overlap.

    Every onset stays. Where more than four voices would sound, a note is
    cut at the next onset, or takes the end of another that starts with it.
    """
    starts: dict[int, dict[int, list[int]]] = {}
    for start, end, pitch in notes:
        starts.setdefault(start, {}).setdefault(end, []).append(pitch)
    found: list[_Chord] = []
    last: list[_Chord | None] = [None] * VOICES
    for start, ends in sorted(starts.items()):
        while len(ends) > VOICES:
            shortest = ends.pop(min(ends))
            ends[min(ends)] += shortest
        by_end = sorted(range(VOICES), key=lambda v: (start if (c := last[v]) is None else max(c.end, start), v))
        lanes = sorted(by_end[: len(ends)])
        for voice, end in zip(lanes, sorted(ends, key=lambda e: -max(ends[e])), strict=True):
            before = last[voice]
            if before is not None:
                before.end = min(before.end, start)
            last[voice] = _Chord(voice, start, end, sorted(ends[end]))
            found.append(last[voice])  # type: ignore[arg-type]
    return found


@cache
def _written(ticks: int) -> tuple[int, ...]:
    """A length as lengths that can be written as one note each, the fewest.

    >>> _written(36), _written(7), _written(120)
    ((36,), (1, 6), (24, 96))
    """
    if ticks in _WRITTEN:
        return (ticks,)
    return min(((*_written(ticks - w), w) for w in _WRITTEN if w < ticks), key=len)


def _pieces(start: int, end: int, bar: int) -> list[tuple[int, int]]:
    """(offset, length) of the written notes of a span in a bar of `bar` ticks, cut at a beat where that is needed."""
    if (start, end) == (0, bar) or end - start in _WRITTEN:
        lengths: tuple[int, ...] = (end - start,) if end - start in _WRITTEN else _written(end - start)[::-1]
    else:
        to_beat = -start % _BEAT
        first = to_beat if 0 < to_beat < end - start else 0
        lengths = (*(_written(first) if first else ()), *_written(end - start - first)[::-1])
    offsets = np.cumsum([start, *lengths]).tolist()
    return list(zip(offsets, lengths, strict=False))


class _Part:
    """One part as music21 measures."""

    def __init__(self, score: Score, names: tuple[str, ...]) -> None:
        self.score = score
        self.names = names
        self.edges: list[int] = score.bar_starts.tolist()

    def melodic(self, notes: Any) -> list[_Chord]:
        """The chords of a pitched part."""
        return _voices((start, start + duration, pitch) for start, duration, pitch, _, _ in notes.tolist())

    def drums(self, notes: Any) -> list[_Chord]:
        """Drum strokes: each lasts to the next, to the next beat, or less, as one written note."""
        hits: dict[int, set[int]] = {}
        for start, _, pitch, _, _ in notes.tolist():
            hits.setdefault(start, set()).add(pitch)
        starts = sorted(hits)
        chords = []
        for start, following in zip(starts, [*starts[1:], self.edges[-1]], strict=False):
            bar = bisect_right(self.edges, start)
            beat = _BEAT - (start - self.edges[bar - 1]) % _BEAT
            room = min(following - start, beat, self.edges[bar] - start)
            chords.append(_Chord(0, start, start + next(w for w in _WRITTEN if w <= room), sorted(hits[start])))
        return chords

    def measures(self, chords: list[_Chord], drums: bool) -> Iterable[Any]:
        """music21 measures, one for each bar."""
        m21 = music21_package()
        bars: list[dict[int, list[_Chord]]] = [{0: []} for _ in self.score.meters]
        for chord in chords:
            bar = bisect_right(self.edges, chord.start) - 1
            while bar < len(bars) and self.edges[bar] < chord.end:
                bars[bar].setdefault(chord.voice, []).append(chord)
                bar += 1
        for number, voices in enumerate(bars):
            measure = m21.stream.Measure(number=number + 1)
            if not any(voices.values()):
                rest = m21.note.Rest(quarterLength=_quarters(self.score.meters[number].ticks))
                rest.fullMeasure = True
                measure.insert(0, rest)
            elif len(voices) == 1:
                self._fill(measure, number, voices[0], drums, hidden=False)
            else:
                for voice in sorted(voices):
                    line = m21.stream.Voice(id=str(voice + 1))
                    self._fill(line, number, voices[voice], drums, hidden=voice > 0)
                    measure.insert(0, line)
            yield measure

    def _fill(self, target: Any, number: int, chords: list[_Chord], drums: bool, hidden: bool) -> None:
        m21 = music21_package()
        low, bar = self.edges[number], self.score.meters[number].ticks

        def rests(start: int, end: int) -> None:
            for offset, length in _pieces(start, end, bar) if end > start else ():
                rest = m21.note.Rest(quarterLength=_quarters(length))
                if hidden:
                    rest.style.hideObjectOnPrint = True
                target.coreInsert(_quarters(offset), rest)

        now = 0
        for chord in chords:
            start, end = max(chord.start - low, 0), min(chord.end - low, bar)
            rests(now, start)
            for offset, length in _pieces(start, end, bar):
                before, after = low + offset > chord.start, low + offset + length < chord.end
                element = self._element(chord.pitches, _quarters(length), before, after, drums)
                target.coreInsert(_quarters(offset), element)
            now = end
        rests(now, bar)
        target.coreElementsChanged()

    def _element(self, pitches: list[int], length: Fraction, before: bool, after: bool, drums: bool) -> Any:
        m21 = music21_package()
        heads: list[Any] = []
        for pitch in pitches:
            if drums:
                place, head = _DRUM_STAFF.get(pitch, ("E5", "x"))
                heads.append(m21.note.Unpitched(displayName=place, quarterLength=length))
                heads[-1].notehead = head
            else:
                heads.append(m21.note.Note(note_name(pitch, self.names), quarterLength=length))
            if before or after:
                heads[-1].tie = m21.tie.Tie("continue" if before and after else "start" if after else "stop")
        if len(heads) == 1:
            return heads[0]
        whole: Any = m21.percussion.PercussionChord(heads) if drums else m21.chord.Chord(heads)
        whole.quarterLength = length
        return whole


def _name_drums(root: ElementTree.Element, part_id: str, strokes: list[int]) -> None:
    """Tell a reader which drum each stroke of a part is, one MusicXML instrument for each."""
    header = next(node for node in root.iter("score-part") if node.get("id") == part_id)
    for tag in ("score-instrument", "midi-instrument"):
        for node in header.findall(tag):
            header.remove(node)
    used = sorted(set(strokes))
    for pitch in used:
        entry = ElementTree.SubElement(header, "score-instrument", id=f"{part_id}-I{pitch}")
        known = 0 <= pitch - 35 < len(_DRUM_NAMES)
        ElementTree.SubElement(entry, "instrument-name").text = _DRUM_NAMES[pitch - 35] if known else f"drum {pitch}"
    for pitch in used:
        entry = ElementTree.SubElement(header, "midi-instrument", id=f"{part_id}-I{pitch}")
        for tag, value in (("midi-channel", 10), ("midi-program", 1), ("midi-unpitched", pitch + 1)):
            ElementTree.SubElement(entry, tag).text = str(value)
    part = next(node for node in root.iter("part") if node.get("id") == part_id)
    sounding = [node for node in part.iter("note") if node.find("unpitched") is not None]
    for node, pitch in zip(sounding, strokes, strict=True):
        # the schema wants it after duration and tie, before voice and type
        place = 1 + max(i for i, child in enumerate(node) if child.tag in ("duration", "tie"))
        node.insert(place, ElementTree.Element("instrument", id=f"{part_id}-I{pitch}"))


def _stream(score: Score, symbols: bool) -> tuple[Any, dict[str, list[int]]]:
    """A music21 score, and the drum strokes of each drum part in order."""
    m21 = music21_package()
    home, names, notes = key_of(score), track_names(score), playable(score)
    whole: Any = m21.stream.Score()
    strokes: dict[str, list[int]] = {}
    for place, index in enumerate(listing(score.parts)):
        part, own = score.parts[index], notes[notes["part"] == index]
        target: Any = m21.stream.Part(id=f"P{place + 1}")
        target.partName = names[index]
        player: Any = m21.instrument.UnpitchedPercussion() if part.is_drums else m21.instrument.Instrument(names[index])
        player.partId, player.instrumentId = target.id, f"{target.id}-I1"
        player.instrumentName, player.partName = names[index], names[index]
        player.midiProgram = max(part.program, 0)
        if part.is_drums:
            player.midiChannel = 9
        lines = _Part(score, spelling(home))
        chords = lines.drums(own) if part.is_drums else lines.melodic(own)
        if part.is_drums:
            strokes[target.id] = [pitch for chord in chords for pitch in chord.pitches]
        for measure, edge in zip(lines.measures(chords, part.is_drums), lines.edges, strict=False):
            target.coreInsert(_quarters(edge), measure)
        target.coreElementsChanged()
        measures = list(target.getElementsByClass(m21.stream.Measure))
        for bar in changes(score.meters):
            measures[bar].timeSignature = m21.meter.TimeSignature(str(score.meters[bar]))
        if measures:
            first: Any = measures[0]
            first.insert(0, player)
            first.clef = m21.clef.PercussionClef() if part.is_drums else m21.clef.bestClef(target, recurse=True)
            if home is not None and not part.is_drums:
                first.keySignature = m21.key.KeySignature(home.fifths).asKey(home.mode)
            if place == 0:
                if score.tempo is not None:
                    beats = int(score.tempo) if score.tempo == int(score.tempo) else score.tempo
                    first.insert(0, m21.tempo.MetronomeMark(number=beats))
                for bar, label in section_starts(score):
                    measures[bar].insert(0, m21.expressions.RehearsalMark(label))
                for bar, offset, chord in _symbols(score) if symbols else ():
                    root = spelling(home)[chord.root]
                    symbol = m21.harmony.ChordSymbol(
                        root=root[0] + root[1:].replace("b", "-"), kind=_KINDS[chord.quality]
                    )
                    measures[bar].insert(_quarters(offset), symbol)
            measures[-1].rightBarline = "final"
        whole.insert(0, target)
    return whole, strokes


def _symbols(score: Score) -> Iterable[tuple[int, int, Chord]]:
    """The chords of a score where they change: bar, ticks into it, chord."""
    last = -1
    for bar, halves in enumerate([] if score.chords is None else score.chords.tolist()):
        for half, index in enumerate(halves):
            if index >= 0 and index != last:
                yield bar, half * score.meters[bar].ticks // 2, CHORDS[index]
            last = index


def musicxml_bytes(score: Score, *, title: str = "", symbols: bool = False) -> bytes:
    """A score as MusicXML 4.

    One part for each part in the order of a printed score, at concert pitch,
    in up to four voices; drums on a percussion staff with one MusicXML
    instrument for each drum. Where the score states no key, music21's analysis
    gives the signature and the spelling. Every onset and pitch is kept; a
    length changes only where more than four voices would sound at once, and
    drum strokes are written to the next stroke or beat.

    Parameters
    ----------
    score : Score
    title : str
    symbols : bool
        Whether the score's chords are written as symbols above the top staff.

    Returns
    -------
    bytes
        The same for the same arguments.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.keys import Key
    >>> from symbolic_music.theory.meters import Meter
    >>> score = Score((Part(0),), (Meter(3, 4),), np.array([(0, 72, 61, 90, 0)], NOTE), key=Key("D", "minor"))
    >>> b"<alter>1</alter>" in musicxml_bytes(score)
    True
    """
    from music21.musicxml.m21ToXml import ScoreExporter

    whole, strokes = _stream(score, symbols)
    title = readable(title)
    whole.metadata = music21_package().metadata.Metadata(title=title, composer="symbolic_music")
    exporter: Any = ScoreExporter(whole)
    root = exporter.parse()
    if not title:
        for node in root.findall("movement-title"):
            root.remove(node)
    for encoding in root.iter("encoding"):
        for node in encoding.findall("encoding-date"):
            encoding.remove(node)
    for part_id, pitches in strokes.items():
        if pitches:
            _name_drums(root, part_id, pitches)
    content: bytes = exporter.asBytes()
    return content


def save_musicxml(score: Score, path: str | Path, *, title: str = "", symbols: bool = False) -> Path:
    """Write `musicxml_bytes` to a file, about 0.3 seconds per 1,000 notes.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileError
        If the path cannot be written; nothing is left there then.
    """
    target = checked(path, SUFFIXES)
    content = musicxml_bytes(score, title=title, symbols=symbols)
    with replacing(target, SUFFIXES) as temporary:
        temporary.write_bytes(content)
    return target

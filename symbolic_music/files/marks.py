"""What stands over and under the bars: sections, tempos, chord symbols and marks of loudness, as MusicXML."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import numpy as np

from symbolic_music.files.drum_staff import USUAL, drum_name
from symbolic_music.files.element import add
from symbolic_music.files.names import NO_CHORD, chord_suffix, section_starts
from symbolic_music.files.notation import LOUDNESS, Notation
from symbolic_music.files.spelling import chord_spelling
from symbolic_music.theory import genres
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.meters import Meter

#: Our qualities as MusicXML names kinds of chords.
_KINDS = {
    "maj": "major", "min": "minor", "dim": "diminished", "aug": "augmented", "sus2": "suspended-second",
    "sus4": "suspended-fourth", "7": "dominant", "maj7": "major-seventh", "min7": "minor-seventh",
    "minmaj7": "major-minor", "hdim7": "half-diminished", "dim7": "diminished-seventh", "maj6": "major-sixth",
    "min6": "minor-sixth",
}  # fmt: skip
#: How a genre's feel is written beside its tempo.
_FEELS = {"swing eighths": "Swing", "swing sixteenths": "Swing 16ths"}
#: A new tempo is printed where it differs by this part from what was printed last.
_FELT = 0.05
#: The highest note that counts as a bass.
_BASS = 59
#: What stands over or under a bar, and its tick.
Mark = tuple[int, Element]


def _symbol(index: int, notation: Notation, bar: int, tick: int) -> Element:
    """A chord symbol, with the lowest note that sounds there where that is another note of the chord; or "N.C."."""
    element = Element("harmony")
    if index < 0:
        add(element, "function")  # the schema wants this or a root, and MuseScore prints the root
        add(element, "kind", "none", text=NO_CHORD)
        return element
    chord = CHORDS[index]
    names = chord_spelling(chord, notation.keys[bar])
    _named(add(element, "root"), "root", names[chord.root])
    add(element, "kind", _KINDS[chord.quality], text=chord_suffix(chord.quality))
    drums = [i for i, part in enumerate(notation.score.parts) if part.is_drums]
    notes = notation.notes
    sounding = notes[(notes["start"] <= tick) & (tick < notes["start"] + notes["duration"]) & (notes["pitch"] <= _BASS)]
    low = min(
        (p for p, i in zip(sounding["pitch"].tolist(), sounding["part"].tolist(), strict=True) if i not in drums),
        default=-1,
    )
    if low >= 0 and low % 12 != chord.root and low % 12 in names:
        _named(add(element, "bass"), "bass", names[low % 12])
    return element


def _named(element: Element, tag: str, name: str) -> None:
    add(element, f"{tag}-step", name[0])
    if alter := name.count("#") - name[1:].count("b"):
        add(element, f"{tag}-alter", alter)


def _direction(kind: str, text: str = "", **attributes: object) -> tuple[Element, Element]:
    """A direction, and its one type."""
    element = Element("direction", {name: str(value) for name, value in attributes.items()})
    return element, add(add(element, "direction-type"), kind, text or None)


def _tempo(bpm: float, meter: Meter, printed: bool, feel: str) -> Element:
    """A metronome mark, rounded, and the exact tempo that readers play."""
    element = Element("direction", placement="above")
    if feel:
        add(add(element, "direction-type"), "words", f"{feel} ")
    mark = add(add(element, "direction-type"), "metronome")
    compound = meter.unit == 8 and meter.beats % 3 == 0
    if not printed:
        mark.set("print-object", "no")
    add(mark, "beat-unit", "quarter")
    if compound:
        add(mark, "beat-unit-dot")
    add(mark, "per-minute", round(bpm * 2 / 3 if compound else bpm))
    add(element, "sound", tempo=f"{bpm:.10g}")
    return element


def loudness(notation: Notation, index: int) -> Iterator[Mark]:
    """The marks of loudness of a part."""
    for tick, mark in notation.loudness(index):
        element, kind = _direction("dynamics", placement="below")
        add(kind, mark)
        add(element, "sound", dynamics=f"{LOUDNESS[mark] / 0.9:.2f}")
        yield tick, element


def above(notation: Notation, symbols: bool) -> Iterator[Mark]:
    """What stands above the top staff: sections, tempos, and chords if they are asked for."""
    score, edges = notation.score, notation.edges
    for bar, label in section_starts(score):
        yield edges[bar], _direction("rehearsal", label, placement="above")[0]
    genre = genres.table().get(score.genre)
    feel = _FEELS.get(genre.feel, "") if genre else ""
    printed = 0.0
    for tick, bpm in score.tempo_map:
        if score.tempo is None and tick == 0 and 0 not in dict(score.tempos):
            if feel:
                yield 0, _direction("words", feel, placement="above")[0]
            continue  # nothing is stated there
        felt = abs(bpm - printed) >= _FELT * printed
        printed = bpm if felt else printed
        meter = next(m for m, edge in zip(score.meters, edges[1:], strict=True) if tick < edge)
        yield tick, _tempo(bpm, meter, felt, "" if tick else feel)
    last = -1
    for bar, halves in enumerate(score.chords[: score.bars].tolist() if symbols and score.chords is not None else ()):
        for half, index in enumerate(halves):
            if index > -2 and index != last:
                tick = edges[bar] + half * score.meters[bar].ticks // 2
                yield tick, _symbol(index, notation, bar, tick)
                last = index


def strokes(notation: Notation, index: int) -> Iterator[Mark]:
    """The name of each drum that has no usual place, where it is first struck."""
    own = notation.notes[notation.notes["part"] == index]
    drums, first = np.unique(own["pitch"], return_index=True)
    for drum, tick in zip(drums.tolist(), own["start"][first].tolist(), strict=True):
        if drum not in USUAL:
            yield tick, _direction("words", drum_name(drum), placement="above")[0]

"""A score as MusicXML 4: what `notation` and `marks` find, in the order in which the schema wants it."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from symbolic_music.files import drum_staff, marks
from symbolic_music.files.channels import listing
from symbolic_music.files.element import add
from symbolic_music.files.limits import check_score
from symbolic_music.files.names import readable, track_names
from symbolic_music.files.notation import Head, Notation, Staff, Written
from symbolic_music.files.page import add_page
from symbolic_music.files.part_list import add_part_list
from symbolic_music.files.paths import checked, replacing
from symbolic_music.files.performance import playable
from symbolic_music.files.staves import CLEFS, VOICES
from symbolic_music.score import Part, Score
from symbolic_music.theory.meters import TICKS, Meter

#: The endings of a MusicXML file; the last is compressed.
SUFFIXES = (".musicxml", ".xml", ".mxl")
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
    '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_CONTAINER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles><rootfile full-path="score.musicxml" '
    'media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>\n'
)
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
#: The lowest pitch that MusicXML has an octave for, and the highest that can be written an octave higher.
_LOWEST, _HIGHEST = 12, 115


class _PartWriter:
    """Writes one part."""

    def __init__(self, notation: Notation, name: str, index: int, above: list[marks.Mark]) -> None:
        self.notation, self.name = notation, name
        self.part = notation.score.parts[index]
        self.staves = notation.staves(index)
        below = [*marks.loudness(notation, index), *(marks.strokes(notation, index) if self.part.is_drums else ())]
        self.marks = sorted([*above, *below], key=lambda mark: mark[0])
        # a part that goes below is written an octave higher than it sounds
        own = notation.notes["pitch"][notation.notes["part"] == index]
        self.lower = int(not self.part.is_drums and bool((own < _LOWEST).any()) and not (own > _HIGHEST).any())

    def write(self, root: Element) -> None:
        part = add(root, "part", id=self.name)
        for bar in range(self.notation.score.bars):
            measure = add(part, "measure", number=bar + 1)
            self._attributes(measure, bar)
            self._bar(measure, bar)
        add(add(measure, "barline", location="right"), "bar-style", "light-heavy")

    def _attributes(self, measure: Element, bar: int) -> None:
        score, keys = self.notation.score, self.notation.keys
        attributes, first = Element("attributes"), bar == 0
        if first:
            add(attributes, "divisions", TICKS)
        key = keys[bar]
        if not self.part.is_drums and key is not None and (first or key != keys[bar - 1]):
            element = add(attributes, "key")
            add(element, "fifths", key.fifths)
            add(element, "mode", key.mode)
        if first or score.meters[bar] != score.meters[bar - 1]:
            element = add(attributes, "time")
            add(element, "beats", score.meters[bar].beats)
            add(element, "beat-type", score.meters[bar].unit)
        if first and len(self.staves) > 1:
            add(attributes, "staves", len(self.staves))
        for number, staff in enumerate(self.staves, 1):
            if first or staff.clefs[bar] != staff.clefs[bar - 1]:
                _add_clef(add(attributes, "clef", number=number), staff.clefs[bar])
        if first and self.lower:
            transpose = add(attributes, "transpose")
            add(transpose, "diatonic", 0)  # music21 wants it
            add(transpose, "chromatic", 0)
            add(transpose, "octave-change", -1)
        if len(attributes):
            measure.append(attributes)

    def _bar(self, measure: Element, bar: int) -> None:
        low, ticks = self.notation.edges[bar], self.notation.score.meters[bar].ticks
        waiting = [(tick - low, element) for tick, element in self.marks if low <= tick < low + ticks]
        for number, staff in enumerate(self.staves):
            for voice, line in staff.bars[bar].items():
                if number or voice:
                    add(add(measure, "backup"), "duration", ticks)
                now = 0
                for item in line:
                    until = ticks if item.value is None else now + item.value.ticks
                    while waiting and waiting[0][0] < until:
                        tick, element = waiting.pop(0)
                        measure.append(self._late(element, tick - now))
                    stem = _stem(item, voice, staff, bar) if item.heads else ""
                    heads: list[Head | None] = [*item.heads]
                    for head in heads or [None]:
                        note = self._note(measure, item, head, until - now)
                        self._look(note, item, head, number, voice, stem)
                    now = until

    def _late(self, element: Element, ticks: int) -> Element:
        """A mark, with what says that it stands so many ticks after what is written next, and at which staff."""
        last = element.find("sound")
        place = len(element) if last is None else list(element).index(last)
        for tag, value in (("staff", 1 if len(self.staves) > 1 else 0), ("offset", ticks)):
            if value:
                child = Element(tag)
                child.text = str(value)
                element.insert(place, child)
        return element

    def _note(self, measure: Element, item: Written, head: Head | None, ticks: int) -> Element:
        """A note or rest, and when it sounds."""
        note = add(measure, "note")
        if item.hidden:
            note.set("print-object", "no")
        if head is None:
            rest = add(note, "rest")
            if item.value is None:
                rest.set("measure", "yes")
            if item.height is not None:
                add(rest, "display-step", item.height[0])
                add(rest, "display-octave", item.height[1] + self.lower)
            add(note, "duration", ticks)
            return note
        if not head.tied_from:
            note.set("dynamics", f"{head.velocity / 0.9:.2f}")
        if head is not item.heads[0]:
            add(note, "chord")
        prefix = "display-" if self.part.is_drums else ""
        position = add(note, "unpitched" if self.part.is_drums else "pitch")
        add(position, f"{prefix}step", head.step)
        if head.alter:
            add(position, "alter", head.alter)
        add(position, f"{prefix}octave", head.octave + self.lower)
        add(note, "duration", ticks)
        for tie in head.ties:
            add(note, "tie", type=tie)
        if self.part.is_drums:
            add(note, "instrument", id=f"{self.name}-I{head.pitch}")
        return note

    def _look(self, note: Element, item: Written, head: Head | None, number: int, voice: int, stem: str) -> None:
        """What a note or rest looks like."""
        value, lowest = item.value, head is None or head is item.heads[0]
        add(note, "voice", number * VOICES + voice + 1)
        if value is not None:
            add(note, "type", value.name)
            for _ in range(value.dots):
                add(note, "dot")
        if head is not None and head.accidental is not None:
            accidental = add(note, "accidental", _ACCIDENTALS[head.accidental])
            if head.cautionary:
                accidental.attrib.update(cautionary="yes", parentheses="yes")
        if value is not None and value.tuplet:
            modified = add(note, "time-modification")
            add(modified, "actual-notes", 3)
            add(modified, "normal-notes", 2)
            add(modified, "normal-type", value.tuplet)
        if stem:
            add(note, "stem", stem)
        if head is not None and self.part.is_drums and (shape := drum_staff.place(head.pitch)[2]) != "normal":
            add(note, "notehead", shape)
        if len(self.staves) > 1:
            add(note, "staff", number + 1)
        for level, beam in enumerate(item.beams if lowest else (), 1):
            add(note, "beam", beam, number=level)
        notations = Element("notations")
        for tie in () if head is None else head.ties:
            add(notations, "tied", type=tie)
        if lowest and value is not None and value.first:
            add(notations, "tuplet", type="start", bracket="yes")
        elif lowest and value is not None and value.last:
            add(notations, "tuplet", type="stop")
        if len(notations):
            note.append(notations)


def _stem(item: Written, voice: int, staff: Staff, bar: int) -> str:
    """Where the stem points, "" where readers choose."""
    if staff.clefs[bar] == "percussion":
        return "down" if item.heads[0].pitch in drum_staff.FEET else "up"
    return ("down" if voice % 2 else "up") if len(staff.bars[bar]) > 1 else ""


def _add_clef(element: Element, name: str) -> None:
    if name == "percussion":
        add(element, "sign", "percussion")
        return
    sign, line, octave, _ = CLEFS[name]
    add(element, "sign", sign)
    add(element, "line", line)
    if octave:
        add(element, "clef-octave-change", octave)


def musicxml_bytes(score: Score, *, title: str = "", composer: str = "", symbols: bool = False) -> bytes:
    """A score as MusicXML 4.

    One part for each part in the order of a printed score, at concert pitch.
    Keyboards have two staves; up to four voices share one. Every pitch, onset
    and length is kept: what is no plain value on its beat is tied from several,
    in complete triplets where the grid asks for them. Drums stand on a percussion
    staff, feet under hands, with one MusicXML instrument for each drum; strokes
    last to the next stroke or beat. Velocities are kept as the notes' dynamics,
    and printed as marks where they change for a while. Where the score states
    no key, music21's analysis gives the signature and the spelling.

    Parameters
    ----------
    score : Score
    title, composer : str
    symbols : bool
        Whether the score's chords are written as symbols above the top staff.

    Returns
    -------
    bytes
        The same for the same arguments.

    Raises
    ------
    BriefError
        If a tempo, part, pitch or velocity is out of range, or there are too many notes or parts, as for a MIDI file.

    Examples
    --------
    >>> import numpy as np
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.keys import Key
    >>> from symbolic_music.theory.meters import Meter
    >>> score = Score((Part(0),), (Meter(3, 4),), np.array([(0, 72, 61, 90, 0)], NOTE), key=Key("D", "minor"))
    >>> b"<alter>1</alter>" in musicxml_bytes(score)
    True
    """
    check_score(score)
    # there must be a part and a bar
    score = replace(score, parts=score.parts or (Part(0),), meters=score.meters or (Meter(),))
    notes = playable(score)
    notation = Notation(score, notes)
    order, names = listing(score.parts), track_names(score)
    writers = []
    for place, index in enumerate(order):
        above = list(marks.above(notation, symbols)) if place == 0 else []
        writers.append(_PartWriter(notation, f"P{place + 1}", index, above))
    root = Element("score-partwise", version="4.0")
    if title := readable(title):
        add(root, "movement-title", title)
    identification = add(root, "identification")
    if composer := readable(composer):
        add(identification, "creator", composer, type="composer")
    add(add(identification, "encoding"), "software", "symbolic_music")
    add_page(root, title, sum(len(writer.staves) for writer in writers))
    drums = [sorted(set(notes["pitch"][notes["part"] == i].tolist())) if score.parts[i].is_drums else [] for i in order]
    add_part_list(root, [score.parts[i] for i in order], [names[i] for i in order], drums)
    for writer in writers:
        writer.write(root)
    ElementTree.indent(root)
    return f"{_HEAD}{ElementTree.tostring(root, encoding='unicode')}\n".encode()


def compressed(content: bytes) -> bytes:
    """MusicXML as a compressed file (.mxl), the same bytes each time.

    >>> compressed(b"<score-partwise/>")[:2]
    b'PK'
    """
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (("META-INF/container.xml", _CONTAINER.encode()), ("score.musicxml", content)):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def save_musicxml(
    score: Score, path: str | Path, *, title: str = "", composer: str = "", symbols: bool = False
) -> Path:
    """Write `musicxml_bytes` to a file; .mxl is compressed.

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
    content = musicxml_bytes(score, title=title, composer=composer, symbols=symbols)
    with replacing(target, SUFFIXES) as temporary:
        temporary.write_bytes(compressed(content) if target.suffix.lower() == ".mxl" else content)
    return target

"""The head of a MusicXML score: parts with their names, instruments and brackets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement

from symbolic_music.files.channels import CENTRE, VOLUME, channels, family
from symbolic_music.files.drum_staff import drum_name
from symbolic_music.score import Part

#: Abbreviations of the General MIDI instruments from 0 on; "" where the name is short or has no usual one.
_SHORT = (
    *("Pno.",) * 4, "E. Pno. 1", "E. Pno. 2", "Hch.", "Clav.", "Cel.", "Glock.", "Mus. B.", "Vib.", "Mar.", "Xyl.",
    "Tub. B.", "Dulc.", *("Org.",) * 5, "Acc.", "Hca.", "Band.", *("Gtr.",) * 8, *("Bs.",) * 8, "Vln.", "Vla.", "Vc.",
    "Cb.", "Str.", "Str.", "Hp.", "Timp.", *("Str.",) * 4, "Ch.", "V.", "V.", "Orch.", "Tpt.", "Tbn.", "Tba.", "Tpt.",
    "Hn.", "Br.", "Br.", "Br.", "S. Sax.", "A. Sax.", "T. Sax.", "B. Sax.", "Ob.", "E. Hn.", "Bsn.", "Cl.", "Picc.",
    "Fl.", "Rec.", "Pan Fl.", "Bot.", "Shak.", "Whis.", "Oc.", *("Ld.",) * 8, *("Pad",) * 8, *("Syn.",) * 8, "Sit.",
    "Bj.", "Sham.", "Koto", "Kal.", "Bagp.", "Fid.", "Sh.",
)  # fmt: skip
#: Runs of programs whose neighbours in a score share a bracket.
_BRACKETS = ((40, 45), (48, 51), (52, 54), (56, 63), (64, 79))


def add(parent: Element, tag: str, text: object = None, /, **attributes: object) -> Element:
    """Append an element; "_" in the name of an attribute is "-".

    >>> add(Element("note"), "tie", type="start").attrib
    {'type': 'start'}
    """
    element = SubElement(parent, tag, {name.replace("_", "-"): str(value) for name, value in attributes.items()})
    if text is not None:
        element.text = str(text)
    return element


def add_title(root: Element, title: str) -> None:
    """Append an A4 page and the title on it, in letters as large as its line has room for.

    Without this MuseScore sets every title in 24 points, and prints a long one over both edges of the paper.
    """
    defaults = add(root, "defaults")
    scaling = add(defaults, "scaling")
    add(scaling, "millimeters", 7.0556)  # a staff of 20 points
    add(scaling, "tenths", 40)
    layout = add(defaults, "page-layout")
    add(layout, "page-height", 1683.8)
    add(layout, "page-width", 1190.5)
    margins = add(layout, "page-margins", type="both")
    for side, tenths in (("left", 56.7), ("right", 56.7), ("top", 56.7), ("bottom", 113.4)):
        add(margins, f"{side}-margin", tenths)
    credit = add(root, "credit", page=1)
    add(credit, "credit-type", "title")
    size = max(8, min(22, 900 // max(1, len(title))))
    place = {"default_x": 595.3, "default_y": 1627, "justify": "center", "valign": "top"}
    add(credit, "credit-words", title, **place, font_size=size)


def abbreviation(part: Part, name: str) -> str:
    """What stands before all systems but the first.

    >>> abbreviation(Part(40, 2), "violin 2"), abbreviation(Part(73), "Flauto solo"), abbreviation(Part(-1), "drums")
    ('Vln. 2', 'Flau.', 'Dr.')
    """
    if name == part.name:
        short = "Dr." if part.is_drums else _SHORT[part.program] if part.program < len(_SHORT) else ""
        if short:
            return short if part.chair == 1 else f"{short} {part.chair}"
    word = re.split(r"[\s_]+", name.strip())[0]
    number = re.search(r"\d+$", name.strip())
    short = word if len(word) <= 5 else f"{word[:4]}."
    return f"{short} {number[0]}" if number and number[0] != word else short


def _bracket(part: Part) -> int:
    return next((i for i, (low, high) in enumerate(_BRACKETS) if low <= part.program <= high), -1)


def add_part_list(root: Element, parts: Sequence[Part], names: Sequence[str], drums: Sequence[Sequence[int]]) -> None:
    """Append the list of parts to a score.

    Parameters
    ----------
    root : Element
    parts : sequence of Part
        From the top.
    names : sequence of str
    drums : sequence of sequence of int
        The drums that each part strikes.
    """
    listed = add(root, "part-list")
    seats = channels(tuple(parts))
    number = 0
    for bracket, group in groupby(range(len(parts)), key=lambda i: _bracket(parts[i])):
        members = list(group)
        joined = bracket >= 0 and len(members) > 1
        if joined:
            number += 1
            start = add(listed, "part-group", type="start", number=number)
            add(start, "group-symbol", "bracket")
            add(start, "group-barline", "yes")
        for i in members:
            _add_part(listed, f"P{i + 1}", parts[i], names[i], drums[i], seats[i])
        if joined:
            add(listed, "part-group", type="stop", number=number)


def _add_part(listed: Element, name: str, part: Part, title: str, drums: Sequence[int], seat: tuple[int, int]) -> None:
    entry = add(listed, "score-part", id=name)
    add(entry, "part-name", title)
    add(entry, "part-abbreviation", abbreviation(part, title))
    players = {f"{name}-I{drum}": drum_name(drum) for drum in drums} or {f"{name}-I1": title}
    for player, label in players.items():
        add(add(entry, "score-instrument", id=player), "instrument-name", label)
    for player, drum in zip(players, drums or [-1], strict=True):
        midi = add(entry, "midi-instrument", id=player)
        add(midi, "midi-channel", seat[1] + 1)
        add(midi, "midi-program", max(part.program, 0) + 1)
        if drum >= 0:
            add(midi, "midi-unpitched", drum + 1)
        add(midi, "volume", round(100 * VOLUME / 127))
        add(midi, "pan", round(90 * (family(part).pan - CENTRE) / CENTRE))

"""What parts are called in print: capitals, the usual short names, and abbreviations that tell them apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from symbolic_music.score import Part
from symbolic_music.theory.instruments import of_program

#: Instruments that players call by a shorter name than General MIDI does.
_CALLED = {
    0: "Piano", 1: "Piano", 2: "Electric Grand", 4: "Electric Piano", 5: "Electric Piano", 16: "Organ", 18: "Organ",
    19: "Organ", 24: "Guitar", 25: "Guitar", 26: "Electric Guitar", 27: "Electric Guitar", 32: "Bass", 33: "Bass",
    34: "Bass", 35: "Bass", 36: "Slap Bass", 37: "Slap Bass", 38: "Synth Bass", 39: "Synth Bass", 46: "Harp",
    48: "Strings", 50: "Synth Strings", 51: "Synth Strings", 52: "Choir", 53: "Voices", 60: "Horn", 61: "Brass",
    62: "Synth Brass", 63: "Synth Brass",
}  # fmt: skip
#: Abbreviations of the General MIDI instruments from 0 on; others have those of their first word.
_SHORT = (
    *("Pno.",) * 4, *("E. Pno.",) * 2, "Hch.", "Clav.", "Cel.", "Glock.", "Mus. B.", "Vib.", "Mar.", "Xyl.",
    "Tub. B.", "Dulc.", *("Org.",) * 5, "Acc.", "Hca.", "Band.", *("Gtr.",) * 8, *("Bs.",) * 8, "Vln.", "Vla.", "Vc.",
    "Cb.", "Str.", "Str.", "Hp.", "Timp.", *("Str.",) * 4, "Ch.", "V.", "V.", "Orch.", "Tpt.", "Tbn.", "Tba.", "Tpt.",
    "Hn.", "Br.", "Br.", "Br.", "S. Sax.", "A. Sax.", "T. Sax.", "B. Sax.", "Ob.", "E. Hn.", "Bsn.", "Cl.", "Picc.",
    "Fl.", "Rec.", "Pan Fl.", "Bot.", "Shak.", "Whis.", "Oc.", *("Ld.",) * 8, *("Pad",) * 8, *("Syn.",) * 8, "Sit.",
    "Bj.", "Sham.", "Koto", "Kal.", "Bagp.", "Fid.", "Sh.",
)  # fmt: skip


def printed_names(parts: Sequence[Part], names: Sequence[str]) -> list[tuple[str, str]]:
    """The name of each part before the first system, and its abbreviation before the others.

    A name of the score's own stays. An instrument has its usual name, with a
    number where several parts have it; two kinds of it, such as a fingered and
    a slapped bass, are told apart by their full names.

    Parameters
    ----------
    parts : sequence of Part
    names : sequence of str
        The names of their tracks.

    Examples
    --------
    >>> printed_names((Part(40), Part(40, 2), Part(0)), ("violin", "violin 2", "acoustic grand piano"))
    [('Violin 1', 'Vln. 1'), ('Violin 2', 'Vln. 2'), ('Piano', 'Pno.')]
    >>> printed_names((Part(33), Part(34), Part(73)), ("fingered bass", "picked bass", "Flauto solo"))
    [('Fingered Bass', 'Bs. 1'), ('Picked Bass', 'Bs. 2'), ('Flauto solo', 'Flau.')]
    """
    called = [_called(part, name) for part, name in zip(parts, names, strict=True)]
    short = [_abbreviation(part, name) for part, name in zip(parts, names, strict=True)]
    found = []
    for i, (part, name) in enumerate(zip(parts, names, strict=True)):
        same = [j for j, other in enumerate(called) if other == called[i]]
        if name != part.name:
            text = name
        elif any(parts[j].program != part.program for j in same):
            text = name.title()
        else:
            text = f"{called[i]} {part.chair}" if len(same) > 1 or part.chair > 1 else called[i]
        alike = [j for j, other in enumerate(short) if other == short[i]]
        numbers = [parts[j].chair for j in alike]
        if len(set(numbers)) < len(alike):
            numbers = list(range(1, len(alike) + 1))
        number = numbers[alike.index(i)]
        numbered = len(alike) > 1 or (number > 1 and name == part.name)
        found.append((text, f"{short[i]} {number}" if numbered else short[i]))
    return found


def _called(part: Part, name: str) -> str:
    return _CALLED.get(part.program, of_program(part.program).name.title()) if name == part.name else name


def _abbreviation(part: Part, name: str) -> str:
    if name == part.name:
        if part.is_drums:
            return "Dr."
        if part.program < len(_SHORT):
            return _SHORT[part.program]
        name = of_program(part.program).name.title()
    word = re.split(r"[\s_]+", name.strip())[0]
    number = re.search(r"\d+$", name.strip())
    short = word if len(word) <= 5 else f"{word[:4]}."
    return f"{short} {number[0]}" if number and number[0] != word else short

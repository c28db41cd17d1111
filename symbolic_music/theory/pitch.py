"""Pitch classes and pitches, by name and by number.

A pitch class is an int 0 (C) to 11 (B), a pitch a MIDI number 0 to 127 with
middle C = 60 = C4. Sets of pitch classes are frozensets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from symbolic_music.errors import BriefError

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
#: The name of each pitch class where no key says how to spell it.
NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_ACCIDENTALS = {"": 0, "#": 1, "##": 2, "b": -1, "bb": -2}
_NAME = re.compile(r"([A-Ga-g])(##|#|bb|b)?(-?\d+)?")


def plain(name: str) -> str:
    """`name` with ``♯ ♭ 𝄪 𝄫`` and "sharp", "flat" written as ``#`` and ``b``.

    >>> plain("C♯ E♭ F sharp")
    'C# Eb F#'
    """
    for sign, ascii_sign in (("♯", "#"), ("♭", "b"), ("𝄪", "##"), ("𝄫", "bb"), ("♮", "")):
        name = name.replace(sign, ascii_sign)
    name = re.sub(r"(?i)\b([A-G])[ -]?sharps?\b", r"\1#", name)
    return re.sub(r"(?i)\b([A-G])[ -]?flats?\b", r"\1b", name)


def _parse(name: str) -> tuple[int, int | None]:
    match = _NAME.fullmatch(plain(str(name)).strip())
    if match is None:
        raise BriefError(
            f"{name!r} is not a note",
            hint="notes are A to G with # or b; H is not guessed, write B or Bb"
            if str(name).strip().upper() == "H"
            else "notes are A to G with # or b, such as C, F# or Bb",
        )
    step, accidental, octave = match.groups()
    number = STEPS[step.upper()] + _ACCIDENTALS[accidental or ""]
    return number, None if octave is None else int(octave)


def pitch_class(name: str) -> int:
    """The pitch class of a note name.

    >>> pitch_class("C#"), pitch_class("D♭"), pitch_class("B#")
    (1, 1, 0)
    """
    return _parse(name)[0] % 12


def pitch(name: str | int) -> int:
    """The MIDI number of a note name with its octave; a number is checked.

    >>> pitch("C4"), pitch("Bb-1"), pitch(60)
    (60, 10, 60)
    """
    if isinstance(name, int):
        number = name
    else:
        number, octave = _parse(name)
        if octave is None:
            raise BriefError(f"{name!r} has no octave", hint="middle C is C4")
        number += 12 * (octave + 1)
    if not 0 <= number <= 127:
        raise BriefError(f"pitch {name!r} is outside MIDI's 0 to 127", hint="C-1 to G9")
    return number


def pitch_name(number: int) -> str:
    """The name of a MIDI number.

    >>> pitch_name(61)
    'C#4'
    """
    return f"{NAMES[number % 12]}{number // 12 - 1}"


def pitch_classes(notes: str | Iterable[str | int]) -> frozenset[int]:
    """The set of pitch classes in a line of names or a list.

    >>> sorted(pitch_classes("A, B, C#, F♯ and G"))
    [1, 6, 7, 9, 11]
    >>> sorted(pitch_classes([0, "E", "G"]))
    [0, 4, 7]
    """
    if isinstance(notes, str):
        notes = [n for n in re.split(r"[\s,;/+&]+|\band\b", plain(notes)) if n]
    found = set()
    for note in notes:
        if isinstance(note, int):
            if not 0 <= note <= 11:
                raise BriefError(f"pitch class {note} is outside 0 to 11")
            found.add(note)
        else:
            found.add(pitch_class(note))
    if not found:
        raise BriefError("an empty set of notes", hint="name at least one note, such as 'A C E'")
    return frozenset(found)


def spell(classes: Iterable[int]) -> str:
    """Pitch classes as names, in order.

    >>> spell({9, 11, 1})
    'C# A B'
    """
    return " ".join(NAMES[c] for c in sorted(classes))

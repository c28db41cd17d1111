"""Note values by name: how long a quarter, a dotted eighth or a triplet lasts."""

from __future__ import annotations

import re
from fractions import Fraction

from symbolic_music.errors import BriefError, nearest
from symbolic_music.theory.meters import TICKS, Meter

_BRITISH = {
    "semibreve": "whole", "minim": "half", "crotchet": "quarter", "quaver": "eighth", "semiquaver": "sixteenth",
    "demisemiquaver": "thirty-second",
}  # fmt: skip
_WHOLES = {"whole": 1, "half": 2, "quarter": 4, "eighth": 8, "sixteenth": 16, "thirty-second": 32}
#: What a dot, two dots or a triplet make of a value.
_CHANGES = {
    "": Fraction(1),
    "dotted ": Fraction(3, 2),
    "double dotted ": Fraction(7, 4),
    " triplet": Fraction(2, 3),
}
_MARKS = {"": "", ".": "dotted ", "..": "double dotted ", "t": " triplet"}


def _named(change: str, name: str) -> str:
    return name + change if change.startswith(" ") else change + name


#: Every value that lasts whole ticks, by name; a longer one comes before a shorter one of the same kind.
VALUES = {
    _named(change, name): int(length)
    for change, factor in _CHANGES.items()
    for name, part in _WHOLES.items()
    if (length := Fraction(4 * TICKS, part) * factor).denominator == 1
}
_NAMES = {length: name for name, length in VALUES.items()}


def ticks(value: str) -> int:
    """How long a note value lasts, in ticks of 1/24 quarter note.

    Parameters
    ----------
    value : str
        "whole", "half", "quarter", "eighth", "sixteenth" or "thirty-second", alone, with "dotted" or "double dotted"
        before it or "triplet" beside it (two thirds); or as "1/8", "1/8." and "1/8t". "Crotchet" and "quaver" are
        known.

    Raises
    ------
    BriefError
        If there is no such value, or it does not last whole ticks.

    Examples
    --------
    >>> ticks("dotted quarter"), ticks("1/8t"), ticks("sixteenth notes")
    (36, 8, 6)
    """
    text = " ".join(str(value).lower().replace("-", " ").split())
    if match := re.fullmatch(r"1/(\d+)(t|\.{0,2})", text):
        parts = {part: name for name, part in _WHOLES.items()}
        text = _named(_MARKS[match[2]], parts.get(int(match[1]), text))
    else:
        words = text.replace("thirty second", "thirty-second").split()
        words = [_BRITISH.get(word, word) for word in (word.removesuffix("s") for word in words) if word != "note"]
        if words[:1] == ["triplet"]:
            words = [*words[1:], "triplet"]
        text = " ".join(words)
    if text not in VALUES:
        raise BriefError(f"{value!r} is not a note value", hint=nearest(text, VALUES))
    return VALUES[text]


def spelled(length: float) -> str:
    """Ticks as a note value, or as a share of a quarter note where they have no name.

    >>> spelled(36), spelled(7)
    ('dotted quarter', '7/24 quarter')
    """
    return _NAMES.get(int(length), f"{int(length)}/{TICKS} quarter")


def positions(value: str, meter: Meter) -> int:
    """How many positions of a bar a note value takes.

    Raises
    ------
    BriefError
        If it falls between them.

    Examples
    --------
    >>> positions("eighth", Meter(4, 4)), positions("eighth", Meter(6, 8))
    (6, 12)
    """
    length = ticks(value)
    if length % meter.step:
        fits = [name for name, ticks in VALUES.items() if ticks % meter.step == 0]
        closest = min(fits, key=lambda name: abs(VALUES[name] - length))
        raise BriefError(f"{spelled(length)} falls between the positions of {meter}", hint=f"{closest} does not")
    return length // meter.step

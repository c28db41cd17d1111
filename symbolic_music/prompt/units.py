"""What limits are measured in: pitches with their octave, note values, intervals, dynamic marks."""

from __future__ import annotations

import re

from symbolic_music.errors import BriefError
from symbolic_music.prompt.grammar import note
from symbolic_music.prompt.scopes import INT, ORDINALS, integer
from symbolic_music.theory import values
from symbolic_music.theory.pitch import pitch, pitch_class, pitch_name

#: A pitch: "C3", "b flat 4", "middle C", "MIDI 60"; h too, so that the reader can say that it is none.
PITCH = (
    r"(?:(?<![\w#'])[a-h](?:##?|bb?|[\s-]?(?:sharp|flat)\s?)?-?[0-9](?![\w#/])|\bmiddle\s+c\b"
    r"|\b(?:midi(?:\s+(?:note|pitch|number))?|pitch|note(?:\s+number)?)\s+[0-9]{1,3}\b)"
)
_BASES = {
    "whole": "whole", "semibreve": "whole", "half": "half", "halve": "half", "minim": "half", "quarter": "quarter",
    "crotchet": "quarter", "eighth": "eighth", "8th": "eighth", "quaver": "eighth", "sixteenth": "sixteenth",
    "16th": "sixteenth", "semiquaver": "sixteenth", "thirty-second": "thirty-second", "thirty second": "thirty-second",
    "32nd": "thirty-second", "demisemiquaver": "thirty-second", "1/1": "whole", "1/2": "half", "1/4": "quarter",
    "1/8": "eighth", "1/16": "sixteenth", "1/32": "thirty-second",
}  # fmt: skip
_BASE = "|".join(sorted(map(re.escape, _BASES), key=len, reverse=True))
#: A note value: "dotted quarter", "eighth-note triplets", "1/16 notes".
VALUE = (
    rf"(?<![\w/])(?:(?:double[\s-]+)?dotted[\s-]+)?(?:triplet[\s-]+)?(?:{_BASE})s?(?![\w/])"
    r"(?:[\s-]+notes?\b)?(?:[\s-]+triplets?\b)?(?:[\s-]+notes?\b)?"
)
_STEPS = {
    "tritone": 6, "semitone": 1, "half step": 1, "half tone": 1, "halftone": 1, "whole step": 2, "whole tone": 2,
    "tone": 2, "step": 2,
}  # fmt: skip
_STEP = "|".join(sorted((word.replace(" ", r"[\s-]+") for word in _STEPS), key=len, reverse=True))
_DEGREES = ("unison", *ORDINALS[1:7], "octave", *ORDINALS[8:10])
_DIGITS = {"2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth", "6th": "sixth", "7th": "seventh"}
#: Semitones of intervals; where major and minor differ the plain name is the major one.
_SEMITONES = {
    "unison": 0, "minor second": 1, "second": 2, "minor third": 3, "third": 4, "diminished fourth": 4, "fourth": 5,
    "augmented fourth": 6, "diminished fifth": 6, "fifth": 7, "augmented fifth": 8, "minor sixth": 8, "sixth": 9,
    "diminished seventh": 9, "minor seventh": 10, "seventh": 11, "octave": 12, "minor ninth": 13, "ninth": 14,
    "minor tenth": 15, "tenth": 16, "augmented second": 3, "augmented sixth": 10,
}  # fmt: skip
#: An interval: "a fifth", "minor third", "5 semitones", "two octaves".
INTERVAL = (
    rf"(?:(?:(?:an?|the|one)\s+)?(?:(?:perfect|major|minor|augmented|diminished)[\s-]+)?"
    rf"(?:{'|'.join((*_DEGREES, *_DIGITS))}|{_STEP})s?\b|{INT}[\s-]+(?:octave|{_STEP})s?\b)"
)
_MARKS = {
    "pianissimo": "pp", "piano": "p", "mezzo piano": "mp", "mezzo forte": "mf", "forte": "f", "fortissimo": "ff",
}  # fmt: skip
#: A dynamic mark or a velocity.
MARK = (
    r"(?:(?<![\w'])(?:pp|p|mp|mf|ff|f)(?![\w'])|\bmezzo[\s-]+(?:piano|forte)\b"
    r"|\b(?:pianissimo|piano|fortissimo|forte)\b|(?<![\w.:])[0-9]{1,3}(?![\w:%]|\.\d))"
)


def pitch_of(text: str) -> str:
    """The usual name of a match of `PITCH`.

    >>> pitch_of("b flat 3"), pitch_of("middle c"), pitch_of("midi 61")
    ('Bb3', 'C4', 'C#4')
    """
    if found := re.search(r"(?:midi|pitch|note)\D*([0-9]+)$", text):
        return pitch_name(pitch(int(found[1])))
    if text.startswith("middle"):
        return "C4"
    match = re.fullmatch(r"(.*?)\s?(-?[0-9])", text)
    assert match is not None
    pitch_class(note(match[1]))  # says why H is none
    return pitch_name(pitch(note(match[1]) + match[2]))


def next_to(name: str, steps: int) -> str:
    """The pitch so many semitones above a named one.

    >>> next_to("C3", -1)
    'B2'
    """
    return pitch_name(pitch(pitch(name) + steps))


def value_of(text: str) -> str:
    """The name of a match of `VALUE`.

    >>> value_of("quavers"), value_of("dotted half-notes"), value_of("eighth-note triplets"), value_of("1/16")
    ('eighth', 'dotted half', 'eighth triplet', 'sixteenth')
    """
    base = re.search(rf"(?:{_BASE})(?=s?(?![\w/]))", text)
    assert base is not None
    dots = "double dotted " if "double" in text else "dotted " if "dotted" in text else ""
    return values.spelled(
        values.ticks(dots + _BASES[re.sub(r"\s+", " ", base[0])] + (" triplet" if "triplet" in text else ""))
    )


def semitones(text: str) -> int | None:
    """How wide a match of `INTERVAL` is; None if there is no such interval, as a perfect third.

    >>> semitones("a perfect fifth"), semitones("minor third"), semitones("5 semitones"), semitones("two octaves")
    (7, 3, 5, 24)
    """
    text = re.sub(r"^(?:an?|the|one) ", "", re.sub(r"[\s-]+", " ", text))
    name = text.removesuffix("s")
    if many := re.fullmatch(rf"({INT}) ({_STEP}|octave)", name):
        return integer(many[1]) * _STEPS.get(many[2], 12)
    quality, _, degree = name.rpartition(" ")
    name = f"{quality} {_DIGITS.get(degree, degree)}".strip()
    if name.startswith(("major ", "perfect ")):
        whole = name.endswith(("unison", "fourth", "fifth", "octave"))
        name = name.partition(" ")[2] if whole == name.startswith("perfect") else ""
    return _STEPS.get(name, _SEMITONES.get(name))


def is_vague(text: str) -> bool:
    """Whether an interval may be major or minor, as "a third"."""
    return bool(re.search(r"(?:second|third|sixth|seventh|ninth|tenth|2nd|3rd|6th|7th)s?$", text)) and not re.search(
        "major|minor|augmented|diminished", text
    )


def mark_of(text: str) -> str | int:
    """A dynamic mark, or a velocity.

    Raises
    ------
    BriefError
        If a number is no velocity.

    >>> mark_of("mezzo-forte"), mark_of("ff"), mark_of("90")
    ('mf', 'ff', 90)
    """
    if text.isdecimal():
        if not 1 <= int(text) <= 127:
            raise BriefError(f"velocity {text}", hint="1 to 127")
        return int(text)
    word = re.sub(r"[\s-]+", " ", text)
    return _MARKS.get(word, word)

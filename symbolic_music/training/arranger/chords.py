"""Progressions in degrees: "IIm7 V7 | Imaj7" as chords of a key, one for every beat."""

from __future__ import annotations

import re
from dataclasses import dataclass

from symbolic_music.theory.chords import CHORDS, Chord
from symbolic_music.theory.meters import Meter

#: Semitones of the degrees of a major scale.
DEGREES = {"I": 0, "II": 2, "III": 4, "IV": 5, "V": 7, "VI": 9, "VII": 11}
#: Qualities as they are written, by our names.
WRITTEN = {
    "": "maj", "m": "min", "7": "7", "maj7": "maj7", "m7": "min7", "m7b5": "hdim7", "dim": "dim", "dim7": "dim7",
    "aug": "aug", "sus2": "sus2", "sus4": "sus4", "6": "maj6", "m6": "min6", "mmaj7": "minmaj7",
}  # fmt: skip
_DEGREE = re.compile(r"(b|#)?(VII|VI|IV|V|III|II|I)(.*)")


@dataclass(frozen=True)
class Degree:
    """A chord by its place in a key: semitones above the tonic, and a quality.

    >>> Degree.of("bVIImaj7")
    Degree(steps=10, quality='maj7')
    """

    steps: int
    quality: str

    @classmethod
    def of(cls, text: str) -> Degree:
        """A degree as it is written.

        Raises
        ------
        ValueError
            If the text is none.
        """
        match = _DEGREE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no chord; a degree such as I, IIm7, bVII or #IVm7b5 is")
        if match[3] not in WRITTEN:
            raise ValueError(f"{text!r} has an unknown quality; one of {' '.join(filter(None, WRITTEN))}, or none")
        return cls((DEGREES[match[2]] + {"b": -1, "#": 1, None: 0}[match[1]]) % 12, WRITTEN[match[3]])

    def on(self, tonic: int) -> Chord:
        """The chord in the key of a pitch class.

        >>> str(Degree.of("V7").on(2))
        'A:7'
        """
        return Chord((tonic + self.steps) % 12, self.quality)


def bars_of(text: str, meter: Meter) -> tuple[tuple[Degree, ...], ...]:
    """A progression, a degree for each beat of each bar.

    Raises
    ------
    ValueError
        If a chord is none, or the chords of a bar do not fall on its beats.

    Examples
    --------
    >>> [len(bar) for bar in bars_of("IIm7 V7 | Imaj7", Meter())]
    [4, 4]
    >>> bars_of("I IV V | I", Meter())
    Traceback (most recent call last):
    ...
    ValueError: bar 1 has 3 chords, which do not part the 4 beats of 4/4; 1, 2 or 4 do
    """
    found: list[tuple[Degree, ...]] = []
    last: Degree | None = None
    for number, bar in enumerate(text.split("|"), 1):
        entries = bar.split()
        if not entries or meter.beats % len(entries):
            fits = [str(n) for n in range(1, meter.beats + 1) if meter.beats % n == 0]
            raise ValueError(
                f"bar {number} has {len(entries)} chords, which do not part the {meter.beats} beats of {meter}; "
                f"{', '.join(fits[:-1])}{' or ' if fits[:-1] else ''}{fits[-1]} do"
            )
        beats: list[Degree] = []
        for entry in entries:
            if entry != ".":
                last = Degree.of(entry)
            if last is None:
                raise ValueError("it starts with '.', which lets a chord go on; start with a chord")
            beats += [last] * (meter.beats // len(entries))
        found.append(tuple(beats))
    return tuple(found)


#: The index of a chord in `CHORDS`.
INDEX = {chord: i for i, chord in enumerate(CHORDS)}

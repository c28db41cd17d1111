"""Chords: a root and a quality, after the shorthand of Harte et al. (ISMIR 2005)."""

from __future__ import annotations

from dataclasses import dataclass

from symbolic_music.theory.pitch import NAMES

#: Semitones above the root of every quality in the token language.
QUALITIES: dict[str, tuple[int, ...]] = {
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "dim": (0, 3, 6),
    "aug": (0, 4, 8),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "minmaj7": (0, 3, 7, 11),
    "hdim7": (0, 3, 6, 10),
    "dim7": (0, 3, 6, 9),
    "maj6": (0, 4, 7, 9),
    "min6": (0, 3, 7, 9),
}


@dataclass(frozen=True)
class Chord:
    """A chord by its root (a pitch class) and its quality.

    >>> str(Chord(2, "min7")), sorted(Chord(2, "min7").pitch_classes)
    ('D:min7', [0, 2, 5, 9])
    """

    root: int
    quality: str

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The notes of the chord."""
        return frozenset((self.root + s) % 12 for s in QUALITIES[self.quality])

    def __str__(self) -> str:
        return f"{NAMES[self.root]}:{self.quality}"


#: All chords of the token language, by root and then by quality.
CHORDS = tuple(Chord(root, quality) for root in range(12) for quality in QUALITIES)

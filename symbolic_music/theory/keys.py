"""Keys and scales: names in, pitch classes out.

The scale table is `scales.toml`; a test builds the same sets with music21.
Spelling is music21's work too, where a file needs it (`files/`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from symbolic_music.errors import BriefError, nearest
from symbolic_music.theory.pitch import NAMES, pitch_class, plain

#: Major and minor tonics by pitch class, in the spelling with fewer accidentals.
_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")
_FIFTHS = {"major": 0, "minor": -3}


@cache
def scales() -> dict[str, tuple[int, ...]]:
    """Every scale: its semitones above the tonic, by name (aliases included)."""
    table = tomllib.loads((Path(__file__).parent / "scales.toml").read_text("utf-8"))
    found = {}
    for name, row in table.items():
        for alias in (name, *row.get("aliases", ())):
            found[alias] = tuple(row["semitones"])
    return found


@dataclass(frozen=True)
class Scale:
    """A tonic and a list of intervals, by name or one by one.

    Parameters
    ----------
    tonic : str
        A note name without octave.
    name : str
        One of `scales()`, such as "dorian" or "blues"; or the semitones from each note to the next up to the octave,
        such as "3 1 3 1 3 1". Intervals that have a name take it, so that equal scales are equal.

    Raises
    ------
    BriefError
        If there is no such scale, or the intervals are not whole numbers above 0 that sum to 12.

    Examples
    --------
    >>> sorted(Scale("D", "dorian").pitch_classes)
    [0, 2, 4, 5, 7, 9, 11]
    >>> Scale("D", "2 1 2 2 2 1 2"), str(Scale("D", "1 1 10"))
    (Scale(tonic='D', name='dorian'), 'D 1 1 10')
    """

    tonic: str
    name: str

    def __post_init__(self) -> None:
        pitch_class(self.tonic)
        if self.name not in scales() and not _intervals(self.name):
            raise BriefError(f"unknown scale {self.name!r}", hint=nearest(self.name, scales()))
        own = " ".join(map(str, _intervals(self.name)))
        first = next((name for name, steps in scales().items() if steps == self.semitones), own)
        object.__setattr__(self, "name", first)  # one name for one set of notes, so that equal scales are equal

    @property
    def semitones(self) -> tuple[int, ...]:
        """The scale's notes as semitones above the tonic, which is the first.

        >>> Scale("D", "blues").semitones
        (0, 3, 5, 6, 7, 10)
        """
        return scales().get(self.name) or tuple(accumulate(_intervals(self.name)[:-1], initial=0))

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The scale's notes."""
        root = pitch_class(self.tonic)
        return frozenset((root + s) % 12 for s in self.semitones)

    @property
    def key(self) -> Key:
        """The major or minor key nearest to this scale: that of its third."""
        third = (pitch_class(self.tonic) + 3) % 12
        major_third = (third + 1) % 12
        minor = third in self.pitch_classes and major_third not in self.pitch_classes
        return Key(self.tonic, "minor" if minor else "major")

    def __str__(self) -> str:
        return f"{self.tonic} {self.name}"


def _intervals(text: str) -> tuple[int, ...]:
    """The semitones from note to note of a scale written as numbers, none if it is not."""
    if not re.match(r"[-+.]?\d", text):
        return ()
    words = text.replace(",", " ").split()
    for word in words:
        if not re.fullmatch(r"[1-9]\d?", word):
            raise BriefError(
                f"scale {text!r}: {word!r} is no interval", hint="whole semitones from note to note, as 2 1 2 2 1 2 2"
            )
    steps = tuple(map(int, words))
    if sum(steps) != 12:
        raise BriefError(f"scale {text!r}: the intervals sum to {sum(steps)}", hint="an octave is 12 semitones")
    return steps


@dataclass(frozen=True)
class Key:
    """A major or minor key.

    A minor key holds its natural, harmonic and melodic forms, as music in a
    minor key does; for the natural minor alone ask for the scale "aeolian".

    Examples
    --------
    >>> Key("D", "minor").token, Key("D", "minor").fifths
    ('D:min', -1)
    >>> len(Key("D", "minor").pitch_classes), len(Key("D", "major").pitch_classes)
    (9, 7)
    """

    tonic: str
    mode: str = "major"

    def __post_init__(self) -> None:
        pitch_class(self.tonic)
        if self.mode not in _FIFTHS:
            raise BriefError(f"unknown mode {self.mode!r}", hint="a key is major or minor; for others ask for a scale")

    @classmethod
    def of(cls, tonic: int, mode: str) -> Key:
        """The key on a pitch class, in its usual spelling.

        >>> Key.of(1, "major"), Key.of(1, "minor")
        (Key(tonic='Db', mode='major'), Key(tonic='C#', mode='minor'))
        """
        return cls((_MAJOR if mode == "major" else _MINOR)[tonic % 12], mode)

    @property
    def root(self) -> int:
        """The pitch class of the tonic."""
        return pitch_class(self.tonic)

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The notes of the key."""
        steps = scales()["major"] if self.mode == "major" else (0, 2, 3, 5, 7, 8, 9, 10, 11)
        return frozenset((self.root + s) % 12 for s in steps)

    @property
    def fifths(self) -> int:
        """Sharps (positive) or flats (negative) of the signature, -7 to 7, respelled where it would need more."""
        letter = "FCGDAEB".index(self.tonic[0].upper()) - 1
        sharps = letter + 7 * (self.tonic.count("#") - self.tonic[1:].count("b")) + _FIFTHS[self.mode]
        return sharps if -7 <= sharps <= 7 else Key.of(self.root, self.mode).fifths

    @property
    def token(self) -> str:
        """The value of the key's control token."""
        return f"{NAMES[self.root]}:{self.mode[:3]}"

    def __str__(self) -> str:
        return f"{self.tonic} {self.mode}"


_KEY = re.compile(r"([A-Ga-g](?:#|b)?)[ :-]*(.*)")
_MODES = {"": "major", "maj": "major", "m": "minor", "min": "minor", "moll": "minor", "dur": "major"}


def key(name: str | Key) -> Key:
    """A key from its name.

    >>> key("D minor"), key("F♯"), key("Bbm")
    (Key(tonic='D', mode='minor'), Key(tonic='F#', mode='major'), Key(tonic='Bb', mode='minor'))
    """
    if isinstance(name, Key):
        return name
    found = _scale_or_key(name)
    if isinstance(found, Scale):
        raise BriefError(f"{name!r} is a scale, not a key", hint=f"scale={name!r}")
    return found


def scale(name: str | Scale) -> Scale:
    """A scale from its name.

    >>> scale("E blues"), scale("C 3 1 3 1 3 1")
    (Scale(tonic='E', name='blues'), Scale(tonic='C', name='augmented'))
    """
    if isinstance(name, Scale):
        return name
    found = _scale_or_key(name)
    return found if isinstance(found, Scale) else Scale(found.tonic, found.mode)


def _scale_or_key(name: str) -> Scale | Key:
    match = _KEY.fullmatch(plain(str(name)).strip())
    if match is None:
        known: Iterable[str] = (f"{t} {m}" for t in _MAJOR for m in _FIFTHS)
        raise BriefError(f"unknown key {name!r}", hint=nearest(str(name), known))
    tonic, mode = match[1][0].upper() + match[1][1:], match[2].strip()
    mode = _MODES.get(mode if mode == "m" else mode.lower(), mode.lower())
    if mode in _FIFTHS:
        return Key(tonic, mode)
    mode = next((m for m in (mode, f"{mode} scale", mode.removesuffix(" scale")) if m in scales()), mode)
    if mode not in scales() and not _intervals(mode):
        raise BriefError(f"unknown key or scale {name!r}", hint=nearest(mode, scales()))
    return Scale(tonic, mode)

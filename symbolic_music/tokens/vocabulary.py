"""The vocabulary: every token's kind and value, as arrays over the ids.

The tokens are those of MidiTok's REMI with ours among its special tokens, listed
in `tokenizers/vocabulary.txt`, one a line, the id being the line. MidiTok loads
the same vocabulary from `tokenizers/remi.json`; composing needs the list alone.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from symbolic_music.resources import resource
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.genres import names
from symbolic_music.theory.meters import METERS, POSITIONS, meter
from symbolic_music.theory.pitch import NAMES

#: Tempo bins, quarter notes a minute: 32 over three octaves.
TEMPOS = tuple(round(30 * 2 ** (3 * k / 31)) for k in range(32))
#: Bar counts the control token can say; others take the nearest.
BARS = (*range(1, 65), 72, 80, 96, 112, 128, 160, 192, 256, 384, 512)
#: Lower bounds of the density bins, in notes per quarter note over all parts.
DENSITIES = (0.0, 0.75, 1.25, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 18.0)
#: Dynamics by mean velocity: lower bounds, halfway between the usual pp 33, p 49, mp 64, mf 80, f 96, ff 112.
DYNAMICS = {"pp": 0, "p": 41, "mp": 57, "mf": 72, "f": 88, "ff": 104}
SECTIONS = (
    "intro", "verse", "prechorus", "chorus", "bridge", "solo", "break", "interlude", "outro",
    "A", "B", "C", "D", "E", "F", "G", "H",
)  # fmt: skip
#: Bars to the end that `Left_n` can say.
LEFT = 16


class Kind(IntEnum):
    """What a token is."""

    PAD = 0
    BOS = 1
    EOS = 2
    GENRE = 3
    FEEL = 4
    KEY = 5
    TEMPO = 6
    BARS = 7
    DENSITY = 8
    DYNAMICS = 9
    HAS = 10
    USES = 11
    FUTURE = 12
    PRESENT = 13
    FREE = 14
    LEFT = 15
    SECTION = 16
    CHORD = 17
    BASS = 18
    CHAIR = 19
    BAR = 20
    TIMESIG = 21
    POSITION = 22
    PROGRAM = 23
    PITCH = 24
    PITCHDRUM = 25
    VELOCITY = 26
    DURATION = 27


def _duration(text: str) -> int:
    beats, part, resolution = map(int, text.split("."))
    return beats * POSITIONS + part * POSITIONS // resolution


def _key(text: str) -> int:
    tonic, mode = text.split(":")
    return NAMES.index(tonic) * 2 + (mode == "min")


_VALUES = {
    Kind.GENRE: {g: i for i, g in enumerate(names())},
    Kind.FEEL: {"score": 0, "live": 1},
    Kind.DYNAMICS: {d: i for i, d in enumerate(DYNAMICS)},
    Kind.HAS: {n: i for i, n in enumerate(NAMES)},
    Kind.BASS: {n: i for i, n in enumerate(NAMES)},
    Kind.SECTION: {s: i for i, s in enumerate(SECTIONS)},
    Kind.CHORD: {"N": -1} | {str(c): i for i, c in enumerate(CHORDS)},
}


def _value(kind: Kind, text: str) -> int:
    if kind in _VALUES:
        return _VALUES[kind][text]
    if kind is Kind.TIMESIG:
        return METERS.index(meter(text))
    if kind is Kind.KEY:
        return _key(text)
    if kind is Kind.DURATION:
        return _duration(text)
    return 0 if text == "None" else int(text)


class Vocabulary:
    """Ids, and what each means.

    Attributes
    ----------
    tokens : tuple of str
        Every token's text, in MidiTok's form ``Type_value``.
    kind, value : arrays of int16, shape [V]
        The `Kind` of every id and its value: a pitch, a program, a velocity, a
        position, a duration in positions, or an index into the table of its kind.

    Examples
    --------
    >>> v = vocabulary()
    >>> v.tokens[v.id(Kind.PITCH, 60)], v.value[v.id(Kind.PITCH, 60)]
    ('Pitch_60', np.int16(60))
    """

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self.tokens = tokens
        parsed = [token.split("_", 1) for token in tokens]
        kinds = [Kind[kind.upper()] for kind, _ in parsed]
        self.kind = np.array(kinds, np.int16)
        self.value = np.array([_value(k, text) for k, (_, text) in zip(kinds, parsed, strict=True)], np.int16)
        self._ids = {(k, int(v)): i for i, (k, v) in enumerate(zip(kinds, self.value, strict=True))}

    def __len__(self) -> int:
        return len(self.tokens)

    def id(self, kind: Kind, value: int = 0) -> int:
        """The id of a token by kind and value."""
        return self._ids[kind, value]

    def ids(self, kind: Kind) -> NDArray[np.int64]:
        """All ids of a kind, in the order of the vocabulary."""
        return np.flatnonzero(self.kind == kind)

    def lookup(self, kind: Kind, size: int, offset: int = 0) -> NDArray[np.int32]:
        """A table from ``value + offset`` to id, -1 where there is none, shape [size]."""
        found = np.full(size, -1, np.int32)
        ids = self.ids(kind)
        found[self.value[ids] + offset] = ids
        return found


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary that ships with the package."""
    return Vocabulary(tuple(resource("tokenizers/vocabulary.txt").read_text("utf-8").split()))


def nearest_index(value: float, table: tuple[float, ...]) -> int:
    """The index of the entry nearest to `value`.

    >>> TEMPOS[nearest_index(120, TEMPOS)]
    123
    """
    return min(range(len(table)), key=lambda i: abs(table[i] - value))

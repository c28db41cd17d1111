"""Masks over the vocabulary, made once each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symbolic_music.rules.cells import unpacked
from symbolic_music.rules.limits import Limits
from symbolic_music.tokens.layout import LONGEST
from symbolic_music.tokens.vocabulary import SECTIONS, Kind, Vocabulary

#: Sections before this one have names, the others are letters.
LETTERS = SECTIONS.index("A")
_FIRST_DRUM, _DRUMS = 27, 61
#: Positions that the vocabulary has.
_PLACES = 144


class Masks:
    """The ids of pitches, lengths, velocities and sections as masks, shape [V]; not to be changed."""

    def __init__(self, limits: Limits, vocabulary: Vocabulary) -> None:
        v = vocabulary
        self._limits, self._size = limits, len(v)
        self._pitch, self._drum = v.id(Kind.PITCH, 0), v.id(Kind.PITCHDRUM, _FIRST_DRUM)
        self._section, self._position = v.id(Kind.SECTION, 0), v.id(Kind.POSITION, 0)
        self._lengths = v.lookup(Kind.DURATION, LONGEST + 1)
        self._velocities = v.ids(Kind.VELOCITY)
        self._loud = v.value[self._velocities]
        self._is_drums = [part.is_drums for part in limits.parts]
        self._of_pitches: dict[tuple[bool, int], NDArray[np.bool_]] = {}
        self._of_positions: dict[int, NDArray[np.bool_]] = {}
        self._of_lengths: dict[int, NDArray[np.bool_]] = {}
        self._of_velocities: dict[tuple[int, int, int], NDArray[np.bool_]] = {}

    def pitches(self, part: int, found: int) -> NDArray[np.bool_]:
        """Some pitches of a part, given as bits."""
        drums = self._is_drums[part]
        mask = self._of_pitches.get((drums, found))
        if mask is None:
            mask = self._of_pitches[drums, found] = np.zeros(self._size, bool)
            if drums:
                kit = found >> _FIRST_DRUM & (1 << _DRUMS) - 1
                mask[self._drum : self._drum + _DRUMS] = unpacked(kit, _DRUMS)
            else:
                mask[self._pitch : self._pitch + 128] = unpacked(found, 128)
        return mask

    def positions(self, found: int) -> NDArray[np.bool_]:
        """Some positions, given as bits."""
        mask = self._of_positions.get(found)
        if mask is None:
            mask = self._of_positions[found] = np.zeros(self._size, bool)
            mask[self._position : self._position + _PLACES] = unpacked(found, _PLACES)
        return mask

    def lengths(self, lengths: int) -> NDArray[np.bool_]:
        """Some lengths in positions, given as bits."""
        mask = self._of_lengths.get(lengths)
        if mask is None:
            mask = self._of_lengths[lengths] = np.zeros(self._size, bool)
            mask[self._lengths[unpacked(lengths, LONGEST + 1)]] = True
        return mask

    def velocities(self, bar: int, part: int, wanted: int = -1) -> NDArray[np.bool_]:
        """The velocities of a part in a bar, or the one wanted, if that is one of them."""
        mask = self._of_velocities.get((bar, part, wanted))
        if mask is None:
            mask = self._of_velocities[bar, part, wanted] = np.zeros(self._size, bool)
            allowed = self._limits.velocities[bar, part, self._loud]
            one = allowed & (self._loud == wanted)
            mask[self._velocities] = one if one.any() else allowed
        return mask

    def sections(self, bar: int, form: int) -> list[int]:
        """The ids a bar's section may have: names or letters throughout, a new letter only after the one before it."""
        label = self._limits.sections[bar]
        if label:
            found = [SECTIONS.index(label)]
        elif form == -2:
            found = [SECTIONS.index(name) for name in ("intro", "verse", "chorus", "A")]
        elif form == -1:
            found = list(range(LETTERS))
        else:
            found = list(range(LETTERS, min(LETTERS + form + 2, len(SECTIONS))))
        return [self._section + index for index in found]

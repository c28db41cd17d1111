"""Merged ids: one id may stand for several events of notes.

Byte-pair encoding after P. Gage ("A new algorithm for data compression", *C Users Journal* 12, 1994); for music
N. Fradet et al. ("Byte pair encoding for symbolic music", EMNLP 2023). Only the events of notes are merged: controls,
bars, chords and sections stay single ids, so that what steers and what counts bars is never hidden inside another id.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.tokens.vocabulary import Kind, vocabulary

#: The events that may be merged.
EVENTS = (Kind.POSITION, Kind.PROGRAM, Kind.CHAIR, Kind.PITCH, Kind.PITCHDRUM, Kind.VELOCITY, Kind.DURATION)
#: Ids are written as characters from here on, out of the way of everything that means something as text.
FIRST = 0x4E00


@dataclass(frozen=True)
class Merges:
    """A list of merged ids.

    Attributes
    ----------
    pairs : tuple of (int, int)
        Which two ids each new one joins; new ids follow those of the vocabulary.

    Examples
    --------
    >>> v = vocabulary()
    >>> a, b = v.id(Kind.PITCH, 60), v.id(Kind.PITCH, 64)
    >>> merges = Merges(((a, b),))
    >>> merges.encode(np.array([a, b, a])).tolist() == [len(v), a]
    True
    >>> merges.decode(merges.encode(np.array([a, b, a]))).tolist() == [a, b, a]
    True
    """

    pairs: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """Ids in all."""
        return len(vocabulary()) + len(self.pairs)

    @cached_property
    def events(self) -> tuple[tuple[int, ...], ...]:
        """The base ids of every id."""
        found: list[tuple[int, ...]] = [(i,) for i in range(len(vocabulary()))]
        for one, two in self.pairs:
            found.append(found[one] + found[two])
        return tuple(found)

    @cached_property
    def kind(self) -> NDArray[np.int16]:
        """The kind of the first event of every id, shape [size]."""
        first = [events[0] for events in self.events]
        return vocabulary().kind[first]

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer
        from tokenizers.models import BPE

        texts = ["".join(chr(FIRST + i) for i in events) for events in self.events]
        known = {text: i for i, text in enumerate(texts)}
        return Tokenizer(BPE(known, [(texts[one], texts[two]) for one, two in self.pairs]))

    def encode(self, ids: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
        """Base ids with the merges done."""
        runs = words(ids)
        found = self._tokenizer.encode_batch([word for _, word in runs])
        out: list[int] = []
        at = 0
        for (start, word), one in zip(runs, found, strict=True):
            out += ids[at:start].tolist()
            out += one.ids
            at = start + len(word)
        out += ids[at:].tolist()
        return np.array(out, np.int32)

    def decode(self, ids: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
        """Ids with the merges undone."""
        return np.array([base for i in ids.tolist() for base in self.events[i]], np.int32)


def words(ids: NDArray[np.integer[Any]]) -> list[tuple[int, str]]:
    """The runs of note events in a row: where each starts, and its ids as characters."""
    inside = np.isin(vocabulary().kind[ids], EVENTS).astype(np.int8)
    edges = np.flatnonzero(np.diff(inside, prepend=0, append=0))
    return [
        (int(start), "".join(chr(FIRST + i) for i in ids[start:stop].tolist()))
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
    ]

"""Near-duplicates: the same music in another key, cut, arranged or typeset by someone else.

A fingerprint is the set of eight-note n-grams of a score's melodic lines: the
intervals between the notes, and the ratios of the times between their onsets,
after S. Doraisamy and S. Rüger ("Robust polyphonic music retrieval with
n-grams", *Journal of Intelligent Information Systems* 21, 2003). So it knows
no key, tempo, instrument or bar line. The lines are the top notes of every
part, and of all parts together: the skyline of A. Uitdenbogerd and J. Zobel
("Melodic matching techniques for large music databases", *ACM Multimedia*,
1999). Two pieces are linked by how much of the smaller set the larger one
contains (A. Broder, "On the resemblance and containment of documents",
*Compression and Complexity of Sequences*, 1997), so a movement is linked to
the file of the whole work.

Drums have no melody and no fingerprint here. The pieces for drums alone that
we train on are performances by different hands, each one wanted;
`training.splits` keeps those of one session together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from symbolic_music.score import Score
from symbolic_music.theory.meters import TICKS
from symbolic_music.training.analysis import is_live, pitched

#: Notes of an n-gram.
LENGTH = 8
#: Different sizes of interval and different ratios, added up, that an n-gram must have: scales, arpeggios, repeated
#: notes and pedal figures in even notes have fewer, and are everybody's.
VARIETY = 6
#: An n-gram in more pieces than this says nothing about any of them.
COMMON = 64
#: Two pieces are near-duplicates if the larger contains this share of the smaller's n-grams, and this many of them.
CONTAINED, SHARED = 0.25, 12
#: Of a group, a piece need not stay if one that stays contains this share of its n-grams.
SAME = 0.7
#: Largest interval in semitones, and largest ratio as a power of two, told apart.
_WIDEST, _LONGEST = 24, 4


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """What is compared of a piece, and what decides which of two stays.

    Attributes
    ----------
    path : str
    grams : array of uint64, shape [n]
        Its n-grams as numbers, sorted, each once. The numbers are exact: no two n-grams share one.
    live : bool
        Whether velocities come from a player.
    parts, notes : int
    """

    path: str
    grams: NDArray[np.uint64]
    live: bool = False
    parts: int = 1
    notes: int = 0

    def inside(self, other: Fingerprint) -> float:
        """The share of the n-grams that `other` has too."""
        both = np.intersect1d(self.grams, other.grams, assume_unique=True)
        return len(both) / max(len(self.grams), 1)


def line(start: NDArray[np.int64], duration: NDArray[np.int64], pitch: NDArray[np.int64]) -> NDArray[np.int64]:
    """The top notes: the highest at each onset, unless a top note above it still sounds.

    Parameters
    ----------
    start, duration, pitch : array of int, shape [n]
        Ticks and MIDI note numbers; a note sounds for a whole note at most.

    Returns
    -------
    array of int, shape [m, 2]
        Start and pitch.

    Examples
    --------
    A held note over an accompaniment, then the next note:

    >>> line(np.array([0, 0, 12, 24]), np.array([24, 12, 12, 24]), np.array([72, 60, 64, 74])).tolist()
    [[0, 72], [24, 74]]
    """
    order = np.lexsort((-pitch, start))
    order = order[np.diff(start[order], prepend=-1) != 0]
    start, pitch = start[order], pitch[order]
    duration = np.clip(duration[order], 1, 4 * TICKS)
    ticks = np.arange(duration.sum()) + np.repeat(start - np.cumsum(duration) + duration, duration)
    roof = np.zeros(ticks.max(initial=0) + 1, np.int64)
    np.maximum.at(roof, ticks, np.repeat(pitch, duration))
    return np.stack([start, pitch], 1)[pitch >= roof[start]]


def grams(melody: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The n-grams of a line, shape [m, 2], as numbers; plain ones are left out.

    >>> tune = np.array([[0, 60], [24, 62], [36, 64], [72, 60], [96, 67], [108, 65], [120, 64], [144, 60]])
    >>> len(grams(tune)), bool(grams(tune) == grams(tune * [2, 1] + [0, 5]))  # half as fast, a fourth higher
    (1, True)
    >>> len(grams(np.stack([np.arange(99) * 12, 60 + np.arange(99) % 5], 1)))  # the same five notes again and again
    0
    """
    if len(melody) < LENGTH:
        return np.zeros(0, np.uint64)
    steps = np.diff(melody, axis=0)
    sizes = np.clip(steps[:, 1], -_WIDEST, _WIDEST)
    ratios = np.log2(steps[1:, 0] / steps[:-1, 0])
    ratios = np.clip(np.rint(ratios), -_LONGEST, _LONGEST).astype(np.int64)
    intervals = sliding_window_view(sizes + _WIDEST, LENGTH - 1)
    rhythm = sliding_window_view(ratios + _LONGEST, LENGTH - 2)
    number = np.zeros(len(intervals), np.uint64)
    for digits, base in ((intervals, 2 * _WIDEST + 1), (rhythm, 2 * _LONGEST + 1)):
        for column in digits.T:
            number = number * np.uint64(base) + column.astype(np.uint64)
    seen = np.bitwise_or.reduce(sliding_window_view(1 << np.abs(sizes), LENGTH - 1), axis=1)
    seen |= np.bitwise_or.reduce(sliding_window_view(1 << (ratios + _LONGEST + _WIDEST + 1), LENGTH - 2), axis=1)
    variety = np.unpackbits(seen.view(np.uint8).reshape(-1, 8), axis=1).sum(1)
    return number[variety >= VARIETY]


def fingerprint(score: Score, path: str = "") -> Fingerprint:
    """The fingerprint of a score.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import meter
    >>> notes = np.zeros(8, NOTE)
    >>> notes["start"], notes["duration"] = [0, 24, 36, 72, 96, 108, 120, 144], 12
    >>> notes["pitch"] = [60, 62, 64, 60, 67, 65, 64, 60]
    >>> found = fingerprint(Score((Part(0),), (meter("4/4"),) * 2, notes), "tune.mid")
    >>> len(found.grams), found.parts, found.notes
    (1, 1, 8)
    """
    notes = pitched(score)
    start, duration, pitch = (notes[name].astype(np.int64) for name in ("start", "duration", "pitch"))
    which = [notes["part"] == part for part in np.unique(notes["part"])]
    if len(which) > 1:
        which.append(np.ones(len(notes), bool))
    found = [grams(line(start[some], duration[some], pitch[some])) for some in which]
    return Fingerprint(
        path=path,
        grams=np.unique(np.concatenate([np.zeros(0, np.uint64), *found])),
        live=is_live(score.notes) is True,
        parts=len(np.unique(score.notes["part"])),
        notes=len(score.notes),
    )


@dataclass(frozen=True, eq=False)
class Links:
    """Pairs of pieces that share n-grams.

    Attributes
    ----------
    first, second : array of int, shape [n]
        Positions in the list of fingerprints.
    shared : array of int, shape [n]
        The n-grams that both have.
    contained : array of float, shape [n]
        Their share of the smaller set.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    shared: NDArray[np.int64]
    contained: NDArray[np.float64]

    def above(self, contained: float, shared: int) -> Links:
        """The pairs that reach both."""
        keep = (self.contained >= contained) & (self.shared >= shared)
        return Links(self.first[keep], self.second[keep], self.shared[keep], self.contained[keep])


def links(prints: Sequence[Fingerprint]) -> Links:
    """Every pair that shares an n-gram, by an inverted index; n-grams in more than `COMMON` pieces do not count.

    >>> a, b = (Fingerprint("", np.arange(n, n + 40, dtype=np.uint64)) for n in (0, 30))
    >>> found = links([a, b])
    >>> found.shared.tolist(), found.contained.tolist()
    ([10], [0.25])
    """
    count = len(prints)
    piece = np.repeat(np.arange(count), [len(p.grams) for p in prints])
    gram = np.concatenate([np.zeros(0, np.uint64), *(p.grams for p in prints)])
    order = np.argsort(gram, kind="stable")
    gram, piece = gram[order], piece[order]
    edges = np.flatnonzero(np.diff(gram, prepend=~gram[:1], append=~gram[-1:]))
    held = np.repeat(np.diff(edges), np.diff(edges))
    rare = held <= COMMON
    sizes = np.bincount(piece[rare], minlength=count)
    gram, piece = gram[rare & (held > 1)], piece[rare & (held > 1)]
    pairs = [np.zeros(0, np.int64)]
    for apart in range(1, COMMON):  # pieces of one n-gram stand next to each other, in order
        same = gram[apart:] == gram[:-apart]
        pairs.append(piece[:-apart][same] * count + piece[apart:][same])
    pair, shared = np.unique(np.concatenate(pairs), return_counts=True)
    first, second = pair // max(count, 1), pair % max(count, 1)
    return Links(first, second, shared, shared / np.maximum(np.minimum(sizes[first], sizes[second]), 1))


def groups_of(count: int, pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The connected groups of 0 … `count` - 1, each sorted, in the order of their first members; singles too.

    >>> groups_of(5, [(4, 0), (1, 2)])
    [[0, 4], [1, 2], [3]]
    """
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    for i, j in pairs:
        low, high = sorted((root(i), root(j)))
        parent[high] = low
    groups: dict[int, list[int]] = {}
    for i in range(count):
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())


def near_duplicates(
    prints: Sequence[Fingerprint], *, contained: float = CONTAINED, shared: int = SHARED
) -> list[list[int]]:
    """Groups of near-duplicates.

    Parameters
    ----------
    prints : sequence of Fingerprint
    contained : float
        The share of the smaller's n-grams that the larger must have.
    shared : int
        The n-grams they must share, so that jingles of a few notes are never linked.

    Returns
    -------
    list of list of int
        Positions in `prints`, each group of two or more sorted.

    Examples
    --------
    >>> sets = [np.arange(*r, dtype=np.uint64) for r in ((0, 90), (85, 125), (50, 90))]
    >>> near_duplicates([Fingerprint("", s) for s in sets])  # a work, another, a movement
    [[0, 2]]
    """
    whole: dict[bytes, int] = {}  # copies with equal sets are taken together, lest many make their n-grams common
    same = [(whole.setdefault(p.grams.tobytes(), i), i) for i, p in enumerate(prints) if len(p.grams) >= shared]
    alone = sorted(whole.values())
    found = links([prints[i] for i in alone]).above(contained, shared)
    pairs = [(alone[i], alone[j]) for i, j in zip(found.first.tolist(), found.second.tolist(), strict=True)]
    return [group for group in groups_of(len(prints), [*same, *pairs]) if len(group) > 1]


def keep(group: Sequence[Fingerprint]) -> list[Fingerprint]:
    """The pieces of a group of near-duplicates that stay.

    One goes if another that stays contains `SAME` of its n-grams: a movement
    goes where the whole work stays. Of two that contain each other, the one
    that stays is live rather than flat, then has more parts, then more notes,
    then the path that sorts first. Arrangements that share only the tune stay.

    >>> a, b, c = (np.arange(n, dtype=np.uint64) for n in (40, 38, 20))
    >>> [p.path for p in keep([Fingerprint("a", a), Fingerprint("b", b, live=True), Fingerprint("c", c, parts=9)])]
    ['b']
    """
    order = sorted(group, key=lambda p: (not p.live, -p.parts, -p.notes, p.path))
    stay = list(order)
    for one in reversed(order):
        for other in stay:
            better = order.index(other) < order.index(one)
            if other is not one and one.inside(other) >= SAME and (better or other.inside(one) < SAME):
                stay.remove(one)
                break
    return [p for p in group if p in stay]

"""The chord of each half bar: a model of what sounds under a chord, and the best row of chords.

Templates over the pitch-class content of a span go back to T. Fujishima
("Realtime chord recognition of musical sound", ICMC 1999). Here a template is a
distribution: so much for the root, the third, the fifth and the fourth note,
the rest for passing notes, which are rather those that the bars around hold
(after C. Raphael and J. Stoddard, "Functional harmonic analysis using
probabilistic models", *Computer Music Journal* 28, 2004). The row of chords is
Viterbi's under a cost for every change (A. Sheh and D. Ellis, "Chord
segmentation and recognition using EM-trained hidden Markov models", ISMIR
2003), smaller where the root falls or rises by a fifth. All weights were chosen
on half of the lead sheets; docs/benchmarks/analysis.py measures on the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symbolic_music.score import Score
from symbolic_music.theory.chords import CHORDS, QUALITIES
from symbolic_music.theory.meters import TICKS
from symbolic_music.training.analysis.content import pitched

#: Weight of root, third, fifth and fourth note in a template; the share of other notes.
_TONES, _PASSING = (1.0, 1.1, 1.0, 0.45), 0.1
#: Log-probability of root, third, fifth, fourth note and any other in the bass, less the root's.
_BASS = (0.0, -2.0, -1.6, -2.2, -2.4)
#: How common a quality is, in log-probability up to a constant.
_COMMON = {
    "maj": 0.4, "min": -0.3, "dim": -1.3, "aug": -1.3, "sus2": -3.0, "sus4": -2.5, "7": 0.3, "maj7": -0.8,
    "min7": -0.7, "minmaj7": -1.5, "hdim7": -2.4, "dim7": -1.5, "maj6": -0.8, "min6": -1.5,
}  # fmt: skip
#: Evidence grows as a power of what sounds, in quarter notes.
_WEIGHT, _POWER = 1.6, 0.5
#: What the half bars around say: how many each side, and the weight of their pitch classes for a chord's notes.
_AROUND, _CONTEXT = 16, 1.3
#: The cost of a change on a bar line, of one within the bar, and what a root gets back that falls or rises a fifth.
_CHANGE, _WITHIN, _FALL, _RISE = 1.2, 1.9, 0.7, 0.3
#: A half bar less of which lies within its chord has none.
_INSIDE = 0.4
#: Half bars a note sounds in at most.
_LONG = 16

_STEPS = len(QUALITIES)
_ROLE = np.zeros((len(CHORDS), 12), np.int64)  # 0 none, 1 root, 2 third, 3 fifth, 4 fourth note
for _i, _chord in enumerate(CHORDS):
    _ROLE[_i, [(_chord.root + s) % 12 for s in QUALITIES[_chord.quality]]] = range(1, len(_chord.pitch_classes) + 1)
_IN = (_ROLE > 0).astype(np.float64)
_TEMPLATE = np.array([0.0, *_TONES])[_ROLE]
_TEMPLATE = (1 - _PASSING) * _TEMPLATE / _TEMPLATE.sum(1, keepdims=True) + _PASSING / 12
_LOG = np.where(_IN > 0, np.log(_TEMPLATE), 0.0)
_PRIOR = np.array([_COMMON[c.quality] for c in CHORDS])
_MOTION = np.zeros((12, 12))  # from root, to root
_MOTION[np.arange(12), (np.arange(12) + 5) % 12] = _FALL
_MOTION[np.arange(12), (np.arange(12) + 7) % 12] = _RISE


@dataclass(frozen=True, eq=False)
class _Halves:
    """Quarter notes of each pitch class in each half bar, the pitch that counts as bass, and the lowest."""

    content: NDArray[np.float64]
    bass: NDArray[np.int64]
    lowest: NDArray[np.int64]


def _halves(score: Score) -> _Halves:
    notes, bars = pitched(score), score.bar_starts
    edges = np.append(np.stack([bars[:-1], (bars[:-1] + bars[1:]) // 2], 1).ravel(), bars[-1])
    count = len(edges) - 1
    start = notes["start"].astype(np.int64)
    end = start + notes["duration"]
    first = np.searchsorted(edges, start, side="right") - 1
    last = np.minimum(np.searchsorted(edges, end, side="left") - 1, count - 1)
    spans = np.minimum(last - first, _LONG - 1) + 1
    note = np.repeat(np.arange(len(start)), spans)
    half = first[note] + np.arange(len(note)) - np.repeat(np.cumsum(spans) - spans, spans)
    begin = np.maximum(start[note], edges[half])
    weight = (np.minimum(end[note], edges[half + 1]) - begin) / TICKS
    pitch = notes["pitch"][note].astype(np.int64)
    content = np.asarray(np.bincount(half * 12 + pitch % 12, weights=weight, minlength=12 * count), np.float64)
    late = (begin - edges[half]) * 4 >= edges[half + 1] - edges[half]  # past the first quarter: two octaves up
    bass, lowest = np.full(count, 127), np.full(count, 127)
    np.minimum.at(bass, half, pitch + 24 * late)
    np.minimum.at(lowest, half, pitch)
    return _Halves(content.reshape(count, 12), bass, lowest)


def _around(content: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distribution of pitch classes in the half bars around each, shape [halves, 12]."""
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(np.sqrt(content), 0)])
    here = np.arange(len(content))
    near = sums[np.minimum(here + _AROUND + 1, len(content))] - sums[np.maximum(here - _AROUND, 0)]
    near = near / np.maximum(near.sum(1, keepdims=True), 1e-9) + 0.02
    return np.asarray(near / near.sum(1, keepdims=True))


def _emissions(halves: _Halves) -> NDArray[np.float64]:
    """What each half bar says for each chord, shape [halves, chords]; nothing where it is silent."""
    total = halves.content.sum(1, keepdims=True)
    share = halves.content / np.maximum(total, 1e-9)
    context = np.log(_around(halves.content))
    heard = share @ _LOG.T + (share * (context + np.log(_PASSING))) @ (1 - _IN).T
    expected = _PRIOR + _CONTEXT * (context @ _IN.T) / _IN.sum(1)
    low = np.clip((66 - halves.lowest) / 12, 0, 1)[:, None]  # only what is low is a bass
    bass = low * np.array([_BASS[-1], *_BASS[:-1]])[_ROLE[:, halves.bass % 12].T]
    return np.asarray(_WEIGHT * total**_POWER * heard + (total > 0) * (expected + bass))


def _best(emissions: NDArray[np.float64]) -> NDArray[np.int64]:
    """The best row of chords, shape [halves]."""
    every, roots = np.arange(len(CHORDS)), np.arange(12)
    total = emissions[0]
    came = np.zeros(emissions.shape, np.int64)
    for half, emission in enumerate(emissions[1:], 1):
        by_root = total.reshape(12, _STEPS)
        quality = by_root.argmax(1)
        moves = by_root[roots, quality][:, None] + _MOTION
        root = moves.argmax(0)
        changed = moves[root, roots] - _CHANGE - (half % 2) * _WITHIN
        changed, source = np.repeat(changed, _STEPS), np.repeat(root * _STEPS + quality[root], _STEPS)
        stays = total >= changed
        came[half] = np.where(stays, every, source)
        total = np.where(stays, total, changed) + emission
    path = np.zeros(len(emissions), np.int64)
    path[-1] = total.argmax()
    for half in range(len(emissions) - 1, 0, -1):
        path[half - 1] = came[half, path[half]]
    return path


def find_chords(score: Score) -> NDArray[np.int16]:
    """The chord of each half bar.

    Parameters
    ----------
    score : Score
        Its drums are left out.

    Returns
    -------
    array of int, shape [bars, 2]
        Indices into `CHORDS`; -1 where nothing sounds, or most of what sounds fits no chord.

    Examples
    --------
    A bar of C major, then one of G7 in the left hand alone:

    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> pitches = [(0, p) for p in (48, 60, 64, 67)] + [(96, p) for p in (43, 53, 59, 62)]
    >>> notes = np.array([(start, 96, p, 80, 0) for start, p in pitches], NOTE)
    >>> [str(CHORDS[i]) for i in find_chords(Score((Part(0),), (Meter(),) * 2, notes))[:, 0]]
    ['C:maj', 'G:7']
    """
    if not score.bars:
        return np.zeros((0, 2), np.int16)
    halves = _halves(score)
    path = _best(_emissions(halves))
    total = halves.content.sum(1)
    clear = ((halves.content * _IN[path]).sum(1) >= _INSIDE * total) & (total > 0)
    return np.where(clear, path, -1).reshape(-1, 2).astype(np.int16)

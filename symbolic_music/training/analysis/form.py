"""The sections of a score, by repetition.

Bars are compared with each other by what they hold; the matrix of their
likeness says where something new begins (J. Foote, "Automatic audio
segmentation using a measure of audio novelty", ICME 2000) and where a
repetition does (J. Serrà, M. Müller, P. Grosche and J. Arcos, "Unsupervised
music structure annotation by time series structure features and segment
similarity", *IEEE Transactions on Multimedia* 16, 2014). The best row of
sections then weighs that against their lengths, of which multiples of four bars
are the likelier (G. Sargent, F. Bimbot and E. Vincent, "Estimating the
structural segmentation of popular music pieces under regularity constraints",
*IEEE/ACM TASLP* 25, 2017). Sections that are alike get one letter, by average
linkage. All weights were chosen on made-up forms and a few marked pieces, see
docs/benchmarks/analysis.py.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from symbolic_music.score import Score
from symbolic_music.theory.meters import TICKS
from symbolic_music.training.analysis.content import LONGEST, bar_of

#: The labels given, all of them tokens.
LETTERS = "ABCDEFGH"
#: Cells a bar is cut into, and those of its harmony.
_GRID, _BEATS = 16, 4
#: Weight of harmony, melody, rhythm and instruments in the likeness of two bars.
_WEIGHTS = (1.0, 1.5, 0.5, 1.0)
#: Bars each side that novelty looks at; those that repetition does.
_SIDE, _SPAN = 8, 4
#: Weight of novelty and of repetition for a boundary, in standard deviations.
_NOVELTY, _REPETITION = 0.3, 0.45
#: What a section costs; more when its length is no multiple of 4, of 8, or under 4; and for 8 bars beyond 16.
_COST, _NO_4, _NO_8, _SHORT, _LONG = 0.15, 0.8, 0.1, 1.5, 0.1
#: Bars of the longest section; of the shortest and the longest piece that is looked at: beyond are whole cycles.
_LONGEST, _FEWEST, _MOST = 40, 8, 1024
#: Sections as like as this share a letter, the more so where all bars of a piece are alike.
_ALIKE, _TYPICAL = 0.6, 0.2
#: Two sections are one that together are so much more like a third.
_TOGETHER = 0.05

Matrix = NDArray[np.float64]


def _bars(score: Score) -> tuple[Matrix, ...]:
    """Harmony, melody, rhythm and instruments of each bar, rows of length 1 or of zeros."""
    notes, starts, bars = score.notes, score.bar_starts, score.bars
    bar = bar_of(score, notes)
    cell = (notes["start"] - starts[bar]) * _GRID // np.diff(starts)[bar]
    drums = np.array([p.is_drums for p in score.parts])[notes["part"]]
    rhythm = np.bincount((bar * 2 + drums) * _GRID + cell, minlength=bars * 2 * _GRID)
    parts = np.bincount(bar * len(score.parts) + notes["part"], minlength=bars * len(score.parts))

    tuned, bar, cell = notes[~drums], bar[~drums], cell[~drums]
    long = np.sqrt(np.minimum(tuned["duration"], LONGEST) / TICKS)
    beat = bar * _BEATS + cell * _BEATS // _GRID
    harmony = np.bincount(beat * 12 + tuned["pitch"] % 12, weights=long, minlength=bars * _BEATS * 12)
    top = np.full(bars * _GRID, -1)
    np.maximum.at(top, bar * _GRID + cell, tuned["pitch"])
    melody = np.zeros((len(top), 12))
    at = np.flatnonzero(top >= 0)
    melody[at, top[at] % 12] = 1
    rows = (harmony, melody, np.sqrt(rhythm), np.sqrt(parts))
    flat = [np.asarray(r, np.float64).reshape(bars, -1) for r in rows]
    return tuple(r / np.maximum(np.linalg.norm(r, axis=1, keepdims=True), 1e-9) for r in flat)


def likeness(score: Score) -> Matrix:
    """How alike bars are, shape [bars, bars], from 0 to 1; two silent bars are alike."""
    total, weight = np.zeros((score.bars, score.bars)), np.zeros((score.bars, score.bars))
    for w, rows in zip(_WEIGHTS, _bars(score), strict=True):
        filled = rows.any(1)
        total += w * (rows @ rows.T)
        weight += w * np.logical_or.outer(filled, filled)
    return np.asarray(np.where(weight > 0, total / np.maximum(weight, 1e-9), 1.0))


def _novelty(alike: Matrix) -> Matrix:
    """Foote's checkerboard at the start of each bar, shape [bars]."""
    side = np.arange(-_SIDE, _SIDE) + 0.5
    taper = np.exp(-((side / (_SIDE / 2)) ** 2) / 2) * np.sign(side)
    padded = np.pad(alike, _SIDE, mode="reflect" if len(alike) > _SIDE else "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * _SIDE, 2 * _SIDE))
    near = np.stack([windows[b, b] for b in range(len(alike))])
    return np.asarray(np.einsum("i,bij,j->b", taper, near, taper))


def _repetition(alike: Matrix) -> Matrix:
    """How much the bars that a passage repeats change at the start of each bar, shape [bars]."""
    bars = len(alike)
    here = np.arange(bars)
    lagged = alike[here[:, None], (here[:, None] - here[None]) % bars]  # time, lag
    sums = np.concatenate([np.zeros((1, bars)), np.cumsum(lagged, 0)])
    ahead = (sums[np.minimum(here + _SPAN, bars)] - sums[here]) / _SPAN
    behind = (sums[here] - sums[np.maximum(here - _SPAN, 0)]) / _SPAN
    change = (ahead - behind) ** 2
    change[:_SPAN] = change[bars - _SPAN + 1 :] = 0  # too little before, or after
    return np.asarray(np.sqrt(np.sort(change, 1)[:, -max(2, bars // 8) :].mean(1)))


def _standard(x: Matrix) -> Matrix:
    return np.asarray((x - x.mean()) / x.std()) if x.std() > 1e-9 else np.zeros_like(x)


def _edges(alike: Matrix) -> list[int]:
    """Where the best row of sections starts, and its end."""
    bars = len(alike)
    gain = np.append(_NOVELTY * _standard(_novelty(alike)) + _REPETITION * _standard(_repetition(alike)), 0.0)
    length = np.arange(1, _LONGEST + 1)
    cost = _COST + _NO_4 * (length % 4 > 0) + _NO_8 * (length % 8 > 0) + _SHORT * (length < 4)
    cost += _LONG * np.maximum(length - 16, 0) / 8
    best, came = np.zeros(bars + 1), np.zeros(bars + 1, np.int64)
    for end in range(1, bars + 1):
        start = np.arange(max(0, end - _LONGEST), end)
        value = best[start] - cost[end - start - 1]
        came[end] = start[value.argmax()]
        best[end] = value.max() + gain[end]
    edges = [bars]
    while edges[-1]:
        edges.append(int(came[edges[-1]]))
    return edges[::-1]


def _fit(alike: Matrix, one: tuple[int, int], other: tuple[int, int]) -> float:
    """How alike two runs of bars are, the shorter laid along the longer where it fits best."""
    (a, b), (c, d) = sorted((one, other), key=lambda run: run[1] - run[0])
    rows = np.arange(a, b)
    offsets = np.arange(0, d - c - (b - a) + 1, 2)[:, None]
    return float(alike[rows, c + offsets + rows - a].mean(1).max()) * float(((b - a) / (d - c)) ** 0.25)


def _pairs(alike: Matrix, spans: list[tuple[int, int]]) -> Matrix:
    """How alike sections are, shape [sections, sections]; 0 of each with itself."""
    found = np.zeros((len(spans), len(spans)))
    for i, one in enumerate(spans):
        for j in range(i):
            found[i, j] = found[j, i] = _fit(alike, one, spans[j])
    return found


def _sections(alike: Matrix) -> tuple[list[tuple[int, int]], Matrix]:
    """The sections and how alike they are; two in a row are one where together they are more like a third."""
    spans = list(pairwise(_edges(alike)))
    pairs = _pairs(alike, spans)
    i = 0
    while i + 1 < len(spans):
        both = (spans[i][0], spans[i + 1][1])
        rest = [j for j in range(len(spans)) if j not in (i, i + 1)]
        row = np.array([_fit(alike, both, spans[j]) for j in rest]) if both[1] - both[0] <= _LONGEST else np.zeros(0)
        if len(row) and row.max() > pairs[i : i + 2, rest].max() + _TOGETHER:
            spans[i : i + 2] = [both]
            pairs = np.delete(np.delete(pairs, i + 1, 0), i + 1, 1)
            others = [j for j in range(len(spans)) if j != i]
            pairs[i, others] = pairs[others, i] = row
            i = max(i - 1, 0)
        else:
            i += 1
    return spans, pairs


def _groups(pairs: Matrix, alike: float) -> list[list[int]]:
    """Sections joined as long as two groups are alike on average, in order of their first."""
    groups = [[i] for i in range(len(pairs))]
    sums, size = pairs.copy(), np.ones(len(pairs))
    np.fill_diagonal(sums, -np.inf)
    while len(pairs) > 1:
        mean = sums / np.outer(size, size)
        i, j = sorted(divmod(int(mean.argmax()), len(pairs)))
        if mean[i, j] < alike:
            break
        groups[i] += groups[j]
        groups[j] = []
        sums[i] += sums[j]
        sums[:, i] += sums[:, j]
        size[i] += size[j]
        sums[i, i] = sums[j] = sums[:, j] = -np.inf
    return sorted(sorted(g) for g in groups if g)


def find_sections(score: Score) -> tuple[str, ...]:
    """The sections of a score: a letter a bar, in order of appearance.

    Where more than eight sections differ, those that fill the most bars get
    letters, repeated ones first, and the others "".

    Parameters
    ----------
    score : Score

    Returns
    -------
    tuple of str
        "A" to "H", one a bar; all "" where there are fewer than 8 bars or more than 1,024, or no section comes back.

    Examples
    --------
    Four bars up, four bars down, and the first four again:

    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> up, down = [60, 64, 67, 72] * 4, [71, 65, 62, 55] * 4
    >>> notes = np.array([(24 * i, 24, p, 80, 0) for i, p in enumerate(up + down + up)], NOTE)
    >>> "".join(find_sections(Score((Part(0),), (Meter(),) * 12, notes)))
    'AAAABBBBAAAA'
    """
    nothing = ("",) * score.bars
    if not _FEWEST <= score.bars <= _MOST or not len(score.notes):
        return nothing
    alike = likeness(score)
    spans, pairs = _sections(alike)
    groups = _groups(pairs, _ALIKE + _TYPICAL * (float(np.median(alike)) - 0.5))
    if all(len(g) == 1 for g in groups):
        return nothing
    filled = [sum(spans[i][1] - spans[i][0] for i in g) for g in groups]
    named = sorted(range(len(groups)), key=lambda k: (len(groups[k]) > 1, filled[k]), reverse=True)[: len(LETTERS)]
    labels = list(nothing)
    for letter, k in zip(LETTERS, sorted(named), strict=False):
        for i in groups[k]:
            labels[slice(*spans[i])] = [letter] * (spans[i][1] - spans[i][0])
    return tuple(labels)

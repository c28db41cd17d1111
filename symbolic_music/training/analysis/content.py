"""What sounds, counted: the pitched notes, pitch classes by duration, density, the runs of a labelling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.score import Score
from symbolic_music.theory.meters import TICKS

#: A note counts as four quarter notes at most, lest a pedal point outweigh the rest.
LONGEST = 4 * TICKS


def pitched(score: Score) -> NDArray[Any]:
    """The notes of all parts but the drums."""
    drums = np.array([p.is_drums for p in score.parts], bool)
    return score.notes[~drums[score.notes["part"]]] if len(score.notes) else score.notes


def histogram(notes: NDArray[Any]) -> NDArray[np.float64]:
    """Duration of each pitch class, shape [12], in quarter notes, a note counting at most four."""
    weights = np.minimum(notes["duration"], LONGEST) / TICKS
    return np.bincount(notes["pitch"] % 12, weights=weights, minlength=12).astype(np.float64)


def bar_of(score: Score, notes: NDArray[Any]) -> NDArray[np.int64]:
    """The bar in which each note starts, shape [n]."""
    return np.searchsorted(score.bar_starts, notes["start"], side="right") - 1


def histograms(score: Score) -> NDArray[np.float64]:
    """The histogram of the notes that start in each bar, shape [bars, 12]."""
    notes = pitched(score)
    weights = np.minimum(notes["duration"], LONGEST) / TICKS
    cells = bar_of(score, notes) * 12 + notes["pitch"] % 12
    return np.asarray(np.bincount(cells, weights=weights, minlength=12 * score.bars), np.float64).reshape(-1, 12)


def density(score: Score) -> float:
    """Notes a quarter note over all parts."""
    return len(score.notes) / max(float(score.bar_starts[-1]) / TICKS, 1e-9)


def runs(labels: Sequence[object]) -> tuple[tuple[int, int], ...]:
    """Where each run of equal labels starts and stops.

    >>> runs("AABBBA")
    ((0, 2), (2, 5), (5, 6))
    """
    edges = [i for i in range(len(labels)) if i == 0 or labels[i] != labels[i - 1]]
    return tuple(zip(edges, [*edges[1:], len(labels)], strict=True))

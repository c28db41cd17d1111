"""What each part plays: the melody, the bass, chords, a pad, a second voice or drums.

Features of a part that other work found to tell the melody from the rest: how
often it is on top, its polyphony, length of notes, intervals and activity (D.
Rizo, P. Ponce de León, C. Pérez-Sancho, A. Pertusa and J. Iñesta, "A pattern
recognition approach for melody track selection in MIDI files", ISMIR 2006), and
how often it is the lowest. A multinomial logistic model weighs them, fitted to
half of the songs, quartets and game pieces whose parts are known and to
arranged pieces; docs/benchmarks/analysis.py measures on the others.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from symbolic_music.score import Score
from symbolic_music.theory.meters import TICKS
from symbolic_music.training.analysis.content import bar_of

Role = Literal["melody", "bass", "comping", "pad", "counter", "drums"]
ROLES: tuple[Role, ...] = get_args(Role)
#: One row a role but the drums; its columns are those of `part_features`, and a constant.
_WEIGHTS = np.array([
    [-1.84, 1.54, -1.22, 0.11, 0.50, -0.17, 0.87, -0.51, -0.01, 1.69, 2.36],
    [2.12, -0.53, -1.87, 0.43, -0.13, 0.48, -1.84, -0.21, -0.16, 0.34, 0.38],
    [0.67, 1.08, 2.57, 0.47, -0.58, -1.67, -0.10, 1.14, -0.17, -0.18, -0.54],
    [0.23, 0.19, 2.69, -0.88, 0.52, -0.48, 0.21, 0.80, -0.39, -0.94, -3.13],
    [-1.17, -2.28, -2.17, -0.13, -0.32, 1.84, 0.86, -1.22, 0.73, -0.91, 0.93],
])  # fmt: skip


def part_features(score: Score) -> NDArray[np.float64]:
    """What tells the roles of parts apart, shape [parts, 10]; a row of zeros for the drums and for silent parts.

    The columns: share of its bars in which the part is the lowest, and the highest; share of its onsets that are
    chords; log of onsets a quarter note, and of quarter notes a note, both to base 2; share of steps among the
    intervals of its top line; octaves of its median pitch above C4; share of bars it plays in; octaves' worth of
    different pitches; how much louder than the others, in 16 steps of velocity.
    """
    notes, parts, bars = score.notes, len(score.parts), score.bars
    drums = np.array([p.is_drums for p in score.parts], bool)
    notes = notes[~drums[notes["part"]]]
    found = np.zeros((parts, 10))
    if not len(notes):
        return found
    bar = bar_of(score, notes)
    low, high = np.full((parts, bars), np.inf), np.full((parts, bars), -np.inf)
    np.minimum.at(low, (notes["part"], bar), notes["pitch"])
    np.maximum.at(high, (notes["part"], bar), notes["pitch"])
    quarters = np.diff(score.bar_starts) / TICKS
    for part in np.unique(notes["part"]):
        mine = notes[notes["part"] == part]
        plays = np.isfinite(low[part])
        _, first, together = np.unique(mine["start"], return_index=True, return_counts=True)
        steps = np.abs(np.diff(np.maximum.reduceat(mine["pitch"], first).astype(np.int64)))
        length = np.minimum(mine["duration"], 8 * TICKS).mean() / TICKS
        found[part] = (
            (low[part] <= low.min(0))[plays].mean(),
            (high[part] >= high.max(0))[plays].mean(),
            (together > 1).mean(),
            np.log2(len(first) / quarters[plays].sum()),
            np.log2(length),
            ((steps > 0) & (steps <= 2)).mean() if len(steps) else 0.0,
            (np.median(mine["pitch"]) - 60) / 12,
            plays.mean(),
            len(np.unique(mine["pitch"])) / 12,
            (mine["velocity"].mean() - notes["velocity"].mean()) / 16,
        )
    return found


def find_roles(score: Score) -> tuple[Role, ...]:
    """The role of each part.

    At least one part that is not the drums is the melody.

    Parameters
    ----------
    score : Score

    Returns
    -------
    tuple of str
        As many as parts, out of `ROLES`.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part, sort_notes
    >>> from symbolic_music.theory.meters import Meter
    >>> rows = [(24 * i, 24, p, 90, 1) for i, p in enumerate((72, 74, 76, 77, 79, 77, 76, 74))]
    >>> rows += [(48 * half, 48, p, 80, 0) for half in range(4) for p in (55, 60, 64)]
    >>> find_roles(Score((Part(0), Part(73)), (Meter(),) * 2, sort_notes(np.array(rows, NOTE))))
    ('comping', 'melody')
    """
    features = part_features(score)
    likely = np.append(features, np.ones((len(features), 1)), 1) @ _WEIGHTS.T
    pick = likely.argmax(1)
    drums = np.array([p.is_drums for p in score.parts], bool)
    heard = np.flatnonzero(~drums & features.any(1))
    if len(heard) and not (pick[heard] == 0).any():
        pick[heard[(likely[heard, 0] - likely[heard].max(1)).argmax()]] = 0
    return tuple("drums" if d else ROLES[i] for d, i in zip(drums, pick, strict=True))

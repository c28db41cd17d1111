"""How a score is played: even or swung, by a player or as written.

Swing is the share of the beat that the first of two eighths takes, as measured
by A. Friberg and A. Sundström ("Swing ratios and ensemble timing in jazz
performance", *Music Perception* 19, 2002), here on beats that hold two onsets
of one part and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from symbolic_music.score import Score
from symbolic_music.theory.meters import POSITIONS
from symbolic_music.training.analysis.content import bar_of

#: Pairs below which nothing is said of swing; a mean from which on they are uneven.
_PAIRS, _UNEVEN = 16, 0.54
#: Places of a beat, of twelve, at which the second of two eighths may start; the last is a triplet's, one more dotted.
_SECOND = range(5, 9)
#: Places between the sixteenths and the triplets; shares of onsets there that a player, and a score, have; of how many.
_BETWEEN, _PLAYED, _WRITTEN, _ONSETS = (1, 5, 7, 11), 0.1, 0.05, 64


@dataclass(frozen=True)
class Swing:
    """The share of a pair of notes that the first takes: 0.5 even, 0.667 triplets.

    Attributes
    ----------
    level : "eighth" or "sixteenth"
        Which pairs.
    ratio : float
        Their mean.
    """

    level: Literal["eighth", "sixteenth"]
    ratio: float


@dataclass(frozen=True)
class Feel:
    """Whether velocities and timing come from a player; None where they may or may not."""

    velocities: bool | None
    timing: bool | None


def _places(score: Score) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """The notes, the tick at which the beat of each starts, and its place in that beat, of twelve."""
    notes, edges = score.notes, score.bar_starts
    bar = bar_of(score, notes)
    step = np.array([m.step for m in score.meters])[bar]
    place, into = np.divmod(notes["start"] - edges[bar], POSITIONS * step)
    return notes, edges[bar] + place * POSITIONS * step, into // step


def swing_ratio(score: Score) -> Swing | None:
    """The swing of the eighths, or where they are even and the sixteenths are not, of the sixteenths.

    Parameters
    ----------
    score : Score
        Bars of x/8 meters do not count: what swings is written out there.

    Returns
    -------
    Swing or None
        None where fewer than 16 pairs of either can be seen.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> ride = [24 * beat + off for beat in range(16) for off in (0, 16)]
    >>> notes = np.array([(start, 6, 51, 80, 0) for start in ride], NOTE)
    >>> swing_ratio(Score((Part(-1),), (Meter(),) * 4, notes))
    Swing(level='eighth', ratio=0.667)
    """
    if not len(score.notes):
        return None
    notes, beat, place = _places(score)
    simple = np.array([m.unit == 4 for m in score.meters])[bar_of(score, notes)]
    _, group = np.unique(notes["part"][simple] + len(score.parts) * beat[simple], return_inverse=True)
    held = np.zeros((int(group.max()) + 1 if len(group) else 0, POSITIONS), bool)
    held[group, place[simple]] = True
    held = held[held[:, 0]]
    two = held[held.sum(1) == 2]
    eighths = np.array([two[:, p].sum() for p in _SECOND])
    half = POSITIONS // 2
    split = held[held[:, half] & ~held[:, _BETWEEN].any(1)]
    pairs = np.concatenate([split[:, 2:5], split[:, half + 2 : half + 5]])
    sixteenths = pairs[pairs.sum(1) == 1].sum(0)
    found = []
    if eighths.sum() >= _PAIRS:
        found.append(Swing("eighth", round(float(eighths @ np.array(_SECOND) / eighths.sum() / POSITIONS), 3)))
    if sixteenths.sum() >= _PAIRS:
        found.append(Swing("sixteenth", round(float(sixteenths @ (2, 3, 4) / sixteenths.sum() / half), 3)))
    uneven = (s for s in found if s.ratio >= _UNEVEN)
    return next(uneven, found[0] if found else None)


def is_live(notes: NDArray[Any]) -> bool | None:
    """True when velocities vary as a player's do, False when they are flat, None between.

    A player's change from note to note; those of written dynamics change at signs.

    Parameters
    ----------
    notes : array of `NOTE`

    Examples
    --------
    >>> from symbolic_music.score import NOTE
    >>> notes = np.array([(24 * i, 24, 60, 80, 0) for i in range(64)], NOTE)
    >>> is_live(notes)
    False
    """
    velocities = notes["velocity"]
    if len(velocities) < 16 or velocities.std() < 1:
        return False
    if len(np.unique(velocities)) < 10 or velocities.std() <= 4:
        return None
    order = np.lexsort((notes["pitch"], notes["start"], notes["part"]))
    same = notes["part"][order][1:] == notes["part"][order][:-1]
    return True if (np.diff(velocities[order]) != 0)[same].mean() >= 0.45 else None


def find_feel(score: Score) -> Feel:
    """Whether velocities and timing are a player's.

    Timing is live where a tenth of the onsets or more lie between the
    sixteenths and the triplets, written where less than a twentieth do.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> notes = np.array([(24 * i, 24, 60, 80, 0) for i in range(64)], NOTE)
    >>> find_feel(Score((Part(0),), (Meter(),) * 16, notes))
    Feel(velocities=False, timing=False)
    """
    if not len(score.notes):
        return Feel(None, None)
    off = float(np.isin(_places(score)[2], _BETWEEN).mean())
    timing = None if len(score.notes) < _ONSETS else True if off >= _PLAYED else False if off <= _WRITTEN else None
    return Feel(is_live(score.notes), timing)

"""The key of a score, and of each of its sections.

Correlation of the duration-weighted pitch-class histogram with the 24 rotated
profiles of Krumhansl and Kessler (C. L. Krumhansl, *Cognitive Foundations of
Musical Pitch*, Oxford 1990, p. 30) or, the default, of Albrecht and Shanahan
("The use of large corpora to train a new type of key-finding algorithm", *Music
Perception* 31, 2013), who also showed what the first and the last bars add.
Sections: the best row of keys under a cost for every change, after D. Temperley
("What's key for key?", *Music Perception* 17, 1999).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.score import Score
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import TICKS
from symbolic_music.training.analysis.content import histogram, histograms, pitched, runs

#: Profiles by author: major and minor, from the tonic up.
PROFILES = {
    "krumhansl": (
        (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
        (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
    ),
    "albrecht": (
        (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
        (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    ),
}


@dataclass(frozen=True)
class _Ends:
    """What the ends of a piece add to the correlation of the whole.

    Attributes
    ----------
    opening, closing : float
        Weight of the correlation of the first 8 bars, and of the last 2.
    final : float
        For the keys on the lowest of the notes that end the piece.
    """

    opening: float
    closing: float
    final: float


#: A melody alone says its key at its end; with harmony the opening says more. Chosen on half of the stated keys.
_HARMONY, _MELODY = _Ends(0.8, 0.3, 0.1), _Ends(0.3, 0.5, 0.5)
#: Bars after which a section has said all it can; what a change of key costs, as a difference in correlation over that
#: many bars; and the weight of what the whole says, which a section leaves only for good reason.
_ENOUGH, _CHANGE, _HOME = 24, 0.1, 0.1


def _rotations(profile: tuple[float, ...]) -> NDArray[np.float64]:
    row = np.array(profile) - np.mean(profile)
    return np.stack([np.roll(row, k) for k in range(12)]) / np.linalg.norm(row)


_KEYS = {name: np.concatenate([_rotations(p) for p in pair]) for name, pair in PROFILES.items()}


def _fit(counts: NDArray[np.float64], profile: str) -> NDArray[np.float64]:
    """The correlation of histograms with each key, shape [..., 12] to [..., 24]."""
    centred = counts - counts.mean(-1, keepdims=True)
    return centred @ _KEYS[profile].T / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-9)


def _scores(score: Score, profile: str, whole: bool) -> NDArray[np.float64] | None:
    notes = pitched(score)
    counts = histogram(notes)
    if (counts > 0).sum() < 3 or not (counts - counts.mean()).any():
        return None
    fit = _fit(counts, profile)
    if not whole:
        return fit
    by_bar = histograms(score)
    sounding = np.flatnonzero(by_bar.any(1))
    start, end = notes["start"], notes["start"] + notes["duration"]
    by_start = np.argsort(start, kind="stable")
    reach = np.maximum.accumulate(end[by_start])[:-1]
    ends = _MELODY if (reach > start[by_start][1:] + TICKS // 12).mean() < 0.1 else _HARMONY
    fit = fit + ends.opening * _fit(by_bar[sounding[0] : sounding[0] + 8].sum(0), profile)
    fit += ends.closing * _fit(by_bar[max(sounding[-1] - 1, 0) :].sum(0), profile)
    fit[[last := int(notes["pitch"][end == end.max()].min()) % 12, last + 12]] += ends.final
    return fit


def _key(index: int) -> Key:
    return Key.of(index % 12, "major" if index < 12 else "minor")


def find_key(score: Score, profile: str = "albrecht", *, whole: bool = True) -> Key | None:
    """The key of a score.

    Parameters
    ----------
    score : Score
    profile : str
        One of `PROFILES`.
    whole : bool
        Whether the score has its own beginning and end. They weigh more then; of an excerpt only what sounds counts.

    Returns
    -------
    Key or None
        None where the score has fewer than three pitch classes.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> notes = np.array([(24 * i, 24, p, 80, 0) for i, p in enumerate((67, 66, 64, 62, 60, 59, 57, 55))], NOTE)
    >>> str(find_key(Score((Part(0),), (Meter(),) * 2, notes)))
    'G major'
    """
    fit = _scores(score, profile, whole)
    return None if fit is None else _key(int(fit.argmax()))


def find_keys(score: Score, sections: Sequence[str] = (), *, profile: str = "albrecht") -> tuple[Key | None, ...]:
    """The key of each section: of each run of equal labels.

    Short sections do not change key on their own: a change has to win more
    than it costs, and what a section can win grows with its length.

    Parameters
    ----------
    score : Score
    sections : sequence of str
        A label a bar, such as `find_sections` gives; empty takes the score's own, or all as one.
    profile : str
        One of `PROFILES`.

    Returns
    -------
    tuple of Key or None
        As many as there are runs; all None where the score has fewer than three pitch classes.

    Raises
    ------
    BriefError
        If there are labels, but not one a bar.

    Examples
    --------
    Eight bars on the scale of C, eight on that of E:

    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> up = [0, 2, 4, 5, 7, 9, 11, 12] * 4
    >>> tune = [60 + p for p in up] + [64 + p for p in up]
    >>> notes = np.array([(24 * i, 24, p, 80, 0) for i, p in enumerate(tune)], NOTE)
    >>> score = Score((Part(0),), (Meter(),) * 16, notes)
    >>> [str(k) for k in find_keys(score, "A" * 8 + "B" * 8)]
    ['C major', 'E major']
    """
    labels = tuple(sections) or score.sections or ("",) * score.bars
    if len(labels) != score.bars:
        raise BriefError(f"{len(labels)} labels for {score.bars} bars", hint="give one a bar")
    parts = runs(labels)
    home = _scores(score, profile, True)
    if home is None:
        return (None,) * len(parts)
    by_bar = histograms(score)
    sounding = np.asarray(by_bar.any(1))
    weight = np.array([min(int(sounding[a:b].sum()), _ENOUGH) / _ENOUGH for a, b in parts])
    fits = _fit(np.stack([by_bar[a:b].sum(0) for a, b in parts]), profile) + _HOME * home
    fits *= weight[:, None]
    if len(parts) == 1:
        return (_key(int(home.argmax())),)
    total, came = fits[0], []
    for fit in fits[1:]:
        best = int(total.argmax())
        changed = total[best] - _CHANGE
        came.append(np.where(total >= changed, np.arange(24), best))
        total = np.maximum(total, changed) + fit
    path = [int(total.argmax())]
    for row in reversed(came):
        path.append(int(row[path[-1]]))
    return tuple(_key(k) for k in reversed(path))

"""What a score says of itself: key and chords by template matching, density, dynamics, feel.

Keys: correlation of the duration-weighted pitch-class histogram with the 24
rotated profiles of Krumhansl and Kessler (C. L. Krumhansl, *Cognitive
Foundations of Musical Pitch*, Oxford 1990, p. 30) or, the default, of Albrecht
and Shanahan ("The use of large corpora to train a new type of key-finding
algorithm", *Music Perception* 31, 2013). Chords: binary templates over the
pitch-class content of each half bar, after T. Fujishima ("Realtime chord
recognition of musical sound", ICMC 1999), with the bass note counted once more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.score import Score
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import TICKS

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


def _rotations(profile: tuple[float, ...]) -> NDArray[np.float64]:
    row = np.array(profile) - np.mean(profile)
    return np.stack([np.roll(row, k) for k in range(12)]) / np.linalg.norm(row)


_KEYS = {name: np.concatenate([_rotations(p) for p in pair]) for name, pair in PROFILES.items()}
_CHORDS = np.zeros((len(CHORDS), 12))
for _i, _chord in enumerate(CHORDS):
    _CHORDS[_i, list(_chord.pitch_classes)] = 1


def pitched(score: Score) -> NDArray[Any]:
    """The notes of all parts but the drums."""
    drums = np.array([p.is_drums for p in score.parts], bool)
    return score.notes[~drums[score.notes["part"]]] if len(score.notes) else score.notes


def histogram(notes: NDArray[Any]) -> NDArray[np.float64]:
    """Duration of each pitch class, shape [12], in quarter notes, a note counting at most four."""
    weights = np.minimum(notes["duration"], 4 * TICKS) / TICKS
    return np.bincount(notes["pitch"] % 12, weights=weights, minlength=12).astype(np.float64)


def find_key(score: Score, profile: str = "albrecht") -> Key | None:
    """The key of a score, None where it has fewer than three pitch classes."""
    notes = pitched(score)
    counts = histogram(notes)
    centred = counts - counts.mean()
    if (counts > 0).sum() < 3 or not centred.any():
        return None
    scores = _KEYS[profile] @ centred / np.linalg.norm(centred)
    best = int(scores.argmax())
    return Key.of(best % 12, "major" if best < 12 else "minor")


def find_chords(score: Score) -> NDArray[np.int16]:
    """The chord of each half bar, shape [bars, 2]: an index into `CHORDS`, -1 where none is clear."""
    notes = pitched(score)
    starts = score.bar_starts
    edges = np.stack([starts[:-1], (starts[:-1] + starts[1:]) // 2], 1).ravel()
    edges = np.append(edges, starts[-1])
    halves = len(edges) - 1
    content = np.zeros((halves, 12))
    bass = np.full(halves, 127)
    first = np.searchsorted(edges, notes["start"], side="right") - 1
    begin, end = notes["start"].astype(np.int64), notes["start"] + np.minimum(notes["duration"], 4 * TICKS)
    for ahead in range(5):  # a note sounds in up to five half bars
        half = first + ahead
        inside = half < halves
        h = half[inside]
        overlap = np.minimum(end[inside], edges[h + 1]) - np.maximum(begin[inside], edges[h])
        sounding = overlap > 0
        np.add.at(content, (h[sounding], notes["pitch"][inside][sounding] % 12), overlap[sounding] / TICKS)
        np.minimum.at(bass, h[sounding], notes["pitch"][inside][sounding])
    low = np.flatnonzero(bass < 127)
    content[low, bass[low] % 12] *= 1.5
    total = content.sum(1)
    share = content / np.maximum(total, 1e-9)[:, None]
    inside_chord = share @ _CHORDS.T
    fit = inside_chord - 0.08 * _CHORDS.sum(1) - 0.06 * ((_CHORDS[None] * (share[:, None] < 0.03)).sum(2))
    roots = np.array([c.root for c in CHORDS])
    fit[low] += 0.05 * (roots[None] == (bass[low] % 12)[:, None])
    best = fit.argmax(1)
    clear = (inside_chord[np.arange(halves), best] > 0.6) & ((share > 0.03).sum(1) >= 2)
    return np.where(clear, best, -1).reshape(-1, 2).astype(np.int16)


def density(score: Score) -> float:
    """Notes a quarter note over all parts."""
    return len(score.notes) / max(float(score.bar_starts[-1]) / TICKS, 1e-9)


def is_live(notes: NDArray[Any]) -> bool | None:
    """True when velocities vary as a player's do, False when they are flat, None between."""
    velocities = notes["velocity"]
    if len(velocities) < 16 or velocities.std() < 1:
        return False
    return True if len(np.unique(velocities)) >= 10 and velocities.std() > 4 else None


def analysed(score: Score) -> Score:
    """The score with its key, chords and feel found; what the file says of them is not trusted."""
    return replace(score, key=find_key(score), chords=find_chords(score), live=is_live(score.notes))

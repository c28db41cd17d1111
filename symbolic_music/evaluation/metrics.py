"""Measures of one score that papers on composing machines report, and of how far two sets of values lie apart.

Sources, by the names used below:

- MusPy: H.-W. Dong, K. Chen, J. McAuley and T. Berg-Kirkpatrick, "MusPy: A toolkit for symbolic music
  generation", ISMIR 2020.
- MusDr: S.-L. Wu and Y.-H. Yang, "The Jazz Transformer on the front line: Exploring the shortcomings of
  AI-composed music through quantitative measures", ISMIR 2020.
- Yang & Lerch: L.-C. Yang and A. Lerch, "On the evaluation of generative models in music", *Neural Computing
  and Applications* 32, 2020.

A beat is a quarter note. A measure that has nothing to measure is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import SymbolicMusicError
from symbolic_music.score import Score
from symbolic_music.theory.meters import TICKS
from symbolic_music.training.analysis import density, pitched

_MAJOR = np.isin(np.arange(12), (0, 2, 4, 5, 7, 9, 11)).astype(float)
#: The seven notes of every major scale; the natural minor scales are the same twelve sets.
_SCALES = np.stack([np.roll(_MAJOR, k) for k in range(12)])
#: Points at which densities are compared.
_GRID = 512


def bar_of(score: Score, notes: NDArray[Any]) -> NDArray[np.int64]:
    """The bar in which each note starts, shape [n]."""
    return np.searchsorted(score.bar_starts, notes["start"], side="right") - 1


def roll(score: Score) -> NDArray[np.bool_]:
    """Which pitches sound at each tick, drums aside, shape [ticks, 128]."""
    notes, ticks = pitched(score), int(score.bar_starts[-1])
    changes = np.zeros((ticks + 1, 128), np.int16)
    np.add.at(changes, (notes["start"], notes["pitch"]), 1)
    np.add.at(changes, (np.minimum(notes["start"] + notes["duration"], ticks), notes["pitch"]), -1)
    return np.cumsum(changes, 0, dtype=np.int16)[:-1] > 0


def entropy(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Entropy in bits of histograms along the last axis.

    >>> float(entropy(np.array([1, 1, 2])))
    1.5
    """
    share = counts / np.maximum(counts.sum(-1, keepdims=True), 1e-12)
    return np.asarray(-(share * np.log2(np.where(share > 0, share, 1))).sum(-1))


def pitch_class_entropy(score: Score, bars: int = 1) -> float:
    """Entropy of the pitch classes that start within `bars` bars, in bits, mean over all such windows (H, MusDr)."""
    notes = pitched(score)
    counts = np.zeros((score.bars + 1, 12))
    np.add.at(counts, (bar_of(score, notes) + 1, notes["pitch"] % 12), 1)
    summed = np.cumsum(counts, 0)
    windows = summed[bars:] - summed[:-bars]
    windows = windows[windows.sum(1) > 0]
    return float(entropy(windows).mean()) if len(windows) else float("nan")


def scale_consistency(score: Score) -> float:
    """The share of notes inside the major or natural minor scale that holds the most of them (MusPy)."""
    counts = np.bincount(pitched(score)["pitch"] % 12, minlength=12)
    return float((_SCALES @ counts).max() / counts.sum()) if counts.any() else float("nan")


def polyphony(score: Score) -> float:
    """Pitches that sound at a time, mean over the time in which any does (MusPy)."""
    count = roll(score).sum(1)
    return float(count[count > 0].mean()) if count.any() else float("nan")


def polyphony_rate(score: Score, voices: int = 2) -> float:
    """The share of the time in which at least `voices` pitches sound (MusPy)."""
    return float((roll(score).sum(1) >= voices).mean())


def empty_beat_rate(score: Score) -> float:
    """The share of beats in which nothing sounds, drums included (MusPy, after MuseGAN)."""
    beats = -(-int(score.bar_starts[-1]) // TICKS)
    end = score.notes["start"] + np.maximum(score.notes["duration"], 1) - 1
    changes = np.bincount(score.notes["start"] // TICKS, minlength=beats + 1).astype(np.int64)
    changes -= np.bincount(np.minimum(end // TICKS + 1, beats), minlength=beats + 1)
    return float((np.cumsum(changes)[:beats] == 0).mean())


def pitch_range(score: Score) -> float:
    """Semitones from the lowest to the highest pitch (MusPy)."""
    pitches = pitched(score)["pitch"]
    return float(np.ptp(pitches)) if len(pitches) else float("nan")


def pitches_used(score: Score) -> float:
    """How many different pitches there are (MusPy)."""
    return float(len(np.unique(pitched(score)["pitch"])))


def pitch_classes_used(score: Score) -> float:
    """How many different pitch classes there are (MusPy)."""
    return float(len(np.unique(pitched(score)["pitch"] % 12)))


def drum_pattern_consistency(score: Score) -> float:
    """The share of drum notes on sixteenths, or on triplet eighths if that is more (MusPy, after MuseGAN)."""
    drums = np.array([p.is_drums for p in score.parts], bool)[score.notes["part"]]
    inside = score.notes["start"][drums] % TICKS
    return float(max((inside % 6 == 0).mean(), (inside % 8 == 0).mean())) if len(inside) else float("nan")


def groove_consistency(score: Score, *, all_pairs: bool = False) -> float:
    """How alike the onsets of two bars are, mean over neighbouring bars (MusPy) or over all pairs (GS, MusDr).

    Of two bars of one length: one less the share of positions at which one has an onset and the other has none.
    Bars of different lengths are not compared.
    """
    grid = max(m.positions for m in score.meters)
    step = np.array([m.step for m in score.meters])
    bar = bar_of(score, score.notes)
    onsets = np.zeros((score.bars, grid))
    onsets[bar, (score.notes["start"] - score.bar_starts[bar]) // step[bar]] = 1
    both = onsets @ onsets.T
    each = onsets.sum(1)
    ticks = np.array([m.ticks for m in score.meters])
    alike = 1 - (each[:, None] + each - 2 * both) / (ticks // step)
    first, second = np.triu_indices(score.bars, 1)
    keep = (ticks[first] == ticks[second]) & (step[first] == step[second]) & (all_pairs | (second - first == 1))
    return float(alike[first, second][keep].mean()) if keep.any() else float("nan")


def mean_duration(score: Score) -> float:
    """The mean length of a note in beats, drums aside (Yang & Lerch)."""
    notes = pitched(score)
    return float(notes["duration"].mean()) / TICKS if len(notes) else float("nan")


def mean_onset_interval(score: Score) -> float:
    """The mean time from one onset of a part to its next in beats, over all parts (Yang & Lerch)."""
    onsets = np.unique(score.notes["part"].astype(np.int64) << 32 | score.notes["start"])
    steps = np.diff(onsets)[np.diff(onsets >> 32) == 0]
    return float(steps.mean()) / TICKS if len(steps) else float("nan")


def mean_velocity(score: Score) -> float:
    """The mean velocity, 1 to 127."""
    return float(score.notes["velocity"].mean()) if len(score.notes) else float("nan")


def velocity_spread(score: Score) -> float:
    """The standard deviation of the velocities."""
    return float(score.notes["velocity"].std()) if len(score.notes) else float("nan")


def similarity(bar: NDArray[Any], content: NDArray[Any], bars: int) -> NDArray[np.float64]:
    """How alike bars are: what two have in common over what either has (Jaccard), shape [bars, bars].

    Parameters
    ----------
    bar : array of int, shape [n]
        The bar of each event.
    content : array of int, shape [n]
        What it is; equal events of a bar count once.
    bars : int

    Examples
    --------
    >>> similarity(np.array([0, 0, 1, 1]), np.array([7, 8, 8, 9]), 2).round(2)
    array([[1.  , 0.33],
           [0.33, 1.  ]])
    """
    _, which = np.unique(content, return_inverse=True)
    there = np.zeros((bars, int(which.max(initial=-1)) + 1), np.float32)
    there[bar, which] = 1
    both = (there @ there.T).astype(np.float64)
    each = there.sum(1)
    return np.asarray(np.divide(both, each[:, None] + each - both, out=np.zeros_like(both), where=both > 0))


def best_earlier(alike: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each bar that sounds, but for the first, the likeness to the earlier bar most like it."""
    heard = np.flatnonzero(alike.diagonal() > 0)
    best = np.tril(alike[np.ix_(heard, heard)], -1)
    return np.asarray(best.max(1, initial=0)[1:])


def _bars_alike(score: Score) -> NDArray[np.float64]:
    bar = bar_of(score, score.notes)
    inside = score.notes["start"] - score.bar_starts[bar]
    content = (inside * 128 + score.notes["pitch"]) * len(score.parts) + score.notes["part"]
    return best_earlier(similarity(bar, content, score.bars))


def bars_repeated(score: Score) -> float:
    """The share of bars that start the same notes as an earlier bar, silent bars and the first aside.

    With `bars_recalled`, the structureness of MusDr brought down to what bars hold in common: SI asks the
    same of a self-similarity matrix, made from audio.
    """
    best = _bars_alike(score)
    return float((best == 1).mean()) if len(best) else float("nan")


def bars_recalled(score: Score) -> float:
    """How alike a bar is to the earlier bar most like it, 0 to 1, mean over the bars; see `bars_repeated`."""
    best = _bars_alike(score)
    return float(best.mean()) if len(best) else float("nan")


#: Every measure of a score by its name.
MEASURES: dict[str, Callable[[Score], float]] = {
    "pitch class entropy, 1 bar": pitch_class_entropy,
    "pitch class entropy, 4 bars": lambda score: pitch_class_entropy(score, 4),
    "scale consistency": scale_consistency,
    "polyphony": polyphony,
    "polyphony rate": polyphony_rate,
    "empty beat rate": empty_beat_rate,
    "pitch range": pitch_range,
    "pitches": pitches_used,
    "pitch classes": pitch_classes_used,
    "drum pattern consistency": drum_pattern_consistency,
    "groove consistency": groove_consistency,
    "groove similarity": lambda score: groove_consistency(score, all_pairs=True),
    "notes a beat": density,
    "duration": mean_duration,
    "onset interval": mean_onset_interval,
    "velocity": mean_velocity,
    "velocity spread": velocity_spread,
    "bars repeated": bars_repeated,
    "bars recalled": bars_recalled,
}


def measured(score: Score) -> dict[str, float]:
    """Every measure of `MEASURES` on one score."""
    return {name: measure(score) for name, measure in MEASURES.items()}


def _densities(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...] | None:
    """A grid and the Gaussian kernel densities of both sets on it; None if all values are one."""
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    if high == low:
        return None
    # Scott's rule; a set of equal values is given a width all the same
    widths = [max(float(x.std(ddof=1)) * len(x) ** -0.2 if len(x) > 1 else 0, (high - low) / 100) for x in (a, b)]
    grid = np.linspace(low - 3 * max(widths), high + 3 * max(widths), _GRID)
    found = [
        np.exp(-0.5 * ((grid[:, None] - x) / h) ** 2).mean(1) / (h * np.sqrt(2 * np.pi))
        for x, h in zip((a, b), widths, strict=True)
    ]
    return grid, *found


def _shared(grid: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """The area under both densities."""
    return float(np.minimum(a, b).sum() * (grid[1] - grid[0]))


def _values(a: Sequence[float] | NDArray[Any], least: int) -> NDArray[np.float64]:
    values = np.asarray(a, np.float64)
    values = values[~np.isnan(values)]
    if len(values) < least:
        raise SymbolicMusicError(
            f"a set of {len(values)} values cannot be compared", hint=f"give at least {least} that are not NaN"
        )
    return values


def overlapping_area(a: Sequence[float] | NDArray[Any], b: Sequence[float] | NDArray[Any]) -> float:
    """The area under both of two sets' densities, 0 (apart) to 1 (alike); Gaussian kernels (Yang & Lerch).

    Parameters
    ----------
    a, b : sequences of float
        A measure of each score of two sets; NaN is left out.

    Raises
    ------
    SymbolicMusicError
        If a set holds no value.

    Examples
    --------
    >>> overlapping_area([1, 2, 3], [1, 2, 3]) > 0.99, overlapping_area([1, 2, 3], [91, 92, 93]) < 0.01
    (True, True)
    """
    found = _densities(_values(a, 1), _values(b, 1))
    return 1.0 if found is None else _shared(*found)


@dataclass(frozen=True)
class Distances:
    """How the distances within a set compare with those to another set.

    Attributes
    ----------
    divergence : float
        Kullback-Leibler divergence of the densities, in nats: 0 when one set cannot be told from the other.
    overlap : float
        Their overlapping area.
    """

    divergence: float
    overlap: float


def distances(real: Sequence[float] | NDArray[Any], other: Sequence[float] | NDArray[Any]) -> Distances:
    """The distances within `real` against those from `real` to `other` (intra-set and inter-set, Yang & Lerch).

    Raises
    ------
    SymbolicMusicError
        If `real` holds fewer than two values, or `other` none.

    Examples
    --------
    >>> near, far = distances(range(20), range(20)), distances(range(20), range(40, 60))
    >>> near.divergence < 0.01, far.divergence > 1
    (True, True)
    """
    a, b = _values(real, 2), _values(other, 1)
    within = np.abs(a[:, None] - a)[~np.eye(len(a), dtype=bool)]
    found = _densities(within, np.abs(a[:, None] - b).ravel())
    if found is None:
        return Distances(0.0, 1.0)
    grid, intra, inter = found
    p, q = (np.maximum(x, 1e-12) / np.maximum(x, 1e-12).sum() for x in (intra, inter))
    return Distances(float((p * np.log(p / q)).sum()), _shared(grid, intra, inter))

"""Performances of the Groove MIDI Dataset on a grid, and how far a drum part is from them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from symbolic_music.errors import FileError
from symbolic_music.files.read_midi import KIT
from symbolic_music.theory.meters import TICKS, Meter, meter
from symbolic_music.training.groove import SNARE, STRAIGHT, SWUNG, VOICE_OF, VOICES, Matrix, is_swung

#: Bars of a performance that count at most, so that no long one decides for a style.
LONGEST = 96
#: The data set's ticks a quarter note.
_BEAT = 480
#: Its pads that General MIDI has at other numbers: the edges of the hi-hats, the rim of the floor tom.
_PADS = {**KIT, 58: 43}
#: Shares of the beat at which a swung second eighth is looked for, and may lie in the end.
_SWINGS, _SWING = (0.60, 0.62, 0.64, 2 / 3, 0.70, 0.74), (0.56, 0.80)
#: The fit of a swung grid, as a share of that of a straight one, below which a performance counts as swung.
_CLEARLY = 0.9
#: Styles by our names.
OURS = {
    "hiphop": "hip-hop", "neworleans": "new-orleans", "afrocuban": "afro-cuban", "middleeastern": "middle-eastern",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Take:
    """One performance on a grid.

    Attributes
    ----------
    style, meter : str
    fill : bool
        Whether it is a fill; else it is a beat.
    swung : bool
    swing : float
        Share that the first of a pair of eighths (sixteenths where not swung) takes; NaN with too few to tell.
    ahead : float
        Milliseconds before the click on the beat.
    bars : int
    slot, voice, velocity : array of int, shape [n]
        Position from the start, class of `VOICES`; one stroke each, the loudest.
    offset : array of float, shape [n]
        Milliseconds after the grid, less `ahead` and the swing; NaN where that is too far to belong there.
    loud : array of bool, shape [n]
        All but ghost notes of the snare.
    """

    style: str
    meter: str
    fill: bool
    swung: bool
    swing: float
    ahead: float
    bars: int
    slot: NDArray[np.int64]
    voice: NDArray[np.int64]
    velocity: NDArray[np.int64]
    offset: Matrix
    loud: NDArray[np.bool_]

    @property
    def steps(self) -> int:
        """Positions a quarter note."""
        return SWUNG if self.swung else STRAIGHT

    @property
    def slots(self) -> int:
        """Positions a bar."""
        return meter(self.meter).ticks * self.steps // TICKS


@cache
def _grid(swing: float | None) -> tuple[NDArray[np.int64], NDArray[np.int64], Matrix]:
    """Positions of a beat in file ticks, shifts, and how far each tick of the beat is then off, in shares of chance."""
    beat = [0, 120, 240, 360] if swing is None else [0, 160, round(_BEAT * swing)]
    edges, shifts = np.array([*beat, _BEAT]), np.arange(-64, 65, 4)
    ticks = (np.arange(_BEAT) - shifts[:, None]) % _BEAT
    off = np.abs(ticks[..., None] - edges).min(-1)
    return edges, shifts, off / off.mean()


def _fit(ticks: NDArray[np.int64], swing: float | None) -> tuple[float, int, NDArray[np.int64]]:
    """How far strokes are off a grid, 1 by chance, at the best shift; that shift; the grid."""
    edges, shifts, off = _grid(swing)
    error = off @ np.bincount(ticks % _BEAT, minlength=_BEAT) / len(ticks)
    return float(error.min()), int(shifts[error.argmin()]), edges


def _loud(velocity: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which strokes are no ghost notes: the louder of two clusters (k-means), all where the two are near."""
    low, high = np.percentile(velocity, (10, 90)) if len(velocity) else (0, 0)
    for _ in range(20):
        loud = velocity > (low + high) / 2
        if high - low < 30 or loud.all() or not loud.any():
            return np.ones(len(velocity), bool)
        low, high = velocity[~loud].mean(), velocity[loud].mean()
    return loud


def take(notes: NDArray[Any], *, style: str, bar: str, bpm: float, fill: bool = False) -> Take:
    """A performance, resolved to the grid that it fits best.

    The grid may be shifted, since most performances are a little ahead of the click. A performance is swung if
    triplets, their last where it fits best, fit clearly better than sixteenths.

    Parameters
    ----------
    notes : array with the fields time (480 ticks a quarter note), pitch (as the kit sends it) and velocity
    style, bar : str
        The style by our name; the meter.
    bpm : float
        The tempo of the click.
    fill : bool
    """
    voice = np.array([VOICE_OF[_PADS.get(p, p)] for p in range(128)])[notes["pitch"]]
    ticks, velocity = notes["time"][voice >= 0].astype(np.int64), notes["velocity"][voice >= 0].astype(np.int64)
    voice = voice[voice >= 0]
    even, late = _fit(ticks, None), min((_fit(ticks, s) for s in _SWINGS), key=lambda fit: fit[0])
    swung = meter(bar).unit == 4 and late[0] < _CLEARLY * even[0]
    slot, offset, ahead, swing = _resolved(ticks, *(late if swung else even)[1:])
    if swung and not _SWING[0] <= swing <= _SWING[1]:
        swung = False
        slot, offset, ahead, swing = _resolved(ticks, *even[1:])

    steps, ms = SWUNG if swung else STRAIGHT, 60_000 / bpm / _BEAT
    far = min(0.4 * _BEAT / steps, 3.7 * float(np.median(np.abs(offset))))  # 2.5 standard deviations of a normal
    offset = np.where(np.abs(offset) > far, np.nan, offset * ms)
    slots = meter(bar).ticks * steps // TICKS
    order = np.lexsort((-velocity, voice, slot))
    order = order[(slot[order] >= 0) & (slot[order] < LONGEST * slots)]
    first = np.ones(len(order), bool)
    first[1:] = (np.diff(slot[order]) != 0) | (np.diff(voice[order]) != 0)
    kept = order[first]
    slot, voice, velocity, offset = slot[kept], voice[kept], velocity[kept], offset[kept]
    loud = np.ones(len(slot), bool)
    loud[voice == SNARE] = _loud(velocity[voice == SNARE])
    bars = int(slot.max(initial=0)) // slots + 1
    return Take(style, bar, fill, swung, swing, ahead * ms, bars, slot, voice, velocity, offset, loud)


def _resolved(
    ticks: NDArray[np.int64], shift: int, edges: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Matrix, float, float]:
    """Positions, offsets, how far ahead of the beat, and the swing; offsets less the last two."""
    steps = len(edges) - 1
    beat, rest = np.divmod(ticks - shift, _BEAT)
    near = np.abs(rest[:, None] - edges).argmin(1)
    offset = (rest - edges[near] + shift).astype(np.float64)
    on_beat = near % steps == 0
    ahead = -float(offset[on_beat if on_beat.any() else slice(None)].mean())
    offset += ahead
    second = near == 2 if steps == SWUNG else near % 2 == 1
    lag = float(np.median(offset[second])) if second.sum() >= 8 else float("nan")
    offset[second] -= np.nan_to_num(lag)
    swing = (edges[2] + lag) / _BEAT if steps == SWUNG else (edges[1] + lag) / edges[2]
    return beat * steps + near, offset, ahead, swing


def takes(folder: Path, styles: Iterable[str] = ()) -> list[Take]:
    """The performances in the folder of the data set, of some styles, or of all.

    Raises
    ------
    FileError
        If it holds no info.csv, or a performance cannot be read.
    """
    from symusic.core import ScoreTick

    try:
        with (folder / "info.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise FileError(
            f"{folder}/info.csv cannot be read", hint="give the folder of the Groove MIDI Dataset"
        ) from error
    found = []
    for row in tqdm(rows, desc="groove", unit="take", disable=None):
        style = row["style"].split("/")[0]
        style = OURS.get(style, style)
        if styles and style not in styles:
            continue
        try:
            notes: Any = ScoreTick.from_file(str(folder / row["midi_filename"])).tracks[0].notes.numpy()
        except Exception as error:  # symusic raises bare RuntimeError and others
            raise FileError(f"{row['midi_filename']} cannot be read as MIDI", hint=str(error)) from error
        bar = row["time_signature"].replace("-", "/")
        found.append(take(notes, style=style, bar=bar, bpm=float(row["bpm"]), fill=row["beat_type"] == "fill"))
    return found


def onsets(group: list[Take]) -> Matrix:
    """Onsets a bar of performances on one grid, shape [voices, positions]."""
    slots = group[0].slots
    cells = np.concatenate([t.voice * slots + t.slot % slots for t in group])
    counts = np.bincount(cells, minlength=len(VOICES) * slots).reshape(len(VOICES), slots)
    return counts / sum(t.bars for t in group)


def profile(notes: NDArray[Any], bar: Meter | str = "4/4", *, swung: bool | None = None) -> Matrix:
    """How often a bar strikes each voice at each position.

    Parameters
    ----------
    notes : array of `NOTE`
        A drum part; pieces outside `VOICES` are left out.
    bar : Meter or str
        The meter of all its bars.
    swung : bool or None
        Whether positions are triplet eighths instead of sixteenths; None asks `is_swung`.

    Returns
    -------
    array of shape [voices, positions]
        Onsets a bar, over the bars in which anything is struck.

    Examples
    --------
    >>> from symbolic_music.score import NOTE
    >>> profile(np.array([(0, 6, 36, 84, 0), (24, 6, 38, 84, 0), (96, 6, 36, 84, 0)], NOTE))[:2, :5].tolist()
    [[1.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.5]]
    """
    steps = SWUNG if (is_swung(notes) if swung is None else swung) else STRAIGHT
    slots = meter(bar).ticks * steps // TICKS
    voice = VOICE_OF[notes["pitch"]]
    slot = np.round(notes["start"][voice >= 0] * steps / TICKS).astype(np.int64)
    cells = np.unique(np.stack([slot, voice[voice >= 0]]), axis=1)
    bars = max(len(np.unique(cells[0] // slots)), 1)
    counts = np.bincount(cells[1] * slots + cells[0] % slots, minlength=len(VOICES) * slots)
    return counts.reshape(len(VOICES), slots) / bars


def distance(first: Matrix, second: Matrix) -> float:
    """How far two profiles lie apart, from 0 (the same) to 1 (no stroke in common).

    The Jensen-Shannon distance with base 2 (J. Lin, "Divergence measures based on the Shannon entropy", IEEE
    Trans. Information Theory 37, 1991; its root is a metric: D. Endres and J. Schindelin, ibid. 49, 2003) of
    the two as distributions of one stroke over voices and positions. A bar's number of strokes does not count.

    Parameters
    ----------
    first, second : array of shape [voices, positions]
        Profiles, or templates' `onsets`, on the same positions.

    Raises
    ------
    ValueError
        If the shapes differ, or one is empty.

    Examples
    --------
    >>> distance(np.eye(2), np.eye(2)), distance(np.eye(2), np.eye(2)[::-1])
    (0.0, 1.0)
    """
    if first.shape != second.shape or not first.sum() or not second.sum():
        raise ValueError(f"profiles of shapes {first.shape} and {second.shape}, or without a stroke")
    p, q = first / first.sum(), second / second.sum()
    mean = (p + q) / 2

    def divergence(one: Matrix) -> float:
        return float((one * np.log2(np.where(one > 0, one, 1) / np.where(mean > 0, mean, 1))).sum())

    return float(np.sqrt(np.clip((divergence(p) + divergence(q)) / 2, 0, 1)))

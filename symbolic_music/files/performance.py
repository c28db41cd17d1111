"""Which notes of a score a file holds, and when and how loud they are played: swing, humanising, no two in the way."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.files.export import Export
from symbolic_music.score import Score, swung
from symbolic_music.theory.meters import TICKS

#: What `humanise` 1.0 means, as standard deviations: of onsets in milliseconds, and of velocities.
TIMING, LOUDNESS = 12.0, 8.0
#: Drummers keep time more tightly: their share of `TIMING`.
DRUMMING = 0.5
#: Between one onset of a part and its next, the share of the deviation that stays.
DRIFT = 0.7
#: The share of the deviation (not of its square) that each note of a chord has for itself.
ALONE = 0.2


def _lines(notes: NDArray[Any], score: Score) -> NDArray[np.int64]:
    """A number for each note that those share which cannot sound together: of a part, or of all drums, and a pitch."""
    lanes = np.array([-1 if part.is_drums else i for i, part in enumerate(score.parts)], np.int64)[notes["part"]]
    return np.asarray(lanes * 128 + notes["pitch"])


def playable(score: Score) -> NDArray[Any]:
    """The notes that a file holds: all within the bars, none empty, none over another of its part and pitch.

    Parameters
    ----------
    score : Score

    Returns
    -------
    array of `NOTE`
        Sorted as in a score. A note that its pitch's next onset cuts is shortened;
        of two that start together the longer stays. All drum parts share a channel and count as one part.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> notes = np.array([(0, 24, 60, 90, 0), (12, 999, 60, 90, 0)], NOTE)
    >>> playable(Score((Part(0),), (Meter(),), notes))["duration"].tolist()
    [12, 84]
    """
    return _kept(score)[1]


def _kept(score: Score) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """The playable notes: which of the score's they are, and with the durations they have."""
    end = int(score.bar_starts[-1])
    where = np.flatnonzero((score.notes["start"] >= 0) & (score.notes["start"] < end))
    notes = score.notes[where]
    notes["duration"] = np.clip(notes["duration"], 1, end - notes["start"])
    line = _lines(notes, score)
    order = np.lexsort((-notes["duration"], notes["start"], line))
    where, notes, line = where[order], notes[order], line[order]
    first = np.ones(len(notes), bool)
    first[1:] = (line[1:] != line[:-1]) | (notes["start"][1:] != notes["start"][:-1])
    where, notes, line = where[first], notes[first], line[first]
    until_next = np.where(line[1:] == line[:-1], notes["start"][1:] - notes["start"][:-1], end)
    notes["duration"][:-1] = np.minimum(notes["duration"][:-1], until_next)
    order = np.lexsort((notes["pitch"], notes["part"], notes["start"]))
    return where[order], notes[order]


def performed(score: Score, offsets: NDArray[Any] | None, export: Export) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The notes of a file, and when they sound.

    Parameters
    ----------
    score : Score
    offsets : array of float, shape [notes] or [2, notes], optional
        How many ticks of the score each of its notes is played late; or how late it begins, and how late it ends.
        `export.swing` takes their place in the bars that are counted in quarter notes.
    export : Export

    Returns
    -------
    notes : array of `NOTE`, shape [n]
        As in `playable`, with the velocities that are played.
    times : array of int, shape [2, n]
        Where each begins and ends, in ticks of the file. No note is empty, none reaches over the last bar, and two of a
        part (or of the drums) with one pitch keep their order and do not overlap.

    Raises
    ------
    BriefError
        If there is `export.swing`, and no bar that can swing.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> notes = np.array([(0, 12, 60, 90, 0), (12, 12, 60, 90, 0)], NOTE)
    >>> performed(Score((Part(0),), (Meter(),), notes), None, Export(resolution=24, swing=2 / 3))[1].tolist()
    [[0, 16], [16, 24]]
    """
    where, notes = _kept(score)
    notes = notes.copy()
    written = np.stack([notes["start"], notes["start"] + notes["duration"]]).astype(np.int64)
    written *= export.resolution // TICKS
    times = written.copy()
    late = None if offsets is None else np.broadcast_to(offsets, (2, len(score.notes)))[:, where]
    if export.swing is not None:
        export.suits(score.meters)
        late = swung(notes, score.meters, "swing eighths", export.swing, 0.0 if late is None else late)
    if late is not None:
        times += np.rint(late * (export.resolution // TICKS)).astype(np.int64)
        times = _parted(times, _lines(notes, score), written[0], _end(score, export))
    if export.humanise:
        notes["velocity"], moved = humanised(notes, times[0], score, export)
        times = _parted(times + moved, _lines(notes, score), written[0], _end(score, export))
    return notes, times


def _end(score: Score, export: Export) -> int:
    return int(score.bar_starts[-1]) * (export.resolution // TICKS)


def _parted(
    times: NDArray[np.int64], line: NDArray[np.int64], written: NDArray[np.int64], end: int
) -> NDArray[np.int64]:
    """Times where each note of a line begins after the one written before it, which ends by then, all within `end`.

    From one to the next at least half the time passes that is written; so a swung eighth does not fall on a triplet of
    its own pitch.
    """
    order = np.lexsort((written, line))
    begin, stop = times[:, order]
    number, half = np.arange(len(order)), written[order] // 2
    new = np.diff(line[order], prepend=-200) != 0
    group = np.cumsum(new) - 1
    after = np.append(np.flatnonzero(new)[1:], len(order))[group] - 1 - number  # how many of the line come later
    far = group * 4 * (end + len(order) + 1)
    begin = np.minimum.accumulate((begin - half + far)[::-1])[::-1] + half - far
    begin = np.maximum.accumulate(np.clip(begin, 0, end - 1 - after) - number + far) + number - far
    following = np.where(after > 0, np.append(begin[1:], end), end)
    found = np.empty_like(times)
    found[:, order] = begin, np.clip(stop, begin + 1, following)
    return found


def humanised(
    notes: NDArray[Any], begin: NDArray[np.int64], score: Score, export: Export
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Velocities as a player strikes them, and how much later each note is struck, drawn by `export.seed`.

    Each part has a deviation in time and one in loudness, normal, with standard deviations of 12 ms (6 ms for drums)
    and 8 steps of velocity at `export.humanise` 1.0. It drifts: of each onset's, 0.7 stays to the next. The notes of a
    chord share it but for a fifth of their own. None exceeds 2.5 standard deviations, or half of the way to the part's
    onset before or after, so that they keep their order. Players' deviations are correlated over time, and listeners
    prefer that to independent ones (Hennig et al., PLoS ONE 6(10): e26457, 2011); the figures are this library's.

    Parameters
    ----------
    notes : array of `NOTE`, shape [n]
    begin : array of int, shape [n]
        Where each begins before that, in ticks of the file.
    score : Score
        Its parts and tempos.
    export : Export

    Returns
    -------
    velocities : array of int, shape [n]
        1 to 127.
    moved : array of int, shape [n]
        In ticks of the file, negative for earlier.
    """
    rng = np.random.default_rng(export.seed)
    velocities, moved = notes["velocity"].astype(np.int64), np.zeros(len(notes), np.int64)
    changes, tempos = (np.array(column) for column in zip(*score.tempo_map, strict=True))
    for index, part in enumerate(score.parts):
        mine = np.flatnonzero(notes["part"] == index)
        if not len(mine):
            continue
        onsets, chord = np.unique(notes["start"][mine], return_inverse=True)
        late, loud = (_deviation(chord, len(onsets), rng) for _ in range(2))
        bpm = tempos[np.searchsorted(changes, notes["start"][mine], side="right") - 1]
        ticks = late * TIMING * (DRUMMING if part.is_drums else 1) * bpm * export.resolution / 60_000
        head, tail = np.full(len(onsets), np.iinfo(np.int64).max), np.zeros(len(onsets), np.int64)
        np.minimum.at(head, chord, begin[mine])
        np.maximum.at(tail, chord, begin[mine])
        gap = np.concatenate([[_end(score, export)], head[1:] - tail[:-1], [_end(score, export)]])
        room = (np.maximum(np.minimum(gap[1:], gap[:-1]), 1) - 1)[chord] // 2
        moved[mine] = np.clip(np.rint(export.humanise * ticks), -room, room)
        velocities[mine] += np.rint(export.humanise * loud * LOUDNESS).astype(np.int64)
    return np.clip(velocities, 1, 127), moved


def _deviation(chord: NDArray[np.int64], chords: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A drifting deviation of variance 1 for each note, near that of its chord."""
    drift = rng.standard_normal(chords)
    for i in range(1, chords):
        drift[i] = DRIFT * drift[i - 1] + np.sqrt(1 - DRIFT**2) * drift[i]
    own = rng.standard_normal(len(chord))
    return np.asarray(np.clip(np.sqrt(1 - ALONE**2) * drift[chord] + ALONE * own, -2.5, 2.5))

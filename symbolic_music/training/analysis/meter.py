"""Whether the bar lines of a score are where its notes put them.

A converter that writes a pickup as if it were a full bar moves every bar line
of the piece. What a listener goes by is measured on every eighth note: notes
that start there, how long they last, a change of harmony, bass and snare drum
(the event, length and harmony rules of D. Temperley and D. Sleator, "Modeling
meter and harmony: a preference-rule approach", *Computer Music Journal* 23,
1999). A comb of one bar's period averages them for each place in the bar (J. C.
Brown, "Determination of the meter of musical scores by autocorrelation",
*Journal of the Acoustical Society of America* 94, 1993), and a logistic choice
among the places says how likely each is the downbeat. Its weights were fitted
to half of the lead sheets and of the game music; docs/benchmarks/analysis.py
measures on the other.

Dances with an accent of their own, a mazurka's second beat, look like a piece
that is barred wrongly. So a shift is proposed only where the piece also begins
as a pickup does: at once, and with fewer voices than the bars that follow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.score import Score, sort_notes
from symbolic_music.theory.meters import TICKS
from symbolic_music.training.analysis.content import LONGEST, pitched, runs

#: Ticks of a place at which a bar may start: an eighth.
_EIGHTH = TICKS // 2
#: Weight of notes, lengths, harmony, bass drum and snare: on the place, half a bar later, an eighth later, one earlier.
_WEIGHTS = np.array([
    [-0.12, 0.55, 0.32, 0.16, 0.02],
    [-0.24, 0.23, -0.01, 0.13, 0.25],
    [0.01, -0.10, 0.00, -0.14, -0.09],
    [-0.19, 0.06, 0.13, 0.10, 0.03],
])  # fmt: skip
#: Bars and notes below which nothing is said; bars beyond which certainty does not grow.
_BARS, _NOTES, _ENOUGH = 8, 32, 36
#: Certainty for a shift. What goes before the first bar line has to be light as well: so much of the bars after.
_SURE, _LIGHT, _SINGLE = 0.95, 0.62, 1.3


@dataclass(frozen=True)
class MeterCheck:
    """What the notes say of the bar lines.

    Attributes
    ----------
    bars : int
        The bars looked at: those before the first change of meter.
    agreement : float
        How likely their bar lines are right, 0 to 1.
    shift : float
        Beats by which these bar lines should move later: the length of a pickup that was taken for the first part of a
        full bar. 0 unless that is as good as certain.
    """

    bars: int
    agreement: float
    shift: float


def _accents(score: Score, stop: int) -> NDArray[np.float64]:
    """What accents each eighth before a tick: notes, lengths, harmony, bass drum and snare; shape [5, n]."""
    count = stop // _EIGHTH
    notes = score.notes[score.notes["start"] < stop]
    place = np.minimum((notes["start"] + 1) // _EIGHTH, count - 1)
    on = (notes["start"] + 1) % _EIGHTH <= 2  # a tick early or late still counts
    drums = np.array([p.is_drums for p in score.parts])[notes["part"]]
    length = np.minimum(notes["duration"], LONGEST)
    tuned = on & ~drums
    found = np.zeros((5, count))
    found[0] = np.sqrt(np.bincount(place[tuned], minlength=count))
    found[1] = np.sqrt(np.bincount(place[tuned], weights=length[tuned] / TICKS, minlength=count))
    found[2] = _changes(notes[~drums], place[~drums], (notes["start"] + length)[~drums] // _EIGHTH, count)
    for row, pitches in ((3, (35, 36)), (4, (38, 40))):
        found[row, place[on & drums & np.isin(notes["pitch"], pitches)]] = 1
    return found


def _changes(notes: NDArray[Any], first: NDArray[np.int64], last: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """How far the pitch classes of the half note after each place are from those before, 0 to 1."""
    edge = np.zeros((count + 1, 12))
    np.add.at(edge, (first, notes["pitch"] % 12), 1)
    np.add.at(edge, (np.clip(last, first + 1, count), notes["pitch"] % 12), -1)
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(np.cumsum(edge, 0)[:count], 0)])
    here = np.arange(count)
    after, before = sums[np.minimum(here + 4, count)] - sums[here], sums[here] - sums[np.maximum(here - 4, 0)]
    norm = np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1)
    return np.where(norm > 0, 1 - (after * before).sum(1) / np.maximum(norm, 1e-9), 0.0)


def _evidence(accents: NDArray[np.float64], places: int) -> NDArray[np.float64]:
    """What speaks for each place of the bar as its first, shape [places, 20]."""
    bars = accents.shape[1] // places
    mean = accents[:, : bars * places].reshape(len(accents), bars, places).mean(1)
    mean -= mean.mean(1, keepdims=True)
    level = mean / np.maximum(accents.std(1, keepdims=True), 0.05) * np.sqrt(min(bars, _ENOUGH))
    half = np.roll(level, -(places // 2), 1) if places % 2 == 0 else np.zeros_like(level)
    return np.concatenate([level, half, np.roll(level, -1, 1), np.roll(level, 1, 1)]).T


def _opens_lightly(score: Score, lead: int, bar: int) -> bool:
    """Whether the notes of the first ticks are fewer at once than those of the 8 bars after the first."""
    notes = pitched(score)
    if not len(notes) or notes["start"].min() > 0:
        return False  # a written rest: the first bar is a full one
    end = notes["start"] + notes["duration"]

    def voices(start: int, stop: int) -> float:
        inside = np.minimum(end, stop) - np.maximum(notes["start"], start)
        return float(np.maximum(inside, 0).sum()) / (stop - start)

    after = voices(bar, 9 * bar)
    return after < _SINGLE or voices(0, lead) <= _LIGHT * after


def meter_check(score: Score) -> MeterCheck | None:
    """Compare the bar lines with the notes.

    Parameters
    ----------
    score : Score

    Returns
    -------
    MeterCheck or None
        None where the first meter lasts less than 8 bars, or for fewer than 32 notes.

    Examples
    --------
    One note, then chords that last from the second beat of every bar to the next second beat:

    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> row = [(72 * bar + 24, 72, p + 5 * (bar % 2)) for bar in range(16) for p in (48, 60, 64, 67)]
    >>> notes = np.array([(start, length, p, 80, 0) for start, length, p in [(0, 24, 67), *row]], NOTE)
    >>> score = Score((Part(0),), (Meter(3),) * 17, notes)
    >>> meter_check(score).shift, rebarred(score, meter_check(score)).notes["start"][:2].tolist()
    (1.0, [48, 72])
    """
    if not score.bars:
        return None
    bars, meter = runs(score.meters)[0][1], score.meters[0]
    stop = bars * meter.ticks
    if bars < _BARS or (score.notes["start"] < stop).sum() < _NOTES:
        return None
    places, beat = meter.ticks // _EIGHTH, meter.ticks // meter.beats
    weighed = _evidence(_accents(score, stop), places) @ _WEIGHTS.ravel()
    likely = np.exp(weighed - weighed.max())
    likely /= likely.sum()
    best = int(likely.argmax())
    lead = best * _EIGHTH
    sure = 0 < 2 * best < places and likely[best] > _SURE and _opens_lightly(score, lead, meter.ticks)
    return MeterCheck(bars, float(likely[0]), lead / beat if sure else 0.0)


def rebarred(score: Score, check: MeterCheck | None) -> Score:
    """The score with its bar lines moved as a check says; the notes before the first become the end of a bar.

    A bar that the next change of meter cut short is filled up by what the others gave. Chords and sections, which
    belong to bars, are dropped where bar lines move.
    """
    if check is None or not check.shift:
        return score
    meter, edges, bars = score.meters[0], score.bar_starts, check.bars
    pickup = round(check.shift * meter.ticks / meter.beats)
    lead = meter.ticks - pickup
    cut = bars < score.bars and score.meters[bars].ticks == pickup
    inside = score.notes["start"] < edges[bars + cut]
    grows = cut or bool((score.notes["start"][inside] >= edges[bars] - lead).any())
    notes = score.notes.copy()
    notes["start"] += np.where(inside, lead, lead if cut else grows * meter.ticks)
    meters = (meter,) * (bars + grows) + score.meters[bars + cut :]
    notes["duration"] = np.minimum(notes["duration"], sum(m.ticks for m in meters) - notes["start"])
    return replace(score, meters=meters, notes=sort_notes(notes), chords=None, sections=())

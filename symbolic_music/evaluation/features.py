"""A score's excerpts as rows of numbers, for telling one kind of music from another.

Neither genre, tempo, key, meter nor instruments are among them: only what the
notes do. What the instruments alone would tell is `programs`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.evaluation import metrics
from symbolic_music.evaluation.lines import CYMBALS, VOICES, Lines
from symbolic_music.score import NOTE, Part, Score
from symbolic_music.theory.chords import QUALITIES
from symbolic_music.theory.meters import TICKS, Meter
from symbolic_music.training.analysis import find_chords, find_key

#: A family's features by name.
Row = dict[str, float]
#: Sixteenths of a bar that are told apart; those of longer bars wrap round.
SLOTS = 16
#: Upper edges in quarters: of the time from one onset to the next, and of durations.
_TIMES = (0.3, 0.6, 1.1, 2.1)
_TIME_NAMES = ("a 16th", "an 8th", "a quarter", "a half", "more")
#: Upper edges of pitch intervals in semitones.
_LEAPS = (0, 1, 2, 4, 7, 11, 12)
_LEAP_NAMES = ("0", "1", "2", "3-4", "5-7", "8-11", "12", ">12")
#: Places in the beat by the twelfth they lie on: sixteenths, triplets, and whatever is neither.
_PLACES = ("beat", "16th 2", "16th 3", "16th 4", "triplet 2", "triplet 3", "off the grid")
_PLACE_OF = np.array([0, 6, 6, 1, 4, 6, 2, 6, 5, 3, 6, 6])
#: Chord qualities that are counted together.
_QUALITIES = {
    "major": ("maj", "maj6"),
    "minor": ("min", "min6"),
    "seventh": ("7", "maj7", "min7", "minmaj7"),
    "suspended": ("sus2", "sus4"),
    "altered": ("dim", "aug", "hdim7", "dim7"),
}
#: Notes an excerpt holds at least.
FEWEST = 16


def excerpts(score: Score, beats: int = 64) -> list[Score]:
    """Cuts of whole bars that last at most `beats` quarters, one after the other.

    A cut shorter than three quarters of that, or with fewer than 16 notes, is left out.

    Examples
    --------
    >>> score = Score((Part(0),), (Meter(),) * 40, np.array([(t, 24, 60, 80, 0) for t in range(0, 3840, 24)], NOTE))
    >>> [cut.bars for cut in excerpts(score)]
    [16, 16]
    """
    edges, found, start = score.bar_starts, [], 0
    while start < score.bars:
        stop = int(np.searchsorted(edges, edges[start] + beats * TICKS, side="right")) - 1
        stop = max(stop, start + 1)
        cut = score.cut(start, stop)
        if edges[stop] - edges[start] >= 0.75 * beats * TICKS and len(cut.notes) >= FEWEST:
            found.append(cut)
        start = stop
    return found


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _shares(which: NDArray[Any], names: Sequence[str]) -> Row:
    """The share of each index."""
    counts = np.bincount(which, minlength=len(names))
    return dict(zip(names, (counts / max(counts.sum(), 1)).tolist(), strict=True))


def _lag(values: NDArray[Any], lag: int) -> float:
    """Correlation of a row with itself some steps later, 0 where it is flat."""
    if len(values) < lag + 3:
        return 0.0
    a, b = values[:-lag] - values[:-lag].mean(), values[lag:] - values[lag:].mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 1e-9 else 0.0


def _named(prefix: str, row: Row) -> Row:
    return {f"{prefix} {name}": value for name, value in row.items()}


def density(x: Lines) -> Row:
    """How much goes on: notes and onsets a quarter by group, parts, and how evenly they share the notes."""
    notes, row = x.score.notes, Row()
    for name, mine in x.groups.items():
        row[f"{name}: notes a beat"] = mine.sum() / x.quarters
        row[f"{name}: onsets a beat"] = len(np.unique(notes["start"][mine])) / x.quarters
    pairs = np.unique(x.bar * len(x.score.parts) + notes["part"])
    row["parts"] = float(len(np.unique(notes["part"])))
    row["parts a bar"] = len(pairs) / x.score.bars
    row["evenness of parts"] = float(metrics.entropy(np.bincount(notes["part"])))
    row["empty beats"] = metrics.empty_beat_rate(x.score)
    return row


def onsets(x: Lines) -> Row:
    """The share of bars with an onset on each sixteenth: bass and others; and syncopation.

    Syncopated is an onset off the beat with none of its group on the beat that follows, after the rests and ties of
    H. C. Longuet-Higgins and C. S. Lee ("The rhythmic interpretation of monophonic music", *Music Perception* 1, 1984).
    """
    row = Row()
    for name, mine in x.groups.items():
        if name != "drums":
            row |= _named(f"{name}: onset on sixteenth", _slots(x, mine))
        times = np.unique(x.score.notes["start"][mine])
        following = -(-times // TICKS) * TICKS
        row[f"{name}: syncopated"] = _mean((following < x.score.bar_starts[-1]) & ~np.isin(following, times))
    return row


def _slots(x: Lines, mine: NDArray[np.bool_]) -> Row:
    slot = (x.inside[mine] // (TICKS // 4)) % SLOTS
    there = np.zeros((x.score.bars, SLOTS))
    there[x.bar[mine], slot] = 1
    return dict(zip(map(str, range(1, SLOTS + 1)), there.mean(0).tolist(), strict=True))


def grid(x: Lines) -> Row:
    """Where in the beat notes start: sixteenths, triplets (swing), and what is off the grid."""
    row = Row()
    for name, mine in (("drums", x.drums), ("pitched", ~x.drums)):
        place = _PLACE_OF[x.score.notes["start"][mine] % TICKS // 2]
        row |= _named(f"{name}: onset on", _shares(place, _PLACES))
    return row


def kit(x: Lines) -> Row:
    """Drum voices: hits a beat, and the share of bars with kick and snare on each sixteenth."""
    voices = {name: x.voice(pitches) for name, pitches in VOICES.items()}
    voices["other"] = x.drums & ~np.logical_or.reduce(list(voices.values()))
    row = {f"{name}: hits a beat": mine.sum() / x.quarters for name, mine in voices.items()}
    for name in ("kick", "snare"):
        row |= _named(f"{name}: on sixteenth", _slots(x, voices[name]))
    place = x.inside[x.voice(CYMBALS)] % TICKS // (TICKS // 4)
    row |= _named("cymbal: on sixteenth of the beat", _shares(place, "1234"))
    times = {name: x.score.notes["start"][mine] for name, mine in voices.items()}
    row["kick under snare"] = _mean(np.isin(times["snare"], times["kick"]))
    row["bars with drums"] = len(np.unique(x.bar[x.drums])) / x.score.bars
    return row


def times(x: Lines) -> Row:
    """Times from onset to onset of drums, bass and top line, durations of bass and others, and how legato they are."""
    row = Row()
    for name, mine in (("drums", x.drums), ("bass", x.bass), ("top", x.top)):
        start = np.unique(x.score.notes["start"][mine])
        step = np.diff(start)
        row |= _named(f"{name}: next onset after", _shares(np.searchsorted(_TIMES, step / TICKS), _TIME_NAMES))
        if name != "drums":
            length = x.score.notes["duration"][mine][:-1]
            row[f"{name}: legato"] = _mean(np.minimum(length / np.maximum(step, 1), 1.5))
    for name in ("bass", "others"):
        length = x.score.notes["duration"][x.groups[name]] / TICKS
        row |= _named(f"{name}: lasts", _shares(np.searchsorted(_TIMES, length), _TIME_NAMES))
        row[f"{name}: lengths"] = float(len(np.unique(length)))
    return row


def intervals(x: Lines) -> Row:
    """Steps and leaps of the top line and of the bass."""
    row = Row()
    for name, mine in (("bass", x.bass), ("top", x.top)):
        step = np.diff(x.score.notes["pitch"][mine].astype(int))
        row |= _named(f"{name}: moves by", _shares(np.searchsorted(_LEAPS, np.abs(step)), _LEAP_NAMES))
        row[f"{name}: moves up"] = _mean(step[step != 0] > 0)
        row[f"{name}: turns"] = _mean(np.sign(step[1:]) * np.sign(step[:-1]) < 0)
    return row


def pitches(x: Lines) -> Row:
    """Pitch classes above the tonic of the key found, for all and for the bass."""
    key = find_key(x.score, whole=False)
    root = 0 if key is None else key.root
    row = Row()
    for name, mine in (("all", ~x.drums), ("bass", x.bass)):
        above = (x.score.notes["pitch"][mine] - root) % 12
        row |= _named(f"{name}: semitones above tonic", _shares(above, [str(i) for i in range(12)]))
    row["in scale"] = float(np.nan_to_num(metrics.scale_consistency(x.score)))
    row["entropy of a bar"] = float(np.nan_to_num(metrics.pitch_class_entropy(x.score)))
    return row


def harmony(x: Lines) -> Row:
    """Chords by half bar: how often they change, which they are, how their roots move; dissonance."""
    chords = find_chords(x.score).ravel()
    known = chords[chords >= 0]
    root, quality = known // len(QUALITIES), np.array(list(QUALITIES))[known % len(QUALITIES)]
    moved = np.diff(known) != 0
    step = (np.diff(root) % 12)[moved]
    row = {
        "chord unclear": _mean(chords < 0),
        "chord changes a beat": moved.sum() / x.quarters,
        "chords": float(len(np.unique(known))),
        "root falls a fifth": _mean(step == 5),
        "root rises a fifth": _mean(step == 7),
        "root moves a step": _mean(np.isin(step, (1, 2, 10, 11))),
        "root stays": _mean(step == 0),
    }
    for name, members in _QUALITIES.items():
        row[f"chord {name}"] = _mean(np.isin(quality, members))
    classes = x.roll.reshape(len(x.roll), -1)[:, :120].reshape(len(x.roll), 10, 12).any(1)
    pairs = np.array([(classes & np.roll(classes, k, 1)).sum() * (0.5 if k == 6 else 1.0) for k in range(1, 7)])
    row |= _named("interval class", dict(zip("123456", (pairs / max(pairs.sum(), 1)).tolist(), strict=True)))
    half = np.repeat(np.diff(x.score.bar_starts) // 2, 2)
    at = np.searchsorted(np.cumsum(half), x.score.notes["start"][x.bass], side="right")
    under = chords[np.minimum(at, len(chords) - 1)]
    row["bass on root"] = _mean((x.score.notes["pitch"][x.bass] % 12 == under // len(QUALITIES))[under >= 0])
    return row


def texture(x: Lines) -> Row:
    """Pitches at a time, chord sizes, and parts that double others."""
    notes = x.score.notes[~x.drums]
    count = x.roll.sum(1)
    _, size = np.unique(notes["start"].astype(np.int64) * 64 + notes["part"], return_counts=True)
    at = notes["start"].astype(np.int64) * 256 + notes["pitch"]
    row = {
        "polyphony": _mean(count),
        "polyphony spread": float(count.std()),
        "silence": _mean(count == 0),
        "unison doubled": _mean(np.unique(at, return_counts=True)[1] > 1),
        "octave doubled": _mean(np.isin(at + 12, at) | np.isin(at - 12, at)),
    }
    return row | _named("notes at once", _shares(np.minimum(size, 5) - 1, ("1", "2", "3", "4", "5+")))


def register(x: Lines) -> Row:
    """Where bass, top line and others lie, and how far they reach."""
    row = Row()
    for name, mine in (("bass", x.bass), ("top", x.top), ("others", x.others)):
        pitch = x.score.notes["pitch"][mine]
        row[f"{name}: pitch"] = _mean(pitch)
        row[f"{name}: range"] = float(np.ptp(pitch)) if len(pitch) else 0.0
        row[f"{name}: pitches"] = float(len(np.unique(pitch)))
    return row


def velocity(x: Lines) -> Row:
    """How loud: mean, spread, values used, likeness to the note before, accents; the kit by sixteenth of the beat."""
    row = Row()
    loud = x.score.notes["velocity"].astype(float)
    for name, mine in x.groups.items():
        v, on = loud[mine], x.score.notes["start"][mine] % TICKS == 0
        which = np.unique(x.score.notes["start"][mine], return_inverse=True)[1]
        means = np.bincount(which, weights=v) / np.maximum(np.bincount(which), 1)
        row[f"{name}: velocity"] = _mean(v)
        row[f"{name}: velocity spread"] = float(v.std()) if len(v) else 0.0
        row[f"{name}: velocities used"] = float(len(np.unique(v)))
        row[f"{name}: velocity lag 1"] = _lag(means, 1)
        row[f"{name}: accent on the beat"] = _mean(v[on]) - _mean(v[~on]) if on.any() and not on.all() else 0.0
    for name, members in (("kick", VOICES["kick"]), ("snare", VOICES["snare"]), ("cymbal", CYMBALS)):
        mine = x.voice(members)
        v, place = loud[mine], x.inside[mine] % TICKS // (TICKS // 4)
        row[f"{name}: velocity spread"] = float(v.std()) if len(v) else 0.0
        for i in range(4):
            row[f"{name}: accent on sixteenth {i + 1}"] = _mean(v[place == i]) - _mean(v) if (place == i).any() else 0.0
    bars = np.bincount(x.bar, weights=loud, minlength=x.score.bars) / np.maximum(
        np.bincount(x.bar, minlength=x.score.bars), 1
    )
    row["spread of bars' velocity"] = float(bars.std())
    return row


def repetition(x: Lines) -> Row:
    """Bars that come again, by group, with their pitches and by rhythm alone; and one, two, four bars later."""
    row = Row()
    for name, mine in x.groups.items():
        for what, content in (("notes", x.inside * 128 + x.score.notes["pitch"]), ("rhythm", x.inside)):
            alike = metrics.similarity(x.bar[mine], content[mine], x.score.bars)
            best = metrics.best_earlier(alike)
            row[f"{name}: {what} repeat"] = _mean(best == 1)
            row[f"{name}: {what} recalled"] = _mean(best)
            if what == "notes":
                row |= {f"{name}: like {lag} bars before": _mean(np.diagonal(alike, lag)) for lag in (1, 2, 4)}
    return row


def form(x: Lines) -> Row:
    """How the number of notes changes from bar to bar: spread, periods of two, four and eight, growth."""
    row = Row()
    for name, mine in (("drums", x.drums), ("pitched", ~x.drums)):
        count = np.bincount(x.bar[mine], minlength=x.score.bars).astype(float)
        row[f"{name}: spread of notes a bar"] = float(count.std() / max(count.mean(), 1e-9))
        row |= {f"{name}: notes a bar, lag {lag}": _lag(count, lag) for lag in (2, 4, 8)}
        half = len(count) // 2
        row[f"{name}: growth"] = float((count[half:].mean() - count[:half].mean()) / max(count.mean(), 1e-9))
    return row


#: What is measured, by family.
FAMILIES: dict[str, Callable[[Lines], Row]] = {
    "density": density,
    "onsets": onsets,
    "grid": grid,
    "kit": kit,
    "times": times,
    "intervals": intervals,
    "pitches": pitches,
    "harmony": harmony,
    "texture": texture,
    "register": register,
    "velocity": velocity,
    "repetition": repetition,
    "form": form,
}


def _rows(score: Score) -> Row:
    lines = Lines(score)
    return {f"{family}/{name}": value for family, of in FAMILIES.items() for name, value in of(lines).items()}


@cache
def names() -> tuple[str, ...]:
    """The names of the features, each "family/what", in the order of `features`.

    >>> len(names()), names()[0], sorted({name.split("/")[0] for name in names()}) == sorted(FAMILIES)
    (..., 'density/drums: notes a beat', True)
    """
    return tuple(_rows(Score((Part(0),), (Meter(),) * 4, np.zeros(0, NOTE))))


def features(score: Score) -> NDArray[np.float64]:
    """An excerpt as numbers, shape [len(names())]; what is not there is 0."""
    return np.array([float(value) for value in _rows(score).values()])


def programs(score: Score) -> NDArray[np.float64]:
    """The share of notes of each program, drums first, shape [129]: what the instruments alone would tell."""
    program = np.array([p.program for p in score.parts], np.int64)[score.notes["part"]]
    return np.bincount(program + 1, minlength=129) / max(len(program), 1)

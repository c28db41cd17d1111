"""A MIDI file as a `Score` on the grid: bars from the time signatures, parts from the tracks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError, FileError
from symbolic_music.files.export import Export
from symbolic_music.files.limits import MOST_NOTES, MOST_TICKS, readable_midi, usable_tempo
from symbolic_music.files.names import key_of_signature, readable
from symbolic_music.files.scan import said
from symbolic_music.score import DEFAULT_TEMPO, NOTE, Part, Score, sort_notes, straight, swung
from symbolic_music.theory import genres
from symbolic_music.theory.genres import Genre
from symbolic_music.theory.instruments import CHAIRS, DRUMS
from symbolic_music.theory.instruments import table as instruments
from symbolic_music.theory.keys import Key
from symbolic_music.theory.kit import KITS
from symbolic_music.theory.meters import METERS, TICKS, Meter, meter

if TYPE_CHECKING:
    from symusic.core import ScoreTick, TrackTick

T = TypeVar("T")
#: Programs whose staves are one player's hands, so that their tracks make one part.
KEYBOARDS = frozenset({*range(9), *range(14, 24), 46})
#: Electronic kits' own numbers (Roland TD-11) as General MIDI: the edge of the closed and of the open hi-hat.
KIT = {22: 42, 26: 46}
LOWEST_DRUM, HIGHEST_DRUM = 27, 88
_BY_TICKS = {m.ticks: m for m in reversed(METERS)}


@dataclass(frozen=True)
class _Bars:
    """Bars in the file's ticks (24 a quarter), the rest each starts with, and their meters."""

    edges: NDArray[np.int64]
    lead: NDArray[np.int64]
    meters: tuple[Meter, ...]

    def of(self, ticks: NDArray[Any]) -> NDArray[np.int64]:
        """The bar, from 0, in which a tick of the file lies."""
        return np.searchsorted(self.edges, ticks, side="right") - 1

    def inside(self, ticks: NDArray[Any]) -> NDArray[np.int64]:
        """How far a tick of the file lies in its bar, the rest at its start counted."""
        bar = self.of(ticks)
        return np.asarray(ticks - self.edges[bar] + self.lead[bar])


def _bars(signatures: list[tuple[int, int, int]], end: int) -> _Bars:
    """Cut the time from 0 to `end` into bars.

    A bar that a new signature cuts short becomes a bar of a shorter meter, or
    is filled up with silence: before its notes if it is the first (a pickup),
    after them otherwise.
    """
    if not signatures or signatures[0][0] > 0:
        signatures = [(0, 4, 4), *signatures]
    edges, lead = [0], []
    meters: list[Meter] = []
    for i, (_, beats, unit) in enumerate(signatures):
        stop = signatures[i + 1][0] if i + 1 < len(signatures) else end
        full = _meter(beats, unit, len(meters) + 1)
        while edges[-1] < stop:
            length = min(full.ticks, stop - edges[-1]) if i + 1 < len(signatures) else full.ticks
            bar, rest = full, 0
            if length < full.ticks:
                pickup = edges[-1] == 0
                bar = full if pickup else _BY_TICKS.get(length, full)
                rest = full.ticks - length if pickup else 0
            if not meters and length < full.ticks and i + 1 < len(signatures):
                following = _meter(*signatures[i + 1][1:], 2)
                bar, rest = (following, following.ticks - length) if following.ticks >= length else (full, rest)
            edges.append(edges[-1] + length)
            lead.append(rest)
            meters.append(bar)
    return _Bars(np.array(edges), np.array(lead, np.int64), tuple(meters))


def _meter(beats: int, unit: int, bar: int) -> Meter:
    try:
        return meter(f"{beats}/{unit}")
    except BriefError as error:
        raise BriefError(error.what, hint=f"in bar {bar}; {error.hint}") from None


def _sounds(track: TrackTick) -> bool:
    """Whether a track holds a note that the token language can say."""
    pitches = track.notes.numpy()["pitch"]
    if track.is_drum:
        return bool(np.isin(pitches, [*KIT, *range(LOWEST_DRUM, HIGHEST_DRUM + 1)]).any())
    return len(pitches) > 0


def _parts(tracks: list[TrackTick], numbered: bool) -> list[Part]:
    """A part for every track: keyboards share one, others take chairs, the fifth shares the fourth.

    If `numbered`, a second keyboard is one that is called so, such as "piano 2".
    """
    seen: Counter[int] = Counter()
    parts = []
    for track in tracks:
        program = DRUMS if track.is_drum else track.program
        if program not in KEYBOARDS and program != DRUMS:
            seen[program] += 1
        elif numbered:
            name, _, number = track.name.strip().lower().rpartition(" ")
            own = name in instruments() and instruments()[name].program == program
            seen[program] = int(number) if own and number in ("2", "3", "4") else 1
        parts.append(Part(program, min(max(seen[program], 1), CHAIRS)))
    return parts


def tidy(notes: NDArray[Any]) -> NDArray[Any]:
    """Notes in order, each (start, part, pitch) once, none sounding into the next of its pitch."""
    notes = notes[np.lexsort((-notes["duration"], notes["start"], notes["pitch"], notes["part"]))]
    if len(notes) < 2:
        return notes
    same = (notes["pitch"][1:] == notes["pitch"][:-1]) & (notes["part"][1:] == notes["part"][:-1])
    twice = np.concatenate([[False], same & (notes["start"][1:] == notes["start"][:-1])])
    notes = notes[~twice]
    same = (notes["pitch"][1:] == notes["pitch"][:-1]) & (notes["part"][1:] == notes["part"][:-1])
    room = np.where(same, notes["start"][1:] - notes["start"][:-1], np.iinfo(np.int32).max)
    notes["duration"][:-1] = np.minimum(notes["duration"][:-1], room)
    return sort_notes(notes)


def from_symusic(
    file: ScoreTick, *, end: int = 0, numbered: bool = False, swing: tuple[str, float] | None = None
) -> Score:
    """A symusic score on our grid of 12 positions a beat, with the tempos and keys of the file where they change.

    Parameters
    ----------
    file : symusic.core.ScoreTick
    end : int
        Where the last bar ends at least, in ticks of the score, if a bar ends there.
    numbered : bool
        Whether "piano" and "piano 2" are two parts, not two hands.
    swing : (str, float), optional
        The feel and the share of a genre that is known to have swung the notes, which are written straight then.

    Raises
    ------
    BriefError
        If a time signature is none of the token language's, a tempo is absurd, or there are too many notes.
    """
    scale, whole = TICKS / file.ticks_per_quarter, [t.notes.numpy() for t in file.tracks if _sounds(t)]
    file = file.resample(TICKS, min_dur=1)
    tracks = [t for t in file.tracks if _sounds(t)]
    signatures = sorted({s.time: (s.time, s.numerator, s.denominator) for s in file.time_signatures}.values())
    parts = _parts(tracks, numbered)
    order = sorted(set(parts))
    arrays = []
    for track, part, exact in zip(tracks, parts, whole, strict=True):
        columns = track.notes.numpy()
        notes = np.zeros(len(columns["time"]), NOTE)
        for name, column in (("start", "time"), ("duration", "duration"), ("pitch", "pitch"), ("velocity", "velocity")):
            notes[name] = columns[column]
        if swing:  # by where it ends: symusic rounds the length
            ends = np.rint((exact["time"] + exact["duration"]) * scale).astype(np.int32)
            notes["duration"] = np.maximum(ends - notes["start"], 1)
        notes["part"] = order.index(part)
        if part.is_drums:
            for own, general in KIT.items():
                notes["pitch"][notes["pitch"] == own] = general
            notes = notes[(notes["pitch"] >= LOWEST_DRUM) & (notes["pitch"] <= HIGHEST_DRUM)]
        arrays.append(notes)
    notes = np.concatenate(arrays) if arrays else np.zeros(0, NOTE)
    if len(notes) > MOST_NOTES:
        raise BriefError(f"{len(notes):,} notes", hint=f"up to {MOST_NOTES:,} work")
    # a bar that a note only just reaches, as in live playing, is none of its own
    needed = (
        int(max(notes["start"].max() + 1, (notes["start"] + notes["duration"]).max() - TICKS // 2)) if len(notes) else 1
    )
    if needed > MOST_TICKS or (len(notes) and notes["start"].min() < 0):
        raise BriefError("a note too late to count its bar", hint=f"up to {MOST_TICKS // TICKS:,} quarter notes work")
    bars = _bars([s for s in signatures if s[0] < needed], needed)
    if bars.edges[-1] < end <= MOST_TICKS:
        longer = _bars([s for s in signatures if s[0] < end], end)
        bars = longer if longer.edges[-1] == end else bars
    if swing:
        notes = straight(notes, bars.meters, *swing)

    starts = np.concatenate([[0], np.cumsum([m.ticks for m in bars.meters])])
    bar = bars.of(notes["start"])
    step = np.array([m.step for m in bars.meters])
    position = (bars.inside(notes["start"]) + step[bar] // 2) // step[bar]
    last = np.array([m.positions for m in bars.meters])[bar] - 1
    late = position > last
    bar = np.where(late & (bar + 1 < len(bars.meters)), bar + 1, bar)
    position = np.where(late, np.where(bar + 1 < len(bars.meters), 0, last), position)
    notes["start"] = starts[bar] + position * step[bar]
    notes["duration"] = np.maximum(np.minimum(notes["duration"], starts[-1] - notes["start"]), 1)
    tempo, tempos = _tempos(file, bars, starts)
    key, keys = _keys(file, bars)
    return Score(
        parts=tuple(order),
        meters=bars.meters,
        notes=tidy(notes),
        tempo=tempo,
        key=key,
        names=tuple(next(t.name for t, p in zip(tracks, parts, strict=True) if p == q) for q in order),
        tempos=tempos,
        keys=keys,
        sections=_sections(file, bars),
    )


def _sections(file: ScoreTick, bars: _Bars) -> tuple[str, ...]:
    """The file's markers as labels of the bars they begin, each to the next."""
    found = {0: ""} | {
        int(bars.of(np.array(m.time))): readable(m.text) for m in file.markers if m.time < bars.edges[-1]
    }
    edges = [*sorted(found), len(bars.meters)]
    labels = tuple(found[start] for start, stop in pairwise(edges) for _ in range(stop - start))
    return labels if any(labels) else ()


def _changed(found: dict[int, T]) -> list[tuple[int, T]]:
    """By place, only what differs from what went before."""
    rows = sorted(found.items())
    return [row for i, row in enumerate(rows) if i == 0 or row[1] != rows[i - 1][1]]


def _tempos(
    file: ScoreTick, bars: _Bars, starts: NDArray[np.int64]
) -> tuple[float | None, tuple[tuple[int, float], ...]]:
    """The tempo at the start and its changes in the score's ticks; 120 before the first that is stated, as in MIDI."""
    events = sorted((t for t in file.tempos if t.time < bars.edges[-1]), key=lambda t: t.time)
    ticks = np.array([t.time for t in events], np.int64)
    bar = bars.of(ticks)
    places = starts[bar] + np.minimum(bars.inside(ticks), np.diff(starts)[bar])
    places[ticks == 0] = 0  # before the rest that fills up the first bar, too
    rows = zip(places.tolist(), events, bar.tolist(), strict=True)
    found = {place: usable_tempo(event.mspq, number + 1) for place, event, number in rows}
    if not found:
        return None, ()
    first, *later = _changed({0: DEFAULT_TEMPO} | found)
    return first[1], tuple(later)


def _keys(file: ScoreTick, bars: _Bars) -> tuple[Key | None, tuple[tuple[int, Key], ...]]:
    """The key at the start and its changes by bar; the first that is stated holds from the start."""
    events = sorted((k for k in file.key_signatures if k.time < bars.edges[-1]), key=lambda k: k.time)
    rows = ((int(bars.of(np.array(k.time))), key_of_signature(k.key, k.tonality)) for k in events)
    found = _changed({bar: key for bar, key in rows if key is not None})
    return (found[0][1], tuple(found[1:])) if found else (None, ())


@dataclass(frozen=True, eq=False)
class Opened:
    """A MIDI file with what a score does not hold.

    Attributes
    ----------
    score : Score
        All bars up to where the tracks end together, and the genre of a file of this library's.
    title : str
        The name of the first track where that holds no notes.
    export : Export
        The kit, where it is not that of the genre, and the copyright.
    offsets : array of float32, shape [2, notes], or None
        How the genre swings the notes of a composed piece, which are written straight in the score.
    """

    score: Score
    title: str
    export: Export
    offsets: NDArray[np.float32] | None


def opened(path: str | Path) -> Opened:
    """Read a MIDI file to write it again: all that this library writes, and a part for each piano that has a number.

    Raises
    ------
    FileError
        As in `load`, and if its tracks are independent (type 2).
    """
    data = readable_midi(path)
    about = said(data)
    if about.type == 2:
        raise FileError(f"{path} has independent tracks", hint="use a type 0 or 1 file")
    genre = _genre(about.receipt)
    changed = about.receipt.get("export", {})
    composed = "brief" in about.receipt and not any(name in changed for name in ("swing", "humanise"))
    swing = (genre.feel, genre.swing) if genre and composed else None
    score = _score(path, data, end=about.end, numbered=True, swing=swing)
    if about.type == 0:  # which has no names for its parts
        score = replace(score, names=())
    usual = (genre and genre.kit) or "standard"
    kit = next((name for name, program in KITS.items() if program == about.kit and name != usual), "")
    return Opened(
        replace(score, genre=genre.name if genre else ""),
        about.title,
        Export(kit=kit, copyright=about.copyright),
        swung(score.notes, score.meters, *swing) if swing else None,
    )


def _genre(receipt: dict[str, Any]) -> Genre | None:
    """The genre that a receipt states."""
    brief = receipt.get("brief")
    return genres.table().get(str(brief.get("genre") if isinstance(brief, dict) else receipt.get("style")))


def load(path: str | Path) -> Score:
    """Read a MIDI file as it is learned from: the bars that have notes, keyboards of one program as one player.

    Raises
    ------
    FileError
        If there is no such file, it is too large, or it is not a MIDI file that can be read.
    """
    return _score(path, readable_midi(path))


def _score(path: str | Path, data: bytes, **how: Any) -> Score:
    from symusic.core import ScoreTick

    try:
        file = ScoreTick.from_midi(data)
    except Exception as error:  # symusic raises bare RuntimeError, ValueError and others
        raise FileError(f"{path} cannot be read as MIDI", hint=f"the file is broken or cut off ({error})") from error
    if not any(_sounds(track) for track in file.tracks):
        raise FileError(f"{path} holds no notes", hint="give a MIDI file with notes")
    try:
        return from_symusic(file, **how)
    except BriefError as error:
        raise FileError(f"{path}: {error.what}", hint=error.hint) from error


def receipt(path: str | Path) -> dict[str, Any]:
    """How a file of ours was made, out of its text event; empty for any other file."""
    try:
        return said(readable_midi(path)).receipt
    except FileError:
        return {}

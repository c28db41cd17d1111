"""How much sounds at once, how a line moves, how loud it is."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from symbolic_music.errors import BriefError, nearest
from symbolic_music.rules.base import Scoped, bar_of, heard, put, verdict, whole
from symbolic_music.rules.limits import WIDE, Limits
from symbolic_music.rules.scope import Tracks, cells
from symbolic_music.score import Score
from symbolic_music.tokens.vocabulary import DYNAMICS, Kind, vocabulary

#: Intervals in semitones by name; of two of one name the wider.
INTERVALS = {
    "unison": 0, "minor second": 1, "second": 2, "minor third": 3, "third": 4, "fourth": 5, "tritone": 6, "fifth": 7,
    "minor sixth": 8, "sixth": 9, "minor seventh": 10, "seventh": 11, "octave": 12, "minor ninth": 13, "ninth": 14,
    "minor tenth": 15, "tenth": 16, "eleventh": 17, "twelfth": 19, "two octaves": 24,
}  # fmt: skip
_SEMITONES = {
    number: name if name == "two octaves" else f"{'an' if name[0] in 'oe' else 'a'} {name}"
    for name, number in INTERVALS.items()
}
_ALIASES = {"semitone": 1, "half step": 1, "tone": 2, "whole tone": 2, "step": 2, "whole step": 2}
_MOST = 32
#: The middle velocity of each dynamic mark.
MIDDLES = {"pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112}
#: How far a note of a crescendo may lie from its line.
_AWAY = 12


def keep_at_once(limits: Limits, bars: list[int], parts: list[int], most: int) -> None:
    """Let at most so many notes of each part sound at once, and none be held over from where more may."""
    where = cells(bars, parts)
    limits.sounding[where] = np.minimum(limits.sounding[where], most)
    limits.together[where] = np.minimum(limits.together[where], most)
    for bar in bars:
        if bar:
            limits.ties[bar, parts] &= limits.sounding[bar - 1, parts] <= limits.sounding[bar, parts]


def at_once(score: Score, bars: list[int], parts: list[int]) -> list[tuple[int, int]]:
    """The most notes of one part that sound at once in each of some bars, as (bar, notes)."""
    found = dict.fromkeys(bars, 0)
    for part in parts:
        notes, at = heard(score, bars, [part])
        entered = np.maximum(notes["start"], score.bar_starts[at])  # a note may be held into a bar
        starts, ends = np.sort(notes["start"]), np.sort(notes["start"] + notes["duration"])
        inner = score.bar_starts[[bar for bar in bars if bar]]
        moments = np.unique(np.concatenate([entered, inner]))
        sounding = np.searchsorted(starts, moments, "right") - np.searchsorted(ends, moments, "right")
        for bar, count in zip(bar_of(score, moments).tolist(), sounding.tolist(), strict=True):
            if bar in found:
                found[bar] = max(found[bar], count)
    return list(found.items())


def _at_once(score: Score, bars: list[int], parts: list[int], most: int) -> tuple[str, bool]:
    counts = at_once(score, bars, parts)
    bad = next((f"{count} at once in bar {bar + 1}" for bar, count in counts if count > most), "")
    return bad or f"at most {max(count for _, count in counts)} at once", not bad


@dataclass(frozen=True, repr=False)
class Polyphony(Scoped):
    """At most so many notes of each track sound at once, held ones too.

    >>> Polyphony(4, tracks="piano").name
    'at most 4 notes at once (piano)'
    """

    most: int

    def __post_init__(self) -> None:
        super().__post_init__()
        put(self, most=whole("notes at once", self.most, 1, _MOST))

    @property
    def said(self) -> str:
        return f"at most {self.most} note{'' if self.most == 1 else 's'} at once"

    def narrow(self, limits: Limits) -> None:
        keep_at_once(limits, *self.where(limits), self.most)

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        return _at_once(score, bars, parts, self.most)


@dataclass(frozen=True, repr=False)
class Monophonic(Scoped):
    """One note of each track at a time: `Polyphony` of 1.

    >>> Monophonic(tracks="melody").name
    'one note at a time (melody)'
    """

    @property
    def said(self) -> str:
        return "one note at a time"

    def narrow(self, limits: Limits) -> None:
        keep_at_once(limits, *self.where(limits), 1)

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        return _at_once(score, bars, parts, 1)


@dataclass(frozen=True, repr=False)
class _Line(Scoped):
    """How a track of single notes moves from one note to the next."""

    tracks: Tracks | Iterable[str] = field(default="melody", kw_only=True)

    @property
    def _steps(self) -> tuple[int, int]:
        """The widest steps down and up."""
        raise NotImplementedError

    def narrow(self, limits: Limits) -> None:
        bars, parts = self.where(limits)
        keep_at_once(limits, bars, parts, 1)
        where = cells(bars, parts)
        for table, most in zip((limits.fall, limits.rise), self._steps, strict=True):
            table[where] = np.minimum(table[where], most)

    def found(self, score: Score, repeated: Container[tuple[int, int]] = ()) -> tuple[str, bool] | None:
        """As in `Rule`.

        Parameters
        ----------
        score : Score
        repeated : container of (bar, part)
            From 0, where a part repeats a bar exactly: steps into and out of these are not counted.
        """
        return self._look(score, partial(self._found, repeated=repeated))

    def judged(self, score: Score, repeated: Container[tuple[int, int]]) -> tuple[str, bool] | None:
        return self.found(score, repeated)

    def _found(
        self, score: Score, bars: list[int], parts: list[int], repeated: Container[tuple[int, int]] = ()
    ) -> tuple[str, bool]:
        words, single = _at_once(score, bars, parts, 1)
        if not single:
            return words, False
        widest = [0, 0]
        for part in parts:
            notes = score.notes[score.notes["part"] == part]
            notes = notes[np.diff(notes["start"], append=-1) != 0]  # of a chord before the bars, the highest
            at = bar_of(score, notes["start"]).tolist()
            for (before, bar), step in zip(pairwise(at), np.diff(notes["pitch"].astype(int)).tolist(), strict=True):
                if bar not in bars or (before != bar and ((before, part) in repeated or (bar, part) in repeated)):
                    continue
                way = int(step > 0)
                if abs(step) > self._steps[way]:
                    return f"{_interval(abs(step))} {('down', 'up')[way]} in bar {bar + 1}", False
                widest[way] = max(widest[way], abs(step))
        return f"at most {_interval(widest[0])} down, {_interval(widest[1])} up", True


def _interval(semitones: int) -> str:
    return _SEMITONES.get(semitones, f"{semitones} semitones")


@dataclass(frozen=True, repr=False)
class Leaps(_Line):
    """From note to note no wider step than this; the melody's, unless other tracks are named. One note at a time.

    Parameters
    ----------
    most : int or str
        Semitones, or an interval by name: "fifth", "minor third", "octave".

    Examples
    --------
    >>> Leaps("fifth") == Leaps(7), Leaps(7).name
    (True, 'leaps up to a fifth (melody)')
    """

    most: int | str

    def __post_init__(self) -> None:
        super().__post_init__()
        most = self.most
        if isinstance(most, str) and not most.strip().isdecimal():
            wanted = most.lower().replace("major ", "").replace("perfect ", "").strip()
            known = INTERVALS | _ALIASES
            if wanted not in known:
                raise BriefError(f"no interval {most!r}", hint=nearest(wanted, known))
            most = known[wanted]
        put(self, most=whole("leaps of", int(most) if isinstance(most, str) else most, 0, 127))

    @property
    def said(self) -> str:
        return f"leaps up to {_interval(int(self.most))}"

    @property
    def _steps(self) -> tuple[int, int]:
        return int(self.most), int(self.most)


@dataclass(frozen=True, repr=False)
class Contour(_Line):
    """A line that only rises, or only falls; repeated notes may come. The melody's, unless other tracks are named.

    >>> Contour("rising", bars=(1, 2)).name
    'rising (melody, bars 1-2)'
    """

    shape: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shape not in ("rising", "falling"):
            raise BriefError(f"contour {self.shape!r}", hint="rising or falling")

    @property
    def said(self) -> str:
        return self.shape

    @property
    def _steps(self) -> tuple[int, int]:
        return (0, WIDE) if self.shape == "rising" else (WIDE, 0)


@dataclass(frozen=True, repr=False)
class Dynamics(Scoped):
    """How loud notes are that start in the bars.

    Parameters
    ----------
    low, high : str or int
        Marks (pp p mp mf f ff), from the softest of the one to the loudest of the other, or velocities 1 to 127.

    Examples
    --------
    >>> Dynamics("p", "mf").name, Dynamics(40, 90).name
    ('dynamics p to mf', 'dynamics 40 to 90')
    """

    low: str | int
    high: str | int
    _drums: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for end in (self.low, self.high):
            loudness(end)
        low, high = self._ends
        if low > high:
            raise BriefError(f"{self.said} is upside down", hint="the softer one comes first")

    @property
    def said(self) -> str:
        return f"dynamics {self.low} to {self.high}"

    @property
    def _ends(self) -> tuple[float, float]:
        return loudness(self.low)[0], loudness(self.high)[2]

    def narrow(self, limits: Limits) -> None:
        bars, parts = self.where(limits)
        for bar in bars:
            keep_loudness(limits, self.name, bar, parts, *self._ends)

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        return _loud(score, dict.fromkeys(bars, self._ends), parts)


@dataclass(frozen=True, repr=False)
class Crescendo(Scoped):
    """Louder, or softer, bar by bar: every note lies within 12 of the line between two velocities.

    Parameters
    ----------
    start, end : str or int
        Marks (their middle: pp 33, p 49, mp 64, mf 80, f 96, ff 112) or velocities: what the first and the last of the
        bars are like.

    Examples
    --------
    >>> Crescendo("p", "ff", bars=(5, 8)).name, Crescendo("f", "p").name
    ('crescendo p to ff (bars 5-8)', 'diminuendo f to p')
    """

    start: str | int
    end: str | int
    _drums: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for end in (self.start, self.end):
            loudness(end)
        if isinstance(self.bars, int):
            raise BriefError(f"{self.name}: one bar", hint="two bars or more")

    @property
    def said(self) -> str:
        falls = loudness(self.end)[1] < loudness(self.start)[1]
        return f"{'diminuendo' if falls else 'crescendo'} {self.start} to {self.end}"

    def _windows(self, bars: list[int]) -> dict[int, tuple[float, float]]:
        if len(bars) == 1:
            raise BriefError(f"{self.name}: one bar", hint="two bars or more")
        line = np.linspace(loudness(self.start)[1], loudness(self.end)[1], len(bars)).round(6).tolist()
        return {bar: (middle - _AWAY, middle + _AWAY) for bar, middle in zip(bars, line, strict=True)}

    def narrow(self, limits: Limits) -> None:
        bars, parts = self.where(limits)
        for bar, window in self._windows(bars).items():
            keep_loudness(limits, self.name, bar, parts, *window)

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        return _loud(score, self._windows(bars), parts)


def loudness(mark: Any) -> tuple[int, int, int]:
    """The softest, the middle and the loudest velocity of a dynamic mark; a velocity itself.

    >>> loudness("mf"), loudness(90)
    ((72, 80, 87), (90, 90, 90))
    """
    if not isinstance(mark, str):
        return (whole("velocity", mark, 1, 127),) * 3
    if mark not in MIDDLES:
        raise BriefError(f"no dynamic mark {mark!r}", hint="pp p mp mf f ff, or a velocity 1 to 127")
    marks = list(MIDDLES)
    after = marks.index(mark) + 1
    return max(1, DYNAMICS[mark]), MIDDLES[mark], DYNAMICS[marks[after]] - 1 if after < len(marks) else 127


def keep_loudness(limits: Limits, name: str, bar: int, parts: list[int], low: float, high: float) -> None:
    """Let the notes of a bar be as loud as this.

    Raises
    ------
    BriefError
        If no velocity of the vocabulary is.
    """
    v = vocabulary()
    known = v.value[v.ids(Kind.VELOCITY)]
    if not ((known >= low) & (known <= high)).any():
        raise BriefError(f"{name}: no velocity lies there", hint=f"there are {', '.join(map(str, known.tolist()))}")
    limits.velocities[bar, parts] &= (np.arange(128) >= low) & (np.arange(128) <= high)


def _loud(score: Score, windows: dict[int, tuple[float, float]], parts: list[int]) -> tuple[str, bool]:
    notes, at = heard(score, list(windows), parts, held=False)
    loud = notes["velocity"]
    low, high = np.array([windows[bar] for bar in at.tolist()]).reshape(-1, 2).T
    good = f"velocities {loud.min()} to {loud.max()}" if len(loud) else ""
    return verdict(good, (loud < low) | (loud > high), at, lambda i: f"velocity {loud[i]}")

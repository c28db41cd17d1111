"""Limits: what a piece may hold, as tables that rules narrow and the matcher obeys.

A rule never touches the decoder. It takes possibilities away from these tables
before generation; a table with nothing left is a contradiction, found and named
there and then. What is left, the matcher keeps, whatever the weights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.score import Part
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.instruments import of_program
from symbolic_music.theory.meters import Meter
from symbolic_music.theory.pitch import spell


@dataclass
class Limits:
    """The tables.

    Attributes
    ----------
    parts : tuple of Part
        In order of program and chair; these sound and no other.
    meters : tuple of Meter
        One a bar.
    pitches : array of bool, shape [bars, parts, 128]
        What each part may play in each bar; to begin with, its instrument's range.
    chords : array of bool, shape [1 + chords]
        Chords a half bar may be planned on, "no chord" first.
    voices : array of int, shape [parts]
        Notes that a part may start at once.
    rest : int
        Bars running that a part may be silent.
    tempo : float or None
        Quarter notes a minute, once a rule has said so.
    """

    parts: tuple[Part, ...]
    meters: tuple[Meter, ...]
    tempo: float | None = None
    rest: int = 1
    pitches: NDArray[np.bool_] = field(init=False)
    voices: NDArray[np.int64] = field(init=False)
    chords: NDArray[np.bool_] = field(init=False)
    _named: list[tuple[str, NDArray[np.bool_]]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        ranges = np.zeros((len(self.parts), 128), bool)
        for row, part in zip(ranges, self.parts, strict=True):
            instrument = of_program(part.program)
            row[instrument.low : instrument.high + 1] = True
        self.pitches = np.repeat(ranges[None], len(self.meters), 0)
        self.voices = np.array([of_program(p.program).voices for p in self.parts], np.int64)
        self.chords = np.ones(1 + len(CHORDS), bool)

    def keep_pitches(
        self,
        name: str,
        allowed: NDArray[np.bool_],
        *,
        tracks: str | Iterable[str] | None = None,
        bars: tuple[int, int] | None = None,
    ) -> None:
        """Take away all pitches but `allowed`, shape [128], from some tracks (all but the drums) in some bars.

        `bars` counts from 1 and includes both ends. `name` is what the rule is
        called when it clashes with another.

        Raises
        ------
        BriefError
            If a track is left without a note in some bar, naming both rules.
        """
        wanted = None if tracks is None else {tracks} if isinstance(tracks, str) else set(tracks)
        if wanted is not None and (missing := wanted - {p.name for p in self.parts}):
            raise BriefError(f"{name}: no track {min(missing)!r}", hint=", ".join(p.name for p in self.parts))
        first, last = bars or (1, len(self.meters))
        if not 1 <= first <= last <= len(self.meters):
            raise BriefError(f"{name}: bars {first}-{last}", hint=f"the piece has bars 1-{len(self.meters)}")
        mine = np.ones_like(self.pitches)
        for i, part in enumerate(self.parts):
            if not part.is_drums and (wanted is None or part.name in wanted):
                mine[first - 1 : last, i] = allowed
        left = self.pitches & mine
        empty = np.argwhere(~left.any(2))
        if len(empty):
            bar, part = empty[0]
            clash = (n for n, other in self._named if not (other[bar, part] & mine[bar, part]).any())
            other = next(clash, f"the range of {self.parts[part].name}")
            where = f"bars {empty[0][0] + 1}-{empty[-1][0] + 1}"
            raise BriefError(
                f"{where}: {name} and {other} clash: {self.parts[part].name} is left without a note",
                hint="leave one out or widen it",
            )
        self.pitches = left
        self._named.append((name, mine))

    def keep_classes(
        self,
        name: str,
        classes: frozenset[int],
        *,
        tracks: str | Iterable[str] | None = None,
        bars: tuple[int, int] | None = None,
    ) -> None:
        """`keep_pitches` by pitch class; a plan of chords keeps to the same notes where the rule is for all."""
        if not classes:
            raise BriefError(f"{name}: an empty set of notes")
        allowed = np.isin(np.arange(128) % 12, sorted(classes))
        self.keep_pitches(name, allowed, tracks=tracks, bars=bars)
        if tracks is None and bars is None:
            self.chords[1:] &= [chord.pitch_classes <= classes for chord in CHORDS]


class Rule:
    """A limit; a rule of your own says its name and narrows the tables.

    Examples
    --------
    >>> class BelowMiddleC(Rule):
    ...     name = "below middle C"
    ...     def narrow(self, limits):
    ...         limits.keep_pitches(self.name, np.arange(128) < 60, tracks=["acoustic bass"])
    >>> limits = Limits((Part(32),), (Meter(),))
    >>> BelowMiddleC().narrow(limits)
    >>> np.flatnonzero(limits.pitches[0, 0]).max()
    np.int64(59)
    """

    name: str = ""

    def narrow(self, limits: Limits) -> None:
        """Take away what this rule forbids.

        Raises
        ------
        BriefError
            If nothing is left.
        """
        raise NotImplementedError


def spelled(classes: frozenset[int]) -> str:
    """A set of notes for a rule's name."""
    return f"only {spell(classes)}"

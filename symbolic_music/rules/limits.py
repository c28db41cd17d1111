"""Limits: what a piece may hold, as tables that rules narrow and the matcher obeys.

A rule never touches the decoder. It takes possibilities away from these tables before generation. What is left, the
matcher keeps, whatever the weights; tables that leave no piece are found and refused there and then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.rules.scope import Bars, cells, find_bars, find_parts
from symbolic_music.score import Part
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.instruments import of_program
from symbolic_music.theory.meters import Meter
from symbolic_music.tokens.layout import LONGEST
from symbolic_music.tokens.vocabulary import SECTIONS, Kind, vocabulary

if TYPE_CHECKING:
    from symbolic_music.rules.novel import Runs

#: More onsets or sounding notes than there ever are.
MANY = 999
#: Wider than any interval.
WIDE = 127


class Copy(NamedTuple):
    """A bar of a part that repeats an earlier one: `shift` semitones higher, or, if None, in rhythm only.

    `end` says whether it is the last bar of the repeat.
    """

    part: int
    source: int
    target: int
    shift: int | None
    end: bool


@dataclass
class Limits:
    """The tables. Bars, parts and positions count from 0; lengths are in positions of the bar where a note starts.

    Attributes
    ----------
    parts : tuple of Part
        In order of program and chair; these sound and no other.
    meters : tuple of Meter
        One a bar.
    sections : list of str
        The section of each bar, "" where the model names it.
    rest : int
        Bars running that a part may be without an onset.
    tempo : float or None
        Quarter notes a minute, once a rule has said so.
    pitches : array of bool, shape [bars, parts, 128]
        What may sound in a bar, held notes too; to begin with, the instrument's range.
    moments : dict of (bar, part) to array of bool, shape [positions, 128]
        What may sound at single positions of a bar, where that differs.
    starts : dict of (bar, part) to array of bool, shape [positions]
        Where a part may start notes, where not everywhere.
    strikes : dict of (bar, part, position) to array of bool, shape [128]
        What the lowest note that starts at a position may be, where not all that may sound.
    musts : dict of (bar, part) to array of bool, shape [positions]
        Where a part has to start a note.
    lengths : array of bool, shape [bars, parts, 145]
        How long notes may last that start in a bar; to begin with, what the vocabulary has.
    longest : array of int, shape [bars, parts, 128]
        The same for single pitches.
    ties : array of bool, shape [bars, parts]
        Whether notes may be held over the start of a bar.
    carries : dict of (bar, part) to array of bool, shape [128]
        The pitches that may be held over the start of a bar, where not all may.
    together, sounding : arrays of int, shape [bars, parts]
        Notes that a part may start at once; that may sound at once.
    least, most : arrays of int, shape [bars, parts]
        Onsets in a bar.
    fall, rise : arrays of int, shape [bars, parts]
        The widest steps down and up to a note from the one before it; a part with such a limit plays single notes.
        A negative one is a step that has to be made the other way.
    silent : array of bool, shape [bars, parts]
        Whether a part is told to be silent.
    velocities : array of bool, shape [bars, parts, 128]
        To begin with, what the vocabulary has.
    opening, closing : arrays of bool, shape [parts, 128]
        What a part's first and last onset may be.
    plan : array of bool, shape [bars, 2, 1 + chords]
        Chords that each half bar may be planned on, "no chord" first.
    copies : list of Copy
    foreign : dict of part to list of Runs
        Runs of notes that may not come; see `novel`.
    exact : array of bool, shape [bars, parts]
        Whether a note must not be cut short by its pitch's next start, beyond what `lengths` asks.
    reach : dict of (bar, part) to array of int, shape [positions]
        The longest length at each position, where that differs.
    """

    parts: tuple[Part, ...]
    meters: tuple[Meter, ...]
    tempo: float | None = None
    rest: int = 1
    sections: list[str] = field(init=False)
    pitches: NDArray[np.bool_] = field(init=False)
    moments: dict[tuple[int, int], NDArray[np.bool_]] = field(init=False, default_factory=dict)
    starts: dict[tuple[int, int], NDArray[np.bool_]] = field(init=False, default_factory=dict)
    strikes: dict[tuple[int, int, int], NDArray[np.bool_]] = field(init=False, default_factory=dict)
    musts: dict[tuple[int, int], NDArray[np.bool_]] = field(init=False, default_factory=dict)
    lengths: NDArray[np.bool_] = field(init=False)
    longest: NDArray[np.int64] = field(init=False)
    ties: NDArray[np.bool_] = field(init=False)
    carries: dict[tuple[int, int], NDArray[np.bool_]] = field(init=False, default_factory=dict)
    together: NDArray[np.int64] = field(init=False)
    sounding: NDArray[np.int64] = field(init=False)
    least: NDArray[np.int64] = field(init=False)
    most: NDArray[np.int64] = field(init=False)
    fall: NDArray[np.int64] = field(init=False)
    rise: NDArray[np.int64] = field(init=False)
    silent: NDArray[np.bool_] = field(init=False)
    velocities: NDArray[np.bool_] = field(init=False)
    opening: NDArray[np.bool_] = field(init=False)
    closing: NDArray[np.bool_] = field(init=False)
    plan: NDArray[np.bool_] = field(init=False)
    copies: list[Copy] = field(init=False, default_factory=list)
    foreign: dict[int, list[Runs]] = field(init=False, default_factory=dict)
    exact: NDArray[np.bool_] = field(init=False)
    reach: dict[tuple[int, int], NDArray[np.int64]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        bars, parts = len(self.meters), len(self.parts)
        sounds = [of_program(part.program) for part in self.parts]
        ranges = np.zeros((parts, 128), bool)
        for row, sound in zip(ranges, sounds, strict=True):
            row[sound.low : sound.high + 1] = True
        self.sections = [""] * bars
        self.pitches = np.repeat(ranges[None], bars, 0)
        v = vocabulary()
        self.lengths = np.zeros((bars, parts, LONGEST + 1), bool)
        self.lengths[..., v.value[v.ids(Kind.DURATION)]] = True
        self.longest = np.full((bars, parts, 128), LONGEST)
        self.ties = np.ones((bars, parts), bool)
        self.together = np.repeat(np.array([[sound.voices for sound in sounds]], np.int64), bars, 0)
        self.sounding, self.most = (np.full((bars, parts), MANY) for _ in range(2))
        self.least = np.zeros((bars, parts), np.int64)
        self.fall, self.rise = (np.full((bars, parts), WIDE) for _ in range(2))
        self.silent, self.exact = (np.zeros((bars, parts), bool) for _ in range(2))
        self.velocities = np.zeros((bars, parts, 128), bool)
        self.velocities[..., v.value[v.ids(Kind.VELOCITY)]] = True
        self.opening, self.closing = (np.ones((parts, 128), bool) for _ in range(2))
        self.plan = np.ones((bars, 2, 1 + len(CHORDS)), bool)

    @property
    def possible(self) -> NDArray[np.bool_]:
        """Whether a part has pitches, velocities and lengths in a bar, and under each chord, shape [bars, parts]."""
        found = np.asarray(self.pitches.any(2) & self.velocities.any(2) & self.lengths.any(2))
        for (bar, part), table in self.moments.items():
            found[bar, part] &= (table & self.pitches[bar, part]).any(1).all()
        return found | self.silent

    @property
    def classes(self) -> frozenset[int]:
        """The pitch classes that may sound somewhere, the drums aside."""
        pitched = [i for i, part in enumerate(self.parts) if not part.is_drums]
        return frozenset((np.flatnonzero(self.pitches[:, pitched].any((0, 1))) % 12).tolist()) or frozenset(range(12))

    @property
    def harmony(self) -> frozenset[int]:
        """The notes of the chords that are told, all if none is, but those that may only pass."""
        told = self.plan[(self.plan.sum(2) == 1) & ~self.plan[..., 0]].any(0)
        found = (CHORDS[i - 1].pitch_classes for i in np.flatnonzero(told))
        kept = frozenset((np.flatnonzero(self.longest.max((0, 1)) == self.longest.max()) % 12).tolist())
        return (frozenset[int]().union(*found) or frozenset(range(12))) & kept

    @property
    def loudness(self) -> float | None:
        """The mean of the velocities that are allowed, None where all are."""
        played = np.nonzero(self.velocities[~self.silent])[1]
        every = len(vocabulary().ids(Kind.VELOCITY)) * int((~self.silent).sum())
        return None if len(played) == every else float(played.mean())

    def crowded(self, usual: Iterable[float]) -> list[float]:
        """Notes a quarter note of each part, given the usual number, as far as the limits on onsets let it be so."""
        quarters = np.array([meter.quarters for meter in self.meters])[:, None]
        wanted = np.clip(np.array(list(usual)), self.least / quarters, self.most / quarters)
        return [float(v) for v in np.where(self.silent, 0, wanted).mean(0)]

    def where(
        self,
        tracks: str | Iterable[str] | None = None,
        bars: Bars = None,
        section: str | None = None,
        *,
        drums: bool = False,
    ) -> tuple[list[int], list[int]]:
        """The bars and the parts, from 0, that a scope means.

        Raises
        ------
        BriefError
            If there is no such track, bar or section.
        """
        named = tracks if tracks is None or isinstance(tracks, str) else tuple(tracks)
        found = find_parts(self.parts, named, drums=drums)
        return find_bars(len(self.meters), bars, section, self.sections), found

    def keep_pitches(
        self,
        name: str,
        allowed: NDArray[np.bool_],
        *,
        tracks: str | Iterable[str] | None = None,
        bars: Bars = None,
        section: str | None = None,
    ) -> None:
        """Take away all pitches but `allowed`, shape [128], from some tracks (all but the drums) in some bars.

        `name` is what the rule is called when there is no such track, bar or section.

        Raises
        ------
        BriefError
            If there is none.
        """
        try:
            where = self.where(tracks, bars, section)
        except BriefError as error:
            raise BriefError(f"{name}: {error.what}", hint=error.hint) from error
        self.pitches[cells(*where)] &= allowed

    def keep_classes(
        self,
        name: str,
        classes: frozenset[int],
        *,
        tracks: str | Iterable[str] | None = None,
        bars: Bars = None,
        section: str | None = None,
    ) -> None:
        """`keep_pitches` by pitch class; a plan of chords keeps to the same notes where the rule is for all tracks."""
        if not classes:
            raise BriefError(f"{name}: an empty set of notes")
        allowed = np.isin(np.arange(128) % 12, sorted(classes))
        self.keep_pitches(name, allowed, tracks=tracks, bars=bars, section=section)
        if tracks is None:
            inside = np.array([True, *(chord.pitch_classes <= classes for chord in CHORDS)])
            self.plan[self.where(None, bars, section)[0]] &= inside

    def keep_moments(self, bar: int, part: int, positions: Iterable[int], allowed: NDArray[np.bool_]) -> None:
        """Let only `allowed` pitches, shape [128], sound at some positions of a bar."""
        table = self.moments.setdefault((bar, part), np.ones((self.meters[bar].positions, 128), bool))
        table[list(positions)] &= allowed

    def keep_starts(self, bar: int, part: int, allowed: NDArray[np.bool_]) -> None:
        """Let notes start only at the `allowed` positions, shape [positions]."""
        self.starts[bar, part] = self.starts.get((bar, part), allowed) & allowed

    def keep_strikes(self, bar: int, part: int, position: int, allowed: NDArray[np.bool_]) -> None:
        """Let only one of the `allowed` pitches, shape [128], be the lowest note that starts at a position."""
        self.strikes[bar, part, position] = self.strikes.get((bar, part, position), allowed) & allowed

    def demand(self, bar: int, part: int, positions: Iterable[int]) -> None:
        """Let a part start a note at each of some positions."""
        table = self.musts.setdefault((bar, part), np.zeros(self.meters[bar].positions, bool))
        table[list(positions)] = True

    def name_section(self, bar: int, label: str) -> None:
        """Let a bar belong to a section.

        Raises
        ------
        BriefError
            If it has another label, or the vocabulary has no such section.
        """
        if label not in SECTIONS:
            raise BriefError(f"no section is called {label!r}", hint=f"there are {' '.join(SECTIONS)}")
        if self.sections[bar] not in ("", label):
            raise BriefError(f"bar {bar + 1} is both {self.sections[bar]} and {label}", hint="name it once")
        self.sections[bar] = label

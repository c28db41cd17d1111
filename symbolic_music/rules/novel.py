"""Keeping away from given music: no long run of its notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.rules.base import Scoped, put, whole
from symbolic_music.rules.limits import Limits
from symbolic_music.rules.scope import Tracks
from symbolic_music.score import Score

#: A step from one note to the next: semitones, and ticks (24 a quarter note) between the two starts.
Step = tuple[int, int]


def line_of(score: Score, part: int) -> tuple[NDArray[np.int64], tuple[Step, ...]]:
    """The starts of a part's onsets, and the steps between their highest notes.

    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> notes = np.array([(0, 24, 60, 90, 0), (24, 24, 60, 90, 0), (24, 24, 64, 90, 0)], NOTE)
    >>> line_of(Score((Part(0),), (Meter(),), notes), 0)[1]
    ((4, 24),)
    """
    notes = score.notes[score.notes["part"] == part]
    notes = notes[np.lexsort((notes["pitch"], notes["start"]))]
    top = np.append(np.diff(notes["start"]) > 0, True)[: len(notes)]
    starts, pitches = notes["start"][top].astype(np.int64), notes["pitch"][top].astype(np.int64)
    return starts, tuple(zip(np.diff(pitches).tolist(), np.diff(starts).tolist(), strict=True))


def lines(scores: Iterable[Score]) -> tuple[tuple[Step, ...], ...]:
    """The lines of some pieces, as `Novel` takes them: those of every part but the drums."""
    found = (line_of(s, i)[1] for s in scores for i, part in enumerate(s.parts) if not part.is_drums)
    return tuple(dict.fromkeys(line for line in found if line))


@dataclass(frozen=True)
class Runs:
    """The runs that may not come: for each beginning the steps that would complete one."""

    most: int
    after: dict[tuple[Step, ...], frozenset[Step]] = field(repr=False)

    @property
    def widest(self) -> int:
        """The most steps that any beginning forbids."""
        return max(map(len, self.after.values()), default=0)


@dataclass(frozen=True, repr=False)
class Novel(Scoped):
    """No more than `most` consecutive notes of a track are a run of given music, in any key.

    Notes are told by the interval and by the time from the note before; of a chord its highest note counts. A track
    under this rule needs ways around: limits that force notes on it, or steps, or repeats, are refused beside it.

    Parameters
    ----------
    lines : iterable of lines
        Each a sequence of steps: semitones and ticks (24 a quarter note) to the next note. `lines` of this module makes
        them of scores.
    most : int
        3 or more.

    Examples
    --------
    >>> scale = tuple([(2, 24), (2, 24), (1, 24), (2, 24)])
    >>> Novel([scale], most=3).name
    'at most 3 notes running of 1 given line (melody)'
    """

    lines: Iterable[Iterable[Step]] = ()
    most: int = 8
    tracks: Tracks | Iterable[str] = field(default="melody", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bars is not None or self.section is not None:
            raise BriefError("given music in some bars", hint="runs are counted through the whole piece")
        try:
            found = tuple(tuple((int(a), int(b)) for a, b in line) for line in self.lines)
        except (TypeError, ValueError) as error:
            raise BriefError("lines", hint="each a list of (semitones, ticks), as novel.lines makes them") from error
        put(self, lines=found, most=whole("notes running", self.most, 3, 64))

    @property
    def said(self) -> str:
        count = len(tuple(self.lines))
        return f"at most {self.most} notes running of {count} given line{'' if count == 1 else 's'}"

    @property
    def runs(self) -> Runs:
        """The table of what may not come."""
        after: dict[tuple[Step, ...], set[Step]] = {}
        for line in self.lines:
            steps = tuple(line)
            for at in range(len(steps) - self.most + 1):
                after.setdefault(steps[at : at + self.most - 1], set()).add(steps[at + self.most - 1])
        return Runs(self.most, {start: frozenset(ends) for start, ends in after.items()})

    def narrow(self, limits: Limits) -> None:
        runs = self.runs
        for part in self.where(limits)[1]:
            limits.foreign.setdefault(part, []).append(runs)

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:  # noqa: ARG002
        longest = 0
        known = {steps[i : i + n] for steps in map(tuple, self.lines) for n in range(1, self.most + 1)
                 for i in range(len(steps) - n + 1)}  # fmt: skip
        for part in parts:
            _, steps = line_of(score, part)
            for at in range(len(steps)):
                while longest < self.most and steps[at : at + longest + 1] in known and at + longest < len(steps):
                    longest += 1
        return f"at most {longest + 1 if longest else 0} notes running", longest < self.most

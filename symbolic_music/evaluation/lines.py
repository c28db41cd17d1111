"""An excerpt taken apart: drums, bass and the others, the top line, and where in the bar each note starts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.evaluation.metrics import bar_of, roll
from symbolic_music.score import Score
from symbolic_music.theory.meters import TICKS

#: The bass is below middle C.
HIGHEST_BASS = 60
#: Drum pitches by voice, as General MIDI numbers.
VOICES = {
    "kick": (35, 36),
    "snare": (37, 38, 39, 40),
    "closed hat": (42, 44),
    "open hat": (46,),
    "ride": (51, 53, 59),
    "crash": (49, 52, 55, 57),
    "tom": (41, 43, 45, 47, 48, 50),
}
#: The voices that keep time.
CYMBALS = (*VOICES["closed hat"], *VOICES["open hat"], *VOICES["ride"])


@dataclass(frozen=True)
class Lines:
    """A score's notes by what they do; programs are not looked at.

    The bass is the lowest note of each onset of the lowest part (by median
    pitch, of those that play in at least a quarter of the bars), below middle C.
    """

    score: Score

    @property
    def quarters(self) -> float:
        """The length in quarter notes."""
        return float(self.score.bar_starts[-1]) / TICKS

    @cached_property
    def bar(self) -> NDArray[np.int64]:
        """The bar of each note."""
        return bar_of(self.score, self.score.notes)

    @cached_property
    def inside(self) -> NDArray[np.int64]:
        """Ticks from the start of the bar to each note."""
        return np.asarray(self.score.notes["start"] - self.score.bar_starts[self.bar])

    @cached_property
    def drums(self) -> NDArray[np.bool_]:
        """Which notes are drums."""
        return np.asarray(np.array([p.is_drums for p in self.score.parts], bool)[self.score.notes["part"]])

    @cached_property
    def bass(self) -> NDArray[np.bool_]:
        """Which notes are the bass."""
        notes, found = self.score.notes, np.zeros(len(self.score.notes), bool)
        parts = np.unique(notes["part"][~self.drums])
        steady = [p for p in parts if len(np.unique(self.bar[notes["part"] == p])) >= self.score.bars / 4]
        if not len(parts):
            return found
        lowest = min(steady or parts, key=lambda p: float(np.median(notes["pitch"][notes["part"] == p])))
        mine = np.flatnonzero((notes["part"] == lowest) & (notes["pitch"] < HIGHEST_BASS))
        found[mine[_first(notes["start"][mine], notes["pitch"][mine])]] = True
        return found

    @cached_property
    def others(self) -> NDArray[np.bool_]:
        """Which notes are neither drums nor bass."""
        return ~self.drums & ~self.bass

    @cached_property
    def top(self) -> NDArray[np.bool_]:
        """The highest of the others at each of their onsets."""
        notes, found = self.score.notes, np.zeros(len(self.score.notes), bool)
        mine = np.flatnonzero(self.others)
        found[mine[_first(notes["start"][mine], -notes["pitch"][mine])]] = True
        return found

    @cached_property
    def roll(self) -> NDArray[np.bool_]:
        """Which pitches sound on each sixteenth, drums aside, shape [sixteenths, 128]."""
        return roll(self.score)[:: TICKS // 4]

    @property
    def groups(self) -> dict[str, NDArray[np.bool_]]:
        """The three groups by name: they hold every note once."""
        return {"drums": self.drums, "bass": self.bass, "others": self.others}

    def voice(self, pitches: tuple[int, ...]) -> NDArray[np.bool_]:
        """Which notes are drums of these pitches."""
        return self.drums & np.isin(self.score.notes["pitch"], pitches)


def _first(start: NDArray[Any], rank: NDArray[Any]) -> NDArray[np.int64]:
    """The index of the note of least rank at each start, in order of start."""
    order = np.lexsort((rank, start))
    return np.asarray(order[np.unique(start[order], return_index=True)[1]])

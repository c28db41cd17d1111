"""Moods as regions of tempo, mode, density and dynamics (`moods.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from symbolic_music.errors import BriefError, nearest


@dataclass(frozen=True)
class Mood:
    """A point on Russell's circle: `valence` and `arousal`, each -1 to 1."""

    valence: float
    arousal: float

    def tempo(self, slow: float, usual: float, fast: float) -> float:
        """The tempo between a genre's slowest and fastest that this arousal asks for.

        >>> Mood(0, 1.0).tempo(80, 132, 220), Mood(0, 0.0).tempo(80, 132, 220)
        (220, 132)
        """
        end = fast if self.arousal > 0 else slow
        return round(usual + abs(self.arousal) * (end - usual))

    @property
    def mode(self) -> str | None:
        """ "major", "minor", or None near the middle."""
        return None if abs(self.valence) < 0.15 else "major" if self.valence > 0 else "minor"

    @property
    def velocity(self) -> float:
        """Mean velocity, 40 (calm) to 112 (excited)."""
        return 76 + 36 * self.arousal


@cache
def table() -> dict[str, tuple[float, float]]:
    """Valence and arousal of every mood word."""
    rows = tomllib.loads((Path(__file__).parent / "moods.toml").read_text("utf-8"))
    return {word: (float(v), float(a)) for word, (v, a) in rows.items()}


def mood(words: Iterable[str]) -> Mood | None:
    """The mean of several mood words, None for no word.

    >>> mood(["sad", "calm"])
    Mood(valence=-0.2, arousal=-0.65)
    """
    points = []
    for word in words:
        if word.lower() not in table():
            raise BriefError(f"unknown mood {word!r}", hint=nearest(word, table()))
        points.append(table()[word.lower()])
    if not points:
        return None
    return Mood(*(round(sum(axis) / len(points), 3) for axis in zip(*points, strict=True)))

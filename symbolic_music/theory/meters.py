"""Meters: how a bar is counted, in ticks of 1/24 quarter note."""

from __future__ import annotations

import re
from dataclasses import dataclass

from symbolic_music.errors import BriefError, nearest

#: Ticks a quarter note: every position of every meter falls on a whole tick.
TICKS = 24
#: Positions a beat, the beat being the lower number of the time signature.
POSITIONS = 12


@dataclass(frozen=True, order=True)
class Meter:
    """A time signature out of `METERS`.

    >>> Meter(6, 8).positions, Meter(6, 8).ticks
    (72, 72)
    """

    beats: int = 4
    unit: int = 4

    def __post_init__(self) -> None:
        if (self.beats, self.unit) not in SIGNATURES:
            known = [f"{b}/{u}" for b, u in SIGNATURES]
            raise BriefError(f"meter {self.beats}/{self.unit} is not known", hint=f"one of {' '.join(known)}")

    @property
    def positions(self) -> int:
        """Positions in a bar."""
        return self.beats * POSITIONS

    @property
    def step(self) -> int:
        """Ticks from one position to the next: 2 when a quarter is the beat, 1 when an eighth is."""
        return 4 * TICKS // self.unit // POSITIONS

    @property
    def ticks(self) -> int:
        """Ticks in a bar."""
        return self.positions * self.step

    @property
    def quarters(self) -> float:
        """Quarter notes in a bar."""
        return self.ticks / TICKS

    def __str__(self) -> str:
        return f"{self.beats}/{self.unit}"


#: The meters of the token language, and no other.
SIGNATURES = (
    (1, 4), (2, 4), (3, 4), (4, 4), (5, 4), (6, 4), (7, 4),
    (3, 8), (5, 8), (6, 8), (7, 8), (9, 8), (12, 8),
)  # fmt: skip
METERS = tuple(Meter(*s) for s in SIGNATURES)
#: Signatures that are written otherwise but last as long, as `Meter`s.
EQUAL = {
    (2, 2): (4, 4),
    (3, 2): (6, 4),
    (4, 8): (2, 4),
    (8, 8): (4, 4),
    (2, 8): (1, 4),
    (6, 16): (3, 8),
    (4, 16): (1, 4),
}


def meter(name: str | Meter) -> Meter:
    """A meter from its name.

    >>> meter("6/8")
    Meter(beats=6, unit=8)
    """
    if isinstance(name, Meter):
        return name
    match = re.fullmatch(r"\s*(\d+)\s*/\s*(\d+)\s*", str(name))
    if match is None:
        raise BriefError(f"{name!r} is not a meter", hint=nearest(str(name), map(str, METERS)))
    signature = int(match[1]), int(match[2])
    return Meter(*EQUAL.get(signature, signature))

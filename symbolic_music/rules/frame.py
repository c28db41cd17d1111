"""The frame of a piece: who plays, in which meter, how long, how fast."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbolic_music.brief import MAX_BARS, TEMPO_RANGE, checked, parts_of
from symbolic_music.errors import BriefError, ConflictError
from symbolic_music.rules.base import Shipped, listed, put, whole
from symbolic_music.rules.limits import Limits
from symbolic_music.score import Part, Score
from symbolic_music.theory.instruments import CHAIRS, instrument
from symbolic_music.theory.meters import Meter
from symbolic_music.theory.meters import meter as _meter


def _parts(names: Any) -> tuple[Part, ...]:
    """Parts by themselves or by their names: "violin 2" is a part, a second "violin" the next chair."""
    found: list[Part] = []
    for name in listed(names):
        chair = re.fullmatch(rf"(.+) ([2-{CHAIRS}])", str(name).strip())
        if isinstance(name, Part):
            found.append(name)
        elif chair and not _is_instrument(name):
            found.append(Part(instrument(chair[1]).program, int(chair[2])))
        else:
            (part,) = parts_of([name])
            found.append(Part(part.program, 1 + sum(other.program == part.program for other in found)))
    return checked(found)


def _is_instrument(name: Any) -> bool:
    try:
        return bool(instrument(name))
    except BriefError:
        return False


@dataclass(frozen=True, repr=False)
class Instruments(Shipped):
    """These parts sound and no other; none rests for more than `rest` bars running.

    Parameters
    ----------
    parts : iterable of Part or str, or str
        Parts, or names of parts such as "violin 2"; "piano, acoustic bass" is two.
    rest : int
        Bars running that a part may be without an onset. Bars where it is told to be silent, or repeats others, do not
        count.

    Examples
    --------
    >>> Instruments((Part(0), Part(32)), rest=2).name
    'instruments acoustic grand piano, acoustic bass'
    >>> Instruments("violin, violin, drums")
    Instruments(['drums', 'violin', 'violin 2'])
    """

    parts: tuple[Part, ...] | Iterable[Part | str] | str = field(
        metadata={"written": lambda parts: [part.name for part in parts]}
    )
    rest: int = 1

    def __post_init__(self) -> None:
        put(self, parts=_parts(self.parts), rest=whole("a rest in bars", self.rest, 0, MAX_BARS))

    @property
    def name(self) -> str:  # type: ignore[override]
        return "instruments " + ", ".join(part.name for part in _parts(self.parts))

    def narrow(self, limits: Limits) -> None:
        if self.parts != limits.parts:
            raise _clash(self.name, Instruments(limits.parts).name, " in every bar")
        limits.rest = min(limits.rest, self.rest)

    def found(self, score: Score) -> tuple[str, bool]:
        playing = [part for i, part in enumerate(score.parts) if (score.notes["part"] == i).any()]
        return ", ".join(part.name for part in playing) or "none", tuple(playing) == self.parts


@dataclass(frozen=True, repr=False)
class InMeter(Shipped):
    """Every bar in one meter.

    >>> InMeter("6/8").name
    'meter 6/8'
    """

    meter: Meter | str = field(metadata={"written": str})

    def __post_init__(self) -> None:
        put(self, meter=_meter(self.meter))

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"meter {self.meter}"

    def narrow(self, limits: Limits) -> None:
        for number, found in enumerate(limits.meters, 1):
            if found != self.meter:
                raise _clash(self.name, f"meter {found}", bars=(number,))

    def found(self, score: Score) -> tuple[str, bool]:
        return ", ".join(map(str, dict.fromkeys(score.meters))), set(score.meters) <= {self.meter}


@dataclass(frozen=True, repr=False)
class ExactBars(Shipped):
    """Exactly so many bars, the last one closed.

    >>> ExactBars(16).name
    '16 bars'
    """

    bars: int

    def __post_init__(self) -> None:
        put(self, bars=whole("a length in bars", self.bars, 1, MAX_BARS))

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{self.bars} bars"

    def narrow(self, limits: Limits) -> None:
        if len(limits.meters) != self.bars:
            raise _clash(self.name, f"{len(limits.meters)} bars")

    def found(self, score: Score) -> tuple[str, bool]:
        return f"{score.bars} bars", score.bars == self.bars


@dataclass(frozen=True, repr=False)
class Tempo(Shipped):
    """An exact tempo in quarter notes a minute, written into the file.

    >>> Tempo(93.4).name
    'tempo 93.4'
    """

    tempo: float

    def __post_init__(self) -> None:
        low, high = TEMPO_RANGE
        number = isinstance(self.tempo, int | float | np.number) and not isinstance(self.tempo, bool)
        if not number or not low <= self.tempo <= high:
            raise BriefError(f"tempo {self.tempo!r}", hint=f"{low:g} to {high:g} quarter notes a minute")
        put(self, tempo=int(self.tempo) if self.tempo == int(self.tempo) else float(self.tempo))

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"tempo {self.tempo:g}"

    def narrow(self, limits: Limits) -> None:
        if limits.tempo not in (None, self.tempo):
            raise _clash(self.name, f"tempo {limits.tempo:g}", " in every bar")
        limits.tempo = self.tempo

    def found(self, score: Score) -> tuple[str, bool] | None:
        if score.tempo is None:
            return None
        # a file has whole microseconds a quarter note
        return f"{score.tempo:.6g} BPM", math.isclose(60e6 / score.tempo, 60e6 / self.tempo, abs_tol=1)


def _clash(one: str, other: str, where: str = "", *, bars: tuple[int, ...] = ()) -> ConflictError:
    before = f"bar {bars[0]}: " if bars else ""
    return ConflictError(f"{before}{one} and {other} clash{where}", rules=(one, other), bars=bars)

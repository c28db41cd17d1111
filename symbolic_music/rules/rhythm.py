"""When notes start and how long they last."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.rules.base import Scoped, heard, listed, put, verdict, whole
from symbolic_music.rules.limits import Limits
from symbolic_music.rules.scope import cells
from symbolic_music.score import Score
from symbolic_music.theory.meters import Meter
from symbolic_music.theory.values import positions, spelled, ticks

#: Onsets there may be in a bar: one at every position of the longest.
MOST = 144


def _value(value: str | None) -> str | None:
    """A note value by its first name, so that equal rules are equal."""
    return None if value is None else spelled(ticks(value))


@dataclass(frozen=True, repr=False)
class Grid(Scoped):
    """Notes start only at multiples of a note value from the start of the bar.

    >>> Grid("1/8", tracks="melody").name
    'grid eighth (melody)'
    """

    value: str
    _drums: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        put(self, value=_value(self.value))

    @property
    def said(self) -> str:
        return f"grid {self.value}"

    def narrow(self, limits: Limits) -> None:
        bars, parts = self.where(limits)
        for bar in bars:
            meter = limits.meters[bar]
            on = np.arange(meter.positions) % positions(self.value, meter) == 0
            for part in parts:
                limits.keep_starts(bar, part, on)

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        notes, at = heard(score, bars, parts, held=False)
        places = notes["start"] - score.bar_starts[at]
        finest = next((name for name in _FINER if not (places % ticks(name)).any()), "finer")
        return verdict(f"on {finest}s", places % ticks(self.value) > 0, at, lambda i: f"tick {places[i]}")


#: What a grid is said to be: the coarsest of these.
_FINER = ("whole", "half", "quarter", "eighth", "eighth triplet", "sixteenth", "sixteenth triplet", "thirty-second")


@dataclass(frozen=True, repr=False)
class Lengths(Scoped):
    """How long notes last that start in the bars.

    Parameters
    ----------
    shortest, longest : str, optional
        Note values; both may come.
    only : str or iterable of str, optional
        Note values, in place of the two others.

    Examples
    --------
    >>> Lengths("eighth", "half").name, Lengths(only=["1/4", "1/8"]).name
    ('lengths eighth to half', 'lengths eighth, quarter')
    """

    shortest: str | None = None
    longest: str | None = None
    only: str | Iterable[str] | None = field(default=None, metadata={"written": list})

    def __post_init__(self) -> None:
        super().__post_init__()
        put(self, shortest=_value(self.shortest), longest=_value(self.longest))
        if self.only is not None:
            put(self, only=tuple(map(spelled, sorted({ticks(value) for value in listed(self.only)}))))
        ends = [ticks(value) for value in (self.shortest, self.longest) if value is not None]
        if bool(ends) == bool(self.only):
            raise BriefError("lengths", hint="say the shortest, the longest or both, or the only ones")
        if ends != sorted(ends):
            raise BriefError(f"{self.said} is upside down", hint="the shorter value comes first")

    @property
    def said(self) -> str:
        if self.only:
            return f"lengths {', '.join(self.only)}"
        if self.shortest and self.longest:
            return f"lengths {self.shortest} to {self.longest}"
        return f"lengths from {self.shortest}" if self.shortest else f"lengths up to {self.longest}"

    def _allowed(self, lengths: NDArray[np.int64], meter: Meter) -> NDArray[np.bool_]:
        """Which of some lengths, in positions, may be."""
        if self.only:
            return np.isin(lengths, [positions(value, meter) for value in self.only])
        fits = np.ones(len(lengths), bool)
        if self.shortest:
            fits &= lengths >= positions(self.shortest, meter)
        if self.longest:
            fits &= lengths <= positions(self.longest, meter)
        return fits

    def narrow(self, limits: Limits) -> None:
        bars, parts = self.where(limits)
        for bar in bars:
            limits.lengths[bar, parts] &= self._allowed(np.arange(limits.lengths.shape[2]), limits.meters[bar])

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        notes, at = heard(score, bars, parts, held=False)
        lasting = notes["duration"]
        bad = np.ones(len(notes), bool)
        for bar in np.unique(at).tolist():
            meter = score.meters[bar]
            lengths = lasting[at == bar] / meter.step
            bad[at == bar] = ~self._allowed(lengths, meter)
        good = " to ".join(map(spelled, sorted({lasting.min(), lasting.max()}))) if len(notes) else ""
        return verdict(good, bad, at, lambda i: spelled(lasting[i]))


@dataclass(frozen=True, repr=False)
class Rhythm(Scoped):
    """Notes start where a pattern says so and nowhere else.

    Parameters
    ----------
    pattern : str
        Each sign is an equal share of the bar: "x" an onset, "." none, "?" as it comes. "|" parts bars, which come over
        and over until those meant are full; spaces say nothing.

    Examples
    --------
    >>> Rhythm("x..x ..x.", tracks="drums").name
    'rhythm x..x..x. (drums)'
    """

    pattern: str
    _drums: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        pattern = "|".join(filter(None, "".join(str(self.pattern).lower().split()).split("|")))
        if not re.fullmatch(r"[x.?|]+", pattern):
            wrong = (re.findall(r"[^x.?|]", pattern) or ["nothing"])[0]
            raise BriefError(f"rhythm {self.pattern!r}: {wrong}", hint="x is an onset, . none, ? as it comes, | a bar")
        put(self, pattern=pattern)

    @property
    def said(self) -> str:
        return f"rhythm {self.pattern}"

    def _bar(self, number: int, meter: Meter) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Where notes must start and where they may in one of the bars meant, shape [positions]."""
        rows = self.pattern.split("|")
        row = rows[number % len(rows)]
        share, rest = divmod(meter.positions, len(row))
        if rest:
            fits = [n for n in range(1, meter.positions + 1) if meter.positions % n == 0]
            closest = sorted(fits, key=lambda n: abs(n - len(row)))[:3]
            hint = f"{', '.join(map(str, sorted(closest)))} signs do"
            raise BriefError(f"{self.name}: {len(row)} signs do not divide a bar of {meter}", hint=hint)
        signs = np.full(meter.positions, ".")
        signs[::share] = list(row)
        return signs == "x", signs != "."

    def narrow(self, limits: Limits) -> None:
        bars, parts = self.where(limits)
        for number, bar in enumerate(bars):
            must, may = self._bar(number, limits.meters[bar])
            for part in parts:
                limits.keep_starts(bar, part, may)
                limits.demand(bar, part, np.flatnonzero(must).tolist())

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        notes, at = heard(score, bars, parts, held=False)
        for number, bar in enumerate(bars):
            meter = score.meters[bar]
            must, may = (np.flatnonzero(on) * meter.step for on in self._bar(number, meter))
            for part in parts:
                mine = notes["start"][(at == bar) & (notes["part"] == part)] - score.bar_starts[bar]
                if not (np.isin(must, mine).all() and np.isin(mine, may).all()):
                    return f"{score.parts[part].name} otherwise in bar {bar + 1}", False
        return f"{len(bars)} bars of it", True


@dataclass(frozen=True, repr=False)
class Density(Scoped):
    """So many onsets of each track in each bar; a chord is one onset.

    >>> Density(2, 8, tracks="melody").name, Density(most=4).name
    ('2 to 8 onsets a bar (melody)', 'at most 4 onsets a bar')
    """

    least: int = 0
    most: int | None = None
    _drums: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        put(self, least=whole("onsets a bar", self.least, 0, MOST))
        if self.most is not None:
            put(self, most=whole("onsets a bar", self.most, 0, MOST))
        if self.most is None and not self.least:
            raise BriefError("a density without a number", hint="say the least, the most or both")
        if self.most is not None and self.least > self.most:
            raise BriefError(f"{self.said} is upside down", hint="the smaller number comes first")

    @property
    def said(self) -> str:
        if self.most is None:
            return f"at least {self.least} onsets a bar"
        return f"{self.least} to {self.most} onsets a bar" if self.least else f"at most {self.most} onsets a bar"

    def narrow(self, limits: Limits) -> None:
        where = cells(*self.where(limits))
        limits.least[where] = np.maximum(limits.least[where], self.least)
        if self.most is not None:
            limits.most[where] = np.minimum(limits.most[where], self.most)

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool] | None:
        notes, at = heard(score, bars, parts, held=False)
        onsets = np.unique(np.stack([at, notes["part"], notes["start"]]), axis=1)
        counts = np.array([[((onsets[0] == b) & (onsets[1] == p)).sum() for p in parts] for b in bars])
        if not counts.size:
            return None
        bad = (counts < self.least) | (counts > (MOST if self.most is None else self.most))
        if bad.any():
            bar, part = np.argwhere(bad)[0]
            return f"{counts[bar, part]} in bar {bars[bar] + 1}", False
        low, high = counts.min(), counts.max()
        return f"{low} onsets a bar" if low == high else f"{low} to {high} onsets a bar", True

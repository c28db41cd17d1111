"""Cells: what one part may do in one bar, out of the tables, as sets of pitches that are bits of whole numbers.

A bar of a part that is repeated elsewhere has to suit every place it comes to; `folded` narrows it by those.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.rules.limits import MANY, Copy, Limits
from symbolic_music.theory.meters import METERS
from symbolic_music.tokens.layout import LONGEST


def bits(mask: NDArray[np.bool_]) -> int:
    """A mask as bits.

    >>> bits(np.array([True, False, True]))
    5
    """
    return int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little")


def unpacked(found: int, size: int) -> NDArray[np.bool_]:
    """Bits as a mask.

    >>> unpacked(5, 3).tolist()
    [True, False, True]
    """
    raw = np.frombuffer(found.to_bytes((size + 7) // 8, "little"), np.uint8)
    return np.unpackbits(raw, count=size, bitorder="little").view(bool)


#: Ticks that no note lasts beyond.
_FAR = LONGEST * max(meter.step for meter in METERS)


@dataclass
class Cells:
    """One part in one bar.

    Attributes
    ----------
    start, step, positions : int
        The bar's first tick, ticks a position, positions.
    pitches : list of int
        At each position the pitches that may start an onset there and last as long as the shortest note.
    joining : list of int
        The same of further notes of an onset.
    lengths : list of int
        Allowed lengths in positions, the shortest first.
    every : int
        The same as bits.
    longest : list of int or None
        The longest length of each pitch, where limited.
    reach : list of int or None
        The longest length at each position, where limited.
    stops : array of int, shape [positions, 128], or None
        The position at which a pitch may sound no longer, where that is within the bar.
    beyond : list of int
        How many ticks each pitch may sound beyond the end of the bar.
    must : int
        Positions, as bits, at which a note has to start.
    exact : bool
        Whether a note cut short by its pitch's next start would break a limit.
    """

    start: int
    step: int
    positions: int
    pitches: list[int]
    joining: list[int]
    lengths: list[int]
    every: int
    longest: list[int] | None
    reach: list[int] | None
    stops: NDArray[np.int64] | None
    beyond: list[int]
    must: int
    least: int
    most: int
    fall: int
    rise: int
    together: int
    sounding: int
    silent: bool
    exact: bool

    @property
    def shape(self) -> tuple[object, ...]:
        """All that what lies ahead depends on."""
        return (
            self.positions, self.step, tuple(self.pitches), self.shortest, self.must, self.least, self.most,
            self.fall, self.rise, self.silent,
        )  # fmt: skip

    @property
    def shortest(self) -> int:
        """The shortest length."""
        return self.lengths[0] if self.lengths else 1

    def room(self, position: int, pitch: int) -> int:
        """How many positions a pitch that starts here may last."""
        stop = self.positions if self.stops is None else int(self.stops[position, pitch])
        found = stop - position
        if stop == self.positions:
            found += self.beyond[pitch] // self.step
        if self.reach is not None:
            found = min(found, self.reach[position])
        return found if self.longest is None else min(found, self.longest[pitch])


def cells_of(limits: Limits, part: int, lengths: NDArray[np.bool_], at: int | None = None) -> list[Cells]:
    """The cells of one part, bar by bar; or, first of some, those of the bar `at`.

    Parameters
    ----------
    limits : Limits
        Folded.
    part : int
    lengths : array of bool, shape [145]
        The lengths that the vocabulary has.
    at : int, optional
    """
    found: list[Cells] = []
    drums = limits.parts[part].is_drums
    bars = len(limits.meters)
    ends = np.cumsum([meter.ticks for meter in limits.meters])
    carried = np.zeros(128, np.int64)  # ticks that a pitch may sound from the start of the next bar on
    rows: dict[object, tuple[list[int], NDArray[np.int64] | None]] = {}
    near = range(bars) if at is None else range(at, min(bars, at + 2 + _FAR // min(m.ticks for m in limits.meters)))
    for bar in reversed(near):
        meter, key = limits.meters[bar], (bar, part)
        size, step = meter.positions, meter.step
        sound, moment = limits.pitches[bar, part], limits.moments.get(key)
        tied = bar + 1 < bars and limits.ties[bar + 1, part]
        tied = tied and limits.sounding[bar, part] <= limits.sounding[bar + 1, part]
        beyond = np.where(limits.carries.get((bar + 1, part), True), carried, 0) if tied else np.zeros(128, np.int64)
        mine = np.flatnonzero(limits.lengths[bar, part] & lengths)
        shortest = int(mine[0]) if len(mine) and not drums else 1
        longest, starts, reach = limits.longest[bar, part], limits.starts.get(key), limits.reach.get(key)
        asked = (sound, moment, starts, None if drums else longest, beyond)
        content = (size, step, shortest, *(None if table is None else table.tobytes() for table in asked))
        if content not in rows:
            rows[content] = _playable(size, step, shortest, *asked)
        pitches, stops = rows[content][0].copy(), rows[content][1]
        first = np.where(sound, size, 0) if stops is None else stops[0]
        carried = np.where(first == size, meter.ticks + beyond, first * step).clip(max=_FAR)
        joining = pitches.copy()
        for position in range(size):
            if (strike := limits.strikes.get((bar, part, position))) is not None:
                pitches[position] &= bits(strike)
            if reach is not None and reach[position] < shortest:
                pitches[position] = joining[position] = 0
        if limits.silent[bar, part] or not (len(mine) or drums):
            pitches = joining = [0] * size
        must = limits.musts.get(key)
        found.append(
            Cells(
                start=int(ends[bar]) - meter.ticks,
                step=step,
                positions=size,
                pitches=pitches,
                joining=joining,
                lengths=mine.tolist(),
                every=bits(limits.lengths[bar, part] & lengths),
                longest=None if longest.min() >= LONGEST else longest.tolist(),
                reach=None if reach is None else reach.tolist(),
                stops=stops,
                beyond=beyond.tolist(),
                must=0 if must is None else bits(must),
                least=int(limits.least[bar, part]),
                most=int(limits.most[bar, part]),
                fall=int(limits.fall[bar, part]),
                rise=int(limits.rise[bar, part]),
                together=int(limits.together[bar, part]),
                sounding=int(limits.sounding[bar, part]),
                silent=bool(limits.silent[bar, part]),
                exact=not drums and (limits.exact[bar, part] or not _closed(mine, lengths)),
            )
        )
    return found[::-1]


def _playable(
    size: int,
    step: int,
    shortest: int,
    sound: NDArray[np.bool_],
    moment: NDArray[np.bool_] | None,
    starts: NDArray[np.bool_] | None,
    longest: NDArray[np.int64] | None,
    beyond: NDArray[np.int64],
) -> tuple[list[int], NDArray[np.int64] | None]:
    """The pitches that may start at each position of a bar, as bits, and the positions at which each has to stop."""
    packed: dict[bytes, int] = {}

    def pack(mask: NDArray[np.bool_]) -> int:
        key = mask.tobytes()
        if key not in packed:
            packed[key] = bits(mask)
        return packed[key]

    stops = None
    if moment is not None:
        at = np.where(moment & sound, size, np.arange(size)[:, None])
        stops = np.minimum.accumulate(at[::-1], 0)[::-1]
    elif longest is None or (shortest == 1 and longest.min() > 0):
        row = pack(sound)
        return [row if start else 0 for start in (np.ones(size, bool) if starts is None else starts)], None
    inside = np.repeat(sound[None], size, 0) if moment is None else moment & sound
    if longest is not None:
        until = np.full((size, 128), size) if stops is None else stops
        room = until - np.arange(size)[:, None] + np.where(until == size, beyond // step, 0)
        inside = inside & (np.minimum(room, longest) >= shortest)
    if starts is not None:
        inside = inside & starts[:, None]
    return [pack(line) for line in inside], stops


def _closed(mine: NDArray[np.intp], known: NDArray[np.bool_]) -> bool:
    """Whether a shorter length is allowed wherever a longer one is."""
    return len(mine) > 0 and len(mine) == int(known[: mine[-1] + 1].sum())


def folded(limits: Limits, lengths: NDArray[np.bool_]) -> Limits:
    """The tables with every bar that is repeated narrowed by the places it comes to."""
    if not limits.copies:
        return limits
    found = copy.copy(limits)
    for name in ("pitches", "lengths", "longest", "ties", "sounding", "least", "most", "fall", "rise", "exact"):
        setattr(found, name, getattr(limits, name).copy())
    for name in ("moments", "starts", "strikes", "musts", "reach", "carries"):
        setattr(found, name, dict(getattr(limits, name)))
    following = {(c.part, c.source, c.target) for c in limits.copies}
    for one in sorted(limits.copies, key=lambda c: -c.target):
        inner = (one.part, one.source - 1, one.target - 1) in following
        if one.shift is None:
            _fold_rhythm(found, one, inner, cells_of(found, one.part, lengths, one.target)[0])
        else:
            _fold(found, one, inner)
    return found


def _shifted(mask: NDArray[Any], shift: int, fill: Any) -> NDArray[Any]:
    """Entry q of the last axis is what was at q + shift."""
    found = np.full_like(mask, fill)
    if shift >= 0:
        found[..., : 128 - shift] = mask[..., shift:]
    else:
        found[..., -shift:] = mask[..., :shift]
    return found


def _fold(limits: Limits, one: Copy, inner: bool) -> None:
    part, source, target, shift = one.part, one.source, one.target, one.shift or 0
    here, there = (source, part), (target, part)
    limits.pitches[here] &= _shifted(limits.pitches[there], shift, False)
    limits.longest[here] = np.minimum(limits.longest[here], _shifted(limits.longest[there], shift, LONGEST))
    for table in (limits.sounding, limits.most, limits.fall, limits.rise):
        table[here] = min(table[here], table[there])
    for name, empty in (("moments", True), ("starts", True), ("musts", False)):
        tables = getattr(limits, name)
        if there in tables:
            other = _shifted(tables[there], shift, False) if name == "moments" else tables[there]
            mine = tables.get(here, np.full_like(other, empty))
            tables[here] = mine & other if empty else mine | other
    for (bar, owner, position), mask in list(limits.strikes.items()):
        if (bar, owner) == there:
            mine = limits.strikes.get((*here, position), True)
            limits.strikes[(*here, position)] = mine & _shifted(mask, shift, False)
    if inner and there in limits.carries:
        limits.carries[here] = limits.carries.get(here, True) & _shifted(limits.carries[there], shift, False)
    if there in limits.reach:
        limits.reach[here] = np.minimum(limits.reach.get(here, LONGEST), limits.reach[there])
    limits.exact[here] |= limits.exact[there]
    _fold_common(limits, here, there, inner)


def _fold_rhythm(limits: Limits, one: Copy, inner: bool, place: Cells) -> None:
    here, there = (one.source, one.part), (one.target, one.part)
    closing = bits(limits.closing[one.part]) if closes(limits, one) else -1
    starts = np.array([row & closing != 0 for row in place.pitches])
    limits.starts[here] = limits.starts.get(here, starts) & starts
    if there in limits.musts:
        limits.musts[here] = limits.musts.get(here, limits.musts[there]) | limits.musts[there]
    usable = [[q for q in range(128) if row >> q & 1] for row in place.pitches]
    reach = np.array([min((place.room(t, q) for q in row), default=0) for t, row in enumerate(usable)])
    limits.reach[here] = np.minimum(limits.reach.get(here, reach), reach)
    spare = min(((row & closing).bit_count() for row in place.pitches if row & closing), default=MANY)
    limits.sounding[here] = min(limits.sounding[here], limits.sounding[there], spare)
    limits.most[here] = min(limits.most[here], limits.most[there])
    limits.exact[here] = limits.exact[there] = True
    _fold_common(limits, here, there, inner)


def closes(limits: Limits, one: Copy) -> bool:
    """Whether a repeat's last bar holds the part's last notes: nothing but silence and repeats comes after it."""
    targets = {other.target for other in limits.copies if other.part == one.part}
    after = range(one.target + 1, len(limits.meters))
    return one.end and all(bar in targets or limits.silent[bar, one.part] for bar in after)


def _fold_common(limits: Limits, here: tuple[int, int], there: tuple[int, int], inner: bool) -> None:
    limits.lengths[here] &= limits.lengths[there]
    limits.least[here] = max(limits.least[here], limits.least[there])
    limits.pitches[here] &= ~limits.silent[there]
    if inner:
        limits.ties[here] &= limits.ties[there]

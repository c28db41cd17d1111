"""Rhythm as it is written: notes and rests cut where the beats are, tuplets complete, beams by the beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, pairwise

from symbolic_music.theory.meters import TICKS, Meter

#: Written values by their length in half ticks: the name, and the dots.
_VALUES = {
    unit * 3 // 2 if dots else unit: (name, dots)
    for unit, name in ((3, "64th"), (6, "32nd"), (12, "16th"), (24, "eighth"), (48, "quarter"), (96, "half"),
                       (192, "whole"))
    for dots in (0, 1)
    if unit > 3 or not dots
}  # fmt: skip
_FLAGS = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4}
_EIGHTH = TICKS // 2
_DOTTED = 3 * _EIGHTH
#: How a bar is counted where that is not one group of its length.
_GROUPS = {(5, 4): (72, 48), (6, 4): (72, 72), (7, 4): (96, 72), (5, 8): (36, 24)}
_SEVEN = ((24, 24, 36), (36, 24, 24), (24, 36, 24))


@dataclass(frozen=True)
class Value:
    """One written note or rest.

    Attributes
    ----------
    start, ticks : int
        Where in its bar it stands, and how long it is.
    name : str
        The written value, as MusicXML names it.
    dots : int
    tuplet : str
        The value of which three stand for two, "" outside a tuplet.
    first, last : bool
        Whether a tuplet starts or ends with it.
    """

    start: int
    ticks: int
    name: str
    dots: int
    tuplet: str = ""
    first: bool = False
    last: bool = False

    @property
    def flags(self) -> int:
        """Flags or beams, 1 for an eighth."""
        return _FLAGS.get(self.name, 0)


def groups(meter: Meter, onsets: Sequence[int] = ()) -> tuple[int, ...]:
    """The ticks of each group of beats in a bar; 7/8 is grouped as most of the onsets (ticks in the bar) ask for.

    >>> groups(Meter(4, 4)), groups(Meter(9, 8)), groups(Meter(5, 8))
    ((96,), (36, 36, 36), (36, 24))
    >>> groups(Meter(7, 8)), groups(Meter(7, 8), [0, 36, 60])
    ((24, 24, 36), (36, 24, 24))
    """
    if (meter.beats, meter.unit) == (7, 8):
        return max(_SEVEN, key=lambda g: sum(tick in (g[0], g[0] + g[1]) for tick in onsets))
    if meter.unit == 8 and meter.beats % 3 == 0:
        return (_DOTTED,) * (meter.beats // 3)
    return _GROUPS.get((meter.beats, meter.unit), (meter.ticks,))


def _edges(parts: Sequence[int]) -> tuple[int, ...]:
    return tuple(accumulate(parts, initial=0))


def _plain(start: int, end: int, edges: tuple[int, ...], factor: int, rest: bool) -> bool:
    """Whether a span is written as one value in a node whose parts have these edges."""
    if (end - start) * factor not in _VALUES:
        return False
    if rest and factor == 2:
        return (start, end) in ((0, edges[-1]), (0, 2 * _EIGHTH)) and edges[-1] in (end, _DOTTED)
    if start in edges and end in edges:
        return True
    unit = edges[1]
    if unit % 2 or unit % _DOTTED == 0 or any(b - a != unit for a, b in pairwise(edges)):
        return False
    # off the beat: from or to the middle of a part, over the edge to the next
    half = unit // 2
    shifted = ((half, 3 * half), (0, 3 * half), (half, 4 * half))
    return any((start - low, end - low) in shifted for low in edges[:-2])


def _cut(start: int, end: int, edges: tuple[int, ...], factor: int, rest: bool) -> Iterator[int]:
    """The ends of the values that a span is written as; `edges` bound the parts of the node it lies in.

    A length in ticks times `factor`, 2 or 3 in a tuplet, is its written value in half ticks.
    """
    inner = [edge for edge in edges[1:-1] if start < edge < end]
    if _plain(start, end, edges, factor, rest):
        yield end
    elif inner:
        at = inner[-1] if start in edges else inner[0]
        yield from _cut(start, at, edges, factor, rest)
        yield from _cut(at, end, edges, factor, rest)
    else:
        low, high = next((a, b) for a, b in pairwise(edges) if a <= start and end <= b)
        if (start, end) == (low, high):
            yield end
            return
        ticks = high - low
        parts = 3 if ticks in (_DOTTED, 3 * TICKS) else 2
        inside = _edges([ticks // parts] * parts)
        yield from (low + e for e in _cut(start - low, end - low, inside, factor, rest))


def _halves(ticks: int, bounds: frozenset[int]) -> Iterator[tuple[tuple[int, int], ...]]:
    """The ways to set tuplets, as (start, ticks), in a span so that every bound can be written."""
    if all(bound % 3 == 0 for bound in bounds):
        yield ()
        return
    yield ((0, ticks),)
    if ticks > TICKS // 4:
        half = ticks // 2
        later = list(_halves(half, frozenset(b - half for b in bounds if b > half)))
        for first in _halves(half, frozenset(b for b in bounds if b < half)):
            for second in later:
                yield first + tuple((half + start, length) for start, length in second)


@lru_cache(4096)
def _in_beat(ticks: int, bounds: frozenset[int]) -> tuple[tuple[int, int], ...]:
    """The tuplets of a beat: those with the fewest notes to write, then the shortest."""
    ends = sorted({0, ticks, *bounds})

    def cost(tuplets: tuple[tuple[int, int], ...]) -> tuple[int, int]:
        written = sum(len(_between(a, b, tuplets, (ticks,), False)) for a, b in pairwise(ends))
        return written, sum(length for _, length in tuplets)

    return min(_halves(ticks, bounds), key=cost)


def _tuplets(bounds: Sequence[int], layout: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """The tuplets of a bar, as (start, ticks): over four beats, two beats, or within one."""
    beat = _EIGHTH if _DOTTED in layout else TICKS
    for low, high in pairwise(_edges(layout)):
        at = low
        while at < high:
            for span in (4 * beat, 2 * beat, beat):
                inside = frozenset(bound - at for bound in bounds if at < bound < at + span)
                if span == beat:
                    yield from ((at + start, ticks) for start, ticks in _in_beat(beat, inside))
                elif (
                    beat == TICKS
                    and at + span <= high
                    and (high - low == 3 * TICKS or (at - low) % span == 0)
                    and any(bound % TICKS for bound in inside)
                    and all(bound % (span // 3) == 0 for bound in inside)
                ):
                    yield at, span
                else:
                    continue
                at += span
                break


def _between(
    start: int, end: int, tuplets: Sequence[tuple[int, int]], layout: tuple[int, ...], rest: bool
) -> list[tuple[int, int]]:
    """(end, ticks of the tuplet or 0) of each value that a span is written as."""
    found: list[tuple[int, int]] = []
    now = start
    for low, ticks in [*((a, n) for a, n in tuplets if start < a + n and a < end), (end, 0)]:
        if now < low:
            found += [(e, 0) for e in _cut(now, low, _edges(layout), 2, rest)]
            now = low
        if ticks:
            until = min(low + ticks, end)
            found += [(low + e, ticks) for e in _cut(now - low, until - low, _edges([ticks // 3] * 3), 3, rest)]
            now = until
    return found


@lru_cache(16384)
def written(bounds: tuple[int, ...], rests: tuple[bool, ...], layout: tuple[int, ...]) -> tuple[tuple[Value, ...], ...]:
    """The values that each event of one voice in a bar is written as.

    Parameters
    ----------
    bounds : tuple of int
        Where the events begin and the last ends, in ticks of the bar, from 0 to its end without gaps.
    rests : tuple of bool
        Which events are rests, one less than the bounds. Rests are cut at every beat they do not fill.
    layout : tuple of int
        The groups of the bar, see `groups`.

    Returns
    -------
    tuple of tuple of Value
        For each event, the values it is tied together from.

    Examples
    --------
    >>> [[v.name for v in event] for event in written((0, 36, 84, 96), (False,) * 3, (96,))]
    [['quarter'], ['eighth', 'quarter'], ['eighth']]
    >>> [(v.name, v.tuplet, v.first, v.last) for v, in written((0, 16, 24), (False,) * 2, (24,))]
    [('quarter', 'eighth', True, False), ('eighth', 'eighth', False, True)]
    """
    tuplets = list(_tuplets(bounds, layout))
    opens, closes = {low for low, _ in tuplets}, {low + ticks for low, ticks in tuplets}
    events = []
    for (start, end), rest in zip(pairwise(bounds), rests, strict=True):
        values, now = [], start
        for until, span in _between(start, end, tuplets, layout, rest):
            name, dots = _VALUES[(until - now) * (3 if span else 2)]
            value = Value(now, until - now, name, dots)
            if span:
                value = replace(value, tuplet=_VALUES[span][0], first=now in opens, last=until in closes)
            values.append(value)
            now = until
        events.append(tuple(values))
    return tuple(events)


def beams(values: Sequence[Value], rests: Sequence[bool], layout: tuple[int, ...]) -> list[tuple[str, ...]]:
    """What each beam of each value of one voice in a bar does, as MusicXML names it, from the eighth's beam on.

    Eighths that fill a half bar of 4/4, or a group of any other bar, share a beam; others share one in their beat.

    Examples
    --------
    >>> values = [v for v, in written((0, 12, 18, 24), (False,) * 3, (24,))]
    >>> beams(values, [False] * 3, (24,))
    [('begin',), ('continue', 'begin'), ('end', 'end')]
    """
    found: list[tuple[str, ...]] = [()] * len(values)
    for low, high in _beamed(values, rests, layout):
        run: list[int] = []
        for i in (*(i for i, value in enumerate(values) if low <= value.start < high), -1):
            if i >= 0 and values[i].flags and not rests[i]:
                run.append(i)
                continue
            if len(run) > 1:
                flags = [values[j].flags for j in run]
                for place, j in enumerate(run):
                    found[j] = tuple(_beam(place, level, flags, values[j]) for level in range(1, flags[place] + 1))
            run = []
    return found


def _beamed(values: Sequence[Value], rests: Sequence[bool], layout: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """The spans that share a beam."""
    for low, high in pairwise(_edges([part for group in layout for part in ((48, 48) if group == 96 else (group,))])):
        inside = [(value, rest) for value, rest in zip(values, rests, strict=True) if low <= value.start < high]
        even = all(value.ticks == _EIGHTH and not value.tuplet and not rest for value, rest in inside)
        size = high - low if high - low == _DOTTED or even else TICKS
        yield from ((at, at + size) for at in range(low, high, size))


def _beam(place: int, level: int, flags: list[int], value: Value) -> str:
    before = place > 0 and flags[place - 1] >= level
    after = place + 1 < len(flags) and flags[place + 1] >= level
    if before or after:
        return "continue" if before and after else "end" if before else "begin"
    # a hook points into the pair that its value belongs to
    inward = place + 1 < len(flags) and value.start % (2 * value.ticks) == 0
    return "forward hook" if place == 0 or inward else "backward hook"

"""The outlook: for every place in a part, whether the rest of the piece can still be written.

A part's future depends on little: how many onsets the bar has had, for how many bars it has rested, and its last
note. For each of these a dynamic programme runs from the end of the piece to its start and keeps, as bits of whole
numbers, the last notes from which every limit can still be met. Writing then never enters a place without a way out,
and a piece without any is refused before its first note.

The programme is the backward pass of a constrained Markov process, after F. Pachet, P. Roy and G. Barbieri,
"Finite-length Markov processes with constraints", IJCAI 2011, with sets in place of probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symbolic_music.rules.cells import Cells, bits, cells_of, closes
from symbolic_music.rules.limits import MANY, WIDE, Copy, Limits
from symbolic_music.rules.search import AWAY, HOME, NONE, Search

#: Positions from one place to the next at which obligations are met, tried in turn: a beat and its parts.
UNITS = (12, 6, 3, 1)
_PITCHES = (1 << 128) - 1
_ALL = (1 << 131) - 1
_OPEN = 1 << NONE | 1 << HOME | 1 << AWAY


class Voice(NamedTuple):
    """Where a part stands.

    `entry` counts the bars of rest before the bar's first onset, then the bar's onsets; `last` is a bit; `opening`
    whether the onset being written is the part's first; `held` are the notes still sounding: pitch, end, and whether
    they must not be cut; `past` are the last onsets, where given music is to be kept away from: tick and pitch.
    """

    entry: int = 0
    last: int = NONE
    opening: bool = False
    held: tuple[tuple[int, int, bool], ...] = ()
    past: tuple[tuple[int, int], ...] = ()


@dataclass(eq=False)
class View:
    """One bar of one part: its cells, and what lies ahead.

    Attributes
    ----------
    unit : int
        Positions from one place to the next at which the bar's obligations are met; see `Line.look_at`.
    ahead : list of lists of int, shape [entries, positions + 1]
        The last notes, as bits, with which the piece can be finished from a position on.
    open : list of lists of int, shape [entries, positions]
        The pitches that may start at a position, as bits, but for the step from the last note.
    script : dict of int to list of (pitch, length, velocity)
        In a bar that repeats another, the notes at each position; in rhythm only, pitches and velocities are -1.
    """

    bar: int
    cells: Cells
    unit: int = 1
    ahead: list[list[int]] = field(default_factory=list)
    open: list[list[int]] = field(default_factory=list)
    script: dict[int, list[tuple[int, int, int]]] | None = None
    copied: bool = False
    known: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    easy: dict[tuple[int, int], int] = field(default_factory=dict)
    searched: dict[object, tuple[int, int, int]] = field(default_factory=dict)


class Line:
    """The outlook of one part.

    Parameters
    ----------
    limits : Limits
        Folded; see `cells.folded`.
    part : int
    lengths : array of bool, shape [145]
        The lengths that the vocabulary has.
    """

    def __init__(self, limits: Limits, part: int, lengths: NDArray[np.bool_]) -> None:
        cells = cells_of(limits, part, lengths)
        self.limits, self.part, self.bars = limits, part, len(cells)
        self.copies = {one.target: one for one in limits.copies if one.part == part}
        self.sources = {one.source for one in self.copies.values()}
        self.opening, self.closing = bits(limits.opening[part]), bits(limits.closing[part])
        shifted = any(one.shift for one in self.copies.values()) and self.closing != _PITCHES
        self.stepped = any(c.fall < WIDE or c.rise < WIDE for c in cells)
        self.tuned = shifted or self.stepped
        #: What may close the part, and what may where bars are repeated higher or lower.
        self.closings = {_raised(self.closing, -shift) for shift in self._shifts()} if self.tuned else set[int]()
        self.drums = limits.parts[part].is_drums
        self.exact = any(c.exact for c in cells)
        self.tracked = not self.drums and (self.exact or any(c.sounding < MANY for c in cells))
        self.foreign = limits.foreign.get(part, [])
        #: How many ways on given music may close at most.
        self.closed = sum(runs.widest for runs in self.foreign)
        self.rest = min(limits.rest, self.bars)
        #: Entries: bars of rest, then onsets counted as far as they matter.
        self.most = [min(c.most, MANY) for c in cells]
        self.counts = [max(1, c.least, c.most if c.most < MANY else 0) for c in cells]
        self.after = [[0] * (self.rest + 1) for _ in range(self.bars)]
        self.after.append([(1 << HOME) | (self.closing if self.tuned else 0)] * (self.rest + 1))
        self._gates: dict[int, int] = {}
        self.views = [View(bar, c) for bar, c in enumerate(cells)]
        self._look(UNITS)
        if not self.after[0][0] >> NONE & 1:
            self._look(UNITS[-1:])
        self.spare = self._spares() if self.exact else [MANY] * self.bars
        #: Whether notes may have to overlap, which the programme does not see: it looks ahead with one voice.
        self.dense = self.tracked and not self.tuned and not self.foreign and self._overlaps()
        self._search = Search(self) if self.dense else None

    def _shifts(self) -> set[int]:
        """How many semitones higher a bar may come again, over any number of repeats."""
        found = dict.fromkeys(range(self.bars), 0)
        for target, one in sorted(self.copies.items()):
            found[target] = found[one.source] + (one.shift or 0)
        return set(found.values())

    def _overlaps(self) -> bool:
        return any(v.cells.shortest > 1 and v.cells.sounding > 1 for v in self.views)

    def _spares(self) -> list[int]:
        """For each bar the fewest pitches that there are to choose from at any place from there on."""
        own = []
        for view in self.views:
            rows = {part for row in set(view.cells.pitches) for part in (row & self.closing, row & ~self.closing)}
            rows.update(*view.open)
            own.append(min((row.bit_count() for row in rows if row), default=MANY))
        return [min(own[bar:]) for bar in range(self.bars)]

    def _look(self, units: tuple[int, ...]) -> None:
        self._gates.clear()
        same: dict[object, View] = {}
        equal: dict[object, View] = {}
        for bar in reversed(range(self.bars)):
            view = self.views[bar]
            if bar in self.copies:
                view.copied = True
                self.after[bar] = self._copied(self.copies[bar])
                continue
            cells = view.cells
            reach = -(-cells.shortest * cells.step // (cells.positions * cells.step)) if self.tracked else 0
            later = self.views[bar + 1 : bar + 1 + reach]
            following = tuple(tuple(self.after[v.bar]) if v.copied else id(v.ahead) for v in later)
            key = (cells.shape, tuple(self.after[bar + 1]), self.gate(bar), following)
            if key not in same:
                self._look_on(view, units)
                content = cells.fall, cells.rise, *map(tuple, (*view.ahead, *view.open))
                same[key] = equal.setdefault(content, view)
            like = same[key]
            view.unit, view.ahead, view.open = like.unit, like.ahead, like.open
            view.known, view.easy = like.known, like.easy
            self.after[bar] = [view.ahead[rests][0] for rests in range(self.rest + 1)]

    def _copied(self, one: Copy) -> list[int]:
        """The last notes with which a bar that repeats another may begin; what it repeats learns how it has to end."""
        after, gate = self.after[one.target + 1][0], self.gate(one.target)
        home, away = after >> HOME & 1, after >> AWAY & 1
        heard = any(self.views[one.source].cells.pitches)  # then what is repeated ends with a note
        if one.shift is None:
            free = (away or not one.end or closes(self.limits, one)) and gate == _ALL
            fits = (free or self.closing == _PITCHES) and not self.stepped
            return [(_ALL if heard and home else after) if fits else 0] * (self.rest + 1)
        if gate != _ALL:  # this bar is repeated in turn
            pitches = _raised(gate & _PITCHES, -one.shift)
            self._gates[one.source] = self.gate(one.source) & (pitches | gate & ~_PITCHES)
        if not one.end:
            return [after] * (self.rest + 1)
        gate = self._kept(home, away, one.shift)
        self._gates[one.source] = self.gate(one.source) & (gate if heard else gate | 1 << NONE)
        if heard:
            return [_ALL if gate else 0] * (self.rest + 1)
        return [self._kept(home, away, 0) | after & 1 << NONE] * (self.rest + 1)

    def _kept(self, home: int, away: int, shift: int) -> int:
        """The last notes, as bits, that leave a part where it may be once they are `shift` semitones higher."""
        closing = _raised(self.closing, -shift)
        return (closing | 1 << HOME if home else 0) | (_PITCHES & ~closing | 1 << AWAY if away else 0)

    def gate(self, bar: int) -> int:
        """The last notes, as bits, with which a bar may end because of the bars that repeat it."""
        return self._gates.get(bar, _ALL)

    def _look_on(self, view: View, units: tuple[int, ...]) -> None:
        """Fill a view with the widest unit that leaves as much as the narrowest."""
        after = self.after[view.bar + 1]
        self.look_at(view, after, units[0])
        if all(row[0] & _OPEN == _OPEN for row in view.ahead) and not self.tuned:
            return  # there is nothing more to leave
        self.look_at(view, after, units[-1])
        exact, found = [row[0] for row in view.ahead], (view.ahead, view.open)
        for unit in units[:-1]:
            self.look_at(view, after, unit)
            if [row[0] for row in view.ahead] == exact:
                return
        view.unit, (view.ahead, view.open) = units[-1], found

    def look_at(self, view: View, after: list[int], unit: int = 1) -> None:
        """Fill a view, given the last notes with which the next bar may begin after so many bars of rest.

        What the part owes the bar is counted at every `unit`th position only: a note that has to come then comes on the
        beat, where it can, rather than at the last moment.
        """
        cells, size, rests, bar = view.cells, view.cells.positions, self.rest + 1, view.bar
        gate, count = self.gate(bar), self.counts[bar]
        ends = [0] * (rests + count)
        if not cells.least:
            for rest in range(rests):
                more = 0 if cells.silent or view.copied else rest + 1
                ends[rest] = after[more] & gate if more < rests else 0
        for onsets in range(1, count + 1):
            if cells.least <= onsets:
                ends[rests + onsets - 1] = after[0] & gate
        view.ahead = [[0] * size + [end] for end in ends]
        view.open = [[0] * size for _ in ends]
        view.known, view.easy, view.unit = {}, {}, unit
        ways = [0] * len(ends)
        onsets_after = [self.next_entry(bar, entry) for entry in range(len(ends))]
        for position in reversed(range(size)):
            pitches, skip = cells.pitches[position], not cells.must >> position & 1
            for entry in range(len(ends)):
                row = view.ahead[entry]
                found = row[position + 1] if skip else 0
                onset = onsets_after[entry]
                if pitches and onset is not None:
                    usable = self.usable(pitches, self._landing(view, position, onset))
                    if usable:
                        view.open[entry][position] = usable
                        ways[entry] += usable.bit_count()
                        on_beat = not position % unit or not skip
                        if on_beat and ways[entry] > self.closed:  # else given music might close them all
                            found |= self._before(cells, usable)
                row[position] = found

    def next_entry(self, bar: int, entry: int) -> int | None:
        """The entry after one more onset, None if the bar may have no more."""
        onsets = max(entry - self.rest, 0) + 1
        if onsets > self.most[bar]:
            return None
        return self.rest + min(onsets, self.counts[bar])

    def after_bar(self, bar: int, entry: int) -> int | None:
        """The entry with which the next bar begins, None if this one lacks onsets or is one of rest too many."""
        cells = self.views[bar].cells
        onsets = max(entry - self.rest, 0)
        if onsets < cells.least:
            return None
        rests = 0 if onsets or cells.silent else entry + 1
        return rests if rests <= self.rest else None

    def usable(self, pitches: int, after: int) -> int:
        """Those of the pitches after which the last note is one of `after`."""
        if self.tuned:
            return pitches & after
        home, away = after >> HOME & 1, after >> AWAY & 1
        return (pitches & self.closing if home else 0) | (pitches & ~self.closing if away else 0)

    def _before(self, cells: Cells, pitches: int) -> int:
        """The last notes from which a step to one of the pitches is allowed."""
        found = 1 << HOME | 1 << AWAY
        if pitches & self.opening:
            found |= 1 << NONE
        if self.tuned:
            width = cells.fall + cells.rise + 1
            if width > 0:
                row = pitches << cells.fall if cells.fall >= 0 else pitches >> -cells.fall
                done = 1
                while done < width:
                    row |= row >> min(done, width - done)
                    done *= 2
                found |= row & _PITCHES
        return found

    def step(self, cells: Cells, last: int) -> int:
        """The pitches that may follow the last note."""
        if last >= NONE or not self.tuned:
            return self.opening if last == NONE else _PITCHES
        low, high = max(last - cells.fall, 0), min(last + cells.rise, 127)
        return ((1 << high + 1) - 1) >> low << low if low <= high else 0

    def _landing(self, view: View, position: int, entry: int) -> int:
        """The last notes, as bits, with which the piece can be finished after a note of the shortest length."""
        if not self.tracked or view.script is not None:
            return view.ahead[entry][position + 1]
        return self.landing(
            view, position, entry, view.cells.start + (position + view.cells.shortest) * view.cells.step
        )

    def landing(self, view: View, position: int, entry: int, tick: int) -> int:
        """The same if the next note starts at a tick at the earliest, after an onset at a position."""
        cells = view.cells
        there = max(-(-(tick - cells.start) // cells.step), position + 1)
        if there <= cells.positions:
            return 0 if cells.must & _between(position + 1, there) else view.ahead[entry][there]
        if cells.must >> position + 1 or not view.ahead[entry][cells.positions]:
            return 0
        rests = 0
        for bar in range(view.bar + 1, self.bars):
            cells = self.views[bar].cells
            if bar in self.copies:
                return self.after[bar][rests] if tick <= cells.start else 0
            if tick < cells.start + cells.positions * cells.step:
                there = max(-(-(tick - cells.start) // cells.step), 0)
                return 0 if cells.must & _between(0, there) else self.views[bar].ahead[rests][there]
            rests = 0 if cells.silent else rests + 1
            if cells.must or cells.least or rests > self.rest:
                return 0
        return self.after[self.bars][0]

    def free(self, view: View, ends: Sequence[int]) -> int:
        """The tick from which on a voice is free, by the ends of the notes that sound."""
        voices = min(view.cells.sounding, self.spare[view.bar])
        return 0 if len(ends) < voices else sorted(ends)[len(ends) - voices]

    @property
    def holds(self) -> bool:
        """Whether a piece can be written at all."""
        if self._search is not None:
            return self._search.finds(0, 0, 0, NONE, ())
        return bool(self.after[0][0] >> NONE & 1) and not (self.foreign and self._led)

    @property
    def _led(self) -> bool:
        """Whether other limits leave no way around given music."""
        forced = any(view.cells.must or view.cells.least > 1 for view in self.views)
        return forced or self.stepped or bool(self.copies)

    def stuck(self) -> list[int]:
        """The bars, from 0, that cannot be written whatever is around them; else where the way from the end is lost."""
        alone = []
        for view in self.views:
            if not view.copied:
                probe = View(view.bar, view.cells)
                self.look_at(probe, [_ALL] * (self.rest + 1))
                if not probe.ahead[0][0]:
                    alone.append(view.bar)
        return alone or [max((bar for bar in range(self.bars) if not any(self.after[bar])), default=0)]


def _raised(pitches: int, semitones: int) -> int:
    return (pitches << semitones if semitones >= 0 else pitches >> -semitones) & _PITCHES


def _between(start: int, stop: int) -> int:
    """Positions from `start` up to, not with, `stop`, as bits."""
    return (1 << stop) - (1 << start) if start < stop else 0

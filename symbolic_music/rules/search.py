"""The outlook of a part whose notes may have to overlap: a search over what sounds at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from symbolic_music.rules.outlook import Line

#: The last note of a part as a bit: its pitch where steps are limited; or else nothing yet, and whether the last onset
#: is one that the part may close on.
NONE, HOME, AWAY = 128, 129, 130
#: States looked at before a search is given up: what it would have found is left out then.
PATIENCE = 3000


#: A note that sounds: where it ends, and its pitch, or -1 if that may be struck again.
Held: TypeAlias = tuple[int, int]


class Place(NamedTuple):
    """Where a part stands: `held` are the notes that sound, the tick where each ends and the pitch not to be struck."""

    bar: int
    position: int
    entry: int
    last: int
    held: tuple[Held, ...]


class Search:
    """Finds whether a part can be finished, where its programme, which looks ahead with a single voice, finds no way.

    Notes come as briefly as they may, and only where they are needed. What was found once is kept, with all places on
    the way, so that following a way never leads to where none is seen.

    Parameters
    ----------
    line : Line
    """

    def __init__(self, line: Line) -> None:
        self._line = line
        self._known: dict[Place, bool] = {}

    def finds(self, bar: int, position: int, entry: int, last: int, held: Sequence[Held]) -> bool:
        """Whether the piece can be finished from a position on."""
        start = self._place(bar, position, entry, last, held)
        if start not in self._known:
            self._known[start] = self._look(start)
        return self._known[start]

    def _look(self, start: Place) -> bool:
        before: dict[Place, Place | None] = {start: None}
        stack = [start]
        while stack and len(before) < PATIENCE:
            place = stack.pop()
            if self._known.get(place, False) or self._single(place):
                step: Place | None = place
                while step is not None:
                    self._known[step] = True
                    step = before[step]
                return True
            if place in self._known:
                continue
            for following in self._next(place):
                if following not in before:
                    before[following] = place
                    stack.append(following)
        if not stack:  # all was seen
            self._known.update(dict.fromkeys((place for place in before if place not in self._known), False))
        return False

    def _place(self, bar: int, position: int, entry: int, last: int, held: Sequence[Held]) -> Place:
        cells = self._line.views[bar].cells
        tick = cells.start + position * cells.step
        return Place(bar, position, entry, last, tuple(sorted(note for note in held if note[0] > tick)))

    def _single(self, place: Place) -> bool:
        """Whether one voice can finish it."""
        line, view = self._line, self._line.views[place.bar]
        after = line.landing(view, place.position - 1, place.entry, line.free(view, [end for end, _ in place.held]))
        return bool(after >> place.last & 1)

    def _next(self, place: Place) -> list[Place]:
        """Where the part may stand next, what is tried first at the end."""
        bar, position, entry, last, held = place
        line, found = self._line, list[Place]()
        cells = line.views[bar].cells
        if position == cells.positions:
            rests = line.after_bar(bar, entry)
            if rests is None or bar + 1 == line.bars or bar + 1 in line.copies or not line.gate(bar) >> last & 1:
                return []
            return [self._place(bar + 1, 0, rests, last, held)]
        must = cells.must >> position & 1
        onset, onsets = line.next_entry(bar, entry), max(entry - line.rest, 0)
        needed = must or onsets < max(cells.least, 1) or last == AWAY
        if needed and onset is not None and len(held) < cells.sounding:
            end = cells.start + (position + cells.shortest) * cells.step
            row = cells.pitches[position] & (line.opening if last == NONE else -1)
            for _, pitch in held:
                row &= ~(1 << pitch) if pitch >= 0 else -1
            for _, pitch in self.kinds(row):
                note = end, pitch if cells.exact else -1
                kind = HOME if line.closing >> pitch & 1 else AWAY
                found.append(self._place(bar, position + 1, onset, kind, (*held, note)))
        if not must:
            found.append(self._place(bar, position + 1, entry, last, held))
        return found

    def kinds(self, row: int) -> list[tuple[int, int]]:
        """The kinds of pitches in a row, as bits, and the lowest of each: a kind may be played where one of it may."""
        found = ((kind, kind & row) for kind in self._kinds)
        return [(kind, (mine & -mine).bit_length() - 1) for kind, mine in found if mine]

    @cached_property
    def _kinds(self) -> list[int]:
        rows = {self._line.closing, self._line.opening}
        rows.update(row for view in self._line.views for row in (*view.cells.pitches, *view.cells.joining))
        kinds = [(1 << 128) - 1]
        for row in rows:
            kinds = [part for kind in kinds for part in (kind & row, kind & ~row) if part]
        return kinds

"""A track being written: what one part may do next, out of its outlook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from symbolic_music.rules.outlook import Line, View, Voice
from symbolic_music.rules.search import AWAY, HOME, NONE

_ALL = (1 << 128) - 1


class Track(Line):
    """One part: which positions, pitches and lengths come next, and where each leads.

    Positions and pitches are bits of whole numbers. `taken` is the first position that is still open to the part.
    """

    def room(self, view: View, voice: Voice, taken: int) -> tuple[int, int]:
        """Positions where the part may start a note, and the last one, or the bar's end, that it can wait for."""
        easy = view.easy.get((voice.entry, voice.last))
        if easy is not None and not voice.held:  # nothing is owed
            return easy >> taken << taken, view.cells.positions
        if view.script is not None and view.copied and not view.open:
            ahead = view.cells.must >> taken << taken
            return ahead, _lowest(ahead, view.cells.positions)
        if self.dense and view.script is None:
            return self._searched(view, voice, taken)
        key = voice.entry, voice.last
        known = view.known.get(key)
        if known is None:
            known = view.known[key] = self._chances(view, voice)
        starts, fine = known
        size = view.cells.positions
        if fine >> size & 1 and not view.cells.must and not self.foreign:
            view.easy[key] = starts
        if self.foreign:
            starts, fine = self._around(view, voice, starts, fine, taken)
        first = max(taken, self._free_at(view, voice)) if voice.held and view.script is None else taken
        if first >= size:
            return 0, size
        must = view.cells.must >> taken
        wait = taken + _lowest(must, size) if must else size
        last = min((fine & (2 << min(wait, size)) - 1).bit_length() - 1, size)
        starts = starts >> first << first & (2 << last) - 1
        return starts, self._soon(view, voice, starts, last)

    def _soon(self, view: View, voice: Voice, starts: int, last: int) -> int:
        """How long a part waits that owes the bar an onset: until the next beat on which it may play."""
        onsets = max(voice.entry - self.rest, 0)
        if last == view.cells.positions or onsets >= max(view.cells.least, 1):
            return last
        return min(_lowest(starts & _every(view.unit), last), last)

    def _searched(self, view: View, voice: Voice, taken: int) -> tuple[int, int]:
        """`room` where notes may have to overlap."""
        known = view.searched.get((voice.entry, voice.last, voice.held))
        if known is None or known[0] > taken:
            known = view.searched[voice.entry, voice.last, voice.held] = (taken, *self._search_on(view, voice, taken))
        _, starts, last = known
        starts = starts >> taken << taken
        return starts, self._soon(view, voice, starts, last)

    def _search_on(self, view: View, voice: Voice, taken: int) -> tuple[int, int]:
        assert self._search is not None
        cells, starts, held = view.cells, 0, _held(voice)
        for position in range(taken, cells.positions):
            if not self._search.finds(view.bar, position, voice.entry, voice.last, held):
                return starts, position - 1
            if cells.pitches[position] and self.starts(view, voice, position):
                starts |= 1 << position
            if cells.must >> position & 1:
                return starts, position
        fine = self._search.finds(view.bar, cells.positions, voice.entry, voice.last, held)
        return starts, cells.positions - (not fine)

    def _around(self, view: View, voice: Voice, starts: int, fine: int, taken: int) -> tuple[int, int]:
        """`_chances` without what given music closes: there is time as long as one way is open."""
        for position, closed in self._closed(view, voice.past).items():
            if not view.open[voice.entry][position] & self.step(view.cells, voice.last) & ~closed:
                starts &= ~(1 << position)
        if not fine >> view.cells.positions & 1:
            fine = (1 << starts.bit_length()) - 1 if starts >> taken else fine
        return starts, fine

    def _closed(self, view: View, past: tuple[tuple[int, int], ...]) -> dict[int, int]:
        """The pitches at each position of a bar with which a run of given music would be too long."""
        found: dict[int, int] = {}
        for runs in self.foreign:
            if len(past) < runs.most:
                continue
            recent = past[-runs.most :]
            steps = tuple((b[1] - a[1], b[0] - a[0]) for a, b in pairwise(recent))
            for interval, ticks in runs.after.get(steps, ()):
                position, odd = divmod(past[-1][0] + ticks - view.cells.start, view.cells.step)
                pitch = past[-1][1] + interval
                if not odd and 0 <= position < view.cells.positions and 0 <= pitch < 128:
                    found[position] = found.get(position, 0) | 1 << pitch
        return found

    def _chances(self, view: View, voice: Voice) -> tuple[int, int]:
        starts = fine = 0
        step = self.step(view.cells, voice.last)
        for position, row in enumerate(view.open[voice.entry]):
            if row & step:
                starts |= 1 << position
        for position, row in enumerate(view.ahead[voice.entry]):
            if row >> voice.last & 1:
                fine |= 1 << position
        return starts, fine

    def _free_at(self, view: View, voice: Voice) -> int:
        """The first position at which the part has a voice free."""
        tick = self.free(view, _ends(voice))
        return max(-(-(tick - view.cells.start) // view.cells.step), 0)

    def starts(self, view: View, voice: Voice, position: int) -> int:
        """The pitches that may start an onset."""
        if view.script is not None and not view.open:
            return 1 << view.script[position][0][0]
        found = 0 if self.dense and view.script is None else view.open[voice.entry][position]
        if self.tracked:
            voice = self.moved(view, voice, position)
            if view.script is None and len(voice.held) >= view.cells.sounding:
                return 0
            if self.dense or view.cells.sounding > 1:
                found |= self._after_chord(view, voice, position, new=True)
            found &= ~_fixed(voice)
        if self.foreign:
            found &= ~self._closed(view, voice.past).get(position, 0)
        found &= self.step(view.cells, voice.last) & self._lasting(view, position, 0)
        if position == 0 and view.bar == self.bars - 1:  # a last note is usually here: one to close on, if there is one
            found = found & self.closing or found
        return found

    def more(self, view: View, voice: Voice, position: int, above: int, count: int) -> int:
        """The pitches above one that may join an onset of `count` notes."""
        if view.script is not None:
            notes = view.script[position]
            if count == len(notes):
                return 0
            if not view.open:
                return 1 << notes[count][0]
        cells = view.cells
        if count >= cells.together or len(voice.held) >= cells.sounding:
            return 0
        found = self._after_chord(view, voice, position, new=False) >> above + 1 << above + 1
        if voice.opening:
            found &= self.opening
        if self.foreign:
            found &= ~self._closed(view, voice.past[:-1]).get(position, 0)
        for closing in self.closings:  # the notes of an onset close together or not at all
            found &= closing if closing >> above & 1 else ~closing
        return found & ~_fixed(voice) & self._lasting(view, position, count)

    def unfinished(self, view: View, position: int, count: int) -> bool:
        """Whether an onset that repeats another lacks notes."""
        return view.script is not None and not view.open and count < len(view.script.get(position, ()))

    def _after_chord(self, view: View, voice: Voice, position: int, *, new: bool) -> int:
        """The pitches of a position after which, held as briefly as they may be, the piece can be finished."""
        cells = view.cells
        entry = self.next_entry(view.bar, voice.entry) if new else voice.entry
        if entry is None:
            return 0
        pitches, all_home = (cells.pitches if new else cells.joining)[position], new or voice.last == HOME
        if self._search is not None and view.script is None:
            end, found = cells.start + (position + cells.shortest) * cells.step, 0
            for kind, pitch in self._search.kinds(pitches & ~_fixed(voice)):
                last = HOME if all_home and self.closing >> pitch & 1 else AWAY
                held = (*_held(voice), (end, pitch if cells.exact else -1))
                if self._search.finds(view.bar, position + 1, entry, last, held):
                    found |= kind & pitches
            return found
        after = view.ahead[entry][position + 1]
        if self.tracked and view.script is None:
            end = cells.start + (position + cells.shortest) * cells.step
            after = self.landing(view, position, entry, self.free(view, (*_ends(voice), end)))
        if not all_home and not self.tuned:
            return pitches if after >> AWAY & 1 else 0
        return self.usable(pitches, after)

    def _lasting(self, view: View, position: int, count: int) -> int:
        """In a bar that repeats a rhythm, the pitches that can last as long as the note they stand for."""
        if view.script is None or self.drums:
            return _ALL
        length, cells = view.script[position][count][1], view.cells
        row = (cells.joining if count else cells.pitches)[position]
        return sum(1 << q for q in range(128) if row >> q & 1 and cells.room(position, q) >= length)

    def struck(self, view: View, voice: Voice, position: int, pitch: int, *, new: bool) -> Voice:
        """The part after a note's pitch; its length comes next."""
        voice = self.moved(view, voice, position)
        opening = voice.last == NONE if new else voice.opening
        if view.script is not None and not view.open:
            return Voice(voice.entry, self._sort(pitch, new, voice), opening)
        entry = voice.entry
        if new:
            following = self.next_entry(view.bar, entry)
            assert following is not None
            entry = following
        last = pitch if self.tuned else self._sort(pitch, new, voice)
        past = voice.past
        if self.foreign:
            tick = view.cells.start + position * view.cells.step
            past = (
                (*past[-max(runs.most for runs in self.foreign) :], (tick, pitch))
                if new
                else (*past[:-1], (tick, pitch))
            )
        return Voice(entry, last, opening, voice.held, past)

    def _sort(self, pitch: int, new: bool, voice: Voice) -> int:
        return HOME if self.closing >> pitch & 1 and (new or voice.last == HOME) else AWAY

    def lengths(self, view: View, voice: Voice, position: int, pitch: int, count: int) -> int:
        """How many positions the note just struck may last, the `count`th of its onset, as bits."""
        cells = view.cells
        if view.script is not None:
            return 1 << view.script[position][count - 1][1]
        room = cells.room(position, pitch)
        if self.tracked:
            room = min(room, self._longest(view, voice, position, pitch, room))
        return cells.every & (2 << room) - 1

    def _longest(self, view: View, voice: Voice, position: int, pitch: int, room: int) -> int:
        """The longest length after which the piece can be finished: a longer note never leaves more."""
        cells, lengths = view.cells, view.cells.lengths
        low, high = 0, len(lengths) - 1
        while low < high:
            middle = (low + high + 1) // 2
            end = cells.start + (position + lengths[middle]) * cells.step
            fits = lengths[middle] <= room and self._fits(view, voice, position, end, pitch)
            low, high = (middle, high) if fits else (low, middle - 1)
        return lengths[low]

    def _fits(self, view: View, voice: Voice, position: int, end: int, pitch: int) -> bool:
        """Whether the piece can be finished if the note just struck ends at a tick."""
        if self._search is not None:
            held = (*_held(voice), (end, pitch if view.cells.exact else -1))
            return self._search.finds(view.bar, position + 1, voice.entry, voice.last, held)
        after = self.landing(view, position, voice.entry, self.free(view, (*_ends(voice), end)))
        return bool(after >> voice.last & 1)

    def held(self, view: View, voice: Voice, position: int, pitch: int, length: int) -> Voice:
        """The part after a note's length."""
        if not self.tracked:
            return voice
        end = view.cells.start + (position + length) * view.cells.step
        return voice._replace(held=(*voice.held, (pitch, end, view.cells.exact)))

    def moved(self, view: View, voice: Voice, position: int) -> Voice:
        """The part once a position is reached: what has ended is let go."""
        if not voice.held:
            return voice
        tick = view.cells.start + position * view.cells.step
        return voice._replace(held=tuple(note for note in voice.held if note[1] > tick))

    def loud(self, view: View, position: int, count: int) -> int:
        """The velocity that the `count`th note of an onset repeats, -1 if none."""
        return -1 if view.script is None else view.script[position][count - 1][2]

    def repeated(self, bar: int, notes: Mapping[int, Sequence[tuple[int, int, int, int]]]) -> View:
        """A bar that repeats another, once that is written.

        Parameters
        ----------
        bar : int
            From 0.
        notes : mapping of int to sequence of (position, pitch, length, velocity)
            What this part has in each bar that is repeated.
        """
        one, cells = self.copies[bar], self.views[bar].cells
        script: dict[int, list[tuple[int, int, int]]] = {}
        for position, pitch, length, loud in notes.get(one.source, ()):
            note = (-1, length, -1) if one.shift is None else (pitch + one.shift, length, loud)
            script.setdefault(position, []).append(note)
        must = sum(1 << position for position in script)
        if one.shift is not None:
            return View(bar, replace(cells, must=must), script=script, copied=True)
        rows = [row if position in script else 0 for position, row in enumerate(cells.pitches)]
        found = View(bar, replace(cells, pitches=rows, must=must, least=0), copied=True)
        found.script = {position: sorted(row) for position, row in script.items()}
        after = self.after[bar + 1]
        if not one.end:
            following = self.repeated(bar + 1, notes)
            after = [row[0] for row in following.ahead]
        self.look_at(found, [after[0]] * (self.rest + 1))
        return found

    def entered(self, before: View | None, view: View, voice: Voice) -> Voice:
        """The part at the start of a bar, after another or at the start of the piece."""
        if before is None:
            return voice
        last = voice.last
        if before.copied and last < NONE:  # the step out of a repeat does not count
            last = HOME if self.closing >> last & 1 else AWAY
        anew = before.copied or before.cells.silent or view.copied or voice.entry > self.rest
        return voice._replace(entry=0 if anew else voice.entry + 1, last=last, opening=False)


def _ends(voice: Voice) -> tuple[int, ...]:
    return tuple(end for _, end, _ in voice.held)


def _held(voice: Voice) -> tuple[tuple[int, int], ...]:
    return tuple((end, pitch if exact else -1) for pitch, end, exact in voice.held)


def _fixed(voice: Voice) -> int:
    """The pitches that must not be cut short."""
    return sum({1 << pitch for pitch, _, exact in voice.held if exact}) if voice.held else 0


@cache
def _every(unit: int) -> int:
    """Every so many positions, as bits."""
    return sum(1 << position for position in range(0, 144, unit))


def _lowest(found: int, none: int) -> int:
    """The lowest bit, or `none`."""
    return (found & -found).bit_length() - 1 if found else none

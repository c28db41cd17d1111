"""One part of the slow matcher: what its cells hold, and what lies ahead, by recursion in sets. See `slow`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np

from symbolic_music.rules.limits import MANY, WIDE, Copy, Limits

#: The last note of a part: its pitch, or what is known of it.
Last: TypeAlias = int | str
Lasts: TypeAlias = frozenset[Last]
EVERY: Lasts = frozenset([*range(128), "none", "home", "away"])
NO: Lasts = frozenset()
#: A note that sounds: the tick where it ends, and its pitch, or -1 if that may be struck again.
Held: TypeAlias = tuple[int, int]
#: Places that a search looks at.
PATIENCE = 200_000
#: Positions from one place to the next at which obligations are met.
UNITS = (12, 6, 3, 1)


class Note(NamedTuple):
    """A note as written: `length` 0 until it is known, and of a drum."""

    bar: int
    part: int
    position: int
    pitch: int
    length: int = 0
    velocity: int = 0


class Player:
    """One part: what its cells hold, and what lies ahead."""

    def __init__(self, limits: Limits, part: int, known: frozenset[int]) -> None:
        self.limits, self.part, self.known = limits, part, known
        self.bars, self.drums = len(limits.meters), limits.parts[part].is_drums
        self.rest = min(limits.rest, self.bars)
        self.copies = {c.target: c for c in limits.copies if c.part == part}
        self.opening = frozenset(np.flatnonzero(limits.opening[part]).tolist())
        self.closing = frozenset(np.flatnonzero(limits.closing[part]).tolist())
        self.scripts: dict[int, dict[int, tuple[int, ...]]] = {}
        self.seen: dict[tuple[int, int, int, int, int], Lasts] = {}
        self.units: tuple[int, ...] = UNITS
        self.unit_of: dict[int, int] = {}
        self.found: dict[tuple[int, int, int, int, Last, tuple[Held, ...]], bool] = {}
        for name in (
            "places",
            "rhythms",
            "everywhere",
            "stop",
            "strikes",
            "joining",
            "fields",
            "lengths",
            "spare",
            "exact",
        ):
            setattr(self, name, lru_cache(None)(getattr(self, name)))
        if "none" not in self.enter(0, 0):
            self.units, self.unit_of, self.seen = (1,), {}, {}
            self.spare.cache_clear()  # type: ignore[attr-defined]

    # --- the cells ---

    def size(self, bar: int) -> int:
        return self.limits.meters[bar].positions

    @cached_property
    def begins(self) -> list[int]:
        found = [0]
        for meter in self.limits.meters:
            found.append(found[-1] + meter.ticks)
        return found

    def tick(self, bar: int, position: int) -> int:
        return self.begins[bar] + position * self.limits.meters[bar].step

    def places(self, bar: int) -> list[tuple[int, int]]:
        """Where the notes of a bar come to be, and how many semitones higher."""
        found = [(bar, 0)]
        for copy in self.copies.values():
            if copy.source == bar and copy.shift is not None:
                found += [(other, copy.shift + more) for other, more in self.places(copy.target)]
        return found

    def rhythms(self, bar: int) -> list[Copy]:
        """The repeats, in rhythm only, of a bar wherever it comes to be."""
        every = [other for other, _ in self.places(bar)]
        return [copy for copy in self.copies.values() if copy.shift is None and copy.source in every]

    def everywhere(self, bar: int) -> list[int]:
        """All bars whose rhythm is that of a bar."""
        found = [other for other, _ in self.places(bar)]
        return found + [other for copy in self.rhythms(bar) for other in self.everywhere(copy.target)]

    def field(self, name: str, bar: int) -> int:
        return self.fields(bar)[name]

    def fields(self, bar: int) -> dict[str, int]:
        here, every, part = [other for other, _ in self.places(bar)], self.everywhere(bar), self.part
        found = {
            "least": max(int(self.limits.least[b, part]) for b in every),
            "most": min(int(self.limits.most[b, part]) for b in every),
            "fall": min(int(self.limits.fall[b, part]) for b in here),
            "rise": min(int(self.limits.rise[b, part]) for b in here),
            "silent": int(self.limits.silent[bar, part]),
            "together": int(self.limits.together[bar, part]),
            "sounding": min(int(self.limits.sounding[b, part]) for b in every),
        }
        for copy in self.rhythms(bar):
            rows = [self.closers(copy, position) for position in range(self.size(copy.target))]
            found["sounding"] = min([found["sounding"], *(len(row) for row in rows if row)])
        return found

    def closers(self, copy: Copy, position: int) -> frozenset[int]:
        """The pitches at a place of a rhythm's repeat; if it ends the part, those it may end on."""
        row = self.strikes(copy.target, position)
        return row & self.closing if self.ends(copy) else row

    def ends(self, copy: Copy) -> bool:
        """Whether nothing of the part comes after a repeat but silence and more repeats."""
        later = range(copy.target + 1, self.bars)
        return copy.end and all(b in self.copies or self.limits.silent[b, self.part] for b in later)

    def must(self, bar: int, position: int) -> bool:
        if bar in self.scripts:
            return position in self.scripts[bar]
        every = [self.limits.musts.get((b, self.part)) for b in self.everywhere(bar)]
        return any(table is not None and table[position] for table in every)

    def exact(self, bar: int) -> bool:
        """Whether a note of a bar must not be cut short."""
        if self.drums:
            return False
        rhythm = any(c.shift is None and bar in (c.source, c.target) for c in self.copies.values())
        lengths = self.lengths(bar)
        return bool(self.limits.exact[bar, self.part]) or rhythm or any(
            length not in lengths for length in self.known if length < max(lengths, default=0)
        ) or not lengths  # fmt: skip

    def lengths(self, bar: int) -> frozenset[int]:
        every = [self.limits.lengths[b, self.part] for b in self.everywhere(bar)]
        return frozenset(length for length in self.known if all(table[length] for table in every))

    def sounds(self, bar: int, position: int, pitch: int) -> bool:
        moments = self.limits.moments.get((bar, self.part))
        return bool(self.limits.pitches[bar, self.part, pitch]) and (moments is None or bool(moments[position, pitch]))

    def stop(self, bar: int, position: int, pitch: int) -> int:
        """The tick at which a pitch that sounds from a position on has to end."""
        limits, part = self.limits, self.part
        if position == self.size(bar):
            after = bar + 1
            held = after < self.bars and limits.ties[after, part]
            carries = limits.carries.get((after, part))
            if not held or limits.sounding[bar, part] > limits.sounding[after, part]:
                return self.begins[after]
            if carries is not None and not carries[pitch]:
                return self.begins[after]
            return int(self.stop(after, 0, pitch))
        if not self.sounds(bar, position, pitch):
            return self.tick(bar, position)
        return int(self.stop(bar, position + 1, pitch))

    def fits(self, bar: int, position: int, pitch: int, length: int) -> bool:
        """Whether a note may last so long, in every place that it comes to."""
        if length not in self.lengths(bar):
            return False
        for other, shift in self.places(bar):
            there = pitch + shift
            if not 0 <= there < 128 or length > self.limits.longest[other, self.part, there]:
                return False
            if self.tick(other, position) + length * self.limits.meters[other].step > self.stop(other, position, there):
                return False
        for copy in self.rhythms(bar):
            row = self.strikes(copy.target, position)
            if not all(self.fits(copy.target, position, p, length) for p in row):
                return False
        return True

    def may(self, bar: int, position: int, pitch: int, *, lowest: bool) -> bool:
        """Whether a pitch may start at a position, in every place that it comes to, as an onset's lowest or not."""
        if any(self.limits.silent[other, self.part] for other in self.everywhere(bar)):
            return False
        for other, shift in self.places(bar):
            there, key = pitch + shift, (other, self.part)
            if not 0 <= there < 128 or not self.sounds(other, position, there):
                return False
            strikes = self.limits.strikes.get((*key, position))
            if lowest and strikes is not None and not strikes[there]:
                return False
            if key in self.limits.starts and not self.limits.starts[key][position]:
                return False
        if not all(self.closers(copy, position) for copy in self.rhythms(bar)):
            return False
        return self.drums or any(self.fits(bar, position, pitch, length) for length in self.lengths(bar))

    def strikes(self, bar: int, position: int) -> frozenset[int]:
        row = [pitch for pitch in range(128) if self.sounds(bar, position, pitch)]
        return frozenset(pitch for pitch in row if self.may(bar, position, pitch, lowest=True))

    def joining(self, bar: int, position: int) -> frozenset[int]:
        """The pitches that may join others at a position."""
        row = [pitch for pitch in range(128) if self.sounds(bar, position, pitch)]
        return frozenset(pitch for pitch in row if self.may(bar, position, pitch, lowest=False))

    def pitches(self, bar: int, position: int) -> frozenset[int]:
        """The same; in a bar that repeats a rhythm only where that has notes."""
        if bar in self.scripts and position not in self.scripts[bar]:
            return frozenset()
        return frozenset(self.strikes(bar, position))

    def shortest(self, bar: int) -> int:
        return 1 if self.drums else min(self.lengths(bar), default=1)

    # --- what the part has to count ---

    @cached_property
    def stepped(self) -> bool:
        return any(self.field("fall", b) < WIDE or self.field("rise", b) < WIDE for b in range(self.bars))

    @cached_property
    def tuned(self) -> bool:
        return self.stepped or (len(self.closing) < 128 and any(c.shift for c in self.copies.values()))

    @cached_property
    def tracked(self) -> bool:
        counted = any(self.field("sounding", b) < MANY or self.exact(b) for b in range(self.bars))
        return counted and not self.drums

    def counted(self, bar: int) -> int:
        """Up to how many onsets of a bar matter."""
        most = self.field("most", bar)
        return max(1, self.field("least", bar), most if most < MANY else 0)

    def voices(self, bar: int) -> int:
        return min(self.field("sounding", bar), self.spare(bar))

    def spare(self, bar: int) -> int:
        """The fewest pitches there are to choose from anywhere from a bar on, where notes must not be cut."""
        if not any(self.exact(b) for b in range(self.bars)):
            return MANY
        found = [MANY]
        for other in range(bar, self.bars):
            for position in range(self.size(other)):
                row = self.strikes(other, position)
                found += [len(some) for some in (row & self.closing, row - self.closing) if some]
            if other not in self.copies:
                rows = [self.open(other, p, *entry) for p in range(self.size(other)) for entry in self.entries(other)]
                found += [len(row) for row in rows if row]
        return min(found)

    def entries(self, bar: int) -> list[tuple[int, int]]:
        """Bars of rest before a bar's first onset, and its onsets: what matters of them."""
        return [*((rests, 0) for rests in range(self.rest + 1)), *((0, n) for n in range(1, self.counted(bar) + 1))]

    @cached_property
    def closings(self) -> list[frozenset[int]]:
        """What may close the part, and what may where bars are repeated higher or lower, if the part is tuned."""
        shifts = {shift for bar in range(self.bars) if bar not in self.copies for _, shift in self.heights(bar)}
        return [frozenset(p for p in range(128) if p + shift in self.closing) for shift in shifts] if self.tuned else []

    def heights(self, bar: int) -> list[tuple[int, int]]:
        """Where a bar comes to be, in rhythm or exactly, and how many semitones higher."""
        found = [(bar, 0)]
        for copy in self.copies.values():
            if copy.source == bar:
                found += [(other, (copy.shift or 0) + more) for other, more in self.heights(copy.target)]
        return found

    def unit(self, bar: int) -> int:
        """Positions from one place to the next at which a bar's obligations are met: as wide as costs nothing."""
        if bar in self.scripts:
            return 1
        if bar not in self.unit_of:
            exact = self.tried(bar, 1)
            self.unit_of[bar] = next(unit for unit in self.units if self.tried(bar, unit) == exact)
        return self.unit_of[bar]

    def tried(self, bar: int, unit: int) -> list[Lasts]:
        self.unit_of[bar] = unit
        found = [self.ahead(bar, 0, *entry) for entry in self.entries(bar)]
        del self.unit_of[bar]
        return found

    # --- what lies ahead ---

    def sort(self, pitches: Iterable[int]) -> str:
        return "home" if set(pitches) <= self.closing else "away"

    def enter(self, bar: int, rests: int) -> Lasts:
        """The last notes with which the piece can be finished from a bar on, after so many bars of rest."""
        if bar == self.bars:
            return frozenset({"home"} | (self.closing if self.tuned else set()))
        if bar not in self.copies or bar in self.scripts:
            return self.ahead(bar, 0, rests, 0)
        copy = self.copies[bar]
        after = self.enter(bar + 1, 0)
        if copy.shift is None:
            free = ("away" in after or not copy.end or self.ends(copy)) and self.gates(bar) == EVERY
            if self.stepped or not (free or len(self.closing) == 128):
                return NO
            return EVERY if self.heard(copy) and "home" in after else after
        if not copy.end:
            return after
        if self.heard(copy):
            return EVERY if self.gate(copy) else NO
        return frozenset(
            last for last in EVERY
            if (last if isinstance(last, str) else self.sort({last})) in after
        )  # fmt: skip

    def heard(self, copy: Copy) -> bool:
        """Whether what is repeated ends with a note."""
        return any(self.strikes(copy.source, position) for position in range(self.size(copy.source)))

    def gate(self, copy: Copy) -> Lasts:
        """The last notes of what is repeated with which the piece can go on after the repeat."""
        after, shift = self.enter(copy.target + 1, 0), copy.shift or 0
        return frozenset(
            last for last in EVERY - {"none"}
            if (last if isinstance(last, str) else self.sort({last + shift})) in after
        )  # fmt: skip

    def leave(self, bar: int, rests: int, onsets: int) -> Lasts:
        """The same at the end of a bar."""
        if onsets < (0 if bar in self.scripts else self.field("least", bar)):
            return NO
        rests = 0 if onsets or self.field("silent", bar) or bar in self.copies else rests + 1
        if rests > self.rest:
            return NO
        return self.enter(bar + 1, rests) & self.gates(bar)

    def gates(self, bar: int) -> Lasts:
        """The last notes that a bar may end with as it ends what others repeat."""
        found = EVERY
        for copy in self.copies.values():
            if copy.source == bar and copy.shift is not None:
                later = self.gates(copy.target)
                if later != EVERY:
                    found &= {last for last in EVERY if (last if isinstance(last, str) else last + copy.shift) in later}
                if copy.end:
                    found &= self.gate(copy) | (frozenset() if self.heard(copy) else {"none"})
        return found

    def ahead(self, bar: int, position: int, rests: int, onsets: int) -> Lasts:
        """The same from a position on, after so many onsets in the bar."""
        rests, onsets = 0 if onsets else rests, min(onsets, self.counted(bar))
        key = bar, position, rests, onsets, self.unit(bar)
        if key not in self.seen:
            self.seen[key] = self._ahead(*key)
        return self.seen[key]

    def _ahead(self, bar: int, position: int, rests: int, onsets: int, unit: int) -> Lasts:
        if position == self.size(bar):
            return self.leave(bar, rests, onsets)
        later = NO if self.must(bar, position) else self.ahead(bar, position + 1, rests, onsets)
        if position % unit and not self.must(bar, position):
            return later
        usable = self.open(bar, position, rests, onsets)
        return later | self.before(bar, usable) if usable else later

    def before(self, bar: int, pitches: frozenset[int]) -> Lasts:
        """The last notes from which a step to one of some pitches is allowed."""
        lasts = EVERY if self.tuned else ("none", "home", "away")
        return frozenset(last for last in lasts if self.stepping(bar, last, pitches))

    def stepping(self, bar: int, last: Last, pitches: frozenset[int]) -> frozenset[int]:
        """Those of some pitches that may follow a last note."""
        if last == "none":
            return pitches & self.opening
        if isinstance(last, str):
            return pitches
        low, high = last - self.field("fall", bar), last + self.field("rise", bar)
        return frozenset(pitch for pitch in pitches if low <= pitch <= high)

    def open(self, bar: int, position: int, rests: int, onsets: int) -> frozenset[int]:
        """The pitches after which, alone and as short as may be, the piece can be finished."""
        row = self.pitches(bar, position)
        if not row or min(onsets, self.counted(bar)) >= self.field("most", bar):
            return frozenset()
        end = self.tick(bar, position + self.shortest(bar))
        return self.usable(row, self.free_from(bar, position, onsets + 1, end))

    def usable(self, row: frozenset[int], after: Lasts) -> frozenset[int]:
        return frozenset(p for p in row if (p if self.tuned else self.sort({p})) in after)

    def free_from(self, bar: int, position: int, onsets: int, tick: int) -> Lasts:
        """The last notes with which the piece can be finished if no onset comes up to a position, nor before a tick."""
        if not self.tracked or bar in self.scripts:
            return self.ahead(bar, position + 1, 0, onsets)
        return self.waiting(bar, position + 1, 0, onsets, tick)

    def waiting(self, bar: int, position: int, rests: int, onsets: int, tick: int) -> Lasts:
        for at in range(position, self.size(bar)):
            if self.tick(bar, at) >= tick:
                return self.ahead(bar, at, rests, onsets)
            if self.must(bar, at):
                return NO
        after = self.leave(bar, rests, onsets)
        if bar + 1 == self.bars or not after or tick <= self.begins[bar + 1]:
            return after
        if bar + 1 in self.copies:
            return NO
        rests = 0 if onsets or self.field("silent", bar) else rests + 1
        return self.waiting(bar + 1, 0, rests, 0, tick)

    # --- parts whose notes may have to overlap ---

    @cached_property
    def dense(self) -> bool:
        overlaps = any(self.shortest(b) > 1 and self.field("sounding", b) > 1 for b in range(self.bars))
        return self.tracked and not self.tuned and overlaps

    @cached_property
    def kinds(self) -> dict[int, frozenset[int]]:
        """For each pitch those that may be played wherever it may."""
        rows = {self.opening, self.closing}
        rows |= {self.strikes(bar, at) for bar in range(self.bars) for at in range(self.size(bar))}
        rows |= {self.joining(bar, at) for bar in range(self.bars) for at in range(self.size(bar))}
        alike: dict[frozenset[frozenset[int]], set[int]] = {}
        for pitch in range(128):
            alike.setdefault(frozenset(row for row in rows if pitch in row), set()).add(pitch)
        return {pitch: frozenset(kind) for kind in alike.values() for pitch in kind}

    def sounding(self, bar: int, position: int, pitch: int, length: int) -> Held:
        """A note that sounds: where it ends, and which pitch must not be struck before."""
        return self.tick(bar, position + length), pitch if self.exact(bar) else -1

    def finds(self, bar: int, position: int, rests: int, onsets: int, last: Last, held: tuple[Held, ...]) -> bool:
        """Whether the piece can be finished, in notes of the shortest length, while others still sound.

        Raises
        ------
        TimeoutError
            If that takes too long to find out.
        """
        tick = self.tick(bar, position)
        key = bar, position, 0 if onsets else rests, min(onsets, self.counted(bar)), last, tuple(
            sorted(note for note in held if note[0] > tick)
        )  # fmt: skip
        if key not in self.found:
            if len(self.found) > PATIENCE:
                raise TimeoutError
            self.found[key] = self._finds(*key)
        return self.found[key]

    def _finds(self, bar: int, position: int, rests: int, onsets: int, last: Last, held: tuple[Held, ...]) -> bool:
        if position == self.size(bar):
            if bar + 1 == self.bars or bar + 1 in self.copies:
                return last in self.leave(bar, rests, onsets)
            rests = 0 if onsets or self.field("silent", bar) else rests + 1
            if onsets < self.field("least", bar) or rests > self.rest or last not in self.gates(bar):
                return False
            return self.finds(bar + 1, 0, rests, 0, last, held)
        if not self.must(bar, position) and self.finds(bar, position + 1, rests, onsets, last, held):
            return True
        row = self.stepping(bar, last, self.pitches(bar, position)) - {pitch for _, pitch in held}
        if not row or len(held) >= self.field("sounding", bar) or onsets >= self.field("most", bar):
            return False
        for pitch in {min(self.kinds[pitch] & row) for pitch in row}:
            more = (*held, self.sounding(bar, position, pitch, self.shortest(bar)))
            if self.finds(bar, position + 1, 0, onsets + 1, self.sort({pitch}), more):
                return True
        return False

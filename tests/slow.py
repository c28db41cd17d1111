"""The matcher once more, slow and plain: which ids may come next, out of the tables and the whole row so far.

Nothing is carried from one id to the next, there are no bits and no arrays: the notes written so far are a list, and
what lies ahead of a part is found by recursion over (bar, position, bars of rest, onsets in the bar) in sets of last
notes. Where the matcher is told to be tighter than "some piece can still be written", so is this:

- a part whose sounding notes are counted looks ahead in notes of the shortest length, one at an onset, and where it
  counts steps or all notes may be short, one after the other: it starts only where a voice is free, and there are never
  more voices than pitches to choose from where notes must not be cut;
- a chord of a part that counts steps, or that ends on given notes and is moved, is all of closing notes or has none;
- a bar with `BAR_NOTES` notes takes only those that have to come;
- bars that repeat others are taken as they will be: what is repeated keeps to the limits of both places.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from slow_part import Last, Note, Player

from symbolic_music.rules.limits import Limits
from symbolic_music.rules.matcher import BAR_NOTES
from symbolic_music.theory.meters import METERS
from symbolic_music.tokens.vocabulary import LEFT, SECTIONS, Kind, Vocabulary

sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))  # what lies ahead is followed place by place
FIRST_NAMES = ("intro", "verse", "chorus", "A")


class Slow:
    """Matches whole rows against `limits`.

    Parameters
    ----------
    limits : Limits
    vocabulary : Vocabulary
    plan : bool
        As of `Matcher`.
    """

    def __init__(self, limits: Limits, vocabulary: Vocabulary, *, plan: bool = True) -> None:
        if limits.foreign:
            raise NotImplementedError("given music to keep away from")
        v = self.v = vocabulary
        self.limits, self.plan, self.bars = limits, plan, len(limits.meters)
        known = frozenset(v.value[v.ids(Kind.DURATION)].tolist())
        self.players = [Player(limits, part, known) for part in range(len(limits.parts))]

    def allowed(self, ids: Iterable[int]) -> NDArray[np.bool_]:
        """The ids that may come after some, shape [V]."""
        row = [(Kind(int(self.v.kind[i])), int(self.v.value[i])) for i in ids]
        mask = np.zeros(len(self.v), bool)
        for kind, value in self.following(row):
            mask[self.v.id(kind, value)] = True
        return mask

    def following(self, row: list[tuple[Kind, int]]) -> set[tuple[Kind, int]]:
        if not row:
            return {(Kind.BAR, 0)}
        if row[-1][0] == Kind.EOS:
            return set()
        bars = [i for i, (kind, _) in enumerate(row) if kind == Kind.BAR]
        bar, now = len(bars) - 1, row[bars[-1] + 1 :]
        head = [Kind.TIMESIG, *([Kind.LEFT] if self.bars - bar <= LEFT else [])]
        head += [Kind.SECTION, Kind.CHORD, Kind.CHORD] if self.plan else []
        if len(now) >= len(head):
            return self.playing(row, bar, now[len(head) :])
        match head[len(now)]:
            case Kind.TIMESIG:
                return {(Kind.TIMESIG, METERS.index(self.limits.meters[bar]))}
            case Kind.LEFT:
                return {(Kind.LEFT, self.bars - bar)}
            case Kind.SECTION:
                return {(Kind.SECTION, SECTIONS.index(name)) for name in self.sections(row, bar)}
        half = len(now) - head.index(Kind.CHORD)
        return {(Kind.CHORD, int(i) - 1) for i in np.flatnonzero(self.limits.plan[bar, half])} or {(Kind.CHORD, -1)}

    def sections(self, row: list[tuple[Kind, int]], bar: int) -> list[str]:
        if self.limits.sections[bar]:
            return [self.limits.sections[bar]]
        heard = [SECTIONS[value] for kind, value in row if kind == Kind.SECTION]
        letters = [name for name in heard if len(name) == 1]
        if letters:
            return list("ABCDEFGH"[: "ABCDEFGH".index(max(letters)) + 2])
        return [name for name in SECTIONS if len(name) > 1] if heard else list(FIRST_NAMES)

    # --- notes ---

    def notes(self, row: list[tuple[Kind, int]]) -> list[Note]:
        found: list[Note] = []
        bar, position, part, program = -1, -1, -1, -1
        of = {(p.program, p.chair): i for i, p in enumerate(self.limits.parts)}
        for kind, value in row:
            match kind:
                case Kind.BAR:
                    bar, position, part = bar + 1, -1, -1
                case Kind.POSITION:
                    position = value
                case Kind.PROGRAM:
                    program, part = value, of.get((value, 1), -1)
                case Kind.CHAIR:
                    part = of[program, value]
                case Kind.PITCH | Kind.PITCHDRUM:
                    found.append(Note(bar, part, position, value))
                case Kind.VELOCITY:
                    found[-1] = found[-1]._replace(velocity=value)
                case Kind.DURATION:
                    found[-1] = found[-1]._replace(length=value)
        return found

    def playing(self, row: list[tuple[Kind, int]], bar: int, now: list[tuple[Kind, int]]) -> set[tuple[Kind, int]]:
        notes = self.notes(row)
        mine = [note for note in notes if note.bar == bar]
        part = mine[-1].part if mine else -1  # the part that plays without being named
        kind = now[-1][0] if now else None
        positions = [value for other, value in now if other == Kind.POSITION]
        position = positions[-1] if positions else -1
        desk = Desk(self, bar, position, notes)
        moved = not mine or mine[-1].position != position  # nothing has been played here yet
        if kind in (Kind.PITCH, Kind.PITCHDRUM):
            return desk.velocities(part)
        if kind == Kind.VELOCITY and not self.players[part].drums:
            return desk.durations(part)
        if kind == Kind.CHAIR:
            of = [i for i, p in enumerate(self.limits.parts) if (p.program, p.chair) == (now[-2][1], now[-1][1])]
            return desk.pitches(of[0], desk.starts(of[0]))
        if kind == Kind.PROGRAM:
            found: set[tuple[Kind, int]] = set()
            for other in desk.players(0 if moved else part + 1):
                who = self.limits.parts[other]
                if other != part and who.program == now[-1][1]:
                    chair = {(Kind.CHAIR, who.chair)}
                    found |= desk.pitches(other, desk.starts(other)) if who.chair == 1 else chair
            return found
        if kind == Kind.POSITION:
            found = set()
            for other in desk.players(0):
                program = {(Kind.PROGRAM, self.limits.parts[other].program)}
                found |= desk.pitches(other, desk.starts(other)) if other == part else program
            return found
        return desk.between(part)


class Desk:
    """One moment: the notes so far, and what the parts may do at a position of a bar."""

    def __init__(self, slow: Slow, bar: int, position: int, notes: list[Note]) -> None:
        self.limits, self.parts, self.bar, self.position, self.notes = slow.limits, slow.players, bar, position, notes
        self.loud = [(int(slow.v.value[i])) for i in slow.v.ids(Kind.VELOCITY)]
        self.end = slow.limits.meters[bar].positions
        self.full = False
        for player in self.parts:
            scripts = {}
            for target, copy in player.copies.items():
                if copy.shift is None and self.among(target):
                    scripts[target] = {
                        at: tuple(sorted(n.length for n in self.of(player.part, copy.source) if n.position == at))
                        for at in {n.position for n in self.of(player.part, copy.source)}
                    }
            if scripts != player.scripts:
                player.scripts, player.seen, player.found = scripts, {}, {}

    def among(self, target: int) -> bool:
        """Whether a bar belongs to the repeat that is being written."""
        copies = [player.copies for player in self.parts if target in player.copies]
        return target == self.bar or (
            target > self.bar and all(b in c and not c[b].end for c in copies for b in range(self.bar, target))
        )

    def of(self, part: int, bar: int | None = None) -> list[Note]:
        return [note for note in self.notes if note.part == part and bar in (None, note.bar)]

    def chord(self, part: int) -> list[Note]:
        """What a part has at this moment."""
        return [note for note in self.of(part, self.bar) if note.position == self.position]

    def again(self, part: int) -> dict[int, list[tuple[int, int, int]]] | None:
        """The pitches, lengths and velocities at each position of a bar that repeats another exactly."""
        copy = self.parts[part].copies.get(self.bar)
        if copy is None or copy.shift is None:
            return None
        found: dict[int, list[tuple[int, int, int]]] = {}
        for note in self.of(part, copy.source):
            found.setdefault(note.position, []).append((note.pitch + copy.shift, note.length, note.velocity))
        return found

    def last(self, part: int) -> Last:
        """A part's last note."""
        player, mine = self.parts[part], self.of(part)
        if not mine:
            return "none"
        onset = [note for note in mine if (note.bar, note.position) == (mine[-1].bar, mine[-1].position)]
        copied = [b for b in player.copies if onset[-1].bar <= b < self.bar]
        exact = onset[-1].bar in player.copies and player.copies[onset[-1].bar].shift is not None
        if player.tuned and not copied and not exact:
            return onset[-1].pitch
        return player.sort({onset[-1].pitch} if player.tuned and not exact else {note.pitch for note in onset})

    def entry(self, part: int) -> tuple[int, int]:
        """Bars of rest before the bar's first onset, and its onsets."""
        player = self.parts[part]
        onsets = len({note.position for note in self.of(part, self.bar)})
        rests = 0
        for bar in range(self.bar):
            free = self.of(part, bar) or player.field("silent", bar) or bar in player.copies
            rests = 0 if free else rests + 1
        return rests, onsets

    def held(self, part: int, position: int) -> list[Note]:
        """What a part still holds at a position."""
        player, tick = self.parts[part], self.parts[part].tick(self.bar, position)
        if not player.tracked:
            return []
        return [note for note in self.of(part) if player.tick(note.bar, note.position + note.length) > tick]

    def free(self, part: int, ends: list[int]) -> int:
        """The tick from which on a part has a voice free, given when its notes end."""
        voices = self.parts[part].voices(self.bar)
        return 0 if len(ends) < voices else sorted(ends)[len(ends) - voices]

    def ends(self, part: int, position: int) -> list[int]:
        player = self.parts[part]
        return [player.tick(note.bar, note.position + note.length) for note in self.held(part, position)]

    def wait(self, part: int, first: int) -> int:
        """The latest position that a part may wait for, if it may play from `first` on; -1 if there is none.

        A part that owes the bar a note waits for the next beat only.
        """
        player, found, again = self.parts[part], -1, self.again(part)
        for at in range(first, self.end + 1):
            if again is not None:
                if at == self.end or at in again:
                    return at
                continue
            if self.fine(part, at):
                found = at
            if at < self.end and player.must(self.bar, at):
                break
        if again is None and found < self.end and self.entry(part)[1] < max(self.least(part), 1):
            beats = (at for at in range(first, found) if at % player.unit(self.bar) == 0)
            found = next((at for at in beats if self.may_start(part, at)), found)
        return found

    def least(self, part: int) -> int:
        return 0 if self.bar in self.parts[part].scripts else self.parts[part].field("least", self.bar)

    def dense(self, part: int) -> bool:
        return self.parts[part].dense and self.bar not in self.parts[part].scripts

    def fine(self, part: int, position: int) -> bool:
        """Whether a part may wait for a position."""
        player = self.parts[part]
        if self.dense(part):
            held = self.still(part, position)
            found: bool = player.finds(self.bar, position, *self.entry(part), self.last(part), held)
            return found
        return self.last(part) in player.ahead(self.bar, position, *self.entry(part))

    def may_start(self, part: int, position: int) -> bool:
        """Whether a part may start an onset at a position."""
        player, again = self.parts[part], self.again(part)
        if again is not None:
            return position in again
        if self.dense(part):
            then = Desk.__new__(Desk)
            then.__dict__.update(self.__dict__, position=position)
            return bool(then.starts(part))
        late = self.free(part, self.ends(part, position)) > player.tick(self.bar, position)
        if self.bar not in player.scripts and late:
            return False
        usable = player.open(self.bar, position, *self.entry(part))
        return bool(player.stepping(self.bar, self.last(part), usable))

    def first(self, part: int, turn: int) -> int:
        return max(self.position + (part < turn), 0)

    def waits(self, turn: int) -> list[int]:
        """How long each part may wait, those before `turn` having had theirs."""
        found = [self.wait(part, self.first(part, turn)) for part in range(len(self.parts))]
        count = sum(note.bar == self.bar for note in self.notes)
        self.full = count + sum(wait < self.end for wait in found) >= BAR_NOTES
        return found

    def players(self, turn: int) -> list[int]:
        """The parts, from one on, that may play now: as long as all before can wait."""
        found = []
        for part, wait in enumerate(self.waits(turn)):
            if part >= turn:
                if self.may_start(part, self.position) and not (self.full and wait == self.end):
                    found.append(part)
                if wait <= self.position:
                    break
        return found

    def between(self, part: int) -> set[tuple[Kind, int]]:
        """After a note, or at the start of a bar's notes."""
        again = self.again(part) if part >= 0 else None
        more = self.pitches(part, self.more(part)) if part >= 0 else set()
        if again is not None and len(self.chord(part)) < len(again.get(self.position, ())):
            return more
        waits = self.waits(part + 1)
        found = set() if self.full else more
        for at in range(self.position + 1, self.end):
            if at <= min(waits) and any(
                self.may_start(p, at) and (not self.full or wait < self.end) for p, wait in enumerate(waits)
            ):
                found.add((Kind.POSITION, at))
        if part >= 0:
            found |= {(Kind.PROGRAM, self.limits.parts[p].program) for p in self.players(part + 1)}
        if min(waits) == self.end:
            found.add((Kind.EOS if self.bar + 1 == len(self.limits.meters) else Kind.BAR, 0))
        return found

    def pitches(self, part: int, pitches: Iterable[int]) -> set[tuple[Kind, int]]:
        kind = Kind.PITCHDRUM if self.parts[part].drums else Kind.PITCH
        return {(kind, pitch) for pitch in pitches if kind == Kind.PITCH or 27 <= pitch < 88}

    def cut(self, part: int) -> set[int]:
        """The pitches that still sound and must not be cut."""
        player = self.parts[part]
        return {note.pitch for note in self.held(part, self.position) if player.exact(note.bar)}

    def copied(self, part: int, count: int) -> frozenset[int]:
        """Where a rhythm is repeated, the pitches that can last as long as its note; else all."""
        player = self.parts[part]
        if self.bar not in player.scripts or player.drums:
            return frozenset(range(128))
        length = player.scripts[self.bar][self.position][count]
        return frozenset(p for p in range(128) if player.fits(self.bar, self.position, p, length))

    def starts(self, part: int) -> frozenset[int]:
        """The pitches with which a part may start an onset here."""
        player, again = self.parts[part], self.again(part)
        if again is not None:
            return frozenset({again[self.position][0][0]})
        scripted = self.bar in player.scripts
        full = len(self.held(part, self.position)) >= player.field("sounding", self.bar)
        if player.tracked and not scripted and full:
            return frozenset()
        found = frozenset() if self.dense(part) else player.open(self.bar, self.position, *self.entry(part))
        if player.tracked and (player.dense or player.field("sounding", self.bar) > 1):
            found |= self.joining(part)
        found = player.stepping(self.bar, self.last(part), found)
        found = (found - self.cut(part)) & self.copied(part, 0)
        if self.position == 0 and self.bar == len(self.limits.meters) - 1:
            found = found & player.closing or found  # a last note is usually here
        return frozenset(found)

    def joining(self, part: int) -> frozenset[int]:
        """The pitches after which, as short as may be and with all that is held, the piece can be finished."""
        player, chord = self.parts[part], {note.pitch for note in self.chord(part)}
        onsets = self.entry(part)[1] + (not chord)
        if onsets > player.field("most", self.bar):
            return frozenset()
        shortest = player.shortest(self.bar)
        row = (player.joining if chord else player.pitches)(self.bar, self.position)
        if self.dense(part):
            row = row - self.cut(part)
            return frozenset(pitch for pitch in row if self.goes_on(part, onsets, pitch, shortest, {*chord, pitch}))
        end = player.tick(self.bar, self.position + shortest)
        after = player.free_from(
            self.bar, self.position, onsets, self.free(part, [*self.ends(part, self.position), end])
        )
        if player.tuned:
            return frozenset(player.usable(row, after))
        return frozenset(p for p in row if player.sort(chord | {p}) in after)

    def still(self, part: int, position: int) -> tuple[tuple[int, int], ...]:
        """What a part still holds at a position, as `Player.finds` takes it."""
        player = self.parts[part]
        return tuple(player.sounding(n.bar, n.position, n.pitch, n.length) for n in self.held(part, position))

    def goes_on(self, part: int, onsets: int, pitch: int, length: int, chord: set[int]) -> bool:
        """Whether the piece can be finished if a note is added here."""
        player = self.parts[part]
        held = (*self.still(part, self.position), player.sounding(self.bar, self.position, pitch, length))
        found: bool = player.finds(self.bar, self.position + 1, 0, onsets, player.sort(chord), held)
        return found

    def more(self, part: int) -> frozenset[int]:
        """The pitches that may join what a part has begun here."""
        player, again, chord = self.parts[part], self.again(part), self.chord(part)
        if again is not None:
            notes = again[self.position]
            return frozenset({notes[len(chord)][0]}) if len(chord) < len(notes) else frozenset()
        if self.bar in player.scripts and len(chord) == len(player.scripts[self.bar][self.position]):
            return frozenset()
        held = len(self.held(part, self.position))
        if len(chord) >= player.field("together", self.bar) or held >= player.field("sounding", self.bar):
            return frozenset()
        found = frozenset(p for p in self.joining(part) if p > chord[-1].pitch)
        if len(self.of(part)) == len(chord):
            found &= player.opening
        for closing in player.closings:
            found = frozenset(p for p in found if (p in closing) == (chord[-1].pitch in closing))
        return (found - self.cut(part)) & self.copied(part, len(chord))

    def velocities(self, part: int) -> set[tuple[Kind, int]]:
        found = {(Kind.VELOCITY, value) for value in self.loud if self.limits.velocities[self.bar, part, value]}
        again = self.again(part)
        if again is not None:
            found = found & {(Kind.VELOCITY, again[self.position][len(self.chord(part)) - 1][2])} or found
        return found

    def durations(self, part: int) -> set[tuple[Kind, int]]:
        """How long the note just struck may last."""
        player, again, chord = self.parts[part], self.again(part), self.chord(part)
        if again is not None:
            return {(Kind.DURATION, again[self.position][len(chord) - 1][1])}
        if self.bar in player.scripts:
            return {(Kind.DURATION, player.scripts[self.bar][self.position][len(chord) - 1])}
        found = set()
        for length in player.lengths(self.bar):
            if player.fits(self.bar, self.position, chord[-1].pitch, length) and self.lasting(part, length):
                found.add((Kind.DURATION, length))
        return found

    def lasting(self, part: int, length: int) -> bool:
        """Whether the piece can be finished if the note just struck lasts so long."""
        player = self.parts[part]
        if not player.tracked:
            return True
        before = Desk.__new__(Desk)
        before.__dict__.update(self.__dict__, notes=self.notes[:-1])
        onsets, chord = self.entry(part)[1], self.chord(part)
        if self.dense(part):
            return before.goes_on(part, onsets, chord[-1].pitch, length, {note.pitch for note in chord})
        end = player.tick(self.bar, self.position + length)
        tick = self.free(part, [*before.ends(part, self.position), end])
        return self.last(part) in player.free_from(self.bar, self.position, onsets, tick)


def slow_allowed(limits: Limits, vocabulary: Vocabulary, ids: Iterable[int], *, plan: bool = True) -> NDArray[np.bool_]:
    """The ids that may come after some, shape [V]."""
    return Slow(limits, vocabulary, plan=plan).allowed(ids)

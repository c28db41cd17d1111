"""A matcher over merged ids: an id is allowed if all its events are, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from symbolic_music.rules.cells import unpacked
from symbolic_music.rules.limits import Limits
from symbolic_music.rules.matcher import BAR_NOTES, Matcher
from symbolic_music.rules.outlook import View, Voice
from symbolic_music.rules.state import Expect, State
from symbolic_music.tokens.layout import LONGEST
from symbolic_music.tokens.merges import EVENTS
from symbolic_music.tokens.vocabulary import Kind, Vocabulary

_PITCHES = (Kind.PITCH, Kind.PITCHDRUM)
#: Results that are kept at most within a bar.
KEPT = 2_000


class Trie:
    """The events of merged ids as a tree in arrays: a node is a run of events with which ids begin.

    Ids of one event are `single`, and not in the tree.

    Attributes
    ----------
    event, kind, pitch : arrays of int, shape [nodes]
        The last event of each node and its kind; the last pitch among its events, -1 if there is none.
    id : array of int, shape [nodes]
        The id that ends here, -1 if none does.
    parent : array of int, shape [nodes]
        The node before, -1 if there is none.
    depth : array of int, shape [nodes]
        How many events each has.
    first, count : arrays of int, shape [nodes]
        Where the children are, one after the other.
    roots : array of int
        The nodes of one event that have children.
    same : array of int, shape [n, 2]
        Ids of the same events as others before them.
    """

    def __init__(self, events: Sequence[tuple[int, ...]], kind: NDArray[np.int16], value: NDArray[np.int16]) -> None:
        owners: dict[tuple[int, ...], int] = {}
        joined = set(np.flatnonzero(np.isin(kind, EVENTS)).tolist())
        for i, run in enumerate(events):
            if len(run) != 1 and not (run and joined.issuperset(run)):
                raise ValueError(f"id {i} joins events that are not of notes")
            owners.setdefault(run, i)
        self.size = len(events)
        self.longest = max(map(len, events), default=1)
        self.single = np.array([(i, run[0]) for i, run in enumerate(events) if len(run) == 1], np.int64).reshape(-1, 2)
        same = [(i, owners[run]) for i, run in enumerate(events) if len(run) > 1 and owners[run] != i]
        self.same = np.array(same, np.int64).reshape(-1, 2)
        runs = {run[:n] for run in owners if len(run) > 1 for n in range(1, len(run) + 1)}
        order = sorted(runs, key=lambda run: (len(run), run))
        place = {run: n for n, run in enumerate(order)}
        self.event = np.array([run[-1] for run in order], np.int64)
        self.kind = kind[self.event].astype(np.int64)
        self.value = value[self.event].astype(np.int64)
        self.id = np.array([owners[run] if len(run) > 1 and run in owners else -1 for run in order], np.int64)
        self.parent = np.array([place.get(run[:-1], -1) for run in order], np.int64)
        self.pitch = np.where(np.isin(self.kind, _PITCHES), self.value, -1)
        for n, above in enumerate(self.parent.tolist()):
            if self.pitch[n] < 0 <= above:
                self.pitch[n] = self.pitch[above]
        self.depth = np.array([len(run) for run in order], np.int64)
        self._link()

    def _link(self) -> None:
        self.count = np.bincount(self.parent + 1, minlength=len(self.parent) + 1)[1:]
        self.first = np.searchsorted(self.parent, np.arange(len(self.parent)))
        self.roots = np.flatnonzero((self.parent < 0) & (self.count > 0))

    def pruned(self, events: NDArray[np.bool_]) -> Trie:
        """The tree of the ids that some events are enough for, given as a mask, shape [V]."""
        levels = [np.flatnonzero(self.depth == depth) for depth in range(1, self.longest + 1)]
        keep = events[self.event]
        for level in levels[1:]:
            keep[level] &= keep[self.parent[level]]
        used = keep & (self.id >= 0)
        for level in levels[:0:-1]:
            used[self.parent[level[used[level]]]] = True
        found = copy(self)
        for name in ("event", "kind", "value", "id", "pitch", "depth"):
            setattr(found, name, getattr(self, name)[used])
        parent = self.parent[used]
        found.parent = np.where(parent < 0, -1, used.cumsum()[parent] - 1)
        found._link()
        return found

    def children(self, nodes: NDArray[np.int64]) -> NDArray[np.int64]:
        """The children of some nodes, one after the other."""
        if len(nodes) == 1:
            first = int(self.first[nodes[0]])
            return np.arange(first, first + int(self.count[nodes[0]]))
        count = self.count[nodes]
        ends = count.cumsum()
        starts: NDArray[np.int64] = np.repeat(self.first[nodes] - ends + count, count)
        return np.arange(int(ends[-1])) + starts


@lru_cache(maxsize=4)
def trie_of(events: tuple[tuple[int, ...], ...], v: Vocabulary) -> Trie:
    """The tree of some ids, made once."""
    return Trie(events, v.kind, v.value)


class MergedMatcher:
    """Matches a row of merged ids.

    Parameters
    ----------
    matcher : Matcher
        What the events obey; it is moved along.
    events : sequence of tuples of int
        The events of each id, as `Merges.events` has them. Only the events of notes may be joined.

    Examples
    --------
    >>> from symbolic_music.rules.limits import Limits
    >>> from symbolic_music.score import Part
    >>> from symbolic_music.theory.meters import Meter
    >>> from symbolic_music.tokens.merges import Merges
    >>> from symbolic_music.tokens.vocabulary import vocabulary
    >>> v = vocabulary()
    >>> inside, outside = ((v.id(Kind.PROGRAM, 0), v.id(Kind.PITCH, pitch)) for pitch in (60, 10))
    >>> merges = Merges((inside, outside))
    >>> matcher = MergedMatcher(Matcher(Limits((Part(0),), (Meter(),)), v, plan=False), merges.events)
    >>> for token in ("Bar_None", "TimeSig_4/4", "Left_1", "Position_0"):
    ...     matcher.accept(v.tokens.index(token))
    >>> (np.flatnonzero(matcher.allowed()) - len(v)).tolist() == [v.id(Kind.PROGRAM, 0) - len(v), 0]
    True
    """

    def __init__(self, matcher: Matcher, events: Sequence[tuple[int, ...]]) -> None:
        self._matcher, self._events = matcher, tuple(events)
        self._trie = trie_of(self._events, matcher.vocabulary).pruned(_heard(matcher.limits, matcher.vocabulary))
        self._found = np.zeros(self._trie.size, bool)
        self._masked: State | None = None
        self._kept: dict[object, dict[int, NDArray[np.int64]]] = {}
        self._bar = -1
        self._alike = [bool(closing.all()) for closing in matcher.limits.closing]
        self._tracked = [part for part, track in enumerate(matcher.tracks) if track.tracked]
        self._history: list[int] = []

    @property
    def done(self) -> bool:
        """Whether the row has ended."""
        return self._matcher.done

    @property
    def bar(self) -> int:
        """The bar being written, from 0; -1 before the first."""
        return self._matcher.bar

    def accept(self, token: int) -> None:
        """Take an id that is allowed.

        Raises
        ------
        ValueError
            If it is not allowed here; the matcher stays as it was.
        """
        taken = 0
        for event in self._events[token]:
            try:
                self._matcher.accept(event)
            except ValueError:
                self._matcher.rollback(taken)
                raise
            taken += 1
        self._history.append(taken)

    def rollback(self, count: int) -> None:
        """Take the last `count` ids back."""
        if count:
            self._matcher.rollback(sum(self._history[-count:]))
            del self._history[-count:]

    def forced(self) -> list[int]:
        """The ids up to the next choice, accepted already: each was the only one allowed."""
        run: list[int] = []
        while not self.done:
            mask = self.allowed()
            if np.count_nonzero(mask) != 1:
                break
            run.append(int(mask.argmax()))
            self.accept(run[-1])
        return run

    def allowed(self) -> NDArray[np.bool_]:
        """The ids that may come next, shape [ids]; not to be changed, and used again once an id is accepted."""
        state = self._matcher._state
        if self._masked is state:
            return self._found
        self._masked = state
        mask, trie = self._matcher.allowed(), self._trie
        self._found.fill(False)
        self._found[trie.single[:, 0]] = mask[trie.single[:, 1]]
        nodes = trie.roots[mask[trie.event[trie.roots]]]
        if len(nodes):
            if state.bar != self._bar or len(self._kept) > KEPT:
                self._bar, self._kept = state.bar, {}
            base = mask.copy()
            near = state.in_bar + len(state.voices) + trie.longest // 2 >= BAR_NOTES
            ids: list[NDArray[np.int64]] = []
            self._after(state._replace(written=(), in_bar=state.in_bar if near else 0), nodes, ids)
            if ids:
                self._found[np.concatenate(ids)] = True
            self._matcher._found = base  # the walk used the same array again
            if len(trie.same):
                self._found[trie.same[:, 0]] = self._found[trie.same[:, 1]]
        return self._found

    def _after(self, s: State, nodes: NDArray[np.int64], ids: list[NDArray[np.int64]]) -> None:
        """Add the ids below some nodes, whose last events are all allowed in a state."""
        trie = self._trie
        kinds = trie.kind[nodes]
        known = [int(kinds[0])] if kinds[0] == kinds[-1] and (kinds == kinds[0]).all() else set(kinds.tolist())
        for kind in known:
            mine = nodes if len(known) == 1 else nodes[kinds == kind]
            if kind in (Kind.POSITION, Kind.PROGRAM):
                ids += self._recalled(s, kind, mine)
                continue
            for some in self._alike_in(s, kind, mine):
                following = self._matcher._next(s, int(trie.event[some[0]]))
                if kind in _PITCHES and self._blind(following.part, following):
                    following = following._replace(pitch=-1)
                self._below(following, some, ids)

    def _below(self, s: State, nodes: NDArray[np.int64], ids: list[NDArray[np.int64]]) -> None:
        """Add the ids below some nodes, all of which have led to one state."""
        trie = self._trie
        kids = trie.children(nodes)
        events = trie.event[kids]
        if s.expect is Expect.DURATION and s.pitch < 0:
            fine = self._lasting(s, trie.pitch[kids], kids)
        else:
            fine = self._matcher._allowed(s)[events]
            if s.expect is Expect.NOTE and s.pitch < 0:  # the pitches of an onset rise
                above = np.repeat(trie.pitch[nodes], trie.count[nodes])
                kind = trie.kind[kids]
                fine &= (trie.pitch[kids] > above) | ((kind != Kind.PITCH) & (kind != Kind.PITCHDRUM))
        kids = kids[fine]
        found = trie.id[kids]
        ids.append(found[found >= 0])
        kids = kids[trie.count[kids] > 0]
        if len(kids):
            self._after(s, kids, ids)

    def _blind(self, part: int, s: State) -> bool:
        """Whether all that comes after an onset's pitches, within the bar, is the same whichever they were."""
        track, view = self._matcher.tracks[part], s.views[part]
        assert view is not None
        return not (track.tuned or track.foreign or (track.tracked and view.cells.exact))

    def _alike_in(self, s: State, kind: int, nodes: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Nodes of one kind, in groups that lead to one state each."""
        trie, tracks = self._trie, self._matcher.tracks
        if kind == Kind.VELOCITY or (kind == Kind.DURATION and not tracks[s.part].tracked):
            yield nodes
            return
        keys = trie.event[nodes]
        if kind in _PITCHES:
            part = s.part if s.expect is not Expect.PITCH else self._matcher._by_program[s.program][1]
            if self._blind(part, s):
                if self._alike[part]:
                    yield nodes
                    return
                keys = self._matcher.limits.closing[part][trie.pitch[nodes]]
        for key in set(keys.tolist()):
            yield nodes[keys == key]

    def _recalled(self, s: State, kind: int, nodes: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """The ids below positions or programs, kept while the parts stand where they do."""
        trie, new = self._trie, kind == Kind.POSITION
        where = (-1, -1) if new else (s.position, s.in_chord == 0)
        free = self._free(s) if new else -1
        rest = s._replace(voices=self._moved(s, free)) if new and self._tracked else s
        known = self._kept.setdefault((where, s.part, s.in_bar, rest.voices), {})
        for node, place in zip(nodes.tolist(), trie.value[nodes].tolist(), strict=True):
            now, mine = rest, known
            if place < free:  # something still sounds there
                now = s._replace(voices=self._moved(s, place))
                mine = self._kept.setdefault((where, s.part, s.in_bar, now.voices), {})
            found = mine.get(node)
            if found is None:
                below: list[NDArray[np.int64]] = []
                self._below(self._matcher._next(now, int(trie.event[node])), np.array([node]), below)
                found = mine[node] = np.concatenate(below)
            if len(found):
                yield found

    def _free(self, s: State) -> int:
        """The position from which on no note of before sounds, as far as notes that sound are counted."""
        ends = [end for part in self._tracked for _, end, _ in s.voices[part].held]
        view = s.views[0]
        assert view is not None
        return -((view.cells.start - max(ends)) // view.cells.step) if ends else 0

    def _moved(self, s: State, position: int) -> tuple[Voice, ...]:
        """Where the parts stand once a position is reached."""
        voices = list(s.voices)
        for part in self._tracked:
            view = s.views[part]
            assert view is not None
            voices[part] = self._matcher.tracks[part].moved(view, voices[part], position)
        return tuple(voices)

    def _lasting(self, s: State, pitches: NDArray[np.int64], kids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether notes of some pitches may last so long."""
        track, view, voice = self._matcher.tracks[s.part], s.views[s.part], s.voices[s.part]
        assert view is not None
        rooms = _rooms(view, s.position)[pitches]
        longest = int(pitches[rooms.argmax()])
        fine = unpacked(track.lengths(view, voice, s.position, longest, s.in_chord), LONGEST + 1)
        lengths = self._trie.value[kids]
        if view.script is not None:
            return fine[lengths]
        return fine[lengths] & (lengths <= rooms)


def _rooms(view: View, position: int) -> NDArray[np.int64]:
    """How many positions each pitch that starts at a position may last, shape [128]."""
    cells = view.cells
    beyond = np.array(cells.beyond, np.int64) // cells.step
    if cells.stops is None:
        found = cells.positions - position + beyond
    else:
        stops = cells.stops[position]
        found = stops - position + np.where(stops == cells.positions, beyond, 0)
    if cells.reach is not None:
        found = np.minimum(found, cells.reach[position])
    return found if cells.longest is None else np.minimum(found, cells.longest)


def _heard(limits: Limits, v: Vocabulary) -> NDArray[np.bool_]:
    """The events of notes that a piece may hold at all, shape [V]."""
    drums = np.array([part.is_drums for part in limits.parts])
    found = np.zeros(len(v), bool)
    may: list[tuple[Kind, Iterable[int]]] = [
        (Kind.POSITION, range(max(meter.positions for meter in limits.meters))),
        (Kind.PROGRAM, {part.program for part in limits.parts}),
        (Kind.CHAIR, {part.chair for part in limits.parts}),
        (Kind.PITCH, np.flatnonzero(limits.pitches[:, ~drums].any((0, 1)))),
        (Kind.PITCHDRUM, np.flatnonzero(limits.pitches[:, drums].any((0, 1)))),
        (Kind.VELOCITY, np.flatnonzero(limits.velocities.any((0, 1)))),
        (Kind.DURATION, np.flatnonzero(limits.lengths.any((0, 1)))),
    ]
    for kind, values in may:
        found |= (v.kind == kind) & np.isin(v.value, list(values))
    return found

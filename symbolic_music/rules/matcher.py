"""The matcher: the grammar of the token language over the tables that the rules left.

A row is matched id by id. `allowed` says which ids may come next, `accept` takes one, `rollback` takes some back,
`forced` runs through places with one choice. Parts go their own ways; each knows from its outlook where it has to
play and where it may wait, so that from every state that can be reached some id leads on, and the row ends after its
last bar.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError, ConflictError
from symbolic_music.rules.cells import folded
from symbolic_music.rules.limits import Limits
from symbolic_music.rules.masks import LETTERS, Masks
from symbolic_music.rules.outlook import View, Voice
from symbolic_music.rules.scope import spans
from symbolic_music.rules.state import Expect, State
from symbolic_music.rules.track import Track
from symbolic_music.theory.meters import METERS
from symbolic_music.tokens.layout import LONGEST
from symbolic_music.tokens.vocabulary import LEFT, Kind, Vocabulary

#: Notes a bar may hold before only what has to sound is let in: at six ids a note half of the model's window.
BAR_NOTES = 160


class Matcher:
    """Matches one row against `limits`.

    Parameters
    ----------
    limits : Limits
    vocabulary : Vocabulary
    plan : bool
        Whether the row names the section of every bar and a chord for each half of it before its notes.
    ends : bool
        Whether its last 16 bars say how many are left.

    Raises
    ------
    ConflictError
        If the limits leave no piece.

    Examples
    --------
    >>> from symbolic_music.score import Part
    >>> from symbolic_music.theory.meters import Meter
    >>> from symbolic_music.tokens.vocabulary import vocabulary
    >>> v = vocabulary()
    >>> matcher = Matcher(Limits((Part(0),), (Meter(),)), v, plan=False)
    >>> [v.tokens[i] for i in matcher.forced()]
    ['Bar_None', 'TimeSig_4/4', 'Left_1', 'Position_0', 'Program_0']
    >>> [v.tokens[i] for i in np.flatnonzero(matcher.allowed())][:2]
    ['Pitch_21', 'Pitch_22']
    """

    def __init__(self, limits: Limits, vocabulary: Vocabulary, *, plan: bool = True, ends: bool = True) -> None:
        if not limits.parts or not limits.meters:
            raise BriefError("a piece without parts or without bars", hint="ask for at least one of each")
        v = vocabulary
        self.limits, self.vocabulary, self._plan, self._ends = limits, v, plan, ends
        self._masks = Masks(limits, v)
        self._kind, self._value = v.kind.tolist(), v.value.tolist()
        self._bar, self._eos = v.id(Kind.BAR), v.id(Kind.EOS)
        self._chair = v.id(Kind.CHAIR, 2) - 2
        self._chord = v.id(Kind.CHORD, -1)
        known = np.zeros(LONGEST + 1, bool)
        known[v.value[v.ids(Kind.DURATION)]] = True
        self.tracks = self._tracks(limits, known)
        self._programs = [v.id(Kind.PROGRAM, p.program) for p in limits.parts]
        self._by_program: dict[int, dict[int, int]] = {}
        for i, part in enumerate(limits.parts):
            self._by_program.setdefault(part.program, {})[part.chair] = i
        self._drums = [p.is_drums for p in limits.parts]
        self._positions = [m.positions for m in limits.meters]
        self._meters = [v.id(Kind.TIMESIG, METERS.index(m)) for m in limits.meters]
        self._mask = np.zeros(len(v), bool)
        self._masks_of = [
            *[self._header] * 6, self._between_notes, self._after_position, self._after_program, self._after_chair,
            self._velocities, self._durations, self._header,
        ]  # fmt: skip
        nothing = (Voice(),) * len(limits.parts)
        self._state = State(voices=nothing, views=(None,) * len(limits.parts))
        self._masked: State | None = None  # the state that the mask was made for
        self._found = self._mask
        self._history: list[State] = []
        self._known: tuple[object, int, int, list[tuple[int, int]]] = (None, 0, 0, [])  # the rooms made last

    def _tracks(self, limits: Limits, known: NDArray[np.bool_]) -> list[Track]:
        """The parts, if each can be written to the end."""
        names = [part.name for part in limits.parts]
        fine = limits.possible
        for part in np.flatnonzero(~fine.all(0)):
            bars = np.flatnonzero(~fine[:, part]).tolist()
            raise ConflictError(
                f"{spans(bars)}: {names[part]} is left without a note",
                bars=tuple(b + 1 for b in bars),
                hint="leave a limit out or widen it",
            )
        narrowed = folded(limits, known)
        tracks = [Track(narrowed, part, known) for part in range(len(limits.parts))]
        for track in tracks:
            if not track.holds:
                bars = track.stuck()
                raise ConflictError(
                    f"{spans(bars)}: no way is left for {names[track.part]}",
                    bars=tuple(b + 1 for b in bars),
                    hint="leave a limit out or widen it",
                )
        return tracks

    @property
    def done(self) -> bool:
        """Whether the row has ended."""
        return self._state.expect is Expect.NOTHING

    @property
    def bar(self) -> int:
        """The bar being written, from 0; -1 before the first."""
        return self._state.bar

    def allowed(self) -> NDArray[np.bool_]:
        """The ids that may come next, shape [V]; not to be changed, and used again once an id is accepted."""
        if self._masked is not self._state:
            self._masked, self._found = self._state, self._allowed(self._state)
        return self._found

    def _allowed(self, s: State) -> NDArray[np.bool_]:
        return self._masks_of[s.expect](s)

    def _header(self, s: State) -> NDArray[np.bool_]:
        """What opens a bar."""
        mask = self._clean()
        match s.expect:
            case Expect.BAR:
                mask[self._bar] = True
            case Expect.TIMESIG:
                mask[self._meters[s.bar]] = True
            case Expect.LEFT:
                mask[self.vocabulary.id(Kind.LEFT, len(self._meters) - s.bar)] = True
            case Expect.SECTION:
                mask[self._masks.sections(s.bar, s.form)] = True
            case Expect.CHORD | Expect.SECOND_CHORD:
                half = self.limits.plan[s.bar, int(s.expect is Expect.SECOND_CHORD)]
                mask[self._chord : self._chord + len(half)] = half
                if not half.any():  # a chord that was asked for, of notes that other limits forbid
                    mask[self._chord] = True
        return mask

    def _velocities(self, s: State) -> NDArray[np.bool_]:
        view = s.views[s.part]
        assert view is not None
        loud = self.tracks[s.part].loud(view, s.position, s.in_chord)
        return self._masks.velocities(s.bar, s.part, loud)

    def _durations(self, s: State) -> NDArray[np.bool_]:
        view = s.views[s.part]
        assert view is not None
        track = self.tracks[s.part]
        return self._masks.lengths(track.lengths(view, s.voices[s.part], s.position, s.pitch, s.in_chord))

    def _after_chair(self, s: State) -> NDArray[np.bool_]:
        return self._masks.pitches(s.part, self._starts(s, s.part))

    def _clean(self) -> NDArray[np.bool_]:
        self._mask.fill(False)
        return self._mask

    def _rooms(self, s: State, taken: int) -> list[tuple[int, int]]:
        """Where each part may start a note from now on, and how long it can wait; `taken` parts had their turn."""
        voices, position, turn, rooms = self._known
        if voices is s.voices and position == s.position and turn == taken:
            return rooms
        at = max(s.position, 0)
        after = at + (s.position >= 0)
        rooms = [
            track.room(view, voice, after if part < taken else at)  # type: ignore[arg-type]  # None before the first bar
            for part, (track, view, voice) in enumerate(zip(self.tracks, s.views, s.voices, strict=True))
        ]
        self._known = s.voices, s.position, taken, rooms
        return rooms

    def _starts(self, s: State, part: int) -> int:
        view = s.views[part]
        assert view is not None
        return self.tracks[part].starts(view, s.voices[part], s.position)

    def _players(self, s: State, rooms: list[tuple[int, int]], first: int) -> list[int]:
        """The parts, from one on, that may play at the current position: none that has to is passed over."""
        found, at = [], s.position
        for part in range(first, len(rooms)):
            starts, wait = rooms[part]
            if starts >> at & 1 and (
                s.in_bar < BAR_NOTES // 2 or wait < self._positions[s.bar] or not self._full(s, rooms)
            ):
                found.append(part)
            if wait == at:
                break
        return found

    def _full(self, s: State, rooms: list[tuple[int, int]]) -> bool:
        """Whether the bar has no more notes to spare: the rest is for the parts that have to play."""
        size = self._positions[s.bar]
        return s.in_bar + sum(wait < size for _, wait in rooms) >= BAR_NOTES

    def _between_notes(self, s: State) -> NDArray[np.bool_]:
        part, size = s.part, self._positions[s.bar]
        if part >= 0:
            view = s.views[part]
            assert view is not None
            more = self.tracks[part].more(view, s.voices[part], s.position, s.pitch, s.in_chord)
            if self.tracks[part].unfinished(view, s.position, s.in_chord):
                return self._masks.pitches(part, more)
        rooms = self._rooms(s, part + 1)
        full = s.in_bar >= BAR_NOTES // 2 and self._full(s, rooms)
        starts, wait = 0, size
        for found, last in rooms:
            wait = min(wait, last)
            if not full or last < size:
                starts |= found
        here, mask = s.position + 1, self._mask
        np.copyto(mask, self._masks.positions(starts >> here << here & (2 << wait) - 1 & (1 << size) - 1))
        if part >= 0:
            if not full and more:
                mask |= self._masks.pitches(part, more)
            for other in self._players(s, rooms, part + 1):
                mask[self._programs[other]] = True
        if wait == size:
            mask[self._bar if s.bar + 1 < len(self._positions) else self._eos] = True
        return mask

    def _after_position(self, s: State) -> NDArray[np.bool_]:
        rooms = self._rooms(s, 0)
        mask = self._clean()
        for part in self._players(s, rooms, 0):
            if part == s.part:
                mask |= self._masks.pitches(part, self._starts(s, part))
            else:
                mask[self._programs[part]] = True
        return mask

    def _after_program(self, s: State) -> NDArray[np.bool_]:
        """A chair, or a pitch of the first chair."""
        first = 0 if s.in_chord == 0 else s.part + 1  # no note at this position yet, or those of earlier parts
        mask = self._clean()
        mine = self._by_program[s.program]
        for part in self._players(s, self._rooms(s, first), first):
            chair = self.limits.parts[part].chair
            if part != s.part and mine.get(chair) == part:
                if chair == 1:
                    mask |= self._masks.pitches(part, self._starts(s, part))
                else:
                    mask[self._chair + chair] = True
        return mask

    def accept(self, token: int) -> None:
        """Take an id that is allowed.

        Raises
        ------
        ValueError
            If it is not allowed here; the matcher stays as it was.
        """
        if not self.allowed()[token]:
            raise ValueError(f"{self.vocabulary.tokens[token]} may not come here")
        self._history.append(self._state)
        self._state = self._next(self._state, token)

    def _next(self, s: State, token: int) -> State:
        kind, value = self._kind[token], self._value[token]
        match kind:
            case Kind.VELOCITY:
                if s.bar in self.tracks[s.part].sources:
                    s = s._replace(loud=value)
                return self._lasted(s, 0) if self._drums[s.part] else State(Expect.DURATION, *s[1:])
            case Kind.DURATION:
                return self._lasted(s, value)
            case Kind.PITCH | Kind.PITCHDRUM:
                return self._struck(s, value)
            case Kind.POSITION:
                return State(Expect.PART, s.bar, value, s.part, s.program, s.pitch, 0, *s[7:])
            case Kind.PROGRAM:
                return s._replace(expect=Expect.PITCH, program=value)
            case Kind.CHAIR:
                return s._replace(expect=Expect.CHAIR_PITCH, part=self._by_program[s.program][value], in_chord=0)
            case Kind.BAR:
                return self._entered(s)
            case Kind.TIMESIG:
                near = self._ends and len(self._positions) - s.bar <= LEFT
                return s._replace(expect=Expect.LEFT if near else self._planned)
            case Kind.LEFT:
                return s._replace(expect=self._planned)
            case Kind.SECTION:
                return s._replace(expect=Expect.CHORD, form=max(s.form, value - LETTERS, -1))
            case Kind.CHORD:
                return s._replace(expect=Expect.SECOND_CHORD if s.expect is Expect.CHORD else Expect.NOTE)
            case _:
                return s._replace(expect=Expect.NOTHING)

    def _struck(self, s: State, pitch: int) -> State:
        """After a pitch."""
        part, new = s.part, s.expect is not Expect.NOTE
        if s.expect is Expect.PITCH:
            part = self._by_program[s.program][1]
        view = s.views[part]
        assert view is not None
        voice = self.tracks[part].struck(view, s.voices[part], s.position, pitch, new=new)
        voices = (*s.voices[:part], voice, *s.voices[part + 1 :])
        in_chord = 1 if new else s.in_chord + 1
        return State(
            Expect.VELOCITY, s.bar, s.position, part, s.program, pitch, in_chord, s.in_bar + 1, s.form, voices, *s[10:]
        )

    def _lasted(self, s: State, length: int) -> State:
        """After a note's length, 0 for a drum."""
        part, track = s.part, self.tracks[s.part]
        view, voices, written = s.views[part], s.voices, s.written
        assert view is not None
        if track.tracked:
            voice = track.held(view, voices[part], s.position, s.pitch, length)
            voices = (*voices[:part], voice, *voices[part + 1 :])
        if s.bar in track.sources:
            written = (*written, (s.bar, part, s.position, s.pitch, length, s.loud))
        return State(Expect.NOTE, *s[1:9], voices, s.views, written)

    def _entered(self, s: State) -> State:
        """After the start of a bar."""
        bar = s.bar + 1
        views, voices = [], []
        for part, track in enumerate(self.tracks):
            view: View = track.views[bar]
            if bar in track.copies:
                notes: dict[int, list[tuple[int, int, int, int]]] = {}
                for source, player, *note in s.written:
                    if player == part:
                        notes.setdefault(source, []).append((note[0], note[1], note[2], note[3]))
                view = track.repeated(bar, notes)
            views.append(view)
            voices.append(track.entered(s.views[part], view, s.voices[part]))
        return State(Expect.TIMESIG, bar, form=s.form, voices=tuple(voices), views=tuple(views), written=s.written)

    @property
    def _planned(self) -> Expect:
        return Expect.SECTION if self._plan else Expect.NOTE

    def rollback(self, count: int) -> None:
        """Take the last `count` ids back."""
        if count:
            self._state = self._history[-count]
            del self._history[-count:]

    def forced(self) -> list[int]:
        """The ids up to the next choice, accepted already: each was the only one allowed."""
        run: list[int] = []
        while not self.done:
            mask = self.allowed()
            if mask.tobytes().count(1) != 1:
                break
            run.append(int(mask.argmax()))
            self.accept(run[-1])
        return run

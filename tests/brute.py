"""Small pieces by the thousand: whether any piece at all keeps some rules.

All that a track may play is listed, note by note and place by place, and every combination is judged at once as an
array. Tracks do not depend on each other, so that each is listed alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any, TypeAlias

import numpy as np
from independent import CHECKS, NOTE, Judge, Song, Wish, broken, parse, roles, semitones, span, texts, ticks

from symbolic_music.theory.instruments import of_program
from symbolic_music.theory.pitch import pitch_classes

#: An array of bool, shape [n].
Mask: TypeAlias = Any
MOST = 300_000  # pieces of a track
STROKE = 6  # ticks a drum stroke lasts in a file
VELOCITIES = (*range(7, 120, 8), 127)
PITCHES = {"PitchClasses", "InScale", "InKey", "Range", "Kit"}  # what may sound, whatever else does
CHORDS = {"Chords", "Cadence"}
NOTES = PITCHES | CHORDS | {"Grid", "Lengths", "Silence"}  # what a note may be, whatever other notes are
LOUD = {"Dynamics", "Crescendo"}


class Track:
    """Every piece of one part: `lasts` is the length of the note at each place and pitch, 0 none, shape [n, K, P]."""

    def __init__(self, judge: Judge, part: int) -> None:
        self.judge, self.part, song = judge, part, judge.song
        self.bars, self.length, self.drums = song.bars, song.length, song.drums(part)
        self.mine = [w for w in judge.wishes if part in w.parts]
        sound = of_program(song.parts[part][1])
        self.empty = self._left_empty()
        if self.empty:
            return
        lengths, places, pitches = self._base(sound.low, sound.high)
        self.places, self.pitches, self.bar = np.array(places), np.array(pitches), np.array(places) // self.length
        choices = []
        for place in places:
            single = [
                (i, last) for (i, pitch), last in product(enumerate(pitches), lengths) if self.fits(place, pitch, last)
            ]
            sets = (s for count in range(sound.voices + 1) for s in combinations(single, min(count, len(single))))
            choices.append(sorted({s for s in sets if len({i for i, _ in s}) == len(s)}))
        assert np.prod([len(c) for c in choices], dtype=float) <= MOST, [len(c) for c in choices]
        chosen = np.indices([len(c) for c in choices], np.int16).reshape(len(choices), -1)
        self.lasts: Any = np.zeros((chosen.shape[1], len(places), len(pitches)), np.int16)
        for k, options in enumerate(choices):
            table = np.zeros((len(options), len(pitches)), np.int16)
            for row, option in zip(table, options, strict=True):
                for i, last in option:
                    row[i] = last
            self.lasts[:, k] = table[chosen[k]]
        ends = self.places[:, None] + self.lasts
        ok = self.all()  # a pitch that is struck again is cut there: the shorter note is listed too
        for k, j in combinations(range(len(places)), 2):
            ok &= ~((ends[:, k] > places[j]) & (self.lasts[:, k] > 0) & (self.lasts[:, j] > 0)).any(1)
        self.lasts = self.lasts[ok]
        self.onset: Any = (self.lasts > 0).any(2)

    def _base(self, low: int, high: int) -> tuple[list[int], list[int], list[int]]:
        """Lengths, places and pitches that the rules over all bars leave."""
        whole = [w for w in self.mine if w.bars.all()]
        grid = [ticks(w.args[0]) for w in whole if w.name == "Grid"]
        only = [w.options["only"] for w in whole if "only" in w.options]
        lengths = {int(ticks(v)) for v in ((only[0],) if isinstance(only[0], str) else only[0])} if only else {STROKE}
        assert grid and (only or self.drums), "a small instance has a Grid and Lengths"
        places = [b * self.length + at for b in range(self.bars) for at in range(0, self.length, int(grid[0]))]
        rules = [w for w in whole if w.name in PITCHES]
        pitches = [p for p in range(low, high + 1) if not self.breaks(rules, 0, p, 1)]
        return sorted(lengths), places, pitches

    def breaks(self, rules: list[Wish], start: int, pitch: int, last: int, velocity: int = 64) -> bool:
        """Whether a note alone breaks one of some rules, by the checker."""
        self.judge.of[self.part], self.judge.onsets[self.part] = [(start, start + last, pitch, velocity)], [start]
        return any(True for w in rules for _ in self.found(replace(w, parts=[self.part])))

    def found(self, w: Wish) -> Any:
        if w.name in CHORDS:
            on = "always" if w.name == "Cadence" else w.options.get("on", "strong")
            return self.judge.harmony(w, self.in_force(w), on, bass=False)
        return CHECKS[w.name][0](self.judge, w, *w.args, **w.options)

    def fits(self, start: int, pitch: int, last: int) -> bool:
        """Whether a note may be there at all."""
        if start + last > self.bars * self.length and not self.drums:
            return False
        loud = [w for w in self.mine if w.name in LOUD]
        return not self.breaks([w for w in self.mine if w.name in NOTES], start, pitch, last) and not all(
            self.breaks(loud, start, pitch, last, v) for v in VELOCITIES
        )

    def _left_empty(self) -> bool:
        """Whether some bar, or some chord, is left without a pitch, a length or a velocity: a contradiction."""
        sound = of_program(self.judge.song.parts[self.part][1])
        harmony = [w for w in self.mine if w.name in CHORDS]
        chords = [chord for w in harmony for chord in self.in_force(w)]
        moments = {(bar * self.length, False) for bar in range(self.bars)} | {(c.start, True) for c in chords}
        for tick, chord in moments:
            rules = [w for w in self.mine if w.name in PITCHES or (chord and w.name in CHORDS)]
            free = any(not self.breaks(rules, tick, p, 1) for p in range(sound.low, sound.high + 1))
            if not chord:
                long, loud = [w for w in self.mine if w.name == "Lengths"], [w for w in self.mine if w.name in LOUD]
                free &= self.drums or any(not self.breaks(long, tick, sound.low, last) for last in range(1, 145))
                free &= any(not self.breaks(loud, tick, sound.low, 1, v) for v in VELOCITIES)
            if not free and not self.judge.told[tick // self.length, self.part]:
                return True
        return False

    def in_force(self, w: Wish) -> Any:
        if w.name == "Cadence":
            return self.judge.close(*w.args, **w.options)
        return self.judge.in_force(w, *w.args, **w.options)

    def kept(self) -> Mask:
        """Which pieces keep every rule, shape [n]."""
        ok = self.rests()
        for w in self.mine:
            if check := getattr(self, w.name.lower(), None):
                ok = ok & check(w, *w.args, **w.options)
        return ok

    def all(self) -> Mask:
        return np.ones(len(self.lasts), np.bool_)

    def rests(self) -> Mask:
        ok, count = self.onset.any(1), np.zeros(len(self.onset), np.int64)
        for bar in range(self.bars):
            free = self.judge.told[bar, self.part] or self.judge.copied[bar, self.part]
            count = np.where(free | self.onset[:, self.bar == bar].any(1), 0, count + 1)
            ok &= count <= self.judge.rest
        return ok

    def cadence(self, w: Wish, *_: Any, **__: Any) -> Mask:
        ok = self.all()
        if self.part in roles(self.judge.song.parts)["bass"]:
            for chord in self.in_force(w):
                here = self.places == chord.start
                if chord.new:
                    struck = (self.lasts[:, here] > 0).any(1)
                    ok &= struck.any(1) & (self.pitches[struck.argmax(1)] % 12 == chord.bass)
        return ok

    def chords(self, w: Wish, *_: Any, bass: bool = True, **__: Any) -> Mask:
        return self.cadence(w) if bass else self.all()

    def rhythm(self, w: Wish, pattern: str) -> Mask:
        rows, ok = pattern.strip("|").split("|"), self.all()
        for number, bar in enumerate(np.flatnonzero(w.bars).tolist()):
            row = rows[number % len(rows)].strip()
            for i, sign in enumerate(row):
                here = self.places * len(row) == (bar * len(row) + i) * self.length
                ok &= (sign == "?") | (self.onset[:, here].any(1) == (sign == "x"))
            between = (self.bar == bar) & (self.places * len(row) % self.length > 0)
            ok &= ~self.onset[:, between].any(1)
        return ok

    def density(self, w: Wish, least: int = 0, most: int | None = None) -> Mask:
        counts = np.stack([self.onset[:, self.bar == bar].sum(1) for bar in np.flatnonzero(w.bars)])
        return ((counts >= least) & (counts <= (999 if most is None else most))).all(0)

    def enters(self, w: Wish, bar: int) -> Mask:
        first = span(bar, self.bars)[0]
        before = self.onset[:, self.bar < first].any(1)
        return ~before & self.onset[:, self.bar == first].any(1)

    def held(self, tick: int) -> Mask:
        over = (self.places < tick)[:, None] & (self.places[:, None] + self.lasts > tick)
        return (over & (not self.drums)).any((1, 2))

    def polyphony(self, w: Wish, most: int) -> Mask:
        ok = self.all()
        for tick in sorted({*self.places.tolist(), *range(0, self.bars * self.length, self.length)}):
            bar = tick // self.length
            if w.bars[bar]:
                on = (self.places <= tick)[:, None] & (self.places[:, None] + self.lasts > tick)
                ok &= on.sum((1, 2)) <= most
                before = bar > 0 and tick % self.length == 0 and not w.bars[bar - 1]
                if before and self.judge.limit[bar - 1, self.part] > most:
                    ok &= ~self.held(tick)
        return ok

    def monophonic(self, w: Wish) -> Mask:
        return self.polyphony(w, 1)

    def leaps(self, w: Wish, most: int | str) -> Mask:
        apart = np.abs(self.pitches - self.pitches[:, None])
        return self.polyphony(w, 1) & self.steps(w, apart <= semitones(most))

    def contour(self, w: Wish, shape: str) -> Mask:
        up = self.pitches - self.pitches[:, None]
        return self.polyphony(w, 1) & self.steps(w, up >= 0 if shape == "rising" else up <= 0)

    def steps(self, w: Wish, good: Mask) -> Mask:
        """Whether every step is one of the `good` ones, shape [P, P]."""
        ok = self.all()
        exact = self.judge.exact[:, self.part]
        before, was = np.zeros((len(ok), len(self.pitches)), bool), np.full(len(ok), -1)
        for k, bar in enumerate(self.bar.tolist()):
            now, here = self.lasts[:, k] > 0, self.onset[:, k]
            fine = ((before.astype(int) @ good.astype(int) > 0) & now).any(1)
            free = (was != bar) & (exact[bar] | exact[was])
            if w.bars[bar]:
                ok &= fine | free | ~here | (was < 0)
            before, was = np.where(here[:, None], now, before), np.where(here, bar, was)
        return ok

    def opens(self, w: Wish, notes: Any, last: bool = False) -> Mask:
        onset = self.onset[:, ::-1] if last else self.onset
        which = onset.argmax(1)
        first = self.lasts[np.arange(len(which)), len(self.places) - 1 - which if last else which] > 0
        return ~(first & ~np.isin(self.pitches % 12, list(pitch_classes(notes)))).any(1)

    def closes(self, w: Wish, notes: Any) -> Mask:
        return self.opens(w, notes, last=True)

    def repeats(self, w: Wish, of: Any, how: str = "exact", transposed: int = 0) -> Mask:
        source, target = span(of, self.bars), np.flatnonzero(w.bars).tolist()
        ok = self.onset[:, self.bar == source[-1]].any(1) | self.judge.told[source[-1], self.part]
        for bar in {source[0], source[-1] + 1, target[0], target[-1] + 1} - {0, self.bars}:
            ok &= ~self.held(bar * self.length)
        shift = 0 if self.drums else transposed
        for number, bar in enumerate(target):
            old = self.lasts[:, self.bar == source[number % len(source)]]
            new = self.lasts[:, self.bar == bar]
            if how == "exact":
                moved = np.zeros_like(old)
                for i, pitch in enumerate(self.pitches):
                    found = np.flatnonzero(self.pitches == pitch + shift)
                    if len(found):
                        moved[:, :, found[0]] = old[:, :, i]
                    else:
                        ok &= ~old[:, :, i].any(1)
                ok &= (moved == new).all((1, 2))
            else:
                ok &= ((old > 0).any(2) == (new > 0).any(2)).all(1)
                for last in set(np.unique(new).tolist()) - {0}:
                    ok &= ((old == last).any(2) | ~(new == last).any(2)).all(1)
        return ok


def agrees(brief: Any, rules: Sequence[str]) -> str:
    """What is wrong: refused though there is a piece, not refused though there is none, broken; "" if all is well."""
    import symbolic_music as sm
    from symbolic_music.errors import ConflictError
    from symbolic_music.rules import limits, rule
    from symbolic_music.tokens.vocabulary import vocabulary

    can, read = possible(brief, rules), [rule(text) for text in rules]
    try:
        limits(brief, read)
    except ConflictError as error:
        return f"refused, but possible: {error}" if can else ""
    if not can:
        return "not refused, but impossible"
    composer = sm.Composer(sm.UniformEngine(len(vocabulary())), sampling=sm.Sampling(top_p=1.0))
    return "; ".join(broken(composer.compose(brief, seed=1, rules=read).midi, rules, brief))


def tracks(brief: Any, rules: Sequence[str]) -> Iterator[list[Track] | None]:
    """For each choice of alternatives all pieces of each track; None where a track is left without a note."""
    full = brief.filled()
    parts = tuple((part.name, part.program) for part in full.parts)
    song = Song(parts, (full.meter.beats, full.meter.unit), full.bars, np.zeros(0, NOTE))
    for choice in product(*map(parse, [*texts(brief), *rules])):
        judge = Judge(song, choice)
        found = [Track(judge, part) for part in range(len(parts))]
        yield None if any(track.empty for track in found) else found


def possible(brief: Any, rules: Sequence[str]) -> bool:
    """Whether there is a piece that keeps the rules, by trying all."""
    return any(found is not None and all(t.kept().any() for t in found) for found in tracks(brief, rules))


def piece(track: Track, number: int) -> Any:
    """A piece of a track as notes of `NOTE`, as loud as the rules ask."""
    loud = [w for w in track.mine if w.name in LOUD]
    rows = []
    for k, i in np.argwhere(track.lasts[number] > 0).tolist():
        note = int(track.places[k]), int(track.pitches[i]), int(track.lasts[number, k, i])
        velocity = next(v for v in VELOCITIES if not track.breaks(loud, *note, v))
        rows.append((track.part, note[0], note[0] + note[2], note[1], velocity))
    return np.array(rows, NOTE)

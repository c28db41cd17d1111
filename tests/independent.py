"""A judge of its own: reads a written MIDI file and says which rules it breaks.

It shares no code with `symbolic_music.rules` and knows the rules from their words alone, so that a misunderstanding in
one of the two is caught by the other. Ticks are 1/24 quarter note, bars and parts count from 0 in here.
"""

from __future__ import annotations

import ast
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import groupby, pairwise, product
from typing import Any, NamedTuple, TypeAlias

import mido
import numpy as np
import pretty_midi
import symusic

from symbolic_music.theory.instruments import instrument, of_program
from symbolic_music.theory.keys import key as read_key
from symbolic_music.theory.keys import scale as read_scale
from symbolic_music.theory.kit import KIT
from symbolic_music.theory.pitch import pitch as read_pitch
from symbolic_music.theory.pitch import pitch_classes
from symbolic_music.theory.progressions import progression as read_progression

#: A tick, a part (-1: all), and what is wrong there.
Found: TypeAlias = Iterator[tuple[int, int, str]]
NOTE = np.dtype([(name, "i4") for name in ("part", "start", "end", "pitch", "velocity")])
FILE_TICKS = 20  # of the file, in a tick
VOICES = {
    "soprano": (60, 81), "mezzo": (57, 77), "mezzo-soprano": (57, 77), "alto": (53, 74), "tenor": (48, 69),
    "baritone": (45, 65), "bass": (40, 62),
}  # fmt: skip
MARKS = {"pp": (1, 40), "p": (41, 56), "mp": (57, 71), "mf": (72, 87), "f": (88, 103), "ff": (104, 127)}
MIDDLES = {"pp": 33, "p": 49, "mp": 64, "mf": 80, "f": 96, "ff": 112}
STRONG = {  # beats, from 0; others have the first alone
    (4, 4): (0, 2), (6, 4): (0, 3), (5, 4): (0, 3), (7, 4): (0, 4), (6, 8): (0, 3), (9, 8): (0, 3, 6),
    (12, 8): (0, 3, 6, 9), (5, 8): (0, 3), (7, 8): (0, 4),
}  # fmt: skip
INTERVALS = (
    "unison", "minor second", "second", "minor third", "third", "fourth", "tritone", "fifth", "minor sixth", "sixth",
    "minor seventh", "seventh", "octave",
)  # fmt: skip
VALUES = {"whole": 96, "half": 48, "quarter": 24, "eighth": 12, "sixteenth": 6, "thirty-second": 3}
FORMS = {  # semitones above the tonic
    "natural": {0, 2, 3, 5, 7, 8, 10}, "harmonic": {0, 2, 3, 5, 7, 8, 11}, "melodic": {0, 2, 3, 5, 7, 9, 11},
}  # fmt: skip
MAJOR = {0, 2, 4, 5, 7, 9, 11}
TRIAD, MINOR_TRIAD, SEVENTH = {0, 4, 7}, {0, 3, 7}, {0, 4, 7, 10}


@dataclass(frozen=True, eq=False)
class Song:
    """A piece as arrays: parts by name and program, -1 the drums; notes of `NOTE`."""

    parts: tuple[tuple[str, int], ...]
    meter: tuple[int, int]
    bars: int
    notes: Any
    sections: tuple[str, ...] = ()
    tempo: float = 0

    @property
    def beat(self) -> int:
        return 96 // self.meter[1]

    @property
    def length(self) -> int:
        """Ticks in a bar."""
        return self.meter[0] * self.beat

    def drums(self, part: int) -> bool:
        return self.parts[part][1] == -1


class Chord(NamedTuple):
    """A chord in force from a tick up to another; `new` where the bass has to play it."""

    start: int
    end: int
    tones: frozenset[int]
    bass: int
    new: bool


@dataclass(frozen=True)
class Wish:
    """A rule as it is written, and the parts and bars it is for."""

    text: str
    name: str
    args: list[Any]
    options: dict[str, Any]
    parts: list[int] = field(default_factory=list)
    bars: Any = None

    def has(self, bar: int) -> bool:
        return 0 <= bar < len(self.bars) and bool(self.bars[bar])


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):  # frozenset({…}), Key(…), Scale(…), Part(…)
        values = [_value(a) for a in (*node.args, *(k.value for k in node.keywords))]
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        return values[0] if name == "frozenset" else tuple(values) if name == "Part" else " ".join(values)
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return tuple(map(_value, node.elts))
    return ast.literal_eval(node)


def parse(text: str) -> list[Wish]:
    """The alternatives of a rule's text; one, if there is no `|`."""

    def read(node: ast.expr) -> list[Wish]:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return read(node.left) + read(node.right)
        assert isinstance(node, ast.Call) and isinstance(node.func, ast.Name), text
        options = {str(k.arg): _value(k.value) for k in node.keywords}
        return [Wish(ast.unparse(node), node.func.id, [_value(a) for a in node.args], options)]

    return read(ast.parse(text, mode="eval").body)


def ticks(value: str) -> Fraction:
    """A note value in ticks: "dotted quarter" is 36."""
    if found := re.fullmatch(r"1/(\d+)(\.*)(t?)", value):
        base, dots, triplet = Fraction(96, int(found[1])), len(found[2]), bool(found[3])
    else:
        words = value.split()
        triplet, dots = "triplet" in words, ("dotted" in words) * (1 + ("double" in words))
        base = Fraction(VALUES[next(w for w in words if w in VALUES)])
    return base * (2 - Fraction(1, 2**dots)) * (Fraction(2, 3) if triplet else 1)


def semitones(interval: int | str) -> int:
    if isinstance(interval, int):
        return interval
    return INTERVALS.index(re.sub("perfect |major ", "", interval))


def roles(parts: Sequence[tuple[str, int]]) -> dict[str, list[int]]:
    """The parts of each role."""
    pitched = [i for i, (_, program) in enumerate(parts) if program >= 0]
    bass = [i for i in pitched if 32 <= parts[i][1] <= 39 or parts[i][1] == 43]
    if not bass and pitched:
        lowest = min(of_program(parts[i][1]).low for i in pitched)
        bass = [[i for i in pitched if of_program(parts[i][1]).low == lowest][-1]]
    others = [i for i in pitched if i not in bass] or pitched
    lines = [i for i in others if of_program(parts[i][1]).voices <= 2] or others
    highest = max((of_program(parts[i][1]).high for i in lines), default=0)
    melody = [i for i in lines if of_program(parts[i][1]).high == highest][:1]
    rest = [i for i in pitched if i not in bass + melody]
    return {
        "melody": melody, "bass": bass, "accompaniment": rest, "drums": [i for i, p in enumerate(parts) if p[1] == -1],
    }  # fmt: skip


def named(parts: Sequence[tuple[str, int]], tracks: str | Iterable[str]) -> list[int]:
    """The parts that names mean."""
    found: set[int] = set()
    for name in (tracks,) if isinstance(tracks, str) else tracks:
        mine = [i for i, part in enumerate(parts) if part[0] == name] or roles(parts).get(name)
        if mine is None:
            mine = [i for i, part in enumerate(parts) if part[1] == instrument(name).program]
        assert mine, f"no track {name!r}"
        found.update(mine)
    return sorted(found)


def labels(sections: str, bars: int) -> tuple[str, ...]:
    """The section of each bar: "intro 4, verse 8", or "A A B A", which share the bars."""
    words = re.findall(r"([A-Za-z]+)\s*(\d*)", sections)
    share = bars // len(words)
    found = [name for name, count in words for _ in range(int(count or share))]
    assert len(found) == bars, sections
    return tuple(found)


def span(bars: int | tuple[int, int] | None, count: int) -> range:
    first, last = (1, count) if bars is None else (bars, bars) if isinstance(bars, int) else bars
    return range(first - 1 if first > 0 else first + count, last if last > 0 else last + count + 1)


class Judge:
    """What a song breaks of some wishes. Each check yields a tick, a part (-1: all) and what is wrong there."""

    def __init__(self, song: Song, wishes: Sequence[Wish]) -> None:
        self.song, self.length = song, song.length
        self.notes = np.sort(song.notes, order=["part", "start", "pitch"])
        self.of = [[n[1:] for n in self.notes[self.notes["part"] == p].tolist()] for p in range(len(song.parts))]
        self.onsets = [sorted({n[0] for n in notes}) for notes in self.of]
        forms = [w for w in wishes if w.name == "Form"]
        self.sections = labels((forms[0].args or [forms[0].options["sections"]])[0], song.bars) if forms else ()
        self.wishes = [self._placed(wish) for wish in wishes]
        table = (song.bars, len(song.parts))
        self.told, self.copied, self.exact = (np.zeros(table, bool) for _ in range(3))
        self.limit = np.full(table, 999)
        self.rest = 1
        for w in self.wishes:
            where = np.ix_(w.bars, w.parts)
            first = next(iter((*w.args, *w.options.values())), None)
            if w.name == "Silence":
                self.told[where] = True
            elif w.name == "Enters":
                self.told[: span(first, song.bars)[0], w.parts] = True
            elif w.name == "Repeats":
                self.copied[where] = True
                self.exact[where] |= w.options.get("how", (*w.args, "", "exact")[1] or "exact") == "exact"
            elif w.name in ("Polyphony", "Monophonic", "Leaps", "Contour"):
                self.limit[where] = np.minimum(self.limit[where], first if w.name == "Polyphony" else 1)
            elif w.name == "Instruments":
                self.rest = min(self.rest, w.options.get("rest", (*w.args, 1, 1)[1]))

    def _placed(self, wish: Wish) -> Wish:
        options, parts = dict(wish.options), self.song.parts
        tracks, bars, section = (options.pop(name, None) for name in ("tracks", "bars", "section"))
        about = CHECKS[wish.name][1]
        if tracks is None and about in ("melody", "drums"):
            found = roles(parts)[about]
        else:
            found = list(range(len(parts))) if tracks is None else named(parts, tracks)
        found = [p for p in found if about in ("all", "drums") or not self.song.drums(p)]
        inside = np.isin(np.arange(self.song.bars), span(bars, self.song.bars))
        if section is not None:
            inside &= np.array(self.sections or self.song.sections) == section
            assert inside.any(), f"no section {section!r}"
        return Wish(wish.text, wish.name, wish.args, options, found, inside)

    def found(self) -> list[str]:
        """Everything that is broken, in words."""
        words = []
        for wish in self.wishes:
            for tick, part, what in CHECKS[wish.name][0](self, wish, *wish.args, **wish.options):
                bar, rest = divmod(tick, self.length)
                who = self.song.parts[part][0] if part >= 0 else "all"
                words.append(f"{wish.text}: bar {bar + 1} tick {rest}, {who}: {what}")
        return words + [
            f"default: bar {tick // self.length + 1}, {self.song.parts[part][0]}: {what}"
            for tick, part, what in self.rests()
        ]

    def rests(self) -> Iterator[tuple[int, int, str]]:
        for part, onsets in enumerate(self.onsets):
            if not onsets:
                yield 0, part, "never sounds"
            played = np.isin(np.arange(self.song.bars), np.array(onsets, int) // self.length)
            count = 0
            for bar in range(self.song.bars):
                free = played[bar] or self.told[bar, part] or self.copied[bar, part]
                count = 0 if free else count + 1
                if count > self.rest:
                    yield bar * self.length, part, f"{count} bars without an onset"

    def starting(self, w: Wish) -> Iterator[tuple[int, tuple[int, ...]]]:
        for part in w.parts:
            yield from ((part, n) for n in self.of[part] if w.has(n[0] // self.length))

    def sounding(self, w: Wish) -> Iterator[tuple[int, tuple[int, ...]]]:
        for part in w.parts:
            for n in self.of[part]:
                if w.bars[n[0] // self.length : (n[1] - 1) // self.length + 1].any():
                    yield part, n

    def inside(self, w: Wish, classes: Iterable[int], shorter: Fraction | int = 0) -> Found:
        allowed = set(classes)
        for part, (start, end, pitch, _) in self.sounding(w):
            if pitch % 12 not in allowed and end - start >= shorter:
                yield start, part, f"pitch {pitch}, {end - start} ticks"

    def only(self, w: Wish, classes: Any) -> Found:
        return self.inside(w, pitch_classes(classes))

    def in_scale(self, w: Wish, scale: str) -> Found:
        return self.inside(w, read_scale(scale).pitch_classes)

    def in_key(self, w: Wish, key: str, forms: str = "all", passing: str | None = None) -> Found:
        home = read_key(key)
        steps = MAJOR if home.mode == "major" else FORMS[forms] if forms != "all" else set().union(*FORMS.values())
        return self.inside(w, {(home.root + s) % 12 for s in steps}, ticks(passing) if passing else 0)

    def range_(self, w: Wish, low: Any = None, high: Any = None, voice: str | None = None) -> Found:
        least, most = VOICES[voice] if voice else (0, 127)
        least = max(least, 0 if low is None else read_pitch(low))
        most = min(most, 127 if high is None else read_pitch(high))
        for part, (start, _, pitch, _) in self.sounding(w):
            if not least <= pitch <= most:
                yield start, part, f"pitch {pitch}"

    def in_force(self, w: Wish, progression: Any, key: Any = None, **_: Any) -> list[Chord]:
        """The chords of a progression, over again until the bars are full."""
        bars, meter = np.flatnonzero(w.bars).tolist(), "{}/{}".format(*self.song.meter)
        found: list[Chord] = []
        before: Any = None
        for bar, row in zip(bars, read_progression(progression, key, meter=meter).in_bars(len(bars)).bars, strict=True):
            edges = [int((bar + share) * self.length) for share, _ in row] + [(bar + 1) * self.length]
            for start, end, (_share, chord) in zip(edges, edges[1:], row, strict=False):
                now = chord and (chord.root, chord.bass, chord.pitch_classes)
                if chord:
                    found.append(Chord(start, end, chord.pitch_classes, chord.bass, now != before))
                before = now
        return found

    def chords(self, w: Wish, progression: Any, key: Any = None, on: str = "strong", bass: bool = True) -> Found:
        return self.harmony(w, self.in_force(w, progression, key), on, bass=bass)

    def harmony(self, w: Wish, chords: Sequence[Chord], on: str, *, bass: bool) -> Found:
        beats = {"strong": STRONG.get(self.song.meter, (0,)), "beats": range(self.song.meter[0])}.get(on, ())
        for chord in chords:
            bar = chord.start // self.length * self.length
            moments = {chord.start, *(bar + b * self.song.beat for b in beats)} & set(range(chord.start, chord.end))
            for part in w.parts:
                for start, end, pitch, _ in self.of[part]:
                    last = min(end, chord.end)
                    hit = start < chord.end and end > chord.start
                    hit &= on == "always" or any(start <= m < last for m in moments)
                    if hit and pitch % 12 not in chord.tones:
                        yield start, part, f"pitch {pitch} outside {sorted(chord.tones)}"
                if bass and chord.new and part in roles(self.song.parts)["bass"]:
                    struck = [pitch for start, _, pitch, _ in self.of[part] if start == chord.start]
                    if not struck or min(struck) % 12 != chord.bass:
                        yield chord.start, part, f"the bass plays {struck}, not {chord.bass}"

    def close(self, key: str, kind: str = "authentic") -> list[Chord]:
        """The two chords of a cadence."""
        home, end = read_key(key), self.song.bars * self.length
        minor, beat = home.mode == "minor", self.song.beat
        first = MINOR_TRIAD if minor else TRIAD
        tonic, dominant = (0, first), (7, SEVENTH)
        two = {
            "authentic": (dominant, tonic),
            "plagal": ((5, first), tonic),
            "deceptive": (dominant, (8, TRIAD) if minor else (9, MINOR_TRIAD)),
            "half": (tonic, (7, TRIAD)),
        }[kind]
        half = end - 2 * self.length + -(-self.length // (2 * beat)) * beat
        edges = (half, end - self.length, end)
        return [
            Chord(a, b, frozenset((home.root + up + s) % 12 for s in steps), (home.root + up) % 12, new=True)
            for a, b, (up, steps) in zip(edges, edges[1:], two, strict=False)
        ]

    def cadence(self, w: Wish, key: str, kind: str = "authentic") -> Found:
        return self.harmony(w, self.close(key, kind), "always", bass=True)

    def polyphony(self, w: Wish, most: int) -> Found:
        for part in w.parts:
            moments = {*self.onsets[part], *(bar * self.length for bar in range(self.song.bars))}
            for tick in sorted(t for t in moments if w.has(t // self.length)):
                count = sum(start <= tick < end for start, end, *_ in self.of[part])
                bar = tick // self.length
                if count > most:
                    yield tick, part, f"{count} notes sound"
                elif bar and tick % self.length == 0 and not w.has(bar - 1) and self.limit[bar - 1, part] > most:
                    yield from self.held(part, tick)

    def held(self, part: int, tick: int) -> Found:
        for start, end, pitch, _ in self.of[part]:
            if start < tick < end and not self.song.drums(part):
                yield start, part, f"pitch {pitch} is held into bar {tick // self.length + 1}"

    def monophonic(self, w: Wish) -> Found:
        return self.polyphony(w, 1)

    def grid(self, w: Wish, value: str) -> Found:
        for part, (start, *_) in self.starting(w):
            if start % self.length % ticks(value):
                yield start, part, "off the grid"

    def lengths(self, w: Wish, shortest: Any = None, longest: Any = None, only: Any = None) -> Found:
        these = None if only is None else [ticks(v) for v in ([only] if isinstance(only, str) else only)]
        for part, (start, end, *_) in self.starting(w):
            last = end - start
            fits = (shortest is None or last >= ticks(shortest)) and (longest is None or last <= ticks(longest))
            if not fits or (these is not None and last not in these):
                yield start, part, f"lasts {last}"

    def rhythm(self, w: Wish, pattern: str) -> Found:
        rows = pattern.strip("|").split("|")
        for number, bar in enumerate(np.flatnonzero(w.bars).tolist()):
            row = rows[number % len(rows)].strip()
            places = {bar * self.length + Fraction(self.length * i, len(row)): sign for i, sign in enumerate(row)}
            for part in w.parts:
                here = {t for t in self.onsets[part] if t // self.length == bar}
                missing = {t for t, sign in places.items() if sign == "x"} - here
                extra = here - {t for t, sign in places.items() if sign in "x?"}
                yield from ((int(t), part, "no onset" if t in missing else "an onset") for t in missing | extra)

    def kit(self, w: Wish, pieces: Any) -> Found:
        known = [KIT[p] if isinstance(p, str) else p for p in ([pieces] if isinstance(pieces, str | int) else pieces)]
        for part, (start, _, pitch, _) in self.starting(w):
            if pitch not in known:
                yield start, part, f"plays {pitch}"

    def density(self, w: Wish, least: int = 0, most: int | None = None) -> Found:
        for part, bar in product(w.parts, np.flatnonzero(w.bars).tolist()):
            count = sum(t // self.length == bar for t in self.onsets[part])
            if count < least or (most is not None and count > most):
                yield bar * self.length, part, f"{count} onsets"

    def silence(self, w: Wish) -> Found:
        for part, (start, end, *_) in self.sounding(w):
            if not self.song.drums(part) or w.has(start // self.length):
                yield start, part, f"sounds for {end - start}"

    def enters(self, w: Wish, bar: int) -> Found:
        first = span(bar, self.song.bars)[0]
        before = np.arange(self.song.bars) < first
        yield from self.silence(Wish(w.text, w.name, [], {}, w.parts, before))
        for part in w.parts:
            if not any(t // self.length == first for t in self.onsets[part]):
                yield first * self.length, part, "does not enter"

    def form(self, w: Wish, sections: str) -> Found:
        heard = self.song.sections or ("",) * self.song.bars
        for bar, (wanted, is_) in enumerate(zip(self.sections, heard, strict=True)):
            if wanted != is_:
                yield bar * self.length, -1, f"section {is_!r}, not {wanted!r}"

    def repeats(self, w: Wish, of: Any, how: str = "exact", transposed: int = 0) -> Found:
        source, target = span(of, self.song.bars), np.flatnonzero(w.bars).tolist()
        seams = {source[0], source[-1] + 1, target[0], target[-1] + 1} - {0, self.song.bars}
        for part in w.parts:
            drums, bars = self.song.drums(part), self._by_bar(part)
            if not bars[source[-1]] and not self.told[source[-1], part]:
                yield source[-1] * self.length, part, "no onset in the last bar of what is repeated"
            for bar in sorted(seams):
                yield from self.held(part, bar * self.length)
            for number, bar in enumerate(target):
                mine, theirs = bars[bar], bars[source[number % len(source)]]
                if how == "exact":
                    odd = {(at, p, last) for at, p, last in mine}
                    odd ^= {(at, p + transposed * (not drums), last) for at, p, last in theirs}
                else:  # the onsets, and of each onset only lengths that are there
                    odd = {n for n in mine if (n[0], n[2]) not in {(at, last) for at, _, last in theirs}}
                    odd |= {n for n in theirs if n[0] not in {at for at, *_ in mine}}
                if odd:
                    yield bar * self.length, part, f"{sorted(odd)} are not alike"

    def _by_bar(self, part: int) -> list[list[tuple[int, int, int]]]:
        bars: list[list[tuple[int, int, int]]] = [[] for _ in range(self.song.bars)]
        for start, end, pitch, _ in self.of[part]:
            last = 0 if self.song.drums(part) else end - start  # the length of a stroke means nothing
            bars[start // self.length].append((start % self.length, pitch, last))
        return bars

    def steps(self, w: Wish) -> Iterator[tuple[int, int, list[list[int]]]]:
        """From one onset of a part to the next, but for those into or out of a bar that repeats exactly."""
        for part in w.parts:
            for before, tick in pairwise(self.onsets[part]):
                one, two = before // self.length, tick // self.length
                if w.has(two) and (one == two or not self.exact[[one, two], part].any()):
                    yield tick, part, [[p for start, _, p, _ in self.of[part] if start == t] for t in (before, tick)]

    def leaps(self, w: Wish, most: int | str) -> Found:
        yield from self.polyphony(w, 1)
        for tick, part, (before, now) in self.steps(w):
            if all(abs(a - b) > semitones(most) for a in before for b in now):
                yield tick, part, f"leaps from {before} to {now}"

    def contour(self, w: Wish, shape: str) -> Found:
        yield from self.polyphony(w, 1)
        sign = {"rising": 1, "falling": -1}[shape]
        for tick, part, (before, now) in self.steps(w):
            if all((b - a) * sign < 0 for a in before for b in now):
                yield tick, part, f"goes from {before} to {now}"

    def opens(self, w: Wish, notes: Any, which: int = 0) -> Found:
        for part in w.parts:
            for start, _, pitch, _ in self.of[part]:
                if start == self.onsets[part][which] and pitch % 12 not in pitch_classes(notes):
                    yield start, part, f"pitch {pitch}"

    def closes(self, w: Wish, notes: Any) -> Found:
        return self.opens(w, notes, -1)

    def dynamics(self, w: Wish, low: int | str, high: int | str) -> Found:
        least = MARKS[low][0] if isinstance(low, str) else low
        most = MARKS[high][1] if isinstance(high, str) else high
        for part, (start, _, _, velocity) in self.starting(w):
            if not least <= velocity <= most:
                yield start, part, f"velocity {velocity}"

    def crescendo(self, w: Wish, start: int | str, end: int | str) -> Found:
        bars = np.flatnonzero(w.bars)
        first, last = (MIDDLES[m] if isinstance(m, str) else m for m in (start, end))
        line = np.linspace(first, last, len(bars))
        wanted = dict(zip(bars.tolist(), line.tolist(), strict=True))
        for part, (tick, _, _, velocity) in self.starting(w):
            if abs(velocity - wanted[tick // self.length]) > 12:
                yield tick, part, f"velocity {velocity}, not about {wanted[tick // self.length]:.0f}"

    def novel(self, w: Wish, pieces: Any, most: int = 8) -> Found:
        given: set[tuple[tuple[int, int], ...]] = set()
        for path in [pieces] if isinstance(pieces, str) else pieces:
            raw: Any = symusic.Score(path)
            for track in raw.tracks:
                if not track.is_drum:
                    heard = sorted((round(n.time * 24 / raw.ticks_per_quarter), n.pitch) for n in track.notes)
                    given.update(run for _, run in _runs(heard, most))
        for part in w.parts:
            for start, run in _runs([(n[0], n[2]) for n in self.of[part]], most):
                if run in given:
                    yield start, part, f"{most + 1} notes of a given piece"

    def frame(self, w: Wish, value: Any, rest: int = 1) -> Found:
        song = self.song
        is_ = {
            "InMeter": "{}/{}".format(*song.meter),
            "ExactBars": song.bars,
            "Tempo": song.tempo,
            "Instruments": tuple((program, chairs) for program, chairs in _chairs(song.parts)),
        }[w.name]
        if value != is_:
            yield 0, -1, f"{is_}, not {value}"


#: What checks a rule, and which parts it is about where it names none.
CHECKS: dict[str, tuple[Callable[..., Found], str]] = {
    "PitchClasses": (Judge.only, "pitched"), "InScale": (Judge.in_scale, "pitched"),
    "InKey": (Judge.in_key, "pitched"), "Chords": (Judge.chords, "pitched"), "Range": (Judge.range_, "pitched"),
    "Polyphony": (Judge.polyphony, "pitched"), "Monophonic": (Judge.monophonic, "pitched"),
    "Grid": (Judge.grid, "all"), "Lengths": (Judge.lengths, "pitched"), "Rhythm": (Judge.rhythm, "all"),
    "Kit": (Judge.kit, "drums"), "Density": (Judge.density, "all"), "Silence": (Judge.silence, "all"),
    "Enters": (Judge.enters, "all"), "Form": (Judge.form, "all"), "Repeats": (Judge.repeats, "all"),
    "Leaps": (Judge.leaps, "melody"), "Contour": (Judge.contour, "melody"), "Opens": (Judge.opens, "melody"),
    "Closes": (Judge.closes, "melody"), "Cadence": (Judge.cadence, "pitched"), "Dynamics": (Judge.dynamics, "all"),
    "Crescendo": (Judge.crescendo, "all"), "Novel": (Judge.novel, "pitched"), "Instruments": (Judge.frame, "all"),
    "InMeter": (Judge.frame, "all"), "ExactBars": (Judge.frame, "all"), "Tempo": (Judge.frame, "all"),
}  # fmt: skip


def _runs(heard: list[tuple[int, int]], most: int) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    """Every run of `most` + 1 notes: where it starts, and its steps in time and pitch."""
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(heard)]
    yield from ((heard[i][0], tuple(steps[i : i + most])) for i in range(len(steps) - most + 1))


def _chairs(parts: Sequence[tuple[str, int]]) -> Iterator[tuple[int, int]]:
    for _, group in groupby(parts, key=lambda part: part[1]):
        yield from ((program, chair) for chair, (_, program) in enumerate(group, 1))


def judge(song: Song, rules: Sequence[str]) -> list[str]:
    """What a song breaks; of rules with `|` those alternatives that break least."""
    return min((Judge(song, choice).found() for choice in product(*map(parse, rules))), key=len)


def texts(brief: Any) -> list[str]:
    """The rules that a brief itself makes."""
    full = brief.filled()
    found = [f"PitchClasses({sorted(full.only)})"] if full.only is not None else []
    found += [f"InScale('{full.scale}')"] if full.scale else []
    return found + ([f"InKey('{full.key}')"] if full.key else [])


def read(midi: bytes, brief: Any) -> tuple[Song, list[str]]:
    """The song in a file, by symusic, and where the file is not what the brief says, or pretty_midi reads another."""
    full, found = brief.filled(), []
    raw: Any = symusic.Score.from_midi(midi)
    meter, parts = (full.meter.beats, full.meter.unit), [(p.name, p.program) for p in full.parts]
    signatures = {(t.numerator, t.denominator) for t in raw.time_signatures}
    if signatures != {meter}:
        found.append(f"meter: {signatures}, not {meter}")
    tempos = {t.mspq for t in raw.tempos}
    if tempos != {round(60e6 / full.tempo)}:
        found.append(f"tempo: {tempos}")
    tracks = {t.name: t for t in raw.tracks if len(t.notes)}
    heard = Counter((t.name, -1 if t.is_drum else t.program) for t in raw.tracks if len(t.notes))
    if heard != Counter(parts):
        found.append(f"instruments: {dict(heard)}")
    rows = []
    for number, (name, _) in enumerate(parts):
        if name in tracks:
            n = tracks[name].notes.numpy()
            rows.append(np.stack([np.full(len(n["time"]), number), n["time"], n["time"] + n["duration"]], 1))
            rows[-1] = np.concatenate([rows[-1], np.stack([n["pitch"], n["velocity"]], 1)], 1)
    table = np.concatenate(rows) if rows else np.zeros((0, 5), int)
    if (table[:, 1:3] % FILE_TICKS).any():
        found.append("notes between the ticks")
    notes = np.array([(p, s // FILE_TICKS, e // FILE_TICKS, *n) for p, s, e, *n in table.tolist()], NOTE)
    song = Song(tuple(parts), meter, full.bars, notes, tempo=full.tempo)
    end = song.bars * song.length * FILE_TICKS
    ends = {sum(m.time for m in t) for t in mido.MidiFile(file=io.BytesIO(midi)).tracks}
    if ends != {end} or (table[:, 2] > end).any() or (table[:, 1] >= table[:, 2]).any():
        found.append(f"bars: the file ends at {ends}, not {end}")
    other, second = pretty_midi.PrettyMIDI(io.BytesIO(midi)), 480e6 / raw.tempos[0].mspq
    names = {name: number for number, (name, _) in enumerate(parts)}
    heard_too = sorted(
        (names.get(i.name, -1), round(n.start * second), round(n.end * second), n.pitch, n.velocity)
        for i in other.instruments
        for n in i.notes
    )
    if heard_too != sorted(map(tuple, table.tolist())):
        found.append("pretty_midi reads other notes than symusic")
    marks = {m.time // (song.length * FILE_TICKS): m.text for m in raw.markers}
    sections, now = [], ""
    for bar in range(song.bars):
        now = marks.get(bar, now)
        sections.append(now)
    return replace(song, sections=tuple(sections)), found


def broken(midi: bytes, rules: Sequence[str], brief: Any) -> list[str]:
    """What a written file breaks of rules, by their texts, of its brief and of what holds for every piece.

    `[]` if it keeps all. The file is read by symusic, and again by pretty_midi and mido.
    """
    song, found = read(midi, brief)
    return found + judge(song, [*texts(brief), *rules])

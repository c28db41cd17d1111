"""Chords and cadences: what may sound on the beats, and where the bass plays roots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import InitVar, dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.rules.base import Scoped, put
from symbolic_music.rules.limits import Limits
from symbolic_music.rules.notes import of_classes
from symbolic_music.rules.scope import roles
from symbolic_music.score import Score
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.keys import key as _key
from symbolic_music.theory.meters import POSITIONS, Meter
from symbolic_music.theory.pitch import NAMES
from symbolic_music.theory.progressions import ChordSymbol, Progression, progression

#: The strong beats of a bar, from 1; of a meter that is not here, the first alone.
STRONG = {
    (4, 4): (1, 3), (5, 4): (1, 4), (6, 4): (1, 4), (7, 4): (1, 5), (5, 8): (1, 4), (6, 8): (1, 4), (7, 8): (1, 5),
    (9, 8): (1, 4, 7), (12, 8): (1, 4, 7, 10),
}  # fmt: skip
WHEN = ("strong", "beats", "always")


class Stretch(NamedTuple):
    """A chord, None for N.C., and the positions of a bar that it governs: from `start` up to, not with, `stop`."""

    bar: int
    start: int
    stop: int
    chord: ChordSymbol | None


def moments(stretch: Stretch, meter: Meter, on: str) -> list[int]:
    """The positions of a stretch at which only tones of its chord may sound.

    >>> moments(Stretch(0, 12, 48, None), Meter(), "strong"), moments(Stretch(0, 0, 24, None), Meter(), "beats")
    ([12, 24], [0, 12])
    """
    inside = range(stretch.start, stretch.stop)
    if on == "always":
        return list(inside)
    strong = [(beat - 1) * POSITIONS for beat in STRONG.get((meter.beats, meter.unit), (1,))]
    beats = strong if on == "strong" else range(0, meter.positions, POSITIONS)
    return sorted({stretch.start, *(beat for beat in beats if beat in inside)})


def changes(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The stretches that begin with another chord than the one before has; so does the first, or one after N.C."""
    found, before = [], None
    for stretch in stretches:
        chord = stretch.chord
        now = None if chord is None else (chord.root, chord.bass, chord.pitch_classes)
        if now not in (None, before):
            found.append(stretch)
        before = now
    return found


@dataclass(frozen=True, repr=False)
class _Harmony(Scoped):
    """Tones of chords on some beats, and their bass when they change."""

    @property
    def _on(self) -> str:
        return "always"

    @property
    def _bass(self) -> bool:
        return True

    def stretches(self, piece: Limits | Score) -> list[Stretch]:
        """The chords, and where they hold."""
        raise NotImplementedError

    def _basses(self, piece: Limits | Score, parts: list[int]) -> list[int]:
        return [part for part in roles(piece.parts)["bass"] if part in parts] if self._bass else []

    def narrow(self, limits: Limits) -> None:
        parts = self.where(limits)[1]
        stretches = self.stretches(limits)
        for stretch in stretches:
            bar, chord = stretch.bar, stretch.chord
            if chord is None:
                continue
            for part in parts:
                where = moments(stretch, limits.meters[bar], self._on)
                limits.keep_moments(bar, part, where, of_classes(chord.pitch_classes))
            for half in range(2):
                if stretch.start <= half * limits.meters[bar].positions // 2 < stretch.stop:
                    keep_plan(limits, bar, half, chord)
        for bar, start, _, chord in changes(stretches):
            for part in self._basses(limits, parts):
                assert chord is not None
                limits.demand(bar, part, [start])
                limits.keep_strikes(bar, part, start, of_classes([chord.bass]))

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:  # noqa: ARG002
        notes = score.notes[np.isin(score.notes["part"], parts)]
        start, end, pitches = notes["start"], notes["start"] + notes["duration"], notes["pitch"]
        try:
            stretches = self.stretches(score)
        except BriefError as error:
            return error.what.removeprefix(f"{self.name}: "), False
        for stretch in stretches:
            if stretch.chord is None:
                continue
            bar, outside = stretch.bar, ~of_classes(stretch.chord.pitch_classes)[pitches]
            ticks = (
                score.bar_starts[bar]
                + np.array(moments(stretch, score.meters[bar], self._on))[:, None] * score.meters[bar].step
            )
            bad = (start <= ticks) & (end > ticks) & outside
            if bad.any():
                return f"{NAMES[pitches[bad.any(0).argmax()] % 12]} over {stretch.chord} in bar {bar + 1}", False
        for stretch in changes(stretches):
            tick = score.bar_starts[stretch.bar] + stretch.start * score.meters[stretch.bar].step
            for part in self._basses(score, parts):
                played = pitches[(start == tick) & (notes["part"] == part)]
                if stretch.chord and (not len(played) or played.min() % 12 != stretch.chord.bass):
                    words = f"{score.parts[part].name} without {NAMES[stretch.chord.bass]} under {stretch.chord}"
                    return f"{words} in bar {stretch.bar + 1}", False
        return f"chord tones in {len({s.bar for s in stretches})} bars", True


def keep_plan(limits: Limits, bar: int, half: int, chord: ChordSymbol) -> None:
    """Let half a bar be planned on a chord, or on none where another rule forbids it."""
    row = limits.plan[bar, half]
    index = 1 + CHORDS.index(chord.token)
    kept = index if row[index] else 0
    row[:] = np.arange(len(row)) == kept


def asked(score: Score, rules: Iterable[object]) -> NDArray[np.int16] | None:
    """The chords of a score's half bars: those that rules ask for, elsewhere those that were planned.

    A chord with notes that a key forbids is planned as none; it is the one that was asked all the same.

    Returns
    -------
    array of int, shape [bars, 2], or None
        As in `Score`.
    """
    found = None if score.chords is None else score.chords.copy()
    for rule in rules:
        for stretch in rule.stretches(score) if isinstance(rule, _Harmony) else ():
            for half in range(2):
                middle = half * score.meters[stretch.bar].positions // 2
                if stretch.chord is not None and stretch.start <= middle < stretch.stop:
                    found = np.full((score.bars, 2), -2, np.int16) if found is None else found
                    found[stretch.bar, half] = CHORDS.index(stretch.chord.token)
    return found


def _short(chords: Progression) -> str:
    """A progression as one would write it: "Am F C G" where every bar has one chord.

    >>> _short(progression("Am F")), _short(progression("Am | F C")), _short(progression("| C G |"))
    ('Am F', '| Am | F C |', '| C G |')
    """
    if all(len(bar) == 1 for bar in chords.bars):
        return " ".join(str(bar[0][1] or "N.C.") for bar in chords.bars)
    return str(chords)


@dataclass(frozen=True, repr=False)
class Chords(_Harmony):
    """A progression, over and over until the bars are full.

    Parameters
    ----------
    progression : Progression or str
        As `theory.progressions.progression` reads it: "Am F C G", "Am | F C", "ii V I"; N.C. limits nothing.
    key : Key or str, optional
        For Roman numerals and Nashville numbers.
    on : str
        When every note that sounds is a tone of the chord in force: on "strong" beats, on all "beats", or "always";
        and where a chord starts, in any case.
    bass : bool
        Whether the bass plays when the chord changes, and then as its lowest note the root or what is after the slash.

    Examples
    --------
    >>> Chords("Am F C G", on="beats").name, Chords("ii V I", "C") == Chords("Dm G C")
    ('chords Am F C G', True)
    """

    progression: Progression | str = field(metadata={"written": _short})
    key: InitVar[Key | str | None] = None
    on: str = "strong"
    bass: bool = True

    def __post_init__(self, key: Key | str | None) -> None:
        super().__post_init__()
        put(self, progression=progression(self.progression, key))
        if self.on not in WHEN:
            raise BriefError(f"chords on {self.on!r}", hint=", ".join(WHEN))
        if not isinstance(self.bass, bool):
            raise BriefError(f"bass {self.bass!r}", hint="True or False")

    @property
    def said(self) -> str:
        return f"chords {_short(progression(self.progression))}"

    @property
    def _on(self) -> str:
        return self.on

    @property
    def _bass(self) -> bool:
        return self.bass

    def stretches(self, piece: Limits | Score) -> list[Stretch]:
        bars = self.where(piece)[0]
        found = []
        for bar, chords in zip(bars, progression(self.progression).in_bars(len(bars)).bars, strict=True):
            meter = piece.meters[bar]
            starts = [start * meter.positions for start, _ in chords]
            if any(start.denominator > 1 for start in starts):
                words = f"{len(chords)} chords do not share a bar of {meter}"
                raise BriefError(f"{self.name}: {words}", hint=f"a bar of it has {meter.positions} positions")
            ends = [*map(int, starts), meter.positions]
            found += [Stretch(bar, ends[i], ends[i + 1], chord) for i, (_, chord) in enumerate(chords)]
        return found


#: The chords of each cadence, by degree in semitones and by what follows the letter in major and in minor.
_CADENCES = {
    "authentic": ((7, "7", "7"), (0, "", "m")),
    "plagal": ((5, "", "m"), (0, "", "m")),
    "deceptive": ((7, "7", "7"), (9, "m", "")),
    "half": ((0, "", "m"), (7, "", "")),
}


@dataclass(frozen=True, repr=False)
class Cadence(_Harmony):
    """Two chords at the end: one in the second half of the last bar but one, the other in the whole last bar.

    All that sounds then is a tone of them, and the bass plays both roots.

    Parameters
    ----------
    key : Key or str
    kind : str
        "authentic" V7 I, "plagal" IV I, "deceptive" V7 vi (VI in minor), or "half" I V. In minor V is major, I and IV
        are minor.

    Examples
    --------
    >>> Cadence("D minor").name, [str(chord) for chord in Cadence("D minor", "deceptive").chords]
    ('authentic cadence in D minor', ['A7', 'Bb'])
    """

    key: Key | str = field(metadata={"written": str})
    kind: str = "authentic"

    def __post_init__(self) -> None:
        super().__post_init__()
        put(self, key=_key(self.key))
        if self.kind not in _CADENCES:
            raise BriefError(f"a cadence {self.kind!r}", hint=", ".join(_CADENCES))

    @property
    def said(self) -> str:
        return f"{self.kind} cadence in {self.key}"

    @property
    def chords(self) -> tuple[ChordSymbol, ChordSymbol]:
        """The two chords."""
        home = _key(self.key)
        minor = home.mode == "minor"
        first, last = (
            ChordSymbol(NAMES[(home.root + step - (minor and step == 9)) % 12] + (low if minor else high))
            for step, high, low in _CADENCES[self.kind]
        )
        return first, last

    def stretches(self, piece: Limits | Score) -> list[Stretch]:
        bars = self.where(piece)[0]
        if len(bars) < 2:
            raise BriefError(f"{self.name}: one bar", hint="a cadence takes two bars")
        before, last = bars[-2:]
        positions = piece.meters[before].positions
        half = -(-positions // 2 // POSITIONS) * POSITIONS % positions  # up to a beat; a bar of one beat has no half
        first, second = self.chords
        return [Stretch(before, half, positions, first), Stretch(last, 0, piece.meters[last].positions, second)]

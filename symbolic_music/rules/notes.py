"""Which notes there may be: sets, scales, keys, ranges, pieces of the kit, first and last notes.

Names do for values: ``InKey("D minor")`` is ``InKey(Key("D", "minor"))``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError, nearest
from symbolic_music.rules.base import Scoped, heard, listed, put, verdict, whole
from symbolic_music.rules.limits import Limits
from symbolic_music.rules.scope import Tracks, cells
from symbolic_music.score import Score
from symbolic_music.theory import values
from symbolic_music.theory.instruments import DRUMS, of_program
from symbolic_music.theory.keys import Key, Scale, scales
from symbolic_music.theory.keys import key as _key
from symbolic_music.theory.keys import scale as _scale
from symbolic_music.theory.kit import KIT
from symbolic_music.theory.pitch import NAMES, pitch, pitch_classes, pitch_name, spell
from symbolic_music.theory.voices import TESSITURAS, voice

#: Forms of the minor mode, as scales.
FORMS = {"natural": "aeolian", "harmonic": "harmonic minor", "melodic": "melodic minor"}
_PIECES = {number: name for name, number in KIT.items()}


def of_classes(classes: Iterable[int]) -> NDArray[np.bool_]:
    """The pitches of some pitch classes, shape [128]."""
    return np.isin(np.arange(128) % 12, list(classes))


@dataclass(frozen=True, repr=False)
class _Classes(Scoped):
    """No note sounds outside a set of pitch classes."""

    @property
    @abstractmethod
    def notes(self) -> frozenset[int]:
        """The pitch classes that stay."""

    def narrow(self, limits: Limits) -> None:
        self.where(limits)
        limits.keep_classes(self.name, self.notes, tracks=self.tracks, bars=self.bars, section=self.section)

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        notes, at = heard(score, bars, parts)
        classes = notes["pitch"] % 12
        return verdict(spell(set(classes.tolist())), self._outside(score, notes), at, lambda i: NAMES[classes[i]])

    def _outside(self, score: Score, notes: NDArray[Any]) -> NDArray[np.bool_]:  # noqa: ARG002 - keys look at meters
        return np.asarray(~of_classes(self.notes)[notes["pitch"]])


@dataclass(frozen=True, repr=False)
class PitchClasses(_Classes):
    """No note outside a set of pitch classes.

    >>> PitchClasses("A B C#", bars=(5, 8)).name
    'only C# A B (bars 5-8)'
    """

    classes: frozenset[int] | Iterable[str | int] | str = field(metadata={"written": spell})

    def __post_init__(self) -> None:
        super().__post_init__()
        put(self, classes=pitch_classes(self.classes))

    @property
    def said(self) -> str:
        return f"only {spell(self.notes)}"

    @property
    def notes(self) -> frozenset[int]:
        return pitch_classes(self.classes)


@dataclass(frozen=True, repr=False)
class InScale(_Classes):
    """No note outside a scale.

    >>> InScale("E blues").name
    'scale E blues'
    """

    scale: Scale | str = field(metadata={"written": str})

    def __post_init__(self) -> None:
        super().__post_init__()
        put(self, scale=_scale(self.scale))

    @property
    def said(self) -> str:
        return f"scale {self.scale}"

    @property
    def notes(self) -> frozenset[int]:
        return _scale(self.scale).pitch_classes


@dataclass(frozen=True, repr=False)
class InKey(_Classes):
    """No note outside a key, or none but passing ones.

    Parameters
    ----------
    key : Key or str
    forms : str
        Of a minor key: "all" (natural, harmonic and melodic: nine notes), or "natural", "harmonic" or "melodic" (its
        ascending form) alone.
    passing : str, optional
        A note value, such as "quarter": notes outside the key may come that last less. None of them is held into the
        bars where the rule begins.

    Examples
    --------
    >>> InKey("D minor").name, InKey("D minor", "harmonic", passing="eighth").name
    ('key D minor', 'key D minor, harmonic, passing notes under one eighth')
    """

    key: Key | str = field(metadata={"written": str})
    forms: str = "all"
    passing: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.forms not in ("all", *FORMS):
            raise BriefError(f"forms {self.forms!r}", hint="all, natural, harmonic or melodic")
        passing = None if self.passing is None else values.spelled(values.ticks(self.passing))
        put(self, key=_key(self.key), passing=passing)

    @property
    def said(self) -> str:
        forms = "" if self.forms == "all" else f", {self.forms}"
        return f"key {self.key}{forms}" + (f", passing notes under one {self.passing}" if self.passing else "")

    @property
    def notes(self) -> frozenset[int]:
        home = _key(self.key)
        if home.mode == "major" or self.forms == "all":
            return home.pitch_classes
        return frozenset((home.root + step) % 12 for step in scales()[FORMS[self.forms]])

    def narrow(self, limits: Limits) -> None:
        if self.passing is None:
            return super().narrow(limits)
        bars, parts = self.where(limits)
        outside = ~of_classes(self.notes)
        for bar in bars:
            longest = np.where(outside, values.positions(self.passing, limits.meters[bar]) - 1, limits.longest.max())
            limits.longest[bar, parts] = np.minimum(limits.longest[bar, parts], longest)
            if bar and bar - 1 not in bars:
                for part in parts:
                    limits.carries[bar, part] = limits.carries.get((bar, part), True) & ~outside
        return None

    def _outside(self, score: Score, notes: NDArray[Any]) -> NDArray[np.bool_]:
        long = True if self.passing is None else notes["duration"] >= values.ticks(self.passing)
        return np.asarray(super()._outside(score, notes) & long)


@dataclass(frozen=True, repr=False)
class Range(Scoped):
    """No note lower or higher.

    Parameters
    ----------
    low, high : str or int, optional
        Notes such as "C3", or MIDI numbers.
    voice : str, optional
        The range of a singing voice, see `theory.voices`: soprano, mezzo, alto, tenor, baritone or bass.

    Examples
    --------
    >>> Range("C3", "C5", tracks="melody").name, Range(voice="alto").name
    ('range C3-C5 (melody)', 'alto range')
    """

    low: str | int | None = None
    high: str | int | None = None
    voice: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low is None and self.high is None and self.voice is None:
            raise BriefError("a range without an end", hint='such as low="C3"')
        low, high = (None if end is None else pitch_name(pitch(end)) for end in (self.low, self.high))
        put(self, low=low, high=high, voice=None if self.voice is None else voice(self.voice))
        first, last = self._ends
        if first > last:
            raise BriefError(f"{self.said} is upside down", hint="the lower note comes first")

    @property
    def said(self) -> str:
        ends = f"{self.low}-{self.high}" if self.low and self.high else f"from {self.low}" if self.low else ""
        ends = ends or (f"up to {self.high}" if self.high else "")
        return " ".join(word for word in (self.voice, "range", ends) if word)

    @property
    def _ends(self) -> tuple[int, int]:
        low, high = (0, 127) if self.voice is None else TESSITURAS[self.voice]
        return (
            low if self.low is None else max(low, pitch(self.low)),
            high if self.high is None else min(high, pitch(self.high)),
        )

    def narrow(self, limits: Limits) -> None:
        low, high = self._ends
        bars, parts = self.where(limits)
        limits.pitches[cells(bars, parts)] &= (np.arange(128) >= low) & (np.arange(128) <= high)

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        notes, at = heard(score, bars, parts)
        pitches = notes["pitch"]
        low, high = self._ends
        good = f"{pitch_name(pitches.min())} to {pitch_name(pitches.max())}" if len(pitches) else ""
        return verdict(good, (pitches < low) | (pitches > high), at, lambda i: pitch_name(pitches[i]))


@dataclass(frozen=True, repr=False)
class Kit(Scoped):
    """The drums play these and no other.

    Parameters
    ----------
    pieces : str or iterable of str or int
        Names as in `theory.kit.KIT`, or numbers of the General MIDI percussion map.

    Examples
    --------
    >>> Kit("snare, kick, open hat").name
    'kit kick, snare, open hat'
    """

    pieces: str | Iterable[str | int] = field(metadata={"written": list})
    _drums: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers = sorted({_piece(piece) for piece in listed(self.pieces)})
        if not numbers:
            raise BriefError("an empty kit", hint="name at least one piece, such as kick")
        put(self, pieces=tuple(_PIECES.get(number, number) for number in numbers))

    @property
    def said(self) -> str:
        return f"kit {', '.join(map(str, self.pieces))}"

    def where(self, piece: Limits | Score) -> tuple[list[int], list[int]]:
        bars, parts = super().where(piece)
        drums = [part for part in parts if piece.parts[part].is_drums]
        if self.tracks is not None and not drums:
            raise BriefError(f"{self.name}: these are no drums", hint='tracks="drums"')
        return bars, drums

    def narrow(self, limits: Limits) -> None:
        limits.pitches[cells(*self.where(limits))] &= self._allowed

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        notes, at = heard(score, bars, parts, held=False)
        pieces = [str(_PIECES.get(number, number)) for number in notes["pitch"].tolist()]
        return verdict(", ".join(sorted(set(pieces))), ~self._allowed[notes["pitch"]], at, lambda i: pieces[i])

    @property
    def _allowed(self) -> NDArray[np.bool_]:
        return np.isin(np.arange(128), [_piece(piece) for piece in self.pieces])


def _piece(name: Any) -> int:
    drums = of_program(DRUMS)
    text = str(name).strip().lower()
    if not isinstance(name, str) or text.isdecimal():
        return whole("drum", int(text) if isinstance(name, str) else name, drums.low, drums.high)
    if text not in KIT:
        raise BriefError(f"no piece of the kit {name!r}", hint=nearest(text, KIT))
    return KIT[text]


@dataclass(frozen=True, repr=False)
class _Edge(Scoped):
    """What a track's first or last onset of the piece may be."""

    notes: frozenset[int] | Iterable[str | int] | str = field(metadata={"written": spell})
    tracks: Tracks | Iterable[str] = field(default="melody", kw_only=True)

    _verb: ClassVar[str]
    _last: ClassVar[bool]

    def __post_init__(self) -> None:
        super().__post_init__()
        put(self, notes=pitch_classes(self.notes))
        if self.bars is not None or self.section is not None:
            raise BriefError(f"{self.said} in some bars", hint="leave bars and section out")

    @property
    def said(self) -> str:
        return f"{self._verb} {spell(pitch_classes(self.notes))}"

    def narrow(self, limits: Limits) -> None:
        table = limits.closing if self._last else limits.opening
        table[self.where(limits)[1]] &= of_classes(pitch_classes(self.notes))

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        notes, at = heard(score, bars, parts, held=False)
        ends = {part: notes["start"][notes["part"] == part] for part in np.unique(notes["part"]).tolist()}
        ticks = {part: starts.max() if self._last else starts.min() for part, starts in ends.items()}
        edge = np.array([tick == ticks[part] for tick, part in notes[["start", "part"]].tolist()], bool)
        classes = notes["pitch"][edge] % 12
        bad = ~of_classes(pitch_classes(self.notes))[classes]
        return verdict(spell(set(classes.tolist())), bad, at[edge], lambda i: NAMES[classes[i]])


@dataclass(frozen=True, repr=False)
class Opens(_Edge):
    """A track's first notes are of these pitch classes; the melody's, unless another is named.

    >>> Opens("D A").name
    'opens with D A (melody)'
    """

    _verb: ClassVar[str] = "opens with"
    _last: ClassVar[bool] = False


@dataclass(frozen=True, repr=False)
class Closes(_Edge):
    """A track's last notes are of these pitch classes; the melody's, unless another is named.

    What it plays on the downbeat of the last bar is of them, too, where other limits let it be.

    >>> Closes("D", tracks=("violin", "cello")).name
    'closes on D (violin, cello)'
    """

    _verb: ClassVar[str] = "closes on"
    _last: ClassVar[bool] = True

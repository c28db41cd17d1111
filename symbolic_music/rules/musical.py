"""The rules: one small class each. Drums are exempt from pitch rules.

Names do for values: ``InKey("D minor")`` is ``InKey(Key("D", "minor"))``. `tracks` are part names, `bars` the first
and the last, counted from 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from symbolic_music.brief import checked
from symbolic_music.errors import BriefError
from symbolic_music.rules.limits import Limits, Rule, spelled
from symbolic_music.score import Part
from symbolic_music.theory.keys import Key, Scale
from symbolic_music.theory.keys import key as _key
from symbolic_music.theory.keys import scale as _scale
from symbolic_music.theory.meters import Meter
from symbolic_music.theory.meters import meter as _meter
from symbolic_music.theory.pitch import pitch_classes


@dataclass(frozen=True)
class _Notes(Rule, ABC):
    """No note outside `notes`, on some tracks (all but the drums), in some bars (all)."""

    tracks: tuple[str, ...] | str | None = field(default=None, kw_only=True)
    bars: tuple[int, int] | None = field(default=None, kw_only=True)

    @property
    @abstractmethod
    def notes(self) -> frozenset[int]:
        """The pitch classes that stay."""

    def narrow(self, limits: Limits) -> None:
        limits.keep_classes(self.name, self.notes, tracks=self.tracks, bars=self.bars)


@dataclass(frozen=True)
class PitchClasses(_Notes):
    """No note outside a set of pitch classes.

    >>> PitchClasses("A B C#").name
    'only C# A B'
    """

    classes: frozenset[int] | str

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", pitch_classes(self.classes))

    @property
    def name(self) -> str:  # type: ignore[override]
        return spelled(self.notes)

    @property
    def notes(self) -> frozenset[int]:
        return pitch_classes(self.classes)


@dataclass(frozen=True)
class InScale(_Notes):
    """No note outside a scale.

    >>> InScale("E blues").name
    'scale E blues'
    """

    scale: Scale | str

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", _scale(self.scale))

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"scale {self.scale}"

    @property
    def notes(self) -> frozenset[int]:
        return _scale(self.scale).pitch_classes


@dataclass(frozen=True)
class InKey(_Notes):
    """No note outside a key; a minor key holds its natural, harmonic and melodic forms.

    >>> InKey("D minor").name
    'key D minor'
    """

    key: Key | str

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", _key(self.key))

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"key {self.key}"

    @property
    def notes(self) -> frozenset[int]:
        return _key(self.key).pitch_classes


@dataclass(frozen=True)
class Instruments(Rule):
    """These parts sound and no other; none rests for more than `rest` bars running.

    >>> Instruments((Part(0), Part(32)), rest=2).name
    'instruments acoustic grand piano, acoustic bass'
    """

    parts: tuple[Part, ...]
    rest: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", checked(self.parts))
        if self.rest < 0:
            raise BriefError(f"a rest of {self.rest} bars", hint="0 or more")

    @property
    def name(self) -> str:  # type: ignore[override]
        return "instruments " + ", ".join(p.name for p in self.parts)

    def narrow(self, limits: Limits) -> None:
        if self.parts != limits.parts:
            raise BriefError(f"{self.name} and {Instruments(limits.parts).name} clash in every bar")
        limits.rest = min(limits.rest, self.rest)


@dataclass(frozen=True)
class InMeter(Rule):
    """Every bar in one meter.

    >>> InMeter("6/8").name
    'meter 6/8'
    """

    meter: Meter | str

    def __post_init__(self) -> None:
        object.__setattr__(self, "meter", _meter(self.meter))

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"meter {self.meter}"

    def narrow(self, limits: Limits) -> None:
        for number, found in enumerate(limits.meters, 1):
            if found != self.meter:
                raise BriefError(f"bar {number}: {self.name} and meter {found} clash")


@dataclass(frozen=True)
class ExactBars(Rule):
    """Exactly so many bars, the last one closed.

    >>> ExactBars(16).name
    '16 bars'
    """

    bars: int

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"{self.bars} bars"

    def narrow(self, limits: Limits) -> None:
        if len(limits.meters) != self.bars:
            raise BriefError(f"{self.name} and {len(limits.meters)} bars clash")


@dataclass(frozen=True)
class Tempo(Rule):
    """An exact tempo in quarter notes a minute, written into the file.

    >>> Tempo(93.4).name
    'tempo 93.4'
    """

    tempo: float

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"tempo {self.tempo:g}"

    def narrow(self, limits: Limits) -> None:
        if limits.tempo not in (None, self.tempo):
            raise BriefError(f"{self.name} and {Tempo(limits.tempo).name} clash in every bar")
        limits.tempo = self.tempo

"""The rules: one small class each. Drums are exempt from pitch rules."""

from __future__ import annotations

from dataclasses import dataclass

from symbolic_music.errors import BriefError
from symbolic_music.rules.limits import Limits, Rule, spelled
from symbolic_music.score import Part
from symbolic_music.theory.keys import Key, Scale
from symbolic_music.theory.meters import Meter


@dataclass(frozen=True)
class PitchClasses(Rule):
    """No note outside a set of pitch classes.

    >>> PitchClasses(frozenset({9, 11, 1})).name
    'only C# A B'
    """

    classes: frozenset[int]
    tracks: tuple[str, ...] | None = None
    bars: tuple[int, int] | None = None

    @property
    def name(self) -> str:  # type: ignore[override]
        return spelled(self.classes)

    def narrow(self, limits: Limits) -> None:
        limits.keep_classes(self.name, self.classes, tracks=self.tracks, bars=self.bars)


@dataclass(frozen=True)
class InScale(Rule):
    """No note outside a scale.

    >>> InScale(Scale("E", "blues")).name
    'scale E blues'
    """

    scale: Scale
    tracks: tuple[str, ...] | None = None
    bars: tuple[int, int] | None = None

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"scale {self.scale}"

    def narrow(self, limits: Limits) -> None:
        limits.keep_classes(self.name, self.scale.pitch_classes, tracks=self.tracks, bars=self.bars)


@dataclass(frozen=True)
class InKey(Rule):
    """No note outside a key; a minor key holds its natural, harmonic and melodic forms.

    >>> InKey(Key("D", "minor")).name
    'key D minor'
    """

    key: Key
    tracks: tuple[str, ...] | None = None
    bars: tuple[int, int] | None = None

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"key {self.key}"

    def narrow(self, limits: Limits) -> None:
        limits.keep_classes(self.name, self.key.pitch_classes, tracks=self.tracks, bars=self.bars)


@dataclass(frozen=True)
class Instruments(Rule):
    """These parts sound and no other; none rests for more than `rest` bars running.

    >>> Instruments((Part(0), Part(32)), rest=2).name
    'instruments acoustic grand piano, acoustic bass'
    """

    parts: tuple[Part, ...]
    rest: int = 1

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

    >>> InMeter(Meter(6, 8)).name
    'meter 6/8'
    """

    meter: Meter

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

"""How a score is written as MIDI: what differs between a file for a DAW, for a player and for notation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symbolic_music.errors import BriefError
from symbolic_music.theory.kit import kit
from symbolic_music.theory.meters import TICKS, Meter

#: Ticks a quarter note in the file.
RESOLUTION = 480
FINEST = 9600
CHORDS = ("", "text", "lyrics")


@dataclass(frozen=True)
class Export:
    """The options of a MIDI file.

    Parameters
    ----------
    type : int
        1 for a conductor and a track for each part, 0 for all in one track.
    resolution : int
        Ticks a quarter note: a multiple of 24, up to 9600.
    chords : str
        "text" or "lyrics" writes the score's chords where they change as events of that kind in the conductor.
    swing : float or None
        The share of a pair of eighths that the first one takes, 0.5 straight to 0.75, in place of the timing that the
        piece has, in bars that are counted in quarter notes; None leaves that as it is.
    humanise : float
        How much timing and loudness vary, 0.0 not at all to 1.0 much; see `performance.humanised`.
    seed : int
        Of the humanising.
    kit : str
        A drum kit by name, see `theory.kit.KITS`; "" for the one that goes with the genre.
    copyright : str

    Raises
    ------
    BriefError
        For a value that there is not; it says which there are.

    Examples
    --------
    >>> Export(kit="brushes", resolution=960).kit
    'brush'
    >>> Export(resolution=100)
    Traceback (most recent call last):
    ...
    symbolic_music.errors.BriefError: a resolution of 100: a multiple of 24 up to 9600 works, such as 480 or 960
    """

    type: int = 1
    resolution: int = RESOLUTION
    chords: str = ""
    swing: float | None = None
    humanise: float = 0.0
    seed: int = 0
    kit: str = ""
    copyright: str = ""

    def __post_init__(self) -> None:
        if not _whole(self.type) or self.type not in (0, 1):
            raise BriefError(f"MIDI of type {self.type!r}", hint="1 works, and 0 for all in one track")
        if not _whole(self.resolution) or self.resolution not in range(TICKS, FINEST + 1, TICKS):
            hint = f"a multiple of {TICKS} up to {FINEST} works, such as 480 or 960"
            raise BriefError(f"a resolution of {self.resolution!r}", hint=hint)
        if self.chords not in CHORDS:
            raise BriefError(f"chords as {self.chords!r}", hint="text or lyrics work")
        if self.swing is not None and not _within(self.swing, 0.5, 0.75):
            raise BriefError(f"a swing of {self.swing!r}", hint="0.5 (straight) to 0.75 works; 0.667 is a triplet")
        if not _within(self.humanise, 0, 1):
            raise BriefError(f"humanise {self.humanise!r}", hint="0.0 (not at all) to 1.0 (much) works")
        if not _whole(self.seed) or self.seed < 0:
            raise BriefError(f"seed {self.seed!r}", hint="a whole number from 0 works")
        if self.kit:
            object.__setattr__(self, "kit", kit(self.kit))
        if not isinstance(self.copyright, str):
            raise BriefError(f"copyright {self.copyright!r}", hint="a text works")

    def suits(self, meters: Iterable[Meter]) -> None:
        """See that bars of these meters can be played so.

        Raises
        ------
        BriefError
            If they are to swing, and none is counted in quarter notes.

        Examples
        --------
        >>> Export(swing=0.6).suits([Meter(6, 8)])
        Traceback (most recent call last):
        ...
        symbolic_music.errors.BriefError: a swing of 0.6 in 6/8: bars that are counted in quarter notes swing
        """
        known = dict.fromkeys(map(str, meters))
        if self.swing is not None and not any(name.endswith("/4") for name in known):
            hint = "bars that are counted in quarter notes swing"
            raise BriefError(f"a swing of {self.swing} in {', '.join(known)}", hint=hint)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _within(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high

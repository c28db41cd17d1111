"""How MIDI becomes an audio file: the choices of a rendering."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from symbolic_music.audio.finish import Finish, finish_of
from symbolic_music.audio.synth import REVERBS
from symbolic_music.audio.write import subtype
from symbolic_music.errors import BriefError, nearest

#: Integrated loudness in LUFS by where music is heard, as the services state it; broadcast after EBU R 128.
TARGETS: Mapping[str, float | None] = {
    "spotify": -14.0, "youtube": -14.0, "apple": -16.0, "broadcast": -23.0, "none": None,
}  # fmt: skip
LOUDEST, SOFTEST = -5.0, -60.0
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
SYNTHS = ("fluidsynth", "preview")


def target(loudness: float | str | None) -> float | None:
    """A loudness in LUFS by its figure or the name of where it is heard.

    Raises
    ------
    BriefError
        If it is no such name, or not from -60 to -5.

    Examples
    --------
    >>> target("broadcast"), target("-16"), target("none")
    (-23.0, -16.0, None)
    >>> target("spotfy")
    Traceback (most recent call last):
    symbolic_music.errors.BriefError: no loudness is named 'spotfy': did you mean spotify?
    """
    if isinstance(loudness, str):
        if loudness.lower() in TARGETS:
            return TARGETS[loudness.lower()]
        name = loudness
        try:
            loudness = float(name)
        except ValueError:
            raise BriefError(f"no loudness is named {name!r}", hint=nearest(name, TARGETS, len(TARGETS))) from None
    if loudness is not None and not SOFTEST <= loudness <= LOUDEST:
        raise BriefError(f"a loudness of {loudness:g} LUFS", hint=f"{SOFTEST:g} to {LOUDEST:g} works")
    return loudness


@dataclass(frozen=True)
class Sound:
    """How MIDI becomes an audio file.

    Attributes
    ----------
    soundfont : str, Path or None
        A name, a path, or None for the default, see `find`.
    sounds : mapping of str to str
        For tracks by name, a sound of their own: ``{"flute": "fluidr3#Flute"}``, a soundfont, a preset behind "#", or
        both.
    synth : str
        "fluidsynth", or "preview" for a simpler one that needs no system library.
    finish : str
        Equalisation, compression and reverb: the name of a finish or of a genre, see `finish_of`.
    reverb : str
        Another reverb than the finish's: "dry", "room", "chamber", "hall", "cathedral", "plate" or "default".
    loudness : float, str or None
        Integrated loudness in LUFS, -60 to -5, with the true peak under -1 dBTP; or "spotify", "youtube", "apple",
        "broadcast". None or "none" keeps the level of the synthesizer, clipped at full scale.
    depth : int, optional
        Bits: 16 (with dither) or 24 for .wav and .flac, 32 (float) for .wav.
    rate : int
        Frames a second, 8000 to 96000.
    fade : float
        Seconds that fade out to the end of the last bar, after which nothing rings.
    loop : bool
        As long as the bars to the frame, and what rings after them sounds into the beginning: a seamless repeat.
    title, copyright : str
        Tags in the file.

    Raises
    ------
    BriefError
        Where a field is out of its range, or a loop should fade out.

    Examples
    --------
    >>> Sound(loudness="apple", finish="jazz").lufs
    -16.0
    """

    soundfont: str | Path | None = None
    sounds: Mapping[str, str] = field(default_factory=dict, hash=False)
    synth: str = "fluidsynth"
    finish: str = "plain"
    reverb: str = ""
    loudness: float | str | None = -14.0
    depth: int | None = None
    rate: int = 44100
    fade: float = 0.0
    loop: bool = False
    title: str = ""
    copyright: str = ""

    def __post_init__(self) -> None:
        target(self.loudness)
        finish_of(self.finish)
        if self.reverb and self.reverb not in REVERBS:
            raise BriefError(f"no reverb is named {self.reverb!r}", hint=nearest(self.reverb, REVERBS))
        if self.synth not in SYNTHS:
            raise BriefError(f"no synth is named {self.synth!r}", hint=nearest(self.synth, SYNTHS))
        if not isinstance(self.rate, int) or not 8000 <= self.rate <= 96000:
            raise BriefError(f"a sample rate of {self.rate!r}", hint="a whole number from 8000 to 96000 works")
        if not isinstance(self.fade, int | float) or not 0 <= self.fade < math.inf:
            raise BriefError(f"a fade of {self.fade!r} seconds", hint="0 or more works")
        if self.loop and self.fade:
            raise BriefError("a loop that fades out", hint="leave one of the two out")

    def suits(self, ending: str) -> None:
        """Checks that a format, by its ending, can be written so.

        Raises
        ------
        BriefError
            Where it has no such depth, or cannot loop.

        Examples
        --------
        >>> Sound(loop=True).suits(".mp3")
        Traceback (most recent call last):
        symbolic_music.errors.BriefError: a loop as .mp3, which adds silence at both ends: use .wav, .flac or .ogg
        """
        subtype(ending, self.depth)
        if ending.lower() == ".mp3" and self.rate not in MP3_RATES:
            raise BriefError(f"MP3 at {self.rate} Hz", hint=f"{', '.join(map(str, MP3_RATES))} work")
        if self.loop and ending.lower() == ".mp3":
            raise BriefError("a loop as .mp3, which adds silence at both ends", hint="use .wav, .flac or .ogg")

    @property
    def tags(self) -> dict[str, str]:
        """What the file says of itself."""
        known = {"title": self.title, "copyright": self.copyright, "software": "symbolic_music"}
        return {name: text for name, text in known.items() if text}

    @property
    def lufs(self) -> float | None:
        """The loudness to reach, None for the synthesizer's."""
        return target(self.loudness)

    @property
    def character(self) -> Finish:
        """The finish."""
        return finish_of(self.finish)

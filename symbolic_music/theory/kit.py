"""The drum kit: names of its pieces, General MIDI pitches; and the kits there are, by name."""

from __future__ import annotations

from symbolic_music.errors import BriefError, nearest

#: Pitches of the General MIDI percussion map (GM 1, 1991), by the names drummers use.
KIT = {
    "kick": 36, "side stick": 37, "snare": 38, "clap": 39, "electric snare": 40, "floor tom": 43, "hat": 42,
    "pedal hat": 44, "low tom": 45, "open hat": 46, "mid tom": 47, "high tom": 50, "crash": 49, "ride": 51,
    "china": 52, "ride bell": 53, "tambourine": 54, "splash": 55, "cowbell": 56, "second crash": 57,
    "high bongo": 60, "low bongo": 61, "mute conga": 62, "high conga": 63, "low conga": 64, "high timbale": 65,
    "low timbale": 66, "high agogo": 67, "low agogo": 68, "cabasa": 69, "maracas": 70, "guiro": 73, "claves": 75,
    "high wood block": 76, "low wood block": 77, "mute cuica": 78, "open cuica": 79, "mute triangle": 80,
    "triangle": 81,
}  # fmt: skip
#: Programs of channel 10 in Roland GS and General MIDI 2. All but "orchestra", where timpani take the place of the
#: toms and most cymbals, and "sfx", which has no drums, have the pieces of `KIT` at the same pitches.
KITS = {
    "standard": 0, "room": 8, "power": 16, "electronic": 24, "tr-808": 25, "jazz": 32, "brush": 40, "orchestra": 48,
    "sfx": 56,
}  # fmt: skip
_ALIASES = {"808": "tr-808", "tr808": "tr-808", "analog": "tr-808", "brushes": "brush", "rock": "power"}


def kit(name: str) -> str:
    """The name of a drum kit as `KITS` has it.

    Raises
    ------
    BriefError
        If there is none; it names the nearest.

    Examples
    --------
    >>> kit("808"), kit("Brushes"), kit("Jazz kit")
    ('tr-808', 'brush', 'jazz')
    >>> kit("jaz")
    Traceback (most recent call last):
    ...
    symbolic_music.errors.BriefError: unknown drum kit 'jaz': did you mean jazz?
    """
    wanted = " ".join(str(name).lower().split()).removesuffix(" kit")
    found = _ALIASES.get(wanted, wanted)
    if found not in KITS:
        raise BriefError(f"unknown drum kit {name!r}", hint=nearest(wanted, [*KITS, *_ALIASES]))
    return found

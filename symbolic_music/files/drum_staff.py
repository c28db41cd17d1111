"""The percussion staff: where each drum stands, its note head, and how its strokes are written."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

#: Pitches that feet play: they stand in the second voice, with stems down.
FEET = frozenset({35, 36, 44})
#: The drum kit, which drummers read without a key.
USUAL = frozenset({*range(35, 54), 55, 57, 59} - {39})
#: Where the General MIDI drums stand on the staff (as in the treble clef), their note heads and names. No two look the
#: same: skins have plain heads, cymbals crosses, as drummers write them; hand drums and the small ones stand beside.
_DRUMS = {
    35: ("E4", "normal", "acoustic bass drum"), 36: ("F4", "normal", "bass drum"), 37: ("C5", "x", "side stick"),
    38: ("C5", "normal", "acoustic snare"), 39: ("C5", "cross", "hand clap"), 40: ("C5", "slashed", "electric snare"),
    41: ("G4", "normal", "low floor tom"), 42: ("G5", "x", "closed hi-hat"), 43: ("A4", "normal", "high floor tom"),
    44: ("D4", "x", "pedal hi-hat"), 45: ("B4", "normal", "low tom"), 46: ("G5", "circle-x", "open hi-hat"),
    47: ("D5", "normal", "low-mid tom"), 48: ("E5", "normal", "high-mid tom"), 49: ("A5", "x", "crash cymbal 1"),
    50: ("F5", "normal", "high tom"), 51: ("F5", "x", "ride cymbal 1"), 52: ("C6", "x", "china cymbal"),
    53: ("F5", "diamond", "ride bell"), 54: ("B4", "triangle", "tambourine"), 55: ("A5", "diamond", "splash cymbal"),
    56: ("E5", "triangle", "cowbell"), 57: ("B5", "x", "crash cymbal 2"), 58: ("D5", "triangle", "vibraslap"),
    59: ("E5", "x", "ride cymbal 2"), 60: ("E5", "cross", "high bongo"), 61: ("D5", "cross", "low bongo"),
    62: ("E5", "slashed", "muted high conga"), 63: ("D5", "slashed", "open high conga"),
    64: ("B4", "slashed", "low conga"), 65: ("D5", "x", "high timbale"), 66: ("A4", "x", "low timbale"),
    67: ("E5", "diamond", "high agogo"), 68: ("C5", "diamond", "low agogo"), 69: ("B4", "x", "cabasa"),
    70: ("B4", "inverted triangle", "maracas"), 71: ("B5", "diamond", "short whistle"),
    72: ("B5", "triangle", "long whistle"), 73: ("A4", "inverted triangle", "short guiro"),
    74: ("A4", "diamond", "long guiro"), 75: ("D5", "diamond", "claves"),
    76: ("E5", "inverted triangle", "high wood block"), 77: ("C5", "inverted triangle", "low wood block"),
    78: ("D5", "circle-x", "muted cuica"), 79: ("D5", "inverted triangle", "open cuica"),
    80: ("A5", "inverted triangle", "muted triangle"), 81: ("A5", "triangle", "open triangle"),
}  # fmt: skip


def place(drum: int) -> tuple[str, int, str]:
    """The step and octave at which a drum stands, and its note head; from E4 up where there is no usual place.

    >>> place(38), place(30)
    (('C', 5, 'normal'), ('A', 4, 'back slashed'))
    """
    if drum in _DRUMS:
        where, head, _ = _DRUMS[drum]
        return where[0], int(where[1]), head
    octave, step = divmod(2 + (drum - 27 if drum < 35 else drum - 74) % 15, 7)
    return "CDEFGAB"[step], 4 + octave, "back slashed"


def drum_name(drum: int) -> str:
    """The name of a General MIDI drum.

    >>> drum_name(38), drum_name(30)
    ('acoustic snare', 'drum 30')
    """
    return _DRUMS[drum][2] if drum in _DRUMS else f"drum {drum}"


def strokes(hits: Sequence[tuple[int, int]], beats: Sequence[int]) -> list[tuple[int, int, int]]:
    """(tick, drum) as (start, end, drum): each lasts to the next stroke or beat, whichever comes first.

    Parameters
    ----------
    hits : sequence of (int, int)
    beats : sequence of int
        The ticks of all beats, and of the end.

    Examples
    --------
    >>> strokes([(0, 42), (12, 42), (12, 38), (30, 42)], (0, 24, 48))
    [(0, 12, 42), (12, 24, 38), (12, 24, 42), (30, 48, 42)]
    """
    stops = sorted({*beats, *(tick for tick, _ in hits)})
    end = dict(pairwise(stops))
    return [(tick, end[tick], drum) for tick, drum in sorted(hits)]

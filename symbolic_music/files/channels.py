"""Where a part sits: its place in the listing, its port and channel, its pan and its effects."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from symbolic_music.errors import BriefError
from symbolic_music.score import Part
from symbolic_music.theory.instruments import MELODIC_CHANNELS, PORTS

DRUM_CHANNEL = 9
#: General MIDI's own level, for every part: the balance lies in the velocities.
VOLUME = 100
CENTRE = 64
_CHANNELS = tuple(c for c in range(16) if c != DRUM_CHANNEL)


class Family(NamedTuple):
    """A run of General MIDI programs up to `last`, its place in the listing from the top, and how it is mixed."""

    last: int
    rank: int
    pan: int  # 0 left to 127 right
    reverb: int  # controller 91: 40 is General MIDI's default
    chorus: int  # controller 93: 0 is General MIDI's default


#: Pan as an orchestra or a band sits; what carries the bottom is in the middle. Reverb: little where it would blur the
#: bass and the beat, more for what sustains and sits at the back. Chorus: where players use the effect, or many sound.
FAMILIES = (
    Family(3, 4, 56, 36, 0),  # pianos
    Family(5, 4, 56, 32, 24),  # electric pianos
    Family(7, 4, 56, 36, 0),  # harpsichord, clavinet
    Family(15, 3, 76, 48, 0),  # bells, mallets
    Family(23, 4, 52, 40, 0),  # organs, accordions
    Family(25, 5, 80, 32, 0),  # acoustic guitars
    Family(31, 5, 80, 32, 16),  # electric guitars
    Family(39, 9, CENTRE, 12, 0),  # basses
    Family(40, 8, 44, 48, 0),  # violin
    Family(41, 8, 76, 48, 0),  # viola
    Family(42, 8, 84, 44, 0),  # cello
    Family(43, 9, CENTRE, 32, 0),  # contrabass
    Family(45, 8, 52, 52, 0),  # strings, tremolo and plucked
    Family(46, 4, 44, 48, 0),  # harp
    Family(47, 3, 76, 52, 0),  # timpani
    Family(51, 8, 52, 56, 8),  # string ensembles
    Family(54, 7, CENTRE, 56, 8),  # voices
    Family(55, 2, CENTRE, 40, 0),  # orchestra hit
    Family(63, 2, 80, 52, 0),  # brass
    Family(71, 1, 76, 44, 0),  # reeds
    Family(79, 0, 52, 48, 0),  # flutes
    Family(87, 6, 52, 36, 16),  # synthesizer leads
    Family(103, 6, 52, 56, 24),  # synthesizer pads and effects
    Family(108, 5, 80, 36, 0),  # sitar to kalimba
    Family(109, 1, 76, 40, 0),  # bag pipe
    Family(110, 8, 44, 44, 0),  # fiddle
    Family(111, 1, 76, 44, 0),  # shanai
    Family(127, 10, 76, 40, 0),  # percussion and effects
)
DRUMS = Family(-1, 11, CENTRE, 24, 0)


def family(part: Part) -> Family:
    """The family of a part.

    >>> family(Part(40)).pan, family(Part(-1)).reverb
    (44, 24)
    """
    return DRUMS if part.is_drums else next(f for f in FAMILIES if part.program <= f.last)


def listing(parts: tuple[Part, ...]) -> list[int]:
    """Indices of parts from the top of a score to the bottom: winds, brass, keys, voices, strings, bass, drums.

    >>> listing((Part(-1), Part(32), Part(40), Part(73)))
    [3, 2, 1, 0]
    """
    return sorted(range(len(parts)), key=lambda i: (family(parts[i]).rank, parts[i].program, parts[i].chair, i))


def channels(parts: tuple[Part, ...]) -> dict[int, tuple[int, int]]:
    """The port (from 0) and channel (0 to 15) of each part by its index.

    The drums are on channel 9 of port 0. The first 15 other parts have a channel each on port 0, in the order of
    `listing`; where there are more, first chairs come before second chairs. The next 15 are on port 1, and so on. There
    a part takes the channel number that a part of its program has on port 0, or else of the nearest program of its
    family, or the nearest at all: a player that knows no ports then plays most of them with the right sound. Two parts
    that stand side by side do not share a number unless none else is left: MuseScore takes them for two hands.

    Raises
    ------
    BriefError
        If there are more than 60 melodic parts.

    Examples
    --------
    >>> channels((Part(-1), Part(40), Part(73)))
    {0: (0, 9), 1: (0, 1), 2: (0, 0)}
    >>> parts = (*(Part(p) for p in range(40, 54)), Part(40, 2), Part(40, 3))
    >>> found = channels(parts)
    >>> found[0][0], found[15][0], found[15][1] == found[0][1]
    (0, 1, True)
    """
    order = [i for i in listing(parts) if not parts[i].is_drums]
    if len(order) > PORTS * MELODIC_CHANNELS:
        hint = f"up to {PORTS * MELODIC_CHANNELS} work, on {PORTS} ports, beside the drums"
        raise BriefError(f"{len(order)} melodic parts in one MIDI file", hint=hint)
    first = sorted(order, key=lambda i: parts[i].chair)[:MELODIC_CHANNELS]
    rest = [i for i in sorted(order, key=lambda i: parts[i].chair) if i not in first]
    found = {i: (0, DRUM_CHANNEL) for i, part in enumerate(parts) if part.is_drums}
    seats = dict(zip(_CHANNELS, (i for i in order if i in first), strict=False))
    found |= {i: (0, channel) for channel, i in seats.items()}
    for port in range(1, PORTS):
        here = rest[(port - 1) * MELODIC_CHANNELS : port * MELODIC_CHANNELS]

        def distance(pair: tuple[int, int]) -> tuple[bool, int]:
            own, other = parts[pair[0]].program, parts[seats[pair[1]]].program
            return own // 8 != other // 8, abs(own - other)

        free, pairs = set(_CHANNELS), sorted(((i, c) for i in here for c in _CHANNELS), key=distance)
        for apart, (i, channel) in product((True, False), pairs):
            place = order.index(i)
            beside = {found[j][1] for j in order[max(0, place - 1) : place + 2] if j in found}
            if i not in found and channel in free and not (apart and channel in beside):
                found[i] = (port, channel)
                free.remove(channel)
    return dict(sorted(found.items()))

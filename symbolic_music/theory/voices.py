"""Singing voices: what each sings in comfort."""

from __future__ import annotations

from symbolic_music.errors import BriefError, nearest

#: The lowest and the highest note of each voice as MIDI numbers: the usual ranges of choir parts, as books on choral
#: writing give them within a tone or so (C4 to A5 for a soprano). Soloists reach further.
TESSITURAS = {
    "soprano": (60, 81),
    "mezzo": (57, 77),
    "alto": (53, 74),
    "tenor": (48, 69),
    "baritone": (45, 65),
    "bass": (40, 62),
}
_ALIASES = {"mezzo-soprano": "mezzo", "mezzo soprano": "mezzo", "contralto": "alto"}


def voice(name: str) -> str:
    """The name of a voice as `TESSITURAS` has it.

    Raises
    ------
    BriefError
        If there is no such voice.

    Examples
    --------
    >>> voice("Mezzo-soprano"), TESSITURAS[voice("tenors")]
    ('mezzo', (48, 69))
    """
    wanted = str(name).strip().lower()
    for candidate in (wanted, wanted.removesuffix("s"), wanted.removesuffix("es")):
        found = _ALIASES.get(candidate, candidate)
        if found in TESSITURAS:
            return found
    raise BriefError(f"no voice {name!r}", hint=nearest(wanted, TESSITURAS))

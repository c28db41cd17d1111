"""Instruments by name: General MIDI programs, their ranges and common names.

The table is `instruments.toml`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from symbolic_music.errors import BriefError, nearest

#: The program of the drum kit, as in MidiTok; General MIDI plays it on channel 10.
DRUMS = -1
#: Melodic parts a MIDI port has channels for, beside the drums on channel 10.
MELODIC_CHANNELS = 15
#: Ports of 16 channels that a file may use.
PORTS = 4
#: Parts of one program that the token language keeps apart.
CHAIRS = 4


@dataclass(frozen=True)
class Instrument:
    """A General MIDI program.

    Attributes
    ----------
    name : str
    program : int
        0 to 127, or -1 for the drum kit.
    low, high : int
        The lowest and the highest pitch it plays, as MIDI numbers.
    voices : int
        Notes it starts at once at most.
    """

    name: str
    program: int
    low: int
    high: int
    voices: int

    def __str__(self) -> str:
        return self.name


@cache
def table() -> dict[str, Instrument]:
    """All instruments by name and by alias."""
    rows = tomllib.loads((Path(__file__).parent / "instruments.toml").read_text("utf-8"))
    found = {}
    for name, row in rows.items():
        low, high = row["range"]
        found[name] = Instrument(name, row["program"], low, high, row["voices"])
    for name, row in rows.items():
        for alias in row.get("aliases", ()):
            found.setdefault(alias, found[name])
    return found


@cache
def _by_program() -> dict[int, Instrument]:
    return {i.program: i for i in table().values()}


def of_program(program: int) -> Instrument:
    """The instrument of a General MIDI program, -1 for drums.

    >>> of_program(40).name
    'violin'
    """
    return _by_program()[program]


def instrument(name: str | Instrument) -> Instrument:
    """An instrument from its name, singular or plural.

    >>> instrument("Violins").program, instrument("double bass").program, instrument("drums").program
    (40, 32, -1)
    """
    if isinstance(name, Instrument):
        return name
    wanted = re.sub(r"[\s_]+", " ", str(name)).strip().lower()
    for candidate in (wanted, wanted.removesuffix("s"), wanted.removesuffix("es"), re.sub(r"s\b", "", wanted)):
        if candidate in table():
            return table()[candidate]
    raise BriefError(f"unknown instrument {name!r}", hint=nearest(wanted, table()))

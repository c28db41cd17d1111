"""Genres by name, with what each usually sounds like (`genres.toml`)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from symbolic_music.errors import BriefError, nearest
from symbolic_music.theory.meters import Meter, meter


@dataclass(frozen=True)
class Genre:
    """A genre and its defaults.

    Attributes
    ----------
    name : str
    tempo : tuple of float
        Slowest, usual and fastest quarter notes a minute.
    meter : Meter
    instruments : tuple of str
    like : str
        The nearest genre that the clean corpus holds; its own name where it does itself.
    """

    name: str
    tempo: tuple[float, float, float]
    meter: Meter
    instruments: tuple[str, ...]
    like: str

    def __str__(self) -> str:
        return self.name


@cache
def table() -> dict[str, Genre]:
    """All genres by name and by alias."""
    rows = tomllib.loads((Path(__file__).parent / "genres.toml").read_text("utf-8"))
    found = {
        name: Genre(name, tuple(row["tempo"]), meter(row["meter"]), tuple(row["instruments"]), row.get("like", name))
        for name, row in rows.items()
    }
    for name, row in rows.items():
        for alias in (*row.get("aliases", ()), name.replace("-", " ")):
            found.setdefault(alias, found[name])
    return found


def names() -> tuple[str, ...]:
    """Every genre once, in the order of the table."""
    return tuple(dict.fromkeys(g.name for g in table().values()))


def genre(name: str | Genre) -> Genre:
    """A genre from its name.

    >>> genre("Bossa Nova").tempo
    (112, 132, 150)
    """
    if isinstance(name, Genre):
        return name
    wanted = " ".join(str(name).lower().split())
    if wanted not in table():
        raise BriefError(f"unknown genre {name!r}", hint=nearest(wanted, table()))
    return table()[wanted]

"""Genres by name, with what each usually sounds like: the heads of the style sheets in `styles/`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from symbolic_music.errors import BriefError, StyleError, SymbolicMusicError, nearest
from symbolic_music.theory.instruments import instrument
from symbolic_music.theory.keys import scales
from symbolic_music.theory.meters import TICKS, Meter, meter
from symbolic_music.theory.pitch import pitch_class

#: The folder of the style sheets that ship.
STYLES = Path(__file__).parent / "styles"
#: How a beat is parted.
FEELS = ("straight", "swing eighths", "swing sixteenths")
_NEEDED = ("about", "meter", "tempo", "keys", "modes", "instruments")
_KEYS = {*_NEEDED, "aliases", "like", "feel", "swing", "groove"}


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
        The usual band.
    like : str
        The nearest genre that the clean corpus holds; its own name where it does itself.
    about : str
        What makes the style, in a sentence.
    feel : str
        One of `FEELS`.
    swing : float
        The share of a pair of eighths (or sixteenths) that the first takes: 0.5 is straight.
    keys : tuple of str
        Usual tonics, the most usual first.
    modes : mapping of str to float
        Names of scales with weights.
    groove : str
        The drum feel, "machine" for exact timing, "" for a neutral one.
    aliases : tuple of str
    """

    name: str
    tempo: tuple[float, float, float]
    meter: Meter
    instruments: tuple[str, ...]
    like: str
    about: str = ""
    feel: str = "straight"
    swing: float = 0.5
    keys: tuple[str, ...] = ("C",)
    modes: Mapping[str, float] = field(default_factory=lambda: {"major": 1.0}, hash=False)
    groove: str = ""
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    def bent(self, tick: float) -> float:
        """Where this genre plays a tick of the straight grid: the middle of a pair comes at the swing's share of it.

        >>> swing = Genre("swing", (1, 1, 1), Meter(), (), "swing", feel="swing eighths", swing=2 / 3)
        >>> [round(swing.bent(t), 1) for t in (0, 6, 12, 18, 24)]
        [0.0, 8.0, 16.0, 20.0, 24.0]
        """
        pair = TICKS if self.feel == "swing eighths" else TICKS / 2
        whole, part = divmod(tick / pair, 1)
        part = part * 2 * self.swing if part < 0.5 else 1 - (1 - part) * 2 * (1 - self.swing)
        return (whole + part) * pair


def head(path: Path) -> Genre:
    """The head of a style sheet: its keys before the first table.

    Raises
    ------
    StyleError
        If a key is missing, unknown or means nothing; it names the file and the key.

    Examples
    --------
    >>> head(STYLES / "rock.toml").tempo
    (100, 124, 150)
    """
    text = path.read_text("utf-8")
    table = re.search(r"^\[", text, re.MULTILINE)
    try:
        row = tomllib.loads(text[: table.start()] if table else text)
    except tomllib.TOMLDecodeError as error:
        raise StyleError(f"{path.name}: {error}", hint="a style sheet is a TOML file, see docs/styles.md") from None
    return _genre_of(row, path)


def _genre_of(row: dict[str, Any], path: Path) -> Genre:
    def wrong(key: str, what: object, hint: str) -> StyleError:
        return StyleError(f"{path.name}: {key}: {what}", hint=hint)

    for key in row:
        if key not in _KEYS:
            raise wrong(key, "unknown key", nearest(key, sorted(_KEYS)))
    for key in _NEEDED:
        if key not in row:
            raise wrong(key, "missing", f"the head of a style sheet has {', '.join(_NEEDED)}")
    key = "meter"
    try:
        bar = meter(row["meter"])
        for name in row[key := "instruments"]:
            instrument(name)
        for name in row[key := "keys"]:
            pitch_class(name)
    except SymbolicMusicError as error:
        raise wrong(key, error.what, error.hint) from None
    for name in row["modes"]:
        if name not in scales():
            raise wrong("modes", f"unknown scale {name!r}", nearest(name, scales()))
    tempo = row["tempo"]
    if len(tempo) != 3 or not 20 <= tempo[0] <= tempo[1] <= tempo[2] <= 320:
        raise wrong("tempo", tempo, "[slowest, usual, fastest], 20 to 320")
    feel, swing = row.get("feel", "straight"), row.get("swing", 0.5)
    if feel not in FEELS:
        raise wrong("feel", repr(feel), f"one of {', '.join(FEELS)}")
    if not 0.5 <= swing <= 0.75 or (swing == 0.5) != (feel == "straight"):
        raise wrong("swing", f"{swing} with feel {feel!r}", "0.5 goes with straight, up to 0.75 with a swing")
    if not row["keys"] or not row["modes"] or not row["instruments"]:
        raise wrong("keys, modes or instruments", "empty", "name at least one of each")
    return Genre(
        name=path.stem, tempo=tuple(tempo), meter=bar, instruments=tuple(row["instruments"]),
        like=row.get("like", path.stem), about=row["about"], feel=feel, swing=swing, keys=tuple(row["keys"]),
        modes=dict(row["modes"]), groove=row.get("groove", ""), aliases=tuple(row.get("aliases", ())),
    )  # fmt: skip


@cache
def table() -> dict[str, Genre]:
    """All genres by name and by alias."""
    genres = [head(path) for path in sorted(STYLES.glob("*.toml"))]
    found = {genre.name: genre for genre in genres}
    for genre in genres:
        for alias in (*genre.aliases, genre.name.replace("-", " ")):
            found.setdefault(alias, genre)
    return found


def names() -> tuple[str, ...]:
    """Every genre once, in the order of the alphabet."""
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

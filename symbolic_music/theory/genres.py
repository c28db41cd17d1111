"""Genres by name, with what each usually sounds like: the heads of the style sheets in `styles/`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

from symbolic_music.errors import BriefError, StyleError, SymbolicMusicError, nearest
from symbolic_music.theory.instruments import instrument
from symbolic_music.theory.keys import scales
from symbolic_music.theory.kit import kit
from symbolic_music.theory.meters import TICKS, Meter, meter
from symbolic_music.theory.pitch import pitch_class

#: The folder of the style sheets that ship.
STYLES = Path(__file__).parent / "styles"
#: How a beat is parted.
FEELS = ("straight", "swing eighths", "swing sixteenths")
_NEEDED = ("about", "meter", "tempo", "keys", "modes", "instruments")
_KEYS: dict[str, type | tuple[type, ...]] = {
    "about": str, "aliases": list, "like": str, "meter": str, "tempo": list, "feel": str, "swing": (int, float),
    "keys": list, "modes": dict, "instruments": list, "groove": str, "kit": str,
}  # fmt: skip


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
    kit : str
        The drum kit that it is played on, one of `theory.kit.KITS`, "" for the standard one.
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
    kit: str = ""
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    def swung(self, tick: float) -> float:
        """Where this genre plays a tick of the straight grid, see `swung`."""
        return swung(tick, self.feel, self.swing)


def swung(tick: float, feel: str, share: float) -> float:
    """Where a tick of the straight grid is played: the middle of a pair comes at the swing's share of it.

    What does not lie on eighths of the beat, such as a triplet, stays.

    >>> [round(swung(tick, "swing eighths", 2 / 3), 1) for tick in (0, 6, 8, 12, 18, 24)]
    [0.0, 8.0, 8, 16.0, 20.0, 24.0]
    """
    if tick % (TICKS // 8):
        return tick
    pair = TICKS if feel == "swing eighths" else TICKS / 2
    whole, part = divmod(tick / pair, 1)
    part = part * 2 * share if part < 0.5 else 1 - (1 - part) * 2 * (1 - share)
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
    return _genre_of(toml(path, whole=False), path)


def toml(path: Path, *, whole: bool = True) -> dict[str, Any]:
    """A sheet as it is parsed, whole or its head alone.

    Raises
    ------
    StyleError
        If the file cannot be read, or is no TOML.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return tomllib.loads("".join(takewhile(lambda line: whole or not line.startswith("["), file)))
    except OSError as error:
        raise StyleError(f"{path} cannot be read", hint=error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise StyleError(f"{path.name}: not UTF-8", hint="save the sheet as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise StyleError(f"{path.name}: {error}", hint="a style sheet is a TOML file, see docs/styles.md") from None


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _genre_of(row: dict[str, Any], path: Path) -> Genre:
    def wrong(key: str, what: object, hint: str) -> StyleError:
        return StyleError(f"{path.name}: {key}: {what}", hint=hint)

    for key, value in row.items():
        if key not in _KEYS:
            raise wrong(key, "unknown key", nearest(key, sorted(_KEYS)))
        texts = not isinstance(value, list) or key == "tempo" or all(isinstance(v, str) for v in value)
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool) or not texts:
            raise wrong(key, f"{value!r} is of the wrong type", "see docs/styles.md")
    for key in _NEEDED:
        if not row.get(key):
            raise wrong(key, "empty" if key in row else "missing", f"the head has {', '.join(_NEEDED)}")
    key = "meter"
    try:
        bar = meter(row["meter"])
        for name in row[key := "instruments"]:
            instrument(name)
        for name in row[key := "keys"]:
            pitch_class(name)
        key = "kit"
        drums = kit(row["kit"]) if "kit" in row else ""
    except SymbolicMusicError as error:
        raise wrong(key, error.what, error.hint) from None
    for name, weight in row["modes"].items():
        if name not in scales():
            raise wrong("modes", f"unknown scale {name!r}", nearest(name, scales()))
        if not _number(weight) or not 0 < weight <= 100:
            raise wrong("modes", f"{name} = {weight}", "a weight is a number above 0, up to 100")
    tempo = row["tempo"]
    if len(tempo) != 3 or not all(map(_number, tempo)) or not 20 <= tempo[0] <= tempo[1] <= tempo[2] <= 320:
        raise wrong("tempo", tempo, "[slowest, usual, fastest], 20 to 320")
    feel, swing = row.get("feel", "straight"), row.get("swing", 0.5)
    if feel not in FEELS:
        raise wrong("feel", repr(feel), f"one of {', '.join(FEELS)}")
    if not 0.5 <= swing <= 0.75 or (swing == 0.5) != (feel == "straight"):
        raise wrong("swing", f"{swing} with feel {feel!r}", "0.5 goes with straight, up to 0.75 with a swing")
    return Genre(
        name=path.stem, tempo=tuple(tempo), meter=bar, instruments=tuple(row["instruments"]),
        like=row.get("like", path.stem), about=row["about"], feel=feel, swing=swing, keys=tuple(row["keys"]),
        modes=dict(row["modes"]), groove=row.get("groove", ""), kit=drums, aliases=tuple(row.get("aliases", ())),
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

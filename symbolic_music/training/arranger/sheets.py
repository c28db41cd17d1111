"""Style sheets: what the arranger plays from. The format is described in docs/styles.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from symbolic_music.errors import BriefError, StyleError, nearest
from symbolic_music.theory.genres import STYLES, Genre, genre, head, toml
from symbolic_music.theory.instruments import Instrument, instrument
from symbolic_music.theory.keys import scales
from symbolic_music.theory.pitch import pitch
from symbolic_music.training.arranger.chords import Degree, bars_of
from symbolic_music.training.arranger.patterns import Pattern, keys_of, pattern
from symbolic_music.training.arranger.place import SECTIONS, Place
from symbolic_music.training.groove import groove

ROLES = ("melody", "counter", "riff", "comping", "pad", "bass", "drums")
STARTS, ENDS = ("all", "pickup", "build", "alone"), ("ring", "stop", "tag", "fade")
MANNERS = ("thirds", "guide", "answer")
#: The tables of patterns: the role that each serves, and how many a section kind needs.
NEEDED = {
    "drums": ("drums", 4), "fills": ("drums", 2), "bass": ("bass", 3), "comping": ("comping", 3),
    "pads": ("pad", 1), "riffs": ("riff", 1), "rhythms": ("melody", 4),
}  # fmt: skip


@dataclass(frozen=True)
class Player:
    """Somebody in the band: a role, instruments to choose from, a range, how often they take part, how loud."""

    name: str
    role: str
    play: tuple[Instrument, ...]
    low: int
    high: int
    share: float
    level: int
    manner: str


@dataclass(frozen=True)
class Progression:
    """Chords in degrees, one for each beat of each bar."""

    mode: str
    sections: frozenset[str]
    weight: float
    bars: tuple[tuple[Degree, ...], ...]


@dataclass(frozen=True)
class Form:
    """A plan: section kinds and their bars."""

    plan: tuple[tuple[str, int], ...]
    weight: float


@dataclass(frozen=True)
class Section:
    """Who plays in a section kind, and how loud."""

    players: tuple[str, ...]
    level: float


@dataclass(frozen=True)
class Melody:
    """How melodies go: their scale ("" for the mode's), and shares of wide steps, rests and chromatic neighbours."""

    scale: str
    leaps: float
    rests: float
    colour: float


@dataclass(frozen=True)
class Sheet:
    """A whole style sheet."""

    genre: Genre
    band: tuple[Player, ...]
    sections: Mapping[str, Section]
    forms: tuple[Form, ...]
    progressions: tuple[Progression, ...]
    patterns: Mapping[str, tuple[Pattern, ...]]
    melody: Melody
    start: tuple[str, ...]
    end: tuple[str, ...]

    def of(self, kind: str, section: str, player: str) -> list[Pattern]:
        """The patterns of one table that a player may play in a section kind."""
        return [
            p
            for p in self.patterns[kind]
            if (not p.sections or section in p.sections) and (not p.player or p.player == player)
        ]


def _player(place: Place) -> Player:
    role = place.word("role", ROLES)
    try:
        play = tuple(instrument(name) for name in place.get("play", list))
    except BriefError as error:
        raise place.wrong("play", error.what, error.hint) from None
    if not play:
        raise place.wrong("play", "empty", "name an instrument")
    low, high = 35, 81
    if role != "drums":
        notes = place.get("range", list)
        try:
            low, high = (pitch(note) for note in notes)
        except ValueError:
            raise place.wrong("range", notes, 'two notes such as ["C4", "A5"]') from None
    for one in play:
        if (one.program < 0) != (role == "drums"):
            raise place.wrong("play", f"{one} in the role {role}", "drums play drums, and nothing else does")
        if min(high, one.high) - max(low, one.low) < 11:
            raise place.wrong("range", f"{one} plays less than an octave of it", "widen it, or change the instrument")
    return Player(
        place.get("name", str, role), role, play, low, high, place.number("share", 10, 0, 10) / 10,
        int(place.number("level", 80, 20, 120)), place.word("manner", MANNERS, "thirds"),
    )  # fmt: skip


def _progression(place: Place, style: Genre) -> Progression:
    mode = place.word("mode", style.modes)
    try:
        bars = bars_of(place.get("chords", str), style.meter)
    except ValueError as error:
        what, _, hint = str(error).partition("; ")
        raise place.wrong("chords", what, hint) from None
    return Progression(mode, frozenset(place.words("sections", SECTIONS, [])), place.weight(), bars)


def _form(place: Place) -> Form:
    plan = []
    for entry in place.get("plan", str).split():
        kind, _, bars = entry.partition(":")
        if kind not in SECTIONS or not bars.isdecimal() or not 1 <= int(bars) <= 64:
            raise place.wrong("plan", f"{entry!r} is no section", f"such as verse:8, out of {' '.join(SECTIONS)}")
        plan.append((kind, int(bars)))
    if not plan:
        raise place.wrong("plan", "empty", "such as intro:4 verse:8")
    return Form(tuple(plan), place.weight())


class _Reader:
    """The tables of one file."""

    def __init__(self, path: Path) -> None:
        self.path, self.style = path, head(path)
        data = toml(path)
        try:
            groove(self.style.groove)
        except BriefError as error:
            raise StyleError(f"{path.name}: groove: {error.what}", hint=error.hint) from None
        known = {"band", "sections", "forms", "progressions", "melody", "shape", *NEEDED}
        self.data = {k: v for k, v in data.items() if k in known}
        for key, value in data.items():
            tables = isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, dict) for v in value))
            if tables and key not in known and key != "modes":
                raise StyleError(f"{path.name}: [{key}]: unknown table", hint=nearest(key, known))
        for key in ("band", "sections", "forms", "progressions"):
            if not self.data.get(key):
                raise StyleError(
                    f"{path.name}: {key}: missing", hint="without it a style can be asked for, but not arranged"
                )

    def rows(self, table: str, known: Iterable[str]) -> Iterator[Place]:
        rows = self.data.get(table, [])
        if not isinstance(rows, list):
            raise StyleError(f"{self.path.name}: [{table}]: one table", hint=f"write [[{table}]]")
        known = list(known)
        for i, row in enumerate(rows, 1):
            yield Place(self.path, f"[[{table}]] {i}", row, known)

    def one(self, table: str, known: str) -> Place:
        return Place(self.path, f"[{table}]", self.data.get(table, {}), known.split())


def read_sheet(path: Path) -> Sheet:
    """A style sheet, checked whole.

    Raises
    ------
    StyleError
        At the first thing that is wrong; it names file, table and key, and what would work.

    Examples
    --------
    >>> sheet = read_sheet(STYLES / "rock.toml")
    >>> len(sheet.of("drums", "chorus", "drums")) >= 4
    True
    """
    read = _Reader(path)
    style = read.style
    keys = ("role", "name", "play", "range", "share", "level", "manner")
    band = tuple(_player(p) for p in read.rows("band", keys))
    names = [player.name for player in band]
    if len(set(names)) < len(names):
        raise StyleError(f"{path.name}: [[band]]: two players of one name", hint="give each a name of its own")
    patterns = {}
    for kind, (role, _) in NEEDED.items():
        mine = tuple(p.name for p in band if p.role == role)
        patterns[kind] = tuple(pattern(kind, p, style, mine) for p in read.rows(kind, keys_of(kind)))
    sections = {}
    if not isinstance(read.data["sections"], dict):
        raise StyleError(f"{path.name}: [[sections]]: a list", hint="write [sections.NAME]")
    for name, row in read.data["sections"].items():
        place = Place(path, f"[sections.{name}]", row, ("players", "level"))
        if name not in SECTIONS:
            raise place.wrong("name", f"unknown section {name!r}", nearest(name, SECTIONS))
        sections[name] = Section(place.words("players", names), place.number("level", 1.0, 0.3, 1.3))
    melody, shape = read.one("melody", "scale leaps rests colour"), read.one("shape", "start end")
    sheet = Sheet(
        genre=style, band=band, sections=sections, patterns=patterns,
        forms=tuple(_form(p) for p in read.rows("forms", ("plan", "weight"))),
        progressions=tuple(
            _progression(p, style) for p in read.rows("progressions", ("mode", "sections", "weight", "chords"))
        ),
        melody=Melody(
            melody.word("scale", ["", *scales()], ""),
            melody.number("leaps", 2, 0, 10) / 10, melody.number("rests", 2, 0, 10) / 10,
            melody.number("colour", 0, 0, 10) / 10,
        ),
        start=shape.words("start", STARTS, ["all"]), end=shape.words("end", ENDS, ["ring"]),
    )  # fmt: skip
    _complete(path, sheet)
    return sheet


def _complete(path: Path, sheet: Sheet) -> None:
    """Refuses a sheet in which something that may be played is missing."""
    kinds = (kind for form in sheet.forms for kind, _ in form.plan)
    for kind in dict.fromkeys([*kinds, *sheet.sections]):  # a lead sheet may use what no form does
        if kind not in sheet.sections:
            raise StyleError(f"{path.name}: [sections.{kind}]: missing", hint="a form has it; say who plays there")
        playing = [p for p in sheet.band if p.name in sheet.sections[kind].players]
        if all(p.role == "counter" for p in playing):
            raise StyleError(f"{path.name}: [sections.{kind}]: players: only second lines", hint="add a tune")
        for mode in sheet.genre.modes:
            if not progressions(sheet, mode, kind):
                raise StyleError(
                    f"{path.name}: [[progressions]]: none for {kind} in {mode}",
                    hint="write one, or one for any section",
                )
        for table, (role, count) in NEEDED.items():
            for player in (p for p in playing if p.role == role):
                found = len(sheet.of(table, kind, player.name))
                if found < count:
                    raise StyleError(
                        f"{path.name}: [[{table}]]: {found} for {player.name} in {kind}", hint=f"write at least {count}"
                    )


def progressions(sheet: Sheet, mode: str, section: str) -> list[Progression]:
    """The progressions for a section kind in a mode."""
    return [p for p in sheet.progressions if p.mode == mode and (not p.sections or section in p.sections)]


@cache
def sheet(name: str) -> Sheet:
    """The style sheet of a genre.

    Raises
    ------
    BriefError
        If there is no such genre.
    StyleError
        If its sheet is a head alone.
    """
    return read_sheet(STYLES / f"{genre(name).name}.toml")


@cache
def arrangeable() -> tuple[str, ...]:
    """The genres whose sheets can be arranged, by name."""
    return tuple(p.stem for p in sorted(STYLES.glob("*.toml")) if "\n[[band]]" in p.read_text("utf-8"))

"""The brief: everything that is asked of a piece, validated, as one value."""

from __future__ import annotations

import ast
import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from symbolic_music.errors import BriefError
from symbolic_music.score import Part
from symbolic_music.theory.genres import Genre, genre
from symbolic_music.theory.instruments import CHAIRS, DRUMS, MELODIC_CHANNELS, PORTS, Instrument, instrument, of_program
from symbolic_music.theory.keys import Key, Scale, key, scale
from symbolic_music.theory.meters import Meter, meter
from symbolic_music.theory.moods import Mood, mood
from symbolic_music.theory.pitch import pitch_classes, spell

TEMPO_RANGE = (20.0, 320.0)
MAX_BARS = 512
_T = TypeVar("_T")


def parts_of(instruments: str | Instrument | Iterable[str | Instrument]) -> tuple[Part, ...]:
    """Instruments as parts; a repeated one takes the next chair.

    >>> parts_of(["violin", "violin", "cello"]) == parts_of("violin, violin and cello")
    True
    >>> parts_of("violin, violin")
    (Part(program=40, chair=1), Part(program=40, chair=2))
    """
    seen: Counter[int] = Counter()
    parts = []
    for name in (instruments,) if isinstance(instruments, Instrument) else _listed(instruments):
        program = instrument(name).program
        if program == DRUMS and seen[program]:
            continue
        seen[program] += 1
        if seen[program] > CHAIRS:
            raise BriefError(
                f"{seen[program]} parts of {of_program(program)}", hint=f"at most {CHAIRS} of one instrument"
            )
        parts.append(Part(program, seen[program]))
    return checked(parts)


def checked(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Parts in order, if a file can hold them: at least one, each once, at most 15 beside the drums.

    Raises
    ------
    BriefError
        If it cannot.
    """
    found = sorted(set(wanted := list(parts)))
    if not found:
        raise BriefError("no instruments", hint="name at least one, such as piano")
    for part in found:
        if not (DRUMS <= part.program <= 127 and 1 <= part.chair <= CHAIRS):
            raise BriefError(f"{part!r} is no part", hint=f"programs are -1 (drums) to 127, chairs 1 to {CHAIRS}")
    if len(found) < len(wanted):
        raise BriefError("a part is named twice", hint="give the second player of an instrument the chair 2")
    melodic = sum(not p.is_drums for p in found)
    if melodic > PORTS * MELODIC_CHANNELS:
        hint = f"MIDI has channels for {PORTS * MELODIC_CHANNELS} beside the drums, on {PORTS} ports"
        raise BriefError(f"{melodic} melodic instruments", hint=hint)
    return tuple(found)


def _listed(words: str | Iterable[_T]) -> list[_T] | list[str]:
    """ "piano, bass and drums" as a list; a list stays one."""
    if isinstance(words, str):
        return [w.strip() for w in re.split(r",|;|\band\b|&", words) if w.strip()]
    return list(words)


def _rules(rules: Any) -> tuple[str, ...]:
    """Rules as the texts that they are written as, each a call such as "Monophonic()", or several joined by |."""
    texts = [str(r).strip() if isinstance(r, str) else repr(r) for r in _several(rules)]
    for text in texts:
        try:
            good = _is_rule(ast.parse(text, mode="eval").body)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            good = False
        if not good:
            raise BriefError(f"{text[:60]!r} is not a rule", hint="such as \"Leaps('fifth', tracks='melody')\"")
    return tuple(texts)


def _several(rules: Any) -> Iterable[Any]:
    if rules is None:
        return ()
    return (rules,) if isinstance(rules, str) or not isinstance(rules, Iterable) else rules


def _is_rule(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _is_rule(node.left) and _is_rule(node.right)
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def _number(name: str, value: object) -> float | None:
    """A finite number, whatever type it comes in."""
    try:
        number = None if value is None or isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = None
    if number is None or not math.isfinite(number):
        if value is None:
            return None
        raise BriefError(f"{name} {value!r} is not a number", hint=f"such as {name}=90")
    return number


@dataclass(frozen=True)
class Brief:
    """What is asked of a piece. A field left out is not asked; `filled` then takes the genre's usual.

    Parameters
    ----------
    genre : str, optional
        A style that has a sheet, or an alias of one.
    moods : iterable of str
        Words out of `moods.toml`.
    tempo : float, optional
        Quarter notes a minute, 20 to 320, kept exactly.
    key : str or Key, optional
        "D minor": no note outside the key.
    scale : str or Scale, optional
        "E blues": no note outside the scale.
    only : str or iterable of note names, optional
        "A B C# F# G": no other pitch class in any part but the drums.
    instruments : iterable of str
        All of these play, and no other; a repeated name is a second player. "piano, bass and drums" works too.
    parts : iterable of Part
        The same by program and chair, in place of `instruments`.
    bars : int, optional
        Exactly so many, 1 to 512.
    seconds : float, optional
        The length instead of `bars`; the nearest whole number of bars is written.
    meter : str or Meter, optional
        "6/8".
    rules : iterable of str
        Limits beyond these, each as the text of a rule: "Leaps('fifth', tracks='melody')". A rule works too and is
        kept as its text.
    loop : bool
        The piece goes round, as in a game: it is written without an ending.
    text : str
        The words this brief was read from.

    Raises
    ------
    BriefError
        If a value means nothing, or two cannot both hold.

    Examples
    --------
    >>> Brief(genre="folk", only="A, B, C#, F# and G", bars=8).only == frozenset({9, 11, 1, 6, 7})
    True
    >>> Brief(key="D minor", only="C E G")
    Traceback (most recent call last):
    ...
    symbolic_music.errors.BriefError: key D minor and only C E G clash in every bar: the tonic D is not among those ...
    """

    genre: Genre | None = None
    moods: tuple[str, ...] = ()
    tempo: float | None = None
    key: Key | None = None
    scale: Scale | None = None
    only: frozenset[int] | None = None
    parts: tuple[Part, ...] = ()
    bars: int | None = None
    seconds: float | None = None
    meter: Meter | None = None
    rules: tuple[str, ...] = ()
    loop: bool = False
    text: str = ""

    def __init__(
        self,
        *,
        genre: str | Genre | None = None,
        moods: str | Iterable[str] = (),
        tempo: float | None = None,
        key: str | Key | None = None,
        scale: str | Scale | None = None,
        only: str | Iterable[str | int] | None = None,
        instruments: str | Iterable[str | Instrument] | None = None,
        parts: Iterable[Part] = (),
        bars: int | None = None,
        seconds: float | None = None,
        meter: str | Meter | None = None,
        rules: str | Iterable[object] | object = (),
        loop: bool = False,
        text: str = "",
    ) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("genre", None if genre is None else _genre(genre))
        put("moods", tuple(_listed(moods)))
        put("tempo", _number("tempo", tempo))
        put("key", None if key is None else _key(key))
        put("scale", None if scale is None else _scale(scale))
        put("only", None if only is None else pitch_classes(only))
        parts = tuple(parts)
        if parts and instruments is not None:
            raise BriefError("both instruments and parts", hint="give one of the two")
        put("parts", checked(parts) if parts else () if instruments is None else parts_of(instruments))
        count = _number("bars", bars)
        put("bars", int(count) if count is not None and count == int(count) else count)
        put("seconds", _number("seconds", seconds))
        put("meter", None if meter is None else _meter(meter))
        put("rules", _rules(rules))
        put("loop", bool(loop))
        put("text", text)
        self._validate()

    def _validate(self) -> None:
        mood(self.moods)
        low, high = TEMPO_RANGE
        if self.tempo is not None and not low <= self.tempo <= high:
            raise BriefError(f"tempo {self.tempo:g}", hint=f"{low:g} to {high:g} quarter notes a minute")
        if self.bars is not None and not (isinstance(self.bars, int) and 1 <= self.bars <= MAX_BARS):
            raise BriefError(f"{self.bars:g} bars", hint=f"1 to {MAX_BARS}")
        if self.seconds is not None and not 1 <= self.seconds <= 3600:
            raise BriefError(f"{self.seconds:g} seconds", hint="1 second to 1 hour")
        if self.bars is not None and self.seconds is not None:
            raise BriefError(f"both {self.bars} bars and {self.seconds:g} seconds", hint="ask for one of the two")
        named = self.limits()
        for i, (first, one) in enumerate(named):
            for second, other in named[i + 1 :]:
                if not one & other:
                    raise BriefError(
                        f"{first} and {second} clash in every bar: they share no note", hint="leave one out"
                    )
        allowed = self.pitch_classes
        for tonic in (self.key, self.scale.key if self.scale else None):
            for name, notes in named:
                if tonic is not None and tonic.root not in notes:
                    wish = f"key {self.key}" if tonic is self.key else f"scale {self.scale}"
                    raise BriefError(
                        f"{wish} and {name} clash in every bar",
                        hint=f"the tonic {tonic.tonic} is not among those notes",
                    )
        if not allowed:
            raise BriefError(" and ".join(n for n, _ in named) + " clash in every bar: no note is left")

    def limits(self) -> list[tuple[str, frozenset[int]]]:
        """The wishes that limit pitch classes, each by name."""
        found = []
        if self.only is not None:
            found.append((f"only {spell(self.only)}", self.only))
        if self.scale is not None:
            found.append((f"scale {self.scale}", self.scale.pitch_classes))
        if self.key is not None:
            found.append((f"key {self.key}", self.key.pitch_classes))
        return found

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The pitch classes that all wishes together leave."""
        return frozenset(range(12)).intersection(*(notes for _, notes in self.limits()))

    @property
    def mood(self) -> Mood | None:
        """The mood words as one point."""
        return mood(self.moods)

    @property
    def home(self) -> Key | None:
        """The key asked, or that of the scale asked."""
        return self.key or (self.scale.key if self.scale else None)

    def replace(self, **changes: Any) -> Brief:
        """This brief with some fields changed.

        >>> Brief(bars=8).replace(bars=16).bars
        16
        """
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        if "instruments" in changes:
            del values["parts"]
        return Brief(**{**values, **changes})

    def filled(self) -> Brief:
        """This brief with what was not asked taken from the genre's usual: tempo, meter, instruments, bars.

        >>> filled = Brief(genre="waltz", seconds=30).filled()
        >>> str(filled.meter), filled.tempo, filled.bars
        ('3/4', 160.0, 27)
        """
        usual = self.genre or genre("pop")
        tempo = self.tempo
        if tempo is None:
            tempo = self.mood.tempo(*usual.tempo) if self.mood else usual.tempo[1]
        meter = self.meter or usual.meter
        bars = self.bars
        if bars is None and self.seconds is not None:
            bars = max(1, round(self.seconds * tempo / 60 / meter.quarters))
            if bars > MAX_BARS:
                raise BriefError(f"{self.seconds:g} seconds are {bars} bars", hint=f"at most {MAX_BARS}")
        parts = self.parts or parts_of(usual.instruments)
        return self.replace(tempo=tempo, meter=meter, bars=bars or 16, seconds=None, parts=parts)

    def to_json(self) -> str:
        """The brief as JSON; `from_json` is the way back.

        >>> Brief.from_json(Brief(genre="jazz", bars=8).to_json()) == Brief(genre="jazz", bars=8)
        True
        """
        values: dict[str, Any] = {
            "genre": self.genre and self.genre.name,
            "moods": list(self.moods),
            "tempo": self.tempo,
            "key": self.key and str(self.key),
            "scale": self.scale and str(self.scale),
            "only": None if self.only is None else spell(self.only),
            "parts": [[p.program, p.chair] for p in self.parts],
            "bars": self.bars,
            "seconds": self.seconds,
            "meter": self.meter and str(self.meter),
            "rules": list(self.rules),
            "loop": self.loop or None,
            "text": self.text,
        }
        return json.dumps({k: v for k, v in values.items() if v not in (None, "", [])}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Brief:
        """A brief from its JSON.

        Raises
        ------
        BriefError
            If the text is not the JSON of a brief.
        """
        try:
            values = json.loads(text)
            values["parts"] = [Part(*p) for p in values.get("parts", ())]
            return cls(**values)
        except (ValueError, TypeError, AttributeError) as error:
            if isinstance(error, BriefError):
                raise
            raise BriefError(
                f"not the JSON of a brief ({error})", hint='such as {"genre": "jazz", "bars": 8}'
            ) from error


# the dataclass's fields hide these functions inside the class
_genre, _key, _scale, _meter = genre, key, scale, meter

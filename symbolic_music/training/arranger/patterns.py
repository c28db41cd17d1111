"""Patterns as they are written in a style sheet: rows of steps, one or more bars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from symbolic_music.theory.genres import Genre
from symbolic_music.theory.kit import KIT
from symbolic_music.training.arranger.place import SECTIONS, Place

VOICINGS = ("close", "open", "shell", "rootless", "power", "guitar", "triad", "octave", "quartal")
#: What a step of each table may hold: characters of a grid, or words.
_GRIDS = {"drums": "Xxo.", "fills": "Xxo.", "comping": "Xxo-.123456bc", "pads": "Xxo-.123456bc", "rhythms": "Xxo-."}
_WORD = re.compile(r"(?:[b#]?(?:10|[1-9])[,']?|[aw])[!?]?|[.-]")
_LEVELS = {"X": 2, "x": 1, "o": 0, "!": 2, "?": 0}


@dataclass(frozen=True)
class Step:
    """Something played: when and how long in ticks, what, and how loud (0 soft, 1 usual, 2 accented)."""

    start: float
    duration: float
    word: str
    level: int = 1


@dataclass(frozen=True)
class Pattern:
    """A row of steps over some bars.

    Attributes
    ----------
    sections : frozenset of str
        Where it may be played; empty for everywhere.
    player : str
        Who plays it; "" for all of the role.
    of : str
        What degrees are counted from: "chord" or "key".
    """

    bars: int
    steps: tuple[Step, ...]
    sections: frozenset[str] = frozenset()
    weight: float = 1.0
    player: str = ""
    voicing: str = ""
    of: str = "chord"


def keys_of(kind: str) -> list[str]:
    """The keys that a pattern of a table may have."""
    own = {"drums": list(KIT), "fills": list(KIT), "bass": ["line", "of"], "riffs": ["line", "of"]}
    return ["sections", "weight", "player", *own.get(kind, ["line", "voicing"] if kind != "rhythms" else ["line"])]


def pattern(kind: str, place: Place, style: Genre, players: tuple[str, ...]) -> Pattern:
    """A pattern out of its table.

    Raises
    ------
    StyleError
        If a step means nothing, or the steps of a bar do not part it evenly.
    """
    lines = [key for key in place.row if key in KIT] if kind in ("drums", "fills") else ["line"]
    if not lines:
        raise place.wrong("kick", "missing", f"name at least one piece of the kit, such as {', '.join(list(KIT)[:5])}")
    steps: list[Step] = []
    lengths = set()
    for key in lines:
        bars = place.get(key, str).split("|")
        lengths.add(len(bars))
        words = [_words(kind, key, bar, i, place, style) for i, bar in enumerate(bars)]
        found = list(_steps(words, style))
        steps += [Step(s.start, s.duration, key, s.level) for s in found] if key in KIT else found
    if len(lengths) > 1:
        raise place.wrong(lines[0], f"lines of {' and '.join(map(str, sorted(lengths)))} bars", "make all as long")
    longest = {"fills": 1, "rhythms": 2}.get(kind, 64)
    if max(lengths) > longest:
        raise place.wrong(lines[0], f"{max(lengths)} bars", f"[[{kind}]] have at most {longest}")
    if not steps:
        raise place.wrong(lines[0], "nothing is played", "write at least one step that is not '.'")
    return Pattern(
        bars=lengths.pop(), steps=tuple(sorted(steps, key=lambda s: s.start)),
        sections=frozenset(place.words("sections", SECTIONS, [])), weight=place.weight(),
        player=place.word("player", ("", *players), ""),
        voicing=place.word("voicing", VOICINGS) if kind in ("comping", "pads") else "",
        of=place.word("of", ("chord", "key"), "chord") if kind in ("bass", "riffs") else "chord",
    )  # fmt: skip


def _words(kind: str, key: str, bar: str, number: int, place: Place, style: Genre) -> list[str]:
    """The steps of one bar, checked."""
    grid = _GRIDS.get(kind)
    words = list("".join(bar.split())) if grid else bar.split()
    for word in words:
        if word not in grid if grid else not _WORD.fullmatch(word):
            known = " ".join(grid) if grid else "1 b3 5, 8! a w . -"
            raise place.wrong(key, f"bar {number + 1}: {word!r} is no step", f"steps are {known}")
    positions, beats = style.meter.positions, style.meter.beats
    fits = [n for n in range((beats + 1) // 2, positions + 1) if positions % n == 0]
    if len(words) not in fits:
        raise place.wrong(
            key, f"bar {number + 1} has {len(words)} steps, which do not part a bar of {style.meter}",
            f"{', '.join(map(str, fits))} do",
        )  # fmt: skip
    return words


def _steps(bars: list[list[str]], style: Genre) -> Iterator[Step]:
    """What is played, in ticks of the straight grid."""
    edges: list[float] = []
    words: list[str] = []
    for i, bar in enumerate(bars):
        edges += [(i + k / len(bar)) * style.meter.ticks for k in range(len(bar))]
        words += bar
    edges.append(len(bars) * style.meter.ticks)
    for i, word in enumerate(words):
        if word in ".-":
            continue
        end = i + 1
        while end < len(words) and words[end] == "-":
            end += 1
        mark = word[-1] if word[-1] in _LEVELS else ""
        yield Step(edges[i], edges[end] - edges[i], word.rstrip("!?"), _LEVELS.get(mark, 1))

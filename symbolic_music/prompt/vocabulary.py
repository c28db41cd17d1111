"""Every name the reader knows, of all tables, as one pattern: the longest match wins whatever its kind."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from symbolic_music.prompt.grammar import NEGATION, PASSED
from symbolic_music.theory import genres, instruments, moods

_HERE = Path(__file__).parent
#: Names of instruments that are more often meant otherwise; the effects count with "pad", "synth" or "effect" only.
_NOT_ALONE = {"beat", "beats", "lead", "chorus", "soundtrack", "808"}
_EFFECTS = {"rain", "soundtrack", "crystal", "atmosphere", "brightness", "goblins", "echoes", "sci-fi"}
_NOT_GENRES = {"song", "son", "piano", "drums"}


@dataclass(frozen=True)
class Name:
    """What a name stands for: its kind, and the name in that kind's table."""

    kind: str
    value: str


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text("utf-8"))


@cache
def ensembles() -> dict[str, dict[str, Any]]:
    """The rows of `ensembles.toml` by name.

    >>> ensembles()["piano trio"]["instruments"]
    ['violin', 'cello', 'piano']
    """
    return _load("ensembles.toml")


@cache
def tempo_words() -> dict[str, dict[str, Any]]:
    """The tables of `tempo_words.toml`."""
    return _load("tempo_words.toml")


@cache
def stop_words() -> frozenset[str]:
    """Words that carry no wish."""
    return frozenset((_HERE / "stop_words.txt").read_text("utf-8").split())


def squash(name: str) -> str:
    """A name without spaces and hyphens, as the vocabulary is looked up.

    >>> squash("lo-fi hip hop")
    'lofihiphop'
    """
    return re.sub(r"[\s-]+", "", name)


def _forms(name: str) -> list[str]:
    """A name and its plurals."""
    forms = [name, name + "s"]
    if name.endswith(("s", "x", "ch")):
        forms.append(name + "es")
    if name.endswith("o"):
        forms.append(name[:-1] + "i")
    return forms


def _adverbs(word: str) -> list[str]:
    return [word, word[:-1] + "ily" if word.endswith("y") else word + ("ally" if word.endswith("ic") else "ly")]


def _names() -> list[tuple[str, Name]]:
    """Every spelling with its meaning; of equal spellings the first counts."""
    found: list[tuple[str, Name]] = []
    for name, row in ensembles().items():
        for alias in (name, *row.get("aliases", ())):
            found += [(form, Name("ensemble", name)) for form in _forms(alias)]
    for kind in ("italian", "english"):
        found += [(word, Name("tempo", word)) for word in tempo_words()[kind]]
    for word in moods.table():
        found += [(form, Name("mood", word)) for form in _adverbs(word)]
    for alias, instrument in instruments.table().items():
        if alias in _EFFECTS:
            found += [(f"{alias} {word}", Name("instrument", instrument.name)) for word in ("pad", "synth", "effect")]
        elif alias not in _NOT_ALONE:
            found += [(form, Name("instrument", alias)) for form in _forms(alias)]
    for alias, genre in genres.table().items():
        if alias not in _NOT_GENRES:
            found.append((alias, Name("genre", genre.name)))
    return found


@cache
def vocabulary() -> dict[str, Name]:
    """All names by their squashed spelling.

    >>> vocabulary()["jazzguitars"], vocabulary()["lofi"]
    (Name(kind='instrument', value='jazz guitar'), Name(kind='genre', value='lo-fi'))
    """
    found: dict[str, Name] = {}
    for spelling, name in _names():
        found.setdefault(squash(spelling), name)
    return found


def spelled(name: str) -> str:
    """A pattern of a name, with spaces, hyphens or neither between its words."""
    return r"[\s-]*".join(map(re.escape, re.split(r"[\s-]+", name)))


@cache
def spellings() -> list[str]:
    """Every spelling of every name, the longest first."""
    return sorted({spelling for spelling, _ in _names()}, key=len, reverse=True)


@cache
def pattern(counts: str) -> re.Pattern[str]:
    """The one pattern: an optional negation ("leave the drums out" too), count and adverb, then the longest name."""
    strengths = "|".join(spelled(word) for word in tempo_words()["strength"])
    return re.compile(
        rf"(?:{NEGATION}|(?<![\w'-])(?P<leave>leav(?:e|ing)|tak(?:e|ing))\s+{PASSED})?"
        rf"(?:(?<![\w.-])(?!808\b)(?P<count>{counts})[\s-]+)?"
        rf"(?:(?<![\w'-])(?P<adverb>{strengths})\s+)*"
        rf"(?<![\w'])(?P<name>{'|'.join(map(spelled, spellings()))})(?![\w'])"
        r"(?(leave)(?=(?:\s+(?:and|or|&)\s+(?:the\s+)?[\w-]+)?\s+out\b))"
    )

"""Recognisers of names, and what they come to: genre, moods, tempo words and instruments."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from symbolic_music.errors import BriefError, nearest
from symbolic_music.prompt.grammar import NUMBER, PLAYED, number
from symbolic_music.prompt.page import Mention, Page
from symbolic_music.prompt.vocabulary import ensembles, pattern, squash, stop_words, tempo_words, vocabulary
from symbolic_music.theory import genres
from symbolic_music.theory import instruments as orchestra
from symbolic_music.theory.genres import Genre, genre
from symbolic_music.theory.instruments import instrument

NAMES = pattern(rf"{NUMBER}|(?:an?\s+)?(?:pair|couple)\s+of")
_GO_ON_WITHOUT = re.compile(r"\s*(?:or|nor|and|/|&)\s+(?:any\s+)?")
_MOST_PLAYERS = 16
#: "for vibes" are an instrument, "chill vibes" are none.
_BEFORE_VIBES = re.compile(r"(?:^|[,;:&+/]|\b(?:and|for|with|by|on|solo|without|no|the))\s*$")


def named(page: Page, match: re.Match[str]) -> int | None:
    """A name of any table; with "without" before it, players that are not wanted."""
    name, start, end = vocabulary()[squash(match["name"])], match.start("name"), match.end()
    if match["name"] == "vibes" and not _BEFORE_VIBES.search(page.left[:start]):
        return None
    last = page.mentions[-1] if page.mentions else None
    said = match["no"] or match["leave"]
    without = (
        bool(said)
        or page.is_shunned(start)
        or (
            last is not None
            and last.kind == "without"
            and bool(_GO_ON_WITHOUT.fullmatch(page.plain, last.end, max(start, last.end)))
        )
    )
    if without and name.kind != "instrument":
        page.refuse(match.start() if said else start, end, "only instruments can be left out")
    elif name.kind in ("instrument", "ensemble"):
        start = match.start() if said or match["double"] else match.start("count") if match["count"] else start
        number_of = not without and name.kind == "ensemble" and "size" in ensembles()[name.value]
        kind = "without" if without else "number" if number_of else name.kind
        page.mention(start, end, kind, name.value, _count(page, match))
    elif name.kind == "genre":
        _genre(page, genre(name.value), start, end)
    else:
        start = match.start("adverb") if match["adverb"] else start
        if name.kind == "tempo":
            page.blank(start, end)
            page.tempo_words.append((start, end, name.value, match["adverb"] or ""))
        else:
            page.fields["moods"] = tuple(dict.fromkeys((*page.fields.get("moods", ()), name.value)))
            page.take(start, end, f"mood {name.value}")
    return end


def _count(page: Page, match: re.Match[str]) -> int:
    if not match["count"]:
        return 1
    count = 2 if match["count"].endswith("of") else number(match["count"])
    if count < 1 or count != int(count):
        raise BriefError(f"{page.words(match.start('count'), match.end())!r}", hint="at least one player, or 'without'")
    return min(int(count), _MOST_PLAYERS)


#: Kinships that `like`, the nearest sound, does not tell.
_ALSO = {"lo-fi": "hip-hop"}


def _kin(one: Genre) -> set[str]:
    """A genre and those that it is a kind of."""
    found: list[str] = []
    while one.name not in found:
        found.append(one.name)
        one = genre(one.like)
    return {*found, *(_ALSO[name] for name in found if name in _ALSO)}


#: What the genre's words mean, until it is known which genre it came to.
_A_GENRE = "genre"


def _genre(page: Page, new: Genre, start: int, end: int) -> None:
    """The first genre counts, unless the second says it more closely.

    "hip hop" and "lo-fi" are lo-fi, "jazz" and "waltz" a jazz waltz; a waltz of any other genre is in 3/4.
    """
    old: Genre = page.fields.get("genre", new)
    both = genres.table().get(f"{old.name}-{new.name}") or genres.table().get(f"{new.name}-{old.name}")
    page.fields["genre"] = both or (new if old.name in _kin(new) else old)
    if both or old.name in _kin(new) or new.name in _kin(old):
        page.take(start, end, _A_GENRE)
    elif new.name == "waltz":
        page.put("meter", new.meter, start, end, f"meter {new.meter}")
    else:
        page.refuse(start, end, "one genre a piece")


def settle_tempo(page: Page) -> None:
    """Tempo words as numbers, in the genre's own range; a number in the text counts more."""
    table = tempo_words()
    numbered = page.fields.get("tempo")
    for start, end, word, adverb in page.tempo_words:
        if word in table["italian"]:
            value = round(sum(table["italian"][word]) / 2)
        else:
            strength = table["strength"].get(" ".join(adverb.split()), 1.0)
            place = max(-1.0, min(1.0, table["english"][word] * strength))
            slow, usual, fast = page.fields["genre"].tempo if "genre" in page.fields else table["anywhere"]["tempo"]
            value = round(usual + abs(place) * ((fast if place > 0 else slow) - usual))
        if numbered is None:
            page.put("tempo", value, start, end, f"tempo {value}")
        else:
            page.take(start, end, f"tempo {numbered:g}, as the number says")


_JOINED = re.compile(r"(?:[\s,;&+/-]|\b(?:and|with|plus|a|an|the|also)\b)*")


def joined(page: Page, end: int, start: int) -> bool:
    """Whether nothing but list words stands between two places."""
    return end <= start and bool(_JOINED.fullmatch(page.plain, end, start))


_ADDED = re.compile(r"\s*(?:&|\+|\b(?:and|plus)\b)\s*(?:an?\s+|the\s+)?")


def _groups(page: Page, mentions: list[Mention]) -> Iterator[list[Mention]]:
    """Players that stand in one list: those add up, while a later list may name the same players again."""
    group: list[Mention] = []
    for mention in mentions:
        if group:
            last = group[-1]
            gap = _JOINED if last.kind == mention.kind == "instrument" else _ADDED
            if not gap.fullmatch(page.plain, last.end, mention.start):
                yield group
                group = []
        group.append(mention)
    if group:
        yield group


def _resolved(page: Page, mentions: list[Mention]) -> list[Mention]:
    """Mentions without bare numbers of players: "guitar duo", "trio for ...", "swing quartet"."""
    found: list[Mention] = []
    singles = sum(m.count for m in mentions if m.kind == "instrument")
    for mention in mentions:
        if mention.kind != "number":
            found.append(mention)
            continue
        row = ensembles()[mention.name]
        before = found[-1] if found else None
        kin = _kin(page.fields["genre"]) if "genre" in page.fields else set()
        own = [name for name in (f"{k} {mention.name}" for k in sorted(kin)) if name in ensembles()]
        if before and singles == 1 and not page.plain[before.end : mention.start].strip(" -"):
            found[-1] = Mention(before.start, mention.end, before.kind, before.name, row["size"])
        elif singles >= 2:
            page.understood.append((mention.start, page.words(mention.start, mention.end), "the instruments named"))
        elif own or "instruments" in row:
            name = own[0] if own else mention.name
            found.append(Mention(mention.start, mention.end, "ensemble", name, mention.count))
        else:
            page.unknown.append((mention.start, page.words(mention.start, mention.end) + " (of which instruments?)"))
    return found


def settle_players(page: Page) -> None:
    """The instruments that play, and the genre that an ensemble implies where none is named."""
    mentions = sorted((m for m in page.mentions if m.kind != "without"), key=lambda m: m.start)
    page.understood = [
        (at, words, f"genre {page.fields['genre']}" if meaning == _A_GENRE else meaning)
        for at, words, meaning in page.understood
    ]
    players: Counter[str] = Counter()
    for group in _groups(page, _resolved(page, mentions)):
        here: Counter[str] = Counter()
        implied = ""
        for mention in group:
            alone: dict[str, Any] = {"instruments": [mention.name]}
            row = ensembles()[mention.name] if mention.kind == "ensemble" else alone
            for name in row["instruments"]:
                here[instrument(name).name] += mention.count
            if "genre" in row and "genre" not in page.fields:
                page.fields["genre"] = genre(row["genre"])
                implied = f"genre {row['genre']}, "
        players |= here
        span = group[0].start, group[-1].end
        page.understood.append((span[0], page.words(*span), f"{implied}instruments {', '.join(here.elements())}"))
    for mention in page.mentions:
        if mention.kind == "without":
            base = players or Counter(instrument(n).name for n in page.fields.get("genre", genre("pop")).instruments)
            players = Counter({name: n for name, n in base.items() if not covers(mention.name, name)})
            text = page.words(mention.start, mention.end)
            if not players:
                raise BriefError(f"{text!r} leaves no instrument", hint="name those that play")
            page.understood.append((mention.start, text, f"instruments {', '.join(players.elements())}"))
    if players:
        page.fields["instruments"] = tuple(players.elements())


def covers(unwanted: str, name: str) -> bool:
    """Whether "no guitar" speaks of this instrument, a clean guitar too."""
    return instrument(unwanted).name == name or unwanted.removesuffix("s") in name.split()


INSTRUMENTAL = re.compile(r"\binstrumental\b")


def instrumental(page: Page, match: re.Match[str]) -> int:
    """An instrumental has no voices."""
    page.mention(match.start(), match.end(), "without", "choir")
    return match.end()


_ARTICLES = r"(?:(?:an?|the|some|solo|one|two|three|four)\s+)*"
_AND = rf"\s*(?:,\s*(?:and\s+)?|\band\s+|&\s*){_ARTICLES}"
PLAYED_BY = re.compile(
    rf"\b(?:played|performed)\s+(?:by|on|with)\s+{_ARTICLES}(?P<word>[a-z][a-z'-]*)(?![a-z'-])(?!\s*[\x00{PLAYED}])"
)
FOR = re.compile(
    rf"\bfor\s+{_ARTICLES}(?:(?:{PLAYED}+{_AND})*(?P<first>[a-z][a-z'-]*)\s*(?:,\s*and|and|&)\s+{_ARTICLES}{PLAYED}"
    rf"|{PLAYED}+(?:{_AND}{PLAYED}+)*\s*,?\s*(?:and|&)\s+{_ARTICLES}(?P<last>[a-z][a-z'-]*)(?=\s*(?:$|[.,;!?\x00]|(?:in|at|with|that)\b)))"
)


def no_instrument(page: Page, match: re.Match[str]) -> None:
    """ "played by a theremin", "for theremin and piano": where only an instrument can stand."""
    group = next(name for name, word in match.groupdict().items() if word)
    if match[group] not in stop_words():
        hint = nearest(match[group], orchestra.table())
        raise BriefError(f"unknown instrument {page.words(*match.span(group))!r}", hint=hint)

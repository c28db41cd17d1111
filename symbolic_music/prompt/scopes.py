"""Where a limit holds, in words: "the melody", "violin 2", "bars 5 to 8", "the last 4 bars", "the chorus"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from symbolic_music.prompt.grammar import WORDS, number
from symbolic_music.prompt.vocabulary import Name, ensembles, spelled, spellings, squash, vocabulary
from symbolic_music.theory.instruments import CHAIRS, DRUMS, instrument

#: What stands where tracks and where bars are named; a match of either is one name.
TRACK, BARS = r"(?<!\x02)\x02++", r"(?<!\x03)\x03++"
#: Several tracks in one breath: "bass", "bass and drums", "violin, viola and the cello".
TRACKS = rf"{TRACK}(?:(?:\s*,\s*{TRACK})*\s*,?\s*(?:\band\b|\bor\b|&)\s*{TRACK})?"
#: Names that are more often meant otherwise: "two voices", "a tenor".
_NOT_TRACKS = {"voice", "voices", "tenor", "tenors", "alto", "altos", "soprano", "sopranos", "vocal", "pads", "horn"}
_ROLES = {
    "melody": (
        "melody", "melodies", "melody line", "melodic line", "lead melody", "lead line", "lead voice", "top line",
        "top voice", "upper voice", "tune's melody",
    ),
    "bass": ("bass", "basses", "bassline", "basslines", "bass line", "bass voice", "bottom line"),
    "accompaniment": ("accompaniment", "accompaniments", "backing", "comping"),
    "": (
        "everything", "everybody", "everyone", "all parts", "all the parts", "all instruments", "all the instruments",
        "all tracks", "all the tracks", "every part", "every instrument", "every track", "each part",
        "each instrument", "each track", "whole band", "whole ensemble",
    ),
}  # fmt: skip
ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
    "twelfth",
)  # fmt: skip
_ORDINAL = rf"(?:{'|'.join(ORDINALS)}|[0-9]{{1,3}}(?:st|nd|rd|th))"
INT = rf"(?:[0-9]{{1,3}}(?![\d.,:/]*\d)|{WORDS})"
BAR = r"(?:bars?|measures?)"
_SECTIONS = {
    "intro": "intro", "introduction": "intro", "verse": "verse", "prechorus": "prechorus", "chorus": "chorus",
    "refrain": "chorus", "bridge": "bridge", "solo": "solo", "break": "break", "interlude": "interlude",
    "outro": "outro",
}  # fmt: skip
SECTION = (
    r"(?:intro(?:duction)?s?|verses?|pre[\s-]?chorus(?:es)?|chorus(?:es)?|refrains?|bridges?|solos?|breaks?"
    r"|interludes?|outros?)"
)
_BARS = re.compile(
    rf"(?:(?P<side>(?:(?:starting|beginning)\s+)?(?:from|after|before|until|till)|up\s+to|(?:starting"
    rf"|beginning)\s+(?:at|in|with))\s+)?"
    rf"(?P<between>\bbetween\s+)?(?:the\s+)?(?<![\w-]){BAR}\s+(?P<list>{INT}(?:(?:\s*(?:-|,|&)\s*"
    rf"|\s*,?\s+(?:to|through|thru|up\s+to|and)\s+)"
    rf"(?:{BAR}\s+)?{INT}(?![\s-]*(?:{BAR}|bpm|notes?|beats?|semitones?|voices?)\b))*)(?![\w/:%])"
    rf"(?:\s+(?P<on>on(?:wards?)?|to\s+the\s+end)\b(?!\s+(?:the|an?)\b))?"
    rf"|(?<![\w-])(?:the\s+)?(?P<edge>first|opening|initial|last|final"
    rf"|closing)\s+(?:(?P<n>{INT})[\s-]+)?{BAR}\b(?P<last>\s+but\s+one\b)?"
    rf"|(?<![\w-])(?:the\s+)?(?P<late>penultimate|second[\s-]+(?:to[\s-]+)?last|last[\s-]+but[\s-]+one)\s+{BAR}\b"
    rf"|(?<![\w-])(?:the\s+)?(?P<nth>{_ORDINAL})\s+{BAR}\b"
    rf"|(?<![\w-])(?:(?:the|every|each|all(?:\s+the)?)\s+)(?:(?P<section>{SECTION})"
    rf"|(?P<letter>[a-h])[\s-]+(?:section|part)s?)(?:\s+sections?)?(?![\w'-])"
    rf"|(?<![\w-])(?:the\s+)?sections?\s+(?P<named>[a-h])(?![\w'#])"
)


@dataclass(frozen=True)
class Scope:
    """Tracks, or bars.

    `kind` of tracks is "the" where an article or a role says that they are there anyway, "a" where one is brought in;
    of bars it is the word that they began with, such as "after".
    """

    tracks: tuple[str, ...] = ()
    bars: tuple[tuple[int, int], ...] = ()
    section: str = ""
    kind: str = ""


def of_section(word: str) -> str:
    """The section that a word names, as the vocabulary calls it.

    >>> of_section("pre-choruses"), of_section("refrain")
    ('prechorus', 'chorus')
    """
    word = squash(word)
    return next(
        _SECTIONS[form] for form in (word, word.removesuffix("s"), word.removesuffix("es")) if form in _SECTIONS
    )


def integer(text: str) -> int:
    """A whole number or an ordinal in digits or words.

    >>> integer("5"), integer("sixteen"), integer("third"), integer("2nd")
    (5, 16, 3, 2)
    """
    if text in ORDINALS:
        return ORDINALS.index(text) + 1
    return int(number(re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", text)))


@cache
def _names() -> dict[str, str]:
    """Tracks by squashed spelling: roles, instruments, and ensembles of one ("lead guitar"); "" for what is none."""
    found = {squash(word): role for role, words in _ROLES.items() for word in words}
    for spelling, name in vocabulary().items():
        found.setdefault(spelling, _track(spelling, name))
    return found


def _track(spelling: str, name: Name) -> str:
    if name.kind == "ensemble":
        players = ensembles()[name.value].get("instruments", ())
        return str(players[0]) if len(players) == 1 and spelling.endswith("guitar") else "-"
    if name.kind != "instrument" or spelling in _NOT_TRACKS:
        return "-"
    return "drums" if instrument(name.value).program == DRUMS else name.value


@cache
def _pattern() -> re.Pattern[str]:
    words = [w for words in _ROLES.values() for w in words]
    names = sorted({*words, *spellings()}, key=len, reverse=True)
    return re.compile(
        rf"(?<![\w'-])(?:(?P<the>the|its|their|both|all(?:\s+the)?|each|every|any)\s+|(?P<a>an?)\s+)?"
        rf"(?:(?P<nth>first|second|third|fourth|1st|2nd|3rd|4th)\s+)?(?P<name>{'|'.join(map(spelled, names))})"
        rf"(?:\s+(?P<chair>[1-{CHAIRS}])(?![\w.:/%-])(?!\s*-)(?!\s+(?:{BAR}|notes?|to|or|and\s+[0-9]|beats?"
        rf"|voices?|minutes?|seconds?|semitones?|octaves?)\b))?"
        rf"(?:\s+(?:lines?|parts?|tracks?|players?|section)\b)?(?:'s)?(?![\w'])(?!-\w|\s+(?:clef|drums?"
        rf"|pieces?|music|song|tune|solos?|duo|duet|trio|"
        rf"quartet|quintet|sextet|sonata|concerto|ballad|loops?|patterns?|fills?|voice\s+range|boost)\b)"
    )


def mark(plain: str) -> tuple[str, dict[int, Scope]]:
    r"""Folded text with tracks and bars marked, and what each mark means by where it starts.

    >>> marked, scopes = mark("the bass in bars 5-8")
    >>> marked.count("\x02"), [(scope.tracks, scope.bars) for scope in scopes.values()]
    (8, [((), ((5, 8),)), (('bass',), ())])
    """
    scopes: dict[int, Scope] = {}
    for match in _BARS.finditer(plain):
        scope = _bars(match)
        if scope and not re.search(rf"(?:\d|{WORDS})[\s-]*$", plain[max(0, match.start() - 20) : match.start()]):
            scopes[match.start()] = scope
            plain = plain[: match.start()] + "\x03" * len(match[0]) + plain[match.end() :]
    for match in _pattern().finditer(plain):
        name = _names()[squash(match["name"])]
        if name == "-":
            continue
        spelling = re.sub(r"\s+", " ", match["name"])
        if spelling.endswith("s") and name not in (*_ROLES, "drums") and spelling.removesuffix("s") == name:
            name = spelling  # "violins" are all of them, "violin" the first
        chair = match["chair"] or match["nth"]
        kind = "the" if match["the"] or name in ("melody", "accompaniment", "") else "a" if match["a"] else ""
        if chair and name and name not in ("melody", "bass", "accompaniment", "drums"):
            seat = integer(chair)
            base = instrument(name).name
            name = f"{base} {seat}" if seat > 1 else base
        scopes[match.start()] = Scope(tracks=(name,) if name else (), kind=kind)
        plain = plain[: match.start()] + "\x02" * len(match[0]) + plain[match.end() :]
    return plain, scopes


def _bars(match: re.Match[str]) -> Scope | None:
    """What a match of `_BARS` means; None where it means nothing."""
    got = match.groupdict()
    if word := got["section"] or got["letter"] or got["named"]:
        return Scope(section=word.upper() if len(word) == 1 else of_section(word))
    if got["edge"]:
        n = integer(got["n"]) if got["n"] else 1
        if got["edge"] in ("first", "opening", "initial"):
            return Scope(bars=((1, n),)) if n and not got["last"] else None
        return Scope(bars=((-2, -2) if got["last"] and n == 1 else (-n, -1),)) if n else None
    if got["late"]:
        return Scope(bars=((-2, -2),))
    if got["nth"]:
        n = integer(got["nth"])
        return Scope(bars=((n, n),)) if n else None
    return _listed(got)


def _listed(got: dict[str, str | None]) -> Scope | None:
    text, side = got["list"] or "", re.sub(r"\s+", " ", got["side"] or "")
    spans: list[tuple[int, int]] = []
    to = r"\s*-\s*|\s+(?:to|through|thru|up\s+to)\s+" + (r"|\s+and\s+" if got["between"] else "")
    for item in re.split(r"\s*[,&]\s*(?:and\s+)?" + ("" if got["between"] else r"|\s+and\s+"), text):
        ends = [integer(re.sub(rf"{BAR}\s+", "", end)) for end in re.split(to, item) if end]
        if not ends:
            continue
        if not 1 <= ends[0] <= ends[-1] or len(ends) > 2:
            return None
        if spans and spans[-1][1] + 1 == ends[0]:
            spans[-1] = (spans[-1][0], ends[-1])
        else:
            spans.append((ends[0], ends[-1]))
    if not spans:
        return None
    first, last = spans[0]
    side = side.split()[0] if side.startswith(("until", "till", "after", "before")) else side
    if len(spans) == 1 and first == last:
        if side == "after":
            return Scope(bars=((first + 1, -1),), kind=side)
        if side in ("before", "until", "till"):
            return Scope(bars=((1, first - 1),), kind=side) if first > 1 else None
        if side == "up to":
            return Scope(bars=((1, first),), kind=side)
        if side or got["on"]:
            return Scope(bars=((first, -1),), kind=side)
    elif side not in ("", "from") or got["on"]:
        return None
    return Scope(bars=tuple(spans))

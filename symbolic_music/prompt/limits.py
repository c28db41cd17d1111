"""Limits in words: clauses that become the texts of rules.

The recognisers of clauses are in `heights`, `lengths`, `harmony` and `shape`. Here a clause meets what it is about:
tracks and bars before it ("in bars 5-8 the bass ...") or behind it ("... in the melody"), and what negates it. A
clause whose subject or place is not understood is named, never imposed on everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from symbolic_music.prompt.grammar import READ
from symbolic_music.prompt.page import Mention, Page
from symbolic_music.prompt.scopes import BARS, TRACK, TRACKS, Scope, mark
from symbolic_music.prompt.vocabulary import squash, stop_words, vocabulary
from symbolic_music.theory.keys import Key, scales

_IN = r"(?:in|during|for|over|at|on|of|from|through|throughout|across|within)"
#: What may stand between a subject and its clause.
_LINK = (
    r"(?:\b(?:that|which|who|also|always|only|just|then|all|each|both|should|must|shall|will|would|may|can|has|have|having"
    r"|with|is|are|be|been|being|to|needs?|do|does|plays?|playing|uses?|using|sings?|consists?|of|made|a|an|the|there|got"
    r"|whose|its|their|notes?|throughout|limited|restricted|confined|stays?|keeps?|kept)\b[\s,]*)*"
)
_BEFORE = re.compile(
    rf"(?:(?P<early>(?:\b{_IN}\s+)?{BARS})\s*[,:]?\s+)?"
    rf"(?P<lead>\b(?:keep|have|let|make|hold|put|limit|restrict|with|for|by|of|an?|and)\s+)?"
    rf"(?P<tracks>{TRACKS})(?:\s+(?P<late>(?:{_IN}\s+)?{BARS}))?(?P<link>\s*:\s*|\s*,?\s+{_LINK})$"
)
_BEFORE_BARS = re.compile(rf"(?P<early>(?:\b{_IN}\s+)?{BARS})\s*[,:]?\s*{_LINK}$")
_LINKED = re.compile(rf"(?:(?P<word>[a-z][\w'-]*)\s+)?(?P<link>{_LINK})$")
_AND = re.compile(rf"\s*,?\s*\b(?:and|or|but|nor)\s+{_LINK}")
_COMMA = re.compile(rf"\s*,\s*{_LINK}")
_HAS = re.compile(r"\b(?:has|have|plays?|uses?|is|are)\b")
_BARS_BEHIND = re.compile(
    rf"\s*(?P<comma>,?)\s+(?:{_IN}\s+)?(?P<bars>{BARS})|\s*\(\s*(?:{_IN}\s+)?(?P<inside>{BARS})\s*\)"
)
_VERB = (
    rf"(?:\s+{_IN}\s+{BARS})?\s+(?:stay|keep|enter|come|rest|is|are|ha[sv]|play|never|should|must|only|drop|end|start|begin|go|move"
    r"|join|do|not|cannot|can|use|rise|fall|climb|repeat|double|take|lay|will)"
)
_TRACKS_BEHIND = re.compile(
    rf"\s+(?P<how>in|for|on|of|by)\s+"
    rf"(?P<tracks>{TRACK}(?:(?:\s*,\s*{TRACK})*\s*,?\s*(?:\band\b|\bor\b|&)\s*{TRACK}(?!{_VERB}))?)"
)
#: What narrows a clause and is not read: to impose it everywhere would be more than was asked.
_NARROWED = re.compile(
    r"\s+(?:(?:until|till|unless|except|when|whenever|while|if|before|after|apart|other|than|relative)\b"
    r"|(?:in|on|during|for|of)\s+(?:the|its|each|every|both|all|his|her|my|our)\s+(?P<where>[a-z][a-z'-]*))"
)
_WHOLE = {
    "key", "style", "scale", "mood", "manner", "spirit", "piece", "song", "music", "tempo", "time", "whole", "tune",
    "track", "entire", "same", "vein", "kind", "sound", "feel", "genre", "mode", "notes", "note", "length", "duration",
    "composition", "loop", "end", "meter", "beat", "theme",
}  # fmt: skip
_MODES = {name for names in scales() for name in names.split()}
_PLAIN = {"where", "while", "so", "because", "major", "minor", "blues"} | _MODES
_RELATIVE = re.compile(r"\s*,?\s*(?:that|which|who|whose)\b")
_FAR = 120
#: Rules that are about the melody where no track is named.
_OF_MELODY = ("Leaps", "Contour", "Opens", "Closes")


@dataclass(frozen=True)
class Limit:
    """A clause that was understood.

    Parameters
    ----------
    rule : str
        The name of its class.
    given, named : tuple and dict
        Its values: those that it cannot do without, and the others by name, None where not asked.
    says : str
        The same in plain words.
    late : callable, optional
        What makes the limit once the home key is known, or a reason why it cannot be made.
    verb : bool
        Whether the words need a subject.
    whole : bool
        Whether nothing behind the words belongs to them.
    size : int
        Bars that the piece then has, if its length is not asked.
    placed : bool
        Whether it has to be said where.
    tracks : tuple of str, optional
        None where the words themselves name none.
    end : int
        Where the words end, if not where the pattern does.
    """

    rule: str
    given: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict)
    says: str = ""
    late: Callable[[Key | None], Limit | str] | None = None
    verb: bool = False
    whole: bool = False
    placed: bool = False
    size: int = 0
    tracks: tuple[str, ...] | None = None
    bars: tuple[tuple[int, int], ...] = ()
    section: str = ""
    end: int = 0

    def texts(self) -> list[str]:
        """The texts of its rules, one for each run of bars."""
        values = [repr(value) for value in self.given]
        values += [f"{name}={value!r}" for name, value in self.named.items() if value is not None]
        default = ("melody",) if self.rule in _OF_MELODY else ()
        if (self.tracks or ()) != default and (self.tracks is not None):
            values.append(f"tracks={(self.tracks[0] if len(self.tracks) == 1 else self.tracks) or None!r}")
        section = [f"section={self.section!r}"] if self.section else []
        runs = [[f"bars={a if a == b else (a, b)}"] for a, b in self.bars] or [[]]
        return [f"{self.rule}({', '.join([*values, *bars, *section])})" for bars in runs]

    def meaning(self) -> str:
        """What the limit says, of whom and where."""
        where = [f"in {' and '.join(_words(run) for run in self.bars)}"] if self.bars else []
        where += [f"in {self.section}"] if self.section else []
        return " ".join([*filter(None, [" and ".join(self.tracks or ())]), self.says, *where])


def _words(run: tuple[int, int]) -> str:
    first, last = run
    if first == last:
        return "the last bar" if first == -1 else f"bar {first}"
    return f"the last {-first} bars" if first < 0 else f"bars {first} to {'the last' if last == -1 else last}"


Reader = Callable[["Clauses", re.Match[str]], "Limit | list[Limit] | str | None"]


@dataclass
class Clauses:
    """The clauses of a page.

    Attributes
    ----------
    marked : str
        The text with tracks and bars marked, and what was read blanked.
    found : list
        Where each clause begins and ends, and its limit.
    offered : list of Mention
        Players that clauses bring in: "and a bass that stays below C3".
    """

    page: Page
    found: list[tuple[int, int, Limit]] = field(default_factory=list)
    offered: list[Mention] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.marked, self.scopes = mark(self.page.plain)
        self._last: tuple[int, tuple[str, ...] | None, Scope | None] | None = None

    def read(self, readers: tuple[tuple[re.Pattern[str], Reader], ...]) -> None:
        """Take every clause that one of the readers knows, from the first to the last."""
        at = 0
        nexts = [pattern.search(self.marked) for pattern, _ in readers]
        while any(nexts):
            place, number = min((match.start(), i) for i, match in enumerate(nexts) if match)
            match, (pattern, reader) = nexts[number], readers[number]
            assert match is not None
            limit = reader(self, match)
            end = None if limit is None else self._take(match, limit)
            if end is None:
                nexts[number] = pattern.search(self.marked, place + 1)
                continue
            at = max(end, place + 1)
            nexts = [
                m if m is None or m.start() >= at else readers[i][0].search(self.marked, at)
                for i, m in enumerate(nexts)
            ]

    def tracks(self, start: int, end: int) -> tuple[str, ...]:
        """The tracks named in a span."""
        return tuple(dict.fromkeys(name for m in self.marks(start, end) for name in self.scopes[m.start()].tracks))

    def marks(self, start: int, end: int) -> list[re.Match[str]]:
        """The marks of tracks in a span."""
        return list(re.compile(TRACK).finditer(self.marked, start, end))

    def _place(self, match: re.Match[str], group: str) -> Scope | None:
        found = re.compile(BARS).search(self.marked, *match.span(group)) if match[group] else None
        return self.scopes[found.start()] if found else None

    def _take(self, match: re.Match[str], limit: Limit | list[Limit] | str) -> int:
        """Find what a clause is about and take it; where its reading ends."""
        limits = [] if isinstance(limit, str) else limit if isinstance(limit, list) else [limit]
        first = limits[0] if limits else None
        start, end = match.start(), (first.end if first else 0) or match.end()
        begin, tracks, place, why = self._subject(start, first)
        front = tracks, place
        inherited = not why and begin == start and self._goes_on(start, first)
        if inherited:  # what is named behind the clause counts more
            tracks = place = None
        negated = self.page.negation("limit", start) if first else None
        if negated is not None:
            subject = re.compile(
                rf"{TRACKS}\s*(?:\b(?:should|must|may|can|could|will|shall|would|do|does|is|are)\s+)?$"
            ).search(self.marked, max(0, negated - _FAR), negated)
            begin = min(begin, subject.start() if subject else negated)
            self._blank(begin, end)
            self.page.avoid("limit", begin, end)
            return end
        why = why or (limit if isinstance(limit, str) else "")
        if first and not first.whole and not why:
            end, tracks, place = self._behind(end, tracks, place, first)
        if inherited:
            tracks, place = tracks or front[0], place or front[1]
        narrowed = _NARROWED.match(self.marked, end)
        if not why and narrowed and not (narrowed["where"] and self._is_filling(narrowed["where"])):
            end, why = narrowed.end(), "where is that?" if narrowed["where"] else "understood in part only"
        self._blank(begin, end)
        if why:
            self.page.refuse(begin, end, why)
            self._last = None
            return end
        self.page.blank(begin, end)
        for one in limits:
            scope = place or Scope()
            self.found.append(
                (
                    begin,
                    end,
                    replace(
                        one,
                        tracks=tracks if one.tracks is None else one.tracks,
                        bars=one.bars or (() if one.section else scope.bars),
                        section=one.section or ("" if one.bars else scope.section),
                    ),
                )
            )
        self._last = end, *front
        return end

    def _blank(self, start: int, end: int) -> None:
        self.marked = self.marked[:start] + READ * (end - start) + self.marked[end:]

    def _subject(self, start: int, limit: Limit | None) -> tuple[int, tuple[str, ...] | None, Scope | None, str]:
        """Where a clause begins with what is named before it, the tracks and the bars named there, and what is odd."""
        window = max(0, start - _FAR)
        known = limit is not None and limit.tracks is not None
        match = None if known else _BEFORE.search(self.marked, window, start)
        if match and not self._is_band(match, limit):
            return self._before(match, start)
        match = _BEFORE_BARS.search(self.marked, window, start)
        if match and self._opens(match.start()):
            return match.start(), None, self._place(match, "early"), ""
        if self._last and self._goes_on(start, limit):
            return start, self._last[1], self._last[2], ""
        match = _LINKED.search(self.marked, window, start)
        assert match is not None  # both its parts may be missing
        verb = limit is None or limit.verb or _HAS.search(match["link"])
        if not known and verb and match["word"] and not self._is_generic(match["word"]):
            return match.start(), None, None, "of which part?"
        return start, None, None, ""

    def _goes_on(self, start: int, limit: Limit | None) -> bool:
        """Whether a clause is about what the one before it is about: "the bass rests in bar 3 and ends on G"."""
        if self._last is None or (limit is not None and limit.tracks is not None):
            return False
        joined = _AND.match(self.marked, self._last[0])
        if joined and joined.end() >= start:
            return limit is None or limit.verb or bool(self._last[1])
        joined = _COMMA.match(self.marked, self._last[0])
        if not joined or joined.end() < start or not self._last[1]:
            return False
        return bool(_HAS.search(joined[0])) or limit is None or (limit.verb and limit.rule not in ("Opens", "Closes"))

    def _before(self, match: re.Match[str], start: int) -> tuple[int, tuple[str, ...], Scope | None, str]:
        marks = self.marks(*match.span("tracks"))
        relative = bool(_RELATIVE.match(match["link"]))
        lead = (match["lead"] or "").strip()
        verb = re.match(
            r"[\s,]*(?:(?:that|which|who|always|also|only|never)\s+)*([a-z']+)",
            self.page.plain[match.end("tracks") : start + _FAR],
        )
        single = verb is not None and verb[1].endswith("s") and not verb[1].endswith("less")
        begin = (
            match.start() if match["early"] or lead not in ("and", "for", "with", "by", "of") else match.start("tracks")
        )
        early = bool(match["early"])
        if len(marks) > 1 and (relative or (single and not early)):
            marks = marks[-1:]
            begin, early = marks[0].start(), False
        if relative or self.scopes[marks[-1].start()].kind == "a" or lead in ("with", "for", "by"):
            for found in marks:
                for name in self.scopes[found.start()].tracks:
                    if name not in ("melody", "accompaniment"):
                        self.offered.append(Mention(found.start(), found.end(), lead, name))
        place = self._place(match, "late") or (self._place(match, "early") if early else None)
        tracks = tuple(dict.fromkeys(name for m in marks for name in self.scopes[m.start()].tracks))
        return begin, tracks, place, ""

    def _is_band(self, match: re.Match[str], limit: Limit | None) -> bool:
        """Whether what stands before a clause says who plays: "for flute and piano: ..."."""
        marks = self.marks(*match.span("tracks"))
        if re.search(r"\w", match["link"]) or self.scopes[marks[-1].start()].kind == "the":
            return False
        if not match["link"].strip() and (limit is None or limit.verb):
            return False
        if len(marks) > 1 and ":" in match["link"]:
            return True
        before = self.marked[: match.start("tracks")].rstrip(" ")
        return "," in match["link"] or bool(re.search(r"\b(?:for|with|by|of|an?|solo|and)$", before))

    def _opens(self, start: int) -> bool:
        """Whether something new begins here."""
        before = self.marked[:start].rstrip(" ")
        return before[-1:] in ("", *",.;:!?()", READ) or bool(
            re.search(r"\b(?:and|but|then|where|with|that|while)$", before)
        )

    def _is_generic(self, word: str) -> bool:
        return word in stop_words() or len(word) == 1 or word in _PLAIN or self._is_filling(word)

    def _is_filling(self, word: str) -> bool:
        found = vocabulary().get(squash(word))
        return word in _WHOLE or (found is not None and found.kind in ("genre", "mood", "tempo"))

    def _behind(
        self, end: int, tracks: tuple[str, ...] | None, place: Scope | None, limit: Limit
    ) -> tuple[int, tuple[str, ...] | None, Scope | None]:
        """What is named behind a clause: tracks and bars, as far as they are not known."""
        while True:
            match = _BARS_BEHIND.match(self.marked, end)
            if match and place is None and not limit.bars and not limit.section:
                group = "inside" if match["inside"] else "bars"
                if not (match["comma"] and re.match(r"\s*,?\s*[a-z\x02]", self.marked[match.end() : match.end() + 20])):
                    place, end = self.scopes[match.start(group)], match.end()
                    continue
            match = _TRACKS_BEHIND.match(self.marked, end)
            if match and tracks is None and limit.tracks is None:
                kind = self.scopes[match.start("tracks")].kind
                if match["how"] == "in" or kind == "the":
                    tracks, end = self.tracks(*match.span("tracks")), match.end()
                    continue
            return end, tracks, place

"""Clauses of limits, from the text to the rules of a brief."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from symbolic_music.prompt import harmony, heights, lengths, shape
from symbolic_music.prompt.limits import Clauses, Limit
from symbolic_music.prompt.page import Page
from symbolic_music.prompt.players import covers, joined
from symbolic_music.theory.genres import genre
from symbolic_music.theory.instruments import Instrument, instrument, table
from symbolic_music.theory.keys import Key

_READERS = (*shape.READERS, *harmony.READERS, *lengths.READERS, *heights.READERS)
_ROLES = ("melody", "bass", "accompaniment")
#: Programs of bass instruments: a named one takes the place of the band's.
_BASSES = frozenset({*range(32, 40), 43})
#: Rules about the whole piece, and what they are about.
_WHOLE = {
    "Form": "the form", "Cadence": "the cadence at the end", "Opens": "the first notes", "Closes": "the last notes",
    "Enters": "the entry",
}  # fmt: skip


def read(page: Page) -> Clauses:
    """Take the clauses that limit something out of a page."""
    found = Clauses(page)
    found.read(_READERS)
    return found


def bring_in(page: Page, clauses: Clauses) -> None:
    """Let players that a clause brings in ("and a bass that stays below C3") join those that are listed."""
    listed = [m for m in page.mentions if m.kind in ("instrument", "ensemble")]
    for mention in clauses.offered:
        name = _seat(mention.name)[0]
        end = next((end for start, end, _ in clauses.found if start <= mention.start < end), mention.end)
        for other in listed:
            if joined(page, other.end, mention.start) or joined(page, end, other.start):
                page.mentions.append(replace(mention, kind="instrument", name=name))
                break
        else:
            if mention.kind in ("for", "by"):
                page.mentions.append(replace(mention, kind="instrument", name=name))


def settle(page: Page, clauses: Clauses, key: Key | None = None) -> None:
    """Write the rules, now that the key, the length and the players are known."""
    home = key or page.fields.get("key") or getattr(page.fields.get("scale"), "key", None)
    tones = [found for found in clauses.found if found[2].rule == "Tones"]
    band = _Band(page)
    rules: list[str] = []
    for start, end, limit in clauses.found:
        if limit.rule == "Tones":
            continue
        made = _made(limit, home)
        if isinstance(made, str):
            page.unknown.append((start, f"{page.words(start, end)} ({made})"))
            continue
        if tones and made.rule == "Chords":
            made = replace(made, named=tones[0][2].named)
        made = replace(made, tracks=None if made.tracks is None else band.find(made.tracks))
        says = made.meaning()
        if made.size and not page.fields.keys() & {"bars", "seconds"}:
            page.fields["bars"] = made.size
            says += f", {made.size} bars"
        page.understood.append((start, page.words(start, end), says))
        rules += made.texts()
    for start, end, limit in tones:
        if any(rule.startswith("Chords(") for rule in rules):
            page.understood.append((start, page.words(start, end), limit.says))
        else:
            page.unknown.append((start, f"{page.words(start, end)} (of which chords?)"))
    if rules:
        page.fields["rules"] = tuple(dict.fromkeys(rules))


def _made(limit: Limit, home: Key | None) -> Limit | str:
    """A limit with all that it had to wait for, or why there is none."""
    placed = bool(limit.bars or limit.section)
    if placed and limit.rule in _WHOLE:
        return f"{_WHOLE[limit.rule]} of the whole piece only"
    if limit.placed and not placed:
        return "in which bars?"
    if limit.rule == "Crescendo" and any(first == last for first, last in limit.bars):
        return "over two bars or more"
    if limit.rule in ("Enters", "Silence") and limit.tracks is None:
        return "who?"
    made = limit if limit.late is None else limit.late(home)
    if isinstance(made, str):
        return made
    tracks = made.tracks if limit.tracks is None else limit.tracks
    return replace(made, tracks=tracks, bars=limit.bars, section=limit.section)


class _Band:
    """Who plays: as listed, or the genre's usual players, whom those that a limit names join."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.listed = "instruments" in page.fields
        usual = page.fields.get("genre", genre("pop")).instruments
        self.players = Counter(page.fields.get("instruments") or [instrument(name).name for name in usual])

    def find(self, tracks: tuple[str, ...]) -> tuple[str, ...]:
        """Tracks by the names that they have in the band: "guitar" may be an overdriven one."""
        found: list[str] = []
        for track in tracks:
            base, chair = _seat(track)
            if track in _ROLES or self.players[instrument(base).name] >= chair:
                found.append(track)
                continue
            near = [own for own in self.players if covers(base, own)]
            if chair == 1 and near:
                found += near
                continue
            found.append(track)
            if not self.listed:
                self._join(instrument(base), chair)
        return tuple(dict.fromkeys(found))

    def _join(self, new: Instrument, chair: int) -> None:
        if new.program in _BASSES:
            for name in [name for name in self.players if instrument(name).program in _BASSES]:
                del self.players[name]
        self.players[new.name] = chair
        self.page.fields["instruments"] = tuple(self.players.elements())


def _seat(track: str) -> tuple[str, int]:
    """An instrument and its chair: "violin 2" is the second violin, "slap bass 2" the first of that kind."""
    base, _, number = track.rpartition(" ")
    return (track, 1) if track in table() or not number.isdecimal() else (base, int(number))

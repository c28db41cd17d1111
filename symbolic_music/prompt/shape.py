"""Clauses about the shape of a piece: form, repeated bars, dynamics, the pieces of the kit."""

from __future__ import annotations

import re

from symbolic_music.prompt.limits import Clauses, Limit, Reader
from symbolic_music.prompt.scopes import BARS, INT, SECTION, TRACK, TRACKS, integer, of_section
from symbolic_music.prompt.units import INTERVAL, MARK, is_vague, mark_of, semitones
from symbolic_music.theory.kit import KIT

#: Bars of a section where neither they nor the piece have a length.
_USUAL = 8
_LETTERS = {"ternary": "A B A", "binary": "A B", "rondo": "A B A C A", "rounded binary": "A B A"}
_SIZE = rf"(?:\s*\(?\s*(?:[x:=]\s*)?(?:{INT})(?:[\s-]*(?:bars?|measures?))?\s*\)?)"
_BARRED = rf"\s*[(:]?\s*{INT}[\s-]*(?:bars?|measures?)\)?"
_PART = (
    rf"(?:(?:{INT})[\s-]*(?:bars?|measures?)[\s-]+(?:of\s+)?)?(?:(?:a|an|the)\s+)?(?:{SECTION}"
    rf"|\b[a-h]\b)(?!')(?:\s+(?:of|with|is|lasts?)\b)?{_SIZE}?"
)
_THEN = r"(?:\s*(?:,\s*(?:then\s+|and\s+)?|->|-|/|\+|\||>|;|→)\s*|\s+(?:and\s+(?:then\s+)?|then\s+)?)"
_PARTS = rf"{_PART}(?:{_THEN}{_PART}){{0,31}}"
_FORM = r"(?:song\s+)?(?:form|structure|layout|arrangement)"
_RUN = r"(?:[a-h]{2,16}|[a-h](?:[\s-][a-h]){1,15})(?![a-z])"
FORM = re.compile(
    rf"\b{_FORM}(?:\s+(?:is|of|like|as|follows))*\s*[:=]?\s*[\"']?(?:(?P<letters>\b{_RUN})|(?P<parts>{_PARTS}))[\"']?"
    rf"|(?:\b(?:in|with)\s+)?(?:(?:an?|the)\s+)?(?:\b(?P<letters2>{_RUN})"
    rf"|(?P<parts2>(?<![\w-]){SECTION}{_SIZE}?(?:{_THEN}{SECTION}{_SIZE}?){{1,31}}+)"
    rf"|\b(?P<named>{'|'.join(_LETTERS)}))[\s-]+(?:song\s+)?(?:form|structure|layout)\b"
    rf"|(?P<sized>(?<![\w-]){SECTION}{_BARRED}(?:{_THEN}{SECTION}{_BARRED}){{1,31}}"
    rf"|(?<![\w-])(?:an?\s+)?(?:{INT})[\s-]*(?:bars?|measures?)[\s-]+(?:of\s+)?{SECTION}(?:{_THEN}"
    rf"(?:an?\s+)?(?:{INT})[\s-]*(?:bars?|measures?)[\s-]+(?:of\s+)?{SECTION})+)"
)
_ITEM = re.compile(
    rf"(?:(?P<before>{INT})[\s-]*(?:bars?|measures?)[\s-]+(?:of\s+)?)?(?:(?:a|an"
    rf"|the)\s+)?(?P<name>{SECTION}|\b[a-h]\b)(?:\s+(?:of|with|is|lasts?)\b)?(?P<after>{_SIZE})?"
)


def form(clauses: Clauses, match: re.Match[str]) -> Limit | str | None:
    """ "form AABA", "form: intro 4, verse 8, chorus 8", "verse chorus verse chorus structure"."""
    plain = clauses.page.plain
    letters = match["letters"] or match["letters2"] or _LETTERS.get(match["named"] or "", "")
    if letters:
        names = [c.upper() for c in letters if c.isalpha()]
        sizes: list[int | None] = [None] * len(names)
    else:
        group = next(g for g in ("parts", "parts2", "sized") if match[g])
        text = re.sub(
            r"\b(?:a|an|the)\s+(?=[a-z]{2}" + (r"|[0-9])" if group == "sized" else ")"),
            "",
            plain[slice(*match.span(group))],
        )
        items = list(_ITEM.finditer(text))
        names = [i["name"].upper() if len(i["name"]) == 1 else of_section(i["name"]) for i in items]
        sizes = [_size(i["before"] or i["after"]) for i in items]
    if re.search(r"[a-h]'[\s,-]+[a-h]\b", plain[match.start() : match.end() + 3]):
        return "letters A to H only"
    if len(names) < 2:
        return None
    if all(sizes):
        text = ", ".join(f"{name} {size}" for name, size in zip(names, sizes, strict=True))
    elif any(sizes):
        return "say the bars of every section, or of none"
    else:
        text = " ".join(names)
    total = sum(size or _USUAL for size in sizes)
    return Limit("Form", (text,), says=f"form {text}", whole=True, tracks=(), size=total)


def _size(text: str | None) -> int | None:
    found = re.search(INT, text or "")
    return integer(found[0]) if found else None


_HIGHER = r"(?:higher|up|upwards?|above|lower|down|downwards?|below)"
_SHIFT = (
    rf"(?P<shift>(?:,?\s*(?:but\s+)?(?:(?:transposed|shifted|moved)\s+)?(?:by\s+)?(?:(?P<up1>up"
    rf"|down)\s+(?:by\s+)?(?P<i1>{INTERVAL})|(?P<i2>{INTERVAL})\s+(?P<up2>{_HIGHER})))|"
    r",?\s*(?:but\s+)?(?:transposed|in\s+another\s+key|shifted|higher|lower)\b)?"
)
_LIKE = (
    r"(?:repeats?|(?:is|are|should\s+be|must\s+be)\s+(?:(?:exactly|just)\s+)?(?:the\s+same\s+as|a\s+(?:copy"
    r"|repeat|repetition)\s+of|identical\s+(?:to|with)|equal\s+to|like|as|copies\s+of|repeats\s+of|repeating)?"
    r"|equals?|copy|copies|=)"
)
_RHYTHM = (
    r"(?:(?:has|have|uses?|keeps?|takes?|shares?|repeats?)\s+(?:exactly\s+)?the\s+(?:same\s+)?rhythms?\s+(?:of"
    r"|as|from|in)|(?:is|are)\s+in\s+the\s+rhythm\s+of|rhythmically\s+repeats?|(?:has"
    r"|have)\s+the\s+same\s+rhythm\s+as)"
)
REPEATS = re.compile(
    rf"(?:(?P<who>{TRACKS})\s+(?:in|of|during)\s+)?(?P<target>{BARS})\s+(?:(?P<rhythm>{_RHYTHM})"
    rf"|{_LIKE})\s*(?P<of>{BARS}){_SHIFT}"
)
REPEAT = re.compile(
    rf"\brepeat(?:s|ing)?\s+(?P<of>{BARS})(?:\s+(?:once|immediately|right\s+away|exactly"
    rf"|again))?(?:\s+(?:in|as|at|over|on)\s+(?P<target>{BARS}))?(?P<often>\s+(?:twice|thrice|\w+\s+times"
    rf"|over\s+and\s+over|throughout))?{_SHIFT}"
)


def repeats(clauses: Clauses, match: re.Match[str]) -> Limit | str | None:
    """ "bars 5-8 repeat bars 1-4", "bars 9 to 12 are bars 1 to 4 a fourth higher", "repeat the first 4 bars"."""
    source = clauses.scopes[match.start("of")]
    if source.section or len(source.bars) != 1:
        return "name the bars by number"
    of = source.bars[0]
    target = ((of[1] + 1, of[1] + of[1] - of[0] + 1),)
    if match["target"]:
        place = clauses.scopes[match.start("target")]
        if place.section or len(place.bars) != 1:
            return "name the bars by number"
        target = place.bars
    elif of[0] < 1 or of[1] < 1:
        return "say which bars repeat them"
    if match.groupdict().get("often"):
        return "say which bars repeat them"
    shift = 0
    if match["shift"]:
        interval = match["i1"] or match["i2"]
        if interval is None:
            return "by how many semitones?"
        width = semitones(interval)
        if width is None or is_vague(interval):
            return "by how many semitones?"
        way = match["up1"] or match["up2"]
        shift = -width if way.startswith(("down", "low", "below")) else width
    rhythm = bool(match.groupdict().get("rhythm"))
    if rhythm and shift:
        return "a rhythm has no height"
    says = f"{'the rhythm of ' if rhythm else ''}{_bars(of)} again" + (
        f", {abs(shift)} semitones {'up' if shift > 0 else 'down'}" if shift else ""
    )
    values = {"how": "rhythm" if rhythm else None, "transposed": shift or None}
    tracks = clauses.tracks(*match.span("who")) if match.groupdict().get("who") else None
    return Limit("Repeats", (of if of[0] != of[1] else of[0],), values, says, bars=target, tracks=tracks)


def _bars(span: tuple[int, int]) -> str:
    return f"bar {span[0]}" if span[0] == span[1] else f"bars {span[0]}-{span[1]}"


_GROW = (
    r"(?:fad(?:e|es|ing)\s+in(?=\s+(?:over|during|through|from)\b)|crescendo|cresc\.?|gets?\s+louder|grow(?:s"
    r"|ing)?\s+louder|getting\s+louder|swells?|builds?\s+up\s+in\s+volume)"
)
_FADE = (
    r"(?:decrescendo|diminuendo|dim\.|decresc\.?|gets?\s+(?:softer|quieter)|grow(?:s|ing)?\s+(?:softer"
    r"|quieter)|getting\s+(?:softer|quieter)|fades?(?:\s+(?:out|away))?|fading(?:\s+(?:out|away))?"
    r"|dies\s+away)"
)


def _from_to(first: str, last: str) -> str:
    return rf"(?:\s*\(?\s*(?:from\s+)?(?P<{first}>{MARK})\s*(?:-|\bto\b|->|→)\s*(?P<{last}>{MARK})\s*\)?)?"


CRESCENDO = re.compile(
    rf"(?:\b(?:(?:an?|the|long|slow|steady|gradual|big|gradually|slowly|steadily"
    rf"|makes?)\s+)*)\b(?P<how>{_GROW}|{_FADE})(?:\s+(?:gradually|steadily|slowly))?"
    rf"{_from_to('a', 'b')}(?:\s*,?\s*(?:(?:in|during|over|through|throughout|across|for"
    rf"|at)\s+)?(?P<bars>{BARS}))?{_from_to('c', 'd')}"
)


def crescendo(clauses: Clauses, match: re.Match[str]) -> Limit | str:
    """ "crescendo from bar 1 to 8", "crescendo from p to f in bars 5-8"."""
    grows = bool(re.compile(_GROW).match(clauses.marked, match.start("how")))
    first, last = match["a"] or match["c"], match["b"] or match["d"]
    start, end = (mark_of(first), mark_of(last)) if first and last else ("p", "f") if grows else ("f", "p")
    if first and last and _loud(start) != _loud(end) and (_loud(start) < _loud(end)) != grows:
        return "it goes the other way"
    place = clauses.scopes[match.start("bars")] if match["bars"] else None
    says = f"{'crescendo' if grows else 'diminuendo'} {start} to {end}"
    bars = place.bars if place else ()
    return Limit(
        "Crescendo", (start, end), says=says, bars=bars, section=place.section if place else "", placed=not first
    )


def _loud(mark: str | int) -> int:
    return mark if isinstance(mark, int) else ("pp", "p", "mp", "mf", "f", "ff").index(mark) * 16 + 33


DYNAMICS = re.compile(
    rf"\b(?:never|not|no(?:thing)?)\s+(?:(?:any|play(?:s|ed)?|notes?|be|is|goes|gets?|go"
    rf"|get)\s+)*(?P<than>louder|softer|quieter)\s+than\s+(?P<end>{MARK})"
    rf"|\b(?:(?:all\s+)?velocit(?:y|ies)|dynamics?(?:\s+range)?|loudness|volume"
    rf"|dynamic\s+marks?)(?:\s+(?:is|are|of|from|range|ranges|ranging|in|stays?|kept|keep|goes"
    rf"|to))*\s*[:=]?\s*"
    rf"(?:(?:between\s+|from\s+|within\s+)?(?P<low>{MARK})\s*(?:-|\bto\b|\band\b)\s*(?P<high>{MARK})"
    rf"|(?P<at>at\s+most|at\s+least|up\s+to|below|under|above|over|no\s+more\s+than"
    rf"|no\s+less\s+than)\s+(?P<one>{MARK})|(?P<just>{MARK}))(?!\s*(?:bpm|bars?))"
    rf"|\bbetween\s+(?P<low2>{MARK})\s+and\s+(?P<high2>{MARK})\s+(?:in\s+)?(?:velocity|dynamics|loudness)"
)


def dynamics(_: Clauses, match: re.Match[str]) -> Limit | str:
    """ "never louder than mf", "velocity between 40 and 90", "dynamics mp to f"."""
    if match["than"]:
        end = mark_of(match["end"])
        low: str | int = "pp" if isinstance(end, str) else 1
        high: str | int = "ff" if isinstance(end, str) else 127
        low, high = (low, end) if match["than"] == "louder" else (end, high)
    elif match["one"]:
        end = mark_of(match["one"])
        up = match["at"] in ("at least", "above", "over") or match["at"].endswith("less than")
        strict = match["at"] in ("below", "under", "above", "over")
        if strict and isinstance(end, str):
            return "say 'dynamics mp to f'"
        if isinstance(end, int):
            low, high = (end + strict, 127) if up else (1, end - strict)
            if not 1 <= low <= high <= 127:
                return "velocities are 1 to 127"
        else:
            low, high = (end, "ff") if up else ("pp", end)
    else:
        low = mark_of(match["low"] or match["low2"] or match["just"])
        high = mark_of(match["high"] or match["high2"] or match["just"])
    if _loud(low) > _loud(high):
        return "the softer one comes first"
    return Limit("Dynamics", (low, high), says=f"dynamics {low} to {high}")


_PIECES = {
    **{name: name for name in KIT},
    "bass drum": "kick", "kick drum": "kick", "snare drum": "snare", "hi-hat": "hat", "hihat": "hat", "hi hat": "hat",
    "closed hat": "hat", "closed hi-hat": "hat", "open hi-hat": "open hat", "pedal hi-hat": "pedal hat",
    "ride cymbal": "ride", "crash cymbal": "crash", "splash cymbal": "splash", "china cymbal": "china",
    "rim": "side stick", "rimshot": "side stick", "rim shot": "side stick", "sidestick": "side stick",
    "hand clap": "clap", "handclap": "clap", "tom": "", "shaker": "cabasa", "bongo": "", "conga": "",
}  # fmt: skip
_SEVERAL = {
    "tom": ("low tom", "mid tom", "high tom"),
    "bongo": ("high bongo", "low bongo"),
    "conga": ("mute conga", "high conga", "low conga"),
}
_PIECE = "|".join(sorted((re.sub(r"[\s-]+", r"[\\s-]*", name) for name in _PIECES), key=len, reverse=True))
_KIT = (
    rf"(?:(?:a|an|the)\s+)?(?:{_PIECE})(?:s|es)?\b(?:(?:\s*,\s*(?:and\s+)?|\s+(?:and|&|plus)\s+|\s*\+\s*"
    rf"|\s*&\s*)(?:(?:a|an|the)\s+)?(?:{_PIECE})(?:s|es)?\b)*"
)
KIT_LEAD = re.compile(
    rf"(?:(?P<drums>{TRACK})\s*[:,]?\s*)?(?:\b(?:should|must|may|can|to|always|that|which|uses?|using"
    rf"|plays?|playing|with|have|has|are|is)\s+)*\b(?P<only>only|just|nothing\s+but)\s+(?:(?:uses?|using"
    rf"|plays?|playing|with|of|has|have|on)\s+)*|(?P<of>{TRACK})\s*(?::|\s(?:of|are|is"
    rf"|consists?\s+of))\s*(?:only\s+|just\s+)?"
)
_KIT_ONLY = re.compile(rf"{_KIT}(?P<only>\s+(?:only|and\s+nothing\s+else|alone)\b)?")
_STOPS = re.compile(r"\s*(?:$|[^\w\s]|(?:and|in|for|on|during|throughout|with|at|but|then|from|until|please)\b)")
KIT_AFTER = re.compile(rf"(?<![\w-])(?:{_PIECE})")


def kit(clauses: Clauses, match: re.Match[str]) -> Limit | None:
    """ "drums: only kick and snare", "only kick, snare and hi-hat"."""
    group = "drums" if match["drums"] else "of" if match["of"] else ""
    if group and clauses.tracks(*match.span(group)) != ("drums",):
        return None
    found = _KIT_ONLY.match(clauses.page.plain, match.end())
    if (
        not found
        or not _STOPS.match(clauses.page.plain, found.end())
        or "\x00" in clauses.marked[match.start() : found.end()]
    ):
        return None
    return _pieces(found)


def kit_after(clauses: Clauses, match: re.Match[str]) -> Limit | None:
    """ "kick and snare only"."""
    found = _KIT_ONLY.match(clauses.page.plain, match.start())
    return _pieces(found) if found and found["only"] else None


def _pieces(found: re.Match[str]) -> Limit:
    names: dict[str, int] = {}
    for word in re.findall(rf"(?:{_PIECE})(?=(?:s|es)?\b)", found[0]):
        plain = re.sub(r"\s+", " ", word)
        key = next(k for k in _PIECES if re.fullmatch(re.sub(r"[\s-]+", r"[\\s-]*", k), plain))
        for name in _SEVERAL.get(key, (_PIECES[key],)):
            names[name] = KIT[name]
    pieces = sorted(names, key=names.__getitem__)
    return Limit("Kit", (pieces,), says=f"drums of {', '.join(pieces)} only", end=found.end(), tracks=())


READERS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (FORM, form),
    (REPEATS, repeats),
    (REPEAT, repeats),
    (CRESCENDO, crescendo),
    (DYNAMICS, dynamics),
    (KIT_LEAD, kit),
    (KIT_AFTER, kit_after),
)

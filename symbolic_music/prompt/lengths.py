"""Clauses about time: note values, grids, rhythms, notes a bar, notes at once, entries and silences."""

from __future__ import annotations

import re

from symbolic_music.prompt.heights import NEVER
from symbolic_music.prompt.limits import Clauses, Limit, Reader
from symbolic_music.prompt.scopes import BARS, INT, TRACK, TRACKS, integer
from symbolic_music.prompt.units import VALUE, value_of

_A = r"(?:an?\s+)?"
_HIT = r"(?:notes?|onsets?|attacks?|hits?|strokes?|beats?)"
_SHORT, _LONG = r"(?:shorter|faster|quicker|smaller|briefer|less)", r"(?:longer|slower|greater|more)"
_NOTE_IS = (
    r"(?:any\s+|single\s+|other\s+)?(?:(?:notes?|tones?|durations?|values?)\s+)?(?:(?:that|which)\s+)?(?:(?:is"
    r"|are|be|lasts?|lasting|may\s+be|should\s+be|has|have|with)\s+)*"
)
_VALUES = rf"{VALUE}(?:(?:\s*,\s*|\s*,?\s+(?:and|or|&)\s+|\s*/\s*)(?:the\s+)?{VALUE})*"
LENGTHS = re.compile(
    rf"(?:{NEVER}\s+{_NOTE_IS}(?P<than>{_SHORT}|{_LONG})\s+than\s+{_A}(?P<end>{VALUE})"
    rf"|\b(?:(?:notes?|durations?)\s+(?:(?:of|are|is|last|be|must\s+be|should\s+be)\s+)?)(?P<at>at\s+least"
    rf"|at\s+most|up\s+to|no\s+longer\s+than|no\s+shorter\s+than)\s+{_A}(?P<edge>{VALUE})(?:\s+long)?"
    rf"|\b(?P<which>longest|shortest)\s+(?:notes?|durations?|value|note\s+value)\s*(?:is|:|="
    rf"|should\s+be)?\s*{_A}(?P<one>{VALUE})"
    rf"|\b(?:nothing\s+(?P<nil>{_SHORT}|{_LONG})\s+than\s+{_A}(?P<nend>{VALUE})))"
    rf"(?:\s*,?\s+(?:and|or|nor)\s+(?:(?:no(?:ne|thing)?|not|any|notes?)\s+)*(?P<than2>{_SHORT}"
    rf"|{_LONG})\s+than\s+{_A}(?P<end2>{VALUE}))?"
)
ONLY = re.compile(
    rf"\b(?:only|just|exclusively|solely|nothing\s+but|no(?:thing)?\s+other\s+than)\s+(?:(?:in|uses?|using"
    rf"|plays?|playing|of|with|notes?\s+of|durations?)\s+)*(?P<list>{_VALUES})(?!\s*[=:]|\s+grid|\s+(?:per"
    rf"|a)\s+minute|\s+time)"
    rf"|(?P<after>{_VALUES})\s+(?:only|exclusively|throughout\s+only)\b"
    rf"|\b(?P<verb>plays?|playing|in|moves?\s+in|walks?\s+in|of)\s+(?:steady\s+|even\s+|constant\s+"
    rf"|all\s+)?(?P<plain>{_VALUES})(?<=[es])(?!\s*[=:]|\s+grid|[\s-]+(?:time|bar|measure|rest|step|tone"
    rf"|speed|minute|cadence|hour|the|of|as|per|a|swing))"
)
GRID = re.compile(
    rf"(?:\b(?:on|to|in)\s+)?(?:(?:the|an?)\s+)?(?:strict\s+)?(?P<value>{VALUE})[\s-]+grid\b|\bgrid\s+(?:of"
    rf"|in|is|:)?\s*(?P<of>{VALUE})"
    rf"|(?:\b(?:quanti[sz]ed?|snap(?:ped|s)?|locked|aligned|fall(?:s|ing)?\s+only|starts?\s+only"
    rf"|only\s+starts?|begin(?:s)?\s+only|(?:notes?|onsets?)\s+(?:only\s+)?(?:start|begin|fall)(?:\s+only)?"
    rf"|onsets?(?:\s+only)?)|(?P<t>{TRACKS}))\s+(?:(?:is|are)\s+)?(?:to|on"
    rf"|onto)\s+(?:the\s+)?(?P<on>{VALUE})(?:[\s-]+grid\b)?(?!\s*[=:])"
)
RHYTHM = re.compile(
    r"\b(?:rhythm|pattern|groove)\s*(?:of|is|:|=|like)?\s*[\"'(]?(?P<pattern>[x.?|](?:[x.?| ]*[x.?|]){3,})"
    r"(?![\w])[\"')]?"
)


def lengths(_: Clauses, match: re.Match[str]) -> Limit:
    """ "no note longer than a quarter", "nothing shorter than an eighth"."""
    ends: dict[str, str | None] = {"shortest": None, "longest": None}
    for than, end in (("than", "end"), ("nil", "nend"), ("than2", "end2")):
        if match[than]:
            ends["shortest" if re.match(_SHORT, match[than]) else "longest"] = value_of(match[end])
    if match["at"]:
        ends["shortest" if match["at"].endswith(("least", "shorter than")) else "longest"] = value_of(match["edge"])
    if match["which"]:
        ends[match["which"]] = value_of(match["one"])
    says = [f"no note shorter than {ends['shortest']}"] if ends["shortest"] else []
    says += [f"no note longer than {ends['longest']}"] if ends["longest"] else []
    return Limit("Lengths", named=ends, says=", ".join(says))


def only(clauses: Clauses, match: re.Match[str]) -> Limit | None:
    """ "only quarter and half notes", "plays quarter notes"."""
    text = match["list"] or match["after"] or match["plain"]
    if match["plain"] and (
        not re.search(r"s\b", match["plain"]) or not re.search(rf"\x02\s*{NEVER}?\s*$", clauses.marked[: match.start()])
    ):
        return None
    found = sorted({value_of(m) for m in re.findall(VALUE, text)}, key=_ticks)
    return Limit("Lengths", named={"only": found}, says=f"only {', '.join(found)} notes", verb=bool(match["plain"]))


def _ticks(value: str) -> int:
    from symbolic_music.theory.values import ticks

    return ticks(value)


def grid(clauses: Clauses, match: re.Match[str]) -> Limit:
    """ "on the eighth-note grid", "everything on sixteenths"."""
    value = value_of(match["value"] or match["of"] or match["on"])
    tracks = clauses.tracks(*match.span("t")) if match["t"] else None
    return Limit("Grid", (value,), says=f"on the {value} grid", tracks=tracks)


def rhythm(_: Clauses, match: re.Match[str]) -> Limit | None:
    """ "rhythm x..x..x."."""
    pattern = "|".join(filter(None, "".join(match["pattern"].split()).split("|")))
    return Limit("Rhythm", (pattern,), says=f"rhythm {pattern}") if "x" in pattern else None


_BAR = r"(?:\s+(?:a|per|each|every|in\s+(?:a|each|every|any))\s+(?:bar|measure)\b|\s*/\s*bar\b)"
_MOST = (
    r"(?:at\s+most|no\s+more\s+than|not\s+more\s+than|up\s+to|max(?:imum)?(?:\s+of)?|never\s+more\s+than"
    r"|a\s+maximum\s+of)"
)
_LEAST = (
    r"(?:at\s+least|no\s+(?:fewer|less)\s+than|not\s+(?:fewer|less)\s+than|min(?:imum)?(?:\s+of)?"
    r"|never\s+(?:fewer|less)\s+than|a\s+minimum\s+of)"
)
DENSITY = re.compile(
    rf"\b(?:(?P<how>{_MOST}|{_LEAST}|exactly|more\s+than|fewer\s+than|less\s+than|only|between|from)\s+)?(?P<n>{INT})"
    rf"(?:\s*(?:-|\bto\b|\band\b|\bor\b)\s*(?:(?P<how2>{_MOST}|{_LEAST})\s+)?(?P<m>{INT}))?\s+{_HIT}{_BAR}"
)


def density(_: Clauses, match: re.Match[str]) -> Limit | str | None:
    """ "at most 8 notes a bar", "4 to 8 notes a bar"."""
    if re.search(r"beats?(?!\w)", match[0]):
        return None
    how, n = re.sub(r"\s+", " ", match["how"] or "exactly"), integer(match["n"])
    least: int | None = None
    most: int | None = None
    if match["m"]:
        m = integer(match["m"])
        if match["how2"]:
            least, most = (n, m) if re.match(_MOST, match["how2"]) else (m, n)
        elif how in ("exactly", "between", "from"):
            least, most = n, m
        else:
            return "say one number"
        if least > most:
            return "the smaller number comes first"
    elif re.match(_MOST, how):
        most = n
    elif re.match(_LEAST, how):
        least = n
    elif how == "more than":
        least = n + 1
    elif how in ("fewer than", "less than"):
        most = n - 1
    else:
        least = most = n
    says = (
        f"{least} notes a bar"
        if least == most
        else f"{least or 0} to {most} notes a bar"
        if most is not None
        else f"at least {least} notes a bar"
    )
    says = f"at most {most} notes a bar" if least is None else says
    return Limit("Density", named={"least": least or None, "most": most}, says=says)


_TIME = (
    r"(?:(?:sound(?:ing|s)?|play(?:ing|s|ed)?)\s+)?(?:at\s+(?:once|a\s+time|the\s+same\s+time"
    r"|any\s+(?:one\s+)?time)|together|simultaneously)"
)
POLYPHONY = re.compile(
    rf"\b(?P<how>{_MOST}|only|exactly)\s+(?P<n>{INT})\s+(?:(?:voices?|simultaneous\s+notes?"
    rf"|note\s+polyphony)\b(?:\s+{_TIME})?|notes?\s+{_TIME})"
    rf"|\bpolyphony\s*(?:of|is|:|=|limited\s+to)?\s*(?:{_MOST}\s+)?(?P<of>{INT})(?:\s+(?:voices?|notes?))?\b"
    rf"|\b(?P<voiced>{INT})[\s-]voice[ds]?\s+(?P<who>{TRACK})|\b(?P<part>{INT})[\s-]voice[ds]?\s+(?=texture"
    rf"|writing|polyphony|counterpoint)(?:texture|writing|polyphony|counterpoint)"
)
MONOPHONIC = re.compile(
    rf"\b(?:strictly\s+|purely\s+|only\s+)?monophonic(?:ally)?(?:\s+(?P<who>{TRACK}))?|\bmonophony\b"
    rf"|\b(?:(?:only|just|single|plays?|never\s+more\s+than|no\s+more\s+than|at\s+most)\s+)*(?:one|single|1"
    rf"|a\s+single)\s+(?:notes?|voice)\s+{_TIME}|\b(?:only\s+)?single\s+notes(?:\s+only)?\b|\b(?P<no>no"
    rf"|without)\s+(?:any\s+)?(?:chords|double\s+stops)(?=\s+(?:in|on|for)\s+\x02)"
)


def polyphony(clauses: Clauses, match: re.Match[str]) -> Limit | str:
    """ "at most 3 voices", "two-voice piano"."""
    most = integer(next(filter(None, match.group("n", "of", "voiced", "part"))))
    if most < 1:
        return "at least one voice"
    tracks = clauses.tracks(*match.span("who")) if match["who"] else None
    if most == 1:
        return Limit("Monophonic", says="one note at a time", tracks=tracks)
    return Limit("Polyphony", (most,), says=f"at most {most} notes at once", tracks=tracks)


def monophonic(clauses: Clauses, match: re.Match[str]) -> Limit:
    """ "monophonic bass", "one note at a time"."""
    tracks = clauses.tracks(*match.span("who")) if match["who"] else None
    return Limit("Monophonic", says="one note at a time", tracks=tracks)


_ENTER = (
    r"(?:(?:come|kick|drop|join)(?:s|ing)?\s+in|(?:coming|kicking|dropping|joining)\s+in|enter(?:s|ing)?"
    r"|join(?:s|ing)?|start(?:s|ing)?(?:\s+playing)?|begin(?:s|ning)?(?:\s+playing)?"
    r"|(?:make|makes)\s+(?:their|its)\s+entr(?:y|ance)|entr(?:y|ance))"
)
_WHEN = (
    rf"(?:only\s+)?(?:at\s+the\s+(?:start|beginning)\s+of\s+|at|in|on|from|with)?\s*(?P<bars>{BARS})"
    rf"|(?:only\s+)?after\s+(?:the\s+first\s+)?(?P<n>{INT})\s+(?:bars|measures|bar|measure)\b"
    rf"|(?P<m>{INT})\s+(?:bars|measures|bar)\s+in\b"
)
ENTERS = re.compile(rf"\b{_ENTER}\s+(?:{_WHEN})")
NOT_YET = re.compile(
    rf"(?:\b(?:do|does|will|should|must)\s*(?:not|n't)|\bnever|\bnot|\bonly)\s+(?:{_ENTER}|play"
    rf"|sound)\s+(?P<until>{BARS})"
)
FROM = re.compile(rf"(?P<who>{TRACKS})\s+(?:(?:plays?|only|playing)\s+)*(?P<from>{BARS})")
#: After "guitar comes in at bar 5": "and drums at bar 9".
THEN = re.compile(rf"(?P<who>{TRACKS})\s+(?:at|in|on)\s+(?P<then>{BARS})")
BRING = re.compile(rf"\b(?:bring\s+in|add|introduce|start|let\s+in)\s+(?P<who>{TRACKS})\s+(?:in\s+)?(?:{_WHEN})")


def enters(clauses: Clauses, match: re.Match[str]) -> Limit | str | None:
    """ "drums come in at bar 5", "enter after 4 bars"."""
    tracks = None
    if "who" in match.groupdict():
        tracks = clauses.tracks(*match.span("who"))
    if match["bars"]:
        scope = clauses.scopes[match.start("bars")]
        if scope.section:
            return f"say the bar where the {scope.section} begins"
        bar = scope.bars[0][0]
        if scope.kind in ("before", "until", "till", "up") or bar < 1 or (scope.bars[0][1] not in (bar, -1)):
            return "say one bar"
    else:
        bar = integer(match["n"] or match["m"]) + 1
    return Limit("Enters", (bar,), says=f"enters in bar {bar}", verb=True, whole=True, tracks=tracks)


def begins(clauses: Clauses, match: re.Match[str]) -> Limit | str | None:
    """ "don't come in until bar 5", "drums from bar 5 on", "and drums at bar 9"."""
    got = match.groupdict()
    group = next(g for g in ("until", "from", "then") if got.get(g))
    scope = clauses.scopes[match.start(group)]
    if scope.section or len(scope.bars) != 1:
        return None
    first, last = scope.bars[0]
    tracks = clauses.tracks(*match.span("who")) if got.get("who") else None
    if group == "until":
        bar = last + 1 if scope.kind in ("until", "till", "before") else 0
    elif group == "from":
        bar = first if last == -1 and scope.kind.startswith(("from", "after", "starting", "beginning")) else 0
    else:
        before = clauses.found[-1] if clauses.found else None
        goes_on = before and re.fullmatch(
            r"[\s,;]*(?:\b(?:and|then)\b\s*)*", clauses.page.plain[before[1] : match.start()]
        )
        bar = first if before and before[2].rule == "Enters" and goes_on and first == last else 0
    return (
        Limit("Enters", (bar,), says=f"enters in bar {bar}", verb=True, whole=True, tracks=tracks) if bar > 0 else None
    )


_AT = rf"(?:(?:in|during|for|over|at|on|of|from|through|throughout|across)\s+)?(?P<bars>{BARS})"
_OUT = (
    r"(?:(?:drop|sit|lay)s?\s+out|(?:drop|sitt|lay|dropp)ing\s+out|(?:is|are|stays?|keeps?|be|remains?"
    r"|being|staying|falls?)\s+(?:completely\s+)?(?:silent|tacet|muted|quiet|out|absent)"
    r"|rest(?:s|ing)?|paus(?:e|es|ing)|tacet|silent|muted|mute|(?:do(?:es)?\s*(?:not|n't)|don't|never|not"
    r"|should\s+not|must\s+not)\s+play|stops?(?:\s+playing)?)"
)
SILENCE = re.compile(
    rf"\b{_OUT}(?:\s+(?:only|completely|entirely))?\s+{_AT}"
    rf"|\b(?:no|without|leave\s+out|mute|silence|drop|tacet"
    rf"|omit)\s+(?:any\s+)?(?P<who>{TRACKS})(?:\s+(?:at\s+all|playing|notes?|sound))?\s+(?:in|during|for|at"
    rf"|on|until|till|before|over|from|through|throughout|after)?\s*(?P<nobars>{BARS})"
    rf"|\b(?:complete\s+|total\s+|full\s+)?(?:silence|tacet|nothing(?:\s+(?:plays|sounds|is\s+heard))?"
    rf"|no\s+notes?|a\s+rest|general\s+pause)\s+(?:in|during|for|at|on|over)\s+(?P<all>{BARS})"
    rf"|(?P<pre>{BARS})\s*[,:]?\s+(?:(?:has|have|with|are|is|there\s+(?:is|are)|should\s+have"
    rf"|must\s+have)\s+)*(?:no|without)\s+(?:any\s+)?(?P<who2>{TRACKS})"
    rf"(?=\s*(?:$|[,.;!?)]|(?:and|but|then)\b))"
    rf"|(?P<are>{BARS})\s+(?:is|are|stays?|remains?|should\s+be|must\s+be)\s+(?:completely\s+"
    rf"|left\s+)?(?:silent|empty|tacet|a\s+rest|rests)\b"
)
ONLY_IN = re.compile(
    rf"(?P<who>{TRACKS})\s+(?:(?:plays?|is|are|sounds?|playing|enters?)\s+)?only\s+(?:play\s+|plays\s+"
    rf"|in\s+)?(?:in|during|at|for|from|on)?\s*{BARS}|\b(?:only|solo"
    rf"|just)\s+(?P<w2>{TRACKS})\s+(?:plays?\s+|sounds?\s+)?(?:in|during|for)\s+{BARS}"
)


def silence(clauses: Clauses, match: re.Match[str]) -> Limit | str:
    """ "no drums in bars 1-4", "piano rests in bar 3", "bar 8 is silent"."""
    group = next(g for g in ("bars", "nobars", "all", "pre", "are") if match[g])
    scope = clauses.scopes[match.start(group)]
    who = "who" if match["who"] else "who2"
    tracks = clauses.tracks(*match.span(who)) if match[who] else None
    if group in ("all", "are"):
        tracks = _nearest(clauses, match.end()) or ()
    bars = scope.bars
    lead = re.search(r"\b(drop|sit|lay)s?\s+out\s+(at|from|in|on)|stops?\s+(?:playing\s+)?(at|from)", match[0])
    if (
        lead
        and (lead[2] in ("at", "from") or lead[3])
        and len(bars) == 1
        and bars[0][0] == bars[0][1] > 0
        and scope.kind == ""
    ):
        bars = ((bars[0][0], -1),)
    return Limit(
        "Silence", says="silent", tracks=tracks, bars=bars, section=scope.section, verb=group == "bars", whole=True
    )


def _nearest(clauses: Clauses, end: int) -> tuple[str, ...] | None:
    """Tracks right behind: "silence in bar 8 in the bass"."""
    match = re.compile(rf"\s+(?:in|for|of)\s+(?P<who>{TRACK})").match(clauses.marked, end)
    return clauses.tracks(*match.span("who")) if match else None


def only_in(_: Clauses, __: re.Match[str]) -> str:
    """ "drums only in bars 5-8": where they are silent depends on the length."""
    return "say where they are silent"


READERS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (BRING, enters),
    (NOT_YET, begins),
    (FROM, begins),
    (THEN, begins),
    (ENTERS, enters),
    (SILENCE, silence),
    (ONLY_IN, only_in),
    (DENSITY, density),
    (MONOPHONIC, monophonic),
    (POLYPHONY, polyphony),
    (RHYTHM, rhythm),
    (GRID, grid),
    (LENGTHS, lengths),
    (ONLY, only),
)

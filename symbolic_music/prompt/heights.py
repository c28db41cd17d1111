"""Clauses about pitch: range, leaps, contour, first and last notes, cadences, passing notes."""

from __future__ import annotations

import re

from symbolic_music.prompt.grammar import NOTE, note
from symbolic_music.prompt.limits import Clauses, Limit, Reader
from symbolic_music.prompt.scopes import TRACK, TRACKS
from symbolic_music.prompt.units import INTERVAL, PITCH, VALUE, next_to, pitch_of, semitones, value_of
from symbolic_music.theory.keys import Key
from symbolic_music.theory.pitch import pitch_classes, spell
from symbolic_music.theory.voices import TESSITURAS, voice

#: A negation that belongs to its clause.
NEVER = (
    r"(?:\b(?:should|must|may|can|could|do|does|is|are|will|shall|would|need)\s*(?:not|n't|never)|\bcan't"
    r"|\bcannot|\bwon't"
    r"|\bnever|\bnot|\bno(?:thing)?|\bnor|\bwithout|\bnowhere)"
)
_MOVE = (
    r"(?:stay|keep|remain|lie|sit|go|play|be|hold|sing|move|reach|get|rise|climb|sound|fall|drop|sink|dip"
    r"|descend|extend"
    r"|venture|range|run)(?:s|es|ing)?|is|are|kept|held|goes|going"
)
_MOVES = rf"(?:(?:{_MOVE})\s+(?:(?:strictly|always|anywhere|safely|all|notes?|any|from)\s+)?)"
_UPPER = r"(?:below|under|beneath|underneath|lower\s+than|deeper\s+than)"
_LOWER = r"(?:above|over|beyond|past|higher\s+than)"
_NOTES = r"(?:(?:be|go|any|a|notes?|pitch(?:es)?|tones?|anything|to)\s+)*"
_IS = r"\s+(?:note|pitch|limit|tone)?\s*(?:is|of|:|=|being|at)?\s*"
_AT_MOST = (
    r"(?:up\s+to\s+|at\s+most\s+|at\s+the\s+(?:highest|most)\s+|no(?:t|thing)?\s+(?:any\s+)?higher\s+than\s+|no\s+more\s+than\s+"
    r"|not\s+exceed(?:ing)?\s+|(?:does|do)\s+not\s+exceed\s+|never\s+exceeds?\s+"
    rf"|(?:highest|top|upper|maximum){_IS})"
)
_AT_LEAST = (
    r"(?:at\s+least\s+|at\s+the\s+lowest\s+|no(?:t|thing)?\s+(?:any\s+)?(?:lower|deeper)\s+than\s+"
    rf"|(?:lowest|bottom|lower|minimum){_IS})"
)
_OR_LESS = r"\s+(?:(?:and|or)\s+(?:below|lower|under)\b|at\s+(?:most|the\s+(?:most|highest))\b)"
_OR_MORE = (
    r"\s+(?:(?:and|or)\s+(?:above|higher|up(?:wards?)?|over)\b|up(?:wards?)\b|(?:on\s+)?up\b(?!\s+to\b)"
    r"|at\s+(?:least|the\s+lowest)\b)"
)
_FROM = r"(?:(?:between|within|in|from)\s+(?:the\s+)?(?:(?:range|notes?)\s+(?:of\s+|from\s+)?)?)?"
_TO = r"\s*(?:-|\bto\b|\band\b|\bthrough\b|\bup\s+to\b)\s*"
#: The ends of a range by what they say; a negated one comes before the plain one that it holds.
_ENDS = {
    "not below": rf"{NEVER}\s+{_MOVES}?{_NOTES}{_UPPER}\s+{PITCH}",
    "not above": rf"{NEVER}\s+{_MOVES}?{_NOTES}{_LOWER}\s+{PITCH}",
    "between": rf"{_FROM}{PITCH}{_TO}{PITCH}",
    "most": rf"(?:{_AT_MOST}{PITCH}|{PITCH}{_OR_LESS})",
    "least": rf"(?:{_AT_LEAST}{PITCH}|(?:from\s+)?{PITCH}{_OR_MORE})",
    "below": rf"{_UPPER}\s+{PITCH}",
    "above": rf"(?:above|over|higher\s+than)\s+{PITCH}",
}
_END = "|".join(_ENDS.values())
_RANGE_WORD = r"(?:(?:pitch|vocal|note|tonal|playing)\s+)?(?:range|ambitus|register|compass|tessitura)"
RANGE = re.compile(
    rf"(?:(?:(?:in|within|with|has|have)\s+)?(?:(?:the|an?|its)\s+)?\b{_RANGE_WORD}(?:\s+(?:of|is|from|goes"
    rf"|between|in))*\s*[:=]?\s*"
    rf"|\b{_MOVES})?(?:(?<!\w)(?:{_END}))(?:\s*,?\s*\b(?:and|or|but|nor)\s+{_MOVES}?(?:{_END}))?"
)
RANGE_OF = re.compile(
    rf"\b{_RANGE_WORD}\s+(?:of|for)\s+(?P<who>{TRACKS})\s*(?:is|are|:|=|goes|should\s+be)?\s*(?:from"
    rf"|between)?\s*(?P<low>{PITCH})\s*(?:-|\bto\b|\band\b)\s*(?P<high>{PITCH})"
)
NO_OCTAVE = re.compile(
    rf"(?P<who>{TRACK})\s+(?:{NEVER}\s+)?{_MOVES}(?:{_UPPER}|{_LOWER})\s+(?:an?\s+)?{NOTE}(?!\s*[-\d])"
)
_VOICES = "|".join(
    re.sub("-", r"[\\s-]+", name) for name in (*TESSITURAS, "mezzo-soprano", "contralto") if name != "bass"
)
VOICE = re.compile(
    rf"(?:\b(?:in|within|with|for|to|has|have|fits?|suits?)\s+)?(?:(?:the|an?)\s+)?(?P<voice>\b(?:{_VOICES})|{TRACK})"
    rf"(?P<kind>(?:\s+(?:voice|singer|vocal))*(?:'s)?\s+(?:range|tessitura|register)\b)"
)


def range_(_: Clauses, match: re.Match[str]) -> Limit | str | None:
    """ "stays below C3", "never goes above A5", "between C4 and G5", "range C3 to C5"."""
    if re.search(rf"{NEVER}\s+(?:stay|keep|remain|lie|sit|sound)", match[0]):
        return "what to avoid is not understood here"
    low = high = None
    negated = False
    for part in re.split(rf"(?<=\d)\s*,?\s*\b(?:and|or|but|nor)\s+(?={_MOVES}?(?:{_END}))", match[0]):
        kind = next((name for name, end in _ENDS.items() if re.search(end, part)), "")
        if not kind:
            return "understood in part only"
        found = [pitch_of(p) for p in re.findall(PITCH, part)]
        kind = f"not {kind}" if negated and kind in ("below", "above") else kind
        negated = negated or kind.startswith("not ")
        if kind == "between":
            low, high = found[0], found[1]
        elif kind in ("most", "not above"):
            high = found[0]
        elif kind in ("least", "not below"):
            low = found[0]
        elif kind == "below":
            high = next_to(found[0], -1)
        elif kind == "above":
            low = next_to(found[0], 1)
    return _range(
        low, high, verb=not re.match(rf"(?:(?:in|within|with|the|an?|its)\s+)*{_RANGE_WORD}|no(?:thing)?\b", match[0])
    )


def _range(low: str | None, high: str | None, *, verb: bool = False, tracks: tuple[str, ...] | None = None) -> Limit:
    says = f"{low} to {high}" if low and high else f"not below {low}" if low else f"not above {high}"
    return Limit("Range", named={"low": low, "high": high}, says=says, verb=verb, tracks=tracks)


def range_of(clauses: Clauses, match: re.Match[str]) -> Limit:
    """ "the range of the flute is C4 to C6"."""
    return _range(pitch_of(match["low"]), pitch_of(match["high"]), tracks=clauses.tracks(*match.span("who")))


def no_octave(_: Clauses, __: re.Match[str]) -> str:
    """ "the bass stays below C": but of which octave."""
    return "say the octave, such as C3"


def voice_range(clauses: Clauses, match: re.Match[str]) -> Limit | None:
    """ "for a tenor voice range", "in alto range"."""
    word = match["voice"]
    if word.startswith("\x02"):
        if clauses.tracks(*match.span("voice")) != ("bass",) or not re.search("voice|singer", match["kind"]):
            return None
        word = "bass"
    name = voice(re.sub(r"[\s-]+", "-", word))
    return Limit("Range", named={"voice": name}, says=f"range of a {name}")


_LEAP = r"(?:leaps?|jumps?|skips?|intervals?|steps|moves)"
_WIDER = (
    r"(?:larger|bigger|wider|greater|more|of\s+more|higher|exceeding|over|above|beyond"
    r"|wider\s+or\s+larger)(?:\s+than)?"
)
LEAPS = re.compile(
    rf"(?:{NEVER}\s+(?:(?:any|melodic|single|with)\s+)*(?:has|have|having\s+)?{_LEAP}\s+(?:(?:that"
    rf"|which)\s+(?:is|are)\s+|by\s+)?{_WIDER}\s+(?P<a>{INTERVAL})"
    rf"|{NEVER}\s+(?:leaps?|jumps?|skips?|moves?|go(?:es)?)\s+(?:by\s+)?(?:more|further|farther|wider"
    rf"|larger)\s+than\s+(?:by\s+)?(?P<b>{INTERVAL})"
    rf"|(?:\b(?:largest|biggest|widest|maximum|max)\s+(?:leap|jump|skip|interval)\s*(?:is|of|:"
    rf"|=)?\s*(?P<c>{INTERVAL}))"
    rf"|\b{_LEAP}\s+(?:is|are|stays?|must\s+be|should\s+be|of|limited|restricted|kept"
    rf"|{NEVER})?\s*(?:to\s+)?(?:be\s+)?(?:at\s+most|no\s+(?:larger|bigger|wider|greater|more)\s+than"
    rf"|(?:larger|bigger|wider|greater|more)\s+than|within|up\s+to|limited\s+to|under\s+or\s+equal\s+to"
    rf"|to)\s+(?P<d>{INTERVAL}))"
)
STEPS = re.compile(
    r"\b(?:(?:mov(?:e|es|ing)|go(?:es|ing)?|proceeds?|walks?|runs?)\s+(?:only\s+|mostly\s+"
    r"|always\s+)?(?:stepwise|by\s+steps?(?:\s+only)?|in\s+steps(?:\s+only)?|by\s+step\s+only)\b"
    rf"|(?:in\s+)?(?:only\s+)?(?:stepwise|step-by-step|conjunct)(?:\s+(?P<who>{TRACK})|(?:\s+(?:motion"
    rf"|movement))?(?:\s+only)?\b)|only\s+steps\b)|{NEVER}\s+(?:any\s+)?(?:leaps?"
    rf"|jumps?)\b(?!\s+(?:{_WIDER}|of|by))"
)


def leaps(_: Clauses, match: re.Match[str]) -> Limit | str | None:
    """ "no leaps larger than a fifth"."""
    group = next(g for g in "abcd" if match[g])
    text = match[group]
    if (
        group == "d"
        and not re.search(NEVER, match[0])
        and re.search(r"(?:larger|bigger|wider|greater|more)\s+than", match[0])
    ):
        return None
    width = semitones(text)
    if width is None:
        return "there is no such interval"
    return Limit("Leaps", (width,), says=f"leaps up to {text}", verb=group == "b")


def steps(clauses: Clauses, match: re.Match[str]) -> Limit | str:
    """ "moves by step"."""
    if "mostly" in match[0]:
        return "a limit holds always or not at all"
    return Limit(
        "Leaps",
        (2,),
        says="by step",
        tracks=clauses.tracks(*match.span("who")) if match["who"] else None,
        verb=match[0].startswith(("mov", "go", "proceed", "walk", "run")),
    )


_UP = r"(?:rising|ascending|climbing)"
_DOWN = r"(?:falling|descending|sinking)"
_LINE = r"(?:melodic\s+)?(?:line|contour)s?\b"
CONTOUR = re.compile(
    rf"\b(?:always\s+|only\s+|steadily\s+|constantly\s+)?(?P<adj>{_UP}|{_DOWN})\s+(?P<who>{TRACK}|{_LINE})"
    rf"|(?:(?P<line>\b(?:the\s+)?{_LINE})\s+)?\b(?:(?:always|only|steadily|constantly)\s+)?(?P<verb>rises?"
    rf"|ascends?|climbs?|goes\s+up|moves\s+up|falls?|descends?|sinks?|goes\s+down|moves\s+down)"
    rf"(?:\s+(?:only|steadily|upwards?|downwards?|throughout|all\s+the\s+way))*(?=\s*(?:$|[,.;!?]|\x03"
    rf"|(?:in|from|over|during|through|throughout|and|for)\b))(?!\s+(?:from|for|over|and)\s+(?!the\b|\x03"
    rf"|bars?))"
)


def contour(clauses: Clauses, match: re.Match[str]) -> Limit | None:
    """ "a rising melody", "the line falls"."""
    word = match["adj"] or match["verb"]
    shape = "rising" if re.match(r"ris|asc|cli|goes\s+up|moves\s+up", word) else "falling"
    tracks = None
    if match["who"] and match["who"].startswith("\x02"):
        tracks = clauses.tracks(*match.span("who"))
    return Limit("Contour", (shape,), says=shape, tracks=tracks, verb=not (match["line"] or match["who"]))


_FIRST = r"(?:start|begin|open)(?:s|ing|ning)?"
_LAST = r"(?:end|close|finish|conclude|resolve|land)(?:s|es|ing)?|closing"
_TONIC = (
    r"(?:tonic|root|keynote|key\s+note|home\s+note|first\s+(?:scale\s+)?degree|scale\s+degree\s+(?:1"
    r"|one))\b(?:\s+(?:note|of\s+the\s+key|of\s+the\s+scale))?(?!\s+(?:chord|triad))"
)
_ONE = (
    rf"{NOTE}(?!\s*(?:[-\d]|chord|triad|maj|min|m\b|key|section|part|flat|sharp|seventh|dorian|blues|string"
    rf"|pedal))"
)
_ANY = rf"{_ONE}(?:\s*(?:,|/|\bor\b|\band\b)\s*{_ONE})*"
EDGE = re.compile(
    rf"\b(?:(?:(?P<both>(?:{_FIRST})\s+and\s+(?:{_LAST})|(?:{_LAST})\s+and\s+(?:{_FIRST}))"
    rf"|(?P<first>{_FIRST})|(?P<last>{_LAST}))\s+(?:on|in|with|to|at)\s+"
    rf"(?:(?:the\s+)?note\s+|the\s+|an?\s+(?!$|[\s,.;]))?(?P<note>{_TONIC}|{_ANY})"
    rf"|(?P<edge>first|opening|last|final|closing|ending)\s+(?:note|pitch|tone)s?\s*(?:is|are|=|:"
    rf"|should\s+be|must\s+be|being|on|to\s+be)\s*(?:the\s+|an?\s+(?!$|[\s,.;]))?(?P<is>{_TONIC}|{_ANY}))"
)


def edge(clauses: Clauses, match: re.Match[str]) -> Limit | list[Limit] | None:
    """ "ends on the tonic", "starts on E", "the last note is A"."""
    group = "note" if match["note"] else "is"
    first = bool(match["first"] or match["both"] or match["edge"] in ("first", "opening"))
    last = bool(match["last"] or match["both"] or match["edge"] in ("last", "final", "closing", "ending"))
    rules = [name for name, asked in (("Opens", first), ("Closes", last)) if asked]
    verb = group == "note"
    text = match[group]
    if re.match(_TONIC, text):
        return [_tonic(rule, verb) for rule in rules]
    if re.search(r"\bin\s+(?:the\s+)?$", match[0][: match.start(group) - match.start()]):
        return None  # "ends in C": a key
    page, at = clauses.page, match.start(group)
    if text == "a" and re.match(
        r"\s+(?!(?:and|in|at|with|for|or|over|on|then|but)\b)[a-z\x02\x03]", page.plain[match.end(group) :]
    ):
        return None
    notes = spell(pitch_classes([note(m[0]) for m in re.compile(NOTE).finditer(page.plain, at, match.end(group))]))
    says = {"Opens": "first", "Closes": "last"}
    return [Limit(rule, (notes,), says=f"{says[rule]} note {notes}", verb=verb) for rule in rules]


def _tonic(rule: str, verb: bool) -> Limit:
    def late(home: Key | None) -> Limit | str:
        if home is None:
            return "the tonic of which key?"
        notes = spell({home.root})
        says = f"{'first' if rule == 'Opens' else 'last'} note {notes}"
        return Limit(rule, (notes,), says=says, tracks=("melody", "bass"))

    return Limit(rule, late=late, verb=verb)


_KINDS = {
    "perfect": "authentic", "authentic": "authentic", "full": "authentic", "closed": "authentic", "plagal": "plagal",
    "amen": "plagal", "deceptive": "deceptive", "interrupted": "deceptive", "false": "deceptive", "half": "half",
    "semi": "half", "v-i": "authentic", "iv-i": "plagal", "v7-i": "authentic", "v-vi": "deceptive",
}  # fmt: skip
CADENCE = re.compile(
    rf"(?:\b(?:{_LAST})\s+(?:on|with|in|by)\s+)?(?:\b(?:an?|the|one|final|last|closing|concluding|strong|clear)\s+)*"
    rf"\b(?:(?P<perfect>perfect|full)[\s-]+)?(?:(?P<kind>{'|'.join(_KINDS)}"
    rf"|imperfect)[\s-]+)?(?:authentic[\s-]+)?cadence\b(?:\s+at\s+the\s+(?:very\s+)?end)?"
)


def cadence(_: Clauses, match: re.Match[str]) -> Limit | str:
    """ "ends with a plagal cadence"."""
    kind = match["kind"]
    if kind is None and not match["perfect"]:
        return "which cadence: authentic, plagal, deceptive or half?"
    if kind == "imperfect":
        return "authentic, plagal, deceptive or half?"
    name = _KINDS.get(kind or "perfect", "authentic")

    def late(home: Key | None) -> Limit | str:
        if home is None:
            return "a cadence in which key?"
        kind = None if name == "authentic" else name
        return Limit("Cadence", (str(home),), {"kind": kind}, f"{name} cadence in {home} at the end")

    return Limit("Cadence", late=late)


PASSING = re.compile(
    rf"\b(?:(?:chromatic|foreign|outside)\s+(?:passing\s+|neighbou?r(?:ing)?\s+)?|(?:passing|non-diatonic"
    rf"|out-of-key)\s+)(?:notes?|tones?)(?:\s+(?:outside|not\s+in)\s+the\s+key)?"
    rf"(?:\s+(?:are|is|be|may|can|only|if|when|allowed|that|which|have|to|must|should|they))*\s+(?:shorter"
    rf"|faster|less|briefer)\s+than\s+(?:an?\s+)?(?P<value>{VALUE})"
)


def passing(_: Clauses, match: re.Match[str]) -> Limit:
    """ "chromatic passing notes shorter than an eighth"."""
    value = value_of(match["value"])

    def late(home: Key | None) -> Limit | str:
        if home is None:
            return "outside which key?"
        return Limit("InKey", (str(home),), {"passing": value}, f"key {home}, passing notes below {value}")

    return Limit("InKey", late=late)


READERS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (RANGE_OF, range_of),
    (VOICE, voice_range),
    (RANGE, range_),
    (NO_OCTAVE, no_octave),
    (LEAPS, leaps),
    (STEPS, steps),
    (CONTOUR, contour),
    (CADENCE, cadence),
    (EDGE, edge),
    (PASSING, passing),
)

"""The small pieces all recognisers share: folded text, number words, note names."""

from __future__ import annotations

import re
from functools import cache

from symbolic_music.errors import BriefError
from symbolic_music.theory.keys import scales

#: What stands where words were read: of an instrument, and of anything else. No pattern matches across either.
PLAYED, READ = "\x01", "\x00"

#: Hyphens, dashes, the minus sign, apostrophes and accidentals, each as its ASCII sign.
_SAME = str.maketrans(
    "\u2010\u2011\u2012\u2013\u2014\u2212\u2019\u2018\u00b4`\u266f\u266d\uff03",
    "------''''#b#",
)
_ONES = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def fold(text: str) -> str:
    """`text` in lower case with plain signs, every character in its place.

    >>> fold("In F♯")
    'in f#'
    """
    chars = (c.lower() if len(c.lower()) == 1 else c for c in text.translate(_SAME))
    return "".join(" " if c.isspace() or not c.isprintable() else c for c in chars)


def _alternatives(words: list[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_UNDER_HUNDRED = rf"(?:(?:{_alternatives(_TENS)})(?:[\s-]+(?:{_alternatives(_ONES[1:10])}))?|{_alternatives(_ONES)})\b"
#: A number in words, up to 199.
WORDS = rf"\b(?:(?:a|one)[\s-]+hundred\b(?:(?:[\s-]+and)?[\s-]+{_UNDER_HUNDRED})?|{_UNDER_HUNDRED})"
#: A number in digits, with its sign.
DIGITS = (
    r"(?:(?<![\w.,)-])-)?(?<![\w.])"
    r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:\.[0-9]+|,[0-9]{1,2}(?![0-9]))?)(?![0-9]|[.,][0-9])"
)
NUMBER = rf"(?:{DIGITS}|{WORDS})"


def number(text: str) -> float | int:
    """The number that a match of `NUMBER` stands for.

    >>> number("93,4"), number("thirty-two"), number("a hundred and twenty"), number("16")
    (93.4, 32, 120, 16)
    """
    if re.match(r"-?[0-9]", text):
        value = float(re.sub(r",(?=[0-9]{3})", "", text).replace(",", "."))
        if value > 1e9:
            raise BriefError(f"{text[:12]}... is not a number music knows", hint="120 bpm, 16 bars")
        return int(value) if value.is_integer() else value
    total = 0
    for word in re.findall(r"[a-z]+", text):
        if word == "hundred":
            total = 100
        elif word in _TENS:
            total += 20 + 10 * _TENS.index(word)
        elif word in _ONES:
            total += _ONES.index(word)
    return total


_NOT = r"(?:do(?:es)?\s+)?not|never|cannot|(?:do|does|is|are|should|must|ca|can|could|would|wo)n'?t"
#: Verbs that leave out all that their clause names.
AVOID = (
    r"avoid(?:s|ing)?|exclud(?:e|es|ing)|omit(?:s|ting)?|skip(?:s|ping)?|remov(?:e|es|ing)"
    r"|(?:leav|tak)(?:e|es|ing)\s+out"
)
_BUT = r"but(?!\s+(?:in|with|at|for|use|using|not|no)\b)|except(?:\s+for)?|other\s+than|(?:apart|aside)\s+from|besides"
_THING = r"(?:\s+other)?(?:\s+(?:instrument|key|scale|note|tone|sound|part|genre|style)s?)?"
#: What may stand between a negation and what it is about.
PASSED = (
    r"(?:(?:an?|the|some|any|it|this|that|to|be|is|in|on|for|of|from|with|too|so|overly|us(?:e[sd]?|ing)|ha(?:ve|s|ving)"
    r"|want|need|like|includ(?:e|es|ing)|contain(?:s|ing)?|add(?:ing)?|play(?:ed|ing)?|writ(?:e|ten)|mak(?:e|ing)|go(?:ing)?"
    r"|put|set|key|scale|mode|notes?|instruments?)\s+)*"
)
#: A negation as the group `no`; as `double` what only looks like one: "why not", "not without", "no instrument but".
NEGATION = (
    rf"(?<![\w'-])(?:(?P<double>why\s+(?:{_NOT})|(?:{_NOT})\s+{PASSED}(?:without|leav(?:e|ing)|{AVOID})"
    rf"|no(?:thing|ne)?{_THING}\s+(?:{_BUT}|than))"
    rf"|(?P<no>without|with\s+no|no|nor|{_NOT}|minus|sans|instead\s+of|rather\s+than|{AVOID}"
    rf"|(?:any|every|all)(?:thing)?(?:\s+the)?{_THING}(?:\s+else)?\s+(?:{_BUT}|than)"
    rf"|except(?:\s+for)?|other\s+than|(?:apart|aside)\s+from))\s+{PASSED}"
)

_ACCIDENTAL = r"(?:[\s-]*(?:sharp|flat)s?(?![a-z])|##|#|bb(?![\w#])|b(?![\w#]))?"
#: A letter with its accidental; h to z too, so that the reader can say that they are none.
NOTE = rf"(?<![\w#'])[a-z]{_ACCIDENTAL}(?![\w#'])"
TONIC = r"(?<![\w#'])[a-z](?:[\s-]*(?:sharp|flat)(?![a-z])|#|b(?![\w#]))?"


def note(text: str) -> str:
    """The usual spelling of a match of `NOTE`.

    >>> note("c sharp"), note("bb"), note("e-flat"), note("g")
    ('C#', 'Bb', 'Eb', 'G')
    """
    rest = text[1:].strip(" -")
    accidental = "#" if rest.startswith("sharp") else "b" if rest.startswith("flat") else rest
    return text[0].upper() + accidental


@cache
def mode_pattern() -> str:
    """Every name of a mode or scale, the longest first.

    >>> bool(re.fullmatch(mode_pattern(), "phrygian  dominant"))
    True
    """
    names = {*scales(), "maj", "min", "moll", "dur"} - {"blues scale"}
    return "|".join(re.sub(r"[ -]+", r"[\\s-]+", name) for name in sorted(names, key=len, reverse=True))

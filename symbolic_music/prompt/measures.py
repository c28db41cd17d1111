"""Recognisers of numbers: tempo, length and meter."""

from __future__ import annotations

import re

from symbolic_music.prompt.grammar import NUMBER, WORDS, number
from symbolic_music.prompt.page import Page
from symbolic_music.theory.meters import meter

_ABOUT = r"(?:(?:about|around|approximately|exactly|roughly|circa|ca\.?|c\.|~)\s*)?"
_NO_TEMPO = (
    r"(?![\w:/%]"
    r"|[\s-]*(?:bars?|measures?|min|second|sec|hour|notes?|hz|khz|voices?|parts?|players?|percent|db|years?|/))"
)
TEMPO = re.compile(
    rf"(?P<a>{NUMBER})[\s-]*(?:bpm\b|b\.p\.m\.?|beats?(?:\s*/\s*|\s+(?:per|a|the)\s+)min(?:ute)?\b"
    rf"|quarter[\s-]+notes?\s+(?:per|a)\s+minute\b)"
    rf"|(?P<dot>\bdotted[\s-]+)?(?<!\w)(?P<beat>half|minim|quarter|crotchet|q|eighth|quaver|[\u2669\u2a9d]|\U0001d15f)"
    rf"(?P<dotted>\.)?(?:[\s-]*notes?)?\s*=\s*{_ABOUT}(?P<b>{NUMBER})"
    rf"|\b(?:bpm|tempo|speed|m\.?\s?m\.?)\s*(?:of|is|at|to|=|:)?\s*=?\s*{_ABOUT}(?P<c>{NUMBER}){_NO_TEMPO}"
    rf"|(?:\bat|@)\s*{_ABOUT}(?P<d>{NUMBER}){_NO_TEMPO}"
)
_QUARTERS = {"half": 2.0, "minim": 2.0, "eighth": 0.5, "quaver": 0.5}


def tempo(page: Page, match: re.Match[str]) -> int:
    """ "132 bpm", "tempo 93.4", "q = 96", "at 132"."""
    value = number(next(filter(None, match.group("a", "b", "c", "d"))))
    factor = _QUARTERS.get(match["beat"] or "", 1.0) * (1.5 if match["dot"] or match["dotted"] else 1.0)
    if factor != 1:
        value *= factor
    page.put("tempo", value, match.start(), match.end(), f"tempo {value:g}")
    return match.end()


_CLOCK = r"(?<![\w:/])[0-9]{1,2}:[0-5][0-9](?![0-9:])"
_SPANNED = (
    r"bpm\b|beats?\s+(?:per|a)\s+minute\b",
    r"(?:bar|measure)s?\b",
    r"(?:hour|minute|min|second|sec)s?\b|s\b",
)


def _span(first: str, last: str) -> str:
    """Two numbers with what makes a span of them between."""
    first = f"(?>{first})"
    to = r"(?:\s*-\s*|\s+(?:to|or|till|until)\s+)"
    return rf"(?:\bbetween\s+{first}\s+and\s+{last}|(?:\bfrom\s+)?(?<![\w:/.]){first}{to}{last})"


SPAN = re.compile(
    "|".join(_span(rf"{NUMBER}(?:[\s-]*(?:{unit}))?", rf"{NUMBER}[\s-]*(?:{unit})") for unit in _SPANNED)
    + rf"|{_span(_CLOCK, _CLOCK)}"
    rf"|(?:\b(?:bpm|tempo|speed)\s*(?:of|is)?\s*[=:]?|\b(?:bars|measures)\s*:|\bat|[=@])\s*{_ABOUT}"
    rf"{_span(NUMBER, NUMBER)}{_NO_TEMPO}(?!\s*bpm)"
)
_DASHED = re.compile(rf"(?P<low>{NUMBER})\s+-\s+(?P<high>{NUMBER})")


def span(page: Page, match: re.Match[str]) -> int | None:
    """ "120-130 bpm", "between one and two minutes": no number is picked; "tempo 120 - 8 bars" are two wishes."""
    dashed = _DASHED.search(match[0])
    if dashed and number(dashed["low"]) >= number(dashed["high"]):
        return None
    page.refuse(match.start(), match.end(), "say one number")
    return match.end()


_NO_LENGTH = r"intro|outro|phrase|verse|chorus|bridge|break|solo|fill|turnaround|ending|section|pattern|blues|form"
BARS = re.compile(
    rf"(?P<n>{NUMBER})[\s-]*(?:bars?|measures?)\b(?![\s-]*(?:{_NO_LENGTH}))|\b(?:bars|measures)\s*[:=]\s*(?P<m>{NUMBER})"
)
BLUES_FORM = re.compile(rf"(?P<n>{NUMBER})[\s-]*bars?(?=(?P<form>[\s-]+(?:blues|form))\b)")


def bars(page: Page, match: re.Match[str]) -> int:
    """ "16 bars", "a sixteen-bar loop"; a "12-bar blues" lasts 12 bars unless a length is named."""
    value = number(next(filter(None, match.groups())))
    page.put("bars", value, match.start(), match.end(), f"{value:g} bars")
    return match.end()


def blues_form(page: Page, match: re.Match[str]) -> int:
    """The "12-bar" of a blues, read once any other length is known."""
    negated = page.negation("bars", match.start())
    if negated is not None:
        page.avoid("bars", negated, match.end("form"))
        return match.end("form")
    if "seconds" in page.fields:
        page.refuse(match.start(), match.end(), "one length a piece")
        return match.end()
    return bars(page, match)


LOOP = re.compile(r"(?:\bseamless(?:ly)?[\s-]+)?\bloop(?:s|ed|ing|able)?\b")


def loop(page: Page, match: re.Match[str]) -> int:
    """ "a seamless loop", "looping": a piece without an ending."""
    page.put("loop", True, match.start(), match.end(), "goes round, without an ending")
    return match.end()


_UNITS = {"h": 3600, "m": 60, "s": 1}
SECONDS = re.compile(
    rf"(?<![\w:/])(?P<clock>[0-9]{{1,2}}):(?P<sec>[0-5][0-9])(?![0-9:])(?:[\s-]*(?:minutes?|min)\b)?"
    rf"|\b(?:a\s+)?(?P<half>half)[\s-]+(?:an?[\s-]+)?(?P<of>minute|hour)\b"
    rf"|(?P<n>{NUMBER}|\ban?(?=\s+(?:min|hour)))(?P<h1>\s+and\s+a\s+half)?[\s-]*(?P<unit>minutes?|mins?|hours?|seconds?|secs?)"
    rf"\b\.?(?P<h2>\s+and\s+a\s+half)?(?:\s*(?:,|and)?\s*(?P<rest>{NUMBER})[\s-]*(?:seconds?|secs?|s)\b)?"
    rf"|(?<![\w.])(?P<min>[0-9]+)m(?:in)?\s*(?P<left>[0-9]+)s(?:ec)?\b"
    rf"|(?<![\w.'])(?!(?:606|707|808|909)s)(?P<short>[0-9]+)s\b"
)


def seconds(page: Page, match: re.Match[str]) -> int | None:
    """ "1:30", "90 seconds", "1 min 30 sec", "half a minute", "a minute and a half", "30s" (but not "the 80s")."""
    got = match.groupdict()
    if got["clock"]:
        value: float = 60 * int(got["clock"]) + int(got["sec"])
    elif got["half"]:
        value = _UNITS[got["of"][0]] / 2
    elif got["min"]:
        value = 60 * number(got["min"]) + number(got["left"])
    elif got["short"]:
        value = number(got["short"])
        alone = re.match(r"\s*(?:$|[,.;!?)]|long|in|at|with|for|of|and)", page.plain[match.end() :])
        if re.search(r"\bthe\s+$", page.plain[: match.start()]) or (value in (60, 70, 80, 90) and not alone):
            return None
    else:
        count = 1 if got["n"] in ("a", "an") else number(got["n"])
        count += 0.5 if got["h1"] or got["h2"] else 0
        value = count * _UNITS[got["unit"][0]] + (number(got["rest"]) if got["rest"] else 0)
    page.put("seconds", value, match.start(), match.end(), f"{value:g} seconds")
    return match.end()


_TIMES = {
    "waltz time": "3/4", "triple time": "3/4", "triple meter": "3/4", "common time": "4/4", "cut time": "4/4",
    "cut common time": "4/4", "alla breve": "4/4", "duple time": "2/4", "duple meter": "2/4", "march time": "2/4",
}  # fmt: skip
_COUNTED = {6: "6/8", 9: "9/8", 12: "12/8"}
_UNIT_WORDS = {"two": 2, "four": 4, "eight": 8, "sixteen": 16}
METER = re.compile(
    r"(?<![\w/.])(?P<beats>[0-9]{1,2})\s*/\s*(?P<unit>1|2|4|8|16|32)(?![\w/])(?:[\s-]+(?:time|meter|metre)\b)?"
    rf"|\b(?P<time>{'|'.join(t.replace(' ', '[ -]+') for t in _TIMES)})\b"
    rf"|(?P<in>\bin\s+)?(?P<w>{WORDS})[\s-]+(?P<u>{'|'.join(_UNIT_WORDS)})\b(?P<t>[\s-]+(?:time|meter|metre)\b)?"
    rf"|\bin\s+(?P<n>[0-9]{{1,2}}|{WORDS})(?=\s*(?:$|[,.;:!?)]|time\b|feel\b|(?:and|with|at|for|that|using|only)\b))"
)


def meters(page: Page, match: re.Match[str]) -> int | None:
    """ "in 6/8", "waltz time", "in five-four", "in 5" (in 6, 9 and 12 eighths are counted, else quarters)."""
    if match["beats"]:
        name = f"{match['beats']}/{match['unit']}"
    elif match["time"]:
        name = _TIMES[re.sub("[ -]+", " ", match["time"])]
    elif match["w"]:
        if not (match["in"] or match["t"]):
            return None
        name = f"{number(match['w'])}/{_UNIT_WORDS[match['u']]}"
    else:
        name = _COUNTED.get(int(number(match["n"])), f"{int(number(match['n']))}/4")
    found = meter(name)
    page.put("meter", found, match.start(), match.end(), f"meter {found}")
    return match.end()

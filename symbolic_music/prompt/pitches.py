"""Recognisers of pitch: the notes a piece may use, its key and its scale."""

from __future__ import annotations

import difflib
import re

from symbolic_music.errors import BriefError
from symbolic_music.prompt.grammar import NOTE, NUMBER, TONIC, mode_pattern, note
from symbolic_music.prompt.page import Page
from symbolic_music.prompt.vocabulary import squash, stop_words, vocabulary
from symbolic_music.theory.keys import Key, Scale, scale, scales
from symbolic_music.theory.pitch import pitch_class, spell

_NOTES = r"notes?|tones?|pitch(?:es)?|pitch[\s-]+class(?:es)?"
_STRONG = (
    r"only|just|solely|exclusively|purely|nothing\s+(?:but|except|other\s+than)|(?:restricted|limited|confined)(?:\s+only)?"
    rf"\s+to|no\s+(?:other\s+)?(?:{_NOTES})\s+(?:other\s+than|but|except(?:\s+for)?|besides|outside(?:\s+of)?|than)"
)
_FILL = (
    r"(?:\s*[:=]|\s+(?:uses?|using|used|contains?|containing|has|have|having|with|from|of|out|allow(?:ed|s)?|plays?|playing"
    rf"|consists?|consisting|the|these|those|set|following|{NUMBER}(?=\s+(?:{_NOTES})\b)|{_NOTES})\b)*\s*[:=]?\s*"
)
_BETWEEN = r"(?:\s*(?:,\s*(?:and|or)\b|[,;/&+]|-|\b(?:and|or|plus)\b)\s*|\s+)"
_LIST = rf"{NOTE}(?:{_BETWEEN}{NOTE})*"
_ELSE = r"only|alone|exclusively|(?:and\s+)?(?:nothing\s+(?:else|more)|no\s+others?(?:\s+notes?)?)"
ONLY = re.compile(
    rf"\b(?:(?P<strong>{_STRONG})|(?P<weak>uses?|using|with|from|{_NOTES}))(?P<fill>{_FILL})(?P<list>{_LIST})"
    rf"(?:\s*,?\s*(?:{_ELSE})\b)?|(?P<bare>{_LIST})\s*,?\s*(?:{_ELSE})\b"
)
_NOTE = re.compile(NOTE)
_GOES_ON = re.compile(
    r"\s+(?!(?:in|at|with|and|for|on|only|alone|but|or|by|over|as|please|nothing|no|exclusively)\b)[\w(]"
)


def only(page: Page, match: re.Match[str]) -> int | None:
    """ "only uses A, B, C#", "notes: C D E", "no notes other than c e g"; an article is no note."""
    group = "bare" if match["bare"] else "list"
    of_notes = bool(re.search(_NOTES, page.plain[match.start() : match.start(group)]))
    stated = bool(of_notes or match["strong"] or match["bare"])
    items = []
    for item in _NOTE.finditer(page.plain, match.start(group), match.end(group)):
        if item[0][0] == "i" or (item[0][0] > "g" and not (of_notes or (stated and item[0][0] == "h"))):
            break
        items.append(item)
    while items and _is_other(page, items, of_notes):
        items.pop()
    if not items:
        return None
    if not stated and (len(items) < 2 or _GOES_ON.match(page.plain, items[-1].end())):
        return None
    classes = frozenset(pitch_class(note(item[0])) for item in items)
    end = match.end() if items[-1].end() == match.end(group) else items[-1].end()
    page.put("only", classes, match.start(), end, f"only {spell(classes)}")
    return end


def _is_other(page: Page, items: list[re.Match[str]], of_notes: bool) -> bool:
    """Whether the last letter of a list is an article, a tonic or part of a word."""
    last, after = items[-1], page.plain[items[-1].end() :]
    if re.match(rf"[\s-]*(?:{mode_pattern()}|chords?|m)\b|-\w", after):
        return True
    small = page.text[last.start()] == "a" or page.text.isupper() or (len(items) == 1 and not of_notes)
    return last[0] == "a" and small and bool(_GOES_ON.match(after))


NO_NOTES = re.compile(rf"\b(?:{_STRONG}){_FILL}(?<=[a-z:=])\s*(?=$|[.,;!?)])")


def no_notes(page: Page, match: re.Match[str]) -> None:
    """ "only uses notes" and none named."""
    if re.search(rf"\b(?:{_NOTES})\s*[:=]?\s*$", match[0]):
        raise BriefError(f"{page.words(*match.span())!r} names no note", hint="name at least one, such as 'only A C E'")


KEYBOARD = re.compile(
    r"\b(?:only\s+|just\s+)?(?:the\s+)?(?P<colour>white|black)\s+(?:piano\s+)?(?:keys|notes)(?:\s+only)?\b"
)


def keyboard(page: Page, match: re.Match[str]) -> int:
    """ "only the black keys"."""
    black = {1, 3, 6, 8, 10}
    classes = frozenset(black if match["colour"] == "black" else set(range(12)) - black)
    page.put("only", classes, match.start(), match.end(), f"only {spell(classes)}")
    return match.end()


KEY = re.compile(
    r"(?P<lead>\b(?:in\s+(?:the\s+)?(?:key\s+of\s+)?|(?:the\s+)?(?:key|tonality|scale|mode)\s*(?:of|is|:|=)?\s*(?:the\s+)?))?"
    rf"(?P<tonic>{TONIC})(?:[\s-]*(?P<mode>{mode_pattern()})(?!\w)(?P<tail>\s+(?:scale|key|mode)\b)?|(?P<m>m)(?!\w)|(?![\w#'\x00]|-\w))"
)
_SHORT = {"maj": "major", "dur": "major", "min": "minor", "moll": "minor"}
#: After the article these are more often adjectives: "A blues piece".
_ADJECTIVES = re.compile(r"(?:major |minor )?(?:blues|pentatonic)|chromatic|spanish|diminished|whole[ -]tone")


def key_or_scale(page: Page, match: re.Match[str]) -> int | None:
    """ "in D minor", "key of F#", "Am", "E blues scale"; "in A", but never the article."""
    lead, start, end = match["lead"] or "", match.start(), match.end()
    mode = re.sub(r"[\s-]+", " ", match["mode"] or "")
    mode = _SHORT.get(mode, mode)
    letter, here = match["tonic"][0], match.start("tonic")
    if letter > "g":
        if (mode and (lead or letter == "h")) or (lead and letter == "h") or re.search(r"key\s*(?:of|:|=)", lead):
            pitch_class(note(match["tonic"]))
        return None
    if not _is_tonic(page, match, mode, lead):
        return None
    if not mode and not match["m"]:
        _check_mode(page, match)
    tonic, mode = note(match["tonic"]), "minor" if match["m"] else mode or "major"
    if mode in ("major", "minor") and "scale" not in (match["tail"] or "") + lead:
        page.put("key", Key(tonic, mode), start, end, f"key {tonic} {mode}")
    else:
        page.put("scale", Scale(tonic, mode), start, end, f"scale {tonic} {mode}")
    return end if end > here else None


def _is_tonic(page: Page, match: re.Match[str], mode: str, lead: str) -> bool:
    here, after = match.start("tonic"), page.plain[match.end() :]
    article = match["tonic"] == "a" and page.is_article(here)
    if match["m"]:
        shown = page.text[here].isupper() and match["m"] == page.text[match.start("m")]
        return bool(lead) or (shown and (here > 0 or page.stands_alone(*match.span())))
    if mode and lead:
        return not (article and re.match(r"\s+(?:key|mode|mood|way)\b", match["tail"] or after))
    if mode and article:
        written = page.text[here] == "A" and not page.text.isupper() and not _ADJECTIVES.fullmatch(mode)
        return written or page.stands_alone(here, match.end())
    if mode:
        return True
    if not lead or re.match(r"\s+clef\b", after):
        return False
    return not article or not re.match(r"\s+\w", after)


def _check_mode(page: Page, match: re.Match[str]) -> None:
    """A misspelt mode after a tonic is an error, not C major with an odd word behind it."""
    word = re.match(r"\s+([a-z]{3,})", page.plain[match.end() :])
    if word is None or squash(word[1]) in vocabulary() or word[1] in stop_words():
        return
    known = [*scales(), "major", "minor"]
    if difflib.get_close_matches(word[1], known, cutoff=0.75):
        scale(f"{note(match['tonic'])} {word[1]}")


ODD_SCALE = re.compile(rf"(?P<tonic>{TONIC})\s+(?P<name>[a-z-]+(?:\s+[a-z-]+)?)\s+scale\b")


def odd_scale(page: Page, match: re.Match[str]) -> None:
    """ "D foo scale": a scale that is not in the table."""
    words = match["name"].replace("-", " ").split()
    known = " ".join(words) in scales() or match["name"] in (*scales(), *_SHORT)
    if not known and match["tonic"][0] <= "h" and not page.is_article(match.start()) and not stop_words() & set(words):
        scale(f"{note(match['tonic'])} {match['name']}")


ODD_KEY = re.compile(r"\bkey\s*(?:of|:|=)\s*(?!(?:the|this|that|my|your)\b)(?P<name>[\w#]+)")


def odd_key(page: Page, match: re.Match[str]) -> None:
    """ "key of love"."""
    raise BriefError(f"unknown key {page.words(*match.span('name'))!r}", hint="A to G with # or b, major or minor")

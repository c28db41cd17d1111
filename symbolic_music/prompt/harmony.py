"""Clauses about chords: progressions by letter, Roman numeral or Nashville number."""

from __future__ import annotations

import re

from symbolic_music.errors import BriefError
from symbolic_music.prompt.grammar import TONIC, mode_pattern, note
from symbolic_music.prompt.limits import Clauses, Limit, Reader
from symbolic_music.theory.keys import Key
from symbolic_music.theory.pitch import plain
from symbolic_music.theory.progressions import Progression, chord, progression

_NAME = (
    r"(?:chords?(?:\s+(?:progression|changes|sequence|loop))?|(?:harmonic\s+)?progression|(?:chord\s+)?changes"
    r"|harmon(?:y|ies))"
)
LEAD = re.compile(
    rf"\b(?:(?:(?:over|on|with|using|to|follows?|following|uses?|repeat(?:s|ing)?)\s+)?(?:(?:an?|the|these"
    rf"|this)\s+)?(?P<name>{_NAME})"
    r"(?:\s+(?:of|are|is|goes?|like|being|such\s+as|should\s+be|must\s+be))?|over(?:\s+(?:an?"
    r"|the)\b)?)\s*[:=]?\s*[\"'(]*"
)
_NUMERAL = r"[b#]?(?:vii|iii|vi|iv|ii|v|i)(?![a-ln-z])[\w°+/]*"
#: Progressions that need no word before them: numerals joined by dashes.
SPACED = re.compile(rf"(?<![\w/'-]){_NUMERAL}(?:\s+{_NUMERAL}){{2,}}(?![\w'])")
BARE = re.compile(rf"(?<![\w/-]){_NUMERAL}(?:\s?-\s?{_NUMERAL})+(?![\w-])")
_LETTER = r"[a-g](?:#|b)?(?:maj|min|dim|sus|aug|m)?[0-9]{0,2}(?:/[a-g][#b]?)?"
BARE_LETTERS = re.compile(
    rf"(?<![\w'#/-])(?<!\bin )(?<!\bonly )(?<!\bnotes ){_LETTER}(?:(?:\s?-\s?|\s*[,|]\s*"
    rf"|\s+){_LETTER}){{2,31}}(?![\w#'])"
)
BARE_NUMBERS = re.compile(
    r"(?<![\w./:-])[b#]?[1-7](?:maj7|m7|m|7)?(?:[\s-]+[b#]?[1-7](?:maj7|m7|m"
    r"|7)?){2,}(?=\s+in\s+(?:the\s+key\s+of\s+)?[a-g](?:#|b)?\b)"
)
_CAPITALS = re.compile(rf"{_LETTER}(?:(?:\s?-\s?|\s*[,|]\s*|\s+){_LETTER})+(?![\w#'])")
_TAIL = re.compile(rf"[\"')]*\s+(?:{_NAME}|turnaround|loop|vamp)\b")
_TOKEN = re.compile(
    r"(?P<sep>\s*(?:\|+|->|[,–—→&+-]|\band\b(?=\s*[A-GIViv1-7#b]))?\s*)"
    r"(?P<chord>(?:[A-G](?:#|b)?\s+(?:[Mm]ajor|[Mm]inor|[Mm]aj|[Mm]in)\b)|[^\s,;|–—→\"?!]+|%)"
)
#: What looks like a chord, understood or not.
_LIKE = re.compile(
    r"[A-H](?:##?|bb?)?(?:(?:maj|min|dim|aug|sus|add|alt|m|M|o|ø|°|\+|-)?[0-9(/#+].*)?(?:m|min|maj|dim|aug|sus|°|ø)?"
)
_MORE = re.compile(r"\s+(?!(?:in|at|with|and|for|on|then|throughout|over|as|please|but|the|or)\b)[a-z]")
_IN_KEY = re.compile(
    rf"\s*,?\s+in\s+(?:the\s+key\s+of\s+)?(?P<tonic>{TONIC})(?:\s*(?P<m>m)\b"
    rf"|[\s-]*(?P<mode>{mode_pattern()})\b)?(?![\w#])"
)
_HOME = "C major"


def _kind(text: str) -> str:
    return (
        "number" if re.match(r"[b#]?[1-7]", text) else "letter" if re.match(r"[A-H]|[Nn]\.?[Cc]", text) else "numeral"
    )


def _is_chord(text: str) -> bool:
    try:
        chord(text, _HOME)
    except BriefError:
        return False
    return True


def _word(text: str) -> str:
    """A chord as it is written: "A minor" is Am."""
    return re.sub(r"(?i)\s+(maj|min)(or)?$", lambda m: "m" if m[1].lower() == "min" else "", plain(text))


def _run(text: str, at: int) -> tuple[list[str], int, str]:
    """The words of a progression from a place on, where it ends, and what stands there that only looks like a chord."""
    words: list[str] = []
    kind, end = "", at
    while match := _TOKEN.match(text, at):
        sep, word = match["sep"].strip(), match["chord"]
        bare = word if re.fullmatch(r"[./]|[Nn]\.[Cc]\.", word) else word.rstrip(".):;")
        parts = (
            [bare]
            if bare in ("/", "%", ".") or _is_chord(_word(bare))
            else re.split(r"(?<=[^(])-(?=[A-GIViv1-7#b])", bare)
        )
        parts = [_word(part) for part in parts if part]
        if not words and bare in ("/", "%", "."):
            break
        fine = [
            p
            for p in parts
            if p in ("/", "%", ".") or (_is_chord(p) and (not kind or _kind(p) == kind or p.upper() in ("NC", "N.C.")))
        ]
        if not parts or len(fine) < len(parts):
            odd = next((p for p in parts if p not in fine), "")
            like = bool(odd) and _LIKE.fullmatch(odd) is not None and len(odd) > 1 and not _is_chord(odd)
            return words, end, odd if like else ""
        if sep.startswith("|"):
            words.append("|")
        words += parts
        kind = kind or _kind(parts[0])
        at = end = match.start("chord") + len(bare)
        if len(bare) < len(word):
            break
    if (bar := re.match(r"\s*\|+", text[end:])) and "|" in words:
        end += bar.end()
    return words, end, ""


def _trim(text: str, words: list[str], end: int) -> tuple[list[str], int]:
    """Without a last "A" or "I" that begins the words behind: "Am F C G. A slow song"."""
    while words and words[-1] in ("A", "I", "a", "i") and _MORE.match(text, end) and not _TAIL.match(text.lower(), end):
        cut = text.rstrip()[:end].rfind(words[-1])
        words, end = words[:-1], len(text[:cut].rstrip(" ,;|"))
    while words and words[-1] == "|":
        words = words[:-1]
    return words, end


def chords(clauses: Clauses, match: re.Match[str]) -> Limit | str | None:
    """ "chords Am F C G", "over Am - F - C - G", "progression ii-V-I in Bb"."""
    page = clauses.page
    if match.re is BARE_LETTERS and not re.search("m|7|dim|sus|aug", match[0]):
        return None
    named = bool(match.groupdict().get("name"))
    at = match.end() if match.re is LEAD else match.start()
    words, end, odd = _run(page.text, at)
    if not words and not odd and named and (small := _CAPITALS.match(page.text, at)):
        text = page.text[:at] + re.sub(r"(?<![\w#/])[a-g]", lambda m: m[0].upper(), small[0]) + page.text[small.end() :]
        words, end, odd = _run(text, at)
    words, end = _trim(page.text, words, end)
    if odd and named and (words or page.text[at:].startswith(odd)):
        chord(odd)  # says what is wrong with it
    heard = [word for word in words if word not in ("|", "/", "%", ".")]
    if not heard or (
        len(heard) < 2 and (not named or heard[0] in ("A", "a", "I", "i", "1", "2", "3", "4", "5", "6", "7"))
    ):
        return None
    if _kind(heard[0]) == "numeral" and match.re is BARE and len(heard) < 3 and not _TAIL.match(page.plain, end):
        return None
    if match.re is SPACED and all(len(re.sub("[^IViv]", "", word)) < 2 for word in heard):
        return None
    if match.re is BARE_NUMBERS and not any("m" in word for word in heard):
        return None
    if match.re is BARE_LETTERS and (len(heard) < 3 or all(len(word.rstrip("#b")) == 1 for word in heard)):
        return None
    written = " ".join(words)
    if "/" in words and "|" not in words:
        written = f"|{written}|"
    said = _IN_KEY.match(page.plain, end)
    if tail := _TAIL.match(page.plain, end):
        said = _IN_KEY.match(page.plain, tail.end()) or said
        end = tail.end()
    own = _key(said) if said else None

    def late(home: Key | None) -> Limit | str:
        numbered = any(_kind(word) != "letter" for word in heard)
        if numbered and (own or home) is None:
            return "chords in which key?"
        found = progression(written, own or home)
        short = _short(found)
        return Limit("Chords", (short,), says=f"chords {short}")

    return Limit("Chords", late=late, end=end)


def _key(match: re.Match[str]) -> Key | None:
    mode = "minor" if match["m"] or (match["mode"] or "").startswith(("min", "moll")) else "major"
    return Key(note(match["tonic"]), mode) if match["tonic"][0] <= "g" else None


def _short(found: Progression) -> str:
    """A progression as one would write it: "Am F C G" where every bar has one chord."""
    if all(len(bar) == 1 for bar in found.bars):
        return " ".join(str(bar[0][1] or "N.C.") for bar in found.bars)
    return str(found)


TONES = re.compile(
    r"\b(?P<how>(?:only|always|just|strictly|nothing\s+but)\s+(?:on\s+|plays?\s+|uses?\s+"
    r"|using\s+)?(?:the\s+)?chord[\s-]+tones|chord[\s-]+tones\s+(?:only|always|at\s+all\s+times|throughout"
    r"|everywhere)|(?:no|without)\s+non-?\s?chord\s+(?:notes|tones))"
    r"(?:\s+(?:on|at)\s+(?:(?P<strong>(?:the\s+)?strong\s+beats)|(?P<beats>(?:every|each|all"
    r"|the)(?:\s+the)?\s+beats?)))?"
    r"|\bchord[\s-]+tones\s+(?:on|at)\s+(?:(?P<strong2>(?:the\s+)?strong\s+beats)|(?P<beats2>(?:every|each"
    r"|all|the)(?:\s+the)?\s+beats?))(?:\s+only)?"
)


def tones(_: Clauses, match: re.Match[str]) -> Limit:
    """ "chord tones only", "chord tones on every beat": how strict the progression named is."""
    strong, beats = match["strong"] or match["strong2"], match["beats"] or match["beats2"]
    on = "strong" if strong else "beats" if beats else "always"
    says = "chord tones at every moment" if on == "always" else f"chord tones on {'all' if beats else 'strong'} beats"
    return Limit("Tones", named={"on": None if strong else on}, says=says, whole=True)


READERS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (TONES, tones),
    (LEAD, chords),
    (BARE, chords),
    (SPACED, chords),
    (BARE_LETTERS, chords),
    (BARE_NUMBERS, chords),
)

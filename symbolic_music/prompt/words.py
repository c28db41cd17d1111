"""The reader: a small grammar of wishes.

Recognisers run in order over the text; each takes the spans that it understands out of it. What is left and is no
stop word is named as unknown. Where words have two readings:

- "E blues" is the scale on E, "blues in E" the genre and the key.
- "piano" is the instrument; "piano music", "piano piece" and "solo piano" are the genre too, unless another is named.
- "in a minor" is A minor, "in a minor key" is not.
- The first of two genres counts, unless the second is a kind of the first ("hip hop", then "lo-fi").
- Instruments in one list add up; named again elsewhere they are the same players.
- "without drums" and "leave the drums out" leave players out; of all else ("not in C major") what is not wanted is
  named as unknown and nothing is asked.
- Of a span ("120-130 bpm", "8 or 16 bars") no number is picked: it is named as unknown.
- Limits ("the bass stays below C3", "no drums in bars 1-4") are read first: an instrument that one names asks for no
  player by that, unless it is brought in there ("piano and a bass that stays below C3") or nobody else would play it.
- "ends on the tonic" and "ii-V-I" wait for the key; a limit that is understood in part, or that is negated, is named
  as unknown and never imposed.
- "808" alone is a drum machine as often as a bass and is named as unknown; "808 bass" and "sub bass" are instruments.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from symbolic_music.brief import Brief
from symbolic_music.errors import BriefError
from symbolic_music.prompt import clauses, measures, pitches, players
from symbolic_music.prompt.page import Page
from symbolic_music.prompt.vocabulary import stop_words
from symbolic_music.theory import keys
from symbolic_music.theory.keys import Key

#: Each reads its matches in turn and returns where its reading ends, or None to leave them to the next.
_RECOGNISERS: tuple[tuple[re.Pattern[str], Callable[[Page, re.Match[str]], int | None]], ...] = (
    (pitches.ONLY, pitches.only),
    (pitches.NO_NOTES, pitches.no_notes),
    (pitches.KEYBOARD, pitches.keyboard),
    (measures.SPAN, measures.span),
    (measures.TEMPO, measures.tempo),
    (measures.BARS, measures.bars),
    (measures.SECONDS, measures.seconds),
    (measures.BLUES_FORM, measures.blues_form),
    (measures.LOOP, measures.loop),
    (measures.METER, measures.meters),
    (pitches.ODD_SCALE, pitches.odd_scale),
    (pitches.KEY, pitches.key_or_scale),
    (pitches.ODD_KEY, pitches.odd_key),
    (players.NAMES, players.named),
    (players.INSTRUMENTAL, players.instrumental),
    (players.PLAYED_BY, players.no_instrument),
    (players.FOR, players.no_instrument),
)
_WORD = re.compile(r"[^\W_](?:[\w'&#-]*[\w#])?")


@dataclass(frozen=True)
class Reading:
    """What a text asks for.

    Parameters
    ----------
    brief : Brief
    understood : tuple of (str, str)
        The words of the text, and what they were taken for.
    unknown : tuple of str
        Words that look like a wish and were not understood.
    """

    brief: Brief
    understood: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


def read(text: str, *, key: str | Key | None = None) -> Reading:
    """Read a brief out of English words.

    Parameters
    ----------
    text : str
    key : str or Key, optional
        The key of the piece if it is told elsewhere: it counts more than one in the text for what needs a key, such as
        "ends on the tonic". It is not put into the brief.

    Raises
    ------
    BriefError
        If the text is empty, if a value means nothing ("0 bpm"), if wishes cannot all hold, or if a key, a scale or
        an instrument is unknown where nothing else can stand ("in H minor", "played by a theremin").

    Examples
    --------
    >>> reading = read("upbeat jazz trio in D minor, 132 bpm, 16 bars, with a sidechain")
    >>> reading.brief.tempo, reading.brief.bars, str(reading.brief.key), reading.unknown
    (132.0, 16, 'D minor', ('sidechain',))
    >>> for words, meaning in reading.understood:
    ...     print(f"{words}: {meaning}")
    upbeat: mood upbeat
    jazz trio: genre jazz, instruments acoustic grand piano, acoustic bass, drums
    in D minor: key D minor
    132 bpm: tempo 132
    16 bars: 16 bars
    >>> read("in H minor")
    Traceback (most recent call last):
    ...
    symbolic_music.errors.BriefError: 'H' is not a note: notes are A to G with # or b; H is not guessed, write B or Bb
    """
    if not _WORD.search(text):
        raise BriefError("an empty prompt", hint="for example 'upbeat jazz trio in D minor, 132 bpm, 16 bars'")
    page = Page(text)
    limits = clauses.read(page)
    for pattern, recognise in _RECOGNISERS:
        at = 0
        while match := pattern.search(page.left, at):
            end = recognise(page, match)
            at = match.start() + 1 if end is None else end
    clauses.bring_in(page, limits)
    players.settle_players(page)
    players.settle_tempo(page)
    clauses.settle(page, limits, None if key is None else keys.key(key))
    unknown = page.unknown + [
        (m.start(), page.words(*m.span())) for m in _WORD.finditer(page.left) if _is_wish(page, m)
    ]
    return Reading(
        Brief(**page.fields, text=text),
        tuple((words, meaning) for _, words, meaning in sorted(page.understood)),
        tuple(dict.fromkeys(words for _, words in sorted(unknown))),
    )


def _is_wish(page: Page, match: re.Match[str]) -> bool:
    """Whether a word that was left is more than filling; a capital A is a note that nothing asked for."""
    word = match[0]
    if word == "a":
        return not page.is_article(match.start())
    return word not in stop_words() and not all(part in stop_words() for part in word.split("-"))

"""Chord names as musicians write them: a letter, and what is written after it, as in "F#m7b5/A"."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from symbolic_music.errors import BriefError
from symbolic_music.theory.chords import QUALITIES, Chord
from symbolic_music.theory.pitch import NAMES, pitch_class, plain

_NOTE = r"[A-G](?:##|bb|[#b])?|H(?![b#])"
_NAME = re.compile(rf"({_NOTE}):?(.*?)(?:/({_NOTE}))?")
#: What comes right after the letter: the triad, whether the seventh is major, and how high the thirds are stacked.
_HEAD = re.compile(
    r"(?P<power>5(?!\d))|(?P<triad>[Mm]in|mi|m(?!aj|a\d)|-|h?dim|°|o(?!m)|[øØ]|aug|\+(?!5)|dom)?"
    r"(?P<major>[Mm]aj|[Mm]a(?=\d)|MAJ|M|[Δ△])?(?P<top>69|6/9|6|7|9|11|13)?"
)
#: What may follow, any number of times.
_MORE = re.compile(
    r"sus(?P<sus>24|2|4)?|(?:no|omit)(?P<no>3|5|7|9|11|13)|(?P<sign>[b#+-])(?P<bent>2|4|5|6|9|11|13)"
    r"|(?:[Mm]aj|Ma|M|[Δ△])(?P<major>7|9|11|13)|(?:add|(?<=[(,]))(?P<add>[b#]?(?:2|4|6|9|11|13))|(?P<alt>alt)"
    r"|(?<=7|9|3)(?P<raised>\+)|[(),]"
)
_TRIADS = {
    "m": (3, 7), "-": (3, 7), "d": (3, 6), "°": (3, 6), "o": (3, 6), "h": (3, 6), "ø": (3, 6), "a": (4, 8), "+": (4, 8),
}  # fmt: skip
_DEGREES = {2: 2, 4: 5, 5: 7, 6: 9, 9: 2, 11: 5, 13: 9}
#: Added or altered seconds, fourths and sixths are ninths, elevenths and thirteenths.
_UP = {2: 9, 4: 11}
_SIGNS = {"": 0, "b": -1, "-": -1, "#": 1, "+": 1}
#: Common chords by what follows the letter: the names given to Roman numerals, and those that a wrong name may mean.
COMMON = (
    "", "m", "dim", "aug", "7", "maj7", "m7", "mMaj7", "m7b5", "dim7", "6", "m6", "aug7", "augmaj7", "7b5", "7no5",
    "9", "maj9", "m9", "7b9", "7#9", "11", "maj11", "m11", "13", "maj13", "m13", "sus2", "sus4",
    "7sus4", "add9", "69", "7alt",
)  # fmt: skip
#: How much a tone tells of a chord's quality: the third most, then the seventh.
_WEIGHTS = {0: 0, 3: 4, 4: 4, 10: 3, 11: 3}


def _stack(top: int, seventh: int) -> dict[int, set[int]]:
    """Thirds from the seventh up: a thirteenth has its ninth and eleventh."""
    return {7: {seventh}} | {d: {_DEGREES[d]} for d in (9, 11, 13) if d <= top}


def degrees(suffix: str) -> tuple[dict[int, set[int]], int]:
    """The semitones on each degree of a chord, and how many characters of its suffix were understood."""
    head = _HEAD.match(suffix)
    assert head is not None  # every part of it may be missing
    major, top = head["major"], head["top"]
    triad = "" if head["triad"] in (None, "dom") else head["triad"][0].lower()
    third, fifth = _TRIADS.get(triad, (4, 7))
    steps = {1: {0}, 5: {7}} if head["power"] else {1: {0}, 3: {third}, 5: {fifth}}
    if top in ("6", "69", "6/9"):
        steps |= {6: {9}} | ({} if top == "6" else {9: {2}})
    elif top or triad in ("ø", "h") or (major and (triad or major in "Δ△")):
        steps |= _stack(int(top or 7), 11 if major else 9 if triad in ("d", "°", "o") else 10)
    at, bent = head.end(), set()
    while more := _MORE.match(suffix, at):
        if more[0].startswith("sus"):
            steps.pop(3, None)
            steps |= {int(d): {_DEGREES[int(d)]} for d in more["sus"] or "4"}
        elif more["no"]:
            steps.pop(int(more["no"]), None)
        elif more["alt"]:
            steps.pop(5, None)
            steps |= {7: {10}, 9: {1, 3}, 11: {6}, 13: {8}}
        elif more["raised"]:
            steps[5] = {8}
        elif more["major"]:
            steps |= _stack(int(more["major"]), 11)
        elif more["bent"] or more["add"]:
            sign = more["sign"] or more["add"].rstrip("0123456789")
            written = int(more["bent"] or more["add"].lstrip("b#"))
            degree = 13 if written == 6 and sign else _UP.get(written, written)
            kept = steps.get(degree, set()) if more["add"] or degree in bent else set()
            steps[degree] = kept | {(_DEGREES[degree] + _SIGNS[sign]) % 12}
            if more["bent"]:
                bent.add(degree)
        at = more.end()
    return steps, at


def _quality(steps: dict[int, set[int]]) -> str:
    """The quality of the token language that differs least; extensions count nothing, a missing third is major."""
    core = set().union(*(tones for degree, tones in steps.items() if degree < 8))
    core |= set() if steps.keys() & {2, 3, 4} else {4}
    return min(QUALITIES, key=lambda q: sum(_WEIGHTS.get(tone, 1) for tone in core ^ set(QUALITIES[q])))


@dataclass(frozen=True)
class ChordSymbol:
    """A chord by its name. Two names of the same notes, root and bass are equal.

    A letter A to G with # or b (H is B), then maj M Δ, min m -, dim ° o, ø, aug +, sus2 sus4 sus, 5 (no third), 6, 69,
    7, 9, 11, 13, add9, no5, alt, and alterations such as b5 or #11, with or without parentheses; then a slash and the
    bass. An eleventh or thirteenth has all thirds below it, as in music21; no3 or no11 leaves one out. "Cb5" is
    C flat with a 5; write "C(b5)" for C with its fifth lowered.

    Parameters
    ----------
    name : str
        Such as "C", "F♯m7b5", "Bb13(#11)" or "D/F#".

    Attributes
    ----------
    root, bass : int
        Pitch classes; the bass is the root unless there is a slash.
    pitch_classes : frozenset of int
        Every tone, the bass too.
    token : Chord
        The nearest chord of the token language.

    Raises
    ------
    BriefError
        If the name is not understood; it says from where on.

    Examples
    --------
    >>> chord = ChordSymbol("C7(b9)/E")
    >>> sorted(chord.pitch_classes), chord.root, chord.bass, str(chord.token)
    ([0, 1, 4, 7, 10], 0, 4, 'C:7')
    >>> ChordSymbol("C♯m7") == ChordSymbol("Dbmin7")
    True
    >>> ChordSymbol("Hm7b13x")
    Traceback (most recent call last):
    ...
    symbolic_music.errors.BriefError: chord 'Hm7b13x': 'x' after Bm7b13 is not understood: did you mean Bm7b13?
    """

    name: str = field(compare=False)
    root: int = field(init=False, repr=False)
    bass: int = field(init=False, repr=False)
    pitch_classes: frozenset[int] = field(init=False, repr=False)
    token: Chord = field(init=False, repr=False)

    def __post_init__(self) -> None:
        note, suffix, under = _split(str(self.name))
        steps, at = degrees(suffix)
        closed = re.match(r"(?:[^(),]|\([^()]+\))*", suffix)
        at = min(at, closed.end() if closed else 0)
        if at < len(suffix):
            good = suffix[:at]
            likely = max((good, *COMMON), key=lambda s: SequenceMatcher(None, suffix, s).ratio())
            raise BriefError(
                f"chord {self.name!r}: {suffix[at:]!r} after {note}{good} is not understood",
                hint=f"did you mean {note}{likely}?",
            )
        root, bass = pitch_class(note), pitch_class(under or note)
        tones = frozenset((root + s) % 12 for s in set().union(*steps.values())) | {bass}
        values = (note + suffix + (under and f"/{under}"), root, bass, tones, Chord(root, _quality(steps)))
        for slot, value in zip(("name", "root", "bass", "pitch_classes", "token"), values, strict=True):
            object.__setattr__(self, slot, value)

    def transposed(self, semitones: int) -> ChordSymbol:
        """The chord so much higher.

        >>> ChordSymbol("Bm7/A").transposed(-1)
        ChordSymbol(name='Bbm7/Ab')
        """
        if semitones % 12 == 0:
            return self
        note, suffix, under = _split(self.name)
        higher = [n and NAMES[(pitch_class(n) + semitones) % 12] for n in (note, under)]
        return ChordSymbol(higher[0] + suffix + (under and f"/{higher[1]}"))

    def __str__(self) -> str:
        return self.name


def _split(name: str) -> tuple[str, str, str]:
    """The letter of a chord, what follows, and the bass after the slash ("" if there is none)."""
    text = "".join(plain(name).split())
    match = _NAME.fullmatch(text)
    if match is None:
        lower = text[:1] in "abcdefg" and _NAME.fullmatch(text.capitalize())
        raise BriefError(
            f"chord {name!r} does not begin with a note A to G",
            hint=f"did you mean {text[:1].upper()}{text[1:]}?" if text and lower else "such as Am, F#7 or Bbmaj7",
        )
    note, suffix, under = (part.replace("H", "B") for part in match.groups(""))
    return note, suffix, under

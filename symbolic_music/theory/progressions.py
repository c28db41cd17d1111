"""Roman numerals, Nashville numbers, and progressions of chords.

Roman numerals and Nashville numbers are read in a key and become chord names: "ii65" in C is "Dm7/F". What a Roman
numeral means is asked of `music21.roman`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import TypeAlias

from symbolic_music.errors import BriefError
from symbolic_music.theory.chord_names import COMMON, ChordSymbol, degrees
from symbolic_music.theory.keys import Key, scales
from symbolic_music.theory.keys import key as _key
from symbolic_music.theory.meters import Meter
from symbolic_music.theory.meters import meter as _meter
from symbolic_music.theory.pitch import NAMES, STEPS, pitch_class, plain

__all__ = ["ChordSymbol", "Progression", "chord", "progression"]

#: What a chord may have on top of a common one, by semitones above the root.
_ADDED = {1: "b9", 2: "9", 3: "#9", 5: "11", 6: "#11", 8: "b13", 9: "13"}
_NUMERAL = r"[b#]{0,2}(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)"
_ROMAN = re.compile(rf"(Cad(?=64)|It|Ger|Fr|Sw|N|{_NUMERAL})(/?[oø]|°|\+)?([^/]*)((?:/{_NUMERAL}[o+]?)*)")
_NUMBER = re.compile(r"([b#]?)([1-7])(.*?)(?:/([b#]?)([1-7]))?")
#: How a chord of each kind begins: where a dash may part it from the one before.
_STARTS = {
    "Roman numeral": r"Cad64|It|Ger|Fr|Sw|N(?![.cC])|[b#]*[IViv]",
    "Nashville number": r"[b#]?[1-7]",
    "letter": r"[A-H]|[Nn]\.?[Cc]",
}
_FIGURES = ("", "6", "64", "7", "65", "43", "42", "2", "9", "11", "13")


def _kind(name: str) -> str:
    return next((kind for kind, start in _STARTS.items() if re.match(start, name)), "letter")


def chord(name: str | ChordSymbol, key: str | Key | None = None) -> ChordSymbol | None:
    """A chord from its name, or from a Roman numeral or Nashville number in a key; None for "N.C.".

    Roman numerals are music21's: capitals are major, small letters minor, o, ø and + the others; figures 6, 64, 7, 65,
    43, 42, 9, 11 and 13 take the notes of the key ("IV7" in C is Fmaj7), and "6" is an inversion; "V7/V" is the
    dominant of the dominant; N6, It6, Ger65 and Fr43 are known. Anything else is read as after a letter: "Imaj7",
    "IVadd9", "Idom7" for the seventh chord of the blues. In minor VI, VII and III stand on the lowered degrees, with or
    without b, vi and viio on the raised ones, and V is major, v minor.

    A Nashville number counts from the major scale of the tonic, in minor too (b3, b6, b7), and is a major chord unless
    it says otherwise: "6m" or "6-", "5/7" over the seventh degree.

    Raises
    ------
    BriefError
        If it is not understood, or needs a key.

    Examples
    --------
    >>> [str(chord(n, "C")) for n in ("ii65", "V7/V", "bVII", "2m7", "5/7", "Am")]
    ['Dm7/F', 'D7', 'Bb', 'Dm7', 'G/B', 'Am']
    """
    if isinstance(name, ChordSymbol):
        return name
    text = "".join(plain(str(name)).split())
    if re.fullmatch(r"(?i)n\.?c\.?", text):
        return None
    kind = _kind(text)
    if kind == "letter":
        return ChordSymbol(name)
    if key is None:
        raise BriefError(f"{kind} {text!r} has no key", hint='give one, such as key="C major"')
    home = _key(key)
    try:
        return (_roman if kind == "Roman numeral" else _nashville)(text, home)
    except BriefError as error:
        raise BriefError(f"{text!r} in {home}: {error.what}", hint=error.hint) from error


@cache
def _roman(text: str, home: Key) -> ChordSymbol:
    from music21 import key as keys
    from music21 import roman
    from music21.exceptions21 import Music21Exception

    if home.mode == "minor":
        text = re.sub(r"(?<!b)b(?=III|iii)", "", text)
    match = _ROMAN.fullmatch(text)
    numeral, sign, rest, of = match.groups("") if match else ("", "", "", "")
    figured = rest in _FIGURES
    if not numeral or not (figured or numeral[0] in "b#IViv"):
        raise BriefError("not a Roman numeral", hint="such as I, ii7, V7/V, bVII or viio")
    both = roman.Minor67Default.CAUTIONARY
    try:
        found = roman.RomanNumeral(
            (numeral + sign + rest + of if figured else numeral + of).replace("°", "o"),
            keys.Key(home.tonic.replace("b", "-"), home.mode),
            sixthMinor=both,
            seventhMinor=both,
        )
    except Music21Exception as error:
        raise BriefError(str(error), hint="such as I, ii7, V7/V, bVII or viio") from error
    notes = [
        p.name.replace("-", "b") if abs(p.alter) < 3 else NAMES[p.pitchClass]
        for p in (found.root(), found.bass(), *found.pitches)
    ]
    if not figured:
        small = numeral.lstrip("b#").islower() and not re.match(r"m(?!aj|a\d)|[Mm]in|-", rest)
        triad = "ø" if sign in ("/o", "/ø") else sign or ("m" if small else "")
        return ChordSymbol(notes[0] + triad + rest)
    for root in notes:
        above = {(pitch_class(n) - pitch_class(root)) % 12 for n in notes}
        for suffix, tones in _by_size():
            if tones <= above and above - tones <= _ADDED.keys():
                added = "".join(f"add{_ADDED[s]}" for s in sorted(above - tones))
                return ChordSymbol(root + suffix + added + (f"/{notes[1]}" if notes[1] != root else ""))
    raise BriefError(f"{' '.join(notes[2:])} has no name", hint="write the chord by its letter")


@cache
def _by_size() -> list[tuple[str, set[int]]]:
    """The common chords and their semitones above the root, the fullest first."""
    found = [(suffix, set().union(*degrees(suffix)[0].values())) for suffix in COMMON]
    return sorted(found, key=lambda item: -len(item[1]))


def _nashville(text: str, home: Key) -> ChordSymbol:
    match = _NUMBER.fullmatch(text)
    assert match is not None  # it begins with a number
    sign, degree, suffix, low_sign, low = match.groups("")
    bass = f"/{_note(home, low_sign, int(low))}" if low else ""
    return ChordSymbol(_note(home, sign, int(degree)) + suffix + bass)


def _note(home: Key, sign: str, degree: int) -> str:
    """A degree of the major scale on the tonic, spelled on its letter unless that needs three accidentals."""
    letter = "CDEFGAB"[("CDEFGAB".index(home.tonic[0].upper()) + degree - 1) % 7]
    sounds = home.root + scales()["major"][degree - 1] + {"b": -1, "#": 1}.get(sign, 0)
    shift = (sounds - STEPS[letter] + 6) % 12 - 6
    return letter + "#" * shift + "b" * -shift if abs(shift) < 3 else NAMES[sounds % 12]


#: A bar: where in it each chord starts, as a share of the bar, and the chord, None for silence.
Bar: TypeAlias = tuple[tuple[Fraction, ChordSymbol | None], ...]


@dataclass(frozen=True)
class Progression:
    """Chords bar by bar.

    Parameters
    ----------
    bars : tuple
        For each bar the chords that start in it, each after its start: a share of the bar, 0 for the first.
    """

    bars: tuple[Bar, ...]

    def __post_init__(self) -> None:
        if not self.bars:
            raise BriefError("a progression without chords", hint='such as "Am F C G"')
        for number, bar in enumerate(self.bars, 1):
            starts = [start for start, _ in bar]
            if starts[:1] != [0] or starts[-1] >= 1 or any(a >= b for a, b in pairwise(starts)):
                raise BriefError(
                    f"bar {number} of a progression", hint="its chords start at 0, then later and before 1"
                )

    def in_bars(self, count: int) -> Progression:
        """The progression over and over until so many bars are full.

        >>> str(progression("Am F").in_bars(3))
        '| Am | F | Am |'
        """
        if count < 1:
            raise BriefError(f"a progression in {count} bars", hint="at least 1")
        return Progression(tuple(self.bars[i % len(self.bars)] for i in range(count)))

    def transposed(self, semitones: int) -> Progression:
        """Every chord so much higher.

        >>> str(progression("Am | F C").transposed(2))
        '| Bm | G D |'
        """
        return Progression(tuple(tuple((s, c and c.transposed(semitones)) for s, c in bar) for bar in self.bars))

    def __str__(self) -> str:
        """The text that `progression` reads as this value: "/" holds a chord on."""
        bars = []
        for bar in self.bars:
            count = math.lcm(*(start.denominator for start, _ in bar))
            words = ["/"] * count
            for start, symbol in bar:
                words[int(start * count)] = str(symbol or "N.C.")
            bars.append(" ".join(words))
        return f"| {' | '.join(bars)} |"


_Named: TypeAlias = str | int | ChordSymbol | None
_WORD = re.compile(r"(?:\([^()|]*\)?|[^\s,;|–—→(])+")


def progression(
    text: str | Progression | Iterable[_Named | Iterable[_Named]],
    key: str | Key | None = None,
    *,
    meter: str | Meter | None = None,
) -> Progression:
    """A progression from its text.

    Parameters
    ----------
    text : str or list
        "Am F C G" is a chord a bar, with commas or dashes between if you like; "Am | F C | G" says the bars, whose
        chords share them equally; "| C / / G |" holds C for three quarters; "%" is the bar before once more. A list has
        a bar in each entry: a name, a number, or a list of them.
    key : str or Key, optional
        For Roman numerals and Nashville numbers; see `chord`.
    meter : str or Meter, optional
        If given, every chord must start on one of its positions, of which a beat has 12.

    Raises
    ------
    BriefError
        If a chord is not understood, a bar is empty or a chord falls between the positions; it says in which bar.

    See Also
    --------
    chord : what a name means.

    Examples
    --------
    >>> str(progression("ii-V-I", key="Bb")), str(progression("1 | 4 5 | %", key="G"))
    ('| Cm | F | Bb |', '| G | C D | C D |')
    >>> progression(["Dm7", ("G7", "C")]).bars[1]
    ((Fraction(0, 1), ChordSymbol(name='G7')), (Fraction(1, 2), ChordSymbol(name='C')))
    """
    if isinstance(text, Progression):
        return text
    written = text if isinstance(text, str) else f"|{'|'.join(map(_joined, text))}|"
    written = re.sub(r"\s+(?=\()", "", plain(written)).strip()
    if re.search(r"(?<![A-Za-z])H", written) and re.search(r"(?<![A-Za-z])B(?!b)", written):
        raise BriefError("H and B in one progression: is B flat meant", hint="write B and Bb")
    home = None if key is None else _key(key)
    signature = None if meter is None else _meter(meter)
    if "|" in written:
        rows = [_words(row, home) for row in re.split(r"\|+", written.strip("|"))]
    else:
        rows = [[word] for word in _words(written, home)]
    bars: list[Bar] = []
    for number, words in enumerate(rows, 1):
        try:
            bars.append(bars[-1] if words == ["%"] and bars else _bar(words, home, signature))
        except BriefError as error:
            raise BriefError(f"bar {number}: {error.what}", hint=error.hint) from error
    return Progression(tuple(bars))


def _joined(entry: _Named | Iterable[_Named]) -> str:
    if entry is None or isinstance(entry, str | int | ChordSymbol):
        return "N.C." if entry is None else str(entry)
    return " ".join(map(_joined, entry))


def _words(text: str, home: Key | None) -> list[str]:
    """The words of a text; what is no chord as a whole is parted where a dash stands before another."""
    found = []
    for word in _WORD.findall(text):
        try:
            chord(word, home)
        except BriefError:
            found += re.split(f"-(?={_STARTS[_kind(word)]})", word)
        else:
            found.append(word)
    return [word for word in found if word not in ("-", "->")]


def _bar(words: list[str], home: Key | None, meter: Meter | None) -> Bar:
    if not words or words[0] in ("/", ".", "%"):
        raise BriefError("no chord at its start", hint="N.C. is silence, % the bar before once more")
    bar = [(Fraction(i, len(words)), chord(word, home)) for i, word in enumerate(words) if word not in ("/", ".")]
    for start, _ in bar:
        if meter is not None and (start * meter.positions).denominator > 1:
            raise BriefError(f"a chord at {start} of a {meter} bar", hint="it falls between the positions of its beats")
    return tuple(bar)

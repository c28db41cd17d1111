"""Chord names, Roman numerals, Nashville numbers and progressions mean the notes that musicians mean."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_music.errors import BriefError
from symbolic_music.theory.chord_names import COMMON
from symbolic_music.theory.pitch import pitch_class
from symbolic_music.theory.progressions import ChordSymbol, Progression, chord, progression

#: Chord names, their notes, and their token.
CHORDS = """
C: C E G = C:maj   CM: C E G = C:maj   Cmaj: C E G = C:maj   F#: F# A# C# = F#:maj   Am: A C E = A:min
A-: A C E = A:min   Amin: A C E = A:min   E♭m: Eb Gb Bb = Eb:min   Bdim: B D F = B:dim   B°: B D F = B:dim
Bo: B D F = B:dim   C+: C E G# = C:aug   Caug: C E G# = C:aug   Dsus2: D E A = D:sus2   Dsus4: D G A = D:sus4
Dsus: D G A = D:sus4   E5: E B = E:maj   C6: C E G A = C:maj6   Cm6: C Eb G A = C:min6   C69: C E G A D = C:maj6
C6/9: C E G A D = C:maj6   Cm69: C Eb G A D = C:min6   G7: G B D F = G:7   Gdom7: G B D F = G:7
Cmaj7: C E G B = C:maj7   CM7: C E G B = C:maj7   CΔ: C E G B = C:maj7   CΔ7: C E G B = C:maj7
Dm7: D F A C = D:min7   D-7: D F A C = D:min7   Dmin7: D F A C = D:min7   DmMaj7: D F A C# = D:minmaj7
Dm(maj7): D F A C# = D:minmaj7   DmM7: D F A C# = D:minmaj7   D-Δ: D F A C# = D:minmaj7
Dmmaj7: D F A C# = D:minmaj7   Bm7b5: B D F A = B:hdim7   Bø: B D F A = B:hdim7   Bø7: B D F A = B:hdim7
B-7(b5): B D F A = B:hdim7   Bdim7: B D F Ab = B:dim7   B°7: B D F Ab = B:dim7   Bo7: B D F Ab = B:dim7
Caug7: C E G# Bb = C:7   C7#5: C E G# Bb = C:7   C+7: C E G# Bb = C:7   C7+: C E G# Bb = C:7
CaugM7: C E G# B = C:maj7   C7b5: C E Gb Bb = C:7   C9: C E G Bb D = C:7   Cmaj9: C E G B D = C:maj7
Cm9: C Eb G Bb D = C:min7   C11: C E G Bb D F = C:7   Cm11: C Eb G Bb D F = C:min7   C13: C E G Bb D F A = C:7
C13no11: C E G Bb D A = C:7   Cmaj13: C E G B D F A = C:maj7   C7b9: C E G Bb Db = C:7   C7#9: C E G Bb D# = C:7
C7#11: C E G Bb F# = C:7   C7b13: C E G Bb Ab = C:7   C7(b9,#11): C E G Bb Db F# = C:7
C7(b9)(b13): C E G Bb Db Ab = C:7   C13b9: C E G Bb Db F A = C:7   C7b9#9: C E G Bb Db D# = C:7
C13(#11): C E G Bb D F# A = C:7   C7(9,13): C E G Bb D A = C:7   C7alt: C E Bb Db D# F# Ab = C:7
Calt: C E Bb Db D# F# Ab = C:7   C9b5: C E Gb Bb D = C:7   C7-9: C E G Bb Db = C:7   Cadd9: C E G D = C:maj
Cadd2: C E G D = C:maj   Cmadd9: C Eb G D = C:min   Cadd11: C E G F = C:maj   C(add9): C E G D = C:maj
C(b5): C E Gb = C:maj   Cmb6: C Eb G Ab = C:min   C5add9: C G D = C:maj   C7no3: C G Bb = C:7
C7no5: C E Bb = C:7   Comit5: C E = C:maj   C7sus4: C F G Bb = C:sus4   C9sus: C F G Bb D = C:sus4
C7sus4(b9): C F G Bb Db = C:sus4   Cmaj7#11: C E G B F# = C:maj7   Cdim(maj7): C Eb Gb B = C:minmaj7
C/G: G C E = C:maj   D/F#: F# A D = D:maj   Am7/G: G A C E = A:min7   C/Bb: Bb C E G = C:maj
C6/9/E: E C G A D = C:maj6   H7: B D# F# A = B:7   Hm: B D F# = B:min   E/H: B E G# = E:maj
B♭maj7: Bb D F A = Bb:maj7   F♯m7b5/A: A C E F# = F#:hdim7   Cb: Cb Eb Gb = B:maj   D:min7: D F A C = D:min7
C sharp m7: C# E G# B = C#:min7   G7 (b9): G B D F Ab = G:7   Bbb: Bbb Db Fb = A:maj   CMadd9: C E G D = C:maj
"""
TABLE = re.findall(r"(\S(?:[^:\n]|:min7)*?): ((?:[A-G][b#]* )+)= (\S+)", CHORDS)


def classes(names: str) -> frozenset[int]:
    return frozenset(map(pitch_class, names.split()))


def test_the_table_of_chords_is_read() -> None:
    assert len(TABLE) == CHORDS.count(" = ") > 90


@pytest.mark.parametrize(("name", "notes", "token"), TABLE, ids=[name for name, *_ in TABLE])
def test_chord_names(name: str, notes: str, token: str) -> None:
    found = ChordSymbol(name)
    assert (found.pitch_classes, str(found.token)) == (classes(notes), token)
    assert found.root == found.token.root
    assert found.bass == pitch_class(notes.split(maxsplit=1)[0])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Hm7b13x", "chord 'Hm7b13x': 'x' after Bm7b13 is not understood: did you mean Bm7b13?"),
        ("Cmjaor7", "'jaor7' after Cm is not understood: did you mean Cmaj7?"),
        ("C97", "'7' after C9 is not understood"),
        ("C/X", "'/X' after C is not understood"),
        ("C7(b9", r"'\(b9' after C7 is not understood"),
        ("C7,b9", "',b9' after C7 is not understood"),
        ("Cm5", "'5' after Cm is not understood"),
        ("am", "does not begin with a note A to G: did you mean Am?"),
        ("xyz", "does not begin with a note A to G: such as Am"),
        ("Hb", "does not begin with a note A to G"),
        ("", "does not begin with a note"),
    ],
)
def test_what_is_no_chord_says_where_and_what_would_be(name: str, words: str) -> None:
    with pytest.raises(BriefError, match=words.replace("?", r"\?")):
        ChordSymbol(name)


def test_equal_chords_are_equal_whatever_their_name() -> None:
    assert ChordSymbol("C♯m7") == ChordSymbol("Dbmin7") == eval("ChordSymbol(name='C#-7')")
    assert len({ChordSymbol("CΔ"), ChordSymbol("Cmaj7"), ChordSymbol("C maj 7")}) == 1
    assert ChordSymbol("C/E") != ChordSymbol("C")
    assert str(ChordSymbol("Hm7/F♯")) == "Bm7/F#"


def test_chords_that_music21_knows_have_the_notes_that_it_gives_them() -> None:
    from music21.harmony import ChordSymbol as Theirs

    suffixes = """
    m dim aug + 7 maj7 M7 m7 mM7 m7b5 ø7 dim7 o7 6 m6 9 M9 m9 mM9 11 M11
    m11 13 M13 m13 sus2 sus4 7sus4 +7 +M7 +9 ø9 o9 add9 7b9 7#11
    """
    for root in ("F#", "Bb"):
        for suffix in ("", *suffixes.split()):
            theirs = Theirs(root.replace("b", "-") + suffix)
            assert ChordSymbol(root + suffix).pitch_classes == frozenset(theirs.pitchClasses), root + suffix


#: Roman numerals in C major and in A minor ("." where nobody writes them).
ROMAN = """
I: C A   ii: Dm Bm   iii: Em .   IV: F D   V: G E   vi: Am F#m   viio: Bdim G#dim   vii°: Bdim G#dim   i: Cm Am
iio: Ddim Bdim   iv: Fm Dm   v: Gm Em   III: E C   VI: A F   VII: B G   bIII: Eb C   bVI: Ab F   bVII: Bb G
III+: Eaug Caug   I6: C/E A/C#   I64: C/G A/E   Cad64: C/G Am/E   V7: G7 E7   V65: G7/B E7/G#   V43: G7/D E7/B
V42: G7/F E7/D   V2: G7/F E7/D   I7: Cmaj7 A7   IV7: Fmaj7 D7   ii7: Dm7 Bm7   ii65: Dm7/F Bm7/D
iv6: Fm/Ab Dm/F   iiø7: Dm7b5 Bm7b5   iiø65: Dm7b5/F Bm7b5/D   viio7: Bdim7 G#dim7   viiø7: Bm7b5 G#m7b5
vii/o7: Bm7b5 G#m7b5   V9: G9 E7b9   V11: G11 E7b9add11   iii9: Em7b9 .   V/V: D B   V7/V: D7 B7   V/ii: A .
V7/vi: E7 .   viio7/V: F#dim7 D#dim7   V65/V: D7/F# B7/D#   V7/IV: C7 A7   N6: Db/F Bb/D   bII: Db Bb
It6: Ab7no5 F7no5   Ger65: Ab7 F7   Fr43: D7b5/Ab B7b5/F   #ivo7: F#dim7 D#dim7   V7/bVII: F7 D7
Imaj7: Cmaj7 Amaj7   Idom7: C7 A7   iim7: Dm7 Bm7   iim7b5: Dm7b5 Bm7b5   V7sus4: G7sus4 E7sus4
Vsus4: Gsus4 Esus4   IVadd9: Fadd9 Dadd9   imMaj7: CmMaj7 AmMaj7   imaj7: CmMaj7 AmMaj7   V7b9: G7b9 E7b9
V7#9/ii: A7#9 .   bVIImaj7: Bbmaj7 Gmaj7
"""


@pytest.mark.parametrize(("numeral", "major", "minor"), re.findall(r"(\S+): (\S+) (\S+)", ROMAN))
def test_roman_numerals(numeral: str, major: str, minor: str) -> None:
    for home, expected in (("C major", major), ("A minor", minor)):
        if expected != ".":
            assert chord(numeral, home) == ChordSymbol(expected), home


def test_roman_numerals_are_spelled_in_their_key() -> None:
    assert str(progression("I bVI Ger65 V7/V", "Db major")) == "| Db | Bbb | Bbb7 | Eb7 |"
    assert str(progression("i iv V7", "F# minor")) == "| F#m | Bm | C#7 |"


#: Nashville numbers in C, in A minor and in Eb.
NASHVILLE = """
1: C A Eb   4: F D Ab   5: G E Bb   6m: Am F#m Cm   6-: Am F#m Cm   1-: Cm Am Ebm   2m7: Dm7 Bm7 Fm7
2-7: Dm7 Bm7 Fm7   5/7: G/B E/G# Bb/D   b7: Bb G Db   b3: Eb C Gb   #4dim: F#dim D#dim Adim
1maj7: Cmaj7 Amaj7 Ebmaj7   57: G7 E7 Bb7   5sus: Gsus Esus Bbsus   7°: Bdim G#dim Ddim   16/9: C69 A69 Eb69
1/b7: C/Bb A/G Eb/Db   4add9: Fadd9 Dadd9 Abadd9   15: C5 A5 Eb5
"""


@pytest.mark.parametrize(("number", "c", "a", "eb"), re.findall(r"(\S+): (\S+) (\S+) (\S+)", NASHVILLE))
def test_nashville_numbers(number: str, c: str, a: str, eb: str) -> None:
    found = [chord(number, home) for home in ("C", "A minor", "Eb")]
    assert found == [ChordSymbol(name) for name in (c, a, eb)]


def test_nashville_numbers_are_spelled_in_their_key() -> None:
    assert str(progression("4 b3 5/7 #4dim", "Gb")) == "| Cb | Bbb | Db/F | Cdim |"
    assert str(progression("3- 7° 5/7", "E major")) == "| G#- | D#° | B/D# |"


@pytest.mark.parametrize(
    ("text", "home", "bars"),
    [
        ("Am F C G", None, "Am | F | C | G"),
        ("Am, F, C, G", None, "Am | F | C | G"),
        ("Am - F - C - G", None, "Am | F | C | G"),
        ("Am-F-C-G", None, "Am | F | C | G"),
        ("Am – F — C → G", None, "Am | F | C | G"),
        ("D-7-G7-CΔ", None, "D-7 | G7 | CΔ"),
        ("Am | F C | G", None, "Am | F C | G"),
        ("| Dm7 G7 | Cmaj7 |", None, "Dm7 G7 | Cmaj7"),
        ("|| Am | % | F, C | % ||", None, "Am | Am | F C | F C"),
        ("Am % F", None, "Am | Am | F"),
        ("C N.C. nc F", None, "C | N.C. | N.C. | F"),
        ("C7(b9, #11) F (add9)", None, "C7(b9,#11) | F(add9)"),
        ("C6/9 D/F#", None, "C6/9 | D/F#"),
        ("H Em", None, "B | Em"),
        ("ii-V-I", "C", "Dm | G | C"),
        ("ii7 V7 | Imaj7", "C", "Dm7 G7 | Cmaj7"),
        ("i - bVII - bVI - V", "A minor", "Am | G | F | E"),
        ("1-5-6m-4", "G", "G | D | Em | C"),
        ("2-5-1", "C", "D | G | C"),
        ("2-7 57 1", "C", "D-7 | G7 | C"),
        ("I vi F G", "C", "C | Am | F | G"),
        (["Am", "F", "C", "G"], None, "Am | F | C | G"),
        (("Am", ("F", "C"), None, "G7 C"), None, "Am | F C | N.C. | G7 C"),
        ([ChordSymbol("Am"), "F"], None, "Am | F"),
        ([1, 5, [6, 4]], "C", "C | G | A F"),
    ],
)
def test_progressions_in_all_their_forms(text: str, home: str | None, bars: str) -> None:
    found = progression(text, home)
    assert str(found) == f"| {bars} |"
    assert progression(found) is found


def test_chords_share_their_bar() -> None:
    found = progression("C | F G | Am Em Dm | C / / G | C . F /")
    starts = [[start for start, _ in bar] for bar in found.bars]
    half, third = Fraction(1, 2), Fraction(1, 3)
    assert starts == [[0], [0, half], [0, third, 2 * third], [0, Fraction(3, 4)], [0, half]]
    assert str(found) == "| C | F G | Am Em Dm | C / / G | C F |"


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("ii V I", {}, "bar 1: Roman numeral 'ii' has no key"),
        ("C | 4 5", {}, "bar 2: Nashville number '4' has no key"),
        ("ii-V-I", {}, "Roman numeral 'ii' has no key"),
        ("Am | F Cx | G", {}, "bar 2: chord 'Cx': 'x' after C is not understood"),
        ("I Vx", {"key": "C"}, "bar 2: 'Vx' in C major: chord 'Gx'"),
        ("I Ivi", {"key": "C"}, "bar 2: 'Ivi' in C major"),
        ("N99", {"key": "C"}, "'N99' in C major: "),
        ("", {}, "a progression without chords"),
        ([], {}, "no chord"),
        ("% C", {}, "bar 1: no chord at its start"),
        ("C | | G", {}, "bar 2: no chord at its start"),
        ("C | / G", {}, "bar 2: no chord at its start"),
        ("H B7", {}, "is B flat meant: write B and Bb"),
        ("C F G Am Em", {"meter": "4/4", "text": "| C F G Am Em |"}, "bar 1: a chord at 1/5 of a 4/4 bar"),
        ("C", {"key": "D dorian"}, "is a scale, not a key"),
    ],
)
def test_what_is_no_progression(text: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(BriefError, match=words):
        progression(**{"text": text, **options})


def test_a_meter_lets_through_what_it_can_play() -> None:
    for meter, text in (("4/4", "| C F G |"), ("5/4", "| C F G Am Em |"), ("3/4", "| C F |"), ("7/8", "| C F |")):
        assert progression(text, meter=meter) == progression(text)


def test_bars_must_be_in_order() -> None:
    c = ChordSymbol("C")
    for bar in ((), ((Fraction(1, 2), c),), ((Fraction(0), c), (Fraction(0), c)), ((Fraction(0), c), (Fraction(1), c))):
        with pytest.raises(BriefError, match="its chords start at 0"):
            Progression((bar,))
    with pytest.raises(BriefError, match="at least 1"):
        progression("C").in_bars(0)


NOTES = st.builds("".join, st.tuples(st.sampled_from("ABCDEFG"), st.sampled_from(["", "#", "b"])))
NAMES = st.builds(
    lambda root, suffix, more, bass: root + suffix + more + bass,
    NOTES,
    st.sampled_from([*COMMON, "5", "-7", "Δ", "ø", "+", "alt", "6/9", "mMaj9"]),
    st.sampled_from(["", "(b9)", "no5", "(b9,#11)", "add11", "#5", "(-5)"]),
    st.one_of(st.just(""), NOTES.map("/{}".format)),
)
SYMBOLS = NAMES.map(ChordSymbol)
STARTS = st.sets(st.fractions(0, 1, max_denominator=12).filter(lambda f: 0 < f < 1), max_size=3)
BARS = STARTS.flatmap(
    lambda starts: st.tuples(*(st.tuples(st.just(s), st.none() | SYMBOLS) for s in sorted({Fraction(0), *starts})))
)
PROGRESSIONS = st.lists(BARS, min_size=1, max_size=4).map(lambda bars: Progression(tuple(bars)))


@settings(max_examples=60, deadline=None)
@given(PROGRESSIONS)
def test_a_progression_reads_back_from_its_text(found: Progression) -> None:
    again = progression(str(found))
    assert again == found and hash(again) == hash(found)
    assert str(again) == str(found)


@settings(max_examples=100, deadline=None)
@given(SYMBOLS, st.integers(-24, 24))
def test_transposing_moves_every_note(symbol: ChordSymbol, semitones: int) -> None:
    moved = symbol.transposed(semitones)
    assert moved.pitch_classes == {(c + semitones) % 12 for c in symbol.pitch_classes}
    assert (moved.root, moved.bass) == ((symbol.root + semitones) % 12, (symbol.bass + semitones) % 12)
    assert moved.token.quality == symbol.token.quality
    assert moved.transposed(-semitones) == symbol
    assert progression([symbol]).transposed(semitones) == progression([moved])


@settings(max_examples=100, deadline=None)
@given(st.text("ABCDEFGHmaj7b#59()/,+-Δøsu4 dint113|%IViv.o", max_size=14))
def test_any_text_is_a_progression_or_a_clear_error(text: str) -> None:
    try:
        found = progression(text, "C")
    except BriefError as error:
        assert error.what
    else:
        assert progression(str(found)) == found


@settings(max_examples=40, deadline=None)
@given(PROGRESSIONS, st.integers(1, 20))
def test_bars_come_around(found: Progression, count: int) -> None:
    more = found.in_bars(count)
    assert len(more.bars) == count
    assert all(bar == found.bars[i % len(found.bars)] for i, bar in enumerate(more.bars))

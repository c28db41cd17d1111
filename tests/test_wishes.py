"""Limits in words: sentences, the rules that they are read as, and what must not be read into them."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_music.brief import Brief, parts_of
from symbolic_music.errors import BriefError
from symbolic_music.prompt import read
from symbolic_music.rules.read import rule

# A text, and the rules that it asks for, in order; nothing may be unknown.
SENTENCES: list[tuple[str, list[str]]] = [
    # range
    ("bass stays below C3", ["Range(high='B2', tracks='bass')"]),
    ("the bass stays below C3", ["Range(high='B2', tracks='bass')"]),
    ("keep the bass under C3", ["Range(high='B2', tracks='bass')"]),
    ("a rock song with a bass that stays below C3", ["Range(high='B2', tracks='bass')"]),
    ("the bass should never go above middle C", ["Range(high='C4', tracks='bass')"]),
    ("the violin never goes above A5", ["Range(high='A5', tracks='violin')"]),
    ("the violin does not go higher than A5", ["Range(high='A5', tracks='violin')"]),
    ("no notes above C6 in the flute", ["Range(high='C6', tracks='flute')"]),
    ("nothing below E2", ["Range(low='E2')"]),
    ("the melody stays above C4", ["Range(low='C#4', tracks='melody')"]),
    ("the melody is not below C4", ["Range(low='C4', tracks='melody')"]),
    ("the melody goes no lower than Bb3", ["Range(low='Bb3', tracks='melody')"]),
    ("melody between C4 and G5", ["Range(low='C4', high='G5', tracks='melody')"]),
    ("the melody lies between C4 and G5", ["Range(low='C4', high='G5', tracks='melody')"]),
    ("range C3 to C5", ["Range(low='C3', high='C5')"]),
    ("in the range C3-C5", ["Range(low='C3', high='C5')"]),
    ("a range of C3 to C5 in the melody", ["Range(low='C3', high='C5', tracks='melody')"]),
    ("the range of the flute is C4 to C6", ["Range(low='C4', high='C6', tracks='flute')"]),
    ("keep the flute within G4-D6", ["Range(low='G4', high='D6', tracks='flute')"]),
    ("melody range: F sharp 3 to B flat 4", ["Range(low='F#3', high='Bb4', tracks='melody')"]),
    ("the melody goes up to C5", ["Range(high='C5', tracks='melody')"]),
    ("the melody is at least C4", ["Range(low='C4', tracks='melody')"]),
    ("highest note C6", ["Range(high='C6')"]),
    ("the melody's highest note is C6", ["Range(high='C6', tracks='melody')"]),
    ("the bass stays above E1 and below C3", ["Range(low='F1', high='B2', tracks='bass')"]),
    ("the melody never goes below C4 or above C6", ["Range(low='C4', high='C6', tracks='melody')"]),
    ("for a tenor voice range", ["Range(voice='tenor')"]),
    ("melody in soprano range", ["Range(voice='soprano', tracks='melody')"]),
    ("melody within alto range", ["Range(voice='alto', tracks='melody')"]),
    ("the melody fits the mezzo-soprano range", ["Range(voice='mezzo', tracks='melody')"]),
    ("the melody stays below C5 in bars 5-8", ["Range(high='B4', tracks='melody', bars=(5, 8))"]),
    ("in bars 5-8 the melody stays below C5", ["Range(high='B4', tracks='melody', bars=(5, 8))"]),
    ("bass below C3 in the chorus", ["Range(high='B2', tracks='bass', section='chorus')"]),
    # note values
    ("no note longer than a quarter", ["Lengths(longest='quarter')"]),
    ("no notes longer than a dotted quarter", ["Lengths(longest='dotted quarter')"]),
    ("nothing shorter than an eighth", ["Lengths(shortest='eighth')"]),
    ("no note is shorter than a sixteenth", ["Lengths(shortest='sixteenth')"]),
    ("nothing faster than quavers", ["Lengths(shortest='eighth')"]),
    ("shortest note an eighth", ["Lengths(shortest='eighth')"]),
    ("no note shorter than an eighth or longer than a half", ["Lengths(shortest='eighth', longest='half')"]),
    ("only quarter and half notes", ["Lengths(only=['quarter', 'half'])"]),
    ("only eighths, quarters and halves", ["Lengths(only=['eighth', 'quarter', 'half'])"]),
    ("just 8th notes in the melody", ["Lengths(only=['eighth'], tracks='melody')"]),
    ("quarter notes only in the bass", ["Lengths(only=['quarter'], tracks='bass')"]),
    ("the bass plays only quarter notes", ["Lengths(only=['quarter'], tracks='bass')"]),
    ("the bass plays quarter notes", ["Lengths(only=['quarter'], tracks='bass')"]),
    ("the bass plays steady eighth notes in bars 5-8", ["Lengths(only=['eighth'], tracks='bass', bars=(5, 8))"]),
    ("only eighth-note triplets in bar 3", ["Lengths(only=['eighth triplet'], bars=3)"]),
    ("on the eighth-note grid", ["Grid('eighth')"]),
    ("everything on sixteenths", ["Grid('sixteenth')"]),
    ("quantized to sixteenth notes", ["Grid('sixteenth')"]),
    ("a 1/8 grid in the melody", ["Grid('eighth', tracks='melody')"]),
    ("drums on a triplet eighth grid", ["Grid('eighth triplet', tracks='drums')"]),
    ("rhythm x..x..x. in the bass", ["Rhythm('x..x..x.', tracks='bass')"]),
    ("the bass has the rhythm x.x. x.xx", ["Rhythm('x.x.x.xx', tracks='bass')"]),
    # entries and silences
    ("drums come in at bar 5", ["Enters(5, tracks='drums')"]),
    ("the bass enters in bar 3", ["Enters(3, tracks='bass')"]),
    ("drums enter after 4 bars", ["Enters(5, tracks='drums')"]),
    ("the violins join in at bar 9", ["Enters(9, tracks='violins')"]),
    ("bass and drums start in the third bar", ["Enters(3, tracks=('bass', 'drums'))"]),
    ("with drums entering at bar 5", ["Enters(5, tracks='drums')"]),
    ("bring in the drums at bar 5", ["Enters(5, tracks='drums')"]),
    ("a rock song where drums come in at bar 5", ["Enters(5, tracks='drums')"]),
    ("a waltz where the piano comes in after bar 4", ["Enters(5, tracks='piano')"]),
    ("no drums in bars 1-4", ["Silence(tracks='drums', bars=(1, 4))"]),
    ("no drums in the first 4 bars", ["Silence(tracks='drums', bars=(1, 4))"]),
    ("no drums in the intro", ["Silence(tracks='drums', section='intro')"]),
    ("no drums until bar 5", ["Silence(tracks='drums', bars=(1, 4))"]),
    ("bars 1-4 without drums", ["Silence(tracks='drums', bars=(1, 4))"]),
    ("in bars 5 to 8, no drums", ["Silence(tracks='drums', bars=(5, 8))"]),
    ("piano rests in bars 3 to 4", ["Silence(tracks='piano', bars=(3, 4))"]),
    ("the piano is silent in bar 8", ["Silence(tracks='piano', bars=8)"]),
    ("drums and bass drop out in the last two bars", ["Silence(tracks=('drums', 'bass'), bars=(-2, -1))"]),
    ("drums drop out in bars 9-12", ["Silence(tracks='drums', bars=(9, 12))"]),
    ("drums drop out at bar 9", ["Silence(tracks='drums', bars=(9, -1))"]),
    ("the drums don't play in bars 1 and 3", ["Silence(tracks='drums', bars=1)", "Silence(tracks='drums', bars=3)"]),
    ("silence in bar 8", ["Silence(bars=8)"]),
    ("bar 8 is silent", ["Silence(bars=8)"]),
    ("silence in the penultimate bar", ["Silence(bars=-2)"]),
    # first and last notes, cadences
    ("in D minor, ends on the tonic", ["Closes('D', tracks=('melody', 'bass'))"]),
    ("a song in D minor that ends on the tonic", ["Closes('D', tracks=('melody', 'bass'))"]),
    ("the melody ends on the tonic, in E blues scale", ["Closes('E')"]),
    ("begins on the tonic, in F", ["Opens('F', tracks=('melody', 'bass'))"]),
    ("in G, starts and ends on the root", [
        "Opens('G', tracks=('melody', 'bass'))", "Closes('G', tracks=('melody', 'bass'))",
    ]),
    ("ends on G", ["Closes('G')"]),
    ("ends on a G", ["Closes('G')"]),
    ("the bass ends on A flat", ["Closes('Ab', tracks='bass')"]),
    ("ends on C or E", ["Closes('C E')"]),
    ("last note is A", ["Closes('A')"]),
    ("the final note is F#", ["Closes('F#')"]),
    ("starts on E", ["Opens('E')"]),
    ("the melody begins on E and ends on C", ["Opens('E')", "Closes('C')"]),
    ("the violin starts on the note D", ["Opens('D', tracks='violin')"]),
    ("in C minor, ends with a perfect cadence", ["Cadence('C minor')"]),
    ("in C, ends with an authentic cadence", ["Cadence('C major')"]),
    ("a perfect authentic cadence at the end, in C", ["Cadence('C major')"]),
    ("D minor with a plagal cadence", ["Cadence('D minor', kind='plagal')"]),
    ("ends with a deceptive cadence in G major", ["Cadence('G major', kind='deceptive')"]),
    ("in A minor, ends on a half cadence", ["Cadence('A minor', kind='half')"]),
    ("in C, chromatic passing notes shorter than an eighth", ["InKey('C major', passing='eighth')"]),
    # chords
    ("chords Am F C G", ["Chords('Am F C G')"]),
    ("chords: Am, F, C and G", ["Chords('Am F C G')"]),
    ("chords am f c g", ["Chords('Am F C G')"]),
    ("chords A minor, F major, C major, G major", ["Chords('Am F C G')"]),
    ("chord progression: Dm7 G7 Cmaj7", ["Chords('Dm7 G7 Cmaj7')"]),
    ("over Am - F - C - G", ["Chords('Am F C G')"]),
    ("Am-F-C-G progression", ["Chords('Am F C G')"]),
    ("with the changes | Am | F C | G |", ["Chords('| Am | F C | G |')"]),
    ("chords C/E F#m7b5 Bb", ["Chords('C/E F#m7b5 Bb')"]),
    ("progression ii-V-I in Bb", ["Chords('Cm F Bb')"]),
    ("in Bb, over a ii-V-I", ["Chords('Cm F Bb')"]),
    ("I-V-vi-IV in G", ["Chords('G D Em C')"]),
    ("a pop song in G over the I-V-vi-IV progression", ["Chords('G D Em C')"]),
    ("1 5 6m 4 in E", ["Chords('E B C#m A')"]),
    ("chords 1-5-6m-4 in E", ["Chords('E B C#m A')"]),
    ("chords Am F C G in bars 5-8", ["Chords('Am F C G', bars=(5, 8))"]),
    ("chords Am F C G, chord tones only", ["Chords('Am F C G', on='always')"]),
    ("chords Am F C G, always on chord tones", ["Chords('Am F C G', on='always')"]),
    ("chords Am F C G, chord tones on every beat", ["Chords('Am F C G', on='beats')"]),
    # voices
    ("melody is monophonic", ["Monophonic(tracks='melody')"]),
    ("the melody plays one note at a time", ["Monophonic(tracks='melody')"]),
    ("one note at a time", ["Monophonic()"]),
    ("monophonic bass", ["Monophonic(tracks='bass')"]),
    ("strictly monophonic in bars 1-2", ["Monophonic(bars=(1, 2))"]),
    ("at most 3 voices in the piano", ["Polyphony(3, tracks='piano')"]),
    ("no more than three notes at once in the piano", ["Polyphony(3, tracks='piano')"]),
    ("the piano plays up to four notes at a time", ["Polyphony(4, tracks='piano')"]),
    ("two-voice piano", ["Polyphony(2, tracks='piano')"]),
    # lines
    ("no leaps larger than a fifth in the melody", ["Leaps(7)"]),
    ("the melody has no leaps larger than a fifth", ["Leaps(7)"]),
    ("no jumps of more than an octave in the violin", ["Leaps(12, tracks='violin')"]),
    ("leaps of at most a minor third", ["Leaps(3)"]),
    ("the bass never leaps more than 7 semitones", ["Leaps(7, tracks='bass')"]),
    ("melody moves by step", ["Leaps(2)"]),
    ("a stepwise melody", ["Leaps(2)"]),
    ("the flute moves stepwise in bars 5-8", ["Leaps(2, tracks='flute', bars=(5, 8))"]),
    ("rising melody", ["Contour('rising')"]),
    ("a falling melody in the last 4 bars", ["Contour('falling', bars=(-4, -1))"]),
    ("the line falls in bars 5-8", ["Contour('falling', bars=(5, 8))"]),
    ("the bass descends in bars 1 to 4", ["Contour('falling', tracks='bass', bars=(1, 4))"]),
    # repeats
    ("bars 5-8 repeat bars 1-4", ["Repeats((1, 4), bars=(5, 8))"]),
    ("bars 5 to 8 are the same as bars 1 to 4", ["Repeats((1, 4), bars=(5, 8))"]),
    ("bar 2 repeats bar 1", ["Repeats(1, bars=2)"]),
    ("repeat bars 1-4 in bars 9-12", ["Repeats((1, 4), bars=(9, 12))"]),
    ("repeat the first 4 bars", ["Repeats((1, 4), bars=(5, 8))"]),
    ("bars 9 to 12 are bars 1 to 4 a fourth higher", ["Repeats((1, 4), transposed=5, bars=(9, 12))"]),
    ("bars 9 to 12 are bars 1 to 4 transposed up 5 semitones", ["Repeats((1, 4), transposed=5, bars=(9, 12))"]),
    ("bars 5-8 repeat bars 1-4 an octave lower in the bass", [
        "Repeats((1, 4), transposed=-12, tracks='bass', bars=(5, 8))",
    ]),
    ("bars 5-8 have the rhythm of bars 1-4", ["Repeats((1, 4), how='rhythm', bars=(5, 8))"]),
    ("bars 5-8 have the same rhythm as bars 1-4", ["Repeats((1, 4), how='rhythm', bars=(5, 8))"]),
    # density and kit
    ("at most 8 notes a bar", ["Density(most=8)"]),
    ("no more than 8 notes per bar in the melody", ["Density(most=8, tracks='melody')"]),
    ("at least 2 notes per bar in the bass", ["Density(least=2, tracks='bass')"]),
    ("4 to 8 notes a bar", ["Density(least=4, most=8)"]),
    ("between 4 and 8 notes in each bar", ["Density(least=4, most=8)"]),
    ("the piano has exactly 4 notes a bar", ["Density(least=4, most=4, tracks='piano')"]),
    ("fewer than 5 notes a bar", ["Density(most=4)"]),
    ("at least 2 and at most 6 notes per bar", ["Density(least=2, most=6)"]),
    ("at most 8 hits a bar in the drums", ["Density(most=8, tracks='drums')"]),
    ("only kick, snare and hi-hat", ["Kit(['kick', 'snare', 'hat'])"]),
    ("drums: only kick and snare", ["Kit(['kick', 'snare'])"]),
    ("the drums use only kick and snare", ["Kit(['kick', 'snare'])"]),
    ("drums with only bass drum, snare drum and ride cymbal", ["Kit(['kick', 'snare', 'ride'])"]),
    ("kick and snare only", ["Kit(['kick', 'snare'])"]),
    ("only kick and hat in bars 1-4", ["Kit(['kick', 'hat'], bars=(1, 4))"]),
    # form
    ("form AABA", ["Form('A A B A')"]),
    ("AABA form, 32 bars", ["Form('A A B A')"]),
    ("a song in A-B-A form", ["Form('A B A')"]),
    ("form: intro 4, verse 8, chorus 8", ["Form('intro 4, verse 8, chorus 8')"]),
    ("structure: verse (8 bars), pre-chorus (4 bars), chorus (8 bars)", ["Form('verse 8, prechorus 4, chorus 8')"]),
    ("verse chorus verse chorus structure", ["Form('verse chorus verse chorus')"]),
    ("a 4-bar intro, an 8-bar verse and an 8-bar chorus", ["Form('intro 4, verse 8, chorus 8')"]),
    ("form AABA, no drums in section B", ["Form('A A B A')", "Silence(tracks='drums', section='B')"]),
    # loudness
    ("crescendo from bar 1 to 8", ["Crescendo('p', 'f', bars=(1, 8))"]),
    ("crescendo from p to f in bars 5-8", ["Crescendo('p', 'f', bars=(5, 8))"]),
    ("a crescendo over bars 5 to 8 from mp to ff", ["Crescendo('mp', 'ff', bars=(5, 8))"]),
    ("diminuendo in the last 4 bars", ["Crescendo('f', 'p', bars=(-4, -1))"]),
    ("decrescendo from forte to pianissimo in bars 5-8", ["Crescendo('f', 'pp', bars=(5, 8))"]),
    ("never louder than mf", ["Dynamics('pp', 'mf')"]),
    ("the drums are never louder than mf", ["Dynamics('pp', 'mf', tracks='drums')"]),
    ("velocity between 40 and 90", ["Dynamics(40, 90)"]),
    ("velocities 40-90 in the piano", ["Dynamics(40, 90, tracks='piano')"]),
    ("dynamics mp to f", ["Dynamics('mp', 'f')"]),
    ("velocity at most 90", ["Dynamics(1, 90)"]),
    # several in one text
    ("jazz trio, the bass stays below C3, has at most 4 notes a bar and enters at bar 5", [
        "Range(high='B2', tracks='bass')", "Density(most=4, tracks='bass')", "Enters(5, tracks='bass')",
    ]),
    ("the melody moves by step and ends on G", ["Leaps(2)", "Closes('G')"]),
    ("bass stays below C3, ends on the tonic, in C", [
        "Range(high='B2', tracks='bass')", "Closes('C', tracks=('melody', 'bass'))",
    ]),
    ("no drums in bars 1-4, crescendo in bars 5-8; ends with a plagal cadence in F", [
        "Silence(tracks='drums', bars=(1, 4))", "Crescendo('p', 'f', bars=(5, 8))", "Cadence('F major', kind='plagal')",
    ]),
    ("two violins, viola and cello; the second violin never goes above E6, the cello rests in bars 1-4", [
        "Range(high='E6', tracks='violin 2')", "Silence(tracks='cello', bars=(1, 4))",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rules"), SENTENCES, ids=[text for text, _ in SENTENCES])
def test_sentences(text: str, rules: list[str]) -> None:
    reading = read(text)
    assert list(reading.brief.rules) == rules
    assert reading.unknown == ()


def test_texts_are_what_the_rules_write() -> None:
    for _, rules in SENTENCES:
        for text in rules:
            assert repr(rule(text)) == text


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        # what cannot be known
        ("ends on the tonic", "ends on the tonic (the tonic of which key?)"),
        ("half cadence", "half cadence (a cadence in which key?)"),
        ("ends with a cadence in C", "ends with a cadence (which cadence: authentic, plagal, deceptive or half?)"),
        ("progression ii V I", "progression ii V I (chords in which key?)"),
        ("always on chord tones", "always on chord tones (of which chords?)"),
        ("the bass stays below C", "the bass stays below C (say the octave, such as C3)"),
        ("a big crescendo", "a big crescendo (in which bars?)"),
        ("crescendo from f to p in bars 1-4", "crescendo from f to p in bars 1-4 (it goes the other way)"),
        ("bars 5-8 repeat bars 1-4 a third higher", "bars 5-8 repeat bars 1-4 a third higher (by how many semitones?)"),
        ("repeat the first four bars twice", "repeat the first four bars twice (say which bars repeat them)"),
        ("repeat the chorus", "repeat the chorus (name the bars by number)"),
        ("drums come in at the chorus", "drums come in at the chorus (say the bar where the chorus begins)"),
        ("drums only in bars 5-8", "drums only in bars 5-8 (say where they are silent)"),
        ("enters at bar 5", "enters at bar 5 (who?)"),
        ("form: intro 4, verse", "form: intro 4, verse (say the bars of every section, or of none)"),
        ("ends on G in bars 1-4", "ends on G in bars 1-4 (the last notes of the whole piece only)"),
        # of whom or where
        ("the ukulele stays below C5", "ukulele stays below C5 (of which part?)"),
        ("the sun rises", "sun rises (of which part?)"),
        ("ukulele has no leaps larger than a fifth", "ukulele has no leaps larger than a fifth (of which part?)"),
        ("no note longer than a half unless quiet", "no note longer than a half unless (understood in part only)"),
        # negated
        ("not monophonic", "not monophonic (what to avoid is not understood here)"),
        ("the melody must not end on G", "the melody must not end on G (what to avoid is not understood here)"),
        ("the bass doesn't stay below C3", "the bass doesn't stay below C3 (what to avoid is not understood here)"),
        ("avoid form AABA", "avoid form AABA (what to avoid is not understood here)"),
        ("no crescendo from bar 1 to 8", "no crescendo from bar 1 to 8 (what to avoid is not understood here)"),
        ("don't repeat bars 1-4 in bars 5-8",
         "don't repeat bars 1-4 in bars 5-8 (what to avoid is not understood here)"),
        ("without chords Am F C G", "without chords Am F C G (what to avoid is not understood here)"),
    ],
)  # fmt: skip
def test_what_is_half_understood_is_named(text: str, unknown: str) -> None:
    reading = read(text)
    assert reading.brief.rules == ()
    assert unknown in reading.unknown


@pytest.mark.parametrize(
    "text",
    [
        "piano chords and bass", "jazz with lush chords", "a chord progression", "a rock song in A", "16 bars",
        "only uses A, B, C#, F# and G", "a folk song that only uses A, B, C#, F# and G", "no notes other than C, E, G",
        "a bass line in C minor", "a melody for flute", "falling leaves, calm piano", "a song about a rising sun",
        "half-time groove", "eighth notes", "quarter = 96", "eighth = 120", "a quarter of an hour", "3/4 time", "in 4",
        "verse and chorus", "with A and B sections", "a quiet intro", "the form is free", "12-bar blues form",
        "start slowly", "starts in C and ends in G", "ends in C minor", "ends on a high note", "ends on a C chord",
        "starts with the piano", "the drums start", "over 100 bpm", "between 100 and 120 bpm", "up to 2 minutes",
        "at most 16 bars", "for 2 voices", "four-part choir", "SATB choir", "tenor sax", "for a tenor",
        "at least 3 instruments", "notes: C D E", "piano played softly", "loud drums", "a dynamic song",
        "bars: 16", "play it forte", "a rest", "silent night",
        "silence", "a step by step build", "no leaps of faith", "wide range", "only drums",
        "drum and bass", "I want a song", "I think in A", "a song in a minor key", "Em, 120 bpm", "just kick off",
        "over the hills", "harmony", "jazz changes", "repeat", "instrumental", "no drums", "without drums", "8 notes",
        "no sixteenth notes", "play bars 5-8", "the last 4 bars", "Am", "C major", "A-B-C#", "a crescendo-like build",
    ],
)  # fmt: skip
def test_no_limit_is_read_into_other_words(text: str) -> None:
    assert read(text).brief.rules == ()


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("a rock song where drums come in at bar 5", None),
        ("a rock song with a bass that stays below C3", None),
        ("bass stays below C3", None),
        ("only kick and snare, funk", None),
        ("jazz, no drums in bars 1-4", None),
        ("keep the flute within G4-D6", ["drums", "piano", "guitar", "bass", "flute"]),
        ("a waltz where the drums come in at bar 5", ["drums", "piano", "violin", "cello"]),
        ("jazz with the bass guitar below C3", ["piano", "bass guitar", "drums"]),
        ("for piano and a bass that stays below C3", ["piano", "bass"]),
        ("piano, drums and a bass that stays below C3", ["piano", "drums", "bass"]),
        ("a piece for a flute that never goes above C6", ["flute"]),
        ("for piano, with drums entering at bar 5", ["piano", "drums"]),
        ("for flute and piano: no note shorter than an eighth", ["flute", "piano"]),
        ("flute and piano, no note shorter than an eighth", ["flute", "piano"]),
        ("piano, bass and drums, the bass stays below C3", ["piano", "bass", "drums"]),
        ("two violins; violin 2 stays below C5", ["violin", "violin"]),
        ("no drums, the piano rests in bars 3-4, jazz", ["piano", "double bass"]),
    ],
)
def test_a_limit_leaves_the_band_as_it_is(text: str, band: list[str] | None) -> None:
    reading = read(text)
    assert reading.brief.rules
    assert reading.brief.parts == (() if band is None else parts_of(band))
    assert reading.unknown == ()


def test_a_name_is_that_of_the_band() -> None:
    assert read("rock; the guitar rests in bars 1-4").brief.rules == (
        "Silence(tracks=('overdriven guitar', 'clean guitar'), bars=(1, 4))",
    )
    assert read("swing quartet, the sax rests in bar 1").brief.rules == ("Silence(tracks='tenor sax', bars=1)",)


@pytest.mark.parametrize(
    ("text", "bars", "seconds"),
    [
        ("form AABA", 32, None), ("form AABA, 64 bars", 64, None), ("form: intro 4, verse 8, chorus 8", 20, None),
        ("AABA form, 1 minute", None, 60), ("verse chorus verse chorus structure", 32, None),
    ],
)  # fmt: skip
def test_a_form_is_a_length(text: str, bars: int | None, seconds: float | None) -> None:
    brief = read(text).brief
    assert (brief.bars, brief.seconds) == (bars, seconds)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("chords Am Hm7b13x", "Hm7b13x"), ("the bass stays below H3", "write B or Bb"), ("velocity 200", "1 to 127"),
    ],
)  # fmt: skip
def test_meaningless(text: str, why: str) -> None:
    with pytest.raises(BriefError, match=why):
        read(text)


def test_a_key_may_be_told_elsewhere() -> None:
    text = "ends on the tonic, over a ii-V-I"
    assert read(text).brief.rules == ()
    reading = read(text, key="D minor")
    assert reading.brief.rules == ("Closes('D', tracks=('melody', 'bass'))", "Chords('Em A D')")
    assert reading.brief.key is None
    assert read(f"{text}, in C", key="D").brief.rules[0] == "Closes('D', tracks=('melody', 'bass'))"


def test_understood_says_it_in_plain_words() -> None:
    text = "In C, the bass stays below C3, drums come in at bar 5; leaps up to a fifth in the last 4 bars"
    assert read(text).understood == (
        ("In C", "key C major"),
        ("the bass stays below C3", "bass not above B2"),
        ("drums come in at bar 5", "drums enters in bar 5"),
        ("leaps up to a fifth in the last 4 bars", "leaps up to a fifth in the last 4 bars"),
    )


FRAGMENTS = sorted({" ".join(words[i : i + n]) for text, _ in SENTENCES for words in [text.split()] for n in (1, 2, 4)
                    for i in range(0, len(words), n)})  # fmt: skip
MIXED = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=4)), max_size=9)


@settings(max_examples=300, deadline=None)
@given(MIXED, st.sampled_from([" ", ", "]))
def test_fragments_raise_nothing_but_brief_errors(fragments: list[str], between: str) -> None:
    text = between.join(fragments)
    try:
        reading = read(text)
    except BriefError:
        return
    for found in reading.brief.rules:
        with contextlib.suppress(BriefError):  # a range may be upside down
            assert repr(rule(found)) == found
    assert Brief.from_json(reading.brief.to_json()) == reading.brief


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([text for text, _ in SENTENCES]), st.sampled_from([text for text, _ in SENTENCES]))
def test_two_wishes_stand_side_by_side(one: str, other: str) -> None:
    """After a semicolon nothing is about what stood before it, but for the key, the chords and the band."""
    first, second = read(one).brief, read(other).brief
    if any(brief.key or brief.scale or brief.parts or brief.genre for brief in (first, second)):
        return
    try:
        both = read(f"{one}; {other}").brief.rules
    except BriefError:
        return
    if not any(text.startswith("Chords") for text in (*first.rules, *second.rules)):
        assert set(both) == {*first.rules, *second.rules}


@pytest.mark.parametrize(
    "words", ["bars 5-8 ", "A B ", "the bass ", "no ", "chords Am ", "crescendo ", "quarter ", "kick, "]
)
def test_long_texts_take_no_longer(words: str) -> None:
    start = time.process_time()
    with contextlib.suppress(BriefError):
        read("jazz " + words * 400)
    assert time.process_time() - start < 2

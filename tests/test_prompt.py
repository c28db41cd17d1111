"""The reader of words: sentences and what they ask for."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from symbolic_music.brief import Brief, parts_of
from symbolic_music.errors import BriefError
from symbolic_music.prompt import read
from symbolic_music.prompt.vocabulary import ensembles, stop_words, tempo_words
from symbolic_music.theory import genres, instruments, meters, moods
from symbolic_music.theory.keys import Scale, key, scale, scales
from symbolic_music.theory.meters import meter
from symbolic_music.theory.pitch import pitch_classes

JAZZ_TRIO = ["piano", "double bass", "drums"]
QUARTET = ["violin", "violin", "viola", "cello"]

# A text, and all that it asks for; what is not listed must not be asked, and nothing may be unknown.
SENTENCES: list[tuple[str, dict[str, Any]]] = [
    # notes
    ("a folk song that only uses A, B, C#, F# and G", {"genre": "folk", "only": "A B C# F# G"}),
    ("only the notes A B C# F# G", {"only": "A B C# F# G"}),
    ("using only A,B,C♯,F♯,G", {"only": "A B C# F# G"}),
    ("just the notes C E G", {"only": "C E G"}),
    ("with only A, B and C sharp", {"only": "A B C#"}),
    ("notes: C D E", {"only": "C D E"}),
    ("restricted to A B C#", {"only": "A B C#"}),
    ("limited to C/D/E & G", {"only": "C D E G"}),
    ("no notes other than C, E, G", {"only": "C E G"}),
    ("nothing but C, E, G", {"only": "C E G"}),
    ("only notes a b c#", {"only": "A B C#"}),
    ("only uses E flat, B-flat and F", {"only": "Eb Bb F"}),
    ("the notes C E G and nothing else", {"only": "C E G"}),
    ("A, B and C# only, for flute", {"only": "A B C#", "instruments": ["flute"]}),
    ("only 5 notes: C D E G A", {"only": "C D E G A"}),
    ("only uses A", {"only": "A"}),
    ("uses only C, E and a piano", {"only": "C E", "instruments": ["piano"]}),
    ("only uses C, D and A in 4/4", {"only": "C D A", "meter": "4/4"}),
    ("only the black keys", {"only": "C# Eb F# Ab Bb"}),
    ("only a piano", {"instruments": ["piano"]}),
    ("ONLY A PIANO", {"instruments": ["piano"]}),
    # keys and scales
    ("upbeat jazz trio in D minor, 132 bpm, 16 bars",
     {"genre": "jazz", "moods": ["upbeat"], "instruments": JAZZ_TRIO, "key": "D minor", "tempo": 132, "bars": 16}),
    ("16 bars, 132 bpm, D minor: a jazz trio, upbeat",
     {"genre": "jazz", "moods": ["upbeat"], "instruments": JAZZ_TRIO, "key": "D minor", "tempo": 132, "bars": 16}),
    ("key of F♯", {"key": "F# major"}),
    ("Bb major", {"key": "Bb major"}),
    ("blues in Am", {"genre": "blues", "key": "A minor"}),
    ("C-sharp minor", {"key": "C# minor"}),
    ("E flat major", {"key": "Eb major"}),
    ("D-moll polka", {"key": "D minor", "genre": "polka"}),
    ("C-Dur march", {"key": "C major", "genre": "march"}),
    ("rock in A", {"genre": "rock", "key": "A major"}),
    ("rock in A at 120", {"genre": "rock", "key": "A major", "tempo": 120}),
    ("a song in a minor, please", {"key": "A minor"}),
    ("Em, 120 bpm", {"key": "E minor", "tempo": 120}),
    ("only in D minor", {"key": "D minor"}),
    ("in a happy mood", {"moods": ["happy"]}),
    ("E blues scale", {"scale": "E blues"}),
    ("D dorian", {"scale": "D dorian"}),
    ("in E phrygian dominant", {"scale": "E phrygian dominant"}),
    ("C minor pentatonic", {"scale": "C minor pentatonic"}),
    ("A harmonic minor", {"scale": "A harmonic minor"}),
    ("only uses the C major scale", {"scale": "C major"}),
    ("A blues song in G", {"genre": "blues", "key": "G major"}),
    # tempo
    ("tempo 93.4", {"tempo": 93.4}),
    ("tempo: 120", {"tempo": 120}),
    ("120 beats per minute", {"tempo": 120}),
    ("at 132", {"tempo": 132}),
    ("♩ = 96", {"tempo": 96}),
    ("q=96", {"tempo": 96}),
    ("dotted quarter = 60", {"tempo": 90}),
    ("one hundred and twenty bpm", {"tempo": 120}),
    ("an andante in C major", {"tempo": 92, "key": "C major"}),
    ("Allegro, 100 bpm", {"tempo": 100}),
    ("very slow jazz", {"genre": "jazz", "tempo": 80}),
    ("very fast jazz", {"genre": "jazz", "tempo": 220}),
    ("tempo 120 - 8 bars", {"tempo": 120, "bars": 8}),
    ("in 3/4 - 120 bpm", {"meter": "3/4", "tempo": 120}),
    ("mid-tempo rock", {"genre": "rock", "tempo": 124}),
    ("uptempo funk", {"genre": "funk", "tempo": 112}),
    # length
    ("sixteen bars", {"bars": 16}),
    ("8 measures", {"bars": 8}),
    ("a thirty-two-bar loop", {"bars": 32, "loop": True}),
    ("a seamless game loop, 8 bars", {"bars": 8, "loop": True, "genre": "game"}),
    ("looping music, 8 bars", {"bars": 8, "loop": True}),
    ("2 minutes", {"seconds": 120}),
    ("1:30", {"seconds": 90}),
    ("90 seconds", {"seconds": 90}),
    ("1 min 30 sec", {"seconds": 90}),
    ("half a minute", {"seconds": 30}),
    ("a minute and a half", {"seconds": 90}),
    ("30s", {"seconds": 30}),
    ("12-bar blues", {"genre": "blues", "bars": 12}),
    # meter
    ("in 6/8", {"meter": "6/8"}),
    ("3/4 time", {"meter": "3/4"}),
    ("waltz time", {"meter": "3/4"}),
    ("common time", {"meter": "4/4"}),
    ("cut time", {"meter": "4/4"}),
    ("in five-four", {"meter": "5/4"}),
    ("in 5", {"meter": "5/4"}),
    ("in three", {"meter": "3/4"}),
    ("in seven-eight", {"meter": "7/8"}),
    # genres
    ("drum'n'bass", {"genre": "drum-and-bass"}),
    ("drum and bass", {"genre": "drum-and-bass"}),
    ("bossanova", {"genre": "bossa-nova"}),
    ("an R&B tune", {"genre": "rnb"}),
    ("a jazz waltz", {"genre": "jazz-waltz"}),
    ("a waltz, jazz style", {"genre": "jazz-waltz"}),
    ("a country waltz", {"genre": "country", "meter": "3/4"}),
    ("lo-fi hip hop beat", {"genre": "lo-fi"}),
    ("hip hop, lo-fi", {"genre": "lo-fi"}),
    # moods
    ("very sad and slightly dark", {"moods": ["sad", "dark"]}),
    ("happily", {"moods": ["happy"]}),
    ("chill vibes", {"moods": ["chill"]}),
    # instruments
    ("classical guitar", {"instruments": ["nylon guitar"]}),
    ("jazz guitar and rock organ", {"instruments": ["jazz guitar", "rock organ"]}),
    ("folk guitar", {"instruments": ["steel guitar"]}),
    ("vibes, bass and drums", {"instruments": ["vibraphone", "bass", "drums"]}),
    ("two violins", {"instruments": ["violin", "violin"]}),
    ("2 violins", {"instruments": ["violin", "violin"]}),
    ("a pair of flutes", {"instruments": ["flute", "flute"]}),
    ("piano, double bass and drums", {"instruments": JAZZ_TRIO}),
    ("solo piano", {"genre": "piano", "instruments": ["piano"]}),
    ("jazz for solo piano", {"genre": "jazz", "instruments": ["piano"]}),
    ("a piano piece for piano", {"genre": "piano", "instruments": ["piano"]}),
    ("jazz without drums", {"genre": "jazz", "instruments": ["piano", "double bass"]}),
    ("jazz trio, no drums", {"genre": "jazz", "instruments": ["piano", "double bass"]}),
    ("rock with no guitar", {"genre": "rock", "instruments": ["bass", "drums"]}),
    ("waltz without violin or cello", {"genre": "waltz", "instruments": ["piano"]}),
    ("jazz, leave the drums out", {"genre": "jazz", "instruments": ["piano", "double bass"]}),
    ("jazz, leave the piano and drums out please", {"genre": "jazz", "instruments": ["double bass"]}),
    ("jazz trio, no instruments except piano", {"genre": "jazz", "instruments": JAZZ_TRIO}),
    ("don't leave the drums out", {"instruments": ["drums"]}),
    ("an 808 bass", {"instruments": ["808 bass"]}),
    ("two 808 basses and 2 sub basses", {"instruments": ["808 bass"] * 4}),
    ("instrumental gospel", {"genre": "gospel", "instruments": ["piano", "organ", "bass", "drums"]}),
    # ensembles
    ("trio", {"instruments": JAZZ_TRIO}),
    ("piano trio", {"genre": "chamber", "instruments": ["violin", "cello", "piano"]}),
    ("string quartet", {"genre": "chamber", "instruments": QUARTET}),
    ("string quartet: two violins, viola and cello", {"genre": "chamber", "instruments": QUARTET}),
    ("string quartet and a cello", {"genre": "chamber", "instruments": [*QUARTET, "cello"]}),
    ("trio for flute, cello and piano", {"instruments": ["flute", "cello", "piano"]}),
    ("swing quartet", {"genre": "swing", "instruments": ["tenor sax", *JAZZ_TRIO]}),
    ("guitar duo", {"instruments": ["guitar", "guitar"]}),
    ("SATB choir", {"genre": "choral", "instruments": ["choir"] * 4}),
    ("a rock trio", {"genre": "rock", "instruments": ["overdriven guitar", "bass", "drums"]}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "asked"), SENTENCES, ids=[text for text, _ in SENTENCES])
def test_sentences(text: str, asked: dict[str, Any]) -> None:
    reading = read(text)
    assert reading.brief == Brief(**asked, text=text)
    assert reading.unknown == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty prompt"), ("  \n", "empty prompt"), ("?!", "empty prompt"),
        ("0 bpm", "tempo 0"), ("10000 bpm", "tempo 10000"), ("1,200 bpm", "tempo 1200"), ("-20 bpm", "tempo -20"),
        ("0 bars", "0 bars"), ("100000 bars", "100000 bars"), ("1.5 bars", "1.5 bars"), ("0 seconds", "0 seconds"),
        ("16 bars, 30 seconds", "both"), ("in 13/16", "13/16"), ("D minor, only C E G", "clash"),
        ("in H minor", "write B or Bb"), ("key of H", "write B or Bb"), ("in H", "write B or Bb"),
        ("only the notes C, E and H", "write B or Bb"), ("only uses notes", "names no note"),
        ("only the notes.", "names no note"), ("only the notes C E X", "not a note"),
        ("A, H, C only", "write B or Bb"),
        ("in C mayor", "major"), ("in D foo scale", "unknown key or scale"), ("key of love", "unknown key"),
        ("played by a theremin", "theremin"), ("for theremin and piano", "theremin"),
        ("for violin, theremin and piano", "theremin"), ("for piano and theremin", "theremin"),
        ("0 violins", "0 violins"), ("1000 violins", "violin"), ("drums without drums", "no instrument"),
        ("9" * 400 + " bars", "not a number"),
    ],
)  # fmt: skip
def test_meaningless(text: str, why: str) -> None:
    with pytest.raises(BriefError, match=why):
        read(text)


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("jazz with a sidechain", ("sidechain",)),
        ("Skweee please", ("Skweee",)),
        ("rock folk", ("folk (one genre a piece)",)),
        ("100 bpm, 120 bpm", ("120 bpm (one tempo a piece)",)),
        ("8 bars, 16 bars", ("16 bars (one length a piece)",)),
        ("in C, in D", ("in D (one key a piece)",)),
        ("a duo", ("duo (of which instruments?)",)),
        ("not sad", ("not sad (only instruments can be left out)",)),
        ("a song in a minor key", ("minor",)),
        ("just an A", ("A",)),
        ("80s synthwave", ("80s",)),
        ("with A and B sections", ("A", "B", "sections")),
        ("16 bars from 100 to 120 bpm", ("from 100 to 120 bpm (say one number)",)),
        ("hip-hop beat with 808", ("808",)),
        ("hip-hop beat with 808s", ("808s",)),
    ],
)
def test_unknown_words_are_named(text: str, unknown: tuple[str, ...]) -> None:
    assert read(text).unknown == unknown


def test_an_808_alone_leaves_the_band_as_it_is() -> None:
    reading = read("hip-hop beat with 808")
    assert reading.brief == Brief(genre="hip-hop", text="hip-hop beat with 808")


@pytest.mark.parametrize(
    "text",
    [
        "not in C major", "NOT in C major", "no C major", "never in the key of C", "avoid C major",
        "avoid the key of C",
        "without C minor", "without using C major", "except C minor", "anything but C major", "any key but C major",
        "rather than Am", "don't use C major", "don\u2019t use C, E, G", "do not use the notes C and E",
        "never only C E G", "not just the notes C E G", "not C E G only", "no black keys", "without the black keys",
        "not the C major scale", "avoid E blues", "not in 3/4", "never 120 bpm", "not a 12-bar blues",
    ],
)  # fmt: skip
def test_what_is_not_wanted_is_never_asked(text: str) -> None:
    reading = read(f"{text}.")
    assert reading.brief == Brief(text=f"{text}.")
    assert reading.unknown == (f"{text} (what to avoid is not understood here)",)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("not in C major, in D minor", {"key": "D minor"}),
        ("not in C major but in D minor", {"key": "D minor"}),
        ("in D minor, not C major", {"key": "D minor"}),
        ("avoid C major and D minor, 16 bars", {"bars": 16}),
        ("not in C major or G major at 120", {"tempo": 120}),
        ("avoid C major, D minor and F major", {}),
        ("not 120 bpm, 16 bars", {"bars": 16}),
        ("jazz, avoid drums and C major", {"genre": "jazz", "instruments": ["piano", "double bass"]}),
        ("jazz, no drums in C major", {"genre": "jazz", "instruments": ["piano", "double bass"], "key": "C major"}),
        ("don't make it sad", {}),
        ("avoid jazz", {}),
    ],
)
def test_a_negation_goes_as_far_as_its_wish(text: str, asked: dict[str, Any]) -> None:
    assert read(text).brief == Brief(**asked, text=text)


@pytest.mark.parametrize(
    "words", ["exclude", "excluding", "avoid", "skip the", "leave out the", "omit", "don't use", "anything but", "no"]
)
def test_players_are_left_out(words: str) -> None:
    reading, plain = read(f"jazz, {words} drums"), read("jazz without drums")
    assert reading.brief.parts == plain.brief.parts == parts_of(["piano", "double bass"])
    assert reading.unknown == ()


@pytest.mark.parametrize(
    "text",
    [
        "120-130 bpm", "120\u2013130 bpm", "120 - 130 bpm", "100 to 120 bpm", "100 bpm to 120 bpm", "130-120 bpm",
        "between 100 and 120 bpm", "between 100 and 120 beats per minute", "from 100 to 120 bpm", "tempo 100-120",
        "tempo between 100 and 120", "at 100-120", "8-16 bars", "8 or 16 bars", "bars: 8-16",
        "eight to sixteen measures",
        "1-2 minutes", "one or two minutes", "30-60 seconds", "30 seconds to 1 minute", "1:00-1:30",
    ],
)  # fmt: skip
def test_of_a_span_no_number_is_picked(text: str) -> None:
    reading = read(f"jazz, {text}")
    assert reading.brief == Brief(genre="jazz", text=f"jazz, {text}")
    assert reading.unknown == (f"{text} (say one number)",)


def test_understood_quotes_the_text() -> None:
    low, usual, _ = genres.genre("waltz").tempo
    text = "Slow  waltz for two violins and piano in 3/4"
    assert read(text).understood == (
        ("Slow", f"tempo {round(usual + 0.75 * (low - usual))}"),
        ("waltz", "genre waltz"),
        ("two violins and piano", "instruments violin, violin, acoustic grand piano"),
        ("3/4", "meter 3/4"),
    )


@pytest.mark.parametrize(
    "words",
    ["c sharp ", "very ", "piano, ", "without ", "only uses C E G ", "1", "in ", "   ", "not in C ", "avoid ", "1-2 "],
)
def test_long_texts_take_no_longer(words: str) -> None:
    start = time.process_time()
    with contextlib.suppress(BriefError):
        read("jazz " + words * 400)
    assert time.process_time() - start < 2


def test_tables_are_sound() -> None:
    for name, row in ensembles().items():
        assert Brief(instruments=row.get("instruments"), genre=row.get("genre")), name
        if "size" not in row:
            assert read(name).brief.parts == parts_of(row["instruments"]), name
    for name in genres.names():
        found = read(f"a {name} song").brief.genre
        if name not in ("song", "drums", "piano"):
            assert found is not None and found.name == name
    for low, high in tempo_words()["italian"].values():
        assert 20 <= low <= high <= 320
    for word in tempo_words()["italian"]:
        assert read(word).brief.tempo


def test_without_music21() -> None:
    code = "import sys, symbolic_music.prompt; sys.exit('music21' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


SPELLINGS = {
    0: ["C", "B#", "c"], 1: ["C#", "Db", "C♯", "D♭", "C sharp", "d-flat"], 2: ["D", "d"],
    3: ["D#", "Eb", "E♭", "e flat"], 4: ["E", "e", "Fb"],
    5: ["F", "f", "E#"], 6: ["F#", "Gb", "F♯", "f-sharp", "gb"], 7: ["G", "g"],
    8: ["G#", "Ab", "A♭", "A flat", "ab"], 9: ["A", "a"], 10: ["A#", "Bb", "B♭", "b flat"], 11: ["B", "b", "Cb"],
}  # fmt: skip
LEADS = [
    "only uses {}", "a folk song that only uses the notes {}", "using only {}", "just the notes {}, 8 bars",
    "with only {}.", "notes: {}", "restricted to {} in 4/4", "limited to the notes {}", "no notes other than {}",
    "jazz, nothing but {}, for piano", "only uses notes {}; slow", "the notes {} only",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.sets(st.integers(0, 11), min_size=1).flatmap(lambda s: st.permutations(sorted(s))),
    st.sampled_from([", ", ",", " ", "/", " / ", " and ", " & ", "&", "+", " + ", "; ", "-"]),
    st.sampled_from(["", " and ", ", and ", " & "]),
    st.sampled_from(LEADS),
    st.data(),
)
def test_any_set_of_notes_in_any_spelling(
    classes: list[int], between: str, before_last: str, lead: str, data: st.DataObject
) -> None:
    names = [data.draw(st.sampled_from(SPELLINGS[c])) for c in classes]
    line = between.join(names)
    if before_last and len(names) > 1:
        line = between.join(names[:-1]) + before_last + names[-1]
    reading = read(lead.format(line))
    assert reading.brief.only == frozenset(classes)
    assert reading.unknown == ()


_EFFECTS = range(96, 104)
GENRES = [name for name in genres.names() if name not in ("song", "piano", "drums")]
PLAYERS = [i.name for i in dict.fromkeys(instruments.table().values()) if i.program not in _EFFECTS]
TONICS = ["C", "C#", "Db", "D", "Eb", "E", "F", "F#", "Gb", "G", "Ab", "A", "Bb", "B"]


@st.composite
def briefs(draw: st.DrawFn) -> tuple[str, Brief]:
    """A brief and a sentence that asks for it."""
    asked: dict[str, Any] = {}
    clauses: list[str] = []

    def maybe(name: str, value: Any, *templates: str, show: Any = None) -> None:
        asked[name] = value
        clauses.append(draw(st.sampled_from(templates)).format(value if show is None else show))

    if draw(st.booleans()):
        maybe("genre", draw(st.sampled_from(GENRES)), "a {} song", "{}", "some {}")
    if draw(st.booleans()):
        words = draw(st.lists(st.sampled_from(sorted(moods.table())), min_size=1, max_size=3, unique=True))
        maybe("moods", words, "{}", "very {}", show=" and ".join(words))
    if draw(st.booleans()):
        maybe("tempo", draw(st.integers(200, 3200)) / 10, "{:g} bpm", "at {:g}", "tempo {:g}", "tempo = {:g}")
    pitch = draw(st.sampled_from(["key", "scale", "only", ""]))
    tonic = draw(st.sampled_from(TONICS))
    if pitch == "key":
        maybe("key", key(f"{tonic} {draw(st.sampled_from(['major', 'minor']))}"), "in {}", "in the key of {}")
    elif pitch == "scale":
        own = [n for n in scales() if Scale("C", n).name == n and n not in ("major", "minor")]
        name = draw(st.sampled_from(own))
        maybe("scale", scale(f"{tonic} {name}"), "in {}", "in the {} scale", "using the scale of {}")
    elif pitch == "only":
        notes = draw(st.lists(st.sampled_from(TONICS), min_size=1, unique=True))
        asked["only"] = pitch_classes(notes)
        clauses.append(f"only the notes {', '.join(notes)}")
    if draw(st.booleans()):
        names = draw(st.lists(st.sampled_from(PLAYERS), min_size=1, max_size=5))
        assume(all(names.count(n) <= 4 for n in names))
        *most, last = names
        maybe("instruments", names, "for {}", "with {}", show=f"{', '.join(most)} and {last}" if most else last)
    length = draw(st.sampled_from(["bars", "seconds", ""]))
    if length == "bars":
        maybe("bars", draw(st.integers(1, 512)), "{} bars", "{}-bar", "{} measures long")
    elif length == "seconds":
        maybe("seconds", draw(st.integers(1, 3600)), "{} seconds", "lasting {} sec")
    if draw(st.booleans()):
        maybe("meter", meter(str(draw(st.sampled_from(meters.METERS)))), "in {}", "{} time")
    assume(clauses)
    text = ", ".join(draw(st.permutations(clauses)))
    return text, Brief(**asked, text=text)


@settings(max_examples=300, deadline=None)
@given(briefs())
def test_a_brief_in_words_reads_back(case: tuple[str, Brief]) -> None:
    text, brief = case
    reading = read(text)
    assert reading.brief == brief
    assert reading.unknown == ()


WORDS = """
a A b in of and or only notes key scale minor major H h for no not without played by at tempo bpm bars two 2 100 -1 0
1:30 6/8 piano drums violins trio quartet jazz waltz lo-fi blues very slow sad theremin , . : / & + = half minute the
with uses ♯ C# Bb flat sharp s m 30s 12 bar hundred pair vibes instrumental
"""
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(st.sampled_from(WORDS.split()), st.text(max_size=4)), max_size=12).map(" ".join),
)


@settings(max_examples=400, deadline=None)
@given(TEXTS)
@example("\u017f \u0130 \u01c5 \u212a \u00df \ufb01")
@example("\x00 jazz \x01 trio \ud800")
@example("only a b and a c in a")
def test_nothing_is_dropped_in_silence(text: str) -> None:
    try:
        reading = read(text)
    except BriefError:
        return
    known = " ".join((*(words for words, _ in reading.understood), *reading.unknown))
    for word in (w.strip(" ,;:-.!?") for w in text.split()):
        if word.isalpha() and word.lower() not in stop_words():
            assert word in known, (word, reading)

"""MusicXML, read back by music21 and by MuseScore, and held against its schema."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from printed import (
    difference,
    made,
    musescore,
    needs_musescore,
    notes,
    parsed,
    staves,
    validate,
    wanted,
    wild,
)
from scores import KEYS, SLOW, meter_changes, scores, song

from symbolic_music.errors import BriefError
from symbolic_music.files.channels import listing
from symbolic_music.files.musicxml import musicxml_bytes
from symbolic_music.files.names import track_names
from symbolic_music.files.part_names import printed_names
from symbolic_music.files.read_midi import HIGHEST_DRUM, LOWEST_DRUM
from symbolic_music.files.spelling import chord_spelling, key_of, spelling
from symbolic_music.score import NOTE, Part, Score
from symbolic_music.theory.chords import CHORDS, QUALITIES, Chord
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import Meter
from symbolic_music.theory.pitch import pitch_class

# what others read


@SLOW
@given(scores(notes=40))
def test_music21_reads_the_same_notes_from_musicxml(score: Score) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = musicxml_bytes(score, title="T")
    read = parsed(data)
    assert not difference(notes(read), wanted(score))
    order = listing(score.parts)
    parts = staves(read)
    names = printed_names([score.parts[i] for i in order], [track_names(score)[i] for i in order])
    assert [part[0].partName for part in parts] == [name for name, _ in names]
    for staff in read.parts:
        measures = staff.getElementsByClass("Measure")
        said = [m.timeSignature.ratioString for m in measures if m.timeSignature]
        assert said == [f"{b}/{u}" for _, b, u in meter_changes(score)]
        assert [float(m.duration.quarterLength) for m in measures] == [m.quarters for m in score.meters]


@needs_musescore
def test_musescore_writes_the_same_notes_again(tmp_path: Path) -> None:
    players = [(i * 5, 7, 60 + i % 12, 90, 0) for i in range(60)]
    chorale = [(i * 24, 24, p, 90, 0) for i in range(12) for p in (43 + i % 5, 55, 62 + i % 7, 72 - i % 4)]
    kit = [(i * 4, 4, d, 90, 0) for i, d in enumerate(range(LOWEST_DRUM, HIGHEST_DRUM + 1))]
    deep = [(0, 24, 5, 90, 0), (24, 72, 40, 90, 0)]
    chosen = [song(), made(players), made(chorale), made(kit, -1), made(deep, 95), *map(wild, range(7))]
    files = [tmp_path / f"{i}.musicxml" for i in range(len(chosen))]
    for file, score in zip(files, chosen, strict=True):
        file.write_bytes(musicxml_bytes(score, title="T", symbols=True))
    for file, score in zip(musescore(files), chosen, strict=True):
        assert not difference(notes(parsed(file.read_bytes())), wanted(score)), file


def test_the_schema_of_musicxml_4_allows_it() -> None:
    bare = made([], meters=(Meter(),), key=None)
    for score in (song(), bare, Score((), (Meter(7, 8),), np.zeros(0, NOTE)), *map(wild, range(5))):
        validate(musicxml_bytes(score, title="A & B", symbols=True))


@pytest.mark.parametrize(("low", "high"), [(0, 60), (11, 115)])
def test_a_part_below_the_lowest_octave_sounds_lower_than_it_is_written(low: int, high: int) -> None:
    score = made([(0, 24, low, 90, 0), (24, 24, high, 90, 0)], 88)
    data = musicxml_bytes(score)
    validate(data)
    assert not difference(notes(parsed(data)), wanted(score))


def test_as_many_notes_as_there_may_be_sound_at_once() -> None:
    rows = [(i * 6, 200, 60 + i, 90, 0) for i in range(12)] + [(96, 24 * (i + 1), 40 + i, 90, 0) for i in range(7)]
    for program in (0, 73):
        score = made(rows, program)
        assert not difference(notes(parsed(musicxml_bytes(score))), wanted(score))


@pytest.mark.parametrize(
    ("rows", "fields", "message"),
    [
        ([(0, 24, 60, 90, 0)], {"tempo": float("nan")}, "a tempo of nan in bar 1"),
        ([(0, 24, 60, 90, 0)], {"tempo": 0.0}, "a tempo of 0 in bar 1"),
        ([(0, 24, 200, 90, 0)], {}, "pitch 200 in bar 1: 0 to 127"),
        ([(0, 24, 60, 300, 0)], {}, "velocity 300 in bar 1: 1 to 127"),
        ([(0, 24, 60, 90, 3)], {}, "part 3 in bar 1: 0 to 0"),
    ],
)
def test_what_no_midi_file_holds_is_refused(rows: Any, fields: Any, message: str) -> None:
    with pytest.raises(BriefError, match=message):
        musicxml_bytes(made(rows, **fields))


def test_a_score_of_no_bars_is_one_empty_bar() -> None:
    root = ElementTree.fromstring(musicxml_bytes(Score((), (), np.zeros(0, NOTE))))
    validate(ElementTree.tostring(root))
    assert len(root.findall("part/measure")) == 1


# spelling


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("C major", "C C# D Eb E F F# G G# A Bb B"),
        ("D major", "C C# D D# E F F# G G# A A# B"),
        ("F major", "C Db D Eb E F F# G Ab A Bb B"),
        ("D minor", "C C# D Eb E F F# G G# A Bb B"),
        ("G minor", "C C# D Eb E F F# G Ab A Bb B"),
        ("F minor", "C Db D Eb E F Gb G Ab A Bb B"),
        ("E minor", "C C# D D# E F F# G G# A A# B"),
        ("F# major", "B# C# D D# E E# F# G G# A A# B"),
        ("Cb major", "Cb C Db D Eb Fb F Gb G Ab A Bb"),
    ],
)
def test_notes_are_spelled_for_the_key(key: str, names: str) -> None:
    tonic, mode = key.split()
    found = spelling(Key(tonic, mode))
    assert sorted(found) == sorted(names.split())
    assert [pitch_class(name) for name in found] == list(range(12))


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_the_notes_of_a_key_are_spelled_as_music21_spells_them(key: Key) -> None:
    music21 = pytest.importorskip("music21")
    names = spelling(key)
    tonic = key.tonic.replace("b", "-")
    scales = (
        [music21.scale.MajorScale(tonic)]
        if key.mode == "major"
        else [music21.scale.MinorScale(tonic), music21.scale.HarmonicMinorScale(tonic)]
    )
    for scale in scales:
        for pitch in scale.getPitches(f"{tonic}4", f"{tonic}5"):
            if abs(pitch.alter) < 3:
                assert names[pitch.pitchClass] == pitch.name.replace("-", "b")


def test_spelling_signature_and_octaves_reach_the_file() -> None:
    music21 = pytest.importorskip("music21")
    rows = [(i * 24, 24, pitch, 90, 0) for i, pitch in enumerate((59, 60, 61, 70))]
    for key, names in (("Db major", "C-4 C4 D-4 B-4"), ("C# minor", "B3 B#3 C#4 A#4"), ("D minor", "B3 C4 C#4 B-4")):
        home = Key(*key.split())
        score = Score((Part(40),), (Meter(),), np.array(rows, NOTE), 90.5, home)
        read = music21.converter.parseData(musicxml_bytes(score, title="A & B").decode(), format="musicxml")
        assert " ".join(n.nameWithOctave for n in read.recurse().notes) == names
        assert next(read[music21.key.KeySignature]).sharps == home.fifths
        assert read.metadata.bestTitle == "A & B"


def test_without_a_key_the_analysis_spells() -> None:
    rows = [(i * 12, 12, pitch, 90, 0) for i, pitch in enumerate((62, 66, 69, 62, 67, 73, 69, 62))]
    score = Score((Part(0),), (Meter(),), np.array(rows, NOTE))
    assert key_of(score) == Key("D", "major")
    assert b"<fifths>2</fifths>" in musicxml_bytes(score)
    assert key_of(Score((Part(0),), (Meter(),), np.zeros(0, NOTE))) is None


@pytest.mark.parametrize(
    ("chord", "key", "names"),
    [
        (Chord(4, "7"), Key("A", "minor"), "E G# B D"),
        (Chord(8, "maj"), Key("C"), "Ab C Eb"),
        (Chord(1, "dim7"), Key("D", "minor"), "C# E G Bb"),
        (Chord(6, "hdim7"), Key("E", "minor"), "F# A C E"),
        (Chord(3, "7"), Key("Ab"), "Eb G Bb Db"),
        (Chord(3, "min"), Key("E"), "D# F# A#"),
        (Chord(0, "aug"), Key("F"), "C E G#"),
    ],
)
def test_a_chord_is_spelled_in_thirds_near_the_key(chord: Chord, key: Key, names: str) -> None:
    assert " ".join(chord_spelling(chord, key).values()) == names


@pytest.mark.parametrize("chord", CHORDS, ids=str)
def test_music21_hears_the_chord_that_was_spelled(chord: Chord) -> None:
    for key in KEYS:
        names = chord_spelling(chord, key)
        assert list(names) == [(chord.root + step) % 12 for step in QUALITIES[chord.quality]]
        assert all(pitch_class(name) == pc for pc, name in names.items())
        assert len({name[0] for name in names.values()}) == len(names)  # each on its own line


def test_chords_and_keys_in_force_spell_the_notes() -> None:
    rows = [(0, 48, 68, 90, 0), (48, 48, 68, 90, 0), (96, 96, 68, 90, 0), (192, 96, 66, 90, 0)]
    e7, none = CHORDS.index(Chord(4, "7")), -2
    chords = np.array([[none, e7], [none, none], [none, none]], np.int16)
    score = made(rows, 40, key=Key("F", "minor"), chords=chords, keys=((2, Key("D")),))
    read = parsed(musicxml_bytes(score))
    assert [n.nameWithOctave for n in read.recurse().notes] == ["A-4", "G#4", "A-4", "F#4"]
    assert [k.sharps for k in read.recurse().getElementsByClass("KeySignature")] == [-4, 2]


def test_accidentals_are_printed_where_they_are_needed() -> None:
    pitches = (66, 65, 65, 66, 65, 77, 66, 66)  # F# F F F# in G major, then F F' F# F#
    rows = [(i * 24, 24, pitch, 90, 0) for i, pitch in enumerate(pitches)]
    root = ElementTree.fromstring(musicxml_bytes(made(rows, 40, key=Key("G"))))
    assert [n.findtext("accidental") for n in root.iter("note")] == [
        None, "natural", None, "sharp", "natural", "natural", "sharp", None,
    ]  # fmt: skip
    rows = [(0, 120, 61, 90, 0), (120, 24, 61, 90, 0), (192, 24, 60, 90, 0), (288, 24, 60, 90, 0)]
    root = ElementTree.fromstring(musicxml_bytes(made(rows, 40)))
    found = [(n.findtext("accidental"), a is not None and a.get("cautionary")) for n in root.iter("note")
             if n.find("pitch") is not None for a in [n.find("accidental")]]  # fmt: skip
    # a tie needs no second sharp, the note after it does; the natural in the next bar reminds, but once
    assert found == [("sharp", None), (None, False), ("sharp", None), ("natural", "yes"), (None, False)]

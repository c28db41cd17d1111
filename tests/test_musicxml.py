"""MusicXML, read back by music21 and by MuseScore, and held against its schema."""

from __future__ import annotations

import os
import subprocess
import warnings
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import symusic
from hypothesis import given
from printed import MUSESCORE, difference, musescore, notes, parsed, schema, staves, wanted, wild
from scores import KEYS, SLOW, meter_changes, scores, song

from symbolic_music.errors import FileError
from symbolic_music.files.drum_staff import drum_name, place
from symbolic_music.files.musicxml import compressed, musicxml_bytes, save_musicxml
from symbolic_music.files.read_midi import HIGHEST_DRUM, LOWEST_DRUM
from symbolic_music.files.spelling import chord_spelling, key_of, spelling
from symbolic_music.files.write_midi import listing, midi_bytes, track_names
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.chords import CHORDS, QUALITIES, Chord
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import TICKS, Meter
from symbolic_music.theory.pitch import pitch_class

needs_musescore = pytest.mark.skipif(MUSESCORE is None, reason="mscore3 (musescore3) is not installed")


def made(rows: list[tuple[int, int, int, int, int]], *programs: int, **fields: Any) -> Score:
    """A score of (start, ticks, pitch, velocity, part) in 4/4 and C major, if nothing else is said."""
    end = max((start + ticks for start, ticks, *_ in rows), default=1)
    chosen = {"meters": (Meter(),) * -(-end // 96), "key": Key("C"), **fields}
    return Score(tuple(Part(p) for p in programs or (0,)), notes=sort_notes(np.array(rows, NOTE)), **chosen)


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
    assert [part[0].partName for part in parts] == [track_names(score)[i] for i in order]
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


@pytest.fixture(scope="module")
def version_4() -> Any:
    found = schema()
    if found is None:
        pytest.skip("xmlschema, or musicxml, which carries the schema, is not installed")
    return found


def test_the_schema_of_musicxml_4_allows_it(version_4: Any) -> None:
    bare = made([], meters=(Meter(),), key=None)
    for score in (song(), bare, Score((), (Meter(7, 8),), np.zeros(0, NOTE)), *map(wild, range(5))):
        version_4.validate(ElementTree.fromstring(musicxml_bytes(score, title="A & B", symbols=True)))


@pytest.mark.parametrize(("low", "high"), [(0, 60), (11, 115)])
def test_a_part_below_the_lowest_octave_sounds_lower_than_it_is_written(version_4: Any, low: int, high: int) -> None:
    score = made([(0, 24, low, 90, 0), (24, 24, high, 90, 0)], 88)
    data = musicxml_bytes(score)
    version_4.validate(ElementTree.fromstring(data))
    assert not difference(notes(parsed(data)), wanted(score))


def test_as_many_notes_as_there_may_be_sound_at_once() -> None:
    rows = [(i * 6, 200, 60 + i, 90, 0) for i in range(12)] + [(96, 24 * (i + 1), 40 + i, 90, 0) for i in range(7)]
    for program in (0, 73):
        score = made(rows, program)
        assert not difference(notes(parsed(musicxml_bytes(score))), wanted(score))


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
        assert next(read[music21.tempo.MetronomeMark]).number == 90.5
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


# what is on the page


def test_drums_have_their_own_staff_and_each_its_instrument() -> None:
    data = musicxml_bytes(song()).decode()
    assert "<sign>percussion</sign>" in data
    assert data.count("<unpitched>") == 2
    root = ElementTree.fromstring(data)
    assert [n.text for n in root.iter("midi-unpitched")] == ["37", "39"]
    assert sorted(n.get("id", "") for n in root.iter("instrument")) == ["P2-I36", "P2-I38"]
    assert musicxml_bytes(song()).decode() == data


def test_no_two_drums_look_the_same() -> None:
    drums = range(LOWEST_DRUM, HIGHEST_DRUM + 1)
    assert len({place(drum) for drum in drums}) == len({drum_name(drum) for drum in drums}) == len(drums)


def test_hands_are_over_feet() -> None:
    rows = [(i * 12, 3, 42, 90, 0) for i in range(8)] + [(0, 3, 36, 90, 0), (48, 3, 36, 90, 0), (24, 3, 38, 90, 0)]
    rows += [(96, 6, 36, 90, 0)]
    first, second = ElementTree.fromstring(musicxml_bytes(made(rows, -1))).iter("measure")
    found = {(n.findtext("instrument") or n.find("instrument").get("id"), n.findtext("voice"), n.findtext("stem"),
              n.findtext("type")) for n in first.iter("note") if n.find("unpitched") is not None}  # fmt: skip
    assert found == {
        ("P1-I42", "1", "up", "eighth"), ("P1-I38", "1", "up", "eighth"), ("P1-I36", "2", "down", "quarter"),
    }  # fmt: skip
    kick = next(second.iter("note"))
    assert (kick.findtext("voice"), kick.findtext("stem")) == ("1", "down")  # nothing over it
    assert not [n for n in second.iter("note") if n.get("print-object") == "no"]


def test_text_that_xml_cannot_hold_is_left_out() -> None:
    bad = "".join(chr(i) for i in range(32) if chr(i) not in "\t\n\r") + "\udcff\ufffe"
    score = song(names=(f"Dr{bad}ums\t\n", bad), sections=(bad, f"A{bad}"))
    root = ElementTree.fromstring(musicxml_bytes(score, title=f"小{bad}曲 🎵"))
    assert [node.text for node in root.iter("part-name")] == ["flute", "Drums\t\n"]
    assert root.findtext("movement-title") == "小曲 🎵"
    assert [node.text for node in root.iter("rehearsal")] == ["A"]
    assert "<movement-title>" not in musicxml_bytes(song(), title="\x01").decode()


def test_parts_get_the_clef_that_their_players_read() -> None:
    rows = [(0, 96, pitch, 90, i) for i, pitch in enumerate((45, 40, 58, 48, 76, 65))]
    score = made(rows, 25, 32, 41, 42, 73, 60)
    read = parsed(musicxml_bytes(score))
    found = {part[0].partName: next(part[0].recurse().getElementsByClass("Clef")) for part in staves(read)}
    assert {name: (clef.sign, clef.line, clef.octaveChange) for name, clef in found.items()} == {
        "flute": ("G", 2, 0), "french horn": ("G", 2, 0), "steel guitar": ("G", 2, -1), "viola": ("C", 3, 0),
        "cello": ("F", 4, 0), "acoustic bass": ("F", 4, -1),
    }  # fmt: skip


def test_a_clef_changes_where_a_line_stays_high() -> None:
    rows = [(i * 96, 96, 40 if i < 8 else 66, 90, 0) for i in range(24)]
    root = ElementTree.fromstring(musicxml_bytes(made(rows, 42)))
    found = [(m.get("number"), m.findtext("attributes/clef/sign")) for m in root.iter("measure")]
    assert [pair for pair in found if pair[1]] == [("1", "F"), ("9", "C")]


def test_a_keyboard_is_one_part_on_two_staves() -> None:
    rows = [(0, 96, 40, 90, 0), (0, 48, 72, 90, 0), (48, 48, 74, 90, 0)]
    data = musicxml_bytes(made(rows, 0))
    root = ElementTree.fromstring(data)
    assert len(root.findall("part")) == 1
    assert root.findtext(".//staves") == "2"
    assert [c.text for c in root.findall(".//clef/sign")] == ["G", "F"]
    assert [(n.findtext("pitch/step"), n.findtext("staff"), n.findtext("voice")) for n in root.iter("note")] == [
        ("C", "1", "1"), ("D", "1", "1"), ("E", "2", "5"),
    ]  # fmt: skip
    (both,) = staves(parsed(data))
    assert [[n.pitch.midi for n in staff.recurse().notes] for staff in both] == [[72, 74], [40]]


def test_names_brackets_and_a_final_bar_line() -> None:
    rows = [(0, 96, 60, 90, i) for i in range(4)]
    root = ElementTree.fromstring(musicxml_bytes(made(rows, 40, 41, 73, -1, names=("", "", "Flauto", ""))))
    head = root.find("part-list")
    assert head is not None
    said = [(p.findtext("part-name"), p.findtext("part-abbreviation")) for p in head.iter("score-part")]
    assert said == [("Flauto", "Flau."), ("violin", "Vln."), ("viola", "Vla."), ("drums", "Dr.")]
    assert [child.get("type", child.get("id")) for child in head] == ["P1", "start", "P2", "P3", "stop", "P4"]
    assert {p.findall("measure")[-1].findtext("barline/bar-style") for p in root.iter("part")} == {"light-heavy"}


def test_tempos_sections_and_their_places_are_read_back() -> None:
    score = song(tempos=((48, 60.0), (60, 61.0), (96, 132.5)), sections=("A", "B"))
    read = parsed(musicxml_bytes(score))
    marks = read.parts[0].recurse().getElementsByClass("MetronomeMark")
    assert [(m.getOffsetInHierarchy(read.parts[0]) * TICKS, m.number) for m in marks] == [
        (0, 97), (48, 60), (60, 61), (96, 132.5),
    ]  # fmt: skip
    labels = read.parts[0].recurse().getElementsByClass("RehearsalMark")
    assert [(m.getOffsetInHierarchy(read.parts[0]) * TICKS, m.content) for m in labels] == [(0, "A"), (96, "B")]
    root = ElementTree.fromstring(musicxml_bytes(score))
    assert [m.get("print-object", "yes") for m in root.iter("metronome")] == [
        "yes",
        "yes",
        "no",
        "yes",
    ]  # 61 is no news
    waltz = musicxml_bytes(made([(0, 36, 60, 90, 0)], meters=(Meter(6, 8),), tempo=90.0)).decode()
    assert "<beat-unit-dot />" in waltz
    assert "<per-minute>60</per-minute>" in waltz
    assert '<sound tempo="90"' in waltz


def test_loudness_is_printed_where_it_changes_for_a_phrase() -> None:
    loud = [40] * 32 + [41, 120] + [42] * 30 + [110] * 32
    rows = [(i * 24, 24, 60, v, 0) for i, v in enumerate(loud)]
    root = ElementTree.fromstring(musicxml_bytes(made(rows, 40)))
    found = [(m.get("number"), d[0].tag) for m in root.iter("measure") for d in m.iter("dynamics")]
    assert found == [("1", "p"), ("17", "ff")]
    assert [round(float(n.get("dynamics", 0)) * 0.9) for n in root.iter("note")] == loud


def test_files_are_plain_or_compressed(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"use \.musicxml or \.xml or \.mxl"):
        save_musicxml(song(), tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())
    content = musicxml_bytes(song())
    assert save_musicxml(song(), tmp_path / "a.musicxml").read_bytes() == content
    small = save_musicxml(song(), tmp_path / "a.mxl")
    assert small.read_bytes() == compressed(content)
    with zipfile.ZipFile(small) as archive:
        container = ElementTree.fromstring(archive.read("META-INF/container.xml"))
        assert archive.read(container.find(".//rootfile").get("full-path")) == content
    music21 = pytest.importorskip("music21")
    assert len(music21.converter.parse(small, forceSource=True).parts) == 2


@needs_musescore
def test_musescore_plays_the_musicxml_as_the_midi(tmp_path: Path) -> None:
    save_musicxml(song(), tmp_path / "a.musicxml", title="Song")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    command = [str(MUSESCORE), "-o", str(tmp_path / "b.mid"), str(tmp_path / "a.musicxml")]
    subprocess.run(command, capture_output=True, timeout=60, check=True, env=environment)
    ours: Any = symusic.Score.from_midi(midi_bytes(song()))
    theirs: Any = symusic.Score.from_midi((tmp_path / "b.mid").read_bytes())
    for one, other in zip(ours.tracks, theirs.tracks, strict=True):
        assert (one.program, one.is_drum) == (other.program, other.is_drum)
        assert [(n.start, n.pitch) for n in one.notes] == [(n.start, n.pitch) for n in other.notes]


def test_chord_symbols_stand_where_chords_change() -> None:
    chords = np.array(
        [[CHORDS.index(Chord(0, "maj"))] * 2, [CHORDS.index(Chord(10, "min7")), CHORDS.index(Chord(5, "7"))]], np.int16
    )
    notes = np.array([(0, 96, 60, 80, 0), (96, 96, 65, 80, 0)], NOTE)
    score = Score((Part(0),), (Meter(),) * 2, notes, key=Key("F"), chords=chords)
    read = parsed(musicxml_bytes(score, symbols=True))
    found = [(float(c.getOffsetInHierarchy(read)), c.figure) for c in read.recurse().getElementsByClass("ChordSymbol")]
    assert found == [(0.0, "C"), (4.0, "B-m7"), (6.0, "F7")]
    assert b"<harmony" not in musicxml_bytes(score)


def test_a_chord_over_another_bass_says_so() -> None:
    chords = np.array([[CHORDS.index(Chord(0, "maj"))] * 2], np.int16)
    score = made([(0, 96, 52, 80, 0), (0, 96, 60, 80, 0), (0, 96, 67, 80, 0)], chords=chords)
    (symbol,) = parsed(musicxml_bytes(score, symbols=True)).recurse().getElementsByClass("ChordSymbol")
    assert symbol.figure == "C/E"


@pytest.mark.parametrize("quality", QUALITIES)
def test_music21_reads_the_kind_of_every_chord(quality: str) -> None:
    for root in range(12):
        chords = np.array([[CHORDS.index(Chord(root, quality))] * 2], np.int16)
        score = made([(0, 96, 72, 80, 0)], chords=chords)
        (symbol,) = parsed(musicxml_bytes(score, symbols=True)).recurse().getElementsByClass("ChordSymbol")
        assert {p.pitchClass for p in symbol.pitches} == Chord(root, quality).pitch_classes
        assert symbol.root().pitchClass == root

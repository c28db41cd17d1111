"""What is on the page: names, clefs, marks, chord symbols, drums and the paper; and the files it is written to."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width
from xml.etree import ElementTree

import numpy as np
import pytest
import symusic
from hypothesis import given
from hypothesis import strategies as st
from printed import (
    MUSESCORE,
    made,
    musescore,
    needs_musescore,
    parsed,
    staves,
    validate,
)
from scores import song

from symbolic_music.errors import FileError
from symbolic_music.files.drum_staff import drum_name, place
from symbolic_music.files.musicxml import compressed, musicxml_bytes, save_musicxml
from symbolic_music.files.names import chord_name
from symbolic_music.files.page import title_lines
from symbolic_music.files.part_names import printed_names
from symbolic_music.files.read_midi import HIGHEST_DRUM, LOWEST_DRUM
from symbolic_music.files.spelling import chord_spelling
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.score import NOTE, Part, Score
from symbolic_music.theory.chords import CHORDS, QUALITIES, Chord
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import TICKS, Meter


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


def test_a_drum_that_is_no_part_of_the_kit_is_named_once() -> None:
    rows = [(i * 12, 12, 70, 90, 0) for i in range(8)] + [(0, 12, 36, 90, 0), (48, 12, 75, 90, 0)]
    root = ElementTree.fromstring(musicxml_bytes(made(rows, -1)))
    assert [words.text for words in root.iter("words")] == ["maracas", "claves"]
    assert {place(drum)[2] for drum in range(LOWEST_DRUM, HIGHEST_DRUM + 1)}.isdisjoint({"slash"})  # those mean rhythm


def test_a_voice_that_enters_alone_has_its_rests() -> None:
    held = [(0, 96, 72, 90, 0)]
    for entry, shown in ((24, True), (48, True), (0, False)):
        root = ElementTree.fromstring(musicxml_bytes(made([*held, (entry, 24, 60, 90, 0)], 40)))
        seen = [n.find("rest") is not None and n.get("print-object") != "no" for n in root.iter("note")]
        assert any(seen) is shown
    steps = [
        (i * 24, 24, 72 + i, 90, 0) for i in range(4)
    ]  # what enters with a note of the first voice is counted there
    root = ElementTree.fromstring(musicxml_bytes(made([*steps, (48, 48, 60, 90, 0)], 40)))
    assert all(n.get("print-object") == "no" for n in root.iter("note") if n.find("rest") is not None)


def test_staves_are_as_large_as_their_number_allows() -> None:
    sizes = []
    for count in (1, 4, 8, 20):
        data = musicxml_bytes(made([(0, 96, 60, 90, 0)], *[40] * count))
        root = ElementTree.fromstring(data)
        sizes.append(float(root.findtext(".//millimeters") or 0))
        tenths = float(root.findtext(".//page-width") or 0)
        assert tenths * sizes[-1] / 40 == pytest.approx(210, abs=0.1)
        assert root.find("credit") is None
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] / sizes[-1] > 1.8


@given(st.text(min_size=1, max_size=400))
def test_a_title_fits_its_lines(title: str) -> None:
    points, lines = title_lines(title)
    wide = {letter: 2 if east_asian_width(letter) in "WF" else 1 for letter in title}
    assert len(lines) <= 3
    assert all(line.split() for line in lines)
    if len(set(wide.values())) == 1:
        assert all(sum(wide.get(letter, 1) for letter in line) * points <= 920 for line in lines)
    kept = "".join("".join(lines).split())
    assert "".join(title.split()).startswith(kept.removesuffix("…") if kept.endswith("…") else kept)


def test_text_that_xml_cannot_hold_is_left_out() -> None:
    bad = "".join(chr(i) for i in range(32) if chr(i) not in "\t\n\r") + "\udcff\ufffe"
    score = song(names=(f"Dr{bad}ums\t\n", bad), sections=(bad, f"A{bad}"))
    root = ElementTree.fromstring(musicxml_bytes(score, title=f"小{bad}曲 🎵"))
    assert [node.text for node in root.iter("part-name")] == ["Flute", "Drums"]
    assert root.findtext("movement-title") == "小曲 🎵"
    assert [node.text for node in root.iter("rehearsal")] == ["A"]
    assert "<movement-title>" not in musicxml_bytes(song(), title="\x01").decode()


def test_parts_get_the_clef_that_their_players_read() -> None:
    rows = [(0, 96, pitch, 90, i) for i, pitch in enumerate((45, 40, 58, 48, 76, 65))]
    score = made(rows, 25, 32, 41, 42, 73, 60)
    read = parsed(musicxml_bytes(score))
    found = {part[0].partName: next(part[0].recurse().getElementsByClass("Clef")) for part in staves(read)}
    assert {name: (clef.sign, clef.line, clef.octaveChange) for name, clef in found.items()} == {
        "Flute": ("G", 2, 0), "Horn": ("G", 2, 0), "Guitar": ("G", 2, -1), "Viola": ("C", 3, 0),
        "Cello": ("F", 4, 0), "Bass": ("F", 4, -1),
    }  # fmt: skip


def test_a_second_clef_is_for_what_lies_high_throughout() -> None:
    for program, usual, high in ((57, 60, 70), (41, 70, 80), (42, 60, 68)):
        for pitch, number in ((usual, 0), (high, 1)):
            rows = [(i * 24, 24, pitch, 90, 0) for i in range(32)]
            root = ElementTree.fromstring(musicxml_bytes(made(rows, program)))
            assert [c.text for c in root.findall(".//clef/sign")] == [
                ("FC", "CG", "FC")[(57, 41, 42).index(program)][number]
            ]
    hand = [(i * 24, 24, 40, 90, 0) for i in range(8)] + [(192, 96, 61, 90, 0), (192, 96, 76, 90, 0)]
    root = ElementTree.fromstring(musicxml_bytes(made(hand, 0)))
    assert [c.text for c in root.findall(".//clef/sign")] == ["G", "F"]


def test_a_clef_changes_where_a_line_stays_high() -> None:
    rows = [(i * 48, 48, 40 if i < 16 else 66, 90, 0) for i in range(48)]
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
    assert said == [("Flauto", "Flau."), ("Violin", "Vln."), ("Viola", "Vla."), ("Drums", "Dr.")]
    assert [child.get("type", child.get("id")) for child in head] == ["P1", "start", "P2", "P3", "stop", "P4"]
    assert {p.findall("measure")[-1].findtext("barline/bar-style") for p in root.iter("part")} == {"light-heavy"}


@pytest.mark.parametrize(
    ("parts", "names", "printed"),
    [
        ([Part(0), Part(33), Part(73)], None, "Piano/Pno. Bass/Bs. Flute/Fl."),
        ([Part(40), Part(40, 2), Part(41)], None, "Violin 1/Vln. 1 Violin 2/Vln. 2 Viola/Vla."),
        ([Part(29), Part(30)], None, "Overdriven Guitar/Gtr. 1 Distortion Guitar/Gtr. 2"),
        ([Part(40, 2)], None, "Violin 2/Vln. 2"),
        ([Part(4), Part(5), Part(-1)], None, "Electric Piano 1/E. Pno. 1 Electric Piano 2/E. Pno. 2 Drums/Dr."),
        ([Part(0), Part(0, 2)], ["my keys", ""], "my keys/my Piano 2/Pno. 2"),
    ],
)
def test_parts_are_called_as_players_call_them(parts: list[Part], names: list[str] | None, printed: str) -> None:
    given = [own or part.name for own, part in zip(names or [""] * len(parts), parts, strict=True)]
    assert " ".join("/".join(pair) for pair in printed_names(parts, given)) == printed


def test_tempos_sections_and_their_places_are_read_back() -> None:
    score = song(tempo=96.7, tempos=((48, 60.0), (60, 61.0), (96, 132.6)), sections=("A", "B"))
    read = parsed(musicxml_bytes(score))
    marks = read.parts[0].recurse().getElementsByClass("MetronomeMark")
    assert [(m.getOffsetInHierarchy(read.parts[0]) * TICKS, m.number) for m in marks] == [
        (0, 97), (48, 60), (60, 61), (96, 133),
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
    assert [float(m.get("tempo", 0)) for m in root.iter("sound") if m.get("tempo")] == [96.7, 60, 61, 132.6]
    waltz = musicxml_bytes(made([(0, 36, 60, 90, 0)], meters=(Meter(6, 8),), tempo=70.635)).decode()
    assert "<beat-unit-dot />" in waltz
    assert "<per-minute>47</per-minute>" in waltz
    assert '<sound tempo="70.635"' in waltz


@pytest.mark.parametrize(("genre", "feel"), [("swing", "Swing"), ("hip-hop", "Swing 16ths"), ("rock", ""), ("", "")])
def test_a_genre_that_swings_says_so(genre: str, feel: str) -> None:
    for tempo in (120.0, None):
        root = ElementTree.fromstring(musicxml_bytes(made([(0, 96, 60, 80, 0)], genre=genre, tempo=tempo)))
        validate(ElementTree.tostring(root))
        first = root.find("part/measure/direction")
        assert first is not None
        assert (first.findtext("direction-type/words") or "").strip() == feel
        assert (first.find("direction-type/metronome") is not None) is (tempo is not None)


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
    score = song(tempo=97.3)
    save_musicxml(score, tmp_path / "a.musicxml", title="Song")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    command = [str(MUSESCORE), "-o", str(tmp_path / "b.mid"), str(tmp_path / "a.musicxml")]
    subprocess.run(command, capture_output=True, timeout=60, check=True, env=environment)
    ours: Any = symusic.Score.from_midi(midi_bytes(score))
    theirs: Any = symusic.Score.from_midi((tmp_path / "b.mid").read_bytes())
    assert [round(t.qpm, 2) for t in theirs.tempos] == [round(t.qpm, 2) for t in ours.tempos] == [97.3]  # printed 97
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


@pytest.mark.parametrize("reader", ["music21", pytest.param("MuseScore", marks=needs_musescore)])
def test_bars_without_a_chord_say_so_and_others_nothing(tmp_path: Path, reader: str) -> None:
    c = CHORDS.index(Chord(0, "maj"))
    chords = np.array([[c, c], [-1, -1], [-2, c], [-2, c]], np.int16)
    score = made([(0, 384, 72, 80, 0)], 40, chords=chords)
    file = tmp_path / "a.musicxml"
    save_musicxml(score, file, symbols=True)
    validate(file.read_bytes())
    read = parsed((file if reader == "music21" else musescore([file])[0]).read_bytes())
    assert [symbol.figure for symbol in read.recurse().getElementsByClass("ChordSymbol")] == ["C", "N.C.", "C"]


def test_chords_have_one_name_in_print_and_in_midi() -> None:
    for index, chord in enumerate(CHORDS):
        score = made([(0, 96, 72, 80, 0)], chords=np.array([[index, index]], np.int16))
        root = ElementTree.fromstring(musicxml_bytes(score, symbols=True))
        kind = root.find(".//harmony/kind")
        assert kind is not None
        assert chord_name(index, score.key) == chord_spelling(chord, score.key)[chord.root] + kind.get("text", "")


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

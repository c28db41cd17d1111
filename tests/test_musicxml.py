"""MusicXML, read back by music21 and by notation programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import symusic
from hypothesis import given
from scores import KEYS, SLOW, meter_changes, scores, song

from symbolic_music.errors import FileError
from symbolic_music.files.musicxml import _voices, musicxml_bytes, save_musicxml
from symbolic_music.files.spelling import key_of, spelling
from symbolic_music.files.write_midi import (
    listing,
    midi_bytes,
    playable,
    track_names,
)
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.chords import CHORDS, Chord
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import TICKS, Meter
from symbolic_music.theory.pitch import pitch_class

# MusicXML


def onsets(data: bytes) -> tuple[list[str], list[Counter[tuple[int, int]]], list[list[str]], list[list[float]]]:
    """Names, (tick, pitch) onsets, meters and bar lengths of each part, as music21 reads them; drums have pitch -1."""
    music21 = pytest.importorskip("music21")
    with warnings.catch_warnings():
        # it says which programs it has no class for
        warnings.simplefilter("ignore")
        read = music21.converter.parseData(data.decode(), format="musicxml")
    names, notes, meters, lengths = [], [], [], []
    for part in read.parts:
        names.append(part.partName)
        found: Counter[tuple[int, int]] = Counter()
        for element in part.recurse().notes:
            for note in getattr(element, "notes", [element]):
                if note.tie is None or note.tie.type == "start":
                    tick = float(element.getOffsetInHierarchy(part) * TICKS)
                    assert tick == pytest.approx(round(tick), abs=1e-6)
                    found[round(tick), note.pitch.midi if hasattr(note, "pitch") else -1] += 1
        notes.append(found)
        measures = part.getElementsByClass("Measure")
        meters.append([m.timeSignature.ratioString for m in measures if m.timeSignature])
        lengths.append([float(m.duration.quarterLength) for m in measures])
    return names, notes, meters, lengths


@SLOW
@given(scores(notes=40))
def test_music21_reads_the_same_notes_from_musicxml(score: Score) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = musicxml_bytes(score, title="T")
    names, notes, meters, lengths = onsets(data)
    order, own = listing(score.parts), playable(score)
    assert names == [track_names(score)[i] for i in order]
    for index, found in zip(order, notes, strict=True):
        drums = score.parts[index].is_drums
        rows = own[own["part"] == index].tolist()
        assert found == Counter((start, -1 if drums else pitch) for start, _, pitch, _, _ in rows)
    assert all(m == [f"{b}/{u}" for _, b, u in meter_changes(score)] for m in meters)
    assert all(bars == [m.quarters for m in score.meters] for bars in lengths)


def test_more_than_four_voices_keep_every_onset() -> None:
    rows = [(i * 6, 200, 60 + i, 90, 0) for i in range(12)] + [(96, 24 * (i + 1), 40 + i, 90, 0) for i in range(7)]
    score = Score((Part(0),), (Meter(4, 4),) * 3, sort_notes(np.array(rows, NOTE)), key=Key("C"))
    assert onsets(musicxml_bytes(score))[1] == [Counter((s, p) for s, _, p, _, _ in rows)]


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


def test_drums_have_their_own_staff_and_each_its_instrument() -> None:
    data = musicxml_bytes(song()).decode()
    assert "<sign>percussion</sign>" in data
    assert data.count("<unpitched>") == 2
    assert "<midi-unpitched>37</midi-unpitched>" in data
    assert "<midi-unpitched>39</midi-unpitched>" in data
    assert musicxml_bytes(song()).decode() == data


def test_text_that_xml_cannot_hold_is_left_out() -> None:
    bad = "".join(chr(i) for i in range(32) if chr(i) not in "\t\n\r") + "\udcff\ufffe"
    score = song(names=(f"Dr{bad}ums\t\n", bad), sections=(bad, f"A{bad}"))
    root = ElementTree.fromstring(musicxml_bytes(score, title=f"小{bad}曲 🎵"))
    assert [node.text for node in root.iter("part-name")] == ["flute", "Drums\t\n"]
    assert root.findtext("movement-title") == "小曲 🎵"
    assert [node.text for node in root.iter("rehearsal")] == ["A"]
    assert "<movement-title>" not in musicxml_bytes(song(), title="\x01").decode()


def test_low_parts_get_a_low_clef() -> None:
    music21 = pytest.importorskip("music21")
    rows = [(0, 96, 40, 90, 0), (0, 96, 76, 90, 1)]
    score = Score((Part(32), Part(73)), (Meter(),), np.array(rows, NOTE), key=Key("C"))
    read = music21.converter.parseData(musicxml_bytes(score).decode(), format="musicxml")
    assert [next(p[music21.clef.Clef]).sign for p in read.parts] == ["G", "F"]


def test_a_bad_musicxml_path_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"use \.musicxml or \.xml"):
        save_musicxml(song(), tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())
    assert save_musicxml(song(), tmp_path / "a.musicxml").read_bytes() == musicxml_bytes(song())


@pytest.mark.skipif(shutil.which("mscore3") is None, reason="mscore3 (musescore3) is not installed")
def test_musescore_plays_the_musicxml_as_the_midi(tmp_path: Path) -> None:
    save_musicxml(song(), tmp_path / "a.musicxml", title="Song")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["mscore3", "-o", str(tmp_path / "b.mid"), str(tmp_path / "a.musicxml")]
    subprocess.run(command, capture_output=True, timeout=60, check=True, env=environment)
    ours, theirs = (
        symusic.Score.from_midi(midi_bytes(song())),
        symusic.Score.from_midi((tmp_path / "b.mid").read_bytes()),
    )
    for one, other in zip(ours.tracks, theirs.tracks, strict=True):
        assert (one.program, one.is_drum) == (other.program, other.is_drum)
        assert [(n.start, n.pitch) for n in one.notes] == [(n.start, n.pitch) for n in other.notes]


def test_a_line_stays_in_one_voice() -> None:
    notes = [(start, start + 12, 60) for start in range(0, 96, 12)]
    assert {chord.voice for chord in _voices(notes)} == {0}


def test_chord_symbols_stand_where_chords_change() -> None:
    chords = np.array(
        [[CHORDS.index(Chord(0, "maj"))] * 2, [CHORDS.index(Chord(10, "min7")), CHORDS.index(Chord(5, "7"))]], np.int16
    )
    notes = np.array([(0, 96, 60, 80, 0), (96, 96, 65, 80, 0)], NOTE)
    score = Score((Part(0),), (Meter(),) * 2, notes, key=Key("F"), chords=chords)
    music21 = pytest.importorskip("music21")
    read = music21.converter.parse(musicxml_bytes(score, symbols=True).decode(), format="musicxml")
    found = [(float(c.getOffsetInHierarchy(read)), c.figure) for c in read.recurse().getElementsByClass("ChordSymbol")]
    assert found == [(0.0, "C"), (4.0, "B-m7"), (6.0, "F7")]
    assert b"<harmony" not in musicxml_bytes(score)

"""Written files, read back by four libraries that had no part in writing them, and by notation programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import mido
import numpy as np
import pretty_midi
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_music.errors import BriefError, FileError
from symbolic_music.files.musicxml import _voices, musicxml_bytes, save_musicxml
from symbolic_music.files.paths import checked, replacing
from symbolic_music.files.spelling import key_of, spelling
from symbolic_music.files.write_midi import (
    RESOLUTION,
    channels,
    listing,
    midi_bytes,
    playable,
    save_midi,
    signature,
    track_names,
)
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.chords import CHORDS, Chord
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import METERS, TICKS, Meter
from symbolic_music.theory.pitch import pitch_class

SCALE = RESOLUTION // TICKS
KEYS = [Key.of(root, mode) for root in range(12) for mode in ("major", "minor")]
QUIET = settings(max_examples=30, deadline=None, derandomize=True)
SLOW = settings(QUIET, max_examples=12)


@st.composite
def scores(draw: Any, notes: int = 80) -> Score:
    """Scores with any meters, 1 to 16 parts, and notes that overlap, repeat and reach over the end."""
    meters = tuple(
        m
        for m, n in draw(st.lists(st.tuples(st.sampled_from(METERS), st.integers(1, 3)), min_size=1, max_size=3))
        for _ in range(n)
    )
    programs = draw(st.lists(st.tuples(st.integers(0, 127), st.integers(1, 4)), min_size=1, max_size=15, unique=True))
    parts = tuple(sorted(Part(*p) for p in programs))
    if draw(st.booleans()):
        parts = (Part(-1), *parts)
    end = sum(m.ticks for m in meters)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(0, notes))
    rows = np.zeros(count, NOTE)
    step = draw(st.sampled_from((1, 2, 3, 6, 12)))
    rows["start"] = rng.integers(0, end // step, count) * step
    rows["duration"] = rng.integers(0, 120 // step, count) * step
    rows["pitch"] = rng.integers(48, draw(st.sampled_from((50, 60, 84))), count)
    rows["velocity"] = rng.integers(1, 128, count)
    rows["part"] = rng.integers(0, len(parts), count)
    return Score(
        parts,
        meters,
        sort_notes(rows),
        tempo=draw(st.floats(20, 320) | st.just(120.0)),
        key=draw(st.none() | st.sampled_from(KEYS)),
        sections=tuple(draw(st.sampled_from(("", "A", "B"))) for _ in meters),
    )


def song(**changes: Any) -> Score:
    """Two bars of flute and drums."""
    rows = [(0, 24, 62, 90, 1), (24, 24, 66, 90, 1), (0, 6, 36, 100, 0), (24, 6, 38, 100, 0), (96, 96, 69, 80, 1)]
    score = Score((Part(-1), Part(73)), (Meter(4, 4),) * 2, sort_notes(np.array(rows, NOTE)), 97.0, Key("D"))
    return replace(score, **changes)


def expected(score: Score) -> list[tuple[str, int, bool, list[tuple[int, int, int, int]]]]:
    """Name, program, drums and notes (start, duration, pitch, velocity in file ticks) of each track that sounds."""
    notes, names = playable(score), track_names(score)
    found = []
    for index in listing(score.parts):
        own = notes[notes["part"] == index]
        rows = [(s * SCALE, d * SCALE, p, v) for s, d, p, v, _ in own.tolist()]
        part = score.parts[index]
        if rows:
            found.append((names[index], max(part.program, 0), part.is_drums, sorted(rows)))
    return found


def meter_changes(score: Score) -> list[tuple[int, int, int]]:
    edges, meters = score.bar_starts.tolist(), score.meters
    return [(edges[i] * SCALE, m.beats, m.unit) for i, m in enumerate(meters) if i == 0 or m != meters[i - 1]]


def read_symusic(data: bytes) -> Any:
    return symusic.Score.from_midi(data)


# what a file may hold


@QUIET
@given(scores())
def test_playable_notes_keep_all_onsets_and_never_overlap(score: Score) -> None:
    notes = playable(score)
    end = score.bar_starts[-1]
    assert (notes["duration"] > 0).all()
    assert (notes["start"] + notes["duration"] <= end).all()
    assert {(n["start"], n["pitch"], n["part"]) for n in notes} == {
        (n["start"], n["pitch"], n["part"]) for n in score.notes
    }
    until: dict[tuple[int, int], int] = {}
    for start, duration, pitch, _, part in notes.tolist():
        assert until.get((part, pitch), 0) <= start
        until[part, pitch] = start + duration


def test_of_two_that_start_together_the_longer_stays() -> None:
    notes = np.array([(0, 6, 60, 50, 0), (0, 24, 60, 90, 0), (0, 12, 60, 70, 0)], NOTE)
    assert playable(Score((Part(0),), (Meter(),), notes)).tolist() == [(0, 24, 60, 90, 0)]


def test_the_drum_parts_share_a_channel_and_do_not_clash() -> None:
    notes = np.array([(0, 24, 36, 50, 0), (12, 24, 36, 90, 1)], NOTE)
    assert playable(Score((Part(-1), Part(-1, 2)), (Meter(),), notes))["duration"].tolist() == [12, 24]


# MIDI


@QUIET
@given(scores())
def test_mido_reads_what_was_written(score: Score) -> None:
    data = midi_bytes(score, title="Tïtle", receipt='{"seed": 1}')
    assert data == midi_bytes(score, title="Tïtle", receipt='{"seed": 1}')
    file = mido.MidiFile(file=BytesIO(data), charset="utf-8")
    assert (file.type, file.ticks_per_beat) == (1, RESOLUTION)
    assert len(file.tracks) == len(score.parts) + 1
    end = score.bar_starts[-1] * SCALE
    used: list[int] = []
    for track in file.tracks:
        assert sum(m.time for m in track) == end
        assert [m.type for m in track].count("end_of_track") == 1
        assert track[-1].type == "end_of_track"
        owned = {m.channel for m in track if not m.is_meta}
        assert len(owned) <= 1
        used += owned
    melodic = [c for c in used if c != 9]
    assert len(set(melodic)) == len(melodic) == sum(not p.is_drums for p in score.parts)
    conductor = file.tracks[0]
    assert conductor.name == "Tïtle"
    tempo = [m.tempo for m in conductor if m.type == "set_tempo"]
    assert tempo == [round(60e6 / (score.tempo or 0))]
    assert [m.text for m in conductor if m.type == "text"] == ['{"seed": 1}']
    keys = [m.key for m in conductor if m.type == "key_signature"]
    assert keys == ([] if score.key is None else [signature(score.key)])
    markers = [m.text for m in conductor if m.type == "marker"]
    assert markers == [s for i, s in enumerate(score.sections) if s and (i == 0 or s != score.sections[i - 1])]
    assert [t.name for t in file.tracks[1:]] == [track_names(score)[i] for i in listing(score.parts)]


@QUIET
@given(scores())
def test_symusic_reads_what_was_written(score: Score) -> None:
    read = read_symusic(midi_bytes(score))
    found = [
        (t.name, t.program, t.is_drum, sorted((n.start, n.duration, n.pitch, n.velocity) for n in t.notes))
        for t in read.tracks
        if len(t.notes)
    ]
    assert sorted(found) == sorted(expected(score))
    assert [(s.time, s.numerator, s.denominator) for s in read.time_signatures] == meter_changes(score)
    assert [t.qpm for t in read.tempos] == pytest.approx([score.tempo], rel=1e-5)


@QUIET
@given(scores())
def test_pretty_midi_reads_what_was_written(score: Score) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = pretty_midi.PrettyMIDI(BytesIO(midi_bytes(score)))
    found = []
    for track in read.instruments:
        rows = []
        for n in track.notes:
            start, end = read.time_to_tick(n.start), read.time_to_tick(n.end)
            rows.append((start, end - start, n.pitch, n.velocity))
        found.append((track.name, track.program, track.is_drum, sorted(rows)))
    assert sorted(found) == sorted(expected(score))
    assert read.get_tempo_changes()[1].tolist() == pytest.approx([score.tempo], rel=1e-5)
    signatures = [(read.time_to_tick(s.time), s.numerator, s.denominator) for s in read.time_signature_changes]
    assert signatures == meter_changes(score)


@QUIET
@given(scores())
def test_music21_reads_what_was_written(score: Score) -> None:
    music21 = pytest.importorskip("music21")
    file = music21.midi.MidiFile()
    file.readstr(midi_bytes(score))
    conductor, *tracks = [music21.midi.translate.getTimeForEvents(track) for track in file.tracks]
    meters = [(tick, e.data[0], 2 ** e.data[1]) for tick, e in conductor if e.type.name == "TIME_SIGNATURE"]
    assert meters == meter_changes(score)
    found = []
    for track in tracks:
        assert track[-1][0] == score.bar_starts[-1] * SCALE
        on: dict[int, tuple[int, int]] = {}
        rows = []
        for tick, event in track:
            if event.isNoteOn():
                on[event.pitch] = (tick, event.velocity)
            elif event.isNoteOff():
                start, velocity = on.pop(event.pitch)
                rows.append((start, tick - start, event.pitch, velocity))
        assert not on
        program = next(e.data for _, e in track if e.type.name == "PROGRAM_CHANGE")
        if rows:
            found.append((track[0][1].data.decode(), program, track[1][1].channel == 10, sorted(rows)))
    assert found == expected(score)


def test_music21_counts_the_bars_and_finds_key_tempo_and_players() -> None:
    music21 = pytest.importorskip("music21")
    score = song(meters=(Meter(4, 4), Meter(7, 8)), key=Key("F", "minor"))
    # the last note lasts to the end; a part of music21's ends with its last note
    read = music21.midi.translate.midiStringToStream(midi_bytes(score), quantizePost=False).parts[0]
    assert [m.duration.quarterLength for m in read.getElementsByClass("Measure")] == [4, 3.5]
    assert [s.ratioString for s in read.recurse().getElementsByClass("TimeSignature")] == ["4/4", "7/8"]
    found = next(read[music21.key.Key])
    assert (found.sharps, found.mode) == (-4, "minor")
    assert next(read[music21.tempo.MetronomeMark]).number == pytest.approx(97, abs=0.01)
    assert isinstance(next(read[music21.instrument.Instrument]), music21.instrument.Flute)


@pytest.mark.parametrize("key", [*KEYS, Key("G#"), Key("Cb"), Key("A#", "minor"), Key("D#", "major")], ids=str)
def test_the_key_signature_is_one_that_exists(key: Key) -> None:
    read = read_symusic(midi_bytes(song(key=key)))
    (found,) = read.key_signatures
    assert (found.key, found.tonality) == (key.fifths, int(key.mode == "minor"))


def test_tracks_are_listed_as_in_a_printed_score() -> None:
    programs = (-1, 0, 24, 32, 40, 41, 42, 47, 52, 56, 68, 73)
    order = [programs[i] for i in listing(tuple(Part(p) for p in programs))]
    assert order == [73, 68, 56, 47, 0, 24, 52, 40, 41, 42, 32, -1]


def test_own_names_win_and_two_violins_sit_apart() -> None:
    score = Score((Part(40), Part(40, 2)), (Meter(),), np.zeros(0, NOTE), names=("Erste Geige", ""))
    file = mido.MidiFile(file=BytesIO(midi_bytes(score)))
    assert [t.name for t in file.tracks[1:]] == ["Erste Geige", "violin 2"]
    pans = [m.value for t in file.tracks for m in t if m.type == "control_change" and m.control == 10]
    assert pans[0] < 64 < pans[1]


def test_fifteen_melodic_parts_and_drums_fit_and_sixteen_are_refused() -> None:
    fifteen = (Part(-1), *(Part(p) for p in range(15)))
    assert set(channels(fifteen).values()) == set(range(16))
    with pytest.raises(BriefError, match="16 melodic parts"):
        midi_bytes(Score((*fifteen, Part(99)), (Meter(),), np.zeros(0, NOTE)))


def test_text_of_any_script_reads_back_and_what_is_no_text_is_left_out() -> None:
    score = song(names=("鼓", "Flöte\x01"), sections=("A♯", "\x02"))
    data = midi_bytes(score, title="F♯ 小曲 🎵\x01\udcff", receipt="♭")
    file = mido.MidiFile(file=BytesIO(data), charset="utf-8")
    assert [track.name for track in file.tracks] == ["F♯ 小曲 🎵", "Flöte", "鼓"]
    assert [m.text for m in file.tracks[0] if m.type in ("text", "marker")] == ["A♯", "♭"]
    assert [track.name for track in read_symusic(data).tracks] == ["Flöte", "鼓"]


# paths


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("song.mp3", "use .mid or .midi"),
        ("song", "has no file ending"),
        ("missing/song.mid", "does not exist"),
        ("", "is a folder"),
        ("folder.mid", "is a folder"),
    ],
)
def test_a_bad_path_is_named_and_nothing_is_left(tmp_path: Path, path: str, words: str) -> None:
    (tmp_path / "folder.mid").mkdir()
    with pytest.raises(FileError, match=words):
        save_midi(song(), tmp_path / path)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.mid"]


@pytest.mark.parametrize("path", ["~nobody_x/s.mid", "a" * 300 + ".mid", "a\0.mid"])
def test_a_path_that_no_file_can_have_is_a_file_error(tmp_path: Path, monkeypatch: Any, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match=r"cannot be written: .+"):
        save_midi(song(), path)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FileError, match="cannot be written"):
        save_midi(song(), tmp_path / "a.mid")


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.mid"
    target.write_bytes(b"old")
    for error in (RuntimeError("stop"), KeyboardInterrupt()):
        with pytest.raises(type(error)), replacing(target, (".mid",)) as temporary:
            temporary.write_bytes(b"half")
            raise error
    with pytest.raises(FileError, match="disk full"), replacing(target, (".mid",)) as temporary:
        temporary.write_bytes(b"half")
        raise OSError(28, "disk full")
    assert [p.name for p in tmp_path.iterdir()] == ["a.mid"]
    assert target.read_bytes() == b"old"


def test_a_file_takes_its_place_whole(tmp_path: Path) -> None:
    target = tmp_path / "A.MID"
    target.write_bytes(b"old")
    assert save_midi(song(), str(target)) == target
    assert target.read_bytes() == midi_bytes(song())
    (tmp_path / "link.mid").symlink_to(target)
    save_midi(song(tempo=60), tmp_path / "link.mid")
    assert target.read_bytes() == midi_bytes(song(tempo=60))
    assert checked(target, (".mid",)) == target


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


# programs


@pytest.mark.skipif(shutil.which("midi2abc") is None, reason="midi2abc (abcmidi) is not installed")
def test_midi2abc_accepts_the_file(tmp_path: Path) -> None:
    path = save_midi(song(), tmp_path / "a.mid", title="Song")
    done = subprocess.run(["midi2abc", path], capture_output=True, text=True, timeout=30, check=True)
    assert "Q:1/4=97" in done.stdout
    assert "M: 4/4" in done.stdout
    assert "%%MIDI program 73" in done.stdout


@pytest.mark.skipif(shutil.which("mscore3") is None, reason="mscore3 (musescore3) is not installed")
def test_musescore_plays_the_musicxml_as_the_midi(tmp_path: Path) -> None:
    save_musicxml(song(), tmp_path / "a.musicxml", title="Song")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    command = ["mscore3", "-o", str(tmp_path / "b.mid"), str(tmp_path / "a.musicxml")]
    subprocess.run(command, capture_output=True, timeout=60, check=True, env=environment)
    ours, theirs = read_symusic(midi_bytes(song())), read_symusic((tmp_path / "b.mid").read_bytes())
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

"""Written files, read back by four libraries that had no part in writing them, and by notation programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pretty_midi
import pytest
from hypothesis import given
from scores import KEYS, QUIET, SCALE, meter_changes, read_symusic, scores, song

from symbolic_music.errors import FileError
from symbolic_music.files.channels import listing
from symbolic_music.files.export import RESOLUTION
from symbolic_music.files.names import signature, track_names
from symbolic_music.files.paths import checked, replacing
from symbolic_music.files.performance import playable
from symbolic_music.files.write_midi import midi_bytes, save_midi
from symbolic_music.score import NOTE, Part, Score
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import Meter


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
    score = Score((Part(40), Part(40, 2)), (Meter(),), np.zeros(0, NOTE), names=(" Erste\n Geige", " \t "))
    file = mido.MidiFile(file=BytesIO(midi_bytes(score)))
    assert [t.name for t in file.tracks[1:]] == ["Erste Geige", "violin 2"]
    pans = [m.value for t in file.tracks for m in t if m.type == "control_change" and m.control == 10]
    assert pans[0] < 64 < pans[1]


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


# programs


@pytest.mark.skipif(shutil.which("midi2abc") is None, reason="midi2abc (abcmidi) is not installed")
def test_midi2abc_accepts_the_file(tmp_path: Path) -> None:
    path = save_midi(song(), tmp_path / "a.mid", title="Song")
    done = subprocess.run(["midi2abc", path], capture_output=True, text=True, timeout=30, check=True)
    assert "Q:1/4=97" in done.stdout
    assert "M: 4/4" in done.stdout
    assert "%%MIDI program 73" in done.stdout

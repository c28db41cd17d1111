"""MIDI for other programs: tracks, changes and ports, as four libraries and three programs read them."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scores import EXPORTS, MANY, QUIET, SLOW, at, heard, read_symusic, scores, suited

from symbolic_music.errors import BriefError
from symbolic_music.files.channels import channels, listing
from symbolic_music.files.export import Export
from symbolic_music.files.names import chord_changes, section_starts, signature, track_names
from symbolic_music.files.performance import playable
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.keys import Key
from symbolic_music.theory.kit import KITS
from symbolic_music.theory.meters import Meter

FONT = Path(pretty_midi.__file__).with_name("TimGM6mb.sf2")

# what is in the file


@QUIET
@given(MANY, EXPORTS)
def test_no_note_is_lost_stuck_empty_or_over_another(score: Score, export: Export) -> None:
    export = suited(export, score)
    data = midi_bytes(score, export=export)
    assert data == midi_bytes(score, export=export)
    file, tracks = heard(data)
    scale = export.resolution // 24
    end = int(score.bar_starts[-1]) * scale
    notes = playable(score)
    assert [sum(m.time for m in track) for track in file.tracks] == [end] * (len(score.parts) + 1)
    for index, (_, _, rows) in zip(listing(score.parts), tracks, strict=True):
        own = notes[notes["part"] == index]
        assert all(0 <= start < start + length <= end for start, length, *_ in rows)
        assert sorted(pitch for _, _, pitch, _ in rows) == sorted(own["pitch"].tolist())
        if export.swing in (None, 0.5) and not export.humanise:
            assert rows == sorted((s * scale, d * scale, p, v) for s, d, p, v, _ in own.tolist())


@QUIET
@given(MANY, EXPORTS)
def test_the_conductor_says_all_and_each_track_says_what_it_is(score: Score, export: Export) -> None:
    export = suited(export, score)
    file = mido.MidiFile(
        file=BytesIO(midi_bytes(score, title="Tïtle", receipt='{"seed": 1}', export=export)), charset="utf-8"
    )
    conductor, *tracks = file.tracks
    scale, edges = export.resolution // 24, (score.bar_starts * (export.resolution // 24)).tolist()
    assert conductor.name == "Tïtle"
    assert [m.text for _, m in at(conductor, "copyright")] == ([export.copyright] if export.copyright else [])
    assert at(conductor, "text")[-1][0] == edges[-1] and at(conductor, "text")[-1][1].text == '{"seed": 1}'
    tempo, expected = score.tempo, []
    for tick in range(score.bar_starts[-1]):
        stated = dict([(0, score.tempo), *score.tempos]).get(tick, tempo)
        if tick == 0 or stated != tempo:
            tempo = stated
            expected.append((tick * scale, round(60e6 / tempo)))
    assert [(tick, m.tempo) for tick, m in at(conductor, "set_tempo")] == expected
    key, keys = None, list[tuple[int, str]]()
    for bar in range(score.bars):
        now = dict([(0, score.key), *score.keys]).get(bar, key)
        if now != key:
            key = now
            keys.append((edges[bar], signature(key)))
    assert [(tick, m.key) for tick, m in at(conductor, "key_signature")] == keys
    assert [(tick, m.text) for tick, m in at(conductor, "marker")] == [(edges[i], s) for i, s in section_starts(score)]
    if export.chords:
        found = [(tick // scale, m.text) for tick, m in at(conductor, export.chords) if m.text[0] != "{"]
        assert found == list(chord_changes(score))
    melodic = sum(not part.is_drums for part in score.parts)
    assert [t.name for t in tracks] == [track_names(score)[i] for i in listing(score.parts)]
    for index, track in zip(listing(score.parts), tracks, strict=True):
        first = [m for m in track[:10] if m.time == 0]
        kinds = [m.control if m.type == "control_change" else m.type for m in first]
        ports = ["midi_port"] if melodic > 15 else []
        assert kinds[: 8 + len(ports)] == ["track_name", *ports, 0, 32, "program_change", 7, 10, 91, 93][: len(kinds)]
        drums = score.parts[index].is_drums
        program = KITS[export.kit or "standard"] if drums else score.parts[index].program
        assert [m.program for m in track if m.type == "program_change"] == [program]
        assert ({m.channel for m in track if not m.is_meta} == {9}) == drums


@settings(SLOW)
@given(MANY, EXPORTS)
def test_the_libraries_agree(score: Score, export: Export) -> None:
    export = suited(export, score)
    music21 = pytest.importorskip("music21")
    data = midi_bytes(score, export=export)
    _, tracks = heard(data)
    sounding = sorted((name, program, rows) for name, program, rows in tracks if rows)
    read = read_symusic(data)
    assert sounding == sorted(
        (t.name, t.program, sorted((n.start, n.duration, n.pitch, n.velocity) for n in t.notes))
        for t in read.tracks
        if len(t.notes)
    )
    scale = export.resolution // 24
    tempos = [(tick * scale, round(60e6 / tempo)) for tick, tempo in score.tempo_map]
    assert [(t.time, t.mspq) for t in read.tempos] == tempos
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pretty = pretty_midi.PrettyMIDI(BytesIO(data))
    times, found = pretty.get_tempo_changes()
    seen = [(pretty.time_to_tick(t), round(60e6 / bpm)) for t, bpm in zip(times, found, strict=True)]
    # it leaves out a tempo that is the same microseconds a quarter note
    assert seen == [row for i, row in enumerate(tempos) if i == 0 or row[1] != tempos[i - 1][1]]
    assert pretty.get_end_time() <= score.seconds + 1e-3
    assert [(k.key_number, round(k.time, 4)) for k in pretty.key_signature_changes] == [
        (pretty_midi.key_name_to_key_number(signature(key)), round(pretty.tick_to_time(tick), 4))
        for bar, key in score.key_map
        for tick in [int(score.bar_starts[bar]) * scale]
    ]
    tick = pretty.time_to_tick
    assert sounding == sorted(
        (t.name, t.program, sorted((tick(n.start), tick(n.end) - tick(n.start), n.pitch, n.velocity) for n in t.notes))
        for t in pretty.instruments
    )
    file = music21.midi.MidiFile()
    file.readstr(data)
    for track, (_, _, rows) in zip(file.tracks[1:], tracks, strict=True):
        events = music21.midi.translate.getTimeForEvents(track)
        assert sorted((tick, e.pitch, e.velocity) for tick, e in events if e.isNoteOn()) == sorted(
            (start, pitch, velocity) for start, _, pitch, velocity in rows
        )


@QUIET
@given(scores(changes=True), EXPORTS)
def test_type_0_holds_the_same_in_one_track(score: Score, export: Export) -> None:
    export = suited(export, score)
    _, tracks = heard(midi_bytes(score, export=export))
    file, _ = heard(data := midi_bytes(score, title="T", receipt="{}", export=replace(export, type=0)))
    assert (file.type, len(file.tracks), file.tracks[0].name) == (0, 1, "T")
    assert sum(m.time for m in file.tracks[0]) == score.bar_starts[-1] * (export.resolution // 24)
    read = read_symusic(data)
    every = sorted((program, row) for _, program, rows in tracks for row in rows)
    assert every == sorted(
        (t.program, (n.start, n.duration, n.pitch, n.velocity)) for t in read.tracks for n in t.notes
    )
    assert len(read.tempos) == len(score.tempo_map)


def test_type_0_has_no_ports() -> None:
    crowd = Score(tuple(Part(p) for p in range(16)), (Meter(),), np.zeros(0, NOTE))
    with pytest.raises(BriefError, match="16 melodic parts in a file of type 0: 15 work"):
        midi_bytes(crowd, export=Export(type=0))


# ports


def test_up_to_fifteen_parts_need_one_port() -> None:
    fifteen = (Part(-1), *(Part(p) for p in range(15)))
    assert sorted(channels(fifteen).values()) == [(0, c) for c in range(16)]


def test_second_chairs_go_to_the_next_port_on_the_channel_of_the_nearest_that_is_no_neighbour() -> None:
    parts = (Part(40), Part(40, 2), Part(41), Part(42), *(Part(p) for p in range(60, 72)))
    found = channels(parts)
    assert found[1] == (1, found[3][1])
    assert [i for i, (port, _) in found.items() if port] == [1]


def test_a_part_without_its_like_takes_the_nearest_of_its_family() -> None:
    first = tuple(Part(p) for p in (*range(56, 64), 73, *range(40, 46)))
    parts = (*first, Part(47, 2), Part(72, 2))
    found = channels(parts)
    assert found[15] == (1, found[parts.index(Part(45))][1])
    assert found[16][0] == 1


def test_neighbours_do_not_share_a_channel_number() -> None:
    parts = tuple(Part(p, chair) for p in range(0, 120, 10) for chair in (1, 2, 3))
    found, order = channels(parts), listing(parts)
    assert all(found[a][1] != found[b][1] for a, b in pairwise(order))


@QUIET
@given(st.lists(st.builds(Part, st.integers(0, 127), st.integers(1, 4)), unique=True, max_size=64))
def test_every_part_has_a_channel_of_its_own(parts: list[Part]) -> None:
    if len(parts) > 60:
        with pytest.raises(BriefError, match=r"melodic parts in one MIDI file: up to 60 work"):
            channels(tuple(parts))
        return
    found = channels((Part(-1), *parts))
    assert found.pop(0) == (0, 9)
    assert len(set(found.values())) == len(parts)
    assert all(0 <= channel < 16 and channel != 9 for _, channel in found.values())
    assert sorted(port for port, _ in found.values()) == [i // 15 for i in range(len(parts))]


# programs


@pytest.fixture(scope="module")
def orchestra(tmp_path_factory: Any) -> tuple[Path, Score]:
    """40 parts and drums on three ports, with changes of tempo, meter and key."""
    programs = [73, 68, 71, 70, 60, 56, 57, 40, 41, 42]
    parts = tuple(sorted([Part(-1), *(Part(p, chair) for p in programs for chair in range(1, 5))]))
    rows = [
        (tick, 12, 36 if part.is_drums else 48 + (i + tick // 12) % 24, 80, i)
        for i, part in enumerate(parts)
        for tick in range(0, 336, 12)
    ]
    score = Score(
        parts, (Meter(), Meter(), Meter(3, 4), Meter(3, 4)), sort_notes(np.array(rows, NOTE)), 97.0, Key("Eb"),
        sections=("A", "A", "B", "B"), tempos=((96, 132.0), (192, 60.0)), keys=((2, Key("E")),),
    )  # fmt: skip
    path = tmp_path_factory.mktemp("midi") / "orchestra.mid"
    path.write_bytes(midi_bytes(score, title="Everyone", export=Export(copyright="Us")))
    return path, score


@pytest.mark.skipif(shutil.which("mscore3") is None, reason="mscore3 (musescore3) is not installed")
def test_musescore_reads_forty_parts(orchestra: tuple[Path, Score]) -> None:
    path, score = orchestra
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    for ending in (".out.mid", ".musicxml"):
        command = ["mscore3", "-o", path.with_suffix(ending), path]
        subprocess.run(command, check=True, capture_output=True, timeout=120, env=environment)
    back = read_symusic(path.with_suffix(".out.mid").read_bytes())
    assert sorted(n.pitch for t in back.tracks for n in t.notes) == sorted(score.notes["pitch"].tolist())
    assert [round(t.qpm) for t in back.tempos] == [97, 132, 60]
    assert [(s.numerator, s.denominator) for s in back.time_signatures] == [(4, 4), (3, 4)]
    text = path.with_suffix(".musicxml").read_text("utf-8")
    assert all(f">{part.program + 1}</midi-program>" in text for part in score.parts if not part.is_drums)
    assert all(name in text for name in track_names(score))


@pytest.mark.skipif(shutil.which("midi2abc") is None, reason="midi2abc (abcmidi) is not installed")
def test_midi2abc_reads_forty_parts(orchestra: tuple[Path, Score]) -> None:
    path, score = orchestra
    done = subprocess.run(["midi2abc", path, "-midigram"], capture_output=True, text=True, timeout=30, check=True)
    found = [
        [int(n) for n in row.split()] for row in done.stdout.splitlines() if len(row.split()) == 6 and row[0].isdigit()
    ]
    assert sorted((start, end, pitch) for start, end, _, _, pitch, _ in found) == sorted(
        (s * 20, (s + d) * 20, p) for s, d, p, _, _ in score.notes.tolist()
    )


@pytest.mark.skipif(shutil.which("timidity") is None or not FONT.is_file(), reason="timidity is not installed")
def test_timidity_plays_forty_parts(orchestra: tuple[Path, Score]) -> None:
    path, score = orchestra
    command = ["timidity", "-x", f"soundfont {FONT}", path, "-Ow", "-o", path.with_suffix(".wav")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "Tracks: 42" in done.stdout and "Copyright: Us" in done.stdout and "(A)" in done.stdout
    assert all(f"Track name: {name}" in done.stdout for name in track_names(score))
    assert "Notes lost totally: 0" in done.stdout
    seconds = (path.with_suffix(".wav").stat().st_size - 44) / 4 / 44100
    assert score.seconds - 1 < seconds < score.seconds + 4

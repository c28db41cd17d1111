"""Reading MIDI: what we write comes back; what others write lands on the grid."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import scores as files
import symusic
from hypothesis import given
from test_tokens import scores

import symbolic_music as sm
from symbolic_music.files.export import Export
from symbolic_music.files.heard import hear
from symbolic_music.files.performance import playable
from symbolic_music.files.read_midi import Opened, from_symusic, load, opened, tidy
from symbolic_music.files.scan import said
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.score import NOTE, Part, Score, sort_notes, swung
from symbolic_music.theory import genres
from symbolic_music.theory.instruments import CHAIRS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import Meter

DATA = sorted((Path(__file__).parent / "data" / "corpus" / "midi").glob("*.mid"))


@given(scores(chairs=False))
def test_what_is_written_comes_back(score: Score) -> None:
    back = from_symusic(symusic.Score.from_midi(midi_bytes(score)))
    expected = playable(score)
    end = max(expected["start"].max() + 1, (expected["start"] + expected["duration"]).max() - 12)
    bars = np.searchsorted(score.bar_starts, end - 1, side="right")
    assert back.meters == score.meters[:bars]
    assert [p.program for p in back.parts] == [p.program for p in score.parts]
    for column in ("start", "pitch", "velocity"):
        assert sorted(back.notes[column].tolist()) == sorted(expected[column].tolist())


def test_a_held_note_keeps_its_length_and_markers_are_sections() -> None:
    notes = np.array([(0, 96, 60, 80, 0), (96, 192, 64, 80, 0)], NOTE)
    score = Score((Part(0),), (Meter(),) * 4, notes, 120.0, sections=("", "A", "A", "Coda 𝄌"))
    back = from_symusic(symusic.Score.from_midi(midi_bytes(score)))
    assert back.notes.tolist() == notes.tolist()
    assert back.sections == ("", "A", "A")


@pytest.mark.parametrize("path", DATA, ids=lambda p: p.stem[:30])
def test_real_pieces_land_on_the_grid(path: Path) -> None:
    if "old-100th" in path.name:
        with pytest.raises(sm.FileError, match="meter 4/2 is not known"):
            load(path)
        return
    score = load(path)
    bar = np.searchsorted(score.bar_starts, score.notes["start"], side="right") - 1
    step = np.array([m.step for m in score.meters])[bar]
    assert ((score.notes["start"] - score.bar_starts[bar]) % step == 0).all()
    assert (score.notes["start"] + score.notes["duration"] <= score.bar_starts[-1]).all()
    assert (tidy(score.notes.copy()) == score.notes).all()
    assert max(p.chair for p in score.parts) <= CHAIRS


def file_of(*events: mido.MetaMessage | mido.Message) -> mido.MidiFile:
    file = mido.MidiFile(ticks_per_beat=480)
    file.tracks.append(mido.MidiTrack(events))
    return file


def note(pitch: int, wait: int, length: int) -> tuple[mido.Message, mido.Message]:
    return mido.Message("note_on", note=pitch, time=wait), mido.Message("note_off", note=pitch, time=length)


def test_a_pickup_goes_to_the_end_of_its_bar(tmp_path: Path) -> None:
    meter = mido.MetaMessage("time_signature", numerator=1, denominator=4)
    then = mido.MetaMessage("time_signature", numerator=3, denominator=4, time=0)
    file_of(meter, *note(60, 0, 480), then, *note(62, 0, 1440)).save(tmp_path / "a.mid")
    score = load(tmp_path / "a.mid")
    assert [str(m) for m in score.meters] == ["1/4", "3/4"]
    short = mido.MetaMessage("time_signature", numerator=3, denominator=4)
    file_of(short, *note(60, 0, 480), then, *note(62, 0, 1440)).save(tmp_path / "b.mid")
    score = load(tmp_path / "b.mid")
    assert [str(m) for m in score.meters] == ["3/4", "3/4"]
    assert score.notes["start"].tolist() == [48, 72]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(sm.FileError, match="no file"):
        load(tmp_path / "none.mid")
    (tmp_path / "text.mid").write_text("not music")
    with pytest.raises(sm.FileError, match="not a MIDI file"):
        load(tmp_path / "text.mid")
    file_of(mido.MetaMessage("set_tempo", tempo=500000)).save(tmp_path / "silent.mid")
    with pytest.raises(sm.FileError, match="holds no notes"):
        load(tmp_path / "silent.mid")


def test_no_broken_file_ends_the_process() -> None:
    """Files cut anywhere, or with bytes changed: each is read or refused, in a process of its own."""
    code = f"""
import random, tempfile
from pathlib import Path
from symbolic_music.errors import FileError
from symbolic_music.files.read_midi import opened
r, path = random.Random(0), Path(tempfile.mkdtemp()) / "broken.mid"
whole = [Path(p).read_bytes() for p in {list(map(str, DATA))!r}]
for i in range(400):
    data = bytearray(r.choice(whole))
    if i % 2:
        data = data[: r.randrange(len(data))]
    else:
        for _ in range(4):
            data[r.randrange(len(data))] = r.randrange(256)
    path.write_bytes(data)
    try:
        opened(path)
    except FileError:
        pass
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "alive", done.stderr[-500:]


# tempos and keys


@given(files.scores(parts=40, changes=True))
@files.QUIET
def test_tempos_and_keys_come_back_where_they_change(score: Score) -> None:
    back = from_symusic(symusic.Score.from_midi(midi_bytes(score)))
    end = int(back.bar_starts[-1])
    usec = [(tick, round(60e6 / tempo)) for tick, tempo in score.tempo_map if tick < end]
    written = [row for i, row in enumerate(usec) if i == 0 or row[1] != usec[i - 1][1]]
    assert [(tick, round(60e6 / tempo)) for tick, tempo in back.tempo_map] == written
    keys = [(bar, key) for bar, key in score.key_map if bar < back.bars]
    assert [key for _, key in back.key_map] == [key for _, key in keys]
    assert [bar for bar, _ in back.key_map][1:] == [bar for bar, _ in keys][1:]


def test_a_tempo_after_a_pickup_moves_with_its_notes(tmp_path: Path) -> None:
    meters = [mido.MetaMessage("time_signature", numerator=n, denominator=4) for n in (3, 3)]
    tempos = [mido.MetaMessage("set_tempo", tempo=t) for t in (500_000, 600_000, 618_557)]
    keys = [mido.MetaMessage("key_signature", key=k) for k in ("Cb", "F#m")]
    first, second = note(60, 0, 480), note(62, 0, 1440)
    file_of(
        meters[0], tempos[0], keys[0], *first, meters[1], tempos[1], keys[1], *second, tempos[2], *note(64, 0, 480)
    ).save(tmp_path / "a.mid")
    score = load(tmp_path / "a.mid")
    assert score.notes["start"].tolist() == [48, 72, 144]
    assert (score.tempo, score.tempos) == (120.0, ((72, 100.0), (144, 97.0)))
    assert (score.key, score.keys) == (Key("Cb"), ((1, Key("F#", "minor")),))
    assert score.seconds == pytest.approx(3 * 0.5 + 3 * 0.6 + 3 * 0.618557, abs=1e-5)


def test_the_tempo_is_120_until_one_is_stated() -> None:
    late = mido.MetaMessage("set_tempo", tempo=1_000_000, time=0)
    file = file_of(*note(60, 0, 960), late, *note(60, 0, 960))
    out = BytesIO()
    file.save(file=out)
    score = from_symusic(symusic.Score.from_midi(out.getvalue()))
    assert (score.tempo, score.tempos, score.main_tempo) == (120.0, ((48, 60.0),), 120.0)
    assert from_symusic(symusic.Score.from_midi(midi_bytes(files.song(tempo=None)))).tempo == 120.0


# files that are written again


def again(found: Opened) -> bytes:
    return midi_bytes(found.score, title=found.title, offsets=found.offsets, export=found.export)


@given(files.scores(parts=40, changes=True), files.EXPORTS)
@files.QUIET
def test_what_is_opened_is_written_as_it_was(score: Score, export: Export) -> None:
    # every part sounds, in the order and with the chairs that it has; notes and tempos on the grid
    programs = sorted({part.program for part in score.parts})
    notes = score.notes.copy()
    notes["part"] %= len(programs)
    notes = np.concatenate([notes, np.array([(0, 12, 86, 80, i) for i in range(len(programs))], NOTE)])
    bar = np.searchsorted(score.bar_starts, notes["start"], "right") - 1
    notes["start"] -= (notes["start"] - score.bar_starts[bar]) % 2
    score = replace(score, parts=tuple(map(Part, programs)), notes=sort_notes(notes), key=score.key or Key("C"))
    score = replace(score, sections=tuple(label or "C" for label in score.sections))
    export = Export(copyright=export.copyright, kit=export.kit if -1 in programs else "")
    data = midi_bytes(score, title="Tïtle", export=export)
    assert again(found := of(data)) == data
    assert (found.title, found.export.copyright, found.score.meters) == ("Tïtle", export.copyright, score.meters)


def of(data: bytes) -> Opened:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.mid"
        path.write_bytes(data)
        return opened(path)


def test_bars_at_the_end_are_kept_if_all_tracks_end_with_one() -> None:
    score = files.song(meters=(Meter(), Meter(), Meter(3, 4), Meter(3, 4)), sections=("A", "A", "A", "Coda"))
    score = replace(score, keys=((3, Key("E")),))
    found = of(midi_bytes(score)).score
    assert (found.meters, found.sections, found.keys) == (score.meters, score.sections, score.keys)
    assert of(midi_bytes(score, export=Export(type=0))).score.meters == score.meters
    file = mido.MidiFile(file=BytesIO(midi_bytes(score)))
    for tracks in (file.tracks, file.tracks[:1]):
        for track in tracks:
            track[-1].time -= 480
        out = BytesIO()
        file.save(file=out)
        assert of(out.getvalue()).score.bars == 2


def test_two_pianos_with_numbers_are_two_parts_and_two_hands_are_one() -> None:
    parts = (Part(-1), Part(-1, 2), Part(0), Part(0, 2), Part(4))
    rows = [(0, 24, 60 + i, 80, i) for i in range(len(parts))]
    score = Score(parts, (Meter(),), np.array(rows, NOTE))
    assert of(midi_bytes(score)).score.parts == parts
    own = replace(score, names=("", "", "Piano 1", "piano 2", "Right 2"))
    assert of(midi_bytes(own)).score.parts == parts
    hands = replace(score, names=("", "", "Right", "Left 2"))
    assert of(midi_bytes(hands)).score.parts == (Part(-1), Part(-1, 2), Part(0), Part(4))
    assert from_symusic(symusic.Score.from_midi(midi_bytes(score))).parts == (Part(-1), Part(0), Part(4))


@pytest.mark.parametrize("genre", ["bebop", "gospel", "hip-hop", "boogie"])
def test_a_swung_piece_is_read_straight_and_plays_the_same(genre: str) -> None:
    style = genres.genre(genre)
    rows = [(tick, 6, 60 + tick % 7, 80, 0) for tick in range(0, 192, 6)]
    score = Score((Part(0),), (Meter(), Meter(6, 8), Meter(1, 4)), np.array(rows, NOTE), 120.0, Key("C"), genre)
    made: dict[str, Any] = {"made by": "us", "brief": {"genre": genre}}
    late = swung(score.notes, score.meters, style.feel, style.swing)
    data = midi_bytes(score, receipt=json.dumps(made), offsets=late)
    found = of(data)
    assert found.score.notes.tolist() == score.notes.tolist() and found.score.genre == genre
    assert files.heard(again(found))[1] == files.heard(data)[1]
    assert files.heard(data)[1] != files.heard(midi_bytes(score))[1]
    for other in ({"export": {"swing": 0.6}}, {"export": {"humanise": 0.1}}, {"brief": None}, {"brief": {}}):
        assert of(midi_bytes(score, receipt=json.dumps(made | other), offsets=late)).offsets is None


def test_the_name_of_a_file_is_not_that_of_a_part() -> None:
    score = files.song()
    for data, title in (
        (midi_bytes(score, title="Song"), "Song"),
        (midi_bytes(score, title="Song", export=Export(type=0)), "Song"),
        (midi_bytes(score), ""),
    ):
        found = of(data)
        assert (found.title, "Song" in found.score.names) == (title, False)
    file = file_of(mido.MetaMessage("track_name", name="Solo"), *note(60, 0, 480))
    out = BytesIO()
    file.save(file=out)
    assert (of(out.getvalue()).title, of(out.getvalue()).score.names) == ("", ("Solo",))


def test_independent_tracks_are_refused() -> None:
    data = midi_bytes(files.song())
    with pytest.raises(sm.FileError, match=r"a\.mid has independent tracks: use a type 0 or 1 file"):
        of(data[:8] + b"\0\2" + data[10:])


def test_bytes_that_mean_nothing_say_nothing() -> None:
    whole = midi_bytes(files.song(), title="T", receipt='{"made by": "us"}', export=Export(copyright="C"))
    assert (said(whole).title, said(whole).copyright, said(whole).receipt) == ("T", "C", {"made by": "us"})
    rng = np.random.default_rng(0)
    for stop in range(len(whole)):
        said(whole[:stop])
        broken = bytearray(whole)
        broken[stop] = int(rng.integers(256))
        said(bytes(broken))
    deep = midi_bytes(files.song(), receipt='{"made by": ' + "[" * 100_000)
    assert said(deep).receipt == {}


# bad files


@pytest.mark.parametrize("tempo", [0, 1, 59_000, 16_777_215])
def test_an_absurd_tempo_is_named_with_its_bar(tmp_path: Path, tempo: int) -> None:
    path = tmp_path / "a.mid"
    file_of(*note(60, 0, 2000), mido.MetaMessage("set_tempo", tempo=tempo), *note(60, 0, 2000)).save(path)
    for read in (load, hear):
        with pytest.raises(sm.FileError, match=r"a\.mid: a tempo of .+ in bar 2: 4 to 1000 quarter notes a minute"):
            read(path)


def test_a_meter_that_is_none_is_named_with_its_bar(tmp_path: Path) -> None:
    bad = mido.MetaMessage("time_signature", numerator=0, denominator=4, time=1920)
    file_of(bad, *note(60, 0, 480)).save(tmp_path / "a.mid")
    with pytest.raises(sm.FileError, match="meter 0/4 is not known: in bar 2; one of 1/4"):
        load(tmp_path / "a.mid")


def test_a_file_of_ten_million_notes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "many.mid"
    with path.open("wb") as file:
        file.write(b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk")
        file.truncate(80_000_000)
    for read in (load, hear):
        with pytest.raises(sm.FileError, match=r"many\.mid is 76\.3 MiB, some 10 million notes: up to 4 MiB work"):
            read(path)
    with pytest.raises(sm.FileError, match=r"the MIDI data is 76\.3 MiB"):
        hear(path.read_bytes())


def test_a_small_file_of_many_notes_is_refused(tmp_path: Path) -> None:
    body = b"\x00\x90" + b"\x3c\x50\x01\x3c\x00\x00" * 320_000 + b"\x3c\x50\x01\x3c\x00\x00\xff\x2f\x00"
    path = tmp_path / "many.mid"
    path.write_bytes(b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk" + len(body).to_bytes(4, "big") + body)
    with pytest.raises(sm.FileError, match="320,001 notes: up to 300,000 work"):
        load(path)


# the report's reader


def test_the_reports_reader_hears_changes_kits_and_ports() -> None:
    parts = (Part(-1), *(Part(p, c) for p in range(40, 49) for c in (1, 2)))
    rows = [(t, 24, 60 + i, 80, i) for t in range(0, 192, 24) for i in range(len(parts))]
    score = Score(parts, (Meter(),) * 2, sort_notes(np.array(rows, NOTE)), 100.0, tempos=((96, 150.0),))
    found = hear(midi_bytes(score, export=Export(kit="brush", copyright="Us", chords="text")))
    assert found.tempos == (100.0, 150.0)
    assert found.programs == {-1: 1, **dict.fromkeys(range(40, 49), 2)}
    assert (found.bars, found.filled, found.rest) == (2, True, 0)
    assert found.seconds == pytest.approx(score.seconds) == pytest.approx(4 * 0.6 + 4 * 0.4)
    assert found.bar_seconds == pytest.approx(1.6)
    assert len(found.score.notes) == len(rows) and found.score.meters == score.meters


def test_the_reports_reader_reads_type_0_and_fine_resolutions() -> None:
    score = files.song(meters=(Meter(),) * 600)
    whole = hear(midi_bytes(score))
    assert whole.programs == {-1: 1, 73: 1}
    for export in (Export(type=0), Export(resolution=9600), Export(resolution=24), Export(type=0, resolution=9600)):
        found = hear(midi_bytes(score, export=export))
        assert (found.programs, found.tempos, found.bars, found.filled) == (whole.programs, whole.tempos, 600, True)
        assert found.seconds == pytest.approx(whole.seconds)
        assert found.score.notes.tolist() == whole.score.notes.tolist()


def test_a_track_without_a_program_has_that_of_its_own_port() -> None:
    file = mido.MidiFile(ticks_per_beat=480)
    for port, program in ((0, 40), (1, 73)):
        where = mido.MetaMessage("midi_port", port=port)
        file.tracks.append(mido.MidiTrack([where, mido.Message("program_change", program=program)]))
    for port in (0, 1):
        file.tracks.append(mido.MidiTrack([mido.MetaMessage("midi_port", port=port), *note(60, 0, 480)]))
    out = BytesIO()
    file.save(file=out)
    assert hear(out.getvalue()).programs == {40: 1, 73: 1}

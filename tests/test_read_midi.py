"""Reading MIDI: what we write comes back; what others write lands on the grid."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given
from test_tokens import scores

import symbolic_music as sm
from symbolic_music.files.read_midi import from_symusic, load, tidy
from symbolic_music.files.write_midi import midi_bytes, playable
from symbolic_music.score import Score
from symbolic_music.theory.instruments import CHAIRS

DATA = sorted((Path(__file__).parent / "data" / "corpus" / "midi").glob("*.mid"))


@given(scores(chairs=False))
def test_what_is_written_comes_back(score: Score) -> None:
    symusic = pytest.importorskip("symusic")
    back = from_symusic(symusic.Score.from_midi(midi_bytes(score)))
    expected = playable(score)
    bars = np.searchsorted(score.bar_starts, score.notes["start"].max(), side="right")
    assert back.meters == score.meters[:bars]
    assert [p.program for p in back.parts] == [p.program for p in score.parts]
    for column in ("start", "pitch", "velocity"):
        assert sorted(back.notes[column].tolist()) == sorted(expected[column].tolist())


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
    with pytest.raises(sm.FileError, match="cannot be read as MIDI"):
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
from symbolic_music.files.read_midi import load
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
        load(path)
    except FileError:
        pass
print("alive")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "alive", done.stderr[-500:]

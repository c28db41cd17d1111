"""Sound up to the samples: soundfonts, what a MIDI file plays, FluidSynth and the preview."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import re
import shutil
import struct
import subprocess
import sys
import threading
import tomllib
import tracemalloc
from ctypes import c_char_p, c_int, c_void_p
from pathlib import Path
from types import SimpleNamespace

import mido
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import RATE, midi, needs_synth, notes, pitch

from symbolic_music.audio import preview, synth
from symbolic_music.audio.events import BEND, CONTROL, NOTE_ON, PROGRAM, Plan, plan
from symbolic_music.audio.library import fluidsynth
from symbolic_music.audio.presets import Preset, about, preset, presets
from symbolic_music.audio.soundfonts import find, known
from symbolic_music.audio.synth import REVERBS, stream, synthesize
from symbolic_music.errors import BriefError, FileError, SoundfontError
from symbolic_music.resources import resource

FONT = find("timgm6mb")

needs_command = pytest.mark.skipif(not shutil.which("fluidsynth"), reason="the command fluidsynth is not installed")
no_preview = importlib.util.find_spec("tinysoundfont") is None
needs_preview = pytest.mark.skipif(no_preview, reason="tinysoundfont is not installed")


def needs_font(name: str) -> pytest.MarkDecorator:
    here = next(font for font in known() if font.name == name)
    return pytest.mark.skipif(here.path is None, reason=f"{name} is not installed: {here.get}")


def named(name: str, *messages: mido.Message | mido.MetaMessage) -> list[mido.Message | mido.MetaMessage]:
    return [mido.MetaMessage("track_name", name=name), *messages]


def port(number: int) -> mido.MetaMessage:
    return mido.MetaMessage("midi_port", port=number)


BAND = midi(
    named("Flute", *notes(0, [72, 74, 76, 79] * 2, 240, program=73)),
    named("Piano", *notes(1, [48, 60, 52, 64] * 2, 240, program=0)),
    named("Drums", *notes(9, [36, 42, 38, 46] * 4, 30, gap=90)),
)
SPARSE = midi(notes(0, [60, 67, 48], 480, program=46, gap=2400))


def decibel(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(samples).max() + 1e-12))


def together(stems: list[np.ndarray]) -> np.ndarray:
    whole = np.zeros((max(map(len, stems)), 2), np.float32)
    for stem in stems:
        whole[: len(stem)] += stem
    return whole


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def font(*sounds: tuple[str, int, int], title: str = "Mine", licence: str = "CC0", version: int = 2) -> bytes:
    """A soundfont of these presets (name, bank, program), all silent."""
    info = chunk(b"ifil", struct.pack("<HH", version, 1)) + chunk(b"INAM", title.encode() + b"\0")
    info += chunk(b"ICOP", licence.encode() + b"\0")
    rows = [(name.encode(), program, bank) for name, bank, program in sounds] + [(b"EOP", 0, 0)]
    records = b"".join(struct.pack("<20sHH14x", *row) for row in rows)
    lists = [(b"INFO", info), (b"sdta", chunk(b"smpl", bytes(200))), (b"pdta", chunk(b"phdr", records))]
    return chunk(b"RIFF", b"sfbk" + b"".join(chunk(b"LIST", name + content) for name, content in lists))


def resized(data: bytes) -> bytes:
    """A file cut somewhere, whose RIFF header says what is left."""
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    return tmp_path


# Soundfonts


def test_the_default_is_the_font_of_pretty_midi_and_its_hash_is_right(monkeypatch):
    monkeypatch.delenv("SYMBOLIC_MUSIC_SOUNDFONT", raising=False)
    default = known()[0]
    assert find() == find("timgm6mb") == default.path
    assert "pretty_midi" in str(default.path)
    assert hashlib.sha256(default.path.read_bytes()).hexdigest() == default.sha256


def test_finding_a_font_does_not_import_the_package_that_carries_it():
    code = "import sys; from symbolic_music.audio import find; find('timgm6mb'); print('pretty_midi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_every_known_font_says_where_it_comes_from():
    for one in [one for one in known() if one.get]:
        assert one.title and one.licence and one.size > 1_000_000
        assert re.fullmatch("[0-9a-f]{64}", one.sha256)


@pytest.mark.parametrize("name", [one.name for one in known() if one.get])
def test_an_installed_font_is_the_one_that_was_tried(name):
    one = next(one for one in known() if one.name == name)
    tried = tomllib.loads(resource("soundfonts/registry.toml").read_text("utf-8"))[name]["size"]
    if one.path is None or one.size != tried:
        pytest.skip(f"this build is not installed: {one.get}")
    with one.path.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == one.sha256


def test_the_environment_names_the_font(monkeypatch, tmp_path):
    path = tmp_path / "my.sf2"
    path.write_bytes(font(("Piano", 0, 0)))
    monkeypatch.setenv("SYMBOLIC_MUSIC_SOUNDFONT", str(path))
    assert find() == path
    assert find("timgm6mb") != path


@pytest.mark.parametrize(
    "folder", [".local/share/sounds/sf2", "Library/Audio/Sounds/Banks", "Documents/MuseScore4/SoundFonts"]
)
def test_a_font_in_a_folder_of_the_user_is_found(home, folder):
    path = home / folder / "sonivox.sf2"
    path.parent.mkdir(parents=True)
    path.write_bytes(font(("Piano", 0, 0)))
    assert find("Sonivox") == path


@pytest.mark.parametrize("variable", ["XDG_DATA_HOME", "LOCALAPPDATA", "ProgramData"])
def test_a_folder_may_be_named_by_a_variable(monkeypatch, tmp_path, variable):
    path = tmp_path / "soundfonts" / "GeneralUser-GS.sf2"
    path.parent.mkdir()
    path.write_bytes(font(("Piano", 0, 0)))
    monkeypatch.setenv(variable, str(tmp_path))
    assert find("generaluser") == path


def test_any_other_font_is_known_by_its_file_name(home):
    folder = home / ".local/share/soundfonts"
    folder.mkdir(parents=True)
    (folder / "My Organ.SF2").write_bytes(font(("Organ", 0, 19), title="The organ", licence="CC BY 4.0"))
    (folder / "broken.sf3").write_bytes(b"RIFF")
    (folder / "notes.txt").write_text("none")
    found = {one.name: one for one in known() if not one.get}
    assert {"my organ", "broken"} <= set(found) and "notes" not in found
    organ = found["my organ"]
    assert (organ.title, organ.licence, organ.size) == ("The organ", "CC BY 4.0", organ.path.stat().st_size)
    assert find("MY ORGAN") == folder / "My Organ.SF2"
    with pytest.raises(SoundfontError, match=r"broken\.sf3"):
        find("broken")


def test_a_link_is_not_another_font(home):
    folder = home / ".local/share/soundfonts"
    folder.mkdir(parents=True)
    (folder / "sonivox.sf2").write_bytes(font(("Piano", 0, 0)))
    for link in ("GeneralUser.sf2", "default-GM.sf2"):
        (folder / link).symlink_to("sonivox.sf2")
    here = [one.name for one in known() if one.path and one.path.parent == folder]
    assert here in (["generaluser"], ["sonivox"])


def test_an_unknown_font_names_its_neighbours():
    with pytest.raises(SoundfontError, match="no soundfont is named 'fluid3': did you mean fluidr3"):
        find("fluid3")


def test_an_absent_font_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda path: False)
    with pytest.raises(SoundfontError, match="fluidr3 is not installed here: apt-get install fluid-soundfont-gm"):
        find("fluidr3")
    monkeypatch.delenv("SYMBOLIC_MUSIC_SOUNDFONT", raising=False)
    with pytest.raises(SoundfontError, match="no soundfont is installed: pip install pretty_midi"):
        find()


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "empty", "hollow", "no presets"])
def test_a_path_that_is_no_soundfont(tmp_path, kind):
    path = tmp_path / "font.sf2"
    contents = {"text": b"RIFF\0\0\0\0WAVEfmt ", "empty": b"", "hollow": b"RIFF\4\0\0\0sfbk", "no presets": font()}
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes(contents[kind])
    with pytest.raises(SoundfontError, match=r"font\.sf2") as raised:
        find(path)
    assert raised.value.hint


@pytest.mark.parametrize("mended", [False, True], ids=["as it is", "with the size of what is left"])
@pytest.mark.parametrize("part", [0.01, 0.5, 0.999])
def test_a_font_cut_short_is_refused(tmp_path, part, mended):
    data = FONT.read_bytes()[: int(part * FONT.stat().st_size)]
    path = tmp_path / "cut.sf2"
    path.write_bytes(resized(data) if mended else data)
    with pytest.raises(SoundfontError, match=r"cut\.sf2 is cut short: fetch it again"):
        find(path)


@given(cut=st.integers(0, 500), byte=st.integers(0, 400), value=st.integers(0, 255))
def test_a_damaged_font_is_refused_or_read(tmp_path_factory, cut, byte, value):
    data = bytearray(font(("Piano", 0, 0), ("Kit", 128, 0)))
    data[byte % len(data)] = value
    path = tmp_path_factory.mktemp("fonts") / "font.sf2"
    path.write_bytes(resized(bytes(data[: max(12, len(data) - cut)])))
    try:
        assert about(path).presets
    except SoundfontError as error:
        assert error.hint


@pytest.mark.parametrize("seed", range(6))
def test_a_font_whose_lists_are_noise_is_refused(tmp_path, seed):
    data, rng = bytearray(FONT.read_bytes()), np.random.default_rng(seed)
    start = data.index(b"pdta") + 4
    for place in rng.integers(start + 8, len(data), 300):
        data[place] = rng.integers(256)
    path = tmp_path / "noise.sf2"
    path.write_bytes(data)
    with pytest.raises(SoundfontError, match=r"damaged|cut short|is not a whole"):
        find(path)


# Presets


def test_presets_are_read(tmp_path):
    path = tmp_path / "font.sf2"
    path.write_bytes(font(("Kit", 128, 8), ("Grand Piano", 0, 0), ("Grand\0Organ", 0, 19)))
    assert presets(path) == (Preset("Grand Piano", 0, 0), Preset("Grand", 0, 19), Preset("Kit", 128, 8))
    assert preset(path, "GRAND") == preset(path, "0:19") == Preset("Grand", 0, 19)
    assert preset(path, "grand p").program == 0
    with pytest.raises(SoundfontError, match=r"font\.sf2 has no preset 'Grand Pino': did you mean grand piano"):
        preset(path, "Grand Pino")
    with pytest.raises(SoundfontError, match=r"no preset 0:18: nearest are 0:19 Grand, 0:0 Grand Piano"):
        preset(path, "0:18")


@needs_synth
@pytest.mark.parametrize("name", ["timgm6mb", pytest.param("fluidr3mono", marks=needs_font("fluidr3mono"))])
def test_fluidsynth_reads_the_same_presets(name):
    import fluidsynth as library

    name_of = library.cfunc("fluid_preset_get_name", c_char_p, ("preset", c_void_p, 1))
    of_font = library.cfunc(
        "fluid_sfont_get_preset", c_void_p, ("sfont", c_void_p, 1), ("bank", c_int, 1), ("program", c_int, 1)
    )
    by_id = library.cfunc("fluid_synth_get_sfont_by_id", c_void_p, ("synth", c_void_p, 1), ("id", c_int, 1))
    setup = synth._Setup(plan(SPARSE), find(name), {}, None, None, False)
    with synth._player(fluidsynth(), setup) as player:
        sfont = by_id(player.synth, 1)
        for one in presets(find(name)):
            pointer = of_font(sfont, one.bank, one.program)
            assert name_of(pointer).decode("latin-1").split() == one.name.split()


# What a MIDI file plays


def test_events_parts_and_length():
    tempo = [mido.MetaMessage("set_tempo", tempo=1_000_000), mido.MetaMessage("set_tempo", tempo=250_000, time=480)]
    bend = mido.Message("pitchwheel", channel=3, pitch=-8192, time=480)
    track = named("Wind", *notes(3, [60], 480, program=73, gap=480), bend, mido.MetaMessage("end_of_track", time=480))
    song = plan(midi(tempo, track), 48000)
    assert song.frames == 48000 * 7 // 4 and song.rate == 48000
    assert [(part.name, part.channel, part.bank, part.program) for part in song.parts] == [("Wind", 3, 0, 73)]
    second = 48000 / 64
    assert song.events.tolist() == [
        [0, PROGRAM, 0, 73, 0],
        [1 * second, NOTE_ON, 0, 60, 96],
        [round(1.25 * second), 0x80, 0, 60, 0],
        [round(1.5 * second), BEND, 0, 0, 0],
    ]


def test_parts_are_named_by_their_tracks_or_instruments():
    german = named("Flöte", *notes(0, [60], 10)).copy()
    german[0] = mido.MetaMessage("track_name", name="Flöte".encode().decode("latin-1"))
    mixed = named("Song", *notes(3, [60], 10, program=40), *notes(4, [60], 10, program=40), *notes(9, [36], 10))
    hands = [named("Left", *notes(7, [40], 10)), named("Right", *notes(7, [60], 10))]
    silent = named("Silent", mido.Message("program_change", channel=12, program=5))
    song = plan(midi(german, mixed, *hands, silent, notes(8, [50], 10)))
    assert [part.name for part in song.parts] == [
        "Flöte", "violin", "violin 2", "drums", "Left", "acoustic grand piano",
    ]  # fmt: skip
    assert song.parts[4].tracks == ("Left", "Right") and song.parts[1].tracks == ("Song",)
    assert song.parts[3].is_drums and song.parts[3].bank == 128


def test_ports_keep_channels_apart():
    tracks = [[port(n), *notes(c, [60], 480, program=10 * n + c)] for n in (0, 3) for c in (0, 1, 9)]
    song = plan(midi(*tracks))
    assert [(part.port, part.channel, part.program) for part in song.parts] == [
        (0, 0, 0), (0, 1, 1), (0, 9, 9), (1, 0, 30), (1, 1, 31), (1, 9, 39),
    ]  # fmt: skip


def test_the_bank_counts_where_the_program_is_chosen():
    def cc(value: int) -> mido.Message:
        return mido.Message("control_change", control=0, value=value)

    chosen = [cc(8), mido.Message("program_change", program=4), cc(1), mido.Message("note_on", note=60), cc(2)]
    part = plan(midi(chosen)).parts[0]
    assert (part.bank, part.program) == (8, 4)


def test_messages_that_change_other_channels_are_left_out():
    mono = mido.Message("control_change", control=126, value=1)
    sounds_off = mido.Message("control_change", control=120)
    events = plan(midi([mono, sounds_off, *notes(0, [60], 10)])).events
    assert events[events[:, 1] == CONTROL, 3].tolist() == [120]


@pytest.mark.parametrize("rate", [0, 7999, 192000])
def test_a_rate_out_of_range(rate):
    with pytest.raises(BriefError, match="8000 to 96000"):
        plan(SPARSE, rate)


def test_midi_that_cannot_be_played(tmp_path):
    endless = midi([mido.MetaMessage("set_tempo", tempo=16_000_000), mido.Message("note_on", time=2**27)])
    frames = bytearray(SPARSE)
    frames[12:14] = b"\xe7\x28"
    for data, words in (
        (endless, r"lasts 1.*e\+03 hours: up to 3 hours work"),
        (bytes(frames), "film frames"),
        (tmp_path / "none.mid", r"none\.mid cannot be read"),
        (midi([mido.MetaMessage("set_tempo", tempo=0), *notes(0, [60], 480)]), "notes of 0 microseconds: 6000"),
        (midi([mido.MetaMessage("set_tempo", tempo=5), *notes(0, [60], 480)]), "notes of 5 microseconds: 6000"),
        (midi(notes(0, [60], 480), type=2), "MIDI file of type 2: a Standard MIDI File of type 0 or 1"),
        (b"MThd" + bytes(80_000_000), "10 million notes"),
        (SPARSE[:-9], "not readable MIDI"),
        (b"RIFF" + SPARSE, "not a MIDI file"),
    ):
        with pytest.raises(FileError, match=words) as raised:
            plan(data)
        assert raised.value.hint


@pytest.mark.parametrize("signature", [b"\x08\x00", b"\xf8\x01", b"\x00\x02", b"\x0a\xff"])
def test_a_key_signature_that_is_none_does_not_matter(signature):
    good = midi([mido.MetaMessage("key_signature", key="C"), *notes(0, [60], 480)])
    assert good.count(b"\xff\x59\x02\x00\x00") == 1
    bad = good.replace(b"\xff\x59\x02\x00\x00", b"\xff\x59\x02" + signature)
    with pytest.raises(mido.KeySignatureError):
        mido.MidiFile(file=io.BytesIO(bad))
    assert np.array_equal(plan(bad).events, plan(good).events)


@settings(max_examples=100)
@given(cut=st.integers(0, 200), byte=st.integers(0, 399), value=st.integers(0, 255))
def test_damaged_midi_is_a_file_error_or_is_read(cut, byte, value):
    data = bytearray(BAND)
    data[byte % len(data)] = value
    try:
        song = plan(bytes(data[: len(data) - cut]))
    except FileError as error:
        assert error.hint
    else:
        assert (np.diff(song.events[:, 0]) >= 0).all() and set(song.events[:, 2]) <= set(range(len(song.parts)))


# Synthesis


@pytest.fixture(scope="module")
def band() -> np.ndarray:
    return synthesize(BAND, FONT)


@needs_synth
def test_the_same_midi_gives_the_same_samples_in_any_thread(band):
    assert np.abs(band).max() > 0.005 and np.abs(band).max() < 1
    found: dict[int, np.ndarray] = {}

    def work(number: int) -> None:
        found[number] = synthesize(BAND, FONT)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(samples, band) for samples in found.values()) and len(found) == 3


@needs_synth
def test_blocks_are_the_whole(band):
    song = plan(BAND)
    blocks = list(stream(song, FONT))
    assert all(block.dtype == np.float32 and block.flags.owndata and block.shape[1] == 2 for block in blocks)
    assert {len(block) for block in blocks[: song.frames // 16384]} == {16384}
    assert np.array_equal(np.concatenate(blocks), band)
    assert song.frames < len(band) < song.frames + 2.7 * RATE


@needs_synth
@needs_command
def test_the_command_line_plays_the_same(tmp_path):
    (tmp_path / "song.mid").write_bytes(BAND)
    command = ["fluidsynth", "-niq", "-F", "song.wav", "-T", "wav", "-O", "float", "-r", str(RATE), FONT, "song.mid"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    theirs, _ = soundfile.read(tmp_path / "song.wav", always_2d=True, dtype="float32")
    ours = synthesize(BAND, FONT)
    count = 40 * 2205  # two seconds in stretches of 50 ms: their player rounds times to milliseconds
    levels = [np.sqrt((samples[:count] ** 2).reshape(40, -1).mean(axis=1)) for samples in (ours, theirs)]
    assert np.corrcoef(levels[0], levels[1])[0, 1] > 0.95
    assert decibel(levels[0].mean()) == pytest.approx(decibel(levels[1].mean()), abs=0.3)
    spectra = [np.abs(np.fft.rfft(samples[:count, 0])) for samples in (ours, theirs)]
    assert np.corrcoef(spectra[0], spectra[1])[0, 1] > 0.9


@needs_synth
def test_half_an_hour_takes_no_more_memory_than_a_minute():
    beats = [mido.Message("note_on", channel=9, note=37, time=48000 if i else 0) for i in range(37)]
    song = plan(midi(beats))
    assert song.frames == 1800 * RATE
    tracemalloc.start()
    frames = sum(len(block) for block in stream(song, FONT, reverb="dry", chorus=False))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert frames > song.frames and peak < 2_000_000


@needs_synth
@pytest.mark.parametrize("end", ["closed", "error", "exhausted"])
def test_the_synthesizer_is_freed(monkeypatch, end):
    real, freed = fluidsynth(), []

    def delete(it: int) -> None:
        freed.append(it)
        real.delete_fluid_synth(it)

    spy = SimpleNamespace(**vars(real) | {"delete_fluid_synth": delete})
    monkeypatch.setattr(synth, "fluidsynth", lambda: spy)
    blocks = stream(plan(BAND), FONT)
    next(blocks)
    assert freed == []
    if end == "closed":
        blocks.close()
    elif end == "error":
        with pytest.raises(KeyboardInterrupt):
            blocks.throw(KeyboardInterrupt())
    else:
        for _ in blocks:
            pass
    assert len(freed) == 1 and freed[0]


@needs_synth
def test_the_tempo_map_is_honoured():
    tempo = [mido.MetaMessage("set_tempo", tempo=1_000_000), mido.MetaMessage("set_tempo", tempo=250_000, time=480)]
    samples = synthesize(midi(tempo, notes(9, [38], 60, gap=960)), FONT)
    onset = np.flatnonzero(np.abs(samples).max(axis=1) > 1e-4)[0] / RATE
    assert onset == pytest.approx(1.25, abs=0.01)


@needs_synth
def test_program_volume_and_bend_are_honoured():
    plain = synthesize(midi(notes(0, [69], 960, program=73)), FONT)
    bent, quiet = ([mido.Message("pitchwheel", pitch=8191)], [mido.Message("control_change", control=7, value=30)])
    assert pitch(plain) == pytest.approx(440, rel=0.01)
    assert pitch(synthesize(midi(bent + notes(0, [69], 960, program=73)), FONT)) == pytest.approx(493.9, rel=0.01)
    assert np.abs(synthesize(midi(quiet + notes(0, [69], 960, program=73)), FONT)).max() < np.abs(plain).max() / 3
    organ = synthesize(midi(notes(0, [69], 960, program=19)), FONT)
    assert not np.array_equal(organ[: len(plain)], plain[: len(organ)])


@needs_synth
def test_the_same_channel_of_two_ports_plays_two_sounds():
    flute, organ = notes(0, [72], 480, program=73), notes(0, [60], 480, program=19)
    one = synthesize(midi([port(0), *flute], [port(1), *organ]), FONT)
    other = synthesize(midi(flute, [message.copy(channel=1) for message in organ]), FONT)
    assert np.array_equal(one, other)


@needs_synth
def test_channel_ten_of_every_port_is_drums_and_its_program_the_kit():
    kits = [notes(9, [38, 40], 240, program=program) for program in (0, 48)]
    alone = [synthesize(midi(kit), FONT) for kit in kits]
    assert not np.array_equal(alone[0][:20000], alone[1][:20000])
    ports = synthesize(midi([port(0), *notes(3, [1], 1)], [port(1), *kits[1]]), FONT, parts=["drums"])
    count = min(len(ports), len(alone[1]))
    assert decibel(ports[:count] - alone[1][:count]) < -80


@needs_synth
def test_the_tail_dies_away_and_ends():
    short = synthesize(midi(notes(9, [37], 60)), FONT)
    organ = midi([mido.Message("program_change", program=19), mido.Message("note_on", note=60)])
    hanging = synthesize(organ, FONT)
    assert len(short) / RATE < 2.6
    assert len(hanging) / RATE == pytest.approx(2.5, abs=0.1)
    for samples in (short, hanging):
        assert np.abs(samples[-200:]).max() < 10 ** (-50 / 20)
    assert len(synthesize(organ, FONT, tail=0)) / RATE == pytest.approx(0.5, abs=0.01)
    long = synthesize(midi(notes(9, [49], 60)), FONT, tail=10, reverb="hall")
    assert 3 < len(long) / RATE < 10 and decibel(long[-4000:]) < -90
    for tail in (-1, 61, float("nan")):
        with pytest.raises(BriefError, match="0 to 60 works"):
            stream(plan(organ), FONT, tail=tail)


@needs_synth
def test_midi_without_notes_is_a_short_silence():
    samples = synthesize(midi([]), FONT)
    assert 0 < len(samples) < RATE and np.abs(samples).max() < 1e-6


@needs_synth
def test_progress_climbs_to_one():
    seen: list[float] = []
    synthesize(BAND, FONT, progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) > 5


@needs_synth
def test_reverbs_ring_as_long_as_their_names_say():
    stick = plan(midi([mido.Message("control_change", channel=9, control=91, value=127), *notes(9, [37], 60)]))
    rings = {
        name: len(np.concatenate(list(stream(stick, FONT, reverb=name, chorus=False, tail=10)))) for name in REVERBS
    }
    assert rings["dry"] < rings["room"] <= rings["chamber"] < rings["plate"] < rings["hall"] < rings["cathedral"]
    with pytest.raises(BriefError, match="no reverb is named 'hal': did you mean hall"):
        stream(stick, FONT, reverb="hal")


@needs_synth
def test_chorus_can_be_left_out():
    wet = [mido.Message("control_change", control=93, value=127), *notes(0, [60], 480, program=48)]
    with_it, without = (synthesize(midi(wet), FONT, chorus=chorus) for chorus in (True, False))
    assert not np.array_equal(with_it[:20000], without[:20000])


# Parts and their sounds


@needs_synth
@pytest.mark.parametrize("reverb", ["default", "hall"])
def test_all_parts_add_up_to_the_whole(reverb):
    tracks = (notes(c, [40 + 3 * c + i % 5 for i in range(8)], 110, program=8 * c, gap=10) for c in range(4, 12))
    song = plan(midi(*(named(f"part {i}", *track) for i, track in enumerate(tracks))))
    whole = np.concatenate(list(stream(song, FONT, reverb=reverb)))
    stems = [np.concatenate(list(stream(song, FONT, reverb=reverb, parts=[part.name]))) for part in song.parts]
    assert len({len(stem) for stem in stems}) == 1
    assert all(decibel(stem) > -60 for stem in stems)
    assert decibel(together([*stems, -whole])) < -80


@needs_synth
def test_some_parts_are_heard_by_their_names(band):
    song = plan(BAND)
    pair = np.concatenate(list(stream(song, FONT, parts=["FLUTE", "drums"])))
    piano = np.concatenate(list(stream(song, FONT, parts=["Piano"])))
    assert decibel(together([pair, piano, -band])) < -80
    assert decibel(np.concatenate(list(stream(song, FONT, parts=[])))) < -100
    with pytest.raises(BriefError, match=r"no track is named 'Flut': did you mean flute\? \(the tracks are Flute, Pia"):
        stream(song, FONT, parts=["Flut"])


@needs_synth
def test_a_track_takes_another_preset(band):
    song = plan(BAND)
    for wanted in ("#Church Organ", "#0:19", "timgm6mb#church organ", f"{FONT}#0:19"):
        changed = np.concatenate(list(stream(song, FONT, sounds={"flute": wanted})))
        assert np.array_equal(changed, synthesize(BAND.replace(b"\xc0\x49", b"\xc0\x13"), FONT))
    kit = np.concatenate(list(stream(song, FONT, sounds={"Drums": "#128:48"})))
    assert np.array_equal(kit, synthesize(BAND.replace(b"\xc9\x00", b"\xc9\x30"), FONT))
    assert not np.array_equal(kit, band)


@needs_synth
def test_program_changes_do_not_undo_a_chosen_sound():
    later = [mido.Message("control_change", control=0, value=1), *notes(0, [64], 240, program=40)]
    two = midi(named("Lead", *notes(0, [60], 240, program=73), *later))
    one = midi(named("Lead", *notes(0, [60], 240, program=19), *notes(0, [64], 240, program=19)))
    assert np.array_equal(synthesize(two, FONT, sounds={"Lead": "#0:19"}), synthesize(one, FONT))


@needs_synth
@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_font(name)) for name in ("fluidr3mono", "fluidr3")])
def test_a_track_takes_another_soundfont(name):
    song = plan(BAND)
    mixed = np.concatenate(list(stream(song, FONT, sounds={"flute": f"{name}#Flute"}, parts=["flute"])))
    assert np.array_equal(mixed, np.concatenate(list(stream(song, FONT, sounds={"flute": name}, parts=["flute"]))))
    theirs = np.concatenate(list(stream(song, name, parts=["flute"])))
    assert decibel(mixed - theirs[: len(mixed)]) < decibel(theirs) - 20
    rest = [np.concatenate(list(stream(song, FONT, sounds=s, parts=["piano"]))) for s in ({}, {"flute": name})]
    assert decibel(rest[0] - rest[1]) < decibel(rest[0]) - 15


@needs_synth
@needs_font("fluidr3mono")
def test_a_bank_of_another_font_is_not_borrowed():
    bank = mido.Message("control_change", channel=1, control=0, value=8)
    song = midi(named("A", *notes(0, [60], 240)), named("B", bank, *notes(1, [60], 240)))  # 8:0 is in fluidr3mono alone
    mixed = synthesize(song, FONT, sounds={"A": "fluidr3mono"}, parts=["B"])
    alone = synthesize(song, FONT, parts=["B"])
    assert decibel(mixed - alone) < decibel(alone) - 15


@needs_synth
def test_a_sound_that_is_not_there(tmp_path):
    song = plan(BAND)
    small = tmp_path / "small.sf2"
    small.write_bytes(font(("Piano", 0, 0), ("Organ", 0, 19)))
    for sounds, kind, words in (
        ({"oboe": "#Flute"}, BriefError, r"no track is named 'oboe': .*\(the tracks are Flute, Piano, Drums\)"),
        ({"flute": "#Flute TV"}, SoundfontError, "no preset 'Flute TV': did you mean flute tb"),
        ({"flute": "#3:200"}, SoundfontError, "no preset 3:200: nearest are"),
        ({"flute": "fluidr"}, SoundfontError, "no soundfont is named 'fluidr': did you mean fluidr3"),
        ({"flute": str(small)}, SoundfontError, r"small\.sf2 has no preset 0:73 for Flute: .* such as 0:0 Piano"),
        ({"flute": str(tmp_path / "none.sf2")}, SoundfontError, r"cannot read the soundfont .*none\.sf2"),
    ):
        with pytest.raises(kind, match=words):
            stream(song, FONT, sounds=sounds)
    hands = plan(midi(named("Left", *notes(0, [40], 10)), named("Right", *notes(0, [60], 10))))
    stream(hands, FONT, sounds={"left": "#0:1", "right": "#0:1"})
    with pytest.raises(BriefError, match="two sounds for Left: tracks on one channel share one"):
        stream(hands, FONT, sounds={"left": "#0:1", "right": "#0:2"})


# Soundfonts that FluidSynth refuses


@needs_synth
def test_a_font_without_samples_is_an_error(tmp_path):
    path = tmp_path / "silent.sf2"
    path.write_bytes(font(("Piano", 0, 0)))
    with pytest.raises(SoundfontError, match=r"FluidSynth cannot load .*silent\.sf2: another soundfont may work"):
        synthesize(BAND, path)


@needs_synth
@needs_font("fluidr3mono")
def test_compressed_samples_that_cannot_be_decoded_are_an_error(tmp_path):
    data = bytearray(find("fluidr3mono").read_bytes())
    start = data.index(b"smpl") + 8
    length = int.from_bytes(data[start - 4 : start], "little")
    data[start : start + length] = b"\x55" * length
    path = tmp_path / "bad.sf3"
    path.write_bytes(data)
    with pytest.raises(SoundfontError, match=r"no sound .*bad\.sf3: this build of FluidSynth may be without Vorbis"):
        synthesize(BAND, path)


@needs_synth
def test_nothing_is_printed(capfd):
    synthesize(midi(notes(0, [60], 60, program=127)), FONT)
    assert capfd.readouterr() == ("", "")


# Without FluidSynth

MISSING = """
import contextlib
import ctypes.util, os, sys
os.environ.pop("HOMEBREW_PREFIX", None)
ctypes.util.find_library = lambda name: None
sys.modules["tinysoundfont"] = None
from symbolic_music.audio import preview, synth
from symbolic_music.audio.events import plan
from symbolic_music.errors import SynthesizerError
song = plan(bytes.fromhex({midi!r}))
for stream in (synth.stream, preview.stream):
    try:
        stream(song, "timgm6mb")
    except SynthesizerError as error:
        print(error.exit_status, error)
"""


def test_without_the_libraries_one_line_says_what_to_install():
    done = subprocess.run([sys.executable, "-c", MISSING.format(midi=SPARSE.hex())], capture_output=True, text=True)
    assert done.stderr == ""
    first, second = done.stdout.splitlines()
    assert re.fullmatch(
        r"3 the FluidSynth library is not installed: .*(install|unpack).*; or, after pip install --no-deps "
        r"tinysoundfont, --synth preview sounds without it",
        first,
    )
    assert second == "3 the synthesizer of the preview is not installed: pip install --no-deps tinysoundfont"


# The preview


def heard(song: Plan, soundfont: str | Path = FONT, **choices: object) -> np.ndarray:
    return np.concatenate(list(preview.stream(song, soundfont, **choices)))


@needs_preview
def test_the_preview_plays_the_same_music_each_time():
    song = plan(BAND)
    samples = heard(song)
    assert np.array_equal(samples, heard(song, reverb="hall", chorus=True))
    assert 0.005 < np.abs(samples).max() < 1 and song.frames < len(samples) < song.frames + 2.7 * RATE


@needs_preview
@pytest.mark.parametrize("name", ["timgm6mb", pytest.param("fluidr3mono", marks=needs_font("fluidr3mono"))])
def test_a_preview_is_in_tune(name):
    assert pitch(heard(plan(midi(notes(0, [69], 960, program=73))), name)) == pytest.approx(440, rel=0.01)


@needs_preview
@needs_synth
def test_the_preview_is_about_as_loud(band):
    levels = [20 * np.log10(np.sqrt(np.mean(samples[: 2 * RATE] ** 2))) for samples in (band, heard(plan(BAND)))]
    assert levels[0] == pytest.approx(levels[1], abs=3)


@needs_preview
def test_the_parts_of_a_preview_add_up():
    song = plan(midi(*([port(c // 16), *notes(c % 16, [60 + c], 240, program=c)] for c in range(20))))
    stems = [heard(song, parts=[part.name]) for part in song.parts]
    assert len(stems) == 20 and decibel(together([*stems, -heard(song)])) < -80


@needs_preview
def test_a_track_of_a_preview_takes_another_preset():
    song = plan(BAND)
    organ = heard(song, sounds={"flute": "#0:19"})
    assert np.array_equal(organ, heard(plan(BAND.replace(b"\xc0\x49", b"\xc0\x13"))))
    kit = heard(song, sounds={"drums": "#128:48"})
    assert np.array_equal(kit, heard(plan(BAND.replace(b"\xc9\x00", b"\xc9\x30"))))


@needs_preview
def test_a_preview_of_a_font_without_samples_is_an_error(tmp_path):
    path = tmp_path / "silent.sf2"
    path.write_bytes(font(("Piano", 0, 0)))
    with pytest.raises(SoundfontError, match=r"the preview cannot load .*silent\.sf2"):
        heard(plan(BAND), path)

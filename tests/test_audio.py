"""Sound: soundfonts, synthesis, loudness and files."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_music import audio
from symbolic_music.audio.library import fluidsynth
from symbolic_music.errors import BriefError, FileError, SoundfontError, SynthesizerError

RATE = 44100

try:
    fluidsynth()
    missing = ""
except SynthesizerError as error:
    missing = str(error)
needs_synth = pytest.mark.skipif(bool(missing), reason=missing)
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed: no second opinion")


def midi(*tracks: list[mido.Message | mido.MetaMessage]) -> bytes:
    """A MIDI file of 480 ticks a beat; the times of the messages are deltas."""
    file = mido.MidiFile(ticks_per_beat=480, tracks=[mido.MidiTrack(track) for track in tracks])
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def notes(channel: int, keys: list[int], length: int, *, program: int = 0, gap: int = 0) -> list[mido.Message]:
    track = [mido.Message("program_change", channel=channel, program=program)]
    for key in keys:
        track.append(mido.Message("note_on", channel=channel, note=key, velocity=96, time=gap))
        track.append(mido.Message("note_off", channel=channel, note=key, time=length))
    return track


MUSIC = {
    "dense": midi(*(notes(c, [36 + 5 * c + i % 7 for i in range(32)], 240, program=8 * c) for c in range(8))),
    "sparse": midi(notes(0, [60, 67, 48], 480, program=46, gap=2400)),
    "percussive": midi(notes(9, [36, 37, 75, 38] * 6, 60, gap=420)),
}


def sine(hertz: float, level: float, seconds: float = 3.0) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)
    return np.stack([wave, wave], axis=1).astype(np.float32)


def click(level: float = 1.0) -> np.ndarray:
    samples = np.zeros((2 * RATE, 2), dtype=np.float32)
    samples[RATE] = level
    return samples


def pitch(samples: np.ndarray) -> float:
    """The loudest frequency in hertz."""
    spectrum = np.abs(np.fft.rfft(samples[:, 0] * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))


@pytest.fixture(scope="module")
def sounds() -> dict[str, np.ndarray]:
    return {name: audio.synthesize(data, audio.find("timgm6mb")) for name, data in MUSIC.items()}


# Soundfonts


def test_the_default_is_the_font_of_pretty_midi_and_its_hash_is_right(monkeypatch):
    monkeypatch.delenv("SYMBOLIC_MUSIC_SOUNDFONT", raising=False)
    default = audio.known()[0]
    assert audio.find() == audio.find("timgm6mb") == default.path
    assert "pretty_midi" in str(default.path)
    assert hashlib.sha256(default.path.read_bytes()).hexdigest() == default.sha256
    assert default.path.stat().st_size == default.size


def test_finding_a_font_does_not_import_the_package_that_carries_it():
    code = "import sys; from symbolic_music.audio import find; find('timgm6mb'); print('pretty_midi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_importing_audio_is_light():
    code = "import sys, symbolic_music.audio; print({'scipy', 'pyloudnorm', 'soundfile', 'mido'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_every_known_font_says_where_it_comes_from():
    for font in audio.known():
        assert font.title and font.licence and font.get and font.size > 1_000_000
        assert re.fullmatch("[0-9a-f]{64}", font.sha256)


def test_the_environment_names_the_font(monkeypatch, tmp_path):
    font = tmp_path / "my.sf2"
    font.write_bytes(b"RIFF\0\0\0\0sfbkLIST")
    monkeypatch.setenv("SYMBOLIC_MUSIC_SOUNDFONT", str(font))
    assert audio.find() == font
    assert audio.find("timgm6mb") != font


def test_a_font_in_a_folder_of_the_user_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    font = tmp_path / ".local/share/sounds/sf2/sonivox.sf2"
    font.parent.mkdir(parents=True)
    font.write_bytes(b"RIFF\0\0\0\0sfbkLIST")
    assert audio.find("Sonivox") == font


def test_an_unknown_font_names_its_neighbours():
    with pytest.raises(SoundfontError, match="no soundfont is named 'fluid3': did you mean fluidr3"):
        audio.find("fluid3")


def test_an_absent_font_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(Path, "is_file", lambda path: False)
    with pytest.raises(SoundfontError, match="fluidr3 is not installed here: apt-get install fluid-soundfont-gm"):
        audio.find("fluidr3")
    monkeypatch.delenv("SYMBOLIC_MUSIC_SOUNDFONT", raising=False)
    with pytest.raises(SoundfontError, match="no soundfont is installed: pip install pretty_midi"):
        audio.find()


@pytest.mark.parametrize("kind", ["missing", "folder", "text", "empty"])
def test_a_path_that_is_no_soundfont(tmp_path, kind):
    path = tmp_path / "font.sf2"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes(b"RIFF\0\0\0\0WAVEfmt " if kind == "text" else b"")
    with pytest.raises(SoundfontError, match=r"font\.sf2"):
        audio.find(path)


# Synthesis


@needs_synth
def test_the_same_midi_gives_the_same_samples(sounds):
    assert np.array_equal(audio.synthesize(MUSIC["dense"], audio.find("timgm6mb")), sounds["dense"])


@needs_synth
def test_samples_are_stereo_floats_with_headroom(sounds):
    for samples in sounds.values():
        assert samples.dtype == np.float32 and samples.shape[1] == 2
        assert 0.005 < np.abs(samples).max() < 1


@needs_synth
def test_the_tempo_map_is_honoured():
    tempo = [mido.MetaMessage("set_tempo", tempo=1_000_000), mido.MetaMessage("set_tempo", tempo=250_000, time=480)]
    samples = audio.synthesize(midi(tempo, notes(9, [38], 60, gap=960)), audio.find("timgm6mb"))
    onset = np.flatnonzero(np.abs(samples).max(axis=1) > 1e-4)[0] / RATE
    assert onset == pytest.approx(1.25, abs=0.01)


@needs_synth
def test_program_volume_and_bend_are_honoured():
    font = audio.find("timgm6mb")
    plain = audio.synthesize(midi(notes(0, [69], 960, program=73)), font)
    bent, quiet = ([mido.Message("pitchwheel", pitch=8191)], [mido.Message("control_change", control=7, value=30)])
    assert pitch(plain) == pytest.approx(440, rel=0.01)
    assert pitch(audio.synthesize(midi(bent + notes(0, [69], 960, program=73)), font)) == pytest.approx(493.9, rel=0.01)
    assert np.abs(audio.synthesize(midi(quiet + notes(0, [69], 960, program=73)), font)).max() < np.abs(plain).max() / 3
    assert not np.array_equal(audio.synthesize(midi(notes(0, [69], 960, program=19)), font)[: len(plain)], plain)


@needs_synth
def test_the_tail_dies_away_and_ends():
    font = audio.find("timgm6mb")
    short = audio.synthesize(midi(notes(9, [37], 60)), font)
    organ = [mido.Message("program_change", program=19), mido.Message("note_on", note=60)]
    hanging = audio.synthesize(midi(organ), font)
    assert len(short) / RATE < 2.6
    assert len(hanging) / RATE == pytest.approx(2.6, abs=0.1)
    for samples in (short, hanging):
        assert np.abs(samples[-200:]).max() < 10 ** (-50 / 20)


@needs_synth
def test_midi_without_notes_is_a_short_silence():
    samples = audio.synthesize(midi([]), audio.find("timgm6mb"))
    assert 0 < len(samples) < RATE and np.abs(samples).max() < 1e-6


@needs_synth
def test_progress_climbs_to_one():
    seen: list[float] = []
    audio.synthesize(MUSIC["percussive"], audio.find("timgm6mb"), progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == 1.0


def test_a_truncated_font_is_refused(tmp_path):
    font = tmp_path / "cut.sf2"
    font.write_bytes(audio.find("timgm6mb").read_bytes()[:5000])
    with pytest.raises(SoundfontError, match=r"cut\.sf2 is cut short"):
        audio.find(font)


@needs_synth
def test_a_font_without_sounds_is_an_error(tmp_path):
    font = tmp_path / "hollow.sf2"
    font.write_bytes(b"RIFF\4\0\0\0sfbk")
    with pytest.raises(SoundfontError, match=r"FluidSynth cannot load .*hollow\.sf2"):
        audio.synthesize(MUSIC["sparse"], audio.find(font))


@needs_synth
def test_nothing_is_printed(tmp_path, capfd):
    audio.render(midi(notes(0, [60], 60, program=127)), tmp_path / "shot.wav")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("rate", [0, 7999, 192000])
def test_a_rate_out_of_range(rate):
    with pytest.raises(BriefError, match="8000 to 96000"):
        audio.synthesize(MUSIC["sparse"], audio.find("timgm6mb"), rate=rate)


def test_midi_that_cannot_be_rendered(tmp_path):
    endless = midi([mido.MetaMessage("set_tempo", tempo=16_000_000), mido.Message("note_on", time=2**27)])
    frames = bytearray(MUSIC["sparse"])
    frames[12:14] = b"\xe7\x28"
    for data, words in ((endless, "hours"), (bytes(frames), "film frames"), (tmp_path / "none.mid", "cannot read")):
        with pytest.raises(FileError, match=words):
            audio.synthesize(data, audio.find("timgm6mb"))


@pytest.mark.parametrize("signature", [b"\x08\x00", b"\xf8\x01", b"\x00\x02", b"\x0a\xff"])
def test_a_key_signature_that_is_none_does_not_matter(signature):
    from symbolic_music.audio.synth import _events

    good = midi([mido.MetaMessage("key_signature", key="C"), *notes(0, [60], 480)])
    assert good.count(b"\xff\x59\x02\x00\x00") == 1
    bad = good.replace(b"\xff\x59\x02\x00\x00", b"\xff\x59\x02" + signature)
    with pytest.raises(mido.KeySignatureError):
        mido.MidiFile(file=io.BytesIO(bad))
    assert _events(bad, RATE) == _events(good, RATE)


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 200), byte=st.integers(0, 199), value=st.integers(0, 255))
def test_damaged_midi_is_a_file_error_or_is_read(cut, byte, value):
    from symbolic_music.audio.synth import _events

    data = bytearray(MUSIC["sparse"])
    data[byte % len(data)] = value
    try:
        _events(bytes(data[: len(data) - cut]), RATE)
    except FileError as error:
        assert error.hint


MISSING = """
import ctypes.util, os
os.environ.pop("HOMEBREW_PREFIX", None)
ctypes.util.find_library = lambda name: None
from symbolic_music import audio
from symbolic_music.errors import SynthesizerError
try:
    audio.render(bytes.fromhex({midi!r}), {path!r})
except SynthesizerError as error:
    print(error.exit_status, error)
"""


def test_without_the_library_one_line_says_what_to_install(tmp_path):
    code = MISSING.format(midi=MUSIC["sparse"].hex(), path=str(tmp_path / "song.wav"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == ""
    assert re.fullmatch(r"3 the FluidSynth library is not installed: .*(install|unpack).*\n", done.stdout)
    assert list(tmp_path.iterdir()) == []


# Loudness


@needs_synth
@pytest.mark.parametrize("name", MUSIC)
@pytest.mark.parametrize("target", [-14.0, -23.0])
def test_music_reaches_the_loudness_under_the_peak(sounds, name, target):
    reached = audio.measure(audio.master(sounds[name], RATE, loudness=target), RATE)
    assert reached.integrated == pytest.approx(target, abs=0.1)
    assert reached.true_peak < -1


@pytest.mark.parametrize(
    "samples",
    [np.sign(sine(220, 1.0)), sine(440, 1e-5), sine(997, 4.0), sine(50, 0.5, 0.2)],
    ids=["loud square", "very quiet", "far over full scale", "shorter than a gating block"],
)
def test_signals_reach_the_loudness(samples):
    mastered = audio.master(samples, RATE)
    assert mastered.shape == samples.shape and mastered.dtype == np.float32
    reached = audio.measure(mastered, RATE)
    assert reached.integrated == pytest.approx(-14, abs=0.1) and reached.true_peak < -1


@pytest.mark.parametrize("loudness", [float("nan"), float("inf"), -float("inf"), 0.0, -4.9, -61])
def test_a_loudness_out_of_range_is_refused_before_any_work(tmp_path, loudness):
    with pytest.raises(BriefError, match=r"a loudness of .* LUFS: -60 to -5 works"):
        audio.render(tmp_path / "none.mid", tmp_path / "song.wav", loudness=loudness)


@needs_synth
@pytest.mark.parametrize("loudness", [-60, -5, None])
def test_a_loudness_in_range_is_rendered(tmp_path, loudness):
    reached = audio.render(MUSIC["percussive"], tmp_path / "song.wav", loudness=loudness)
    assert np.isfinite(reached.integrated) and (tmp_path / "song.wav").exists()


@pytest.mark.parametrize("level", [1e-4, 1.0, 10.0])
def test_a_click_stays_under_the_peak(level):
    reached = audio.measure(audio.master(click(level), RATE), RATE)
    assert -2 < reached.true_peak < -1 and reached.integrated < -14


def test_silence_stays_silence():
    for frames in (0, 1, 100, RATE):
        silence = np.zeros((frames, 2), dtype=np.float32)
        assert np.array_equal(audio.master(silence, RATE), silence)
        assert audio.measure(silence, RATE) == audio.Loudness(-np.inf, -np.inf)


def test_the_true_peak_lies_between_the_samples():
    wave = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4)  # its samples are all at -3.01 dB
    measured = audio.measure(np.stack([wave, wave], axis=1)[1000:], RATE)
    assert measured.true_peak == pytest.approx(0, abs=0.3)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), spikes=st.integers(0, 30), level=st.floats(-60, 20), seconds=st.floats(0.5, 3))
def test_the_peak_holds_for_any_noise_and_spikes(seed, spikes, level, seconds):
    random = np.random.default_rng(seed)
    samples = random.normal(size=(int(seconds * RATE), 2)) * 0.02
    samples[random.integers(0, len(samples), spikes)] = 1
    mastered = audio.master((samples * 10 ** (level / 20)).astype(np.float32), RATE)
    reached = audio.measure(mastered, RATE)
    assert reached.true_peak < -1
    assert reached.integrated == pytest.approx(-14, abs=0.1)


# Files


@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3", ".WAV"])
def test_every_format_holds_the_sound(tmp_path, ending):
    samples = sine(440, 0.25, 2.0)
    path = audio.write_audio(samples, tmp_path / f"song{ending}", RATE)
    read, rate = soundfile.read(path, always_2d=True)
    assert rate == RATE and read.shape[1] == 2 and abs(len(read) - len(samples)) < 3000
    assert np.sqrt(np.mean(read**2)) == pytest.approx(0.25 / np.sqrt(2), rel=0.02)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_long_ogg_is_written(tmp_path):
    minutes = np.random.default_rng(0).normal(scale=0.1, size=(6 * 60 * 8000, 2)).astype(np.float32)
    path = audio.write_audio(minutes, tmp_path / "long.ogg", 8000)
    assert soundfile.info(path).frames == len(minutes)


def test_wav_bytes_repeat_and_are_dithered(tmp_path):
    samples = sine(440, 0.3 / 32768)  # less than a step: lost without dither
    one, two = (audio.write_audio(samples, tmp_path / name, RATE) for name in ("one.wav", "two.wav"))
    assert one.read_bytes() == two.read_bytes()
    assert pitch(soundfile.read(one)[0]) == pytest.approx(440, abs=1)


def test_overs_are_clipped_not_wrapped(tmp_path):
    read, _ = soundfile.read(audio.write_audio(sine(100, 3.0), tmp_path / "loud.wav", RATE))
    assert np.corrcoef(read[:, 0], sine(100, 3.0)[:, 0])[0, 1] > 0.9


def test_a_format_that_refuses_leaves_nothing(tmp_path):
    with pytest.raises(FileError, match=r"song\.mp3 cannot be written"):
        audio.write_audio(sine(440, 0.1), tmp_path / "song.mp3", 96000)
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_writing_keeps_the_file_that_was_there(tmp_path, monkeypatch):
    path = tmp_path / "song.wav"
    path.write_bytes(b"mine")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(soundfile.SoundFile, "write", full)
    with pytest.raises(FileError, match="No space left"):
        audio.write_audio(sine(440, 0.1), path, RATE)
    assert path.read_bytes() == b"mine" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("song.aiff", "use .wav or .flac or .ogg or .mp3"),
        ("song", "ending"),
        ("no/song.wav", "exist"),
        ("is.wav", "a folder"),
    ],
)
def test_a_bad_path_is_refused_before_any_work(tmp_path, name, words):
    (tmp_path / "is.wav").mkdir()
    seen: list[float] = []
    with pytest.raises(FileError, match=words):
        audio.render(MUSIC["sparse"], tmp_path / name, progress=seen.append)
    assert seen == [] and [file.name for file in tmp_path.iterdir()] == ["is.wav"]


# The whole way


@needs_synth
@pytest.mark.parametrize("name", MUSIC)
def test_render_repeats_its_bytes_and_says_how_loud_they_are(tmp_path, name):
    song = tmp_path / "song.mid"
    song.write_bytes(MUSIC[name])
    reached = audio.render(str(song), tmp_path / "one.wav", soundfont="timgm6mb")
    audio.render(MUSIC[name], tmp_path / "two.wav", soundfont="timgm6mb")
    assert (tmp_path / "one.wav").read_bytes() == (tmp_path / "two.wav").read_bytes()
    assert reached.integrated == pytest.approx(-14, abs=0.1) and reached.true_peak < -1


@needs_synth
def test_render_can_keep_the_level_of_the_synthesizer(tmp_path, sounds):
    reached = audio.render(MUSIC["dense"], tmp_path / "raw.flac", soundfont="timgm6mb", loudness=None)
    assert reached.integrated == pytest.approx(audio.measure(sounds["dense"], RATE).integrated, abs=0.05)


@needs_synth
@pytest.mark.parametrize("ending", [".ogg", ".mp3"])
@pytest.mark.parametrize("name", MUSIC)
def test_lossy_files_are_as_loud_and_stay_under_the_peak(tmp_path, name, ending):
    reached = audio.render(MUSIC[name], tmp_path / f"song{ending}", soundfont="timgm6mb")
    assert reached.integrated == pytest.approx(-14, abs=0.1) and reached.true_peak < -1


@needs_synth
def test_midi_without_notes_renders_silence(tmp_path):
    reached = audio.render(midi([]), tmp_path / "rest.wav")
    assert reached.integrated == -np.inf and reached.true_peak < -80


@needs_synth
@needs_ffmpeg
@pytest.mark.parametrize("name", MUSIC)
def test_ffmpeg_agrees(tmp_path, name):
    reached = audio.render(MUSIC[name], tmp_path / "song.wav", soundfont="timgm6mb")
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", "song.wav", "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stderr.split("Summary:")[1]
    integrated, peak = (float(re.search(rf"{key}:\s+(-[\d.]+)", said)[1]) for key in ("I", "Peak"))
    assert integrated == pytest.approx(reached.integrated, abs=0.1)
    assert peak < -1 and peak == pytest.approx(reached.true_peak, abs=0.2)

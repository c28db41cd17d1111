"""Sound: the whole way from MIDI to mastered files."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import mido
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import RATE, midi, needs_synth, notes, pitch

from symbolic_music import audio
from symbolic_music.errors import BriefError, FileError, SoundfontError

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed: no second opinion")


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


@pytest.fixture(scope="module")
def sounds() -> dict[str, np.ndarray]:
    return {name: audio.synthesize(data, audio.find("timgm6mb")) for name, data in MUSIC.items()}


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


def test_importing_audio_is_light():
    heavy = "{'scipy', 'pyloudnorm', 'soundfile', 'mido'}"
    code = f"import sys, symbolic_music.audio; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


@needs_synth
@pytest.mark.parametrize("ending", [".wav", ".flac"])
@pytest.mark.parametrize("name", MUSIC)
def test_render_repeats_its_bytes_and_says_how_loud_they_are(tmp_path, name, ending):
    song = tmp_path / "song.mid"
    song.write_bytes(MUSIC[name])
    one, two = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
    reached = audio.render(str(song), one, soundfont="timgm6mb", finish="band")
    audio.render(MUSIC[name], two, soundfont="timgm6mb", finish="band")
    assert one.read_bytes() == two.read_bytes()
    assert reached.integrated == pytest.approx(-14, abs=0.1) and reached.true_peak < -1


@needs_synth
def test_a_loop_is_as_long_as_its_bars_and_goes_round_without_a_seam(tmp_path):
    twice = midi(*(notes(c, [48, 55, 60, 64] * 2, 480, program=c * 11) for c in (0, 1, 9)))
    once = midi(*(notes(c, [48, 55, 60, 64], 480, program=c * 11) for c in (0, 1, 9)))
    audio.render(once, tmp_path / "loop.wav", loop=True, loudness=None, depth=32, reverb="dry")
    audio.render(twice, tmp_path / "twice.wav", loudness=None, depth=32, reverb="dry")
    loop, through = (soundfile.read(tmp_path / f"{name}.wav")[0] for name in ("loop", "twice"))
    assert len(loop) == 2 * RATE
    second = through[2 * RATE : 4 * RATE]  # its beginning holds what rings from the first
    assert np.corrcoef(loop[: RATE // 2, 0], second[: RATE // 2, 0])[0, 1] > 0.95
    seam = np.concatenate([loop[-2:], loop[:2]])
    for order in (1, 2):
        assert np.abs(np.diff(seam, order, axis=0)).max() <= np.abs(np.diff(loop, order, axis=0)).max()


@needs_synth
def test_a_loop_is_mastered(tmp_path):
    reached = audio.render(MUSIC["dense"], tmp_path / "loop.ogg", loop=True, finish="electronic", loudness="apple")
    assert reached.integrated == pytest.approx(-16, abs=0.1) and reached.true_peak < -1
    with pytest.raises(BriefError, match=r"a loop as \.mp3, which adds silence"):
        audio.render(MUSIC["dense"], tmp_path / "loop.mp3", loop=True)


@needs_synth
def test_stems_add_up_to_the_piece_before_its_limiter(tmp_path):
    data = midi(*(notes(c, [60 + c, 64 + c], 480, program=10 * c) for c in (0, 1, 9)))
    audio.render(data, tmp_path / "whole.wav", loudness=None, depth=32, finish="classical")
    stems = audio.render_stems(data, tmp_path / "stems", loudness=None, depth=32, finish="classical")
    assert [path.name[:2] for path in stems] == ["01", "02", "03"]
    parts = [soundfile.read(path)[0] for path in stems]
    whole = soundfile.read(tmp_path / "whole.wav")[0]
    assert len({len(part) for part in parts}) == 1 and len(parts[0]) >= len(whole)
    assert np.abs(np.sum(parts, axis=0)[: len(whole)] - whole).max() < 1e-4
    loud = audio.render_stems(data, tmp_path / "loud", ".flac")
    assert max(audio.measure(soundfile.read(path, dtype="float32")[0], RATE).true_peak for path in loud) < -1


@needs_synth
def test_a_track_may_have_a_sound_of_its_own(tmp_path):
    named = [mido.MetaMessage("track_name", name="Lead"), *notes(0, [69], 960)]
    for name, sounds in (("a", {}), ("b", {"lead": "#Flute"})):
        audio.render(midi(named), tmp_path / f"{name}.wav", soundfont="timgm6mb", sounds=sounds)
    assert (tmp_path / "a.wav").read_bytes() != (tmp_path / "b.wav").read_bytes()
    with pytest.raises(BriefError, match="Lead"):
        audio.render(midi(named), tmp_path / "c.wav", sounds={"led": "#Flute"})
    with pytest.raises(SoundfontError, match="did you mean flute"):
        audio.render(midi(named), tmp_path / "c.wav", soundfont="timgm6mb", sounds={"Lead": "#Flutz"})
    assert not (tmp_path / "c.wav").exists()


@needs_synth
def test_a_fade_ends_with_the_last_bar(tmp_path):
    data = midi(notes(0, [60, 64, 67, 72] * 2, 480, program=19))
    audio.render(data, tmp_path / "a.wav", fade=2, loudness=None, depth=32)
    samples = soundfile.read(tmp_path / "a.wav")[0]
    assert len(samples) == 4 * RATE
    levels = [np.std(samples[int(at * RATE) : int((at + 0.4) * RATE)]) for at in (1.5, 2.5, 3.0, 3.5)]
    assert levels == sorted(levels, reverse=True) and levels[-1] < levels[0] / 4


@needs_synth
@pytest.mark.parametrize("velocity", [1, 3, 20, 127])
def test_no_piece_ends_in_a_click(tmp_path, velocity):
    data = midi([mido.Message("note_on", note=60, velocity=velocity), mido.Message("note_off", note=60, time=480)])
    audio.render(data, tmp_path / "a.wav", soundfont="timgm6mb", depth=32)
    samples = soundfile.read(tmp_path / "a.wav")[0]
    assert np.abs(samples[-64:]).max() < 1e-3


@needs_synth
def test_a_loudness_that_cannot_be_had_ends_soon(tmp_path):
    reached = audio.render(MUSIC["percussive"], tmp_path / "a.ogg", soundfont="timgm6mb", loudness=-5)
    assert -14 < reached.integrated < -5.1 and reached.true_peak < -1


@needs_synth
@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3"])
def test_a_file_says_its_title(tmp_path, ending):
    audio.render(MUSIC["sparse"], tmp_path / f"a{ending}", title="Über ♯")
    with soundfile.SoundFile(tmp_path / f"a{ending}") as file:
        assert file.title == "Über ♯"


@needs_synth
@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is a Unix thing")
def test_ctrl_c_leaves_nothing(tmp_path):
    (tmp_path / "long.mid").write_bytes(midi(*(notes(c, [60] * 3000, 480, program=c) for c in range(8))))
    command = [sys.executable, "-m", "symbolic_music", "render", "long.mid", "-o", "long.wav"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    running = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    running.send_signal(signal.SIGINT)
    assert running.communicate(timeout=20)[1] == "symbolic-music: interrupted\n" and running.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["long.mid"]


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
@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3"])
@pytest.mark.parametrize("name", MUSIC)
def test_ffmpeg_agrees(tmp_path, name, ending):
    path = tmp_path / f"song{ending}"
    reached = audio.render(MUSIC[name], path, soundfont="timgm6mb", finish="band")
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", path.name, "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stderr.split("Summary:")[1]
    integrated, peak = (float(re.search(rf"{key}:\s+(-[\d.]+)", said)[1]) for key in ("I", "Peak"))
    assert integrated == pytest.approx(reached.integrated, abs=0.1)
    assert peak <= -1 and peak == pytest.approx(reached.true_peak, abs=0.2)

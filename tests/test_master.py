"""Mastering: meters against other meters, finishes, loudness by name, loops, fades, depths, and room on the disk."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly, sosfreqz

from symbolic_music import audio
from symbolic_music.audio.ahead import ahead
from symbolic_music.audio.dynamics import Gain
from symbolic_music.audio.master import reaching
from symbolic_music.audio.meter import Envelope, block_size, measure
from symbolic_music.audio.sound import Sound, target
from symbolic_music.audio.spool import Spool
from symbolic_music.audio.write import read_blocks, write_audio
from symbolic_music.errors import BriefError, FileError
from symbolic_music.theory import genres

RATE = 44100
QUICK = settings(max_examples=15, deadline=None, derandomize=True)
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed: no second opinion")


def noise(seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Stereo noise whose level moves, darker than white, as music is."""
    rng = np.random.default_rng(seed)
    frames = int(seconds * rate)
    level = np.interp(np.arange(frames), np.linspace(0, frames, 20), rng.uniform(0.01, 0.3, 20))
    white = rng.normal(size=(frames + 8, 2))
    return (level[:, None] * sum(white[i : i + frames] for i in range(8)) / 8).astype(np.float32)


def pieces(samples: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Audio in blocks of any size, some of them empty."""
    cuts = np.sort(rng.integers(0, len(samples) + 1, 7))
    return np.split(samples, cuts)


def spooled(samples: np.ndarray, rate: int = RATE) -> Spool:
    spool = Spool(rate)
    for start in range(0, len(samples), 10_000):
        spool.append(samples[start : start + 10_000])
    return spool


# Meters


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
def test_loudness_is_that_of_another_library(rate: int) -> None:
    samples = noise(12, rate)
    assert measure(samples, rate).integrated == pytest.approx(
        pyloudnorm.Meter(rate, filter_class="DeMan").integrated_loudness(samples), abs=0.05
    )


@QUICK
@given(seed=st.integers(0, 2**32), seconds=st.floats(0.01, 3))
def test_blocks_do_not_change_what_is_measured(seed: int, seconds: float) -> None:
    samples = noise(seconds, seed=seed)
    whole = measure(samples, RATE)
    parts = measure(iter(pieces(samples, np.random.default_rng(seed))), RATE)
    assert parts.integrated == pytest.approx(whole.integrated, abs=1e-4)
    assert parts.true_peak == pytest.approx(whole.true_peak, abs=1e-4)


@QUICK
@given(seed=st.integers(0, 2**32))
def test_every_block_has_its_peak_between_the_samples(seed: int) -> None:
    samples = noise(0.4, seed=seed)
    envelope = Envelope(RATE)
    found = [*(envelope.add(part)[0] for part in pieces(samples, np.random.default_rng(seed))), envelope.finish()[0]]
    fine = np.abs(resample_poly(samples.astype(np.float64), 4, 1, axis=0)).max(axis=1)
    size = 4 * block_size(RATE)
    expected = np.pad(fine, (0, -len(fine) % size)).reshape(-1, size).max(axis=1)
    assert np.concatenate(found) == pytest.approx(expected, rel=0.04, abs=2e-3)


@needs_ffmpeg
def test_ffmpeg_measures_the_same(tmp_path: Path) -> None:
    path = write_audio(audio.master(noise(10), RATE, finish="band"), tmp_path / "song.wav", RATE, depth=24)
    ours, theirs = measure(read_blocks(path), RATE), by_ffmpeg(path)
    assert theirs[0] == pytest.approx(ours.integrated, abs=0.06)
    assert theirs[1] == pytest.approx(ours.true_peak, abs=0.3)


def by_ffmpeg(path: Path) -> tuple[float, float]:
    """Integrated loudness and true peak as ffmpeg's ebur128 prints them."""
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    summary = subprocess.run(command, capture_output=True, text=True, check=True).stderr.split("Summary:")[-1]
    loudness, peak = (re.search(rf"{name}:\s+(-?[\d.]+|-inf)", summary) for name in ("I", "Peak"))
    assert loudness and peak
    return float(loudness[1]), float(peak[1])


# Names


def test_every_genre_has_one_finish() -> None:
    homes = [name for finish in audio.finishes().values() for name in finish.genres]
    assert sorted(homes) == sorted(genres.names())


def test_loudness_by_name() -> None:
    assert [target(name) for name in ("spotify", "Apple", "youtube", "broadcast", "none", None, "-18", -18)] == [
        -14, -16, -14, -23, None, None, -18, -18,
    ]  # fmt: skip
    for wrong in ("loud", "nan", float("nan"), 0, -61, "inf"):
        with pytest.raises(BriefError, match="loudness"):
            target(wrong)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("finish", "jaz", "did you mean jazz|finish"),
        ("synth", "fluid", "fluidsynth"),
        ("rate", 4000, "8000 to 96000"),
        ("fade", -1.0, "0 or more"),
        ("fade", float("nan"), "0 or more"),
        ("fade", "3", "0 or more"),
        ("rate", 44100.5, "a whole number"),
        ("finish", None, "no finish"),
        ("finish", "rok", "did you mean rock"),
        ("loudness", "tiktok", "for example|did you mean"),
    ],
)
def test_a_choice_that_is_none_says_what_works(field: str, value: object, words: str) -> None:
    with pytest.raises(BriefError, match=words):
        Sound(**{field: value})  # type: ignore[arg-type]


def test_mp3_has_nine_rates() -> None:
    Sound(rate=22050).suits(".mp3")
    with pytest.raises(BriefError, match="MP3 at 96000 Hz"):
        Sound(rate=96000).suits(".mp3")


def test_a_loop_does_not_fade() -> None:
    with pytest.raises(BriefError, match="leave one"):
        Sound(loop=True, fade=2)


# Finishes


def test_equalisation_is_gentle_and_does_what_it_says() -> None:
    for finish in audio.finishes().values():
        sections = finish.equaliser(RATE)._sections
        if len(sections):
            hertz = np.geomspace(40, 16000, 200)
            _, response = sosfreqz(sections, hertz, fs=RATE)
            level = 20 * np.log10(np.abs(response))
            assert np.abs(level).max() <= 2.5, finish.name
            assert (
                abs(20 * np.log10(abs(sosfreqz(sections, [2.0], fs=RATE)[1][0]))) > 20
            )  # no rumble, no direct current


@pytest.mark.parametrize("name", audio.finishes())
def test_blocks_do_not_change_the_equalisation(name: str) -> None:
    samples, character = noise(0.5), audio.finish_of(name)
    whole = character.equaliser(RATE)(samples)
    equalise = character.equaliser(RATE)
    parts = [equalise(part) for part in pieces(samples, np.random.default_rng(1))]
    assert np.allclose(np.concatenate(parts), whole, atol=1e-6)


@pytest.mark.parametrize("name", audio.finishes())
@pytest.mark.parametrize("loudness", [-14.0, -23.0])
def test_every_finish_reaches_the_loudness(name: str, loudness: float) -> None:
    reached = measure(audio.master(noise(8), RATE, finish=name, loudness=loudness), RATE)
    assert reached.integrated == pytest.approx(loudness, abs=0.05) and reached.true_peak < -1


def test_the_compressor_brings_loud_and_soft_together() -> None:
    soft = noise(6) * np.repeat([1.0, 0.25, 1.0], 2 * RATE)[:, None].astype(np.float32)

    def contrast(samples: np.ndarray) -> float:
        middle = samples[int(2.5 * RATE) : int(3.5 * RATE)]
        return float(np.std(samples[: 2 * RATE]) / np.std(middle))

    plain, dense = (audio.master(soft, RATE, finish=name, loudness=-30) for name in ("plain", "electronic"))
    assert 0.6 * contrast(plain) < contrast(dense) < 0.97 * contrast(plain)


@QUICK
@given(seed=st.integers(0, 2**32), drive=st.floats(0, 30), release=st.sampled_from((40.0, 640.0)))
def test_the_limiter_holds_every_block(seed: int, drive: float, release: float) -> None:
    samples = noise(0.7, seed=seed)
    samples[np.random.default_rng(seed).integers(0, len(samples), 5)] = 1
    with spooled(samples) as spool:
        spool.finish()
        out = np.concatenate(list(Gain(drive, -1.2, release).apply(spool)))
    assert measure(out, RATE).true_peak < -1


# Loops and fades


@QUICK
@given(seconds=st.floats(0.05, 20), tail=st.floats(0, 8), seed=st.integers(0, 99))
def test_what_rings_after_a_loop_sounds_into_its_beginning(seconds: float, tail: float, seed: int) -> None:
    frames = int(seconds * RATE)
    samples = noise(seconds + tail, seed=seed)[: frames + int(tail * RATE)]
    expected = np.zeros((frames, 2))
    for start in range(0, len(samples), frames):
        part = samples[start : start + frames]
        expected[: len(part)] += part
    with spooled(samples) as spool:
        spool.loop(frames)
        assert np.allclose(np.concatenate(list(spool.chunks())), expected, atol=1e-5)
        assert sum(len(peaks) for peaks, _ in spool.envelope()) == spool.blocks


@pytest.mark.parametrize("seconds", [0.3, 2.3456, 31.0])
@pytest.mark.parametrize("name", ["plain", "electronic"])
def test_a_loop_has_no_seam(seconds: float, name: str) -> None:
    """Its end goes over into its beginning as smoothly as it moves anywhere else."""
    frames, t = int(seconds * RATE), np.arange(int((seconds + 3) * RATE)) / RATE
    line = sum(
        np.where(t >= at, np.exp(-2 * (t - at)) * np.sin(2 * np.pi * hertz * (t - at)), 0)
        * np.clip((t - at) * 200, 0, 1)
        for at, hertz in ((0, 220), (0.3 * seconds, 331), (0.95 * seconds, 123.4))
    )
    with spooled(0.2 * np.stack([line, line], axis=1).astype(np.float32)) as spool:
        spool.loop(frames)
        gain = reaching(spool, audio.finish_of(name), loudness=-8, true_peak=-1.2)
        factors = list(gain.factors(spool))
        assert factors[0][0] == pytest.approx(factors[-1][-1], rel=1e-4)
        out = np.concatenate(list(gain.apply(spool)))
    steps, bends = np.abs(np.diff(out, axis=0)).max(), np.abs(np.diff(out, 2, axis=0)).max()
    around = np.concatenate([out[-3:], out[:3]])
    assert np.abs(np.diff(around, axis=0)).max() <= steps and np.abs(np.diff(around, 2, axis=0)).max() <= bends


def test_a_fade_ends_in_silence_and_counts_in_the_loudness() -> None:
    faded = audio.master(noise(8), RATE, fade=3.0)
    assert measure(faded, RATE).integrated == pytest.approx(-14, abs=0.05)
    levels = [float(np.std(faded[int(a * RATE) : int((a + 0.5) * RATE)])) for a in (5.5, 6.5, 7.25, 7.5)]
    assert levels == sorted(levels, reverse=True) and np.abs(faded[-1]).max() < 1e-4


def test_a_fade_longer_than_the_piece_is_as_long_as_it() -> None:
    faded = audio.master(noise(4), RATE, fade=100)
    assert measure(faded, RATE).integrated == pytest.approx(-14, abs=0.05)


# Files


@pytest.mark.parametrize(
    ("ending", "depth", "kind"),
    [
        (".wav", None, "PCM_16"), (".wav", 16, "PCM_16"), (".wav", 24, "PCM_24"), (".wav", 32, "FLOAT"),
        (".flac", None, "PCM_16"), (".flac", 24, "PCM_24"), (".ogg", None, "VORBIS"), (".mp3", None, "MPEG_LAYER_III"),
    ],
)  # fmt: skip
def test_depths(tmp_path: Path, ending: str, depth: int | None, kind: str) -> None:
    samples = noise(1)
    path = write_audio(samples, tmp_path / f"a{ending}", RATE, depth=depth)
    assert soundfile.info(path).subtype == kind
    if kind == "FLOAT":
        assert np.array_equal(soundfile.read(path, dtype="float32")[0], samples)
    elif kind == "PCM_24":
        assert np.abs(soundfile.read(path)[0] - samples).max() < 2**-22
    if ending in (".wav", ".flac"):
        again = write_audio(samples, tmp_path / f"b{ending}", RATE, depth=depth)
        assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(("ending", "depth"), [(".flac", 32), (".wav", 8), (".mp3", 16), (".ogg", 0)])
def test_a_depth_that_a_format_has_not(tmp_path: Path, ending: str, depth: int) -> None:
    with pytest.raises(BriefError, match="takes 16 or 24"):
        write_audio(noise(0.1), tmp_path / f"a{ending}", RATE, depth=depth)
    assert not list(tmp_path.iterdir())


FULL = """
import resource, signal, sys
import numpy as np
from symbolic_music.audio.write import write_audio
from symbolic_music.errors import FileError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    {do}
except FileError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is a Unix thing")
@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg"])
def test_a_disk_that_is_full_at_the_very_end_leaves_nothing(tmp_path: Path, ending: str) -> None:
    whole = write_audio(noise(4), tmp_path / f"whole{ending}", RATE).stat().st_size
    path = tmp_path / f"song{ending}"
    do = (
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({whole - 100}, {whole - 100}))\n"
        f"    import soundfile; samples = np.load({str(tmp_path / 'a.npy')!r})\n"
        f"    write_audio(samples, {str(path)!r}, {RATE})"
    )
    np.save(tmp_path / "a.npy", noise(4))
    done = subprocess.run(
        [sys.executable, "-c", FULL.replace("200_000", "9_000_000").format(do=do)], capture_output=True
    )
    assert b"cannot be written" in done.stdout and not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is a Unix thing")
@pytest.mark.parametrize("ending", [".wav", ".flac", ".ogg", ".mp3"])
def test_a_disk_that_is_full_half_way_leaves_nothing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"song{ending}"
    do = f"write_audio(np.random.default_rng(0).normal(size=(3_000_000, 2)).astype('f4'), {str(path)!r}, 44100)"
    done = subprocess.run([sys.executable, "-c", FULL.format(do=do)], capture_output=True, text=True)
    assert done.stderr == "" and re.match(rf".*song\{ending} cannot be written: .+\n$", done.stdout)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="a limit on the size of files is a Unix thing")
def test_no_room_for_the_temporary_file_says_where(tmp_path: Path) -> None:
    do = (
        "from symbolic_music.audio.render import room; from symbolic_music.audio.spool import Spool\n"
        "    with room(), Spool(44100) as spool: spool.append(np.zeros((3_000_000, 2), 'f4')); spool.finish()"
    )
    done = subprocess.run([sys.executable, "-c", FULL.format(do=do)], capture_output=True, text=True)
    assert done.stderr == "" and f"no room for the sound in {tempfile.gettempdir()}" in done.stdout


# Threads


def test_an_error_ahead_is_raised_where_its_items_are_used() -> None:
    def items():
        yield 1
        raise FileError("broken")

    with pytest.raises(FileError, match="broken"), ahead(items()) as found:
        assert list(found) == [1]


def test_what_runs_ahead_is_closed_when_nobody_waits_any_more() -> None:
    closed = []

    def items():
        try:
            yield from range(1000)
        finally:
            closed.append(True)

    with pytest.raises(KeyboardInterrupt), ahead(items()) as found:
        next(found)
        raise KeyboardInterrupt
    assert closed == [True]

"""Audio files: WAV, FLAC, OGG and MP3, block by block."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError, FileError
from symbolic_music.files.paths import checked, replacing

#: For each ending the depths in bits that it takes, its own first, 0 for a lossy format, and libsndfile's names.
ENDINGS = {
    ".wav": {16: "PCM_16", 24: "PCM_24", 32: "FLOAT"},
    ".flac": {16: "PCM_16", 24: "PCM_24"},
    ".ogg": {0: "VORBIS"},
    ".mp3": {0: "MPEG_LAYER_III"},
}
LOSSLESS = (".wav", ".flac")
SQUEEZE = 0.2  # how hard a lossy format compresses, from 0 to 1: about 200 kbit a second
BLOCK = 65536  # frames: libsndfile's Vorbis encoder overflows the stack when given minutes at once
WAV_BYTES = 2**32 - 1024  # what its 32-bit sizes can count


def subtype(ending: str, depth: int | None) -> str:
    """The name that libsndfile has for a depth of a format by its ending.

    Raises
    ------
    BriefError
        Where the format has no such depth.

    Examples
    --------
    >>> subtype(".wav", 32), subtype(".flac", None)
    ('FLOAT', 'PCM_16')
    >>> subtype(".flac", 32)
    Traceback (most recent call last):
    symbolic_music.errors.BriefError: 32 bits of .flac: .flac takes 16 or 24, .wav 16, 24 or 32 (float)
    """
    known = ENDINGS[ending.lower()]
    if depth is None:
        return next(iter(known.values()))
    if not depth or depth not in known:
        raise BriefError(f"{depth} bits of {ending}", hint=".flac takes 16 or 24, .wav 16, 24 or 32 (float)")
    return known[depth]


def write_blocks(
    blocks: Iterable[NDArray[np.float32]],
    path: Path,
    rate: int,
    *,
    depth: int | None = None,
    tags: Mapping[str, str] | None = None,
    seed: int = 0,
) -> None:
    """Writes audio as it comes to a path whose place is already made; the same samples give the same bytes.

    16 bits are dithered, by `seed`. What exceeds full scale is clipped, but in 32-bit WAV. OGG has a serial number that
    changes.
    """
    import soundfile  # type: ignore[import-untyped, unused-ignore]

    kind, ending = subtype(path.suffix, depth), path.suffix.lower()
    squeeze = None if ending in LOSSLESS else SQUEEZE
    dither = np.random.Generator(np.random.SFC64(seed))
    written = 0
    with soundfile.SoundFile(path, "w", rate, 2, kind, compression_level=squeeze) as file:
        for name, text in (tags or {}).items():
            setattr(file, name, text)
        for whole in blocks:
            for start in range(0, len(whole), BLOCK):
                block = whole[start : start + BLOCK]
                written += block.size
                if ending == ".wav" and written * (4 if kind == "FLOAT" else 3 if kind == "PCM_24" else 2) > WAV_BYTES:
                    raise OSError(0, "a WAV file holds 4 GB at most; .flac works")
                if kind == "PCM_16":
                    file.write(_sixteen_bits(block, dither))
                else:
                    file.write(block if kind == "FLOAT" else block.clip(-1, 1))
    try:  # libsndfile does not say when the last of it finds no room
        kept = soundfile.info(path).frames
    except RuntimeError:
        kept = -1
    if kept != written // 2:
        raise OSError(errno.ENOSPC, "the disk is full")


def read_blocks(path: Path) -> Iterator[NDArray[np.float32]]:
    """The audio of a file, decoded, some seconds at a time: arrays [frames, channels]."""
    import soundfile  # type: ignore[import-untyped, unused-ignore]

    return iter(soundfile.blocks(path, blocksize=BLOCK, dtype="float32", always_2d=True))


def write_audio(samples: NDArray[np.float32], path: str | Path, rate: int, *, depth: int | None = None) -> Path:
    """Writes audio to a file, in 16 bits with dither unless `depth` says else; the same samples give the same bytes.

    Parameters
    ----------
    samples : array [frames, 2]
        Full scale is 1.0; what exceeds it is clipped.
    path : str or Path
        Ends in .wav, .flac, .ogg or .mp3.
    rate : int
        Frames a second.
    depth : int, optional
        16, 24 or, for .wav, 32, which is float.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    BriefError
        Where the format has no such depth.
    FileError
        Where nothing can be written at `path`, or the format does not take the rate. No part of a file is left.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(np.zeros((441, 2), dtype=np.float32), f"{folder}/rest.wav", 44100).name
    'rest.wav'
    """
    path = checked(path, tuple(ENDINGS))
    subtype(path.suffix, depth)
    with replacing(path, tuple(ENDINGS)) as part, refused(path):
        write_blocks([samples], part, rate, depth=depth)
    return path


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Turns what libsndfile raises into a `FileError` that names `path`."""
    try:
        yield
    except RuntimeError as error:  # soundfile's own errors
        reason = str(error).split(": ")[-1]  # what comes before names the temporary file
        disk, format_ = "nothing can be written there, or the disk is full", "try .wav, or a rate of 44100"
        hint = disk if any(words in reason for words in ("System error", "initialization")) else format_
        raise FileError(f"{path} cannot be written", hint=f"{hint} ({reason.strip().rstrip('.')})") from error


def _sixteen_bits(block: NDArray[np.float32], dither: np.random.Generator) -> NDArray[np.int16]:
    noise = dither.random((2, *block.shape), np.float32)  # two for one that is triangular, as wide as two steps
    steps = np.rint(block * np.float32(32767) + (noise[0] - noise[1])).clip(-32768, 32767)
    return np.asarray(steps, np.int16)

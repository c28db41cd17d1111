"""Audio files: WAV, FLAC, OGG and MP3, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import FileError

# The subtype, and how hard to compress from 0 to 1: 0.2 is about 200 kbit a second.
ENDINGS = {
    ".wav": ("PCM_16", None),
    ".flac": ("PCM_16", None),
    ".ogg": ("VORBIS", 0.2),
    ".mp3": ("MPEG_LAYER_III", 0.2),
}
BLOCK = 65536  # frames: libsndfile's Vorbis encoder overflows the stack when given minutes at once


def destination(path: str | Path) -> Path:
    """The path, where an audio file can be written there; nothing is written yet.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Path

    Raises
    ------
    FileError
        Where the ending is not known, the path is a folder, or its folder is missing or cannot be written.

    Examples
    --------
    >>> destination("song.aiff")
    Traceback (most recent call last):
    symbolic_music.errors.FileError: song.aiff has no known audio ending: .wav, .flac, .ogg and .mp3 work
    """
    path = Path(path)
    if path.suffix.lower() not in ENDINGS:
        raise FileError(f"{path} has no known audio ending", hint=".wav, .flac, .ogg and .mp3 work")
    if path.is_dir():
        raise FileError(f"{path} is a folder", hint=f"for example {path / 'song.wav'}")
    if not path.parent.is_dir():
        raise FileError(f"the folder {path.parent} does not exist", hint="make it first, or choose another")
    if not os.access(path.parent, os.W_OK):
        raise FileError(f"the folder {path.parent} cannot be written", hint="choose another folder")
    return path


def write_audio(samples: NDArray[np.float32], path: str | Path, rate: int) -> Path:
    """Writes audio to a file, in 16 bits with dither for .wav and .flac; the same samples give the same .wav bytes.

    Parameters
    ----------
    samples : array [samples, channels]
        Full scale is 1.0; what exceeds it is clipped.
    path : str or Path
        Ends in .wav, .flac, .ogg or .mp3.
    rate : int
        Frames a second.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    FileError
        Where nothing can be written at `path`, or the format does not take the rate. No part of a file is left.

    Examples
    --------
    >>> with TemporaryDirectory() as folder:
    ...     write_audio(np.zeros((441, 2), dtype=np.float32), f"{folder}/rest.wav", 44100).name
    'rest.wav'
    """
    import soundfile  # type: ignore[import-untyped, unused-ignore]

    path = destination(path)
    subtype, squeeze = ENDINGS[path.suffix.lower()]
    channels = samples.shape[1]
    dither = np.random.default_rng(0)
    try:
        with TemporaryDirectory(prefix=".audio-", dir=path.parent) as folder:
            part = Path(folder) / path.name
            with soundfile.SoundFile(part, "w", rate, channels, subtype, compression_level=squeeze) as file:
                for start in range(0, len(samples), BLOCK):
                    block = samples[start : start + BLOCK]
                    file.write(_sixteen_bits(block, dither) if subtype == "PCM_16" else block.clip(-1, 1))
            part.replace(path)
    except (OSError, RuntimeError) as error:
        hint = "try .wav, a rate of 44100 or another folder"
        raise FileError(f"cannot write {path} ({error})", hint=hint) from error
    return path


def _sixteen_bits(block: NDArray[np.float32], dither: np.random.Generator) -> NDArray[np.int16]:
    noise = dither.random(block.shape) - dither.random(block.shape)  # triangular, as wide as two steps
    return np.rint(block * 32767 + noise).clip(-32768, 32767).astype(np.int16)

"""Audio files: WAV, FLAC, OGG and MP3, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import FileError
from symbolic_music.files.paths import checked, replacing

# The subtype, and how hard to compress from 0 to 1: 0.2 is about 200 kbit a second.
ENDINGS = {
    ".wav": ("PCM_16", None),
    ".flac": ("PCM_16", None),
    ".ogg": ("VORBIS", 0.2),
    ".mp3": ("MPEG_LAYER_III", 0.2),
}
BLOCK = 65536  # frames: libsndfile's Vorbis encoder overflows the stack when given minutes at once


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
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_audio(np.zeros((441, 2), dtype=np.float32), f"{folder}/rest.wav", 44100).name
    'rest.wav'
    """
    import soundfile  # type: ignore[import-untyped, unused-ignore]

    path = checked(path, tuple(ENDINGS))
    subtype, squeeze = ENDINGS[path.suffix.lower()]
    channels = samples.shape[1]
    dither = np.random.default_rng(0)
    try:
        with (
            replacing(path, tuple(ENDINGS)) as part,
            soundfile.SoundFile(part, "w", rate, channels, subtype, compression_level=squeeze) as file,
        ):
            for start in range(0, len(samples), BLOCK):
                block = samples[start : start + BLOCK]
                file.write(_sixteen_bits(block, dither) if subtype == "PCM_16" else block.clip(-1, 1))
    except RuntimeError as error:  # soundfile's own errors
        reason = str(error).split(": ")[-1]  # what comes before names the temporary file
        raise FileError(f"{path} cannot be written", hint=f"try .wav, or a rate of 44100 ({reason})") from error
    return path


def _sixteen_bits(block: NDArray[np.float32], dither: np.random.Generator) -> NDArray[np.int16]:
    noise = dither.random(block.shape) - dither.random(block.shape)  # triangular, as wide as two steps
    return np.rint(block * 32767 + noise).clip(-32768, 32767).astype(np.int16)

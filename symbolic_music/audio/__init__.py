"""Sound: a MIDI file in, an audio file out, at the loudness that players expect.

`render` does the whole way; `find`, `synthesize`, `master`, `measure` and `write_audio` are its steps. The same MIDI,
soundfont and version of FluidSynth give the same bytes of WAV.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from symbolic_music.audio.master import Loudness, master, measure
from symbolic_music.audio.soundfonts import Soundfont, find, known
from symbolic_music.audio.synth import synthesize
from symbolic_music.audio.write import ENDINGS, write_audio
from symbolic_music.errors import BriefError
from symbolic_music.files.paths import checked

__all__ = ["Loudness", "Soundfont", "find", "known", "master", "measure", "render", "synthesize", "write_audio"]


def render(
    midi: str | Path | bytes,
    path: str | Path,
    *,
    soundfont: str | Path | None = None,
    loudness: float | None = -14.0,
    rate: int = 44100,
    progress: Callable[[float], None] | None = None,
) -> Loudness:
    """Renders MIDI to an audio file.

    Parameters
    ----------
    midi : str, Path or bytes
        The path or the content of a Standard MIDI File of type 0 or 1.
    path : str or Path
        Ends in .wav, .flac, .ogg or .mp3.
    soundfont : str, Path or None
        A name, a path, or None for the default, see `find`.
    loudness : float or None
        Integrated loudness in LUFS, -60 to -5, with the true peak under -1 dBTP, see `master`. None keeps the level of
        the synthesizer, clipped at full scale.
    rate : int
        Frames a second.
    progress : callable, optional
        Called with the part of the synthesis that is done, from 0.0 to 1.0.

    Returns
    -------
    Loudness
        Measured in the file written.

    Raises
    ------
    BriefError
        Where `loudness` or `rate` is out of range.
    FileError
        Where the MIDI cannot be read or the file cannot be written.
    SoundfontError
        Where the soundfont is unknown, missing or no soundfont.
    SynthesizerError
        Where the FluidSynth library is not installed.

    Examples
    --------
    >>> render(Path("song.mid"), "song.aiff")
    Traceback (most recent call last):
    symbolic_music.errors.FileError: song.aiff ends in '.aiff': use .wav or .flac or .ogg or .mp3
    """
    if loudness is not None and not -60 <= loudness <= -5:
        raise BriefError(f"a loudness of {loudness:g} LUFS", hint="-60 to -5 works")
    import soundfile  # type: ignore[import-untyped, unused-ignore]

    path = checked(path, tuple(ENDINGS))
    samples = synthesize(midi, find(soundfont), rate=rate, progress=progress)
    louder, ceiling = 0.0, -1.2
    for _ in range(3):  # a lossy encoder moves loudness and peaks; WAV and FLAC are right the first time
        mastered = samples if loudness is None else master(samples, rate, loudness=loudness + louder, true_peak=ceiling)
        write_audio(mastered, path, rate)
        reached = measure(soundfile.read(path, dtype="float32", always_2d=True)[0], rate)
        if loudness is None or not math.isfinite(reached.integrated):
            break
        if abs(loudness - reached.integrated) < 0.08 and reached.true_peak < -1:
            break
        louder += loudness - reached.integrated
        ceiling -= max(0.0, reached.true_peak + 1.2)
    return reached

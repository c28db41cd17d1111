"""The whole way from MIDI to an audio file."""

from __future__ import annotations

import errno
import math
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from symbolic_music.audio.ahead import ahead
from symbolic_music.audio.dynamics import Gain
from symbolic_music.audio.events import Plan, plan
from symbolic_music.audio.master import SILENCE, loudest, loudness_of, reaching
from symbolic_music.audio.meter import Loudness, decibel, measure
from symbolic_music.audio.sound import Sound
from symbolic_music.audio.soundfonts import find
from symbolic_music.audio.spool import Spool
from symbolic_music.audio.write import ENDINGS, read_blocks, refused, write_blocks
from symbolic_music.errors import FileError
from symbolic_music.files.names import file_name
from symbolic_music.files.paths import checked, replacing
from symbolic_music.files.paths import folder as made

CEILING = -1.0  # dBTP, as the services ask
CLOSE = 0.08  # LU
TAIL, LOOP_TAIL = 2.0, 10.0  # seconds that what rings is given to die away
SPARE = 0.1  # dB under the ceiling, for meters that look more closely between the samples
STEP = 0.3
MARGIN = {".wav": 0.3, ".flac": 0.3, ".ogg": 0.5, ".mp3": 0.8}  # dB that the limiter stays under it at first
TRIES = 6  # a lossy encoder moves loudness and peaks; WAV and FLAC are right the first time


def render(
    midi: str | Path | bytes,
    path: str | Path,
    *,
    progress: Callable[[float], None] | None = None,
    **sound: Any,
) -> Loudness:
    """Renders MIDI to an audio file. However long it is, it passes through in blocks, by way of a temporary file.

    Parameters
    ----------
    midi : str, Path or bytes
        The path or the content of a Standard MIDI File of type 0 or 1.
    path : str or Path
        Ends in .wav, .flac, .ogg or .mp3.
    progress : callable, optional
        Called with the part of the synthesis that is done, from 0.0 to 1.0.
    **sound
        The fields of `Sound`, such as ``loudness="apple"``.

    Returns
    -------
    Loudness
        Measured in the file written.

    Raises
    ------
    BriefError
        Where a field of `Sound` is wrong, or the format has no such depth or cannot loop.
    FileError
        Where the MIDI cannot be read or the file cannot be written; nothing is left of it then.
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
    choices = Sound(**sound)
    path = checked(path, tuple(ENDINGS))
    choices.suits(path.suffix)
    score = plan(midi, choices.rate)
    with room(), Spool(choices.rate) as spool:
        _fill(spool, score, choices, progress=progress)
        with replacing(path, tuple(ENDINGS)) as part, refused(path):
            return _write(spool, part, choices)


def render_stems(
    midi: str | Path | bytes,
    folder: str | Path,
    ending: str = ".wav",
    *,
    progress: Callable[[float], None] | None = None,
    **sound: Any,
) -> list[Path]:
    """Renders MIDI to an audio file for each part, all of one length.

    They have the finish's equalisation and reverb, but no compressor and no limiter, and one gain: as much as brings
    their sum to the loudness, or the loudest of them under -1 dBTP. So they add up to the piece before it is limited.

    Parameters
    ----------
    midi : str, Path or bytes
        The path or the content of a Standard MIDI File of type 0 or 1.
    folder : str or Path
        Made if it is not there.
    ending : str
        ".wav", ".flac", ".ogg" or ".mp3".
    progress : callable, optional
        Called with the part of the synthesis that is done, from 0.0 to 1.0.
    **sound
        The fields of `Sound`.

    Returns
    -------
    list of Path
        One for each part, in the order of the tracks, such as "01 flute.wav".

    Raises
    ------
    SymbolicMusicError
        As in `render`.

    Examples
    --------
    >>> render_stems("song.mid", "stems", ".mid")
    Traceback (most recent call last):
    symbolic_music.errors.FileError: stems as '.mid': .wav, .flac, .ogg, .mp3 work
    """
    choices = Sound(**sound)
    if ending.lower() not in ENDINGS:
        raise FileError(f"stems as {ending!r}", hint=f"{', '.join(ENDINGS)} work")
    choices.suits(ending)
    score, place = plan(midi, choices.rate), made(folder)
    paths = [place / f"{number:02} {file_name(part.name)}{ending}" for number, part in enumerate(score.parts, 1)]
    with room(), ExitStack() as stack:
        spools = [stack.enter_context(Spool(choices.rate)) for _ in paths]
        whole = stack.enter_context(Spool(choices.rate))
        for number, (part, spool) in enumerate(zip(score.parts, spools, strict=True)):
            share = partial(_share, progress, number, len(paths))
            _fill(spool, score, choices, parts=[part.name], progress=share)
        for chunks in zip(*(spool.chunks() for spool in spools), strict=True):
            whole.append(np.sum(chunks, axis=0))
        whole.finish()
        gain = _together(whole, spools, choices)
        for number, (path, spool) in enumerate(zip(paths, spools, strict=True)):
            with replacing(path, tuple(ENDINGS)) as part_file, refused(path):
                blocks = gain.apply(spool)
                write_blocks(blocks, part_file, choices.rate, depth=choices.depth, tags=choices.tags, seed=number)
    return paths


def _share(progress: Callable[[float], None] | None, number: int, count: int, done: float) -> None:
    if progress:
        progress((number + done) / count)


def _together(whole: Spool, spools: list[Spool], choices: Sound) -> Gain:
    """One gain for all stems."""
    if choices.lufs is None:
        return Gain(fade=choices.fade)
    drive = choices.lufs - loudness_of(whole)
    highest = max((loudest(spool) for spool in spools), default=0.0)
    return Gain(
        min(drive, CEILING - 2 * SPARE - float(decibel(highest))) if highest > SILENCE else 0.0, fade=choices.fade
    )


def _write(spool: Spool, part: Path, choices: Sound) -> Loudness:
    """Masters and writes, as often as it takes for the file itself to be right."""
    louder, under, before = 0.0, MARGIN[part.suffix.lower()], None
    for _ in range(TRIES):
        wanted = None if choices.lufs is None else choices.lufs + louder
        gain = reaching(spool, choices.character, loudness=wanted, true_peak=CEILING - under, fade=choices.fade)
        if gain == before:  # no more can be had
            break
        before = gain
        with ahead(gain.apply(spool)) as blocks:
            write_blocks(blocks, part, choices.rate, depth=choices.depth, tags=choices.tags)
        with ahead(read_blocks(part)) as blocks:
            reached = measure(blocks, choices.rate)
        if choices.lufs is None or not math.isfinite(reached.integrated):
            break
        if abs(choices.lufs - reached.integrated) < CLOSE and reached.true_peak < CEILING - SPARE:
            break
        louder += choices.lufs - reached.integrated
        if reached.true_peak >= CEILING - SPARE:  # an encoder's overshoot is another with every ceiling
            under += max(reached.true_peak - (CEILING - 2 * SPARE), STEP)
    return reached


def _fill(
    spool: Spool,
    score: Plan,
    choices: Sound,
    *,
    parts: list[str] | None = None,
    progress: Callable[[float], None] | None = None,
) -> None:
    """Synthesizes into a spool, with the finish's equalisation; the synthesizer runs ahead in a thread."""
    if choices.synth == "preview":
        from symbolic_music.audio.preview import stream
    else:
        from symbolic_music.audio.synth import stream
    blocks = stream(
        score,
        find(choices.soundfont),
        tail=LOOP_TAIL if choices.loop else TAIL,
        reverb=choices.reverb or choices.character.reverb,
        sounds=choices.sounds,
        parts=parts,
        progress=progress,
    )
    equalise = choices.character.equaliser(choices.rate)
    with ahead(blocks) as made_ahead:
        for block in made_ahead:
            spool.append(equalise(block[: max(0, score.frames - spool.frames)] if choices.fade else block))
    if choices.loop and score.frames:
        spool.loop(score.frames)
    else:
        spool.finish()


@contextmanager
def room() -> Iterator[None]:
    """Says where the room was not enough for the temporary file."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileError) or error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        what = f"no room for the sound in {tempfile.gettempdir()}"
        hint = "a minute takes 21 MB there, and as much again for each stem; TMPDIR names another folder"
        raise FileError(what, hint=hint) from error

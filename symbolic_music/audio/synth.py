"""MIDI to sound through FluidSynth, in process and without an audio driver."""

from __future__ import annotations

import contextlib
import io
import math
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.audio.library import fluidsynth
from symbolic_music.errors import BriefError, FileError, SoundfontError

BLOCK = 64  # frames: FluidSynth renders by this much, and an event takes effect between two blocks
GAIN = 0.2  # quiet enough to leave headroom; `master` sets the level
SILENCE = 10 ** (-70 / 20)
FADE = 0.5  # seconds, for what still sounds when the tail is over
LONGEST = 3 * 3600  # seconds: a broken file can ask for years, and the samples of three hours take 4 GB
# Every setting that changes the samples and whose default is not the same for all builds of FluidSynth.
SETTINGS = {"synth.cpu-cores": 1, "synth.dynamic-sample-loading": 0, "synth.lock-memory": 0, "synth.polyphony": 256}
# A key signature of more than seven sharps or flats, or neither major nor minor, at which mido stops.
NO_KEY = re.compile(rb"\xff\x59\x02(?:[\x08-\xf8].|.[^\x00\x01])", re.DOTALL)


def synthesize(
    midi: str | Path | bytes,
    soundfont: Path,
    *,
    rate: int = 44100,
    tail: float = 2.0,
    progress: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """The sound of a MIDI file; the same input gives the same samples.

    Parameters
    ----------
    midi : str, Path or bytes
        The path or the content of a Standard MIDI File of type 0 or 1.
    soundfont : Path
        An .sf2 or .sf3 file, see `find`.
    rate : int
        Frames a second, 8000 to 96000.
    tail : float
        Seconds at most for the sound to die away after the last event, before it is faded out.
    progress : callable, optional
        Called with the part that is done, from 0.0 to 1.0.

    Returns
    -------
    array [samples, 2], float32
        Not clipped: full scale is 1.0, and loud music may exceed it.

    Raises
    ------
    BriefError
        Where `rate` is out of range.
    FileError
        Where the MIDI cannot be read.
    SoundfontError
        Where FluidSynth cannot load the soundfont.
    SynthesizerError
        Where the FluidSynth library is not installed.

    Examples
    --------
    >>> from symbolic_music.audio import find
    >>> synthesize(b"not MIDI", find())
    Traceback (most recent call last):
    symbolic_music.errors.FileError: the MIDI given is not readable MIDI: a Standard MIDI File of type 0 or 1 works
    """
    if not 8000 <= rate <= 96000:
        raise BriefError(f"a sample rate of {rate}", hint="8000 to 96000 works")
    events = _events(midi, rate)
    last = events[-1][0] if events else 0
    step = math.ceil(0.1 * rate / BLOCK)
    end = last + math.ceil(tail * rate / BLOCK)
    fade = math.ceil(FADE * rate / BLOCK)
    samples = np.zeros(((end + step + fade) * BLOCK, 2), dtype=np.float32)
    fluid = fluidsynth()
    with _synth(fluid, soundfont, rate) as synth:
        done = 0

        def render(blocks: int) -> NDArray[np.float32]:
            nonlocal done
            part = samples[done * BLOCK : (done + blocks) * BLOCK]
            fluid.fluid_synth_write_float(synth, len(part), part.ctypes.data, 0, 2, part.ctypes.data, 1, 2)
            done += blocks
            return part

        for block, message in events:
            if block > done:
                render(block - done)
                if progress:
                    progress(done / end)
            _send(fluid, synth, message)
        while done < end and np.abs(render(step)).max() >= SILENCE:
            pass
        if done >= end:
            render(fade)[:] *= np.linspace(1, 0, fade * BLOCK, dtype=np.float32)[:, None]
    if progress:
        progress(1.0)
    return samples[: done * BLOCK]


def _events(midi: str | Path | bytes, rate: int) -> list[tuple[int, Any]]:
    """The channel messages of all tracks in order, each with the block of samples before which it is due."""
    import mido  # type: ignore[import-untyped, unused-ignore]

    what = "the MIDI given" if isinstance(midi, bytes) else str(midi)
    hint = "a Standard MIDI File of type 0 or 1 works"
    try:
        data = midi if isinstance(midi, bytes) else Path(midi).read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {what} ({error.strerror})", hint=hint) from error
    events, seconds = [], 0.0
    try:
        try:
            file = mido.MidiFile(file=io.BytesIO(data), clip=True)
        except mido.KeySignatureError:  # it changes no sound
            file = mido.MidiFile(file=io.BytesIO(NO_KEY.sub(b"\xff\x59\x02\x00\x00", data)), clip=True)
        for message in file:
            seconds += message.time
            if not message.is_meta:
                events.append((round(seconds * rate / BLOCK), message))
    except (OSError, EOFError, ValueError, LookupError, TypeError, ArithmeticError, mido.KeySignatureError) as error:
        raise FileError(f"{what} is not readable MIDI", hint=hint) from error
    if file.ticks_per_beat <= 0:
        raise FileError(f"{what} counts time in film frames", hint="MIDI that counts in beats works")
    if seconds > LONGEST:
        raise FileError(f"{what} lasts {seconds / 3600:.0f} hours", hint=f"up to {LONGEST // 3600} hours work")
    return events


def _send(fluid: Any, synth: int, message: Any) -> None:
    match message.type:
        case "note_on":
            fluid.fluid_synth_noteon(synth, message.channel, message.note, message.velocity)
        case "note_off":
            fluid.fluid_synth_noteoff(synth, message.channel, message.note)
        case "control_change":
            fluid.fluid_synth_cc(synth, message.channel, message.control, message.value)
        case "program_change":
            fluid.fluid_synth_program_change(synth, message.channel, message.program)
        case "pitchwheel":
            fluid.fluid_synth_pitch_bend(synth, message.channel, message.pitch + 8192)
        case "aftertouch":
            fluid.fluid_synth_channel_pressure(synth, message.channel, message.value)


@contextlib.contextmanager
def _synth(fluid: Any, soundfont: Path, rate: int) -> Iterator[int]:
    settings = fluid.new_fluid_settings()
    synth = None
    try:
        for name, value in SETTINGS.items():
            fluid.fluid_settings_setint(settings, name.encode(), value)
        fluid.fluid_settings_setnum(settings, b"synth.gain", GAIN)
        fluid.fluid_settings_setnum(settings, b"synth.sample-rate", rate)
        synth = fluid.new_fluid_synth(settings)
        if fluid.fluid_synth_sfload(synth, os.fsencode(soundfont), 1) == -1:
            raise SoundfontError(f"FluidSynth cannot load {soundfont}", hint="a complete .sf2 or .sf3 file works")
        yield synth
    finally:
        fluid.delete_fluid_synth(synth)
        fluid.delete_fluid_settings(settings)

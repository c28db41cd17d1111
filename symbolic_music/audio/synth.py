"""MIDI to sound through FluidSynth, in process, in blocks and without an audio driver."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symbolic_music.audio.blocks import EFFECTS, checked_tail, play
from symbolic_music.audio.choices import heard, own_sounds, without_programs
from symbolic_music.audio.events import BEND, CONTROL, NOTE_OFF, NOTE_ON, PRESSURE, PROGRAM, Plan, plan
from symbolic_music.audio.library import fluidsynth
from symbolic_music.audio.presets import Preset, about
from symbolic_music.audio.soundfonts import find
from symbolic_music.errors import BriefError, SoundfontError, nearest

GAIN = 0.2  # quiet enough to leave headroom; the mastering sets the level
# Every setting that changes the samples and whose default is not the same for all builds of FluidSynth. 256 voices,
# its own default, are not enough for some game music, which then loses notes.
SETTINGS = {"synth.cpu-cores": 1, "synth.lock-memory": 0, "synth.polyphony": 512}
OTHERS = 1000  # added to the banks of further soundfonts, so that no program of the file is looked for there


class Reverb(NamedTuple):
    """The settings of FluidSynth's reverb, each from 0 to 1."""

    room: float
    damp: float
    width: float
    level: float


#: Reverbs by name; None switches it off, `default` leaves FluidSynth's own, which is not the same in all versions.
#: Ours fall by 60 dB in 0.9, 1.2, 2, 4.2 and 1.7 s, measured with FluidSynth 2.3.1; the longer, the softer.
REVERBS: Mapping[str, Reverb | None] = {
    "default": Reverb(-1, -1, -1, -1),
    "dry": None,
    "room": Reverb(0.0, 0.4, 0.6, 0.8),
    "chamber": Reverb(0.35, 0.3, 0.8, 0.7),
    "hall": Reverb(0.6, 0.3, 1.0, 0.6),
    "cathedral": Reverb(0.85, 0.2, 1.0, 0.45),
    "plate": Reverb(0.5, 0.0, 1.0, 0.7),
}


def stream(
    plan: Plan,
    soundfont: str | Path,
    *,
    tail: float = 2.0,
    reverb: str = "default",
    chorus: bool = True,
    sounds: Mapping[str, str] | None = None,
    parts: Iterable[str] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Generator[NDArray[np.float32], None, None]:
    """The sound of a plan, block for block, in the same memory however long it is; the same input, the same samples.

    Parameters
    ----------
    plan : Plan
        What is played, see `events.plan`.
    soundfont : str or Path
        A name or a path, see `find`.
    tail : float
        Seconds at most, 0 to 60, that what still sounds after `plan.frames` is given to die away. It ends when it is
        silent (-90 dBFS); what is not silent by then is faded out in another half second.
    reverb : str
        "default" (FluidSynth's own), "dry", "room", "chamber", "hall", "cathedral" or "plate".
    chorus : bool
        Whether there is FluidSynth's chorus.
    sounds : mapping of str to str, optional
        Other sounds for single tracks, by their names: [FONT][#PRESET], such as ``{"flute": "fluidr3#Flute", "piano":
        "#Yamaha Grand", "drums": "#128:8"}``. Program changes of the file do not undo them.
    parts : iterable of str, optional
        The names of the tracks that are heard, each as it is in the whole: the same voices, effects and times, so that
        all parts, rendered one by one, add up to the whole. Their tails are `tail` seconds, all of one length.
    progress : callable, optional
        Called with the part that is done, from 0.0 to 1.0.

    Yields
    ------
    array [frames, 2], float32
        16,384 frames, less in the tail. Not clipped: full scale is 1.0, and loud music may exceed it.

    Raises
    ------
    BriefError
        Where a reverb or a track is unknown, or the tail is out of range.
    SoundfontError
        Where a soundfont or a preset is not there, or FluidSynth cannot load or decode it.
    SynthesizerError
        Where the FluidSynth library is not installed.

    Notes
    -----
    It may run in any thread, and `close` frees the synthesizer.

    Examples
    --------
    >>> song = Plan((), np.zeros((0, 5), np.int32), 44100, 44100)
    >>> sum(len(block) for block in stream(song, "timgm6mb")) / 44100 > 1
    True
    >>> stream(song, "timgm6mb", reverb="tunnel")
    Traceback (most recent call last):
    symbolic_music.errors.BriefError: no reverb is named 'tunnel': for example default, dry, room
    """
    if reverb not in REVERBS:
        raise BriefError(f"no reverb is named {reverb!r}", hint=nearest(reverb, REVERBS))
    font = find(soundfont)
    setup = _Setup(plan, font, own_sounds(plan, sounds, font), heard(plan, parts), REVERBS[reverb], chorus)
    fluid = fluidsynth()
    return _stream(fluid, setup, checked_tail(tail), progress)


def synthesize(
    midi: str | Path | bytes, soundfont: str | Path, *, rate: int = 44100, **choices: Any
) -> NDArray[np.float32]:
    """The sound of a MIDI file as one array, for short ones; see `stream` for `choices` and what is raised.

    Parameters
    ----------
    midi : str, Path or bytes
        The path or the content of a Standard MIDI File of type 0 or 1.
    soundfont : str or Path
        A name or a path, see `find`.
    rate : int
        Frames a second, 8000 to 96000.
    **choices
        As in `stream`.

    Returns
    -------
    array [samples, 2], float32

    Raises
    ------
    FileError
        Where the MIDI cannot be read.

    Examples
    --------
    >>> synthesize(b"not MIDI", "timgm6mb")
    Traceback (most recent call last):
    symbolic_music.errors.FileError: the MIDI data is not a MIDI file: a MIDI file begins with MThd
    """
    return np.concatenate(list(stream(plan(midi, rate), soundfont, **choices)))


class _Setup(NamedTuple):
    plan: Plan
    font: Path
    own: dict[int, tuple[Path, Preset]]
    heard: frozenset[int] | None
    reverb: Reverb | None
    chorus: bool

    @property
    def channels(self) -> list[int]:
        """The channel of each part. Those that are heard have even ones, the others odd ones: see `groups`."""
        if self.heard is None:
            return list(range(len(self.plan.parts)))
        free = {True: iter(range(0, 512, 2)), False: iter(range(1, 512, 2))}
        return [next(free[i in self.heard]) for i in range(len(self.plan.parts))]

    @property
    def groups(self) -> int:
        """FluidSynth mixes its channels, each with its effects, into so many groups in turn; we hear the first."""
        return 1 if self.heard is None else 2

    @property
    def compressed(self) -> bool:
        return any(about(font).compressed for font in (self.font, *(font for font, _ in self.own.values())))


def _stream(
    fluid: SimpleNamespace, setup: _Setup, tail: float, progress: Callable[[float], None] | None
) -> Generator[NDArray[np.float32], None, None]:
    whole = setup.heard is None
    events = without_programs(setup.plan.events, setup.own)
    mute = whole and len(events) > 0
    with _player(fluid, setup) as player:
        for block in play(setup.plan, events, player, tail=tail, whole=not whole, progress=progress):
            mute = mute and not (np.abs(block) > EFFECTS).any()
            yield block
    if mute:
        raise _undecoded(setup.font, "no sound came out of")


def _undecoded(font: Path, what: str) -> SoundfontError:
    vorbis = "this build of FluidSynth may be without Vorbis (libsndfile): an .sf2 works"
    return SoundfontError(f"{what} {font}", hint=vorbis if about(font).compressed else "another soundfont may work")


class _Player:
    """FluidSynth with its soundfonts, as a `Player`."""

    def __init__(self, fluid: SimpleNamespace, synth: int, setup: _Setup, pins: bool) -> None:
        self.fluid, self.synth, self.channels, self.pins = fluid, synth, setup.channels, pins
        self.now = [ctypes.c_int() for _ in range(3)]
        others = dict.fromkeys(font for font, _ in setup.own.values() if font != setup.font)
        numbers = {font: self._load(font) for font in others}
        for number in numbers.values():
            fluid.fluid_synth_set_bank_offset(synth, number, OTHERS)
        numbers[setup.font] = self._load(setup.font)  # the last one loaded is the first looked in
        for part, channel in zip(setup.plan.parts, self.channels, strict=True):
            fluid.fluid_synth_set_channel_type(synth, channel, int(part.is_drums))
            if not part.is_drums:
                fluid.fluid_synth_bank_select(synth, channel, part.bank)
        for i, part in enumerate(setup.plan.parts):
            if i not in setup.own:
                self.send(PROGRAM, i, part.program, 0)
        for i, (font, sound) in setup.own.items():
            bank = sound.bank + OTHERS * (font in others)
            if fluid.fluid_synth_program_select(synth, self.channels[i], numbers[font], bank, sound.program) != 0:
                raise _undecoded(font, f"FluidSynth cannot load {sound} of")

    def _load(self, font: Path) -> int:
        number = int(self.fluid.fluid_synth_sfload(self.synth, os.fsencode(font), 0))
        if number == -1:
            raise _undecoded(font, "FluidSynth cannot load")
        return number

    def send(self, kind: int, part: int, value: int, setting: int) -> None:
        fluid, synth, channel = self.fluid, self.synth, self.channels[part]
        if kind == NOTE_ON:
            fluid.fluid_synth_noteon(synth, channel, value, setting)
        elif kind == NOTE_OFF:
            fluid.fluid_synth_noteoff(synth, channel, value)
        elif kind == CONTROL:
            fluid.fluid_synth_cc(synth, channel, value, setting)
        elif kind == BEND:
            fluid.fluid_synth_pitch_bend(synth, channel, value)
        elif kind == PRESSURE:
            fluid.fluid_synth_channel_pressure(synth, channel, value)
        elif kind == PROGRAM:
            fluid.fluid_synth_program_change(synth, channel, value)
            if self.pins:  # else its samples are decoded anew each time it comes back
                fluid.fluid_synth_get_program(synth, channel, *map(ctypes.byref, self.now))
                fluid.fluid_synth_pin_preset(synth, *(number.value for number in self.now))

    def write(self, block: NDArray[np.float32], start: int, stop: int) -> None:
        at = block.ctypes.data
        self.fluid.fluid_synth_write_float(self.synth, stop - start, at, 2 * start, 2, at, 2 * start + 1, 2)


@contextlib.contextmanager
def _player(fluid: SimpleNamespace, setup: _Setup) -> Iterator[_Player]:
    # Compressed samples are decoded when a program asks for them, which changes nothing but the time it takes. The
    # samples of an .sf2 are loaded at once: one by one, voices end at slightly other times.
    dynamic = setup.compressed and fluid.fluid_synth_pin_preset is not None
    channels = max(setup.channels, default=0) // 16 * 16 + 16
    whole = SETTINGS | {
        "synth.dynamic-sample-loading": int(dynamic),
        "synth.midi-channels": channels,
        "synth.audio-groups": setup.groups,
        "synth.effects-groups": setup.groups,
        "synth.reverb.active": int(setup.reverb is not None),
        "synth.chorus.active": int(setup.chorus),
    }
    fractions = {"synth.gain": GAIN, "synth.sample-rate": setup.plan.rate}
    if setup.reverb is not None and setup.reverb.room >= 0:
        names = ("room-size", "damp", "width", "level")
        fractions |= {f"synth.reverb.{name}": value for name, value in zip(names, setup.reverb, strict=True)}
    settings = fluid.new_fluid_settings()
    synth = None
    try:
        for name, value in whole.items():
            fluid.fluid_settings_setint(settings, name.encode(), value)
        for name, fraction in fractions.items():
            fluid.fluid_settings_setnum(settings, name.encode(), fraction)
        synth = fluid.new_fluid_synth(settings)
        yield _Player(fluid, synth, setup, dynamic)
    finally:
        fluid.delete_fluid_synth(synth)
        fluid.delete_fluid_settings(settings)

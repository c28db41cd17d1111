"""A preview without FluidSynth: MIDI to sound through TinySoundFont, which pip alone installs.

It plays notes, programs, volume, expression, pan, the pedal and bends. It has no reverb and no chorus, and simpler
filters and modulation, so it is for listening, not for handing on.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.audio.blocks import checked_tail, play
from symbolic_music.audio.choices import heard, own_sounds, without_programs
from symbolic_music.audio.events import BANK, BEND, CONTROL, NOTE_OFF, NOTE_ON, PROGRAM, Plan
from symbolic_music.audio.library import PREVIEW
from symbolic_music.audio.presets import Preset
from symbolic_music.audio.soundfonts import find
from symbolic_music.errors import SoundfontError, SynthesizerError

GAIN = -10.0  # dB, about as loud as FluidSynth here
VOICES = 512
VOLUME = 7, 100  # the controller and what General MIDI begins with


def stream(
    plan: Plan,
    soundfont: str | Path,
    *,
    tail: float = 2.0,
    reverb: str = "dry",  # noqa: ARG001  # there is none
    chorus: bool = False,  # noqa: ARG001
    sounds: Mapping[str, str] | None = None,
    parts: Iterable[str] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Generator[NDArray[np.float32], None, None]:
    """The sound of a plan as `synth.stream` gives it, dry whatever `reverb` and `chorus` ask for.

    Parameters
    ----------
    plan, soundfont, tail, reverb, chorus, sounds, parts, progress
        As in `synth.stream`.

    Yields
    ------
    array [frames, 2], float32
        The same input, the same samples.

    Raises
    ------
    BriefError, SoundfontError
        As in `synth.stream`.
    SynthesizerError
        Where tinysoundfont is not installed.

    Examples
    --------
    >>> song = Plan((), np.zeros((0, 5), np.int32), 44100, 44100)
    >>> try:
    ...     sum(len(block) for block in stream(song, "timgm6mb")) > 44100
    ... except SynthesizerError as error:
    ...     "install" in error.hint
    True
    """
    font = find(soundfont)
    own, only = own_sounds(plan, sounds, font), heard(plan, parts)
    events = without_programs(plan.events, own)
    events = events if only is None else events[np.isin(events[:, 2], list(only))]
    player = _Player(_library(), plan, font, own)
    return play(plan, events, player, tail=checked_tail(tail), whole=only is not None, progress=progress)


def _library() -> Any:
    try:
        return importlib.import_module("tinysoundfont._tinysoundfont")
    except ImportError as error:
        raise SynthesizerError("the synthesizer of the preview is not installed", hint=PREVIEW) from error


class _Player:
    """One TinySoundFont for each soundfont, as a `Player`."""

    def __init__(self, library: Any, plan: Plan, font: Path, own: dict[int, tuple[Path, Preset]]) -> None:
        used = dict.fromkeys([font, *(path for path, _ in own.values())])
        self.drums = [part.is_drums for part in plan.parts]
        self.fonts = {path: _load(library, path, plan.rate) for path in used}
        self.font = [self.fonts[own[i][0] if i in own else font] for i in range(len(plan.parts))]
        for i, part in enumerate(plan.parts):
            self.send(CONTROL, i, *VOLUME)
            if i in own:
                self.font[i].channel_set_bank(i, own[i][1].bank)
                self.font[i].channel_set_preset_number(i, own[i][1].program, False)
            else:
                self.font[i].channel_set_bank(i, part.bank)
                self.send(PROGRAM, i, part.program, 0)

    def send(self, kind: int, part: int, value: int, setting: int) -> None:
        font = self.font[part]
        if kind == NOTE_ON:
            font.channel_note_on(part, value, setting / 127)
        elif kind == NOTE_OFF:
            font.channel_note_off(part, value)
        elif kind == CONTROL and not (self.drums[part] and value == BANK):
            font.channel_midi_control(part, value, setting)
        elif kind == BEND:
            font.channel_set_pitch_wheel(part, value)
        elif kind == PROGRAM:
            font.channel_set_preset_number(part, value, self.drums[part])

    def write(self, block: NDArray[np.float32], start: int, stop: int) -> None:
        if stop > start:
            view = block[start:stop].data.cast("B")
            for i, font in enumerate(self.fonts.values()):
                font.render(view, i > 0)


def _load(library: Any, path: Path, rate: int) -> Any:
    try:
        font = library.SoundFont(str(path))
    except RuntimeError as error:
        raise SoundfontError(f"the preview cannot load {path}", hint="an .sf2 works") from error
    font.set_output(library.OutputMode.StereoInterleaved, rate, GAIN)
    font.set_max_voices(VOICES)
    return font

"""Small MIDI files for the tests of sound, and the pitch that is heard."""

from __future__ import annotations

import io

import mido
import numpy as np
import pytest

from symbolic_music.audio.library import fluidsynth
from symbolic_music.errors import SynthesizerError

RATE = 44100

try:
    fluidsynth()
    missing = ""
except SynthesizerError as error:
    missing = str(error)
needs_synth = pytest.mark.skipif(bool(missing), reason=missing)


def midi(*tracks: list[mido.Message | mido.MetaMessage], **header: int) -> bytes:
    """A MIDI file of 480 ticks a beat; the times of the messages are deltas."""
    file = mido.MidiFile(**{"ticks_per_beat": 480} | header, tracks=[mido.MidiTrack(track) for track in tracks])
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def notes(channel: int, keys: list[int], length: int, *, program: int = 0, gap: int = 0) -> list[mido.Message]:
    track = [mido.Message("program_change", channel=channel, program=program)]
    for key in keys:
        track.append(mido.Message("note_on", channel=channel, note=key, velocity=96, time=gap))
        track.append(mido.Message("note_off", channel=channel, note=key, time=length))
    return track


def pitch(samples: np.ndarray) -> float:
    """The loudest frequency in hertz."""
    spectrum = np.abs(np.fft.rfft(samples[:, 0] * np.hanning(len(samples))))
    return float(spectrum.argmax() * RATE / len(samples))

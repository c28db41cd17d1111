"""Sound: a MIDI file in, an audio file out, at the loudness that players expect.

`render` does the whole way, `render_stems` a file for each part; `find`, `synthesize`, `master`, `measure` and
`write_audio` are steps of it. The same MIDI, soundfont and version of FluidSynth give the same bytes of WAV and FLAC.
"""

from __future__ import annotations

from symbolic_music.audio.finish import Finish, finish_of, finishes
from symbolic_music.audio.master import master
from symbolic_music.audio.meter import Loudness, measure
from symbolic_music.audio.render import render, render_stems
from symbolic_music.audio.sound import TARGETS, Sound
from symbolic_music.audio.soundfonts import Soundfont, find, known
from symbolic_music.audio.synth import synthesize
from symbolic_music.audio.write import write_audio

__all__ = [
    "TARGETS", "Finish", "Loudness", "Sound", "Soundfont", "find", "finish_of", "finishes", "known", "master",
    "measure", "render", "render_stems", "synthesize", "write_audio",
]  # fmt: skip

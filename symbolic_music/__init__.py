"""symbolic_music composes multi-track MIDI and keeps every stated limit.

    import symbolic_music as sm

    piece = sm.compose("a folk song that only uses A, B, C#, F# and G")
    piece = sm.compose(genre="jazz", tempo=132, key="D minor", instruments=["piano", "double bass", "drums"], bars=16)
    piece.save("song.mid")
    piece.save("song.musicxml")
    piece.render("song.wav")
    print(piece.report)

    song = sm.load("mine.mid")

What is here: `compose`, `load`, `check`, `read_words`; the values `Brief`, `Piece`, `Score`, `Part`, `Key`, `Scale`,
`Meter`; `Composer`, `Sampling` and the engines; the rules; the errors. Names are imported when they are first used,
so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from symbolic_music.version import __version__

if TYPE_CHECKING:
    from symbolic_music.brief import Brief
    from symbolic_music.composer import Composer, compose
    from symbolic_music.engine.onnx import OnnxEngine
    from symbolic_music.engine.reference import AdversarialEngine, UniformEngine
    from symbolic_music.engine.sampling import Sampling
    from symbolic_music.engine.torch import TorchEngine
    from symbolic_music.errors import (
        BriefError,
        ConflictError,
        EngraverError,
        FileError,
        SoundfontError,
        SymbolicMusicError,
        SynthesizerError,
        WeightsError,
    )  # fmt: skip
    from symbolic_music.piece import Piece, load
    from symbolic_music.prompt import read as read_words
    from symbolic_music.report import Report, check
    from symbolic_music.rules import ExactBars, InKey, InMeter, InScale, Instruments, Limits, PitchClasses, Rule, Tempo
    from symbolic_music.score import Part, Score
    from symbolic_music.theory.keys import Key, Scale
    from symbolic_music.theory.meters import Meter

_HOMES = {
    "brief": ("Brief",),
    "composer": ("Composer", "compose"),
    "engine.onnx": ("OnnxEngine",),
    "engine.reference": ("AdversarialEngine", "UniformEngine"),
    "engine.sampling": ("Sampling",),
    "engine.torch": ("TorchEngine",),
    "errors": (
        "BriefError",
        "ConflictError",
        "EngraverError",
        "FileError",
        "SoundfontError",
        "SymbolicMusicError",
        "SynthesizerError",
        "WeightsError",
    ),
    "piece": ("Piece", "load"),
    "prompt": ("read_words",),
    "report": ("Report", "check"),
    "rules": ("ExactBars", "InKey", "InMeter", "InScale", "Instruments", "Limits", "PitchClasses", "Rule", "Tempo"),
    "score": ("Part", "Score"),
    "theory.keys": ("Key", "Scale"),
    "theory.meters": ("Meter",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AdversarialEngine", "Brief", "BriefError", "Composer", "ConflictError", "EngraverError", "ExactBars", "FileError",
    "InKey", "InMeter", "InScale", "Instruments", "Key", "Limits", "Meter", "OnnxEngine", "Part", "Piece",
    "PitchClasses", "Report", "Rule", "Sampling", "Scale", "Score", "SoundfontError", "SymbolicMusicError",
    "SynthesizerError", "Tempo", "TorchEngine", "UniformEngine", "WeightsError", "__version__", "check",
    "compose", "load", "read_words",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_HOME[name]}")
    return getattr(module, "read" if name == "read_words" else name)


def __dir__() -> list[str]:
    return __all__

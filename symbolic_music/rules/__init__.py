"""Hard limits: rules narrow tables, the matcher keeps them while the model writes."""

from __future__ import annotations

from symbolic_music.rules.base import Rule
from symbolic_music.rules.compile import compiled, limits, rules_of
from symbolic_music.rules.either import Either
from symbolic_music.rules.form import Enters, Form, Repeats, Silence
from symbolic_music.rules.frame import ExactBars, InMeter, Instruments, Tempo
from symbolic_music.rules.harmony import Cadence, Chords
from symbolic_music.rules.limits import Limits
from symbolic_music.rules.matcher import Matcher
from symbolic_music.rules.notes import Closes, InKey, InScale, Kit, Opens, PitchClasses, Range
from symbolic_music.rules.novel import Novel
from symbolic_music.rules.read import rule
from symbolic_music.rules.rhythm import Density, Grid, Lengths, Rhythm
from symbolic_music.rules.texture import Contour, Crescendo, Dynamics, Leaps, Monophonic, Polyphony

__all__ = [
    "Cadence", "Chords", "Closes", "Contour", "Crescendo", "Density", "Dynamics", "Either", "Enters", "ExactBars",
    "Form", "Grid", "InKey", "InMeter", "InScale", "Instruments", "Kit", "Leaps", "Lengths", "Limits", "Matcher",
    "Monophonic", "Novel", "Opens", "PitchClasses", "Polyphony", "Range", "Repeats", "Rhythm", "Rule", "Silence",
    "Tempo", "compiled", "limits", "rule", "rules_of",
]  # fmt: skip

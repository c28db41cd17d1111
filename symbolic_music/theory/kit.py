"""The drum kit: names of its pieces, General MIDI pitches."""

from __future__ import annotations

#: Pitches of the General MIDI percussion map (GM 1, 1991), by the names drummers use.
KIT = {
    "kick": 36, "side stick": 37, "snare": 38, "clap": 39, "electric snare": 40, "floor tom": 43, "hat": 42,
    "pedal hat": 44, "low tom": 45, "open hat": 46, "mid tom": 47, "high tom": 50, "crash": 49, "ride": 51,
    "china": 52, "ride bell": 53, "tambourine": 54, "splash": 55, "cowbell": 56, "second crash": 57,
    "high bongo": 60, "low bongo": 61, "mute conga": 62, "high conga": 63, "low conga": 64, "high timbale": 65,
    "low timbale": 66, "high agogo": 67, "low agogo": 68, "cabasa": 69, "maracas": 70, "guiro": 73, "claves": 75,
    "high wood block": 76, "low wood block": 77, "mute cuica": 78, "open cuica": 79, "mute triangle": 80,
    "triangle": 81,
}  # fmt: skip

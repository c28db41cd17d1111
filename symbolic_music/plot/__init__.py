"""Piano rolls: a score with its parts, bars, sections and chords, drawn, as SVG, and as HTML with sound."""

from __future__ import annotations

from symbolic_music.plot.draw import COLOURS, SHAPES, drum_rows, roll
from symbolic_music.plot.markup import html, svg

__all__ = ["COLOURS", "SHAPES", "drum_rows", "html", "roll", "svg"]

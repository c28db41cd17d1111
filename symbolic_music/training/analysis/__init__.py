"""What a score says of itself: key and chords, sections, meter, the roles of its parts, how it is played."""

from __future__ import annotations

from dataclasses import replace

from symbolic_music.score import Score
from symbolic_music.training.analysis.chords import find_chords
from symbolic_music.training.analysis.content import density, histogram, pitched
from symbolic_music.training.analysis.feel import Feel, Swing, find_feel, is_live, swing_ratio
from symbolic_music.training.analysis.form import find_sections
from symbolic_music.training.analysis.keys import PROFILES, find_key, find_keys
from symbolic_music.training.analysis.meter import MeterCheck, meter_check, rebarred
from symbolic_music.training.analysis.roles import ROLES, Role, find_roles

__all__ = [
    "PROFILES", "ROLES", "Feel", "MeterCheck", "Role", "Swing", "analysed", "density", "find_chords", "find_feel",
    "find_key", "find_keys", "find_roles", "find_sections", "histogram", "is_live", "meter_check", "pitched",
    "rebarred", "swing_ratio",
]  # fmt: skip


def analysed(score: Score) -> Score:
    """The score with its key, chords, sections and feel found; what the file says of them is not trusted."""
    sections = find_sections(score)
    return replace(
        score,
        key=find_key(score),
        chords=find_chords(score),
        live=is_live(score.notes),
        sections=sections if any(sections) else (),
    )

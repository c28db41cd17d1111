"""From notes on paper to notes that are played: loudness and timing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from symbolic_music.theory.meters import TICKS
from symbolic_music.training.arranger.chart import Note
from symbolic_music.training.arranger.plan import Plan, Seat
from symbolic_music.training.groove import drifting

#: How far a role lies behind the beat, in milliseconds.
_BEHIND = {"melody": 6.0, "counter": 6.0, "bass": 3.0, "comping": 2.0, "pad": 0.0, "riff": 2.0}

#: What is left of a drift in loudness or time a quarter note later, of a hundred.
_KEPT = 50
#: The share of a note that a line leaves silent before the next.
_GATE = {"melody": 0.05, "counter": 0.08, "bass": 0.06, "riff": 0.06}


@dataclass(frozen=True)
class Touch:
    """How a player varies: loudness in units of velocity, timing in milliseconds, both as standard deviations."""

    loudness: float
    timing: float


def touch_of(groove: str, role: str) -> Touch:
    """The touch of a role; machines play everything alike."""
    if groove == "machine":
        return Touch(1.5 if role in ("melody", "comping") else 0.0, 0.0)
    return Touch({"melody": 6.0, "pad": 3.0, "bass": 3.5, "riff": 3.5}.get(role, 5.0), {"pad": 4.0}.get(role, 7.0))


def performed(
    notes: list[Note], seat: Seat, level: int, plan: Plan, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Velocities and timing offsets of a melodic part.

    Parameters
    ----------
    notes : list of Note
        Sorted by start.
    level : int
        The velocity of a usual note.

    Returns
    -------
    velocities : array of int, shape [n]
    offsets : array of float, shape [2, n]
        How many ticks each note begins late, and ends late. Notes of one chord stay together but for a millisecond or
        two; a line lets go of a note a little before the next.
    """
    chart, depth = plan.chart, plan.depth
    touch = touch_of(plan.groove, seat.player.role)
    starts = np.array([n.start for n in notes])
    levels = np.array([n.level for n in notes])
    times, chord = np.unique(starts, return_inverse=True)
    accent = np.where(starts % chart.bar < 1, 1.05, np.where(starts % chart.pulse < 1, 1.0, 0.95))
    together = drifting(times, _KEPT, rng)[chord]
    loud = (1 + depth * (levels - 1)) * (1 + depth * (accent - 1))
    velocities = level * loud + touch.loudness * (0.8 * together + 0.5 * rng.normal(size=len(notes)))
    behind = _BEHIND.get(seat.player.role, 0.0) if touch.timing else 0.0
    spread = touch.timing * drifting(times, _KEPT, rng)[chord] + 0.2 * touch.timing * rng.normal(size=len(notes))
    ticks = (behind + spread) * plan.tempo * 24 / 60000
    late = np.clip(ticks, -2.5, 2.5)
    gate = np.minimum(_GATE.get(seat.player.role, 0.0) * np.array([n.duration for n in notes]), TICKS / 6)
    return np.clip(np.rint(velocities), 18, 122).astype(np.int64), np.stack([late, late - gate]).astype(np.float32)

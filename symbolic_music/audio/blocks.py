"""Sound in blocks: what any synthesizer plays, and when it is over."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from symbolic_music.audio.events import BLOCK, Plan, rows
from symbolic_music.errors import BriefError

CHUNK = 256  # blocks of 64 frames that are given at once
LISTEN = 0.1  # seconds of the tail after which it is asked again whether it is silent
SILENCE = 10 ** (-90 / 20)  # of full scale, or of the loudest sample so far where that is less
EFFECTS = 1e-7  # what the effects alone may leave
FADE = 0.5  # seconds, for what still sounds when the tail is over
LONGEST_TAIL = 60.0


class Player(Protocol):
    """A synthesizer at work."""

    def send(self, kind: int, part: int, value: int, setting: int) -> None:
        """Takes an event of a `Plan`."""

    def write(self, block: NDArray[np.float32], start: int, stop: int) -> None:
        """Puts the next samples into these frames of a block."""


def play(
    plan: Plan,
    events: NDArray[np.int32],
    player: Player,
    *,
    tail: float,
    whole: bool,
    progress: Callable[[float], None] | None,
) -> Generator[NDArray[np.float32], None, None]:
    """What a synthesizer plays of these events of a plan, block for block.

    Parameters
    ----------
    plan : Plan
    events : array of int32, shape [events, 5]
        The plan's, or some of them.
    player : Player
    tail : float
        Seconds at most after the music; what sounds then is faded out.
    whole : bool
        Whether the tail goes on to its end even in silence.
    progress : callable, optional

    Yields
    ------
    array [frames, 2], float32
    """
    due = rows(events)
    event = next(due, None)
    music = math.ceil(plan.frames / BLOCK)
    end = music + math.ceil(tail * plan.rate / BLOCK)
    step, fade = math.ceil(LISTEN * plan.rate / BLOCK), math.ceil(FADE * plan.rate / BLOCK)
    done, loudest = 0, 0.0

    def fill(blocks: int) -> NDArray[np.float32]:
        nonlocal done, event, loudest
        samples = np.empty((blocks * BLOCK, 2), np.float32)
        start, at = done, done
        done += blocks
        while event is not None and event[0] < done:
            if event[0] > at:
                player.write(samples, (at - start) * BLOCK, (event[0] - start) * BLOCK)
                at = event[0]
            player.send(*event[1:])
            event = next(due, None)
        player.write(samples, (at - start) * BLOCK, blocks * BLOCK)
        loudest = max(loudest, float(np.abs(samples).max(initial=0.0)))
        if progress:
            progress(done / (end + fade))
        return samples

    while done < music:
        yield fill(min(CHUNK, music - done))
    while done < end:
        block = fill(min(step, end - done))
        if not whole and np.abs(block).max() < max(SILENCE * min(1.0, loudest), EFFECTS):
            yield block * np.linspace(1, 0, len(block), dtype=np.float32)[:, None]
            break
        yield block
    else:
        yield fill(fade) * np.linspace(1, 0, fade * BLOCK, dtype=np.float32)[:, None]
    if progress:
        progress(1.0)


def checked_tail(tail: float) -> float:
    """The seconds of a tail.

    Raises
    ------
    BriefError
        If they are not 0 to 60.
    """
    if not 0 <= tail <= LONGEST_TAIL:
        raise BriefError(f"a tail of {tail:g} seconds", hint=f"0 to {LONGEST_TAIL:g} works")
    return tail

"""Writes rows to their end: an engine proposes, a matcher disposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from symbolic_music.engine.base import Engine
from symbolic_music.engine.sampling import Sampling


class Guide(Protocol):
    """What `generate` asks of a matcher; see `rules.matcher`."""

    @property
    def done(self) -> bool: ...
    @property
    def bar(self) -> int: ...
    def allowed(self) -> NDArray[np.bool_]: ...
    def accept(self, token: int) -> None: ...
    def forced(self) -> list[int]: ...


@dataclass
class Row:
    """A row being written.

    Attributes
    ----------
    controls : list of int
        What the row starts with; it stays in sight when the window moves on.
    matcher : Guide
    rng : numpy Generator
    """

    controls: list[int]
    matcher: Guide
    rng: np.random.Generator
    ids: list[int] = field(default_factory=list)
    bars: list[int] = field(default_factory=list)
    held: int = 0

    def extend(self, ids: list[int]) -> list[int]:
        if self.matcher.bar >= len(self.bars):
            self.bars.append(len(self.ids))
        self.ids += ids
        self.held += len(ids)
        return ids

    def reopened(self, window: int) -> list[int]:
        """The controls and as many of the last bars as fill half the window."""
        room = window // 2 - len(self.controls)
        start = next((b for b in self.bars if len(self.ids) - b <= room), max(0, len(self.ids) - room))
        kept = self.controls + self.ids[start:]
        self.held = len(kept)
        return kept


def generate(
    engine: Engine, rows: Sequence[Row], sampling: Sampling, *, progress: Callable[[int, int], None] | None = None
) -> list[list[int]]:
    """Write every row to its end.

    Parameters
    ----------
    engine : Engine
    rows : sequence of Row
        Side by side in one batch.
    sampling : Sampling
    progress : callable, optional
        Called with a row's number and its bar whenever a bar begins.

    Returns
    -------
    list of lists of int
        The ids of each row, controls first.
    """
    session = engine.open(len(rows))
    step = []
    for row in rows:
        row.held = len(row.controls)
        step.append(row.controls + row.extend(row.matcher.forced()))
    while True:
        logits = session.feed(step)
        step = []
        for number, row in enumerate(rows):
            if row.matcher.done:
                step.append([])
                continue
            before = row.matcher.bar
            token = sampling.draw(logits[number], row.matcher.allowed(), row.rng)
            row.matcher.accept(token)
            new = row.extend([token, *row.matcher.forced()])
            if progress is not None and row.matcher.bar > before:
                progress(number, row.matcher.bar)
            if row.held >= engine.window:
                session.restart(number)
                new = row.reopened(engine.window)
            step.append([] if row.matcher.done else new)
        if not any(step):
            return [row.controls + row.ids for row in rows]

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
    guide : Guide
    rng : numpy Generator
    mark : int
        The id before which what was written may be cut.
    """

    controls: list[int]
    guide: Guide
    rng: np.random.Generator
    mark: int
    ids: list[int] = field(default_factory=list)
    held: int = 0

    def extend(self, ids: list[int]) -> list[int]:
        """Append ids; they are to be fed next."""
        self.ids += ids
        self.held += len(ids)
        return ids

    def reopened(self, window: int) -> list[int]:
        """The controls and, from a mark on, as much of the end as fits into half the window."""
        room = window // 2 - len(self.controls)
        start = max(0, len(self.ids) - room)
        marks = (i for i in range(start, len(self.ids)) if self.ids[i] == self.mark)
        kept = self.controls + self.ids[next(marks, start) :]
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
        step.append(row.controls + row.extend(row.guide.forced()))
    while True:
        logits = session.feed(step)
        step = []
        for number, row in enumerate(rows):
            if row.guide.done:
                step.append([])
                continue
            before = row.guide.bar
            token = sampling.draw(logits[number], row.guide.allowed(), row.rng)
            row.guide.accept(token)
            new = row.extend([token, *row.guide.forced()])
            if progress is not None and row.guide.bar > before:
                progress(number, row.guide.bar)
            if row.held >= engine.window:
                session.restart(number)
                new = row.reopened(engine.window)
            step.append([] if row.guide.done else new)
        if not any(step):
            return [row.controls + row.ids for row in rows]

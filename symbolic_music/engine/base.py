"""What an engine is: logits for ids, with a cache. It knows nothing of music."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
#: Rows side by side at most.
MAX_BATCH = 16


class Session(Protocol):
    """Some rows being written side by side."""

    def feed(self, rows: Sequence[Sequence[int]]) -> Logits:
        """Append ids to every row (none to a row that is given an empty list).

        Returns
        -------
        array of float32, shape [batch, V]
            The logits after each row's last id; of a row that was given none, as they were.
        """
        ...

    def restart(self, row: int) -> None:
        """Forget what a row holds."""
        ...


class Engine(Protocol):
    """Something that opens sessions.

    Attributes
    ----------
    vocabulary_size : int
    window : int
        Ids a row may hold.
    """

    vocabulary_size: int
    window: int

    def open(self, batch: int) -> Session:
        """A session of `batch` empty rows."""
        ...

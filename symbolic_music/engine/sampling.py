"""One id out of masked logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError


@dataclass(frozen=True)
class Sampling:
    """How ids are drawn.

    Attributes
    ----------
    temperature : float
        Below 1 safer, above 1 wilder; 0 always takes the likeliest.
    top_p : float
        Of the allowed ids only the likeliest that together make up this share (A. Holtzman et al., ICLR 2020).
    """

    temperature: float = 1.0
    top_p: float = 0.98

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 10:
            raise BriefError(f"temperature {self.temperature}", hint="0 to 10; 1 is what the model learned")
        if not 0 < self.top_p <= 1:
            raise BriefError(f"top_p {self.top_p}", hint="above 0, at most 1")

    def draw(self, logits: NDArray[Any], allowed: NDArray[np.bool_], rng: np.random.Generator) -> int:
        """An allowed id, shape of both arrays [V].

        >>> rng = np.random.default_rng(0)
        >>> Sampling(temperature=0).draw(np.array([5.0, 1.0, 2.0]), np.array([False, True, True]), rng)
        2
        """
        ids = np.flatnonzero(allowed)
        scores = logits[ids].astype(np.float64)
        if self.temperature <= 0 or len(ids) == 1:
            return int(ids[scores.argmax()])
        scores = np.exp((scores - scores.max()) / self.temperature)
        order = np.argsort(-scores, kind="stable")
        cumulated = np.cumsum(scores[order])
        count = int(np.searchsorted(cumulated, self.top_p * cumulated[-1])) + 1
        pick = np.searchsorted(cumulated[:count], rng.random() * cumulated[min(count, len(ids)) - 1], side="right")
        return int(ids[order[min(int(pick), len(ids) - 1)]])

"""Finishes: the equalisation, bus compression and reverb of a kind of music."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError, nearest
from symbolic_music.resources import resource


@dataclass(frozen=True)
class Finish:
    """How a kind of music is finished before its loudness is set.

    Attributes
    ----------
    name : str
    eq : tuple of (str, float, float, float)
        Bands: shape ("highpass", "lowshelf", "peak", "highshelf"), hertz, dB, Q.
    ratio : float
        Of the bus compressor; 1 leaves the dynamics alone.
    over : float
        Where it sets in, in LU over the integrated loudness of the piece.
    reverb : str
        A reverb of the synthesizer.
    genres : tuple of str
        What it is for.

    Examples
    --------
    >>> finish_of("bossa-nova").name
    'acoustic'
    """

    name: str
    eq: tuple[tuple[str, float, float, float], ...]
    ratio: float
    over: float
    reverb: str
    genres: tuple[str, ...]

    def equaliser(self, rate: int) -> Equaliser:
        """The bands as a filter that takes audio as it comes; bands that `rate` has no room for are left out."""
        bands = [_section(*band, rate=rate) for band in self.eq if band[1] < 0.45 * rate]
        return Equaliser(np.array(bands).reshape(-1, 6))


class Equaliser:
    """Second-order sections over blocks of audio."""

    def __init__(self, sections: NDArray[np.float64]) -> None:
        self._sections = sections
        self._state = np.zeros((len(sections), 2, 2))

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next block [frames, 2], filtered."""
        if not len(self._sections) or not len(samples):
            return samples
        from scipy.signal import sosfilt  # type: ignore[import-untyped, unused-ignore]

        lines, self._state = sosfilt(self._sections, np.ascontiguousarray(samples.T), axis=1, zi=self._state)
        return np.ascontiguousarray(lines.T, dtype=np.float32)


@cache
def finishes() -> Mapping[str, Finish]:
    """All finishes by name.

    >>> list(finishes())
    ['plain', 'classical', 'acoustic', 'band', 'electronic', 'cinematic']
    """
    with resource("audio/finishes.toml").open("rb") as file:
        entries = tomllib.load(file)
    tuples = {
        name: {"eq": tuple(map(tuple, entry["eq"])), "genres": tuple(entry["genres"])}
        for name, entry in entries.items()
    }
    return {name: Finish(**entry | tuples[name], name=name) for name, entry in entries.items()}


def finish_of(name: str) -> Finish:
    """A finish by its name, or the one of a genre.

    Raises
    ------
    BriefError
        If there is none of that name.

    Examples
    --------
    >>> finish_of("clasical")
    Traceback (most recent call last):
    symbolic_music.errors.BriefError: no finish is named 'clasical': did you mean classical?
    """
    known, wanted = finishes(), str(name).lower()
    if wanted in known:
        return known[wanted]
    for entry in known.values():
        if wanted in entry.genres:
            return entry
    names = dict.fromkeys([*known, *(genre for entry in known.values() for genre in entry.genres)])
    raise BriefError(f"no finish is named {name!r}", hint=nearest(wanted, names, len(known)))


def _section(shape: str, hertz: float, gain: float, q: float, *, rate: int) -> list[float]:
    """One band as a second-order section, after Bristow-Johnson's Audio EQ Cookbook."""
    amp = 10 ** (gain / 40)
    w = 2 * math.pi * hertz / rate
    cos, alpha = math.cos(w), math.sin(w) / (2 * q)
    if shape == "highpass":
        b = [(1 + cos) / 2, -(1 + cos), (1 + cos) / 2]
        a = [1 + alpha, -2 * cos, 1 - alpha]
    elif shape == "peak":
        b = [1 + alpha * amp, -2 * cos, 1 - alpha * amp]
        a = [1 + alpha / amp, -2 * cos, 1 - alpha / amp]
    else:
        side = 1 if shape == "lowshelf" else -1
        root = 2 * math.sqrt(amp) * alpha
        b = [
            amp * ((amp + 1) - side * (amp - 1) * cos + root),
            side * 2 * amp * ((amp - 1) - side * (amp + 1) * cos),
            amp * ((amp + 1) - side * (amp - 1) * cos - root),
        ]
        a = [
            (amp + 1) + side * (amp - 1) * cos + root,
            -side * 2 * ((amp - 1) + side * (amp + 1) * cos),
            (amp + 1) + side * (amp - 1) * cos - root,
        ]
    return [value / a[0] for value in b + a]

"""The gain that masters audio: a bus compressor, a drive, and a look-ahead limiter that holds the true peak."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from symbolic_music.audio.meter import decibel, integrated, tenths
from symbolic_music.audio.spool import Spool

LOOK_AHEAD = 0.002  # seconds
LEVEL = 0.1  # seconds: how slowly the compressor's level follows the music
KNEE = 6.0  # dB


@dataclass(frozen=True)
class Gain:
    """What happens to the level of a spool's audio.

    Attributes
    ----------
    drive : float
        dB on all of it.
    ceiling : float
        Highest true peak in dBTP.
    release : float
        dB a second by which the limiter lets go.
    ratio, threshold : float
        Of the compressor; the threshold in LUFS of the audio before it.
    fade : float
        Seconds at the end that fade out.

    Examples
    --------
    >>> with Spool(44100) as spool:
    ...     spool.append(np.full((90, 2), 0.25, np.float32))
    ...     spool.finish()
    ...     next(Gain(drive=6.0).apply(spool))[0].round(2).tolist()
    [0.5, 0.5]
    """

    drive: float = 0.0
    ceiling: float = math.inf
    release: float = 40.0
    ratio: float = 1.0
    threshold: float = 0.0
    fade: float = 0.0

    def factors(self, spool: Spool) -> Iterator[NDArray[np.float32]]:
        """The factor at the edges of the blocks of each of the spool's chunks: [blocks + 1] each.

        From edge to edge it moves on a line, so nowhere does it exceed what a block's own peak allows.
        """
        done, blocks = 0, spool.blocks
        for values in self._windows(spool):  # a chunk with its two neighbours
            factors = 10 ** (np.minimum(values[:-1], values[1:]) / 20)
            if self.fade:
                left = spool.frames - spool.size * np.minimum(done + np.arange(len(factors)), blocks)
                factors *= np.sin(0.5 * np.pi * np.clip(left / min(self.fade * spool.rate, spool.frames), 0, 1)) ** 2
            done += len(factors) - 1
            yield factors.astype(np.float32)

    def loudness(self, spool: Spool) -> float:
        """The integrated loudness that comes of it, in LUFS."""
        means: list[NDArray[np.float64]] = []
        for factors, (_, energies) in zip(self.factors(spool), spool.envelope(), strict=True):
            power = (factors[:-1] ** 2 + factors[:-1] * factors[1:] + factors[1:] ** 2) / 3
            means.append(tenths(energies * power, spool.rate, alone=not means))
        return integrated(np.concatenate(means))

    def apply(self, spool: Spool) -> Iterator[NDArray[np.float32]]:
        """The audio with this gain, in chunks [frames, 2]."""
        ramp = (np.arange(spool.size, dtype=np.float32) / spool.size)[None]
        for factors, samples in zip(self.factors(spool), spool.chunks(), strict=True):
            curve = factors[:-1, None] + (factors[1:] - factors[:-1])[:, None] * ramp
            yield np.asarray(samples * curve.reshape(-1, 1)[: len(samples)], np.float32)

    def _windows(self, spool: Spool) -> Iterator[NDArray[np.float64]]:
        """The gain in dB of each chunk's blocks, with one before and one behind."""
        lead = spool.lead_blocks
        held, first, left = np.zeros(0), True, spool.blocks
        for more in self._values(spool):
            held = np.concatenate([held, more])
            if first:
                if len(held) <= lead:
                    continue
                held = held[lead - 1 :] if lead else np.concatenate([held[:1], held])
                first = False
            while left > spool.at_once and len(held) >= spool.at_once + 2:
                yield held[: spool.at_once + 2]
                held, left = held[spool.at_once :], left - spool.at_once
        if left:
            rest = held[: left + 2]
            yield np.pad(rest, (0, left + 2 - len(rest)), mode="edge")

    def _values(self, spool: Spool) -> Iterator[NDArray[np.float64]]:
        """The gain of each block in dB, as far as its future is known."""
        from scipy.ndimage import maximum_filter1d, uniform_filter1d  # type: ignore[import-untyped, unused-ignore]
        from scipy.signal import lfilter  # type: ignore[import-untyped, unused-ignore]

        ahead = max(1, round(LOOK_AHEAD * spool.rate / spool.size))
        margin = 2 * ahead
        fall = self.release * spool.size / spool.rate
        pole = math.exp(-spool.size / (LEVEL * spool.rate))
        level, carry = np.zeros(1), 0.0
        reduction, plain = np.zeros(margin), np.zeros(0)  # as far as they are not yet given out
        silence = (np.zeros(margin, np.float32), np.zeros(margin, np.float32))
        for number, (peaks, energies) in enumerate(chain(spool.heard(margin + 1), [silence])):
            gain = np.full(len(peaks), float(self.drive))
            if self.ratio != 1:
                mean = energies.astype(np.float64) / spool.size
                if not number:
                    level = np.array([pole * mean.mean()]) if len(mean) else level
                mean, level = lfilter([1 - pole], [1, -pole], mean, zi=level)
                gain -= (1 - 1 / self.ratio) * _knee(10 * np.log10(np.maximum(mean, 1e-12)) - 0.691 - self.threshold)
            over = np.maximum(decibel(peaks) + gain - self.ceiling, 0)
            steps = fall * np.arange(len(over) + 1)
            held = np.maximum.accumulate(np.concatenate([[carry], over]) + steps) - steps
            carry = held[-1]
            reduction = np.concatenate([reduction, np.maximum(held[1:], 0)])
            plain = np.concatenate([plain, gain])
            ready = len(reduction) - 2 * margin
            if ready > 0:
                highest = maximum_filter1d(reduction, 2 * ahead + 1, mode="nearest")
                smooth = uniform_filter1d(highest, 2 * ahead + 1, mode="nearest")
                yield plain[:ready] - smooth[margin : margin + ready]
                reduction, plain = reduction[ready:], plain[ready:]


def _knee(over: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far over the threshold, in dB, with a soft knee."""
    soft = np.clip(over + KNEE / 2, 0, KNEE) ** 2 / (2 * KNEE)
    return np.where(over > KNEE / 2, over, soft)

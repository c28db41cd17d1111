"""Loudness and true peak, measured and reached, after ITU-R BS.1770-4."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

BLOCK = 32  # frames to one value of the limiter's gain
LOOK_AHEAD = 0.002  # seconds
RELEASES = 40.0, 160.0, 640.0, 2560.0  # dB a second: the slowest, which distorts least, that gets loud enough
MOST = 30.0  # dB of limiting: past that, a lone click would be driven for ever
TOLERANCE = 0.02  # LU


@dataclass(frozen=True)
class Loudness:
    """How loud audio is.

    Parameters
    ----------
    integrated : float
        Gated loudness of the whole in LUFS; -inf for silence.
    true_peak : float
        Highest peak between samples in dBTP; -inf for silence.

    Examples
    --------
    >>> print(Loudness(-14.0, -1.2))
    -14.0 LUFS, -1.2 dBTP
    """

    integrated: float
    true_peak: float

    def __str__(self) -> str:
        return f"{self.integrated:.1f} LUFS, {self.true_peak:.1f} dBTP"


def measure(samples: NDArray[np.float32], rate: int) -> Loudness:
    """The loudness and true peak of audio.

    Parameters
    ----------
    samples : array [samples, channels]
        Full scale is 1.0.
    rate : int
        Frames a second.

    Returns
    -------
    Loudness

    Examples
    --------
    >>> t = np.arange(48000) / 48000
    >>> sine = 0.501 * np.sin(2 * np.pi * 997 * t).astype(np.float32)
    >>> print(measure(np.stack([sine, sine], axis=1), 48000))
    -6.0 LUFS, -6.0 dBTP
    """
    return Loudness(_integrated(samples, rate), float(_decibel(_peaks(samples).max(initial=0.0))))


def master(
    samples: NDArray[np.float32], rate: int, *, loudness: float = -14.0, true_peak: float = -1.2
) -> NDArray[np.float32]:
    """Audio at a given loudness, with its peaks held by a look-ahead limiter.

    Music reaches `loudness` within 0.1 LU. A sound of peaks and nothing else, such as one click, stays below it where
    more than 30 dB of limiting would be needed. Silence comes back as it is.

    Parameters
    ----------
    samples : array [samples, channels]
    rate : int
        Frames a second.
    loudness : float
        Integrated loudness to reach, in LUFS.
    true_peak : float
        Highest true peak, in dBTP. The default leaves 0.2 dB under -1 for a lossy encoder.

    Returns
    -------
    array [samples, channels], float32

    Examples
    --------
    >>> t = np.arange(48000) / 48000
    >>> soft = (0.001 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    >>> print(measure(master(np.stack([soft, soft], axis=1), 48000), 48000))
    -14.0 LUFS, -13.3 dBTP
    """
    peak = np.abs(samples).max(initial=0.0)
    if peak < 1e-6:  # -120 dBFS: nothing but noise below any dither
        return samples
    full = (samples / peak).astype(np.float32)  # so that soft music is not lost under the absolute gate of the meter
    peaks = _decibel(_peaks(full))
    integrated = _integrated(full, rate)
    if not np.isfinite(integrated):
        return samples

    @cache
    def missing(drive: float, release: float) -> float:
        reached = _integrated(full * _gain(peaks, drive, true_peak, release, len(full), rate), rate)
        return min(loudness - reached, 100.0)  # finite where all is under the gate

    most = true_peak - float(peaks.max()) + MOST
    found = []
    for release in RELEASES:
        drive = _crossing(partial(missing, release=release), min(loudness - integrated, most), most)
        found.append((abs(missing(drive, release=release)), drive, release))
        if found[-1][0] <= TOLERANCE:  # it may not be: the gate makes the loudness of short sounds jump
            break
    _, drive, release = min(found)
    mastered: NDArray[np.float32] = full * _gain(peaks, drive, true_peak, release, len(full), rate)
    excess = float(_decibel(_peaks(mastered).max())) - true_peak
    mastered *= np.float32(10 ** (-max(excess, 0.0) / 20))
    return mastered


def _crossing(missing: Callable[[float], float], drive: float, most: float) -> float:
    """The gain in dB at which no loudness is missing any more, looked for from `drive` on; `most` if there is none."""
    from scipy.optimize import brentq  # type: ignore[import-untyped, unused-ignore]

    low, high, step = drive, drive, 2.0
    while missing(high) > TOLERANCE and high < most:
        low, high, step = high, min(high + step, most), 2 * step
    while missing(low) < -TOLERANCE:  # turned down, soft parts fall under the gate, and the mean rises
        low, high = low - 1, low
    for bound in (low, high):
        if abs(missing(bound)) <= TOLERANCE:
            return bound
    return float(brentq(missing, low, high, xtol=TOLERANCE / 2)) if missing(high) < 0 else most


def _gain(
    peaks: NDArray[np.float64], drive: float, ceiling: float, release: float, frames: int, rate: int
) -> NDArray[np.float32]:
    """`drive` less what the limiter takes, as a factor for each frame: [frames, 1]. `peaks` in dBTP: [blocks]."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d  # type: ignore[import-untyped, unused-ignore]

    blocks = np.arange(len(peaks))
    fall = blocks * (release * BLOCK / rate)
    over = np.maximum(peaks + (drive - ceiling), 0)
    held = np.maximum.accumulate(over + fall) - fall
    ahead = round(LOOK_AHEAD * rate / BLOCK)
    # The maximum reaches one block further than the mean, so no frame between two blocks exceeds the ceiling.
    smooth = uniform_filter1d(maximum_filter1d(held, 2 * ahead + 3, mode="nearest"), 2 * ahead + 1, mode="nearest")
    factor: NDArray[np.float64] = np.interp(np.arange(frames), (blocks + 0.5) * BLOCK, 10 ** ((drive - smooth) / 20))
    return factor[:, None].astype(np.float32)


def _integrated(samples: NDArray[np.float32], rate: int) -> float:
    from pyloudnorm import Meter  # type: ignore[import-untyped, unused-ignore]

    block = round(0.4 * rate)  # one gating block; anything shorter is measured with silence after it
    padded = np.pad(samples, ((0, max(0, block - len(samples))), (0, 0)))
    return float(Meter(rate).integrated_loudness(padded))


def _peaks(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """The highest of the four-times oversampled samples of all channels in each block: [blocks]."""
    from scipy.signal import resample_poly  # type: ignore[import-untyped, unused-ignore]

    stretch, parts = 8192 * BLOCK, []
    for start in range(0, len(samples), stretch):
        first = max(0, start - BLOCK)  # a block more on either side: the filter reaches ten frames
        fine = np.abs(resample_poly(samples[first : start + stretch + BLOCK], 4, 1)).max(axis=1)
        fine = fine[4 * (start - first) :][: 4 * stretch]
        parts.append(np.pad(fine, (0, -len(fine) % (4 * BLOCK))).reshape(-1, 4 * BLOCK).max(axis=1))
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)


def _decibel(factor: NDArray[np.float64] | float) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return 20 * np.log10(np.asarray(factor, dtype=np.float64))

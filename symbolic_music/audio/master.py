"""Loudness reached under a true peak: how much drive, and which release of the limiter."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from symbolic_music.audio.dynamics import Gain
from symbolic_music.audio.finish import Finish, finish_of
from symbolic_music.audio.meter import decibel, integrated, measure, tenths
from symbolic_music.audio.spool import Spool

RELEASES = 40.0, 160.0, 640.0, 2560.0  # dB a second: the slowest, which distorts least, that gets loud enough
MOST = 30.0  # dB of limiting: past that, a lone click would be driven for ever
TOLERANCE = 0.02  # LU
ENOUGH = 0.3  # LU that a faster release must bring where none gets loud enough
TRIES = 3  # what is reached is foretold from the envelope, and a few clicks are not quite as foretold
SILENCE = 1e-6  # -120 dBFS: nothing but noise below any dither


def master(
    samples: NDArray[np.float32],
    rate: int,
    *,
    loudness: float = -14.0,
    true_peak: float = -1.2,
    finish: str = "plain",
    fade: float = 0.0,
) -> NDArray[np.float32]:
    """Audio at a given loudness, with its peaks held by a look-ahead limiter.

    Music reaches `loudness` within 0.1 LU. A sound of peaks and nothing else, such as one click, stays below it where
    more than 30 dB of limiting would be needed. Silence comes back as it is.

    Parameters
    ----------
    samples : array [frames, 2]
    rate : int
        Frames a second.
    loudness : float
        Integrated loudness to reach, in LUFS.
    true_peak : float
        Highest true peak, in dBTP. The default leaves 0.2 dB under -1 for a lossy encoder.
    finish : str
        The name of a finish or of a genre, see `finish_of`: equalisation and compression. "plain" has neither.
    fade : float
        Seconds that fade out at the end.

    Returns
    -------
    array [frames, 2], float32

    Examples
    --------
    >>> from symbolic_music.audio import measure
    >>> t = np.arange(48000) / 48000
    >>> soft = (0.001 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    >>> print(measure(master(np.stack([soft, soft], axis=1), 48000), 48000))
    -14.0 LUFS, -13.3 dBTP
    """
    character = finish_of(finish)
    with Spool(rate) as spool:
        spool.append(character.equaliser(rate)(samples))
        spool.finish()
        louder = 0.0
        for _ in range(TRIES):
            gain = reaching(spool, character, loudness=loudness + louder, true_peak=true_peak, fade=fade)
            missing = loudness - measure(gain.apply(spool), rate).integrated
            if not TOLERANCE < abs(missing) < math.inf:
                break
            louder += missing
        return np.concatenate([samples[:0], *gain.apply(spool)])


def reaching(spool: Spool, character: Finish, *, loudness: float | None, true_peak: float, fade: float = 0.0) -> Gain:
    """The gain that brings a spool to a loudness, in LUFS, under a true peak, in dBTP.

    Where `loudness` is None, the level stays, and nothing but the fade is done.
    """
    plain = Gain(fade=fade)
    if loudness is None:
        return plain
    peak = loudest(spool)
    if peak < SILENCE:
        return plain
    start = loudness_of(spool)
    if not math.isfinite(start):
        return plain
    plain = replace(plain, ceiling=true_peak, ratio=character.ratio, threshold=start + character.over)

    @cache
    def missing(drive: float, release: float) -> float:
        reached = replace(plain, drive=drive, release=release).loudness(spool)
        return min(loudness - reached, 100.0)  # finite where all is under the gate

    most = true_peak - float(decibel(peak)) + MOST
    found: list[tuple[float, float, float]] = []  # how much is missing, the drive, the release
    for release in RELEASES:
        drive = _crossing(lambda drive: missing(drive, release), min(loudness - start, most), most)  # noqa: B023
        found.append((abs(missing(drive, release)), drive, release))
        if found[-1][0] <= TOLERANCE:  # it may not be: the gate makes the loudness of short sounds jump
            break
    least = min(found)[0]
    enough = least if least <= TOLERANCE else least + ENOUGH
    _, drive, release = next(one for one in found if one[0] <= enough)
    return replace(plain, drive=drive, release=release)


def loudest(spool: Spool) -> float:
    """The true peak of a spool; full scale is 1.0."""
    return max((float(peaks.max(initial=0.0)) for peaks, _ in spool.envelope()), default=0.0)


def loudness_of(spool: Spool) -> float:
    """The loudness of a spool as it is, in LUFS, measured at full scale so that soft music is not under the gate."""
    peak = loudest(spool)
    if peak < SILENCE:
        return -math.inf
    means: list[NDArray[np.float64]] = []
    for _, energies in spool.envelope():
        means.append(tenths(energies / peak**2, spool.rate, alone=not means))
    return integrated(np.concatenate(means)) + float(decibel(peak))


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

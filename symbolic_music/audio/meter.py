"""Loudness and true peak after ITU-R BS.1770-5, measured block by block, so that an hour takes no more memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray

OVERSAMPLING = 4  # for the peaks between samples, as BS.1770 asks at 44.1 and 48 kHz
TAPS = 24  # samples, half of them on either side, from which one between is reckoned: the 12 of its Annex 2 lose 0.3 dB


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


def decibel(factor: float | NDArray[np.floating]) -> NDArray[np.float64]:
    """A factor of amplitude in dB; -inf for 0.

    >>> float(decibel(10.0))
    20.0
    """
    with np.errstate(divide="ignore"):
        return 20 * np.log10(np.asarray(factor, dtype=np.float64))


def block_size(rate: int) -> int:
    """Frames of one value of an envelope: about a millisecond, and a whole number of them in 0.1 s where possible.

    >>> block_size(44100), block_size(48000), block_size(22050)
    (45, 48, 21)
    """
    hop, usual = round(0.1 * rate), round(rate / 1000)
    return min((n for n in range(8, 129) if hop % n == 0), key=lambda n: abs(n - usual), default=usual)


def hop_blocks(rate: int) -> int:
    """How many such blocks make the 0.1 s by which loudness is measured."""
    return round(0.1 * rate / block_size(rate))


def integrated(energies: NDArray[np.float64]) -> float:
    """The gated loudness, in LUFS, of K-weighted mean squares of each 0.1 s, channels summed: shape [tenths].

    Blocks of 0.4 s that overlap by three quarters; those under -70 LUFS do not count, and neither do those 10 LU
    under the mean of the others. Less than 0.4 s counts as if silence followed.

    >>> round(integrated(np.full(50, 0.5)), 2)
    -3.7
    """
    sums = np.cumsum(np.concatenate([[0.0], energies, np.zeros(max(0, 4 - len(energies)))]))
    blocks = np.maximum(sums[4:] - sums[:-4], 0) / 4
    loud = blocks[blocks > 10 ** ((-70 + 0.691) / 10)]
    if not len(loud):
        return -math.inf
    loud = loud[loud > loud.mean() / 10]
    return float(-0.691 + 10 * np.log10(loud.mean()))


@cache
def _k_weighting(rate: int) -> NDArray[np.float64]:
    """The two sections of the K-weighting at any rate, [2, 6].

    The analogue prototypes behind the coefficients that BS.1770 prints for 48 kHz, as Brecht De Man worked them out
    (Evaluation of Implementations of the EBU R128 Loudness Measurement, AES 145, 2018).
    """
    k = math.tan(math.pi * 1681.974450955533 / rate)
    q, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    shelf = np.array([
        high + band * k / q + k * k, 2 * (k * k - high), high - band * k / q + k * k,
        1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k,
    ])  # fmt: skip
    k, q = math.tan(math.pi * 38.13547087602444 / rate), 0.5003270373238773
    scale = 1 + k / q + k * k
    cut = np.array([1, -2, 1, 1, 2 * (k * k - 1) / scale, (1 - k / q + k * k) / scale])
    return np.stack([shelf / shelf[3], cut])


class Envelope:
    """Audio as one true peak and one K-weighted energy for each `block_size` frames, taken as it comes.

    Parameters
    ----------
    rate : int
        Frames a second.
    channels : int
    beside : Executor, optional
        Weighs in another thread while the peaks are looked for, where a core is free.

    Examples
    --------
    >>> envelope = Envelope(44100)
    >>> peaks, energies = envelope.add(np.full((450, 2), 0.5, np.float32))
    >>> peaks.shape, envelope.finish()[0].shape
    ((9,), (1,))
    """

    def __init__(self, rate: int, channels: int = 2, *, beside: Executor | None = None) -> None:
        self.size = block_size(rate)
        self._sections = _k_weighting(rate)
        self._state = np.zeros((2, channels, 2))
        self._before = np.zeros((channels, TAPS // 2), np.float32)
        self._rest = np.zeros((channels, 0), np.float32)  # frames whose peaks wait for those that follow
        self._squares = np.zeros(0, np.float32)
        self._beside = beside

    def add(self, samples: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The peaks and energies (sums of squares over block and channels) that are complete, for more samples.

        Parameters
        ----------
        samples : array [frames, channels]

        Returns
        -------
        two arrays [blocks], float32
        """
        if not len(samples):
            return np.zeros(0, np.float32), np.zeros(0, np.float32)
        lines = np.ascontiguousarray(samples.T)
        weighing = self._beside.submit(self._weigh, lines) if self._beside else None
        self._rest = np.concatenate([self._rest, lines], axis=1)
        peaks = self._peaks(max(0, self._rest.shape[1] - TAPS // 2) // self.size * self.size)
        squares = weighing.result() if weighing else self._weigh(lines)
        return peaks, self._energies(squares, len(peaks))

    def finish(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What is left, as if silence followed; the last block may stand for fewer frames."""
        frames = self._rest.shape[1]
        missing = -frames % self.size
        self._rest = np.pad(self._rest, ((0, 0), (0, missing + TAPS // 2)))
        peaks = self._peaks(frames + missing)
        return peaks, self._energies(np.zeros(missing, np.float32), len(peaks))

    def _weigh(self, lines: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next K-weighted squares, channels summed."""
        from scipy.signal import sosfilt  # type: ignore[import-untyped, unused-ignore]

        weighted, self._state = sosfilt(self._sections, lines, axis=1, zi=self._state)
        return np.asarray(np.square(weighted, out=weighted).sum(axis=0), np.float32)

    def _energies(self, squares: NDArray[np.float32], blocks: int) -> NDArray[np.float32]:
        """The sums of the next blocks; what is over waits."""
        squares = np.concatenate([self._squares, squares])
        self._squares = squares[blocks * self.size :]
        return np.asarray(squares[: blocks * self.size].reshape(-1, self.size).sum(axis=1))

    def _peaks(self, frames: int) -> NDArray[np.float32]:
        if frames <= 0:
            return np.zeros(0, np.float32)
        span = np.concatenate([self._before, self._rest[:, : frames + TAPS // 2]], axis=1)
        step = 16384 // self.size * self.size  # what stays near the processor
        slices = (_highest(span[:, at : at + step + TAPS]) for at in range(0, frames, step))
        peaks = np.concatenate([found.reshape(len(span), -1, self.size).max(axis=(0, 2)) for found in slices])
        self._before = span[:, frames : frames + TAPS // 2]
        self._rest = self._rest[:, frames:]
        return np.asarray(peaks)


@cache
def _between() -> NDArray[np.float32]:
    """Weights of the samples around for each of the three places between two: [3, TAPS]."""
    from scipy.signal import firwin  # type: ignore[import-untyped, unused-ignore]

    fir = firwin(OVERSAMPLING * TAPS + 1, 1 / OVERSAMPLING, window=("kaiser", 5.0), scale=False)
    phases = np.stack([fir[k::OVERSAMPLING][:TAPS] for k in range(1, OVERSAMPLING)])
    return np.asarray(phases / phases.sum(axis=1, keepdims=True), np.float32)


def _highest(span: NDArray[np.float32]) -> NDArray[np.float32]:
    """For each sample but half of `TAPS` at both ends the highest of it and the three that follow it: [lines, n].

    The places at one and at three quarters have the same weights in opposite order, so the two are a sum and a
    difference of what is even and what is odd in them. Such passes are faster than any convolution at hand.
    """
    frames = span.shape[1] - TAPS
    quarter, half, _ = _between()
    middle, even, odd, both, term = (np.zeros((len(span), frames), np.float32) for _ in range(5))
    for near in range(TAPS // 2):
        far = TAPS - 1 - near
        one, other = span[:, 1 + near : 1 + near + frames], span[:, 1 + far : 1 + far + frames]
        np.add(one, other, out=both)
        middle += np.multiply(both, half[near], out=term)
        even += np.multiply(both, (quarter[near] + quarter[far]) / 2, out=term)
        np.subtract(one, other, out=both)
        odd += np.multiply(both, (quarter[near] - quarter[far]) / 2, out=term)
    even, odd, middle = np.abs(even, out=even), np.abs(odd, out=odd), np.abs(middle, out=middle)
    highest = np.abs(span[:, TAPS // 2 : TAPS // 2 + frames])
    return np.maximum(np.maximum(highest, middle, out=middle), np.add(even, odd, out=even), out=highest)


def tenths(energies: NDArray[np.floating], rate: int, *, alone: bool = False) -> NDArray[np.float64]:
    """Energies of an envelope as mean squares of each whole 0.1 s; less than that counts as one if it stands alone."""
    hop = hop_blocks(rate)
    if alone and len(energies) < hop:
        energies = np.pad(energies, (0, hop - len(energies)))
    whole = len(energies) // hop * hop
    sums = energies[:whole].reshape(-1, hop).sum(axis=1, dtype=np.float64)
    return np.asarray(sums / (hop * block_size(rate)))


def measure(samples: NDArray[np.float32] | Iterable[NDArray[np.float32]], rate: int) -> Loudness:
    """The loudness and true peak of audio.

    Parameters
    ----------
    samples : array [frames, channels], or an iterable of such blocks
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
    blocks = _slices(samples) if isinstance(samples, np.ndarray) else iter(samples)
    first = next(blocks, None)
    if first is None:
        return Loudness(-math.inf, -math.inf)
    peak, energies, means = 0.0, np.zeros(0, np.float32), list[NDArray[np.float64]]()
    with ThreadPoolExecutor(1) as beside:
        envelope = Envelope(rate, first.shape[1], beside=beside)
        for found in chain(map(envelope.add, chain([first], blocks)), (last() for last in (envelope.finish,))):
            peak = max(peak, float(found[0].max(initial=0.0)))
            means.append(tenths(np.concatenate([energies, found[1]]), rate))
            energies = np.concatenate([energies, found[1]])[len(means[-1]) * hop_blocks(rate) :]
    if not any(map(len, means)):
        means.append(tenths(energies, rate, alone=True))
    return Loudness(integrated(np.concatenate(means)), float(decibel(peak)))


def _slices(samples: NDArray[np.float32], frames: int = 65536) -> Iterator[NDArray[np.float32]]:
    return (samples[start : start + frames] for start in range(0, len(samples), frames))

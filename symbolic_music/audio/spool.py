"""Audio on its way: kept in a temporary file with its envelope, so that its length does not matter to memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import chain
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from symbolic_music.audio.meter import Envelope, block_size, hop_blocks
from symbolic_music.errors import FileError

TENTHS = 128  # of a second: how much is worked on at once
LEAD = 4.0  # seconds of a loop's end that are heard before its beginning, so that all states are those of a repeat


class Spool:
    """Stereo audio, and for each of its `block_size` frames a true peak and a K-weighted energy.

    Parameters
    ----------
    rate : int
        Frames a second.

    Raises
    ------
    FileError
        Where there is no folder for temporary files.

    Examples
    --------
    >>> with Spool(44100) as spool:
    ...     spool.append(np.zeros((1000, 2), np.float32))
    ...     spool.finish()
    ...     spool.frames, sum(len(peaks) for peaks, _ in spool.envelope())
    (1000, 23)
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.frames = 0
        self.size = block_size(rate)
        self.looped = False
        self.at_once = TENTHS * hop_blocks(rate)  # blocks of a chunk
        try:
            self._audio = tempfile.TemporaryFile(prefix="symbolic-music-")  # noqa: SIM115  # closed by __exit__
            self._envelope = tempfile.TemporaryFile(prefix="symbolic-music-")  # noqa: SIM115
        except OSError as error:
            hint = "TMPDIR names the folder"
            raise FileError(f"no temporary file can be made ({error.strerror})", hint=hint) from error
        self._meter = Envelope(rate)

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._audio.close()
        self._envelope.close()

    def append(self, samples: NDArray[np.float32]) -> None:
        """More audio [frames, 2]."""
        self._audio.write(np.ascontiguousarray(samples, np.float32).data)
        self.frames += len(samples)
        self._note(self._meter.add(samples))

    def finish(self) -> None:
        """No more audio follows."""
        self._note(self._meter.finish())

    def loop(self, frames: int) -> None:
        """No more audio follows, and what lies behind `frames` sounds into the beginning: a seamless repeat."""
        for start in range(frames, self.frames, frames):
            self._add(start, min(frames, self.frames - start))
        for start in range(self.frames, frames, self.at_once * self.size):
            self._audio.seek(0, 2)
            self._audio.write(np.zeros((min(frames - start, self.at_once * self.size), 2), np.float32).data)
        self._audio.truncate(frames * 8)
        self.frames, self.looped = frames, True
        self._envelope.seek(0)
        self._envelope.truncate()
        self._meter = Envelope(self.rate)
        lead = [self._read(*span) for span in _around(frames, round(LEAD * self.rate) // self.size * self.size)]
        skip = self.lead_blocks
        for samples in chain(lead, self.chunks(), [self._read(0, min(frames, self.size))]):
            peaks, energies = self._meter.add(samples)
            self._note((peaks[skip:], energies[skip:]))
            skip = max(0, skip - len(peaks))
        self._note(self._meter.finish())
        self._envelope.truncate(-(-frames // self.size) * 8)

    @property
    def blocks(self) -> int:
        """The number of blocks; the last may stand for fewer frames."""
        return -(-self.frames // self.size)

    @property
    def lead_blocks(self) -> int:
        """How many blocks `heard` puts before the first."""
        return round(LEAD * self.rate) // self.size if self.looped else 0

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """The audio, as many blocks at once as `envelope` gives."""
        step = self.at_once * self.size
        for start in range(0, self.frames, step):
            yield self._read(start, min(step, self.frames - start))

    def envelope(self) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Peaks (full scale is 1.0) and energies (sums of squares) of the blocks, some thousands at once."""
        for start in range(0, self.blocks, self.at_once):
            yield self._blocks(start, min(self.at_once, self.blocks - start))

    def heard(self, after: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """The envelope; around that of a loop, what sounds for some seconds before it and `after` blocks behind."""
        for start, count in _around(self.blocks, self.lead_blocks):
            yield self._blocks(start, count)
        yield from self.envelope()
        for block in range(after if self.looped else 0):
            yield self._blocks(block % self.blocks, 1)

    def _note(self, found: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
        self._envelope.seek(0, 2)
        self._envelope.write(np.stack(found, axis=1).data)

    def _read(self, start: int, frames: int) -> NDArray[np.float32]:
        self._audio.seek(start * 8)
        return np.frombuffer(self._audio.read(frames * 8), np.float32).reshape(-1, 2)

    def _blocks(self, start: int, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        self._envelope.seek(start * 8)
        pairs = np.frombuffer(self._envelope.read(count * 8), np.float32).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def _add(self, start: int, frames: int) -> None:
        step = self.at_once * self.size
        for at in range(0, frames, step):
            span = min(step, frames - at)
            both = self._read(at, span) + self._read(start + at, span)
            self._audio.seek(at * 8)
            self._audio.write(both.data)


def _around(length: int, needed: int) -> list[tuple[int, int]]:
    """Start and length of what comes before the beginning of something that goes round, in order.

    >>> _around(10, 4), _around(3, 7)
    ([(6, 4)], [(2, 1), (0, 3), (0, 3)])
    """
    spans: list[tuple[int, int]] = []
    while needed and length:
        take = min(needed, length)
        spans.insert(0, (length - take, take))
        needed -= take
    return spans

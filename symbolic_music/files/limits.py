"""What a MIDI file may hold: checked before a score is written, and before a file is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from symbolic_music.errors import BriefError, FileError
from symbolic_music.score import Score
from symbolic_music.theory.meters import TICKS

#: Notes of one piece: hours of dense music, and no more than a file of `MOST_BYTES` holds.
MOST_NOTES = 300_000
#: A larger file is not read: mido and pretty_midi need some 250 times its size of memory.
MOST_BYTES = 4 * 2**20
#: Where the last note of a file may begin, in ticks of the score: a million quarter notes, days of music.
MOST_TICKS = 1_000_000 * TICKS
#: Quarter notes a minute. MIDI's own bounds are 3.6 and 60 million.
SLOWEST, FASTEST = 4, 1000
#: The longest time between two events of a track that the file format can say, in ticks.
LONGEST = 2**28 - 1
_TEMPI = f"{SLOWEST} to {FASTEST} quarter notes a minute work"
_BYTES_A_NOTE = 8


def readable_midi(midi: str | Path | bytes) -> bytes:
    """The bytes of a MIDI file, or of its content as it is given, if they are MIDI and not too many to be read.

    Parameters
    ----------
    midi : str, Path or bytes
        A path ("~" is the home folder), or the content of a file.

    Raises
    ------
    FileError
        If there is no such file, it is none of MIDI, or larger than `MOST_BYTES`.

    Examples
    --------
    >>> readable_midi(b"MThd" + bytes(80_000_000))
    Traceback (most recent call last):
    ...
    symbolic_music.errors.FileError: the MIDI data is 76.3 MiB, some 10 million notes: up to 4 MiB work
    """
    name, size, data = "the MIDI data", len(midi) if isinstance(midi, bytes) else 0, midi
    if not isinstance(data, bytes):
        name = str(midi)
        try:
            path = Path(data).expanduser()
            size = path.stat().st_size
            with path.open("rb") as file:
                data = file.read(MOST_BYTES if size <= MOST_BYTES else 4)
        except FileNotFoundError:
            raise FileError(f"{name} cannot be read", hint="there is no file of that name") from None
        except (OSError, RuntimeError, ValueError) as error:  # a folder, an unknown user's home, a zero byte
            raise FileError(f"{name} cannot be read", hint=getattr(error, "strerror", None) or str(error)) from error
    if data[:4] != b"MThd":
        raise FileError(f"{name} is {'not a MIDI file' if data else 'empty'}", hint="a MIDI file begins with MThd")
    if size > MOST_BYTES:
        notes = f"some {size / _BYTES_A_NOTE / 1e6:.2g} million notes"
        raise FileError(f"{name} is {size / 2**20:.1f} MiB, {notes}", hint=f"up to {MOST_BYTES >> 20} MiB work")
    return data


def usable_tempo(microseconds: float, bar: int) -> float:
    """Quarter notes a minute of a tempo event, with the fewest decimals that mean the same.

    Raises
    ------
    BriefError
        If no music is played at that; it names the bar, from 1.

    Examples
    --------
    >>> usable_tempo(618557, 1)
    97.0
    >>> usable_tempo(0, 3)
    Traceback (most recent call last):
    ...
    symbolic_music.errors.BriefError: a tempo of inf in bar 3: 4 to 1000 quarter notes a minute work
    """
    found = 60e6 / microseconds if microseconds else float("inf")
    if not SLOWEST <= found <= FASTEST:
        raise BriefError(f"a tempo of {found:.4g} in bar {bar}", hint=_TEMPI)
    return next(r for digits in range(12) if round(60e6 / (r := round(found, digits))) == round(microseconds))


def check_score(score: Score, resolution: int = TICKS) -> None:
    """See that a score can be a MIDI file.

    Parameters
    ----------
    score : Score
    resolution : int
        Ticks a quarter note in the file.

    Raises
    ------
    BriefError
        For a tempo that is no number or out of range, too many notes, a pitch, velocity or part that there is not,
        and more bars than the resolution allows. It says in which bar.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> check_score(Score((Part(0),), (Meter(),), np.array([(0, 24, 130, 90, 0)], NOTE)))
    Traceback (most recent call last):
    ...
    symbolic_music.errors.BriefError: pitch 130 in bar 1: 0 to 127 work
    """
    edges, notes = score.bar_starts, score.notes

    def bar(tick: int) -> int:
        return int(np.clip(np.searchsorted(edges, tick, side="right"), 1, max(score.bars, 1)))

    for tick, tempo in score.tempo_map:
        if not SLOWEST <= tempo <= FASTEST:
            raise BriefError(f"a tempo of {tempo:.4g} in bar {bar(tick)}", hint=_TEMPI)
    if len(notes) > MOST_NOTES:
        raise BriefError(f"{len(notes):,} notes", hint=f"up to {MOST_NOTES:,} work")
    for name, low, high in (("part", 0, len(score.parts) - 1), ("pitch", 0, 127), ("velocity", 1, 127)):
        wrong = notes[(notes[name] < low) | (notes[name] > high)]
        if len(wrong):
            hint = f"{low} to {high} work" if high >= low else "a note needs a part"
            raise BriefError(f"{name} {wrong[name][0]} in bar {bar(wrong['start'][0])}", hint=hint)
    if edges[-1] * resolution // TICKS > LONGEST:
        raise BriefError(
            f"{score.bars} bars at {resolution} ticks a quarter note", hint="a lower resolution or fewer bars work"
        )

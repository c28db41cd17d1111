"""Every error this library raises: what is wrong, and what would work."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SymbolicMusicError(Exception):
    """The root of all errors here.

    Parameters
    ----------
    what : str
        What is wrong, and where.
    hint : str
        What would work, if anything does.

    Examples
    --------
    >>> print(BriefError("0 bars", hint="ask for 1 to 512"))
    0 bars: ask for 1 to 512
    """

    exit_status = 2

    def __init__(self, what: str, *, hint: str = "") -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.what}: {self.hint}" if self.hint else self.what


class BriefError(SymbolicMusicError, ValueError):
    """A wish that means nothing, or wishes that cannot all hold."""


class ConflictError(BriefError):
    """Limits that cannot all hold.

    Attributes
    ----------
    rules : tuple of str
        The names of the fewest that clash.
    bars : tuple of int
        The bars where they do, from 1.
    """

    def __init__(self, what: str, *, hint: str = "", rules: tuple[str, ...] = (), bars: tuple[int, ...] = ()) -> None:
        super().__init__(what, hint=hint)
        self.rules, self.bars = rules, bars


class StyleError(SymbolicMusicError, ValueError):
    """A style sheet or a lead sheet that cannot be played from."""


class FileError(SymbolicMusicError, OSError):
    """A file that cannot be read, or a place that cannot be written."""


class SoundfontError(SymbolicMusicError):
    """A soundfont that is not there or is not a soundfont."""


class SynthesizerError(SymbolicMusicError):
    """The FluidSynth library is not installed; MIDI still works."""

    exit_status = 3


class EngraverError(SymbolicMusicError):
    """No program that prints music is installed; MIDI and MusicXML still work."""

    exit_status = 3


class TrainingError(SymbolicMusicError, ValueError):
    """A training run that cannot begin or go on: its recipe, its data, its checkpoint or its machine."""


class WeightsError(SymbolicMusicError):
    """Weights that are missing or do not fit this version."""


def nearest(name: str, known: Iterable[str], count: int = 3) -> str:
    """The known names nearest to `name`, as a hint.

    >>> nearest("pianno", ["piano", "organ", "violin"])
    'did you mean piano?'
    """
    known = list(known)
    close = difflib.get_close_matches(name.lower(), known, n=count, cutoff=0.6)
    return f"did you mean {' or '.join(close)}?" if close else f"for example {', '.join(known[:count])}"

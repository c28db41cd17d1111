"""Where a rule holds: tracks by name, instrument or role, bars by number or section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.score import Part
from symbolic_music.theory.instruments import instrument, of_program

#: Names of tracks, None for all that a rule is about.
Tracks: TypeAlias = str | tuple[str, ...] | None
#: A bar, or the first and the last, from 1, negative from the end; None for all.
Bars: TypeAlias = int | tuple[int, int] | None

_BASSES = frozenset({*range(32, 40), 43})
_SINGLE = 2  # notes at once of an instrument that plays single lines
ROLES = ("melody", "bass", "accompaniment", "drums")


def roles(parts: Sequence[Part]) -> dict[str, tuple[int, ...]]:
    """Which parts have which role.

    The bass is every bass instrument, or else the pitched part that reaches lowest. The melody is the highest of the
    others, single-line instruments before those of chords. One pitched part alone is both.

    >>> roles((Part(-1), Part(0), Part(32), Part(40)))
    {'drums': (0,), 'bass': (2,), 'melody': (3,), 'accompaniment': (1,)}
    """
    pitched = [i for i, part in enumerate(parts) if not part.is_drums]
    sounds = {i: of_program(parts[i].program) for i in pitched}
    bass = tuple(i for i in pitched if parts[i].program in _BASSES)
    if not bass and pitched:
        bass = (min(pitched, key=lambda i: (sounds[i].low, -i)),)
    upper = [i for i in pitched if i not in bass] or pitched
    melody = sorted(upper, key=lambda i: (sounds[i].voices > _SINGLE, -sounds[i].high, i))[:1]
    return {
        "drums": tuple(i for i, part in enumerate(parts) if part.is_drums),
        "bass": bass,
        "melody": tuple(melody),
        "accompaniment": tuple(i for i in pitched if i not in (*bass, *melody)),
    }


def find_parts(parts: Sequence[Part], tracks: Tracks | Iterable[str], *, drums: bool) -> list[int]:
    """The parts that `tracks` names; of None all, the drums only where `drums` says so.

    Raises
    ------
    BriefError
        If a name means no part.
    """
    if tracks is None:
        return [i for i, part in enumerate(parts) if drums or not part.is_drums]
    found: set[int] = set()
    for name in (tracks,) if isinstance(tracks, str) else tracks:
        found.update(_named(parts, name))
    return sorted(i for i in found if drums or not parts[i].is_drums)


def _named(parts: Sequence[Part], name: str) -> Iterable[int]:
    exact = [i for i, part in enumerate(parts) if part.name == name]
    if exact:
        return exact
    if name in ROLES:
        mine = roles(parts)[name]
    else:
        try:
            program: int | None = instrument(name).program
        except BriefError:
            program = None
        mine = tuple(i for i, part in enumerate(parts) if part.program == program)
    if not mine:
        raise BriefError(f"no track {name!r}", hint=", ".join(part.name for part in parts))
    return mine


def find_bars(count: int, bars: Bars, section: str | None = None, sections: Sequence[str] = ()) -> list[int]:
    """The bars meant, from 0, of a piece of so many.

    Raises
    ------
    BriefError
        If some lie outside the piece, or there is no such section.

    Examples
    --------
    >>> find_bars(8, (5, 8)), find_bars(8, -1)
    ([4, 5, 6, 7], [7])
    """
    first, last = (1, count) if bars is None else (bars, bars) if isinstance(bars, int) else bars
    low, high = (bar + count + 1 if bar < 0 else bar for bar in (first, last))
    if not 1 <= low <= high <= count:
        written = f"bar {first}" if first == last else f"bars {first}-{last}"
        raise BriefError(written, hint=f"the piece has bars 1-{count}, the first of two is the earlier one")
    found = range(low - 1, high)
    if section is None:
        return list(found)
    named = [bar for bar in found if bar < len(sections) and sections[bar] == section]
    if not named:
        known = ", ".join(dict.fromkeys(s for s in sections if s))
        raise BriefError(f"no section {section!r}", hint=f"there are {known}" if known else "name them by Form")
    return named


def spans(bars: Iterable[int]) -> str:
    """Bars, from 0, in words that count from 1.

    >>> spans([0, 1, 2, 6]), spans([3])
    ('bars 1-3, 7', 'bar 4')
    """
    runs: list[list[int]] = []
    for bar in sorted(bars):
        if runs and bar == runs[-1][1] + 1:
            runs[-1][1] = bar
        else:
            runs.append([bar, bar])
    words = [f"{a + 1}" if a == b else f"{a + 1}-{b + 1}" for a, b in runs]
    return f"bar{'' if len(runs) == 1 and runs[0][0] == runs[0][1] else 's'} {', '.join(words)}"


def cells(bars: Sequence[int], parts: Sequence[int]) -> tuple[NDArray[np.intp], ...]:
    """An index for tables of shape [bars, parts, ...]."""
    return np.ix_(np.asarray(bars, np.intp), np.asarray(parts, np.intp))

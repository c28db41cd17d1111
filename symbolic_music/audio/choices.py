"""Which parts are heard and what they are played with, by the names of tracks, soundfonts and presets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from symbolic_music.audio.events import BANK, CONTROL, PROGRAM, Part, Plan
from symbolic_music.audio.presets import Preset, preset, presets
from symbolic_music.audio.soundfonts import find
from symbolic_music.errors import BriefError, SoundfontError, nearest

FINE_BANK = 32  # the controller


def named(plan: Plan, name: str) -> frozenset[int]:
    """The parts of a name, or else those that a track of this name plays, by their indices.

    Raises
    ------
    BriefError
        Where there is none; it names the nearest, and all.

    Examples
    --------
    >>> song = Plan((Part("Flute", ("Flute",), 0, 0, 0, 73),), np.zeros((0, 5), np.int32), 0, 44100)
    >>> named(song, "flute")
    frozenset({0})
    >>> named(song, "Flut")
    Traceback (most recent call last):
    symbolic_music.errors.BriefError: no track is named 'Flut': did you mean flute? (the tracks are Flute)
    """
    wanted = name.strip().lower()
    found = [i for i, part in enumerate(plan.parts) if part.name.lower() == wanted]
    found = found or [i for i, part in enumerate(plan.parts) if wanted in map(str.lower, part.tracks)]
    if not found:
        names = [part.name for part in plan.parts]
        if not names:
            raise BriefError(f"no track is named {name!r}", hint="there are no notes at all")
        close = nearest(wanted, [known.lower() for known in names])
        raise BriefError(f"no track is named {name!r}", hint=f"{close} (the tracks are {', '.join(names)})")
    return frozenset(found)


def heard(plan: Plan, parts: Iterable[str] | None) -> frozenset[int] | None:
    """The parts of these names, see `named`; None where all are heard."""
    return None if parts is None else frozenset[int]().union(*(named(plan, name) for name in parts))


def own_sounds(plan: Plan, sounds: Mapping[str, str] | None, soundfont: Path) -> dict[int, tuple[Path, Preset]]:
    """The soundfont and preset of each part that has its own.

    Parameters
    ----------
    plan : Plan
    sounds : mapping of str to str, optional
        [FONT][#PRESET] by the name of a track, see `named`. FONT is as `find` takes it, left out for `soundfont`.
        PRESET is as `preset` takes it, left out for the part's own bank and program, or for the only preset there is.
    soundfont : Path
        What the other parts are played with.

    Raises
    ------
    BriefError
        Where no track has the name, or two names of one part ask for different sounds.
    SoundfontError
        Where the soundfont or the preset is not there.
    """
    found: dict[int, tuple[Path, Preset]] = {}
    for name, wanted in (sounds or {}).items():
        for i in sorted(named(plan, name)):
            sound = _sound(plan.parts[i], wanted, soundfont)
            if found.setdefault(i, sound) != sound:
                raise BriefError(f"two sounds for {plan.parts[i].name}", hint="tracks on one channel share one sound")
    return found


def _sound(part: Part, wanted: str, soundfont: Path) -> tuple[Path, Preset]:
    whole = "#" in wanted and any(one.name == Path(wanted).name for one in Path(wanted).parent.glob("*#*"))
    font, _, name = (wanted, "", "") if whole else wanted.partition("#")
    font, name = font.strip(), name.strip()
    path = find(font) if font else soundfont
    if name:
        return path, preset(path, name)
    all_of_it = presets(path)
    for one in all_of_it:
        if (one.bank, one.program) == (part.bank, part.program) or len(all_of_it) == 1:
            return path, one
    names = ", ".join(str(one) for one in all_of_it[:3])
    what = f"{path.name} has no preset {part.bank}:{part.program} for {part.name}"
    raise SoundfontError(what, hint=f"name one behind a '#', such as {names}")


def without_programs(events: NDArray[np.int32], parts: Iterable[int]) -> NDArray[np.int32]:
    """Events without what would choose another sound for these parts."""
    kind, value = events[:, 1], events[:, 3]
    choosing = (kind == PROGRAM) | ((kind == CONTROL) & np.isin(value, (BANK, FINE_BANK)))
    kept: NDArray[np.int32] = events[~(choosing & np.isin(events[:, 2], list(parts)))]
    return kept

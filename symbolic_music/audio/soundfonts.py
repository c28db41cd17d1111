"""Soundfonts: which are known, which are here, and how to get the others."""

from __future__ import annotations

import importlib.util
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from symbolic_music.errors import SoundfontError, nearest
from symbolic_music.resources import resource

VARIABLE = "SYMBOLIC_MUSIC_SOUNDFONT"


@dataclass(frozen=True)
class Soundfont:
    """One soundfont of the registry.

    Parameters
    ----------
    name : str
        What to ask for.
    title, licence : str
        What it calls itself, and the licence it comes under.
    size : int
        Bytes.
    sha256 : str
        The hash of the build that this library was tried with.
    path : Path or None
        Where it lies here; None where it is not installed.
    get : str
        How to get it.

    Examples
    --------
    >>> Soundfont("mine", "My font", "MIT", 1024, "", None, "apt-get install mine").path is None
    True
    """

    name: str
    title: str
    licence: str
    size: int
    sha256: str
    path: Path | None
    get: str


@cache
def _registry() -> Mapping[str, Any]:
    with resource("soundfonts/registry.toml").open("rb") as file:
        return tomllib.load(file)


def _candidates(entry: Mapping[str, Any], folders: Sequence[str]) -> list[Path]:
    if "python" in entry:
        package, name = entry["python"]
        spec = importlib.util.find_spec(package)  # finds the package without importing it
        return [Path(place) / name for place in (spec and spec.submodule_search_locations) or ()]
    # Joining a folder with an absolute path gives the absolute path, so both kinds of `files` are served here.
    return [Path(folder).expanduser() / name for name in entry["files"] for folder in folders]


def known() -> tuple[Soundfont, ...]:
    """Every soundfont of the registry, the default first; `path` says which are found here.

    Returns
    -------
    tuple of Soundfont

    Examples
    --------
    >>> [font.name for font in known()][:2]
    ['timgm6mb', 'fluidr3mono']
    """
    fonts = []
    for name, entry in _registry().items():
        if name == "folders":
            continue
        found = (path for path in _candidates(entry, _registry()["folders"]) if path.is_file())
        facts = {key: entry[key] for key in ("title", "licence", "size", "sha256", "get")}
        fonts.append(Soundfont(name=name, path=next(found, None), **facts))
    return tuple(fonts)


def find(name_or_path: str | Path | None = None) -> Path:
    """The file of a soundfont.

    Parameters
    ----------
    name_or_path : str, Path or None
        A name of the registry or a path to an .sf2 or .sf3 file. None takes the environment variable
        SYMBOLIC_MUSIC_SOUNDFONT, then the first soundfont of `known` that is here.

    Returns
    -------
    Path

    Raises
    ------
    SoundfontError
        Where the name is unknown, the soundfont is not installed, or the file is missing or no soundfont.

    Examples
    --------
    >>> find("timgm6mbb")
    Traceback (most recent call last):
    symbolic_music.errors.SoundfontError: no soundfont is named 'timgm6mbb': did you mean timgm6mb or timgm6mb-debian?
    """
    wanted = name_or_path or os.environ.get(VARIABLE)
    fonts = {font.name: font for font in known()}
    if not wanted:
        here = [font.path for font in fonts.values() if font.path]
        if not here:
            raise SoundfontError("no soundfont is installed", hint=next(iter(fonts.values())).get)
        return _checked(here[0])
    if isinstance(wanted, str) and wanted.lower() in fonts:
        font = fonts[wanted.lower()]
        if font.path is None:
            raise SoundfontError(f"the soundfont {font.name} is not installed here", hint=font.get)
        return _checked(font.path)
    try:
        path = Path(wanted).expanduser()
    except RuntimeError as error:
        raise SoundfontError(f"{wanted} names no home folder", hint="write the path in full") from error
    if isinstance(wanted, str) and path.name == wanted and not path.suffix and not path.exists():
        raise SoundfontError(f"no soundfont is named {wanted!r}", hint=nearest(wanted, fonts))
    return _checked(path)


def _checked(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        names = ", ".join(font.name for font in known() if font.path)
        hint = f"installed here: {names}" if names else known()[0].get
        raise SoundfontError(f"cannot read the soundfont {path} ({error.strerror})", hint=hint) from error
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise SoundfontError(f"{path} is not a soundfont", hint="an .sf2 or .sf3 file works")
    if path.stat().st_size < 8 + int.from_bytes(head[4:8], "little"):
        raise SoundfontError(f"{path} is cut short", hint="fetch it again")
    return path

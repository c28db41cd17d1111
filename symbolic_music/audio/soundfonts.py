"""Soundfonts: which are known, which are here, and how to get the others."""

from __future__ import annotations

import glob
import importlib.util
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from symbolic_music.audio.presets import about
from symbolic_music.errors import SoundfontError, nearest
from symbolic_music.resources import resource

VARIABLE = "SYMBOLIC_MUSIC_SOUNDFONT"
ENDINGS = (".sf2", ".sf3")


@dataclass(frozen=True)
class Soundfont:
    """One soundfont: of the registry, or found beside those.

    Parameters
    ----------
    name : str
        What to ask for.
    title, licence : str
        What it calls itself, and the licence it comes under; of one that is not in the registry, its own words on
        copyright, "" where it has none.
    size : int
        Bytes: of the file that is here, or else of the build that this library was tried with.
    sha256 : str
        The hash of that build; "" for one that is not in the registry.
    path : Path or None
        Where it lies here; None where it is not installed.
    get : str
        How to get it; "" for one that is not in the registry.

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


def _folders() -> tuple[Path, ...]:
    """The folders of the registry that are here, each once."""
    found: dict[Path, None] = {}
    for folder in _registry()["folders"]:
        pattern = os.path.expanduser(os.path.expandvars(folder))  # noqa: PTH111  # Path refuses an unknown home
        if "$" not in pattern:
            found |= dict.fromkeys(Path(place) for place in sorted(glob.glob(pattern)))  # noqa: PTH207  # from the root
    return tuple(found)


def _candidates(name: str, entry: Mapping[str, Any], folders: tuple[Path, ...]) -> Iterator[Path]:
    if "python" in entry:
        package, file = entry["python"]
        spec = importlib.util.find_spec(package)  # finds the package without importing it
        for place in (spec and spec.submodule_search_locations) or ():
            yield Path(place) / file
    else:
        for file in (*entry["files"], *(name + ending for ending in ENDINGS)):
            yield from (folder / file for folder in folders)


def known() -> tuple[Soundfont, ...]:
    """Every soundfont of the registry, the default first, then any other that lies in its folders, by name.

    Returns
    -------
    tuple of Soundfont
        `path` says which are found here.

    Examples
    --------
    >>> [font.name for font in known()][:2]
    ['timgm6mb', 'fluidr3mono']
    """
    folders = _folders()
    fonts: dict[str, Soundfont] = {}
    taken: set[Path] = set()  # a link may give one soundfont the name of another
    for name, entry in _registry().items():
        if name != "folders":
            found = (path for path in _candidates(name, entry, folders) if path.is_file())
            path = next((path for path in found if path.resolve() not in taken), None)
            facts = {key: entry[key] for key in ("title", "licence", "sha256", "get")}
            size = path.stat().st_size if path else entry["size"]
            fonts[name] = Soundfont(name=name, path=path, size=size, **facts)
            taken |= {path.resolve()} if path else set()
    others = (path for folder in folders for path in sorted(folder.glob("*")) if path.suffix.lower() in ENDINGS)
    here = {path.stem.lower(): path for path in reversed([*others]) if path.is_file()}
    for name, path in sorted(here.items()):
        if name not in fonts and path.resolve() not in taken:
            taken.add(path.resolve())
            fonts[name] = _other(name, path)
    return tuple(fonts.values())


def _other(name: str, path: Path) -> Soundfont:
    try:
        title, licence = (font := about(path)).title or path.stem, font.copyright
    except SoundfontError:  # it is listed all the same, and refused with the reason when it is asked for
        title, licence = path.stem, ""
    return Soundfont(name, title, licence, path.stat().st_size, "", path, "")


def find(name_or_path: str | Path | None = None) -> Path:
    """The file of a soundfont.

    Parameters
    ----------
    name_or_path : str, Path or None
        A name of `known` in any case, or a path to an .sf2 or .sf3 file. None takes the environment variable
        SYMBOLIC_MUSIC_SOUNDFONT, then the first soundfont of `known` that is here.

    Returns
    -------
    Path

    Raises
    ------
    SoundfontError
        Where the name is unknown, the soundfont is not installed, or the file is missing, cut short or no soundfont.

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
        there = path.exists()
    except (OSError, RuntimeError, ValueError, TypeError) as error:  # too long, an unknown user's home, no path at all
        raise SoundfontError(f"{str(wanted)[:60]!r} is no path", hint="a name or the path of a file works") from error
    if isinstance(wanted, str) and path.name == wanted and not path.suffix and not there:
        where = "" if name_or_path else f" ({VARIABLE})"
        raise SoundfontError(f"no soundfont is named {wanted!r}{where}", hint=nearest(wanted, fonts))
    return _checked(path)


def _checked(path: Path) -> Path:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        names = ", ".join(font.name for font in known() if font.path)
        hint = f"installed here: {names}" if names else known()[0].get
        raise SoundfontError(f"cannot read the soundfont {path} ({error.strerror})", hint=hint) from error
    about(path)
    return path

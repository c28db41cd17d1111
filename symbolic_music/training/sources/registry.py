"""The sources of the training corpus by name. The table is `training/sources.toml`."""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from symbolic_music.errors import BriefError, FileError, nearest
from symbolic_music.theory.genres import table
from symbolic_music.training.licences import ALLOWED

REGISTRY = Path(__file__).parents[1] / "sources.toml"
_GITHUB = "https://github.com/"
_LISTS = ("paths", "exclude", "formats")


@dataclass(frozen=True)
class Source:
    """A public repository with music, and what is taken from it.

    Attributes
    ----------
    name, title : str
        What to ask for, and what it calls itself.
    url, commit : str
        A git repository and one commit, 40 hex digits.
    paths, exclude : tuple of str
        Glob patterns of the files taken, and of those left out of them.
    formats : tuple of str
        File endings, without the dot and in lower case.
    licence, credit : str
        Of every piece that is not known to have another.
    genre : str
        The same.
    """

    name: str
    title: str
    url: str
    commit: str
    paths: tuple[str, ...]
    formats: tuple[str, ...]
    licence: str
    credit: str
    genre: str
    exclude: tuple[str, ...] = ()

    @property
    def upstream(self) -> str:
        """The repository as a manifest names it: owner and name on GitHub, or the whole address."""
        return self.url.removeprefix(_GITHUB)


def read_registry(path: Path = REGISTRY) -> dict[str, Source]:
    """Read a table of sources.

    Parameters
    ----------
    path : Path
        A TOML file such as `sources.toml`.

    Returns
    -------
    dict of str to Source
        In the file's order.

    Raises
    ------
    FileError
        Naming file, source and key: for a key that is missing, unknown or of the wrong type, a commit that is no
        full hash, a licence that is not allowed, a genre that is not known.

    Examples
    --------
    >>> read_registry()["lieder"].licence
    'CC0-1.0'
    """
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise FileError(f"{path} cannot be read", hint=str(error)) from error
    return {name: _source(path, name, entry) for name, entry in found.items()}


def _source(path: Path, name: str, entry: object) -> Source:
    def wrong(key: str, what: str, hint: str) -> FileError:
        return FileError(f"{path.name} [{name}]{key and ' '}{key}: {what}", hint=hint)

    keys = {f.name: f.default for f in fields(Source) if f.name != "name"}
    if not isinstance(entry, dict):
        raise wrong("", "not a source", f"write it as a table with {', '.join(keys)}")
    for key in entry:
        if key not in keys:
            raise wrong(key, "unknown key", nearest(key, keys))
    values: dict[str, Any] = {}
    for key, default in keys.items():
        value = entry.get(key, default)
        if value is MISSING:
            raise wrong(key, "missing", f"a source needs {', '.join(k for k, d in keys.items() if d is MISSING)}")
        if key in _LISTS:
            value = tuple(value) if isinstance(value, (list, tuple)) else value
            if not (isinstance(value, tuple) and all(isinstance(v, str) and v for v in value)):
                raise wrong(key, f"{value!r} is no list of texts", f'such as {key} = ["music/**/*.mid"]')
            if not value and default is MISSING:
                raise wrong(key, "empty", f"a source has at least one of its {key}")
        elif not (isinstance(value, str) and value):
            raise wrong(key, f"{value!r} is no text", f'such as {key} = "..."')
        values[key] = value
    if not re.fullmatch("[0-9a-f]{40}", values["commit"]):
        raise wrong("commit", f"{values['commit']!r} is no full hash", "40 hex digits, as git rev-parse HEAD prints")
    if values["licence"] not in ALLOWED:
        raise wrong("licence", f"{values['licence']!r} is not allowed", f"one of {', '.join(sorted(ALLOWED))}")
    if values["genre"] not in table():
        raise wrong("genre", f"{values['genre']!r} is unknown", nearest(values["genre"], table()))
    return Source(name, **values)


@cache
def sources() -> dict[str, Source]:
    """The sources that ship, by name."""
    return read_registry()


def source(name: str) -> Source:
    """A source by its name.

    Raises
    ------
    BriefError
        If there is none of this name.

    Examples
    --------
    >>> source("lieders")
    Traceback (most recent call last):
    ...
    symbolic_music.errors.BriefError: unknown source 'lieders': did you mean lieder?
    """
    if name not in sources():
        raise BriefError(f"unknown source {name!r}", hint=nearest(name, sources()))
    return sources()[name]

"""Where a file goes: checked before the work, and put in its place whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from symbolic_music.errors import FileError


def checked(path: str | Path, suffixes: tuple[str, ...]) -> Path:
    """A path that a file can be written to.

    Parameters
    ----------
    path : str or Path
        "~" is the home folder.
    suffixes : tuple of str
        The file endings that work, such as ``(".mid", ".midi")``.

    Raises
    ------
    FileError
        For another ending, a folder that is not there or cannot be written, a path that is a folder, and a name
        that no file can have.

    Examples
    --------
    >>> checked("song.mid", (".mid", ".midi")).name
    'song.mid'
    >>> checked("song.mp4", (".mid", ".midi"))
    Traceback (most recent call last):
    ...
    symbolic_music.errors.FileError: song.mp4 ends in '.mp4': use .mid or .midi
    """
    try:
        found = Path(path).expanduser()
        with suppress(FileNotFoundError, NotADirectoryError):
            found.stat()
    except (OSError, RuntimeError, ValueError) as error:  # too long, an unknown user's home, a zero byte
        reason = getattr(error, "strerror", None) or str(error)
        raise FileError(f"{path} cannot be written", hint=reason) from error
    if found.is_dir():
        raise FileError(f"{path} is a folder", hint=f"name a file in it, ending in {' or '.join(suffixes)}")
    if found.suffix.lower() not in suffixes:
        ending = f"ends in {found.suffix!r}" if found.suffix else "has no file ending"
        raise FileError(f"{path} {ending}", hint=f"use {' or '.join(suffixes)}")
    folder = found.parent
    if not folder.is_dir():
        raise FileError(f"the folder {folder} does not exist", hint="make it first, or choose another")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileError(f"the folder {folder} cannot be written", hint="choose another")
    return found


def folder(path: str | Path) -> Path:
    """A folder that files can be written to, made if it is not there; the one above it must be.

    Raises
    ------
    FileError
        If it cannot be made or written.

    Examples
    --------
    >>> folder("no/such")
    Traceback (most recent call last):
    ...
    symbolic_music.errors.FileError: the folder no/such cannot be made: No such file or directory
    """
    try:
        found = Path(path).expanduser()
        found.mkdir(exist_ok=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise FileError(f"the folder {path} cannot be made", hint=reason) from error
    if not os.access(found, os.W_OK | os.X_OK):
        raise FileError(f"the folder {path} cannot be written", hint="choose another")
    return found


@contextmanager
def replacing(path: str | Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """A temporary path beside `path`, which takes its place at the end; an error leaves `path` as it was.

    Parameters
    ----------
    path, suffixes
        As in `checked`.

    Yields
    ------
    Path
        Not there yet, in the same folder and with the same ending.

    Raises
    ------
    FileError
        As in `checked`, and if writing fails.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/a.txt", (".txt",)) as temporary:
    ...         _ = temporary.write_text("whole")
    ...     Path(folder, "a.txt").read_text()
    'whole'
    """
    target = Path(os.path.realpath(checked(path, suffixes)))
    temporary = target.with_name(f".{secrets.token_hex(8)}{target.suffix}")
    try:
        yield temporary
        temporary.replace(target)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"{path} cannot be written", hint=error.strerror or str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)

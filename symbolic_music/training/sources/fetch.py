"""One commit of a public repository in a folder, by git, and the files of a source in it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from symbolic_music.errors import FileError, SymbolicMusicError
from symbolic_music.training.sources.registry import Source

#: What git says, what that means, and what would work; the first that fits counts.
_COMPLAINTS = (
    (
        "not our ref|couldn't find remote ref|unadvertised object|reference is not a tree|not found: did not match",
        "the commit is not there any more",
        "look for a copy of the repository and put its url into sources.toml, or leave the source out",
    ),
    (
        "repository.*(not found|does not exist)|does not appear to be a git|could not read Username",
        "the repository is not there",
        "look for a copy and put its url into sources.toml, or leave the source out",
    ),
    (
        "resolve host|unable to access|connect|timed out|early EOF",
        "no network",
        "try again once it is there; what is complete is kept",
    ),
)


def git(folder: Path, *arguments: str) -> str:
    """What a git command prints, run in a folder.

    Raises
    ------
    SymbolicMusicError
        If git is not installed or fails.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "core.quotePath=false", *arguments]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**clean, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            check=True,
        )
    except FileNotFoundError as error:
        raise SymbolicMusicError("git is not installed", hint="install it, then run this again") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip()
        for words, what, hint in _COMPLAINTS:
            if found := re.search(f".*({words}).*", said, re.IGNORECASE):
                raise SymbolicMusicError(f"{what} ({found[0]})", hint=hint) from error
        raise SymbolicMusicError(
            f"git {arguments[0]} failed", hint=said or f"exit status {error.returncode}"
        ) from error
    return done.stdout.decode("utf-8", "surrogateescape")


def fetch(source: Source, folder: Path) -> Path:
    """One commit of a source in a folder of its own; nothing is done where it already lies.

    Only this commit is transferred, and of its files, where the server can leave out the others, only those that
    `source.paths` names.

    Parameters
    ----------
    source : Source
    folder : Path
        Made if it is not there.

    Returns
    -------
    Path
        The folder in it, such as "lieder-bca122458de6".

    Raises
    ------
    SymbolicMusicError
        Naming the source, if git is not installed, nothing answers, or the commit is gone.
    """
    place = folder / f"{source.name}-{source.commit[:12]}"
    if place.exists():
        return place
    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{source.name}-", dir=folder))
    try:
        git(temporary, "init", "--quiet")
        # as they are in the repository on every system
        (temporary / ".git" / "info").mkdir(exist_ok=True)
        (temporary / ".git" / "info" / "attributes").write_text("* -text -filter -ident -working-tree-encoding\n")
        git(temporary, "config", "core.autocrlf", "false")
        git(temporary, "config", "remote.origin.url", source.url)
        git(temporary, "sparse-checkout", "set", "--no-cone", *(f"/{pattern}" for pattern in source.paths))
        git(temporary, "fetch", "--quiet", "--depth", "1", "--filter=blob:none", "origin", source.commit)
        git(temporary, "checkout", "--quiet", "--detach", source.commit)
        temporary.rename(place)
    except SymbolicMusicError as error:
        where = f"source {source.name}, {source.url} at {source.commit[:12]}"
        raise SymbolicMusicError(f"{where}: {error.what}", hint=error.hint) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return place


def matches(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a path fits one of some glob patterns: * within a folder, ** across folders.

    >>> matches("data/a/b/c.mxl", ("data/**/*.mxl",)), matches("data/a/c.mxl", ("data/*.mxl",))
    (True, False)
    """
    regexes = (re.escape(p).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*") for p in patterns)
    return any(re.fullmatch(regex, path) for regex in regexes)


def taken(source: Source, checkout: Path) -> dict[str, str]:
    """The files that a source's patterns take: git's hash of each by its path in the repository, in order."""
    found = {}
    for entry in filter(None, git(checkout, "ls-files", "--stage", "-z").split("\0")):
        facts, path = entry.split("\t", 1)
        fits = matches(path, source.paths) and not matches(path, source.exclude)
        if fits and path.rsplit(".", 1)[-1].lower() in source.formats:
            found[path] = facts.split()[1]
    return dict(sorted(found.items()))


def same(path: Path, blob: str) -> None:
    """Compare a file with git's hash of it.

    Parameters
    ----------
    path : Path
    blob : str
        As `git hash-object` prints.

    Raises
    ------
    FileError
        If the file is missing or another.
    """
    data = path.read_bytes() if path.is_file() else b""
    found = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    if found != blob:
        raise FileError(
            f"{path} is {'changed' if data else 'missing or empty'}: git names it {blob[:12]}",
            hint="remove the checkout that it lies in, and fetch again",
        )

"""Printed music: a MusicXML score as PDF or PNG, through MuseScore or LilyPond where one is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from symbolic_music.errors import EngraverError, FileError
from symbolic_music.files.paths import checked, replacing

#: The endings that printed music can have.
SUFFIXES = (".pdf", ".png")
#: What MuseScore's program is called, the newest first.
MUSESCORES = (
    "mscore4portable", "mscore4", "MuseScore4", "musescore4", "musescore", "MuseScore", "mscore", "mscore3",
    "musescore3", "MuseScore3",
)  # fmt: skip
#: Where its installers put it on macOS and Windows.
_FOLDERS = {
    "darwin": ("/Applications", "MuseScore*.app/Contents/MacOS/mscore"),
    "win32": (os.environ.get("PROGRAMFILES", "C:\\Program Files"), "MuseScore*/bin/MuseScore*.exe"),
}
#: The program that installs packages, and what it is told.
PACKAGES = {
    "apt-get": "apt-get install musescore3 (or lilypond)",
    "dnf": "dnf install musescore (or lilypond)",
    "pacman": "pacman -S musescore (or lilypond)",
    "zypper": "zypper install musescore (or lilypond)",
    "apk": "apk add lilypond",
    "brew": "brew install --cask musescore (or brew install lilypond)",
    "winget": "winget install Musescore.Musescore",
}
#: Dots an inch of a PNG, and the seconds that one program may take.
RESOLUTION = 200
SECONDS = 300.0


@dataclass(frozen=True)
class Engraver:
    """A program that prints music.

    Attributes
    ----------
    name : str
        "MuseScore" or "LilyPond".
    programs : tuple of Path
        MuseScore; or musicxml2ly and lilypond.
    """

    name: str
    programs: tuple[Path, ...]

    def commands(self, suffix: str) -> Iterator[list[str]]:
        """What turns ``score.musicxml`` into ``page.pdf``, or into ``page*.png``, in the working folder."""
        if self.name == "MuseScore":
            program = str(self.programs[0])
            yield [program, "-r", str(RESOLUTION), "-o", f"page{suffix}", "score.musicxml"]
        else:
            convert, lilypond = map(str, self.programs)
            yield [convert, "-o", "score.ly", "score.musicxml"]
            yield [lilypond, f"--{suffix[1:]}", f"-dresolution={RESOLUTION}", "-o", "page", "score.ly"]


def engraver() -> Engraver:
    """The program that prints music here: MuseScore, or else LilyPond.

    Raises
    ------
    EngraverError
        If neither is installed; the message says what to install on this system.

    Examples
    --------
    >>> try:
    ...     engraver().name in ("MuseScore", "LilyPond")
    ... except EngraverError as error:
    ...     "install" in error.hint
    True
    """
    found = next(filter(None, map(shutil.which, MUSESCORES)), None)
    if found is None and sys.platform in _FOLDERS:
        folder, pattern = _FOLDERS[sys.platform]
        found = max(map(str, Path(folder).glob(pattern)), default=None)
    if found is not None:
        return Engraver("MuseScore", (Path(found),))
    convert, lilypond = shutil.which("musicxml2ly"), shutil.which("lilypond")
    if convert is not None and lilypond is not None:
        return Engraver("LilyPond", (Path(convert), Path(lilypond)))
    how = (how for program, how in PACKAGES.items() if shutil.which(program))
    raise EngraverError(
        "no program that prints music is installed", hint=next(how, "install MuseScore from musescore.org, or LilyPond")
    )


def _run(command: list[str], folder: Path, seconds: float) -> str:
    """Run a program without a screen and without the user's settings; what it says.

    Without "offscreen" MuseScore aborts where there is no screen; where it
    cannot write its settings it waits for ever, so that they are put into the
    working folder.
    """
    places = {name: str(folder) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}
    quiet = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(folder), **places} if sys.platform == "linux" else {}
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **quiet},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise FileError(f"{name} is not done after {seconds:g} seconds", hint="engrave fewer bars or parts") from error
    except OSError as error:
        raise FileError(f"{name} cannot be run", hint=error.strerror or str(error)) from error
    said = done.stdout.decode(errors="replace")
    if done.returncode:
        raise FileError(f"{name} failed with status {done.returncode}", hint=_last_words(said))
    return said


def _last_words(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it said nothing"


def engrave(musicxml: bytes, path: str | Path, *, seconds: float = SECONDS) -> tuple[Path, ...]:
    """Print a MusicXML score.

    Parameters
    ----------
    musicxml : bytes
        As from `musicxml_bytes`.
    path : str or Path
        A name that ends in .pdf or .png.
    seconds : float
        How long a program may take.

    Returns
    -------
    tuple of Path
        The files: the one that was asked for, or for a PNG of several pages ``song-1.png``, ``song-2.png`` and so on.

    Raises
    ------
    FileError
        If neither MuseScore nor LilyPond is installed, if the program fails or takes too long, or if the path cannot be
        written. A file is put in its place whole, or not at all.
    """
    target, program = checked(path, SUFFIXES), engraver()
    suffix = target.suffix.lower()
    with tempfile.TemporaryDirectory(prefix="engrave-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "score.musicxml").write_bytes(musicxml)
        for version in (3, 4):  # what MuseScore on Linux reads as its settings: pages are white, not transparent
            settings = folder / "MuseScore" / f"MuseScore{version}.ini"
            settings.parent.mkdir(exist_ok=True)
            settings.write_text("[export]\npng\\useTransparency=false\n")
        said = ""
        for command in program.commands(suffix):
            said = _run(command, folder, seconds)
            refused = next((line for line in said.splitlines() if "not a valid MusicXML file" in line), "")
            if refused:  # MuseScore prints an empty page then
                raise FileError(f"{program.name} cannot read the MusicXML", hint=_last_words(refused))
        pages = sorted(
            folder.glob(f"page*{suffix}"), key=lambda page: int("0" + "".join(re.findall(r"\d+", page.stem)))
        )
        if not pages:
            raise FileError(f"{program.name} wrote no page", hint=_last_words(said))
        one = len(pages) == 1
        places = [
            target.with_name(f"{target.stem}{'' if one else f'-{i}'}{target.suffix}") for i in range(1, len(pages) + 1)
        ]
        with ExitStack() as stack:
            for page, place in zip(pages, places, strict=True):
                stack.enter_context(replacing(place, SUFFIXES)).write_bytes(page.read_bytes())
    return tuple(places)

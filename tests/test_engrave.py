"""Printed music, by the programs that are installed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from scores import song

from symbolic_music.errors import EngraverError, FileError
from symbolic_music.files import engrave as module
from symbolic_music.files.engrave import Engraver, engrave, engraver
from symbolic_music.files.musicxml import musicxml_bytes
from symbolic_music.theory.meters import Meter

CONTENT = musicxml_bytes(song(), title="Song")
#: More bars than a page holds.
LONG = musicxml_bytes(song(meters=(Meter(),) * 120), title="Song")
HEADS = {".pdf": b"%PDF", ".png": b"\x89PNG"}


def installed() -> bool:
    try:
        return bool(engraver())
    except EngraverError:
        return False


needs_program = pytest.mark.skipif(not installed(), reason="neither MuseScore nor LilyPond is installed")


@needs_program
@pytest.mark.parametrize("suffix", [".pdf", ".png"])
def test_a_page_is_printed_without_a_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/proc")  # where nothing can be written
    target = tmp_path / f"song{suffix}"
    assert engrave(CONTENT, target) == (target,)
    assert target.read_bytes()[:4] == HEADS[suffix]
    assert list(tmp_path.iterdir()) == [target]


@needs_program
def test_several_pages_are_several_pictures(tmp_path: Path) -> None:
    pages = engrave(LONG, tmp_path / "song.png")
    assert len(pages) > 1
    assert [page.name for page in pages] == [f"song-{i}.png" for i in range(1, len(pages) + 1)]
    assert sorted(tmp_path.iterdir()) == sorted(pages)
    assert all(page.read_bytes()[:4] == HEADS[".png"] for page in pages)


@needs_program
def test_what_is_no_musicxml_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"cannot read the MusicXML: .*not a valid|musicxml2ly failed"):
        engrave(b"<score", tmp_path / "a.pdf")
    assert not list(tmp_path.iterdir())


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"use \.pdf or \.png"):
        engrave(CONTENT, tmp_path / "a.svg")


def test_without_a_program_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "_FOLDERS", {})
    with pytest.raises(EngraverError, match=r"no program that prints music is installed: install MuseScore") as error:
        engrave(CONTENT, tmp_path / "a.pdf")
    assert "\n" not in str(error.value)
    manager = tmp_path / "apt-get"
    manager.touch(mode=0o755)
    with pytest.raises(EngraverError, match="apt-get install musescore3"):
        engraver()


def program(folder: Path, name: str, script: str) -> None:
    """A program of a few lines of shell."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="the programs here are shell scripts")
def test_a_program_that_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.defpath}")
    for name in module.MUSESCORES:
        program(tmp_path / "bin", name, "echo loading\necho out of ink >&2\nexit 4")
    with pytest.raises(FileError, match=r"failed with status 4: out of ink$"):
        engrave(CONTENT, tmp_path / "a.pdf")
    for name in module.MUSESCORES:
        program(tmp_path / "bin", name, "exec sleep 20")
    with pytest.raises(FileError, match=r"is not done after 0.2 seconds"):
        engrave(CONTENT, tmp_path / "a.pdf", seconds=0.2)
    for name in module.MUSESCORES:
        program(tmp_path / "bin", name, "true")
    with pytest.raises(FileError, match=r"MuseScore wrote no page: it said nothing"):
        engrave(CONTENT, tmp_path / "a.pdf")
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


@pytest.mark.skipif(os.name != "posix", reason="the programs here are shell scripts")
def test_lilypond_is_asked_where_there_is_no_musescore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    real = [shutil.which(name) for name in ("sh", "cp", "grep")]
    for path in filter(None, real):
        (tmp_path / "bin" / Path(path).name).symlink_to(path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(module, "_FOLDERS", {})
    program(tmp_path / "bin", "musicxml2ly", 'test "$1" = -o && cp "$3" "$2"')
    program(
        tmp_path / "bin",
        "lilypond",
        "for i in 2 1 10; do echo $i > page-page$i.png; done; grep -q score-partwise score.ly",
    )
    assert engraver().name == "LilyPond"
    pages = engrave(CONTENT, tmp_path / "a.png")
    assert [page.read_text() for page in pages] == ["1\n", "2\n", "10\n"]


def test_programs_are_found_where_installers_put_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    inside = tmp_path / "MuseScore 4.app" / "Contents" / "MacOS" / "mscore"
    inside.parent.mkdir(parents=True)
    inside.touch()
    monkeypatch.setattr(module, "_FOLDERS", {sys.platform: (str(tmp_path), "MuseScore*.app/Contents/MacOS/mscore")})
    assert engraver() == Engraver("MuseScore", (inside,))

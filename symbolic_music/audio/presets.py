"""What a soundfont says of itself: its presets, its title and its copyright, read without its samples."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import SoundfontError, nearest

NUMBERS = re.compile(r"(\d+):(\d+)")
WORKS = "an .sf2 or .sf3 file works"
MOST = 1 << 20  # bytes of a text
#: The lists of a soundfont, and the bytes of one record of each (SoundFont 2.04, chapter 7).
RECORDS = {b"phdr": 38, b"pbag": 4, b"pgen": 4, b"inst": 22, b"ibag": 4, b"igen": 4, b"shdr": 46}
INSTRUMENT, SAMPLE = 41, 53  # generators that point to another list
COMPRESSED = 0x10  # a sample of an .sf3, whose places count bytes of the compressed data


@dataclass(frozen=True)
class Preset:
    """One sound of a soundfont.

    Parameters
    ----------
    name : str
    bank, program : int
        Programs are 0 to 127; bank 128 holds the drum kits.
    """

    name: str
    bank: int
    program: int

    def __str__(self) -> str:
        return f"{self.bank}:{self.program} {self.name}"


@dataclass(frozen=True)
class About:
    """What a soundfont says of itself.

    Parameters
    ----------
    title, copyright : str
        "" where it does not say.
    compressed : bool
        Whether its samples are Ogg Vorbis, as in .sf3 files.
    presets : tuple of Preset
        By bank and program.
    """

    title: str
    copyright: str
    compressed: bool
    presets: tuple[Preset, ...]


def about(path: Path) -> About:
    """What a soundfont says of itself, after a look at whether it is whole.

    Parameters
    ----------
    path : Path
        An .sf2 or .sf3 file.

    Raises
    ------
    SoundfontError
        Where the file cannot be read, is no soundfont or is cut short.

    Notes
    -----
    The layout is that of the SoundFont Technical Specification 2.04, sections 4 to 7: RIFF chunks "INFO", "sdta" and
    "pdta", the presets in "phdr" with 38 bytes each.

    Examples
    --------
    >>> from symbolic_music.audio.soundfonts import find
    >>> font = about(find("timgm6mb"))
    >>> print(font.presets[0], len(font.presets))
    0:0 Piano 1 136
    """
    try:
        status = path.stat()
        return _about(path, status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise SoundfontError(f"cannot read the soundfont {path} ({error.strerror})", hint=WORKS) from error


def presets(path: Path) -> tuple[Preset, ...]:
    """The sounds of a soundfont by bank and program, see `about`."""
    return about(path).presets


def preset(path: Path, wanted: str) -> Preset:
    """A preset by its name in any case, by the beginning of a name that no other shares, or as BANK:PROGRAM.

    Raises
    ------
    SoundfontError
        Where the soundfont has no such preset; it names the nearest.

    Examples
    --------
    >>> from symbolic_music.audio.soundfonts import find
    >>> preset(find("timgm6mb"), "flute"), preset(find("timgm6mb"), "0:19").name
    (Preset(name='Flute TB', bank=0, program=73), 'Church Organ')
    >>> preset(find("timgm6mb"), "Floot TB")
    Traceback (most recent call last):
    symbolic_music.errors.SoundfontError: TimGM6mb.sf2 has no preset 'Floot TB': did you mean flute tb?
    """
    found = presets(path)
    if numbers := NUMBERS.fullmatch(wanted):
        bank, program = map(int, numbers.groups())
        for one in found:
            if (one.bank, one.program) == (bank, program):
                return one
        near = sorted(found, key=lambda one: (one.bank != bank, abs(one.program - program), one.bank))[:3]
        raise SoundfontError(f"{path.name} has no preset {wanted}", hint=f"nearest are {', '.join(map(str, near))}")
    names = {one.name.lower(): one for one in reversed(found)}
    begun = [one for name, one in names.items() if name.startswith(wanted.lower())]
    if wanted.lower() not in names and len(begun) != 1:
        raise SoundfontError(f"{path.name} has no preset {wanted!r}", hint=nearest(wanted, names))
    return names.get(wanted.lower(), begun[0])


@lru_cache(maxsize=64)
def _about(path: Path, size: int, _changed: int) -> About:
    cut = SoundfontError(f"{path} is cut short", hint="fetch it again")
    with path.open("rb") as file:
        head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise SoundfontError(f"{path} is not a soundfont", hint=WORKS)
        end = 8 + int.from_bytes(head[4:8], "little")
        if size < end:
            raise cut
        found: dict[bytes, bytes] = {}
        for kind, start, length in _chunks(file, 12, end):
            if start + length > end:
                raise cut
            if kind == b"LIST":
                file.seek(start)
                found[file.read(4)] = b""
                for inner, at, long in _chunks(file, start + 4, start + length):
                    if at + long > start + length:
                        raise cut
                    if inner in (b"INAM", b"ICOP", b"ifil") or inner in RECORDS:
                        file.seek(at)
                        found[inner] = file.read(long if inner in RECORDS else min(long, MOST))
                    elif inner == b"smpl":
                        found[inner] = long.to_bytes(4, "little")
    if missing := {b"INFO", b"sdta", b"pdta", b"phdr"} - found.keys():
        names = ", ".join(sorted(name.decode() for name in missing))
        raise SoundfontError(f"{path} is not a whole soundfont: it has no {names}", hint=WORKS)
    if not _whole(found):
        raise SoundfontError(
            f"{path} is damaged: its presets point to sounds that are not there", hint="fetch it again"
        )
    records = list(struct.iter_unpack("<20sHH14x", found[b"phdr"][: len(found[b"phdr"]) // 38 * 38]))[:-1]
    if not records:
        raise SoundfontError(f"{path} holds no presets", hint=WORKS)
    ordered = sorted((bank, program, _words(name)) for name, program, bank in records)
    return About(
        title=_words(found.get(b"INAM", b"")),
        copyright=_words(found.get(b"ICOP", b"")),
        compressed=found.get(b"ifil", b"")[:2] >= b"\3\0",
        presets=tuple(Preset(name, bank, program) for bank, program, name in ordered),
    )


def _whole(found: Mapping[bytes, bytes]) -> bool:
    """Whether all that the lists of a soundfont point to is there: a synthesizer may crash where it is not."""
    lists = {}
    if not all(found.get(name) for name in RECORDS):
        return True  # a list that is missing every synthesizer sees
    for name, size in RECORDS.items():
        if len(found[name]) % size:
            return False
        lists[name] = np.frombuffer(found[name], np.uint8).reshape(-1, size)

    def column(name: bytes, at: int, width: int = 2) -> NDArray[np.int64]:
        return lists[name][:, at : at + width].copy().view(f"<u{width}")[:, 0].astype(np.int64)

    for name, at, target in (
        (b"phdr", 24, b"pbag"), (b"pbag", 0, b"pgen"), (b"inst", 20, b"ibag"), (b"ibag", 0, b"igen"),
    ):  # fmt: skip
        place = column(name, at)
        if (np.diff(place) < 0).any() or place[-1] >= max(1, len(lists[target])):
            return False
    for name, kind, target in ((b"pgen", INSTRUMENT, b"inst"), (b"igen", SAMPLE, b"shdr")):
        chosen = column(name, 2)[column(name, 0) == kind]
        if (chosen >= len(lists[target]) - 1).any():
            return False
    start, end = column(b"shdr", 20, 4)[:-1], column(b"shdr", 24, 4)[:-1]
    plain = column(b"shdr", 44)[:-1] & COMPRESSED == 0
    room = int.from_bytes(found.get(b"smpl", b""), "little") // (2 if plain.all() else 1)
    return bool((start <= end).all() and (end <= room).all())


def _chunks(file: BinaryIO, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The name, the start and the length of each RIFF chunk from `at` to `end`."""
    while at + 8 <= end:
        file.seek(at)
        kind, length = struct.unpack("<4sI", file.read(8))
        yield kind, at + 8, length
        at += 8 + length
        if length % 2:  # padded with a zero, but not in the .sf3 files of MuseScore
            file.seek(at)
            at += file.read(1) == b"\0"


def _words(raw: bytes) -> str:
    """Text up to its zero byte, on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in raw.split(b"\0")[0].decode("latin-1")).split())

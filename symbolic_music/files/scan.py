"""What a MIDI file says beside its notes, read off its bytes: quickly, whatever its size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from symbolic_music.files.names import readable
from symbolic_music.theory.meters import TICKS

_TEXT, _COPYRIGHT, _NAME = 1, 2, 3
_META, _DRUMS_PROGRAM = 0xFF, 0xC9


@dataclass(frozen=True)
class Said:
    """What a file says.

    Attributes
    ----------
    title : str
        The name of the first track where that holds no notes, or the file is of type 0.
    copyright : str
    kit : int or None
        The program of channel 10.
    receipt : dict
        How a file of this library's was made, empty for any other.
    end : int
        Where all tracks end, in ticks of a score; 0 where they do not end together.
    type : int
    """

    title: str = ""
    copyright: str = ""
    kit: int | None = None
    receipt: dict[str, Any] = field(default_factory=dict)
    end: int = 0
    type: int = 1


def said(midi: bytes) -> Said:
    """What a MIDI file says beside its notes; nothing where its bytes are damaged.

    Parameters
    ----------
    midi : bytes

    Examples
    --------
    >>> track = bytes.fromhex("00 ff 03 04 536f6e67 00 ff 02 02 4d65 60 ff 2f 00")
    >>> header = b"MThd" + bytes.fromhex("00000006 0001 0001 0018")
    >>> said(header + b"MTrk" + len(track).to_bytes(4, "big") + track)
    Said(title='Song', copyright='Me', kit=None, receipt={}, end=96, type=1)
    """
    try:
        return _said(midi)
    except (IndexError, ValueError, RecursionError):
        return Said()


def _said(midi: bytes) -> Said:
    kit, sounds, ends, texts = None, False, set(), dict[int, list[str]]()
    form = int.from_bytes(midi[8:10], "big")
    for number, track in enumerate(_tracks(midi)):
        end = 0
        for end, status, kind, data in _events(track):  # noqa: B007  # the last event's
            if number == 0 and status == _META:
                texts.setdefault(kind, []).append(_text(data))
            elif status & 0xF0 == 0x90:
                sounds |= number == 0
            elif status == _DRUMS_PROGRAM and kit is None:
                kit = data[0]
        ends.add(end * TICKS)
    title = texts.get(_NAME, [""])[0] if not sounds or form == 0 else ""
    receipts = [text for text in texts.get(_TEXT, ()) if text.startswith('{"made by')]
    end, rest = divmod(ends.pop() if len(ends) == 1 else 0, int.from_bytes(midi[12:14], "big") or 1)
    return Said(
        title,
        texts.get(_COPYRIGHT, [""])[0],
        kit,
        json.loads(receipts[0]) if receipts else {},
        0 if rest else end,
        form,
    )


def _text(data: bytes) -> str:
    try:
        return readable(data.decode())
    except UnicodeDecodeError:
        return readable(data.decode("latin-1"))


def _tracks(midi: bytes) -> Iterator[bytes]:
    at = 8 + int.from_bytes(midi[4:8], "big")
    while at < len(midi):
        size = int.from_bytes(midi[at + 4 : at + 8], "big")
        if midi[at : at + 4] == b"MTrk":
            yield midi[at + 8 : at + 8 + size]
        at += 8 + size


def _events(track: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """(tick, status, kind of a meta event, data) of each event."""
    at = now = running = 0
    while at < len(track):
        delta, at = _number(track, at)
        now += delta
        status = track[at] if track[at] & 0x80 else running
        at += track[at] >> 7
        kind = 0
        if status == _META:
            kind = track[at]
            size, at = _number(track, at + 1)
        elif status in (0xF0, 0xF7):
            size, at = _number(track, at)
        else:
            running, size = status, 1 if status & 0xE0 == 0xC0 else 2
        yield now, status, kind, track[at : at + size]
        at += size


def _number(track: bytes, at: int) -> tuple[int, int]:
    """A number of a variable length, and where it ends."""
    value = track[at] & 0x7F
    while track[at] & 0x80:
        at += 1
        value = value << 7 | track[at] & 0x7F
    return value, at + 1

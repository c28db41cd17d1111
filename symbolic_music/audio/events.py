"""A MIDI file as a synthesizer needs it: which parts there are, every event by its time in frames, and the length."""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError, FileError
from symbolic_music.files.limits import readable_midi
from symbolic_music.theory.instruments import DRUMS, of_program

BLOCK = 64  # frames: FluidSynth renders by this much, and an event takes effect between two blocks
LONGEST = 3 * 3600  # seconds: a broken file can ask for years, and three hours of samples take 4 GB of disk
FASTEST = 10_000  # quarter notes a minute
PORTS = 8  # FluidSynth has 256 channels, and to render some parts alone takes twice as many as are used
DRUM_CHANNEL = 9
# The kinds of events, by their status byte in the file.
NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, PRESSURE, BEND = 0x80, 0x90, 0xB0, 0xC0, 0xD0, 0xE0
BANK, MODES = 0, 124  # controllers: from 124 on FluidSynth changes other channels, too
# A key signature of more than seven sharps or flats, or neither major nor minor, at which mido stops.
NO_KEY = re.compile(rb"\xff\x59\x02(?:[\x08-\xf8].|.[^\x00\x01])", re.DOTALL)
WORKS = "a Standard MIDI File of type 0 or 1 works"


@dataclass(frozen=True)
class Part:
    """What sounds on one channel of one port; tracks that share a channel are one part.

    Parameters
    ----------
    name : str
        The name of its track, or of its instrument where the track has none or plays other channels, too. No two parts
        of a `Plan` have one name.
    tracks : tuple of str
        The names of all tracks that play it.
    port : int
        From 0, in the order in which the file names them; more than eight begin again at 0.
    channel : int
        From 0; 9 is the drums.
    bank, program : int
        As they are at its first note; bank 128 for drums.
    """

    name: str
    tracks: tuple[str, ...]
    port: int
    channel: int
    bank: int
    program: int

    @property
    def is_drums(self) -> bool:
        """Whether this is a drum kit."""
        return self.channel == DRUM_CHANNEL


@dataclass(frozen=True, eq=False)
class Plan:
    """A MIDI file, ready to be played.

    Parameters
    ----------
    parts : tuple of Part
        In the order of the tracks.
    events : array of int32, shape [events, 5]
        The block of 64 frames before which it is due, the status byte without a channel, the index of the part, and
        two values: a bend is 0 to 16383. In order; of parts without notes there are none.
    frames : int
        How long the music is: to the end of the longest track, which closes its last bar.
    rate : int
        Frames a second.
    """

    parts: tuple[Part, ...]
    events: NDArray[np.int32]
    frames: int
    rate: int


def plan(midi: str | Path | bytes, rate: int = 44100) -> Plan:
    """What a MIDI file plays, and when.

    Parameters
    ----------
    midi : str, Path or bytes
        The path or the content of a Standard MIDI File of type 0 or 1, up to 4 MiB.
    rate : int
        Frames a second, 8000 to 96000.

    Returns
    -------
    Plan

    Raises
    ------
    BriefError
        Where `rate` is out of range.
    FileError
        Where the MIDI cannot be read, is too large, counts in film frames, has a tempo that no music has, or lasts more
        than three hours.

    Examples
    --------
    >>> import mido
    >>> notes = [mido.Message("note_on", note=60), mido.Message("note_off", note=60, time=480)]
    >>> file = mido.MidiFile(tracks=[[mido.MetaMessage("track_name", name="Flute"), *notes]], ticks_per_beat=480)
    >>> file.save(file=(data := io.BytesIO()))
    >>> song = plan(data.getvalue())
    >>> [part.name for part in song.parts], song.frames
    (['Flute'], 22050)
    """
    if not 8000 <= rate <= 96000:
        raise BriefError(f"a sample rate of {rate}", hint="8000 to 96000 works")
    what = "the MIDI given" if isinstance(midi, bytes) else str(midi)
    file = _read(readable_midi(midi), what)
    try:
        found = _collect(file)
        seconds = _seconds(found.tempos, file.ticks_per_beat, what)
        length = float(seconds(np.array([found.end], np.float64))[0])
    except OverflowError as error:  # a time of more than 63 bits
        raise FileError(f"{what} is not readable MIDI", hint=WORKS) from error
    if length > LONGEST:
        raise FileError(f"{what} lasts {length / 3600:.3g} hours", hint=f"up to {LONGEST // 3600} hours work")
    table = np.frombuffer(found.rows, np.int64).reshape(-1, 5)
    table = table[np.argsort(table[:, 0], kind="stable")]  # at one time as the tracks are listed
    index = np.full(16 * PORTS, -1)
    index[list(found.tracks)] = np.arange(len(found.tracks))
    table = table[index[table[:, 2]] >= 0]
    events = table.astype(np.int32)
    events[:, 0] = np.rint(seconds(table[:, 0]) * rate / BLOCK)
    events[:, 2] = index[table[:, 2]]
    return Plan(_parts(found.tracks, events), events, round(length * rate), rate)


def rows(events: NDArray[np.int32]) -> Iterator[list[int]]:
    """Events one by one, without all of them as Python's numbers at once."""
    for start in range(0, len(events), 4096):
        yield from events[start : start + 4096].tolist()


@dataclass(frozen=True)
class _Found:
    """The events of all tracks with their ticks, the tempos, who plays on each port and channel, and the last tick."""

    rows: array[int]
    tempos: list[tuple[int, int]]
    tracks: dict[int, list[tuple[str, bool]]]  # the name, and whether the track plays nothing else
    end: int


def _read(data: bytes, what: str) -> Any:
    import mido  # type: ignore[import-untyped, unused-ignore]

    try:
        try:
            file = mido.MidiFile(file=io.BytesIO(data), clip=True)
        except mido.KeySignatureError:  # it changes no sound
            file = mido.MidiFile(file=io.BytesIO(NO_KEY.sub(b"\xff\x59\x02\x00\x00", data)), clip=True)
    except (OSError, EOFError, ValueError, LookupError, TypeError, ArithmeticError, mido.KeySignatureError) as error:
        raise FileError(f"{what} is not readable MIDI", hint=WORKS) from error
    if file.type not in (0, 1):
        raise FileError(f"{what} is a MIDI file of type {file.type}", hint=WORKS)
    if file.ticks_per_beat <= 0:
        raise FileError(f"{what} counts time in film frames", hint="MIDI that counts in beats works")
    return file


def _collect(file: Any) -> _Found:
    ports: dict[int, int] = {}
    tracks: dict[int, list[tuple[str, bool]]] = {}
    tempos, found, end = [(0, 500_000)], array("q"), 0
    for track in file.tracks:
        tick, port, name, mine = 0, None, "", dict[int, None]()
        for message in track:
            tick += message.time
            kind = message.type
            if kind == "set_tempo":
                tempos.append((tick, message.tempo))
            elif kind == "midi_port":
                port = ports.setdefault(message.port, len(ports) % PORTS)
            elif kind == "track_name":
                name = name or _text(message.name)
            elif event := _event(message):
                if port is None:  # no port is named: the first
                    port = ports.setdefault(0, len(ports) % PORTS)
                key = 16 * port + message.channel
                found.extend((tick, event[0], key, *event[1:]))
                if event[0] == NOTE_ON:
                    mine[key] = None
        for key in mine:
            tracks.setdefault(key, []).append((name, len(mine) == 1))
        end = max(end, tick)
    return _Found(found, tempos, tracks, end)


def _event(message: Any) -> tuple[int, int, int] | None:
    match message.type:
        case "note_on" if message.velocity:
            return NOTE_ON, message.note, message.velocity
        case "note_on" | "note_off":
            return NOTE_OFF, message.note, 0
        case "control_change" if message.control < MODES:
            return CONTROL, message.control, message.value
        case "program_change":
            return PROGRAM, message.program, 0
        case "aftertouch":
            return PRESSURE, message.value, 0
        case "pitchwheel":
            return BEND, message.pitch + 8192, 0
    return None


def _text(name: str) -> str:
    """A name as it was meant: mido reads Latin-1, most programs write UTF-8."""
    raw = name.encode("latin-1", "replace")
    with suppress(UnicodeDecodeError):
        name = raw.decode()
    return "".join(c for c in name if c.isprintable()).strip()


def _seconds(
    tempos: list[tuple[int, int]], ticks_per_beat: int, what: str
) -> Callable[[NDArray[Any]], NDArray[np.float64]]:
    """The function from ticks to seconds, both arrays."""
    tempos = sorted(tempos, key=lambda tempo: tempo[0])
    fast = min(tempo for _, tempo in tempos)
    if fast < 60e6 / FASTEST:
        raise FileError(
            f"{what} has quarter notes of {fast} microseconds",
            hint=f"{60e6 / FASTEST:g} and more work, which is up to {FASTEST:,} a minute",
        )
    start, tempo = np.array(tempos, np.float64).T
    tempo = tempo / (1e6 * ticks_per_beat)
    at = np.concatenate([[0.0], np.cumsum(np.diff(start) * tempo[:-1])])

    def seconds(ticks: NDArray[Any]) -> NDArray[Any]:
        i = np.searchsorted(start, ticks, side="right") - 1
        return np.asarray(at[i] + (ticks - start[i]) * tempo[i])

    return seconds


def _parts(tracks: dict[int, list[tuple[str, bool]]], events: NDArray[np.int32]) -> tuple[Part, ...]:
    parts: list[Part] = []
    for i, (key, players) in enumerate(tracks.items()):
        port, channel = divmod(key, 16)
        bank, program = _first_sound(events[events[:, 2] == i])
        drums = channel == DRUM_CHANNEL
        own = [name for name, alone in players if name and alone]
        name = base = own[0] if own else of_program(DRUMS if drums else program).name
        while name.lower() in {part.name.lower() for part in parts}:
            name = f"{base} {int(name.removeprefix(base) or 1) + 1}"
        names = dict.fromkeys(name for name, _ in players if name)
        parts.append(Part(name, tuple(names), port, channel, 128 if drums else bank, program))
    return tuple(parts)


def _first_sound(events: NDArray[np.int32]) -> tuple[int, int]:
    """The bank and the program that are set before the first note."""
    bank = program = waiting = 0
    for _, kind, _, value, setting in rows(events):
        if kind == NOTE_ON:
            break
        if kind == CONTROL and value == BANK:
            waiting = setting
        elif kind == PROGRAM:
            bank, program = waiting, value
    return bank, program
